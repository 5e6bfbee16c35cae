/** The whole chain of images on which one builds, as a node shows it. Pure. */

import { backingIsKnown, backingOf, basePathOf, imageAt, isShownAt } from './backing.ts';
import type { NodeView } from './lookup.ts';
import { templateDirectory } from './schema.ts';
import type { FolderFacts, ImageFacts } from './snapshot.ts';

/** Why a chain can't be followed to an image that holds all of its data itself. */
export type ChainBreak =
  /** no file: a device, a server, options in JSON */
  | 'elsewhere'
  /** a file that lies below no storage directory */
  | 'outside'
  | 'missing'
  /** lies where the probe does not look */
  | 'unseen'
  /** the probe does not tell on what an image builds */
  | 'unknown'
  /** of a type on which nothing may build, or no regular file */
  | 'foreign'
  | 'endless';

export type Chain = {
  /** paths, the nearest first, as far as the node shows them */
  bases: string[];
  /** null: the last one is whole. `on`: on what it builds there, as far as that is known */
  broken: { why: ChainBreak; on: string; type: ImageFacts['type'] } | null;
};

const longest = 64;

/** The file at this path, also where no folder holds it. */
const fileAt = (view: NodeView | undefined, path: string): ImageFacts | null => {
  const image = imageAt(view, path);
  if (image) return image.file;
  for (const { path: storage, files = [], templates = [] } of view?.facts?.storages ?? []) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (path === `${storage}/${name}`) return files.find((each) => each.name === name) ?? null;
    if (path === `${storage}/${templateDirectory}/${name}`)
      return templates.find((each) => each.name === name) ?? null;
  }
  return null;
};

/** @param directories the cluster's storage directories */
export const chainOf = (
  view: NodeView | undefined,
  start: { folder: Pick<FolderFacts, 'path'>; file: ImageFacts },
  directories: readonly string[],
): Chain => {
  const bases: string[] = [];
  const seen = new Set([`${start.folder.path}/${start.file.name}`]);
  let { folder, file } = start;
  const end = (why: ChainBreak, on: string, type: ImageFacts['type'] = null): Chain => ({
    bases,
    broken: { why, on, type },
  });
  for (;;) {
    if (!backingIsKnown(file)) return end('unknown', '');
    const named = backingOf(file);
    const path = basePathOf(folder, file);
    if (path === null) return named === null ? { bases, broken: null } : end('elsewhere', named);
    if (!directories.some((each) => path.startsWith(`${each}/`))) return end('outside', path);
    if (seen.has(path) || bases.length >= longest) return end('endless', path);
    const found = fileAt(view, path);
    if (found === null) return end(isShownAt(view, path) === false ? 'missing' : 'unseen', path);
    if (found.kind !== 'file') return end('foreign', path);
    if (found.type !== 'raw' && found.type !== 'qcow' && found.type !== 'qcow2')
      return end('foreign', path, found.type);
    seen.add(path);
    bases.push(path);
    folder = { path: path.slice(0, path.lastIndexOf('/')) };
    file = found;
  }
};
