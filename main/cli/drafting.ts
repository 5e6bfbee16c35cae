/** `--draft FILE`: what a command would do is added to a draft instead. No node is asked, and nothing is run. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { ageText } from '../../core/cluster/status.ts';
import type { DraftFile } from '../../core/draft/draft.ts';
import type { PlannedChange } from '../../core/draft/draft-plan.ts';
import { namedIntent } from '../../core/draft/named.ts';
import { wordsOf } from '../../core/draft/words.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { planWithoutSecrets } from '../../core/plan/secrets.ts';
import { usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { draftOf, fileOf } from './draft-file.ts';
import { planText } from './plan-text.ts';
import { indented } from './table.ts';

/** Commands that can add to a draft, or show what it would come to. */
const drafting: readonly (readonly string[])[] = [
  ['instance'],
  ['image'],
  ['trash'],
  ['import'],
  ['cluster', 'modify'],
];

/** @throws CliError where --draft means nothing */
export const checkDrafting = (command: readonly string[]): void => {
  if (drafting.some((each) => each.every((word, index) => command[index] === word))) return;
  throw usageError(
    `--draft is for commands that change instances, images or the trash, or import, not for vbdesk ${command.join(' ')}.`,
  );
};

/** How old what a draft is planned on is, in words. */
export const asSeen = (at: number | null): string =>
  at === null
    ? 'no node of this cluster ever answered this workstation'
    : `by what its nodes showed ${ageText(Math.max(0, Date.now() - at))} ago`;

/** The cluster as it will be after the draft, in the place of a look at the nodes. */
export const lookByDraft = async (
  context: CommandContext,
  given: string,
  fresh: boolean,
): Promise<Snapshot> => {
  const file = await fileOf(context, given);
  draftOf(context, file);
  const snapshot = await context.call('draft.snapshot', { path: file.path, fresh });
  context.drafted = snapshot;
  return snapshot;
};

/** The cluster of the draft. */
export const clusterOfDraft = async (context: CommandContext, given: string): Promise<string> =>
  draftOf(context, await fileOf(context, given)).cluster;

/** The plan of a change, or why there is none, and what nobody could know. */
export const changeText = (context: CommandContext, { view, reasons, unknown }: PlannedChange): string =>
  [
    ...(view
      ? [planText(view, context.style('out'), { files: false, passed: false })]
      : reasons.map((each) => indented(each))),
    ...(unknown.length > 0 ? ['Not known without a connection:', indented(unknown.join('\n'))] : []),
  ].join('\n');

/** The id of the change by which two readings of a draft differ. */
export const added = (before: DraftFile, after: DraftFile): string =>
  after.draft?.changes.find(({ id }) => !before.draft?.changes.some((each) => each.id === id))?.id ?? '';

/** @throws CliError: a node's being down is nothing that can be said beforehand */
export const refuseConfirmDown = ({ confirmDown }: CommandContext): void => {
  if (confirmDown.length > 0)
    throw usageError(
      '--confirm-down is said when a draft is applied: whether a node is down then, nobody knows now.',
    );
};

/** Adds an intent to the draft, and shows the plan that it would be. */
export const addToDraft = async (
  context: CommandContext,
  given: string,
  intent: Intent,
  fresh: boolean,
  accept: readonly string[] = context.accept,
): Promise<void> => {
  refuseConfirmDown(context);
  const file = await fileOf(context, given);
  draftOf(context, file);
  const named = context.drafted ? namedIntent(intent, context.drafted) : intent;
  const written = wordsOf(named);
  if (!written.ok) throw usageError(`Nothing was added to ${file.path}. ${written.message}`, 'not-draftable');
  if (context.dryRun) {
    context.result(
      { draft: file.path, wouldAdd: written.words },
      `Would add to ${file.path}:\n${indented(
        Object.entries(written.words)
          .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
          .join('\n'),
      )}`,
    );
    return;
  }
  const after = await context.call('draft.edit', {
    path: file.path,
    from: file.sha256,
    edit: { edit: 'add', intent: named, accept: [...accept] },
  });
  const id = added(file, after);
  const { at, offline, changes } = await context.call('draft.plan', { path: file.path, fresh });
  const planned = changes.find((each) => each.id === id);
  context.note(
    `${id} was added to ${file.path}; nothing was run. This is its plan after the changes before it, ${asSeen(at)}:`,
  );
  context.result(
    {
      draft: file.path,
      id,
      added: written.words,
      at,
      offline,
      change: planned && {
        ...planned,
        view: planned.view && { ...planned.view, plan: planWithoutSecrets(planned.view.plan) },
      },
    },
    planned ? changeText(context, planned) : '',
  );
};
