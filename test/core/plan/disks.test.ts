/** Plans that change an instance's disks: what they do, and every sentence with which they refuse. */
import { describe, expect, test } from 'vitest';
import type { InstanceRecord } from '../../../core/cluster/record.ts';
import type { FolderFacts, ImageFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import type { DiskAddIntent } from '../../../core/plan/disk-intents.ts';
import type { Approval } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  configOf,
  domainOf,
  folderOf,
  gib,
  recordOf,
  sharedDevice,
  sharedDirectory,
  silent,
  soundCluster,
  takenAt,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { createIntent, isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const run = 'run0000000000000';
const folder = `${sharedDirectory}/web1`;
const stopped = withInstance(soundCluster(), 'web1');
const running = withInstance(soundCluster(), 'web1', {}, 'node1');
const qcow2Record = recordOf('web1', {
  disks: [
    { logical_id: ['blktap', 'qcow2', `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: gib },
    { logical_id: ['loop', 'raw', `${folder}/sdb`], vdev: 'xvdb', mode: 'rw', size: 2 * gib },
  ],
});
const qcow2 = withInstance(soundCluster(), 'web1', { disks: qcow2Record.disks });
const withoutQemu = (snapshot: Snapshot): Snapshot =>
  withFacts(snapshot, 'node1', (facts) => ({
    commands: facts.commands.filter((each) => each !== 'qemu-img'),
  }));
type Header = ImageFacts & { backing?: string | null; virtualSize?: number | null };
const file = (name: string, change: Partial<Header> = {}): Header => ({
  name,
  size: gib,
  allocated: 4096,
  modified: takenAt,
  inode: 77_000 + name.length,
  device: sharedDevice,
  type: 'raw',
  kind: 'file',
  ...change,
});
const withFiles = (snapshot: Snapshot, ...files: Header[]): Snapshot =>
  changeFolder(snapshot, folder, (each) => ({ files: [...each.files, ...files] }));
const templates = (files: Header[]): FolderFacts => ({
  storage: sharedDirectory,
  path: `${sharedDirectory}/templates`,
  name: 'templates',
  inode: 4242,
  device: sharedDevice,
  record: null,
  lock: null,
  config: null,
  replica: false,
  files,
});
const everywhere = ['node1', 'node2', 'node3'];
const base = `${sharedDirectory}/templates/debian.qcow2`;
const withBase = (snapshot: Snapshot, change: Partial<Header> = {}): Snapshot =>
  withFolder(
    snapshot,
    everywhere,
    templates([file('debian.qcow2', { type: 'qcow2', virtualSize: gib, ...change })]),
  );
/** web2, whose disk builds on the image with this path. */
const withClone = (snapshot: Snapshot, on: string): Snapshot => {
  const record = recordOf('web2', {
    disks: [
      { logical_id: ['blktap', 'qcow2', `${sharedDirectory}/web2/sda`], vdev: 'xvda', mode: 'rw', size: gib },
    ],
  });
  return withFolder(snapshot, everywhere, {
    ...folderOf(record),
    files: [file('sda', { type: 'qcow2', inode: 88, backing: on })],
  });
};
const recordsOf = (made: Plan): InstanceRecord[] =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []));
const configsOf = (made: Plan): string[] =>
  made.steps.flatMap((each) => (each.action.do === 'write-file' ? [each.action.content] : []));
const stepOf = (made: Plan, name: string) => made.steps.find((each) => each.action.do === name);
const accepting = (...accept: string[]): Approval => ({ accept, vouched: [] });

const grow = (snapshot: Snapshot, size: number, by = false, disk = 0): Plan =>
  planned(snapshot, { kind: 'grow', instance: 'web1', disk, size, by });

describe('grow', () => {
  test('locks, looks everywhere, records and lengthens, with no way back', () => {
    const made = grow(stopped, 3 * gib, true);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'check-no-overlays node1',
      'write-record node1',
      'grow-image node1 !',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual(['write-record node1', 'unlock node1']);
    expect(stepOf(made, 'grow-image')?.action).toMatchObject({ from: gib, to: 4 * gib, type: 'raw' });
    expect(recordsOf(made)[0]?.disks.map((each) => each.size)).toEqual([4 * gib, 2 * gib]);
    expect(made.effects.newBytes).toBe(3 * gib);
    expect(made.equivalent).toBe('gnt-instance grow-disk web1 0 3G');
    expect(textOf(made, 'guest-work')).toContain('growpart /dev/xvda 1');
    expect(textOf(made, 'no-way-back')).toContain('never made smaller');
  });

  test('a raw one also while its guest runs, which sees it later', () => {
    const made = grow(running, 2 * gib);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node2,node3',
      'check-running node1',
      'check-no-overlays node1',
      'write-record node1',
      'grow-image node1 !',
      'unlock node1',
    ]);
    expect(stepOf(made, 'grow-image')?.action).toMatchObject({ running: true });
    expect(textOf(made, 'guest-work')).toContain('sees the new one after its next start or reboot');
    const twice = withDomain(running, 'node2', domainOf('web1', { uuid: recordOf('web1').uuid }));
    expect(isOpen(grow(twice, 2 * gib))).toBe(true);
    const paused = withDomain(
      stopped,
      'node1',
      domainOf('web1', { uuid: recordOf('web1').uuid, state: 'paused' }),
    );
    expect(isOpen(grow(paused, 2 * gib))).toBe(true);
  });

  test('a bare file system has no partition to enlarge', () => {
    const disks = recordOf('web1').disks.map((each, index) =>
      index === 0 ? { ...each, vdev: 'xvda1' } : each,
    );
    const text = textOf(grow(withInstance(soundCluster(), 'web1', { disks }), 2 * gib), 'guest-work');
    expect(text).toContain('resize2fs /dev/xvda1');
    expect(text).not.toContain('growpart');
  });

  test('is refused with the reason', () => {
    expect(textOf(grow(stopped, gib / 2), 'shrink')).toContain(
      'a disk is never made smaller: what lies behind its new end would be lost',
    );
    expect(textOf(grow(stopped, gib), 'same-size')).toBe('Disk 0 has 1 GiB already.');
    expect(textOf(grow(stopped, 0, true), 'disk-size')).toContain('grows by more than nothing');
    expect(textOf(grow(stopped, -gib, true), 'disk-size')).toContain('grows by more than nothing');
    expect(textOf(grow(stopped, 2 * gib + 5), 'disk-size')).toContain(
      'not a whole number of 512-byte sectors',
    );
    expect(textOf(grow(stopped, 1e30), 'disk-size')).toContain('too large');
    expect(textOf(grow(stopped, 2 * gib, false, 7), 'no-disk')).toBe(
      'web1 has no disk 7: it has 0 (xvda, sda) and 1 (xvdb, sdb).',
    );
    const runningQcow2 = withInstance(soundCluster(), 'web1', { disks: qcow2Record.disks }, 'node1');
    expect(textOf(grow(runningQcow2, 2 * gib), 'running')).toBe(
      'web1 runs on node1. A qcow2 image is grown while its guest is stopped: QEMU has it open, and a second program that writes to it would destroy it. Shut web1 down first.',
    );
    expect(textOf(grow(withoutQemu(qcow2), 2 * gib), 'qemu-img')).toContain(
      'node1 has no qemu-img, which resizes qcow2 images',
    );
    for (const [snapshot, size] of [
      [stopped, gib / 2],
      [stopped, gib],
      [runningQcow2, 2 * gib],
      [withoutQemu(qcow2), 2 * gib],
    ] as const)
      expect(isOpen(grow(snapshot, size))).toBe(true);
    expect(isOpen(grow(qcow2, 2 * gib))).toBe(false);
  });

  test('says every reason at once', () => {
    const made = grow(
      withoutQemu(withInstance(soundCluster(), 'web1', { disks: qcow2Record.disks }, 'node1')),
      gib / 2,
    );
    expect(reasonsBy(made, 'blocks')).toEqual(expect.arrayContaining(['shrink', 'running', 'qemu-img']));
  });

  test('more than is free needs a consent', () => {
    const made = grow(stopped, 600 * gib);
    expect(reasonsBy(made, 'consent')).toEqual(['overcommit']);
  });

  test('a file that somebody lengthened by hand: the record follows', () => {
    const longer = changeFolder(stopped, folder, (each) => ({
      files: each.files.map((one) => (one.name === 'sda' ? { ...one, size: 3 * gib } : one)),
    }));
    const made = grow(longer, 3 * gib);
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'longer')).toContain('has 3 GiB already, its record says 1 GiB');
    expect(orderOf(made)).not.toContain('grow-image node1 !');
    expect(recordsOf(made)[0]?.disks[0]?.size).toBe(3 * gib);
    expect(textOf(grow(longer, 2 * gib), 'shrink')).toContain('Disk 0 has 3 GiB');
  });

  test('a vmdk disk, one that builds the base of another, and a silent primary', () => {
    const config = configOf(recordOf('web1')).replace('format=raw', 'format=vmdk');
    const vmdk = withFolder(soundCluster(), everywhere, {
      ...folderOf(recordOf('web1')),
      record: {
        ok: true,
        record: recordOf('web1', {
          disks: [{ logical_id: ['blktap', 'vmdk', `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: gib }],
        }),
      },
      config,
      files: [file('sda', { type: 'vmdk' })],
    });
    expect(textOf(grow(vmdk, 2 * gib), 'type')).toContain(
      "A vmdk image can't be grown. Convert it to raw or qcow2 first",
    );
    expect(textOf(grow(withClone(stopped, '../web1/sda'), 2 * gib), 'base-in-use')).toBe(
      `disk 0 of web2 (${sharedDirectory}/web2/sda) builds on ${folder}/sda, so it can't be grown: what is built on it would be lost. Convert that image first, which makes them whole.`.replace(
        'them',
        'it',
      ),
    );
    expect(reasonsBy(grow(silent(stopped, 'node1'), 2 * gib), 'consent')).toContain('vouch-down:node1');
  });
});

describe('convert', () => {
  const convert = (snapshot: Snapshot, to: 'raw' | 'qcow2', driver?: 'loop' | 'blktap'): Plan =>
    planned(snapshot, { kind: 'convert', instance: 'web1', disk: 0, to, ...(driver ? { driver } : {}) });

  test('copies, proves, swaps names, and keeps the old file', () => {
    const made = convert(stopped, 'qcow2', 'blktap');
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'check-no-overlays node1',
      'convert-image node1',
      'verdict node1,node2,node3',
      'rename-image node1',
      'rename-image node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'verify-files node1',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'write-record node1',
      'write-file node1',
      'rename-image node1',
      'rename-image node1',
      'remove-file node1',
      'unlock node1',
    ]);
    expect(recordsOf(made)[0]?.disks[0]?.logical_id).toEqual(['blktap', 'qcow2', `${folder}/sda`]);
    expect(configsOf(made)[0]).toContain(
      `format=qcow2, vdev=xvda, access=rw, backendtype=qdisk, target=${folder}/sda`,
    );
    expect(textOf(made, 'kept')).toContain(`sda.before-${run}`);
    expect(textOf(made, 'kept')).toContain(`vbdesk image release web1 sda.before-${run}`);
  });

  test('comments and what we do not know in xen.cfg stay', () => {
    const config = `# mine\n${configOf(recordOf('web1')).replace('target=', 'discard, target=')}tsc_mode = "native" # why\n`;
    const made = convert(
      changeFolder(stopped, folder, () => ({ config })),
      'qcow2',
      'blktap',
    );
    expect(isOpen(made)).toBe(false);
    const [text] = configsOf(made);
    expect(text).toContain('# mine\n');
    expect(text).toContain('tsc_mode = "native" # why\n');
    expect(text).toContain(`discard, target=${folder}/sda`);
  });

  test('is refused with the reason, and says which driver serves the type', () => {
    expect(textOf(convert(stopped, 'raw'), 'same-type')).toBe(`Disk 0 (${folder}/sda) is raw already.`);
    expect(textOf(convert(stopped, 'qcow2'), 'driver')).toBe(
      'The driver loop serves raw images, not qcow2. Choose the driver blktap, or convert the image to raw.',
    );
    expect(textOf(convert(withoutQemu(stopped), 'qcow2', 'blktap'), 'qemu-img')).toContain(
      'which converts images',
    );
    expect(textOf(convert(running, 'qcow2', 'blktap'), 'running')).toContain(
      'What it writes while the copy is made would be missing',
    );
    const full = changeFolder(stopped, folder, (each) => ({
      files: each.files.map((one) => ({ ...one, allocated: 501 * gib })),
    }));
    expect(textOf(convert(full, 'qcow2', 'blktap'), 'no-room')).toContain('The copy takes about 501 GiB');
    const disagreeing = changeFolder(stopped, folder, (each) => ({
      config: (each.config ?? '').replace('vdev=xvdb', 'vdev=xvdq'),
    }));
    expect(textOf(convert(disagreeing, 'qcow2', 'blktap'), 'config-disks')).toContain(
      'Both must agree before the disks are changed.',
    );
    const gone = changeFolder(stopped, folder, (each) => ({ config: null, files: each.files.slice(0, 1) }));
    expect(reasonsBy(convert(gone, 'qcow2', 'blktap'), 'blocks')).toEqual(
      expect.arrayContaining(['config-missing', 'image']),
    );
    expect(textOf(convert(withClone(qcow2, `${folder}/sda`), 'raw', 'loop'), 'base-in-use')).toContain(
      "can't be converted in place",
    );
  });

  test('snapshots do not come along, a linked clone becomes whole', () => {
    const made = convert(
      withBase(
        changeFolder(qcow2, folder, (each) => ({
          files: each.files.map((one): Header => (one.name === 'sda' ? { ...one, backing: base } : one)),
        })),
      ),
      'raw',
      'loop',
    );
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'snapshots-stay')).toContain('stay in the file that is kept');
    expect(textOf(made, 'whole')).toContain(`builds on ${base}`);
  });
});

describe('snapshots', () => {
  const snap = (
    snapshot: Snapshot,
    change: 'create' | 'revert' | 'delete',
    tag = 'before',
    approval?: Approval,
  ): Plan => planned(snapshot, { kind: 'snapshot', instance: 'web1', disk: 0, change, tag }, approval);

  test('made, with an undo; reverted to with a consent; deleted without a way back', () => {
    const made = snap(qcow2, 'create');
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'check-no-overlays node1',
      'make-snapshot node1',
      'verify-files node1',
      'unlock node1 !',
    ]);
    expect(stepOf(made, 'make-snapshot')?.undo[0]?.action).toMatchObject({ do: 'drop-snapshot', own: true });
    const reverted = snap(qcow2, 'revert');
    expect(reasonsBy(reverted, 'consent')).toEqual(['lose-current-state']);
    expect(textOf(reverted, 'lose-current-state')).toContain(
      'is lost for good. To keep it, make a snapshot of it first.',
    );
    expect(isOpen(snap(qcow2, 'revert', 'before', accepting('lose-current-state')))).toBe(false);
    expect(orderOf(reverted)).toContain('revert-snapshot node1 !');
    expect(orderOf(snap(qcow2, 'delete'))).toContain('drop-snapshot node1 !');
  });

  test('refused with the reason', () => {
    expect(textOf(snap(stopped, 'create'), 'type')).toBe(
      `${folder}/sda is raw, and only qcow2 images hold snapshots. Convert it first: vbdesk image convert web1 0 --to qcow2.`,
    );
    for (const tag of ['17', '', '-d', 'a b', 'x'.repeat(65), 'ä'])
      expect(textOf(snap(qcow2, 'create', tag), 'tag')).toContain("can't be the tag of a snapshot");
    expect(
      textOf(
        snap(withInstance(soundCluster(), 'web1', { disks: qcow2Record.disks }, 'node1'), 'create'),
        'running',
      ),
    ).toContain('QEMU has the image open');
    expect(textOf(snap(withoutQemu(qcow2), 'create'), 'qemu-img')).toContain('which keeps snapshots');
    expect(textOf(snap(withClone(qcow2, `${folder}/sda`), 'revert'), 'base-in-use')).toContain(
      "can't be taken back",
    );
  });
});

describe('a disk is added', () => {
  const fresh = { from: 'new', size: 5 * gib, type: 'raw', allocation: 'sparse', base: null } as const;
  const add = (
    snapshot: Snapshot,
    source: DiskAddIntent['source'],
    more: Partial<DiskAddIntent> = {},
  ): Plan => planned(snapshot, { kind: 'disk-add', instance: 'web1', source, mode: 'rw', ...more });

  test('under the next name and device that are free, with the driver of the first', () => {
    const made = add(withFiles(stopped, file('sdc')), fresh);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'create-image node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'verify-files node1',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'write-record node1',
      'write-file node1',
      'remove-file node1',
      'unlock node1',
    ]);
    expect(recordsOf(made)[0]?.disks[2]).toEqual({
      logical_id: ['loop', 'raw', `${folder}/sdd`],
      vdev: 'xvdc',
      mode: 'rw',
      size: 5 * gib,
    });
    expect(configsOf(made)[0]).toContain(`vdev=xvdc, access=rw, backendtype=phy, target=${folder}/sdd`);
    expect(made.equivalent).toBe('gnt-instance modify --disk add:size=5G web1');
    expect(made.title).toBe('Add sdd (5 GiB, xvdc) to web1');
  });

  test('is refused with the reason', () => {
    expect(textOf(add(running, fresh), 'running')).toContain('Disks are added while the guest is stopped');
    expect(textOf(add(stopped, { ...fresh, size: 513 }), 'disk-size')).toContain('not a whole number');
    expect(textOf(add(stopped, { ...fresh, size: null }), 'disk-size')).toContain('How large shall it be?');
    expect(textOf(add(stopped, { ...fresh, type: 'qcow2' }), 'driver')).toContain('Choose the driver blktap');
    expect(textOf(add(withoutQemu(stopped), { ...fresh, type: 'qcow2' }), 'qemu-img')).toContain(
      'which makes qcow2 images',
    );
    expect(textOf(add(stopped, { ...fresh, type: 'qcow2', allocation: 'full' }), 'allocation')).toContain(
      'Only a raw image',
    );
    expect(textOf(add(stopped, fresh, { vdev: 'xvda' }), 'vdev')).toBe('Disk 0 is xvda already.');
    expect(textOf(add(stopped, fresh, { vdev: 'xvda1' }), 'vdev')).toContain(
      'either the whole device or its partitions',
    );
    expect(textOf(add(stopped, fresh, { vdev: 'nope' }), 'vdev')).toContain('is no virtual device');
    const many = Array.from({ length: 16 }, (_, index) => ({
      logical_id: ['loop', 'raw', `${folder}/sd${String.fromCharCode(97 + index)}`] as [
        'loop',
        'raw',
        string,
      ],
      vdev: `xvd${String.fromCharCode(97 + index)}`,
      mode: 'rw' as const,
      size: gib,
    }));
    expect(textOf(add(withInstance(soundCluster(), 'web1', { disks: many }), fresh), 'disks')).toBe(
      'web1 has 16 disks, and 16 are allowed.',
    );
  });

  test('allocated in full, it takes its space at once', () => {
    const made = add(stopped, { ...fresh, allocation: 'full' });
    expect(stepOf(made, 'create-image')?.action).toMatchObject({ allocation: 'full' });
    expect(textOf(made, 'full')).toContain('5 GiB are taken at once');
  });

  test('one that was taken out comes back', () => {
    const kept = `sdb.removed-${run}`;
    const made = add(withFiles(stopped, file(kept)), { from: 'file', file: kept });
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made).slice(3, 5)).toEqual(['check-no-overlays node1', 'rename-image node1']);
    expect(stepOf(made, 'rename-image')?.action).toMatchObject({
      from: `${folder}/${kept}`,
      to: `${folder}/sdc`,
    });
    expect(recordsOf(made)[0]?.disks[2]).toMatchObject({ size: gib, vdev: 'xvdc' });
    const from = (name: string, ...files: Header[]) =>
      add(withFiles(stopped, ...files), { from: 'file', file: name });
    expect(textOf(from('none', file('x')), 'no-file')).toBe(
      `${folder} holds no file none. Beside its disks there are x.`,
    );
    expect(textOf(from('sda'), 'is-disk')).toBe(`${folder}/sda is a disk of web1 already.`);
    expect(textOf(from('x.partial', file('x.partial')), 'partial')).toContain('was not finished');
    expect(textOf(from('x', file('x', { kind: 'symlink' })), 'not-a-file')).toContain(
      'not a regular file but a symlink',
    );
    expect(textOf(from('x', file('x', { size: 700 })), 'disk-size')).toContain(
      'not a whole number of 512-byte sectors',
    );
    expect(textOf(from('x', file('x', { type: 'vmdk', virtualSize: gib })), 'driver')).toContain(
      "xl can't attach vmdk images",
    );
    expect(textOf(from('x', file('x', { type: 'qcow2' })), 'size-unknown')).toContain('is not known');
    const open = withFacts(withFiles(stopped, file('x')), 'node2', () => ({
      open: [{ device: sharedDevice, inode: file('x').inode, by: 'loop3' }],
    }));
    expect(textOf(add(open, { from: 'file', file: 'x' }), 'open')).toContain('loop3 on node2 has');
  });

  test('a vmdk image is imported as raw; it stays as it is', () => {
    const path = `${sharedDirectory}/templates/appliance.vmdk`;
    const there = withFolder(
      stopped,
      everywhere,
      templates([file('appliance.vmdk', { type: 'vmdk', virtualSize: 3 * gib })]),
    );
    const made = add(there, { from: 'import', path, type: 'raw' });
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made).slice(3, 6)).toEqual([
      'convert-image node1',
      'verdict node1,node2,node3',
      'rename-image node1',
    ]);
    expect(recordsOf(made)[0]?.disks[2]).toMatchObject({ size: 3 * gib });
    const from = (where: string) => add(there, { from: 'import', path: where, type: 'raw' });
    expect(textOf(from('/etc/passwd'), 'import-path')).toContain('a directory of the system');
    expect(textOf(from(`${sharedDirectory}/templates/none`), 'no-image')).toContain('node1 shows no image');
    expect(textOf(from(`${folder}/sda`), 'is-disk')).toContain('is disk 0 of web1');
  });

  test('a linked clone of a base', () => {
    const clone = { ...fresh, type: 'qcow2', size: null, base } as const;
    const made = add(withBase(stopped), clone, { driver: 'blktap' });
    expect(isOpen(made)).toBe(false);
    expect(stepOf(made, 'create-image')?.action).toMatchObject({
      size: gib,
      base: { path: base, type: 'qcow2', within: [sharedDirectory, '/srv/local'] },
    });
    expect(textOf(made, 'base-stays')).toContain('must never change or move');
    const on = (
      snapshot: Snapshot,
      change: Partial<typeof clone> | { type: 'raw' } | { base: string } | { size: number } = {},
    ) => add(snapshot, { ...clone, ...change }, { driver: 'blktap' });
    expect(textOf(on(stopped), 'no-base')).toContain(`node1 shows no image ${base}`);
    expect(textOf(on(withBase(stopped), { type: 'raw' }), 'base-type')).toContain(
      'A linked clone is a qcow2 image',
    );
    expect(textOf(on(withBase(stopped, { type: 'vmdk' })), 'base-type')).toContain(
      'is vmdk; a clone builds on raw and qcow2 images',
    );
    expect(textOf(on(stopped, { base: `${folder}/sda` }), 'base-is-disk')).toContain(
      'is disk 0 of web1, which writes to it',
    );
    expect(
      textOf(
        on(withFiles(stopped, file('sda.before-x')), { base: `${folder}/sda.before-x` }),
        'base-is-kept',
      ),
    ).toContain('is kept only until');
    expect(textOf(on(withBase(stopped), { size: gib / 2 }), 'disk-size')).toContain(
      "a clone of it can't be smaller",
    );
    expect(textOf(on(stopped, { base: '/srv/elsewhere/x' }), 'base-path')).toContain(
      'does not lie below an allowed storage directory',
    );
    const open = withFacts(withBase(stopped), 'node2', () => ({
      open: [{ device: sharedDevice, inode: file('debian.qcow2').inode, by: 'loop0' }],
    }));
    expect(textOf(on(open), 'base-open')).toContain('loop0 on node2');
  });
});

describe('a disk is taken out', () => {
  const remove = (snapshot: Snapshot, disk = 1, purge = false, approval?: Approval): Plan =>
    planned(snapshot, { kind: 'disk-remove', instance: 'web1', disk, purge }, approval);

  test('its file stays beside the others under another name', () => {
    const made = remove(stopped);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'check-no-overlays node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'rename-image node1',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'rename-image node1',
      'write-record node1',
      'write-file node1',
      'unlock node1',
    ]);
    expect(recordsOf(made)[0]?.disks).toHaveLength(1);
    expect(configsOf(made)[0]).not.toContain('sdb');
    expect(textOf(made, 'kept')).toContain(`vbdesk instance disk add web1 file=sdb.removed-${run}`);
    expect(made.equivalent).toBe('gnt-instance modify --disk 1:remove web1');
  });

  test('deleted only with a consent that names path and bytes', () => {
    const made = remove(stopped, 1, true);
    expect(reasonsBy(made, 'consent')).toEqual(['delete-image']);
    expect(textOf(made, 'delete-image')).toBe(
      `${folder}/sdb (2 GiB, 4 KiB on disk) is deleted. This can't be taken back.`,
    );
    expect(orderOf(made).slice(-3)).toEqual(['rename-image node1 !', 'delete-kept node1', 'unlock node1']);
    expect(isOpen(remove(stopped, 1, true, accepting('delete-image')))).toBe(false);
  });

  test('is refused with the reason', () => {
    expect(textOf(remove(running), 'running')).toContain('A disk is taken out while the guest is stopped');
    const single = withInstance(soundCluster(), 'web1', { disks: recordOf('web1').disks.slice(0, 1) });
    expect(textOf(remove(single, 0), 'last-disk')).toContain('is the only disk of web1');
    expect(textOf(remove(stopped, 0), 'first-disk')).toContain('usually boots from');
    expect(textOf(remove(stopped, 5), 'no-disk')).toContain('web1 has no disk 5');
    expect(textOf(remove(withClone(stopped, `${folder}/sdb`)), 'base-in-use')).toContain(
      "can't be taken out",
    );
  });

  test('one whose file is gone is only forgotten', () => {
    const gone = changeFolder(stopped, folder, (each) => ({
      files: each.files.filter((one) => one.name !== 'sdb'),
    }));
    const made = remove(gone);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).not.toContain('rename-image node1');
    expect(textOf(made, 'image-gone')).toContain('is not there any more');
  });
});

describe('a kept file is let go', () => {
  const kept = 'sda.before-r1';
  const release = (snapshot: Snapshot, name = kept, approval?: Approval): Plan =>
    planned(snapshot, { kind: 'release', instance: 'web1', file: name }, approval);

  test('with a consent, also while the guest runs', () => {
    const made = release(withFiles(running, file(kept)));
    expect(reasonsBy(made, 'blocks')).toEqual([]);
    expect(textOf(made, 'delete-kept')).toContain(`${folder}/${kept} (1 GiB, 4 KiB on disk) is deleted`);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'check-unused node1,node2,node3',
      'check-no-overlays node1',
      'delete-kept node1 !',
      'unlock node1',
    ]);
    expect(isOpen(release(withFiles(running, file(kept)), kept, accepting('delete-kept')))).toBe(false);
  });

  test('no other file, and none that others build on', () => {
    expect(textOf(release(withFiles(stopped, file(kept)), 'sda'), 'not-kept')).toContain(
      `There are ${kept}.`,
    );
    expect(textOf(release(stopped), 'no-file')).toBe(`${folder} holds no file ${kept}. There is none.`);
    expect(
      textOf(
        release(withClone(withFiles(stopped, file(kept, { type: 'qcow2' })), `${folder}/${kept}`)),
        'base-in-use',
      ),
    ).toContain("can't be deleted");
  });
});

describe('chains', () => {
  test('an instance on which others build is neither removed nor started nor changed', () => {
    const based = withClone(stopped, `${folder}/sda`);
    const removed = (purge: boolean) =>
      textOf(planned(based, { kind: 'remove', instance: 'web1', purge, timeoutSeconds: 0 }), 'base-in-use');
    expect(removed(false)).toContain("can't be moved into the trash");
    expect(removed(true)).toContain("can't be deleted");
    expect(textOf(planned(based, { kind: 'start', instance: 'web1' }), 'base-in-use')).toContain(
      `disk 0 of web2 (${sharedDirectory}/web2/sda) builds on ${folder}/sda, so it can't be written to`,
    );
  });

  test('a linked clone needs its base where it is to run', () => {
    const start = (snapshot: Snapshot): Plan => planned(snapshot, { kind: 'start', instance: 'web2' });
    expect(textOf(start(withClone(soundCluster(), base)), 'base-missing')).toBe(
      `sda builds on ${base}, which node1 does not show: without it the disk can't be read.`,
    );
    expect(textOf(start(withBase(withClone(soundCluster(), base))), 'base')).toContain('which node1 shows');
    expect(isOpen(start(withBase(withClone(soundCluster(), base))))).toBe(false);
  });

  test('a new instance as a linked clone, of the size of its base', () => {
    const disk = { size: 0, type: 'qcow2', mode: 'rw', base } as const;
    const made = planned(withBase(soundCluster()), createIntent({ driver: 'blktap', disks: [disk] }));
    expect(isOpen(made)).toBe(false);
    expect(stepOf(made, 'create-image')?.action).toMatchObject({
      size: gib,
      base: { path: base, type: 'qcow2', within: [sharedDirectory, '/srv/local'] },
    });
    expect(made.equivalent).toContain(`base=${base}`);
    const without = planned(soundCluster(), createIntent({ driver: 'blktap', disks: [disk] }));
    expect(textOf(without, 'no-base')).toContain('node1 shows no image');
    const small = planned(
      withBase(soundCluster()),
      createIntent({ driver: 'blktap', disks: [{ ...disk, size: gib / 2 }] }),
    );
    expect(textOf(small, 'disk-size')).toContain("a clone of it can't be smaller");
    const full = planned(
      soundCluster(),
      createIntent({ disks: [{ size: gib, type: 'raw', mode: 'rw', allocation: 'full' }] }),
    );
    expect(isOpen(full)).toBe(false);
    expect(stepOf(full, 'create-image')?.action).toMatchObject({ allocation: 'full' });
  });
});
