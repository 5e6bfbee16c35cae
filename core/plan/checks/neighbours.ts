/** Files that lie in an instance's folder and are none of its disks: with the folder they go wherever it goes. */
import { fileKey } from '../../cluster/other-configs.ts';
import type { FolderFacts } from '../../cluster/snapshot.ts';
import { listText } from '../../cluster/status.ts';
import { recordsNaming, usersOf } from '../../cluster/users.ts';
import { SECTOR_BYTES } from '../../storage/sizes.ts';
import { disksOfConfig, readInstanceConfig } from '../../xen/config-reader.ts';
import type { Reason } from '../reason.ts';
import { blocks, type Scene } from '../scene.ts';

type Folder = { node: string; folder: Pick<FolderFacts, 'path' | 'files' | 'record' | 'config'> };

/** Nodes on which the folder's own guest runs, which has open what its own xen.cfg attaches (a CD image that lies beside its disks). */
type Own = { attaches: ReadonlySet<string>; runsOn: ReadonlySet<string> };

const ownOf = (scene: Scene, { record, config }: Folder['folder']): Own => {
  const read = record?.ok && config !== null ? readInstanceConfig(config) : null;
  const domains = record?.ok ? scene.lookup.domainsByUuid.get(record.record.uuid.toLowerCase()) : undefined;
  return {
    attaches: new Set(read?.ok ? disksOfConfig(read.config).map((each) => each.target) : []),
    runsOn: new Set(domains?.flatMap((each) => (each.seen ? [each.node] : []))),
  };
};

/** A guest has a file open by one loop device and one QEMU at most: whatever goes beyond that is somebody else. */
const mayBeOwn = (by: readonly string[]): boolean =>
  by.every((each) => /^(loop|qemu )/.test(each)) &&
  by.filter((each) => each.startsWith('loop')).length <= 1 &&
  by.filter((each) => each.startsWith('qemu ')).length <= 1;

/** Who needs the file at this path, each as the end of a sentence. */
const neededBy = (scene: Scene, node: string, path: string, aside: readonly string[], own: Own): string[] => {
  const key = fileKey(scene.lookup.byName.get(node), path);
  return [
    ...usersOf(scene.lookup, node, path)
      .filter((each) => !(own.attaches.has(path) && own.runsOn.has(each.node) && mayBeOwn(each.by)))
      .map((each) => `${listText(each.by)} on ${each.node} has it open`),
    // a second name of a disk may go: the file stays under the other one
    ...recordsNaming(scene.lookup, node, path).flatMap((each) =>
      each.linkedAs === undefined ? [`it is disk ${each.disk} of ${each.record.name}`] : [],
    ),
    ...(key === null ? [] : (scene.lookup.guestConfigs.byFile.get(key) ?? []))
      .filter((each) => each.node !== node || !aside.includes(each.config.path))
      .map((each) => `${each.config.path} on ${each.node} attaches it`),
  ];
};

/**
 * Blocks for every other file of the folder that somebody else needs.
 * @param own names of the instance's own images
 * @param aside configurations on that node which are set aside
 * @param why what would become of them, and what to do instead: one sentence or more
 */
export const noNeighbours = (
  scene: Scene,
  { node, folder }: Folder,
  own: readonly string[],
  why: string,
  aside: readonly string[] = [],
): Reason[] => {
  const itself = ownOf(scene, folder);
  return folder.files
    .filter((each) => each.kind === 'file' && each.size >= SECTOR_BYTES && !own.includes(each.name))
    .flatMap((each) => {
      const path = `${folder.path}/${each.name}`;
      const needs = neededBy(scene, node, path, aside, itself);
      return needs.length === 0
        ? []
        : [
            blocks('neighbour', 'Other guests', `${path} lies there as well: ${listText(needs)}. ${why}`, {
              node,
            }),
          ];
    });
};
