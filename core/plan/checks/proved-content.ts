/** What replica.json proves of the images beside it: read once more before anything goes on from them. */
import type { InstanceReplica } from '../../cluster/instances.ts';
import type { Lookup } from '../../cluster/lookup.ts';
import { listText } from '../../cluster/status.ts';
import { formatBytes } from '../../storage/sizes.ts';
import type { Reason } from '../reason.ts';
import { consent, passed, type Scene } from '../scene.ts';
import type { StepList } from '../step-list.ts';

/** Code of the consent to go on from an image of which nothing but its type and size is known. */
export const unprovedCode = 'content-unproved';

export type ProvedContent = {
  /** by path, with the content hash that they must have */
  proved: { path: string; content: string }[];
  /** paths of images whose content nobody has noted */
  unproved: string[];
};

/** Of every disk of the copy's record, whether or not replica.json speaks of it. */
export const provedContentOf = ({ replica, folder }: InstanceReplica): ProvedContent => {
  const hashes = new Map(replica.disks.map((each) => [each.file, each.content]));
  const found: ProvedContent = { proved: [], unproved: [] };
  for (const { logical_id } of replica.record.disks) {
    const name = logical_id[2].slice(logical_id[2].lastIndexOf('/') + 1);
    const content = hashes.get(name) ?? null;
    if (content === null) found.unproved.push(`${folder}/${name}`);
    else found.proved.push({ path: `${folder}/${name}`, content });
  }
  return found;
};

const storedBytes = (lookup: Lookup, { node, folder }: InstanceReplica, paths: readonly string[]): number =>
  (lookup.byName.get(node)?.facts?.folders.find((each) => each.path === folder)?.files ?? [])
    .filter((each) => paths.includes(`${folder}/${each.name}`))
    .reduce((sum, each) => sum + each.allocated, 0);

export const contentReasons = (scene: Scene, replica: InstanceReplica): Reason[] => {
  const { node } = replica;
  const { proved, unproved } = provedContentOf(replica);
  const about = { node };
  const paths = proved.map((each) => each.path);
  return [
    ...(proved.length > 0
      ? [
          passed(
            'content',
            `Content on ${node}`,
            `${listText(paths)} must have the content that was proved when it was copied: ${formatBytes(storedBytes(scene.lookup, replica, paths))} are read for that, before anything is changed.`,
            about,
          ),
        ]
      : []),
    ...(unproved.length > 0
      ? [
          consent(
            unprovedCode,
            `Content on ${node}`,
            `What ${listText(unproved)} on ${node} holds can't be proved: no content hash was noted for it. Only its type and its size are compared, so what was written there since, or lost by the storage, would not be noticed.`,
            about,
          ),
        ]
      : []),
  ];
};

/** Nothing is changed yet when it turns out that an image is not what was copied. */
export const addContentProof = (list: StepList, replica: InstanceReplica): void => {
  const { proved } = provedContentOf(replica);
  if (proved.length > 0)
    list.add(replica.node, `Read the images on ${replica.node}: do they hold what was proved?`, {
      do: 'verify-content',
      images: proved,
    });
};
