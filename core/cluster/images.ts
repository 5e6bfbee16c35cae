/**
 * Every image file of the cluster, once, with what it is and whose it is. A storage directory that several nodes share is told by one
 * of them (one that answers, if any does); only what has a file open is gathered from all.
 */
import { basePathOf, isShownAt, virtualSizeOf } from './backing.ts';
import { bootFilesOf, bootWords } from './boot-files.ts';
import { type ImageOwner, imageOwners, type OwnerIn } from './image-owners.ts';
import { type Lookup, lookupOf, type NodeView } from './lookup.ts';
import { trashDirectory } from './schema.ts';
import type { FolderFacts, ImageFacts, Snapshot, StorageFacts } from './snapshot.ts';
import { listText } from './status.ts';

/** The storage directory in which an image lies. The same object for all its images. */
export type ImageStorage = {
  /** its id, or node and path where it has none */
  key: string;
  id: string | null;
  path: string;
  /** more than one node sees it */
  shared: boolean;
  /** nodes that see it (or did in their last answer), those that answer first */
  nodes: readonly string[];
};

export type ImageRow = {
  /** stable from one refresh to the next */
  key: string;
  storage: ImageStorage;
  /** absolute path of its folder; the storage directory itself for a file that lies in none */
  folder: string;
  /** '' for a file that lies directly in the storage directory */
  folderName: string;
  path: string;
  name: string;
  /** by its header; null where that was not read */
  type: ImageFacts['type'];
  /** bytes that a guest sees; null where that is not known */
  virtualSize: number | null;
  /** apparent size of the file */
  size: number;
  /** bytes that it takes on the storage */
  allocated: number;
  /** ms since the epoch */
  modified: number;
  owner: ImageOwner;
  /** the file on which it builds: its path, or what its header says where that is no path; null: none, or not known */
  backing: string | null;
  /** what has it open, on nodes that answer */
  openBy: readonly { node: string; by: string }[];
  /** nodes that may have it open but can't be asked now */
  openUnknown: readonly string[];
  /** what is odd about it, a sentence or several */
  remark: string | null;
};

/** A storage directory with its space, in bytes. */
export type StorageRow = ImageStorage & {
  state: StorageFacts['state'];
  /** the node that told, and whether it answers now */
  node: string;
  seen: boolean;
  filesystem: string;
  capacity: number;
  used: number;
  free: number;
  /** what the images in it take; in the trash */
  allocated: number;
  trash: number;
  images: number;
  /** what the guests of its instances may fill: virtual sizes of their disks, and of replicas, which may become disks */
  promised: number;
  /** bytes that these may still take beyond what is free; 0: all can be filled */
  overcommitBytes: number;
  /** what is odd about it, a sentence */
  remark: string | null;
};

type Sight = { view: NodeView; storage: StorageFacts };
type Group = { storage: ImageStorage; main: Sight; sights: Sight[] };

/** The sight that tells most: of a node that answers, where the directory can be read, of late. */
const rank = ({ view, storage }: Sight): number => (view.seen ? 2 : 0) + (storage.state === 'ok' ? 1 : 0);
const seenAt = ({ view }: Sight): number => view.snapshot?.seenAt ?? 0;

const groupsOf = (lookup: Lookup): Group[] => {
  const found = new Map<string, Sight[]>();
  for (const view of lookup.nodes)
    for (const storage of view.facts?.storages ?? []) {
      const key = storage.id ?? `${view.name}:${storage.path}`;
      const sights = found.get(key);
      if (sights) sights.push({ view, storage });
      else found.set(key, [{ view, storage }]);
    }
  return [...found].flatMap(([key, all]) => {
    const sights = all.toSorted((a, b) => rank(b) - rank(a) || seenAt(b) - seenAt(a));
    const [main] = sights;
    if (!main) return [];
    // as the cluster names them, not as they happened to answer
    const nodes = [
      ...new Set(
        all.toSorted((a, b) => Number(b.view.seen) - Number(a.view.seen)).map((each) => each.view.name),
      ),
    ];
    const { id, path } = main.storage;
    return [{ storage: { key, id, path, shared: nodes.length > 1, nodes }, main, sights }];
  });
};

/** What has the files of this storage open, by inode, on nodes that answer. */
const openIn = ({ sights }: Group, lookup: Lookup): Map<number, { node: string; by: string }[]> => {
  const found = new Map<number, { node: string; by: string }[]>();
  for (const { view, storage } of sights) {
    if (!view.seen) continue;
    for (const [inode, openers] of lookup.open.get(view.name) ?? [])
      for (const { device, by } of openers) {
        // each node numbers its devices itself
        if (device !== storage.device) continue;
        const list = found.get(inode) ?? [];
        if (!list.some((each) => each.node === view.name && each.by === by))
          list.push({ node: view.name, by });
        found.set(inode, list);
      }
  }
  return found;
};

/** Nodes that may have files of this storage open but don't tell: silent ones, and those on which its directory or the look hangs. */
const openUnknownIn = ({ storage, sights }: Group, lookup: Lookup): string[] => {
  const paths = new Set(sights.map((each) => each.storage.path));
  const seeing = new Set(storage.nodes);
  return lookup.nodes
    .filter(({ name, seen, facts }) => {
      // a node that never answered may well see what others share
      if (facts === null) return storage.shared;
      if (seeing.has(name)) return !seen || facts.openUnknown === true;
      return (
        storage.shared &&
        facts.storages.some((each) => paths.has(each.path) && each.state === 'not-answering')
      );
    })
    .map((each) => each.name);
};

const nothingOpen: ImageRow['openBy'] = [];
const join = (...sentences: (string | null | undefined)[]): string | null =>
  sentences.filter((each) => each).join(' ') || null;

/** What a file's own facts say against it. */
const oddOf = (file: ImageFacts, owner: ImageRow['owner']): string | null => {
  if (file.kind === 'symlink') return 'A symbolic link, which VBDesk never follows.';
  if (file.size < 512) return 'Smaller than 512 bytes: it holds no image.';
  // what an instance has or had is what its record says: a guest can write the footer into its raw disk
  if (file.fixedVhd !== undefined && !['instance', 'replica', 'kept'].includes(owner.kind))
    return 'It ends with the footer of a fixed-size VHD, so it is one unless it is known to be raw.';
  if (file.type === null) return 'Its header could not be read, or is of a type that is not known.';
  return null;
};

const rowsOf = (group: Group, foldersIn: FolderFacts[], lookup: Lookup, ownerIn: OwnerIn): ImageRow[] => {
  const { storage, main } = group;
  const open = openIn(group, lookup);
  const openUnknown = openUnknownIn(group, lookup);
  const missingBase = (base: string | null): string | null =>
    base !== null && isShownAt(main.view, base) === false
      ? `It builds on ${base}, which is not there.`
      : null;
  const bootFiles = bootFilesOf(lookup);
  const neededBy = (path: string): string | null => {
    const needed = bootFiles.get(`${storage.key} ${path.slice(storage.path.length + 1)}`);
    return needed ? `${needed.map(bootWords).join(', ')}.` : null;
  };
  const rows: ImageRow[] = [];
  const add = (folder: { path: string; name: string }, facts: FolderFacts | null, file: ImageFacts): void => {
    if (file.kind === 'other') return;
    const path = `${folder.path}/${file.name}`;
    const { owner, remark } = ownerIn(storage.key, facts, file, path);
    const base = basePathOf(folder, file);
    rows.push({
      key: `${storage.key} ${path}`,
      storage,
      folder: folder.path,
      folderName: folder.name,
      path,
      name: file.name,
      type: file.kind === 'file' ? file.type : null,
      virtualSize: file.kind === 'file' && file.size >= 512 ? virtualSizeOf(file) : null,
      size: file.size,
      allocated: file.allocated,
      modified: file.modified,
      owner,
      backing: base ?? (file.backing || null),
      openBy: open.get(file.inode) ?? nothingOpen,
      openUnknown,
      remark: join(remark, oddOf(file, owner), missingBase(base), neededBy(path)),
    });
  };
  for (const file of main.storage.files ?? []) add({ path: main.storage.path, name: '' }, null, file);
  for (const folder of foldersIn) for (const file of folder.files) add(folder, folder, file);
  for (const { name, files } of main.storage.trashFolders ?? [])
    for (const file of files ?? []) {
      const folder = `${main.storage.path}/${trashDirectory}/${name}`;
      rows.push({
        ...file,
        key: `${storage.key} ${folder}/${file.name}`,
        storage,
        folder,
        folderName: name,
        path: `${folder}/${file.name}`,
        type: null,
        virtualSize: null,
        owner: { kind: 'trash', name },
        backing: null,
        openBy: nothingOpen,
        openUnknown,
        remark: null,
      });
    }
  return rows;
};

const storageRow = (group: Group, rows: readonly ImageRow[]): StorageRow => {
  const { view, storage } = group.main;
  let [allocated, trash, images, promised, growth] = [0, 0, 0, 0, 0];
  for (const row of rows) {
    if (row.owner.kind === 'trash') trash += row.allocated;
    else {
      allocated += row.allocated;
      images += 1;
    }
    if (row.owner.kind !== 'instance' && row.owner.kind !== 'replica') continue;
    const virtual = row.virtualSize ?? row.size;
    promised += virtual;
    growth += Math.max(0, virtual - row.allocated);
  }
  const others = group.sights
    .filter((each) => each.view.seen && each.storage.state === 'ok')
    .filter((each) => each.storage.totalBytes !== storage.totalBytes)
    .map((each) => each.view.name);
  return {
    ...group.storage,
    state: storage.state,
    node: view.name,
    seen: view.seen,
    filesystem: storage.filesystem,
    capacity: storage.totalBytes,
    used: Math.max(0, storage.totalBytes - storage.freeBytes),
    free: storage.freeBytes,
    allocated,
    trash,
    images,
    promised,
    overcommitBytes: storage.state === 'ok' ? Math.max(0, growth - storage.freeBytes) : 0,
    remark:
      others.length === 0
        ? null
        : `${listText([...new Set(others)])} and ${view.name} show the same id here, but file systems of different sizes: these are hardly one storage. Images are listed as ${view.name} shows them.`,
  };
};

type Inventory = { rows: ImageRow[]; storages: StorageRow[] };
const kept = new WeakMap<Snapshot, Inventory>();

const byPath = <T extends { path: string; key: string }>(a: T, b: T): number => {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.key < b.key ? -1 : 1;
};

const build = (snapshot: Snapshot): Inventory => {
  const lookup = lookupOf(snapshot);
  const ownerIn = imageOwners(snapshot);
  const folders = new Map<NodeView, Map<string, FolderFacts[]>>();
  const foldersIn = ({ view, storage }: Sight): FolderFacts[] => {
    let known = folders.get(view);
    if (!known) {
      known = Map.groupBy(view.facts?.folders ?? [], (each) => each.storage);
      folders.set(view, known);
    }
    return (known.get(storage.path) ?? []).filter((each) => each.name !== trashDirectory);
  };
  const rows: ImageRow[] = [];
  const storages: StorageRow[] = [];
  for (const group of groupsOf(lookup)) {
    const own = rowsOf(group, foldersIn(group.main), lookup, ownerIn);
    rows.push(...own);
    storages.push(storageRow(group, own));
  }
  return { rows: rows.sort(byPath), storages: storages.sort(byPath) };
};

const inventoryOf = (snapshot: Snapshot): Inventory => {
  const known = kept.get(snapshot) ?? build(snapshot);
  kept.set(snapshot, known);
  return known;
};

/** Every image file, each storage once, by path. The same array for the same snapshot object. */
export const imagesOf = (snapshot: Snapshot): readonly ImageRow[] => inventoryOf(snapshot).rows;

/** The storage directories with their space, by path. The same array for the same snapshot object. */
export const storagesOf = (snapshot: Snapshot): readonly StorageRow[] => inventoryOf(snapshot).storages;
