/** Purge: folders in the trash are deleted for good, exactly the files that their records name. */

import { trashDirectory } from '../../cluster/schema.ts';
import { listText } from '../../cluster/status.ts';
import { type InTrash, type TrashFile, trashContents, trashOf, trashRecord } from '../../cluster/trash.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { clusterChecks, nodeCanWork, troubleOf } from '../checks/nodes.ts';
import { readyDirectories } from '../checks/overlays.ts';
import { storageIsAllowed } from '../checks/storage.ts';
import { nothingBuildsOnTrash, trashIsUnlocked } from '../checks/trash.ts';
import type { PurgeTrashIntent } from '../intent.ts';
import { vouchCode } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, passed, type Scene, warning } from '../scene.ts';
import { type Draft, lockText, makeStepList, undoOf } from '../step-list.ts';

/** These folders as the intent names them: with the node where another one has the same path. */
export const purgedFolders = (
  chosen: readonly InTrash[],
  all: readonly InTrash[],
): PurgeTrashIntent['folders'] =>
  chosen.map(({ storage, name, path, nodes }) => ({
    storageDirectory: storage,
    trashName: name,
    ...(nodes[0] !== undefined && all.filter((each) => each.path === path).length > 1
      ? { node: nodes[0] }
      : {}),
  }));

type Named = PurgeTrashIntent['folders'][number];
type Target = { each: InTrash; node: string; files: TrashFile[]; keep: TrashFile[] };

const bytesOf = ({ size, allocated }: TrashFile): string =>
  `${formatBytes(size)}, ${formatBytes(allocated)} on disk`;

const findInTrash = (scene: Scene, wanted: Named): { each: InTrash } | { reason: Reason } => {
  const { storageDirectory, trashName, node } = wanted;
  const here = trashOf(scene.snapshot, true).filter((each) => each.storage === storageDirectory);
  const found = here.filter(
    (each) => each.name === trashName && (node === undefined || each.nodes.includes(node)),
  );
  const [each] = found;
  if (each && found.length === 1) return { each };
  const text = each
    ? `${listText(found.map((one) => one.nodes[0] ?? ''))} each have a folder of their own called ${each.path}: say whose is meant.`
    : `No node that answers has ${trashName} in the trash of ${storageDirectory}${node === undefined ? '' : ` on ${node}`}${here.length > 0 ? `; there are ${[...new Set(here.map((one) => one.name))].join(', ')}` : ''}.`;
  return { reason: blocks(each ? 'ambiguous' : 'not-in-trash', 'Trash', text, { field: 'trashName' }) };
};

/** Which of its files may go, and what can't be said because nothing names them. */
const filesOf = (
  each: InTrash,
  node: string,
): { reasons: Reason[]; files: TrashFile[]; keep: TrashFile[] } => {
  const about = { node };
  const none = { files: [], keep: [] };
  const { record, replica, images, path } = each;
  const broken = [record, replica, images].find((one) => one?.ok === false);
  if (broken?.ok === false)
    return {
      ...none,
      reasons: [
        blocks(
          'record-unreadable',
          'Record',
          `The record in ${path} can't be read: ${broken.error} Which files belong to it is not known, so none is deleted. Look at ${path} on ${node}.`,
          about,
        ),
      ],
    };
  const { named, others, outside } = trashContents(each);
  if (trashRecord(each) === null && !images?.ok && others.length > 0)
    return {
      ...none,
      reasons: [
        blocks(
          'no-record',
          'Record',
          `${path} holds no record, so nothing says which files belong to it, and none is deleted: ${others.map((file) => `${file.name} (${bytesOf(file)})`).join(', ')}. Restore it, or look at it on ${node} and delete them there.`,
          about,
        ),
      ],
    };
  return {
    files: named,
    keep: others,
    reasons: [
      ...(others.length > 0
        ? [
            warning(
              'kept-files',
              'Other files',
              `The ${images?.ok ? 'note' : 'record'} does not name ${others.map((file) => `${path}/${file.name} (${bytesOf(file)})`).join(', ')}: ${others.length === 1 ? 'it is' : 'they are'} kept, and so is the folder.`,
              about,
            ),
          ]
        : []),
      ...(outside.length > 0
        ? [
            warning(
              'outside',
              'Images elsewhere',
              `${outside.join(', ')} did not lie in the folder, and ${outside.length === 1 ? 'is' : 'are'} not touched.`,
              about,
            ),
          ]
        : []),
    ],
  };
};

/** A silent node that sees the storage may have its images open. */
const silentNodes = (scene: Scene, each: InTrash): Reason[] =>
  scene.lookup.unseen.map(({ name: node, facts }) => {
    const ids = new Set(
      each.nodes.map(
        (one) =>
          scene.lookup.byName.get(one)?.facts?.storages.find((storage) => storage.path === each.storage)?.id,
      ),
    );
    const shares = facts?.storages.some((storage) => storage.id !== null && ids.has(storage.id)) ?? true;
    return shares
      ? consent(
          vouchCode(node),
          `${node} may be alive`,
          `${node} may see ${each.storage}, and ${troubleOf(scene, node)}: whether it has an image of ${each.path} open can't be told. Say how you know that it is down.`,
          { node },
        )
      : passed(
          'other-storage',
          `${node} is not seen`,
          `${node} did not see this storage when it answered last.`,
          {
            node,
          },
        );
  });

/** Its instance runs: from elsewhere, if this is a discarded copy; from these very images, if not. */
const runsNowhere = (scene: Scene, each: InTrash, lives: boolean): Reason[] => {
  const record = trashRecord(each);
  if (record === null || lives) return [];
  return (scene.lookup.domainsByUuid.get(record.uuid.toLowerCase()) ?? [])
    .filter((sight) => sight.seen)
    .map(({ node, domain }) =>
      blocks(
        'running',
        `Runs on ${node}`,
        `${node} has the domain ${domain.name} (domain ${domain.domid}) of ${record.name}, whose folder is ${each.path}: it may be running from these images. End it first.`,
        { node },
      ),
    );
};

const livesOn = (scene: Scene, each: InTrash): boolean =>
  (scene.lookup.recorded.get(trashRecord(each)?.uuid.toLowerCase() ?? '') ?? []).length > 0;

/** The code holds the name, or how many they are, so that giving it means typing that. */
export const purgeCode = (chosen: readonly Pick<InTrash, 'called'>[]): string =>
  chosen.length === 1 ? `purge:${chosen[0]?.called ?? ''}` : `purge:${chosen.length}-folders`;

const whatGoes = ({ each, node, files, keep }: Target, code: string): Reason => {
  const list = files.map((file) => `${each.path}/${file.name} (${bytesOf(file)})`);
  const total = files.reduce((sum, file) => sum + file.allocated, 0);
  return consent(
    code,
    'Deleted for good',
    `${[...list, `${list.length === 0 ? 'no image, but ' : ''}${each.images?.ok ? 'note' : 'record, xen.cfg'} and lock of ${each.path}`].join(', ')}${keep.length === 0 ? ', then the folder' : ''}: ${formatBytes(total)} on disk. This can't be taken back.`,
    { node },
  );
};

const lookInto = (
  scene: Scene,
  wanted: Named,
  all: readonly Named[],
): { reasons: Reason[]; target: Target | null } => {
  const allowed = storageIsAllowed(scene, wanted.storageDirectory);
  if (allowed.some((each) => each.severity === 'blocks')) return { reasons: allowed, target: null };
  const found = findInTrash(scene, wanted);
  if ('reason' in found) return { reasons: [...allowed, found.reason], target: null };
  const { each } = found;
  const node = wanted.node ?? each.nodes[0] ?? '';
  const { files, keep, reasons } = filesOf(each, node);
  const target = { each, node, files, keep };
  const hasNothingToGo = reasons.some((reason) => reason.severity === 'blocks');
  return {
    reasons: [
      ...allowed,
      ...nodeCanWork(scene, node),
      ...trashIsUnlocked(each, node),
      ...reasons,
      ...runsNowhere(scene, each, livesOn(scene, each)),
      ...nothingBuildsOnTrash(
        scene,
        each,
        files.map((file) => file.name),
        (path) =>
          all.some((one) => path.startsWith(`${one.storageDirectory}/${trashDirectory}/${one.trashName}/`)),
      ),
      ...silentNodes(scene, each),
    ],
    target: hasNothingToGo ? null : target,
  };
};

export const planPurgeTrash = (scene: Scene, intent: PurgeTrashIntent): Draft => {
  const [first] = intent.folders;
  const looked = intent.folders.map((each) => lookInto(scene, each, intent.folders));
  const found = looked.flatMap(({ target }) => (target ? [target] : []));
  // named twice, it is purged once
  const targets = [
    ...new Map(found.map((target) => [`${target.each.nodes[0]} ${target.each.path}`, target])).values(),
  ];
  const single = looked.length === 1 || (targets.length === 1 && found.length === looked.length);
  const name = targets[0]?.each.called ?? first?.trashName ?? '';
  const draft: Draft = {
    title: single ? `Purge ${name} from the trash` : `Purge ${looked.length} folders from the trash`,
    subject: single
      ? { kind: 'instance', name, uuid: targets[0]?.each.uuid ?? null }
      : { kind: 'cluster', name: scene.snapshot.cluster.name },
    reasons: [
      ...clusterChecks(scene),
      ...looked.flatMap(({ reasons }) => reasons),
      ...targets.map((target) => whatGoes(target, purgeCode(targets.map(({ each }) => each)))),
      passed('note-stays', 'Note', 'That they were removed stays noted on the nodes.'),
    ],
    equivalent: null,
  };
  if (found.length < looked.length) return draft;
  const { run } = scene.context;
  const seen = scene.lookup.seen.map((each) => each.name);
  const list = makeStepList();
  const pathOf = ({ each }: Target, file: TrashFile): string => `${each.path}/${file.name}`;
  for (const { each, node } of targets)
    list.add(
      node,
      `Lock ${each.name} in the trash`,
      { do: 'lock', folder: each.path, lock: lockText(scene, `purge ${each.name}`, [node], each.path) },
      { undo: [undoOf(node, 'Give the lock back', { do: 'unlock', folder: each.path, run })] },
    );
  for (const target of targets) {
    const { each } = target;
    const files = target.files.map((file) => pathOf(target, file));
    const record = trashRecord(each);
    // one of that name that lives has monitors and the like of its own: then only the images themselves are asked about
    const isAlone = record !== null && !livesOn(scene, each) && !scene.lookup.foldersByName.has(record.name);
    if (record !== null && isAlone)
      list.add(seen, `Make sure that nothing runs from ${each.name}`, {
        do: 'verdict',
        uuid: record.uuid,
        name: record.name,
        images: files,
      });
    else if (files.length > 0)
      list.add(seen, `Make sure that nobody has an image of ${each.name} open`, {
        do: 'check-unused',
        files,
      });
  }
  for (const target of targets)
    if (target.files.length > 0)
      list.add(target.node, `Make sure that no other image builds on those of ${target.each.name}`, {
        do: 'check-no-overlays',
        images: target.files.map((file) => pathOf(target, file)),
        directories: readyDirectories(scene, target.node),
        ...(targets.length > 1
          ? {
              besides: targets
                .filter((other) => other !== target && other.node === target.node)
                .flatMap((other) => other.files.map((file) => pathOf(other, file))),
            }
          : {}),
      });
  for (const [index, { each, node, files, keep }] of targets.entries())
    list.add(
      node,
      `Delete the recorded files of ${each.name}`,
      {
        do: 'purge-folder',
        folder: each.path,
        files: files.map((file) => file.name),
        ...(keep.length > 0 ? { keep: keep.map((file) => file.name) } : {}),
        run,
      },
      { commit: index === 0 },
    );
  return { ...draft, steps: list.steps };
};
