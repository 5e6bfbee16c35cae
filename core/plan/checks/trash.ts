/** What stands against taking a folder out of the trash, whichever way it goes. */
import { basePathOf, ownerOf } from '../../cluster/backing.ts';
import { listText } from '../../cluster/status.ts';
import { type InTrash, trashRecord } from '../../cluster/trash.ts';
import type { Reason } from '../reason.ts';
import { blocks, type Scene } from '../scene.ts';

export const trashIsUnlocked = ({ path, lock }: InTrash, node: string): Reason[] =>
  lock === null
    ? []
    : [
        blocks(
          'locked',
          'Lock',
          `${path} is locked${lock.ok ? ` by the run ${lock.lock.run} of ${lock.lock.user}@${lock.lock.workstation} (${lock.lock.title})` : `, and its lock can't be read: ${lock.error}`}. Resume that run, or break its lock once it is known that it has ended.`,
          { node },
        ),
      ];

/**
 * Images of other folders that name one of these files as their base: where it lies now, or where it lay before it was removed
 * while nothing else lies there.
 */
export const nothingBuildsOnTrash = (scene: Scene, each: InTrash, names: readonly string[]): Reason[] => {
  const note = each.images?.ok ? each.images.note : null;
  const former =
    trashRecord(each)?.place.path ??
    (note?.what === 'file' ? note.from.slice(0, note.from.lastIndexOf('/')) : (note?.from ?? null));
  const found = new Map<string, string>();
  for (const view of scene.lookup.nodes) {
    if (!each.nodes.includes(view.name)) continue;
    const folders = view.facts?.folders ?? [];
    const isThere = (path: string): boolean =>
      folders.some((folder) => folder.files.some((file) => `${folder.path}/${file.name}` === path));
    for (const folder of folders)
      for (const file of folder.files) {
        const base = basePathOf(folder, file);
        if (base === null) continue;
        const name = names.find(
          (name) =>
            base === `${each.path}/${name}` ||
            (former !== null && base === `${former}/${name}` && !isThere(base)),
        );
        if (name === undefined) continue;
        const path = `${folder.path}/${file.name}`;
        const owner = ownerOf(view, path);
        found.set(path, owner ? `disk ${owner.disk} of ${owner.name} (${path})` : path);
      }
  }
  return found.size === 0
    ? []
    : [
        blocks(
          'base-in-use',
          'Linked clones',
          `${listText([...found.values()])} ${found.size === 1 ? 'builds' : 'build'} on an image in ${each.path}, so that can't be deleted: what is built on it would be lost. Restore it, and convert ${found.size === 1 ? 'that image first, which makes it whole' : 'those images first, which makes them whole'}.`,
        ),
      ];
};
