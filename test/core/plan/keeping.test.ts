/** Remove, restore, claim, unlock, and the founding of a cluster. */
import { describe, expect, test } from 'vitest';
import type { InstanceRecord, LockContent } from '../../../core/cluster/record.ts';
import type { Snapshot, TrashFacts } from '../../../core/cluster/snapshot.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { sha256 } from '../../../core/plan/sha256.ts';
import {
  changeFolder,
  clusterUuid,
  configOf,
  domainOf,
  folderOf,
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
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const folder = `${sharedDirectory}/web1`;
const stopped = withInstance(soundCluster(), 'web1');
const running = withInstance(soundCluster(), 'web1', {}, 'node1');
const recordsOf = (made: Plan): InstanceRecord[] =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []));

describe('remove', () => {
  const remove = (snapshot: Snapshot, purge = false): Plan =>
    planned(snapshot, { kind: 'remove', instance: 'web1', purge, timeoutSeconds: 60 });
  const trash = `${sharedDirectory}/.trash/web1.${uuidOf('web1').slice(0, 8)}.20261125T120000Z`;

  test('stops, notes it on every node, moves in one rename and gives the lock back where it then lies', () => {
    const made = remove(running);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'shut-down node1',
      'end-domain node1',
      'verdict node1,node2,node3',
      'write-tombstone node1',
      'write-tombstone node2',
      'write-tombstone node3',
      // next to the rename, so that it is looked at again when the run goes on much later
      'verdict node1,node2,node3',
      'move-folder node1 !',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'remove-tombstone node3',
      'remove-tombstone node2',
      'remove-tombstone node1',
      'let-go-on node1',
      'let-go-on node1',
      'verdict node2,node3',
      'put-back node1',
      'unlock node1',
    ]);
    const move = made.steps.find((each) => each.action.do === 'move-folder')?.action;
    expect(move).toMatchObject({ from: folder, to: trash, expectInode: recordOf('web1').place.inode });
    expect(made.steps.at(-1)?.action).toMatchObject({ do: 'unlock', folder: trash });
  });

  test('purging deletes the recorded files and says what is lost', () => {
    const made = remove(stopped, true);
    expect(made.steps.at(-1)?.action).toMatchObject({
      do: 'purge-folder',
      folder: trash,
      files: ['sda', 'sdb'],
    });
    // a guest that has them open has them open in the trash as well
    expect(orderOf(made).slice(-3)).toEqual([
      'move-folder node1 !',
      'verdict node1,node2,node3',
      'purge-folder node1',
    ]);
    expect(made.steps.at(-2)?.action).toMatchObject({
      do: 'verdict',
      uuid: uuidOf('web1'),
      images: [`${trash}/sda`, `${trash}/sdb`],
    });
    expect(textOf(made, 'purge:web1')).toMatch(/sda \(1 GiB, 4 KiB on disk\).*sdb \(2 GiB/);
    expect(reasonsBy(made, 'consent')).toEqual(['purge:web1']);
    expect(isOpen(made)).toBe(true);
    const intent: Intent = { kind: 'remove', instance: 'web1', purge: true, timeoutSeconds: 60 };
    const given = (...accept: string[]) => isOpen(planned(stopped, intent, { accept, vouched: [] }));
    expect(given('purge', 'purge:web2')).toBe(true);
    expect(given('purge:web1')).toBe(false);
    expect(reasonsBy(remove(stopped), 'consent')).toEqual([]);
  });

  test('purging refuses a folder with other files, and an image elsewhere', () => {
    const strange = changeFolder(stopped, folder, (each) => ({
      files: [...each.files, { ...each.files[0], name: 'notes' } as (typeof each.files)[number]],
    }));
    expect(textOf(remove(strange, true), 'strangers')).toMatch(/notes/);
    expect(isOpen(remove(strange))).toBe(false);
  });

  test('a silent primary must be vouched down', () => {
    const made = remove(silent(running, 'node1'));
    expect(reasonsBy(made, 'consent')).toEqual(['vouch-down:node1']);
    expect(orderOf(made)).toContain('move-folder node2 !');
    expect(orderOf(made)).not.toContain('write-tombstone node1');
  });

  test('local storage of a silent node can’t be reached', () => {
    const made = remove(silent(withLocalInstance(soundCluster(), 'web1', 'node1'), 'node1'));
    expect(reasonsBy(made, 'blocks')).toContain('no-folder');
    expect(made.steps).toEqual([]);
  });

  test('a copy is not removed in place of the original', () => {
    expect(reasonsBy(remove(changeFolder(stopped, folder, () => ({ inode: 3 }))), 'blocks')).toContain(
      'place',
    );
  });
});

describe('restore', () => {
  const trashName = `web1.${uuidOf('web1').slice(0, 8)}.20261125T120000Z`;
  const removed = ['node1', 'node2', 'node3'].reduce(
    (made, node) =>
      withFacts(made, node, (facts) => ({
        storages: facts.storages.map((each) =>
          each.path === sharedDirectory ? { ...each, trash: [trashName] } : each,
        ),
        tombstones: [uuidOf('web1'), uuidOf('other')],
      })),
    soundCluster(),
  );
  const restore = (snapshot: Snapshot, name = trashName): Plan =>
    planned(snapshot, { kind: 'restore', storageDirectory: sharedDirectory, trashName: name });

  test('moves the folder back and forgets that it was removed', () => {
    const made = restore(removed);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'move-folder node1 !',
      'remove-tombstone node1',
      'remove-tombstone node2',
      'remove-tombstone node3',
      'unlock node1',
    ]);
    expect(made.steps[2]?.action).toMatchObject({ uuid: uuidOf('web1') });
  });
  const withTrash = (change: Partial<TrashFacts>): Snapshot =>
    ['node1', 'node2', 'node3'].reduce(
      (made, node) =>
        withFacts(made, node, (facts) => ({
          storages: facts.storages.map((each) => ({
            ...each,
            trashFolders: [{ name: trashName, record: null, lock: null, ...change }],
          })),
        })),
      removed,
    );

  test('of one that was meant to run: it is recorded as stopped, for it was stopped', () => {
    const record = { ...recordOf('web1'), adminState: 'up' as const };
    const made = restore(withTrash({ record: { ok: true, record } }));
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made).slice(-2)).toEqual(['write-record node1', 'unlock node1']);
    expect(made.steps.at(-2)?.action).toMatchObject({ folder, expectId: record.id });
    expect(recordsOf(made)).toMatchObject([
      { adminState: 'down', uuid: record.uuid, ancestors: [record.id] },
    ]);
    const down = { ...record, adminState: 'down' as const };
    expect(recordsOf(restore(withTrash({ record: { ok: true, record: down } })))).toEqual([]);
    // what can't be read can't be written either, and is said
    expect(textOf(restore(removed), 'record-unread')).toMatch(/may say that web1 should be running/);
  });

  test('a removal that was cut off in the trash: its lock stands in the way, and can be broken', () => {
    const lock: LockContent = {
      ...{ run: 'otherrun', user: 'bob', workstation: 'desk2', title: 'remove web1', at: '' },
      ...{ nodes: ['node1', 'node2'], place: folder },
    };
    const locked = withTrash({ lock: { ok: true, lock } });
    expect(textOf(restore(locked), 'locked')).toMatch(/run otherrun of bob@desk2/);
    const path = `${sharedDirectory}/.trash/${trashName}`;
    const unlock = planned(locked, { kind: 'unlock', path, run: 'otherrun' });
    expect(reasonsBy(unlock, 'blocks')).toEqual([]);
    expect(textOf(unlock, 'break-lock')).toMatch(/stays in the trash/);
    expect(orderOf(unlock)).toEqual(['jobs-ended node1,node2', 'break-lock node1 !']);
    expect(unlock.steps.at(-1)?.action).toMatchObject({ folder: path, run: 'otherrun' });
  });

  test.each([
    ['not in the trash', soundCluster(), trashName, 'not-in-trash'],
    ['the name is taken', withInstance(removed, 'web1'), trashName, 'name-in-use'],
    ['a hostile name', removed, '../../etc', 'trash-name'],
  ])('is blocked: %s', (_title, snapshot, name, code) => {
    expect(reasonsBy(restore(snapshot, name), 'blocks')).toContain(code);
  });
});

describe('claim', () => {
  const place = `${localDirectory}/web9`;
  const record = recordOf('web1');
  const comment = '# a line of the administrator\nlocaltime = 1\n';
  const found = folderOf(record, {
    path: place,
    storage: localDirectory,
    name: 'web9',
    inode: 77,
    device: 50,
    config: `${configOf(record)}${comment}`,
    files: folderOf(record).files.map((each) => ({ ...each, device: 50 })),
  });
  const claim = (snapshot: Snapshot, as: 'moved' | 'cloned'): Plan =>
    planned(snapshot, {
      kind: 'claim',
      instance: 'web1',
      path: place,
      as,
      primary: 'node1',
    } satisfies Intent);

  test('moved: the same instance at its new place, one generation on', () => {
    const made = claim(withFolder(soundCluster(), ['node1'], found), 'moved');
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'write-file node1',
      'write-record node1 !',
      'unlock node1',
    ]);
    expect(recordsOf(made)[0]).toMatchObject({
      uuid: record.uuid,
      name: 'web1',
      generation: 2,
      place: { storage: 'local-node1', path: place, inode: 77 },
      ancestors: [record.id],
    });
    expect(recordsOf(made)[0]?.disks[0]?.logical_id[2]).toBe(`${place}/sda`);
  });

  test('two disks of one base name are not joined', () => {
    const [first, second] = record.disks;
    if (!first || !second) throw new Error('two disks are needed');
    const twice = { ...record, disks: [first, { ...second, logical_id: ['loop', 'raw', '/srv/b/sda'] }] };
    const snapshot = withFolder(soundCluster(), ['node1'], {
      ...found,
      record: { ok: true, record: twice as InstanceRecord },
    });
    for (const as of ['moved', 'cloned'] as const) {
      expect(textOf(claim(snapshot, as), 'one-file')).toMatch(
        /\/sda and \/srv\/b\/sda would both become sda/,
      );
      expect(claim(snapshot, as).steps).toEqual([]);
    }
  });

  test('cloned: images that are second names of the original are nobody’s own', () => {
    const old = `${sharedDirectory}/web1-old`;
    const files = folderOf(record).files.map((each) => ({ ...each, links: 2 }));
    const linked = folderOf(record, { path: old, name: 'web1-old', inode: 78, files });
    const intent: Intent = { kind: 'claim', instance: 'web1', path: old, as: 'cloned', primary: 'node1' };
    const both = withFolder(stopped, ['node1', 'node2', 'node3'], linked);
    const made = planned(both, intent);
    expect(textOf(made, 'hard-link')).toContain(`${old}/sda is a second name (a hard link) of ${folder}/sda`);
    expect(textOf(made, 'hard-link')).toContain('cp --sparse=always');
    expect(made.reasons.filter((each) => each.code === 'hard-link')).toHaveLength(2);
    expect(made.steps).toEqual([]);
    // the other name lies where the probe does not look
    expect(reasonsBy(planned(withFolder(soundCluster(), ['node1'], linked), intent), 'blocks')).toContain(
      'hard-link',
    );
  });

  test('cloned: a silent node that sees the storage is vouched for, unless each image has one name', () => {
    const old = `${sharedDirectory}/web1-old`;
    const made = (links: object): Plan => {
      const files = folderOf(record).files.map((each, at) => ({ ...each, inode: 9000 + at, ...links }));
      const copied = folderOf(record, { path: old, name: 'web1-old', inode: 78, files });
      return planned(silent(withFolder(stopped, ['node1', 'node2', 'node3'], copied), 'node2'), {
        kind: 'claim',
        instance: 'web1',
        path: old,
        as: 'cloned',
        primary: 'node1',
      });
    };
    expect(reasonsBy(made({}), 'consent')).toContain('vouch-down:node2');
    expect(reasonsBy(made({ links: 1 }), 'consent')).toEqual([]);
    const look = made({ links: 1 }).steps.find((each) => each.action.do === 'check-one-name');
    expect(look?.action).toMatchObject({ images: [`${old}/sda`, `${old}/sdb`] });
  });

  test('moved: who vouched for a silent node stays in the record', () => {
    const snapshot = silent(withFolder(soundCluster(), ['node1'], found), 'node3');
    const intent: Intent = { kind: 'claim', instance: 'web1', path: place, as: 'moved', primary: 'node1' };
    expect(isOpen(planned(snapshot, intent))).toBe(true);
    const how = 'I pulled its plug';
    const made = planned(snapshot, intent, { accept: [], vouched: [{ node: 'node3', how }] });
    expect(isOpen(made)).toBe(false);
    expect(recordsOf(made)[0]?.vouchings).toMatchObject([{ node: 'node3', how }]);
  });

  test('cloned: another uuid, name and MAC; what the administrator wrote in xen.cfg stays', () => {
    const made = claim(withFolder(stopped, ['node1'], found), 'cloned');
    expect(isOpen(made)).toBe(false);
    const [next] = recordsOf(made);
    expect(next?.uuid).not.toBe(record.uuid);
    expect(next?.name).toBe('web9');
    expect(next?.ancestors).toEqual([]);
    expect(next?.nics[0]?.mac).not.toBe(record.nics[0]?.mac);
    const write = made.steps.find((each) => each.action.do === 'write-file');
    const content = write?.action.do === 'write-file' ? write.action.content : '';
    expect(content).toContain(comment);
    expect(content).toContain(`uuid = "${next?.uuid ?? ''}"`);
    expect(content).toContain(`target=${place}/sdb`);
    expect(content).not.toContain(folder);
    expect(content).toContain(next?.nics[0]?.mac);
    expect(write?.action).toMatchObject({ expect: sha256(found.config ?? '') });
    expect(write?.undo[0]?.action).toMatchObject({ content: found.config, expect: sha256(content) });
  });

  test.each([
    [
      'the original is still there',
      withFolder(stopped, ['node1'], found),
      'moved',
      'still-there',
      /copied, not moved/,
    ],
    ['no folder there', stopped, 'moved', 'no-folder', /shows no folder/],
    [
      'the clone’s name is taken',
      withDomain(withFolder(stopped, ['node1'], found), 'node2', domainOf('web9')),
      'cloned',
      'name-in-use',
      /domain called web9/,
    ],
    [
      'it runs',
      withDomain(withFolder(soundCluster(), ['node1'], found), 'node2', domainOf('web1')),
      'moved',
      'running',
      /runs on node2/,
    ],
  ] as const)('is blocked: %s', (_title, snapshot, as, code, text) => {
    const made = claim(snapshot, as);
    expect(reasonsBy(made, 'blocks')).toContain(code);
    expect(textOf(made, code)).toMatch(text);
  });
});

describe('unlock', () => {
  const lock: LockContent = {
    run: 'otherrun',
    user: 'bob',
    workstation: 'desk2',
    title: 'start web1',
    nodes: ['node1', 'node2'],
    place: folder,
    at: '',
  };
  const locked = changeFolder(stopped, folder, () => ({ lock: { ok: true, lock } }));
  const unlock = (snapshot: Snapshot, run = 'otherrun'): Plan =>
    planned(snapshot, { kind: 'unlock', path: folder, run });

  test('makes the run’s jobs void on every node that it names, then breaks the lock', () => {
    const made = unlock(locked);
    expect(orderOf(made)).toEqual(['jobs-ended node1,node2', 'break-lock node1 !']);
    expect(reasonsBy(made, 'consent')).toEqual(['break-lock']);
  });
  test('a silent node that is named must be vouched down', () => {
    const made = unlock(silent(locked, 'node2'));
    expect(reasonsBy(made, 'consent')).toEqual(['break-lock', 'vouch-down:node2']);
    expect(orderOf(made)[0]).toBe('jobs-ended node1');
  });
  describe('nodes have folders of one path, each with a lock', () => {
    const path = `${localDirectory}/web1`;
    const lockOf = (run: string, nodes: string[]): { ok: true; lock: LockContent } => ({
      ok: true,
      lock: { ...lock, run, nodes, place: path },
    });
    const both = (first: string, second: string): Snapshot =>
      withFolder(
        changeFolder(withLocalInstance(soundCluster(), 'web1', 'node1'), path, () => ({
          lock: lockOf(first, ['node1', 'node2']),
        })),
        ['node2'],
        folderOf(recordOf('web1', {}, localDirectory), {
          record: null,
          replica: true,
          inode: 4711,
          lock: lockOf(second, ['node2', 'node3']),
        }),
      );
    test('the one of the run that is meant is broken, wherever another run holds one', () => {
      for (const [run, node, jobs] of [
        ['first', 'node1', 'node1,node2'],
        ['second', 'node2', 'node2,node3'],
      ] as const)
        for (const named of [{}, { node }]) {
          const made = planned(both('first', 'second'), { kind: 'unlock', path, run, ...named });
          expect(reasonsBy(made, 'blocks')).toEqual([]);
          expect(orderOf(made)).toEqual([`jobs-ended ${jobs}`, `break-lock ${node} !`]);
        }
      const wrong = planned(both('first', 'second'), { kind: 'unlock', path, run: 'first', node: 'node2' });
      expect(textOf(wrong, 'other-run')).toMatch(/of run second, not of first/);
    });
    test('both are broken at once where one run holds them, and that is said', () => {
      const made = planned(silent(both('r', 'r'), 'node3'), {
        kind: 'unlock',
        path,
        run: 'r',
        node: 'node2',
      });
      expect(orderOf(made)).toEqual(['jobs-ended node1,node2', 'break-lock node2 !', 'break-lock node1']);
      expect(textOf(made, 'break-lock')).toContain(`holds ${path} on node2 and ${path} on node1`);
      expect(reasonsBy(made, 'consent')).toEqual(['break-lock', 'vouch-down:node3']);
    });
  });
  test('only the lock that was looked at', () => {
    expect(textOf(unlock(locked, 'x'), 'other-run')).toMatch(/of run otherrun, not of x/);
    expect(reasonsBy(unlock(stopped), 'blocks')).toContain('no-lock');
  });
});

describe('cluster init', () => {
  const bare = ['node1', 'node2', 'node3'].reduce(
    (made, node) =>
      withFacts(made, node, (facts) => ({
        membership: null,
        storages: facts.storages.map((each) => ({ ...each, id: null })),
      })),
    soundCluster(),
  );
  const init = (snapshot: Snapshot, change: object = {}): Plan =>
    planned(snapshot, {
      kind: 'cluster-init',
      name: 'test',
      nodes: snapshot.cluster.nodes,
      storageDirectories: [sharedDirectory],
      hostKeys: 'strict',
      ...change,
    });

  test('makes the storages ready and writes on every node who is in the cluster', () => {
    const made = init(bare);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'make-storage node1',
      'make-storage node2',
      'make-storage node3',
      'write-membership node1',
      'write-membership node2',
      'write-membership node3',
    ]);
    // taken back in reverse; each removes only what this very run wrote
    expect(undoOrderOf(made)).toEqual([
      'remove-membership node3',
      'remove-membership node2',
      'remove-membership node1',
      'remove-storage-id node3',
      'remove-storage-id node2',
      'remove-storage-id node1',
    ]);
    const ids = made.steps.flatMap((each) => (each.action.do === 'make-storage' ? [each.action.id] : []));
    // a directory that is not shared must not look shared; of a shared one the first id stays
    expect(new Set(ids).size).toBe(3);
  });

  test('again: the same cluster, one generation on, and the storage keeps its id', () => {
    const made = init(soundCluster());
    expect(orderOf(made).some((each) => each.startsWith('make-storage'))).toBe(false);
    const write = made.steps[0]?.action;
    expect(write).toMatchObject({ membership: { uuid: clusterUuid, generation: 2 } });
    expect(made.steps[0]?.undo[0]?.action).toMatchObject({
      do: 'write-membership',
      membership: { generation: 3 },
    });
  });

  test('a further node: it learns who is in the cluster, and so do the others, one generation on', () => {
    const two = soundCluster().cluster.nodes.slice(0, 2);
    const before = ['node1', 'node2', 'node3'].reduce(
      (made, node) =>
        withFacts(made, node, ({ membership }) => ({
          membership:
            node === 'node3' || membership === null
              ? null
              : { ...membership, nodes: membership.nodes.slice(0, 2) },
        })),
      soundCluster(),
    );
    const made = init(before);
    expect(isOpen(made)).toBe(false);
    expect(made.title).toBe('Add node3 to the cluster test');
    expect(orderOf(made)).toEqual([
      'write-membership node1',
      'write-membership node2',
      'write-membership node3',
    ]);
    for (const { action } of made.steps)
      expect(action).toMatchObject({ membership: { uuid: clusterUuid, generation: 2 } });
    expect(made.steps[0]?.action).toMatchObject({ membership: { nodes: [{}, {}, { name: 'node3' }] } });
    expect(undoOrderOf(made)[0]).toBe('remove-membership node3');
    expect(init(before, { nodes: two }).title).toBe('Write the cluster test anew');
  });

  const rows: [string, Snapshot, object, string, RegExp][] = [
    ['a hostile name', bare, { name: 'a;b' }, 'cluster-name', /named like a host/],
    ['storage /', bare, { storageDirectories: ['/'] }, 'storage-path', /whole file system/],
    ['no storage', bare, { storageDirectories: [] }, 'no-storage', /At least one/],
    [
      'a name twice',
      bare,
      { nodes: [bare.cluster.nodes[0], bare.cluster.nodes[0]] },
      'node-twice',
      /named twice/,
    ],
    [
      'one machine twice',
      withFacts(bare, 'node2', () => ({ bootId: 'boot-node1' })),
      {},
      'same-machine',
      /one machine/,
    ],
    [
      'no Xen',
      withFacts(bare, 'node2', () => ({ toolstack: null })),
      {},
      'no-toolstack',
      /neither xl nor xm/,
    ],
    ['no flock', withFacts(bare, 'node2', () => ({ commands: [] })), {}, 'missing-commands', /lacks flock/],
    ['a silent node', silent(bare, 'node2'), {}, 'not-answering', /node2 can't be worked on/],
    [
      'an untrusted host key',
      silent(bare, 'node2', 'host-key-unknown'),
      {},
      'not-answering',
      /not trusted yet/,
    ],
    ['another cluster', soundCluster(), { name: 'second' }, 'other-cluster', /belongs to the cluster test/],
    [
      'a member left out',
      soundCluster(),
      { nodes: soundCluster().cluster.nodes.slice(0, 2) },
      'node-missing',
      /node3 .* must be named too/,
    ],
  ];
  test.each(rows)('is blocked: %s', (_title, snapshot, change, code, text) => {
    const made = init(snapshot, change);
    expect(reasonsBy(made, 'blocks')).toContain(code);
    expect(textOf(made, code)).toMatch(text);
  });
});

test('SHA-256 agrees with the standard’s examples', () => {
  expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha256('a'.repeat(1000))).toBe('41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3');
  expect(sha256('ä€😀')).toHaveLength(64);
});
