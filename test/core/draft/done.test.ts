import { expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { trashOf } from '../../../core/cluster/trash.ts';
import { afterPlan } from '../../../core/draft/after.ts';
import { baseOf, instancesOf } from '../../../core/draft/base.ts';
import { doneText } from '../../../core/draft/done.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import {
  configOf,
  folderOf,
  gib,
  localDirectory,
  recordOf,
  sharedDirectory,
  soundCluster,
  withFolder,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { createIntent } from '../plan/support.ts';
import { chain, planOf } from './chain.ts';

const seconds = { timeoutSeconds: 120 };
const all = ['node1', 'node2', 'node3'];
const cluster = soundCluster();
const stopped = withInstance(cluster, 'web1');
const running = withInstance(cluster, 'web1', {}, 'node1');
const local = withLocalInstance(cluster, 'web1', 'node1', { secondary: 'node2' });
const replicated = chain(local, { kind: 'replicate', instance: 'web1', node: 'node2' }).last;
const removed = chain(stopped, { kind: 'remove', instance: 'web1', purge: false, ...seconds }).last;
const loose = withFolder(cluster, all, { ...folderOf(recordOf('old')), record: null, config: null });
const kept = chain(stopped, { kind: 'disk-remove', instance: 'web1', disk: 1, purge: false }).last;
const keptFile =
  kept.nodes[0]?.facts?.folders[0]?.files.find((each) => each.name.includes('removed'))?.name ?? '';
const lock = {
  ...{ run: 'otherrun', user: 'bob', workstation: 'desk2', title: 'start web1', nodes: ['node1'] },
  ...{ place: `${sharedDirectory}/web1`, at: '2026-11-25T11:00:00.000Z' },
};
const locked = withFolder(cluster, all, folderOf(recordOf('web1'), { lock: { ok: true, lock } }));
const text = configOf(recordOf('web1'));
const elsewhere = withFolder(cluster, all, {
  ...folderOf(recordOf('web1')),
  ...{ path: `${sharedDirectory}/elsewhere`, name: 'elsewhere' },
});

const told: [Snapshot, Intent][] = [
  [cluster, createIntent({ name: 'web1' })],
  [cluster, createIntent({ name: 'web1', start: false })],
  [stopped, { kind: 'start', instance: 'web1' }],
  // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
  [running, { kind: 'stop', instance: 'web1', ...seconds, then: 'force' }],
  [running, { kind: 'failover', instance: 'web1', target: 'node3', ...seconds }],
  [stopped, { kind: 'remove', instance: 'web1', purge: false, ...seconds }],
  [running, { kind: 'remove', instance: 'web1', purge: true, ...seconds }],
  [
    removed,
    { kind: 'restore', storageDirectory: sharedDirectory, trashName: trashOf(removed)[0]?.name ?? '' },
  ],
  [stopped, { kind: 'configure', instance: 'web1', text: `${text}# note\n`, from: text }],
  [stopped, { kind: 'rename', instance: 'web1', name: 'www' }],
  [stopped, { kind: 'grow', instance: 'web1', disk: 0, size: 3 * gib, by: false }],
  [stopped, { kind: 'convert', instance: 'web1', disk: 0, to: 'qcow2', driver: 'blktap' }],
  [kept, { kind: 'release', instance: 'web1', file: keptFile }],
  [local, { kind: 'replicate', instance: 'web1', node: null }],
  [
    local,
    {
      ...{ kind: 'move', instance: 'web1', node: 'node2', storageDirectory: null, removeSource: true },
      ...seconds,
    },
  ],
  [replicated, { kind: 'discard', instance: 'web1', node: 'node2', path: `${localDirectory}/web1` }],
  [
    loose,
    {
      ...{ kind: 'adopt', name: 'old', primary: 'node1', secondary: null, driver: 'loop', nics: [] },
      ...{ paths: [`${sharedDirectory}/old`], start: true },
      guest: { type: 'pv', memoryMib: 256, vcpus: 1, kernel: '/boot/vmlinuz' },
    },
  ],
  [loose, { kind: 'remove-image', node: 'node1', path: `${sharedDirectory}/old/sda` }],
  [loose, { kind: 'remove-image', node: 'node1', path: `${sharedDirectory}/old` }],
  [locked, { kind: 'unlock', path: `${sharedDirectory}/web1`, run: 'otherrun' }],
  [
    elsewhere,
    { kind: 'claim', instance: 'web1', path: `${sharedDirectory}/elsewhere`, as: 'moved', primary: 'node2' },
  ],
  [cluster, { kind: 'cluster-modify', templateDirectory: '/srv/golden' }],
];

test.each(told.map(([snapshot, intent]) => [intent.kind, snapshot, intent] as const))(
  '%s is not done before it was, and is afterwards',
  (_kind, snapshot, intent) => {
    const base = baseOf(snapshot, instancesOf(intent));
    expect(doneText(snapshot, intent, base)).toBe(null);
    const after = afterPlan(snapshot, planOf(snapshot, intent, 0));
    expect(doneText(after, intent, base)).toMatch(/\.$/);
  },
);

test('what is there by the same name, but is not what was wanted, is not it', () => {
  const made = chain(cluster, createIntent({ name: 'web1', start: false })).last;
  const almost: Parameters<typeof createIntent>[0][] = [
    { start: true },
    { primary: 'node2', secondary: 'node1' },
    { guest: { type: 'pv', memoryMib: 513, vcpus: 1, kernel: '/boot/vmlinuz' } },
    { disks: [{ size: 5 * gib, type: 'raw', mode: 'rw' }] },
    { storageDirectory: localDirectory },
  ];
  for (const change of almost)
    expect(doneText(made, createIntent({ name: 'web1', start: false, ...change }), null)).toBe(null);
  // without what was known when it was drafted, nobody can tell whether it was ever there
  const remove: Intent = { kind: 'remove', instance: 'web1', purge: false, ...seconds };
  expect(doneText(removed, remove, null)).toBe(null);
});
