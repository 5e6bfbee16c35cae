/** Which images an adoption is about: those of a folder by their names, or files named one by one. */
import { filesBeside } from '../../cluster/file-at.ts';
import { type FolderSight, storageOf } from '../../cluster/lookup.ts';
import type { ImageFacts } from '../../cluster/snapshot.ts';
import { collectImages, MAXIMUM_DISKS } from '../../storage/image-names.ts';
import { validateImagePath } from '../../storage/paths.ts';
import { SECTOR_BYTES } from '../../storage/sizes.ts';
import { folderMayBeTaken, folderSight } from '../checks/taken-folder.ts';
import type { AdoptIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { blocks, type Scene, warning } from '../scene.ts';

const field = 'paths';

type Chosen = { sight: FolderSight; file: ImageFacts };
export type Choice = {
  /** in the order of the disks */
  chosen: Chosen[];
  /** every folder that is touched, once */
  sources: FolderSight[];
  reasons: Reason[];
};

/** The images of a folder, by their names. */
const chooseFolder = (sight: FolderSight): Choice => {
  const { folder, node } = sight;
  const about = { node, field };
  const collected = collectImages(folder.files.map((each) => each.name));
  const reasons = collected.problems.map(({ code, message }) =>
    blocks(
      code === 'none' ? 'no-images' : code === 'gap' ? 'image-gap' : 'image-ambiguous',
      'Images',
      `${folder.path}: ${message} Or name its images one by one, in the order of the disks.`,
      about,
    ),
  );
  for (const name of collected.others) {
    const file = folder.files.find((each) => each.name === name);
    if (file?.kind === 'file' && file.size < SECTOR_BYTES) continue;
    reasons.push(
      warning(
        'other-file',
        'Other files',
        `${folder.path}/${name} is not named like an image, so it becomes no disk and is left as it is.`,
        about,
      ),
    );
  }
  const chosen = collected.disks.flatMap(({ name }) => {
    const file = folder.files.find((each) => each.name === name);
    return file ? [{ sight, file }] : [];
  });
  return { chosen, sources: [sight], reasons };
};

/** Files that lie in the storage directory itself: no folder of theirs could be locked, or become the instance's. */
const besideFolders = (scene: Scene, node: string, path: string): FolderSight | null => {
  const view = scene.lookup.byName.get(node);
  const storage = storageOf(view, path);
  if (!view || !storage?.files) return null;
  return {
    node,
    seen: view.seen,
    folder: filesBeside(storage),
    storageId: storage.id,
    key: `${storage.id ?? `${node}:${path}`} files`,
    recordId: null,
  };
};
/** Whether it is a folder, which can be locked and become the instance's, and not the storage directory itself. */
export const isFolder = ({ folder }: FolderSight): boolean => folder.path !== folder.storage;

/** The folder that becomes the instance's, where all its images lie in one; null: they move into a new one. */
export const folderInPlace = ({ sources }: Pick<Choice, 'sources'>): FolderSight | null => {
  const [only] = sources;
  return only && sources.length === 1 && isFolder(only) ? only : null;
};

const chooseFiles = (scene: Scene, node: string, paths: readonly string[]): Choice => {
  const about = { node, field };
  const chosen: Chosen[] = [];
  const sources = new Map<string, FolderSight>();
  const reasons: Reason[] = [];
  const allowed = scene.snapshot.cluster.storageDirectories;
  for (const [index, path] of paths.entries()) {
    if (paths.indexOf(path) !== index) {
      reasons.push(blocks('twice', 'Images', `${path} is named twice: one file is one disk.`, about));
      continue;
    }
    const checked = validateImagePath(path, allowed);
    if (!checked.ok) {
      reasons.push(blocks('image-path', 'Path', checked.message, about));
      continue;
    }
    const at = path.lastIndexOf('/');
    const directory = path.slice(0, at);
    const sight = folderSight(scene, node, directory) ?? besideFolders(scene, node, directory);
    const file = sight?.folder.files.find((each) => each.name === path.slice(at + 1));
    if (!sight || !file) {
      reasons.push(
        blocks(
          'no-images',
          'Images',
          `${node} shows no folder and no image ${path}. Images lie in a storage directory or in a folder of it, such as ${allowed[0] ?? ''}/old/disk0 (what only a symbolic link leads to does not count).`,
          about,
        ),
      );
      continue;
    }
    sources.set(sight.folder.path, sight);
    chosen.push({ sight, file });
  }
  return { chosen, sources: [...sources.values()], reasons };
};

export const choose = (scene: Scene, { primary, paths }: AdoptIntent): Choice => {
  if (!scene.lookup.byName.get(primary)?.facts) return { chosen: [], sources: [], reasons: [] };
  const [only] = paths;
  const sight = only === undefined || paths.length > 1 ? null : folderSight(scene, primary, only);
  const choice = sight ? chooseFolder(sight) : chooseFiles(scene, primary, paths);
  const reasons = choice.sources.flatMap((each) => folderMayBeTaken(scene, each, field));
  if (choice.chosen.length > MAXIMUM_DISKS)
    reasons.push(
      blocks(
        'disks',
        'Images',
        `${choice.chosen.length} images are too many: an instance has at most ${MAXIMUM_DISKS} disks.`,
        { field },
      ),
    );
  const storages = new Map(choice.sources.map((each) => [each.folder.storage, each.folder.path]));
  // a base that is named beside its image would be another file, or none, in the new folder
  if (folderInPlace(choice) === null)
    for (const { sight, file } of choice.chosen)
      if (file.backing && !file.backing.replace(/^file:/, '').startsWith('/'))
        reasons.push(
          blocks(
            'relative-base',
            'Images',
            `${sight.folder.path}/${file.name} builds on ${file.backing}, a name beside it: moved into another folder it would build on another file, or on none. ${isFolder(sight) ? 'Adopt it in its own folder, or give' : 'Give'} its base an absolute name first (qemu-img rebase -u).`,
            { node: primary, field },
          ),
        );
  if (storages.size > 1)
    reasons.push(
      blocks(
        'other-storage',
        'Images',
        `The images lie in different storage directories (${[...storages.values()].join(', ')}): they are moved by renaming only. Bring them into one storage directory first.`,
        { node: primary, field },
      ),
    );
  return { ...choice, reasons: [...choice.reasons, ...reasons] };
};
