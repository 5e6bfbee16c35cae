/** `vbdesk run compare` and `run revert`: what a run changed, and the way back from one that has ended. */
import { type DifferenceRow, isText, sentenceOf } from '../../core/plan/run-difference.ts';
import { CliError, exitCodes, usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { findRun } from './find-run.ts';
import { changedLines } from './line-changes.ts';
import { perform } from './perform.ts';
import { practiceCluster } from './resolve.ts';
import { indented, table, timeText } from './table.ts';
import { printable } from './terminal.ts';

const cell = (value: string | null): string => value ?? '';

/** Facts in a table; texts of several lines below it, line by line. */
const rowsText = (rows: readonly DifferenceRow[]): string => {
  const short = rows.filter((row) => !isText(row));
  const texts = rows.filter(isText).map((row) => {
    const lines = changedLines(row.before ?? '', row.after ?? '');
    return `${sentenceOf(row)}\n${indented(printable(lines.map(({ sign, text }) => `${sign} ${text}`).join('\n')))}`;
  });
  const facts = table(
    [{ title: 'WHERE' }, { title: 'NODES' }, { title: 'WHAT' }, { title: 'BEFORE' }, { title: 'AFTER' }],
    short.map((row) => [row.subject, row.nodes.join(', '), row.what, cell(row.before), cell(row.after)]),
  );
  return [...(short.length > 0 ? [facts] : []), ...texts].join('\n\n');
};

export type CompareOptions = { now?: boolean; sinceThen?: boolean };

export const compareRun = async (
  context: CommandContext,
  given: string,
  options: CompareOptions,
): Promise<void> => {
  if (options.now && options.sinceThen)
    throw usageError('--now begins before the run, --since-then at its end: take one of them.', 'bad-input');
  const run = await findRun(context, given);
  if (run.cluster === practiceCluster) await (await context.desk()).preparePractice();
  const found = await context.call('run.compare', {
    run: run.id,
    from: options.sinceThen ? 'after' : 'before',
    to: options.now || options.sinceThen ? 'now' : 'after',
  });
  const { rows, unknown } = found;
  const head = `“${run.title}” (run ${run.id}): ${timeText(found.from.at)} (${found.from.what}) and ${timeText(found.to.at)} (${found.to.what})`;
  context.result(
    { run: run.id, ...found, sentences: rows.map(sentenceOf) },
    [head, rows.length === 0 ? 'Nothing of what it touches is different.' : rowsText(rows), ...unknown].join(
      '\n',
    ),
  );
};

/** The opposite of a run that is done, as a plan like any other. */
export const revertRun = async (context: CommandContext, given: string): Promise<void> => {
  const run = await findRun(context, given);
  if (run.cluster === practiceCluster) await (await context.desk()).preparePractice();
  const found = await context.call('run.revert', { run: run.id, fresh: true });
  const { intent } = found;
  if (intent === null) {
    const why = found.may ? [] : found.why;
    throw new CliError(
      exitCodes.refused,
      'refused',
      `“${run.title}” (run ${run.id}) is not taken back:\n${indented(why.join('\n'))}`,
      { extra: { run: { id: run.id }, why } },
    );
  }
  if (found.may) for (const each of found.notes) context.note(each);
  // what stands against it is said by the plan itself, with all the rest
  await perform(context, run.cluster, intent, false);
};
