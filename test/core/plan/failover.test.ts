import { describe, expect, test } from 'vitest';
import type { InstanceRecord } from '../../../core/cluster/record.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  domainOf,
  folderOf,
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
const running = withInstance(soundCluster(), 'web1', {}, 'node1');
const failover = (snapshot: Snapshot, vouched: string[] = [], target: string | null = null): Plan =>
  planned(
    snapshot,
    { kind: 'failover', instance: 'web1', target, timeoutSeconds: 120 },
    { accept: [], vouched: vouched.map((node) => ({ node, how: 'fenced' })) },
  );
const handedOver = (made: Plan): InstanceRecord | undefined =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []))[0];

test('without a domain on the source, its living monitor stands against it', () => {
  const between = withFacts(withInstance(soundCluster(), 'web1'), 'node1', () => ({
    monitors: [{ pid: 3, name: 'web1' }],
  }));
  const made = failover(between);
  expect(isOpen(made)).toBe(true);
  expect(textOf(made, 'monitor')).toContain("xl's monitor of web1 is alive on node1");
  // while it runs there the monitor belongs to it, and is ended with it
  expect(
    isOpen(failover(withFacts(running, 'node1', () => ({ monitors: [{ pid: 3, name: 'web1' }] })))),
  ).toBe(false);
});

describe('the hand-over of a running guest', () => {
  const made = failover(running);
  test('in the order of the protocol', () => {
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'prove-shared node1,node2',
      'verify-files node2',
      'check-config node2',
      'shut-down node1',
      'end-domain node1',
      'verdict node1,node2,node3',
      'start-domain node2',
      'write-record node2 !',
      'verdict node1,node3',
      'unpause-domain node2',
      'unlock node2',
    ]);
    expect(made.steps.find((each) => each.action.do === 'start-domain')?.action).toMatchObject({
      paused: true,
    });
  });
  test('before the commit everything goes back, and the guest runs again only where it surely runs nowhere else', () => {
    expect(undoOrderOf(made)).toEqual([
      'end-domain node2',
      'verdict node1,node2,node3',
      'let-go-on node1',
      'let-go-on node1',
      'verdict node2,node3',
      'put-back node1',
      'unlock node1',
    ]);
  });
  test('the record changes hands in one write', () => {
    expect(handedOver(made)).toMatchObject({
      primary: 'node2',
      secondary: 'node1',
      generation: 2,
      formerPrimaries: ['node1'],
      ancestors: [recordOf('web1').id],
      vouchings: [],
    });
    expect(made.effects.memory).toEqual([
      { node: 'node2', mib: 512 },
      { node: 'node1', mib: -512 },
    ]);
    expect(made.effects.downSeconds).toBeGreaterThan(0);
    expect(made.equivalent).toBe('gnt-instance failover --shutdown-timeout=120 web1');
  });
  test('and back again: former primaries are not doubled', () => {
    const there = withInstance(
      soundCluster(),
      'web1',
      { primary: 'node2', secondary: 'node1', formerPrimaries: ['node1'] },
      'node2',
    );
    expect(handedOver(failover(there))?.formerPrimaries).toEqual(['node2']);
  });
});

test('a stopped instance only changes hands', () => {
  const made = failover(withInstance(soundCluster(), 'web1'));
  expect(orderOf(made)).toEqual([
    'lock node1',
    'prove-shared node1,node2',
    'verify-files node2',
    'verdict node1,node2,node3',
    'write-record node2 !',
    'unlock node2',
  ]);
  expect(made.effects.downSeconds).toBeNull();
});

describe('with a silent primary', () => {
  const gone = silent(running, 'node1');
  test('somebody must vouch, and that is kept', () => {
    const asked = failover(gone);
    expect(reasonsBy(asked, 'consent')).toEqual(['vouch-down:node1']);
    expect(reasonsBy(asked, 'blocks')).toEqual([]);
    expect(isOpen(asked)).toBe(true);
    const made = failover(gone, ['node1']);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node2',
      'verify-files node2',
      'watch-images node2',
      'check-config node2',
      'verdict node2,node3',
      'start-domain node2',
      'write-record node2 !',
      'verdict node3',
      'unpause-domain node2',
      'unlock node2',
    ]);
    expect(handedOver(made)?.vouchings).toMatchObject([{ node: 'node1', who: 'alice@desk', how: 'fenced' }]);
  });
  test.each([
    ['host-key-changed', /another host key/],
    ['auth-refused', /may well be alive/],
    ['sudo-refused', /is alive/],
    ['timeout', /does not answer/],
  ] as const)('%s counts as not seen', (kind, text) => {
    const made = failover(silent(running, 'node1', kind));
    expect(textOf(made, 'vouch-down:node1')).toMatch(text);
    expect(isOpen(made)).toBe(true);
  });
});

describe('what blocks', () => {
  const rows: [string, Snapshot, string, RegExp, (string | null)?][] = [
    [
      'a missing image is named, before anything is touched',
      changeFolder(running, folder, (each) => ({ files: each.files.filter((file) => file.name !== 'sdb') }), [
        'node2',
      ]),
      'image',
      /On node2: disk 1: .*\/web1\/sdb is missing/,
    ],
    [
      'an image of another size',
      changeFolder(
        running,
        folder,
        (each) => ({ files: each.files.map((file) => ({ ...file, size: 1024 })) }),
        ['node2'],
      ),
      'image',
      /1024 bytes/,
    ],
    [
      'an image of another type',
      changeFolder(
        running,
        folder,
        (each) => ({ files: each.files.map((file) => ({ ...file, type: 'qcow2' as const })) }),
        ['node2'],
      ),
      'image',
      /header says qcow2/,
    ],
    [
      'the folder is not there',
      withFacts(running, 'node2', () => ({ folders: [] })),
      'no-folder',
      /node2 sees the storage, but not the folder/,
    ],
    [
      'local storage whose node is silent, without a replica',
      silent(withLocalInstance(soundCluster(), 'web1', 'node1'), 'node1'),
      'no-replica',
      /nothing to go on from/,
    ],
    [
      'two directories of one path',
      withFolder(
        withLocalInstance(soundCluster(), 'web1', 'node1'),
        ['node2'],
        folderOf(recordOf('web1', { uuid: uuidOf('b') }, '/srv/local'), {
          path: '/srv/local/web1',
          storage: '/srv/local',
        }),
      ),
      'ambiguous',
      /by its uuid/,
    ],
    [
      'mounted elsewhere on the target',
      changeFolder(running, folder, () => ({ path: '/mnt/web1' }), ['node2']),
      'place',
      /shows the folder as \/mnt\/web1/,
    ],
    [
      'memory',
      withFacts(running, 'node2', () => ({ freeMemoryMib: 12 })),
      'memory',
      /node2 is 500 MiB short/,
    ],
    [
      'bridges',
      withFacts(running, 'node2', () => ({ bridges: ['br1'] })),
      'bridge',
      /no bridge xenbr0; it has br1/,
    ],
    [
      'boot files',
      withFacts(running, 'node2', () => ({ bootFiles: [{ path: '/boot/vmlinuz', exists: false }] })),
      'boot-file',
      /node2 does not have/,
    ],
    [
      'toolstacks',
      withFacts(running, 'node2', () => ({ toolstack: 'xm' })),
      'toolstack',
      /node1 has xl and node2 has xm/,
    ],
    ['target is primary', running, 'same-node', /primary of web1 already/, 'node1'],
    ['an unknown target', running, 'no-node', /not a node/, 'node9'],
    ['a silent target', silent(running, 'node2'), 'not-answering', /node2 can't be worked on/],
    ['no secondary', withInstance(soundCluster(), 'web1', { secondary: null }), 'no-target', /name the node/],
    [
      'runs on the target already',
      withDomain(running, 'node2', domainOf('web1')),
      'running-twice',
      /Stop it first/,
    ],
    [
      'runs on a third node',
      withDomain(withInstance(soundCluster(), 'web1'), 'node3', domainOf('web1')),
      'running',
      /runs on node3/,
    ],
    [
      'paused',
      withDomain(withInstance(soundCluster(), 'web1'), 'node1', domainOf('web1', { state: 'paused' })),
      'paused',
      /can't shut down/,
    ],
    [
      'dying',
      withDomain(withInstance(soundCluster(), 'web1'), 'node1', domainOf('web1', { state: 'dying' })),
      'dying',
      /wait until it is gone/,
    ],
    [
      'a saved state on the source',
      withFacts(running, 'node1', () => ({ saves: ['web1'] })),
      'save-file',
      /restore web1 by itself/,
    ],
    [
      'an image open on the target',
      withFacts(running, 'node2', (facts) => ({
        open: [
          {
            by: 'process 9 (dd)',
            device: facts.folders[0]?.device ?? 0,
            inode: facts.folders[0]?.files[0]?.inode ?? 0,
          },
        ],
      })),
      'image-open',
      /dd/,
    ],
    [
      'a fork',
      changeFolder(running, folder, () => ({ record: { ok: true, record: recordOf('web1', { id: 'b' }) } }), [
        'node3',
      ]),
      'fork',
      /different records/,
    ],
  ];
  test.each(rows)('%s', (_title, snapshot, code, text, target = null) => {
    const made = failover(snapshot, [], target);
    expect(textOf(made, code)).toMatch(text);
    expect(reasonsBy(made, 'blocks')).toContain(code);
  });

  test('an older Xen needs a word', () => {
    const made = failover(withFacts(running, 'node2', () => ({ xen: '4.14.0' })));
    expect(reasonsBy(made, 'consent')).toEqual(['older-xen']);
  });
});
