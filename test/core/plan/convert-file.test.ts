/** An image that is no instance's disk, in another type. */
import { describe, expect, test } from 'vitest';
import type { FolderFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import { convertedPath } from '../../../core/plan/disk/convert-file.ts';
import type { ConvertFileIntent } from '../../../core/plan/image-intents.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  gib,
  localDirectory,
  sharedDevice,
  sharedDirectory,
  silent,
  withFacts,
  withFolder,
} from '../../support/snapshot-builder.ts';
import {
  everywhere,
  file,
  folder,
  stepOf,
  stopped,
  templates,
  withFiles,
  withoutQemu,
} from './disk-world.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const place = `${sharedDirectory}/templates`;
const path = `${place}/appliance.vmdk`;
const vmdk = file('appliance.vmdk', { type: 'vmdk', virtualSize: 3 * gib, allocated: gib });
const world = (...files: ReturnType<typeof file>[]): Snapshot =>
  withFolder(stopped, everywhere, templates([vmdk, ...files]));
const convert = (snapshot: Snapshot, change: Partial<ConvertFileIntent> = {}): Plan =>
  planned(snapshot, { kind: 'convert-file', node: 'node1', path, type: 'raw', ...change });

describe('converting an image of nobody', () => {
  test('makes a new file beside it, and leaves it as it is', () => {
    const made = convert(world());
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'check-unused node1,node2,node3',
      'convert-image node1',
      'check-unused node1,node2,node3',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual(['remove-file node1', 'unlock node1']);
    expect(stepOf(made, 'convert-image')?.action).toEqual({
      do: 'convert-image',
      from: { path, type: 'vmdk' },
      to: { path: `${place}/appliance.raw`, type: 'raw' },
      size: 3 * gib,
      within: [sharedDirectory, localDirectory],
    });
    expect(made.effects.newBytes).toBe(3 * gib);
  });

  test('never becomes a disk whose file is missing', () => {
    const target = `${folder}/sda`;
    const gap = changeFolder(world(), folder, ({ files }) => ({
      files: files.filter((each) => each.name !== 'sda'),
    }));
    expect(textOf(convert(gap, { target }), 'place-of-disk')).toContain('is the place of disk 0 of web1');
    expect(convert(gap, { target }).steps).toEqual([]);
  });

  test('elsewhere it locks both folders, or makes the one that is not there', () => {
    const target = `${localDirectory}/golden/appliance.qcow2`;
    const made = convert(world(), { type: 'qcow2', target });
    expect(orderOf(made)).toEqual([
      'lock node1',
      'make-folder node1',
      'check-unused node1,node2,node3',
      'convert-image node1',
      'check-unused node1,node2,node3',
      'unlock node1 !',
      'unlock node1',
    ]);
    expect(made.locks.map((each) => each.folder)).toEqual([place, `${localDirectory}/golden`]);
  });

  test('a file beside the folders, or among the templates, needs a place of its own', () => {
    const loose = withFacts(stopped, 'node1', (facts) => ({
      storages: facts.storages.map((each) =>
        each.path === sharedDirectory ? { ...each, files: [vmdk], templates: [vmdk] } : each,
      ),
    }));
    for (const directory of [sharedDirectory, `${sharedDirectory}/.templates`]) {
      const from = { path: `${directory}/appliance.vmdk` };
      expect(textOf(convert(loose, from), 'path')).toContain('Say where it shall lie.');
      const made = convert(loose, { ...from, target: `${place}/appliance.raw` });
      expect(isOpen(made)).toBe(false);
      expect(orderOf(made)[0]).toBe('make-folder node1');
    }
  });

  test('a linked clone is made whole, a VHD of fixed size is read as what it is, an unknown size is left to the node', () => {
    const base = file('base.qcow2', { type: 'qcow2', virtualSize: gib, backing: null });
    const clone = file('clone.qcow2', { type: 'qcow2', virtualSize: gib, backing: 'base.qcow2' });
    const whole = convert(world(base, clone), { path: `${place}/clone.qcow2`, type: 'qcow2' });
    // nothing but its own header says on what it builds
    expect(reasonsBy(whole, 'consent')).toEqual(['type-by-header']);
    expect(reasonsBy(whole, 'blocks')).toEqual([]);
    expect(reasonsBy(convert(world(clone), { path: `${place}/clone.qcow2` }), 'blocks')).toEqual([
      'base-missing',
    ]);
    expect(textOf(whole, 'whole')).toContain(`builds on ${place}/base.qcow2`);
    expect(stepOf(whole, 'convert-image')?.action).toMatchObject({
      to: { path: `${place}/clone-whole.qcow2` },
    });
    // what it builds on is read with it
    expect(orderOf(whole).slice(1, 6)).toEqual([
      'check-unused node1,node2,node3',
      'check-unwritten node1,node2,node3',
      'convert-image node1',
      'check-unused node1,node2,node3',
      'check-unwritten node1,node2,node3',
    ]);
    const onDisk = file('clone.qcow2', { type: 'qcow2', virtualSize: gib, backing: `${folder}/sda` });
    expect(textOf(convert(world(onDisk), { path: `${place}/clone.qcow2` }), 'base-is-disk')).toContain(
      `clone.qcow2 builds on ${folder}/sda, which is disk 0 of web1`,
    );
    const vhd = world(file('fixed.vhd', { size: gib + 512 }));
    const asRaw = convert(vhd, { path: `${place}/fixed.vhd`, type: 'qcow2' });
    expect(textOf(asRaw, 'maybe-vhd')).toContain('--from vhd');
    const asVhd = convert(vhd, { path: `${place}/fixed.vhd`, type: 'qcow2', from: 'vhd' });
    expect(textOf(asVhd, 'maybe-vhd')).toBe('');
    expect(stepOf(asVhd, 'convert-image')?.action).toMatchObject({ from: { type: 'vhd' }, size: null });
    const vhdx = convert(world(file('a.vhdx', { type: 'vhdx' })), { path: `${place}/a.vhdx` });
    expect(stepOf(vhdx, 'convert-image')?.action).toMatchObject({ from: { type: 'vhdx' }, size: null });
    const odd = convert(world(file('odd.img', { size: 1000 })), { path: `${place}/odd.img`, type: 'qcow2' });
    expect(stepOf(odd, 'convert-image')?.action).toMatchObject({ size: 1024 });
  });

  const refusals: [string, Plan, string, RegExp][] = [
    [
      'a disk',
      convert(stopped, { path: `${folder}/sda`, type: 'qcow2' }),
      'is-disk',
      /is disk 0 of web1.*vbdesk image convert web1 0 --to qcow2/,
    ],
    ['nothing there', convert(world(), { path: `${place}/none` }), 'no-image', /node1 shows no file/],
    ['outside', convert(world(), { path: '/etc/passwd' }), 'path', /\/etc/],
    ['to the outside', convert(world(), { target: '/opt/x/y' }), 'path', /\/opt/],
    [
      'to a name of ours',
      convert(world(), { target: `${place}/xen.cfg` }),
      'path',
      /a name that VBDesk itself uses/,
    ],
    ['onto a file', convert(world(file('appliance.raw'))), 'exists', /is left as it is/],
    [
      'the same type',
      convert(world(file('x.raw')), { path: `${place}/x.raw` }),
      'same-type',
      /is raw already/,
    ],
    [
      'an unknown type',
      convert(world(file('x', { type: null })), { path: `${place}/x` }),
      'unreadable',
      /could not be read/,
    ],
    [
      'a link',
      convert(world(file('x', { kind: 'symlink', type: null })), { path: `${place}/x` }),
      'not-a-file',
      /not a regular file but a symlink/,
    ],
    [
      'an unfinished copy',
      convert(world(file('x.partial.run1')), { path: `${place}/x.partial.run1`, target: `${place}/y.raw` }),
      'partial',
      /was not finished/,
    ],
    ['a vmdk as vhd', convert(world(), { from: 'vhd' }), 'other-type', /is vmdk by its header/],
    ['without qemu-img', convert(withoutQemu(world())), 'qemu-img', /install qemu-utils/],
    ['a silent node', convert(silent(world(), 'node1')), 'not-answering', /node1/],
    ['no such node', convert(world(), { node: 'node9' }), 'no-node', /not a node/],
  ];
  test.each(refusals)('%s is refused', (_, made, code, sentence) => {
    expect(isOpen(made)).toBe(true);
    expect(made.steps).toEqual([]);
    expect(textOf(made, code)).toMatch(sentence);
  });

  test('what is open on any node that sees it, and a folder that is locked', () => {
    const open = withFacts(world(), 'node3', () => ({
      open: [{ device: sharedDevice, inode: vmdk.inode, by: 'loop4' }],
    }));
    expect(textOf(convert(open), 'in-use')).toContain('loop4 on node3');
    const locked: FolderFacts = {
      ...templates([vmdk]),
      lock: { ok: false, error: 'not JSON' },
    };
    expect(textOf(convert(withFolder(stopped, everywhere, locked)), 'locked')).toContain('is locked');
    expect(reasonsBy(convert(silent(world(), 'node2')), 'consent')).toEqual(['vouch-down:node2']);
  });

  test('a kept file is converted beside it, and no room is told', () => {
    const kept = withFiles(stopped, file('sdb.removed-r1', { allocated: 4096 }));
    expect(isOpen(convert(kept, { path: `${folder}/sdb.removed-r1`, type: 'qcow2' }))).toBe(false);
    const large = file('large.vmdk', { type: 'vmdk', virtualSize: 9e15, allocated: 9e15 });
    expect(textOf(convert(world(large), { path: `${place}/large.vmdk` }), 'no-room')).toContain(
      'takes about',
    );
  });
});

test('the name of what is made', () => {
  expect(convertedPath('/a/b/x.vmdk', 'raw')).toBe('/a/b/x.raw');
  expect(convertedPath('/a/b/x', 'qcow2')).toBe('/a/b/x.qcow2');
  expect(convertedPath('/a/b/x.tar.VHDX', 'qcow2')).toBe('/a/b/x.tar.qcow2');
  expect(convertedPath('/a/b/x.raw', 'raw')).toBe('/a/b/x-whole.raw');
});
