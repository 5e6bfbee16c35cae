/**
 * Failover to a replica while the source can't be asked: its data are those of the replica's time. The record names the
 * source's record of that time as an ancestor, so that what the source wrote since shows as a fork when it returns.
 */
import { configDrift } from '../cluster/config-drift.ts';
import type { InstanceReplica, InstanceView } from '../cluster/instances.ts';
import { storageOf } from '../cluster/lookup.ts';
import { replicaAgeText } from '../cluster/replicas.ts';
import { listText } from '../cluster/status.ts';
import { addLetRun } from './let-run.ts';
import type { Reason } from './reason.ts';
import { disksAt, nextRecord, primariesAfter, recordFile, replicasAfter, vouchingsAfter } from './records.ts';
import { blocks, consent, passed, type Scene, warning } from './scene.ts';
import { sha256 } from './sha256.ts';
import { addLock, addUnlock, type Draft, makeStepList, type StepList, undoOf } from './step-list.ts';
import { configPath, identityOf } from './subject.ts';

/** Code of the consent to lose what was written since the copy. */
export const replicaAgeCode = 'replica-age';

/** The replica at that node from which a failover could go on; null when there is none. */
export const replicaOn = (view: InstanceView, node: string): InstanceReplica | null =>
  view.replicas.find((each) => each.node === node && each.folder === view.folder) ??
  view.replicas.find((each) => each.node === node) ??
  null;

/** What stands against the xen.cfg beside a replica, compared with the record that its copy was made of. */
const configProblems = (scene: Scene, { node, folder, replica }: InstanceReplica): string[] => {
  const sight = scene.lookup.byName.get(node)?.facts?.folders.find((each) => each.path === folder);
  const record = { ...replica.record, disks: disksAt(replica.record, folder) };
  return configDrift(record, sight?.config ?? null, folder).map((each) => each.text);
};

export const takeOverReasons = (scene: Scene, view: InstanceView, target: string): Reason[] => {
  const replica = replicaOn(view, target);
  const about = { node: target };
  if (!replica)
    return [
      blocks(
        'no-replica',
        'Replica',
        `${target} has no replica of ${view.name} and does not see its files, and its primary can't be asked: there is nothing to go on from.`,
        about,
      ),
    ];
  const sight = scene.lookup.byName.get(target)?.facts?.folders.find((each) => each.path === replica.folder);
  const storage = storageOf(scene.lookup.byName.get(target), replica.storage);
  const newer = view.replicas.find(
    (each) => each !== replica && Date.parse(each.replica.when) > Date.parse(replica.replica.when),
  );
  const { when, record } = replica.replica;
  return [
    ...(replica.problem === null
      ? [
          passed(
            'replica',
            `Replica on ${target}`,
            `${replica.folder} on ${target} holds every image of the copy of ${when}, with its type and size.`,
            about,
          ),
        ]
      : [
          blocks(
            'replica-broken',
            `Replica on ${target}`,
            `${replica.problem} It can't be used as it is.`,
            about,
          ),
        ]),
    ...contentReasons(replica),
    ...(sight?.lock
      ? [
          blocks(
            'locked',
            'Lock',
            `${replica.folder} on ${target} is locked: wait for that run, or break its lock.`,
            about,
          ),
        ]
      : []),
    ...(storage?.id
      ? []
      : [
          blocks(
            'storage-id',
            'Storage',
            `${replica.storage} on ${target} has no id: run cluster init once more.`,
            about,
          ),
        ]),
    // what lies beside a replica was never started: a text edited by hand could attach an image in the wrong format
    ...configProblems(scene, replica).map((text) =>
      blocks('config', 'xen.cfg', `${text} This is about the replica on ${target}.`, about),
    ),
    consent(
      replicaAgeCode,
      'Data of the replica',
      `The replica on ${target} is ${replicaAgeText(replica.age)} (copied ${when} from ${replica.replica.source}, generation ${record.generation}): everything that ${view.name} wrote since is missing there, and can't be merged later. When ${view.primary ?? 'its primary'} returns, its own images are an older or another branch and are never started by themselves.`,
      about,
    ),
    ...(newer
      ? [
          warning(
            'newer-replica',
            'Another replica',
            `${newer.node} holds a newer replica (${replicaAgeText(newer.age)}): failing over to ${newer.node} loses less.`,
            { node: newer.node },
          ),
        ]
      : []),
  ];
};

/** Its images are read whole and compared with what was proved of them, where that is known. */
export const addContents = (list: StepList, { node, folder, replica }: InstanceReplica): void => {
  const proved = replica.disks.flatMap(({ file, content }) =>
    content === null ? [] : [{ path: `${folder}/${file}`, content }],
  );
  if (proved.length > 0)
    list.add(node, `Read the replica's images on ${node}, and compare their content with what was copied`, {
      do: 'hash-images',
      images: proved.map((each) => each.path),
      expect: proved.map((each) => each.content),
    });
};

/** What is known of the content of its images, before they are read. */
export const contentReasons = ({ node, folder, replica }: InstanceReplica): Reason[] => {
  const unread = replica.disks.filter((each) => each.content === null);
  return unread.length === 0
    ? [
        passed(
          'content',
          `Content on ${node}`,
          `What was copied was proved by its content; it is read and compared again before anything is started from it.`,
          { node },
        ),
      ]
    : [
        warning(
          'content-unknown',
          `Content on ${node}`,
          `${listText(unread.map((each) => `${folder}/${each.file}`))}: nobody has read it since it was the instance's own, so only its type and size can be compared.`,
          { node },
        ),
      ];
};

type Way = {
  source: string;
  replica: InstanceReplica;
  shallRun: boolean;
  vouched: readonly string[];
};

export const takeOverSteps = (scene: Scene, view: InstanceView, way: Way): Pick<Draft, 'steps' | 'files'> => {
  const { replica, source, shallRun } = way;
  const { node: target, folder } = replica;
  const { name } = view;
  const former = replica.replica.record;
  const storage = storageOf(scene.lookup.byName.get(target), replica.storage);
  const known = new Set(former.vouchings.map((each) => JSON.stringify(each)));
  const bothWords = [
    ...former.vouchings,
    ...view.record.vouchings.filter((each) => !known.has(JSON.stringify(each))),
  ];
  const next = nextRecord(
    scene,
    former,
    {
      primary: target,
      secondary: source,
      // beyond every generation that is known, whichever branch it was
      generation: Math.max(former.generation, view.record.generation) + 1,
      formerPrimaries: primariesAfter(view.record, source, target),
      ...replicasAfter([former, view.record], target),
      adminState: shallRun ? 'up' : 'down',
      disks: disksAt(former, folder),
      place: { storage: storage?.id ?? '', path: folder, inode: replica.inode },
      // words of either branch were given, and are kept
      vouchings: vouchingsAfter(scene, { ...former, vouchings: bothWords }, way.vouched),
    },
    'take-over',
  );
  const guest = identityOf(next);
  const text =
    scene.lookup.byName.get(target)?.facts?.folders.find((each) => each.path === folder)?.config ?? null;
  const sound = text !== null && configProblems(scene, replica).length === 0;
  const config = { config: configPath(folder), configSum: sound ? sha256(text) : null };
  const seen = scene.lookup.seen.map((each) => each.name);
  const list = makeStepList();
  addLock(list, scene, {
    node: target,
    folder,
    title: `fail over ${name} to its replica on ${target}`,
    nodes: [target],
  });
  list.add(target, `Compare the replica's images on ${target} with what was copied`, {
    do: 'verify-files',
    folder,
    recordId: null,
    disks: next.disks,
    within: scene.snapshot.cluster.storageDirectories,
  });
  addContents(list, replica);
  if (shallRun) list.add(target, `Let ${target} check xen.cfg`, { do: 'check-config', ...config });
  list.add(seen, `Make sure that ${name} runs nowhere`, { do: 'verdict', ...guest });
  if (shallRun)
    list.add(
      target,
      `Create ${name} on ${target}, paused`,
      { do: 'start-domain', ...guest, ...config, paused: true },
      {
        undo: [
          undoOf(target, `End the paused ${name} on ${target}`, { do: 'end-domain', ...guest }),
          undoOf(seen, `Make sure that ${name} runs nowhere`, { do: 'verdict', ...guest }),
        ],
      },
    );
  list.add(
    target,
    `Acquire: primary ${target}, generation ${next.generation}`,
    { do: 'write-record', folder, record: next, expectId: null },
    { commit: true },
  );
  if (shallRun) addLetRun(list, scene, target, identityOf(next));
  list.add(target, `It is no replica any more on ${target}`, {
    do: 'drop-replica',
    folder,
    recordId: next.id,
  });
  addUnlock(list, scene, target, folder, false);
  return { steps: list.steps, files: [recordFile(folder, null, next)] };
};
