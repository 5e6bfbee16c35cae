/** A file wherever the probe looks: in a folder of a storage directory, beside the folders, or among the templates. */
import { imageAt } from './backing.ts';
import type { NodeView } from './lookup.ts';
import type { FolderFacts, ImageFacts, StorageFacts } from './snapshot.ts';
import { fileAt, storageAt, templateAt } from './users.ts';

export type FileSight = {
  file: ImageFacts;
  path: string;
  /** path of the directory in which it lies */
  directory: string;
  /** null for a file that lies in no instance's or other folder */
  folder: FolderFacts | null;
};

/** What lies in the storage directory itself, as a folder shows its files. Nothing in it can be locked, or become an instance's. */
export const filesBeside = (storage: StorageFacts): FolderFacts => ({
  storage: storage.path,
  path: storage.path,
  name: '',
  inode: 0,
  device: storage.device,
  record: null,
  lock: null,
  config: null,
  replica: false,
  files: storage.files ?? [],
});

/** The file at this path, as the node showed it last. */
export const sightAt = (view: NodeView | undefined, path: string): FileSight | null => {
  const directory = path.slice(0, path.lastIndexOf('/'));
  const image = imageAt(view, path);
  if (image) return { file: image.file, path, directory, folder: image.folder };
  const storage = storageAt(view, path);
  const file = (storage && view?.facts && fileAt(view.facts, storage, path)) ?? templateAt(view, path);
  return file ? { file, path, directory, folder: null } : null;
};
