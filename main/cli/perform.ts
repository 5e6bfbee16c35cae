/** From an intent to a run: planned, refused with every reason, reviewed, started, followed. */
import type { PlanView } from '../../core/contract.ts';
import type { Approval, Intent } from '../../core/plan/intent.ts';
import { isGiven, openReasons, vouchCode } from '../../core/plan/plan.ts';
import type { Run } from '../../core/plan/run.ts';
import { planWithoutSecrets } from '../../core/plan/secrets.ts';
import { CliError, exitCodes } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { tellWays } from './copy-way.ts';
import { addToDraft } from './drafting.ts';
import { follow, tellEnd } from './follow.ts';
import { acceptOption, planText, reasonLine } from './plan-text.ts';
import { practiceCluster } from './resolve.ts';
import { putScript } from './script-file.ts';
import { indented } from './table.ts';

export const approvalOf = ({ accept, confirmDown, options }: CommandContext): Approval => ({
  accept,
  vouched: confirmDown.map((node) => ({
    node,
    how: options.because?.trim() || 'confirmed on the command line, no reason given',
  })),
});

const planDocument = (view: PlanView): Record<string, unknown> => ({
  runnable: openReasons(view.plan).length === 0,
  plan: planWithoutSecrets(view.plan),
  texts: view.texts,
});

/** An --accept or --confirm-down that nothing asks for is likely a slip: told, and without effect. */
const noteNeedless = (context: CommandContext, { plan }: PlanView): void => {
  const asked = new Set(plan.reasons.flatMap((each) => (each.severity === 'consent' ? [each.code] : [])));
  const given = [...context.accept, ...context.confirmDown.map((node) => vouchCode(node))];
  for (const code of given)
    if (!asked.has(code))
      context.say(`Nothing in this plan asks for ${acceptOption(code).split(' --because')[0]}.`);
};

const refusal = (context: CommandContext, view: PlanView, shownAlready: boolean): CliError => {
  const open = openReasons(view.plan);
  const paint = context.style('say');
  const others = view.plan.reasons.filter((each) => each.severity === 'warning');
  const lines = [...open, ...others].map((each) => reasonLine(each, view.plan.approval, paint));
  return new CliError(
    exitCodes.refused,
    'refused',
    `${shownAlready ? '' : `${view.plan.title}\n${indented(lines.join('\n'))}\n`}Nothing was done: ${
      open.some((each) => each.severity === 'blocks')
        ? `${open.length === 1 ? 'a reason stands' : `${open.length} reasons stand`} against it.`
        : 'it needs a consent that was not given.'
    }`,
    {
      extra: {
        reasons: view.plan.reasons,
        ...planDocument(view),
      },
    },
  );
};

const changedError = (context: CommandContext, view: PlanView): CliError =>
  new CliError(
    exitCodes.refused,
    'plan-changed',
    `${planText(view, context.style('say'), { files: false, passed: false })}\nNothing was done: the nodes have changed since the plan was made, and this is the plan now. Run the command again.`,
    { extra: planDocument(view) },
  );

/** The plan was made afresh before it ran, and it is another one. */
class PlanChanged extends Error {
  readonly view: PlanView;
  constructor(view: PlanView) {
    super('the plan changed');
    this.view = view;
  }
}

/**
 * Consents that a person at the terminal gives, each by itself: a node's being down in words, anything else by typing its code.
 * @returns what was approved so far and these, or null when one was withheld
 */
const askForConsents = async (
  context: CommandContext,
  view: PlanView,
  approval: Approval,
): Promise<Approval | null> => {
  const given: Approval = { accept: [...approval.accept], vouched: [...approval.vouched] };
  for (const { code } of openReasons(view.plan)) {
    // several reasons may want one word
    if (isGiven(given, code)) continue;
    const node = code.startsWith(vouchCode('')) ? code.slice(vouchCode('').length) : null;
    const question =
      node === null
        ? `Type ${code} to accept that: `
        : `How do you know that ${node} is down? (nothing: stop here) `;
    const answer = (await context.terminal.ask(question))?.trim() ?? '';
    if (node === null ? answer !== code : answer === '') return null;
    if (node === null) given.accept.push(code);
    else given.vouched.push({ node, how: answer.slice(0, 500) });
  }
  return given;
};

const onlyConsents = ({ plan }: PlanView): boolean =>
  openReasons(plan).every((each) => each.severity === 'consent');

const review = async (context: CommandContext, cluster: string, view: PlanView): Promise<void> => {
  if (context.yes) {
    for (const each of view.plan.reasons)
      if (each.severity === 'warning')
        context.note(reasonLine(each, view.plan.approval, context.style('say')));
    return;
  }
  context.say(planText(view, context.style('say'), { files: false, passed: false }));
  await tellWays(context, cluster, view);
  const { title } = view.plan;
  await context.confirm('Run it?', `“${title}”`);
};

/**
 * Carries an intent out, as far as the options allow.
 * @param fresh false when the nodes were asked a moment ago by this command
 * @param approval where it is another one than the options of the command say: the caller has told what of them is needless
 * @param tell says how it ended; what a run leaves behind is not always its result
 */
export const perform = async (
  context: CommandContext,
  cluster: string,
  intent: Intent,
  fresh: boolean,
  tell: (context: CommandContext, run: Run) => void = tellEnd,
  approval?: Approval,
): Promise<void> => {
  const { draft } = context.options;
  if (draft !== undefined)
    return addToDraft(context, draft, intent, cluster === practiceCluster, approval?.accept);
  let request = { cluster, intent, approval: approval ?? approvalOf(context) };
  let view = await context.call('plan.make', { ...request, fresh });
  if (!approval) noteNeedless(context, view);
  if (context.options.script !== undefined) {
    if (openReasons(view.plan).length > 0) throw refusal(context, view, false);
    const { text } = await context.call('plan.script', request);
    await putScript(context, text);
    return;
  }
  if (context.dryRun) {
    const open = openReasons(view.plan).length > 0;
    if (open && context.json) throw refusal(context, view, false);
    context.result(planDocument(view), planText(view, context.style('out'), { files: true, passed: true }));
    if (!open) await tellWays(context, cluster, view);
    if (open) throw refusal(context, view, true);
    return;
  }
  for (;;) {
    if (openReasons(view.plan).length > 0) {
      if (context.yes || !context.terminal.isInteractive || !onlyConsents(view))
        throw refusal(context, view, false);
      context.say(planText(view, context.style('say'), { files: false, passed: false }));
      const given = await askForConsents(context, view, request.approval);
      if (given === null) throw refusal(context, view, true);
      request = { ...request, approval: given };
      view = await context.call('plan.make', { ...request, fresh: false });
      continue;
    }
    await review(context, cluster, view);
    const { run } = view.plan;
    const reviewed = view;
    const begin = async (): Promise<void> => {
      const started = await context.call('run.start', {
        ...request,
        run,
        fingerprint: reviewed.fingerprint,
        // without a review no time has passed since the nodes were asked
        ...(context.yes ? { unreviewed: true as const } : {}),
      });
      if (started.outcome === 'changed') throw new PlanChanged(started.view);
    };
    try {
      await follow(context, run, begin, null, tell);
      return;
    } catch (error) {
      if (!(error instanceof PlanChanged)) throw error;
      if (context.yes || !context.terminal.isInteractive) throw changedError(context, error.view);
      context.say('The nodes have changed since the plan was made. This is the plan now:');
      view = error.view;
    }
  }
};
