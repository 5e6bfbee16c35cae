/** Remove and restore: one rename into `.trash` and back; purging deletes exactly the recorded files. */

import type { InstanceView } from '../cluster/instances.ts';
import { storageOf } from '../cluster/lookup.ts';
import { trashDirectory } from '../cluster/schema.ts';
import { trashOf } from '../cluster/trash.ts';
import { formatBytes } from '../storage/sizes.ts';
import { restartsBehindOurBack } from './checks/domains.ts';
import { folderOn } from './checks/images.ts';
import { nameIsFree, nameIsValid } from './checks/names.ts';
import { clusterChecks, nodeCanWork, troubleOf } from './checks/nodes.ts';
import { nothingBuildsOn, readyDirectories } from './checks/overlays.ts';
import { lockIsFree, recordMayChange } from './checks/record.ts';
import { storageIsAllowed } from './checks/storage.ts';
import { suspectsOf, vouchChecks } from './checks/vouching.ts';
import { removeEquivalent } from './equivalent.ts';
import type { Reason } from './reason.ts';
import { nextRecord, recordFile } from './records.ts';
import { blocks, consent, isoOf, passed, type Scene, warning } from './scene.ts';
import { addLock, addUnlock, type Draft, lockText, makeStepList, undoOf } from './step-list.ts';
import { addStopping, holdersOf, memoryOn } from './stopping.ts';
import { findSubject, identityOf, workingNode } from './subject.ts';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** NAME.UUID8.TIME, so that several removed ones of a name lie beside each other. */
export const trashName = (view: Pick<InstanceView, 'name' | 'uuid'>, at: string): string =>
  `${view.name}.${view.uuid.slice(0, 8)}.${at.replaceAll(/[-:]|\.\d+/g, '')}`;

/** What is lost, by path and bytes: shown before anybody types the name. */
const whatGoes = (view: InstanceView, purge: boolean, trash: string): Reason => {
  const files = view.disks.map(
    (each) => `${each.path} (${formatBytes(each.size)}, ${formatBytes(each.allocated ?? 0)} on disk)`,
  );
  const list = files.length > 0 ? files.join(', ') : 'no images';
  return purge
    ? consent('purge', 'Deleted for good', `${list}, xen.cfg and the record. This can't be taken back.`)
    : passed(
        'into-trash',
        'Into the trash',
        `${view.folder} becomes ${trash}: ${list}. It can be restored from there.`,
      );
};

export const planRemove = (
  scene: Scene,
  intent: { instance: string; purge: boolean; timeoutSeconds: number },
): Draft => {
  const found = findSubject(scene, intent.instance);
  if (!found.ok)
    return {
      title: `Remove ${intent.instance}`,
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  const { folder, name, primary } = view;
  const at = isoOf(scene.context.now);
  const trash = `${view.storage}/${trashDirectory}/${trashName(view, at)}`;
  const held = holdersOf(view);
  const node = workingNode(view);
  const suspects = suspectsOf(scene, view);
  const sight = node === null ? null : folderOn(view, node);
  const strangers =
    sight?.folder.files
      .map((each) => each.name)
      .filter((each) => !view.disks.some((disk) => disk.path === `${folder}/${each}`)) ?? [];
  const outside = view.disks.filter(
    (each) => !each.path.startsWith(`${folder}/`) || each.path.slice(folder.length + 1).includes('/'),
  );
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...recordMayChange(view),
    ...lockIsFree(scene, view),
    ...(node === null
      ? [
          blocks(
            'no-folder',
            'Folder',
            `No node that answers shows the folder ${folder} where its record was written.`,
          ),
        ]
      : nodeCanWork(scene, node)),
    ...(primary !== null && scene.lookup.byName.get(primary)?.seen !== true
      ? [
          warning('primary-unseen', 'Primary', `${primary} can't be asked: ${troubleOf(scene, primary)}.`, {
            node: primary,
          }),
        ]
      : []),
    ...restartsBehindOurBack(scene, name),
    ...vouchChecks(scene, view, suspects),
    ...(intent.purge && strangers.length > 0
      ? [
          blocks(
            'strangers',
            'Other files',
            `${folder} holds what the record does not name: ${strangers.join(', ')}. Move it away first (vbdesk image release deletes what a conversion or the removal of a disk kept), or remove without purging.`,
          ),
        ]
      : []),
    ...(intent.purge && outside.length > 0
      ? [
          blocks(
            'outside',
            'Images elsewhere',
            `${outside.map((each) => each.path).join(', ')} does not lie in ${folder}: purging deletes files of the folder only.`,
          ),
        ]
      : []),
    ...(sight === null
      ? []
      : nothingBuildsOn(
          scene,
          sight,
          sight.folder.files.map((each) => each.name),
          intent.purge ? 'deleted' : 'moved into the trash',
          (path) => path.startsWith(`${folder}/`),
        )),
    held.length > 0
      ? passed('state', 'State', `${view.statusText} It is stopped first.`)
      : passed('state', 'State', view.statusText),
    whatGoes(view, intent.purge, trash),
  ];
  const draft: Draft = {
    title: `Remove ${name}${intent.purge ? ' and delete its images' : ''}`,
    subject: { kind: 'instance', name, uuid: view.uuid },
    reasons,
    equivalent: removeEquivalent(name, intent.timeoutSeconds),
    effects: { memory: held.map((each) => ({ node: each.node, mib: -memoryOn(view, each.node) })) },
  };
  if (node === null || sight === null) return draft;
  const guest = identityOf(view.record);
  const { run } = scene.context;
  const seen = scene.lookup.seen.map((each) => each.name);
  const list = makeStepList();
  addLock(list, scene, {
    node,
    folder,
    title: `remove ${name}`,
    // each of them gets a note that it is removed
    nodes: seen,
  });
  for (const each of held)
    addStopping(list, scene, view, {
      held: each,
      timeoutSeconds: intent.timeoutSeconds,
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      then: 'force',
      undo: each.node !== primary ? 'never' : each.alive ? 'revive' : 'leave',
    });
  list.add(seen, `Make sure that ${name} runs nowhere`, { do: 'verdict', ...guest });
  if (intent.purge && guest.images.length > 0)
    list.add(node, 'Make sure that no other image builds on them', {
      do: 'check-no-overlays',
      images: guest.images,
      directories: readyDirectories(scene, node),
    });
  for (const each of seen)
    list.add(
      each,
      `Note on ${each} that it was removed`,
      { do: 'write-tombstone', uuid: view.uuid, name, at },
      { undo: [undoOf(each, `Take the note on ${each} back`, { do: 'remove-tombstone', uuid: view.uuid })] },
    );
  list.add(
    node,
    'Move the folder into the trash',
    { do: 'move-folder', from: folder, to: trash, expectInode: sight.folder.inode },
    { commit: true },
  );
  if (intent.purge)
    list.add(node, 'Delete the recorded files', {
      do: 'purge-folder',
      folder: trash,
      files: view.disks
        .map((each) => each.path.slice(folder.length + 1))
        .filter((each) => sight.folder.files.some((file) => file.name === each)),
      run,
    });
  else addUnlock(list, scene, node, trash, false);
  return { ...draft, steps: list.steps };
};

/** `trashName` is NAME.UUID8.TIME as removal made it; the folder comes back under its old name. */
export const planRestore = (scene: Scene, intent: { storageDirectory: string; trashName: string }): Draft => {
  const { storageDirectory, trashName: from } = intent;
  const match = /^(.+)\.([0-9a-f]{8})\.(\d{8}T\d{6}Z)$/.exec(from);
  const name = match?.[1] ?? from;
  const subject: Draft['subject'] = { kind: 'instance', name, uuid: null };
  const title = `Restore ${name} from the trash`;
  const allowed = storageIsAllowed(scene, storageDirectory);
  const holders = scene.lookup.seen.filter((each) => storageOf(each, storageDirectory)?.trash.includes(from));
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...allowed,
    ...(match
      ? nameIsValid(name)
      : [
          blocks(
            'trash-name',
            'Trash',
            `${from} is not the name of a removed instance: these look like web1.0f3a9c1d.20260131T120000Z.`,
            { field: 'trashName' },
          ),
        ]),
    ...(match && nameIsValid(name).length === 0 ? nameIsFree(scene, name) : []),
  ];
  const [holder] = holders;
  if (!holder) {
    const known = scene.lookup.seen.flatMap((each) => storageOf(each, storageDirectory)?.trash ?? []);
    reasons.push(
      blocks(
        'not-in-trash',
        'Trash',
        `No node that answers has ${from} in the trash of ${storageDirectory}${known.length > 0 ? `; there are ${[...new Set(known)].join(', ')}` : ''}.`,
        { field: 'trashName' },
      ),
    );
  }
  const draft: Draft = { title, subject, reasons, equivalent: null };
  if (!holder || !match || nameIsValid(name).length > 0 || allowed.some((each) => each.severity === 'blocks'))
    return draft;
  const trash = `${storageDirectory}/${trashDirectory}/${from}`;
  const folder = `${storageDirectory}/${name}`;
  const node = holder.name;
  reasons.push(...nodeCanWork(scene, node));
  const inTrash = trashOf(scene.snapshot, true).find(
    (each) => each.path === trash && each.nodes.includes(node),
  );
  if (inTrash?.lock)
    reasons.push(
      blocks(
        'locked',
        'Lock',
        `${trash} is locked${inTrash.lock.ok ? ` by the run ${inTrash.lock.lock.run} of ${inTrash.lock.lock.user}@${inTrash.lock.lock.workstation} (${inTrash.lock.lock.title})` : `, and its lock can't be read: ${inTrash.lock.error}`}. Resume that run, or break its lock once it is known that it has ended.`,
        { node },
      ),
    );
  const record = inTrash?.record?.ok ? inTrash.record.record : null;
  // it was stopped to be removed: restored, it is one that shall not run until somebody starts it
  const stopped =
    record?.adminState === 'up' ? nextRecord(scene, record, { adminState: 'down' }, 'restore') : null;
  reasons.push(
    record
      ? passed('restored-stopped', 'Not started', `${name} comes back stopped, and is recorded as such.`)
      : warning(
          'record-unread',
          'Record',
          `The record in ${trash} ${inTrash?.record?.ok === false ? `can't be read: ${inTrash.record.error}` : 'is not shown by a node that answers'}. It comes back as it is: it may say that ${name} should be running, though nothing starts it.`,
          { node },
        ),
  );
  const list = makeStepList();
  const back = undoOf(node, 'Give the lock back', { do: 'unlock', folder: trash, run: scene.context.run });
  list.add(
    node,
    'Lock the folder in the trash',
    { do: 'lock', folder: trash, lock: lockText(scene, `restore ${name}`, [node], folder) },
    { undo: [back] },
  );
  // a rename within one storage keeps the inode, so the record's place matches again
  list.add(
    node,
    'Move the folder back',
    { do: 'move-folder', from: trash, to: folder, expectInode: 0 },
    { commit: true },
  );
  const removed = scene.lookup.seen.flatMap((each) =>
    (each.facts?.tombstones ?? [])
      .filter((uuid) => uuidPattern.test(uuid) && uuid.startsWith(match[2] ?? '-'))
      .map((uuid) => ({ node: each.name, uuid })),
  );
  for (const each of removed)
    list.add(each.node, `Forget on ${each.node} that it was removed`, {
      do: 'remove-tombstone',
      uuid: each.uuid,
    });
  if (record && stopped)
    list.add(node, `Record: ${name} is stopped`, {
      do: 'write-record',
      folder,
      record: stopped,
      expectId: record.id,
    });
  addUnlock(list, scene, node, folder, false);
  return {
    ...draft,
    subject: record ? { ...subject, uuid: record.uuid } : subject,
    steps: list.steps,
    files: record && stopped ? [recordFile(folder, record, stopped)] : [],
  };
};
