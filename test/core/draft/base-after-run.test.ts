import { describe, expect, it } from 'vitest';
import { findInstances } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { afterPlan } from '../../../core/draft/after.ts';
import { baseOf } from '../../../core/draft/base.ts';
import { baseAfterRun } from '../../../core/draft/base-after-run.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons, type Plan } from '../../../core/plan/plan.ts';
import { changeFolder, soundCluster, testContext, withInstance } from '../../support/snapshot-builder.ts';

const planned = (snapshot: Snapshot, intent: Intent): Plan => {
  const plan = makePlan(snapshot, intent, { accept: [], vouched: [] }, testContext());
  expect(openReasons(plan)).toEqual([]);
  return plan;
};

describe('what a draft knows after one of its runs', () => {
  const before = withInstance(withInstance(soundCluster(), 'web1', { adminState: 'down' }), 'db1');
  const base = baseOf(before, ['web1', 'db1']);
  const plan = planned(before, { kind: 'start', instance: 'web1' });
  const after = afterPlan(before, plan);

  it('is what the run itself wrote, of that instance alone', () => {
    const now = baseAfterRun(base, plan, before, after);
    expect(now?.instances).toEqual({
      ...base?.instances,
      ...baseOf(after, ['web1'])?.instances,
    });
    expect(now?.instances.web1).not.toEqual(base?.instances.web1);
  });

  it('is what it was where somebody else wrote after it', () => {
    const [view] = findInstances(after, 'web1');
    const foreign = changeFolder(after, view?.folder ?? '', (folder) => ({
      record: folder.record?.ok
        ? { ok: true, record: { ...folder.record.record, id: 'e2b0c1de-0000-4000-8000-000000000001' } }
        : folder.record,
    }));
    expect(baseAfterRun(base, plan, before, foreign)).toEqual(base);
  });

  it('is what it was where somebody edited xen.cfg meanwhile', () => {
    const [view] = findInstances(after, 'web1');
    const edited = changeFolder(after, view?.folder ?? '', ({ config }) => ({ config: `${config}\n# mine` }));
    expect(baseAfterRun(base, plan, before, edited)).toEqual(base);
  });
});
