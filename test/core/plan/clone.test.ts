import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  domainOf,
  localDirectory,
  recordOf,
  sharedDirectory,
  soundCluster,
  uuidOf,
  withDomain,
  withFacts,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { carryOut, startable, wholeImages, worldOf } from './copy-world.ts';
import { isOpen, orderOf, planned, reasonsBy, textOf, undoOrderOf } from './support.ts';

const shared = withInstance(soundCluster(), 'web1');
const local = withLocalInstance(soundCluster(), 'web1', 'node1');
const clone = (snapshot: Snapshot, change: Partial<Extract<Intent, { kind: 'clone' }>> = {}): Plan =>
  planned(snapshot, {
    kind: 'clone',
    instance: 'web1',
    name: 'web2',
    node: null,
    storageDirectory: null,
    ...change,
  });

describe('a clone', () => {
  const made = clone(shared);
  test('locks the source, makes the folder, copies, writes the record last', () => {
    expect(isOpen(made)).toBe(false);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'verify-files node1',
      'make-folder node1',
      'copy-image node1',
      'accept-copy node1',
      'copy-image node1',
      'accept-copy node1',
      'write-file node1',
      'check-config node1',
      'verify-unchanged node1',
      'write-record node1',
      'unlock node1',
      'unlock node1 !',
    ]);
    expect(undoOrderOf(made)).toEqual([
      'remove-file node1',
      'remove-file node1',
      'remove-file node1',
      'drop-partial node1',
      'remove-file node1',
      'drop-partial node1',
      'drop-folder node1',
      'unlock node1',
    ]);
  });

  test('has an identity of its own, in the record and in xen.cfg', () => {
    const record = made.steps.flatMap((each) =>
      each.action.do === 'write-record' ? [each.action.record] : [],
    )[0];
    const source = recordOf('web1');
    expect(record).toMatchObject({
      name: 'web2',
      primary: 'node1',
      generation: 1,
      ancestors: [],
      adminState: 'down',
      place: { storage: 'shared-storage', path: `${sharedDirectory}/web2`, inode: 0 },
    });
    expect(record?.uuid).not.toBe(source.uuid);
    expect(record?.nics[0]?.mac).not.toBe(source.nics[0]?.mac);
    expect(record?.disks.map((each) => each.logical_id[2])).toEqual([
      `${sharedDirectory}/web2/sda`,
      `${sharedDirectory}/web2/sdb`,
    ]);
    const config = made.files[0]?.after ?? '';
    for (const own of ['web2', record?.uuid, record?.nics[0]?.mac]) expect(config).toContain(own);
    for (const foreign of ['web1', source.uuid, source.nics[0]?.mac]) expect(config).not.toContain(foreign);
  });

  test('a node that sees the source reads it itself', () => {
    const there = clone(shared, { node: 'node2' });
    expect(there.steps.find((each) => each.action.do === 'copy-image')?.action).toMatchObject({
      from: { node: 'node2' },
      to: { node: 'node2' },
    });
    const far = clone(local, { node: 'node2' });
    expect(far.steps.find((each) => each.action.do === 'copy-image')?.action).toMatchObject({
      from: { node: 'node1', path: `${localDirectory}/web1/sda` },
      to: { node: 'node2', path: `${localDirectory}/web2/sda` },
    });
  });
});

describe('what blocks', () => {
  const rows: [string, Snapshot, Partial<Extract<Intent, { kind: 'clone' }>>, string, RegExp][] = [
    ['a running guest', withInstance(soundCluster(), 'web1', {}, 'node1'), {}, 'running', /stop web1 first/],
    ['a guest that runs elsewhere', withDomain(shared, 'node2', domainOf('web1')), {}, 'running', /node2/],
    ['its own name', shared, { name: 'web1' }, 'name-in-use', /exists already/],
    ['a name that is none', shared, { name: '../x' }, 'name', /\.\.\/x/],
    ['an unknown node', shared, { node: 'node9' }, 'no-node', /node9/],
    [
      'a directory that is not allowed',
      shared,
      { storageDirectory: '/srv/other' },
      'storage-path',
      /allowed are/,
    ],
    [
      'an image of another size',
      withFacts(local, 'node1', (facts) => ({
        folders: facts.folders.map((each) => ({
          ...each,
          files: each.files.map((file) => ({ ...file, size: 512 })),
        })),
      })),
      {},
      'image',
      /512 bytes/,
    ],
    ['nothing of that name', shared, { instance: 'web7' }, 'no-instance', /web7/],
  ];
  test.each(rows)('%s', (_title, snapshot, change, code, text) => {
    const made = clone(snapshot, change);
    expect(textOf(made, code)).toMatch(text);
    expect(reasonsBy(made, 'blocks')).toContain(code);
  });
});

test('whatever the step at which it ends: the source is as it was, and the clone is whole or gone', () => {
  fc.assert(
    fc.property(fc.constantFrom(null, 'node1', 'node2'), fc.nat(), (node, at) => {
      const made = clone(local, { node });
      const count = at % (made.steps.length + 1);
      const world = carryOut(local, made, count, (now) => {
        expect(startable(now, uuidOf('web1'))).toEqual([`node1 ${localDirectory}/web1`]);
        expect(wholeImages(now, `node1 ${localDirectory}/web1`)).toEqual(['sda', 'sdb']);
      });
      if (count < made.steps.length) {
        expect(world).toEqual(worldOf(local));
        return;
      }
      expect(wholeImages(world, `${node ?? 'node1'} ${localDirectory}/web2`)).toEqual(['sda', 'sdb']);
      expect([...world.folders.values()].every((each) => each.lock === null)).toBe(true);
    }),
    { numRuns: 100 },
  );
});
