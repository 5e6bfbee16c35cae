/** The same in Ganeti's words, for people who know them. */

import type { GuestDifference } from '../cluster/guest-config.ts';
import type { GuestSettings, InstanceRecord } from '../cluster/record.ts';
import { argumentsOfIntent, writeCreateCommand } from '../ganeti/create-writer.ts';
import { escapeCommas, shellWord } from '../ganeti/words.ts';
import { parseImageName } from '../storage/image-names.ts';
import { formatSizeArgument } from '../storage/sizes.ts';
import type { ClusterInitIntent, CreateIntent } from './intent.ts';

const line = (...words: (string | null)[]): string =>
  words
    .filter((each) => each !== null)
    .map(shellWord)
    .join(' ');

export const createEquivalent = (intent: CreateIntent): string =>
  writeCreateCommand(argumentsOfIntent(intent));

/**
 * Adoption in the design document's words: reuse of what lies in the instance's folder. Null where those words would mean other
 * files: the folder has another name, or the images are of several drivers or carry no names of images.
 */
export const adoptEquivalent = (record: InstanceRecord, start: boolean): string | null => {
  const { name, place, primary, disks } = record;
  const suffix = `/${name}`;
  const [first] = disks;
  if (!place.path.endsWith(suffix) || primary === null || !first) return null;
  if (disks.some(({ logical_id: [driver] }) => driver !== first.logical_id[0])) return null;
  const isNamed = disks.every(({ logical_id: [, , path] }, index) => {
    const at = path.lastIndexOf('/');
    return path.slice(0, at) === place.path && parseImageName(path.slice(at + 1))?.index === index;
  });
  if (!isNamed) return null;
  return createEquivalent({
    kind: 'create',
    name,
    primary,
    secondary: record.secondary,
    storageDirectory: place.path.slice(0, -suffix.length),
    driver: first.logical_id[0],
    reuse: true,
    disks: disks.map(({ vdev, mode, size }) => ({ size, type: 'raw', vdev, mode })),
    guest: record.guest,
    nics: record.nics,
    os: record.os,
    ...(record.os !== 'none' && { install: false }),
    start,
  });
};

export const startEquivalent = (name: string): string => line('gnt-instance', 'startup', name);
export const stopEquivalent = (name: string, seconds: number): string =>
  line('gnt-instance', 'shutdown', `--timeout=${seconds}`, name);
export const rebootEquivalent = (name: string, seconds: number): string =>
  line('gnt-instance', 'reboot', '--type=soft', `--shutdown-timeout=${seconds}`, name);
export const removeEquivalent = (name: string, seconds: number): string =>
  line('gnt-instance', 'remove', `--shutdown-timeout=${seconds}`, name);
export const failoverEquivalent = (name: string, target: string | null, seconds: number): string =>
  line(
    'gnt-instance',
    'failover',
    target === null ? null : '-n',
    target,
    `--shutdown-timeout=${seconds}`,
    name,
  );
export const moveEquivalent = (name: string, node: string | null, seconds: number): string | null =>
  node === null ? null : line('gnt-instance', 'move', '-n', node, `--shutdown-timeout=${seconds}`, name);
export const renameEquivalent = (name: string, to: string): string =>
  line('gnt-instance', 'rename', name, to);
export const migrateEquivalent = (name: string, target: string | null): string =>
  line('gnt-instance', 'migrate', target === null ? null : '-n', target, name);
export const migrateCleanupEquivalent = (name: string): string =>
  line('gnt-instance', 'migrate', '--cleanup', name);

export const clusterInitEquivalent = (intent: ClusterInitIntent): string =>
  line(
    'gnt-cluster',
    'init',
    '--enabled-disk-templates=file,sharedfile',
    `--file-storage-dir=${intent.storageDirectories[0] ?? ''}`,
    '--enabled-hypervisors=xen-pvm',
    intent.name,
  );

export const growEquivalent = (name: string, disk: number, bytes: number): string =>
  line('gnt-instance', 'grow-disk', name, String(disk), formatSizeArgument(bytes));
export const diskAddEquivalent = (name: string, size: number, mode: 'rw' | 'ro'): string =>
  line(
    'gnt-instance',
    'modify',
    '--disk',
    `add:size=${formatSizeArgument(size)}${mode === 'ro' ? ',mode=ro' : ''}`,
    name,
  );
export const diskRemoveEquivalent = (name: string, disk: number): string =>
  line('gnt-instance', 'modify', '--disk', `${disk}:remove`, name);

/** Ganeti's hypervisor parameters for what a guest boots of (gnt-instance(8)); the others have no word there. */
const hypervisorParameters = [
  ['kernel', 'kernel_path'],
  ['ramdisk', 'initrd_path'],
  ['root', 'root_path'],
  ['extra', 'kernel_args'],
  ['bootloader', 'bootloader_path'],
  ['boot', 'boot_order'],
] as const;

/** Null where Ganeti has no word for any of it. */
export const modifyEquivalent = (
  name: string,
  changes: readonly GuestDifference[],
  guest: GuestSettings,
): string | null => {
  const changed = new Set(changes.map((each) => each.key));
  const backend = [
    ...(changed.has('memoryMib') && guest.maxMemoryMib === undefined ? [`memory=${guest.memoryMib}`] : []),
    ...(guest.maxMemoryMib !== undefined && (changed.has('memoryMib') || changed.has('maxMemoryMib'))
      ? [`minmem=${guest.memoryMib},maxmem=${guest.maxMemoryMib}`]
      : []),
    ...(changed.has('vcpus') ? [`vcpus=${guest.vcpus}`] : []),
  ];
  const hypervisor = hypervisorParameters.flatMap(([key, parameter]) =>
    changed.has(key) ? [`${parameter}=${escapeCommas(guest[key] ?? '')}`] : [],
  );
  if (backend.length + hypervisor.length === 0) return null;
  return line(
    'gnt-instance',
    'modify',
    ...(backend.length > 0 ? ['-B', backend.join(',')] : []),
    ...(hypervisor.length > 0 ? ['-H', hypervisor.join(',')] : []),
    name,
  );
};
