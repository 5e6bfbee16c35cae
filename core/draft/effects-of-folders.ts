/** What actions on folders, records, replicas and the trash leave behind. */

import { removedImages, removedImagesFile } from '../cluster/removed-images.ts';
import type { ReplicaRecord } from '../cluster/replica.ts';
import { trashDirectory } from '../cluster/schema.ts';
import type { FolderFacts } from '../cluster/snapshot.ts';
import type { Action } from '../plan/action.ts';
import { sha256 } from '../plan/sha256.ts';
import { partialName } from '../storage/kept-names.ts';
import { baseName, directoryOf } from '../storage/paths.ts';
import { diskFacts } from '../xen/disk-writer.ts';
import { writeInstanceConfig } from '../xen/instance-config.ts';
import {
  changeFolder,
  factsOf,
  folderAt,
  freshInode,
  guess,
  putFolder,
  renameGuesses,
  replaceFolder,
  sightsOf,
  takeBytes,
  type World,
  withoutReplica,
} from './world.ts';

type Lock = Extract<Action, { do: 'lock' }>['lock'];

const newFolder = (world: World, node: string, path: string, lock: Lock): void => {
  const [sight] = sightsOf(world, node, path);
  if (!sight) return;
  putFolder(world, node, path, {
    storage: sight.storage.path,
    path,
    name: baseName(path),
    inode: freshInode(world),
    device: sight.storage.device,
    record: null,
    lock: { ok: true, lock },
    config: null,
    replica: false,
    files: [],
  });
};

/** As a node fills in what the run's copies proved. The hash itself is not known before. */
const described = (world: World, node: string, folder: string, replica: ReplicaRecord): ReplicaRecord => ({
  ...replica,
  disks: replica.disks.map((disk) => ({
    ...disk,
    content:
      disk.content ??
      (world.proved.has(`${node} ${folder}/${disk.file}`) ? sha256(`${folder}/${disk.file}`) : null),
  })),
});

const asReplica = (replica: ReplicaRecord): Partial<FolderFacts> => ({
  record: null,
  replica: true,
  replicaRecord: { ok: true, replica },
});

/** Back from the trash, of which the probe does not tell the text of xen.cfg: what fits the record is taken for it. */
const withConfig = (world: World, node: string, folder: FolderFacts, to: string): FolderFacts => {
  const record = folder.record?.ok ? folder.record.record : null;
  if (folder.config !== null || record === null) return folder;
  const written = writeInstanceConfig(
    {
      ...record.guest,
      name: record.name,
      uuid: record.uuid,
      disks: record.disks.map(diskFacts),
      nics: record.nics,
    },
    factsOf(world, node)?.toolstack ?? 'xl',
  );
  guess(
    world,
    node,
    to,
    `What the xen.cfg of ${record.name} says is not shown while it lies in the trash; it is taken to agree with its record.`,
  );
  return written.ok ? { ...folder, config: written.text } : folder;
};

const isInTrash = (path: string): boolean => baseName(directoryOf(path)) === trashDirectory;

const movedFolder = (world: World, node: string, from: string, to: string): void => {
  const found = folderAt(world, node, from);
  if (!found) return;
  const note = world.notes.get(`${from}/${removedImagesFile}`);
  const folder = isInTrash(from) ? withConfig(world, node, found, to) : found;
  if (note) world.notes.set(`${to}/${removedImagesFile}`, note);
  putFolder(world, node, from, null);
  putFolder(world, node, to, folder);
  renameGuesses(world, from, to);
};

const purged = (
  world: World,
  node: string,
  { folder: path, files, keep = [] }: Extract<Action, { do: 'purge-folder' }>,
): void => {
  const folder = folderAt(world, node, path);
  if (!folder) return;
  const gone = folder.files.filter((each) => files.includes(each.name));
  takeBytes(
    world,
    node,
    path,
    -gone.reduce((sum, each) => sum + ((each.links ?? 1) > 1 ? 0 : each.allocated), 0),
  );
  putFolder(
    world,
    node,
    path,
    keep.length === 0
      ? null
      : {
          ...withoutReplica(folder),
          ...{ record: null, lock: null, config: null },
          files: folder.files.filter((each) => !gone.includes(each)),
        },
  );
};

const written = (world: World, node: string, path: string, content: string): void => {
  const folder = directoryOf(path);
  if (baseName(path) === 'xen.cfg') changeFolder(world, node, folder, () => ({ config: content }));
  else if (baseName(path) === removedImagesFile) {
    const read = removedImages.safeParse(JSON.parse(content));
    if (read.success) world.notes.set(path, read.data);
    // it lies in a folder of the trash already: that shows it
    changeFolder(world, node, folder, () => ({}));
  }
};

const renamedFiles = (world: World, node: string, folder: string, names: ReadonlyMap<string, string>): void =>
  changeFolder(world, node, folder, ({ files }) => ({
    files: files.map((each) => ({ ...each, name: names.get(each.name) ?? each.name })),
  }));

export const effectOnFolders = (world: World, node: string, action: Action): boolean => {
  switch (action.do) {
    case 'make-folder':
      newFolder(world, node, action.folder, action.lock);
      return true;
    case 'drop-folder':
      putFolder(world, node, action.folder, null);
      return true;
    case 'lock':
      changeFolder(world, node, action.folder, () => ({ lock: { ok: true, lock: action.lock } }));
      return true;
    case 'unlock':
    case 'break-lock':
      changeFolder(world, node, action.folder, () => ({ lock: null }));
      return true;
    case 'write-file':
      written(world, node, action.path, action.content);
      return true;
    case 'write-record': {
      const { folder, record } = action;
      changeFolder(world, node, folder, ({ inode }) => ({
        record: {
          ok: true,
          record: record.place.inode === 0 ? { ...record, place: { ...record.place, inode } } : record,
        },
      }));
      return true;
    }
    case 'move-folder':
      movedFolder(world, node, action.from, action.to);
      return true;
    case 'purge-folder':
      purged(world, node, action);
      return true;
    case 'drop-note':
      world.notes.delete(`${action.folder}/${removedImagesFile}`);
      return true;
    case 'reopen-replica':
      renamedFiles(
        world,
        node,
        action.folder,
        new Map(action.files.map((file) => [file, partialName(file, action.run)])),
      );
      return true;
    case 'reseal-replica':
      renamedFiles(
        world,
        node,
        action.folder,
        new Map(action.files.map((file) => [partialName(file, action.run), file])),
      );
      return true;
    case 'write-replica':
    case 'demote-record':
      changeFolder(world, node, action.folder, () =>
        asReplica(described(world, node, action.folder, action.replica)),
      );
      return true;
    case 'drop-replica':
      replaceFolder(world, node, action.folder, withoutReplica);
      return true;
    default:
      return false;
  }
};
