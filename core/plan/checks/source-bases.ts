/** What an image builds on is read with it: while it is copied, that has to stay as it is, too. */
import { chainOf } from '../../cluster/chain.ts';
import type { FolderFacts, ImageFacts } from '../../cluster/snapshot.ts';
import { recordsNaming } from '../../cluster/users.ts';
import type { Reason } from '../reason.ts';
import { blocks, type Scene } from '../scene.ts';
import type { StepList } from '../step-list.ts';
import { addUnwritten, nobodyUses, silentMayUse } from './users.ts';

type Source = { node: string; folder: Pick<FolderFacts, 'path'>; file: ImageFacts };

/** Paths of the images on which it builds, the nearest first, as far as the node shows them. */
export const basesOf = (scene: Scene, { node, folder, file }: Source): string[] =>
  chainOf(scene.lookup.byName.get(node), { folder, file }, scene.snapshot.cluster.storageDirectories).bases;

const title = 'Base';

/** Nobody is known to write to a base. */
export const basesUnwritten = (scene: Scene, source: Source, field?: string): Reason[] =>
  basesOf(scene, source).flatMap((path) =>
    nobodyUses(
      scene,
      { node: source.node, path },
      {
        code: 'base-open',
        title,
        ...(field === undefined ? {} : { field }),
        why: `, on which ${source.file.name} builds, and may write to it.`,
        writers: true,
      },
    ),
  );

/** That a base is somebody's disk: its guest may write to it at any moment of the copy. */
export const basesAreNoDisks = (scene: Scene, source: Source, field: string): Reason[] =>
  basesOf(scene, source).flatMap((path) =>
    recordsNaming(scene.lookup, source.node, path).map(({ record, disk }) =>
      blocks(
        'base-is-disk',
        title,
        `${source.file.name} builds on ${path}, which is disk ${disk} of ${record.name} and may be written to while it is read: adopt ${source.file.name} as an instance's disk and convert it in its place, or see to it on the node.`,
        { node: source.node, field },
      ),
    ),
  );

/** Silent nodes that may write to a base: each needs somebody's word. */
export const silentMayWriteBases = (
  scene: Scene,
  source: Source,
  besides: readonly string[] = [],
): Reason[] =>
  basesOf(scene, source).flatMap((path) =>
    silentMayUse(
      scene,
      { node: source.node, path },
      'If it writes to it while it is read, the copy is of no moment.',
      besides,
    ),
  );

/** The look at each of them, on every node that may see it. */
export const addUnwrittenBases = (
  list: StepList,
  scene: Scene,
  node: string,
  bases: readonly string[],
): void => {
  for (const path of bases) addUnwritten(list, scene, node, path);
};
