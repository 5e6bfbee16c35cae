/**
 * What a replica's record tells of the record that a folder holds. Most replicas are of a state before it. One that was left behind
 * by a later hand-over tells that the instance went on elsewhere: then what the folder says is not the last word.
 */
import { historyOf } from './history.ts';
import type { InstanceReplica } from './instance-view.ts';
import type { InstanceRecord } from './record.ts';

/** `before`: a state on the way to the record, or its own; `after`: the record is on the way to it; `aside`: another history. */
export type Relation = 'before' | 'after' | 'aside';

/** @param copied the record that a replica holds */
export const relationOf = (copied: InstanceRecord, record: InstanceRecord): Relation => {
  const history = historyOf(copied, record);
  if (history === 'same') return 'before';
  if (history !== 'unknown') return history;
  // a replica starts nowhere by itself: one that was not refreshed for so many writes counts as old, unless it tells of a later primary
  return copied.generation > record.generation ? 'aside' : 'before';
};

/** Replicas of another history than the record's, or of a later state of it. */
export const strayReplicas = (
  record: InstanceRecord,
  replicas: readonly InstanceReplica[],
): InstanceReplica[] => replicas.filter((each) => relationOf(each.replica.record, record) !== 'before');

/** Nodes that may run the branch of which this is a copy. */
export const branchNodes = (copied: InstanceRecord): string[] => [
  ...new Set(
    [
      copied.primary,
      copied.next ?? null,
      copied.secondary,
      ...copied.formerPrimaries,
      ...(copied.replicaNodes ?? []),
    ].flatMap((each) => each ?? []),
  ),
];
