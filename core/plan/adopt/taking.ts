/** The steps by which images that are there become an instance's: reuse and adopt. No image is written to. */
import type { InstanceRecord } from '../../cluster/record.ts';
import type { Action } from '../action.ts';
import type { TakenImage } from '../checks/taken-images.ts';
import { addUnwritten } from '../checks/users.ts';
import { addNewInstance, type NewPlace } from '../instance/new-instance.ts';
import type { Plan, Step } from '../plan.ts';
import type { Scene } from '../scene.ts';
import { addLock, addUnlock, lockText, makeStepList, type StepList, undoOf } from '../step-list.ts';
import { identityOf } from '../subject.ts';
import { type Aside, addSetAside } from './hand-made.ts';

/** A folder from which images are taken, with every name in it that the planner saw. */
export type SourceFolder = { path: string; known: string[] };

export type Taking = {
  title: string;
  place: NewPlace;
  record: InstanceRecord;
  images: readonly TakenImage[];
  folders: readonly SourceFolder[];
  /** configurations in /etc/xen that are set aside */
  aside?: readonly Aside[];
  /** its guest runs on, with the images open */
  runs?: boolean;
};

const verify = (scene: Scene, { images, folders, runs }: Taking): Action => ({
  do: 'verify-taken',
  ...(runs ? { running: true as const } : {}),
  folders: folders.map(({ path, known }) => ({ path, known: [...known] })),
  images: images.map(({ path, file, type, base, isTold }) => ({
    path,
    device: file.device,
    inode: file.inode,
    size: file.size,
    type,
    base,
    ...(type === 'raw' && !isTold ? { unlessVhd: true as const } : {}),
  })),
  within: scene.snapshot.cluster.storageDirectories,
});

/** Images that lie elsewhere are renamed into the new folder, in the order of the disks; undo renames them back. */
const addMoves = (list: StepList, { place, record, images, folders }: Taking): void => {
  for (const [index, { path, file }] of images.entries()) {
    const to = record.disks[index]?.logical_id[2];
    if (to === undefined || to === path) continue;
    const { inode } = file;
    const isLocked = folders.some((each) => path === `${each.path}/${file.name}`);
    list.add(
      place.node,
      `Move ${path} into the instance's folder`,
      { do: 'take-image', from: path, to, inode, ...(isLocked ? {} : { alone: true as const }) },
      {
        undo: [
          undoOf(place.node, `Move it back to ${path}`, { do: 'take-image', from: to, to: path, inode }),
        ],
      },
    );
  }
};

export const stepsOfTaking = (scene: Scene, taking: Taking): { steps: Step[]; files: Plan['files'] } => {
  const { title, place, record, folders } = taking;
  const { node, folder } = place;
  const list = makeStepList();
  const inPlace = folders.some((each) => each.path === folder);
  if (!inPlace)
    list.add(
      node,
      'Make the folder, with its lock',
      { do: 'make-folder', folder, lock: lockText(scene, title, [node], folder) },
      { undo: [undoOf(node, 'Remove the folder', { do: 'drop-folder', folder, run: scene.context.run })] },
    );
  for (const { path } of folders) addLock(list, scene, { node, folder: path, title, nodes: [node] });
  list.add(node, 'Look at the images once more', verify(scene, taking));
  const guest = identityOf({ ...record, disks: disksWhereTheyAre(taking) });
  list.add(
    scene.lookup.seen.map((each) => each.name).filter((each) => !taking.runs || each !== node),
    taking.runs ? `Make sure that ${record.name} runs nowhere else` : 'Make sure that nothing has them open',
    { do: 'verdict', ...guest },
  );
  if (taking.runs)
    list.add(node, `Make sure that ${record.name} runs here, on these images`, {
      do: 'check-running',
      ...guest,
      attached: true,
    });
  for (const base of new Set(taking.images.flatMap((each) => (each.base === null ? [] : [each.base]))))
    addUnwritten(list, scene, node, base);
  addMoves(list, taking);
  // while it is not an instance yet: a node that boots in between then starts nothing by itself
  addSetAside(list, node, taking.aside ?? []);
  const starts = record.adminState === 'up' && !taking.runs;
  const files = addNewInstance(list, scene, record, place, undefined, starts);
  const others = folders.filter((each) => each.path !== folder);
  const stays = !starts;
  addUnlock(list, scene, node, folder, stays);
  for (const { path } of others) addUnlock(list, scene, node, path, stays);
  return { steps: list.steps, files };
};

const disksWhereTheyAre = ({ record, images }: Taking): InstanceRecord['disks'] =>
  record.disks.map((disk, index) => {
    const [driver, type, path] = disk.logical_id;
    return { ...disk, logical_id: [driver, type, images[index]?.path ?? path] };
  });
