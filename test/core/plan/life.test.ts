import { describe, expect, test } from 'vitest';
import type { InstanceRecord, LockContent } from '../../../core/cluster/record.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { sha256 } from '../../../core/plan/sha256.ts';
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
  takenAt,
  uuidOf,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const folder = `${sharedDirectory}/web1`;
const stopped = withInstance(soundCluster(), 'web1');
const running = withInstance(soundCluster(), 'web1', {}, 'node1');
const start = (snapshot: Snapshot): Plan => planned(snapshot, { kind: 'start', instance: 'web1' });
const stop = (snapshot: Snapshot, change: { timeoutSeconds?: number; then?: 'force' | 'leave' } = {}): Plan =>
  // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
  planned(snapshot, { kind: 'stop', instance: 'web1', timeoutSeconds: 120, then: 'force', ...change });
const recordsOf = (made: Plan): InstanceRecord[] =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []));
const lock: LockContent = {
  run: 'otherrun',
  user: 'bob',
  workstation: 'desk2',
  title: 'fail over web1',
  nodes: ['node1', 'node2'],
  place: folder,
  at: new Date(takenAt - 600_000).toISOString(),
};

describe('start', () => {
  test('locks, looks everywhere, records and starts', () => {
    const made = start(stopped);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'write-record node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'check-config node1',
      'start-domain node1 !',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual(['end-domain node1', 'write-record node1', 'unlock node1']);
    expect(recordsOf(made)[0]).toMatchObject({
      adminState: 'up',
      generation: 1,
      ancestors: [recordOf('web1').id],
    });
  });

  test('looks with no change between them and the start, so that a run that is resumed looks again', () => {
    const made = start(stopped);
    const verify = made.steps.find((each) => each.action.do === 'verify-files');
    // the record as the run itself has written it by then
    expect(verify?.action).toMatchObject({ recordId: recordsOf(made)[0]?.id });
    const up = start(withInstance(soundCluster(), 'web1', { adminState: 'up' }));
    const same = up.steps.find((each) => each.action.do === 'verify-files');
    expect(same?.action).toMatchObject({ recordId: recordOf('web1').id });
  });

  test('taking the record back is a new write that follows ours', () => {
    const write = start(stopped).steps.find((each) => each.action.do === 'write-record');
    const ours = write?.action.do === 'write-record' ? write.action.record : null;
    const undo = write?.undo[0]?.action;
    expect(undo).toMatchObject({ do: 'write-record', expectId: ours?.id });
    expect(undo?.do === 'write-record' && undo.record).toMatchObject({ adminState: 'down' });
    expect(undo?.do === 'write-record' && undo.record.ancestors).toContain(ours?.id);
    expect(undo?.do === 'write-record' && undo.record.id).not.toBe(recordOf('web1').id);
  });

  test('a record that says up already is not written', () => {
    expect(recordsOf(start(withInstance(soundCluster(), 'web1', { adminState: 'up' })))).toEqual([]);
  });

  const record = recordOf('web1');
  const copy = folderOf(
    { ...record, id: 'fork' },
    { path: `${localDirectory}/web1`, storage: localDirectory, inode: 5 },
  );
  const rows: [string, Snapshot, string, RegExp][] = [
    ['runs already', running, 'running', /runs on node1 .*second time/],
    ['runs on another node', withDomain(stopped, 'node2', domainOf('web1')), 'running', /runs on node2/],
    [
      'runs under another name',
      withDomain(stopped, 'node2', domainOf('w', { uuid: uuidOf('web1') })),
      'running',
      /under the name w/,
    ],
    [
      'paused leftover',
      withDomain(stopped, 'node1', domainOf('web1', { state: 'paused' })),
      'paused',
      /stop the instance first/,
    ],
    [
      'dying',
      withDomain(stopped, 'node3', domainOf('web1', { state: 'dying' })),
      'dying',
      /wait until it is gone/,
    ],
    [
      'kept after shutdown',
      withDomain(stopped, 'node1', domainOf('web1', { state: 'shutdown' })),
      'kept-domain',
      /still keeps its domain/,
    ],
    [
      'crashed',
      withDomain(stopped, 'node1', domainOf('web1', { state: 'crashed' })),
      'kept-domain',
      /still keeps/,
    ],
    [
      'incoming leftover',
      withDomain(stopped, 'node2', domainOf('web1--incoming', { uuid: uuidOf('web1'), state: 'paused' })),
      'migration-leftover',
      /left over from a migration/,
    ],
    [
      'migrated-away leftover',
      withDomain(
        stopped,
        'node2',
        domainOf('web1--migratedaway', { uuid: uuidOf('web1'), state: 'shutdown' }),
      ),
      'migration-leftover',
      /web1--migratedaway/,
    ],
    [
      'a dying domain that nobody can attribute',
      withDomain(stopped, 'node2', domainOf('(null)', { uuid: null, state: 'dying' })),
      'anonymous-domain',
      /without a uuid/,
    ],
    [
      'another domain of its name',
      withDomain(stopped, 'node2', domainOf('web1', { uuid: uuidOf('x') })),
      'name-in-use',
      /another domain called web1/,
    ],
    [
      'rebooting',
      withFacts(stopped, 'node1', () => ({ monitors: [{ pid: 3, name: 'web1' }] })),
      'monitor',
      /may be rebooting/,
    ],
    [
      'an open image',
      withFacts(stopped, 'node2', (facts) => ({
        open: [
          {
            by: 'qemu 12',
            device: facts.folders[0]?.device ?? 0,
            inode: facts.folders[0]?.files[0]?.inode ?? 0,
          },
        ],
      })),
      'image-open',
      /qemu 12 on node2 has .*sda open/,
    ],
    [
      'a saved state',
      withFacts(stopped, 'node2', () => ({ saves: ['web1'] })),
      'save-file',
      /remove the file on node2/,
    ],
    [
      'a saved state under another name',
      withFacts(stopped, 'node2', () => ({
        saves: ['before'],
        savedUuids: [{ file: 'before', uuid: recordOf('web1').uuid }],
      })),
      'save-file',
      /remove the file on node2/,
    ],
    [
      'an autostart',
      withFacts(stopped, 'node2', () => ({ autostarts: ['web1'] })),
      'autostart',
      /remove \/etc\/xen\/auto\/web1/,
    ],
    ['a folder that is elsewhere', changeFolder(stopped, folder, () => ({ inode: 4 })), 'place', /Use claim/],
    ['a fork', withFolder(stopped, ['node3'], copy), 'fork', /a person has chosen/],
    [
      'a removed one that came back',
      withFacts(stopped, 'node2', () => ({ tombstones: [record.uuid] })),
      'removed',
      /was removed/,
    ],
    [
      'record against xen.cfg',
      changeFolder(stopped, folder, (each) => ({ config: (each.config ?? '').replace('xvdb', 'xvdc') })),
      'config-disks',
      /mend xen.cfg or the record/,
    ],
    ...[
      'format=raw, vdev=xvdq, access=rw, script=block, target=/srv/vm/web2/sda',
      'phy:../srv/vm/web2/sda,xvdq,w',
    ].map((entry): [string, Snapshot, string, RegExp] => [
      `another image in xen.cfg: ${entry}`,
      changeFolder(stopped, folder, (each) => ({
        config: (each.config ?? '').replace('disk = [', `disk = [ "${entry}",`),
      })),
      'config-disks',
      /web2\/sda as xvdq, but the record has no such disk/,
    ]),
    ['no xen.cfg', changeFolder(stopped, folder, () => ({ config: null })), 'config-missing', /missing/],
    [
      'a missing image',
      changeFolder(stopped, folder, (each) => ({ files: each.files.slice(0, 1) })),
      'image',
      /sdb is missing/,
    ],
    [
      'locked',
      changeFolder(stopped, folder, () => ({ lock: { ok: true, lock } })),
      'locked',
      /bob@desk2 has held the lock for 10 min: fail over web1/,
    ],
    [
      'a broken lock',
      changeFolder(stopped, folder, () => ({ lock: { ok: false, error: 'empty' } })),
      'locked',
      /can't be read/,
    ],
    ['a cut-off hand-over', withInstance(soundCluster(), 'web1', { primary: null }), 'hand-over', /cut off/],
    ['a silent primary', silent(stopped, 'node1'), 'not-answering', /Fail the instance over/],
    [
      'too little memory',
      withFacts(stopped, 'node1', () => ({ freeMemoryMib: 100 })),
      'memory',
      /412 MiB short/,
    ],
    ['no bridge', withFacts(stopped, 'node1', () => ({ bridges: [] })), 'bridge', /no bridge xenbr0/],
    [
      'no kernel',
      withFacts(stopped, 'node1', () => ({ bootFiles: [{ path: '/boot/vmlinuz', exists: false }] })),
      'boot-file',
      /kernel/,
    ],
    ['no such instance', soundCluster(), 'no-instance', /No folder on the nodes/],
    [
      'two of one name',
      withInstance(stopped, 'web1', { uuid: uuidOf('b'), place: { ...record.place, inode: 9 } }),
      'ambiguous',
      /by its uuid/,
    ],
  ];
  test.each(rows)('is blocked: %s', (_title, snapshot, code, text) => {
    const made = start(snapshot);
    expect(reasonsBy(made, 'blocks')).toContain(code);
    expect(textOf(made, code)).toMatch(text);
  });

  test('memory that Dom0 gives back counts', () => {
    const snapshot = withFacts(stopped, 'node1', () => ({ freeMemoryMib: 100, reclaimableMib: 2000 }));
    expect(isOpen(start(snapshot))).toBe(false);
  });
});

describe('an instance without a primary', () => {
  const released = withDomain(
    withInstance(soundCluster(), 'web1', { primary: null, next: 'node2', generation: 2, adminState: 'up' }),
    'node1',
    domainOf('web1'),
  );
  test('is stopped, and the record from which its hand-over goes on stays as its run wrote it', () => {
    const made = stop(released);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'shut-down node1 !',
      'end-domain node1 !',
      'unlock node1 !',
    ]);
    expect(recordsOf(made)).toEqual([]);
  });
  test.each([
    ['start', { kind: 'start', instance: 'web1' }],
    ['reboot', { kind: 'reboot', instance: 'web1', timeoutSeconds: 60 }],
    ['failover', { kind: 'failover', instance: 'web1', target: null, timeoutSeconds: 60 }],
    ['migrate', { kind: 'migrate', instance: 'web1', target: 'node2' }],
    ['replicate', { kind: 'replicate', instance: 'web1', node: null }],
    [
      'move',
      {
        kind: 'move',
        instance: 'web1',
        node: 'node2',
        storageDirectory: null,
        removeSource: false,
        timeoutSeconds: 60,
      },
    ],
  ] as const)('%s says what to do when the target is lost for good', (_kind, intent) => {
    const made = planned(released, intent);
    expect(reasonsBy(made, 'blocks')).toContain('hand-over');
    expect(textOf(made, 'hand-over')).toContain(
      `vbdesk instance claim web1 --as moved --path ${folder} -n node1`,
    );
  });
});

describe('stop', () => {
  test('shuts down, ends, records', () => {
    const made = stop(running);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'shut-down node1',
      'end-domain node1',
      'write-record node1 !',
      'unlock node1',
    ]);
    // it is only put back when it runs nowhere else
    expect(undoOrderOf(made)).toEqual([
      'let-go-on node1',
      'let-go-on node1',
      'verdict node2,node3',
      'put-back node1',
      'unlock node1',
    ]);
    expect(made.steps[1]?.guest).toBe('down');
    expect(recordsOf(made)[0]).toMatchObject({ adminState: 'down' });
    expect(made.equivalent).toBe('gnt-instance shutdown --timeout=120 web1');
  });

  test('going back starts it from the xen.cfg that was seen, and from none that disagrees with the record', () => {
    const sumsOf = (made: Plan) =>
      made.steps.flatMap((each) =>
        each.undo.flatMap(({ action }) => (action.do === 'put-back' ? [action.configSum] : [])),
      );
    const text = configOf(recordOf('web1'));
    expect(new Set(sumsOf(stop(running)))).toEqual(new Set([sha256(text)]));
    const edited = changeFolder(running, folder, () => ({ config: `${text}# a note\n` }));
    expect(new Set(sumsOf(stop(edited)))).toEqual(new Set([sha256(`${text}# a note\n`)]));
    const other = changeFolder(running, folder, () => ({
      config: text.replace('format=raw', 'format=qcow2'),
    }));
    expect(new Set(sumsOf(stop(other)))).toEqual(new Set([null]));
    expect(isOpen(stop(other))).toBe(false);
  });

  test('what stands stopped is only recorded', () => {
    const made = stop(withInstance(soundCluster(), 'web1', { adminState: 'up' }));
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'write-record node1 !',
      'unlock node1',
    ]);
  });

  test('a domain that is kept, or paused, is ended without asking the guest', () => {
    for (const state of ['shutdown', 'paused', 'crashed'] as const)
      expect(orderOf(stop(withDomain(stopped, 'node1', domainOf('web1', { state }))))).toEqual([
        'lock node1',
        'end-domain node1',
        'unlock node1 !',
      ]);
  });

  test('the emergency: every domain is ended, the stranger first, and none is put back', () => {
    const made = stop(withDomain(running, 'node2', domainOf('web1')));
    expect(reasonsBy(made, 'warning')).toContain('running-twice');
    expect(orderOf(made).slice(0, 5)).toEqual([
      'lock node1',
      'shut-down node2 !',
      'end-domain node2 !',
      'shut-down node1 !',
      'end-domain node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual(['unlock node1']);
  });

  const rows: [string, Snapshot, string, RegExp][] = [
    ['stopped already', stopped, 'already-stopped', /stopped already/],
    ['a silent primary', silent(running, 'node1'), 'not-answering', /can't be stopped on node1/],
    ['locked', changeFolder(running, folder, () => ({ lock: { ok: true, lock } })), 'locked', /bob/],
    [
      'a folder that is elsewhere',
      changeFolder(running, folder, () => ({ inode: 4 })),
      'place',
      /moved or copied/,
    ],
  ];
  test.each(rows)('is blocked: %s', (_title, snapshot, code, text) => {
    expect(textOf(stop(snapshot), code)).toMatch(text);
    expect(isOpen(stop(snapshot))).toBe(true);
  });
});

describe('reboot', () => {
  const reboot = (snapshot: Snapshot): Plan =>
    planned(snapshot, { kind: 'reboot', instance: 'web1', timeoutSeconds: 60 });
  test('is one act that can’t be taken back', () => {
    expect(orderOf(reboot(running))).toEqual(['lock node1', 'reboot-domain node1 !', 'unlock node1']);
    expect(isOpen(reboot(running))).toBe(false);
  });
  test('needs a running guest', () => {
    expect(textOf(reboot(stopped), 'not-running')).toMatch(/Only a running guest can reboot/);
  });
});
