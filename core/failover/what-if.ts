/** What would become of the cluster if these nodes were lost. Nothing is changed, and nothing is planned: it only answers. */
import { deriveInstances, type InstanceView } from '../cluster/instances.ts';
import { lookupOf } from '../cluster/lookup.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import { vouchCode } from '../plan/plan.ts';
import type { Reason } from '../plan/reason.ts';
import { type NodeAfter, nodesAfter } from './nodes-after.ts';
import { type Placement, place, type Wanting } from './place.ts';
import { readinessOf } from './readiness.ts';
import { freeWithout, survivals, wantingIn } from './survival.ts';
import { type Down, whyDown } from './why-down.ts';
import { type World, type Worlds, worldsOf } from './world.ts';

/** What becomes of one instance of a lost node. */
export type Fate = {
  uuid: string;
  name: string;
  from: string;
  /** MiB that it takes elsewhere; 0 where it stays stopped */
  memoryMib: number;
  verdict: 'ready' | 'consent' | 'not';
  /** null: it stays down */
  to: string | null;
  /** how its files get there: they are seen there, or a replica is gone on from */
  way: 'same' | 'replica' | null;
  /** consents and warnings of going there */
  reasons: Reason[];
  /** why it stays down */
  down: Down | null;
};

/** An instance that runs on, and would not survive the next loss. */
export type Unsafe = { uuid: string; name: string; node: string; arrived: boolean };

export type WhatIf = {
  /** in the cluster's order */
  lost: string[];
  /** sorted by name */
  fates: Fate[];
  nodes: NodeAfter[];
  /** instances elsewhere whose secondary is lost */
  loseSecondary: { uuid: string; name: string; node: string | null; secondary: string }[];
  /** they survive the loss of any one node now, and would not then */
  noLongerSafe: Unsafe[];
  /** instances that survive the loss of any one node (of any one more node) */
  safe: { before: number; after: number; total: number };
};

type Question = { snapshot: Snapshot; worlds: Worlds; lost: string[] };

/** Each instance of a lost node, with the worlds in which it is judged. */
type Asking = { base: InstanceView; from: string; chain: World[]; wanting: Wanting };

const askingOf = ({ worlds, lost }: Question): Asking[] => {
  const whole = worlds.without(lost);
  return lost.flatMap((from) => {
    const alone = worlds.without([from]);
    const chain = alone === whole ? [whole] : [alone, whole];
    return (worlds.byPrimary.get(from) ?? []).map((base) => ({
      base,
      from,
      chain,
      wanting: wantingIn(worlds, chain, base),
    }));
  });
};

const fateOf = (
  { worlds, lost }: Question,
  { base, from, chain, wanting }: Asking,
  placement: Placement,
): Fate => {
  const { uuid, name, need } = wanting;
  const placed = placement.of.get(uuid) ?? null;
  const common = { uuid, name, from, memoryMib: need };
  const world = chain.at(-1);
  const view = world?.view(base.uuid);
  if (placed === null || !world || !view) {
    const then = placement.freeThen.get(uuid) ?? new Map<string, number>();
    const down = whyDown(worlds, chain, wanting, then);
    return { ...common, verdict: 'not', to: null, way: null, reasons: [], down };
  }
  const excused = new Set(lost.map(vouchCode));
  return {
    ...common,
    verdict: placed.severity === 'fine' ? 'ready' : 'consent',
    to: placed.to,
    way: placed.way === 'replica' ? 'replica' : 'same',
    reasons: readinessOf(view, placed.to, world.snapshot).reasons.filter((each) =>
      each.severity === 'consent'
        ? !excused.has(each.code)
        : // that nodes which are taken as lost can't be looked at is what was asked
          each.severity === 'warning' && !(each.code === 'not-looked-at' && lost.includes(each.node ?? '')),
    ),
    down: null,
  };
};

/** Of everything that would run then: who would not survive the next loss, and how many would. */
const nextLoss = (
  { snapshot, worlds, lost }: Question,
  asking: readonly Asking[],
  placement: Placement,
): { unsafe: Unsafe[]; safe: number } => {
  const now = survivals(snapshot);
  const gone = new Set(lost);
  const arrived = Map.groupBy(asking, (each) => placement.of.get(each.base.uuid)?.to ?? null);
  const unsafe: Unsafe[] = [];
  let safe = 0;
  const others = new Set([...worlds.byPrimary.keys(), ...arrived.keys()]);
  for (const node of others) {
    if (node === null || gone.has(node)) continue;
    const own = (worlds.byPrimary.get(node) ?? []).map((view) => ({
      wanting: wantingIn(worlds, [worlds.without([node])], view),
      arrived: false,
    }));
    const guests = (arrived.get(node) ?? []).map(({ base, wanting }): (typeof own)[number] => ({
      wanting: {
        ...wanting,
        on: (target) => {
          // what went on from a replica has its files on that node alone
          const then = placement.of.get(base.uuid)?.way === 'replica' ? null : wanting.on(target);
          return then?.way === 'same' ? then : { severity: 'blocks', way: 'same' };
        },
      },
      arrived: true,
    }));
    const free = new Map([...placement.free].filter(([each]) => each !== node));
    const all = [...own, ...guests];
    const next = place(
      all.map((each) => each.wanting),
      free,
    );
    for (const { wanting, arrived: came } of all) {
      const { uuid, name } = wanting;
      // less memory and fewer nodes make nothing safe that is not safe now
      if (now.get(uuid)?.verdict === 'not') continue;
      if (next.of.get(uuid)) safe += 1;
      else unsafe.push({ uuid, name, node, arrived: came });
    }
  }
  unsafe.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  return { unsafe, safe };
};

/**
 * @param names nodes that are supposed to be lost; those that do not answer are none the less, and names that are no nodes count
 *   for nothing
 */
export const whatIf = (snapshot: Snapshot, names: readonly string[]): WhatIf => {
  const lookup = lookupOf(snapshot);
  const lost = lookup.nodes.map((each) => each.name).filter((each) => names.includes(each));
  const gone = new Set(lost);
  const question: Question = { snapshot, worlds: worldsOf(snapshot), lost };
  const instances = deriveInstances(snapshot);
  const asking = lost.length === 0 ? [] : askingOf(question);
  const free = freeWithout(snapshot, lost);
  const placement = place(
    asking.map((each) => each.wanting),
    free,
  );
  const fates = asking
    .map((each) => fateOf(question, each, placement))
    .sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  const before = [...survivals(snapshot).values()].filter((each) => each.verdict !== 'not').length;
  const next = lost.length === 0 ? { unsafe: [], safe: before } : nextLoss(question, asking, placement);
  return {
    lost,
    fates,
    nodes: nodesAfter(snapshot, gone, fates),
    loseSecondary: instances.flatMap(({ uuid, name, primary, secondary }) =>
      secondary !== null && gone.has(secondary) && !gone.has(primary ?? '')
        ? [{ uuid, name, node: primary, secondary }]
        : [],
    ),
    noLongerSafe: next.unsafe,
    safe: { before, after: next.safe, total: instances.length },
  };
};

/** "3 of 5 instances restart elsewhere", as a heading. */
export const headline = ({ lost, fates }: WhatIf): string => {
  if (lost.length === 0) return 'No node is lost: nothing changes';
  if (fates.length === 0) return 'No instance is on it';
  const placed = fates.filter((each) => each.to !== null).length;
  return placed === fates.length
    ? `${fates.length === 1 ? 'The one instance goes' : `All ${fates.length} instances go`} on elsewhere`
    : `${placed} of ${fates.length} instances ${placed === 1 ? 'goes' : 'go'} on elsewhere`;
};
