/** Images that other images build on stay as they are and where they are. */
import { basePathOf, isShownAt, overlaysOn, overlayWords } from '../../cluster/backing.ts';
import { baseName } from '../../cluster/drift.ts';
import type { InstanceFolder, InstanceView } from '../../cluster/instances.ts';
import { lookupOf } from '../../cluster/lookup.ts';
import { listText } from '../../cluster/status.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { folderOn } from './images.ts';

type Sight = Pick<InstanceFolder, 'node' | 'folder'>;

/**
 * @param what "grown", "taken out": what may not be done to it
 * @param besides a path that does not count (it goes the same way)
 */
export const nothingBuildsOn = (
  scene: Scene,
  sight: Sight,
  names: readonly string[],
  what: string,
  besides: (path: string) => boolean = () => false,
): Reason[] =>
  names.flatMap((name) => {
    const { node, folder } = sight;
    const file = folder.files.find((each) => each.name === name);
    if (!file) return [];
    const path = `${folder.path}/${name}`;
    const overlays = overlaysOn(scene.snapshot, { node, folder, file, path }).filter(
      (each) => !besides(each.path),
    );
    return overlays.length === 0
      ? []
      : [
          blocks(
            'base-in-use',
            'Linked clones',
            `${listText(overlays.map(overlayWords))} ${overlays.length === 1 ? 'builds' : 'build'} on ${path}, so it can't be ${what}: what is built on it would be lost. Convert ${overlays.length === 1 ? 'that image first, which makes it whole' : 'those images first, which makes them whole'}.`,
            { node },
          ),
        ];
  });

/** The storage directories that answer on a node: where images are looked for that build on others. */
export const readyDirectories = (scene: Scene, node: string): string[] => {
  const storages = scene.lookup.byName.get(node)?.facts?.storages ?? [];
  return scene.snapshot.cluster.storageDirectories.filter((each) =>
    storages.some((storage) => storage.path === each && storage.state === 'ok'),
  );
};

/** The base of a linked clone is there on the node that is to run it. */
export const basesAreThere = (scene: Scene, sight: Sight, names: readonly string[]): Reason[] =>
  names.flatMap((name) => {
    const file = sight.folder.files.find((each) => each.name === name);
    const base = file ? basePathOf(sight.folder, file) : null;
    if (base === null) return [];
    const about = { node: sight.node };
    const directories = scene.snapshot.cluster.storageDirectories;
    if (!directories.some((each) => base.startsWith(`${each}/`)))
      return [
        blocks(
          'base-outside',
          `Base of ${name}`,
          `${name} takes data from ${base}, which does not lie below a storage directory: a guest can write such a name into its disk, and would read that file. If it is meant, add its directory to the cluster's storage directories; else make the image whole (qemu-img rebase -b "").`,
          about,
        ),
      ];
    const shown = isShownAt(lookupOf(scene.snapshot).byName.get(sight.node), base);
    if (shown === null)
      return [
        warning(
          'base-unseen',
          `Base of ${name}`,
          `${name} builds on ${base}, which does not lie in a folder of a storage directory: whether it is there is not known here.`,
          about,
        ),
      ];
    return shown
      ? [passed('base', `Base of ${name}`, `${name} builds on ${base}, which ${sight.node} shows.`, about)]
      : [
          blocks(
            'base-missing',
            `Base of ${name}`,
            `${name} builds on ${base}, which ${sight.node} does not show: without it the disk can't be read.`,
            about,
          ),
        ];
  });

/** A copy does not bring its base along: that the one on this node is the same as the source's, nobody has proved. */
export const basesUnproved = (scene: Scene, sight: Sight, names: readonly string[]): Reason[] =>
  names.flatMap((name) => {
    const file = sight.folder.files.find((each) => each.name === name);
    const base = file ? basePathOf(sight.folder, file) : null;
    return base === null || isShownAt(lookupOf(scene.snapshot).byName.get(sight.node), base) !== true
      ? []
      : [baseUnproved(name, base, sight.node)];
  });

const baseUnproved = (name: string, base: string, node: string): Reason =>
  warning(
    'base-unproved',
    `Base of ${name}`,
    `${name} builds on ${base}. ${node} shows a file there; that it holds the very same is not proved, and with another one the disk is garbage.`,
    { node },
  );

/** For a start on this node: no disk that the guest writes to has others built on it, and every base is there. */
export const chainsMayStart = (scene: Scene, view: InstanceView, node: string): Reason[] => {
  const sight = folderOn(view, node);
  if (!sight) return [];
  const namesOf = (disks: InstanceView['disks']): string[] => disks.map((each) => baseName(each.path));
  return [
    ...nothingBuildsOn(scene, sight, namesOf(view.disks.filter((each) => each.mode === 'rw')), 'written to'),
    ...basesAreThere(scene, sight, namesOf(view.disks)),
  ];
};

/** For a copy into this folder: what its linked clones build on is there too. A name that is relative moves along. */
export const basesFollow = (scene: Scene, view: InstanceView, node: string, folder: string): Reason[] => {
  const sight = view.folders.find((each) => each.current);
  if (!sight) return [];
  const target = lookupOf(scene.snapshot).byName.get(node);
  return view.disks.flatMap((disk) => {
    const name = baseName(disk.path);
    const file = sight.folder.files.find((each) => each.name === name);
    const base = file ? basePathOf({ ...sight.folder, path: folder }, file) : null;
    if (base === null) return [];
    return isShownAt(target, base) === true
      ? [baseUnproved(name, base, node)]
      : [
          blocks(
            'base-missing',
            `Base of ${name}`,
            `${name} builds on ${base}, which ${node} does not show: the copy could not be read there. Copy the base first, or convert the disk, which makes it whole.`,
            { node },
          ),
        ];
  });
};
