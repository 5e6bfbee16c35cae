/** The instance's folder and images as one node shows them; and whether two nodes show the same ones. */
import { disksOf } from '../../cluster/drift.ts';
import type { InstanceFolder, InstanceView } from '../../cluster/instances.ts';
import { storageOf } from '../../cluster/lookup.ts';
import { formatBytes } from '../../storage/sizes.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { sha256 } from '../sha256.ts';

/** The folder that counts as this node shows it. */
export const folderOn = (view: InstanceView, node: string): InstanceFolder | null =>
  view.folders.find((each) => each.current && each.node === node) ?? null;

/**
 * SHA-256 of xen.cfg as this node shows it, for whatever starts a guest from it. Null where it is not shown, or disagrees with
 * the record about a disk or about who it is: nothing is started from that.
 */
export const configSumOn = (view: InstanceView, node: string): string | null => {
  const text = folderOn(view, node)?.folder.config ?? null;
  const disagrees = view.problems.some(
    ({ code }) => code === 'config-disks' || code === 'config-identity' || code === 'config-missing',
  );
  return text === null || disagrees ? null : sha256(text);
};

const filesIn = (view: InstanceView, sight: InstanceFolder): Reason[] => {
  const { node } = sight;
  const about = { node };
  if (!sight.matchesPlace)
    return [
      blocks(
        'place',
        `Images on ${node}`,
        `${node} shows the folder as ${sight.folder.path}, but its record was written for ${view.record.place.path}: the paths in it lead nowhere there.`,
        about,
      ),
    ];
  const disks = disksOf(view.record, sight.folder);
  const wrong = disks.filter((each) => each.problem !== null);
  if (wrong.length > 0)
    return wrong.map((each) =>
      blocks('image', `Images on ${node}`, `On ${node}: disk ${each.index}: ${each.problem ?? ''}`, about),
    );
  const bytes = disks.reduce((sum, each) => sum + each.size, 0);
  return [
    passed(
      'images',
      `Images on ${node}`,
      `${node} shows all ${disks.length} images with the recorded sizes and types (${formatBytes(bytes)} in all).`,
      about,
    ),
  ];
};

/** Folder and images on the node that is to run it. */
export const imagesOn = (view: InstanceView, node: string): Reason[] => {
  const sight = folderOn(view, node);
  if (sight) return filesIn(view, sight);
  return [
    blocks('no-folder', `Images on ${node}`, `${node} does not show the folder ${view.folder}.`, { node }),
  ];
};

/** Whether the target shows the very folder of the source; else why not. */
export const sameFilesOn = (scene: Scene, view: InstanceView, target: string): Reason[] => {
  const about = { node: target };
  const title = 'Identity of the files';
  if (folderOn(view, target)) {
    const others = view.folders.filter((each) => each.current && each.node !== target);
    return [
      ...imagesOn(view, target),
      ...(others.length > 0
        ? [
            passed(
              'shared',
              title,
              `${target} and ${others[0]?.node ?? ''} show the same folder of the same storage; it is proved once more with probe files in the run.`,
              about,
            ),
          ]
        : [
            warning(
              'shared-unproved',
              title,
              `Only ${target} shows the folder now: that it is the one that was used last is known by its record alone.`,
              about,
            ),
          ]),
    ];
  }
  const facts = scene.lookup.byName.get(target);
  const storage = storageOf(facts, view.storage);
  const other = view.folders.find((each) => !each.current && each.node === target);
  const stranger = facts?.facts?.folders.find((each) => each.path === view.folder);
  if (other)
    return [
      blocks(
        'not-shared',
        title,
        `${target} has ${other.folder.path} with another state of ${view.name}: two directories. A failover copies the images; a live migration needs the very same files.`,
        about,
      ),
    ];
  if (stranger)
    return [
      blocks(
        'not-shared',
        title,
        `${view.folder} on ${target} is another directory than the one in use: two directories. A failover copies the images; a live migration needs the very same files.`,
        about,
      ),
    ];
  const shared =
    storage?.id !== null && storage?.id !== undefined && storage.id === view.record.place.storage;
  const missing = view.disks.map((each) =>
    blocks('image', title, `${each.path} is missing on ${target}.`, about),
  );
  return [
    blocks(
      'no-folder',
      title,
      shared
        ? `${target} sees the storage, but not the folder ${view.folder}.`
        : `${target} has no folder ${view.folder}: its storage ${view.storage} is ${storage === null || storage.state !== 'ok' ? 'not there' : 'another directory'}. A failover copies the images; a live migration needs the very same files.`,
      about,
    ),
    ...missing,
  ];
};
