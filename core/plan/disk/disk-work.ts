/** What every change of an instance's disks begins and ends with: stopped everywhere, locked, record and xen.cfg in agreement. */

import type { InstanceDisk, InstanceFolder, InstanceView } from '../../cluster/instances.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import { listText } from '../../cluster/status.ts';
import type { Dialect } from '../../storage/drivers.ts';
import { baseName } from '../../storage/paths.ts';
import { compareDisks } from '../../xen/compare-disks.ts';
import { diskFacts } from '../../xen/disk-writer.ts';
import { editDisk } from '../../xen/edit-disks.ts';
import { folderOn } from '../checks/images.ts';
import { clusterChecks, nodeCanWork } from '../checks/nodes.ts';
import { readyDirectories } from '../checks/overlays.ts';
import { lockIsFree, recordMayEdit } from '../checks/record.ts';
import { isStopped } from '../checks/stopped.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import type { Plan } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { nextRecord, recordFile, vouchingsAfter } from '../records.ts';
import { blocks, type Scene } from '../scene.ts';
import { addLock, type Draft, type StepList } from '../step-list.ts';
import { configPath, findSubject, identityOf, workingNode } from '../subject.ts';
import { addConfigCheck, addConfigWrite, addRecordWrite } from '../write-steps.ts';

export type DiskWork = {
  view: InstanceView;
  record: InstanceRecord;
  /** through which the folder is worked on, and the folder as it shows it */
  node: string;
  sight: InstanceFolder;
  dialect: Dialect;
  /** silent nodes that somebody vouched for */
  vouched: string[];
  /** the guest runs on `node`, and may go on */
  runs: boolean;
};

export type OpenedWork =
  /** all reasons but those of the operation itself */
  { ok: true; work: DiskWork; reasons: Reason[] } | { ok: false; draft: Draft };

type Words = {
  title: (name: string) => string;
  running: (name: string) => string;
  /** whether its guest may run on its primary meanwhile; never where left out */
  mayRun?: (view: InstanceView) => boolean;
};

/** One domain, on the primary, running, and nothing half done about it. */
const runsAsItShould = (view: InstanceView): boolean =>
  view.status === 'running' &&
  view.record.next === undefined &&
  view.domains.length === 1 &&
  view.domains.every(
    (each) =>
      each.seen &&
      each.node === view.primary &&
      each.domain.state === 'running' &&
      each.domain.name === view.name,
  );

/**
 * @param words.running why a running guest is in the way, and what to do instead
 */
export const openDiskWork = (scene: Scene, instance: string, words: Words): OpenedWork => {
  const found = findSubject(scene, instance);
  if (!found.ok)
    return {
      ok: false,
      draft: {
        title: words.title(instance),
        subject: { kind: 'instance', name: instance, uuid: null },
        reasons: [...clusterChecks(scene), ...found.reasons],
      },
    };
  const { view } = found;
  const node = workingNode(view);
  const sight = node === null ? null : folderOn(view, node);
  const suspects = suspectsOf(scene, view);
  const runs = node === view.primary && runsAsItShould(view) && words.mayRun?.(view) === true;
  const reasons = [
    ...clusterChecks(scene),
    ...recordMayEdit(view),
    ...lockIsFree(scene, view),
    ...(node === null ? [] : nodeCanWork(scene, node)),
    ...isStopped(scene, view, words.running(view.name), runs ? node : null),
    ...vouchChecks(scene, view, suspects),
  ];
  if (node === null || sight === null)
    return {
      ok: false,
      draft: {
        title: words.title(view.name),
        subject: { kind: 'instance', name: view.name, uuid: view.uuid },
        reasons: [
          ...reasons,
          blocks(
            'no-folder',
            'Folder',
            `No node that answers shows the folder ${view.folder} where its record was written.`,
          ),
        ],
      },
    };
  const dialect = scene.lookup.byName.get(node)?.facts?.toolstack ?? 'xl';
  const vouched = suspects.map((each) => each.node);
  return { ok: true, reasons, work: { view, record: view.record, node, sight, dialect, vouched, runs } };
};

export const draftOf = (work: DiskWork, title: string, reasons: Reason[]): Draft => ({
  title,
  subject: { kind: 'instance', name: work.view.name, uuid: work.view.uuid },
  reasons,
});

/** The disk with this number, or why there is none. */
export const findDisk = (
  work: DiskWork,
  index: number,
): { disk: InstanceDisk; name: string; reasons: [] } | { disk: null; reasons: Reason[] } => {
  const { disks, name, folder } = work.view;
  const disk = disks[index];
  const about = { node: work.node, field: 'disk' };
  if (!disk) {
    const there =
      disks.length === 0
        ? 'it has none'
        : `it has ${listText(disks.map((each) => `${each.index} (${each.vdev}, ${baseName(each.path)})`))}`;
    return {
      disk: null,
      reasons: [blocks('no-disk', 'Disk', `${name} has no disk ${index}: ${there}.`, about)],
    };
  }
  if (disk.path.slice(0, disk.path.lastIndexOf('/')) !== folder)
    return {
      disk: null,
      reasons: [
        blocks(
          'outside',
          'Disk',
          `${disk.path} does not lie in the folder of ${name} (${folder}), whose lock would not guard it.`,
          about,
        ),
      ],
    };
  return { disk, name: baseName(disk.path), reasons: [] };
};

/** Every image is as the record says; `besides`: a disk that is judged by itself. */
export const imagesAreSound = (work: DiskWork, besides: number | null = null): Reason[] =>
  work.view.disks.flatMap((each) =>
    each.problem === null || each.index === besides
      ? []
      : [blocks('image', 'Images', `Disk ${each.index}: ${each.problem}`, { node: work.node })],
  );

export const needsQemuImg = (scene: Scene, node: string, what: string): Reason[] =>
  scene.lookup.byName.get(node)?.facts?.commands.includes('qemu-img')
    ? []
    : [
        blocks('qemu-img', 'qemu-img', `${node} has no qemu-img, which ${what}: install qemu-utils there.`, {
          node,
        }),
      ];

export type DiskEdit = {
  /** the record's disks afterwards */
  disks: InstanceRecord['disks'];
  /** xen.cfg before and after; null when it stays as it is */
  config: { before: string; after: string } | null;
};

/**
 * The record's disks and xen.cfg after a change, which agree then; or every reason why they would not.
 * @param from path of the disk that changes; null: a new one
 * @param to what it becomes; null: it is taken out
 */
export const editDisks = (
  work: DiskWork,
  from: string | null,
  to: InstanceRecord['disks'][number] | null,
): { edit: DiskEdit; reasons: [] } | { edit: null; reasons: Reason[] } => {
  const { record, sight, dialect } = work;
  const about = { node: work.node };
  const disks = record.disks.flatMap((each) =>
    each.logical_id[2] === from ? (to === null ? [] : [to]) : [each],
  );
  if (from === null && to !== null) disks.push(to);
  const before = sight.folder.config;
  // said by the checks of the record
  if (before === null) return { edit: null, reasons: [] };
  const edited = editDisk(before, from, to === null ? null : diskFacts(to), dialect);
  if (!edited.ok)
    return { edit: null, reasons: [blocks('config', 'Xen configuration', edited.message, about)] };
  const wrong = compareDisks(disks.map(diskFacts), edited.text);
  if (wrong.length > 0)
    return {
      edit: null,
      reasons: wrong.map((each) =>
        blocks(
          'config-disks',
          'Record and xen.cfg',
          `${each.message} Both must agree before the disks are changed.`,
          about,
        ),
      ),
    };
  return {
    edit: { disks, config: edited.text === before ? null : { before, after: edited.text } },
    reasons: [],
  };
};

/** Lock, then the verdict on every node that answers and the comparison of the images, just before the first change. */
export const addOpening = (
  list: StepList,
  scene: Scene,
  work: DiskWork,
  title: string,
  disks: InstanceRecord['disks'] = work.record.disks,
): void => {
  const { view, record, node } = work;
  addLock(list, scene, { node, folder: view.folder, title, nodes: [node] });
  addVerdict(list, scene, work);
  list.add(node, 'Compare the images with the record', {
    do: 'verify-files',
    folder: view.folder,
    recordId: record.id,
    disks,
  });
};

/** The same while its guest runs on: it is looked at that it does, and that it does so nowhere else. */
export const addOpeningWhileRunning = (list: StepList, scene: Scene, work: DiskWork, title: string): void => {
  const { view, record, node } = work;
  const identity = identityOf(record);
  addLock(list, scene, { node, folder: view.folder, title, nodes: [node] });
  list.add(
    scene.lookup.seen.map((each) => each.name).filter((each) => each !== node),
    `Make sure that ${view.name} runs nowhere else`,
    { do: 'verdict', ...identity },
  );
  list.add(node, `Make sure that ${view.name} runs here`, { do: 'check-running', ...identity });
};

export const addVerdict = (list: StepList, scene: Scene, work: DiskWork): void =>
  list.add(
    scene.lookup.seen.map((each) => each.name),
    `Make sure that ${work.view.name} runs nowhere`,
    { do: 'verdict', ...identityOf(work.record) },
  );

/** On the node, under the lock: no other image builds on these. */
export const addNoOverlays = (list: StepList, scene: Scene, work: DiskWork, paths: string[]): void => {
  list.add(work.node, 'Make sure that no other image builds on it', {
    do: 'check-no-overlays',
    images: paths,
    directories: readyDirectories(scene, work.node),
  });
};

/** xen.cfg and the record with these disks, each with its undo. Returns the record and the files to show. */
export const addEdit = (
  list: StepList,
  scene: Scene,
  work: DiskWork,
  edit: DiskEdit,
): { record: InstanceRecord; files: Plan['files'] } => {
  const { node, view, record } = work;
  const { folder } = view;
  const files: Plan['files'] = [];
  if (edit.config !== null) {
    const { before, after } = edit.config;
    const path = configPath(folder);
    addConfigWrite(list, node, { path, before, after });
    addConfigCheck(list, node, path, after);
    files.push({ path, before, after });
  }
  const next = nextRecord(
    scene,
    record,
    { disks: edit.disks, vouchings: vouchingsAfter(scene, record, work.vouched) },
    'disks',
  );
  addRecordWrite(list, scene, { node, folder }, { record, next, label: 'disks' });
  files.push(recordFile(folder, record, next));
  return { record: next, files };
};

/** The files as the record now has them. */
export const addProof = (list: StepList, work: DiskWork, record: InstanceRecord): void =>
  list.add(work.node, 'Compare the images with the new record', {
    do: 'verify-files',
    folder: work.view.folder,
    recordId: record.id,
    disks: record.disks,
  });
