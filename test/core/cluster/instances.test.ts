import { describe, expect, test } from 'vitest';
import {
  deriveInstances,
  findInstances,
  type InstanceView,
  orphanFolders,
  unmanagedDomains,
} from '../../../core/cluster/instances.ts';
import type { InstanceRecord } from '../../../core/cluster/record.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import {
  changeFolder,
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

const web1 = (snapshot: Snapshot): InstanceView => {
  const [view] = findInstances(snapshot, 'web1');
  if (!view) throw new Error('no web1');
  return view;
};
const codes = (view: InstanceView): string[] => view.problems.map((each) => each.code);
const folder = `${sharedDirectory}/web1`;

describe('one instance', () => {
  test('a stopped one on shared storage, seen by all nodes, has no problem', () => {
    const view = web1(withInstance(soundCluster(), 'web1'));
    expect(view).toMatchObject({ status: 'stopped', shared: true, primary: 'node1', folder, problems: [] });
    expect(view.folders.map((each) => each.node)).toEqual(['node1', 'node2', 'node3']);
    expect(view.folders.every((each) => each.matchesPlace && each.current)).toBe(true);
    expect(
      view.disks.map(({ path, size, apparent, allocated }) => [path, size, apparent, allocated]),
    ).toEqual([
      [`${folder}/sda`, 1024 ** 3, 1024 ** 3, 4096],
      [`${folder}/sdb`, 2 * 1024 ** 3, 2 * 1024 ** 3, 4096],
    ]);
  });

  test('is found by name and by uuid', () => {
    const snapshot = withInstance(withInstance(soundCluster(), 'web1'), 'web2');
    expect(findInstances(snapshot, uuidOf('web2').toUpperCase()).map((each) => each.name)).toEqual(['web2']);
    expect(findInstances(snapshot, 'web3')).toEqual([]);
    expect(deriveInstances(snapshot).map((each) => each.name)).toEqual(['web1', 'web2']);
    expect(deriveInstances(snapshot)).toBe(deriveInstances(snapshot));
  });
});

describe('status', () => {
  const placed = withInstance(soundCluster(), 'web1', { adminState: 'up' });
  const rows: [string, Snapshot, InstanceView['status'], RegExp][] = [
    ['running', withDomain(placed, 'node1', domainOf('web1')), 'running', /Running on node1/],
    [
      'paused',
      withDomain(placed, 'node1', domainOf('web1', { state: 'paused' })),
      'paused',
      /paused on node1/,
    ],
    [
      'crashed',
      withDomain(placed, 'node1', domainOf('web1', { state: 'crashed' })),
      'crashed',
      /crashed on node1/,
    ],
    [
      'kept after its shutdown',
      withDomain(placed, 'node1', domainOf('web1', { state: 'shutdown' })),
      'stopped',
      /still kept on node1/,
    ],
    [
      'dying',
      withDomain(placed, 'node1', domainOf('web1', { state: 'dying' })),
      'unknown',
      /may still write/,
    ],
    [
      'on another node',
      withDomain(placed, 'node2', domainOf('web1')),
      'wrong-node',
      /runs on node2, but its record gives it to node1/,
    ],
    [
      'on two nodes',
      withDomain(withDomain(placed, 'node1', domainOf('web1')), 'node2', domainOf('web1')),
      'running-twice',
      /node1 and node2 at once/,
    ],
    [
      'twice on one node, once renamed',
      withDomain(
        withDomain(placed, 'node1', domainOf('web1')),
        'node1',
        domainOf('other', { uuid: uuidOf('web1') }),
      ),
      'running-twice',
      /2 domains of it run on node1/,
    ],
    ['primary silent', silent(placed, 'node1'), 'not-seen', /node1 does not answer.*last seen 5 min ago/],
    [
      'silent primary showed it last',
      silent(withDomain(placed, 'node1', domainOf('web1')), 'node1'),
      'not-seen',
      /It ran there then/,
    ],
    [
      'rebooting: only the monitor is there',
      withFacts(placed, 'node1', () => ({ monitors: [{ pid: 5, name: 'web1' }] })),
      'unknown',
      /monitor of it is alive on node1/,
    ],
    [
      'an image is open',
      withFacts(placed, 'node3', (facts) => ({
        open: [
          {
            by: 'loop3',
            device: facts.folders[0]?.device ?? 0,
            inode: facts.folders[0]?.files[1]?.inode ?? 0,
          },
        ],
      })),
      'unknown',
      /loop3 has sdb open on node3/,
    ],
    [
      'a domain of its name without uuid',
      withDomain(placed, 'node1', domainOf('web1', { uuid: null })),
      'unknown',
      /tells no uuid/,
    ],
    [
      'hand-over cut off',
      withInstance(soundCluster(), 'web1', { primary: null }),
      'unknown',
      /hand-over was cut off/,
    ],
    [
      'primary elsewhere',
      withInstance(soundCluster(), 'web1', { primary: 'node9' }),
      'unknown',
      /node9, which is not in this cluster/,
    ],
  ];
  test.each(rows)('%s', (_name, snapshot, status, text) => {
    const view = web1(snapshot);
    expect(view.status).toBe(status);
    expect(view.statusText).toMatch(text);
  });

  test('a node that is named next is one of a migration only while there is a primary', () => {
    const next = (change: Partial<InstanceRecord>) =>
      web1(withInstance(soundCluster(), 'web1', { next: 'node2', ...change }));
    expect(codes(next({}))).toContain('migration-cut-off');
    const released = next({ primary: null, generation: 2 });
    expect(codes(released)).toContain('hand-over');
    expect(codes(released)).not.toContain('migration-cut-off');
    const [said] = released.problems.filter((each) => each.code === 'hand-over');
    expect(said?.text).toMatch(/A hand-over of web1 to node2 was cut off after its release/);
    expect(said?.text).toContain('vbdesk instance failover web1');
    expect(said?.text).toContain(
      `Only if node2, or the copy on it, is lost for good: vbdesk instance claim web1 --as moved --path ${released.folder} -n node1`,
    );
  });

  test('a silent former primary that showed the domain last is a problem, not a second guest', () => {
    const snapshot = silent(
      withDomain(
        withInstance(soundCluster(), 'web1', { primary: 'node2' }, 'node2'),
        'node1',
        domainOf('web1'),
      ),
      'node1',
    );
    const view = web1(snapshot);
    expect(view.status).toBe('running');
    expect(codes(view)).toEqual(['stale-domain']);
  });
});

describe('problems', () => {
  const stopped = withInstance(soundCluster(), 'web1');
  const record = recordOf('web1');
  const elsewhere = folderOf(record, {
    path: `${localDirectory}/web1`,
    storage: localDirectory,
    inode: 77,
    device: 50,
  });
  const rows: [string, Snapshot, string, RegExp][] = [
    [
      'should run',
      withInstance(soundCluster(), 'web1', { adminState: 'up' }),
      'admin-up',
      /should be running/,
    ],
    [
      'should not run',
      withInstance(soundCluster(), 'web1', { adminState: 'down' }, 'node1'),
      'admin-down',
      /should be stopped/,
    ],
    [
      'xen.cfg names another image',
      changeFolder(stopped, folder, (each) => ({
        config: (each.config ?? '').replace('web1/sdb', 'web1/sdz'),
      })),
      'config-disks',
      /sdz/,
    ],
    [
      'xen.cfg attaches qcow2',
      changeFolder(stopped, folder, (each) => ({
        config: (each.config ?? '').replace('format=raw', 'format=qcow2'),
      })),
      'config-disks',
      /type raw, xen.cfg says qcow2/,
    ],
    [
      'xen.cfg has another uuid',
      changeFolder(stopped, folder, () => ({
        config: configOf(recordOf('web1', { uuid: uuidOf('other') })),
      })),
      'config-identity',
      /uuid/,
    ],
    [
      'xen.cfg is missing',
      changeFolder(stopped, folder, () => ({ config: null })),
      'config-missing',
      /xen.cfg is missing/,
    ],
    [
      'moved or copied folder',
      changeFolder(stopped, folder, () => ({ inode: 99 })),
      'place',
      /was moved or copied/,
    ],
    [
      'a copy beside it',
      withFolder(stopped, ['node1'], elsewhere),
      'copy',
      /\/srv\/local\/web1 \(node1\) is a copy/,
    ],
    [
      'an older state',
      withFolder(
        withInstance(soundCluster(), 'web1', { id: 'new', ancestors: [record.id] }),
        ['node1'],
        elsewhere,
      ),
      'superseded',
      /older state/,
    ],
    [
      'a fork',
      withFolder(
        stopped,
        ['node1'],
        folderOf({ ...record, id: 'other' }, { path: `${localDirectory}/web1`, inode: 77 }),
      ),
      'fork',
      /another history/,
    ],
    [
      'a tombstone',
      withFacts(stopped, 'node3', () => ({ tombstones: [record.uuid] })),
      'removed',
      /was removed \(so says node3\)/,
    ],
    [
      'a renamed domain',
      withDomain(
        withInstance(soundCluster(), 'web1', { adminState: 'up' }),
        'node1',
        domainOf('x', { uuid: record.uuid }),
      ),
      'domain-name',
      /called x/,
    ],
    [
      'another domain of its name',
      withDomain(stopped, 'node2', domainOf('web1', { uuid: uuidOf('y') })),
      'name-taken',
      /Another domain/,
    ],
    [
      'a leftover of a migration',
      withDomain(
        withInstance(soundCluster(), 'web1', {}, 'node1'),
        'node2',
        domainOf('web1--incoming', { uuid: record.uuid, state: 'paused' }),
      ),
      'migration-leftover',
      /web1--incoming/,
    ],
    [
      'a saved state',
      withFacts(stopped, 'node2', () => ({ saves: ['web1'] })),
      'save',
      /\/var\/lib\/xen\/save\/web1/,
    ],
    [
      'an autostart',
      withFacts(stopped, 'node2', () => ({ autostarts: ['10-web1.cfg'] })),
      'autostart',
      /auto\/10-web1.cfg/,
    ],
    [
      'an image missing',
      changeFolder(stopped, folder, (each) => ({ files: each.files.slice(1) })),
      'disk',
      /sda is missing/,
    ],
    [
      'an image of another size',
      changeFolder(stopped, folder, (each) => ({
        files: each.files.map((file) => ({ ...file, size: 512 })),
      })),
      'disk',
      /has 512 bytes/,
    ],
    [
      'an image of another type',
      changeFolder(stopped, folder, (each) => ({
        files: each.files.map((file) => ({ ...file, type: 'qcow2' as const })),
      })),
      'disk',
      /recorded as raw, but its header says qcow2/,
    ],
    [
      'an image that is a link',
      changeFolder(stopped, folder, (each) => ({
        files: each.files.map((file) => ({ ...file, kind: 'symlink' as const })),
      })),
      'disk',
      /not a regular file/,
    ],
    [
      'a broken lock',
      changeFolder(stopped, folder, () => ({ lock: { ok: false, error: 'no JSON' } })),
      'lock-broken',
      /no JSON/,
    ],
  ];
  test.each(rows)('%s', (_name, snapshot, code, text) => {
    const found = web1(snapshot).problems.filter((each) => each.code === code);
    expect(found.map((each) => each.text).join('\n')).toMatch(text);
  });

  test('a node that read the record just before a write does not make a fork', () => {
    const newer = { ...record, id: 'new', ancestors: [record.id], generation: 2 };
    const snapshot = changeFolder(stopped, folder, () => ({ record: { ok: true, record: newer } }), [
      'node2',
    ]);
    const view = web1(snapshot);
    expect(view.record.id).toBe('new');
    expect(codes(view)).not.toContain('fork');
  });

  test('two different records in one folder are a fork', () => {
    const snapshot = changeFolder(
      stopped,
      folder,
      () => ({ record: { ok: true, record: { ...record, id: 'b' } } }),
      ['node2'],
    );
    expect(codes(web1(snapshot))).toContain('fork');
  });

  test('the lock is told with its holder', () => {
    const lock = {
      run: 'r',
      user: 'bob',
      workstation: 'w',
      title: 't',
      nodes: ['node1'],
      place: folder,
      at: '',
    };
    const view = web1(changeFolder(stopped, folder, () => ({ lock: { ok: true, lock } })));
    expect(view.lock).toMatchObject({ node: 'node1', folder, content: { user: 'bob' } });
  });
});

test('domains without a record and folders without one are listed, Domain-0 is not', () => {
  let snapshot = withDomain(withInstance(soundCluster(), 'web1', {}, 'node1'), 'node2', domainOf('stray'));
  const bare = { ...folderOf(recordOf('lost')), record: null };
  snapshot = withFolder(snapshot, ['node1', 'node2'], bare);
  snapshot = withFolder(snapshot, ['node3'], {
    ...folderOf(recordOf('broken')),
    record: { ok: false, error: 'not JSON' },
  });
  expect(unmanagedDomains(snapshot).map((each) => [each.node, each.domain.name])).toEqual([
    ['node2', 'stray'],
  ]);
  expect(orphanFolders(snapshot).map(({ name, nodes, kind }) => [name, nodes, kind])).toEqual([
    ['broken', ['node3'], 'broken-record'],
    ['lost', ['node1', 'node2'], 'no-record'],
  ]);
  expect(deriveInstances(snapshot)).toHaveLength(1);
});

test('an instance on local storage is seen by its node alone', () => {
  const view = web1(withLocalInstance(soundCluster(), 'web1', 'node2'));
  expect(view).toMatchObject({ shared: false, storage: localDirectory, problems: [] });
});

test('100 nodes that share 5,000 instances are derived without quadratic loops', () => {
  const names = Array.from({ length: 100 }, (_, index) => `node${index + 1}`);
  const empty = soundCluster(names);
  const folders = Array.from({ length: 5000 }, (_, index) =>
    folderOf(recordOf(`vm${index}`, { primary: `node${(index % 100) + 1}` })),
  );
  const snapshot = {
    ...empty,
    nodes: empty.nodes.map((node) => (node.facts ? { ...node, facts: { ...node.facts, folders } } : node)),
  };
  const began = performance.now();
  expect(deriveInstances(snapshot)).toHaveLength(5000);
  // 1.5 s alone on a slow machine; a quadratic loop would take minutes
  expect(performance.now() - began).toBeLessThan(20_000);
});
