/** Rename and OS export: what is planned, how it is taken back, and the sentence of every refusal. */
import { describe, expect, test } from 'vitest';
import type { OsDefinition, Snapshot } from '../../../core/cluster/snapshot.ts';
import { insideAfterUndo } from '../../../core/plan/holds.ts';
import { locksHeldAt } from '../../../core/plan/locks.ts';
import type { Run } from '../../../core/plan/run.ts';
import {
  changeFolder,
  configOf,
  folderOf,
  gib,
  localDirectory,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  withFacts,
  withFolder,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import {
  file,
  folder,
  qcow2,
  recordsOf,
  running,
  stepOf,
  stopped,
  withClone,
  withFiles,
} from './disk-world.ts';
import { isOpen, orderOf, planned, reasonsBy, runOf, textOf, undoOrderOf } from './support.ts';

const to = `${sharedDirectory}/www`;
const rename = (snapshot: Snapshot, name = 'www', osRename = false) =>
  planned(snapshot, { kind: 'rename', instance: 'web1', name, ...(osRename ? { osRename } : {}) });
const definition: OsDefinition = {
  name: 'debootstrap',
  path: '/usr/share/ganeti/os/debootstrap',
  apiVersions: [20],
  variants: ['stable'],
  parameters: [{ name: 'suite', text: '' }],
  scripts: ['create', 'import', 'export', 'rename'],
};
const installed = (change: Partial<OsDefinition> = {}, os = 'debootstrap+stable'): Snapshot =>
  withFacts(withInstance(soundCluster(), 'web1', { os }), 'node1', (facts) => ({
    commands: [...facts.commands, 'losetup'],
    osDefinitions: [{ ...definition, ...change }],
  }));

describe('a rename', () => {
  test('moves the folder, then writes xen.cfg and record, each with its undo; no image is touched', () => {
    const made = rename(stopped);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'check-no-overlays node1',
      'move-folder node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'verify-files node1',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'write-record node1',
      'write-file node1',
      'move-folder node1',
      'unlock node1',
    ]);
    const before = recordOf('web1');
    const [record] = recordsOf(made);
    expect(record).toMatchObject({
      uuid: before.uuid,
      name: 'www',
      nics: before.nics,
      generation: before.generation,
      disks: [{ logical_id: ['loop', 'raw', `${to}/sda`] }, { logical_id: ['loop', 'raw', `${to}/sdb`] }],
      place: { path: to },
    });
    expect(record?.ancestors[0]).toBe(before.id);
    const move = stepOf(made, 'move-folder');
    expect(move?.undo[0]?.action).toMatchObject({ from: to, to: folder, run: made.run });
    // the lock goes with the folder, and is asked for where it is by then
    for (const [index, each] of made.steps.entries())
      if (index > 0 && each.nodes.length === 1)
        expect(
          locksHeldAt(made, index).map((lock) => lock.folder),
          each.action.do,
        ).toEqual([index <= made.steps.findIndex((step) => step.action.do === 'move-folder') ? folder : to]);
    expect(made.equivalent).toBe('gnt-instance rename web1 www');
    expect(made.files.map((each) => each.path)).toEqual([`${to}/xen.cfg`, `${to}/instance.json`]);
  });

  test('to the name that its folder has already moves nothing', () => {
    const odd = changeFolder(stopped, folder, (each) => ({
      record: { ok: true as const, record: recordOf('web1', { name: 'odd' }) },
      config: each.config?.replace(/^name = .*$/m, 'name = "odd"') ?? null,
    }));
    const renamed = planned(odd, { kind: 'rename', instance: 'odd', name: 'web1' });
    expect(isOpen(renamed)).toBe(false);
    expect(orderOf(renamed)).not.toContain('move-folder node1');
    expect(recordsOf(renamed)[0]).toMatchObject({ name: 'web1', place: { path: folder } });
  });

  test('tells the system in the images with its old and its new name, when it is asked to', () => {
    const made = rename(installed(), 'www', true);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made).slice(-2)).toEqual(['run-os-script node1', 'unlock node1 !']);
    const step = stepOf(made, 'run-os-script');
    expect(step?.action).toMatchObject({
      script: { name: 'rename' },
      folder: to,
      images: [
        { index: 0, path: `${to}/sda` },
        { index: 1, path: `${to}/sdb` },
      ],
      environment: {
        INSTANCE_NAME: 'www',
        OLD_INSTANCE_NAME: 'web1',
        OS_NAME: 'debootstrap',
        OS_VARIANT: 'stable',
      },
    });
    expect(textOf(made, 'os-rename')).toMatch(/writes into the images is not taken back if it fails/);
    expect(reasonsBy(made, 'warning')).toContain('os-rename');
    expect(reasonsBy(rename(installed(), 'www'), 'warning')).not.toContain('os-rename');
    expect(step?.undo.map((each) => each.action.do)).toEqual(['detach-images']);
    expect(textOf(made, 'os-parameters')).toContain('rename gets none');
  });

  test('taken back once that script was begun, it does not say that nothing stands', () => {
    const made = rename(installed(), 'www', true);
    const at = made.steps.findIndex(({ action }) => action.do === 'run-os-script');
    const undone = (changed: boolean): Run => {
      const run = runOf(made, at);
      const entry = run.steps[at];
      if (!entry) throw new Error('no script');
      Object.assign(entry, { state: 'failed', changed });
      return { ...run, direction: 'undo', state: 'undone' };
    };
    expect(insideAfterUndo(undone(true)).join()).toMatch(
      /debootstrap\/rename was begun on node1, .* partly by both/,
    );
    // it refused before it had begun
    expect(insideAfterUndo(undone(false))).toEqual([]);
  });

  const withConfig = (line: string): Snapshot =>
    changeFolder(stopped, folder, (each) => ({ config: `${each.config ?? ''}${line}\n` }));
  const rows: [string, Snapshot, string, boolean, string, string][] = [
    [
      'it runs',
      running,
      'www',
      false,
      'running',
      'so it is renamed while it is stopped: shut web1 down first',
    ],
    ['a name that can not be', stopped, 'a b', false, 'name', 'named like a host'],
    ['the same name', stopped, 'web1', false, 'same-name', 'It is called web1 already'],
    ['a taken name', withInstance(stopped, 'www'), 'www', false, 'name-in-use', 'www exists already'],
    [
      'others build on it',
      withClone(stopped, `${folder}/sda`),
      'www',
      false,
      'base-in-use',
      "so it can't be renamed",
    ],
    [
      'one of its own builds on another by its path',
      withFiles(qcow2, file('sdc', { type: 'qcow2', virtualSize: gib, backing: `${folder}/sda` })),
      'www',
      false,
      'base-in-use',
      `builds on ${folder}/sda`,
    ],
    [
      'xen.cfg names the folder elsewhere',
      withConfig(`kernel = "${folder}/vmlinuz"`),
      'www',
      false,
      'config-folder',
      'elsewhere than in its disks',
    ],
    [
      'xen.cfg attaches something else',
      changeFolder(stopped, folder, () => ({ config: configOf(recordOf('web1', { disks: [] })) })),
      'www',
      false,
      'config',
      'does not attach each disk of the record',
    ],
    ['no OS definition', stopped, 'www', true, 'no-os', 'was installed by no OS definition'],
    ['one that is gone', installed({ name: 'x' }), 'www', true, 'no-os', 'has no OS definition debootstrap'],
    ['no script', installed({ scripts: ['create'] }), 'www', true, 'os-script', 'has no executable rename'],
    ['another version', installed({ apiVersions: [10] }), 'www', true, 'os-api', 'does not speak version'],
  ];
  test.each(rows)('is refused: %s', (_title, snapshot, name, osRename, code, sentence) => {
    const made = rename(snapshot, name, osRename);
    expect(reasonsBy(made, 'blocks')).toContain(code);
    expect(textOf(made, code)).toContain(sentence);
  });

  test('is refused while it has a replica, which would go by the old name', () => {
    const record = recordOf('web1', {
      place: { storage: 'local-node1', path: `${localDirectory}/web1`, inode: 900 },
    });
    const there = withLocalInstance(soundCluster(), 'web1', 'node1');
    const own = there.nodes
      .find((each) => each.name === 'node1')
      ?.facts?.folders.find((each) => each.path === `${localDirectory}/web1`);
    const kept = own?.record?.ok ? own.record.record : record;
    const replicated = withFolder(
      there,
      ['node2'],
      folderOf(kept, {
        record: null,
        replica: true,
        replicaRecord: {
          ok: true,
          replica: {
            version: 1,
            copy: 'c',
            source: 'node1',
            record: kept,
            disks: [],
            when: '2026-11-25T11:00:00Z',
            written: { by: 'a', run: 'r' },
          },
        },
      }),
    );
    expect(isOpen(rename(there))).toBe(false);
    expect(textOf(rename(replicated), 'replica')).toContain(
      `${localDirectory}/web1 on node2 is a replica of web1, under that name. Discard it first`,
    );
    // a node that answers, and whose storage is away
    const away = withLocalInstance(soundCluster(), 'web1', 'node1', { replicaNodes: ['node2'] });
    expect(textOf(rename(away), 'replica')).toContain(
      'By the record of web1 node2 holds a replica of it under that name',
    );
    expect(reasonsBy(rename(away), 'blocks')).toEqual(['replica']);
  });

  test('a silent primary must be vouched down, or another node has to do it', () => {
    expect(isOpen(rename(silent(stopped, 'node1')))).toBe(true);
  });
});

describe('an OS export', () => {
  const exported = (snapshot: Snapshot, output = '/srv/backup/web1.dump', disk = 1) =>
    planned(snapshot, { kind: 'os-export', instance: 'web1', disk, output });

  test('gets the one disk, and is taken back whole', () => {
    const made = exported(installed());
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'run-os-script node1',
      'unlock node1 !',
    ]);
    const step = stepOf(made, 'run-os-script');
    expect(step?.action).toMatchObject({
      script: { name: 'export', index: 1, file: '/srv/backup/web1.dump' },
      images: [{ index: 1, path: `${folder}/sdb` }],
    });
    expect(step?.undo.map((each) => each.action)).toEqual([
      { do: 'drop-export', folder, image: `${folder}/sdb`, file: '/srv/backup/web1.dump' },
    ]);
  });

  test.each([
    ['/etc/x', 'a directory of the system'],
    ['/x', 'lies in the root directory'],
    ['x', 'is not absolute'],
    [`${sharedDirectory}/x`, 'would pass for an image'],
  ])('not to %s', (output, sentence) => {
    expect(textOf(exported(installed(), output), 'output')).toContain(sentence);
    expect(reasonsBy(exported(installed(), output), 'blocks')).toContain('output');
  });

  test('not of a running guest, a disk that is none, or one that is not raw', () => {
    expect(textOf(exported(running), 'running')).toContain('shut web1 down first');
    expect(textOf(exported(installed(), '/srv/b/x', 9), 'no-disk')).toContain('web1 has no disk 9');
    const os = 'debootstrap+stable';
    const mixed = changeFolder(
      withFacts(qcow2, 'node1', () => ({ osDefinitions: [definition] })),
      folder,
      (each) =>
        each.record?.ok ? { record: { ok: true as const, record: { ...each.record.record, os } } } : {},
    );
    expect(textOf(exported(mixed, '/srv/b/x', 0), 'os-disk-type')).toContain('disk 0 is qcow2');
  });
});
