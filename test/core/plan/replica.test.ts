import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveInstances, findInstances, orphanFolders } from '../../../core/cluster/instances.ts';
import type { InstanceRecord } from '../../../core/cluster/record.ts';
import type { ReplicaRecord } from '../../../core/cluster/replica.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { readinessOf } from '../../../core/failover/readiness.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { overtakenText } from '../../../core/plan/overtaken.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  domainOf,
  folderOf,
  localDirectory,
  nobody,
  recordOf,
  silent,
  soundCluster,
  takenAt,
  uuidOf,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import {
  carryOut,
  startable,
  unnamedHolders,
  type World,
  wholeImages,
  withoutIds,
  worldOf,
} from './copy-world.ts';
import { isOpen, orderOf, planned, reasonsBy, runOf, textOf, undoOrderOf } from './support.ts';

const folder = `${localDirectory}/web1`;
const hour = 3_600_000;

/** The record of web1 on node1's own storage. */
const recordIn = (snapshot: Snapshot, node = 'node1'): InstanceRecord => {
  const found = snapshot.nodes.find((each) => each.name === node)?.facts?.folders[0]?.record;
  if (!found?.ok) throw new Error('no record');
  return found.record;
};
const replicaOf = (record: InstanceRecord, change: Partial<ReplicaRecord> = {}): ReplicaRecord => ({
  version: 1,
  copy: 'thecopy',
  source: 'node1',
  record,
  disks: [
    { file: 'sda', type: 'raw', size: record.disks[0]?.size ?? 0, content: 'a'.repeat(64) },
    { file: 'sdb', type: 'raw', size: record.disks[1]?.size ?? 0, content: 'b'.repeat(64) },
  ],
  when: new Date(takenAt - 3 * hour).toISOString(),
  written: { by: 'alice@desk', run: 'earlier' },
  ...change,
});
const withReplica = (snapshot: Snapshot, node: string, replica: ReplicaRecord): Snapshot =>
  withFolder(
    snapshot,
    [node],
    folderOf(recordOf('web1', { uuid: replica.record.uuid }, localDirectory), {
      record: null,
      replica: true,
      replicaRecord: { ok: true, replica },
      inode: 4711,
    }),
  );

const stopped = withLocalInstance(soundCluster(), 'web1', 'node1');
const running = withDomain(
  withLocalInstance(soundCluster(), 'web1', 'node1', { adminState: 'up' }),
  'node1',
  domainOf('web1'),
);
const replicated = withReplica(stopped, 'node2', replicaOf(recordIn(stopped)));
const runningReplicated = withReplica(
  running,
  'node2',
  replicaOf({ ...recordIn(running), id: 'before-it-started' }),
);
const view = (snapshot: Snapshot) => {
  const [found] = findInstances(snapshot, 'web1');
  if (!found) throw new Error('no web1');
  return found;
};
const replicate = (snapshot: Snapshot, node: string | null = null): Plan =>
  planned(snapshot, { kind: 'replicate', instance: 'web1', node });
const failover = (snapshot: Snapshot, accept: string[] = [], vouched: string[] = []): Plan =>
  planned(
    snapshot,
    { kind: 'failover', instance: 'web1', target: null, timeoutSeconds: 120 },
    { accept, vouched: vouched.map((node) => ({ node, how: 'fenced' })) },
  );
const recordsOf = (made: Plan): InstanceRecord[] =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []));

describe('a replica that is seen', () => {
  test('belongs to its instance, with its age, and is no folder of it', () => {
    expect(view(replicated).replicas).toMatchObject([
      { node: 'node2', seen: true, folder, age: 3 * hour, current: true, problem: null },
    ]);
    expect(view(replicated).folders.map((each) => each.node)).toEqual(['node1']);
    expect(view(replicated).problems).toEqual([]);
    expect(view(runningReplicated).replicas).toMatchObject([{ current: false }]);
    expect(orphanFolders(replicated)).toEqual([]);
  });
  test('whose copy was cut off says so', () => {
    const cut = changeFolder(
      replicated,
      folder,
      (each) => ({ files: each.files.map((file) => ({ ...file, name: `${file.name}.partial.run1` })) }),
      ['node2'],
    );
    expect(view(cut).replicas[0]?.problem).toMatch(/begun and not ended/);
  });
  test('starting the instance makes it an old one, whatever the record said before', () => {
    const up = withLocalInstance(soundCluster(), 'web1', 'node1', { adminState: 'up' });
    const start = (snapshot: Snapshot): Plan => planned(snapshot, { kind: 'start', instance: 'web1' });
    // also where none is seen: one may lie on a node that was never asked
    expect(orderOf(start(up))).toContain('write-record node1');
    expect(orderOf(start(withReplica(up, 'node2', replicaOf(recordIn(up)))))).toContain('write-record node1');
  });
});

describe('replicate', () => {
  test('makes a folder that has no record at any moment', () => {
    const made = replicate(stopped);
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
      'verify-unchanged node1',
      'write-replica node2 !',
      'unlock node2',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'remove-file node2',
      'drop-partial node2',
      'remove-file node2',
      'drop-partial node2',
      'remove-file node2',
      'write-record node1',
      'drop-folder node2',
      'unlock node1',
    ]);
    const written = made.steps.flatMap((each) =>
      each.action.do === 'write-replica' ? [each.action] : [],
    )[0];
    // the record names the node before there is anything on it, and the replica is of that record
    expect(recordsOf(made)).toMatchObject([{ primary: 'node1', replicaNodes: ['node2'] }]);
    expect(written?.replica).toMatchObject({ source: 'node1', record: { id: recordsOf(made)[0]?.id } });
    expect(written?.expectCopy).toBeNull();
  });
  test('once more: the old replica is gone on from', () => {
    const named = withLocalInstance(soundCluster(), 'web1', 'node1', { replicaNodes: ['node2'] });
    const made = replicate(withReplica(named, 'node2', replicaOf(recordIn(named))));
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'lock node2',
      'verdict node1,node2,node3',
      'verify-files node1',
      'reopen-replica node2',
      'copy-image node1',
      'accept-copy node2',
      'copy-image node1',
      'accept-copy node2',
      'verify-unchanged node1',
      'write-replica node2 !',
      'unlock node2',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual(['reseal-replica node2', 'unlock node2', 'unlock node1']);
  });
  test('without a secondary, the node becomes it first, and the replica knows that record', () => {
    const made = replicate(withLocalInstance(soundCluster(), 'web1', 'node1', { secondary: null }), 'node3');
    const [record] = recordsOf(made);
    expect(record).toMatchObject({ secondary: 'node3', primary: 'node1', replicaNodes: ['node3'] });
    const written = made.steps.flatMap((each) =>
      each.action.do === 'write-replica' ? [each.action] : [],
    )[0];
    expect(written?.replica.record.id).toBe(record?.id);
  });
  test.each([
    ['a running guest', running, null, 'running', /can't be copied at one moment/],
    [
      'a node that sees the same files',
      withInstance(soundCluster(), 'web1'),
      null,
      'same-place',
      /nothing to copy/,
    ],
    ['its own primary', stopped, 'node1', 'same-node', /another node/],
    [
      'no secondary',
      withLocalInstance(soundCluster(), 'web1', 'node1', { secondary: null }),
      null,
      'no-target',
      /name the node/,
    ],
    ['a silent source', silent(stopped, 'node1'), null, 'not-answering', /node1/],
  ] as const)('not of %s', (_title, snapshot, node, code, text) => {
    const made = replicate(snapshot, node);
    expect(textOf(made, code)).toMatch(text);
    expect(reasonsBy(made, 'blocks')).toContain(code);
  });
});

describe('failover without shared storage, the source answers', () => {
  test('stop, final copy, create paused, release, acquire, let run, replica', () => {
    const made = failover(runningReplicated);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'lock node2',
      'write-record node1',
      'check-config node2',
      'shut-down node1',
      'end-domain node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'reopen-replica node2',
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
    expect(undoOrderOf(made).slice(0, 4)).toEqual([
      'end-domain node2',
      'verdict node1,node2,node3',
      'write-record node1',
      'reseal-replica node2',
    ]);
    expect(undoOrderOf(made).slice(-7)).toEqual([
      'let-go-on node1',
      'let-go-on node1',
      'verdict node2,node3',
      'put-back node1',
      // already written, as what goes on from the copied state
      'write-record node1',
      'unlock node2',
      'unlock node1',
    ]);
    expect(recordsOf(made)[2]).toMatchObject({
      secondary: 'node1',
      place: { inode: 4711 },
      // what is left on the source is a replica; the target holds none any more
      replicaNodes: ['node1'],
    });
    expect(made.effects).toMatchObject({ newBytes: 0 });
  });
  test('also where there is no replica yet', () => {
    const made = failover(running);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toContain('make-folder node2');
    // it would be lost with its node, whatever can be copied now
    expect(readinessOf(view(running), 'node2', running)).toMatchObject({
      verdict: 'warning',
      text: 'only while node1 answers: its images are copied then, for node2 holds no replica',
    });
    expect(readinessOf(view(runningReplicated), 'node2', runningReplicated)).toMatchObject({
      verdict: 'ready',
      text: 'ready: replica 3 h old',
    });
  });
});

describe('failover to a replica, the source is silent', () => {
  const gone = silent(runningReplicated, 'node1');
  test('needs a word for the source and one for the lost time, with the age in it', () => {
    const asked = failover(gone);
    expect(reasonsBy(asked, 'blocks')).toEqual([]);
    expect(reasonsBy(asked, 'consent')).toEqual(['vouch-down:node1', 'replica-age']);
    expect(textOf(asked, 'replica-age')).toMatch(/3 h old.*everything that web1 wrote since is missing/);
    expect(isOpen(failover(gone, ['replica-age']))).toBe(true);
    expect(isOpen(failover(gone, ['vouch-down:node1', 'replica-age']))).toBe(true);
    expect(isOpen(failover(gone, [], ['node1']))).toBe(true);
    expect(isOpen(failover(gone, ['replica-age'], ['node1']))).toBe(false);
  });
  test('without the folder on the source there is nothing to copy from, and that is said', () => {
    const elsewhere = withLocalInstance(soundCluster(), 'web1', 'node1', { primary: 'node3' });
    const made = failover(elsewhere);
    expect(made.steps).toEqual([]);
    expect(textOf(made, 'no-folder')).toContain('node3 is the primary of web1, but does not show its folder');
  });
  test('what was proved of its content is compared again before anything is started from it', () => {
    const content = 'ab'.repeat(32);
    const [sda, sdb] = replicaOf(recordIn(stopped)).disks;
    const proved = changeFolder(
      gone,
      folder,
      () => ({
        replicaRecord: {
          ok: true,
          replica: replicaOf(recordIn(stopped), {
            disks:
              sda && sdb
                ? [
                    { ...sda, content },
                    { ...sdb, content: null },
                  ]
                : [],
          }),
        },
      }),
      ['node2'],
    );
    const made = failover(proved, ['replica-age'], ['node1']);
    expect(made.steps.find((each) => each.action.do === 'hash-images')?.action).toEqual({
      do: 'hash-images',
      images: [`${folder}/sda`],
      expect: [content],
    });
    const order = orderOf(made);
    expect(order.indexOf('hash-images node2')).toBeLessThan(
      order.findIndex((each) => each.startsWith('write-record')),
    );
    expect(textOf(made, 'content-unknown')).toContain(`${folder}/sdb`);
  });
  test('never from a xen.cfg beside the replica that disagrees with what was copied', () => {
    const edited = changeFolder(
      gone,
      folder,
      (each) => ({ config: (each.config ?? '').replace('format=raw', 'format=qcow2') }),
      ['node2'],
    );
    const made = failover(edited, ['replica-age'], ['node1']);
    expect(isOpen(made)).toBe(true);
    expect(textOf(made, 'config')).toContain('This is about the replica on node2.');
    for (const { action } of made.steps)
      if (action.do === 'start-domain') expect(action.configSum).toBeNull();
  });
  test('goes on from the record of the copy', () => {
    const made = failover(gone, ['replica-age'], ['node1']);
    expect(orderOf(made)).toEqual([
      'lock node2',
      'verify-files node2',
      'hash-images node2',
      'check-config node2',
      'verdict node2,node3',
      'start-domain node2',
      'write-record node2 !',
      'verdict node3',
      'unpause-domain node2',
      'drop-replica node2',
      'unlock node2',
    ]);
    expect(recordsOf(made)).toMatchObject([
      {
        primary: 'node2',
        secondary: 'node1',
        generation: 2,
        ancestors: ['before-it-started'],
        formerPrimaries: ['node1'],
        vouchings: [{ node: 'node1', how: 'fenced' }],
        place: { storage: 'local-node2', path: folder, inode: 4711 },
      },
    ]);
  });
  test('every image of its record is compared, also one of which replica.json says nothing', () => {
    const read = (made: Plan): unknown => made.steps.find((each) => each.action.do === 'hash-images')?.action;
    const made = failover(gone, ['replica-age'], ['node1']);
    expect(read(made)).toEqual({
      do: 'hash-images',
      images: [`${folder}/sda`, `${folder}/sdb`],
      expect: ['a'.repeat(64), 'b'.repeat(64)],
    });
    expect(textOf(made, 'content')).toMatch(/read and compared again/);
    expect(textOf(made, 'content-unknown')).toBe('');
    const whole = replicaOf({ ...recordIn(running), id: 'before-it-started' });
    const shown = { ...whole, disks: whole.disks.filter((each) => each.file !== 'sdb') };
    const partly = failover(
      silent(withReplica(running, 'node2', shown), 'node1'),
      ['replica-age'],
      ['node1'],
    );
    expect(read(partly)).toMatchObject({ images: [`${folder}/sda`] });
    expect(textOf(partly, 'content-unknown')).toMatch(/sdb: no content was noted .* only its type and size/);
  });
  test('a base of a linked clone is no part of the replica: it is there, and said to be unproved, or nothing starts', () => {
    const linked = (base: string): Plan =>
      failover(
        changeFolder(
          gone,
          folder,
          (each) => ({
            files: each.files.map((file) => (file.name === 'sda' ? { ...file, backing: base } : file)),
          }),
          ['node2'],
        ),
        ['replica-age'],
        ['node1'],
      );
    expect(textOf(linked(`${folder}/sdb`), 'base-unproved')).toMatch(/the very same is not proved/);
    expect(textOf(linked(`${localDirectory}/base/disk`), 'base-missing')).toMatch(/node2 does not show/);
    expect(isOpen(linked(`${localDirectory}/base/disk`))).toBe(true);
    expect(textOf(linked('/etc/shadow'), 'base-outside')).toMatch(/guest can write such a name/);
  });
  test.each([
    ['there is none', silent(running, 'node1'), 'no-replica', /nothing to go on from/],
    [
      'it is not whole',
      changeFolder(gone, folder, (each) => ({ files: each.files.slice(1) }), ['node2']),
      'replica-broken',
      /sda is missing/,
    ],
    [
      'the instance was removed since',
      withFacts(gone, 'node3', () => ({ tombstones: [uuidOf('web1')] })),
      'removed',
      /It was removed/,
    ],
    [
      'somebody works in it',
      changeFolder(gone, folder, () => ({ lock: { ok: false, error: 'x' } }), ['node2']),
      'locked',
      /wait for that run/,
    ],
  ] as const)('is refused where %s', (_title, snapshot, code, text) => {
    const made = failover(snapshot, ['replica-age'], ['node1']);
    expect(textOf(made, code)).toMatch(text);
    expect(reasonsBy(made, 'blocks')).toContain(code);
  });
});

describe('a workstation that has never seen the primary', () => {
  const never = silent(replicated, 'node1', 'unreachable', 'never');
  test('knows the instance by its replica, and can go on from it', () => {
    expect(view(never)).toMatchObject({ status: 'not-seen', primary: 'node1', folders: [] });
    const made = failover(never, ['replica-age'], ['node1']);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toContain('write-record node2 !');
    for (const kind of ['start', 'replicate', 'clone', 'remove', 'move'] as const) {
      const base = { instance: 'web1', node: null, storageDirectory: null };
      const refused =
        kind === 'start'
          ? planned(never, { kind, instance: 'web1' })
          : kind === 'replicate'
            ? planned(never, { kind, instance: 'web1', node: null })
            : kind === 'clone'
              ? planned(never, { ...base, kind, name: 'web9' })
              : kind === 'move'
                ? planned(never, { ...base, kind, node: 'node3', removeSource: true, timeoutSeconds: 1 })
                : planned(never, { kind, instance: 'web1', purge: true, timeoutSeconds: 1 });
      expect(reasonsBy(refused, 'blocks')).not.toEqual([]);
    }
  });
  test('so does one whose node answers without the storage that held it', () => {
    const lost = withFacts(replicated, 'node1', (facts) => ({
      folders: [],
      storages: facts.storages.map((each) => (each.path === localDirectory ? { ...each, id: 'new' } : each)),
    }));
    expect(view(lost)).toMatchObject({ status: 'unknown', primary: 'node1', folders: [] });
    expect(view(lost).statusText).toContain('answers, but /srv/local there is another storage than before');
    const made = failover(lost, ['replica-age', 'record-lost']);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toContain('write-record node2 !');
    // what still runs there is never joined by a second one
    const runs = withDomain(lost, 'node1', domainOf('web1', { uuid: view(lost).uuid }));
    expect(reasonsBy(failover(runs, ['replica-age']), 'blocks')).toContain('running');
  });
  test('but not of one that was removed', () => {
    const gone = withFacts(replicated, 'node1', () => ({ folders: [], tombstones: [uuidOf('web1')] }));
    expect(deriveInstances(gone)).toEqual([]);
  });
});

describe('the old primary returns', () => {
  /** node1 as it was, node2 with the record of the take-over. */
  const returned = (base: Snapshot): Snapshot => {
    const made = failover(silent(base, 'node1'), ['replica-age'], ['node1']);
    const [record] = recordsOf(made);
    if (!record) throw new Error('no take-over');
    return changeFolder(
      withDomain(
        withFacts(base, 'node1', (each) => ({ domains: each.domains.slice(0, 1) })),
        'node2',
        domainOf('web1'),
      ),
      folder,
      () => ({ record: { ok: true, record }, replica: false, replicaRecord: undefined }),
      ['node2'],
    );
  };
  const starts = (snapshot: Snapshot): boolean =>
    !isOpen(planned(snapshot, { kind: 'start', instance: 'web1' }));

  test('unchanged since the copy: an older state, which nothing starts', () => {
    const back = returned(withReplica(stopped, 'node2', replicaOf(recordIn(stopped))));
    expect(view(back)).toMatchObject({ primary: 'node2', status: 'running' });
    expect(view(back).problems.map((each) => each.code)).toContain('superseded');
    expect(starts(back)).toBe(false);
    const without = withFacts(back, 'node2', (each) => ({ domains: each.domains.slice(0, 1) }));
    const made = planned(without, { kind: 'start', instance: 'web1' });
    for (const step of made.steps)
      if (step.action.do === 'start-domain') expect(step.nodes).toEqual(['node2']);
  });
  test('with writes since the copy: a fork; nothing starts until a person has chosen', () => {
    const back = returned(runningReplicated);
    expect(view(back).problems.map((each) => each.code)).toContain('fork');
    expect(starts(withFacts(back, 'node2', (each) => ({ domains: each.domains.slice(0, 1) })))).toBe(false);
    // neither branch is copied over, by whatever way
    for (const made of [replicate(back, 'node1'), failover(back)])
      expect(reasonsBy(made, 'blocks')).toContain('fork');
    const discard = (accept: string[]): Plan =>
      planned(
        back,
        {
          kind: 'discard',
          instance: uuidOf('web1'),
          node: view(back).primary === 'node2' ? 'node1' : 'node2',
          path: folder,
        },
        { accept, vouched: [] },
      );
    expect(reasonsBy(discard([]), 'consent')).toEqual(['discard:web1@node1']);
    expect(textOf(discard([]), 'discard:web1@node1')).toMatch(/nowhere else/);
    const made = discard(['discard:web1@node1']);
    expect(isOpen(made)).toBe(false);
    // and node1, which shows nothing else of it, is no holder any more
    expect(orderOf(made)).toEqual([
      'lock node2',
      'lock node1',
      'verify-files node1',
      'check-unused node1',
      'verdict node1',
      'move-folder node1 !',
      'unlock node1',
      'write-record node2',
      'unlock node2',
    ]);
    expect(view(back).record.replicaNodes).toEqual(['node1']);
    expect(recordsOf(made).map((each) => each.replicaNodes)).toEqual([undefined]);
  });
});

test('of two branches either may be chosen, once the guest is stopped', () => {
  const made = failover(silent(runningReplicated, 'node1'), ['replica-age'], ['node1']);
  const [record] = recordsOf(made);
  if (!record) throw new Error('no take-over');
  const forked = (runs: boolean): Snapshot => {
    const alone = withFacts(runningReplicated, 'node1', (each) => ({ domains: each.domains.slice(0, 1) }));
    return changeFolder(
      runs ? withDomain(alone, 'node2', domainOf('web1')) : alone,
      folder,
      () => ({ record: { ok: true, record }, replica: false, replicaRecord: undefined }),
      ['node2'],
    );
  };
  const stop = planned(forked(true), {
    kind: 'stop',
    instance: 'web1',
    timeoutSeconds: 60,
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    then: 'force',
  });
  expect(isOpen(stop)).toBe(false);
  expect(reasonsBy(stop, 'warning')).toContain('fork');
  const discard = (snapshot: Snapshot, node: string): Plan =>
    planned(
      snapshot,
      { kind: 'discard', instance: 'web1', node, path: folder },
      { accept: [`discard:web1@${node}`], vouched: [] },
    );
  expect(reasonsBy(discard(forked(true), 'node2'), 'blocks')).toEqual(['running']);
  for (const node of ['node1', 'node2']) expect(isOpen(discard(forked(false), node))).toBe(false);
});

describe('a hand-over that was cut off after the release', () => {
  /** The world after so many steps of a failover, as the nodes show it; the run's locks were broken. */
  const cutOff = (count: number): Snapshot => {
    const made = failover(stopped);
    const at = made.steps.findIndex((each) => each.commit) + 1;
    const world = carryOut(stopped, made, at + count, () => undefined);
    const shown = (node: string): Snapshot => {
      const found = world.folders.get(`${node} ${folder}`);
      const base = node === 'node1' ? stopped : withReplica(stopped, node, replicaOf(recordIn(stopped)));
      return changeFolder(
        base,
        folder,
        () => ({
          record: found?.record ? { ok: true, record: found.record } : null,
          replica: Boolean(found?.replica),
          replicaRecord: found?.replica ? { ok: true, replica: found.replica } : undefined,
        }),
        [node],
      );
    };
    const target = shown('node2').nodes.find((each) => each.name === 'node2')?.facts?.folders ?? [];
    return withFacts(shown('node1'), 'node2', () => ({ folders: target }));
  };
  test('starts nowhere, and goes on from the very copy of that run', () => {
    const cut = cutOff(0);
    expect(view(cut).primary).toBeNull();
    expect(reasonsBy(planned(cut, { kind: 'start', instance: 'web1' }), 'blocks')).toContain('hand-over');
    const made = failover(cut);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node2',
      'verdict node1,node2,node3',
      'verify-files node2',
      'hash-images node2',
      'write-record node2 !',
      'drop-replica node2',
      'unlock node2',
    ]);
    expect(recordsOf(made)).toMatchObject([{ primary: 'node2', generation: 2 }]);
    expect(recordsOf(made)[0]?.ancestors[0]).toBe(view(cut).record.id);
  });
  test('compares the very content that the run proved', () => {
    expect(failover(cutOff(0)).steps.find((each) => each.action.do === 'hash-images')?.action).toEqual({
      do: 'hash-images',
      images: [`${folder}/sda`, `${folder}/sdb`],
      expect: ['f'.repeat(64), 'f'.repeat(64)],
    });
  });
  test('when the target is lost for good, the source gets it back; and the run does not go on behind that', () => {
    const lost = silent(cutOff(0), 'node2');
    const asked = failover(lost);
    expect(textOf(asked, 'target-lost')).toContain(
      `web1 was released to node2, which does not answer: wait for it. Only if node2, or the copy on it, is lost for good: vbdesk instance claim web1 --as moved --path ${folder} -n node1`,
    );
    const claim = planned(
      lost,
      { kind: 'claim', instance: 'web1', path: folder, as: 'moved', primary: 'node1' },
      { accept: [], vouched: [{ node: 'node2', how: 'it burnt' }] },
    );
    expect(isOpen(claim)).toBe(false);
    const [record] = recordsOf(claim);
    if (!record) throw new Error('no claim');
    expect(record).toMatchObject({
      primary: 'node1',
      generation: 3,
      formerPrimaries: ['node2'],
      replicaNodes: ['node2'],
      vouchings: [{ node: 'node2' }],
    });
    expect(record.next).toBeUndefined();
    const claimed = changeFolder(lost, folder, () => ({ record: { ok: true, record } }), ['node1']);
    const made = failover(stopped);
    const at = made.steps.findIndex((each) => each.commit);
    const run = runOf(made, at + 1);
    expect(overtakenText(run, lost)).toBeNull();
    expect(overtakenText(run, claimed)).toMatch(/somebody went on without this run/);
    expect(
      overtakenText(
        run,
        withFacts(lost, 'node3', () => ({ tombstones: [uuidOf('web1')] })),
      ),
    ).toMatch(/web1 was removed since \(so says node3\)/);
    // before the point of no return nothing rests on it
    expect(overtakenText(runOf(made, at), claimed)).toBeNull();
  });
  test('not from another copy, and not while the run holds its locks', () => {
    const other = changeFolder(
      cutOff(0),
      folder,
      () => ({ replicaRecord: { ok: true, replica: replicaOf(recordIn(stopped)) } }),
      ['node2'],
    );
    expect(reasonsBy(failover(other), 'blocks')).toEqual(['hand-over']);
    const locked = changeFolder(cutOff(0), folder, () => ({ lock: { ok: false, error: 'x' } }), ['node2']);
    expect(reasonsBy(failover(locked), 'blocks')).toContain('locked');
  });
  test('after the acquisition the source is an older state', () => {
    const cut = cutOff(1);
    expect(view(cut)).toMatchObject({ primary: 'node2' });
    expect(view(cut).problems.map((each) => each.code)).toContain('superseded');
  });
  test('when the target is lost after it acquired, the source is claimed, and starts', () => {
    const cut = cutOff(1);
    const later = view(cut).record;
    const lost = silent(cut, 'node2');
    const intent: Intent = { kind: 'claim', instance: 'web1', path: folder, as: 'moved', primary: 'node1' };
    const back: Intent = { kind: 'failover', instance: 'web1', target: 'node1', timeoutSeconds: 60 };
    expect(textOf(planned(lost, back), 'no-replica')).toContain(
      `node1 shows another state of it in ${folder}: only if the later one is lost for good, vbdesk instance claim web1 --as moved --path ${folder} -n node1 makes`,
    );
    // while it answers, it is the one that counts
    expect(reasonsBy(planned(cut, intent), 'blocks')).toContain('still-there');
    const asked = planned(lost, intent);
    expect(reasonsBy(asked, 'blocks')).toEqual([]);
    expect(reasonsBy(asked, 'consent').toSorted()).toEqual(['give-up-later', 'vouch-down:node2']);
    const vouched = [{ node: 'node2', how: 'it burnt' }];
    const claim = planned(lost, intent, { accept: ['give-up-later'], vouched });
    expect(isOpen(claim)).toBe(false);
    const [record] = recordsOf(claim);
    if (!record) throw new Error('no claim');
    expect(record.generation).toBeGreaterThan(later.generation);
    expect(record).toMatchObject({ primary: 'node1', replicaNodes: ['node2'], formerPrimaries: ['node2'] });
    const claimed = changeFolder(lost, folder, () => ({ record: { ok: true, record } }), ['node1']);
    expect(view(claimed)).toMatchObject({ primary: 'node1' });
    const start = planned(claimed, { kind: 'start', instance: 'web1' }, { accept: [], vouched });
    expect(reasonsBy(start, 'blocks')).toEqual([]);
    // as it was seen last it is an older state; what it wrote since is a branch that a person chooses
    const returned = (found: InstanceRecord): string[] => {
      const shown = changeFolder(cut, folder, () => ({ record: { ok: true, record } }), ['node1']);
      return view(
        changeFolder(shown, folder, () => ({ record: { ok: true, record: found } }), ['node2']),
      ).problems.map((each) => each.code);
    };
    expect(returned(later)).toContain('superseded');
    expect(returned(later)).not.toContain('fork');
    expect(returned({ ...later, id: 'since', ancestors: [later.id, ...later.ancestors] })).toContain('fork');
  });
});

test('a node besides the secondary that is given a replica is written down first, and asked about ever after', () => {
  const made = planned(stopped, { kind: 'replicate', instance: 'web1', node: 'node3' });
  expect(orderOf(made).slice(0, 3)).toEqual(['lock node1', 'make-folder node3', 'write-record node1']);
  const [record] = recordsOf(made);
  expect(record).toMatchObject({ secondary: 'node2', replicaNodes: ['node3'] });
  // a workstation that never saw it asks all the same
  const told = withLocalInstance(soundCluster(), 'web1', 'node1', { replicaNodes: ['node3'] });
  const start = planned(silent(told, 'node3', 'unreachable', 'never'), { kind: 'start', instance: 'web1' });
  expect(textOf(start, 'vouch-down:node3')).toMatch(/holds, or held, a copy/);
  const without = withLocalInstance(soundCluster(), 'web1', 'node1');
  const free = planned(silent(without, 'node3', 'unreachable', 'never'), { kind: 'start', instance: 'web1' });
  expect(reasonsBy(free, 'consent')).toEqual([]);
});

test('a hand-over and a take-over remember every node that may hold a replica, of either branch', () => {
  const record = recordIn(stopped);
  const over = planned(withReplica(stopped, 'node3', replicaOf(record)), {
    ...{ kind: 'failover', instance: 'web1', target: 'node3', timeoutSeconds: 120 },
  });
  expect(recordsOf(over).find((each) => each.primary === 'node3')).toMatchObject({
    secondary: 'node1',
    // what is left on node1 becomes one
    replicaNodes: ['node2', 'node1'],
  });
  // node3 got one after the copy on node2 was made: only the record on node1 knows
  const newer = withReplica(
    withLocalInstance(soundCluster(), 'web1', 'node1', {
      replicaNodes: ['node3'],
      vouchings: [{ node: 'node3', who: 'a@b', how: 'x', when: '2026-01-01T00:00:00Z' }],
    }),
    'node2',
    replicaOf(record),
  );
  const taken = failover(silent(newer, 'node1'), ['replica-age'], ['node1']);
  const next = recordsOf(taken).find((each) => each.primary === 'node2');
  expect(next?.replicaNodes).toEqual(['node3', 'node1']);
  expect(next?.vouchings.map((each) => each.node)).toEqual(['node3', 'node1']);
});

test('a silent node that held a replica may have been started from', () => {
  const far = silent(withReplica(stopped, 'node3', replicaOf(recordIn(stopped))), 'node3');
  const made = planned(far, { kind: 'start', instance: 'web1' });
  expect(reasonsBy(made, 'consent')).toEqual(['vouch-down:node3']);
  expect(textOf(made, 'vouch-down:node3')).toMatch(/held a replica/);
});

describe('after a removal', () => {
  test('a replica that returns is no instance, and says what it is left of', () => {
    const left = withFacts(
      withFacts(replicated, 'node1', () => ({ folders: [], tombstones: [uuidOf('web1')] })),
      'node2',
      () => ({}),
    );
    expect(deriveInstances(left)).toEqual([]);
    expect(orphanFolders(left)).toMatchObject([
      { kind: 'replica', text: expect.stringMatching(/was removed since/) },
    ]);
    expect(textOf(failover(left, ['replica-age'], ['node1']), 'no-instance')).toMatch(/web1/);
    const made = planned(
      left,
      { kind: 'discard', instance: 'web1', node: 'node2', path: folder },
      { accept: ['discard:web1@node2'], vouched: [] },
    );
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node2',
      'verify-files node2',
      'check-unused node2',
      'verdict node2',
      'move-folder node2 !',
      'unlock node2',
    ]);
  });
});

test('discarding takes nothing that counts', () => {
  const discard = (node: string): Plan =>
    planned(replicated, { kind: 'discard', instance: 'web1', node, path: folder }, nobody);
  expect(reasonsBy(discard('node1'), 'blocks')).toEqual(['not-discardable']);
  expect(reasonsBy(discard('node2'), 'blocks')).toEqual([]);
  expect(reasonsBy(discard('node3'), 'blocks')).toEqual(['not-discardable']);
});

test('never two places from which it may start, whatever the step at which a failover ends and is taken back', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), fc.nat(), (runs, hasReplica, at) => {
      const base = runs ? running : stopped;
      const snapshot = hasReplica
        ? withReplica(base, 'node2', replicaOf({ ...recordIn(base), id: 'earlier' }))
        : base;
      const made = failover(snapshot);
      expect(isOpen(made)).toBe(false);
      const count = at % (made.steps.length + 1);
      const commit = made.steps.findIndex((each) => each.commit);
      const uuid = uuidOf('web1');
      const isNamed = (now: World): boolean =>
        now.folders.get(`node1 ${folder}`)?.record?.id !== recordIn(base).id;
      const world = carryOut(snapshot, made, count, (now) => {
        expect(startable(now, uuid).length).toBeLessThanOrEqual(1);
        expect(now.domains.size).toBeLessThanOrEqual(1);
        for (const [node, state] of now.domains)
          if (state === 'running') expect(startable(now, uuid)).toEqual([`${node} ${folder}`]);
        // one that the record does not know yet was there before
        expect(unnamedHolders(now, uuid)).toEqual(isNamed(now) ? [] : hasReplica ? ['node2'] : []);
        // the images of the source are never touched
        expect(wholeImages(now, `node1 ${folder}`)).toEqual(['sda', 'sdb']);
      });
      if (count <= commit) {
        expect(startable(world, uuid)).toEqual([`node1 ${folder}`]);
        expect([...world.domains]).toEqual(runs ? [['node1', 'running']] : []);
        expect([...world.folders.values()].every((each) => each.lock === null)).toBe(true);
        // but for the record, which is written once more to say what it said
        if (!hasReplica) expect(withoutIds(world)).toEqual(withoutIds(worldOf(snapshot)));
        return;
      }
      if (count < made.steps.length) return;
      expect(startable(world, uuid)).toEqual([`node2 ${folder}`]);
      expect(world.folders.get(`node1 ${folder}`)?.replica).not.toBeNull();
      expect(world.folders.get(`node2 ${folder}`)?.replica).toBeNull();
    }),
    { numRuns: 300 },
  );
});
