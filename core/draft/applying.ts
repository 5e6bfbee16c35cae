/** A draft while it is applied, and as it was left when that came to rest. */
import { z } from 'zod';
import type { Run } from '../plan/run.ts';
import { type Applied, changeId } from './draft.ts';

export const applyingChange = z.strictObject({
  id: changeId,
  title: z.string(),
  /**
   * waiting: its turn has not come (once it is over: it never came); done-already: there was nothing left to do; undone: it failed and
   * was taken back; failed: it needs a person, or (without a run) could not be begun; unknown: its outcome could not be learnt, or it may still be at work; changed: it is no
   * longer what was reviewed; impossible: something stands against it; left-out: it rests on one that was not done.
   */
  state: z.enum([
    ...(['waiting', 'running', 'done', 'done-already', 'undone', 'failed', 'unknown'] as const),
    ...(['changed', 'impossible', 'left-out'] as const),
  ]),
  /** null: none was begun */
  run: z.string().nullable(),
  /** why it is not done, sentences with what to do next; empty when there is nothing to say */
  text: z.string(),
});
export type ApplyingChange = z.infer<typeof applyingChange>;
export type ApplyState = ApplyingChange['state'];

export const applying = z.strictObject({
  path: z.string(),
  cluster: z.string(),
  /** the one that is worked on */
  change: changeId.nullable(),
  /** changes that are as the draft wants them */
  done: z.number(),
  total: z.number(),
  onFailure: z.enum(['stop', 'independent']),
  /** somebody asked it to stop: nothing further is begun */
  stopping: z.boolean(),
  /** it has come to rest; how it went stays here until another draft is applied */
  over: z.boolean(),
  /** those that were chosen, in order */
  changes: z.array(applyingChange),
});
export type Applying = z.infer<typeof applying>;

export const isDone = ({ state }: Pick<ApplyingChange, 'state'>): boolean =>
  state === 'done' || state === 'done-already';

/** What a run that has come to rest made of its change; null while that is not known to this workstation. */
export const outcomeOfRun = ({ state }: Pick<Run, 'state'>): Applied['outcome'] | null => {
  switch (state) {
    case 'done':
      return 'done';
    case 'undone':
      return 'undone';
    case 'stuck':
    case 'given-up':
      return 'failed';
    case 'unknown':
      return 'unknown';
    case 'running':
    case 'cut-off':
      return null;
  }
};

/**
 * Exit code of the command line for what came of it: 0 all done, 1 something failed and was taken back or was not begun, 3 something
 * was refused, 4 something needs a person, 5 an outcome is unknown.
 */
export const exitCodeOfApplying = ({
  changes,
  over,
}: Pick<Applying, 'changes' | 'over'>): 0 | 1 | 3 | 4 | 5 => {
  const has = (...states: ApplyState[]): boolean => changes.some(({ state }) => states.includes(state));
  if (!over || has('unknown', 'running')) return 5;
  if (changes.some(({ state, run }) => state === 'failed' && run !== null)) return 4;
  if (has('undone', 'failed')) return 1;
  if (has('changed', 'impossible')) return 3;
  return changes.every(isDone) ? 0 : 1;
};
