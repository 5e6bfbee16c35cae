/** What stands against taking a folder out of the trash, whichever way it goes. */
import { basePathOf, overlayWords, ownerOf } from '../../cluster/backing.ts';
import type { NodeView } from '../../cluster/lookup.ts';
import { listText } from '../../cluster/status.ts';
import { type InTrash, trashOf, trashRecord } from '../../cluster/trash.ts';
import type { Reason } from '../reason.ts';
import { blocks, type Scene, warning } from '../scene.ts';
import { chainReasons } from './overlays.ts';

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

/** Whether a node shows a file at this path in one of its folders. */
const isThere = (view: NodeView, path: string): boolean =>
  view.facts?.folders.some((folder) => folder.files.some((file) => `${folder.path}/${file.name}` === path)) ??
  false;

/** An image in the trash, and what it builds on: by where it lies, and by where it lay. */
type TrashOverlay = { path: string; of: string | null; bases: string[] };

const overlaysInTrash = (scene: Scene, node: string): TrashOverlay[] =>
  trashOf(scene.snapshot)
    .filter((each) => each.nodes.includes(node))
    .flatMap((each) =>
      (each.files ?? []).flatMap((file): TrashOverlay[] => {
        // whatever the record says of its type: what is deleted for good is gone, should that be wrong
        if (!file.backing) return [];
        const { backing } = file;
        const bases = [each.path, formerPath(each)].flatMap((path) => {
          const base = path === null ? null : basePathOf({ path }, { backing });
          return base === null ? [] : [base];
        });
        return bases.length === 0 ? [] : [{ path: `${each.path}/${file.name}`, of: each.instance, bases }];
      }),
    );

/** The folder that it was before it was removed, which it will be again. */
const formerPath = (each: InTrash): string | null => {
  const note = each.images?.ok ? each.images.note : null;
  const noted = note?.what === 'file' ? note.from.slice(0, note.from.lastIndexOf('/')) : (note?.from ?? null);
  return (
    trashRecord(each)?.place.path ??
    noted ??
    (each.instance === null ? null : `${each.storage}/${each.instance}`)
  );
};

const trashWords = ({ path, of }: TrashOverlay): string =>
  of === null ? `${path} in the trash` : `${path}, which was a disk of ${of} and lies in the trash,`;

/**
 * Images that name one of these files as their base, in other folders and in the trash: where it lies now, or where it lay before it
 * was removed while nothing else lies there.
 * @param besides paths in the trash that go the same way
 */
export const nothingBuildsOnTrash = (
  scene: Scene,
  each: InTrash,
  names: readonly string[],
  besides: (path: string) => boolean,
): Reason[] => {
  const former = formerPath(each);
  const found = new Map<string, string>();
  let inTrash = false;
  for (const view of scene.lookup.nodes) {
    if (!each.nodes.includes(view.name)) continue;
    const isOne = (base: string): boolean =>
      names.some(
        (name) =>
          base === `${each.path}/${name}` ||
          (former !== null && base === `${former}/${name}` && !isThere(view, base)),
      );
    for (const folder of view.facts?.folders ?? [])
      for (const file of folder.files) {
        const base = basePathOf(folder, file);
        if (base === null || !isOne(base)) continue;
        const path = `${folder.path}/${file.name}`;
        found.set(path, overlayWords({ path, owner: ownerOf(view, path) }));
      }
    for (const overlay of overlaysInTrash(scene, view.name))
      if (!overlay.path.startsWith(`${each.path}/`) && !besides(overlay.path) && overlay.bases.some(isOne)) {
        inTrash = true;
        found.set(overlay.path, trashWords(overlay));
      }
  }
  if (found.size === 0) return [];
  const one = found.size === 1;
  return [
    blocks(
      'base-in-use',
      'Linked clones',
      `${listText([...found.values()])} ${one ? 'builds' : 'build'} on an image in ${each.path}, so that can't be deleted: what is built on it would be lost. Restore it, and convert ${one ? 'that image first, which makes it whole' : 'those images first, which makes them whole'}.${inTrash ? ' What lies in the trash can be purged first, or with it.' : ''}`,
    ),
  ];
};

/** Before images that are no trash are deleted for good: none in the trash builds on them. */
export const noTrashBuildsOn = (scene: Scene, node: string, paths: readonly string[]): Reason[] => {
  const found = overlaysInTrash(scene, node).filter(({ bases }) =>
    bases.some((base) => paths.includes(base)),
  );
  if (found.length === 0) return [];
  const bases = [...new Set(found.flatMap((each) => each.bases.filter((base) => paths.includes(base))))];
  return [
    blocks(
      'base-in-use',
      'Linked clones',
      `${listText(found.map(trashWords))} ${found.length === 1 ? 'builds' : 'build'} on ${listText(bases)}, which can't be deleted: what is built on it could never be restored. Purge ${found.length === 1 ? 'that' : 'those'} first, or restore and convert ${found.length === 1 ? 'it' : 'them'}.`,
      { node },
    ),
  ];
};

/** What an image that comes back builds on is there, to the end of the chain; else it comes back and can't be read. */
export const basesOfRestored = (scene: Scene, each: InTrash, node: string, folder: string): Reason[] => {
  const view = scene.lookup.byName.get(node);
  const about = { node };
  return (each.files ?? []).flatMap((file) => {
    if (!file.backing || file.type === undefined) return [];
    const image = {
      node,
      folder: { path: folder },
      file: { ...file, type: file.type, inode: 0, device: 0, kind: 'file' as const },
    };
    const base = basePathOf({ path: folder }, file);
    // a base beside it comes back with it
    if (base !== null && each.files?.some(({ name }) => base === `${folder}/${name}`)) return [];
    const reasons: Reason[] = chainReasons(scene, image, file.name)
      .filter(({ severity }) => severity !== 'passed')
      .map((reason) => ({ ...reason, severity: 'warning' as const }));
    const inTrash = trashOf(scene.snapshot, true).find(
      (other) =>
        other.nodes.includes(node) &&
        base !== null &&
        (other.files ?? []).some(({ name }) => base === `${formerPath(other) ?? ''}/${name}`),
    );
    if (base !== null && view && !isThere(view, base) && inTrash)
      reasons.push(
        warning(
          'base-in-trash',
          `Base of ${file.name}`,
          `${base} lies in the trash as ${inTrash.name}: restore that as well.`,
          about,
        ),
      );
    const owner = base === null ? null : ownerOf(view, base);
    if (owner)
      reasons.push(
        warning(
          'base-is-disk',
          `Base of ${file.name}`,
          `${file.name} builds on ${base}, which is disk ${owner.disk} of ${owner.name}: if that was written to since, ${file.name} can't be read as it was.`,
          about,
        ),
      );
    return reasons;
  });
};
