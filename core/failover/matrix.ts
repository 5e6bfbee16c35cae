/** Readiness of every instance for every node: one row at a time, for tables that show thousands. */
import type { InstanceView } from '../cluster/instances.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import { replicaOn } from '../plan/hand-over/take-over.ts';
import { type Judge, makeJudge, memoryOf } from './judge.ts';
import { type Readiness, sceneOf } from './readiness.ts';

export type Cell = Readiness['verdict'];

const kept = new WeakMap<Snapshot, Judge>();

/** One row: the verdict for each node of `nodesOf`, null on its primary. The reasons of a cell are said by `readinessOf`. */
export const readinessRow = (view: InstanceView, snapshot: Snapshot): (Cell | null)[] => {
  const judge = kept.get(snapshot) ?? makeJudge(sceneOf(snapshot));
  kept.set(snapshot, judge);
  const { lookup } = judge.scene;
  return lookup.nodes.map(({ name, seen }): Cell | null => {
    if (name === view.primary) return null;
    if (view.primary === null) return 'not';
    if (!seen) return 'unknown';
    const { severity, way } = judge.on(view, name);
    const need = judge.need(view);
    if (severity === 'blocks' || (need > 0 && need > memoryOf(judge.scene, name))) return 'not';
    if (way === 'copy') {
      const replica = replicaOn(view, name);
      if (replica === null || replica.problem !== null) return 'warning';
    }
    return severity === 'consent' ? 'consent' : 'ready';
  });
};

/** The columns of the matrix. */
export const nodesOf = (snapshot: Snapshot): string[] =>
  sceneOf(snapshot).lookup.nodes.map((each) => each.name);
