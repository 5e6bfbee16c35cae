/** Ganeti's config.data: what a real 3.0.2 wrote, and older versions. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type GanetiCluster, readConfigData } from '../../../core/ganeti/config-data.ts';
import { importEntries } from '../../../core/ganeti/import.ts';

const fixture = (name: string): string =>
  readFileSync(path.resolve(import.meta.dirname, '../../fixtures/ganeti', name), 'utf8');
const clusterOf = (text: string): GanetiCluster => {
  const read = readConfigData(text);
  if (!read.ok) throw new Error(read.message);
  return read.cluster;
};
const instanceIn = (cluster: GanetiCluster, name: string) => {
  const found = cluster.instances.find((each) => each.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};
const beside = (cluster: GanetiCluster, name: string) => {
  const { backend, disks, nics, node, template, adminState } = instanceIn(cluster, name);
  return {
    node,
    template,
    adminState,
    memory: [backend.get('minmem'), backend.get('maxmem'), backend.get('vcpus')],
    disks: disks.map(({ driver, path: file, sizeMib, mode }) => [driver, file, sizeMib, mode]),
    nics: nics.map(({ mac, mode, link, network }) => [mac, mode, link, network]),
  };
};

const files = '/srv/ganeti/file-storage';
const loose = z.record(z.string(), z.unknown());
const parsed = z.looseObject({
  version: z.number(),
  cluster: z.looseObject({}),
  disks: z.record(z.string(), z.looseObject({ dev_type: z.string() })),
  instances: z.record(z.string(), z.looseObject({ name: z.string(), disks: z.array(z.string()) })),
});

describe('what Ganeti 3.0.2 wrote', () => {
  const text = fixture('config-3.0.2.json');
  const cluster = clusterOf(text);

  test('cluster, nodes and every instance', () => {
    expect(cluster).toMatchObject({
      name: 'cluster.gnt.lab',
      version: '3.0',
      fileStorageDirectory: files,
      sharedFileStorageDirectory: '/srv/ganeti/shared-file-storage',
      problems: [],
    });
    expect(cluster.nodes.map((each) => [each.name, ...each.addresses])).toEqual([
      ['node1.gnt.lab', '10.77.0.1'],
      ['node2.gnt.lab', '10.77.0.2'],
      ['node3.gnt.lab', '10.77.0.3'],
    ]);
    expect(cluster.instances).toHaveLength(15);
    expect(cluster.instances.flatMap((each) => each.problems)).toEqual([]);
  });

  test('paths, drivers, sizes, modes, memory and cards', () => {
    expect(beside(cluster, 'inst003.gnt.lab')).toEqual({
      node: 'node2.gnt.lab',
      template: 'file',
      adminState: 'down',
      memory: [64, 128, 2],
      disks: [
        ['loop', `${files}/inst003.gnt.lab/213774b4-e5ac-4ed5-869a-eacae8bb6296.file.disk0`, 768, 'rw'],
        ['loop', `${files}/inst003.gnt.lab/54136565-46b9-4712-9d88-6ccf8d3fe2b7.file.disk1`, 1000, 'ro'],
        ['loop', `${files}/inst003.gnt.lab/75abf80d-133e-4721-991b-0f7132bdda93.file.disk2`, 1540, 'rw'],
      ],
      nics: [
        ['aa:00:00:3f:86:22', 'bridged', 'br0', null],
        ['aa:00:00:72:34:2b', 'bridged', 'br0', null],
      ],
    });
    expect(beside(cluster, 'inst103.gnt.lab')).toMatchObject({
      template: 'sharedfile',
      adminState: 'up',
      memory: [64, 64, 2],
      disks: [['loop', expect.stringMatching(/\.sharedfile\.disk0$/), 1024, 'rw'], expect.anything()],
    });
    // one processor is the cluster's default
    expect(beside(cluster, 'inst101.gnt.lab').memory).toEqual([64, 64, 1]);
    expect(beside(cluster, 'inst102.gnt.lab').disks[0]?.[0]).toBe('blktap2');
    expect(beside(cluster, 'noname.example.com').nics).toEqual([
      ['aa:00:00:d3:05:37', 'routed', '100', null],
      ['aa:00:00:be:ef:01', 'bridged', 'br0', null],
    ]);
    expect(beside(cluster, 'netinst.example.com').nics).toEqual([
      ['aa:00:00:2f:35:11', 'bridged', 'br0', 'labnet'],
    ]);
    expect(beside(cluster, 'inst005.gnt.lab')).toMatchObject({ template: 'diskless', disks: [], nics: [] });
  });

  test('parameters of the hypervisor: own before the cluster’s', () => {
    const own = instanceIn(cluster, 'inst101.gnt.lab').hypervisorParameters;
    expect([own.get('kernel_path'), own.get('root_path'), own.get('kernel_args')]).toEqual([
      '/boot/vmlinuz-3-xenU',
      '/dev/xvda2',
      'ro console=hvc0',
    ]);
  });

  test('as 2.13, which keeps the template, and as 2.11, which keeps whole disks: the same instances', () => {
    const template = (name: string) => instanceIn(cluster, name).template;
    const now = parsed.parse(JSON.parse(text));
    const with213 = Object.fromEntries(
      Object.entries(now.instances).map(([key, each]) => [
        key,
        { ...each, disk_template: template(each.name) },
      ]),
    );
    const with211 = Object.fromEntries(
      Object.entries(with213).map(([key, each]) => [
        key,
        // shared files had the same type of disk
        { ...each, disks: each.disks.map((uuid) => ({ ...now.disks[uuid], dev_type: 'file' })) },
      ]),
    );
    const { disks: _disks, ...without } = now;
    const plain = (of: GanetiCluster) => ({ ...of, version: '', major: 0 });
    expect(plain(clusterOf(JSON.stringify({ ...now, version: 2_130_000, instances: with213 })))).toEqual(
      plain(cluster),
    );
    expect(plain(clusterOf(JSON.stringify({ ...without, version: 2_110_000, instances: with211 })))).toEqual(
      plain(cluster),
    );
  });
});

test('2.0: everything by name, memory, admin_up and bridges', () => {
  const cluster = clusterOf(fixture('config-2.0.json'));
  expect(cluster).toMatchObject({ name: 'old.example.org', version: '2.0', problems: [] });
  expect(beside(cluster, 'files.example.org')).toEqual({
    node: 'alpha.example.org',
    template: 'file',
    adminState: 'up',
    memory: [512, 512, 1],
    disks: [
      ['loop', `${files}/files.example.org/disk0`, 4096, 'rw'],
      ['blktap', `${files}/files.example.org/disk1`, 512, 'ro'],
    ],
    nics: [
      ['aa:00:00:12:34:56', 'bridged', 'br-lan', null],
      ['aa:00:00:12:34:57', 'bridged', 'xen-br0', null],
    ],
  });
  expect(instanceIn(cluster, 'files.example.org').hypervisorParameters.get('initrd_path')).toBe('');
  expect(instanceIn(cluster, 'mirror.example.org').template).toBe('drbd');
  expect(instanceIn(cluster, 'volume.example.org').template).toBe('plain');
  expect(beside(cluster, 'volume.example.org').memory).toEqual([256, 256, 1]);
});

test('2.11: layers of the operating system and of the group’s networks', () => {
  const cluster = clusterOf(fixture('config-2.11.json'));
  expect(beside(cluster, 'shared.example.org')).toMatchObject({
    template: 'sharedfile',
    adminState: 'offline',
    memory: [256, 1024, 2],
    nics: [['aa:00:00:00:00:01', 'bridged', 'br-net', 'office']],
  });
  const { hypervisorParameters } = instanceIn(cluster, 'shared.example.org');
  expect(hypervisorParameters.get('use_bootloader')).toBe(true);
  expect(hypervisorParameters.get('blockdev_prefix')).toBe('xvd');
});

describe('what is no config.data, or a broken one', () => {
  const refusal = (text: string): string => {
    const read = readConfigData(text);
    return read.ok ? '' : read.message;
  };
  test('is refused with a sentence', () => {
    expect(refusal('{"version": 3')).toContain('it is not JSON');
    expect(refusal('[]')).toContain('This is no config.data of Ganeti');
    expect(refusal('{"version": 3, "cluster": {}}')).toContain('before 2.0');
    expect(refusal('{"version": 4000000, "cluster": {}}')).toContain('newer than 3.x');
  });

  test('one broken object takes no other with it', () => {
    const now = parsed.parse(JSON.parse(fixture('config-3.0.2.json')));
    const [first = '', second = ''] = Object.keys(now.instances);
    const broken = clusterOf(
      JSON.stringify({
        ...now,
        instances: {
          ...now.instances,
          [first]: { no: 'name' },
          [second]: { ...now.instances[second], primary_node: 'nobody', disks: ['missing', 7] },
        },
      }),
    );
    expect(broken.instances).toHaveLength(14);
    expect(broken.problems).toHaveLength(1);
    expect(instanceIn(broken, now.instances[second]?.name ?? '').problems).toEqual([
      'Its node nobody is not in config.data.',
      'Disk 0 is named, but config.data does not have it.',
      expect.stringContaining("Disk 1 can't be read"),
    ]);
  });

  test('never throws, whatever is changed in it', () => {
    const text = fixture('config-3.0.2.json');
    const keys = [...new Set([...text.matchAll(/"([a-z_]+)":/g)].map((each) => each[1] ?? ''))];
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('__proto__', 'constructor', -1, 1e300, 'auto', [null], { default: null }),
    );
    const changed = (value: unknown, key: string, to: unknown): unknown => {
      if (Array.isArray(value)) return value.map((each) => changed(each, key, to));
      const object = loose.safeParse(value);
      if (!object.success) return value;
      return Object.fromEntries(
        Object.entries(object.data).map(([name, each]) => [name, name === key ? to : changed(each, key, to)]),
      );
    };
    const whole: unknown = JSON.parse(text);
    fc.assert(
      fc.property(fc.constantFrom(...keys), anything, (key, to) => {
        const read = readConfigData(JSON.stringify(changed(whole, key, to)));
        if (!read.ok) return read.message.length > 0;
        return importEntries(read.cluster).every(
          (each) => (each.verdict === 'comes') === (each.why.length === 0),
        );
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({ maxLength: 5 }), (at, with_) => {
        readConfigData(text.slice(0, at) + with_ + text.slice(at + 1));
      }),
      { numRuns: 200 },
    );
  });
});
