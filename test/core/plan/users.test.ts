/** Who uses a file is asked of every node that sees its storage: each numbers its devices itself. */
import { describe, expect, test } from 'vitest';
import type { NodeFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import type { DiskAddIntent } from '../../../core/plan/disk-intents.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  gib,
  localDirectory,
  sharedDirectory,
  silent,
  soundCluster,
  withFacts,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { base, everywhere, file, folder, stopped, templates, withBase, withFiles } from './disk-world.ts';
import { createIntent, isOpen, planned, reasonsBy } from './support.ts';
import { onAll, orphanOf } from './take-world.ts';

const shared = (facts: NodeFacts) => facts.storages.find((each) => each.path === sharedDirectory);

/** node2 numbers the device of the shared storage otherwise. */
const otherDevice = 4711;
const renumbered = (snapshot: Snapshot): Snapshot =>
  withFacts(snapshot, 'node2', (facts) => ({
    storages: facts.storages.map((each) =>
      each.path === sharedDirectory
        ? {
            ...each,
            device: otherDevice,
            files: each.files?.map((one) => ({ ...one, device: otherDevice })),
            templates: each.templates?.map((one) => ({ ...one, device: otherDevice })),
          }
        : each,
    ),
    folders: facts.folders.map((each) =>
      each.storage === sharedDirectory
        ? {
            ...each,
            device: otherDevice,
            files: each.files.map((one) => ({ ...one, device: otherDevice })),
          }
        : each,
    ),
  }));
const openOn2 = (snapshot: Snapshot, inode: number, device = otherDevice, by = 'loop4'): Snapshot =>
  withFacts(snapshot, 'node2', () => ({ open: [{ device, inode, by }] }));
const withTemplate = (snapshot: Snapshot): Snapshot =>
  everywhere.reduce(
    (made, node) =>
      withFacts(made, node, (facts) => ({
        storages: facts.storages.map((each) =>
          each.path === sharedDirectory ? { ...each, templates: [file('golden.img', { inode: 999 })] } : each,
        ),
      })),
    snapshot,
  );

const add = (source: DiskAddIntent['source']): DiskAddIntent => ({
  kind: 'disk-add',
  instance: 'web1',
  source,
  mode: 'rw',
});
const image = file('old.img', { inode: 555 });
const beside = renumbered(withFiles(stopped, image));
const world = renumbered(withTemplate(withBase(withFiles(stopped, image), { inode: 666 })));
const disk = { size: 2 * 1024 ** 3, mode: 'rw' } as const;
const uses: [
  string,
  Snapshot,
  Intent,
  { inode: number; code: string; look: 'check-unused' | 'check-unwritten' },
][] = [
  [
    'a file beside the disks',
    world,
    add({ from: 'file', file: 'old.img' }),
    { inode: 555, code: 'open', look: 'check-unused' },
  ],
  [
    'an image that is imported',
    world,
    add({ from: 'import', path: `${folder}/old.img`, type: 'raw' }),
    { inode: 555, code: 'open', look: 'check-unused' },
  ],
  [
    'the base of a new disk',
    world,
    { ...add({ from: 'new', size: null, type: 'qcow2', allocation: 'sparse', base }), driver: 'blktap' },
    { inode: 666, code: 'base-open', look: 'check-unwritten' },
  ],
  [
    'the base of a new instance',
    world,
    createIntent({ disks: [{ ...disk, type: 'qcow2', base }], driver: 'blktap' }),
    { inode: 666, code: 'base-open', look: 'check-unwritten' },
  ],
  [
    'a template',
    world,
    createIntent({ os: 'template:golden.img', disks: [{ ...disk, type: 'raw' }] }),
    { inode: 999, code: 'template-open', look: 'check-unwritten' },
  ],
  [
    'an image of which the disk of a new instance is a copy',
    world,
    createIntent({ disks: [{ ...disk, size: 0, type: 'raw', import: `${folder}/old.img` }] }),
    { inode: 555, code: 'open', look: 'check-unused' },
  ],
  [
    'an image that is converted',
    world,
    { kind: 'convert-file', node: 'node1', path: `${folder}/old.img`, type: 'qcow2' },
    { inode: 555, code: 'in-use', look: 'check-unused' },
  ],
  [
    'an image that is copied',
    world,
    {
      kind: 'copy-image',
      from: { node: 'node1', path: base },
      to: { node: 'node1', path: `${localDirectory}/new/sda` },
    },
    { inode: 666, code: 'in-use', look: 'check-unused' },
  ],
  [
    'images that are compared',
    world,
    { kind: 'compare-images', subject: { of: 'path', path: base } },
    { inode: 666, code: 'in-use', look: 'check-unused' },
  ],
];
const changes = uses.filter(([what]) => !what.startsWith('images that are compared'));
const looksFor = (made: Plan, what: string): string[] => [
  ...new Set(made.steps.flatMap((each) => (each.action.do === what ? each.nodes : []))),
];

describe('a file of a shared storage', () => {
  test.each(uses)('%s: free of users on all nodes, it may be used', (_, snapshot, intent) => {
    expect(reasonsBy(planned(snapshot, intent), 'blocks')).toEqual([]);
    expect(isOpen(planned(snapshot, intent))).toBe(false);
  });

  test.each(uses)(
    '%s: another node has it open, under its own number',
    (_, snapshot, intent, { inode, code }) => {
      const made = planned(openOn2(snapshot, inode), intent);
      expect(reasonsBy(made, 'blocks')).toContain(code);
      expect(made.reasons.find((each) => each.code === code)?.text).toContain('loop4 on node2 has');
      // the number that the first node gives the device means nothing there
      expect(isOpen(planned(openOn2(snapshot, inode, 41), intent))).toBe(false);
    },
  );

  test.each(uses)(
    '%s: a node that mounts the storage elsewhere is asked under its own path',
    (_, snapshot, intent, { inode, code }) => {
      const elsewhere = withFacts(snapshot, 'node2', (facts) => ({
        storages: facts.storages.map((each) =>
          each.path === sharedDirectory ? { ...each, path: '/mnt/images' } : each,
        ),
        folders: facts.folders.map((each) => ({
          ...each,
          storage: each.storage.replace(sharedDirectory, '/mnt/images'),
          path: each.path.replace(sharedDirectory, '/mnt/images'),
        })),
      }));
      const made = planned(openOn2(elsewhere, inode), intent);
      expect(made.reasons.find((each) => each.code === code)?.text).toContain(
        'loop4 on node2 has /mnt/images/',
      );
    },
  );

  test.each(changes)(
    '%s: looked at once more on all of them before the change',
    (_, snapshot, intent, { look }) => {
      expect(looksFor(planned(snapshot, intent), look).toSorted()).toEqual(everywhere);
    },
  );

  test.each(changes)(
    '%s: a silent node needs a word, and a node that can not tell stops it',
    (_, snapshot, intent) => {
      for (const last of ['known', 'never'] as const) {
        const quiet = silent(snapshot, 'node3', 'unreachable', last);
        expect(reasonsBy(planned(quiet, intent), 'consent')).toContain('vouch-down:node3');
        const vouched = planned(quiet, intent, {
          accept: [],
          vouched: [{ node: 'node3', how: 'I pulled its plug' }],
        });
        expect(isOpen(vouched)).toBe(false);
      }
      const hanging = withFacts(snapshot, 'node2', (facts) => ({
        storages: facts.storages.map((each) =>
          each.path === sharedDirectory ? { ...each, id: null, state: 'not-answering' as const } : each,
        ),
      }));
      for (const blind of [hanging, withFacts(snapshot, 'node2', () => ({ openUnknown: true }))])
        expect(reasonsBy(planned(blind, intent), 'blocks')).toContain('use-unknown');
    },
  );

  test('one word is asked for, whatever the number of reasons', () => {
    // the base lies on the storage, as the images that are adopted do: both want it
    const found = withBase(
      onAll(
        soundCluster(),
        orphanOf('old', [{ name: 'sda', type: 'qcow2', backing: base, virtualSize: gib }]),
      ),
    );
    const made = planned(silent(found, 'node3'), {
      ...{ kind: 'adopt', name: 'old', primary: 'node1', secondary: null, driver: 'blktap', nics: null },
      ...{ paths: [`${sharedDirectory}/old`], guest: { kernel: '/boot/vmlinuz' }, start: false },
    });
    expect(reasonsBy(made, 'consent').filter((each) => each.startsWith('vouch-down'))).toEqual([
      'vouch-down:node3',
    ]);
    const text = made.reasons.find((each) => each.code === 'vouch-down:node3')?.text ?? '';
    expect(text).toContain(`node3 may have ${base} open`);
    expect(text).toContain('node3 may have the images open');
    expect(text.split('Say how you know')).toHaveLength(2);
  });

  test('a word on a silent node is kept in the record of the instance', () => {
    const made = planned(silent(beside, 'node3'), add({ from: 'file', file: 'old.img' }), {
      accept: [],
      vouched: [{ node: 'node3', how: 'I pulled its plug' }],
    });
    const records = made.steps.flatMap((each) =>
      each.action.do === 'write-record' ? [each.action.record] : [],
    );
    expect(records[0]?.vouchings).toMatchObject([{ node: 'node3', how: 'I pulled its plug' }]);
  });
});

describe('a file of a storage that other nodes do not see', () => {
  test('is nothing to them: not their files of that path, and not their silence', () => {
    const path = `${localDirectory}/templates/debian.img`;
    const local = {
      ...templates([file('debian.img', { device: 50, inode: 7 })]),
      storage: localDirectory,
      path: `${localDirectory}/templates`,
      device: 50,
    };
    const both = withFacts(
      withFacts(soundCluster(), 'node1', () => ({ folders: [local] })),
      'node2',
      () => ({ folders: [local], open: [{ device: 50, inode: 7, by: 'loop1' }] }),
    );
    const intent: Intent = {
      kind: 'copy-image',
      from: { node: 'node1', path },
      to: { node: 'node1', path: `${localDirectory}/new/sda` },
    };
    expect(shared(both.nodes[0]?.facts as NodeFacts)?.id).toBe('shared-storage');
    expect(isOpen(planned(both, intent))).toBe(false);
    expect(isOpen(planned(silent(both, 'node3'), intent))).toBe(false);
    expect(looksFor(planned(both, intent), 'check-unused')).toEqual(['node1']);
  });
});

describe('a record on another storage that names the file', () => {
  const image = `${sharedDirectory}/templates/debian.img`;
  const there = everywhere.reduce(
    (made, node) =>
      withFacts(made, node, (facts) => ({
        folders: [...facts.folders, templates([file('debian.img', { inode: 12 })])],
      })),
    stopped,
  );
  // node2 has an instance of its own, whose disk lies on the shared storage
  const owned = withLocalInstance(there, 'web9', 'node2', {
    disks: [{ logical_id: ['loop', 'raw', image], vdev: 'xvda', mode: 'rw', size: 1024 ** 3 }],
  });

  test('owns it, whichever node is asked', () => {
    const made = planned(owned, add({ from: 'import', path: image, type: 'raw' }));
    expect(reasonsBy(made, 'blocks')).toEqual(['is-disk']);
    expect(made.reasons.find((each) => each.code === 'is-disk')?.text).toContain('is disk 0 of web9');
    const based = createIntent({
      disks: [{ ...disk, type: 'qcow2', base: image }],
      driver: 'blktap',
    });
    expect(reasonsBy(planned(owned, based), 'blocks')).toContain('base-is-disk');
    expect(reasonsBy(planned(there, based), 'blocks')).toEqual([]);
  });
});
