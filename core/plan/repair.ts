/** What a person decides: a folder that was found at another place, a lock whose owner is gone. */

import { findInstances } from '../cluster/instances.ts';
import { storageOf } from '../cluster/lookup.ts';
import type { InstanceRecord } from '../cluster/record.ts';
import type { FolderFacts } from '../cluster/snapshot.ts';
import { trashOf } from '../cluster/trash.ts';
import { diskFacts } from '../xen/disk-writer.ts';
import { writeInstanceConfig } from '../xen/instance-config.ts';
import type { Action } from './action.ts';
import { takeMac, usedMacs } from './checks/disks.ts';
import { nothingRuns } from './checks/domains.ts';
import { nameIsFree, nameIsValid } from './checks/names.ts';
import { clusterChecks, mustAnswer, nodeCanWork, troubleOf } from './checks/nodes.ts';
import { claimedConfig } from './claimed-config.ts';
import { vouchCode } from './plan.ts';
import { uuidFrom } from './random.ts';
import type { Reason } from './reason.ts';
import {
  disksAt,
  nextRecord,
  primariesAfter,
  recordFile,
  replicaNodesAfter,
  vouchingsAfter,
} from './records.ts';
import { blocks, consent, idOf, isoOf, passed, type Scene } from './scene.ts';
import { sha256 } from './sha256.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from './step-list.ts';
import { configPath, identityOf } from './subject.ts';

type Claim = { instance: string; path: string; as: 'moved' | 'cloned'; primary: string };

/** Disks that would come to lie on one file, because all of a folder lies beside each other: nobody could tell whose it is. */
const oneFileForTwo = (record: InstanceRecord): Reason[] => {
  const byName = Map.groupBy(record.disks, ({ logical_id: [, , path] }) =>
    path.slice(path.lastIndexOf('/') + 1),
  );
  return [...byName].flatMap(([name, disks]) =>
    disks.length < 2
      ? []
      : [
          blocks(
            'one-file',
            'Disks',
            `${disks.map((each) => each.logical_id[2]).join(' and ')} would both become ${name} of this folder. Give each image a name of its own, in instance.json and xen.cfg as well, then claim the folder.`,
            { field: 'path' },
          ),
        ],
  );
};

/** The folder at `path` becomes the instance (moved), or an instance of its own (cloned: new uuid, new MACs, its folder's name). */
export const planClaim = (scene: Scene, intent: Claim): Draft => {
  const { path: folder, primary } = intent;
  const title =
    intent.as === 'moved'
      ? `${intent.instance} was moved to ${folder}`
      : `${folder} is a clone of ${intent.instance}`;
  const draft = (reasons: Reason[], more: Partial<Draft> = {}): Draft => ({
    title,
    subject: { kind: 'instance', name: intent.instance, uuid: null },
    reasons: [
      ...clusterChecks(scene),
      ...mustAnswer(scene, primary, 'Primary', 'primary'),
      ...nodeCanWork(scene, primary),
      ...reasons,
    ],
    ...more,
  });
  const node = scene.lookup.byName.get(primary);
  const sight = node?.facts?.folders.find((each) => each.path === folder);
  const record = sight?.record?.ok ? sight.record.record : null;
  if (!node?.seen || !sight || !record)
    return draft([
      blocks('no-folder', 'Folder', `${primary} shows no folder ${folder} with a record that can be read.`, {
        node: primary,
        field: 'path',
      }),
    ]);
  if (record.name !== intent.instance && record.uuid !== intent.instance)
    return draft([
      blocks(
        'other-instance',
        'Folder',
        `The record in ${folder} is of ${record.name}, not of ${intent.instance}.`,
        { field: 'path' },
      ),
    ]);
  const storage = storageOf(node, sight.storage);
  const name = intent.as === 'cloned' ? sight.name : record.name;
  const others = findInstances(scene.snapshot, record.uuid)
    .flatMap((view) => view.folders)
    .filter((each) => each.folder.path !== folder || each.storageId !== storage?.id);
  const view = findInstances(scene.snapshot, record.uuid)[0];
  const reasons: Reason[] = [
    ...(storage?.id
      ? []
      : [
          blocks(
            'storage-id',
            'Storage',
            `${sight.storage} on ${primary} has no id: run cluster init once more.`,
            { node: primary },
          ),
        ]),
    ...(sight.lock === null
      ? []
      : [
          blocks('locked', 'Lock', `${folder} is locked. Wait for that run, or break its lock.`, {
            node: primary,
          }),
        ]),
    ...nameIsValid(name),
    ...oneFileForTwo(record),
    ...(intent.as === 'moved' && others.length > 0
      ? [
          blocks(
            'still-there',
            'Moved',
            `${[...new Set(others.map((each) => `${each.folder.path} on ${each.node}`))].join(', ')} still holds ${record.name}: it was copied, not moved. Say cloned, or remove the other folder first.`,
          ),
        ]
      : []),
    ...(intent.as === 'cloned' ? nameIsFree(scene, name, folder) : view ? nothingRuns(scene, view) : []),
    ...scene.lookup.unseen.map((each) =>
      intent.as === 'moved'
        ? consent(
            vouchCode(each.name),
            `${each.name} is not seen`,
            `${each.name} may still hold or run ${record.name} at its old place: ${troubleOf(scene, each.name)}.`,
            { node: each.name },
          )
        : passed(
            'not-looked-at',
            each.name,
            `A clone has a uuid of its own, so what ${each.name} runs does not matter.`,
            { node: each.name },
          ),
    ),
  ];
  if (!storage?.id || reasons.some((each) => each.severity === 'blocks')) return draft(reasons);
  const taken = new Set([...usedMacs(scene).keys(), ...record.nics.map((each) => each.mac)]);
  const following = nextRecord(
    scene,
    record,
    {
      name,
      disks: disksAt(record, folder),
      place: { storage: storage.id, path: folder, inode: sight.inode },
      primary,
      generation: record.generation + 1,
      // one to which it was released may have taken it over, and holds the copy from which it would have gone on
      formerPrimaries: primariesAfter(record, record.primary ?? record.next ?? null, primary),
      replicaNodes: replicaNodesAfter(
        { record, replicas: view?.replicas ?? [] },
        {
          added: record.primary === null && record.next !== undefined ? [record.next] : [],
          gone: primary,
        },
      ),
      adminState: 'down',
      vouchings: vouchingsAfter(
        scene,
        record,
        intent.as === 'moved' ? scene.lookup.unseen.map((each) => each.name) : [],
      ),
      ...(record.secondary === primary ? { secondary: null } : {}),
      ...(intent.as === 'cloned'
        ? {
            uuid: uuidFrom(idOf(scene, 'uuid')),
            nics: record.nics.map((nic, index) => ({
              ...nic,
              mac: takeMac(scene, `clone ${index}`, taken),
            })),
            created: isoOf(scene.context.now),
            formerPrimaries: [],
            replicaNodes: [],
          }
        : {}),
    },
    'claim',
  );
  // a clone's history begins here: what goes for the records of the other one does not go for it
  const next: InstanceRecord = intent.as === 'cloned' ? { ...following, ancestors: [] } : following;
  const written = writeInstanceConfig(
    {
      ...next.guest,
      name,
      uuid: next.uuid,
      nics: next.nics,
      disks: next.disks.map(diskFacts),
    },
    node.facts?.toolstack ?? 'xl',
  );
  if (!written.ok)
    return draft([
      ...reasons,
      ...written.problems.map((problem) => blocks('config', 'Xen configuration', problem)),
    ]);
  const config = configPath(folder);
  const content = (sight.config === null ? null : claimedConfig(sight.config, record, next)) ?? written.text;
  const list = makeStepList();
  addLock(list, scene, { node: primary, folder, title: `claim ${name}`, nodes: [primary] });
  list.add(
    scene.lookup.seen.map((each) => each.name),
    'Make sure that nothing has its images open',
    { do: 'verdict', ...identityOf(next) },
  );
  const back: Action =
    sight.config === null
      ? { do: 'remove-file', path: config }
      : { do: 'write-file', path: config, content: sight.config, expect: sha256(content) };
  list.add(
    primary,
    'Write the Xen configuration for this place',
    {
      do: 'write-file',
      path: config,
      content,
      expect: sight.config === null ? 'absent' : sha256(sight.config),
    },
    { undo: [undoOf(primary, 'Write the Xen configuration that was there', back)] },
  );
  list.add(
    primary,
    `Record: ${name} belongs to ${folder}`,
    { do: 'write-record', folder, record: next, expectId: record.id },
    { commit: true },
  );
  // a person says that it is the instance: it was not removed after all
  for (const each of intent.as === 'moved' ? scene.lookup.seen : [])
    if (each.facts?.tombstones.some((uuid) => uuid.toLowerCase() === record.uuid.toLowerCase()))
      list.add(each.name, `Take the note on ${each.name} back that it was removed`, {
        do: 'remove-tombstone',
        uuid: record.uuid,
      });
  addUnlock(list, scene, primary, folder, false);
  return draft(reasons, {
    steps: list.steps,
    files: [{ path: config, before: sight.config, after: content }, recordFile(folder, record, next)],
  });
};

/** Breaks the lock of a run that is known to have ended: every node named in it must have answered, or be vouched down. */
export const planUnlock = (scene: Scene, intent: { path: string; run: string }): Draft => {
  const sights: { node: string; folder: Pick<FolderFacts, 'record' | 'lock'> }[] = scene.lookup.seen.flatMap(
    (each) =>
      (each.facts?.folders ?? [])
        .filter((folder) => folder.path === intent.path && folder.lock !== null)
        .map((folder) => ({ node: each.name, folder })),
  );
  // a removal that was cut off behind its rename holds its lock inside the trash
  const removed = trashOf(scene.snapshot, true).filter(
    (each) => each.path === intent.path && each.lock !== null,
  );
  for (const each of removed) {
    const [node] = each.nodes;
    if (node !== undefined) sights.push({ node, folder: each });
  }
  const [sight] = sights;
  const lock = sight?.folder.lock;
  const record = sight?.folder.record?.ok ? sight.folder.record.record : null;
  const name = record?.name ?? intent.path.slice(intent.path.lastIndexOf('/') + 1);
  const draft: Draft = {
    title: `Break the lock of ${name}`,
    subject: { kind: 'instance', name, uuid: record?.uuid ?? null },
    reasons: [...clusterChecks(scene)],
  };
  if (!sight || !lock) {
    draft.reasons.push(blocks('no-lock', 'Lock', `No node that answers shows a lock in ${intent.path}.`));
    return draft;
  }
  if (!lock.ok)
    draft.reasons.push(
      blocks(
        'lock-broken',
        'Lock',
        `The lock can't be read (${lock.error}); look at ${intent.path}/.lock on ${sight.node}.`,
        { node: sight.node },
      ),
    );
  else {
    if (lock.lock.run !== intent.run)
      draft.reasons.push(
        blocks('other-run', 'Lock', `The lock is of run ${lock.lock.run}, not of ${intent.run}.`, {
          node: sight.node,
        }),
      );
    draft.reasons.push(
      consent(
        'break-lock',
        'Break the lock',
        `${lock.lock.user}@${lock.lock.workstation} locked ${name} for “${lock.lock.title}” (run ${lock.lock.run}). Its jobs do nothing any more once the lock is gone; what it had done stays as it is${removed.length > 0 ? ', and the folder stays in the trash: what a removal had deleted already does not come back' : ''}. Be sure that nobody works on it.`,
        { node: sight.node },
      ),
    );
    for (const node of new Set(lock.lock.nodes))
      if (!scene.lookup.byName.get(node)?.seen)
        draft.reasons.push(
          consent(
            vouchCode(node),
            `${node} may be at work`,
            `A job of that run may still be running on ${node}: ${troubleOf(scene, node)}.`,
            { node },
          ),
        );
  }
  const list = makeStepList();
  // a job of that run which sleeps on its way would wake up after the lock is gone: it is made void first
  const named = new Set(lock.ok ? lock.lock.nodes : []);
  list.add(
    scene.lookup.seen.map((each) => each.name).filter((each) => named.has(each) || each === sight.node),
    'Make sure that no job of that run can still act',
    { do: 'jobs-ended', run: intent.run },
  );
  list.add(
    sight.node,
    'Remove the lock',
    { do: 'break-lock', folder: intent.path, run: intent.run },
    { commit: true },
  );
  return { ...draft, steps: list.steps };
};
