import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Approval, Intent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  domainOf,
  folderOf,
  localDirectory,
  nobody,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  uuidOf,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { carryOut, startable, unnamedHolders, wholeImages, withoutIds, worldOf } from './copy-world.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const folder = `${localDirectory}/web1`;
const stopped = withLocalInstance(soundCluster(), 'web1', 'node1');
const running = withDomain(
  withLocalInstance(soundCluster(), 'web1', 'node1', { adminState: 'up' }),
  'node1',
  domainOf('web1'),
);
const move = (
  snapshot: Snapshot,
  change: Partial<Extract<Intent, { kind: 'move' }>> = {},
  approval: Approval = nobody,
): Plan =>
  planned(
    snapshot,
    {
      kind: 'move',
      instance: 'web1',
      node: 'node2',
      storageDirectory: null,
      removeSource: false,
      timeoutSeconds: 120,
      ...change,
    },
    approval,
  );

describe('a stopped instance', () => {
  test('is copied, released, acquired; what is left is a replica', () => {
    const made = move(stopped);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'make-folder node2',
      'write-record node1',
      'write-file node2',
      'verdict node1,node2,node3',
      'verify-files node1',
      'copy-image node1',
      'accept-copy node2',
      'copy-image node1',
      'accept-copy node2',
      'write-replica node2',
      'verify-files node2',
      'verify-unchanged node2',
      'verify-unchanged node1',
      'write-record node1 !',
      'write-record node2',
      'drop-replica node2',
      'unlock node2',
      'demote-record node1',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'remove-file node2',
      'remove-file node2',
      'drop-partial node2',
      'remove-file node2',
      'drop-partial node2',
      'remove-file node2',
      'write-record node1',
      'drop-folder node2',
      'unlock node1',
    ]);
    expect(made.equivalent).toBe('gnt-instance move -n node2 --shutdown-timeout=120 web1');
  });

  test('the records: nobody may start it, then the target alone; each names the one before', () => {
    const made = move(stopped);
    const [named, release, acquire] = made.steps.flatMap((each) =>
      each.action.do === 'write-record' ? [each.action] : [],
    );
    const before = stopped.nodes[0]?.facts?.folders[0]?.record;
    expect(named).toMatchObject({
      folder,
      expectId: before?.ok ? before.record.id : '',
      record: { primary: 'node1', generation: 1, replicaNodes: ['node2'] },
    });
    expect(release).toMatchObject({
      folder,
      expectId: named?.record.id,
      record: {
        primary: null,
        next: 'node2',
        generation: 2,
        formerPrimaries: ['node1'],
        replicaNodes: ['node1'],
      },
    });
    expect(acquire).toMatchObject({
      expectId: null,
      record: {
        primary: 'node2',
        secondary: 'node1',
        generation: 2,
        place: { storage: 'local-node2', path: folder, inode: 0 },
      },
    });
    expect(acquire?.record.next).toBeUndefined();
    expect(acquire?.record.ancestors[0]).toBe(release?.record.id);
    const left = made.steps.flatMap((each) => (each.action.do === 'demote-record' ? [each.action] : []))[0];
    // nothing ran under it since: it is as new as the instance
    expect(left?.replica.record.id).toBe(acquire?.record.id);
  });

  test('with --remove-source what is left goes into the trash, last of all', () => {
    const made = move(stopped, { removeSource: true });
    expect(orderOf(made).slice(-4)).toEqual([
      'drop-replica node2',
      'unlock node2',
      'move-folder node1',
      'unlock node1',
    ]);
  });

  test('to another directory of the same node', () => {
    const made = move(withInstance(soundCluster(['node1']), 'web1', { secondary: null }), {
      node: null,
      storageDirectory: localDirectory,
    });
    expect(isOpen(made)).toBe(false);
    const config = made.steps.find((each) => each.action.do === 'write-file')?.action;
    expect(config).toMatchObject({ path: `${folder}/xen.cfg`, expect: 'absent' });
    expect(config && 'content' in config ? config.content : '').toContain(`${folder}/sda`);
    expect(config && 'content' in config ? config.content : '').not.toContain(sharedDirectory);
    expect(made.equivalent).toBeNull();
  });
});

test('a running one is stopped before the copy, and runs there afterwards', () => {
  const made = move(running);
  expect(isOpen(made)).toBe(false);
  expect(orderOf(made)).toEqual([
    'lock node1',
    'make-folder node2',
    'write-record node1',
    'write-file node2',
    'check-config node2',
    'shut-down node1',
    'end-domain node1',
    'verdict node1,node2,node3',
    'verify-files node1',
    'copy-image node1',
    'accept-copy node2',
    'copy-image node1',
    'accept-copy node2',
    'write-replica node2',
    'verify-files node2',
    'verify-unchanged node2',
    'check-config node2',
    'verdict node1,node2,node3',
    'start-domain node2',
    'verify-unchanged node1',
    'write-record node1 !',
    'write-record node2',
    'verdict node1,node3',
    'unpause-domain node2',
    'drop-replica node2',
    'unlock node2',
    'demote-record node1',
    'unlock node1',
  ]);
  const [, release] = made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action] : []));
  const left = made.steps.flatMap((each) => (each.action.do === 'demote-record' ? [each.action] : []))[0];
  // what the guest writes from now on is not in it
  expect(left?.replica.record.id).toBe(release?.record.id);
});

describe('what blocks', () => {
  const rows: [string, Snapshot, Partial<Extract<Intent, { kind: 'move' }>>, string, RegExp][] = [
    ['the very same place', stopped, { node: null }, 'same-place', /nothing to copy/],
    [
      'a node that sees the same storage',
      withInstance(soundCluster(), 'web1'),
      {},
      'same-place',
      /sees the very folder/,
    ],
    ['a directory that is not allowed', stopped, { storageDirectory: '/etc' }, 'storage-path', /\/etc/],
    ['a silent target', silent(stopped, 'node2'), {}, 'not-answering', /node2 can't be worked on/],
    ['a silent source', silent(stopped, 'node1'), {}, 'not-answering', /node1/],
    [
      'no room',
      withFacts(stopped, 'node2', (facts) => ({
        storages: facts.storages.map((each) => ({ ...each, freeBytes: 4 << 20 })),
        folders: [],
      })),
      {},
      'overcommit',
      /promise/,
    ],
    [
      'a folder in the way',
      withFolder(
        stopped,
        ['node2'],
        folderOf(recordOf('other', {}, localDirectory), { path: folder, name: 'web1' }),
      ),
      {},
      'folder-exists',
      /nothing is written into it/,
    ],
    [
      'another state of it in the way',
      withFolder(stopped, ['node2'], folderOf({ ...recordOf('web1', { id: 'other' }, localDirectory) })),
      {},
      'folder-exists',
      /discard it/,
    ],
    [
      'an image missing',
      withFacts(stopped, 'node1', (facts) => ({
        folders: facts.folders.map((each) => ({ ...each, files: each.files.slice(1) })),
      })),
      {},
      'image',
      /sda is missing/,
    ],
  ];
  test.each(rows)('%s', (_title, snapshot, change, code, text) => {
    const made = move(snapshot, change);
    expect(textOf(made, code)).toMatch(text);
    expect(isOpen(made)).toBe(true);
  });

  test('an older Xen needs a word, another toolstack blocks', () => {
    expect(reasonsBy(move(withFacts(stopped, 'node2', () => ({ xen: '4.14.0' }))), 'consent')).toEqual([
      'older-xen',
    ]);
    expect(reasonsBy(move(withFacts(stopped, 'node2', () => ({ toolstack: 'xm' }))), 'blocks')).toEqual([
      'toolstack',
    ]);
  });

  test('bytes that do not fit at all can not be accepted', () => {
    const full = withFacts(
      withFacts(stopped, 'node1', (facts) => ({
        folders: facts.folders.map((each) => ({
          ...each,
          files: each.files.map((file) => ({ ...file, allocated: 40 * 2 ** 30 })),
        })),
      })),
      'node2',
      () => ({}),
    );
    expect(reasonsBy(move(full), 'blocks')).toContain('no-room');
  });
});

/** Every way of moving that this builder can make. */
const moves = fc.record({
  runs: fc.boolean(),
  removeSource: fc.boolean(),
  node: fc.constantFrom('node2', 'node3'),
  secondary: fc.constantFrom('node2', 'node3', null),
});

test('never two places from which it may start, whatever the step at which it ends and is taken back', () => {
  fc.assert(
    fc.property(moves, fc.nat(), (way, at) => {
      const base = withLocalInstance(soundCluster(), 'web1', 'node1', {
        adminState: way.runs ? 'up' : 'down',
        secondary: way.secondary,
      });
      const snapshot = way.runs ? withDomain(base, 'node1', domainOf('web1')) : base;
      const made = move(snapshot, { node: way.node, removeSource: way.removeSource });
      expect(isOpen(made)).toBe(false);
      const count = at % (made.steps.length + 1);
      const uuid = uuidOf('web1');
      const commit = made.steps.findIndex((each) => each.commit);
      const world = carryOut(snapshot, made, count, (now, action) => {
        expect(startable(now, uuid).length).toBeLessThanOrEqual(1);
        expect([...now.domains].filter(([, state]) => state === 'running').length).toBeLessThanOrEqual(1);
        expect(unnamedHolders(now, uuid)).toEqual([]);
        const [place] = startable(now, uuid);
        for (const [node, state] of now.domains)
          if (state === 'running') expect(place?.split(' ')[0]).toBe(node);
        // the source goes only when every image lies whole and accepted on the target
        if (action.do === 'move-folder')
          expect(wholeImages(now, `${way.node} ${folder}`)).toEqual(['sda', 'sdb']);
      });
      if (count <= commit) {
        expect(withoutIds(world)).toEqual(withoutIds(worldOf(snapshot)));
        return;
      }
      if (count < made.steps.length) return;
      expect(startable(world, uuid)).toEqual([`${way.node} ${folder}`]);
      expect([...world.domains]).toEqual(way.runs ? [[way.node, 'running']] : []);
      expect([...world.folders.values()].every((each) => each.lock === null)).toBe(true);
      expect(wholeImages(world, `${way.node} ${folder}`)).toEqual(['sda', 'sdb']);
      expect(world.folders.get(`node1 ${folder}`)?.record ?? null).toBeNull();
    }),
    { numRuns: 300 },
  );
});
