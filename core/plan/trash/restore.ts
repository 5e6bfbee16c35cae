/** Restore: one rename out of `.trash`, back to the name that the folder had. */

import { findInstances } from '../../cluster/instances.ts';
import { storageOf } from '../../cluster/lookup.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import type { ReplicaRecord } from '../../cluster/replica.ts';
import { trashDirectory } from '../../cluster/schema.ts';
import { listText } from '../../cluster/status.ts';
import { type InTrash, trashOf } from '../../cluster/trash.ts';
import { nameIsFree, nameIsValid } from '../checks/names.ts';
import { clusterChecks, nodeCanWork } from '../checks/nodes.ts';
import { lockIsFree, recordMayChange } from '../checks/record.ts';
import { storageIsAllowed } from '../checks/storage.ts';
import { basesOfRestored, trashIsUnlocked } from '../checks/trash.ts';
import type { Reason } from '../reason.ts';
import { nextRecord, recordFile, replicaNodesAfter } from '../records.ts';
import { blocks, consent, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, lockText, makeStepList, undoOf } from '../step-list.ts';
import { workingNode } from '../subject.ts';
import { addRecordWrite } from '../write-steps.ts';
import { restoreImages } from './restore-images.ts';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** No folder and no domain of this uuid is anywhere: restored, it would be one instance twice. */
const uuidIsFree = (scene: Scene, record: InstanceRecord): Reason[] => {
  const uuid = record.uuid.toLowerCase();
  const folders = new Map<string, string[]>();
  for (const { node, folder } of scene.lookup.recorded.get(uuid) ?? [])
    folders.set(folder.path, [...(folders.get(folder.path) ?? []), node]);
  return [
    ...[...folders].map(([path, nodes]) =>
      blocks(
        'uuid-in-use',
        'Same instance',
        `${path} on ${listText(nodes)} is the instance with the uuid ${record.uuid} already: restored, it would be there twice. Discard or remove that one first.`,
      ),
    ),
    ...(scene.lookup.domainsByUuid.get(uuid) ?? []).map(({ node, domain }) =>
      blocks(
        'uuid-running',
        'Same instance',
        `${node} has the domain ${domain.name} (domain ${domain.domid}) with the uuid ${record.uuid}: end it before its folder comes back.`,
        { node },
      ),
    ),
  ];
};

/** A replica comes back beside its instance, so only its own place must be free. */
const placeIsFree = (scene: Scene, folder: string, nodes: readonly string[]): Reason[] => {
  const taken = nodes.filter((node) =>
    scene.lookup.byName.get(node)?.facts?.folders.some((each) => each.path === folder),
  );
  return taken.length === 0
    ? [passed('place-free', 'Place', `${folder} is free on ${listText(nodes)}.`)]
    : [blocks('folder-exists', 'Name', `The folder ${folder} exists on ${listText(taken)}.`)];
};

const whatComesBack = (noted: InTrash | undefined, name: string, path: string, node: string): Reason => {
  const about = { node };
  if (noted?.record?.ok)
    return passed('restored-stopped', 'Not started', `${name} comes back stopped, and is recorded as such.`);
  if (noted?.record?.ok === false)
    return blocks(
      'record-unreadable',
      'Record',
      `The record in ${path} can't be read: ${noted.record.error} What it would be once it is restored is not known, so it stays where it is. Look at ${path}/instance.json on ${node}.`,
      about,
    );
  if (noted?.replica?.ok)
    return passed(
      'restored-replica',
      'A replica',
      `It comes back as a replica of ${noted.replica.replica.record.name}, from which nothing starts.`,
      about,
    );
  return warning(
    'record-unread',
    'Record',
    `The record in ${path} is not shown by a node that answers. It comes back as it is: it may say that ${name} should be running, though nothing starts it.`,
    about,
  );
};

type Naming = {
  reasons: Reason[];
  at: { node: string; folder: string; record: InstanceRecord; next: InstanceRecord } | null;
};

/** The instance's record names every node that holds a replica, before there is one. */
const nameAgain = (scene: Scene, { record: copied }: ReplicaRecord, node: string): Naming => {
  const [view] = findInstances(scene.snapshot, copied.uuid);
  const nothing: Naming = { reasons: [], at: null };
  if (!view || view.record.replicaNodes?.includes(node)) return nothing;
  const at = workingNode(view);
  if (at === null)
    return {
      ...nothing,
      reasons: [
        consent(
          'record-away',
          'Record',
          `No node that answers shows the record of ${view.name}, so it does not learn that ${node} holds a replica again: should ${view.name} be started from it, and ${node} be silent when ${view.primary ?? 'the primary'} returns, nothing there warns of it.`,
          { node },
        ),
      ],
    };
  const next = nextRecord(
    scene,
    view.record,
    { replicaNodes: replicaNodesAfter(view, { added: [node] }) },
    'named',
  );
  return {
    reasons: [...recordMayChange(view), ...lockIsFree(scene, view), ...nodeCanWork(scene, at)],
    at: { node: at, folder: view.folder, record: view.record, next },
  };
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
  const noted = trashOf(scene.snapshot, true).find(
    (each) =>
      each.storage === storageDirectory && each.name === from && each.nodes.includes(holders[0]?.name ?? ''),
  );
  const images = noted?.record === null && noted.images?.ok ? noted.images.note : null;
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...allowed,
    ...(match
      ? images
        ? []
        : nameIsValid(name)
      : [
          blocks(
            'trash-name',
            'Trash',
            `${from} is not the name of a removed instance: these look like web1.0f3a9c1d.20260131T120000Z.`,
            { field: 'trashName' },
          ),
        ]),
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
  if (!holder || !match || allowed.some((each) => each.severity === 'blocks')) return draft;
  if (noted && images) return restoreImages(scene, holder.name, noted, images, reasons);
  if (nameIsValid(name).length > 0) return draft;
  if (noted?.images?.ok === false)
    reasons.push(
      blocks(
        'note-unreadable',
        'Note',
        `The note beside it can't be read: ${noted.images.error} Where it lay is not known, so it stays where it is. Look at it on ${holder.name}.`,
        { node: holder.name },
      ),
    );
  const trash = `${storageDirectory}/${trashDirectory}/${from}`;
  const folder = `${storageDirectory}/${name}`;
  const node = holder.name;
  reasons.push(...nodeCanWork(scene, node));
  if (noted) reasons.push(...trashIsUnlocked(noted, node), ...basesOfRestored(scene, noted, node, folder));
  const record = noted?.record?.ok ? noted.record.record : null;
  // it was stopped to be removed: restored, it is one that shall not run until somebody starts it
  const stopped =
    record?.adminState === 'up' ? nextRecord(scene, record, { adminState: 'down' }, 'restore') : null;
  reasons.push(whatComesBack(noted, name, trash, node));
  const isReplica = record === null && noted?.replica?.ok === true;
  if (isReplica) reasons.push(...placeIsFree(scene, folder, noted.nodes));
  else reasons.push(...nameIsFree(scene, name), ...(record ? uuidIsFree(scene, record) : []));
  const naming = isReplica && noted?.replica?.ok ? nameAgain(scene, noted.replica.replica, node) : null;
  reasons.push(...(naming?.reasons ?? []));
  const list = makeStepList();
  if (naming?.at) {
    const { at } = naming;
    const title = `restore the replica of ${at.record.name} on ${node}`;
    addLock(list, scene, { node: at.node, folder: at.folder, title, nodes: [at.node, node] });
    addRecordWrite(
      list,
      scene,
      { node: at.node, folder: at.folder, title: `Record that ${node} holds a replica` },
      { record: at.record, next: at.next, label: 'named' },
    );
  }
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
  // a replica says nothing about its instance, which may be removed all the same
  const removed = (isReplica ? [] : scene.lookup.seen).flatMap((each) =>
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
  if (naming?.at) addUnlock(list, scene, naming.at.node, naming.at.folder, false);
  return {
    ...draft,
    subject: record ? { ...subject, uuid: record.uuid } : subject,
    steps: list.steps,
    files:
      record && stopped
        ? [recordFile(folder, record, stopped)]
        : naming?.at
          ? [{ node: naming.at.node, ...recordFile(naming.at.folder, naming.at.record, naming.at.next) }]
          : [],
  };
};
