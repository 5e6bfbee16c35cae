/** The next state of a record: every write has a new id and remembers the former ones (SAFETY "The record"). */
import type { InstanceView } from '../cluster/instances.ts';
import type { InstanceRecord, Vouching } from '../cluster/record.ts';
import type { Plan } from './plan.ts';
import { idOf, isoOf, type Scene } from './scene.ts';

const ancestorsAtMost = 64;
const vouchingsAtMost = 200;
const primariesAtMost = 200;

/** What the first record of an instance says besides the marks that every first record has. */
type First = Omit<
  InstanceRecord,
  'version' | 'id' | 'ancestors' | 'generation' | 'formerPrimaries' | 'vouchings' | 'created' | 'written'
> & { vouchings?: InstanceRecord['vouchings'] };

/** The first record of an instance: nothing came before it. Where its folder is still to be made, the inode is 0. */
export const firstRecord = (scene: Scene, first: First): InstanceRecord => ({
  version: 1,
  vouchings: [],
  ...first,
  id: idOf(scene, 'record'),
  ancestors: [],
  generation: 1,
  formerPrimaries: [],
  created: isoOf(scene.context.now),
  written: { by: scene.context.who, at: isoOf(scene.context.now), run: scene.context.run },
});

/** `label` is unique in the plan. A write that says who the primary is settles a migration that was begun (`next`). */
export const nextRecord = (
  scene: Scene,
  record: InstanceRecord,
  changes: Partial<InstanceRecord>,
  label: string,
): InstanceRecord => {
  const { next, replicaNodes, ...rest } = record;
  const { replicaNodes: holders = replicaNodes ?? [], ...others } = changes;
  return {
    ...rest,
    ...(next !== undefined && changes.primary === undefined ? { next } : {}),
    ...others,
    ...(holders.length > 0 ? { replicaNodes: [...holders] } : {}),
    id: idOf(scene, `record ${label}`),
    ancestors: [record.id, ...record.ancestors].slice(0, ancestorsAtMost),
    written: { by: scene.context.who, at: isoOf(scene.context.now), run: scene.context.run },
  };
};

/** Takes a write back: what it said before, as a new write. */
export const formerRecord = (
  scene: Scene,
  former: InstanceRecord,
  written: InstanceRecord,
  label: string,
): InstanceRecord => ({
  ...former,
  id: idOf(scene, `record ${label} taken back`),
  ancestors: [written.id, ...written.ancestors].slice(0, ancestorsAtMost),
  written: written.written,
});

/** Former primaries after `left` handed over to `next`: newest first, without duplicates. */
export const primariesAfter = (record: InstanceRecord, left: string | null, next: string): string[] =>
  [...new Set([...(left === null ? [] : [left]), ...record.formerPrimaries])]
    .filter((each) => each !== next)
    .slice(0, primariesAtMost);

/**
 * Nodes that hold a replica or may: those that the record names, and those that show one. A record that was written before they
 * were kept names none. A node is not taken out because it shows none now: its storage may be away.
 */
export const replicaHolders = (view: Pick<InstanceView, 'record' | 'replicas'>): string[] => [
  ...new Set([...(view.record.replicaNodes ?? []), ...view.replicas.map((each) => each.node)]),
];

/** A record as it is, but for the nodes that it names as holders of replicas. */
export const knowing = (record: InstanceRecord, holders: readonly string[]): InstanceRecord => {
  const { replicaNodes: _, ...rest } = record;
  return holders.length > 0 ? { ...rest, replicaNodes: [...holders] } : rest;
};

/** Replica nodes of the next record. The list is never cut short: a node that fell out of it would not be asked. */
export const replicaNodesAfter = (
  view: Pick<InstanceView, 'record' | 'replicas'>,
  change: { added?: readonly string[]; gone?: string },
): string[] =>
  [...new Set([...replicaHolders(view), ...(change.added ?? [])])].filter((each) => each !== change.gone);

/**
 * The same once `target` is the primary: whoever was the secondary may have got a copy that no record names, and counts as well.
 * @param former the record of the other branch, where two are known
 */
export const replicasAfter = (
  view: Pick<InstanceView, 'record' | 'replicas'>,
  target: string,
  added: readonly string[],
  former: InstanceRecord | null = null,
): string[] => {
  const secondaries = [view.record, former].flatMap((each) => each?.secondary ?? []);
  return replicaNodesAfter(view, {
    added: [...(former?.replicaNodes ?? []), ...secondaries, ...added],
    gone: target,
  });
};

/** Makes room: the oldest go first, but the last word on a node stays, for it says that this node was never seen since. */
const shortened = (all: readonly Vouching[]): Vouching[] => {
  let tooMany = all.length - vouchingsAtMost;
  return all
    .filter((each, index) => {
      if (tooMany <= 0 || !all.slice(index + 1).some((later) => later.node === each.node)) return true;
      tooMany -= 1;
      return false;
    })
    .slice(-vouchingsAtMost);
};

/** The record's vouchings with those that this approval adds for the given nodes. */
export const vouchingsAfter = (
  scene: Scene,
  record: InstanceRecord,
  nodes: readonly string[],
): Vouching[] => {
  const added = scene.approval.vouched
    .filter((each) => nodes.includes(each.node))
    .map((each) => ({
      node: each.node,
      who: scene.context.who,
      how: each.how,
      when: isoOf(scene.context.now),
    }));
  return shortened([...record.vouchings, ...added]);
};

/** The record's disks in another folder, under the same names. */
export const disksAt = (record: Pick<InstanceRecord, 'disks'>, folder: string): InstanceRecord['disks'] =>
  record.disks.map((disk) => {
    const [driver, type, path] = disk.logical_id;
    return { ...disk, logical_id: [driver, type, `${folder}/${path.slice(path.lastIndexOf('/') + 1)}`] };
  });

export const recordText = (record: InstanceRecord): string => `${JSON.stringify(record, null, 2)}\n`;

/** instance.json as the review shows it. */
export const recordFile = (
  folder: string,
  before: InstanceRecord | null,
  after: InstanceRecord,
): Plan['files'][number] => ({
  path: `${folder}/instance.json`,
  before: before === null ? null : recordText(before),
  after: recordText(after),
});
