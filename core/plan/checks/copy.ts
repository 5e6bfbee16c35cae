/** May the images be copied there: another place, allowed, with room, and nothing in the way. */

import type { InstanceReplica, InstanceView } from '../../cluster/instances.ts';
import { storageOf } from '../../cluster/lookup.ts';
import { replicaAgeText } from '../../cluster/replicas.ts';
import { baseName } from '../../storage/paths.ts';
import { formatBytes } from '../../storage/sizes.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { mustAnswer, nodeCanWork } from './nodes.ts';
import { basesFollow } from './overlays.ts';
import { spaceIsFree, storageIsAllowed, storageIsReady } from './storage.ts';

/** Where copies go. */
export type CopyPlace = {
  node: string;
  directory: string;
  storageId: string;
  folder: string;
  /** what lies there already, from which the copy goes on; null: the folder is new */
  replica: InstanceReplica | null;
  /** text of the xen.cfg that is there; null when there is none */
  config: string | null;
};

export type Copying = { reasons: Reason[]; place: CopyPlace | null };

const allocatedOf = (view: InstanceView): number =>
  view.disks.reduce((sum, each) => sum + (each.allocated ?? 0), 0);

/** Images that a copy can't take as they are. */
export const imagesCanBeCopied = (view: InstanceView, node: string): Reason[] => {
  const outside = view.disks.filter((each) => !each.path.startsWith(`${view.folder}/`));
  const wrong = view.disks.filter((each) => each.problem !== null);
  return [
    ...outside.map((each) =>
      blocks(
        'image',
        'Images',
        `${each.path} does not lie in ${view.folder}: only whole folders are copied.`,
      ),
    ),
    ...wrong.map((each) => blocks('image', 'Images', `Disk ${each.index}: ${each.problem ?? ''}`, { node })),
  ];
};

const room = (
  scene: Scene,
  view: InstanceView,
  place: { node: string; directory: string },
  there: number,
): Reason[] => {
  const { node, directory } = place;
  const facts = storageOf(scene.lookup.byName.get(node), directory);
  const needed = Math.max(0, allocatedOf(view) - there);
  if (facts?.state === 'ok' && needed > facts.freeBytes)
    return [
      blocks(
        'no-room',
        'Room',
        `The images of ${view.name} hold ${formatBytes(needed)} that ${node} has not yet; ${directory} there has ${formatBytes(Math.max(0, Math.floor(facts.freeBytes)))} free.`,
        { node },
      ),
    ];
  const size = view.disks.reduce((sum, each) => sum + each.size, 0);
  return spaceIsFree(scene, node, directory, Math.max(0, size - there));
};

/** What lies at the folder's path on that node: nothing, a replica of this instance, or something in the way. */
const whatIsThere = (
  scene: Scene,
  view: InstanceView,
  wanted: { node: string; folder: string; name: string },
): { reasons: Reason[]; replica: InstanceReplica | null; config: string | null; allocated: number } => {
  const { node, folder, name } = wanted;
  const about = { node };
  const found = scene.lookup.byName.get(node)?.facts?.folders.find((each) => each.path === folder);
  const nothing = { replica: null, config: null, allocated: 0 };
  if (!found) return { reasons: [], ...nothing };
  const replica = view.replicas.find((each) => each.node === node && each.folder === folder) ?? null;
  const inTheWay = (text: string): ReturnType<typeof whatIsThere> => ({
    reasons: [blocks('folder-exists', `Folder on ${node}`, text, about)],
    ...nothing,
  });
  if (found.lock !== null)
    return inTheWay(
      `${folder} on ${node} is locked: wait for the run that works in it, resume it, or break its lock (vbdesk instance unlock ${folder} -n ${node}).`,
    );
  if (replica && name === baseName(view.folder)) {
    const known = new Set(view.disks.map((each) => baseName(each.path)));
    const others = found.files.filter(
      (each) => !known.has(each.name) && !known.has(each.name.replace(/\.partial\..*$/, '')),
    );
    return {
      reasons: [
        passed(
          'replica',
          `Replica on ${node}`,
          `${node} holds a replica that is ${replicaAgeText(replica.age)}: only what differs from it is copied. While it is written it can't be used.`,
          about,
        ),
        ...(others.length > 0
          ? [
              warning(
                'strangers',
                `Replica on ${node}`,
                `${folder} on ${node} also holds ${others.map((each) => each.name).join(', ')}, which is left as it is.`,
                about,
              ),
            ]
          : []),
      ],
      replica,
      config: found.config,
      allocated: found.files.reduce((sum, each) => sum + each.allocated, 0),
    };
  }
  const other = view.folders.find(
    (each) => !each.current && each.node === node && each.folder.path === folder,
  );
  return inTheWay(
    other
      ? `${folder} on ${node} holds another state of ${view.name} with a record of its own. It is never overwritten: look at it, then discard it (it goes into the trash there).`
      : `${folder} exists on ${node} and is not a replica of ${view.name}: nothing is written into it. Move it away first.`,
  );
};

/**
 * @param wanted `name`: base name of the new folder
 */
export const copyPlace = (
  scene: Scene,
  view: InstanceView,
  wanted: { node: string; directory: string; name: string },
): Copying => {
  const { node, directory, name } = wanted;
  const folder = `${directory}/${name}`;
  const allowed = storageIsAllowed(scene, directory);
  const answers = mustAnswer(scene, node, 'Target', 'node');
  const reasons = [
    ...answers,
    ...nodeCanWork(scene, node),
    ...allowed,
    ...storageIsReady(scene, node, directory),
  ];
  if (reasons.some((each) => each.severity === 'blocks')) return { reasons, place: null };
  const storage = storageOf(scene.lookup.byName.get(node), directory);
  if (!storage?.id) return { reasons, place: null };
  if (storage.id === view.record.place.storage && folder === view.folder)
    return {
      reasons: [
        ...reasons,
        blocks(
          'same-place',
          'Place',
          `${node} sees the very folder ${folder} in which ${view.name} lies: there is nothing to copy.`,
          { node },
        ),
      ],
      place: null,
    };
  const there = whatIsThere(scene, view, { node, folder, name });
  reasons.push(
    ...there.reasons,
    ...basesFollow(scene, view, node, folder),
    ...room(scene, view, { node, directory }, there.allocated),
  );
  return {
    reasons,
    place: there.reasons.some((each) => each.severity === 'blocks')
      ? null
      : { node, directory, storageId: storage.id, folder, replica: there.replica, config: there.config },
  };
};
