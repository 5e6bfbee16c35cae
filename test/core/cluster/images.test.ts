/** The inventory of image files: each once, whose it is, what has it open, and the space of the storage. */
import { describe, expect, it } from 'vitest';
import { type ImageRow, imagesOf, storagesOf } from '../../../core/cluster/images.ts';
import { deriveInstances } from '../../../core/cluster/instances.ts';
import { recordedType } from '../../../core/cluster/recorded-type.ts';
import { type ImageFacts, type Snapshot, snapshot as schema } from '../../../core/cluster/snapshot.ts';
import {
  changeFolder,
  folderOf,
  gib,
  localDirectory,
  recordOf,
  sharedDevice,
  sharedDirectory,
  silent,
  soundCluster,
  takenAt,
  uuidOf,
  withFacts,
  withFolder,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';

const nodes = ['node1', 'node2', 'node3'];
const image = (name: string, change: Partial<ImageFacts> = {}): ImageFacts => ({
  name,
  size: gib,
  allocated: 4096,
  modified: takenAt,
  inode: 7_000_000 + name.length,
  device: sharedDevice,
  type: 'raw',
  kind: 'file',
  ...change,
});
const folder = `${sharedDirectory}/web1`;
const withFiles = (from: Snapshot, ...files: ImageFacts[]): Snapshot =>
  changeFolder(from, folder, (each) => ({ files: [...each.files, ...files] }));
const emptyFolder = (name: string, files: ImageFacts[], change = {}) =>
  folderOf(recordOf(name), { record: null, config: null, files, ...change });
const rowAt = (from: Snapshot, path: string): ImageRow => {
  const rows = imagesOf(from).filter((each) => each.path === path);
  expect(rows, path).toHaveLength(1);
  return rows[0] as ImageRow;
};
const typesOf = (from: Snapshot) =>
  Object.fromEntries(imagesOf(from).map((each) => [each.path, recordedType(from, 'node1', each)]));
const ownersOf = (from: Snapshot) =>
  Object.fromEntries(imagesOf(from).map((each) => [each.path, each.owner]));
const onAll = (from: Snapshot, change: Parameters<typeof withFacts>[2]): Snapshot =>
  nodes.reduce((made, node) => withFacts(made, node, change), from);

describe('rows', () => {
  it('lists what is on shared storage once, what is on local storage for each node', () => {
    let world = withInstance(soundCluster(), 'web1');
    for (const node of ['node1', 'node2']) world = withLocalInstance(world, `own-${node}`, node);
    expect(imagesOf(world).map((each) => [each.path, each.storage.shared, [...each.storage.nodes]])).toEqual([
      [`${folder}/sda`, true, nodes],
      [`${folder}/sdb`, true, nodes],
      [`${localDirectory}/own-node1/sda`, false, ['node1']],
      [`${localDirectory}/own-node1/sdb`, false, ['node1']],
      [`${localDirectory}/own-node2/sda`, false, ['node2']],
      [`${localDirectory}/own-node2/sdb`, false, ['node2']],
    ]);
    expect(imagesOf(world)).toBe(imagesOf(world));
    const same = soundCluster();
    const twice = ['node1', 'node2'].reduce(
      (made, node) =>
        withFolder(
          made,
          [node],
          emptyFolder('x', [image('sda')], { storage: localDirectory, path: `${localDirectory}/x` }),
        ),
      same,
    );
    expect(new Set(imagesOf(twice).map((each) => each.key)).size).toBe(2);
  });

  it('says whose each file is', () => {
    let world = withFiles(
      withInstance(soundCluster(), 'web1'),
      image('sda.before-run1'),
      image('sdc.removed-run1'),
      // its guest wrote that header
      image('sdb.removed-run1.raw', { type: 'qcow2' }),
      image('sdd.partial.run2'),
      image('notes'),
    );
    const copied = recordOf('mail');
    world = withFolder(world, nodes, emptyFolder('lost', [image('sda')]));
    world = withFolder(
      world,
      nodes,
      emptyFolder('mail', [image('sda', { size: gib }), image('sdz')], {
        replica: true,
        replicaRecord: {
          ok: true,
          replica: {
            version: 1,
            copy: 'c',
            source: 'node9',
            record: copied,
            disks: [{ file: 'sda', type: 'raw', size: gib, content: null }],
            when: '2026-11-25T11:00:00Z',
            written: { by: 'a', run: 'r' },
          },
        },
      }),
    );
    world = withFolder(
      world,
      nodes,
      emptyFolder('odd', [image('sda')], {
        record: { ok: false, error: 'no JSON' },
      }),
    );
    world = onAll(world, (facts) => ({
      storages: facts.storages.map((each) =>
        each.path === sharedDirectory
          ? {
              ...each,
              files: [image('golden.img'), image('half.partial')],
              trash: ['old.12345678.1'],
              trashFolders: [
                {
                  name: 'old.12345678.1',
                  record: null,
                  lock: null,
                  allocated: 12_288,
                  files: [{ name: 'sda', size: gib, allocated: 8192, modified: takenAt }],
                },
              ],
            }
          : each,
      ),
    }));
    expect(typesOf(world)).toMatchObject({
      [`${folder}/sda`]: 'raw',
      [`${folder}/sdb.removed-run1.raw`]: 'raw',
      [`${folder}/sdc.removed-run1`]: null,
      [`${folder}/notes`]: null,
      [`${sharedDirectory}/mail/sda`]: 'raw',
      [`${sharedDirectory}/mail/sdz`]: null,
      [`${sharedDirectory}/lost/sda`]: null,
    });
    expect(ownersOf(schema.parse(world))).toEqual({
      [`${folder}/sdb.removed-run1.raw`]: { kind: 'kept', instance: 'web1' },
      [`${folder}/sda`]: { kind: 'instance', name: 'web1', uuid: uuidOf('web1'), disk: 0 },
      [`${folder}/sdb`]: { kind: 'instance', name: 'web1', uuid: uuidOf('web1'), disk: 1 },
      [`${folder}/sda.before-run1`]: { kind: 'kept', instance: 'web1' },
      [`${folder}/sdc.removed-run1`]: { kind: 'kept', instance: 'web1' },
      [`${folder}/sdd.partial.run2`]: { kind: 'partial' },
      [`${folder}/notes`]: { kind: 'unrecorded', name: 'web1' },
      [`${sharedDirectory}/lost/sda`]: { kind: 'orphan' },
      [`${sharedDirectory}/mail/sda`]: {
        kind: 'replica',
        name: 'mail',
        of: 'node9',
        when: '2026-11-25T11:00:00Z',
      },
      [`${sharedDirectory}/mail/sdz`]: { kind: 'unrecorded', name: 'mail' },
      [`${sharedDirectory}/odd/sda`]: { kind: 'orphan' },
      [`${sharedDirectory}/golden.img`]: { kind: 'orphan' },
      [`${sharedDirectory}/half.partial`]: { kind: 'partial' },
      [`${sharedDirectory}/.trash/old.12345678.1/sda`]: { kind: 'trash', name: 'old.12345678.1' },
    });
    expect(rowAt(world, `${sharedDirectory}/odd/sda`).remark).toContain("can't be read: no JSON");
    expect(rowAt(world, `${sharedDirectory}/golden.img`)).toMatchObject({
      folder: sharedDirectory,
      folderName: '',
    });
  });

  it('tells a copied folder and a superseded one from the instance', () => {
    const record = recordOf('web1');
    const copy = `${sharedDirectory}/web1-copy`;
    const moved = withFolder(
      withInstance(soundCluster(), 'web1'),
      nodes,
      folderOf(record, { path: copy, name: 'web1-copy', inode: 4711 }),
    );
    const copied = rowAt(moved, `${copy}/sda`);
    expect(copied.owner).toEqual({ kind: 'unrecorded', name: 'web1' });
    expect(copied.remark).toContain(`The folder is a copy of web1, which lies in ${folder}.`);
    const newer = recordOf(
      'web1',
      {
        id: 'newer',
        ancestors: [record.id],
        generation: 2,
        primary: 'node2',
        place: { storage: 'local-node2', path: `${localDirectory}/web1`, inode: 99 },
      },
      localDirectory,
    );
    const over = withFolder(withInstance(soundCluster(), 'web1'), ['node2'], folderOf(newer));
    expect(rowAt(over, `${localDirectory}/web1/sda`)).toMatchObject({
      owner: { kind: 'instance', name: 'web1' },
      remark: null,
    });
    expect(rowAt(over, `${folder}/sda`).remark).toContain(
      `not the one that counts: web1 lies in ${localDirectory}/web1.`,
    );
  });

  it('says what is odd about a file', () => {
    const base = `${sharedDirectory}/base/sda`;
    const world = withFiles(
      changeFolder(withInstance(soundCluster(), 'web1'), folder, (each) => ({
        files: each.files.map((one) => (one.name === 'sda' ? { ...one, type: 'qcow2' as const } : one)),
      })),
      image('link', { kind: 'symlink', type: null }),
      image('tiny', { size: 10, type: null }),
      image('folder', { kind: 'other', type: null }),
      image('clone', { type: 'qcow2', virtualSize: 5 * gib, backing: '../base/sda' }),
      image('far', { type: 'qcow2', virtualSize: 5 * gib, backing: 'nbd://host/x' }),
      image('old.vhd', { fixedVhd: gib - 512 }),
      image('sda.before-r1.raw', { fixedVhd: gib - 512 }),
    );
    expect(rowAt(world, `${folder}/old.vhd`).remark).toContain('footer of a fixed-size VHD');
    // a guest may have written it
    expect(rowAt(world, `${folder}/sda.before-r1.raw`).remark).toBeNull();
    const written = changeFolder(withInstance(soundCluster(), 'web2'), `${sharedDirectory}/web2`, (each) => ({
      files: each.files.map((one) => ({ ...one, fixedVhd: gib })),
    }));
    expect(rowAt(written, `${sharedDirectory}/web2/sda`).remark).toBeNull();
    expect(rowAt(world, `${folder}/sda`).remark).toContain('is recorded as raw, but its header says qcow2.');
    expect(rowAt(world, `${folder}/link`).remark).toContain('symbolic link');
    expect(rowAt(world, `${folder}/tiny`)).toMatchObject({
      virtualSize: null,
      remark: 'Smaller than 512 bytes: it holds no image.',
    });
    expect(imagesOf(world).some((each) => each.name === 'folder')).toBe(false);
    expect(rowAt(world, `${folder}/clone`)).toMatchObject({
      virtualSize: 5 * gib,
      backing: base,
      remark: `It builds on ${base}, which is not there.`,
    });
    expect(rowAt(world, `${folder}/far`)).toMatchObject({ backing: 'nbd://host/x', remark: null });
    const whole = withFolder(world, nodes, emptyFolder('base', [image('sda', { type: 'qcow2' })]));
    expect(rowAt(whole, `${folder}/clone`).remark).toBeNull();
  });
});

describe('what has a file open', () => {
  const inode = (world: Snapshot): number =>
    world.nodes[0]?.facts?.folders[0]?.files.find((each) => each.name === 'sda')?.inode ?? 0;

  it('is gathered from every node, by the number that the node gives the storage', () => {
    const world = withInstance(soundCluster(), 'web1');
    const other = withFacts(world, 'node2', (facts) => ({
      storages: facts.storages.map((each) =>
        each.path === sharedDirectory ? { ...each, device: 77 } : each,
      ),
      open: [
        { device: 77, inode: inode(world), by: 'loop0' },
        { device: sharedDevice, inode: inode(world), by: 'another file' },
      ],
    }));
    const both = withFacts(other, 'node1', () => ({
      open: [{ device: sharedDevice, inode: inode(world), by: 'qemu 12' }],
    }));
    const row = rowAt(both, `${folder}/sda`);
    expect(row.openBy.toSorted((a, b) => a.node.localeCompare(b.node))).toEqual([
      { node: 'node1', by: 'qemu 12' },
      { node: 'node2', by: 'loop0' },
    ]);
    expect(row.openUnknown).toEqual([]);
    expect(rowAt(both, `${folder}/sdb`).openBy).toEqual([]);
  });

  it('is not known of nodes that are silent, never answered, or hang', () => {
    const world = withInstance(soundCluster(), 'web1');
    const open = { device: sharedDevice, inode: inode(world), by: 'loop0' };
    const gone = silent(
      withFacts(world, 'node1', () => ({ open: [open] })),
      'node1',
    );
    expect(rowAt(gone, `${folder}/sda`)).toMatchObject({ openBy: [], openUnknown: ['node1'] });
    expect(rowAt(gone, `${folder}/sda`).storage.nodes).toEqual(['node2', 'node3', 'node1']);
    expect(rowAt(silent(world, 'node3', 'unreachable', 'never'), `${folder}/sda`).openUnknown).toEqual([
      'node3',
    ]);
    const hangs = withFacts(world, 'node2', (facts) => ({
      folders: [],
      storages: facts.storages.map((each) =>
        each.path === sharedDirectory ? { ...each, id: null, state: 'not-answering' as const } : each,
      ),
    }));
    expect(rowAt(hangs, `${folder}/sda`).openUnknown).toEqual(['node2']);
    expect(
      rowAt(
        withFacts(world, 'node3', () => ({ openUnknown: true })),
        `${folder}/sda`,
      ).openUnknown,
    ).toEqual(['node3']);
    const local = silent(withLocalInstance(soundCluster(), 'own', 'node1'), 'node2', 'unreachable', 'never');
    expect(rowAt(local, `${localDirectory}/own/sda`).openUnknown).toEqual([]);
  });
});

describe('storages', () => {
  const shared = (world: Snapshot) => storagesOf(world).filter((each) => each.path === sharedDirectory);

  it('have space, promises, and what can not be kept of them', () => {
    const world = withInstance(soundCluster(), 'web1');
    expect(shared(world)).toMatchObject([
      {
        id: 'shared-storage',
        capacity: 1000 * gib,
        used: 500 * gib,
        free: 500 * gib,
        promised: 3 * gib,
        allocated: 8192,
        images: 2,
        overcommitBytes: 0,
        remark: null,
      },
    ]);
    const tight = onAll(world, (facts) => ({
      storages: facts.storages.map((each) => ({ ...each, freeBytes: 2 * gib })),
    }));
    expect(shared(tight)[0]?.overcommitBytes).toBe(gib - 8192);
    // an orphan grows no more
    const more = withFolder(tight, nodes, emptyFolder('lost', [image('sda', { size: 50 * gib })]));
    expect(shared(more)[0]).toMatchObject({ overcommitBytes: gib - 8192, promised: 3 * gib, images: 3 });
  });

  it('are told by a node that answers; another file system under one id is said', () => {
    const world = withInstance(soundCluster(), 'web1');
    const old = silent(
      withFacts(world, 'node1', (facts) => ({
        storages: facts.storages.map((each) => ({ ...each, freeBytes: 1 })),
      })),
      'node1',
    );
    expect(shared(old)).toMatchObject([{ node: 'node2', seen: true, free: 500 * gib }]);
    const strange = withFacts(world, 'node3', (facts) => ({
      storages: facts.storages.map((each) => ({ ...each, totalBytes: 7 * gib })),
    }));
    expect(shared(strange)[0]?.remark).toContain('node3 and node1 show the same id here');
  });
});

it('is quick for 5,000 instances seen by 100 nodes', () => {
  const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const folders = Array.from({ length: 5000 }, (_, index) => folderOf(recordOf(`vm${index}`)));
  const empty = soundCluster(names);
  const world: Snapshot = {
    ...empty,
    nodes: empty.nodes.map((each) => ({ ...each, facts: each.facts && { ...each.facts, folders } })),
  };
  // which every view asks first
  deriveInstances(world);
  const before = performance.now();
  expect(imagesOf(world)).toHaveLength(10_000);
  expect(performance.now() - before, 'ms').toBeLessThan(5_000);
});
