/** What actions on images leave behind. */
import type { FolderFacts, ImageFacts } from '../cluster/snapshot.ts';
import type { Action } from '../plan/action.ts';
import { partialName } from '../storage/kept-names.ts';
import { baseName, directoryOf } from '../storage/paths.ts';
import { formatBytes } from '../storage/sizes.ts';
import {
  changeFile,
  dropFile,
  fileAt,
  folderAt,
  freshInode,
  guess,
  putFile,
  putFolder,
  renameGuesses,
  takeBytes,
  type World,
  withoutReplica,
} from './world.ts';

/** A new qcow2 image has its tables and nothing else. */
const emptyQcow2 = 196_616;

type Made = Pick<ImageFacts, 'size' | 'allocated' | 'type'> & Partial<ImageFacts>;

const putNew = (world: World, node: string, path: string, made: Made): void => {
  putFile(world, node, path, {
    name: baseName(path),
    modified: world.start.takenAt,
    inode: freshInode(world),
    device: 0,
    links: 1,
    kind: 'file',
    ...made,
  });
  takeBytes(world, node, path, made.allocated);
};

const made = (type: 'raw' | 'qcow2', size: number, allocated: number, backing: string | null = null): Made =>
  type === 'raw'
    ? { type, size, allocated }
    : { type, size: Math.max(emptyQcow2, allocated), allocated, virtualSize: size, backing };

const moved = (world: World, node: string, from: string, to: string): void => {
  const file = fileAt(world, node, from);
  if (!file) return;
  putFile(world, node, from, null);
  putFile(world, node, to, file);
  renameGuesses(world, from, to);
};

/** The folder without one of the files that lie beside the images; null when it is none of them. */
const withoutOwn = (folder: FolderFacts, name: string): FolderFacts | null => {
  switch (name) {
    case 'instance.json':
      return { ...folder, record: null };
    case 'xen.cfg':
      return { ...folder, config: null };
    case 'replica.json':
      return withoutReplica(folder);
    default:
      return null;
  }
};

type Copying = Extract<Action, { do: 'copy-image' }>;

/** The copy grows beside its final name. */
const copied = (world: World, run: string, { from, to, size, type }: Copying): void => {
  const source = fileAt(world, from.node, from.path);
  const partial = `${directoryOf(to.path)}/${partialName(baseName(to.path), run)}`;
  const before = fileAt(world, to.node, partial);
  const {
    inode: _,
    device: _on,
    links: _names,
    ...like
  } = source ?? {
    ...{ name: '', modified: world.start.takenAt, inode: 0, device: 0, type, kind: 'file' as const },
    ...{ size: size ?? 0, allocated: size ?? 0 },
  };
  if (before) dropFile(world, to.node, partial);
  putNew(world, to.node, partial, { ...like, kind: 'file' });
  // both sides are read, and both keep what they read
  world.proved.add(`${from.node} ${from.path}`);
};

export const effectOnFiles = (world: World, node: string, action: Action, run: string): boolean => {
  switch (action.do) {
    case 'create-image': {
      const { path, type, size, allocation, base } = action;
      putNew(
        world,
        node,
        path,
        made(type, size, allocation === 'full' ? size : type === 'raw' ? 0 : emptyQcow2, base?.path ?? null),
      );
      return true;
    }
    case 'copy-template': {
      const { path, type, size, from } = action;
      putNew(world, node, path, made(type, size, fileAt(world, node, from)?.allocated ?? size));
      return true;
    }
    case 'convert-image': {
      const { from, to } = action;
      const source = fileAt(world, node, from.path);
      const size = action.size ?? source?.virtualSize ?? source?.fixedVhd ?? source?.size ?? 0;
      putNew(world, node, to.path, made(to.type, size, Math.min(size, source?.allocated ?? size)));
      const about = formatBytes(Math.max(0, Math.floor(source?.allocated ?? size)));
      guess(
        world,
        node,
        to.path,
        (path) =>
          `How many bytes ${path} takes is known once it is made of ${from.path}; ${source ? 'about ' : ''}${about} were counted.`,
      );
      if (action.size === null && source?.virtualSize === undefined && from.type !== 'raw')
        guess(
          world,
          node,
          to.path,
          `How large a disk ${from.path} holds is not known before it is converted; ${formatBytes(Math.max(0, Math.floor(size)))} were taken for it.`,
        );
      return true;
    }
    case 'copy-image':
      copied(world, run, action);
      return true;
    case 'accept-copy': {
      const { path } = action;
      moved(world, node, `${directoryOf(path)}/${partialName(baseName(path), run)}`, path);
      world.proved.add(`${node} ${path}`);
      return true;
    }
    case 'drop-partial':
      dropFile(world, node, `${directoryOf(action.path)}/${partialName(baseName(action.path), run)}`);
      return true;
    case 'grow-image': {
      const { path, type, to } = action;
      changeFile(world, node, path, () => (type === 'raw' ? { size: to } : { virtualSize: to }));
      return true;
    }
    case 'rename-image':
    case 'take-image':
      moved(world, node, action.from, action.to);
      return true;
    case 'delete-kept':
      dropFile(world, node, action.path);
      return true;
    case 'remove-file': {
      const { path } = action;
      const folder = folderAt(world, node, directoryOf(path));
      const own = folder && withoutOwn(folder, baseName(path));
      if (own) putFolder(world, node, directoryOf(path), own);
      else dropFile(world, node, path);
      return true;
    }
    case 'revert-snapshot':
      changeFile(world, node, action.path, () => ({ virtualSize: action.size }));
      guess(
        world,
        node,
        action.path,
        `How many bytes ${action.path} takes once it is taken back to ${action.tag} is not known before.`,
      );
      return true;
    case 'make-snapshot':
    case 'drop-snapshot':
      guess(
        world,
        node,
        action.path,
        `Which snapshots ${action.path} holds is read from the image itself: what is planned here takes it that ${action.tag} ${action.do === 'make-snapshot' ? 'is' : 'is not'} among them.`,
      );
      return true;
    case 'run-os-create':
      for (const { path } of action.images)
        guess(
          world,
          node,
          path,
          `How many bytes the installation writes to ${path} is known when it has run; none were counted.`,
        );
      return true;
    case 'run-os-script': {
      const { script, images } = action;
      if (script.name === 'export') {
        const size = images.find((each) => each.index === script.index)?.size ?? 0;
        if (fileAt(world, node, script.file) === null)
          putNew(world, node, script.file, { type: 'raw', size, allocated: size });
        guess(
          world,
          node,
          script.file,
          `How large ${script.file} is once the export script has run is not known before; the size of the disk was counted.`,
        );
      } else
        for (const { path } of images)
          guess(
            world,
            node,
            path,
            `How many bytes the script ${script.name} writes to ${path} is known when it has run; none were counted.`,
          );
      return true;
    }
    case 'drop-export':
      dropFile(world, node, action.file);
      return true;
    default:
      return false;
  }
};
