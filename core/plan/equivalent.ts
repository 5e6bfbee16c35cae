/** The same in Ganeti's words, for people who know them. */
import { argumentsOfIntent, writeCreateCommand } from '../ganeti/create-writer.ts';
import { shellWord } from '../ganeti/words.ts';
import { formatSizeArgument } from '../storage/sizes.ts';
import type { ClusterInitIntent, CreateIntent } from './intent.ts';

const line = (...words: (string | null)[]): string =>
  words
    .filter((each) => each !== null)
    .map(shellWord)
    .join(' ');

export const createEquivalent = (intent: CreateIntent): string =>
  writeCreateCommand(argumentsOfIntent(intent));

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
