/** What builds on what: qcow2 images that hold only their difference to another image, their base. */

import { parseKeptName } from '../storage/kept-names.ts';
import { lookupOf, type NodeView } from './lookup.ts';
import type { FolderFacts, ImageFacts, Snapshot } from './snapshot.ts';
import { fileAt, storageAt } from './users.ts';

/** Bytes that a guest sees of it; null where that is not known. */
export const virtualSizeOf = (file: ImageFacts): number | null =>
  file.type === 'raw' ? file.size : (file.virtualSize ?? null);

/** The name of its backing file as its header has it; null when it has none, or the probe does not tell. */
export const backingOf = (file: ImageFacts): string | null => file.backing || null;

/** False for an image that may build on another one, where the probe does not tell. */
export const backingIsKnown = (file: ImageFacts): boolean =>
  (file.type !== 'qcow' && file.type !== 'qcow2') || file.backing !== undefined;

/** An image as a node shows it. */
export type ImageSight = { node: string; folder: FolderFacts; file: ImageFacts; path: string };
/** An image that builds on another one. `owner`: the instance of which it is a disk. */
export type Overlay = {
  path: string;
  owner: { name: string; disk: number } | null;
  /**
   * It is recorded as raw, and only its header says otherwise: a guest wrote that, and shall not keep another one's disk from its
   * work by it.
   */
  doubted: boolean;
};

/** "/a/b/../c" to "/a/c". */
const normalised = (path: string): string => {
  const parts: string[] = [];
  for (const part of path.split('/'))
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  return `/${parts.join('/')}`;
};

/** Path of an image's base on the node; null when it has none, or none that is a file. */
export const basePathOf = (
  folder: Pick<FolderFacts, 'path'>,
  file: Pick<ImageFacts, 'backing'>,
): string | null => {
  const name = file.backing?.replace(/^file:/, '') ?? '';
  if (name === '' || /^[a-z][a-z0-9+.-]*:/.test(name)) return null;
  return normalised(name.startsWith('/') ? name : `${folder.path}/${name}`);
};

/** The file at this path, as the node showed it last. */
export const imageAt = (view: NodeView | undefined, path: string): ImageSight | null => {
  const at = path.lastIndexOf('/');
  const folder = view?.facts?.folders.find((each) => each.path === path.slice(0, at));
  const file = folder?.files.find((each) => each.name === path.slice(at + 1));
  return view && folder && file ? { node: view.name, folder, file, path } : null;
};

/**
 * Whether the node shows a file at this path; null: it lies where the probe does not look (deeper than a storage directory's folders,
 * or outside), so that can't be told.
 */
export const isShownAt = (view: NodeView | undefined, path: string): boolean | null => {
  const storage = view?.facts?.storages.find((each) => path.startsWith(`${each.path}/`));
  if (!storage) return null;
  const parts = path.slice(storage.path.length + 1).split('/');
  if (parts.length > 2 || parts[0]?.startsWith('.')) return null;
  if (parts.length === 2) return imageAt(view, path) !== null;
  return storage.files === undefined ? null : storage.files.some((each) => each.name === parts[0]);
};

/** Storage and file, whichever node looks. */
const keyOf = (
  view: NodeView,
  { folder, file }: { folder: Pick<FolderFacts, 'storage'>; file: ImageFacts },
): string => {
  const id = view.facts?.storages.find((each) => each.path === folder.storage)?.id ?? null;
  return `${id ?? `${view.name}:${folder.storage}`} ${file.inode}`;
};

/** The file at this path, in a folder or beside the folders. */
const baseAt = (
  view: NodeView,
  path: string,
): { folder: Pick<FolderFacts, 'storage'>; file: ImageFacts } | null => {
  const image = imageAt(view, path);
  if (image !== null || view.facts === null) return image;
  const storage = storageAt(view, path);
  const file = storage ? fileAt(view.facts, storage, path) : null;
  return storage && file ? { folder: { storage: storage.path }, file } : null;
};

const kept = new WeakMap<Snapshot, ReadonlyMap<string, Overlay[]>>();

const build = (snapshot: Snapshot): Map<string, Overlay[]> => {
  const found = new Map<string, Map<string, Overlay>>();
  for (const view of lookupOf(snapshot).nodes)
    for (const folder of [
      ...(view.facts?.folders ?? []),
      // those that lie beside the folders
      ...(view.facts?.storages ?? []).map(({ path, files = [] }) => ({
        storage: path,
        path,
        record: null,
        files,
      })),
    ])
      for (const file of folder.files) {
        const path = basePathOf(folder, file);
        const base = path === null ? null : baseAt(view, path);
        if (base === null) continue;
        const record = folder.record?.ok ? folder.record.record : null;
        const own = `${folder.path}/${file.name}`;
        const disk = record?.disks.findIndex((each) => each.logical_id[2] === own) ?? -1;
        const key = keyOf(view, base);
        const overlays = found.get(key) ?? new Map<string, Overlay>();
        const recorded = record?.disks[disk]?.logical_id[1] ?? parseKeptName(file.name)?.type;
        overlays.set(keyOf(view, { folder, file }), {
          path: own,
          doubted: recorded === 'raw',
          owner: record && disk >= 0 ? { name: record.name, disk } : null,
        });
        found.set(key, overlays);
      }
  return new Map([...found].map(([key, overlays]) => [key, [...overlays.values()]]));
};

/** The images that build on this one, as far as any node showed them. */
export const overlaysOn = (snapshot: Snapshot, image: ImageSight): Overlay[] => {
  // what builds on what does not change with the nodes that answer
  const { base, byName } = lookupOf(snapshot);
  const known = kept.get(base) ?? build(base);
  kept.set(base, known);
  const view = byName.get(image.node);
  return view ? (known.get(keyOf(view, image)) ?? []) : [];
};

export const overlayWords = ({ path, owner }: Pick<Overlay, 'path' | 'owner'>): string =>
  owner ? `disk ${owner.disk} of ${owner.name} (${path})` : path;

/** The instance of which the file at this path is a disk, as the node shows it. */
export const ownerOf = (view: NodeView | undefined, path: string): { name: string; disk: number } | null => {
  for (const folder of view?.facts?.folders ?? []) {
    const record = folder.record?.ok ? folder.record.record : null;
    const disk = record?.disks.findIndex((each) => each.logical_id[2] === path) ?? -1;
    if (record && disk >= 0) return { name: record.name, disk };
  }
  return null;
};
