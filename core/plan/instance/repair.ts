/** What a person decides: a folder that was found at another place. */

import { branchNodes } from '../../cluster/gone-on.ts';
import { findInstances, type InstanceFolder } from '../../cluster/instances.ts';
import { recordOf, storageOf } from '../../cluster/lookup.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import type { FolderFacts } from '../../cluster/snapshot.ts';
import { linkedDisks, maySee } from '../../cluster/users.ts';
import { diskFacts } from '../../xen/disk-writer.ts';
import { writeInstanceConfig } from '../../xen/instance-config.ts';
import type { Action } from '../action.ts';
import { claimedConfig } from '../adopt/claimed-config.ts';
import { takeMac, usedMacs } from '../checks/disks.ts';
import { nothingRuns } from '../checks/domains.ts';
import { nameIsFree, nameIsValid } from '../checks/names.ts';
import { clusterChecks, mustAnswer, nodeCanWork, troubleOf } from '../checks/nodes.ts';
import { copyInstead, oneName } from '../checks/taken-images.ts';
import { vouchCode } from '../plan.ts';
import { uuidFrom } from '../random.ts';
import type { Reason } from '../reason.ts';
import {
  disksAt,
  nextRecord,
  primariesAfter,
  recordFile,
  replicaNodesAfter,
  vouchingsAfter,
} from '../records.ts';
import { blocks, consent, idOf, isoOf, passed, type Scene } from '../scene.ts';
import { sha256 } from '../sha256.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import { configPath, identityOf } from '../subject.ts';

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

/** Images of a folder made by cp -al are the original's own: a clone of it would write to them. */
const imagesOfItsOwn = (
  scene: Scene,
  node: string,
  folder: FolderFacts,
  paths: readonly string[],
): Reason[] =>
  paths.flatMap((path) => {
    const file = folder.files.find((each) => `${folder.path}/${each.name}` === path);
    const about = { node, field: 'path' };
    const linked = linkedDisks(scene.lookup, node, path);
    return linked.length > 0
      ? linked.map(({ record, disk, linkedAs }) =>
          blocks(
            'hard-link',
            'Hard link',
            `${path} is a second name (a hard link) of ${linkedAs}, disk ${disk} of ${record.name}: a clone would write to that very file. ${copyInstead(path)}`,
            about,
          ),
        )
      : file
        ? oneName(path, file, about)
        : [];
  });
/** It is of another state than this record, and not one on the way to it. */
const goesOnFrom = (record: InstanceRecord, sight: InstanceFolder): boolean => {
  const found = recordOf(sight);
  return found !== null && found.id !== record.id && !record.ancestors.includes(found.id);
};

/** Code of the consent to give up what a silent node went on to. */
const giveUpCode = 'give-up-later';

const givenUp = (record: InstanceRecord, away: readonly InstanceFolder[]): Reason[] =>
  away.map((each) =>
    consent(
      giveUpCode,
      `Given up on ${each.node}`,
      `${each.node} does not answer; it showed ${each.folder.path} last, with generation ${recordOf(each)?.generation ?? 'unknown'} of ${record.name}, and this folder is of generation ${record.generation}: what was written there since is missing here, and can't be merged later. When ${each.node} returns, its images are never started by themselves.`,
      { node: each.node },
    ),
  );

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
  const paths = disksAt(record, folder).map((each) => each.logical_id[2]);
  // a file with one name is open under that one only, and the folder was nobody's before
  const ownFiles = paths.every((path) =>
    sight.files.some((each) => `${folder}/${each.name}` === path && each.kind === 'file' && each.links === 1),
  );
  // what a silent node showed last is only a memory: there a person says how they know that it is down
  const there = others.filter((each) => each.seen);
  const away = others.filter((each) => !each.seen && goesOnFrom(record, each));
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
    ...(intent.as === 'moved' && there.length > 0
      ? [
          blocks(
            'still-there',
            'Moved',
            `${[...new Set(there.map((each) => `${each.folder.path} on ${each.node}`))].join(', ')} still holds ${record.name}: it was copied, not moved. Say cloned, or remove the other folder first.`,
          ),
        ]
      : []),
    ...(intent.as === 'moved' ? givenUp(record, away) : []),
    ...(intent.as === 'cloned' ? nameIsFree(scene, name, folder) : view ? nothingRuns(scene, view) : []),
    ...scene.lookup.unseen.map((each) =>
      intent.as === 'moved'
        ? consent(
            vouchCode(each.name),
            `${each.name} is not seen`,
            `${each.name} may still hold or run ${record.name} at its old place: ${troubleOf(scene, each.name)}.`,
            { node: each.name },
          )
        : ownFiles || !maySee(scene.lookup, each, primary, `${folder}/image`)
          ? passed(
              'not-looked-at',
              each.name,
              `A clone has a uuid and images of its own, so what ${each.name} runs does not matter.`,
              { node: each.name },
            )
          : consent(
              vouchCode(each.name),
              `${each.name} is not seen`,
              `${each.name} may see ${folder} and have its images open, by these names or by others: ${troubleOf(scene, each.name)}. Say how you know that it is down.`,
              { node: each.name },
            ),
    ),
    ...(intent.as === 'cloned' ? imagesOfItsOwn(scene, primary, sight, paths) : []),
  ];
  if (!storage?.id || reasons.some((each) => each.severity === 'blocks')) return draft(reasons);
  const taken = new Set([...usedMacs(scene).keys(), ...record.nics.map((each) => each.mac)]);
  const later = intent.as === 'moved' ? away.flatMap((each) => recordOf(each) ?? []) : [];
  const following = nextRecord(
    scene,
    // given up as it was seen last: when that node returns it is an older state, or a branch of its own if it was written since
    { ...record, ancestors: [...later.map((each) => each.id), ...record.ancestors] },
    {
      name,
      disks: disksAt(record, folder),
      place: { storage: storage.id, path: folder, inode: sight.inode },
      primary,
      generation: Math.max(...[record, ...later].map((each) => each.generation)) + 1,
      // one to which it was released may have taken it over, and holds the copy from which it would have gone on
      formerPrimaries: primariesAfter(record, record.primary ?? record.next ?? null, primary),
      replicaNodes: replicaNodesAfter(
        { record, replicas: view?.replicas ?? [] },
        {
          added: [
            ...(record.primary === null && record.next !== undefined ? [record.next] : []),
            ...later.flatMap(branchNodes),
            ...away.map((each) => each.node),
          ],
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
  if (intent.as === 'cloned' && paths.length > 0)
    list.add(primary, 'Make sure that its images are files of its own', {
      do: 'check-one-name',
      images: paths,
    });
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
