/** What applying a draft comes to, shown and confirmed: what was read is kept in its file, and only that is run. */
import type { Command } from 'commander';
import { instancesOf } from '../../core/draft/base.ts';
import type { Base, Change, DraftFile } from '../../core/draft/draft.ts';
import type { DraftPlan, PlannedChange } from '../../core/draft/draft-plan.ts';
import { titlesOf } from '../../core/draft/titles.ts';
import { planWithoutSecrets } from '../../core/plan/secrets.ts';
import { sha256 } from '../../core/plan/sha256.ts';
import { CliError, exitCodes } from './cli-error.ts';
import { type Action, collect } from './command.ts';
import type { CommandContext } from './context.ts';
import { draftOf, fileOf } from './draft-file.ts';
import { draftPlanText } from './draft-plan.ts';

type Choice = { only: string[] | null; keepGoing: boolean; purpose: 'apply' | 'review' };

/** Of a change that is not what was reviewed: says that this very difference was read. It is the same before and after a consent is given. */
const changedCode = ({ id, view, reasons }: PlannedChange): string => {
  const titles = view ? titlesOf({ ...view.plan, approval: { accept: [], vouched: [] } }) : [];
  return `changed:${id}:${sha256(JSON.stringify([titles, reasons])).slice(0, 8)}`;
};

/** What has to be said for each change that is not what was reviewed. */
const askText = (plan: DraftPlan): string =>
  plan.changes
    .filter(({ outcome }) => outcome === 'changed')
    .map((each) => `If you have read what ${each.id} does now, and want it so: --accept ${changedCode(each)}`)
    .join('\n');

const planText = (context: CommandContext, plan: DraftPlan, file: DraftFile): string =>
  draftPlanText(plan, file, context.style('say'));

const documentOf = (plan: DraftPlan): Record<string, unknown> => ({
  at: plan.at,
  changes: plan.changes.map((each) => ({
    ...each,
    view: each.view && { ...each.view, plan: planWithoutSecrets(each.view.plan) },
    ...(each.outcome === 'changed' ? { confirm: changedCode(each) } : {}),
  })),
  cost: plan.cost,
});

const refusal = (context: CommandContext, file: DraftFile, plan: DraftPlan, why: string): CliError =>
  new CliError(exitCodes.refused, 'refused', `${planText(context, plan, file)}\n\nNothing was done: ${why}`, {
    extra: documentOf(plan),
  });

/** Planned afresh a moment later, it is another one. */
export const changedOf = (context: CommandContext, file: DraftFile, plan: DraftPlan): CliError =>
  new CliError(
    exitCodes.refused,
    'plan-changed',
    `${planText(context, plan, file)}\n\nNothing was done: the nodes have changed since it was reviewed, and this is what it comes to now. Run the command again.`,
    { extra: documentOf(plan) },
  );

/** Consents on the command line, and those that a person at the terminal types, written into the draft. */
const giveConsents = async (
  context: CommandContext,
  file: DraftFile,
  plan: DraftPlan,
): Promise<DraftFile> => {
  let now = file;
  for (const { id, cost } of plan.changes) {
    const given: string[] = [];
    for (const { code, title, text, given: already } of cost.consents) {
      if (already || given.includes(code)) continue;
      if (context.accept.includes(code)) given.push(code);
      else if (!context.yes && !context.dryRun && context.terminal.isInteractive) {
        context.say(`${id}: ${title}: ${text}`);
        const answer = await context.terminal.ask(`Type ${code} to accept that: `);
        if (answer?.trim() === code) given.push(code);
      }
    }
    if (given.length === 0 || context.dryRun) continue;
    const change = draftOf(context, now).changes.find((each) => each.id === id);
    now = await context.call('draft.edit', {
      path: now.path,
      from: now.sha256,
      edit: { edit: 'set-accept', id, accept: [...new Set([...(change?.accept ?? []), ...given])] },
    });
  }
  return now;
};

/** Why it can't be applied as it is planned, after all that was accepted; null when it can. */
const againstIt = (
  context: CommandContext,
  plan: DraftPlan,
  { keepGoing, purpose }: Choice,
): string | null => {
  const of = (outcome: PlannedChange['outcome']) => plan.changes.filter((each) => each.outcome === outcome);
  const impossible = of('impossible');
  if (
    impossible.length > 0 &&
    purpose === 'apply' &&
    (!keepGoing || impossible.length === plan.changes.length)
  )
    return `${impossible.map(({ id }) => id).join(', ')} can't be. Leave it out with --only, take it out of the draft, or go on with what does not rest on it: --keep-going`;
  if (
    purpose === 'apply' &&
    plan.changes.some(
      ({ outcome, cost }) => outcome !== 'impossible' && cost.consents.some((each) => !each.given),
    )
  )
    return 'it needs a consent that was not given.';
  const unread = of('changed').filter((each) => !context.accept.includes(changedCode(each)));
  if (unread.length > 0 && (context.yes || context.dryRun || !context.terminal.isInteractive))
    return `${unread.map(({ id }) => id).join(', ')} ${unread.length === 1 ? 'is' : 'are'} no longer what was reviewed.\n${askText(plan)}`;
  return null;
};

/** Only of what was read: what stands against a change that is not run now has to be shown again when it is. */
const baseFor = (base: Base, changes: readonly Change[], read: readonly PlannedChange[]): Base => {
  const names = new Set(
    changes.flatMap(({ id, intent }) => (read.some((each) => each.id === id) ? instancesOf(intent) : [])),
  );
  return {
    ...base,
    instances: Object.fromEntries(
      Object.entries(base.instances).filter(([name, { uuid }]) => names.has(name) || names.has(uuid)),
    ),
  };
};

/** What was applied already is not of interest here. */
const planOf = async (
  context: CommandContext,
  file: DraftFile,
  { only, purpose }: Choice,
): Promise<DraftPlan> => {
  const plan = await context.call('draft.plan', {
    ...{ path: file.path, fresh: true },
    ...(only === null ? {} : { only }),
  });
  if (plan.offline && purpose === 'apply')
    throw new CliError(
      exitCodes.failed,
      'no-node-answers',
      `No node of ${draftOf(context, file).cluster} answers, so nothing can be applied. What it would do, by what they showed last: vbdesk draft plan ${file.path} --offline`,
    );
  const { changes } = draftOf(context, file);
  const applied = new Set(changes.flatMap((each) => (each.applied?.outcome === 'done' ? [each.id] : [])));
  return { ...plan, changes: plan.changes.filter(({ id }) => !applied.has(id)) };
};

/** Those whose plan, as it is now, is not in the file. */
const unreadIn = (plan: DraftPlan, changes: readonly Change[]): PlannedChange[] =>
  plan.changes.filter(
    ({ id, outcome, view }) =>
      view !== null &&
      (outcome === 'changed' ||
        (outcome === 'unchanged' && changes.find((each) => each.id === id)?.reviewed === null)),
  );

/**
 * Shows what it comes to, asks for what has to be agreed to, and keeps in the file what was read.
 * @returns the file as it is then; null when nothing is to be done
 * @throws CliError when something stands against it
 */
export const reviewDraft = async (
  context: CommandContext,
  file: DraftFile,
  choice: Choice,
): Promise<DraftFile | null> => {
  let plan = await planOf(context, file, choice);
  const now = await giveConsents(context, file, plan);
  if (now.sha256 !== file.sha256) plan = await planOf(context, now, choice);
  const against = againstIt(context, plan, choice);
  if (against !== null) throw refusal(context, now, plan, against);
  if (context.dryRun) {
    context.result(documentOf(plan), draftPlanText(plan, now, context.style('out')));
    return null;
  }
  const { changes } = draftOf(context, now);
  const read = unreadIn(plan, changes);
  const amount =
    choice.purpose === 'review'
      ? read.length
      : plan.changes.filter(({ outcome }) => outcome === 'unchanged' || outcome === 'changed').length;
  if (choice.purpose === 'review' && amount === 0) return now;
  if (!context.yes) context.say(planText(context, plan, now));
  const them = amount === 1 ? 'it' : `these ${amount} changes`;
  await (choice.purpose === 'apply'
    ? context.confirm(`Apply ${them}?`, `applying ${file.path}`)
    : context.confirm(`Have you read ${them}?`, `keeping ${file.path} as reviewed`));
  if (read.length === 0) return now;
  return context.call('draft.edit', {
    path: now.path,
    from: now.sha256,
    edit: {
      edit: 'set-reviewed',
      changes: read.map(({ id, view }) => ({ id, steps: view ? titlesOf(view.plan) : [] })),
      ...(plan.base ? { base: baseFor(plan.base, changes, read) } : {}),
    },
  });
};

const review = async (
  context: CommandContext,
  given: string,
  options: { only?: string[] },
): Promise<void> => {
  const file = await fileOf(context, given);
  const only = options.only?.flatMap((each) => each.split(',')) ?? null;
  const reviewed = await reviewDraft(context, file, { only, keepGoing: true, purpose: 'review' });
  if (!reviewed) return;
  const { changes } = draftOf(context, reviewed);
  const unread = changes.filter((each) => each.reviewed === null).map(({ id }) => id);
  context.result(
    { path: file.path, sha256: reviewed.sha256, notReviewed: unread },
    `${file.path} holds what was read${unread.length === 0 ? '' : `; not reviewed yet: ${unread.join(', ')}`}.`,
  );
};

export const addDraftReview = (draft: Command, action: Action): void => {
  draft
    .command('review <file>')
    .description('show what its changes come to now, and keep in the file that this was read; nothing is run')
    .option('--only <ids>', 'only these changes, joined by commas (may be repeated)', collect)
    .addHelpText(
      'after',
      `
The steps of each plan are kept in the file, so that vbdesk draft apply can tell whether it still does the same. Where no node answers
it is planned on what they showed last. What differs from an earlier review needs a yes, or the code that is printed with it.
`,
    )
    .action(action(review));
};
