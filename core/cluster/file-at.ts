/** A file wherever the probe looks: in a folder of a storage directory, beside the folders, or among the templates. */
import { imageAt } from './backing.ts';
import type { NodeView } from './lookup.ts';
import { templateDirectory } from './schema.ts';
import type { FolderFacts, ImageFacts } from './snapshot.ts';

export type FileSight = {
  file: ImageFacts;
  path: string;
  /** path of the directory in which it lies */
  directory: string;
  /** null for a file that lies in no instance's or other folder */
  folder: FolderFacts | null;
};

/** The file at this path, as the node showed it last. */
export const fileAt = (view: NodeView | undefined, path: string): FileSight | null => {
  const at = path.lastIndexOf('/');
  const directory = path.slice(0, at);
  const name = path.slice(at + 1);
  const image = imageAt(view, path);
  if (image) return { file: image.file, path, directory, folder: image.folder };
  for (const storage of view?.facts?.storages ?? []) {
    const files =
      directory === storage.path
        ? storage.files
        : directory === `${storage.path}/${templateDirectory}`
          ? storage.templates
          : undefined;
    const file = files?.find((each) => each.name === name);
    if (file) return { file, path, directory, folder: null };
  }
  const template =
    directory === view?.facts?.templates?.path
      ? view.facts.templates.files.find((each) => each.name === name)
      : undefined;
  return template ? { file: template, path, directory, folder: null } : null;
};
