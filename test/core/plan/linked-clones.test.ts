import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  folderOf,
  gib,
  recordOf,
  sharedDirectory,
  soundCluster,
  withFacts,
  withFolder,
} from '../../support/snapshot-builder.ts';
import {
  accepting,
  base,
  everywhere,
  file,
  folder,
  stepOf,
  stopped,
  templates,
  withBase,
  withClone,
} from './disk-world.ts';
import { createIntent, isOpen, orderOf, planned, textOf } from './support.ts';

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

  test('a header that a guest wrote into its raw disk keeps nobody else from starting: it is told', () => {
    const record = recordOf('web2', {
      disks: [
        { logical_id: ['loop', 'raw', `${sharedDirectory}/web2/sda`], vdev: 'xvda', mode: 'rw', size: gib },
      ],
    });
    const hostile = withFolder(stopped, everywhere, {
      ...folderOf(record),
      files: [file('sda', { type: 'qcow2', inode: 88, backing: `${folder}/sda` })],
    });
    const made = planned(hostile, { kind: 'start', instance: 'web1' });
    expect(isOpen(made)).toBe(false);
    expect(textOf(made, 'base-claimed')).toContain(
      `disk 0 of web2 (${sharedDirectory}/web2/sda) is recorded as raw, and its header says that it builds on ${folder}/sda`,
    );
    expect(isOpen(planned(hostile, { kind: 'start', instance: 'web2' }))).toBe(true);
  });

  test('before images are deleted for good the node looks who builds on them', () => {
    const purged = planned(stopped, { kind: 'remove', instance: 'web1', purge: true, timeoutSeconds: 0 });
    const order = orderOf(purged);
    expect(order.indexOf('check-no-overlays node1')).toBeGreaterThan(0);
    expect(order.indexOf('check-no-overlays node1')).toBeLessThan(order.indexOf('move-folder node1 !'));
  });

  test('a linked clone needs its base where it is to run', () => {
    const start = (snapshot: Snapshot): Plan => planned(snapshot, { kind: 'start', instance: 'web2' });
    expect(textOf(start(withClone(soundCluster(), base)), 'base-missing')).toBe(
      `sda builds on ${base}, which node1 does not show: without it the disk can't be read.`,
    );
    expect(textOf(start(withBase(withClone(soundCluster(), base))), 'base')).toContain('which node1 shows');
    expect(isOpen(start(withBase(withClone(soundCluster(), base))))).toBe(false);
  });

  test('a base beside the folders is seen; one where nobody looks is no reason against a start', () => {
    const golden = `${sharedDirectory}/golden.qcow2`;
    const start = (snapshot: Snapshot): Plan => planned(snapshot, { kind: 'start', instance: 'web2' });
    const beside = (...files: ReturnType<typeof file>[]): Snapshot =>
      everywhere.reduce(
        (made, node) =>
          withFacts(made, node, (facts) => ({
            storages: facts.storages.map((each) =>
              each.path === sharedDirectory ? { ...each, files } : each,
            ),
          })),
        withClone(soundCluster(), golden),
      );
    expect(textOf(start(beside(file('golden.qcow2', { type: 'qcow2' }))), 'base')).toContain('node1 shows');
    expect(textOf(start(beside()), 'base-missing')).toContain(`sda builds on ${golden}`);
    // what was remembered before files were told, and what lies deeper
    for (const world of [
      withClone(soundCluster(), golden),
      withClone(soundCluster(), `${sharedDirectory}/templates/old/debian.qcow2`),
    ]) {
      expect(textOf(start(world), 'base-unseen')).toContain('whether it is there is not known here');
      expect(isOpen(start(world))).toBe(false);
    }
  });

  test('a copy of a linked clone needs its base where it goes', () => {
    const clone = (snapshot: Snapshot): Plan =>
      planned(snapshot, {
        kind: 'clone',
        instance: 'web2',
        name: 'web3',
        node: 'node1',
        storageDirectory: null,
      });
    expect(textOf(clone(withClone(soundCluster(), base)), 'base-missing')).toContain(
      `sda builds on ${base}, which node1 does not show`,
    );
    expect(textOf(clone(withBase(withClone(soundCluster(), base))), 'base-unproved')).toContain(
      'is not proved',
    );
  });

  describe('the whole chain is looked at, not only its first base', () => {
    const start = (snapshot: Snapshot): Plan => planned(snapshot, { kind: 'start', instance: 'web2' });
    const on = (...files: ReturnType<typeof file>[]): Snapshot =>
      withFolder(withClone(soundCluster(), base), everywhere, templates(files));
    const qcow2 = (name: string, backing: string | null, change: Partial<ReturnType<typeof file>> = {}) =>
      file(name, { type: 'qcow2', virtualSize: gib, backing, ...change });

    test.each([
      [
        'a file of the node',
        '/etc/shadow',
        'base-outside',
        'takes data from /etc/shadow, which does not lie below',
      ],
      [
        'a server',
        'nbd://10.0.0.1/x',
        'base-outside',
        'takes data from "nbd://10.0.0.1/x", which is no file',
      ],
      ['options', 'json:{"file":1}', 'base-outside', 'which is no file below a storage directory'],
      ['nothing that is there', 'none.raw', 'base-missing', 'templates/none.raw, which node1 does not show'],
      ['itself', 'debian.qcow2', 'base-endless', 'the chain has no end'],
      [
        'a list of files',
        'list.vmdk',
        'base-foreign',
        'templates/list.vmdk, which is vmdk: only raw and qcow2',
      ],
    ])('%s', (_, backing, code, sentence) => {
      const snapshot = on(qcow2('debian.qcow2', backing), file('list.vmdk', { type: 'vmdk' }));
      const made = start(snapshot);
      expect(isOpen(made)).toBe(true);
      expect(textOf(made, code)).toContain(`sda builds on ${base}. ${base} `);
      expect(textOf(made, code)).toContain(sentence);
      // a further clone of it, and an orphan that builds on it
      const clone = createIntent({
        driver: 'blktap',
        disks: [{ size: gib, type: 'qcow2', mode: 'rw', base }],
      });
      expect(textOf(planned(snapshot, clone), code)).toContain(sentence);
      const orphan = withFolder(snapshot, everywhere, {
        ...templates([qcow2('sda', base)]),
        path: `${sharedDirectory}/web7`,
        name: 'web7',
      });
      const adopted = planned(
        orphan,
        {
          kind: 'adopt',
          name: 'web7',
          primary: 'node1',
          secondary: null,
          paths: [`${sharedDirectory}/web7`],
          driver: 'blktap',
          guest: { kernel: '/boot/vmlinuz' },
          nics: null,
          start: false,
        },
        accepting('type-by-header'),
      );
      expect(isOpen(adopted)).toBe(true);
      expect(textOf(adopted, code)).toContain(sentence);
    });

    test('three images that are there are each told', () => {
      const made = start(on(qcow2('debian.qcow2', 'golden.raw'), file('golden.raw')));
      expect(isOpen(made)).toBe(false);
      expect(textOf(made, 'base').split('\n')).toHaveLength(2);
      expect(textOf(made, 'base')).toContain(`${base} builds on ${sharedDirectory}/templates/golden.raw`);
      expect(stepOf(made, 'verify-files')?.action).toMatchObject({ within: [sharedDirectory, '/srv/local'] });
    });

    test('one on which nobody can say what it builds is left to the node', () => {
      const made = start(on(file('debian.qcow2', { type: 'qcow2', virtualSize: gib })));
      expect(isOpen(made)).toBe(false);
      expect(textOf(made, 'base-unknown')).toContain('the node looks before anything is opened');
    });

    test('a copy needs all of it where it goes', () => {
      const made = planned(on(qcow2('debian.qcow2', '/etc/shadow')), {
        kind: 'clone',
        instance: 'web2',
        name: 'web3',
        node: 'node1',
        storageDirectory: null,
      });
      expect(textOf(made, 'base-outside')).toContain('takes data from /etc/shadow');
    });
  });

  test('a base outside of the storage directories is refused', () => {
    const made = planned(withClone(soundCluster(), '/etc/shadow'), { kind: 'start', instance: 'web2' });
    expect(isOpen(made)).toBe(true);
    expect(textOf(made, 'base-outside')).toContain('sda takes data from /etc/shadow');
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
