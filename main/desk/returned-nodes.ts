/** A run that rests on words for silent nodes, resumed later: one of them may have come back, and started the instance since. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { listText } from '../../core/cluster/status.ts';
import { isCommitted, type Run } from '../../core/plan/run.ts';
import { DeskError } from './dispatch.ts';

/**
 * @param look a fresh snapshot of the run's cluster
 * @throws DeskError `vouched-node-answers`: its plan asks only the nodes that answered when it was made, so it may not go on
 */
export const refuseReturnedNodes = async (run: Run, look: () => Promise<Snapshot>): Promise<void> => {
  const vouched = new Set(run.plan.approval.vouched.map((each) => each.node));
  if (vouched.size === 0 || run.direction !== 'forward' || run.state === 'done' || run.state === 'undone')
    return;
  const snapshot = await look();
  const back = snapshot.nodes.filter((each) => vouched.has(each.name) && each.trouble === null);
  if (back.length === 0) return;
  const names = listText(back.map((each) => each.name));
  if (!isCommitted(run))
    throw new DeskError(
      'vouched-node-answers',
      `${names} answers again, and this run rests on the word that it is down: the instance may have been started there since. Undo this run, then make the plan anew.`,
    );
  const uuid = run.plan.subject.kind === 'instance' ? run.plan.subject.uuid?.toLowerCase() : undefined;
  const running = back.filter((each) =>
    each.facts?.domains.some((domain) => domain.uuid === null || domain.uuid.toLowerCase() === uuid),
  );
  if (running.length > 0)
    throw new DeskError(
      'vouched-node-answers',
      `${listText(running.map((each) => each.name))} answers again and has a domain of ${run.plan.subject.name}, or one without a uuid, and this run rests on the word that it is down. Nothing more is started. End that domain there (vbdesk instance shutdown does it, by its uuid), then resume the run.`,
    );
};
