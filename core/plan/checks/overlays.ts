/** Images that other images build on stay as they are and where they are. */
import { basePathOf, imageAt, overlaysOn, overlayWords } from '../../cluster/backing.ts';
import { baseName } from '../../cluster/drift.ts';
import type { InstanceFolder, InstanceView } from '../../cluster/instances.ts';
import { lookupOf } from '../../cluster/lookup.ts';
import { listText } from '../../cluster/status.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene } from '../scene.ts';
import { folderOn } from './images.ts';

/**
 * @param what "grown", "taken out": what may not be done to it
 * @param besides a path that does not count (it goes the same way)
 */
export const nothingBuildsOn = (
  scene: Scene,
  sight: InstanceFolder,
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

/** The base of a linked clone is there on the node that is to run it. */
export const basesAreThere = (scene: Scene, sight: InstanceFolder, names: readonly string[]): Reason[] =>
  names.flatMap((name) => {
    const file = sight.folder.files.find((each) => each.name === name);
    const base = file ? basePathOf(sight.folder, file) : null;
    if (base === null) return [];
    const about = { node: sight.node };
    const directories = scene.snapshot.cluster.storageDirectories;
    // elsewhere the probe does not look
    if (!directories.some((each) => base.startsWith(`${each}/`))) return [];
    return imageAt(lookupOf(scene.snapshot).byName.get(sight.node), base)
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
