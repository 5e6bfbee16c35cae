/** Does every instance survive the loss of its node: the N+1 check for instances whose disks are files. */
import { deriveInstances, type InstanceView } from '../cluster/instances.ts';
import { lookupOf } from '../cluster/lookup.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import { memoryOf } from './judge.ts';
import { type Placement, place, type Wanting } from './place.ts';
import { sceneOf } from './readiness.ts';
import { whyDown } from './why-down.ts';
import { judgeIn, type World, type Worlds, worldsOf } from './world.ts';

export type Survival = {
  uuid: string;
  name: string;
  /** the node that it would be lost with; null where no node may start it */
  node: string | null;
  /** consent: somebody must say a word; not: it stays down */
  verdict: 'ready' | 'consent' | 'not';
  /** where it would go */
  to: string | null;
  /** why not, or the word; empty where it is ready */
  why: string;
};

export type ClusterScore = {
  total: number;
  survive: number;
  /** "17 of 20 instances survive the loss of any one node" */
  text: string;
  /** sorted by name */
  instances: Survival[];
};

export const scoreText = (survive: number, total: number): string =>
  total === 0
    ? 'no instances'
    : `${survive} of ${total} ${total === 1 ? 'instance survives' : 'instances survive'} the loss of any one node`;

/** Memory of the nodes that answer and are not lost, MiB, in the cluster's order. */
export const freeWithout = (snapshot: Snapshot, lost: readonly string[]): Map<string, number> => {
  const gone = new Set(lost);
  const scene = sceneOf(snapshot);
  return new Map(
    lookupOf(snapshot).seen.flatMap(({ name }) => (gone.has(name) ? [] : [[name, memoryOf(scene, name)]])),
  );
};

/** What an instance asks for in these worlds, the last of which is the one that is spoken of. */
export const wantingIn = (worlds: Worlds, chain: readonly World[], base: InstanceView): Wanting => {
  const world = chain.at(-1);
  const view = world?.view(base.uuid) ?? null;
  return {
    uuid: base.uuid,
    name: base.name,
    need: world && view ? world.judge.need(view) : 0,
    secondary: view?.secondary ?? null,
    seers: base.folders.length + base.replicas.length,
    on: (target) =>
      worlds.against.length > 0 ? { severity: 'blocks', way: 'same' } : judgeIn(chain, base.uuid, target),
  };
};

const survivalOf = (
  worlds: Worlds,
  world: World,
  wanting: Wanting,
  base: InstanceView,
  placement: Placement,
): Survival => {
  const { uuid, name } = wanting;
  const placed = placement.of.get(uuid) ?? null;
  const common = { uuid, name, node: base.primary };
  if (placed === null) {
    const then = placement.freeThen.get(uuid) ?? new Map<string, number>();
    return { ...common, verdict: 'not', to: null, why: whyDown(worlds, [world], wanting, then).text };
  }
  return {
    ...common,
    verdict: placed.severity === 'fine' ? 'ready' : 'consent',
    to: placed.to,
    why: placed.severity === 'fine' ? '' : 'with consent',
  };
};

const kept = new WeakMap<Snapshot, ReadonlyMap<string, Survival>>();

/** By uuid: each node's loss on its own. */
export const survivals = (snapshot: Snapshot): ReadonlyMap<string, Survival> => {
  const known = kept.get(snapshot);
  if (known) return known;
  const worlds = worldsOf(snapshot);
  const found = new Map<string, Survival>();
  for (const [node, views] of worlds.byPrimary) {
    const lost = node === null ? [] : [node];
    const world = worlds.without(lost);
    const wanting = views.map((view) => wantingIn(worlds, [world], view));
    const placement = place(wanting, freeWithout(snapshot, lost));
    for (const [index, view] of views.entries()) {
      const want = wanting[index];
      if (want) found.set(view.uuid, survivalOf(worlds, world, want, view, placement));
    }
  }
  kept.set(snapshot, found);
  return found;
};

/** How many instances survive the loss of any one node, and which don't. */
export const clusterScore = (snapshot: Snapshot): ClusterScore => {
  const all = survivals(snapshot);
  const instances = deriveInstances(snapshot).flatMap((each) => all.get(each.uuid) ?? []);
  const survive = instances.filter((each) => each.verdict !== 'not').length;
  return { total: instances.length, survive, text: scoreText(survive, instances.length), instances };
};
