/** What stands against a run's going on, now: a node that was vouched down answers, or somebody else went on meanwhile. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { overtakenText } from '../../core/plan/overtaken.ts';
import { returnedNodesOf } from '../../core/plan/returned-nodes.ts';
import { isCommitted, isEnded, type Run } from '../../core/plan/run.ts';
import { DeskError } from './dispatch.ts';

/**
 * @param look a fresh snapshot of the run's cluster
 * @throws DeskError `vouched-node-answers`: its plan asks only the nodes that answered when it was made, so it may not go on;
 * `overtaken`: another run wrote the instance's record since
 */
export const refuseReturnedNodes = async (run: Run, look: () => Promise<Snapshot>): Promise<void> => {
  if (isEnded(run) || run.direction !== 'forward') return;
  if (run.plan.approval.vouched.length === 0 && !isCommitted(run)) return;
  const snapshot = await look();
  const returned = returnedNodesOf(run, snapshot);
  if (returned?.stops) throw new DeskError('vouched-node-answers', returned.text);
  const overtaken = overtakenText(run, snapshot);
  if (overtaken !== null) throw new DeskError('overtaken', overtaken);
};
