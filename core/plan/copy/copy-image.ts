/** Copy image: one file that nobody writes to, to another folder or node. The file itself stays as it is; the copy belongs to nobody yet. */
import { backingOf, type ImageSight, imageAt, virtualSizeOf } from '../../cluster/backing.ts';
import { deriveInstances, type InstanceView } from '../../cluster/instances.ts';
import { storageOf } from '../../cluster/lookup.ts';
import { shown } from '../../storage/checked.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { type ImagePlace, imagePlace, placeIsFree, placeIsUnlocked } from '../checks/image-place.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { isStopped } from '../checks/stopped.ts';
import { spaceIsFree, storageIsReady } from '../checks/storage.ts';
import { addUnused, nobodyUses, silentMayUse } from '../checks/users.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import type { CopyImageIntent } from '../image-intents.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, lockText, makeStepList, undoOf } from '../step-list.ts';
import { identityOf } from '../subject.ts';

const ownerOf = (scene: Scene, sight: ImageSight): InstanceView | null =>
  deriveInstances(scene.snapshot).find(
    (view) =>
      view.disks.some((disk) => disk.path === sight.path) &&
      view.folders.some(
        ({ node, folder, current }) =>
          current && node === sight.node && sight.path.startsWith(`${folder.path}/`),
      ),
  ) ?? null;

const sourceIsReady = (scene: Scene, place: ImagePlace, sight: ImageSight | null): Reason[] => {
  const { node, path } = place;
  const about = { node, field: 'from' };
  const block = (code: string, text: string): Reason => blocks(code, 'Source', text, about);
  if (sight === null) return [block('no-image', `${node} shows no file ${path}.`)];
  const { file } = sight;
  if (file.kind !== 'file') return [block('not-regular', `${path} on ${node} is no regular file.`)];
  if (file.type === null) return [block('unreadable', `What ${path} on ${node} is could not be read.`)];
  const used = nobodyUses(scene, place, {
    code: 'in-use',
    title: 'Source',
    field: 'from',
    why: ", so it can't be copied at one moment.",
  });
  if (used.length > 0) return used;
  const backing = backingOf(file);
  return [
    passed(
      'source',
      'Source',
      `${path} is ${file.type}, ${formatBytes(file.size)}, of which ${formatBytes(file.allocated)} are stored.`,
      about,
    ),
    ...(backing === null
      ? []
      : [
          warning(
            'backing',
            'Linked clone',
            `${path} holds only its difference to ${backing}. The copy needs that very file under the same name where it lies; it is not copied along.`,
            about,
          ),
        ]),
  ];
};

export const planCopyImage = (scene: Scene, intent: CopyImageIntent): Draft => {
  const from = imagePlace(scene, intent.from, { field: 'from', title: 'Source' });
  const to = imagePlace(scene, intent.to, { field: 'to', title: 'Target' });
  const nodes = [...new Set([intent.from.node, intent.to.node])];
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...mustAnswer(scene, intent.from.node, 'Source', 'from'),
    ...(nodes.length > 1 ? mustAnswer(scene, intent.to.node, 'Target', 'to') : []),
    ...nodes.flatMap((node) => nodeCanWork(scene, node, false)),
    ...from.reasons,
    ...to.reasons,
  ];
  const draft = (more: Partial<Draft> = {}): Draft => ({
    title: `Copy ${intent.from.path} of ${intent.from.node} to ${intent.to.path} on ${intent.to.node}`,
    subject: {
      kind: 'instance',
      name: from.place?.folder.split('/').at(-1) ?? shown(intent.from.path),
      uuid: null,
    },
    reasons,
    ...more,
  });
  if (!from.place || !to.place || reasons.some((each) => each.severity === 'blocks')) return draft();
  const target = to.place;
  const idOn = (place: ImagePlace): string | null =>
    storageOf(scene.lookup.byName.get(place.node), place.storage)?.id ?? null;
  const storageId = idOn(from.place);
  // a node that sees both reads and writes them itself
  const shares = storageId !== null && idOn({ ...from.place, node: target.node }) === storageId;
  const source: ImagePlace = shares ? { ...from.place, node: target.node } : from.place;
  const sight = imageAt(scene.lookup.byName.get(source.node), source.path);
  const owner = sight ? ownerOf(scene, sight) : null;
  const { exists, reasons: about } = placeIsFree(scene, target);
  const free = storageOf(scene.lookup.byName.get(target.node), target.storage)?.freeBytes ?? 0;
  reasons.push(
    ...storageIsReady(scene, target.node, target.storage),
    ...sourceIsReady(scene, source, sight),
    ...(owner
      ? [
          ...isStopped(
            scene,
            owner,
            `What it writes while ${source.path} is copied would be missing from the copy. Shut ${owner.name} down first.`,
          ),
          ...vouchChecks(scene, owner, suspectsOf(scene, owner)),
        ]
      : silentMayUse(scene, source, 'What it writes while the file is read would be missing from the copy.')),
    ...(exists
      ? about
      : [
          ...about,
          passed('new-folder', 'Target', `${target.folder} on ${target.node} is made for it.`, {
            node: target.node,
            field: 'to',
          }),
        ]),
    ...placeIsUnlocked(scene, source, 'from'),
    ...placeIsUnlocked(scene, target, 'to'),
    ...(sight && sight.file.allocated > free
      ? [
          blocks(
            'no-room',
            'Room',
            `${source.path} holds ${formatBytes(sight.file.allocated)}; ${target.storage} on ${target.node} has ${formatBytes(Math.max(0, Math.floor(free)))} free.`,
            { node: target.node, field: 'to' },
          ),
        ]
      : sight
        ? spaceIsFree(scene, target.node, target.storage, sight.file.size)
        : []),
  );
  if (!sight || sight.file.type === null) return draft();
  const { type } = sight.file;
  const size = virtualSizeOf(sight.file);
  const title = `copy ${source.path} to ${target.path}`;
  const list = makeStepList();
  const sameFolder = source.node === target.node && source.folder === target.folder;
  addLock(list, scene, { node: source.node, folder: source.folder, title, nodes, of: 'folder' });
  if (!sameFolder && exists)
    addLock(list, scene, { node: target.node, folder: target.folder, title, nodes, of: 'folder' });
  else if (!sameFolder)
    list.add(
      target.node,
      `Make the folder on ${target.node}, with its lock`,
      { do: 'make-folder', folder: target.folder, lock: lockText(scene, title, nodes, target.folder) },
      {
        undo: [
          undoOf(target.node, 'Remove the folder', {
            do: 'drop-folder',
            folder: target.folder,
            run: scene.context.run,
          }),
        ],
      },
    );
  if (owner)
    list.add(
      scene.lookup.seen.map((each) => each.name),
      `Make sure that ${owner.name} runs nowhere`,
      { do: 'verdict', ...identityOf(owner.record) },
    );
  const unused = `Make sure that nobody has ${source.name} open`;
  addUnused(list, scene, source.node, [source.path], unused);
  list.add(
    target.node,
    `Copy ${source.name} from ${source.node} to ${target.node}`,
    {
      do: 'copy-image',
      from: { node: source.node, path: source.path },
      to: { node: target.node, path: target.path },
      size,
      type,
    },
    {
      undo: [
        undoOf(target.node, 'Remove the copy that was begun', { do: 'drop-partial', path: target.path }),
      ],
    },
  );
  // the copy may have taken hours
  addUnused(list, scene, source.node, [source.path], unused);
  list.add(
    target.node,
    `Compare ${target.name} by its content, and give it its name`,
    { do: 'accept-copy', path: target.path, size, type },
    { undo: [undoOf(target.node, 'Remove the copy', { do: 'remove-file', path: target.path })] },
  );
  if (sameFolder) addUnlock(list, scene, source.node, source.folder, true);
  else {
    addUnlock(list, scene, target.node, target.folder, true);
    addUnlock(list, scene, source.node, source.folder, false);
  }
  return draft({
    steps: list.steps,
    effects: { newBytes: sight.file.size },
    ...(owner ? { subject: { kind: 'instance', name: owner.name, uuid: owner.uuid } } : {}),
  });
};
