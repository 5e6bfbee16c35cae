/** `vbdesk draft apply`: what is in a draft, reviewed and carried out in order; one that was cut off is gone on with. */
import type { Command } from 'commander';
import { type Applying, type ApplyingChange, exitCodeOfApplying, isDone } from '../../core/draft/applying.ts';
import type { Change, DraftFile } from '../../core/draft/draft.ts';
import { isEnded, type Run } from '../../core/plan/run.ts';
import { CliError, exitCodes } from './cli-error.ts';
import { type Action, collect } from './command.ts';
import type { CommandContext } from './context.ts';
import { draftOf, fileOf } from './draft-file.ts';
import { followApplying } from './draft-follow.ts';
import { changedOf, reviewDraft } from './draft-review.ts';
import { practiceCluster } from './resolve.ts';
import { indented, table } from './table.ts';

type Options = { only?: string[]; keepGoing?: boolean };

const errorCodes: Readonly<Record<1 | 3 | 4 | 5, string>> = {
  1: 'undone',
  3: 'refused',
  4: 'stuck',
  5: 'unknown',
};

const words: Readonly<Record<ApplyingChange['state'], string>> = {
  waiting: 'not begun',
  running: 'at work',
  done: 'done',
  'done-already': 'done already',
  undone: 'failed and taken back',
  failed: 'failed',
  unknown: 'outcome unknown',
  changed: 'changed',
  impossible: 'not possible',
  'left-out': 'left out',
};

/** What a person does next about a change that is not done; empty where applying the draft again says it all. */
const nextOf = ({ state, run }: ApplyingChange): string =>
  run !== null && (state === 'failed' || state === 'unknown') ? `What holds now: vbdesk run show ${run}` : '';

const summaryText = ({ changes }: Applying, shownPath: string): string => {
  const done = changes.filter(isDone).length;
  const rows = table(
    [{ title: 'CHANGE' }, { title: 'OUTCOME' }, { title: 'RUN' }, { title: 'TITLE' }],
    changes.map(({ id, state, run, title }) => [id, words[state], run ?? '', title]),
  );
  const told = changes.flatMap((each) => {
    const text = [each.text, nextOf(each)].filter((part) => part !== '').join('\n');
    return isDone(each) || text === '' ? [] : [`${each.id}, ${words[each.state]}:\n${indented(text)}`];
  });
  const left = changes.length - done;
  return [
    rows,
    ...told,
    left === 0
      ? `All ${changes.length === 1 ? 'of it is' : `${changes.length} changes are`} done.`
      : `${done} of ${changes.length} changes are done. Go on with the others: vbdesk draft apply ${shownPath}`,
  ].join('\n');
};

const tellEnd = (context: CommandContext, applying: Applying, shownPath: string): void => {
  const code = exitCodeOfApplying(applying);
  const { path, cluster, changes } = applying;
  const document = { path, cluster, changes, exitCode: code };
  const text = summaryText(applying, shownPath);
  if (code !== 0) throw new CliError(code, errorCodes[code], text, { extra: document });
  context.result(document, text);
};

/** Runs of these changes that were begun and have not come to an end, as this workstation knows them. */
const openRuns = async (context: CommandContext, changes: readonly Change[]): Promise<Run[]> => {
  const ids = changes.flatMap(({ applied }) => (applied && applied.outcome !== 'done' ? [applied.run] : []));
  return (await (await context.desk()).runs()).filter((run) => ids.includes(run.id) && !isEnded(run));
};

/** Cut off in the middle: which run goes on is said; the changes after it are planned when it has come to its end. */
const reviewBegun = async (
  context: CommandContext,
  file: DraftFile,
  begun: readonly Change[],
  runs: readonly Run[],
): Promise<DraftFile | null> => {
  const text = begun
    .map(({ id, applied }) => {
      const run = runs.find((each) => each.id === applied?.run);
      return run
        ? `${id} goes on first: “${run.title}” (run ${run.id}, ${run.state}).`
        : `${id} was begun before (run ${applied?.run}): what became of it is looked up first.`;
    })
    .join('\n');
  if (context.dryRun) {
    context.result(
      { path: file.path, resumes: runs.map(({ id, title, state }) => ({ id, title, state })) },
      text,
    );
    return null;
  }
  context.say(`${text}\nThen come the changes after it that are as they were reviewed.`);
  await context.confirm('Go on?', `going on with ${file.path}`);
  return file;
};

const apply = async (context: CommandContext, given: string, options: Options): Promise<void> => {
  const file = await fileOf(context, given);
  const draft = draftOf(context, file);
  const only = options.only?.flatMap((each) => each.split(',')) ?? null;
  const strange = (only ?? []).filter((id) => !draft.changes.some((each) => each.id === id));
  if (strange.length > 0)
    throw new CliError(
      exitCodes.usage,
      'usage',
      `There is no change ${strange.join(', ')} in ${given}; there are ${draft.changes.map(({ id }) => id).join(', ') || 'none'}.`,
    );
  const chosen = draft.changes.filter(({ id }) => only === null || only.includes(id));
  if (chosen.every(({ applied }) => applied?.outcome === 'done')) {
    const text = chosen.length === 0 ? 'There is nothing in it.' : 'All of it was applied already.';
    context.result({ path: file.path, cluster: draft.cluster, changes: [], exitCode: 0 }, text);
    return;
  }
  if (draft.cluster === practiceCluster) await (await context.desk()).preparePractice();
  const keepGoing = options.keepGoing === true;
  const open = await openRuns(context, chosen);
  const begun = chosen.filter(({ applied }) =>
    ['started', 'failed', 'unknown'].includes(applied?.outcome ?? ''),
  );
  const confirmed =
    begun.length > 0
      ? await reviewBegun(context, file, begun, open)
      : await reviewDraft(context, file, { only, keepGoing, purpose: 'apply' });
  if (confirmed === null) return;
  const applying = await followApplying(context, given, open, async () => {
    const answer = await context.call('draft.apply', {
      ...{ path: file.path, from: confirmed.sha256, only },
      onFailure: keepGoing ? 'independent' : 'stop',
    });
    if (answer.outcome === 'changed') throw changedOf(context, confirmed, answer.plan);
  });
  tellEnd(context, applying, given);
};

const help = `
The nodes are asked and every change is planned afresh, upon the effect of those before it. What is as it was reviewed runs; what
nobody has reviewed is shown and asked for (--yes: taken as it is); what is no longer what was reviewed is shown with its
difference, and needs a yes or the code that is printed with it: --accept changed:ID:CODE. Consents that are given go into the draft.
Right before its turn each change is planned once more, and stops when it is not what was confirmed.

What was applied is marked in the file. After a failure, a Ctrl C or a crash the same command goes on: a run that was cut off is
resumed first, and what is done is skipped. It ends with 0 when all is done, else as the worst of its changes: 1 failed and taken
back, 3 refused or changed since its review, 4 needs a person, 5 outcome unknown.

Examples:
  vbdesk draft apply tuesday.vbdesk.yaml
  vbdesk draft apply tuesday.vbdesk.yaml --only c1,c3 --yes
  vbdesk draft apply tuesday.vbdesk.yaml --keep-going --yes --json
`;

export const addDraftApply = (draft: Command, action: Action): void => {
  draft
    .command('apply <file>')
    .description(
      'carry its changes out in order; each is planned afresh, and runs only while its plan is the one that was reviewed',
    )
    .option('--only <ids>', 'only these changes, joined by commas (may be repeated)', collect)
    .option('--keep-going', 'after a failure, go on with the changes that do not rest on it')
    .addHelpText('after', help)
    .action(action(apply));
};
