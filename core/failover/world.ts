/** A snapshot with some nodes taken as lost, and what is judged in it; kept for each snapshot. */
import { deriveInstance, deriveInstances, type InstanceView } from '../cluster/instances.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import { withoutNodes } from '../cluster/without.ts';
import { clusterChecks } from '../plan/checks/nodes.ts';
import type { Reason } from '../plan/reason.ts';
import { type Judge, type Judged, makeJudge, worseOf } from './judge.ts';
import { sceneOf } from './readiness.ts';

export type World = {
  /** as it would be */
  snapshot: Snapshot;
  judge: Judge;
  /** the instance as it would be known then; null where nothing of it would count */
  view: (uuid: string) => InstanceView | null;
};

export type Worlds = {
  /** what stands against every failover in this cluster, whatever is lost */
  against: Reason[];
  /** instances by the name of their primary; null for those that have none */
  byPrimary: ReadonlyMap<string | null, InstanceView[]>;
  without: (lost: readonly string[]) => World;
};

const worldOf = (base: Snapshot, lost: readonly string[]): World => {
  const snapshot = withoutNodes(base, lost);
  const views = new Map<string, InstanceView | null>();
  return {
    snapshot,
    judge: makeJudge(sceneOf(snapshot), lost),
    view: (uuid) => {
      const known = views.get(uuid);
      if (known !== undefined) return known;
      const view = deriveInstance(snapshot, uuid);
      views.set(uuid, view);
      return view;
    },
  };
};

const kept = new WeakMap<Snapshot, Worlds>();

/** Worlds without one node are kept, since every question about the rest asks for each of them. */
export const worldsOf = (snapshot: Snapshot): Worlds => {
  const known = kept.get(snapshot);
  if (known) return known;
  const single = new Map<string | null, World>();
  const made: Worlds = {
    against: clusterChecks(sceneOf(snapshot)).filter((each) => each.severity === 'blocks'),
    byPrimary: Map.groupBy(deriveInstances(snapshot), (each) => each.primary),
    without: (lost) => {
      if (lost.length > 1) return worldOf(snapshot, lost);
      const node = lost[0] ?? null;
      const world = single.get(node) ?? worldOf(snapshot, lost);
      single.set(node, world);
      return world;
    },
  };
  kept.set(snapshot, made);
  return made;
};

/**
 * An instance on a target when several nodes are lost: never better than if only its primary were. A node that is lost as well
 * can't be seen to run it any more, which is no reason to trust the rest.
 */
export const judgeIn = (worlds: readonly World[], uuid: string, target: string): Judged => {
  let judged: Judged = { severity: 'blocks', way: 'same' };
  for (const [index, world] of worlds.entries()) {
    const view = world.view(uuid);
    if (view === null) return { severity: 'blocks', way: 'same' };
    const here = world.judge.on(view, target);
    judged = index === 0 ? here : { severity: worseOf(judged.severity, here.severity), way: judged.way };
    if (judged.severity === 'blocks') break;
  }
  return judged;
};
