/** What is asked when one image is copied or converted, and the intents that the answers come to. Pure. */
import type { ImageRow } from '../../../core/cluster/images.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { convertedPath } from '../../../core/plan/disk/convert-file.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import type { ImageTask } from '../../navigation/route.ts';

export type ImageForm = {
  /** of the new image */
  node: string;
  directory: string;
  folder: string;
  name: string;
  type: 'raw' | 'qcow2';
  /** read it as a VHD of fixed size */
  isVhd: boolean;
  /** the agent of this workstation is lent to the node that is read */
  forwardAgent: boolean;
};

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Directories that the node can use, as it showed them last. */
export const directoriesOn = (snapshot: Snapshot, node: string): string[] => {
  const storages = snapshot.nodes.find((each) => each.name === node)?.facts?.storages ?? [];
  return snapshot.cluster.storageDirectories.filter((path) =>
    storages.some((each) => each.path === path && each.state === 'ok'),
  );
};

/** Folders of a storage directory that are no instance's: where images may be put beside others. */
export const foldersOn = (snapshot: Snapshot, node: string, directory: string): string[] =>
  (snapshot.nodes.find((each) => each.name === node)?.facts?.folders ?? [])
    .filter((each) => each.storage === directory && each.record === null && !each.replica)
    .map((each) => each.name)
    .sort();

/** The node to which a copy most likely goes: one that answers and does not see the image yet. */
const otherNode = (snapshot: Snapshot, row: ImageRow): string | null =>
  snapshot.nodes.find(
    (each) => each.trouble === null && each.facts !== null && !row.storage.nodes.includes(each.name),
  )?.name ?? null;

export const initialImageForm = (
  task: ImageTask,
  snapshot: Snapshot,
  row: ImageRow,
  node: string,
): ImageForm => {
  const type = row.type === 'raw' ? 'qcow2' : 'raw';
  if (task === 'convert')
    return {
      node,
      directory: row.storage.path,
      folder: row.folderName === '' ? 'converted' : row.folderName,
      name: baseName(convertedPath(row.path, type)),
      type,
      isVhd: false,
      forwardAgent: false,
    };
  const other = otherNode(snapshot, row);
  const target = other ?? node;
  const there = directoriesOn(snapshot, target);
  const directory = there.includes(row.storage.path) ? row.storage.path : (there[0] ?? row.storage.path);
  // on the same storage it can't have the same name
  const isSame = other === null && directory === row.storage.path;
  return {
    node: target,
    directory,
    folder: isSame ? `${row.folderName}-copy` : row.folderName,
    name: row.name,
    type,
    isVhd: false,
    forwardAgent: false,
  };
};

/** The form with another type; the name follows where it still was the one that VBDesk proposed. */
export const withType = (form: ImageForm, row: ImageRow, type: ImageForm['type']): ImageForm => ({
  ...form,
  type,
  name:
    form.name === baseName(convertedPath(row.path, form.type))
      ? baseName(convertedPath(row.path, type))
      : form.name,
});

/** Null while a part of the new image's path is missing. */
export const imageIntent = (
  task: ImageTask,
  from: { node: string; path: string },
  form: ImageForm,
): Intent | null => {
  const folder = form.folder.trim();
  const name = form.name.trim();
  if (folder === '' || name === '' || form.directory === '') return null;
  const path = `${form.directory}/${folder}/${name}`;
  return task === 'copy'
    ? {
        kind: 'copy-image',
        from,
        to: { node: form.node, path },
        ...(form.forwardAgent && { forwardAgent: true as const }),
      }
    : {
        kind: 'convert-file',
        ...from,
        type: form.type,
        target: path,
        ...(form.isVhd && { from: 'vhd' as const }),
      };
};
