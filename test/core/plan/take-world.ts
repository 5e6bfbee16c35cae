/** Folders without a record, for reuse and adopt. */
import type { FolderFacts, ImageFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { gib, sharedDevice, sharedDirectory, withFolder } from '../../support/snapshot-builder.ts';

/** What the probe tells of an image, with what its header says where it has one. */
export type TestImage = Partial<ImageFacts> & { name: string; backing?: string | null; virtualSize?: number };

let inodes = 70_000;
export const imageOf = (change: TestImage): ImageFacts & { backing?: string | null } => {
  inodes += 1;
  return {
    size: gib,
    allocated: 4096,
    modified: 0,
    inode: inodes,
    device: sharedDevice,
    type: 'raw',
    kind: 'file',
    ...change,
  };
};

export const orphanOf = (
  name: string,
  files: readonly TestImage[],
  change: Partial<FolderFacts> = {},
): FolderFacts => {
  inodes += 1;
  const storage = change.storage ?? sharedDirectory;
  return {
    storage,
    path: `${storage}/${name}`,
    name,
    inode: inodes,
    device: sharedDevice,
    record: null,
    lock: null,
    config: null,
    replica: false,
    files: files.map(imageOf),
    ...change,
  };
};

export const onAll = (snapshot: Snapshot, folder: FolderFacts): Snapshot =>
  withFolder(
    snapshot,
    snapshot.nodes.map((each) => each.name),
    folder,
  );

/** Paths of files that any step, or the undo of one, writes, makes or removes. Moving a whole file is none of these. */
export const writtenPaths = (made: Plan): string[] =>
  made.steps.flatMap((step) =>
    [step.action, ...step.undo.map((each) => each.action)].flatMap((action) => {
      switch (action.do) {
        case 'create-image':
        case 'grow-image':
        case 'remove-file':
        case 'write-file':
        case 'delete-kept':
        case 'make-snapshot':
        case 'drop-snapshot':
        case 'revert-snapshot':
        case 'accept-copy':
        case 'drop-partial':
          return [action.path];
        case 'convert-image':
          return [action.to.path];
        case 'rename-image':
          return [action.from, action.to];
        case 'purge-folder':
          return action.files.map((file) => `${action.folder}/${file}`);
        default:
          return [];
      }
    }),
  );
