/** May a folder that is there become an instance's: nobody owns it, nobody works in it, and no silent node may use it. */

import { matchesPlace } from '../../cluster/groups.ts';
import { deriveInstances } from '../../cluster/instances.ts';
import { type FolderSight, recordOf } from '../../cluster/lookup.ts';
import type { Vouching } from '../../cluster/record.ts';
import { vouchCode } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, isoOf, type Scene, warning } from '../scene.ts';
import { troubleOf } from './nodes.ts';
import { sightsOf } from './taken-images.ts';

/** The folder at this path as the node shows it; null when it shows none. */
export const folderSight = (scene: Scene, node: string, path: string): FolderSight | null => {
  const { lookup } = scene;
  return (
    [...lookup.unrecorded, ...[...lookup.recorded.values()].flat()].find(
      (each) => each.node === node && each.folder.path === path,
    ) ?? null
  );
};

const recordReasons = (sight: FolderSight, field: string): Reason[] => {
  const { path } = sight.folder;
  const about = { node: sight.node, field };
  if (sight.folder.record?.ok === false)
    return [
      blocks(
        'record-broken',
        'Record',
        `${path} holds an instance.json that can't be read (${sight.folder.record.error}): it may be an instance. Mend that file, or move it away once it is known that it is not needed.`,
        about,
      ),
    ];
  const record = recordOf(sight);
  if (!record) return [];
  return [
    matchesPlace(sight, record)
      ? blocks(
          'is-instance',
          'Record',
          `${path} holds the record of ${record.name}, written for this very place: it is an instance already, and shows as one. Nothing has to be taken over; start it with “instance startup ${record.name}”.`,
          about,
        )
      : blocks(
          'claim',
          'Record',
          `${path} holds the record of ${record.name}, which was written for ${record.place.path === path ? 'another folder of that name' : record.place.path}: it was moved or copied. Say which with “instance claim ${record.name} --path ${path} -n ${sight.node} --as moved|cloned”.`,
          about,
        ),
  ];
};

/** A run works in the folder, as any node that answers shows it. */
export const lockReasons = (scene: Scene, sight: FolderSight, field: string): Reason[] => {
  const locked = sightsOf(scene, sight).find((each) => each.folder.lock !== null);
  const lock = locked?.folder.lock;
  if (!locked || !lock) return [];
  const { path } = sight.folder;
  return [
    blocks(
      'locked',
      'Lock',
      lock.ok
        ? `${lock.lock.user}@${lock.lock.workstation} has locked ${path}: ${lock.lock.title} (run ${lock.lock.run}). Wait for that run, resume or undo it, or break the lock with “instance unlock ${path}”.`
        : `The lock of ${path} can't be read: ${lock.error}`,
      { node: locked.node, field },
    ),
  ];
};

/** Record, replica and lock of the folder, and that it is none of templates. */
export const folderMayBeTaken = (scene: Scene, sight: FolderSight, field: string): Reason[] => [
  ...recordReasons(sight, field),
  ...(sight.folder.path === scene.snapshot.cluster.templateDirectory
    ? [
        blocks(
          'templates',
          'Templates',
          `${sight.folder.path} is where the cluster looks for templates: as the disks of an instance they would change. Copy the image into a folder of its own (vbdesk image copy), or look for templates elsewhere first (vbdesk cluster modify).`,
          { node: sight.node, field },
        ),
      ]
    : []),
  ...(sight.folder.replica && sight.folder.record === null
    ? [
        blocks(
          'replica',
          'Replica',
          `${sight.folder.path} holds a replica of an instance: a failover goes on from it; discard it if it is not needed any more.`,
          { node: sight.node, field },
        ),
      ]
    : []),
  ...lockReasons(scene, sight, field),
];

/** A name of the new instance that another instance has, wherever its folder lies. */
export const nameIsNobodys = (scene: Scene, name: string, field: string): Reason[] =>
  deriveInstances(scene.snapshot)
    .filter((each) => each.name === name)
    .map((each) =>
      blocks('name-in-use', 'Name', `${name} exists already: its record lies in ${each.folder}.`, { field }),
    );

/** A guest with the uuid that xen.cfg beside the images has. */
export const runsElsewhere = (scene: Scene, uuid: string): Reason[] =>
  (scene.lookup.domainsByUuid.get(uuid) ?? []).map(({ node, domain }) =>
    blocks(
      'running',
      `Runs on ${node}`,
      `${node} has the domain ${domain.name} (domain ${domain.domid}) with the uuid of that xen.cfg: the guest runs outside of VBDesk. Shut it down first.`,
      { node },
    ),
  );

/** Silent nodes that may see the storage, and so may have an image open that nobody's record speaks of. */
export const silentUsers = (
  scene: Scene,
  storageId: string | null,
  secondary: string | null,
): { reasons: Reason[]; vouched: Vouching[] } => {
  const suspects: string[] = [];
  const reasons = scene.lookup.unseen.map(({ name: node, facts }) => {
    const sees =
      facts === null ||
      node === secondary ||
      (storageId !== null && facts.storages.some((each) => each.id === storageId));
    if (!sees)
      return warning(
        'not-looked-at',
        `${node} is not seen`,
        `${node} can't be asked whether it uses the images: ${troubleOf(scene, node)}. When it answered last, it did not see this storage.`,
        { node },
      );
    suspects.push(node);
    return consent(
      vouchCode(node),
      `${node} may be alive`,
      `${node} may have the images open, since no record says who used them last: ${troubleOf(scene, node)}. If it does, two guests would write to them and destroy them. Say how you know that it is down.`,
      { node },
    );
  });
  return {
    reasons,
    vouched: scene.approval.vouched
      .filter((each) => suspects.includes(each.node))
      .map(({ node, how }) => ({
        node,
        how,
        who: scene.context.who,
        when: isoOf(scene.context.now),
      })),
  };
};
