/** Does the node have what the guest needs: memory, bridges, kernel files. */
import type { GuestSettings, InstanceRecord } from '../../cluster/record.ts';
import type { NodeFacts } from '../../cluster/snapshot.ts';
import { listText } from '../../cluster/status.ts';
import { formatMebibytes } from '../../storage/sizes.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';

/** "2.0 GiB", "512 MiB": for a shortage, where two digits say enough. */
export const roughly = (mib: number): string =>
  mib >= 1024 ? `${(mib / 1024).toFixed(1)} GiB` : `${mib} MiB`;
const whole = (mib: number): number => Math.max(0, Math.floor(mib));

/** MiB that a node has for guests: free, and what Dom0 will give back. */
export const memoryFor = ({
  freeMemoryMib,
  reclaimableMib,
}: Pick<NodeFacts, 'freeMemoryMib' | 'reclaimableMib'>): number =>
  whole(freeMemoryMib) + whole(reclaimableMib);

/** Free memory, and what Dom0 will give back, against what the guest takes. */
export const memoryIsFree = (scene: Scene, node: string, mib: number): Reason[] => {
  const facts = scene.lookup.byName.get(node)?.facts;
  if (!facts) return [];
  const free = whole(facts.freeMemoryMib);
  const back = whole(facts.reclaimableMib);
  const has =
    back > 0
      ? `${formatMebibytes(free)} free and ${formatMebibytes(back)} that Dom0 gives back`
      : `${formatMebibytes(free)} free`;
  const short = mib - memoryFor(facts);
  return short > 0
    ? [
        blocks(
          'memory',
          `Memory of ${node}`,
          `${node} is ${roughly(short)} short: the guest takes ${formatMebibytes(mib)}, there are ${has}. Stop or move a guest there, or give this one less.`,
          { node, field: 'guest.memoryMib' },
        ),
      ]
    : [
        passed(
          'memory',
          `Memory of ${node}`,
          `The guest takes ${formatMebibytes(mib)}; ${node} has ${has}.`,
          { node },
        ),
      ];
};

export const bridgesExist = (scene: Scene, node: string, nics: readonly { bridge: string }[]): Reason[] => {
  const facts = scene.lookup.byName.get(node)?.facts;
  if (!facts || nics.length === 0) return [];
  const wanted = [...new Set(nics.map((each) => each.bridge))];
  const missing = wanted.filter((each) => !facts.bridges.includes(each));
  return missing.length > 0
    ? missing.map((each) =>
        blocks(
          'bridge',
          `Bridge of ${node}`,
          `${node} has no bridge ${each}; it has ${listText(facts.bridges)}. Make the bridge there, or choose another.`,
          { node, field: `nics.${nics.findIndex((nic) => nic.bridge === each)}.bridge` },
        ),
      )
    : [passed('bridge', `Bridge of ${node}`, `${node} has ${listText(wanted)}.`, { node })];
};

type BootFile = { path: string; what: string; field: string };

/** Files on the node that the guest boots from. A boot loader without a path is looked up by Xen itself. */
export const bootFilesOf = (guest: GuestSettings): BootFile[] =>
  (['kernel', 'ramdisk', 'bootloader'] as const).flatMap((what) => {
    const path = guest[what];
    return path?.startsWith('/') ? [{ path, what, field: `guest.${what}` }] : [];
  });

export const bootFilesExist = (scene: Scene, node: string, guest: GuestSettings): Reason[] => {
  const facts = scene.lookup.byName.get(node)?.facts;
  const files = bootFilesOf(guest);
  if (!facts || files.length === 0) return [];
  const known = new Map(facts.bootFiles.map((each) => [each.path, each.exists]));
  const reasons = files.flatMap(({ path, what, field }): Reason[] => {
    const exists = known.get(path);
    if (exists === true) return [];
    return exists === false
      ? [
          blocks('boot-file', `Boot files of ${node}`, `${node} does not have the ${what} ${path}.`, {
            node,
            field,
          }),
        ]
      : [
          warning(
            'boot-file-unknown',
            `Boot files of ${node}`,
            `Whether ${node} has the ${what} ${path} was not looked at yet; the start fails, and is undone, if it has not.`,
            { node, field },
          ),
        ];
  });
  return reasons.length > 0
    ? reasons
    : [
        passed(
          'boot-file',
          `Boot files of ${node}`,
          `${node} has ${listText(files.map((each) => each.path))}.`,
          { node },
        ),
      ];
};

/** What a start of this guest needs on a node besides memory. */
export const hasFittings = (
  scene: Scene,
  node: string,
  record: Pick<InstanceRecord, 'guest' | 'nics'>,
): Reason[] => [...bridgesExist(scene, node, record.nics), ...bootFilesExist(scene, node, record.guest)];

/** All that a start of this guest needs on a node. */
export const canCarry = (
  scene: Scene,
  node: string,
  record: Pick<InstanceRecord, 'guest' | 'nics'>,
): Reason[] => [...memoryIsFree(scene, node, record.guest.memoryMib), ...hasFittings(scene, node, record)];
