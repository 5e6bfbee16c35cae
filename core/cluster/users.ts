/**
 * Who has a file open, on every node that sees it. One file of a shared storage is known by the storage's id and the path below it:
 * each node numbers its devices itself, and may mount the storage elsewhere. What an inode says is asked of one node only.
 */

import { type Lookup, type NodeView, openersOf, recordOf } from './lookup.ts';
import { fileKey } from './other-configs.ts';
import type { InstanceRecord } from './record.ts';
import { templateDirectory } from './schema.ts';
import type { ImageFacts, NodeFacts, StorageFacts } from './snapshot.ts';

/** A node that answers, and the path under which it sees the file. */
export type SeeingNode = {
  node: string;
  path: string;
  /** false: its storage directory does not tell whether it is the same, so the node itself has to be asked */
  sure: boolean;
};
export type FileUser = { node: string; path: string; by: string[] };

/** The storage directory below which a path lies on a node. */
export const storageAt = (view: NodeView | undefined, path: string): StorageFacts | null =>
  (view?.facts?.storages ?? [])
    .filter((each) => path.startsWith(`${each.path}/`))
    .sort((a, b) => b.path.length - a.path.length)[0] ?? null;

/** The file at this path as the node shows it: in a folder, among the templates, or in the storage directory itself. */
export const fileAt = (facts: NodeFacts, storage: StorageFacts, path: string): ImageFacts | null => {
  const at = path.lastIndexOf('/');
  const [directory, name] = [path.slice(0, at), path.slice(at + 1)];
  const files =
    directory === storage.path
      ? storage.files
      : directory === `${storage.path}/${templateDirectory}`
        ? storage.templates
        : facts.folders.find((each) => each.path === directory)?.files;
  return files?.find((each) => each.name === name) ?? null;
};

/** The file at this path in the directory of templates that the cluster names, as the node shows it. */
export const templateAt = (view: NodeView | undefined, path: string): ImageFacts | null => {
  const place = view?.facts?.templates;
  const at = path.lastIndexOf('/');
  return place?.path === path.slice(0, at)
    ? (place.files.find((each) => each.name === path.slice(at + 1)) ?? null)
    : null;
};

/** Whether a storage directory of another node may be the one with this id; null: it says that it is. */
const mayBe = (storage: StorageFacts, id: string | null, path: string): boolean =>
  storage.path === path && (storage.state !== 'ok' || (id === null && storage.id === null));

/**
 * Of a file that lies in no storage directory: the node itself, and of a template each other one that has a directory of templates
 * under that path. Whether that is the same one, mounted there as well, only an id could tell.
 */
const outsideOfStorages = (
  lookup: Lookup,
  nodes: readonly NodeView[],
  { node, path }: { node: string; path: string },
): SeeingNode[] => {
  const own = lookup.byName.get(node)?.facts?.templates;
  const directory = path.slice(0, path.lastIndexOf('/'));
  const others = own?.path !== directory ? [] : nodes.filter((each) => each.name !== node);
  return [
    { node, path, sure: true },
    ...others.flatMap(({ name, facts }): SeeingNode[] => {
      const there = facts?.templates;
      if (there?.path !== directory) return [];
      const known = own !== undefined && own.id !== null && there.id !== null && there.state === 'ok';
      return known && there.id !== own.id ? [] : [{ node: name, path, sure: known }];
    }),
  ];
};

/** Every node that answers and sees (or may see) the file at this path of `node`, that node first. */
export const nodesSeeing = (lookup: Lookup, node: string, path: string): SeeingNode[] => {
  const storage = storageAt(lookup.byName.get(node), path);
  const nodes = lookup.seen.toSorted((a, b) => Number(b.name === node) - Number(a.name === node));
  if (!storage) return outsideOfStorages(lookup, nodes, { node, path });
  const below = path.slice(storage.path.length);
  return nodes.flatMap(({ name, facts }) =>
    (facts?.storages ?? []).flatMap((each): SeeingNode[] => {
      if ((name === node && each.path === storage.path) || (storage.id !== null && each.id === storage.id))
        return [{ node: name, path: `${each.path}${below}`, sure: true }];
      return name !== node && mayBe(each, storage.id, storage.path)
        ? [{ node: name, path, sure: false }]
        : [];
    }),
  );
};

/** What has the file open, on every node that answers and sees it. */
export const usersOf = (lookup: Lookup, node: string, path: string): FileUser[] => {
  const view = lookup.byName.get(node);
  const storage = storageAt(view, path);
  const own = (storage && view?.facts && fileAt(view.facts, storage, path)) ?? templateAt(view, path);
  return nodesSeeing(lookup, node, path).flatMap(({ node: name, path: there, sure }) => {
    const other = lookup.byName.get(name);
    const directory = storageAt(other, there);
    if (!sure || !other?.facts) return [];
    // asked a moment earlier or later, it may show the file under another name: then its number tells
    const file = directory
      ? (fileAt(other.facts, directory, there) ??
        templateAt(other, there) ??
        (own && { device: directory.device, inode: own.inode }))
      : name === node
        ? own
        : templateAt(other, there);
    const by = file ? openersOf(lookup, name, file) : [];
    return by.length === 0 ? [] : [{ node: name, path: there, by }];
  });
};

/** Nodes that answer but can't tell who has the file open, each with the reason as the end of a sentence. */
export const blindNodes = (lookup: Lookup, node: string, path: string): { node: string; why: string }[] =>
  nodesSeeing(lookup, node, path).flatMap(({ node: name, path: there, sure }) => {
    const other = lookup.byName.get(name);
    const directory = storageAt(other, there);
    if (!sure && directory?.state === 'not-answering')
      return [{ node: name, why: `its ${directory.path} does not answer` }];
    return sure && other?.facts?.openUnknown === true
      ? [{ node: name, why: 'looking for what has files open hangs there' }]
      : [];
  });

/** Whether a node that does not answer now may see the file at this path of `node`, as far as its last answer tells. */
export const maySee = (lookup: Lookup, silent: NodeView, node: string, path: string): boolean => {
  // one that never answered may well see what others do
  if (silent.facts === null || silent.name === node) return true;
  const storage = storageAt(lookup.byName.get(node), path);
  if (!storage) return true;
  return silent.facts.storages.some(
    (each) => (storage.id !== null && each.id === storage.id) || mayBe(each, storage.id, storage.path),
  );
};

export type NamedBy = {
  record: InstanceRecord;
  disk: number;
  folder: string;
  /** the name by which the record knows it, where that is another name of the same file: a hard link */
  linkedAs?: string;
};

const disksById = new WeakMap<Lookup, Map<string, ReadonlyMap<string, NamedBy[]>>>();

/** The disks of all records as one node shows them, by device:inode. */
const recordedOn = (lookup: Lookup, node: string): ReadonlyMap<string, NamedBy[]> => {
  const known = disksById.get(lookup) ?? new Map<string, ReadonlyMap<string, NamedBy[]>>();
  disksById.set(lookup, known);
  const before = known.get(node);
  if (before) return before;
  const files = new Map<string, ImageFacts>();
  const { facts = null } = lookup.byName.get(node) ?? {};
  for (const { path, files: all = [] } of [...(facts?.storages ?? []), ...(facts?.folders ?? [])])
    for (const file of all) files.set(`${path}/${file.name}`, file);
  const found = new Map<string, NamedBy[]>();
  for (const sights of lookup.recorded.values())
    for (const sight of sights) {
      const record = sight.node === node ? recordOf(sight) : null;
      for (const [disk, { logical_id: all }] of record?.disks.entries() ?? []) {
        const file = files.get(all[2]);
        if (!record || file?.kind !== 'file') continue;
        const id = `${file.device}:${file.inode}`;
        const named = { record, disk, folder: sight.folder.path, linkedAs: all[2] };
        const others = found.get(id) ?? [];
        // a copy of its folder holds the same record
        if (!others.some((each) => each.record.uuid === record.uuid && each.linkedAs === named.linkedAs))
          found.set(id, [...others, named]);
      }
    }
  known.set(node, found);
  return found;
};

/** Disks in records that are this very file under another name (hard links), as this node shows them. */
export const linkedDisks = (lookup: Lookup, node: string, path: string): NamedBy[] => {
  const view = lookup.byName.get(node);
  const storage = storageAt(view, path);
  const file = storage && view?.facts ? fileAt(view.facts, storage, path) : null;
  if (file?.kind !== 'file') return [];
  return (recordedOn(lookup, node).get(`${file.device}:${file.inode}`) ?? []).filter(
    (each) => each.linkedAs !== path,
  );
};

/**
 * Records on any node that name this very file as a disk, each once: their folder may lie on another storage than the file, and
 * they may know it by another name.
 */
export const recordsNaming = (lookup: Lookup, node: string, path: string): NamedBy[] => {
  const view = lookup.byName.get(node);
  const storage = storageAt(view, path);
  const key = fileKey(view, path);
  const below = storage ? path.slice(storage.path.length) : path;
  const found = new Map<string, NamedBy>();
  for (const sights of lookup.recorded.values())
    for (const sight of sights) {
      const record = recordOf(sight);
      if (!record || found.has(record.uuid)) continue;
      const disk = record.disks.findIndex(({ logical_id: [, , named] }) => {
        // most name other files: that is told without a look at the storages
        if (!named.endsWith(below)) return false;
        return sight.node === node
          ? named === path
          : key !== null && fileKey(lookup.byName.get(sight.node), named) === key;
      });
      if (disk >= 0) found.set(record.uuid, { record, disk, folder: sight.folder.path });
    }
  for (const each of linkedDisks(lookup, node, path))
    if (!found.has(each.record.uuid)) found.set(each.record.uuid, each);
  return [...found.values()];
};
