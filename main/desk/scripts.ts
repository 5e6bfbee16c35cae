/** Plans and drafts as scripts that are run by hand. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { Input, PlanView } from '../../core/contract.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { openReasons, type Plan } from '../../core/plan/plan.ts';
import { planScript } from '../node/script/plan-script.ts';
import { ScriptError } from '../node/script/writer.ts';
import { DeskError, type Handlers } from './dispatch.ts';

/** @throws DeskError with the reason, as a sentence, where no script can be made */
const scriptOf = (plans: readonly Plan[], snapshot: Snapshot): { text: string } => {
  try {
    return { text: planScript(plans, snapshot, snapshot.takenAt) };
  } catch (error) {
    if (error instanceof ScriptError) throw new DeskError('refused', error.message);
    throw error;
  }
};

type Tools = {
  makePlan: (request: Input<'plan.script'>, fresh: boolean) => Promise<PlanView>;
  /** by which the nodes of a plan that was just made are known */
  snapshotFor: (cluster: string, intent: Intent | null) => Promise<Snapshot>;
  planDraft: Handlers['draft.plan'];
  readDraft: Handlers['draft.read'];
};

/** All changes of a draft that were not applied yet, each behind those before it. */
const draftScript = async (path: string, desk: Tools): Promise<{ text: string }> => {
  const { draft, problems } = await desk.readDraft({ path });
  if (!draft)
    throw new DeskError(
      'refused',
      `${path} can not be understood: ${problems.map(({ line, column, message }) => `line ${line}, column ${column}: ${message}`).join(' ')}`,
    );
  const { changes, offline } = await desk.planDraft({ path, fresh: true });
  if (offline)
    throw new DeskError(
      'refused',
      'No node answers, and a script is made of what the nodes are now. Connect first; what the draft came to when they last answered, vbdesk draft plan shows.',
    );
  const left = changes.filter(({ outcome }) => outcome !== 'done-already');
  if (left.length === 0)
    throw new DeskError(
      'refused',
      'All changes of this draft are done already: there is nothing to be scripted.',
    );
  const against = left.flatMap(({ id, outcome, view, reasons }) => {
    const written = draft.changes.find((each) => each.id === id);
    const applied = written?.applied;
    if (applied?.outcome === 'started' || applied?.outcome === 'unknown')
      return [
        `${id}: the run ${applied.run} began it, and what became of it is not known. Apply the draft again, which finds that out first.`,
      ];
    if (outcome === 'unchanged' && !written?.reviewed)
      return [`${id}: nobody has read its plan yet. Review it first: vbdesk draft review ${path}`];
    if (outcome === 'changed')
      return [
        `${id}: it is not what was reviewed. ${reasons.join(' ')} Read the difference first: vbdesk draft review ${path}`.replace(
          '  ',
          ' ',
        ),
      ];
    const open = view === null ? [] : openReasons(view.plan).map(({ title, text }) => `${title}: ${text}`);
    return outcome === 'impossible' || view === null || open.length > 0
      ? [`${id}: ${[...new Set([...reasons, ...open])].join(' ') || 'no plan can be made of it.'}`]
      : [];
  });
  if (against.length > 0)
    throw new DeskError(
      'refused',
      `No script is made of this draft while something stands against its changes.\n${against.join('\n')}`,
    );
  return scriptOf(
    left.flatMap(({ view }) => (view === null ? [] : [view.plan])),
    await desk.snapshotFor(draft.cluster, null),
  );
};

export const scriptHandlers = (desk: Tools): Pick<Handlers, 'plan.script' | 'draft.script'> => ({
  'plan.script': async (request) => {
    const { plan } = await desk.makePlan(request, false);
    return scriptOf([plan], await desk.snapshotFor(request.cluster, request.intent));
  },
  'draft.script': ({ path }) => draftScript(path, desk),
});
