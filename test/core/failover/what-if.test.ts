import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveInstances } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { clusterScore, survivals } from '../../../core/failover/survival.ts';
import { headline, whatIf } from '../../../core/failover/what-if.ts';
import { judgeIn, worldsOf } from '../../../core/failover/world.ts';
import { arbitrarySnapshot } from '../../support/arbitrary-snapshot.ts';
import { crowdedSnapshot } from '../../support/crowded-snapshot.ts';
import {
  changeFolder,
  silent,
  soundCluster,
  uuidOf,
  withFacts,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';

const nodes = ['node1', 'node2', 'node3', 'node4', 'node5'];
const anySnapshot = fc.oneof(
  { arbitrary: arbitrarySnapshot, weight: 1 },
  { arbitrary: crowdedSnapshot, weight: 2 },
);
const question = fc.tuple(anySnapshot, fc.subarray(nodes));

const running = (
  snapshot: Snapshot,
  name: string,
  node: string,
  memoryMib: number,
  secondary: string | null,
) =>
  withInstance(
    snapshot,
    name,
    {
      primary: node,
      secondary,
      guest: { type: 'pv', memoryMib, vcpus: 1, kernel: '/boot/vmlinuz' },
    },
    node,
  );

describe('what if', () => {
  test('the secondary takes it, then whoever has most free memory', () => {
    let snapshot = soundCluster();
    snapshot = running(snapshot, 'web1', 'node1', 1024, 'node2');
    snapshot = running(snapshot, 'web2', 'node1', 2048, null);
    snapshot = withFacts(snapshot, 'node3', () => ({ freeMemoryMib: 8192 }));
    const made = whatIf(snapshot, ['node1']);
    expect(made.fates.map(({ name, to, verdict }) => ({ name, to, verdict }))).toEqual([
      { name: 'web1', to: 'node2', verdict: 'ready' },
      { name: 'web2', to: 'node3', verdict: 'ready' },
    ]);
    expect(
      made.nodes.map(({ name, counted, freeBefore, freeAfter }) => ({
        name,
        counted,
        freeBefore,
        freeAfter,
      })),
    ).toEqual([
      { name: 'node1', counted: false, freeBefore: 4096, freeAfter: 4096 },
      { name: 'node2', counted: true, freeBefore: 4096, freeAfter: 3072 },
      { name: 'node3', counted: true, freeBefore: 8192, freeAfter: 6144 },
    ]);
    expect(headline(made)).toBe('All 2 instances go on elsewhere');
  });

  test('what fits nowhere stays down, with what is short on each node', () => {
    let snapshot = running(soundCluster(), 'db1', 'node1', 6144, 'node2');
    snapshot = withFacts(snapshot, 'node3', () => ({ freeMemoryMib: 5120 }));
    const [fate] = whatIf(snapshot, ['node1']).fates;
    expect(fate).toMatchObject({ name: 'db1', to: null, verdict: 'not', memoryMib: 6144 });
    expect(fate?.down).toEqual({
      text: '6.0 GiB fits nowhere: 1.0 GiB short on node3 and 2.0 GiB short on node2',
      short: [
        { node: 'node3', mib: 1024 },
        { node: 'node2', mib: 2048 },
      ],
      refused: [],
    });
  });

  test('files on one node only, and a bridge that is missing elsewhere, keep an instance down and say so', () => {
    let snapshot = withLocalInstance(soundCluster(), 'build1', 'node1', { adminState: 'up' });
    snapshot = running(snapshot, 'mail1', 'node1', 512, 'node2');
    for (const node of ['node2', 'node3'])
      snapshot = withFacts(snapshot, node, () => ({ bridges: ['br-lan'] }));
    const [build, mail] = whatIf(snapshot, ['node1']).fates;
    expect(build?.down?.text).toMatch(/has no replica of build1 and does not see its files/);
    expect(mail?.down?.text).toMatch(/^node2 has no bridge xenbr0; node3 has no bridge xenbr0$/);
  });

  test('a node that does not answer takes nothing, and its own instances are asked about as those of any other', () => {
    let snapshot = running(soundCluster(), 'web1', 'node1', 1024, 'node2');
    snapshot = running(snapshot, 'web2', 'node2', 1024, 'node1');
    snapshot = silent(snapshot, 'node2');
    expect(whatIf(snapshot, ['node1']).fates).toMatchObject([{ name: 'web1', to: 'node3' }]);
    expect(whatIf(snapshot, ['node2']).fates).toMatchObject([
      { name: 'web2', to: 'node1', verdict: 'ready' },
    ]);
  });

  test('what is lost with one node is a matter of the rest: who is no longer safe, and who lost a secondary', () => {
    let snapshot = soundCluster();
    snapshot = running(snapshot, 'web1', 'node1', 3072, 'node2');
    snapshot = running(snapshot, 'web2', 'node2', 2048, 'node1');
    snapshot = running(snapshot, 'web3', 'node3', 2048, 'node1');
    expect(clusterScore(snapshot).text).toBe('3 of 3 instances survive the loss of any one node');
    const made = whatIf(snapshot, ['node1']);
    expect(made.fates).toMatchObject([{ name: 'web1', to: 'node2' }]);
    // node2 has 1 GiB left for web3; node3 has 4 GiB for web1 (3 GiB) and web2 (2 GiB), which is one too many
    expect(made.noLongerSafe).toEqual([
      { uuid: uuidOf('web2'), name: 'web2', node: 'node2', arrived: false },
      { uuid: uuidOf('web3'), name: 'web3', node: 'node3', arrived: false },
    ]);
    expect(made.loseSecondary.map((each) => each.name)).toEqual(['web2', 'web3']);
    expect(made.safe).toEqual({ before: 3, after: 1, total: 3 });
  });

  test('a consent that would be asked for is said, and not the word on what is taken as lost', () => {
    let snapshot = running(soundCluster(), 'web1', 'node1', 512, 'node2');
    for (const node of ['node2', 'node3']) snapshot = withFacts(snapshot, node, () => ({ xen: '4.14.1' }));
    const [fate] = whatIf(snapshot, ['node1']).fates;
    expect(fate).toMatchObject({ verdict: 'consent', to: 'node2' });
    expect(fate?.reasons.map((each) => each.code)).toEqual(['older-xen']);
  });

  test('a lock that is held is said', () => {
    const snapshot = changeFolder(
      running(soundCluster(), 'web1', 'node1', 512, 'node2'),
      '/srv/ganeti/file-storage/web1',
      () => ({
        lock: {
          ok: true,
          lock: { run: 'r', user: 'jana', workstation: 'adm2', title: 'grow', nodes: [], place: '', at: '' },
        },
      }),
    );
    expect(whatIf(snapshot, ['node1']).fates[0]?.down?.text).toMatch(/^jana@adm2 has held the lock/);
  });
});

describe('for any cluster', () => {
  test('no node gets more memory than it has', () => {
    fc.assert(
      fc.property(question, ([snapshot, lost]) => {
        const made = whatIf(snapshot, lost);
        for (const node of made.nodes) {
          const taken = made.fates
            .filter((each) => each.to === node.name)
            .reduce((sum, each) => sum + each.memoryMib, 0);
          expect(node.freeBefore - node.freeAfter).toBe(taken);
          expect(taken).toBeLessThanOrEqual(node.freeBefore);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('no instance goes to a lost or silent node, nor to one without its files, bridges and kernel', () => {
    let placed = 0;
    fc.assert(
      fc.property(question, ([snapshot, lost]) => {
        for (const { uuid, name, from, to, way, memoryMib } of whatIf(snapshot, lost).fates) {
          if (to === null) continue;
          placed += 1;
          expect(lost).toContain(from);
          expect(lost).not.toContain(to);
          const node = snapshot.nodes.find((each) => each.name === to);
          expect(node?.trouble).toBeNull();
          const folders = node?.facts?.folders ?? [];
          const folder = folders.find((each) =>
            way === 'same'
              ? each.record?.ok && each.record.record.uuid === uuid
              : each.replicaRecord?.ok && each.replicaRecord.replica.record.uuid === uuid,
          );
          expect(
            folder?.files.map((each) => each.name),
            `${name} on ${to}`,
          ).toEqual(expect.arrayContaining(['sda', 'sdb']));
          const record = folder?.record?.ok ? folder.record.record : null;
          if (memoryMib === 0 || record === null) continue;
          expect(node?.facts?.bridges).toEqual(
            expect.arrayContaining(record.nics.map((each) => each.bridge)),
          );
          expect(node?.facts?.bootFiles.some((each) => !each.exists)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
    expect(placed).toBeGreaterThan(50);
  });

  test('one snapshot has one answer, whichever order the nodes are named in', () => {
    fc.assert(
      fc.property(question, ([snapshot, lost]) => {
        const again = whatIf(structuredClone(snapshot), lost.toReversed());
        expect(again).toEqual(whatIf(snapshot, lost));
      }),
      { numRuns: 300 },
    );
  });

  test('losing no node changes nothing', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const made = whatIf(snapshot, []);
        expect(made).toMatchObject({ lost: [], fates: [], loseSecondary: [], noLongerSafe: [] });
        expect(made.safe.after).toBe(made.safe.before);
        expect(made.safe.before).toBe(clusterScore(snapshot).survive);
        for (const node of made.nodes) {
          expect(node).toMatchObject({ freeAfter: node.freeBefore, arrives: [], lost: false });
          for (const each of node.storages) expect(each.promisedAfter).toBe(each.promisedBefore);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a loss makes no instance safe that is not safe now, and every instance is counted once', () => {
    fc.assert(
      fc.property(question, ([snapshot, lost]) => {
        const now = survivals(snapshot);
        const made = whatIf(snapshot, lost);
        expect(made.safe.after).toBeLessThanOrEqual(made.safe.before);
        for (const { uuid } of made.noLongerSafe) expect(now.get(uuid)?.verdict).not.toBe('not');
        const down = made.fates.filter((each) => each.to === null && now.get(each.uuid)?.verdict !== 'not');
        expect(made.safe.after + made.noLongerSafe.length + down.length).toBe(made.safe.before);
      }),
      { numRuns: 500 },
    );
  });

  test('a bigger loss opens no further node to any instance, and what could go nowhere still can not', () => {
    fc.assert(
      fc.property(question, fc.subarray(nodes), ([snapshot, lost], more) => {
        const bigger = nodes.filter((each) => lost.includes(each) || more.includes(each));
        const worlds = worldsOf(snapshot);
        const open = (uuid: string, from: string, all: string[]): string[] =>
          nodes.filter((node) => {
            const chain = [worlds.without([from]), ...(all.length > 1 ? [worlds.without(all)] : [])];
            return !all.includes(node) && judgeIn(chain, uuid, node).severity !== 'blocks';
          });
        const after = new Map(whatIf(snapshot, bigger).fates.map((each) => [each.uuid, each]));
        for (const fate of whatIf(snapshot, lost).fates) {
          const before = open(fate.uuid, fate.from, lost);
          expect(before).toEqual(expect.arrayContaining(open(fate.uuid, fate.from, bigger)));
          if (before.length === 0) expect(after.get(fate.uuid)?.to ?? null).toBeNull();
        }
      }),
      { numRuns: 500 },
    );
  });

  test('the score is that of each node lost on its own', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const score = clusterScore(snapshot);
        expect(score.total).toBe(deriveInstances(snapshot).length);
        for (const each of score.instances) {
          const fate =
            each.node === null
              ? undefined
              : whatIf(snapshot, [each.node]).fates.find(({ uuid }) => uuid === each.uuid);
          // a primary that is no node of the cluster can't be named as lost
          if (fate)
            expect({ to: fate.to, verdict: fate.verdict }).toEqual({ to: each.to, verdict: each.verdict });
        }
      }),
      { numRuns: 300 },
    );
  });
});
