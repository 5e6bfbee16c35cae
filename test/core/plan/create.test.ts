import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { CreateIntent } from '../../../core/plan/intent.ts';
import {
  domainOf,
  folderOf,
  gib,
  localDirectory,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  uuidOf,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { createIntent, isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const name = 'web2.example.org';
const folder = `${sharedDirectory}/${name}`;

describe('the plan', () => {
  test('makes folder, images, configuration and record, looks everywhere, and starts', () => {
    const made = planned(soundCluster(), createIntent());
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'make-folder node1',
      'create-image node1',
      'create-image node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'verdict node1,node2,node3',
      'start-domain node1 !',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'end-domain node1',
      'remove-file node1',
      'remove-file node1',
      'remove-file node1',
      'remove-file node1',
      'drop-folder node1',
    ]);
    expect(made.locks).toEqual([{ node: 'node1', folder }]);
    expect(made.effects).toEqual({
      newBytes: 15 * gib,
      memory: [{ node: 'node1', mib: 512 }],
      downSeconds: null,
    });
    expect(made.equivalent).toBe(
      `gnt-instance add -t file:path=${sharedDirectory},driver=loop --disk 0:size=5G --disk 1:size=10G -n node1:node2 -o none -B memory=512M,vcpus=1 -H type=pv,kernel=/boot/vmlinuz --net 0:bridge=xenbr0 ${name}`,
    );
  });

  test('its record is the design document’s triple, and its xen.cfg carries the uuid', () => {
    const made = planned(soundCluster(), createIntent());
    const record = made.steps.flatMap((each) =>
      each.action.do === 'write-record' ? [each.action.record] : [],
    )[0];
    expect(record?.disks[0]?.logical_id).toEqual(['loop', 'raw', `${folder}/sda`]);
    expect(record).toMatchObject({ primary: 'node1', secondary: 'node2', adminState: 'up', generation: 1 });
    expect(record?.place).toEqual({ storage: 'shared-storage', path: folder, inode: 0 });
    const config = made.files.find((each) => each.path.endsWith('xen.cfg'))?.after ?? '';
    expect(config).toContain(`uuid = "${record?.uuid ?? ''}"`);
    expect(config).toContain(`target=${folder}/sdb`);
    expect(config).toContain(record?.nics[0]?.mac ?? 'none');
  });

  test('without a start nothing is started, and memory does not matter', () => {
    const made = planned(
      withFacts(soundCluster(), 'node1', () => ({ freeMemoryMib: 1 })),
      createIntent({ start: false }),
    );
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made).at(-1)).toBe('unlock node1 !');
    expect(orderOf(made).join()).not.toContain('start-domain');
  });
});

type Row = [string, Partial<CreateIntent>, string, RegExp, ((snapshot: Snapshot) => Snapshot)?];

describe('what blocks, each with its sentence', () => {
  const rows: Row[] = [
    ['a hostile name', { name: 'web1; rm -rf /' }, 'name', /named like a host/],
    ['a name that climbs', { name: '../etc' }, 'name', /named like a host/],
    ['a name like an option', { name: '-web' }, 'name', /named like a host/],
    ['a name with a line break', { name: 'web\n1' }, 'name', /named like a host/],
    ['size 0', { disks: [{ size: 0, type: 'raw', mode: 'rw' }] }, 'disk-size', /Allowed are sizes such as/],
    ['a negative size', { disks: [{ size: -512, type: 'raw', mode: 'rw' }] }, 'disk-size', /-512 bytes/],
    ['size 1e30', { disks: [{ size: 1e30, type: 'raw', mode: 'rw' }] }, 'disk-size', /too large/],
    ['half a sector', { disks: [{ size: 513, type: 'raw', mode: 'rw' }] }, 'disk-size', /512-byte sectors/],
    ['no disk', { disks: [] }, 'disks', /at least one disk/],
    [
      '17 disks',
      { disks: Array.from({ length: 17 }, () => ({ size: gib, type: 'raw' as const, mode: 'rw' as const })) },
      'disks',
      /at most 16/,
    ],
    ['storage /', { storageDirectory: '/' }, 'storage-path', /whole file system/],
    ['storage /etc', { storageDirectory: '/etc' }, 'storage-path', /directory of the system/],
    ['storage that is not allowed', { storageDirectory: '/srv/other' }, 'storage-path', /allowed are/],
    [
      'storage that is a link',
      {},
      'storage',
      /symbolic link/,
      (snapshot) =>
        withFacts(snapshot, 'node1', (facts) => ({
          storages: facts.storages.map((each) => ({ ...each, state: 'symlink' as const })),
        })),
    ],
    [
      'storage that hangs',
      {},
      'storage',
      /does not answer/,
      (snapshot) =>
        withFacts(snapshot, 'node1', (facts) => ({
          storages: facts.storages.map((each) => ({ ...each, state: 'not-answering' as const })),
        })),
    ],
    [
      'storage without an id',
      {},
      'storage-id',
      /cluster init/,
      (snapshot) =>
        withFacts(snapshot, 'node1', (facts) => ({
          storages: facts.storages.map((each) => ({ ...each, id: null })),
        })),
    ],
    [
      'full storage',
      {},
      'storage-full',
      /is full/,
      (snapshot) =>
        withFacts(snapshot, 'node1', (facts) => ({
          storages: facts.storages.map((each) => ({ ...each, freeBytes: 0 })),
        })),
    ],
    ['ublkback', { driver: 'ublkback' }, 'driver', /No released Xen has ublkback/],
    [
      'qcow2 over loop',
      { disks: [{ size: gib, type: 'qcow2', mode: 'rw' }] },
      'driver',
      /Choose the driver blktap/,
    ],
    [
      'qcow2 without qemu-img',
      { driver: 'blktap', disks: [{ size: gib, type: 'qcow2', mode: 'rw' }] },
      'qemu-img',
      /install qemu-utils/,
      (snapshot) =>
        withFacts(snapshot, 'node1', (facts) => ({
          commands: facts.commands.filter((each) => each !== 'qemu-img'),
        })),
    ],
    [
      'one device twice',
      { disks: [0, 1].map(() => ({ size: gib, type: 'raw' as const, mode: 'rw' as const, vdev: 'xvda' })) },
      'vdev',
      /both xvda/,
    ],
    [
      'a disk and its partition',
      {
        disks: ['xvda', 'xvda1'].map((vdev) => ({
          size: gib,
          type: 'raw' as const,
          mode: 'rw' as const,
          vdev,
        })),
      },
      'vdev',
      /whole disk and a partition/,
    ],
    [
      'memory',
      { guest: { type: 'pv', memoryMib: 6144, vcpus: 1, kernel: '/boot/vmlinuz' } },
      'memory',
      /node1 is 2.0 GiB short/,
    ],
    ['a bridge', { nics: [{ bridge: 'br9', mac: null }] }, 'bridge', /no bridge br9/],
    ['a hostile bridge', { nics: [{ bridge: '$(x)', mac: null }] }, 'bridge-name', /not a bridge's/],
    ['a bad MAC', { nics: [{ bridge: 'xenbr0', mac: 'zz' }] }, 'mac', /not a MAC address/],
    [
      'a MAC that another has',
      { nics: [{ bridge: 'xenbr0', mac: recordOf('web1').nics[0]?.mac ?? '' }] },
      'mac',
      /address of web1/,
      (snapshot) => withInstance(snapshot, 'web1'),
    ],
    [
      'a kernel that is not there',
      { guest: { type: 'pv', memoryMib: 64, vcpus: 1, kernel: '/boot/vmlinuz' } },
      'boot-file',
      /does not have the kernel/,
      (snapshot) =>
        withFacts(snapshot, 'node1', () => ({ bootFiles: [{ path: '/boot/vmlinuz', exists: false }] })),
    ],
    ['nothing to boot', { guest: { type: 'pv', memoryMib: 64, vcpus: 1 } }, 'no-boot', /needs a kernel/],
    [
      'an OS of a node that tells of none',
      { os: 'debootstrap' },
      'no-os',
      /does not tell which OS definitions/,
    ],
    ['reuse without images', { reuse: true, disks: [] }, 'no-images', /nothing to reuse/],
    ['the primary as secondary', { secondary: 'node1' }, 'same-node', /is the primary already/],
    ['an unknown primary', { primary: 'node9' }, 'no-node', /not a node of this cluster/],
    ['a silent primary', {}, 'not-answering', /can't be worked on/, (snapshot) => silent(snapshot, 'node1')],
    [
      'no toolstack',
      {},
      'no-toolstack',
      /neither xl nor xm/,
      (snapshot) => withFacts(snapshot, 'node1', () => ({ toolstack: null })),
    ],
    [
      'a missing command',
      {},
      'missing-commands',
      /lacks flock/,
      (snapshot) => withFacts(snapshot, 'node1', () => ({ commands: ['setsid', 'realpath', 'truncate'] })),
    ],
    [
      'no room for jobs',
      {},
      'job-space',
      /Make room there/,
      (snapshot) => withFacts(snapshot, 'node1', () => ({ jobSpace: { bytes: 100, inodes: 10_000 } })),
    ],
    [
      'no inodes for jobs',
      {},
      'job-space',
      /5 inodes left/,
      (snapshot) => withFacts(snapshot, 'node1', () => ({ jobSpace: { bytes: gib, inodes: 5 } })),
    ],
    [
      'the name of an instance',
      {},
      'name-in-use',
      /exists already/,
      (snapshot) => withInstance(snapshot, name),
    ],
    [
      'the name of a folder on another node',
      {},
      'folder-exists',
      /\/srv\/local\/web2.example.org exists on node3/,
      (snapshot) =>
        withFolder(snapshot, ['node3'], {
          ...folderOf(recordOf(name)),
          path: `${localDirectory}/${name}`,
          record: null,
        }),
    ],
    [
      'the name of a domain',
      {},
      'name-in-use',
      /node3 has a domain called/,
      (snapshot) => withDomain(snapshot, 'node3', domainOf(name, { uuid: uuidOf('other') })),
    ],
    [
      'a saved state of its name',
      {},
      'save-file',
      /\/var\/lib\/xen\/save/,
      (snapshot) => withFacts(snapshot, 'node2', () => ({ saves: [name] })),
    ],
    [
      'one machine under two names',
      {},
      'same-machine',
      /node1 and node2 are one machine/,
      (snapshot) => withFacts(snapshot, 'node2', () => ({ bootId: 'boot-node1' })),
    ],
    [
      'a node of another cluster',
      {},
      'other-cluster',
      /belongs to the cluster/,
      (snapshot) =>
        withFacts(snapshot, 'node3', (facts) => ({
          membership: facts.membership && { ...facts.membership, uuid: uuidOf('another cluster') },
        })),
    ],
  ];
  test.each(rows)('%s', (_title, change, code, text, prepare = (snapshot) => snapshot) => {
    const made = planned(prepare(soundCluster()), createIntent(change));
    expect(reasonsBy(made, 'blocks')).toContain(code);
    expect(textOf(made, code)).toMatch(text);
  });

  test('bad input never becomes a step', () => {
    const bad: Partial<CreateIntent>[] = [
      { name: '$(reboot)' },
      { storageDirectory: '/etc' },
      { disks: [{ size: -1e30, type: 'raw', mode: 'rw' }] },
      { nics: [{ bridge: '`x`', mac: null }] },
      { guest: { type: 'pv', memoryMib: 64, vcpus: 1, kernel: '/boot/a\nb' } },
    ];
    for (const change of bad) {
      const made = planned(soundCluster(), createIntent(change));
      expect(reasonsBy(made, 'blocks')).not.toEqual([]);
      expect(made.steps).toEqual([]);
    }
  });

  test('all reasons are told at once', () => {
    const made = planned(
      silent(soundCluster(), 'node3'),
      createIntent({
        name: '..',
        secondary: 'node1',
        driver: 'ublkback',
        nics: [{ bridge: 'br9', mac: null }],
      }),
    );
    expect(reasonsBy(made, 'blocks')).toEqual(
      expect.arrayContaining(['name', 'same-node', 'driver', 'bridge']),
    );
  });
});

describe('consents and warnings', () => {
  test('a promise larger than the storage needs a word', () => {
    const intent = createIntent({ disks: [{ size: 600 * gib, type: 'raw', mode: 'rw' }] });
    const made = planned(soundCluster(), intent);
    expect(reasonsBy(made, 'consent')).toEqual(['overcommit']);
    expect(textOf(made, 'overcommit')).toMatch(/promise 600 GiB.*500 GiB free/);
    expect(isOpen(made)).toBe(true);
    expect(isOpen(planned(soundCluster(), intent, { accept: ['overcommit'], vouched: [] }))).toBe(false);
  });

  test('what is promised already counts', () => {
    const snapshot = withInstance(soundCluster(), 'big', {
      disks: [
        {
          logical_id: ['loop', 'raw', `${sharedDirectory}/big/sda`],
          vdev: 'xvda',
          mode: 'rw',
          size: 490 * gib,
        },
      ],
    });
    expect(reasonsBy(planned(snapshot, createIntent()), 'consent')).toEqual(['overcommit']);
  });

  test('a silent node can’t say whether it has the name', () => {
    const made = planned(silent(soundCluster(), 'node3'), createIntent());
    expect(reasonsBy(made, 'warning')).toContain('name-unseen');
    expect(isOpen(made)).toBe(false);
  });

  test('a secondary on other storage is told', () => {
    const made = planned(soundCluster(), createIntent({ storageDirectory: localDirectory }));
    expect(textOf(made, 'secondary-storage')).toMatch(/needs a copy/);
  });

  test('a kernel that nobody looked at is told', () => {
    const guest = { type: 'pv', memoryMib: 64, vcpus: 1, kernel: '/boot/other' } as const;
    expect(reasonsBy(planned(soundCluster(), createIntent({ guest })), 'warning')).toContain(
      'boot-file-unknown',
    );
  });
});
