/** Images that no instance owns go into the trash: a folder by one rename, a single file into a folder of its own there. */
import { bootFilesOf, bootWords } from '../../cluster/boot-files.ts';
import type { FolderSight } from '../../cluster/lookup.ts';
import { fileKey } from '../../cluster/other-configs.ts';
import { type RemovedImages, removedImagesFile } from '../../cluster/removed-images.ts';
import { trashDirectory } from '../../cluster/schema.ts';
import type { FolderFacts, ImageFacts, StorageFacts } from '../../cluster/snapshot.ts';
import { listText } from '../../cluster/status.ts';
import { nodesSeeing, storageAt } from '../../cluster/users.ts';
import { shown } from '../../storage/checked.ts';
import { baseName, validateImagePath } from '../../storage/paths.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { otherConfigs } from '../checks/other-configs.ts';
import { nothingBuildsOn, readyDirectories } from '../checks/overlays.ts';
import { folderSight, lockReasons } from '../checks/taken-folder.ts';
import { ownerReasons, sightsOf } from '../checks/taken-images.ts';
import { addUnused, nobodyUses, silentMayUse } from '../checks/users.ts';
import type { RemoveImageIntent } from '../image-intents.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, idOf, isoOf, type Scene } from '../scene.ts';
import {
  addLock,
  addUnlock,
  type Draft,
  lockText,
  makeStepList,
  type StepList,
  undoOf,
} from '../step-list.ts';
import { trashName } from './remove.ts';

/** The code holds the name, so that giving it means typing it. */
export const removeImageCode = (path: string): string => `remove:${baseName(path)}`;

/** What is moved: a folder with all that lies in it, or one file of a folder or of the storage directory itself. */
type Target = {
  what: RemovedImages['what'];
  path: string;
  storage: StorageFacts;
  /** the folder, or the one in which the file lies; null: it lies in the storage directory itself */
  sight: FolderSight | null;
  files: ImageFacts[];
};
type Found = { target: Target | null; reasons: Reason[] };

const find = (scene: Scene, { node, path }: RemoveImageIntent): Found => {
  const about = { node, field: 'path' };
  const refuse = (code: string, text: string): Found => ({
    target: null,
    reasons: [blocks(code, 'Image', text, about)],
  });
  const checked = validateImagePath(path, scene.snapshot.cluster.storageDirectories);
  if (!checked.ok) return refuse('path', checked.message);
  const storage = storageAt(scene.lookup.byName.get(node), path);
  if (!storage) return refuse('path', `${path} lies in no storage directory of ${node}.`);
  const parts = path.slice(storage.path.length + 1).split('/');
  if (parts.some((each) => each.startsWith('.')))
    return refuse('path', `${path} is VBDesk's own, or lies in a folder of VBDesk itself.`);
  const [top = '', name] = parts;
  if (parts.length > 2) return refuse('path', `${path} lies deeper than in a folder of ${storage.path}.`);
  const folder = folderSight(scene, node, `${storage.path}/${top}`);
  if (name === undefined) {
    if (folder && folder.folder.path === scene.snapshot.cluster.templateDirectory)
      return refuse(
        'templates',
        `${path} is where the cluster looks for templates, so it stays. Look for them elsewhere first: vbdesk cluster modify --template-dir. A single file of it can go.`,
      );
    if (folder)
      return {
        target: { what: 'folder', path, storage, sight: folder, files: folder.folder.files },
        reasons: [],
      };
    const loose = storage.files?.find((each) => each.name === top);
    return loose
      ? { target: { what: 'file', path, storage, sight: null, files: [loose] }, reasons: [] }
      : refuse('no-image', `${node} shows no folder and no file ${path}.`);
  }
  const file = folder?.folder.files.find((each) => each.name === name);
  return folder && file
    ? { target: { what: 'file', path, storage, sight: folder, files: [file] }, reasons: [] }
    : refuse('no-image', `${node} shows no file ${path}.`);
};

/** No record and no replica on any node that answers, and no run works there. */
const nobodyOwns = (scene: Scene, sight: FolderSight): Reason[] => {
  const field = 'path';
  const { path } = sight.folder;
  return [
    ...sightsOf(scene, sight).flatMap(({ node, folder: { record, replica } }) => {
      const about = { node, field };
      if (record?.ok === false)
        return [
          blocks(
            'record-broken',
            'Record',
            `${path} holds an instance.json that can't be read (${record.error}): it may be an instance, so nothing of it goes. Mend that file, or move it away once it is known that it is not needed.`,
            about,
          ),
        ];
      if (record)
        return [
          blocks(
            'owned',
            'Record',
            `${path} holds the record of ${record.record.name}, so it is no orphan. Remove the instance (vbdesk instance remove), take a disk out of it (vbdesk instance disk remove), or let a kept file go (vbdesk image release).`,
            about,
          ),
        ];
      return replica
        ? [
            blocks(
              'replica',
              'Replica',
              `${path} holds a replica of an instance: discard that instead.`,
              about,
            ),
          ]
        : [];
    }),
    ...lockReasons(scene, sight, field),
  ];
};

const pathOf = ({ what, path }: Target, file: ImageFacts): string =>
  what === 'folder' ? `${path}/${file.name}` : path;

/** A file in the storage directory itself counts as one of a folder of that path. */
const placeOf = ({ sight, storage }: Target, node: string): { node: string; folder: FolderFacts } =>
  sight ?? {
    node,
    folder: {
      storage: storage.path,
      path: storage.path,
      name: '',
      inode: 0,
      device: storage.device,
      record: null,
      lock: null,
      config: null,
      replica: false,
      files: storage.files ?? [],
    },
  };

/** A guest that is stopped now may need it when it starts. */
const bootReasons = (scene: Scene, node: string, path: string, field: string): Reason[] => {
  const key = fileKey(scene.lookup.byName.get(node), path);
  const needed = key === null ? [] : (bootFilesOf(scene.lookup).get(key) ?? []);
  return needed.length === 0
    ? []
    : [
        blocks(
          'boots-from-it',
          'Needed',
          `${path} is no disk, but ${listText(needed.map(bootWords))}: without it that could not start. Take it out of that guest's configuration first.`,
          { node, field },
        ),
      ];
};

const filesMayGo = (scene: Scene, target: Target, node: string): Reason[] => {
  const field = 'path';
  const about = { node, field };
  const place = placeOf(target, node);
  const going = new Set(target.files.map((each) => pathOf(target, each)));
  return target.files.flatMap((file) => {
    const path = pathOf(target, file);
    const used = { node, path };
    return [
      ...(Number.isSafeInteger(file.size) && file.size >= 0
        ? []
        : [blocks('image-size', 'Size', `${path} has no size that can be understood.`, about)]),
      ...(file.kind === 'file'
        ? []
        : [
            blocks(
              'not-a-file',
              'Image',
              `${path} is no regular file${file.kind === 'symlink' ? ' but a symbolic link' : ''}: only files are moved into the trash. See to it on ${node}.`,
              about,
            ),
          ]),
      // one of several names may go: the file stays under the others
      ...ownerReasons(scene, node, path, field).filter((each) => each.code !== 'hard-link'),
      ...bootReasons(scene, node, path, field),
      ...nobodyUses(scene, used, {
        code: 'open',
        title: 'In use',
        field,
        why: ', so it stays where it is. Stop what uses it first.',
      }),
      ...nothingBuildsOn(scene, place, [file.name], 'moved into the trash', (each) => going.has(each)),
    ];
  });
};

const figure = (bytes: number): string =>
  Number.isSafeInteger(bytes) && bytes >= 0 ? formatBytes(bytes) : 'size not known';
const bytesOf = (file: ImageFacts): string => `${figure(file.size)}, ${figure(file.allocated)} on disk`;

const whatGoes = (target: Target, node: string, trash: string): Reason => {
  const list = target.files.map((file) => `${pathOf(target, file)} (${bytesOf(file)})`);
  const total = target.files.reduce((sum, file) => sum + file.allocated, 0);
  return consent(
    removeImageCode(target.path),
    'Into the trash',
    `${list.length === 0 ? `${target.path}, which holds no files,` : list.join(', ')} ${list.length > 1 ? 'go' : 'goes'} to ${trash}: ${figure(total)} on disk. No record says whose ${list.length > 1 ? 'they are' : 'it is'}. It can be restored from there until it is purged.`,
    { node, field: 'path' },
  );
};

/** Looked at just before, on every node that sees them. */
const addLooks = (list: StepList, scene: Scene, target: Target, node: string): void => {
  const paths = target.files.map((file) => pathOf(target, file));
  list.add(node, 'Look at what is there once more', {
    do: 'verify-unowned',
    folder: placeOf(target, node).folder.path,
    files: target.files.map(({ name, inode, size }) => ({ name, inode, size })),
    alone: target.what === 'folder',
  });
  if (paths.length === 0) return;
  addUnused(list, scene, node, paths, 'Make sure that nobody has them open');
  const [first = ''] = paths;
  for (const { node: on, path, sure } of nodesSeeing(scene.lookup, node, first)) {
    if (!sure) continue;
    const above = path.slice(0, path.lastIndexOf('/'));
    list.add(on, `Make sure that no other image on ${on} builds on them`, {
      do: 'check-no-overlays',
      images: paths.map((each) => `${above}/${baseName(each)}`),
      directories: readyDirectories(scene, on),
    });
  }
};

export const planRemoveImage = (scene: Scene, intent: RemoveImageIntent): Draft => {
  const { node, path } = intent;
  const { run, who, now } = scene.context;
  const { target, reasons: missing } = find(scene, intent);
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...mustAnswer(scene, node, 'Node', 'node'),
    ...nodeCanWork(scene, node, false),
    ...(scene.lookup.byName.get(node)?.facts ? missing : []),
  ];
  const name = baseName(path);
  const draft: Draft = {
    title: `Move ${shown(path)} on ${node} into the trash`,
    subject: { kind: 'instance', name: shown(name), uuid: null },
    reasons,
    equivalent: null,
  };
  if (!target || !scene.lookup.byName.get(node)?.seen) return draft;
  const { storage, sight } = target;
  const at = isoOf(now);
  const trash = `${storage.path}/${trashDirectory}/${trashName({ name: name.slice(0, 200), uuid: idOf(scene, 'removed images') }, at)}`;
  reasons.push(
    ...(sight ? nobodyOwns(scene, sight) : []),
    ...filesMayGo(scene, target, node),
    ...silentMayUse(scene, { node, path }, 'If it does, it would lose what it works on.'),
    ...otherConfigs(scene, {
      node,
      paths: target.files.map((file) => pathOf(target, file)),
      uuid: null,
      folder: target.what === 'folder' ? path : null,
    }),
    whatGoes(target, node, trash),
  );
  if (reasons.some((each) => each.severity === 'blocks')) return draft;
  const note: RemovedImages = {
    version: 1,
    what: target.what,
    from: path,
    files: target.files.map(({ name: file, inode, size, allocated }) => ({
      name: file,
      inode,
      size,
      allocated,
    })),
    by: who,
    at,
    run,
  };
  const title = `move ${name} into the trash`;
  const list = makeStepList();
  const addNote = (folder: string): void => {
    const noted = `${folder}/${removedImagesFile}`;
    list.add(
      node,
      'Note what it is and where it lay',
      { do: 'write-file', path: noted, content: `${JSON.stringify(note, null, 2)}\n`, expect: 'absent' },
      { undo: [undoOf(node, 'Remove the note', { do: 'remove-file', path: noted })] },
    );
  };
  if (sight) addLock(list, scene, { node, folder: sight.folder.path, title, nodes: [node] });
  if (target.what === 'folder' && sight) {
    addLooks(list, scene, target, node);
    addNote(path);
    list.add(
      node,
      'Move the folder into the trash',
      { do: 'move-folder', from: path, to: trash, expectInode: sight.folder.inode },
      { commit: true },
    );
    addUnlock(list, scene, node, trash, false);
    return { ...draft, steps: list.steps };
  }
  const [file] = target.files;
  if (!file) return draft;
  list.add(
    node,
    'Make a folder for it in the trash, with its lock',
    { do: 'make-folder', folder: trash, lock: lockText(scene, title, [node], trash) },
    { undo: [undoOf(node, 'Remove the folder', { do: 'drop-folder', folder: trash, run })] },
  );
  addLooks(list, scene, target, node);
  addNote(trash);
  const to = `${trash}/${name}`;
  list.add(
    node,
    `Move ${name} into the trash`,
    { do: 'take-image', from: path, to, inode: file.inode },
    {
      undo: [
        undoOf(node, `Move it back to ${path}`, { do: 'take-image', from: to, to: path, inode: file.inode }),
      ],
    },
  );
  addUnlock(list, scene, node, trash, true);
  if (sight) addUnlock(list, scene, node, sight.folder.path, false);
  return { ...draft, steps: list.steps };
};
