/** What is judged fast is what the plan judges: no second opinion. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deriveInstance, deriveInstances } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { withoutNodes } from '../../../core/cluster/without.ts';
import { makeJudge, memoryOf } from '../../../core/failover/judge.ts';
import { nodesOf, readinessRow } from '../../../core/failover/matrix.ts';
import { readinessOf, sceneOf } from '../../../core/failover/readiness.ts';
import { vouchCode } from '../../../core/plan/plan.ts';
import { arbitrarySnapshot } from '../../support/arbitrary-snapshot.ts';
import { crowdedSnapshot } from '../../support/crowded-snapshot.ts';

const anySnapshot = fc.oneof(arbitrarySnapshot, crowdedSnapshot);

/** As if every node were looked at anew, some of them silent. */
const plainlyWithout = (snapshot: Snapshot, lost: readonly string[]): Snapshot =>
  structuredClone({
    ...snapshot,
    nodes: snapshot.nodes.map((each) =>
      lost.includes(each.name) && each.trouble === null
        ? { ...each, trouble: { kind: 'unreachable' as const, message: 'it is taken as lost' } }
        : each,
    ),
  });

describe('a matrix row', () => {
  test('says of every pair what readinessOf says', () => {
    let ready = 0;
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        for (const view of deriveInstances(snapshot)) {
          const row = readinessRow(view, snapshot);
          for (const [index, node] of nodesOf(snapshot).entries()) {
            if (node === view.primary) expect(row[index]).toBeNull();
            else expect(row[index]).toBe(readinessOf(view, node, snapshot).verdict);
            if (row[index] === 'ready') ready += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(ready).toBeGreaterThan(50);
  });
});

describe('a snapshot without some nodes', () => {
  test('shows the instances as if those nodes had been silent', () => {
    fc.assert(
      fc.property(anySnapshot, fc.subarray(['node1', 'node2', 'node3', 'node4']), (snapshot, lost) => {
        const without = withoutNodes(snapshot, lost);
        const plain = deriveInstances(plainlyWithout(snapshot, lost));
        expect(deriveInstances(without)).toEqual(plain);
        for (const view of plain) expect(deriveInstance(without, view.uuid)).toEqual(view);
      }),
      { numRuns: 300 },
    );
  });

  test('is judged as the plan would be made, but that nobody vouches for what is taken as lost', () => {
    let fine = 0;
    fc.assert(
      fc.property(anySnapshot, fc.constantFrom('node1', 'node2', 'node3'), (snapshot, lost) => {
        const judge = makeJudge(sceneOf(withoutNodes(snapshot, [lost])), [lost]);
        const plain = plainlyWithout(snapshot, [lost]);
        for (const view of deriveInstances(plain)) {
          const same = deriveInstance(judge.scene.snapshot, view.uuid);
          if (view.primary !== lost || !same) continue;
          for (const node of nodesOf(snapshot)) {
            if (node === lost) continue;
            const { reasons } = readinessOf(view, node, plain);
            const open = reasons.filter((each) => each.code !== vouchCode(lost));
            const expected = open.some((each) => each.severity === 'blocks')
              ? 'blocks'
              : open.some((each) => each.severity === 'consent')
                ? 'consent'
                : 'fine';
            const { severity } = judge.on(same, node);
            const fits = judge.need(same) === 0 || judge.need(same) <= memoryOf(judge.scene, node);
            expect(fits ? severity : 'blocks').toBe(expected);
            if (expected === 'fine') fine += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(fine).toBeGreaterThan(50);
  });
});
