/** What a change costs before it runs: bytes, memory, downtime, consents. */
import type { Snapshot } from '../cluster/snapshot.ts';
import { isGiven, type Plan } from '../plan/plan.ts';
import type { ChangeCost, DraftCost } from './draft-plan.ts';
import { fileAt, type World, worldOf } from './world.ts';

export const noCost: ChangeCost = { copiedBytes: 0, newBytes: 0, memory: [], down: [], consents: [] };

/** Bytes that a step reads and writes again elsewhere; holes are not carried. */
const copiedBy = (world: World, { nodes, action }: Plan['steps'][number]): number => {
  switch (action.do) {
    case 'copy-image':
      return fileAt(world, action.from.node, action.from.path)?.allocated ?? action.size ?? 0;
    case 'convert-image':
      return fileAt(world, nodes[0] ?? '', action.from.path)?.allocated ?? action.size ?? 0;
    case 'copy-template':
      return fileAt(world, nodes[0] ?? '', action.from)?.allocated ?? action.size;
    default:
      return 0;
  }
};

/** MiB that are left for guests on each node. */
const memoryOf = (snapshot: Snapshot): Map<string, number> =>
  new Map(
    snapshot.nodes.flatMap(({ name, facts }) =>
      facts ? [[name, Math.floor(facts.freeMemoryMib + facts.reclaimableMib)]] : [],
    ),
  );

export const consentsOf = ({
  reasons,
  approval,
}: Pick<Plan, 'reasons' | 'approval'>): ChangeCost['consents'] =>
  reasons.flatMap(({ severity, code, title, text }) =>
    severity === 'consent' ? [{ code, title, text, given: isGiven(approval, code) }] : [],
  );

/** What it costs beside consents. @param before on which it was planned; @param after what it leaves behind */
export const costOf = (plan: Plan, before: Snapshot, after: Snapshot): Omit<ChangeCost, 'consents'> => {
  const world = worldOf(before);
  const left = memoryOf(after);
  const { newBytes, downSeconds } = plan.effects;
  return {
    copiedBytes: plan.steps.reduce((sum, each) => sum + copiedBy(world, each), 0),
    newBytes,
    memory: [...memoryOf(before)].flatMap(([node, mib]) => {
      const taken = mib - (left.get(node) ?? mib);
      return taken === 0 ? [] : [{ node, mib: taken }];
    }),
    down: downSeconds === null ? [] : [{ instance: plan.subject.name, seconds: downSeconds }],
  };
};

const summed = <K extends string, T extends Record<K, string>>(
  all: readonly T[],
  key: K,
  add: (a: T, b: T) => T,
): T[] => {
  const found = new Map<string, T>();
  for (const each of all) {
    const known = found.get(each[key]);
    found.set(each[key], known ? add(known, each) : each);
  }
  return [...found.values()];
};

const storagesOf = (before: Snapshot, after: Snapshot): DraftCost['storage'] => {
  const left = new Map(after.nodes.map((node) => [node.name, node.facts?.storages ?? []]));
  const found = new Map<string, DraftCost['storage'][number]>();
  for (const { name, facts } of before.nodes)
    for (const { id, path, state, freeBytes } of facts?.storages ?? []) {
      if (state !== 'ok') continue;
      const key = id === null ? `${name} ${path}` : `${id} ${path}`;
      const known = found.get(key);
      const freeBytesAfter = left.get(name)?.find((each) => each.path === path)?.freeBytes ?? freeBytes;
      if (known) known.nodes.push(name);
      else found.set(key, { nodes: [name], path, freeBytes, freeBytesAfter });
    }
  return [...found.values()];
};

/** All of it together, and what is left on each node. */
export const costOfAll = (costs: readonly ChangeCost[], before: Snapshot, after: Snapshot): DraftCost => {
  const left = memoryOf(after);
  return {
    copiedBytes: costs.reduce((sum, each) => sum + each.copiedBytes, 0),
    newBytes: costs.reduce((sum, each) => sum + each.newBytes, 0),
    memory: summed(
      costs.flatMap((each) => each.memory),
      'node',
      (a, b) => ({ ...a, mib: a.mib + b.mib }),
    ).filter((each) => each.mib !== 0),
    down: summed(
      costs.flatMap((each) => each.down),
      'instance',
      (a, b) => ({ ...a, seconds: a.seconds + b.seconds }),
    ),
    consents: costs.flatMap((each) => each.consents),
    storage: storagesOf(before, after),
    nodes: [...memoryOf(before)].map(([node, freeMib]) => ({
      ...{ node, freeMib },
      freeMibAfter: left.get(node) ?? freeMib,
    })),
  };
};
