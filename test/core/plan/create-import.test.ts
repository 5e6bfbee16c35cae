/** A new instance whose disks are converted copies of other images. */
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { createIntentOf } from '../../../core/ganeti/create-intent.ts';
import { parseCreateCommand } from '../../../core/ganeti/create-parser.ts';
import type { CreateIntent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
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
  recordsOf,
  stopped,
  templates,
  folder as web1,
  withoutQemu,
} from './disk-world.ts';
import { createIntent, isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const place = `${sharedDirectory}/templates`;
const path = `${place}/appliance.vmdk`;
const vmdk = file('appliance.vmdk', { type: 'vmdk', virtualSize: 3 * gib });
const world = (...files: ReturnType<typeof file>[]): Snapshot =>
  withFolder(stopped, everywhere, templates([vmdk, ...files]));
type Disk = CreateIntent['disks'][number];
const create = (snapshot: Snapshot, disk: Partial<Disk> = {}, change: Partial<CreateIntent> = {}): Plan =>
  planned(
    snapshot,
    createIntent({ disks: [{ size: 0, type: 'raw', mode: 'rw', import: path, ...disk }], ...change }),
  );
const folder = `${sharedDirectory}/web2.example.org`;
const converted = (made: Plan) => made.steps.find((each) => each.action.do === 'convert-image')?.action;

describe('a disk that is a copy of an image', () => {
  test('is as large as that, proved before the record is written, and taken back with the rest', () => {
    const made = create(world(), {}, { start: false });
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'make-folder node1',
      'lock node1',
      'check-unused node1,node2,node3',
      'convert-image node1',
      'check-unused node1,node2,node3',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'unlock node1 !',
      'unlock node1',
    ]);
    // the folder of the image as well, so that nobody works in it while it is read
    expect(made.locks.map((each) => each.folder)).toEqual([folder, place]);
    expect(undoOrderOf(made)).toContain('remove-file node1');
    expect(converted(made)).toEqual({
      do: 'convert-image',
      from: { path, type: 'vmdk' },
      to: { path: `${folder}/sda`, type: 'raw' },
      size: 3 * gib,
      within: [sharedDirectory, localDirectory],
    });
    expect(recordsOf(made)[0]?.disks).toMatchObject([
      { logical_id: ['loop', 'raw', `${folder}/sda`], size: 3 * gib },
    ]);
    expect(made.effects.newBytes).toBe(3 * gib);
    expect(textOf(made, 'import')).toContain('stays as it is');
  });

  test('of several images in one folder, which is locked once', () => {
    const disk: Disk = { size: 0, type: 'raw', mode: 'rw', import: path };
    const made = create(world(), {}, { disks: [disk, disk] });
    expect(isOpen(made)).toBe(false);
    expect(made.locks.map((each) => each.folder)).toEqual([folder, place]);
    expect(orderOf(made).filter((each) => each.startsWith('unlock'))).toHaveLength(2);
  });

  test('with what it builds on: nobody writes to that, on any node, and it is no disk', () => {
    const base = file('base.raw', { inode: 777 });
    const over = file('over.qcow2', { type: 'qcow2', virtualSize: gib, backing: 'base.raw' });
    const there = world(base, over);
    const asked = (snapshot: Snapshot) =>
      create(snapshot, { import: `${place}/over.qcow2` }, { start: false });
    const made = asked(there);
    // nothing but its own header says on what it builds
    expect(reasonsBy(made, 'consent')).toEqual(['type-by-header']);
    expect(reasonsBy(made, 'blocks')).toEqual([]);
    expect(orderOf(made).slice(1, 7)).toEqual([
      'lock node1',
      'check-unused node1,node2,node3',
      'check-unwritten node1,node2,node3',
      'convert-image node1',
      'check-unused node1,node2,node3',
      'check-unwritten node1,node2,node3',
    ]);
    expect(made.steps.flatMap(({ action }) => (action.do === 'check-unwritten' ? action.files : []))).toEqual(
      [`${place}/base.raw`, `${place}/base.raw`],
    );
    const open = withFacts(there, 'node2', () => ({
      open: [{ device: sharedDevice, inode: 777, by: 'loop3' }],
    }));
    expect(textOf(asked(open), 'base-open')).toMatch(
      /loop3 on node2 has .*base\.raw open, on which over\.qcow2 builds, and may write to it/,
    );
    const onDisk = world(file('over.qcow2', { type: 'qcow2', virtualSize: gib, backing: `${web1}/sda` }));
    expect(textOf(asked(onDisk), 'base-is-disk')).toContain(
      `over.qcow2 builds on ${web1}/sda, which is disk 0 of web1`,
    );
    expect(reasonsBy(asked(silent(there, 'node3')), 'consent')).toEqual([
      'type-by-header',
      'vouch-down:node3',
    ]);
  });

  test('not while somebody works in its folder', () => {
    const lock = {
      run: 'other',
      title: 'copy it',
      user: 'u',
      workstation: 'w',
      nodes: ['node1'],
      place: '',
      at: '',
    };
    const locked = withFolder(stopped, everywhere, { ...templates([vmdk]), lock: { ok: true, lock } });
    expect(textOf(create(locked), 'locked')).toContain(`${place} on node1 is locked (copy it, run other)`);
  });

  test('grows to a size that is larger', () => {
    const made = create(world(), { size: 8 * gib, type: 'qcow2' }, { driver: 'blktap' });
    expect(isOpen(made)).toBe(false);
    expect(made.steps.map((each) => each.action)).toContainEqual({
      do: 'grow-image',
      path: `${folder}/sda`,
      type: 'qcow2',
      from: 3 * gib,
      to: 8 * gib,
      within: world().cluster.storageDirectories,
    });
    expect(recordsOf(made)[0]?.disks[0]?.size).toBe(8 * gib);
  });

  test('of an image whose size is not known is held against what was said', () => {
    const there = world(file('a.vhdx', { type: 'vhdx' }));
    const unknown = create(there, { import: `${place}/a.vhdx` });
    expect(textOf(unknown, 'size-unknown')).toContain('say it, as in size=10G');
    expect(unknown.reasons.filter((each) => each.severity === 'blocks').map((each) => each.field)).toEqual([
      'disks.0.size',
    ]);
    expect(converted(create(there, { import: `${place}/a.vhdx`, size: 4 * gib }))).toMatchObject({
      size: 4 * gib,
    });
  });

  test('may come from beside the folders and from among the templates', () => {
    const loose = withFacts(stopped, 'node1', (facts) => ({
      storages: facts.storages.map((each) =>
        each.path === sharedDirectory ? { ...each, files: [vmdk], templates: [vmdk] } : each,
      ),
    }));
    for (const directory of [sharedDirectory, `${sharedDirectory}/.templates`])
      expect(isOpen(create(loose, { import: `${directory}/appliance.vmdk` }))).toBe(false);
  });

  const refusals: [string, Plan, string, RegExp][] = [
    ['too small', create(world(), { size: gib }), 'disk-size', /do not fit into/],
    ['a disk', create(world(), { import: `${web1}/sda` }), 'is-disk', /clone that instance instead/],
    ['not there', create(world(), { import: `${place}/none` }), 'no-image', /node1 shows no image/],
    ['outside', create(world(), { import: '/etc/passwd' }), 'import-path', /\/etc/],
    ['and a linked clone', create(world(), { base: path, type: 'qcow2' }), 'import-base', /not both/],
    ['fully allocated', create(world(), { allocation: 'full' }), 'allocation', /is sparse/],
    ['without qemu-img', create(withoutQemu(world())), 'qemu-img', /install qemu-utils/],
    ['under a template', create(world(), {}, { os: 'template:x.raw' }), 'no-template', /no template x.raw/],
    [
      'reused',
      create(
        withFolder(world(), everywhere, {
          ...templates([file('sda')]),
          path: folder,
          name: 'web2.example.org',
          inode: 4243,
        }),
        {},
        { reuse: true },
      ),
      'disk-new',
      /An image to import is said of new images only/,
    ],
    [
      'open elsewhere',
      create(
        withFacts(world(), 'node2', () => ({
          open: [{ device: sharedDevice, inode: vmdk.inode, by: 'qemu 12' }],
        })),
      ),
      'open',
      /qemu 12 on node2/,
    ],
  ];
  test.each(refusals)('%s is refused', (_, made, code, sentence) => {
    expect(isOpen(made)).toBe(true);
    expect(textOf(made, code)).toMatch(sentence);
  });

  test('keeps an OS definition from being installed over it', () => {
    const defined = withFacts(world(), 'node1', (facts) => ({
      commands: [...facts.commands, 'losetup'],
      osDefinitions: [
        {
          name: 'plain',
          path: '/usr/share/ganeti/os/plain',
          apiVersions: [20],
          variants: [],
          parameters: [],
          scripts: ['create'],
        },
      ],
    }));
    expect(textOf(create(defined, {}, { os: 'plain' }), 'os-import')).toContain('installs on empty disks');
  });

  test('is said as --disk N:import=PATH, and shown so', () => {
    const made = create(world(), { size: 8 * gib });
    expect(made.equivalent).toContain(`--disk 0:size=8G,import=${path}`);
    const parsed = parseCreateCommand(
      `gnt-instance add -t file --disk 0:import=${path},type=qcow2 -n node1 -o none web4`,
    );
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    const intent = createIntentOf(parsed.arguments, { storageDirectory: '/srv', bridge: 'br0' });
    expect(intent.ok && intent.value.disks).toEqual([{ size: 0, type: 'qcow2', mode: 'rw', import: path }]);
    expect(parseCreateCommand('gnt-instance add -t file --disk 0:import=x -n node1 web4').ok).toBe(false);
  });
});
