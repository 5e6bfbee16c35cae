/** The steps that make a disk a converted copy of an image, and as large as it shall be. */
import { formatBytes } from '../../storage/sizes.ts';
import type { ImportChoice } from '../checks/import.ts';
import { addUnwrittenBases } from '../checks/source-bases.ts';
import { addUnused } from '../checks/users.ts';
import type { Scene } from '../scene.ts';
import { type StepList, undoOf } from '../step-list.ts';

/** @param made the disk's image; it lies in a folder that the run has made or locked, and so does what is read */
export const addImport = (
  list: StepList,
  scene: Scene,
  made: { node: string; path: string; type: 'raw' | 'qcow2'; size: number },
  from: ImportChoice,
): void => {
  const { node, path, type, size } = made;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const undo = [undoOf(node, `Remove ${name}`, { do: 'remove-file', path })];
  const unused = `Make sure that nobody has ${from.path} open`;
  addUnused(list, scene, node, [from.path], unused);
  addUnwrittenBases(list, scene, node, from.bases);
  list.add(
    node,
    `Make ${name} of ${from.path}, and compare them`,
    {
      do: 'convert-image',
      from: { path: from.path, type: from.type },
      to: { path, type },
      size: from.size,
      within: scene.snapshot.cluster.storageDirectories,
    },
    { undo },
  );
  // the copy may have taken hours
  addUnused(list, scene, node, [from.path], unused);
  addUnwrittenBases(list, scene, node, from.bases);
  if (size > from.size)
    list.add(
      node,
      `Make ${name} ${formatBytes(size)} large`,
      {
        do: 'grow-image',
        path,
        type,
        from: from.size,
        to: size,
        within: scene.snapshot.cluster.storageDirectories,
      },
      { undo },
    );
};
