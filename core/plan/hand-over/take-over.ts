/**
 * Failover to a replica while the source can't be asked: its data are those of the replica's time. The record names the
 * source's record of that time as an ancestor, so that what the source wrote since shows as a fork when it returns.
 */
import { configDrift } from '../../cluster/config-drift.ts';
import { claimCommand } from '../../cluster/hand-over-text.ts';
import type { InstanceReplica, InstanceView } from '../../cluster/instances.ts';
import { storageOf } from '../../cluster/lookup.ts';
import { lostText } from '../../cluster/lost-record.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import { replicaAgeText } from '../../cluster/replicas.ts';
import { listText } from '../../cluster/status.ts';
import { trashOf } from '../../cluster/trash.ts';
import { baseName } from '../../storage/paths.ts';
import { basesAreThere, basesUnproved, nothingBuildsOn } from '../checks/overlays.ts';
import { addLetRun } from '../instance/let-run.ts';
import type { Reason } from '../reason.ts';
import {
  disksAt,
  nextRecord,
  primariesAfter,
  recordFile,
  replicasAfter,
  vouchingsAfter,
} from '../records.ts';
import { blocks, consent, passed, type Scene, warning } from '../scene.ts';
import { sha256 } from '../sha256.ts';
import { addLock, addUnlock, type Draft, makeStepList, type StepList, undoOf } from '../step-list.ts';
import { configPath, type Identity, identityOf } from '../subject.ts';

/** Code of the consent to lose what was written since the copy. */
export const replicaAgeCode = 'replica-age';

/** Code of the consent to give up what a node that answers has lost. */
export const recordLostCode = 'record-lost';

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

/** What its linked clones build on is no part of the copy; and nothing builds on an image that will be written to. */
const basesOf = (scene: Scene, { node, folder, replica }: InstanceReplica): Reason[] => {
  const found = scene.lookup.byName.get(node)?.facts?.folders.find((each) => each.path === folder);
  if (!found) return [];
  const sight = { node, folder: found };
  const namesOf = (disks: typeof replica.record.disks): string[] =>
    disks.map(({ logical_id: [, , path] }) => baseName(path));
  const { disks } = replica.record;
  return [
    ...nothingBuildsOn(scene, sight, namesOf(disks.filter((each) => each.mode === 'rw')), 'written to'),
    ...basesAreThere(scene, sight, namesOf(disks)),
    ...basesUnproved(scene, sight, namesOf(disks)),
  ];
};

/** The source answers: that nothing of it runs there is seen and proved, but what it had written is given up. */
const lostReasons = (scene: Scene, view: InstanceView, source: string): Reason[] => [
  consent(
    recordLostCode,
    `Lost on ${source}`,
    `${source} answers, but ${lostText(scene.lookup, source, view.record)}: the record and the images of ${view.name} can't be read there. If they can be brought back (a storage that is not mounted, a folder that was moved), do that instead: nothing is lost then. Whether ${source} still was the one that may start ${view.name} is known by the replica alone.`,
    { node: source },
  ),
];

/** What should rather be gone on from: the very files on another node, or what lies in the trash. */
const elsewhere = (scene: Scene, view: InstanceView, target: string): Reason[] => [
  ...view.folders
    .filter((each) => each.current && each.seen && each.node !== target)
    .map(({ node, folder }) =>
      warning(
        'files-elsewhere',
        'The images themselves',
        `${node} shows ${folder.path}, the very folder of ${view.name}: failing over to ${node} loses nothing.`,
        { node },
      ),
    ),
  ...trashOf(scene.snapshot, true)
    .filter((each) => each.record?.ok && each.record.record.uuid.toLowerCase() === view.uuid.toLowerCase())
    .map((each) => {
      const record = each.record?.ok ? each.record.record : view.record;
      const [node = ''] = each.nodes;
      return warning(
        'in-trash',
        'In the trash',
        `${each.path} on ${node} holds a folder of ${view.name} that was put away (generation ${record.generation}, ${record.primary === null ? `handed over to ${record.next ?? 'another node'}: that node may hold a later state` : `of ${record.primary}`}). Look at it before the replica is gone on from.`,
        { node },
      );
    }),
];

export const takeOverReasons = (scene: Scene, view: InstanceView, target: string): Reason[] => {
  const replica = replicaOn(view, target);
  const about = { node: target };
  // what was left of it when it was handed over: whole, and of the state of then
  const left = view.folders.find((each) => each.seen && !each.current);
  if (!replica)
    return [
      blocks(
        'no-replica',
        'Replica',
        `${target} has no replica of ${view.name} and does not see its files, and its primary can't be asked: there is nothing to go on from.${left ? ` ${left.node} shows another state of it in ${left.folder.path}: only if the later one is lost for good, ${claimCommand(view.name, { node: left.node, folder: left.folder.path })} makes that one ${view.name} again.` : ''}`,
        about,
      ),
    ];
  const sight = scene.lookup.byName.get(target)?.facts?.folders.find((each) => each.path === replica.folder);
  const storage = storageOf(scene.lookup.byName.get(target), replica.storage);
  const newer = view.replicas.find(
    (each) => each !== replica && Date.parse(each.replica.when) > Date.parse(replica.replica.when),
  );
  const { when, record } = replica.replica;
  const source = view.primary;
  const lost = source !== null && scene.lookup.byName.get(source)?.seen ? source : null;
  return [
    ...(lost === null ? [] : lostReasons(scene, view, lost)),
    ...elsewhere(scene, view, target),
    ...(replica.problem === null
      ? [
          passed(
            'replica',
            `Replica on ${target}`,
            `${replica.folder} on ${target} holds every image of the copy of ${when}, with its type and size.`,
            about,
          ),
          ...basesOf(scene, replica),
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
            `${replica.folder} on ${target} is locked: wait for that run, or break its lock (vbdesk instance unlock ${replica.folder} -n ${target}).`,
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
      `The replica on ${target} is ${replicaAgeText(replica.age)} (copied ${when} from ${replica.replica.source}, generation ${record.generation}): everything that ${view.name} wrote since is missing there, and can't be merged later. When ${lost === null ? `${view.primary ?? 'its primary'} returns` : `what ${lost} lost comes back`}, its own images are an older or another branch and are never started by themselves.`,
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

/** The images of the copy's record, each with the content that was proved; null where nobody has noted one. */
const contentsOf = ({ folder, replica }: InstanceReplica): { path: string; content: string | null }[] => {
  const known = new Map(replica.disks.map(({ file, content }) => [file, content]));
  return disksAt(replica.record, folder).map(({ logical_id: [, , path] }) => ({
    path,
    content: known.get(baseName(path)) ?? null,
  }));
};

/** Its images are read whole and compared with what was proved of them, where that is known. */
export const addContents = (list: StepList, replica: InstanceReplica): void => {
  const { node } = replica;
  const proved = contentsOf(replica).flatMap(({ path, content }) =>
    content === null ? [] : [{ path, content }],
  );
  if (proved.length > 0)
    list.add(node, `Read the replica's images on ${node}, and compare their content with what was copied`, {
      do: 'hash-images',
      images: proved.map((each) => each.path),
      expect: proved.map((each) => each.content),
    });
};

/** What is known of the content of its images, before they are read. */
export const contentReasons = (replica: InstanceReplica): Reason[] => {
  const { node } = replica;
  const unknown = contentsOf(replica).filter((each) => each.content === null);
  return unknown.length === 0
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
          `${listText(unknown.map((each) => each.path))}: no content was noted when it was copied or left there, so only its type and size can be compared. What was written to it since, or lost by its storage, is not noticed.`,
          { node },
        ),
      ];
};

/** What two records of one instance tell of other nodes: none of it is forgotten, whichever of them is gone on from. */
const bothKnew = (newest: InstanceRecord, former: InstanceRecord): InstanceRecord => {
  const words = newest.vouchings.map((each) => JSON.stringify(each));
  return {
    ...newest,
    formerPrimaries: [...new Set([...newest.formerPrimaries, ...former.formerPrimaries])],
    vouchings: [
      ...former.vouchings.filter((each) => !words.includes(JSON.stringify(each))),
      ...newest.vouchings,
    ],
  };
};

/**
 * It does not run where it was lost, and its record did not come back since the plan was made: then it may be started there by
 * somebody else, whose lock is another one. On storage that hangs a file can't be looked for.
 */
const addLookAtLost = (
  list: StepList,
  scene: Scene,
  view: InstanceView,
  lost: string,
  guest: Identity,
): void => {
  const { path } = view.record.place;
  const facts = scene.lookup.byName.get(lost)?.facts;
  const hangs = facts?.storages.some(
    (each) => path.startsWith(`${each.path}/`) && each.state === 'not-answering',
  );
  const isThere = facts?.folders.some((each) => each.path === path && each.record !== null);
  list.add(lost, `Make sure that ${view.name} does not run on ${lost}`, { do: 'verdict', ...guest });
  if (!hangs && !isThere)
    list.add(lost, `Make sure that its record did not come back on ${lost}`, {
      do: 'check-absent',
      paths: [`${path}/instance.json`],
      evenAbove: true,
    });
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
  const known = bothKnew(view.record, former);
  const next = nextRecord(
    scene,
    former,
    {
      primary: target,
      secondary: source,
      // beyond every generation that is known, whichever branch it was
      generation: Math.max(former.generation, view.record.generation) + 1,
      formerPrimaries: primariesAfter(known, source, target),
      // what the source still holds is another branch: on its own storage it could start from that, wherever this one lies
      replicaNodes: replicasAfter(view, target, [source], former),
      adminState: shallRun ? 'up' : 'down',
      disks: disksAt(former, folder),
      place: { storage: storage?.id ?? '', path: folder, inode: replica.inode },
      vouchings: vouchingsAfter(scene, known, way.vouched),
    },
    'take-over',
  );
  const guest = identityOf(next);
  const text =
    scene.lookup.byName.get(target)?.facts?.folders.find((each) => each.path === folder)?.config ?? null;
  const sound = text !== null && configProblems(scene, replica).length === 0;
  const config = { config: configPath(folder), configSum: sound ? sha256(text) : null };
  // a source that lost its images has none that could be looked for (its storage may hang): there the domain tells, by its uuid
  const lost = scene.lookup.byName.get(source)?.seen ? source : null;
  const bare = { ...guest, images: [] };
  const seen = scene.lookup.seen.map((each) => each.name).filter((each) => each !== lost);
  const list = makeStepList();
  const addLooks = (): void => {
    if (lost !== null) addLookAtLost(list, scene, view, lost, bare);
    list.add(seen, `Make sure that ${name} runs nowhere`, { do: 'verdict', ...guest });
  };
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
  addLooks();
  if (shallRun)
    list.add(
      target,
      `Create ${name} on ${target}, paused`,
      { do: 'start-domain', ...guest, ...config, paused: true },
      {
        undo: [
          undoOf(target, `End the paused ${name} on ${target}`, { do: 'end-domain', ...guest }),
          ...(lost === null
            ? []
            : [undoOf(lost, `Make sure that ${name} does not run on ${lost}`, { do: 'verdict', ...bare })]),
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
  if (shallRun) {
    if (lost !== null) addLookAtLost(list, scene, view, lost, bare);
    addLetRun(list, scene, target, guest, lost);
  }
  list.add(target, `It is no replica any more on ${target}`, {
    do: 'drop-replica',
    folder,
    recordId: next.id,
  });
  addUnlock(list, scene, target, folder, false);
  return { steps: list.steps, files: [recordFile(folder, null, next)] };
};
