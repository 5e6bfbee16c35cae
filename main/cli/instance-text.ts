/** Instances as tables, as pages and as JSON. */
import type { InstanceView } from '../../core/cluster/instances.ts';
import { replicaAgeText } from '../../core/cluster/replicas.ts';
import { parseKeptName } from '../../core/storage/kept-names.ts';
import { formatBytes, formatMebibytes } from '../../core/storage/sizes.ts';
import { pairs, shortBytes, shortMebibytes, table } from './table.ts';

/** One instance as JSON, the same in lists and alone. */
export const instanceDocument = (view: InstanceView) => ({
  name: view.name,
  uuid: view.uuid,
  status: view.status,
  statusText: view.statusText,
  primary: view.primary,
  secondary: view.secondary,
  runsOn: view.domains.filter((each) => each.seen).map((each) => each.node),
  folder: view.folder,
  shared: view.shared,
  adminState: view.record.adminState,
  generation: view.record.generation,
  os: view.record.os,
  guest: view.record.guest,
  disks: view.disks,
  nics: view.record.nics,
  lock: view.lock,
  replicas: view.replicas.map((each) => ({
    node: each.node,
    seen: each.seen,
    folder: each.folder,
    ageSeconds: each.age === null ? null : Math.round(each.age / 1000),
    current: each.current,
    problem: each.problem,
    when: each.replica.when,
    source: each.replica.source,
    generation: each.replica.record.generation,
    disks: each.replica.disks,
  })),
  problems: view.problems,
  vouchings: view.record.vouchings,
  created: view.record.created,
  written: view.record.written,
});

const sum = (numbers: readonly (number | null)[]): number =>
  numbers.reduce<number>((total, each) => total + (each ?? 0), 0);

export const instanceTable = (views: readonly InstanceView[]): string =>
  table(
    [
      { title: 'INSTANCE' },
      { title: 'STATE' },
      { title: 'PRIMARY' },
      { title: 'SECONDARY' },
      { title: 'MEMORY', right: true },
      { title: 'VCPUS', right: true },
      { title: 'DISKS', right: true },
      { title: 'SIZE', right: true },
      { title: 'USED', right: true },
      { title: 'PROBLEMS', right: true },
    ],
    views.map((view) => [
      view.name,
      view.status,
      view.primary ?? '',
      view.secondary ?? '',
      shortMebibytes(view.record.guest.memoryMib),
      String(view.record.guest.vcpus),
      String(view.disks.length),
      shortBytes(sum(view.disks.map((disk) => disk.size))),
      shortBytes(sum(view.disks.map((disk) => disk.allocated))),
      view.problems.length === 0 ? '' : String(view.problems.length),
    ]),
  );

const guestText = ({ guest }: InstanceView['record']): string =>
  [
    `${guest.type}, ${formatMebibytes(guest.memoryMib)}, ${guest.vcpus} ${guest.vcpus === 1 ? 'vcpu' : 'vcpus'}`,
    ...(['kernel', 'ramdisk', 'root', 'extra', 'bootloader', 'boot'] as const).flatMap((key) =>
      guest[key] === undefined ? [] : [`${key} ${guest[key]}`],
    ),
  ].join('\n');

const diskText = (view: InstanceView): string =>
  view.disks
    .map((disk) => {
      const used = disk.allocated === null ? 'not seen' : `${shortBytes(disk.allocated)} used`;
      const problem = disk.problem === null ? '' : `\n  ${disk.problem}`;
      return `${disk.index}: ${disk.vdev} ${disk.mode} ${formatBytes(disk.size)} (${used}) ${disk.driver} ${disk.type} ${disk.path}${problem}`;
    })
    .join('\n');

const lockText = ({ lock }: InstanceView): string => {
  if (!lock) return 'not held';
  if (!lock.content) return `can't be read: ${lock.error ?? ''}`;
  const { run, user, workstation, title, at } = lock.content;
  return `held by the run ${run} of ${user}@${workstation} since ${at}: ${title}`;
};

const replicasText = (view: InstanceView): string =>
  view.replicas
    .map((each) => {
      const state =
        each.problem ?? (each.current ? 'Nothing was started since.' : 'The instance may have run since.');
      const silent = each.seen ? '' : ', not answering now';
      return `${each.node}${silent}: ${each.folder}, ${replicaAgeText(each.age)}, copied from ${each.replica.source}. ${state}`;
    })
    .join('\n');

/** Files that a conversion or the removal of a disk left, until somebody lets them go. */
const keptText = (view: InstanceView): string =>
  (view.folders[0]?.folder.files ?? [])
    .filter((file) => parseKeptName(file.name) !== null)
    .map((file) => `${file.name} (${shortBytes(file.size)}, ${shortBytes(file.allocated)} used)`)
    .join('\n');

export const instancePage = (view: InstanceView): string =>
  pairs([
    ['Instance', view.name],
    ['UUID', view.uuid],
    ['State', view.statusText],
    ['Primary', view.primary ?? 'none: a hand-over was cut off'],
    ['Secondary', view.secondary ?? '-'],
    ['Shall run', view.record.adminState === 'up' ? 'yes' : 'no'],
    ['Folder', `${view.folder}${view.shared ? ' (shared)' : ''}`],
    ['Guest', guestText(view.record)],
    ['Disks', diskText(view) || 'none'],
    ...(keptText(view) === '' ? [] : [['Kept files', keptText(view)] as const]),
    [
      'Network',
      view.record.nics.map((nic, index) => `${index}: ${nic.bridge} ${nic.mac}`).join('\n') || 'none',
    ],
    ['Replicas', replicasText(view) || 'none'],
    ['OS', view.record.os],
    ['Lock', lockText(view)],
    [
      'Record',
      `generation ${view.record.generation}, written ${view.record.written.at} by ${view.record.written.by}`,
    ],
    ...(view.record.vouchings.length > 0
      ? [
          [
            'Vouchings',
            view.record.vouchings
              .map((each) => `${each.when} ${each.who}: ${each.node} is down, ${each.how}`)
              .join('\n'),
          ] as const,
        ]
      : []),
    ['Problems', view.problems.map((each) => each.text).join('\n') || 'none'],
  ]);
