/** What becomes of Ganeti's instances, and the plans by which they come. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { readConfigData } from '../../../core/ganeti/config-data.ts';
import { parseCreateCommand } from '../../../core/ganeti/create-parser.ts';
import { type ImportEntry, importEntries, importIntent } from '../../../core/ganeti/import.ts';
import { nodesFor, storageProblem } from '../../../core/ganeti/import-place.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { sharedDirectory, soundCluster, withFacts } from '../../support/snapshot-builder.ts';
import { isOpen, planned, reasonsBy, textOf } from '../plan/support.ts';
import { onAll, orphanOf, type TestImage, writtenPaths } from '../plan/take-world.ts';

const clusterOf = (name: string) => {
  const read = readConfigData(
    readFileSync(path.resolve(import.meta.dirname, '../../fixtures/ganeti', name), 'utf8'),
  );
  if (!read.ok) throw new Error(read.message);
  return read.cluster;
};
const lab = clusterOf('config-3.0.2.json');
const entries = importEntries(lab);
const entryIn = (all: readonly ImportEntry[], name: string): ImportEntry => {
  const found = all.find((each) => each.instance.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};
const entry = (name: string): ImportEntry => entryIn(entries, name);
const mib = 1024 ** 2;

describe('what comes', () => {
  test('file and sharedfile instances, each with its driver, devices, memory and boot', () => {
    expect(entry('inst101.gnt.lab')).toMatchObject({
      verdict: 'comes',
      why: [],
      folder: '/srv/ganeti/file-storage/inst101.gnt.lab',
      disks: [
        { driver: 'loop', type: 'raw', vdev: 'sda', mode: 'rw', size: 1024 * mib },
        { driver: 'loop', type: 'raw', vdev: 'sdb', mode: 'ro', size: 2048 * mib },
      ],
      guest: {
        type: 'pv',
        memoryMib: 64,
        vcpus: 1,
        kernel: '/boot/vmlinuz-3-xenU',
        root: '/dev/xvda2',
        extra: 'ro console=hvc0',
      },
      nics: [{ bridge: 'br0', mac: 'aa:00:00:47:dc:7b' }],
      os: 'ddos+default',
    });
    const windows = entry('inst103.gnt.lab');
    expect(windows).toMatchObject({
      verdict: 'comes',
      guest: { type: 'hvm', boot: 'cd', memoryMib: 64, vcpus: 2 },
      disks: [{ vdev: 'hda' }, { vdev: 'hdb' }],
    });
    expect(windows.guest.kernel).toBeUndefined();
    expect(windows.notes.join('\n')).toContain('vnc_bind_address="127.0.0.1" is not in the record');
    const blktap2 = entry('inst102.gnt.lab');
    expect(blktap2.disks[0]?.driver).toBe('blktap');
    expect(blktap2.notes.join('\n')).toContain('blktap2');
    expect(entry('inst003.gnt.lab').guest).toMatchObject({ memoryMib: 64, maxMemoryMib: 128 });
  });

  test('what does not come along is said, each by itself', () => {
    const notes = (name: string): string => entry(name).notes.join('\n');
    expect(notes('inst003.gnt.lab')).toContain('"rootdisk"');
    expect(notes('inst003.gnt.lab')).toContain(
      'becomes 64 MiB (minmem), and may be raised to 128 MiB (maxmem)',
    );
    expect(notes('inst003.gnt.lab')).toContain('Tags (env:prod, web)');
    expect(notes('inst001.gnt.lab')).toContain('Its hypervisor is fake');
    expect(notes('inst001.gnt.lab')).toContain('Ganeti wants it up');
    expect(notes('netinst.example.com')).toContain('network labnet');
    expect(notes('netinst.example.com')).toContain('its address 10.99.0.77');
    expect(notes('noname.example.com')).toContain('Network card 0: it is routed (100)');
    expect(entry('noname.example.com').nics).toEqual([{ bridge: 'br0', mac: 'aa:00:00:be:ef:01' }]);
    // what is as everybody has it is not worth a word
    expect(notes('inst101.gnt.lab')).toMatch(
      /^Ganeti wants it up: its watcher would start it again\..*\(ganeti-starts\)\.$/,
    );
  });

  test('an operating system’s own boot loader, and what only HVM guests have', () => {
    const mid = importEntries(clusterOf('config-2.11.json'));
    const shared = entryIn(mid, 'shared.example.org');
    expect(shared.guest).toMatchObject({
      bootloader: '/usr/lib/xen/bin/pygrub',
      root: '/dev/xvda1',
      memoryMib: 256,
      maxMemoryMib: 1024,
    });
    expect(shared.guest.kernel).toBeUndefined();
    expect(shared.disks[0]?.vdev).toBe('xvda');
    expect(shared.notes.join('\n')).toContain('OS parameters (img) are not kept');
    expect(entryIn(mid, 'windows.example.org').notes.join('\n')).toContain('pci_pass="0:1.0"');
  });
});

describe('what does not come', () => {
  test('DRBD, LVM and diskless instances', () => {
    const old = importEntries(clusterOf('config-2.0.json'));
    expect(entryIn(old, 'files.example.org').verdict).toBe('comes');
    expect(entryIn(old, 'mirror.example.org')).toMatchObject({
      verdict: 'no-files',
      why: ['Its disks are not on files: they are DRBD devices on logical volumes.'],
    });
    expect(entryIn(old, 'volume.example.org').why.join()).toContain('logical volumes (LVM)');
    expect(entry('inst005.gnt.lab')).toMatchObject({
      verdict: 'no-files',
      why: ['inst005.gnt.lab has no disks.'],
    });
  });

  test('images in several folders, and an instance that was not made yet', () => {
    const one = lab.instances.find((each) => each.name === 'inst101.gnt.lab');
    if (!one) throw new Error('no inst101');
    const [first, second] = one.disks;
    if (!first || !second) throw new Error('no disks');
    const [odd] = importEntries({
      ...lab,
      instances: [{ ...one, forthcoming: true, disks: [first, { ...second, path: '/srv/elsewhere/x/y' }] }],
    });
    expect(odd?.verdict).toBe('broken');
    expect(odd?.why.join('\n')).toContain('several folders');
    expect(odd?.why.join('\n')).toContain('forthcoming');
  });
});

test('nodes are known by name, by address, and by the first part of the name where it is nobody else’s', () => {
  const of = (...given: [string, string][]) =>
    Object.fromEntries(
      nodesFor(
        lab.nodes,
        given.map(([name, host]) => ({ name, target: { host } })),
      ),
    );
  expect(of(['node1.gnt.lab', 'a'], ['two', '10.77.0.2'], ['node3', 'c'])).toEqual({
    'node1.gnt.lab': 'node1.gnt.lab',
    'node2.gnt.lab': 'two',
    'node3.gnt.lab': 'node3',
  });
  expect(of(['x', '10.77.0.1'], ['y', '10.77.0.1'])).toMatchObject({ 'node1.gnt.lab': null });
  const twice = [...lab.nodes, { name: 'node1.other.lab', addresses: [], offline: false, drained: false }];
  expect(nodesFor(twice, [{ name: 'node1', target: { host: 'x' } }]).get('node1.gnt.lab')).toBeNull();
});

test('a folder that lies deeper than VBDesk looks is told, with the directory that is missing', () => {
  const cluster = { name: 'lab', storageDirectories: ['/srv/ganeti/file-storage'] };
  expect(storageProblem(entry('inst101.gnt.lab'), cluster)).toBeNull();
  expect(storageProblem(entry('inst011.gnt.lab'), cluster)).toContain(
    '--storage-dir /srv/ganeti/file-storage/sub/dir',
  );
});

describe('the plan of one that comes', () => {
  const name = 'inst101.gnt.lab';
  const chosen = entry(name);
  const images = (...sizes: number[]): TestImage[] =>
    chosen.paths.map((each, index) => ({
      name: each.slice(each.lastIndexOf('/') + 1),
      size: sizes[index] ?? 0,
    }));
  const world = (files: readonly TestImage[]): Snapshot => {
    let snapshot = onAll(soundCluster(), orphanOf(name, files));
    for (const node of ['node1', 'node2', 'node3'])
      snapshot = withFacts(snapshot, node, (facts) => ({
        bridges: ['br0'],
        bootFiles: [...facts.bootFiles, { path: '/boot/vmlinuz-3-xenU', exists: true }],
      }));
    return snapshot;
  };
  const place = { primary: 'node1', secondary: null };
  const knowing = { accept: ['ganeti-starts'], vouched: [] };
  const recordIn = (made: Plan) =>
    made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []))[0];

  test('adopts its files where they are, as Ganeti had them, stopped', () => {
    const made = planned(world(images(1024 * mib, 2048 * mib)), importIntent(chosen, place), knowing);
    expect(isOpen(made)).toBe(false);
    expect(recordIn(made)).toMatchObject({
      name,
      primary: 'node1',
      adminState: 'down',
      os: 'ddos+default',
      guest: { type: 'pv', memoryMib: 64, kernel: '/boot/vmlinuz-3-xenU' },
      disks: [
        { logical_id: ['loop', 'raw', chosen.paths[0]], vdev: 'sda', mode: 'rw', size: 1024 * mib },
        { logical_id: ['loop', 'raw', chosen.paths[1]], vdev: 'sdb', mode: 'ro', size: 2048 * mib },
      ],
      nics: [{ mac: 'aa:00:00:47:dc:7b', bridge: 'br0' }],
      place: { path: `${sharedDirectory}/${name}` },
    });
    for (const written of writtenPaths(made)) expect(chosen.paths).not.toContain(written);
    // the design document's words for it; Ganeti itself never adopts files
    const words = parseCreateCommand(made.equivalent ?? '');
    expect(words.ok ? words.arguments : words.problems).toMatchObject({
      name,
      path: sharedDirectory,
      reuse: true,
      node: 'node1',
      install: false,
      disks: [{ vdev: 'sda' }, { vdev: 'sdb', mode: 'ro' }],
    });
  });

  test('that Ganeti wants up, and so starts, asks for consent to that alone', () => {
    const seen = world(images(1024 * mib, 2048 * mib));
    const made = planned(seen, importIntent(chosen, place));
    expect(isOpen(made)).toBe(true);
    expect(reasonsBy(made, 'consent')).toEqual(['ganeti-starts']);
    const text = textOf(made, 'ganeti-starts');
    expect(text).toContain(`starts ${name} on node1.gnt.lab`);
    expect(text).toContain(`gnt-instance shutdown ${name}, then gnt-instance modify --offline ${name}`);
    for (const adminState of ['down', 'offline'] as const) {
      const other = { ...chosen, instance: { ...chosen.instance, adminState } };
      expect(reasonsBy(planned(seen, importIntent(other, place)), 'consent')).toEqual([]);
    }
  });

  test('a size that is not as said is told; a header that is not raw stands against it', () => {
    const made = planned(world(images(1024 * mib, 2052 * mib)), importIntent(chosen, place), knowing);
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'size-told')).toContain('not 2 GiB');
    const [first, second] = images(1024 * mib, 2048 * mib);
    if (!first || !second) throw new Error('no images');
    const strange = planned(
      world([{ ...first, type: 'qcow2', virtualSize: 1024 * mib, backing: null }, second]),
      importIntent(chosen, place),
    );
    expect(isOpen(strange)).toBe(true);
    expect(textOf(strange, 'format')).toContain('was attached as raw, and its header says qcow2');
  });

  test('files that are not there stand against it, every one', () => {
    const made = planned(world([]), importIntent(chosen, place));
    for (const each of chosen.paths) expect(textOf(made, 'no-images')).toContain(each);
  });

  test('what was said besides wins, another boot as a whole', () => {
    expect(importIntent(chosen, place, { memoryMib: 128, bootloader: 'pygrub' }).guest).toEqual({
      type: 'pv',
      memoryMib: 128,
      vcpus: 1,
      bootloader: 'pygrub',
      root: '/dev/xvda2',
      extra: 'ro console=hvc0',
    });
    expect(importIntent(chosen, place, { type: 'hvm', boot: 'c' }).guest.kernel).toBeUndefined();
  });

  test('as many images as disks', () => {
    const intent = importIntent(chosen, place);
    const made = planned(world(images(1024 * mib, 2048 * mib)), {
      ...intent,
      disks: intent.disks?.slice(1),
    });
    expect(textOf(made, 'disk-count')).toContain('1 disks are told of, but 2 images');
  });
});
