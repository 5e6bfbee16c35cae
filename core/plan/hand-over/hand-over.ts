/**
 * Handing over to a folder on separate storage: stopped and proved, copied and verified, created paused, RELEASE on the source,
 * ACQUIRE on the target, let run; what is left becomes a replica or goes into the trash (SAFETY "Handing over (failover)").
 */
import type { InstanceView } from '../../cluster/instances.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import { trashDirectory } from '../../cluster/schema.ts';
import type { CopyPlace } from '../checks/copy.ts';
import {
  addConfig,
  addCopies,
  addPlace,
  addReopening,
  addUnchanged,
  configAt,
  replicaOf,
  replicaText,
} from '../copy/copying.ts';
import { addLetRun } from '../instance/let-run.ts';
import { addStopping, type Held } from '../instance/stopping.ts';
import type { Reason } from '../reason.ts';
import {
  disksAt,
  formerRecord,
  knowing,
  nextRecord,
  primariesAfter,
  recordFile,
  replicaHolders,
  replicaNodesAfter,
  replicasAfter,
  vouchingsAfter,
} from '../records.ts';
import { isoOf, type Scene } from '../scene.ts';
import { sha256 } from '../sha256.ts';
import { addLock, addUnlock, type Draft, makeStepList, type StepList, undoOf } from '../step-list.ts';
import { configPath, identityOf } from '../subject.ts';
import { trashName } from '../trash/remove.ts';

export type HandOver = {
  source: string;
  place: CopyPlace;
  /** what the source has of the guest */
  held: Held | null;
  shallRun: boolean;
  vouched: readonly string[];
  timeoutSeconds: number;
  secondary: string | null;
  /** what is left on the source goes into the trash; else it stays as a replica */
  removeSource: boolean;
  title: string;
};

type Records = {
  /** the source's record that names the target as a holder of a copy, before there is one; the very record where it does already */
  base: InstanceRecord;
  /** what the source's record says when all is taken back, as a write after `base`: a replica that was there keeps its name in it */
  back: InstanceRecord;
  release: InstanceRecord;
  acquire: InstanceRecord;
};

const recordsOf = (scene: Scene, view: InstanceView, way: HandOver): Records => {
  const { record } = view;
  const { place, source } = way;
  const isNamed = place.node === source || record.replicaNodes?.includes(place.node) === true;
  const base = isNamed
    ? record
    : nextRecord(scene, record, { replicaNodes: replicaNodesAfter(view, { added: [place.node] }) }, 'named');
  const back = formerRecord(
    scene,
    isNamed ? record : knowing(record, replicaHolders(view)),
    base,
    isNamed ? 'goes on' : 'named',
  );
  const release = nextRecord(
    scene,
    base,
    {
      primary: null,
      next: place.node,
      secondary: way.secondary,
      generation: record.generation + 1,
      formerPrimaries: primariesAfter(record, source, place.node),
      // the source is named before what is left there becomes a replica
      replicaNodes: replicasAfter(view, place.node, way.removeSource ? [] : [source]),
      vouchings: vouchingsAfter(scene, record, way.vouched),
    },
    'release',
  );
  const acquire = nextRecord(
    scene,
    release,
    {
      primary: place.node,
      disks: disksAt(record, place.folder),
      place: { storage: place.storageId, path: place.folder, inode: place.replica?.inode ?? 0 },
    },
    'acquire',
  );
  return { base, back, release, acquire };
};

/** While the copies lie there, a node that is silent later has to be asked for, whatever became of the run. */
const addNaming = (
  list: StepList,
  view: InstanceView,
  { source, place }: HandOver,
  { base, back }: Records,
): void => {
  const { record, folder } = view;
  if (base === record) return;
  list.add(
    source,
    `Record that ${place.node} holds a copy`,
    { do: 'write-record', folder, record: base, expectId: record.id },
    {
      undo: [
        undoOf(source, 'Record what was before', {
          do: 'write-record',
          folder,
          record: back,
          expectId: base.id,
        }),
      ],
    },
  );
};

/** Up to the proof that every byte arrived. */
const addTransfer = (
  list: StepList,
  scene: Scene,
  view: InstanceView,
  way: HandOver,
  record: InstanceRecord,
): void => {
  const { source, place, held } = way;
  const { folder, name } = view;
  const seen = scene.lookup.seen.map((each) => each.name);
  if (held)
    addStopping(list, scene, view, {
      held,
      timeoutSeconds: way.timeoutSeconds,
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      then: 'force',
      undo: held.alive ? 'revive' : 'leave',
    });
  list.add(seen, `Make sure that ${name} runs nowhere`, { do: 'verdict', ...identityOf(record) });
  list.add(source, `Compare the images on ${source} with the record`, {
    do: 'verify-files',
    folder,
    recordId: record.id,
    disks: record.disks,
  });
  addReopening(list, scene, place, record);
  addCopies(list, record, source, place);
};

/** The steps, or why the configuration can't be written for the target. */
export const handOverSteps = (
  scene: Scene,
  view: InstanceView,
  way: HandOver,
):
  | { ok: true; steps: NonNullable<Draft['steps']>; files: Draft['files'] }
  | { ok: false; reasons: Reason[] } => {
  const { source, place, shallRun, title } = way;
  const { folder, name } = view;
  const target = place.node;
  const records = recordsOf(scene, view, way);
  const { base: record, back, release, acquire } = records;
  const written = configAt(scene, view, acquire, place);
  if (!written.ok) return written;
  const seen = scene.lookup.seen.map((each) => each.name);
  const nodes = [...new Set([source, target])];
  const guest = identityOf(acquire);
  const config = { config: configPath(place.folder), configSum: sha256(written.config.text) };
  const list = makeStepList();
  addLock(list, scene, { node: source, folder, title, nodes });
  addPlace(list, scene, place, { title, nodes });
  addNaming(list, view, way, records);
  addConfig(list, place, written.config);
  // nothing is stopped before the target is known to take the configuration
  if (shallRun) list.add(target, `Let ${target} check xen.cfg`, { do: 'check-config', ...config });
  addTransfer(list, scene, view, way, record);
  const replica = replicaOf(scene, record, { source, folder: place.folder }, 'copied');
  // should a later step fail, a fresh replica is what stays; and once it is released, this tells anybody from what to go on
  list.add(
    target,
    `Describe the copies on ${target}`,
    {
      do: 'write-replica',
      folder: place.folder,
      replica,
      expectCopy: place.replica?.replica.copy ?? null,
    },
    place.replica
      ? {
          // the replica holds the very state of this record now: what the guest writes when it runs on here is a later one
          undo: [
            undoOf(source, 'Record that its state goes on here', {
              do: 'write-record',
              folder,
              record: back,
              expectId: record.id,
            }),
          ],
        }
      : {
          undo: [
            undoOf(target, 'Remove replica.json', {
              do: 'remove-file',
              path: `${place.folder}/replica.json`,
            }),
          ],
        },
  );
  list.add(target, `Look at the copies on ${target}`, {
    do: 'verify-files',
    folder: place.folder,
    recordId: null,
    disks: acquire.disks,
    within: scene.snapshot.cluster.storageDirectories,
  });
  if (acquire.disks.length > 0)
    list.add(target, `Make sure that nobody wrote to the copies on ${target} since they were proved`, {
      do: 'verify-unchanged',
      images: acquire.disks.map((each) => each.logical_id[2]),
      run: scene.context.run,
    });
  if (shallRun) {
    list.add(target, `Let ${target} check xen.cfg once more`, { do: 'check-config', ...config });
    list.add(seen, `Make sure that ${name} still runs nowhere`, { do: 'verdict', ...identityOf(record) });
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
  }
  addUnchanged(list, scene, record, source);
  list.add(
    source,
    `Release: no primary, next is ${target}, generation ${release.generation}`,
    { do: 'write-record', folder, record: release, expectId: record.id },
    { commit: true },
  );
  list.add(target, `Acquire: primary ${target}, generation ${acquire.generation}`, {
    do: 'write-record',
    folder: place.folder,
    record: acquire,
    expectId: null,
  });
  if (shallRun) addLetRun(list, scene, target, identityOf(acquire));
  list.add(target, `It is no replica any more on ${target}`, {
    do: 'drop-replica',
    folder: place.folder,
    recordId: acquire.id,
  });
  addUnlock(list, scene, target, place.folder, false);
  const files: NonNullable<Draft['files']> = [
    ...(written.config.file ? [written.config.file] : []),
    { node: source, ...recordFile(folder, view.record, release) },
    { node: target, ...recordFile(place.folder, null, acquire) },
  ];
  if (way.removeSource) {
    const trash = `${view.storage}/${trashDirectory}/${trashName(view, isoOf(scene.context.now))}`;
    const inode = view.folders.find((each) => each.current && each.node === source)?.folder.inode ?? 0;
    list.add(source, `Move what is left on ${source} into the trash`, {
      do: 'move-folder',
      from: folder,
      to: trash,
      expectInode: inode,
    });
    addUnlock(list, scene, source, trash, false);
  } else {
    // a guest that runs writes from here on: what is left is the state that was released, and no later one
    const left = replicaOf(scene, shallRun ? release : acquire, { source, folder }, 'left');
    const demoted = { ...left, record: { ...left.record, place: record.place } };
    list.add(source, `Make what is left on ${source} a replica`, {
      do: 'demote-record',
      folder,
      replica: demoted,
      expectId: release.id,
    });
    files.push({ node: source, path: `${folder}/replica.json`, before: null, after: replicaText(demoted) });
    addUnlock(list, scene, source, folder, false);
  }
  return { ok: true, steps: list.steps, files };
};
