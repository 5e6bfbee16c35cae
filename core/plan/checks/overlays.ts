/** Images that other images build on stay as they are and where they are. */

import { basePathOf, isShownAt, type Overlay, overlaysOn, overlayWords } from '../../cluster/backing.ts';
import { chainOf } from '../../cluster/chain.ts';
import type { InstanceFolder, InstanceView } from '../../cluster/instances.ts';
import { lookupOf } from '../../cluster/lookup.ts';
import type { FolderFacts, ImageFacts } from '../../cluster/snapshot.ts';
import { listText } from '../../cluster/status.ts';
import { baseName } from '../../storage/paths.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { folderOn } from './images.ts';

type Sight = Pick<InstanceFolder, 'node' | 'folder'>;
/** How they get rid of their base: only disks of instances are converted in place. */
export const wholeAdvice = (overlays: readonly Pick<Overlay, 'owner'>[]): string => {
  const one = overlays.length === 1;
  return overlays.every((each) => each.owner !== null)
    ? `Convert ${one ? 'that image first, which makes it whole' : 'those images first, which makes them whole'}.`
    : `Adopt ${one ? 'it' : 'them'} as ${one ? "an instance's disk" : "instances' disks"} and convert ${one ? 'it' : 'them'}, or see to ${one ? 'it' : 'them'} on the node, first.`;
};

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
    const all = overlaysOn(scene.snapshot, { node, folder, file, path }).filter(
      (each) => !besides(each.path),
    );
    // what is deleted is gone for good, should the record be wrong
    const doubted = what === 'deleted' ? [] : all.filter((each) => each.doubted);
    const overlays = all.filter((each) => !doubted.includes(each));
    const said = doubted.map((each) =>
      warning(
        'base-claimed',
        'Linked clones',
        `${overlayWords(each)} is recorded as raw, and its header says that it builds on ${path}. Its guest may have written that, so it does not count.`,
        { node },
      ),
    );
    return overlays.length === 0
      ? said
      : [
          ...said,
          blocks(
            'base-in-use',
            'Linked clones',
            `${listText(overlays.map(overlayWords))} ${overlays.length === 1 ? 'builds' : 'build'} on ${path}, so it can't be ${what}: what is built on it would be lost. ${wholeAdvice(overlays)}`,
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

/**
 * What an image builds on, to its end: what stands against it, and what is fine.
 * @param name how the image is called in the sentences
 */
export const chainReasons = (
  scene: Scene,
  image: { node: string; folder: Pick<FolderFacts, 'path'>; file: ImageFacts },
  name: string,
  field?: string,
): Reason[] => {
  const about = { node: image.node, ...(field === undefined ? {} : { field }) };
  const title = `Base of ${name}`;
  const view = lookupOf(scene.snapshot).byName.get(image.node);
  const { bases, broken } = chainOf(view, image, scene.snapshot.cluster.storageDirectories);
  // which link of the chain it is
  const before = bases.length === 0 ? '' : `${name} builds on ${bases.join(', that on ')}. `;
  const last = bases.at(-1) ?? name;
  const block = (code: string, text: string): Reason[] => [
    blocks(code, title, `${before}${last} ${text}`, about),
  ];
  const fine = bases.map((path, index) =>
    passed('base', title, `${bases[index - 1] ?? name} builds on ${path}, which ${image.node} shows.`, about),
  );
  if (broken === null) return fine;
  const { on } = broken;
  switch (broken.why) {
    case 'outside':
      return block(
        'base-outside',
        `takes data from ${on}, which does not lie below a storage directory: a guest can write such a name into its disk, and would read that file. If it is meant, add its directory to the cluster's storage directories; else don't use this image.`,
      );
    case 'elsewhere':
      return block(
        'base-outside',
        `takes data from ${JSON.stringify(on.slice(0, 200))}, which is no file below a storage directory: a guest can write such a name into its disk, and would read what it leads to. Nothing opens it here.`,
      );
    case 'missing':
      return block(
        'base-missing',
        `builds on ${on}, which ${image.node} does not show: without it the disk can't be read.`,
      );
    case 'foreign':
      return block(
        'base-foreign',
        `builds on ${on}, which is ${broken.type ?? 'no image of a known type'}: only raw and qcow2 images are built on.`,
      );
    case 'endless':
      return block('base-endless', `builds on ${on} again: the chain has no end, and can't be read.`);
    case 'unseen':
      return [
        ...fine,
        warning(
          'base-unseen',
          title,
          `${before}${last} builds on ${on}, which does not lie in a folder of a storage directory: whether it is there is not known here.`,
          about,
        ),
      ];
    case 'unknown':
      return [
        ...fine,
        warning(
          'base-unknown',
          title,
          `${before}On what ${last} builds was not told: the node looks before anything is opened.`,
          about,
        ),
      ];
  }
};

/** The bases of linked clones are there on the node that is to run them, each to its end. */
export const basesAreThere = (scene: Scene, sight: Sight, names: readonly string[]): Reason[] =>
  names.flatMap((name) => {
    const file = sight.folder.files.find((each) => each.name === name);
    return file ? chainReasons(scene, { node: sight.node, folder: sight.folder, file }, name) : [];
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
    const base = file ? basePathOf({ path: folder }, file) : null;
    if (!file || base === null) return [];
    return isShownAt(target, base) === true
      ? [
          // there it may build on something else, or on nothing
          ...chainReasons(scene, { node, folder: { path: folder }, file }, name).filter(
            (each) => each.severity !== 'passed',
          ),
          baseUnproved(name, base, node),
        ]
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
