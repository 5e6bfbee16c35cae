import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  configOf,
  domainOf,
  folderOf,
  gib,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  withDomain,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import {
  everywhere,
  file,
  folder,
  qcow2,
  qcow2Record,
  recordsOf,
  running,
  stepOf,
  stopped,
  withClone,
  withoutQemu,
} from './disk-world.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

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

  test('a qcow2 image whose header says more than its record: the record follows', () => {
    const larger = changeFolder(qcow2, folder, (each) => ({
      files: each.files.map((one) => (one.name === 'sda' ? { ...one, virtualSize: 2 * gib } : one)),
    }));
    const made = grow(larger, gib, true);
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'longer')).toContain('has 2 GiB already, its record says 1 GiB');
    expect(stepOf(made, 'grow-image')?.action).toMatchObject({ from: 2 * gib, to: 3 * gib });
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
