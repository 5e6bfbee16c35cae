import { describe, expect, test } from 'vitest';
import { findInstances, type InstanceView } from '../../../core/cluster/instances.ts';
import { type Snapshot, snapshot as snapshotSchema } from '../../../core/cluster/snapshot.ts';
import { trashOf } from '../../../core/cluster/trash.ts';
import { effectOf } from '../../../core/draft/after.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import {
  configOf,
  folderOf,
  gib,
  localDirectory,
  recordOf,
  sharedDirectory,
  soundCluster,
  withFacts,
  withFolder,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { snapshotOf as migrateWorld } from '../plan/migrate-world.ts';
import { createIntent } from '../plan/support.ts';
import { chain, planOf } from './chain.ts';

const seconds = { timeoutSeconds: 120 };
const start = (instance: string): Intent => ({ kind: 'start', instance });
// biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
const stop = (instance: string): Intent => ({ kind: 'stop', instance, ...seconds, then: 'force' });
const failover = (instance: string, target: string | null = null): Intent => ({
  ...{ kind: 'failover', instance, target },
  ...seconds,
});
const remove = (instance: string, purge = false): Intent => ({ kind: 'remove', instance, purge, ...seconds });
const grow = (instance: string, size: number, disk = 0): Intent => ({
  ...{ kind: 'grow', instance, disk, size },
  by: true,
});
const create = (name: string, change: Parameters<typeof createIntent>[0] = {}): Intent =>
  createIntent({ name, ...change });

/** The only one of that name. */
const only = (snapshot: Snapshot, name: string): InstanceView => {
  const [view, ...more] = findInstances(snapshot, name);
  if (!view || more.length > 0) throw new Error(`${name} is there ${more.length + (view ? 1 : 0)} times`);
  return view;
};
const freeMemory = (snapshot: Snapshot, node: string): number | undefined =>
  snapshot.nodes.find((each) => each.name === node)?.facts?.freeMemoryMib;
const freeBytes = (snapshot: Snapshot, node: string, path: string): number | undefined =>
  snapshot.nodes.find((each) => each.name === node)?.facts?.storages.find((each) => each.path === path)
    ?.freeBytes;
const cluster = soundCluster();
const guestOf = (memoryMib: number) => ({
  type: 'pv' as const,
  memoryMib,
  vcpus: 1,
  kernel: '/boot/vmlinuz',
});

describe('a change on the effect of another', () => {
  test('created, failed over, stopped, grown and removed', () => {
    const made = chain(
      cluster,
      create('web1', { start: false }),
      start('web1'),
      failover('web1'),
      stop('web1'),
      grow('web1', gib),
      remove('web1'),
    );
    const [created, started, moved, stopped, grown] = made.snapshots;
    if (!created || !started || !moved || !stopped || !grown) throw new Error('too few');
    expect(only(created, 'web1')).toMatchObject({ status: 'stopped', primary: 'node1', problems: [] });
    expect(only(created, 'web1').folders.map((each) => [each.node, each.matchesPlace])).toEqual([
      ['node1', true],
      ['node2', true],
      ['node3', true],
    ]);
    expect(only(started, 'web1')).toMatchObject({ status: 'running', primary: 'node1', problems: [] });
    expect(freeMemory(started, 'node1')).toBe(4096 - 512);
    expect(only(moved, 'web1')).toMatchObject({
      ...{ status: 'running', primary: 'node2', secondary: 'node1', problems: [] },
      record: { generation: 2, formerPrimaries: ['node1'] },
    });
    expect([freeMemory(moved, 'node1'), freeMemory(moved, 'node2')]).toEqual([4096, 4096 - 512]);
    expect(only(stopped, 'web1')).toMatchObject({ status: 'stopped', problems: [] });
    expect(only(grown, 'web1').disks.map(({ size, apparent, problem }) => [size, apparent, problem])).toEqual(
      [
        [6 * gib, 6 * gib, null],
        [10 * gib, 10 * gib, null],
      ],
    );
    expect(findInstances(made.last, 'web1')).toEqual([]);
    expect(trashOf(made.last).map((each) => [each.instance, each.nodes])).toEqual([
      ['web1', ['node1', 'node2', 'node3']],
    ]);
    expect(freeMemory(made.last, 'node2')).toBe(4096);
    for (const each of made.snapshots) expect(snapshotSchema.parse(each)).toEqual(each);
  });

  test('removed, restored from the trash under its own name, and started again', () => {
    const first = chain(withInstance(cluster, 'web1'), remove('web1'));
    const [there] = trashOf(first.last);
    const made = chain(
      first.last,
      { kind: 'restore', storageDirectory: sharedDirectory, trashName: there?.name ?? '' },
      start('web1'),
    );
    expect(only(made.last, 'web1')).toMatchObject({ status: 'running', problems: [] });
    expect(trashOf(made.last)).toEqual([]);
    // what lay in the trash in the same draft is known whole
    expect(made.guesses).toEqual([]);
  });

  test('of what lay in the trash before, xen.cfg is a guess', () => {
    const first = chain(withInstance(cluster, 'web1'), remove('web1'));
    const read = snapshotSchema.parse(JSON.parse(JSON.stringify(first.last)));
    const [there] = trashOf(read);
    const made = chain(
      read,
      { kind: 'restore', storageDirectory: sharedDirectory, trashName: there?.name ?? '' },
      start('web1'),
    );
    expect(only(made.last, 'web1')).toMatchObject({ status: 'running', problems: [] });
    expect(made.guesses.map((each) => each.text).join()).toContain('xen.cfg of web1');
  });

  test('purged, it is gone and its blocks are free', () => {
    const before = withInstance(cluster, 'web1');
    const first = chain(before, remove('web1'));
    const [there] = trashOf(first.last);
    const made = chain(first.last, {
      kind: 'purge-trash',
      folders: [{ storageDirectory: sharedDirectory, trashName: there?.name ?? '' }],
    });
    expect(trashOf(made.last)).toEqual([]);
    expect(freeBytes(made.last, 'node3', sharedDirectory)).toBe(500 * gib + 2 * 4096);
    const atOnce = chain(before, remove('web1', true)).last;
    expect(trashOf(atOnce)).toEqual([]);
    expect(freeBytes(atOnce, 'node3', sharedDirectory)).toBe(500 * gib + 2 * 4096);
    // the name is free again, but not the same instance
    expect(only(chain(atOnce, create('web1')).last, 'web1').uuid).not.toBe(recordOf('web1').uuid);
  });

  test('moved to storage of another node, started there, and its replica discarded', () => {
    const made = chain(
      withLocalInstance(cluster, 'web1', 'node1', { secondary: null }),
      {
        ...{ kind: 'move', instance: 'web1', node: 'node2', storageDirectory: null, removeSource: false },
        ...seconds,
      },
      start('web1'),
      stop('web1'),
      { kind: 'discard', instance: 'web1', node: 'node1', path: `${localDirectory}/web1` },
      start('web1'),
    );
    const [moved, started, , discarded] = made.snapshots;
    if (!moved || !started || !discarded) throw new Error('too few');
    expect(only(moved, 'web1')).toMatchObject({
      ...{ primary: 'node2', status: 'stopped', problems: [] },
      replicas: [{ node: 'node1', problem: null }],
    });
    expect(freeBytes(moved, 'node2', localDirectory)).toBe(50 * gib - 2 * 4096);
    expect(freeBytes(moved, 'node1', localDirectory)).toBe(50 * gib);
    expect(only(started, 'web1')).toMatchObject({ status: 'running', problems: [] });
    expect(only(discarded, 'web1')).toMatchObject({ replicas: [], record: { primary: 'node2' } });
    expect(only(made.last, 'web1').status).toBe('running');
  });

  test('replicated, failed over from the replica, and back', () => {
    const made = chain(
      withLocalInstance(cluster, 'web1', 'node1', { secondary: 'node2' }),
      { kind: 'replicate', instance: 'web1', node: null },
      failover('web1'),
      start('web1'),
      stop('web1'),
      { kind: 'replicate', instance: 'web1', node: 'node1' },
    );
    const [replicated, over] = made.snapshots;
    expect(replicated && only(replicated, 'web1').replicas).toMatchObject([
      {
        node: 'node2',
        current: true,
        problem: null,
        replica: { disks: [{ content: expect.stringMatching(/^[0-9a-f]{64}$/) }, {}] },
      },
    ]);
    expect(over && only(over, 'web1')).toMatchObject({ primary: 'node2', secondary: 'node1' });
    expect(only(made.last, 'web1').replicas).toMatchObject([{ node: 'node1', current: true, problem: null }]);
  });

  test('cloned, the clone renamed, started, and cloned once more', () => {
    const clone = (instance: string, name: string): Intent => ({
      ...{ kind: 'clone', instance, name },
      ...{ node: null, storageDirectory: null },
    });
    const made = chain(
      withInstance(cluster, 'web1'),
      clone('web1', 'copy'),
      { kind: 'rename', instance: 'copy', name: 'twin' },
      clone('twin', 'third'),
      start('twin'),
      start('web1'),
    );
    expect(only(made.last, 'twin')).toMatchObject({ status: 'running', problems: [] });
    expect(only(made.last, 'third')).toMatchObject({ status: 'stopped', problems: [] });
    expect(findInstances(made.last, 'copy')).toEqual([]);
    expect(only(made.last, 'twin').folder).toBe(`${sharedDirectory}/twin`);
  });

  test('disks added, removed and kept, let go, converted; snapshots made', () => {
    const first = chain(
      withInstance(cluster, 'web1'),
      {
        ...{ kind: 'disk-add', instance: 'web1', mode: 'rw' },
        source: { from: 'new', size: gib, type: 'qcow2', allocation: 'sparse', base: null },
        driver: 'blktap',
      },
      { kind: 'snapshot', instance: 'web1', disk: 2, change: 'create', tag: 'before' },
      { kind: 'snapshot', instance: 'web1', disk: 2, change: 'revert', tag: 'before' },
      grow('web1', gib, 2),
      { kind: 'convert', instance: 'web1', disk: 0, to: 'qcow2', driver: 'blktap' },
      { kind: 'disk-remove', instance: 'web1', disk: 1, purge: false },
    );
    const view = only(first.last, 'web1');
    expect(view).toMatchObject({ problems: [], status: 'stopped' });
    expect(view.disks.map(({ type, size, vdev }) => [type, size, vdev])).toEqual([
      ['qcow2', gib, 'xvda'],
      ['qcow2', 2 * gib, 'xvdc'],
    ]);
    const files = view.folders[0]?.folder.files.map((each) => each.name) ?? [];
    const kept = files.find((each) => each.includes('removed')) ?? '';
    const old = files.find((each) => each.includes('before')) ?? '';
    const made = chain(
      first.last,
      { kind: 'disk-add', instance: 'web1', mode: 'rw', source: { from: 'file', file: kept } },
      { kind: 'release', instance: 'web1', file: old },
      start('web1'),
    );
    expect(only(made.last, 'web1').disks.map((each) => each.size)).toEqual([gib, 2 * gib, 2 * gib]);
    expect(only(made.last, 'web1').folders[0]?.folder.files.map((each) => each.name)).not.toContain(old);
    expect(first.guesses.map((each) => each.path)).toContain(`${sharedDirectory}/web1/sdc`);
  });

  test('reconfigured, it needs what it was given', () => {
    const record = recordOf('web1');
    const text = configOf(record);
    const more = text.replace(/^memory.*$/m, 'memory = 1024');
    const made = chain(
      withInstance(cluster, 'web1'),
      { kind: 'configure', instance: 'web1', text: more, from: text },
      start('web1'),
      // on what the change before it wrote
      { kind: 'configure', instance: 'web1', text: `${more}# note\n`, from: more },
    );
    expect(only(made.last, 'web1').record.guest.memoryMib).toBe(1024);
    expect(freeMemory(made.last, 'node1')).toBe(4096 - 1024);
    expect(only(made.last, 'web1').problems).toEqual([]);
  });

  test('images that nobody owns: adopted, copied, converted, removed and restored', () => {
    const orphan = { ...folderOf(recordOf('old')), record: null, config: null };
    const made = chain(
      withFolder(cluster, ['node1', 'node2', 'node3'], orphan),
      {
        ...{ kind: 'copy-image', from: { node: 'node1', path: `${sharedDirectory}/old/sda` } },
        to: { node: 'node2', path: `${localDirectory}/kept/disk.raw` },
      },
      {
        ...{ kind: 'convert-file', node: 'node2', path: `${localDirectory}/kept/disk.raw`, type: 'qcow2' },
        target: `${localDirectory}/kept/disk.qcow2`,
      },
      { kind: 'remove-image', node: 'node2', path: `${localDirectory}/kept/disk.raw` },
      {
        ...{ kind: 'adopt', name: 'old', primary: 'node1', secondary: 'node2' },
        ...{ paths: [`${sharedDirectory}/old`], driver: 'loop', nics: [], start: true },
        guest: { type: 'pv', memoryMib: 256, vcpus: 1, kernel: '/boot/vmlinuz' },
      },
      failover('old'),
    );
    expect(only(made.last, 'old')).toMatchObject({ status: 'running', primary: 'node2', problems: [] });
    const kept = made.last.nodes[1]?.facts?.folders.find((each) => each.name === 'kept');
    expect(kept?.files.map(({ name, type, virtualSize }) => [name, type, virtualSize])).toEqual([
      ['disk.qcow2', 'qcow2', gib],
    ]);
    const [there] = trashOf(made.last);
    expect(there?.images).toMatchObject({ ok: true, note: { from: `${localDirectory}/kept/disk.raw` } });
    const back = chain(made.last, {
      ...{ kind: 'restore', storageDirectory: localDirectory, trashName: there?.name ?? '' },
    }).last;
    expect(
      back.nodes[1]?.facts?.folders.find((each) => each.name === 'kept')?.files.map((each) => each.name),
    ).toEqual(['disk.qcow2', 'disk.raw']);
    expect(trashOf(back)).toEqual([]);
  });

  test('the same name is not given twice, and memory is not spent twice', () => {
    const { last } = chain(cluster, create('web1', { guest: guestOf(3000) }));
    const twice = planOf(last, create('web1', { start: false }), 9);
    expect(twice.reasons.filter((each) => each.severity === 'blocks').map((each) => each.code)).toEqual([
      'name-in-use',
      'folder-exists',
      'name-in-use',
    ]);
    const crowded = planOf(last, create('web2', { guest: guestOf(3000) }), 9);
    expect(crowded.reasons.filter((each) => each.severity === 'blocks').map((each) => each.code)).toEqual([
      'memory',
    ]);
  });

  test('storage that each node has for itself is changed on that node alone', () => {
    const { last } = chain(
      cluster,
      create('web1', { storageDirectory: localDirectory, secondary: null, start: false }),
    );
    expect(last.nodes.map((node) => node.facts?.folders.map((each) => each.name))).toEqual([
      ['web1'],
      [],
      [],
    ]);
  });

  test('a directory of templates that nobody has asked for is said not to be known', () => {
    const made = chain(cluster, { kind: 'cluster-modify', templateDirectory: '/srv/golden' });
    expect(made.last.cluster.templateDirectory).toBe('/srv/golden');
    expect(made.guesses.map((each) => each.path)).toEqual(['/srv/golden', '/srv/golden', '/srv/golden']);
  });

  test('a lock that was broken is gone, and the snapshot that it began with is as it was', () => {
    const lock = {
      ...{ run: 'otherrun', user: 'bob', workstation: 'desk2', title: 'start web1', nodes: ['node1'] },
      ...{ place: `${sharedDirectory}/web1`, at: '2026-11-25T11:00:00.000Z' },
    };
    const locked = withFacts(withInstance(cluster, 'web1'), 'node1', ({ folders }) => ({
      folders: folders.map((each) => ({ ...each, lock: { ok: true as const, lock } })),
    }));
    const before = JSON.stringify(locked);
    const made = planOf(locked, { kind: 'unlock', path: `${sharedDirectory}/web1`, run: 'otherrun' }, 0);
    const { snapshot } = effectOf(locked, made);
    expect(only(snapshot, 'web1').lock).toBe(null);
    expect(JSON.stringify(locked)).toBe(before);
  });

  test('migrated while it runs, then stopped where it is', () => {
    const before = migrateWorld({});
    const made = chain(before, { kind: 'migrate', instance: 'web1', target: 'node2' }, stop('web1'));
    const [moved] = made.snapshots;
    if (!moved) throw new Error('nothing moved');
    expect(only(moved, 'web1')).toMatchObject({
      ...{ status: 'running', primary: 'node2', record: { generation: 5 } },
      domains: [{ node: 'node2' }],
    });
    expect([freeMemory(moved, 'node1'), freeMemory(moved, 'node2')]).toEqual([2048 + 512, 2048 - 512]);
    expect(only(made.last, 'web1')).toMatchObject({ status: 'stopped', problems: [], domains: [] });
  });

  test('a folder that was moved by hand is claimed, then started', () => {
    const moved = { ...folderOf(recordOf('web1')), path: `${sharedDirectory}/elsewhere`, name: 'elsewhere' };
    const made = chain(
      withFolder(cluster, ['node1', 'node2', 'node3'], moved),
      {
        ...{ kind: 'claim', instance: 'web1', path: `${sharedDirectory}/elsewhere`, as: 'moved' },
        primary: 'node2',
      },
      { kind: 'rename', instance: 'web1', name: 'elsewhere' },
      start('elsewhere'),
    );
    expect(only(made.last, 'elsewhere')).toMatchObject({ status: 'running', primary: 'node2', problems: [] });
  });
});
