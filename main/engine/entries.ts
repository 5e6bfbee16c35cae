/** The entries of a run in the journal, beside the steps of its plan. */
import { isLook } from '../../core/plan/action.ts';
import type { Step, UndoStep } from '../../core/plan/plan.ts';
import type { Run, RunStep } from '../../core/plan/run.ts';
import { renderAction } from '../node/actions/index.ts';

export const freshEntry = (id: string, title: string, nodes: string[]): RunStep => ({
  id,
  title,
  nodes,
  state: 'waiting',
  job: '',
  startedAt: null,
  endedAt: null,
  output: '',
  exitCode: null,
  changed: false,
  message: '',
});

/** Undo ends a lock or a fresh folder; these check the lock themselves and may be repeated when it is gone. */
export const checksOwnLock = (undo: UndoStep): boolean =>
  undo.action.do === 'unlock' ||
  undo.action.do === 'drop-folder' ||
  // where the folder is by then, nobody knows beforehand
  (undo.action.do === 'move-folder' && undo.action.run !== undefined);

/** The looks just before `index` become waiting: what they saw may have changed since. Returns where to go on. */
export const repeatLooks = (
  entries: readonly RunStep[],
  planned: readonly (Step | UndoStep)[],
  index: number,
): number => {
  let first = index;
  for (let at = index - 1; at >= 0; at -= 1) {
    const [entry, { action } = {}] = [entries[at], planned[at]];
    if (!entry || !action || !isLook(action)) break;
    entry.state = 'waiting';
    first = at;
  }
  return first;
};

/** The undo steps of a run in its order; throws for a journal that does not fit its plan. */
export const plannedUndo = (run: Run): { undo: UndoStep; index: number }[] => {
  const byId = new Map<string, { undo: UndoStep; index: number }>(
    run.plan.steps.flatMap((step, index) =>
      step.undo.map((undo, at) => [`u${step.id}.${at + 1}`, { undo, index }] as const),
    ),
  );
  return run.undo.map(({ id }) => {
    const found = byId.get(id);
    if (!found) throw new Error(`the journal names an undo step ${id} that the plan does not have`);
    return found;
  });
};

/** What can be said about the guest when taking back comes to rest at `index`: it may run again by then, or be about to. */
export const guestAfterUndo = (
  run: Pick<Run, 'undo'>,
  actions: readonly UndoStep[],
  index: number,
): string => {
  const restarts = (at: number): boolean => actions[at]?.action.do === 'put-back';
  if (run.undo.some((entry, at) => entry.state === 'done' && restarts(at)))
    return 'The guest was let run again.';
  if (restarts(index)) return 'Whether the guest runs again has to be looked at.';
  return run.undo.some((entry, at) => entry.state === 'done' && actions[at]?.action.do === 'let-go-on')
    ? 'While it was taken back nothing was started; a guest that had not ended was let go on.'
    : 'While it was taken back nothing was started.';
};

/** Why a step failed: node, step, command, what it said. */
export const problemOf = (run: Pick<Run, 'id'>, planned: Step | UndoStep, entry: RunStep): string => {
  const { summary } = renderAction(planned.action, 'xl');
  return `“${entry.title}” failed on ${planned.nodes.join(', ')} (step ${entry.id} of run ${run.id}). Command: ${summary.split('\n')[0]}. It said: ${entry.message}`;
};

/** Why a run was turned round. */
export const causeOf = (run: Run): string => {
  const index = run.steps.findIndex((entry) => entry.state === 'failed');
  const [step, entry] = [run.plan.steps[index], run.steps[index]];
  return step && entry ? problemOf(run, step, entry) : 'Cancelled.';
};
