/** A run: a plan being executed, as the journal on the workstation keeps it. */
import { z } from 'zod';
import { plan } from './plan.ts';

/** How far a copy is, while it is under way: it is read, then sent, then compared. */
export const progress = z.strictObject({
  phase: z.enum(['reading', 'sending', 'comparing']),
  /** bytes of this phase */
  done: z.number(),
  total: z.number(),
  /** until the phase ends, an estimate; null while there is none */
  msLeft: z.number().nullable(),
  /** how the bytes travel: "from node to node", "through this workstation"; empty when that is not yet known */
  way: z.string(),
});
export type Progress = z.infer<typeof progress>;

/** One action on its nodes, forward or undo. */
export const runStep = z.strictObject({
  /** id of the plan's step; "u<id>.<n>" for the n-th undo of step id */
  id: z.string(),
  title: z.string(),
  nodes: z.array(z.string()),
  state: z.enum(['waiting', 'running', 'done', 'failed', 'unknown', 'skipped']),
  /** job directory name on the node, a new one for each attempt that is known never to have run */
  job: z.string(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  /** what the nodes printed, both streams, at most 64 KiB */
  output: z.string(),
  exitCode: z.number().nullable(),
  /** whether it may have changed something: what has to be undone */
  changed: z.boolean(),
  /** what it came to, one sentence; empty when there is nothing to say */
  message: z.string(),
  progress: progress.optional(),
});
export type RunStep = z.infer<typeof runStep>;

export const run = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  cluster: z.string(),
  title: z.string(),
  who: z.string(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  plan,
  /** forward until a failure or a cancel turns it round, which only happens before the commit point */
  direction: z.enum(['forward', 'undo']),
  steps: z.array(runStep),
  undo: z.array(runStep),
  /**
   * running: this process works on it; cut-off: it was running when the app ended, to be resumed or undone;
   * done; undone: failed or cancelled and taken back; stuck: needs a person; unknown: an outcome could not be learnt;
   * given-up: a person closed it half-way, because it could neither go on nor be taken back.
   */
  state: z.enum(['running', 'cut-off', 'done', 'undone', 'stuck', 'unknown', 'given-up']),
  cancelRequested: z.boolean(),
  /** why it failed, was turned round or is stuck: node, step, command, output, what to do next; empty when all went well */
  problem: z.string(),
  /** "What holds now": sentences, newest facts of the run */
  holds: z.array(z.strictObject({ subject: z.string(), text: z.string() })),
});
export type Run = z.infer<typeof run>;

/**
 * True once a step marked commit has begun: from there the run only goes forward. The way back is left open by a commit step
 * that is known not to have changed anything; and by one with an undo of its own, which commits by success, once it is known
 * to have failed.
 */
export const isCommitted = (value: Run): boolean =>
  value.plan.steps.some((planned, index) => {
    const entry = value.steps[index];
    if (!planned.commit || !entry) return false;
    if (entry.state === 'running' || entry.state === 'done' || entry.state === 'unknown') return true;
    return entry.changed && planned.undo.length === 0;
  });

/** Nothing is done for it any more, by anybody. */
export const isEnded = ({ state }: Pick<Run, 'state'>): boolean =>
  state === 'done' || state === 'undone' || state === 'given-up';

/** Exit code of the CLI for a run: 0 done, 1 failed and undone, 4 needs a person or was left half-way, 5 unknown or still running. */
export const exitCodeOf = (value: Run): 0 | 1 | 4 | 5 => {
  switch (value.state) {
    case 'done':
      return 0;
    case 'undone':
      return 1;
    case 'stuck':
    case 'given-up':
      return 4;
    case 'running':
    case 'cut-off':
    case 'unknown':
      return 5;
  }
};

export const runSummary = run
  .pick({
    id: true,
    cluster: true,
    title: true,
    who: true,
    startedAt: true,
    endedAt: true,
    state: true,
    direction: true,
    problem: true,
  })
  .extend({
    /** of the intent */
    kind: z.string(),
    subject: z.string(),
    stepsDone: z.number(),
    stepsTotal: z.number(),
    current: z.string().nullable(),
    /** it rests on the word that nodes are down which answer now: sentences, with what to do */
    returned: z.string().optional(),
  });
export type RunSummary = z.infer<typeof runSummary>;

/** @param returned what `returnedNodesOf` says of it now */
export const summaryOf = (value: Run, returned: string | null = null): RunSummary => {
  const active = value.direction === 'forward' ? value.steps : value.undo;
  return {
    id: value.id,
    cluster: value.cluster,
    title: value.title,
    who: value.who,
    startedAt: value.startedAt,
    endedAt: value.endedAt,
    state: value.state,
    direction: value.direction,
    problem: value.problem,
    kind: value.plan.intent.kind,
    subject: value.plan.subject.name,
    stepsDone: active.filter((each) => each.state === 'done' || each.state === 'skipped').length,
    stepsTotal: active.length,
    current: active.find((each) => each.state === 'running')?.title ?? null,
    ...(returned === null ? {} : { returned }),
  };
};
