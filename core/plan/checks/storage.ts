/** The storage directory of a new instance: allowed, there, and with room for what is promised. */
import { deriveInstances } from '../../cluster/instances.ts';
import { storageOf } from '../../cluster/lookup.ts';
import type { Snapshot, StorageFacts } from '../../cluster/snapshot.ts';
import { listText } from '../../cluster/status.ts';
import { validateStorageDirectory } from '../../storage/paths.ts';
import { formatBytes } from '../../storage/sizes.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, passed, type Scene } from '../scene.ts';

const field = 'storageDirectory';
/** A new folder, its record and its configuration need some blocks and inodes at once. */
const leastBytes = 1024 * 1024;
const leastInodes = 20;

const bytesText = (bytes: number): string => formatBytes(Math.max(0, Math.floor(bytes)));

/** Is it one of the cluster's, and no directory of the system. */
export const storageIsAllowed = (scene: Scene, directory: string): Reason[] => {
  const checked = validateStorageDirectory(directory);
  if (!checked.ok) return [blocks('storage-path', 'Storage directory', checked.message, { field })];
  const allowed = scene.snapshot.cluster.storageDirectories;
  return allowed.includes(checked.value)
    ? [
        passed(
          'storage-path',
          'Storage directory',
          `${checked.value} is a storage directory of the cluster.`,
          { field },
        ),
      ]
    : [
        blocks(
          'storage-path',
          'Storage directory',
          `${checked.value} is not a storage directory of the cluster; allowed are ${listText(allowed)}.`,
          { field },
        ),
      ];
};

const stateText: Record<Exclude<StorageFacts['state'], 'ok'>, string> = {
  missing: 'does not exist',
  'not-a-directory': 'is not a directory',
  symlink: 'is a symbolic link, and images are never reached through one',
  'not-answering': 'does not answer: the storage hangs',
};

/** Is it there and marked on the node that shall use it. */
export const storageIsReady = (scene: Scene, node: string, directory: string): Reason[] => {
  const view = scene.lookup.byName.get(node);
  if (!view?.facts) return [];
  const facts = storageOf(view, directory);
  const about = { node, field };
  if (facts === null || facts.state !== 'ok')
    return [
      blocks(
        'storage',
        `Storage of ${node}`,
        `${directory} on ${node} ${stateText[facts === null || facts.state === 'ok' ? 'missing' : facts.state]}.`,
        about,
      ),
    ];
  if (facts.id === null)
    return [
      blocks(
        'storage-id',
        `Storage of ${node}`,
        `${directory} on ${node} has no .vbdesk-storage file, so a copy could not be told from the original: run cluster init once more.`,
        about,
      ),
    ];
  return [
    passed('storage', `Storage of ${node}`, `${directory} on ${node} is ready (${facts.filesystem}).`, about),
  ];
};

const kept = new WeakMap<Snapshot, ReadonlyMap<string, number>>();

const keyOf = (storageId: string | null, node: string, directory: string): string =>
  storageId === null ? `${node} ${directory}` : `= ${storageId}`;

/** By storage; added up once, since whoever judges many nodes asks for each. */
const promisesOf = (snapshot: Snapshot): ReadonlyMap<string, number> => {
  const promised = new Map<string, number>();
  for (const { folders, storage, disks } of deriveInstances(snapshot)) {
    const [first] = folders;
    if (!first) continue;
    const bytes = disks.reduce((sum, each) => sum + Math.max(0, each.size - (each.allocated ?? 0)), 0);
    // a storage that one node knows by its id is the same directory to another that knows none
    for (const key of new Set([
      keyOf(first.storageId, first.node, storage),
      keyOf(null, first.node, storage),
    ]))
      promised.set(key, (promised.get(key) ?? 0) + bytes);
  }
  return promised;
};

/** Bytes that images of instances on this storage may still grow by. */
export const promisedOn = (
  scene: Scene,
  storageId: string | null,
  node: string,
  directory: string,
): number => {
  const known = kept.get(scene.snapshot) ?? promisesOf(scene.snapshot);
  kept.set(scene.snapshot, known);
  return known.get(keyOf(storageId, node, directory)) ?? 0;
};

/** What is promised against what is free. Sparse images may promise more than there is, but only knowingly. */
export const spaceIsFree = (scene: Scene, node: string, directory: string, newBytes: number): Reason[] => {
  const facts = storageOf(scene.lookup.byName.get(node), directory);
  if (facts === null || facts.state !== 'ok') return [];
  const about = { node, field: 'disks' };
  if (facts.freeBytes < leastBytes || (facts.freeInodes > 0 && facts.freeInodes < leastInodes))
    return [
      blocks(
        'storage-full',
        'Room',
        `${directory} on ${node} is full: ${bytesText(facts.freeBytes)} and ${facts.freeInodes} inodes are free.`,
        about,
      ),
    ];
  const promised = promisedOn(scene, facts.id, node, directory);
  const before =
    promised > 0 ? `, and ${bytesText(promised)} of images that are there may still be written` : '';
  return newBytes + promised > facts.freeBytes
    ? [
        consent(
          'overcommit',
          'More promised than there is',
          `The new images promise ${bytesText(newBytes)}${before}; ${directory} has ${bytesText(facts.freeBytes)} free. Nothing is taken now, but guests get write errors when it is full.`,
          about,
        ),
      ]
    : [
        passed(
          'room',
          'Room',
          `The new images promise ${bytesText(newBytes)}${before}; ${bytesText(facts.freeBytes)} are free in ${directory}.`,
          about,
        ),
      ];
};
