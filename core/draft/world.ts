/** A snapshot that is being changed step by step: the objects of the one that it began with stay as they are. */

import { type RemovedImages, removedImagesFile } from '../cluster/removed-images.ts';
import { templateDirectory, trashDirectory } from '../cluster/schema.ts';
import type {
  DomainFacts,
  FolderFacts,
  ImageFacts,
  NodeFacts,
  Snapshot,
  StorageFacts,
  TrashFacts,
} from '../cluster/snapshot.ts';
import { baseName, directoryOf } from '../storage/paths.ts';

/** Something that the effect of a plan leaves open: what is shown of it is a guess. */
export type Guess = {
  node: string | null;
  /** what of the snapshot it is about; whoever works there has to be told */
  path: string;
  text: string;
};

/** The same while it may still get another name. */
type OpenGuess = Omit<Guess, 'text'> & { say: (path: string) => string };

export type World = {
  readonly start: Snapshot;
  cluster: Snapshot['cluster'];
  /** of the nodes that were changed */
  readonly facts: Map<string, NodeFacts>;
  /** "node path" of images that this run proved */
  readonly proved: Set<string>;
  /** what a removed.json says, by the path where it lies */
  readonly notes: Map<string, RemovedImages>;
  guesses: OpenGuess[];
  lastInode: number;
};

export const worldOf = (start: Snapshot): World => ({
  start,
  cluster: start.cluster,
  facts: new Map(),
  proved: new Set(),
  notes: new Map(),
  guesses: [],
  lastInode: 0,
});

export const snapshotOf = (world: World): Snapshot => ({
  ...world.start,
  cluster: world.cluster,
  nodes: world.start.nodes.map((node) => {
    const facts = world.facts.get(node.name);
    return facts ? { ...node, facts } : node;
  }),
});

export const factsOf = (world: World, node: string): NodeFacts | null =>
  world.facts.get(node) ?? world.start.nodes.find((each) => each.name === node)?.facts ?? null;

export const changeFacts = (
  world: World,
  node: string,
  change: (facts: NodeFacts) => Partial<NodeFacts>,
): void => {
  const facts = factsOf(world, node);
  if (facts) world.facts.set(node, { ...facts, ...change(facts) });
};

/** @param say the sentence, for the path that it has in the end */
export const guess = (
  world: World,
  node: string | null,
  path: string,
  say: string | ((path: string) => string),
): void => {
  world.guesses.push({ node, path, say: typeof say === 'string' ? () => say : say });
};

/** What was guessed of a file or folder goes with it. */
export const renameGuesses = (world: World, from: string, to: string): void => {
  world.guesses = world.guesses.map((each) =>
    each.path === from || each.path.startsWith(`${from}/`)
      ? { ...each, path: `${to}${each.path.slice(from.length)}` }
      : each,
  );
};

export const guessesOf = (world: World): Guess[] =>
  world.guesses.map(({ node, path, say }) => ({ node, path, text: say(path) }));

/** No storage numbers its files so high: what is made in a draft is told apart from what is there. */
const firstInode = 2 ** 51;

/** A number that no file or folder has, also none that an earlier plan of the draft made. */
export const freshInode = (world: World): number => {
  if (world.lastInode === 0)
    world.lastInode = world.start.nodes.reduce(
      (highest, { facts }) =>
        (facts?.folders ?? []).reduce(
          (top, { inode, files }) => Math.max(top, inode, ...files.map((each) => each.inode)),
          (facts?.storages ?? [])
            .flatMap(({ files = [], templates = [] }) => [...files, ...templates])
            .reduce((top, { inode }) => Math.max(top, inode), highest),
        ),
      firstInode,
    );
  world.lastInode += 1;
  return world.lastInode;
};

/** The same path as a node sees it, with the storage directory in which it lies there. */
export type Sight = { node: string; path: string; storage: StorageFacts };

const storageAt = (facts: NodeFacts | null, path: string): StorageFacts | null =>
  (facts?.storages ?? [])
    .filter((each) => path.startsWith(`${each.path}/`))
    .sort((a, b) => b.path.length - a.path.length)[0] ?? null;

/** Every node that sees what lies at this path of `node`, by the storage's id; that node first. */
export const sightsOf = (world: World, node: string, path: string): Sight[] => {
  const storage = storageAt(factsOf(world, node), path);
  if (!storage) return [];
  const below = path.slice(storage.path.length);
  return [
    { node, path, storage },
    ...world.start.nodes.flatMap(({ name }) =>
      storage.id === null
        ? []
        : (factsOf(world, name)?.storages ?? [])
            .filter((each) => each.id === storage.id && !(name === node && each.path === storage.path))
            .map((each) => ({ node: name, path: `${each.path}${below}`, storage: each })),
    ),
  ];
};

const changeStorage = (
  world: World,
  { node, storage }: Sight,
  change: (storage: StorageFacts) => Partial<StorageFacts>,
): void =>
  changeFacts(world, node, ({ storages }) => ({
    storages: storages.map((each) => (each.path === storage.path ? { ...each, ...change(each) } : each)),
  }));

/** Bytes that are taken (+) on the storage, or come free (-). */
export const takeBytes = (world: World, node: string, path: string, bytes: number): void => {
  if (bytes !== 0)
    for (const sight of sightsOf(world, node, path))
      changeStorage(world, sight, ({ freeBytes }) => ({ freeBytes: freeBytes - bytes }));
};

/** What the folder was before it went into the trash: of one there, the probe tells less. */
const formerly = new WeakMap<TrashFacts, FolderFacts>();

const isTrash = ({ path, storage }: Pick<Sight, 'path' | 'storage'>): boolean =>
  directoryOf(path) === `${storage.path}/${trashDirectory}`;

/** The folder at this path as one node shows it, also one in the trash. */
export const folderAt = (world: World, node: string, path: string): FolderFacts | null => {
  const facts = factsOf(world, node);
  const storage = storageAt(facts, path);
  if (!facts || !storage) return null;
  if (!isTrash({ path, storage })) return facts.folders.find((each) => each.path === path) ?? null;
  if (!storage.trash.includes(baseName(path))) return null;
  const trash = storage.trashFolders?.find((each) => each.name === baseName(path));
  if (trash?.removedImages?.ok) world.notes.set(`${path}/${removedImagesFile}`, trash.removedImages.note);
  const known = trash && formerly.get(trash);
  if (known) return known;
  const { record = null, lock = null, replicaRecord, files = [] } = trash ?? {};
  const said = record?.ok ? record.record : replicaRecord?.ok ? replicaRecord.replica.record : null;
  return {
    storage: storage.path,
    path,
    name: baseName(path),
    // a rename keeps the number, so the record's own place tells it
    inode: said?.place.inode ?? freshInode(world),
    device: storage.device,
    record,
    lock,
    config: null,
    replica: replicaRecord !== undefined,
    ...(replicaRecord && { replicaRecord }),
    files: files.map((file) => ({
      ...file,
      type: file.type ?? null,
      inode: freshInode(world),
      device: storage.device,
      kind: 'file' as const,
    })),
  };
};

const inTrash = (world: World, folder: FolderFacts): TrashFacts => {
  const note = world.notes.get(`${folder.path}/${removedImagesFile}`);
  const trash: TrashFacts = {
    name: folder.name,
    record: folder.record,
    lock: folder.lock,
    ...(folder.replicaRecord && { replicaRecord: folder.replicaRecord }),
    ...(note && { removedImages: { ok: true as const, note } }),
    allocated: folder.files.reduce((sum, each) => sum + each.allocated, 0),
    files: folder.files.map(({ name, size, allocated, modified, type, backing }) => ({
      ...{ name, size, allocated, modified, type },
      ...(backing !== undefined && { backing }),
    })),
  };
  formerly.set(trash, folder);
  return trash;
};

/** Puts a folder there, in place of what is there; null takes it away. Every node that sees it shows it. */
export const putFolder = (world: World, node: string, path: string, folder: FolderFacts | null): void => {
  for (const sight of sightsOf(world, node, path)) {
    const { storage } = sight;
    const here: FolderFacts | null = folder && {
      ...folder,
      storage: storage.path,
      path: sight.path,
      name: baseName(sight.path),
      device: storage.device,
      files: folder.files.map((each) => ({ ...each, device: storage.device })),
    };
    if (isTrash(sight)) {
      const name = baseName(sight.path);
      changeStorage(world, sight, ({ trash, trashFolders = [] }) => ({
        trash: [...trash.filter((each) => each !== name), ...(here ? [name] : [])],
        trashFolders: [
          ...trashFolders.filter((each) => each.name !== name),
          ...(here ? [inTrash(world, here)] : []),
        ],
      }));
    } else
      changeFacts(world, sight.node, ({ folders }) => {
        const at = folders.findIndex((each) => each.path === sight.path);
        if (at < 0) return { folders: here ? [...folders, here] : folders };
        return { folders: here ? folders.with(at, here) : folders.toSpliced(at, 1) };
      });
  }
};

/** One folder as it becomes, as every node that sees it shows it. Nothing where there is none. */
export const replaceFolder = (
  world: World,
  node: string,
  path: string,
  change: (folder: FolderFacts) => FolderFacts,
): void => {
  const folder = folderAt(world, node, path);
  if (folder) putFolder(world, node, path, change(folder));
};

export const changeFolder = (
  world: World,
  node: string,
  path: string,
  change: (folder: FolderFacts) => Partial<FolderFacts>,
): void => replaceFolder(world, node, path, (folder) => ({ ...folder, ...change(folder) }));

export const withoutReplica = ({ replicaRecord: _, ...folder }: FolderFacts): FolderFacts => ({
  ...folder,
  replica: false,
});

/** The files of the directory in which a path lies: a folder, the trash, the templates, or the storage directory itself. */
const filesAt = (world: World, { node, path, storage }: Sight): readonly ImageFacts[] => {
  const directory = directoryOf(path);
  if (directory === storage.path) return storage.files ?? [];
  if (directory === `${storage.path}/${templateDirectory}`) return storage.templates ?? [];
  return folderAt(world, node, directory)?.files ?? [];
};

export const fileAt = (world: World, node: string, path: string): ImageFacts | null => {
  const storage = storageAt(factsOf(world, node), path);
  const found =
    storage && filesAt(world, { node, path, storage }).find(({ name }) => name === baseName(path));
  if (found) return found;
  const templates = factsOf(world, node)?.templates;
  return templates?.path === directoryOf(path)
    ? (templates.files.find((each) => each.name === baseName(path)) ?? null)
    : null;
};

/** Puts a file there, in place of what is there; null takes it away. */
export const putFile = (world: World, node: string, path: string, file: ImageFacts | null): void => {
  const name = baseName(path);
  const changed = (files: readonly ImageFacts[], device: number): ImageFacts[] => [
    ...files.filter((each) => each.name !== name),
    ...(file ? [{ ...file, name, device }] : []),
  ];
  const sights = sightsOf(world, node, path);
  const [first] = sights;
  if (!first) return;
  const directory = directoryOf(path);
  const beside = [first.storage.path, `${first.storage.path}/${templateDirectory}`].includes(directory);
  if (!beside) {
    changeFolder(world, node, directory, ({ files }) => ({ files: changed(files, first.storage.device) }));
    return;
  }
  for (const sight of sights)
    changeStorage(world, sight, ({ files = [], templates = [], device }) =>
      directory === first.storage.path
        ? { files: changed(files, device) }
        : { templates: changed(templates, device) },
    );
};

export const changeFile = (
  world: World,
  node: string,
  path: string,
  change: (file: ImageFacts) => Partial<ImageFacts>,
): void => {
  const file = fileAt(world, node, path);
  if (file) putFile(world, node, path, { ...file, ...change(file) });
};

/** Takes the file away and gives its blocks back, unless it has other names. */
export const dropFile = (world: World, node: string, path: string): void => {
  const file = fileAt(world, node, path);
  if (!file) return;
  putFile(world, node, path, null);
  if ((file.links ?? 1) <= 1) takeBytes(world, node, path, -file.allocated);
};

export const changeDomains = (
  world: World,
  node: string,
  change: (domains: DomainFacts[]) => DomainFacts[],
): void => changeFacts(world, node, ({ domains }) => ({ domains: change(domains) }));
