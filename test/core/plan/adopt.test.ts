import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveInstances } from '../../../core/cluster/instances.ts';
import type { FolderFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import type { AdoptIntent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { arbitrarySnapshot } from '../../support/arbitrary-snapshot.ts';
import {
  changeFolder,
  configOf,
  domainOf,
  folderOf,
  gib,
  localDirectory,
  nobody,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  testContext,
  uuidOf,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';
import { imageOf, onAll, orphanOf, type TestImage, writtenPaths } from './take-world.ts';

const name = 'web2.example.org';
const folder = `${sharedDirectory}/${name}`;
const two: TestImage[] = [{ name: 'disk0' }, { name: 'disk1', size: 2 * gib }];
const kernel = { kernel: '/boot/vmlinuz' };

const adopt = (change: Partial<AdoptIntent> = {}): AdoptIntent => ({
  kind: 'adopt',
  name,
  primary: 'node1',
  secondary: 'node2',
  paths: [folder],
  driver: null,
  guest: kernel,
  nics: null,
  start: false,
  ...change,
});
const world = (files: readonly TestImage[] = two, change: Partial<FolderFacts> = {}): Snapshot =>
  onAll(soundCluster(), orphanOf(name, files, change));
const recordIn = (made: Plan) =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []))[0];

describe('a folder', () => {
  test('becomes an instance where it is, with its images as they are', () => {
    const made = planned(world(), adopt());
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verify-taken node1',
      'verdict node1,node2,node3',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual(['remove-file node1', 'remove-file node1', 'unlock node1']);
    expect(recordIn(made)).toMatchObject({
      adminState: 'down',
      guest: { type: 'pv', memoryMib: 512, vcpus: 1, kernel: '/boot/vmlinuz' },
      disks: [
        { logical_id: ['loop', 'raw', `${folder}/disk0`], vdev: 'xvda', size: gib },
        { logical_id: ['loop', 'raw', `${folder}/disk1`], vdev: 'xvdb', size: 2 * gib },
      ],
      nics: [],
    });
    expect(textOf(made, 'guest-default')).toContain('it gets 512 MiB and one processor');
  });

  test('with a copy that was not finished is not taken, whatever else lies there', () => {
    for (const partial of ['disk1.partial', 'disk1.partial.run0000000000000']) {
      const made = planned(
        world([{ name: 'disk0' }, { name: partial }]),
        adopt({ paths: [`${folder}/disk0`, `${folder}/${partial}`] }),
      );
      expect(textOf(made, 'partial')).toContain('what it lacks is zeros');
      expect(isOpen(made)).toBe(true);
      expect(recordIn(made)).toBeUndefined();
    }
  });

  test('may have another name than the instance', () => {
    const made = planned(world(), adopt({ name: 'other.example.org' }));
    expect(isOpen(made)).toBe(false);
    expect(recordIn(made)).toMatchObject({ name: 'other.example.org', place: { path: folder } });
  });

  test('whose record was lost goes on as its xen.cfg says: same uuid, cards, devices, memory, and the text stays', () => {
    const lost = recordOf(name, {
      guest: { type: 'pvh', memoryMib: 2048, vcpus: 3, kernel: '/boot/vmlinuz', extra: 'console=hvc0' },
    });
    const text = `${configOf(lost)}# by hand\ncpu_weight = 300\n`;
    const snapshot = onAll(soundCluster(), folderOf(lost, { record: null, config: text }));
    const made = planned(snapshot, adopt({ guest: {} }));
    expect(isOpen(made)).toBe(false);
    expect(recordIn(made)).toMatchObject({
      uuid: lost.uuid,
      guest: lost.guest,
      nics: lost.nics,
      disks: lost.disks,
    });
    expect(made.files[0]?.after).toBe(text);
    expect(textOf(made, 'config-there')).toContain('it stays');
  });

  test('whose xen.cfg is not about these images gets a new one, and is told every difference', () => {
    const lost = recordOf(name);
    const text = `${configOf(lost).replaceAll('sdb', 'sdc')}spicepasswd = "kept to itself"\n`;
    const snapshot = onAll(soundCluster(), folderOf(lost, { record: null, config: text }));
    const made = planned(snapshot, adopt({ guest: {} }));
    expect(textOf(made, 'config-there')).toContain('is written anew');
    expect(textOf(made, 'config-there')).toContain(`${folder}/sdc`);
    expect(made.reasons.filter((each) => each.text.includes('kept to itself'))).toEqual([]);
    expect(made.files[0]).toMatchObject({ before: text });
    expect(made.files[0]?.after).toContain(`${folder}/sdb`);
  });

  test('of which a uuid is held by somebody else gets a new one', () => {
    const lost = recordOf(name);
    const snapshot = onAll(soundCluster(), folderOf(lost, { record: null }));
    const removed = withFacts(snapshot, 'node2', () => ({ tombstones: [lost.uuid] }));
    expect(recordIn(planned(removed, adopt({ guest: {} })))?.uuid).not.toBe(lost.uuid);
  });

  test('of a cluster that this workstation never saw shows as an instance: nothing has to be adopted', () => {
    const snapshot = withInstance(soundCluster(), name);
    expect(deriveInstances(snapshot)).toMatchObject([{ name, status: 'stopped', problems: [] }]);
    const made = planned(snapshot, adopt());
    expect(reasonsBy(made, 'blocks')).toContain('is-instance');
    expect(textOf(made, 'is-instance')).toContain('Nothing has to be taken over');
    expect(isOpen(planned(snapshot, { kind: 'start', instance: name }))).toBe(false);
  });
});

test('what only a found xen.cfg says that it boots, outside the places for that, needs a consent', () => {
  const config = (more: string): string =>
    `memory = 512\nvcpus = 1\n${more}\ndisk = [ "format=raw, vdev=xvda, access=rw, target=${folder}/disk0" ]\n`;
  const consents = (more: string, change: Parameters<typeof adopt>[0] = {}): string[] =>
    reasonsBy(
      planned(world([{ name: 'disk0' }], { config: config(more) }), adopt({ guest: {}, ...change })),
      'consent',
    );
  expect(consents('bootloader = "/srv/x/evil"')).toEqual(['boots-beyond']);
  expect(consents('kernel = "/boot/../etc/shadow"')).toEqual(['boots-beyond']);
  expect(consents('bootloader = "pygrub"')).toEqual([]);
  expect(consents('kernel = "/boot/vmlinuz"')).toEqual([]);
  expect(consents('kernel = "/srv/x/k"', { guest: { kernel: '/srv/x/k' } })).toEqual([]);
});

test('a folder that holds what another guest needs does not become an instance', () => {
  const made = (files: { name: string }[], with_: (snapshot: Snapshot) => Snapshot = (each) => each): Plan =>
    planned(with_(world(files)), adopt({ paths: [`${folder}/disk0`] }));
  const both = [{ name: 'disk0' }, { name: 'other.img' }];
  expect(reasonsBy(made(both), 'blocks')).toEqual([]);
  const open = made(both, (snapshot) =>
    withFacts(snapshot, 'node2', (facts) => {
      const other = facts.folders.flatMap((each) => each.files).find((each) => each.name === 'other.img');
      return { open: [{ device: other?.device ?? 0, inode: other?.inode ?? 0, by: 'loop0' }] };
    }),
  );
  expect(textOf(open, 'neighbour')).toContain(
    `${folder}/other.img lies there as well: loop0 on node2 has it open`,
  );
  const named = made(both, (snapshot) =>
    withFacts(snapshot, 'node1', () => ({
      guestConfigs: [
        {
          ...{ path: '/etc/xen/other.cfg', atBoot: false, leadsTo: null, names: [], uuids: [] },
          files: [{ path: `${folder}/other.img`, id: null }],
        },
      ],
    })),
  );
  expect(textOf(named, 'neighbour')).toContain('/etc/xen/other.cfg on node1 attaches it');
});

test('a xen.cfg that would do more than attach these images is written anew, and says why', () => {
  const line = (rest: string): string =>
    `memory = 512\nvcpus = 1\ndisk = [ "format=raw, vdev=xvda, access=rw, target=${folder}/disk0"${rest}`;
  for (const [rest, said] of [
    [', "phy:/dev/sda,xvdb,w" ]\n', 'It attaches /dev/sda, which is none of these images'],
    [
      ' ]\ndevice_model_override = "/tmp/x"\n',
      'It sets device_model_override = "/tmp/x", which reaches beyond the guest',
    ],
    [' ]\nserial = "file:/etc/cron.d/x"\n', 'It sets serial = "file:/etc/cron.d/x"'],
    [' ]\nramdisk = "/etc/shadow"\n', 'Its ramdisk is /etc/shadow'],
    [' ]\nvif = [ "mac=00:16:3e:00:00:01, bridge=xenbr0, script=/tmp/x" ]\n', 'has a script'],
  ] as const) {
    const made = planned(world([{ name: 'disk0' }], { config: line(rest) }), adopt());
    expect(made.reasons.map((each) => each.text).join('\n')).toContain(said);
    const written = made.steps.flatMap(({ action }) => (action.do === 'write-file' ? [action.content] : []));
    expect(written).toHaveLength(1);
    expect(written[0]).not.toMatch(/\/dev\/sda|\/tmp\/x/);
  }
});

test('what xen.cfg calls raw is never taken as what its header says', () => {
  const config = `memory = 512\nvcpus = 1\ndisk = [ "format=raw, vdev=xvda, access=rw, target=${folder}/disk0" ]\n`;
  const made = planned(world([{ name: 'disk0', type: 'qcow2' }], { config }), adopt());
  expect(isOpen(made)).toBe(true);
  expect(textOf(made, 'format')).toContain('attaches disk0 as raw, and its header says qcow2');
});

describe('chosen files', () => {
  test('with a base beside them are not moved away from it', () => {
    const snapshot = onAll(
      onAll(soundCluster(), inFolder('a', [{ name: 'root.img' }])),
      inFolder('b', [{ name: 'sda' }, { name: 'sdb', type: 'qcow2', backing: 'sda' }]),
    );
    const made = planned(
      snapshot,
      adopt({ paths: [`${sharedDirectory}/a/root.img`, `${sharedDirectory}/b/sdb`] }),
    );
    expect(isOpen(made)).toBe(true);
    expect(textOf(made, 'relative-base')).toContain('/b/sdb builds on sda, a name beside it');
  });
  const inFolder = (path: string, files: readonly TestImage[]): FolderFacts => orphanOf(path, files);

  test('of one folder stay there under their names, in the order in which they were named', () => {
    const snapshot = onAll(soundCluster(), inFolder('in', [{ name: 'data.img' }, { name: 'root.img' }]));
    const at = `${sharedDirectory}/in`;
    const made = planned(snapshot, adopt({ paths: [`${at}/root.img`, `${at}/data.img`] }));
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).not.toContain('take-image node1');
    expect(recordIn(made)?.disks.map((each) => each.logical_id[2])).toEqual([
      `${at}/root.img`,
      `${at}/data.img`,
    ]);
  });

  test('of several folders are renamed into one, with every folder locked, and undo renames them back', () => {
    const snapshot = onAll(
      onAll(soundCluster(), inFolder('a', [{ name: 'root.img', inode: 11 }])),
      inFolder('b', [{ name: 'data.img', inode: 12 }, { name: 'other.iso' }]),
    );
    const made = planned(
      snapshot,
      adopt({ paths: [`${sharedDirectory}/a/root.img`, `${sharedDirectory}/b/data.img`], start: true }),
    );
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'make-folder node1',
      'lock node1',
      'lock node1',
      'verify-taken node1',
      'verdict node1,node2,node3',
      'take-image node1',
      'take-image node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'verdict node1,node2,node3',
      'start-domain node1 !',
      'unlock node1',
      'unlock node1',
      'unlock node1',
    ]);
    expect(made.locks.map((each) => each.folder)).toEqual([
      folder,
      `${sharedDirectory}/a`,
      `${sharedDirectory}/b`,
    ]);
    const moves = made.steps.filter((each) => each.action.do === 'take-image');
    expect(moves.map((each) => [each.action, each.undo[0]?.action])).toEqual([
      [
        { do: 'take-image', from: `${sharedDirectory}/a/root.img`, to: `${folder}/sda`, inode: 11 },
        { do: 'take-image', from: `${folder}/sda`, to: `${sharedDirectory}/a/root.img`, inode: 11 },
      ],
      [
        { do: 'take-image', from: `${sharedDirectory}/b/data.img`, to: `${folder}/sdb`, inode: 12 },
        { do: 'take-image', from: `${folder}/sdb`, to: `${sharedDirectory}/b/data.img`, inode: 12 },
      ],
    ]);
    expect(recordIn(made)?.disks.map((each) => each.logical_id[2])).toEqual([
      `${folder}/sda`,
      `${folder}/sdb`,
    ]);
  });
});

describe('images beside the folders', () => {
  const loose = (...files: TestImage[]): Snapshot =>
    soundCluster().nodes.reduce(
      (made, { name: node }) =>
        withFacts(made, node, ({ storages }) => ({
          storages: storages.map((each) =>
            each.path === sharedDirectory ? { ...each, files: files.map(imageOf) } : each,
          ),
        })),
      soundCluster(),
    );

  test('move into a folder of their own, the first name gone, and back', () => {
    const made = planned(
      loose({ name: 'root.img', inode: 11 }, { name: 'other.img', inode: 12 }),
      adopt({ paths: [`${sharedDirectory}/root.img`] }),
    );
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'make-folder node1',
      'verify-taken node1',
      'verdict node1,node2,node3',
      'take-image node1',
      'write-file node1',
      'check-config node1',
      'write-record node1',
      'unlock node1 !',
    ]);
    const [from, to] = [`${sharedDirectory}/root.img`, `${folder}/sda`];
    const move = made.steps.find((each) => each.action.do === 'take-image');
    expect(move?.action).toEqual({ do: 'take-image', from, to, inode: 11, alone: true });
    expect(move?.undo[0]?.action).toEqual({ do: 'take-image', from: to, to: from, inode: 11 });
    expect(made.steps[1]?.action).toMatchObject({ folders: [], images: [{ path: from, inode: 11 }] });
    expect(recordIn(made)?.disks[0]?.logical_id[2]).toBe(to);
    expect(recordIn(made)?.place).toMatchObject({ path: folder });
  });

  test('one whose base is named beside it stays, for it would build on another one', () => {
    const image = { name: 'root.img', type: 'qcow2', virtualSize: gib, backing: 'base.img' } as const;
    const made = planned(
      loose(image, { name: 'base.img' }),
      adopt({ paths: [`${sharedDirectory}/root.img`] }),
    );
    expect(reasonsBy(made, 'blocks')).toContain('relative-base');
    expect(textOf(made, 'relative-base')).not.toContain('in its own folder');
  });
});

type Row = [string, Snapshot, Partial<AdoptIntent>, string, string];
describe('what is refused, each with its sentence', () => {
  const a = orphanOf('a', [{ name: 'root.img' }]);
  const other = recordOf('web9');
  const rows: Row[] = [
    ['nothing there', soundCluster(), {}, 'no-images', `node1 shows no folder and no image ${folder}`],
    ['no image by name', world([{ name: 'root.img' }]), {}, 'no-images', 'Or name its images one by one'],
    ['a gap', world([{ name: 'disk1' }]), {}, 'image-gap', 'disk 0 is missing'],
    [
      'one disk twice',
      world([{ name: 'sda' }, { name: 'disk0' }]),
      {},
      'image-ambiguous',
      'all claim to be disk 0',
    ],
    [
      'a file named twice',
      onAll(soundCluster(), a),
      { paths: [`${a.path}/root.img`, `${a.path}/root.img`] },
      'twice',
      'is named twice',
    ],
    ['a file outside', world(), { paths: ['/etc/shadow'] }, 'image-path', 'directory of the system'],
    [
      'a file that is not allowed',
      world(),
      { paths: ['/srv/other/x/sda'] },
      'image-path',
      'does not lie below an allowed',
    ],
    [
      'a path that climbs',
      world(),
      { paths: [`${sharedDirectory}/../x/sda`] },
      'image-path',
      'not normalised',
    ],
    [
      'two storage directories',
      withFolder(
        onAll(soundCluster(), a),
        ['node1'],
        orphanOf('b', [{ name: 'x.img', device: 50 }], { storage: localDirectory, device: 50 }),
      ),
      { paths: [`${a.path}/root.img`, `${localDirectory}/b/x.img`] },
      'other-storage',
      'in different storage directories',
    ],
    [
      'a disk of an instance',
      withInstance(soundCluster(), 'web9'),
      { paths: [`${sharedDirectory}/web9/sda`] },
      'owned',
      `${sharedDirectory}/web9/sda is disk 0 of web9`,
    ],
    [
      'a file in the folder of an instance',
      onAll(
        soundCluster(),
        folderOf(other, { files: [...folderOf(other).files, ...orphanOf('x', [{ name: 'old.img' }]).files] }),
      ),
      { paths: [`${sharedDirectory}/web9/old.img`] },
      'is-instance',
      'holds the record of web9',
    ],
    [
      'a folder that was moved',
      changeFolder(withInstance(soundCluster(), name), folder, () => ({ inode: 4 })),
      {},
      'claim',
      'another folder of that name: it was moved or copied',
    ],
    [
      'a record that can not be read',
      world(two, { record: { ok: false, error: 'not JSON' } }),
      {},
      'record-broken',
      'not JSON',
    ],
    ['a replica', world(two, { replica: true }), {}, 'replica', 'a failover goes on from it'],
    ['a lock', world(two, { lock: { ok: false, error: 'torn' } }), {}, 'locked', 'torn'],
    ['a symbolic link', world([{ name: 'sda', kind: 'symlink' }]), {}, 'symlink', 'is a symbolic link'],
    ['half a sector', world([{ name: 'sda', size: 700 }]), {}, 'image-size', 'not a multiple of 512'],
    [
      'a type that xl does not know',
      world([{ name: 'sda', type: 'vmdk' }]),
      {},
      'image-type',
      "can't attach vmdk",
    ],
    [
      'a fixed-size VHD',
      world([{ name: 'sda', size: gib + 512, fixedVhd: gib }]),
      {},
      'image-type',
      `${folder}/sda ends with the footer of a fixed-size VHD, which is no part of the disk. Bring it in as a converted copy`,
    ],
    [
      'loop for qcow2',
      world([{ name: 'sda', type: 'qcow2', virtualSize: gib }]),
      { driver: 'loop' },
      'image-type',
      'not qcow2',
    ],
    [
      'a kept file',
      onAll(soundCluster(), orphanOf('a', [{ name: 'sda.removed-r1' }])),
      { paths: [`${sharedDirectory}/a/sda.removed-r1`] },
      'kept',
      'only until somebody lets it go',
    ],
    [
      'a guest that runs outside',
      withDomain(
        onAll(soundCluster(), folderOf(recordOf(name), { record: null })),
        'node3',
        domainOf('stray', { uuid: uuidOf(name) }),
      ),
      {},
      'running',
      'node3 has the domain stray',
    ],
    [
      'a name that is taken',
      withInstance(world(), 'web1'),
      { name: 'web1' },
      'name-in-use',
      'web1 exists already',
    ],
    ['a hostile name', world(), { name: 'a;b' }, 'name', 'named like a host'],
    ['nothing to boot', world(), { guest: {} }, 'no-boot', 'needs a kernel, or a bootloader'],
  ];
  test.each(rows)('%s', (_title, snapshot, change, code, sentence) => {
    const made = planned(snapshot, adopt(change));
    expect(reasonsBy(made, 'blocks')).toContain(code);
    expect(textOf(made, code)).toContain(sentence);
  });

  test('what is recorded as raw stays raw, whatever its guest wrote at its end', () => {
    const disk = { name: 'sda', size: gib + 512, fixedVhd: gib };
    const record = recordOf(name);
    const inConfig = { ...record, disks: record.disks.slice(0, 1) };
    expect(isOpen(planned(world([disk], { config: configOf(inConfig) }), adopt()))).toBe(false);
    const told = adopt({ disks: [{ driver: 'loop', type: 'raw', vdev: 'xvda', mode: 'rw' }] });
    expect(isOpen(planned(world([disk]), told))).toBe(false);
    expect(isOpen(planned(world([disk]), adopt()))).toBe(true);
  });

  test('a silent node that sees the storage must be vouched down', () => {
    expect(reasonsBy(planned(silent(world(), 'node3'), adopt()), 'consent')).toContain('vouch-down:node3');
  });
});

test('whatever lies there, no image is written, made or removed, by any step or its undo', () => {
  const file = fc.record({
    name: fc.constantFrom('sda', 'sdb', 'sdc', 'disk0', 'x.img'),
    size: fc.constantFrom(0, 700, gib),
    type: fc.constantFrom('raw', 'qcow2', null),
    kind: fc.constantFrom('file', 'file', 'symlink'),
    virtualSize: fc.constantFrom(gib),
  });
  fc.assert(
    fc.property(
      arbitrarySnapshot,
      fc.uniqueArray(file, { maxLength: 3, selector: (each) => each.name }),
      fc.subarray([folder, `${folder}/sda`, `${sharedDirectory}/a/root.img`, `${sharedDirectory}/web1/sda`], {
        minLength: 1,
      }),
      fc.constantFrom(null, 'memory = 12\n', '[', configOf(recordOf(name))),
      (snapshot, files, paths, config) => {
        const made = makePlan(
          onAll(onAll(snapshot, orphanOf(name, files, { config })), orphanOf('a', [{ name: 'root.img' }])),
          adopt({ paths, start: true }),
          nobody,
          testContext(),
        );
        for (const path of writtenPaths(made)) expect(path).toMatch(/\/(xen\.cfg|instance\.json)$/);
        for (const { action, undo } of made.steps)
          if (action.do === 'take-image')
            expect(undo.map((each) => each.action)).toEqual([
              { do: 'take-image', from: action.to, to: action.from, inode: action.inode },
            ]);
      },
    ),
    { numRuns: 300 },
  );
});
