/** What a mark in a draft's file is worth on this workstation: a change that was begun is looked up by its run before anything else is. */
import type { Run } from '../plan/run.ts';
import { outcomeOfRun } from './applying.ts';
import type { Applied, Change } from './draft.ts';
import { isSame } from './same.ts';

export type Mark =
  /** it is planned afresh; `mark`: what the file should say of the attempt before */
  | { is: 'open'; mark: Applied | null }
  | { is: 'done'; mark: Applied }
  /** its run was cut off, is stuck or of unknown outcome: that is gone on with before anything is planned */
  | { is: 'to-resume'; run: string }
  /** it can't be gone on from here, a sentence */
  | { is: 'refused'; text: string };

/**
 * @param run the run that the mark names, as the journal of this workstation has it now; null: it has none. Then nothing was sent from
 * here, and what another workstation may have done is found on the nodes: its lock, or a newer record.
 */
export const markOf = ({ id, intent, applied }: Change, cluster: string, run: Run | null): Mark => {
  if (applied === null) return { is: 'open', mark: null };
  if (applied.outcome === 'done') return { is: 'done', mark: applied };
  if (run === null) return { is: 'open', mark: applied.outcome === 'started' ? null : applied };
  if (run.cluster !== cluster || !isSame(run.plan.intent, intent)) {
    // the attempt is over and did nothing: the file may say something else by now
    if (run.state === 'undone') return { is: 'open', mark: null };
    return {
      is: 'refused',
      text: `The change ${id} is marked with the run ${run.id} (${run.title}, ${run.state}), which is the run of another change: it was altered since, or the mark was copied. Look at that run (vbdesk run show ${run.id}) and bring it to its end; then take "applied" away from the change.`,
    };
  }
  if (run.state === 'running')
    return {
      is: 'refused',
      text: `The change ${id} is at work now, in run ${run.id} (${run.title}). Wait for it: vbdesk run show ${run.id}`,
    };
  if (run.state === 'given-up') return { is: 'open', mark: { ...applied, outcome: 'failed' } };
  const outcome = outcomeOfRun(run);
  if (outcome === 'done') return { is: 'done', mark: { ...applied, outcome } };
  if (outcome === 'undone') return { is: 'open', mark: { ...applied, outcome } };
  return { is: 'to-resume', run: run.id };
};
