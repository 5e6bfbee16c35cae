import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FolderFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import { createIntentOf } from '../../../core/ganeti/create-intent.ts';
import { parseCreateCommand } from '../../../core/ganeti/create-parser.ts';
import type { CreateIntent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { arbitrarySnapshot } from '../../support/arbitrary-snapshot.ts';
import {
  changeFolder,
  domainOf,
  folderOf,
  gib,
  localDirectory,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { createIntent, isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';
import { onAll, orphanOf, type TestImage, writtenPaths } from './take-world.ts';

const name = 'web2.example.org';
const folder = `${sharedDirectory}/${name}`;
const uuid = '0b8e3c5e-6a4f-4f9d-9c39-0f1c5d6e7a81';
const two: TestImage[] = [{ name: 'sda' }, { name: 'sdb', size: 2 * gib }];

const reuse = (change: Partial<CreateIntent> = {}): CreateIntent =>
  createIntent({ reuse: true, disks: [], ...change });
const world = (files: readonly TestImage[] = two, change: Partial<FolderFacts> = {}): Snapshot =>
  onAll(soundCluster(), orphanOf(name, files, change));
const recordIn = (made: Plan) =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []))[0];

describe('the plan', () => {
  test('locks the folder that is there, looks again, writes beside the images, and undo removes only that', () => {
    const made = planned(world(), reuse());
    expect(isOpen(made)).toBe(false);
    // nothing says that they are raw
    expect(made.steps[1]?.action).toMatchObject({ images: [{ unlessVhd: true }, { unlessVhd: true }] });
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verify-taken node1',
      'verdict node1,node2,node3',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'verdict node1,node2,node3',
      'start-domain node1 !',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'end-domain node1',
      'remove-file node1',
      'remove-file node1',
      'unlock node1',
    ]);
    expect(new Set(writtenPaths(made))).toEqual(new Set([`${folder}/xen.cfg`, `${folder}/instance.json`]));
    expect(made.effects.newBytes).toBe(0);
    expect(made.equivalent).toContain(',reuse');
  });

  test('says of each disk what was found, and records it as it is', () => {
    const made = planned(world(), reuse());
    expect(textOf(made, 'found')).toBe(
      `${folder}/sda is raw and has 1 GiB: taken as it is.\n${folder}/sdb is raw and has 2 GiB: taken as it is.`,
    );
    expect(recordIn(made)?.disks).toEqual([
      { logical_id: ['loop', 'raw', `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: gib },
      { logical_id: ['loop', 'raw', `${folder}/sdb`], vdev: 'xvdb', mode: 'rw', size: 2 * gib },
    ]);
  });

  test('takes no file that has a second name, another disk’s or not', () => {
    const linked = changeFolder(world(), folder, (each) => ({
      files: each.files.map((file) => ({ ...file, links: 2 })),
    }));
    expect(textOf(planned(linked, reuse()), 'hard-link')).toContain('has 2 names');
    const sound = world();
    const first = sound.nodes[0]?.facts?.folders[0]?.files[0];
    const other = recordOf('db1');
    const shared = onAll(sound, {
      ...folderOf(other),
      files: folderOf(other).files.map((file) => ({
        ...file,
        inode: first?.inode ?? 0,
        device: first?.device ?? 0,
      })),
    });
    expect(textOf(planned(shared, reuse()), 'hard-link')).toContain(
      `${folder}/sda is a second name (a hard link) of ${sharedDirectory}/db1/sda, disk 0 of db1`,
    );
  });

  test('takes the names that Ganeti gave', () => {
    for (const files of [
      ['disk0', 'disk1'],
      [`${uuid}.file.disk0`, `${uuid}.file.disk1`],
    ] as const) {
      const made = planned(world(files.map((each) => ({ name: each }))), reuse());
      expect(isOpen(made)).toBe(false);
      expect(recordIn(made)?.disks.map((each) => each.logical_id[2])).toEqual(
        files.map((each) => `${folder}/${each}`),
      );
    }
  });

  test('takes a qcow2 image by what its guest sees, on a base that is there', () => {
    const base = `${sharedDirectory}/templates/debian.qcow2`;
    const snapshot = onAll(
      world([{ name: 'sda', type: 'qcow2', size: 196_608, virtualSize: 5 * gib, backing: base }]),
      orphanOf('templates', [{ name: 'debian.qcow2', type: 'qcow2', size: 9e8, virtualSize: 5 * gib }]),
    );
    const made = planned(snapshot, reuse({ driver: 'blktap' }), { accept: ['type-by-header'], vouched: [] });
    expect(isOpen(made)).toBe(false);
    expect(recordIn(made)?.disks[0]).toMatchObject({
      logical_id: ['blktap', 'qcow2', `${folder}/sda`],
      size: 5 * gib,
    });
    expect(made.steps[1]?.action).toMatchObject({ images: [{ path: `${folder}/sda`, size: 196_608, base }] });
  });

  test('says when it is not known whether a qcow2 image has a base: the node looks, and wants none', () => {
    const made = planned(
      world([{ name: 'sda', type: 'qcow2', virtualSize: gib }]),
      reuse({ driver: 'blktap' }),
    );
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'base-unknown')).toContain('the run ends there if it does');
    expect(made.steps[1]?.action).toMatchObject({ do: 'verify-taken', images: [{ base: null }] });
    const told = world([{ name: 'sda', type: 'qcow2', virtualSize: gib, backing: null }]);
    expect(textOf(planned(told, reuse({ driver: 'blktap' })), 'base-unknown')).toBe('');
  });

  test('what nothing but its header calls qcow2, and builds on another image, needs a word', () => {
    const beside = (config: string | null) =>
      planned(
        onAll(
          world([{ name: 'sda', type: 'qcow2', virtualSize: gib, backing: '../templates/base' }], { config }),
          orphanOf('templates', [{ name: 'base' }]),
        ),
        reuse({ driver: 'blktap' }),
      );
    const made = beside(null);
    expect(isOpen(made)).toBe(true);
    expect(textOf(made, 'type-by-header')).toContain(
      `Nothing but its own header says that ${folder}/sda is qcow2 and builds on ../templates/base.`,
    );
    expect(isOpen(beside('memory = 64\n'))).toBe(true);
    expect(isOpen(beside(`disk = [ "format=qcow2, vdev=xvda, access=rw, target=${folder}/sda" ]\n`))).toBe(
      false,
    );
  });

  test.each([
    ['raw', 'qcow2', 'blktap'],
    ['qcow2', 'raw', 'loop'],
  ] as const)('what xen.cfg calls %s is never taken as %s', (said, type, driver) => {
    const config = `disk = [ "format=${said}, vdev=xvda, access=rw, target=/moved/since/sda" ]\n`;
    const made = planned(
      world([{ name: 'sda', type, virtualSize: gib, backing: null }], { config }),
      reuse({ driver }),
    );
    expect(made.steps).toEqual([]);
    expect(textOf(made, 'format')).toContain(`xen.cfg attaches sda as ${said}, and its header says ${type}`);
  });

  test('a xen.cfg that is there is written anew, and undo brings it back', () => {
    const made = planned(world(two, { config: 'memory = 64\n' }), reuse());
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'config-there')).toContain('is written anew');
    expect(made.files[0]).toMatchObject({ path: `${folder}/xen.cfg`, before: 'memory = 64\n' });
    expect(made.steps.find((each) => each.action.do === 'write-file')?.undo[0]?.action).toMatchObject({
      do: 'write-file',
      content: 'memory = 64\n',
    });
  });

  test('the design document’s command line, with and without disks', () => {
    const words = `gnt-instance add -t file:path=${folder},driver=loop,reuse -n node1 -o none -B memory=512M -H kernel=/boot/vmlinuz`;
    for (const [disks, said] of [
      ['', []],
      ['--disk 0:size=1G --disk 1:size=2G', [gib, 2 * gib]],
    ] as const) {
      const parsed = parseCreateCommand(`${words} ${disks} ${name}`);
      if (!parsed.ok) throw new Error(parsed.problems.join(' '));
      const made = createIntentOf(parsed.arguments, { storageDirectory: '/x', bridge: 'xenbr0' });
      if (!made.ok) throw new Error(made.problems.join(' '));
      expect(made.value).toMatchObject({ reuse: true, storageDirectory: sharedDirectory });
      expect(made.value.disks.map((each) => each.size)).toEqual(said);
      expect(isOpen(planned(world(), made.value))).toBe(false);
    }
  });
});

type Row = [string, Snapshot, Partial<CreateIntent>, string, string];
const openOn = (node: string, by: string): Snapshot => {
  const snapshot = world();
  const file = snapshot.nodes[0]?.facts?.folders[0]?.files[0];
  // another node numbers its devices otherwise
  const elsewhere = changeFolder(
    snapshot,
    folder,
    (each) => ({ files: each.files.map((image) => ({ ...image, device: 7 })) }),
    [node],
  );
  return withFacts(elsewhere, node, () => ({ open: [{ device: 7, inode: file?.inode ?? 0, by }] }));
};

describe('what is refused, each with its sentence', () => {
  const other = recordOf('web9', {
    disks: [{ logical_id: ['loop', 'raw', `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: gib }],
  });
  const lock = {
    run: 'r77',
    user: 'bob',
    workstation: 'desk2',
    title: 'create web2',
    nodes: ['node1'],
    place: folder,
    at: '2026-11-25T11:00:00.000Z',
  };
  const base = (backing: string, ...more: Parameters<typeof orphanOf>[]): Snapshot =>
    more.reduce(
      (made, each) => onAll(made, orphanOf(...each)),
      world([{ name: 'sda', type: 'qcow2', size: 196_608, virtualSize: gib, backing }]),
    );
  const blktap = { driver: 'blktap' as const };
  const rows: Row[] = [
    ['no folder', soundCluster(), {}, 'no-images', 'so there is nothing to reuse'],
    ['an empty folder', world([]), {}, 'no-images', 'No file here is named like an image'],
    [
      'a gap',
      world([{ name: 'sda' }, { name: 'sdc' }]),
      {},
      'image-gap',
      'The folder holds disk 2, but disk 1 is missing',
    ],
    [
      'two files of one number',
      world([{ name: 'sda' }, { name: 'disk0' }]),
      {},
      'image-ambiguous',
      'all claim to be disk 0',
    ],
    [
      'a wrong name',
      world([...two, { name: 'backup.img' }]),
      {},
      'image-name',
      `${folder}/backup.img is not named like an image`,
    ],
    [
      'a kept file',
      world([...two, { name: 'sda.before-r1' }]),
      {},
      'image-name',
      `${folder}/sda.before-r1 is not named like an image`,
    ],
    [
      'a fixed-size VHD',
      world([{ name: 'sda', size: gib + 512, fixedVhd: gib }]),
      {},
      'image-type',
      `${folder}/sda ends with the footer of a fixed-size VHD`,
    ],
    [
      'a type that loop does not serve',
      world([{ name: 'sda', type: 'qcow2', virtualSize: gib }]),
      {},
      'image-type',
      `${folder}/sda is qcow2 by its header. The driver loop serves raw images, not qcow2`,
    ],
    [
      'a type that nothing serves',
      world([{ name: 'sda', type: 'vmdk' }]),
      blktap,
      'image-type',
      "xl can't attach vmdk images",
    ],
    ['an unknown type', world([{ name: 'sda', type: null }]), {}, 'image-type', 'is not known'],
    ['a driver that is none', world(), { driver: 'ublkback' }, 'image-type', 'No released Xen has ublkback'],
    [
      'half a sector',
      world([{ name: 'sda', size: gib + 100 }]),
      {},
      'image-size',
      `${folder}/sda is raw and has ${gib + 100} bytes, which is not a multiple of 512`,
    ],
    ['an empty file', world([{ name: 'sda', size: 0, type: null }]), {}, 'image-size', 'at least one sector'],
    ['a size that is not known', world([{ name: 'sda', type: 'qcow2' }]), blktap, 'image-size', 'How large'],
    [
      'storage that is not allowed',
      world(),
      { storageDirectory: '/srv/other' },
      'storage-path',
      'not a storage directory of the cluster',
    ],
    [
      'a directory of the system',
      world(),
      { storageDirectory: '/etc' },
      'storage-path',
      'directory of the system',
    ],
    [
      'a symbolic link',
      world([{ name: 'sda', kind: 'symlink', type: null }]),
      {},
      'symlink',
      `${folder}/sda is a symbolic link`,
    ],
    [
      'a directory of that name',
      world([{ name: 'sda', kind: 'other' }]),
      {},
      'not-a-file',
      'not a regular file',
    ],
    ['a loop device', openOn('node2', 'loop3'), {}, 'image-open', `loop3 on node2 has ${folder}/sda open`],
    ['qemu', openOn('node3', 'qemu 4711'), {}, 'image-open', 'qemu 4711 on node3'],
    [
      'a domain of that name',
      withDomain(world(), 'node2', domainOf(name)),
      {},
      'name-in-use',
      'node2 has a domain called',
    ],
    [
      'a disk of another instance',
      withFolder(world(), ['node1', 'node2', 'node3'], folderOf(other)),
      {},
      'owned',
      `${folder}/sda is disk 0 of web9, whose record lies in ${sharedDirectory}/web9`,
    ],
    [
      'the folder of an instance',
      withInstance(soundCluster(), name),
      {},
      'is-instance',
      'it is an instance already',
    ],
    [
      'the folder of an instance that was moved',
      changeFolder(withInstance(soundCluster(), name), folder, () => ({ inode: 4 })),
      {},
      'claim',
      `instance claim ${name} --path ${folder}`,
    ],
    [
      'a record that can not be read',
      world(two, { record: { ok: false, error: 'not JSON' } }),
      {},
      'record-broken',
      "instance.json that can't be read (not JSON)",
    ],
    ['a replica', world(two, { replica: true }), {}, 'replica', 'holds a replica'],
    ['a lock', world(two, { lock: { ok: true, lock } }), {}, 'locked', 'bob@desk2 has locked'],
    [
      'a lock that can not be read',
      world(two, { lock: { ok: false, error: 'torn' } }),
      {},
      'locked',
      "can't be read: torn",
    ],
    [
      'a base that is missing',
      base('../templates/gone.qcow2'),
      blktap,
      'no-base',
      `${folder}/sda builds on ${sharedDirectory}/templates/gone.qcow2. node1 shows no image`,
    ],
    ['a base outside', base('/etc/shadow'), blktap, 'base-path', 'directory of the system'],
    [
      'a base that is no file',
      base('nbd://10.0.0.1/x'),
      blktap,
      'base-path',
      'no file below a storage directory',
    ],
    [
      'an image on which others build',
      onAll(
        world(),
        orphanOf('clone', [{ name: 'sda', type: 'qcow2', virtualSize: gib, backing: `${folder}/sda` }]),
      ),
      {},
      'base-in-use',
      'so no guest may write to it',
    ],
    [
      'too few disks said',
      world(),
      { disks: [{ size: gib, type: 'raw', mode: 'rw' }] },
      'disk-count',
      'One disk is said, but there are 2 images',
    ],
    [
      'another size said',
      world(),
      {
        disks: [
          { size: 0, type: 'raw', mode: 'rw' },
          { size: gib, type: 'raw', mode: 'rw' },
        ],
      },
      'disk-size',
      `Disk 1 is said to have 1 GiB (${gib} bytes), but ${folder}/sdb has 2 GiB`,
    ],
    [
      'what is for new images',
      world([{ name: 'sda' }]),
      { disks: [{ size: 0, type: 'raw', mode: 'rw', allocation: 'full' }] },
      'disk-new',
      'of new images only',
    ],
    [
      '17 images',
      world(Array.from({ length: 17 }, (_, at) => ({ name: `sd${String.fromCharCode(97 + at)}` }))),
      {},
      'disks',
      'at most 16',
    ],
    [
      'another instance of that name',
      onAll(
        withFolder(
          soundCluster(),
          ['node2'],
          folderOf(
            recordOf(
              name,
              { place: { storage: 'local-node2', path: `${localDirectory}/${name}`, inode: 5 } },
              localDirectory,
            ),
          ),
        ),
        orphanOf(name, two),
      ),
      {},
      'name-in-use',
      `${name} exists already`,
    ],
  ];
  test.each(rows)('%s', (_title, snapshot, change, code, sentence) => {
    const made = planned(snapshot, reuse(change));
    expect(reasonsBy(made, 'blocks')).toContain(code);
    expect(textOf(made, code)).toContain(sentence);
    expect(writtenPaths(made).filter((each) => /\/(sd|disk)[^/]*$/.test(each))).toEqual([]);
  });

  test('says all of it at once', () => {
    const made = planned(
      world([{ name: 'sda', size: 700 }, { name: 'sdc', kind: 'symlink' }, { name: 'x.img' }]),
      reuse(),
    );
    expect(new Set(reasonsBy(made, 'blocks'))).toEqual(
      new Set(['image-gap', 'image-name', 'image-size', 'symlink']),
    );
  });

  test('a silent node that sees the storage must be vouched down, and the record keeps who did', () => {
    const snapshot = silent(world(), 'node3');
    const made = planned(snapshot, reuse());
    expect(reasonsBy(made, 'consent')).toContain('vouch-down:node3');
    const vouched = planned(snapshot, reuse(), { accept: [], vouched: [{ node: 'node3', how: 'no power' }] });
    expect(isOpen(vouched)).toBe(false);
    expect(recordIn(vouched)?.vouchings).toMatchObject([{ node: 'node3', how: 'no power' }]);
  });
});

test('whatever lies there, no image is written, made or removed, by any step or its undo', () => {
  const file = fc.record({
    name: fc.constantFrom('sda', 'sdb', 'sdc', 'disk0', 'disk1', 'x.img', `${uuid}.file.disk0`),
    size: fc.constantFrom(0, 700, 512, gib),
    type: fc.constantFrom('raw', 'qcow2', null),
    kind: fc.constantFrom('file', 'file', 'file', 'symlink', 'other'),
    virtualSize: fc.constantFrom(gib, 512),
    backing: fc.constantFrom(null, `${sharedDirectory}/web1/sda`, '/etc/passwd'),
  });
  fc.assert(
    fc.property(
      arbitrarySnapshot,
      fc.uniqueArray(file, { maxLength: 4, selector: (each) => each.name }),
      fc.constantFrom('loop', 'blktap'),
      fc.constantFrom(null, 'memory = 12\n', '['),
      fc.boolean(),
      (snapshot, files, driver, config, start) => {
        const made = planned(
          onAll(snapshot, orphanOf(name, files, { config })),
          reuse({ driver: driver as 'loop', start }),
        );
        for (const path of writtenPaths(made)) expect(path).toMatch(/\/(xen\.cfg|instance\.json)$/);
        for (const step of made.steps)
          for (const { action } of [step, ...step.undo])
            expect(['make-folder', 'drop-folder', 'take-image', 'create-image']).not.toContain(action.do);
      },
    ),
    { numRuns: 300 },
  );
});
