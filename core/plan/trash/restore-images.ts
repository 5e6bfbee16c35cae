/** Images that no instance owned come back out of the trash, to where they lay. */
import { isShownAt } from '../../cluster/backing.ts';
import { findInstances, type InstanceView } from '../../cluster/instances.ts';
import type { RemovedImages } from '../../cluster/removed-images.ts';
import { listText } from '../../cluster/status.ts';
import type { InTrash } from '../../cluster/trash.ts';
import { recordsNaming } from '../../cluster/users.ts';
import { baseName, directoryOf, isBelow, validateImagePath } from '../../storage/paths.ts';
import { nodeCanWork } from '../checks/nodes.ts';
import { isStopped } from '../checks/stopped.ts';
import { trashIsUnlocked } from '../checks/trash.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, passed, type Scene } from '../scene.ts';
import { addLock, addUnlock, type Draft, lockText, makeStepList, undoOf } from '../step-list.ts';
import { identityOf } from '../subject.ts';

/** The note lies where anybody may have written it: it leads nowhere but into the storage directory of this trash. */
const placeMayBe = (scene: Scene, { from, what, files }: RemovedImages, storage: string): Reason[] => {
  const checked = validateImagePath(from, scene.snapshot.cluster.storageDirectories);
  const parts = from.slice(storage.length + 1).split('/');
  const sound =
    checked.ok &&
    isBelow(from, storage) &&
    parts.length <= (what === 'folder' ? 1 : 2) &&
    !parts.some((each) => each.startsWith('.')) &&
    (what === 'folder' || (files.length === 1 && files[0]?.name === baseName(from)));
  return sound
    ? []
    : [
        blocks(
          'note-place',
          'Place',
          `The note in the trash says that it lay at ${from.slice(0, 300)}, which is no place of an image in ${storage}: it is not moved there. Look at it on the node.`,
        ),
      ];
};

const placeIsFree = (
  scene: Scene,
  { from, what }: RemovedImages,
  storage: string,
  nodes: readonly string[],
): Reason[] => {
  const views = nodes.flatMap((node) => scene.lookup.byName.get(node) ?? []);
  const taken = views.filter(
    (view) =>
      view.facts?.folders.some((each) => each.path === from) === true || isShownAt(view, from) === true,
  );
  if (taken.length > 0)
    return [
      blocks(
        'place-taken',
        'Place',
        `${from} exists on ${listText(taken.map((each) => each.name))}: move that away first, or leave this one in the trash.`,
      ),
    ];
  const above = directoryOf(from);
  if (what === 'file' && above !== storage) {
    const without = views.filter((view) => !view.facts?.folders.some((each) => each.path === above));
    if (without.length > 0)
      return [
        blocks(
          'no-folder',
          'Place',
          `${above}, in which it lay, is not there any more on ${listText(without.map((each) => each.name))}: make that folder first.`,
        ),
      ];
  }
  return [passed('place-free', 'Place', `${from} is free on ${listText(nodes)}.`)];
};

type Disk = { view: InstanceView; path: string; disk: number; fits: boolean };

/** Disks of records that name a place to which a file comes back. */
const disksThere = (scene: Scene, { from, what, files }: RemovedImages, trash: InTrash): Disk[] =>
  files.flatMap(({ name }) => {
    const path = what === 'folder' ? `${from}/${name}` : from;
    const file = trash.files?.find((each) => each.name === name);
    const owners = new Map(
      trash.nodes.flatMap((node) =>
        recordsNaming(scene.lookup, node, path).map((each) => [each.record.uuid, each] as const),
      ),
    );
    return [...owners.values()].flatMap(({ record, disk }): Disk[] => {
      const view = findInstances(scene.snapshot, record.uuid)[0];
      const recorded = record.disks[disk];
      const type = recorded?.logical_id[1];
      const fits =
        file !== undefined && file.type === type && (type !== 'raw' || file.size === recorded?.size);
      return view ? [{ view, path, disk, fits }] : [];
    });
  });

/** What comes back to the place of a disk is that disk from then on. No note tells whether it was: type and size do, and a person. */
const disksMayCome = (scene: Scene, disks: readonly Disk[]): Reason[] =>
  disks.flatMap(({ view, path, disk, fits }) =>
    fits
      ? [
          ...isStopped(scene, view, `Shut it down first: its disk ${disk} is put to ${path}.`),
          ...vouchChecks(scene, view, suspectsOf(scene, view)),
          consent(
            `becomes-disk:${view.name}`,
            'Disk',
            `${path} is the place of disk ${disk} of ${view.name}, whose file is missing: what comes back is that disk from then on, and has its type and size. Whether it is that disk's own file, only you can tell.`,
          ),
        ]
      : [
          blocks(
            'place-of-disk',
            'Place',
            `${path} is the place of disk ${disk} of ${view.name}, whose file is missing, and this file has not the type and size that are recorded of it (or they can't be told): it would become that disk, unasked. Take that disk out of ${view.name} first (vbdesk instance disk remove).`,
          ),
        ],
  );

/** The lock of the folder into which a single file goes. */
const folderIsUnlocked = (scene: Scene, folder: string, nodes: readonly string[]): Reason[] => {
  for (const node of nodes) {
    const found = scene.lookup.byName.get(node)?.facts?.folders.find((each) => each.path === folder);
    if (found?.lock)
      return [
        blocks(
          'locked',
          'Lock',
          `${folder} is locked${found.lock.ok ? ` (${found.lock.lock.title}, run ${found.lock.lock.run})` : ''}: wait for that run, resume it, or break its lock.`,
          { node },
        ),
      ];
  }
  return [];
};

export const restoreImages = (
  scene: Scene,
  node: string,
  each: InTrash,
  note: RemovedImages,
  before: readonly Reason[],
): Draft => {
  const { path: trash, storage, nodes } = each;
  const { from, what, files } = note;
  const { run } = scene.context;
  const above = directoryOf(from);
  const inFolder = what === 'file' && above !== storage;
  const seen = nodes.filter((name) => scene.lookup.byName.get(name)?.seen);
  const sound = placeMayBe(scene, note, storage);
  const disks = sound.length > 0 ? [] : disksThere(scene, note, each);
  const reasons: Reason[] = [
    ...before,
    ...nodeCanWork(scene, node, false),
    ...trashIsUnlocked(each, node),
    ...sound,
    ...(sound.length > 0 ? [] : placeIsFree(scene, note, storage, seen)),
    ...disksMayCome(scene, disks),
    ...(inFolder ? folderIsUnlocked(scene, above, seen) : []),
  ];
  const title = `restore ${baseName(from)}`;
  const draft: Draft = {
    title: `Restore ${baseName(from)} from the trash`,
    subject: { kind: 'instance', name: baseName(from), uuid: null },
    reasons,
    equivalent: null,
  };
  if (reasons.some(({ severity }) => severity === 'blocks')) return draft;
  const list = makeStepList();
  list.add(
    node,
    'Lock the folder in the trash',
    { do: 'lock', folder: trash, lock: lockText(scene, title, [node], trash) },
    { undo: [undoOf(node, 'Give the lock back', { do: 'unlock', folder: trash, run })] },
  );
  const addVerdicts = (): void => {
    for (const view of new Map(disks.map((disk) => [disk.view.uuid, disk.view])).values())
      list.add(
        scene.lookup.seen.map(({ name: on }) => on),
        `Make sure that ${view.name} runs nowhere`,
        { do: 'verdict', ...identityOf(view.record) },
      );
  };
  if (what === 'folder') {
    addVerdicts();
    list.add(
      node,
      'Move the folder back',
      { do: 'move-folder', from: trash, to: from, expectInode: 0 },
      { commit: true },
    );
    list.add(node, 'Remove the note that it was in the trash', { do: 'drop-note', folder: from, run });
    addUnlock(list, scene, node, from, false);
    return { ...draft, steps: list.steps };
  }
  if (inFolder) addLock(list, scene, { node, folder: above, title, nodes: [node] });
  addVerdicts();
  const [file] = files;
  if (!file) return draft;
  const { name, inode } = file;
  list.add(
    node,
    `Move ${name} back`,
    { do: 'take-image', from: `${trash}/${name}`, to: from, inode },
    { commit: true },
  );
  list.add(node, 'Remove its folder in the trash', {
    do: 'purge-folder',
    folder: trash,
    files: [],
    run,
  });
  if (inFolder) addUnlock(list, scene, node, above, false);
  return { ...draft, steps: list.steps };
};
