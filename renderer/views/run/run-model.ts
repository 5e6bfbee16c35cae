/** A run as it is drawn: lanes, rows in the order of time, the bracket in which the guest is down, and the words of its state. Pure. */
import { insideAfterUndo } from '../../../core/plan/holds.ts';
import type { Step } from '../../../core/plan/plan.ts';
import { isCommitted, type Run, type RunStep } from '../../../core/plan/run.ts';

export type RunRow = {
  kind: 'step' | 'undo' | 'turn';
  step: RunStep | null;
  planned: Step | null;
  /** index of the first and the last lane that it covers */
  lanes: [number, number];
  /** the guest is down during this row */
  down: boolean;
};

export type RunPicture = {
  lanes: string[];
  rows: RunRow[];
  /** ids of steps that were never begun, once the run has turned round or ended */
  neverBegun: string[];
};

const lanesOf = (run: Run): string[] => [
  ...new Set([...run.plan.steps.flatMap((step) => step.nodes), ...run.undo.flatMap((step) => step.nodes)]),
];

const spanOf = (nodes: readonly string[], lanes: readonly string[]): [number, number] => {
  const at = nodes.map((node) => lanes.indexOf(node)).filter((index) => index >= 0);
  return at.length === 0 ? [0, Math.max(0, lanes.length - 1)] : [Math.min(...at), Math.max(...at)];
};

/** Lanes in the order in which the run reaches the nodes; looks on several nodes cover their lanes and those between. */
export const pictureOf = (run: Run): RunPicture => {
  const lanes = lanesOf(run);
  const rows: RunRow[] = [];
  const neverBegun: string[] = [];
  const over = run.direction === 'undo' || run.endedAt !== null;
  let down = false;
  for (const [index, planned] of run.plan.steps.entries()) {
    const step = run.steps[index] ?? null;
    // a run that turns round skips what it never began
    const untouched =
      step === null || step.state === 'waiting' || (step.state === 'skipped' && step.startedAt === null);
    if (over && untouched) {
      neverBegun.push(planned.id);
      continue;
    }
    if (planned.guest === 'down') down = true;
    rows.push({ kind: 'step', step, planned, lanes: spanOf(planned.nodes, lanes), down });
    if (planned.guest === 'up') down = false;
  }
  if (run.undo.length > 0) {
    rows.push({ kind: 'turn', step: null, planned: null, lanes: [0, Math.max(0, lanes.length - 1)], down });
    for (const step of run.undo)
      rows.push({ kind: 'undo', step, planned: null, lanes: spanOf(step.nodes, lanes), down });
  }
  return { lanes, rows, neverBegun };
};

/** Step that a person most likely wants to see: the failed one, else the one that runs, else the last that ended. */
export const defaultStep = (run: Run): string | null => {
  const all = [...run.steps, ...run.undo];
  const bad = all.find((step) => step.state === 'failed' || step.state === 'unknown');
  const running = all.find((step) => step.state === 'running');
  const last = all.filter((step) => step.endedAt !== null).at(-1);
  return (running ?? bad ?? last ?? all[0])?.id ?? null;
};

/** A run that stopped half-way: what its last step came to is not known. */
export const isHalfWay = (run: Run): boolean =>
  run.state === 'cut-off' || run.state === 'stuck' || run.state === 'unknown';

/** A step as far as it is known: while nobody follows the run, a begun step may have ended. */
export const knownState = (run: Run, step: RunStep): RunStep['state'] =>
  step.state === 'running' && run.state !== 'running' ? 'unknown' : step.state;

/**
 * How long the guest has been or was down, ms, at most; null when no step takes it down, none has begun yet, or it was
 * stopped for good. `until` says what is known of the end.
 */
export const downTime = (run: Run, now: number): { ms: number; until: 'now' | 'up' | 'not-known' } | null => {
  const downAt = run.plan.steps.findIndex((step) => step.guest === 'down');
  const begun = run.steps[downAt]?.startedAt;
  if (begun === undefined || begun === null) return null;
  const upAt = run.plan.steps.findIndex((step, index) => index >= downAt && step.guest === 'up');
  const up = run.steps[upAt]?.endedAt ?? null;
  if (up !== null) return { ms: up - begun, until: 'up' };
  if (isHalfWay(run)) return { ms: now - begun, until: 'not-known' };
  if (run.endedAt === null) return { ms: now - begun, until: 'now' };
  return run.direction === 'undo' ? { ms: run.endedAt - begun, until: 'up' } : null;
};

export type RunWords = { tone: 'operation' | 'success' | 'danger' | 'warning'; title: string; note: string };

export const wordsOf = (run: Run): RunWords => {
  const active = run.direction === 'forward' ? run.steps : run.undo;
  const done = active.filter((step) => step.state === 'done' || step.state === 'skipped').length;
  const current = active.find((step) => step.state === 'running');
  const failed = run.steps.find((step) => step.state === 'failed' || step.state === 'unknown');
  switch (run.state) {
    case 'running':
      return {
        tone: 'operation',
        title:
          run.direction === 'forward'
            ? `Step ${Math.min(done + 1, active.length)} of ${active.length}`
            : `Undoing, ${Math.min(done + 1, active.length)} of ${active.length}`,
        note:
          run.cancelRequested && run.direction === 'forward'
            ? 'cancel asked for: waits for this step'
            : (current?.title ?? ''),
      };
    case 'done':
      return { tone: 'success', title: `Done, ${run.steps.length} of ${run.steps.length} steps`, note: '' };
    case 'undone':
      return {
        tone: failed ? 'danger' : 'warning',
        title: failed ? `Failed at step ${failed.id}, all undone` : 'Cancelled, all undone',
        note: [...(failed ? [run.problem] : []), ...insideAfterUndo(run)].join('\n'),
      };
    case 'cut-off':
      return {
        tone: 'warning',
        title: 'Cut off: the app ended while it ran',
        note: 'The step that had begun went on by itself on its node. “Look and resume” first sees what became of it, then goes on; “Undo it” takes back what was done.',
      };
    case 'stuck':
      return { tone: 'danger', title: 'It needs a person', note: run.problem };
    case 'given-up':
      return { tone: 'warning', title: 'Given up half-way', note: run.problem };
    case 'unknown':
      return { tone: 'warning', title: 'An outcome is not known', note: run.problem };
  }
};

/** Why a run can't be cancelled now; null when it can. */
export const cancelImpossible = (run: Run): string | null => {
  if (run.state !== 'running') return 'It does not run.';
  if (run.direction === 'undo') return 'It is being undone already.';
  if (run.cancelRequested) return 'Cancelling was asked for already.';
  if (isCommitted(run)) return 'The point of no return is passed: it only goes forward.';
  return null;
};
