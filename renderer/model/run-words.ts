/** Words and signs of runs, and which of them wait for a person. Pure. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { trashOf } from '../../core/cluster/trash.ts';
import type { RunSummary } from '../../core/plan/run.ts';

/** What a run is, in a table. */
export const runStateWords: Record<RunSummary['state'], string> = {
  running: 'running',
  'cut-off': 'cut off, waits for you',
  done: 'done',
  undone: 'failed or cancelled, undone',
  stuck: 'needs a person',
  unknown: 'outcome unknown, waits for you',
  'given-up': 'given up half-way',
};

/** Ids of the runs whose locks the snapshot shows, in the trash as well. */
const lockOwners = (snapshot: Snapshot): ReadonlySet<string> =>
  new Set(
    [...snapshot.nodes.flatMap((node) => node.facts?.folders ?? []), ...trashOf(snapshot)].flatMap(
      ({ lock }) => (lock?.ok ? [lock.lock.run] : []),
    ),
  );

const halfWay: ReadonlySet<RunSummary['state']> = new Set(['cut-off', 'stuck', 'unknown']);

/**
 * Runs that somebody has to resume or undo. One on an instance is settled once its lock is gone while all nodes of its cluster
 * answer: somebody broke it, or its last step was done after all.
 */
export const waitingRuns = (runs: readonly RunSummary[], snapshot: Snapshot | null): RunSummary[] => {
  const waiting = runs.filter((run) => halfWay.has(run.state));
  if (waiting.length === 0 || snapshot === null) return waiting;
  const allSeen = snapshot.nodes.every((node) => node.trouble === null && node.facts !== null);
  const owners = lockOwners(snapshot);
  return waiting.filter(
    (run) =>
      run.cluster !== snapshot.cluster.name || run.subject === run.cluster || !allSeen || owners.has(run.id),
  );
};
