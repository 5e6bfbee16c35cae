/** The directory of templates: one setting of the cluster, told to every node, and what is found through it. */
import { describe, expect, test } from 'vitest';
import { imagesOf } from '../../../core/cluster/images.ts';
import { operatingSystemsOf, templatesOn } from '../../../core/cluster/operating-systems.ts';
import type { Membership } from '../../../core/cluster/schema.ts';
import type { NodeFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Action } from '../../../core/plan/action.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  clusterUuid,
  gib,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { everywhere, file, folder, stopped, templates } from './disk-world.ts';
import { createIntent, isOpen, planned, reasonsBy, textOf } from './support.ts';

const golden = '/srv/golden';
const modify = (snapshot: Snapshot, templateDirectory: string | null = golden) =>
  planned(snapshot, { kind: 'cluster-modify', templateDirectory });
const written = (actions: readonly Action[]): Membership[] =>
  actions.flatMap((each) => (each.do === 'write-membership' ? [each.membership] : []));
const withMembership = (snapshot: Snapshot, node: string, change: Partial<Membership> = {}): Snapshot =>
  withFacts(snapshot, node, () => ({
    membership: {
      version: 1,
      cluster: snapshot.cluster.name,
      uuid: clusterUuid,
      generation: 3,
      nodes: [{ name: 'node1', host: 'n1' }],
      storageDirectories: [sharedDirectory],
      ...change,
    },
  }));
const known = withMembership(
  withMembership(withMembership(soundCluster(), 'node1'), 'node2', { generation: 5 }),
  'node3',
);
const setTo = (snapshot: Snapshot, templateDirectory: string, files: NodeFacts['templates']): Snapshot =>
  withFacts({ ...snapshot, cluster: { ...snapshot.cluster, templateDirectory } }, 'node1', () => ({
    templates: files,
  }));

describe('the template directory', () => {
  test('is written to every node as the newest, and what was before is the way back', () => {
    const made = modify(known);
    expect(isOpen(made)).toBe(false);
    expect(made.steps.map((each) => [each.action.do, ...each.nodes])).toEqual(
      ['node1', 'node2', 'node3'].map((node) => ['write-membership', node]),
    );
    for (const each of written(made.steps.map((step) => step.action)))
      expect(each).toMatchObject({
        generation: 6,
        uuid: clusterUuid,
        templateDirectory: golden,
        nodes: [{ name: 'node1', host: 'n1' }],
        storageDirectories: [sharedDirectory],
      });
    const back = written(made.steps.flatMap((step) => step.undo.map((undo) => undo.action)));
    expect(back.map((each) => [each.generation, each.templateDirectory])).toEqual(
      back.map(() => [7, undefined]),
    );
  });

  test('goes back to the storage directories', () => {
    const there = setTo(
      withMembership(known, 'node1', { templateDirectory: golden, generation: 9 }),
      golden,
      undefined,
    );
    const [first] = written(modify(there, null).steps.map((step) => step.action));
    expect(first).toMatchObject({ generation: 10 });
    expect(first).not.toHaveProperty('templateDirectory');
    expect(textOf(modify(there), 'no-change')).toContain(`in ${golden} already`);
  });

  test('stays when a node is added to the cluster', () => {
    const there = withMembership(known, 'node2', { templateDirectory: golden, generation: 9 });
    const made = planned(there, {
      kind: 'cluster-init',
      name: there.cluster.name,
      nodes: there.cluster.nodes,
      storageDirectories: there.cluster.storageDirectories,
      hostKeys: 'strict',
    });
    for (const each of written(made.steps.map((step) => step.action)))
      expect(each.templateDirectory).toBe(golden);
  });

  test.each([
    ['of the system', '/etc/golden', 'template-path', /\/etc/],
    ['no path', 'golden', 'template-path', /not absolute/],
    [
      'a folder of VBDesk itself',
      `${sharedDirectory}/.trash/old`,
      'template-path',
      /a folder of VBDesk itself/,
    ],
    ['with a slash at its end', `${golden}/`, 'template-path', /Write it as \/srv\/golden/],
    ['the folder of an instance', folder, 'template-owned', /is the folder of an instance, web1/],
  ])('%s is refused', (_, directory, code, sentence) => {
    const made = modify(stopped, directory);
    expect(made.steps).toEqual([]);
    expect(textOf(made, code)).toMatch(sentence);
  });

  test('tells of silent nodes, and of a folder that is not there yet', () => {
    expect(textOf(modify(silent(known, 'node3')), 'silent')).toContain('node3');
    const place = `${sharedDirectory}/templates`;
    expect(textOf(modify(known, place), 'template-missing')).toContain('node1, node2 and node3 do not show');
    expect(textOf(modify(withFolder(known, everywhere, templates([])), place), 'template-missing')).toBe('');
    let none = known;
    for (const node of everywhere) none = silent(none, node);
    expect(textOf(modify(none), 'no-node')).toContain('No node answers');
  });
});

describe('templates in it', () => {
  const there = setTo(soundCluster(), golden, {
    path: golden,
    id: null,
    state: 'ok',
    files: [file('debian.raw', { size: 2 * gib }), file('old.vmdk', { type: 'vmdk' })],
  });
  test('are found from every storage directory, once', () => {
    const [node] = there.nodes;
    for (const directory of there.cluster.storageDirectories)
      expect(templatesOn(node, directory).map((each) => each.path)).toEqual([`${golden}/debian.raw`]);
    expect(operatingSystemsOf(there).templates.map((each) => [each.path, each.nodes])).toEqual([
      [`${golden}/debian.raw`, ['node1']],
    ]);
    const gone = setTo(there, golden, { path: golden, id: null, state: 'missing', files: [] });
    expect(templatesOn(gone.nodes[0], sharedDirectory)).toEqual([]);
  });

  test('are copied from there, also where that is no storage directory', () => {
    const create = (snapshot: Snapshot, os: string) =>
      planned(snapshot, createIntent({ os, disks: [{ size: 0, type: 'raw', mode: 'rw' }] }));
    const made = create(there, 'template:debian.raw');
    expect(isOpen(made)).toBe(false);
    expect(made.steps.map((each) => each.action)).toContainEqual(
      expect.objectContaining({
        do: 'copy-template',
        from: `${golden}/debian.raw`,
        size: 2 * gib,
        within: [...there.cluster.storageDirectories, golden],
      }),
    );
    expect(textOf(create(there, 'template:none'), 'no-template')).toContain(`no template none in ${golden}`);
    const open = withFacts(there, 'node1', () => ({
      open: [{ device: file('debian.raw').device, inode: file('debian.raw').inode, by: 'loop3' }],
    }));
    expect(textOf(create(open, 'template:debian.raw'), 'template-open')).toContain('loop3');
  });

  const create = (snapshot: Snapshot) =>
    planned(
      snapshot,
      createIntent({ os: 'template:debian.raw', disks: [{ size: 0, type: 'raw', mode: 'rw' }] }),
    );
  const looksOf = (made: Plan): string[] =>
    made.steps.flatMap((each) => (each.action.do === 'check-unwritten' ? each.nodes : [])).toSorted();
  const goldenOn = (snapshot: Snapshot, node: string, id: string | null): Snapshot =>
    withFacts(snapshot, node, () => ({
      templates: {
        path: golden,
        id,
        state: 'ok',
        files: [file('debian.raw', { size: 2 * gib, device: 4711 })],
      },
    }));
  const loopOn2 = (snapshot: Snapshot): Snapshot =>
    withFacts(snapshot, 'node2', () => ({
      open: [{ device: 4711, inode: file('debian.raw').inode, by: 'loop3' }],
    }));

  test('are asked for on every node that has such a directory, which may be the same one', () => {
    expect(looksOf(create(there))).toEqual(['node1']);
    const unknown = goldenOn(there, 'node2', null);
    expect(looksOf(create(unknown))).toEqual(['node1', 'node2']);
    const same = goldenOn(goldenOn(there, 'node1', 'golden'), 'node2', 'golden');
    expect(looksOf(create(same))).toEqual(['node1', 'node2']);
    expect(textOf(create(loopOn2(same)), 'template-open')).toContain(
      `loop3 on node2 has ${golden}/debian.raw`,
    );
    const other = goldenOn(goldenOn(there, 'node1', 'golden'), 'node2', 'another');
    expect(looksOf(create(loopOn2(other)))).toEqual(['node1']);
    expect(isOpen(create(loopOn2(other)))).toBe(false);
    expect(reasonsBy(create(silent(unknown, 'node2')), 'consent')).toEqual(['vouch-down:node2']);
  });
});

describe('a folder of templates', () => {
  const place = `${sharedDirectory}/templates`;
  const debian = file('debian.raw', { size: 2 * gib });
  const setOn = (snapshot: Snapshot): Snapshot =>
    everywhere.reduce<Snapshot>(
      (made, node) =>
        withFacts(made, node, () => ({
          templates: { path: place, id: 'shared-storage', state: 'ok', files: [debian] },
        })),
      {
        ...withFolder(snapshot, everywhere, templates([debian])),
        cluster: { ...snapshot.cluster, templateDirectory: place },
      },
    );

  test('becomes no instance, and stays out of the trash', () => {
    const there = setOn(soundCluster());
    expect(
      textOf(
        planned(there, {
          ...{ kind: 'adopt', name: 'old', primary: 'node1', secondary: null, driver: null, nics: null },
          ...{ paths: [place], guest: { kernel: '/boot/vmlinuz' }, start: false },
        }),
        'templates',
      ),
    ).toContain('is where the cluster looks for templates');
    expect(
      textOf(planned(there, { kind: 'remove-image', node: 'node1', path: place }), 'templates'),
    ).toContain('is where the cluster looks for templates, so it stays');
    expect(
      textOf(
        planned(there, { kind: 'remove-image', node: 'node1', path: `${place}/debian.raw` }),
        'templates',
      ),
    ).toBe('');
    expect(imagesOf(there).find((each) => each.path === `${place}/debian.raw`)?.remark).toContain(
      'A template',
    );
  });

  test('whose image is the disk of an instance is refused', () => {
    const record = recordOf('web1', {
      disks: [
        { logical_id: ['loop', 'raw', `${place}/debian.raw`], vdev: 'xvda', mode: 'rw', size: 2 * gib },
      ],
    });
    const there = setOn(withInstance(soundCluster(), 'web1', { disks: record.disks }));
    const made = planned(
      there,
      createIntent({ os: 'template:debian.raw', disks: [{ size: 0, type: 'raw', mode: 'rw' }] }),
    );
    expect(textOf(made, 'template-disk')).toContain(`${place}/debian.raw is disk 0 of web1`);
    expect(made.steps).toEqual([]);
  });
});
