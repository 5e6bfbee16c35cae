/** Convert an image that is no instance's disk: a proved copy in another type, beside it or elsewhere. The image itself is only read. */
import { basePathOf, virtualSizeOf } from '../../cluster/backing.ts';
import { type FileSight, sightAt } from '../../cluster/file-at.ts';
import { imagesOf } from '../../cluster/images.ts';
import { storageOf } from '../../cluster/lookup.ts';
import type { FileType } from '../../cluster/record.ts';
import { recordsNaming } from '../../cluster/users.ts';
import { shown } from '../../storage/checked.ts';
import { isPartialName } from '../../storage/kept-names.ts';
import { validateImagePath } from '../../storage/paths.ts';
import { formatBytes, SECTOR_BYTES } from '../../storage/sizes.ts';
import { byItsFooter } from '../checks/fixed-vhd.ts';
import { type ImagePlace, imagePlace, placeIsFree, placeIsUnlocked } from '../checks/image-place.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { chainReasons } from '../checks/overlays.ts';
import {
  addUnwrittenBases,
  basesAreNoDisks,
  basesOf,
  basesUnwritten,
  silentMayWriteBases,
} from '../checks/source-bases.ts';
import { spaceIsFree, storageIsReady } from '../checks/storage.ts';
import { typeByName, typeIsTold } from '../checks/told-type.ts';
import { addUnused, nobodyUses, silentMayUse } from '../checks/users.ts';
import type { ConvertFileIntent } from '../image-intents.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, lockText, makeStepList, undoOf } from '../step-list.ts';
import { needsQemuImg } from './disk-work.ts';

const endings = /\.(raw|img|bin|qcow|qcow2|vmdk|vhd|vhdx|vdi)$/i;

/** Where the converted image lies when nobody says it: beside the image, with the ending of its type. */
export const convertedPath = (path: string, type: 'raw' | 'qcow2'): string => {
  const at = path.lastIndexOf('/') + 1;
  const bare = path.slice(at).replace(endings, '');
  const made = `${path.slice(0, at)}${bare}.${type}`;
  return made === path ? `${path.slice(0, at)}${bare}-whole.${type}` : made;
};

/** What it is read as; of a VHD of fixed size the probe does not read the end where it could be any disk's. */
const typeOf = ({ file }: FileSight, intent: ConvertFileIntent): FileType | null =>
  intent.from === 'vhd' && file.type === 'raw' ? 'vhd' : file.type;

/** Bytes that a guest sees, in whole sectors; null where the probe does not tell. */
const sizeOf = ({ file }: FileSight, type: FileType): number | null => {
  const size = type === file.type ? virtualSizeOf(file) : null;
  return size === null ? null : Math.ceil(size / SECTOR_BYTES) * SECTOR_BYTES;
};

const sourceIsReady = (scene: Scene, intent: ConvertFileIntent, sight: FileSight): Reason[] => {
  const { node, path, type: to } = intent;
  const { file } = sight;
  const source = { node, folder: { path: sight.directory }, file };
  const about = { node, field: 'from' };
  const reasons: Reason[] = [];
  const block = (code: string, text: string) => reasons.push(blocks(code, 'Image', text, about));
  const row = imagesOf(scene.snapshot).find(
    (each) => each.path === path && each.storage.nodes.includes(node),
  );
  for (const { record, disk } of recordsNaming(scene.lookup, node, path))
    block(
      'is-disk',
      `${path} is disk ${disk} of ${record.name}, which is converted in its place: vbdesk image convert ${record.name} ${disk} --to ${to}.`,
    );
  if (row?.owner.kind === 'replica')
    block(
      'is-replica',
      `${path} is a replica of a disk of ${row.owner.name}, which only a failover makes a disk.`,
    );
  if (isPartialName(file.name)) block('partial', `${path} is a copy that was not finished.`);
  if (file.kind !== 'file') block('not-a-file', `${path} is not a regular file but a ${file.kind}.`);
  const type = typeOf(sight, intent);
  if (file.kind === 'file' && type === null)
    block('unreadable', `What ${path} is could not be read, or it is of a type that is not converted.`);
  if (intent.from === 'vhd' && file.type !== null && file.type !== 'raw' && file.type !== 'vhd')
    block('other-type', `${path} is ${file.type} by its header, and no VHD.`);
  const base = sight.file.backing ? basePathOf({ path: sight.directory }, file) : null;
  if (type === to && base === null && !file.backing)
    block('same-type', `${path} is ${to} already; a copy is made by vbdesk image copy.`);
  reasons.push(
    ...typeIsTold(path, file, typeByName(file.name), {
      ...about,
      ifWrong: `It is not converted. If you know that it is ${file.type}, give it another name on the node first.`,
    }),
    ...chainReasons(scene, source, path, 'from'),
    ...basesAreNoDisks(scene, source, 'from'),
    ...basesUnwritten(scene, source, 'from'),
    ...silentMayWriteBases(scene, source),
    ...nobodyUses(
      scene,
      { node, path },
      {
        code: 'in-use',
        title: 'Image',
        field: 'from',
        why: ", so it can't be converted at one moment.",
      },
    ),
    ...silentMayUse(
      scene,
      { node, path },
      'What it writes while the file is read would be missing from what is made of it.',
    ),
  );
  if (file.type === 'raw' && intent.from === undefined && /\.vhd$/i.test(file.name))
    reasons.push(
      warning(
        'maybe-vhd',
        'Image',
        `${path} is taken as raw, because its header says nothing else. If it is a VHD of fixed size, whose mark is at its end, say so: --from vhd.`,
        about,
      ),
    );
  if (base !== null)
    reasons.push(
      passed(
        'whole',
        'Linked clone',
        `${path} builds on ${base}; the converted image holds everything and needs that no more.`,
        about,
      ),
    );
  return reasons;
};

const roomFor = (scene: Scene, target: ImagePlace, { file }: FileSight, size: number | null): Reason[] => {
  const free = storageOf(scene.lookup.byName.get(target.node), target.storage)?.freeBytes ?? null;
  if (free !== null && file.allocated > free)
    return [
      blocks(
        'no-room',
        'Room',
        `The converted image takes about ${formatBytes(file.allocated)}; ${target.storage} on ${target.node} has ${formatBytes(Math.max(0, Math.floor(free)))} free.`,
        { node: target.node, field: 'to' },
      ),
    ];
  return spaceIsFree(scene, target.node, target.storage, size ?? file.size);
};

export const planConvertFile = (scene: Scene, intent: ConvertFileIntent): Draft => {
  const { node, path, type } = intent;
  const { storageDirectories } = scene.snapshot.cluster;
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...mustAnswer(scene, node, 'Node', 'node'),
    ...nodeCanWork(scene, node, false),
  ];
  const checked = validateImagePath(path, storageDirectories);
  if (!checked.ok) reasons.push(blocks('path', 'Image', checked.message, { node, field: 'from' }));
  const wanted = intent.target ?? convertedPath(path, type);
  const target = imagePlace(scene, { node, path: wanted }, { field: 'to', title: 'Converted image' });
  if (checked.ok)
    reasons.push(
      ...target.reasons.map((each) =>
        intent.target === undefined ? { ...each, text: `${each.text} Say where it shall lie.` } : each,
      ),
    );
  const draft = (more: Partial<Draft> = {}): Draft => ({
    title: `Convert ${path} of ${node} to ${type}`,
    subject: {
      kind: 'instance',
      name: path.slice(0, path.lastIndexOf('/')).split('/').at(-1) || shown(path),
      uuid: null,
    },
    reasons,
    ...more,
  });
  if (reasons.some((each) => each.severity === 'blocks') || target.place === null) return draft();
  const { place } = target;
  const found = sightAt(scene.lookup.byName.get(node), path);
  const sight = found && { ...found, file: byItsFooter(found.file) };
  if (sight === null) {
    reasons.push(blocks('no-image', 'Image', `${node} shows no file ${path}.`, { node, field: 'from' }));
    return draft();
  }
  const from = typeOf(sight, intent);
  const size = from === null ? null : sizeOf(sight, from);
  const free = placeIsFree(scene, place);
  // a file beside the folders has no folder that could be locked: it is only read, and looked at that nobody has it open
  const source: ImagePlace | null =
    sight.folder === null
      ? null
      : { node, path, storage: sight.folder.storage, folder: sight.directory, name: sight.file.name };
  const sameFolder = source?.folder === place.folder;
  reasons.push(
    ...needsQemuImg(scene, node, 'converts images'),
    ...storageIsReady(scene, node, place.storage),
    ...sourceIsReady(scene, intent, sight),
    ...free.reasons,
    ...(source === null ? [] : placeIsUnlocked(scene, source, 'from')),
    ...(sameFolder ? [] : placeIsUnlocked(scene, place, 'to')),
    ...roomFor(scene, place, sight, size),
  );
  if (from === null || reasons.some((each) => each.severity === 'blocks')) return draft();
  reasons.push(
    passed(
      'convert',
      'Image',
      `${path} (${from}${size === null ? '' : `, ${formatBytes(size)}`}) stays as it is; ${place.path} is compared with it before it gets its name.`,
      { node, field: 'from' },
    ),
  );
  const title = `convert ${path} to ${type}`;
  const list = makeStepList();
  if (source !== null)
    addLock(list, scene, { node, folder: source.folder, title, nodes: [node], of: 'folder' });
  if (!sameFolder && free.exists)
    addLock(list, scene, { node, folder: place.folder, title, nodes: [node], of: 'folder' });
  else if (!sameFolder)
    list.add(
      node,
      'Make the folder, with its lock',
      { do: 'make-folder', folder: place.folder, lock: lockText(scene, title, [node], place.folder) },
      {
        undo: [
          undoOf(node, 'Remove the folder', {
            do: 'drop-folder',
            folder: place.folder,
            run: scene.context.run,
          }),
        ],
      },
    );
  const bases = basesOf(scene, { node, folder: { path: sight.directory }, file: sight.file });
  const unused = `Make sure that nobody has ${sight.file.name} open`;
  addUnused(list, scene, node, [path], unused);
  addUnwrittenBases(list, scene, node, bases);
  list.add(
    node,
    `Make ${place.name} of it, and compare them`,
    {
      do: 'convert-image',
      from: { path, type: from },
      to: { path: place.path, type },
      size,
      within: storageDirectories,
    },
    { undo: [undoOf(node, `Remove ${place.name}`, { do: 'remove-file', path: place.path })] },
  );
  // the copy may have taken hours
  addUnused(list, scene, node, [path], unused);
  addUnwrittenBases(list, scene, node, bases);
  if (source !== null && !sameFolder) {
    addUnlock(list, scene, node, place.folder, true);
    addUnlock(list, scene, node, source.folder, false);
  } else addUnlock(list, scene, node, place.folder, true);
  return draft({ steps: list.steps, effects: { newBytes: size ?? sight.file.size } });
};
