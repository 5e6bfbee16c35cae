/** Images that nobody owns go into the trash and come back; every sentence that stands against it. */
import { describe, expect, test } from 'vitest';
import { imagesOf } from '../../../core/cluster/images.ts';
import { removedImages } from '../../../core/cluster/removed-images.ts';
import type { FolderFacts, Snapshot, TrashFacts } from '../../../core/cluster/snapshot.ts';
import { trashOf } from '../../../core/cluster/trash.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  gib,
  recordOf,
  sharedDevice,
  sharedDirectory,
  silent,
  soundCluster,
  takenAt,
  withFacts,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';
import { imageOf, onAll, orphanOf } from './take-world.ts';

const folder = `${sharedDirectory}/old`;
const everyNode = 'node1,node2,node3';
const quiet = (snapshot: Snapshot): Snapshot =>
  snapshot.nodes.reduce((made, { name }) => withFacts(made, name, () => ({ guestConfigs: [] })), snapshot);
const loose = (snapshot: Snapshot): Snapshot =>
  snapshot.nodes.reduce(
    (made, { name }) =>
      withFacts(made, name, (facts) => ({
        storages: facts.storages.map((each) =>
          each.path === sharedDirectory
            ? { ...each, files: [imageOf({ name: 'loose.img', inode: 62 })] }
            : each,
        ),
      })),
    snapshot,
  );
const world = (change: Partial<FolderFacts> = {}): Snapshot =>
  quiet(
    loose(
      onAll(
        soundCluster(),
        orphanOf(
          'old',
          [
            { name: 'a.img', inode: 60 },
            { name: 'b.img', inode: 61 },
          ],
          change,
        ),
      ),
    ),
  );
const remove = (snapshot: Snapshot, path = folder, accept: string[] = [], vouched: string[] = []): Plan =>
  planned(
    snapshot,
    { kind: 'remove-image', node: 'node1', path },
    { accept, vouched: vouched.map((node) => ({ node, how: 'unplugged' })) },
  );
const noteIn = (made: Plan) =>
  made.steps.flatMap((each) =>
    each.action.do === 'write-file' ? [removedImages.parse(JSON.parse(each.action.content))] : [],
  )[0];

describe('into the trash', () => {
  test('a folder goes by one rename, once its name was typed', () => {
    expect(reasonsBy(remove(world()), 'blocks')).toEqual([]);
    expect(reasonsBy(remove(world()), 'consent')).toEqual(['remove:old']);
    expect(textOf(remove(world()), 'remove:old')).toMatch(
      /old\/a\.img \(1 GiB, 4 KiB on disk\), .*old\/b\.img \(1 GiB, 4 KiB on disk\) go to .*\/\.trash\/old\.[0-9a-f]{8}\.20261125T120000Z: 8 KiB on disk\./,
    );
    expect(isOpen(remove(world(), folder, ['remove:older']))).toBe(true);
    const made = remove(world(), folder, ['remove:old']);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verify-unowned node1',
      `check-unused ${everyNode}`,
      'check-no-overlays node1',
      'check-no-overlays node2',
      'check-no-overlays node3',
      'write-file node1',
      'move-folder node1 !',
      'unlock node1',
    ]);
    expect(undoOrderOf(made)).toEqual(['remove-file node1', 'unlock node1']);
    expect(noteIn(made)).toMatchObject({
      what: 'folder',
      from: folder,
      files: [
        { name: 'a.img', inode: 60, size: gib },
        { name: 'b.img', inode: 61 },
      ],
    });
  });

  test('one file goes into a folder of its own there, and back when a step fails', () => {
    const path = `${folder}/a.img`;
    const made = remove(world(), path, ['remove:a.img']);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'make-folder node1',
      'verify-unowned node1',
      `check-unused ${everyNode}`,
      'check-no-overlays node1',
      'check-no-overlays node2',
      'check-no-overlays node3',
      'write-file node1',
      'take-image node1',
      'unlock node1 !',
      'unlock node1',
    ]);
    expect(undoOrderOf(made).slice(0, 3)).toEqual([
      'take-image node1',
      'remove-file node1',
      'drop-folder node1',
    ]);
    expect(noteIn(made)).toMatchObject({ what: 'file', from: path });
    const beside = remove(world(), `${sharedDirectory}/loose.img`, ['remove:loose.img']);
    expect(isOpen(beside)).toBe(false);
    expect(orderOf(beside)[0]).toBe('make-folder node1');
  });

  const file = (name: string, change: Parameters<typeof imageOf>[0] | object) =>
    changeFolder(world(), folder, (each) => ({
      files: each.files.map((one) => (one.name === name ? { ...one, ...change } : one)),
    }));
  const clone = onAll(
    world(),
    orphanOf('clone', [{ name: 'sda', type: 'qcow2', inode: 90, backing: `${folder}/a.img` }]),
  );
  const looseClone = onAll(
    world(),
    orphanOf('clone', [{ name: 'sda', type: 'qcow2', inode: 90, backing: `${sharedDirectory}/loose.img` }]),
  );
  test.each<[string, string, Snapshot, string, string]>([
    [
      'open on another node, under its own number of the device',
      'open',
      withFacts(world(), 'node3', (facts) => ({
        storages: facts.storages.map((each) => ({ ...each, device: 7 })),
        folders: facts.folders.map((each) => ({
          ...each,
          files: each.files.map((one) => ({ ...one, device: 7 })),
        })),
        open: [{ device: 7, inode: 61, by: 'qemu 44' }],
      })),
      folder,
      `qemu 44 on node3 has ${folder}/b.img open`,
    ],
    ['a base', 'base-in-use', clone, folder, 'clone/sda builds on'],
    ['one file, a base', 'base-in-use', clone, `${folder}/a.img`, 'clone/sda builds on'],
    [
      'a base beside the folders',
      'base-in-use',
      looseClone,
      `${sharedDirectory}/loose.img`,
      'clone/sda builds on',
    ],
    [
      'a disk of an instance',
      'owned',
      withInstance(world(), 'web1'),
      `${sharedDirectory}/web1/sda`,
      'holds the record of web1',
    ],
    [
      'an image that a record elsewhere names',
      'owned',
      withInstance(world(), 'web1', {
        disks: recordOf('web1').disks.map((each) => ({
          ...each,
          logical_id: ['loop', 'raw', `${folder}/a.img`],
        })),
      }),
      folder,
      'one image belongs to one instance',
    ],
    [
      'a record that only another node shows',
      'owned',
      changeFolder(world(), folder, () => ({ record: { ok: true, record: recordOf('web1') } }), ['node2']),
      folder,
      'holds the record of web1',
    ],
    [
      'a record that cannot be read',
      'record-broken',
      world({ record: { ok: false, error: 'torn' } }),
      folder,
      'torn',
    ],
    ['a replica', 'replica', world({ replica: true }), folder, 'holds a replica'],
    ['a lock', 'locked', world({ lock: { ok: false, error: 'torn' } }), folder, 'torn'],
    ['a symbolic link', 'not-a-file', file('a.img', { kind: 'symlink' }), folder, 'a symbolic link'],
    ['nothing there', 'no-image', world(), `${folder}/none`, 'shows no file'],
    ['the trash', 'path', world(), `${sharedDirectory}/.trash`, "VBDesk's own"],
    ['a template', 'path', world(), `${sharedDirectory}/.templates/x`, "VBDesk's own"],
    ['the storage directory', 'path', world(), sharedDirectory, 'does not lie below'],
    ['a directory of the system', 'path', world(), '/etc/passwd', 'a directory of the system'],
    ['too deep', 'path', world(), `${folder}/sub/x`, 'deeper'],
  ])('refused: %s', (_, code, snapshot, path, sentence) => {
    const made = remove(snapshot, path, [`remove:${path.slice(path.lastIndexOf('/') + 1)}`]);
    expect(reasonsBy(made, 'blocks')).toContain(code);
    expect(textOf(made, code)).toContain(sentence);
    expect(made.steps).toEqual([]);
  });

  test('one name of several may go', () => {
    const id = { inode: 60, device: sharedDevice };
    const linked = changeFolder(withInstance(world(), 'web1'), `${sharedDirectory}/web1`, ({ files }) => ({
      files: files.map((file) => ({ ...file, ...(file.name === 'sda' ? id : {}), links: 2 })),
    }));
    expect(reasonsBy(remove(quiet(linked), `${folder}/a.img`), 'blocks')).toEqual([]);
  });

  test('what a guest boots from or has as its CD stays, though no record names it as a disk', () => {
    const place = `${sharedDirectory}/web1`;
    const settings = { type: 'pv', memoryMib: 512, vcpus: 1, kernel: `${folder}/a.img` } as const;
    const boots = quiet(withInstance(world(), 'web1', { guest: settings }));
    expect(textOf(remove(boots, `${folder}/a.img`), 'boots-from-it')).toContain(
      'web1 boots from it (as its kernel)',
    );
    const cd = `disk = ["format=raw, vdev=xvdc, access=ro, devtype=cdrom, target=${sharedDirectory}/loose.img"]\n`;
    const drives = quiet(changeFolder(withInstance(world(), 'web1'), place, () => ({ config: cd })));
    expect(textOf(remove(drives, `${sharedDirectory}/loose.img`), 'boots-from-it')).toContain(
      'web1 has it as CD',
    );
    expect(reasonsBy(remove(drives, `${folder}/b.img`), 'blocks')).toEqual([]);
    // the whole folder as well
    expect(reasonsBy(remove(boots), 'blocks')).toEqual(['boots-from-it']);
    expect(imagesOf(drives).find((each) => each.name === 'loose.img')?.remark).toBe('web1 has it as CD.');
  });

  test('what builds on it may go with it', () => {
    const chain = world({
      files: [imageOf({ name: 'a.img' }), imageOf({ name: 'b.qcow2', type: 'qcow2', backing: 'a.img' })],
    });
    expect(isOpen(remove(chain, folder, ['remove:old']))).toBe(false);
    expect(isOpen(remove(chain, `${folder}/a.img`, ['remove:a.img']))).toBe(true);
  });

  test('a configuration that attaches it needs a word, or blocks where it starts at boot', () => {
    const config = {
      ...{ path: '/etc/xen/auto/x', leadsTo: null, names: [], uuids: [] },
      files: [{ path: `${folder}/a.img`, id: null }],
    };
    const found = (atBoot: boolean) =>
      withFacts(world(), 'node2', () => ({ guestConfigs: [{ ...config, atBoot }] }));
    expect(reasonsBy(remove(found(true)), 'blocks')).toEqual(['autostart']);
    expect(reasonsBy(remove(found(false)), 'consent')).toContain('other-config');
  });

  test('a silent node must be vouched down', () => {
    const down = silent(world(), 'node3');
    expect(reasonsBy(remove(down, folder, ['remove:old']), 'consent')).toContain('vouch-down:node3');
    expect(isOpen(remove(down, folder, ['remove:old']))).toBe(true);
    const made = remove(down, folder, ['remove:old'], ['node3']);
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toContain('check-unused node1,node2');
  });

  test('an empty folder goes as well', () => {
    const made = remove(world({ files: [] }), folder, ['remove:old']);
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'remove:old')).toContain('which holds no files');
  });
});

describe('out of it', () => {
  const name = 'old.0f3a9c1d.20261125T120000Z';
  const inTrash = (
    note: object | null,
    files = ['a.img', 'b.img'],
    snapshot = quiet(soundCluster()),
  ): Snapshot => {
    const facts: TrashFacts = {
      name,
      record: null,
      lock: null,
      allocated: 8192,
      files: files.map((each) => ({ name: each, size: gib, allocated: 4096, modified: takenAt })),
      removedImages:
        note === null
          ? { ok: false, error: 'torn' }
          : {
              ok: true,
              note: removedImages.parse({
                ...{ version: 1, what: 'folder', from: folder, by: 'a@b', at: '', run: 'r1' },
                files: ['a.img', 'b.img'].map((each, index) => ({
                  name: each,
                  inode: 60 + index,
                  size: gib,
                  allocated: 4096,
                })),
                ...note,
              }),
            },
    };
    return snapshot.nodes.reduce(
      (made, { name: node }) =>
        withFacts(made, node, ({ storages }) => ({
          storages: storages.map((each) =>
            each.path === sharedDirectory ? { ...each, trash: [name], trashFolders: [facts] } : each,
          ),
        })),
      snapshot,
    );
  };
  const one = {
    what: 'file',
    from: `${folder}/a.img`,
    files: [{ name: 'a.img', inode: 60, size: gib, allocated: 0 }],
  };
  const restore = (snapshot: Snapshot): Plan =>
    planned(snapshot, { kind: 'restore', storageDirectory: sharedDirectory, trashName: name });
  const purge = (snapshot: Snapshot, ...accept: string[]): Plan =>
    planned(
      snapshot,
      { kind: 'purge-trash', folders: [{ storageDirectory: sharedDirectory, trashName: name }] },
      { accept, vouched: [] },
    );

  test('it is called what it was, and is nobody', () => {
    expect(trashOf(inTrash({}))[0]).toMatchObject({ called: 'old', instance: null, uuid: null });
    expect(trashOf(inTrash(one, ['a.img']))[0]).toMatchObject({ called: 'a.img' });
  });

  test('a folder comes back to its place', () => {
    expect(isOpen(restore(inTrash({})))).toBe(false);
    expect(orderOf(restore(inTrash({})))).toEqual([
      'lock node1',
      'move-folder node1 !',
      'drop-note node1',
      'unlock node1',
    ]);
  });

  test('a file into the folder where it lay, if that is still there and has no such file', () => {
    const there = onAll(inTrash(one, ['a.img']), orphanOf('old', [{ name: 'b.img' }]));
    expect(isOpen(restore(there))).toBe(false);
    expect(orderOf(restore(there))).toEqual([
      'lock node1',
      'lock node1',
      'take-image node1 !',
      'purge-folder node1',
      'unlock node1',
    ]);
    expect(textOf(restore(inTrash(one, ['a.img'])), 'no-folder')).toContain('is not there any more');
    const taken = onAll(inTrash(one, ['a.img']), orphanOf('old', [{ name: 'a.img' }]));
    expect(reasonsBy(restore(taken), 'blocks')).toEqual(['place-taken']);
    const locked = onAll(inTrash(one, ['a.img']), orphanOf('old', [], { lock: { ok: false, error: 'x' } }));
    expect(reasonsBy(restore(locked), 'blocks')).toEqual(['locked']);
    const beside = inTrash({ ...one, from: `${sharedDirectory}/a.img` }, ['a.img']);
    expect(isOpen(restore(beside))).toBe(false);
  });

  test('what would become a disk comes back for a person’s word, and only where it fits and nothing runs', () => {
    const place = `${sharedDirectory}/web1`;
    const note = { ...one, from: `${place}/sda`, files: [{ ...one.files[0], name: 'sda' }] };
    const there = (type: 'raw' | 'qcow2', runs: string | null = null): Snapshot => {
      const made = quiet(
        changeFolder(withInstance(soundCluster(), 'web1', {}, runs), place, ({ files }) => ({
          files: files.filter((each) => each.name !== 'sda'),
        })),
      );
      const snapshot = inTrash(note, ['sda'], made);
      return snapshot.nodes.reduce(
        (built, { name: node }) =>
          withFacts(built, node, ({ storages }) => ({
            storages: storages.map((each) => ({
              ...each,
              trashFolders: each.trashFolders?.map((trash) => ({
                ...trash,
                files: trash.files?.map((file) => ({ ...file, type })),
              })),
            })),
          })),
        snapshot,
      );
    };
    expect(reasonsBy(restore(there('raw')), 'consent')).toEqual(['becomes-disk:web1']);
    expect(orderOf(restore(there('raw')))).toEqual([
      'lock node1',
      'lock node1',
      `verdict ${everyNode}`,
      'take-image node1 !',
      'purge-folder node1',
      'unlock node1',
    ]);
    expect(textOf(restore(there('qcow2')), 'place-of-disk')).toContain('the place of disk 0 of web1');
    expect(reasonsBy(restore(there('raw', 'node2')), 'blocks')).toEqual(['running']);
    expect(restore(there('raw', 'node2')).steps).toEqual([]);
  });

  test.each([
    { from: '/etc/passwd' },
    { from: `${sharedDirectory}/../x` },
    { from: `${sharedDirectory}/.templates` },
    { from: `${folder}/deep` },
    { ...one, from: `${folder}/b.img` },
    { ...one, from: `${sharedDirectory}/x/y/a.img` },
  ])('a note that anybody wrote leads nowhere else: %o', (note) => {
    expect(reasonsBy(restore(inTrash(note)), 'blocks')).toContain('note-place');
    expect(restore(inTrash(note)).steps).toEqual([]);
  });

  test('a note that can not be read keeps it where it is', () => {
    expect(reasonsBy(restore(inTrash(null)), 'blocks')).toContain('note-unreadable');
    expect(reasonsBy(purge(inTrash(null)), 'blocks')).toContain('record-unreadable');
  });

  test('purged, exactly what the note names goes, after its name was typed', () => {
    expect(reasonsBy(purge(inTrash({})), 'consent')).toEqual(['purge:old']);
    const made = purge(inTrash({}), 'purge:old');
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      `check-unused ${everyNode}`,
      'check-no-overlays node1',
      'purge-folder node1 !',
    ]);
    const more = purge(inTrash({}, ['a.img', 'b.img', 'c.img']), 'purge:old');
    expect(textOf(more, 'kept-files')).toContain('The note does not name');
    expect(more.steps.at(-1)?.action).toMatchObject({ files: ['a.img', 'b.img'], keep: ['c.img'] });
  });

  test('nothing is purged on which an image builds that names its former place', () => {
    const built = onAll(
      inTrash({}),
      orphanOf('clone', [{ name: 'sda', type: 'qcow2', device: sharedDevice, backing: `${folder}/a.img` }]),
    );
    expect(reasonsBy(purge(built, 'purge:old'), 'blocks')).toContain('base-in-use');
    const single = onAll(
      inTrash(one, ['a.img']),
      orphanOf('clone', [{ name: 'sda', type: 'qcow2', backing: `${folder}/a.img` }]),
    );
    expect(reasonsBy(purge(single, 'purge:a.img'), 'blocks')).toContain('base-in-use');
  });
});
