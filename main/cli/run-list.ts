/** `vbdesk run list`: the runs of this workstation, all or those that are looked for. */
import { run as runSchema } from '../../core/plan/run.ts';
import { momentOf, type RunQuery } from '../../core/plan/run-search.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { indented, table, timeText } from './table.ts';

const shownUnlessAll = 30;
const outcomes = runSchema.shape.state.options;

export type ListOptions = {
  all?: boolean;
  search?: string;
  instance?: string;
  node?: string;
  kind?: string;
  by?: string;
  since?: string;
  until?: string;
  outcome?: string;
};

export const listOptions = {
  all: `all of them, not only the newest ${shownUnlessAll}`,
  outcome: `how it ended, or where it stands: ${outcomes.join(', ')}`,
};

const moment = (option: string, text: string): number => {
  const found = momentOf(text, Date.now());
  if (found === null)
    throw usageError(
      `${option} ${shown(text)}: a day (2026-11-26), a moment ("2026-11-26 14:00"), or how long ago (90m, 12h, 7d, 2w) is needed.`,
      'bad-input',
    );
  return found;
};

const queryOf = (options: ListOptions, cluster: string | undefined): RunQuery => {
  const outcome = runSchema.shape.state.safeParse(options.outcome);
  if (options.outcome !== undefined && !outcome.success)
    throw usageError(
      `--outcome ${shown(options.outcome)}: one of ${outcomes.join(', ')} is needed.`,
      'bad-input',
    );
  const { search: text, instance, node, kind, by: who, since, until } = options;
  return {
    ...(cluster === undefined ? {} : { cluster }),
    ...(text === undefined ? {} : { text }),
    ...(instance === undefined ? {} : { instance }),
    ...(node === undefined ? {} : { node }),
    ...(kind === undefined ? {} : { kind }),
    ...(who === undefined ? {} : { who }),
    ...(outcome.success ? { outcome: outcome.data } : {}),
    ...(since === undefined ? {} : { since: moment('--since', since) }),
    ...(until === undefined ? {} : { until: moment('--until', until) }),
  };
};

export const listRuns = async (context: CommandContext, options: ListOptions): Promise<void> => {
  const query = queryOf(options, context.options.cluster);
  const { total, found } = await context.call('run.search', query);
  const listed = options.all ? found : found.slice(0, shownUnlessAll);
  if (total === 0) context.note(Object.keys(query).length === 0 ? 'No runs yet.' : 'No run is like that.');
  const rows = table(
    [
      { title: 'RUN' },
      { title: 'STATE' },
      { title: 'STARTED' },
      { title: 'BY' },
      { title: 'CLUSTER' },
      { title: 'TITLE' },
      { title: 'STEPS', right: true },
    ],
    listed.map(({ run }) => [
      run.id,
      run.state,
      timeText(run.startedAt),
      run.who,
      run.cluster,
      run.title,
      `${run.stepsDone}/${run.stepsTotal}${run.direction === 'undo' ? ' undo' : ''}`,
    ]),
  ).split('\n');
  const text = rows.flatMap((row, index) => {
    // the first row is the head of the table
    const line = listed[index - 1]?.line;
    return line === undefined ? [row] : [row, indented(line, 4)];
  });
  context.result(
    listed.map(({ run, line }) => ({ ...run, ...(line === undefined ? {} : { line }) })),
    listed.length === 0 ? '' : text.join('\n'),
  );
  if (listed.length < total)
    context.note(
      options.all ? `${total - listed.length} older ones.` : `${total - listed.length} older ones: --all`,
    );
};
