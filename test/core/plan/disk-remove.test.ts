import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Approval } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  recordOf,
  soundCluster,
  withFacts,
  withInstance,
} from '../../support/snapshot-builder.ts';
import {
  accepting,
  configsOf,
  file,
  folder,
  recordsOf,
  run,
  running,
  stopped,
  withClone,
  withFiles,
} from './disk-world.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

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
    expect(textOf(made, 'kept')).toContain(`vbdesk instance disk add web1 file=sdb.removed-${run}.raw`);
    expect(made.equivalent).toBe('gnt-instance modify --disk 1:remove web1');
  });

  test('deleted only with a consent that names path and bytes, given by typing the name', () => {
    const made = remove(stopped, 1, true);
    expect(reasonsBy(made, 'consent')).toEqual(['delete:sdb']);
    expect(textOf(made, 'delete:sdb')).toBe(
      `${folder}/sdb (2 GiB, 4 KiB on disk) is deleted. This can't be taken back.`,
    );
    expect(orderOf(made).slice(-3)).toEqual(['rename-image node1 !', 'delete-kept node1', 'unlock node1']);
    expect(isOpen(remove(stopped, 1, true, accepting('delete-image', 'delete:sda')))).toBe(true);
    expect(isOpen(remove(stopped, 1, true, accepting('delete:sdb')))).toBe(false);
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
    expect(textOf(made, `delete:${kept}`)).toContain(`${folder}/${kept} (1 GiB, 4 KiB on disk) is deleted`);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'check-unused node1,node2,node3',
      'check-no-overlays node1',
      'delete-kept node1 !',
      'unlock node1',
    ]);
    const accepted = (code: string) => isOpen(release(withFiles(running, file(kept)), kept, accepting(code)));
    expect(accepted('delete-kept')).toBe(true);
    expect(accepted(`delete:${kept}`)).toBe(false);
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

test('a CD image in its own folder, which its own guest has open, does not keep it from being removed', () => {
  const { device, inode } = file('install.iso');
  const withCd = (attached: boolean, by: string[], node = 'node1'): Plan =>
    planned(
      withFacts(
        changeFolder(running, folder, (each) => ({
          files: [...each.files, file('install.iso')],
          config: attached
            ? (each.config ?? '').replace(
                'disk = [',
                `disk = [ "format=raw, vdev=xvdc, access=ro, devtype=cdrom, target=${folder}/install.iso",`,
              )
            : each.config,
        })),
        node,
        (facts) => ({ open: [...facts.open, ...by.map((each) => ({ device, inode, by: each }))] }),
      ),
      { kind: 'remove', instance: 'web1', purge: false, timeoutSeconds: 0 },
    );
  expect(textOf(withCd(true, ['qemu 812', 'loop7']), 'neighbour')).toBe('');
  // another guest's as well, another node's, a process's, or not attached by it
  expect(textOf(withCd(true, ['qemu 812', 'qemu 813']), 'neighbour')).toContain('on node1 has it open');
  expect(textOf(withCd(true, ['qemu 812'], 'node2'), 'neighbour')).toContain('on node2 has it open');
  expect(textOf(withCd(true, ['process 7 (dd)']), 'neighbour')).toContain('on node1 has it open');
  expect(textOf(withCd(false, ['qemu 812']), 'neighbour')).toContain('on node1 has it open');
});

test('an instance is not removed, into the trash or for good, with a file that somebody else needs', () => {
  const beside = changeFolder(stopped, folder, (each) => ({ files: [...each.files, file('other.img')] }));
  const remove = (snapshot: Snapshot): Plan =>
    planned(snapshot, { kind: 'remove', instance: 'web1', purge: false, timeoutSeconds: 0 });
  expect(textOf(remove(beside), 'neighbour')).toBe('');
  const { device, inode } = file('other.img');
  const open = withFacts(beside, 'node2', () => ({ open: [{ device, inode, by: 'loop3' }] }));
  expect(textOf(remove(open), 'neighbour')).toBe(
    `${folder}/other.img lies there as well: loop3 on node2 has it open. It would go with the folder: move it out of there first.`,
  );
  expect(reasonsBy(remove(open), 'blocks')).toContain('neighbour');
});
