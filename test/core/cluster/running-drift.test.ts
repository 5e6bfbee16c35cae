/** What the running guest has otherwise than its record says, and what is no alarm. */
import { describe, expect, test } from 'vitest';
import { findInstances } from '../../../core/cluster/instances.ts';
import type { InstanceRecord } from '../../../core/cluster/record.ts';
import type { RunningConfig } from '../../../core/xen/running-config.ts';
import {
  domainOf,
  recordOf,
  soundCluster,
  withDomain,
  withInstance,
} from '../../support/snapshot-builder.ts';

const asRecorded = (record: InstanceRecord): RunningConfig => ({
  type: 'pv',
  vcpus: record.guest.vcpus,
  maxVcpus: record.guest.vcpus,
  memoryMib: record.guest.memoryMib,
  maxMemoryMib: record.guest.maxMemoryMib ?? record.guest.memoryMib,
  kernel: '/boot/vmlinuz',
  disks: record.disks.map(({ logical_id: [, , path], vdev, mode }) => ({
    path,
    vdev,
    format: 'raw',
    readwrite: mode === 'rw',
    cdrom: false,
  })),
  nics: record.nics.map(({ mac, bridge }) => ({ mac, bridge })),
  onPoweroff: 'destroy',
  onReboot: 'restart',
  onCrash: 'destroy',
  devices: [],
  settings: [],
});

const drift = (
  change: (running: RunningConfig, record: InstanceRecord) => Partial<RunningConfig>,
  said: Partial<InstanceRecord> = {},
): string[] => {
  const record = recordOf('web1', { adminState: 'up', ...said });
  const running = asRecorded(record);
  const snapshot = withDomain(
    withInstance(soundCluster(), 'web1', { adminState: 'up', ...said }),
    'node1',
    domainOf('web1', { uuid: record.uuid, config: { ...running, ...change(running, record) } }),
  );
  return (findInstances(snapshot, 'web1')[0]?.problems ?? [])
    .filter((each) => each.code === 'running-guest')
    .map((each) => each.text);
};

describe('no alarm', () => {
  test.each<[string, (running: RunningConfig) => Partial<RunningConfig>, Partial<InstanceRecord>]>([
    ['while both say the same', () => ({}), {}],
    ['for a MiB that libxl rounds away', ({ memoryMib = 0 }) => ({ memoryMib: memoryMib - 1 }), {}],
    [
      'for a guest that is ballooned as its record allows',
      () => ({ memoryMib: 700 }),
      { guest: { ...recordOf('web1').guest, memoryMib: 512, maxMemoryMib: 1024 } },
    ],
    [
      'for a CD in its drive',
      ({ disks }) => ({
        disks: [...disks, { path: '/iso/debian.iso', vdev: 'hdc', readwrite: false, cdrom: true }],
      }),
      {},
    ],
    ['where memory and processors are not told', () => ({ memoryMib: undefined, vcpus: undefined }), {}],
  ])('%s', (_, change, said) => {
    expect(drift(change, said)).toEqual([]);
  });
});

test('memory and processors: what it has now, what it would have, when, and how to keep it', () => {
  expect(drift(() => ({ memoryMib: 256, vcpus: 2, maxVcpus: 2 }))).toEqual([
    expect.stringMatching(
      /runs with 256 MiB of memory, its record says 512 MiB: .*at the next start.*To keep/,
    ),
    expect.stringMatching(/runs with 2 processors, its record says 1: .*at the next start/),
  ]);
});

test('disks: one that is not attached, one at its place, one more, and one that is attached otherwise', () => {
  expect(drift(({ disks }) => ({ disks: disks.slice(0, 1) }))).toEqual([
    expect.stringMatching(/^Disk 1, .*sdb, is not attached to its domain on node1: .*next start/),
  ]);
  const other = { path: '/srv/x/other', readwrite: true, cdrom: false };
  expect(drift(({ disks }) => ({ disks: [...disks.slice(0, 1), { ...other, vdev: 'xvdb' }] }))).toEqual([
    expect.stringContaining('/srv/x/other attached as xvdb, where its record has disk 1'),
  ]);
  expect(drift(({ disks }) => ({ disks: [...disks, { ...other, vdev: 'xvdz' }] }))).toEqual([
    expect.stringContaining('xl block-detach web1 xvdz'),
  ]);
  expect(
    drift(({ disks }) => ({ disks: disks.map((each) => ({ ...each, readwrite: false })) })),
  ).toHaveLength(2);
});

test('disks: another format, which no start puts right, and another device', () => {
  const [text, ...none] = drift(({ disks }) => ({
    disks: disks.map((each, index) => (index === 0 ? { ...each, format: 'qcow2' } : each)),
  }));
  expect(none).toEqual([]);
  expect(text).toMatch(/^Disk 0, .*, is read as qcow2 on node1, its record says raw: .*which is right/);
  expect(
    drift(({ disks }) => ({
      disks: disks.map((each, index) => (index === 0 ? { ...each, vdev: 'xvdq' } : each)),
    })),
  ).toEqual([
    expect.stringMatching(/^Disk 0, .*, is attached as xvdq on node1, its record says xvda: .*next start/),
  ]);
});

test('network cards: another bridge, one that is missing, one more', () => {
  expect(drift(({ nics }) => ({ nics: nics.map((each) => ({ ...each, bridge: 'br9' })) }))).toEqual([
    expect.stringMatching(/is on br9 of node1, its record says xenbr0: .*next start/),
  ]);
  expect(drift(() => ({ nics: [{ mac: '00:16:3e:99:99:99', bridge: 'xenbr0' }] }))).toEqual([
    expect.stringMatching(/has no network card .*, its record has/),
    expect.stringContaining('xl network-detach web1 00:16:3e:99:99:99'),
  ]);
});
