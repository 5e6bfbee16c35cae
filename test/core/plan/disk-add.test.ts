import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { DiskAddIntent } from '../../../core/plan/disk-intents.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  gib,
  sharedDevice,
  sharedDirectory,
  soundCluster,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import {
  accepting,
  base,
  configsOf,
  everywhere,
  file,
  folder,
  type Header,
  recordsOf,
  run,
  running,
  stepOf,
  stopped,
  templates,
  withBase,
  withFiles,
  withoutQemu,
} from './disk-world.ts';
import { isOpen, orderOf, planned, textOf, undoOrderOf } from './support.ts';

describe('a disk is added', () => {
  const fresh = { from: 'new', size: 5 * gib, type: 'raw', allocation: 'sparse', base: null } as const;
  const add = (
    snapshot: Snapshot,
    source: DiskAddIntent['source'],
    more: Partial<DiskAddIntent> = {},
    approval = accepting(),
  ): Plan => planned(snapshot, { kind: 'disk-add', instance: 'web1', source, mode: 'rw', ...more }, approval);

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

  describe('what a guest wrote into a raw disk that was taken out', () => {
    const qcow2 = { type: 'qcow2', virtualSize: gib, backing: `${sharedDirectory}/web9/sda` } as const;
    const there = withFolder(stopped, everywhere, {
      ...templates([file('sda', { inode: 90_000 })]),
      path: `${sharedDirectory}/web9`,
      name: 'web9',
    });
    const from = (name: string, change: Partial<Header> = {}, approval = accepting()) =>
      add(
        withFiles(there, file(name, { ...qcow2, ...change })),
        { from: 'file', file: name },
        { driver: 'blktap' },
        approval,
      );

    test('is not believed: the name under which it is kept tells its type', () => {
      const made = from('sdb.removed-r1.raw', {}, accepting('type-by-header', 'format'));
      expect(made.steps).toEqual([]);
      expect(textOf(made, 'format')).toContain(
        'By its name sdb.removed-r1.raw was a disk of the type raw, and its header says qcow2',
      );
      // and the other way round, or with a header that names nothing
      expect(textOf(from('sdb.removed-r1.qcow2', { type: 'raw' }), 'format')).toContain(
        'its header says raw',
      );
      expect(textOf(from('sda.before-r1.raw', { backing: null }), 'format')).toContain(
        'its header says qcow2',
      );
      expect(textOf(from('sdb.removed-r1.qcow2'), 'format')).toBe('');
      expect(isOpen(from('sdb.removed-r1.qcow2'))).toBe(false);
    });

    test('needs a word of its own where nothing tells the type', () => {
      for (const name of ['sdb.removed-r1', 'brought.img']) {
        expect(isOpen(from(name))).toBe(true);
        expect(textOf(from(name), 'type-by-header')).toContain(
          `Nothing but its own header says that ${folder}/${name} is qcow2 and builds on ${qcow2.backing}`,
        );
        expect(isOpen(from(name, {}, accepting('type-by-header')))).toBe(false);
      }
      expect(isOpen(from('sdb.removed-r1', { backing: null }))).toBe(true);
      expect(isOpen(from('brought.img', { backing: null }))).toBe(false);
    });

    test('is not copied into a new disk either', () => {
      const path = `${folder}/sdb.removed-r1.raw`;
      const made = add(withFiles(there, file('sdb.removed-r1.raw', qcow2)), {
        from: 'import',
        path,
        type: 'raw',
      });
      expect(made.steps).toEqual([]);
      expect(textOf(made, 'format')).toContain('its header says qcow2');
      const unnamed = add(withFiles(there, file('x', qcow2)), {
        from: 'import',
        path: `${folder}/x`,
        type: 'raw',
      });
      expect(textOf(unnamed, 'type-by-header')).toContain('Nothing but its own header');
    });

    test('may never name a file from elsewhere, whatever is agreed to', () => {
      for (const backing of ['/etc/shadow', 'nbd://10.0.0.1/x', 'json:{}'])
        expect(textOf(from('x', { backing }, accepting('type-by-header')), 'base-outside')).toContain(
          'a guest can write such a name into its disk',
        );
    });
  });

  test('a fixed-size VHD is no raw disk: it is imported, which leaves its footer out', () => {
    const vhd = file('old.vhd', { size: gib + 512, fixedVhd: gib });
    const there = withFiles(stopped, vhd);
    expect(textOf(add(there, { from: 'file', file: 'old.vhd' }), 'fixed-vhd')).toBe(
      `${folder}/old.vhd ends with the footer of a fixed-size VHD, which is no part of the disk. Add it with import=, not file=.`,
    );
    const made = add(there, { from: 'import', path: `${folder}/old.vhd`, type: 'raw' });
    expect(isOpen(made)).toBe(false);
    expect(stepOf(made, 'convert-image')?.action).toMatchObject({ from: { type: 'vhd' }, size: gib });
    // what was recorded as raw stays that: its guest may have written the footer
    const kept = { ...vhd, name: 'sdb.removed-r1.raw' };
    expect(isOpen(add(withFiles(stopped, kept), { from: 'file', file: kept.name }))).toBe(false);
  });

  test('one that was taken out comes back', () => {
    const kept = `sdb.removed-${run}.raw`;
    const made = add(withFiles(stopped, file(kept)), { from: 'file', file: kept });
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made).slice(3, 6)).toEqual([
      'check-unused node1,node2,node3',
      'check-no-overlays node1',
      'rename-image node1',
    ]);
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
    for (const partial of ['x.partial', `sdc.partial.${run}`]) {
      expect(textOf(from(partial, file(partial)), 'partial')).toContain('was not finished');
      expect(isOpen(from(partial, file(partial)))).toBe(true);
      const path = `${sharedDirectory}/templates/${partial}`;
      const imported = add(withFolder(stopped, everywhere, templates([file(partial)])), {
        from: 'import',
        path,
        type: 'raw',
      });
      expect(textOf(imported, 'partial')).toContain('was not finished');
      expect(isOpen(imported)).toBe(true);
    }
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
    expect(orderOf(made).slice(3, 9)).toEqual([
      'lock node1',
      'check-unused node1,node2,node3',
      'convert-image node1',
      'verdict node1,node2,node3',
      'check-unused node1,node2,node3',
      'rename-image node1',
    ]);
    // its folder is locked while it is read, unless that is the instance's own
    expect(made.locks.map((each) => each.folder)).toEqual([folder, `${sharedDirectory}/templates`]);
    expect(orderOf(made).slice(-2)).toEqual(['unlock node1 !', 'unlock node1']);
    const beside = withFiles(stopped, file('own.vmdk', { type: 'vmdk', virtualSize: gib }));
    const own = add(beside, { from: 'import', path: `${folder}/own.vmdk`, type: 'raw' });
    expect(own.locks.map((each) => each.folder)).toEqual([folder]);
    expect(recordsOf(made)[0]?.disks[2]).toMatchObject({ size: 3 * gib });
    const unknown = withFolder(stopped, everywhere, templates([file('appliance.vmdk', { type: 'vmdk' })]));
    expect(textOf(add(unknown, { from: 'import', path, type: 'raw' }), 'size-unknown')).toContain(
      'is not known here: say it, as in size=10G',
    );
    expect(isOpen(add(unknown, { from: 'import', path, type: 'raw', size: gib }))).toBe(false);
    expect(textOf(add(there, { from: 'import', path, type: 'raw', size: gib }), 'size-differs')).toBe(
      `A guest sees 3 GiB of ${path}, not 1 GiB.`,
    );
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
