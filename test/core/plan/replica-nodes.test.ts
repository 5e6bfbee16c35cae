/** Nodes that hold a replica are named in the record, and are asked for while they are silent. */
import { describe, expect, test } from 'vitest';
import { findInstances } from '../../../core/cluster/instances.ts';
import { type InstanceRecord, instanceRecord } from '../../../core/cluster/record.ts';
import type { ReplicaRecord } from '../../../core/cluster/replica.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { locksHeldAt } from '../../../core/plan/locks.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  domainOf,
  folderOf,
  localDirectory,
  recordOf,
  silent,
  soundCluster,
  takenAt,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf } from './support.ts';

const folder = `${localDirectory}/web1`;

const recordIn = (snapshot: Snapshot, node = 'node1'): InstanceRecord => {
  const found = snapshot.nodes
    .find((each) => each.name === node)
    ?.facts?.folders.find((each) => each.record?.ok)?.record;
  if (!found?.ok) throw new Error('no record');
  return found.record;
};
const replicaOf = (record: InstanceRecord, change: Partial<ReplicaRecord> = {}): ReplicaRecord => ({
  version: 1,
  copy: 'thecopy',
  source: 'node1',
  record,
  disks: record.disks.map(({ size }, index) => ({
    file: index === 0 ? 'sda' : 'sdb',
    type: 'raw',
    size,
    content: null,
  })),
  when: new Date(takenAt - 3_600_000).toISOString(),
  written: { by: 'alice@desk', run: 'earlier' },
  ...change,
});
const withReplica = (snapshot: Snapshot, node: string, record: InstanceRecord): Snapshot =>
  withFolder(
    snapshot,
    [node],
    folderOf(recordOf('web1', {}, localDirectory), {
      record: null,
      replica: true,
      replicaRecord: { ok: true, replica: replicaOf(record) },
      inode: 4711,
    }),
  );
const recordsOf = (made: Plan): InstanceRecord[] =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []));
const approving = (snapshot: Snapshot, intent: Intent, accept: string[], vouched: string[] = []): Plan =>
  planned(snapshot, intent, { accept, vouched: vouched.map((node) => ({ node, how: 'fenced' })) });

const named = withLocalInstance(soundCluster(), 'web1', 'node1', { replicaNodes: ['node3'] });
const start = { kind: 'start', instance: 'web1' } as const;
const failover = { kind: 'failover', instance: 'web1', target: null, timeoutSeconds: 120 } as const;
const discardOn = (node: string) => ({ kind: 'discard', instance: 'web1', node, path: folder }) as const;

test('a record without the field is read, and so is one with it', () => {
  const { replicaNodes, ...old } = recordIn(named);
  expect(replicaNodes).toEqual(['node3']);
  expect(instanceRecord.parse(old)).toEqual(old);
  expect(instanceRecord.parse(recordIn(named))).toEqual(recordIn(named));
});

describe('a node that the record names and that never answered here', () => {
  const gone = silent(named, 'node3', 'unreachable', 'never');
  const intents: [string, Intent][] = [
    ['a start', start],
    ['a failover', failover],
    ['a removal', { kind: 'remove', instance: 'web1', purge: false, timeoutSeconds: 60 }],
    ['a replication', { kind: 'replicate', instance: 'web1', node: 'node2' }],
    [
      'a move',
      {
        kind: 'move',
        instance: 'web1',
        node: 'node2',
        storageDirectory: null,
        removeSource: true,
        timeoutSeconds: 60,
      },
    ],
    ['a clone', { kind: 'clone', instance: 'web1', name: 'web9', node: 'node1', storageDirectory: null }],
    ['a new size', { kind: 'grow', instance: 'web1', disk: 0, size: 4 * 1024 ** 3, by: false }],
  ];
  test.each(intents)('has to be vouched for before %s', (_title, intent) => {
    const made = planned(gone, intent);
    expect(reasonsBy(made, 'consent')).toContain('vouch-down:node3');
    expect(textOf(made, 'vouch-down:node3')).toContain('it holds, or held, a copy or another state of it');
  });
  test('also where the record itself lies on storage that others share', () => {
    const shared = withInstance(soundCluster(), 'web1', { replicaNodes: ['node3'] });
    const only = withFacts(shared, 'node3', () => ({ folders: [] }));
    expect(reasonsBy(planned(silent(only, 'node3', 'unreachable', 'never'), start), 'consent')).toContain(
      'vouch-down:node3',
    );
  });
});

describe('the record names them', () => {
  test('a start, and every write besides, leaves the names', () => {
    expect(recordsOf(planned(named, start))).toMatchObject([{ replicaNodes: ['node3'] }]);
  });
  test('a failover to another node: the new primary knows of the third one and of the old primary', () => {
    const [base, release, acquire] = recordsOf(planned(named, failover));
    expect(base?.replicaNodes).toEqual(['node3', 'node2']);
    expect(release?.replicaNodes).toEqual(['node3', 'node1']);
    expect(acquire).toMatchObject({ primary: 'node2', replicaNodes: ['node3', 'node1'] });
  });
  test('what goes into the trash at once is none', () => {
    const made = planned(named, {
      kind: 'move',
      instance: 'web1',
      node: 'node2',
      storageDirectory: null,
      removeSource: true,
      timeoutSeconds: 60,
    });
    expect(recordsOf(made).at(-1)).toMatchObject({
      primary: 'node2',
      formerPrimaries: ['node1'],
      replicaNodes: ['node3'],
    });
  });
  test('a take-over keeps what both its own record and the newest one name', () => {
    const copied = { ...recordIn(named), id: 'earlier', replicaNodes: ['node2', 'node9'] };
    const now = withLocalInstance(soundCluster(), 'web1', 'node1', {
      ancestors: ['earlier'],
      replicaNodes: ['node2', 'node3'],
      formerPrimaries: ['node4'],
      vouchings: [{ node: 'node4', who: 'a@b', how: 'x', when: '' }],
    });
    const made = approving(
      silent(withReplica(now, 'node2', copied), 'node1'),
      failover,
      ['replica-age'],
      ['node1'],
    );
    expect(isOpen(made)).toBe(false);
    expect(recordsOf(made)).toMatchObject([
      {
        primary: 'node2',
        formerPrimaries: ['node1', 'node4'],
        replicaNodes: ['node3', 'node9', 'node1'],
        vouchings: [{ node: 'node4' }, { node: 'node1' }],
      },
    ]);
  });
  test('a replica that an old record does not name is named by the next write, and stays so when that is taken back', () => {
    const old = withLocalInstance(soundCluster(), 'web1', 'node1');
    const made = planned(withReplica(old, 'node3', recordIn(old)), {
      kind: 'replicate',
      instance: 'web1',
      node: 'node2',
    });
    expect(recordsOf(made)[0]?.replicaNodes).toEqual(['node3', 'node2']);
    const [back] = made.steps.flatMap((each) =>
      each.undo.flatMap(({ action }) => (action.do === 'write-record' ? [action.record] : [])),
    );
    expect(back?.replicaNodes).toEqual(['node3']);
  });
});

describe('discarding a replica', () => {
  const replicated = withReplica(named, 'node3', recordIn(named));
  test('takes the node out of the record, after the folder is in the trash', () => {
    const made = approving(replicated, discardOn('node3'), ['discard:web1@node3']);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'lock node3',
      'verify-files node3',
      'check-unused node3',
      'verdict node3',
      'move-folder node3 !',
      'unlock node3',
      'write-record node1',
      'unlock node1',
    ]);
    expect(recordsOf(made)[0]?.replicaNodes).toBeUndefined();
  });
  test('leaves the record while it can not be written, and says so', () => {
    const locked = changeFolder(replicated, folder, () => ({ lock: { ok: false, error: 'x' } }), ['node1']);
    for (const snapshot of [silent(replicated, 'node1'), locked]) {
      const made = planned(snapshot, discardOn('node3'));
      expect(textOf(made, 'record-stays')).toMatch(/goes on naming node3/);
      expect(recordsOf(made)).toEqual([]);
    }
  });
  const older = withFolder(
    withLocalInstance(soundCluster(), 'web1', 'node1', { ancestors: ['older'], replicaNodes: ['node3'] }),
    ['node3'],
    folderOf(
      recordOf(
        'web1',
        { id: 'older', place: { ...recordIn(named).place, storage: 'local-node3' } },
        localDirectory,
      ),
    ),
  );
  test('or an older state: its node is taken out as well', () => {
    const made = approving(older, discardOn('node3'), ['discard:web1@node3']);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made).slice(-4)).toEqual([
      'move-folder node3 !',
      'unlock node3',
      'write-record node1',
      'unlock node1',
    ]);
    expect(recordsOf(made).map((each) => each.replicaNodes)).toEqual([undefined]);
    expect(textOf(planned(silent(older, 'node1'), discardOn('node3')), 'record-stays')).toContain(
      'as a node that holds, or held, a copy or another state of it',
    );
  });
  test('but not while that node shows another folder of it', () => {
    const other = { path: `${localDirectory}/old`, name: 'old' };
    const more = folderOf(recordOf('web1', { id: 'older' }, localDirectory), { ...other, inode: 4712 });
    const made = planned(withFolder(older, ['node3'], more), discardOn('node3'));
    expect(reasonsBy(made, 'blocks')).toEqual([]);
    expect(recordsOf(made)).toEqual([]);
  });
  test('leaves the name where another replica stays on that node', () => {
    const twice = withFolder(
      replicated,
      ['node3'],
      folderOf(recordOf('web1', {}, localDirectory), {
        path: `${localDirectory}/old`,
        name: 'old',
        record: null,
        replica: true,
        replicaRecord: { ok: true, replica: replicaOf(recordIn(named)) },
      }),
    );
    expect(recordsOf(planned(twice, discardOn('node3')))).toEqual([]);
  });
});

test('a replica that comes back out of the trash is named first', () => {
  const inTrash = withFacts(withLocalInstance(soundCluster(), 'web1', 'node1'), 'node3', (facts) => ({
    storages: facts.storages.map((each) =>
      each.path === localDirectory
        ? {
            ...each,
            trash: ['web1.01234567.20260101T000000Z'],
            trashFolders: [
              {
                name: 'web1.01234567.20260101T000000Z',
                record: null,
                lock: null,
                replicaRecord: {
                  ok: true as const,
                  replica: replicaOf(recordOf('web1', {}, localDirectory)),
                },
              },
            ],
          }
        : each,
    ),
  }));
  const restore = {
    kind: 'restore',
    storageDirectory: localDirectory,
    trashName: 'web1.01234567.20260101T000000Z',
  } as const;
  const made = planned(inTrash, restore);
  expect(isOpen(made)).toBe(false);
  expect(orderOf(made)).toEqual([
    'lock node1',
    'write-record node1',
    'lock node3',
    'move-folder node3 !',
    'unlock node3',
    'unlock node1',
  ]);
  expect(recordsOf(made)[0]?.replicaNodes).toEqual(['node3']);
  // each node has a folder of that name, with a lock of its own
  const held = made.steps.map((each, index) =>
    locksHeldAt(made, index)
      .filter(({ node }) => each.nodes.includes(node))
      .map(({ node }) => node),
  );
  expect(held).toEqual([[], ['node1'], [], ['node3'], ['node3'], ['node1']]);
  for (const [index, each] of made.steps.entries())
    for (const { node } of locksHeldAt(made, index)) expect(each.nodes).toContain(node);
  expect(reasonsBy(planned(silent(inTrash, 'node1'), restore), 'consent')).toEqual(['record-away']);
});

/**
 * node1 was lost; node2 took over from its replica, then handed over to node3, and holds what that left: a replica whose record says
 * that node3 may start it. node3 is silent now, and node1 is back with what it held then.
 */
describe('the instance went on from a replica, and only another replica tells', () => {
  const before = withLocalInstance(soundCluster(), 'web1', 'node1', { replicaNodes: ['node2'] });
  const gone = (record: InstanceRecord): InstanceRecord => ({
    ...record,
    id: 'released',
    ancestors: ['taken', 'copied'],
    generation: 3,
    primary: null,
    next: 'node3',
    formerPrimaries: ['node2', 'node1'],
    replicaNodes: ['node2'],
  });
  /** node1 holds the very state of the copy, or wrote since. */
  const returned = (change: Partial<InstanceRecord>): Snapshot => {
    const now = changeFolder(
      before,
      folder,
      () => ({ record: { ok: true, record: { ...recordIn(before), ...change } } }),
      ['node1'],
    );
    return silent(withReplica(now, 'node2', gone(recordIn(before))), 'node3', 'unreachable', 'never');
  };
  const behind = returned({ id: 'copied' });
  const aside = returned({ id: 'other', ancestors: ['copied'] });
  const view = (snapshot: Snapshot) => findInstances(snapshot, 'web1')[0];

  test('what node1 holds is an older state, and starts nowhere', () => {
    expect(view(behind)).toMatchObject({ primary: 'node3', status: 'not-seen' });
    expect(view(behind)?.problems.map((each) => each.code)).toEqual(['record-unseen', 'superseded']);
    for (const intent of [start, { kind: 'replicate', instance: 'web1', node: 'node2' } as const]) {
      const made = approving(behind, intent, [], ['node3']);
      expect(isOpen(made)).toBe(true);
      expect(reasonsBy(made, 'blocks')).toContain('record-unseen');
    }
    // only the replica can be gone on from, with a word for node3
    const made = planned(behind, { ...failover, target: 'node2' });
    expect(reasonsBy(made, 'blocks')).toEqual([]);
    expect(reasonsBy(made, 'consent')).toEqual(['vouch-down:node3', 'replica-age']);
  });
  test('the replica that tells so is not discarded before the older state', () => {
    expect(reasonsBy(planned(behind, discardOn('node2')), 'blocks')).toEqual(['counts']);
    expect(reasonsBy(planned(behind, discardOn('node1')), 'blocks')).toEqual([]);
  });
  test('with writes of its own it is a fork: nothing starts, nothing is copied over, a person chooses', () => {
    expect(view(aside)).toMatchObject({ primary: 'node1' });
    expect(view(aside)?.problems.map((each) => each.code)).toContain('fork');
    for (const intent of [start, failover, { kind: 'replicate', instance: 'web1', node: 'node2' } as const])
      expect(reasonsBy(approving(aside, intent, [], ['node3']), 'blocks')).toContain('fork');
    const other = planned(aside, discardOn('node1'));
    expect(reasonsBy(other, 'blocks')).toEqual([]);
    expect(reasonsBy(other, 'consent')).toContain('discard:web1@node1');
  });
  test('discarding that branch asks for the node that may run it, and the record names it from then on', () => {
    const made = approving(aside, discardOn('node2'), ['discard:web1@node2']);
    expect(reasonsBy(made, 'consent')).toContain('vouch-down:node3');
    expect(isOpen(made)).toBe(true);
    const allowed = approving(aside, discardOn('node2'), ['discard:web1@node2'], ['node3']);
    expect(isOpen(allowed)).toBe(false);
    const order = orderOf(allowed);
    expect(order.indexOf('write-record node1')).toBeLessThan(order.indexOf('move-folder node2 !'));
    expect(order.indexOf('write-record node1')).toBeGreaterThan(-1);
    expect(recordsOf(allowed)[0]?.replicaNodes).toEqual(['node2', 'node3']);
    // what node2 showed lies in the trash then, and it shows nothing else of it
    expect(order.lastIndexOf('write-record node1')).toBeGreaterThan(order.indexOf('move-folder node2 !'));
    expect(recordsOf(allowed).map((each) => each.replicaNodes)).toEqual([['node2', 'node3'], ['node3']]);
    expect(recordsOf(allowed)[1]?.ancestors[0]).toBe(recordsOf(allowed)[0]?.id);
    // and while it can't be written, the replica stays
    const away = silent(aside, 'node1');
    expect(reasonsBy(planned(away, discardOn('node2')), 'blocks')).toContain('record-away');
  });
  test('a replica so old that the record forgot its id is a replica all the same', () => {
    const aged = withReplica(before, 'node3', {
      ...recordIn(before),
      id: 'long-ago',
      ancestors: ['longer-ago'],
    });
    expect(view(aged)?.problems).toEqual([]);
    expect(isOpen(planned(aged, start))).toBe(false);
  });
});

describe('the primary answers, and has lost its folder', () => {
  const before = withLocalInstance(soundCluster(), 'web1', 'node1', {
    adminState: 'up',
    replicaNodes: ['node2'],
  });
  const replicated = withReplica(before, 'node2', recordIn(before));
  const losses: [string, Snapshot, RegExp][] = [
    ['the folder', withFacts(replicated, 'node1', () => ({ folders: [] })), /shows no folder .*any more/],
    [
      'the storage',
      withFacts(replicated, 'node1', (facts) => ({
        folders: [],
        storages: facts.storages.map((each) =>
          each.path === localDirectory ? { ...each, state: 'missing' as const, id: null } : each,
        ),
      })),
      /its storage .* is not there/,
    ],
    [
      'the storage, which another took the place of',
      withFacts(replicated, 'node1', (facts) => ({
        folders: [],
        storages: facts.storages.map((each) =>
          each.path === localDirectory ? { ...each, id: 'new' } : each,
        ),
      })),
      /another storage than before/,
    ],
    [
      'the record',
      changeFolder(replicated, folder, () => ({ record: { ok: false, error: 'It is empty.' } }), ['node1']),
      /can't be read: It is empty/,
    ],
  ];
  test.each(losses)('%s: the replica is known, and can be taken over', (_title, snapshot, text) => {
    expect(findInstances(snapshot, 'web1')[0]).toMatchObject({
      primary: 'node1',
      status: 'unknown',
      statusText: expect.stringMatching(text),
    });
    const asked = planned(snapshot, failover);
    expect(reasonsBy(asked, 'blocks')).toEqual([]);
    // it answers, so that it does not run there is seen: nobody has to vouch for it
    expect(reasonsBy(asked, 'consent')).toEqual(['record-lost', 'replica-age']);
    expect(textOf(asked, 'record-lost')).toMatch(text);
    expect(isOpen(approving(snapshot, failover, ['replica-age']))).toBe(true);
    const made = approving(snapshot, failover, ['record-lost', 'replica-age']);
    expect(isOpen(made)).toBe(false);
    expect(recordsOf(made)).toMatchObject([
      { primary: 'node2', secondary: 'node1', formerPrimaries: ['node1'] },
    ]);
    expect(reasonsBy(planned(snapshot, start), 'blocks')).toContain('record-unseen');
  });
  const [, lost] = losses[0] ?? [];
  if (!lost) throw new Error('no snapshot');

  test('it is looked at by its uuid twice, and its record must not have come back', () => {
    const made = approving(lost, failover, ['record-lost', 'replica-age']);
    expect(orderOf(made)).toEqual([
      'lock node2',
      'verify-files node2',
      'check-config node2',
      'verdict node1',
      'check-absent node1',
      'verdict node2,node3',
      'start-domain node2',
      'write-record node2 !',
      'verdict node1',
      'check-absent node1',
      'verdict node3',
      'unpause-domain node2',
      'drop-replica node2',
      'unlock node2',
    ]);
    const looks = made.steps.filter((each) => each.action.do === 'verdict' && each.nodes[0] === 'node1');
    for (const { action } of looks) expect(action).toMatchObject({ images: [] });
  });
  test('not while it runs there', () => {
    const made = approving(withDomain(lost, 'node1', domainOf('web1')), failover, [
      'record-lost',
      'replica-age',
    ]);
    expect(reasonsBy(made, 'blocks')).toContain('running');
  });
  test.each(['running', 'paused'] as const)(
    'one that is %s there is ended by hand, which is said where it can be neither stopped nor taken over',
    (state) => {
      const domain = domainOf('web1', { state });
      const hand = `first look that “xl list -v ${domain.domid}” shows the uuid ${domain.uuid}; then`;
      const runs = withDomain(lost, 'node1', domain);
      for (const made of [
        textOf(approving(runs, failover, ['record-lost', 'replica-age']), state),
        textOf(
          // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
          planned(runs, { kind: 'stop', instance: 'web1', timeoutSeconds: 60, then: 'leave' }),
          'no-folder',
        ),
      ]) {
        expect(made).toContain(`On node1 it has to be ended by hand: ${hand}`);
        expect(made).toContain(`“xl destroy ${domain.domid}” ends it at once`);
        expect(made).not.toMatch(/stop the instance first/);
      }
      // where its folder can be locked, it is stopped from here
      expect(textOf(planned(withDomain(before, 'node1', domain), start), state)).not.toMatch(/by hand/);
    },
  );
  test('every silent node may have got it since', () => {
    const made = approving(silent(lost, 'node3'), failover, ['record-lost', 'replica-age']);
    expect(reasonsBy(made, 'consent')).toContain('vouch-down:node3');
    expect(isOpen(made)).toBe(true);
  });
  test('a folder of it in the trash is said', () => {
    const handed = { ...recordIn(before), primary: null, next: 'node3', generation: 2 };
    const trashed = withFacts(lost, 'node1', (facts) => ({
      storages: facts.storages.map((each) =>
        each.path === localDirectory
          ? {
              ...each,
              trash: ['web1.01234567.20260101T000000Z'],
              trashFolders: [
                {
                  name: 'web1.01234567.20260101T000000Z',
                  record: { ok: true as const, record: handed },
                  lock: null,
                },
              ],
            }
          : each,
      ),
    }));
    expect(textOf(planned(trashed, failover), 'in-trash')).toMatch(/handed over to node3/);
  });
  test('a target without a replica has nothing to go on from', () => {
    const made = planned(lost, { ...failover, target: 'node3' });
    expect(textOf(made, 'no-folder')).toMatch(/node3 holds no replica to go on from/);
    expect(made.steps).toEqual([]);
  });
  test('when what was lost comes back, it is an older state', () => {
    const made = approving(lost, failover, ['record-lost', 'replica-age']);
    const [record] = recordsOf(made);
    if (!record) throw new Error('no take-over');
    const back = changeFolder(
      replicated,
      folder,
      () => ({ record: { ok: true, record }, replica: false, replicaRecord: undefined }),
      ['node2'],
    );
    expect(findInstances(back, 'web1')[0]).toMatchObject({ primary: 'node2' });
    expect(findInstances(back, 'web1')[0]?.problems.map((each) => each.code)).toContain('superseded');
  });
});

test('files that another node still shows are said before a replica is gone on from', () => {
  const shared = withFacts(withInstance(soundCluster(), 'web1'), 'node3', (facts) => ({
    folders: [],
    storages: facts.storages.filter((each) => each.path === localDirectory),
  }));
  const replicated = withReplica(shared, 'node3', recordIn(shared));
  const made = planned(silent(replicated, 'node1'), { ...failover, target: 'node3' });
  expect(textOf(made, 'files-elsewhere')).toMatch(/node2 .*loses nothing/);
});

/** node2 took over from its replica while node1 was silent; node1 is back, and had given node4 a replica since that copy. */
describe('of two branches with records of their own', () => {
  const base = soundCluster(['node1', 'node2', 'node4']);
  const mine = withLocalInstance(base, 'web1', 'node1', {
    id: 'mine',
    ancestors: ['copied'],
    replicaNodes: ['node2', 'node4'],
  });
  const record = recordOf(
    'web1',
    {
      id: 'theirs',
      ancestors: ['copied'],
      generation: 2,
      primary: 'node2',
      secondary: 'node1',
      formerPrimaries: ['node1'],
      place: { ...recordIn(mine).place, storage: 'local-node2' },
    },
    localDirectory,
  );
  const forked = silent(withFolder(mine, ['node2'], folderOf(record)), 'node4', 'unreachable', 'never');
  test.each(['node1', 'node2'])('what goes on %s takes no knowledge of a silent node along', (node) => {
    const code = `discard:web1@${node}`;
    const asked = approving(forked, discardOn(node), [code]);
    const current = findInstances(forked, 'web1')[0]?.primary;
    expect(current).toBe('node2');
    // node4 may run the branch of node1, and that of node2 has nothing to do with it
    expect(reasonsBy(asked, 'consent')).toEqual(node === 'node1' ? ['vouch-down:node4', code] : [code]);
    const made = approving(forked, discardOn(node), [code], ['node4']);
    expect(isOpen(made)).toBe(false);
    expect(recordsOf(made).map((each) => [each.id === record.id, each.replicaNodes])).toEqual(
      node === 'node1' ? [[false, ['node4']]] : [],
    );
  });
});
