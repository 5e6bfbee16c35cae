import { expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Run } from '../../../core/plan/run.ts';
import { refuseReturnedNodes } from '../../../main/desk/returned-nodes.ts';
import { freshEntry } from '../../../main/engine/entries.ts';
import { planned } from '../../core/plan/support.ts';
import {
  domainOf,
  silent,
  soundCluster,
  uuidOf,
  withDomain,
  withInstance,
} from '../../support/snapshot-builder.ts';

const whole = withInstance(soundCluster(), 'web1', { adminState: 'up' });
const gone = silent(whole, 'node1');
const plan = planned(
  gone,
  { kind: 'failover', instance: 'web1', target: 'node2', timeoutSeconds: 60 },
  { accept: [], vouched: [{ node: 'node1', how: 'its plug is out' }] },
);
const commit = plan.steps.findIndex((each) => each.commit);

/** The failover, cut off when this many steps were done. */
const cutOffAfter = (done: number): Run => ({
  version: 1,
  id: plan.run,
  cluster: plan.cluster,
  title: plan.title,
  who: 'alice@desk',
  startedAt: 0,
  endedAt: null,
  plan,
  steps: plan.steps.map((each, at) => ({
    ...freshEntry(each.id, each.title, each.nodes),
    state: at < done ? ('done' as const) : ('waiting' as const),
  })),
  undo: [],
  direction: 'forward',
  state: 'cut-off',
  cancelRequested: false,
  problem: '',
  holds: [],
});
const said = (run: Run, snapshot: Snapshot): Promise<string> =>
  refuseReturnedNodes(run, () => Promise.resolve(snapshot)).then(
    () => 'goes on',
    (error: unknown) => String(error),
  );

test('while the node is silent the run goes on', async () => {
  expect(plan.steps.length).toBeGreaterThan(commit);
  expect(commit).toBeGreaterThan(0);
  expect(await said(cutOffAfter(2), gone)).toBe('goes on');
  expect(await said(cutOffAfter(commit + 1), gone)).toBe('goes on');
});

test('before the point of no return it may not go on once the node answers, whatever the node shows', async () => {
  expect(await said(cutOffAfter(2), whole)).toMatch(/node1 answers again, .*Undo this run/);
});

test('behind it, it may not while the node runs the instance', async () => {
  expect(await said(cutOffAfter(commit + 1), whole)).toBe('goes on');
  const twice = withDomain(whole, 'node1', domainOf('other', { uuid: uuidOf('web1') }));
  expect(await said(cutOffAfter(commit + 1), twice)).toMatch(/node1 answers again and has a domain of web1/);
});

test('a run on nobody’s word asks nobody', async () => {
  const free = { ...cutOffAfter(2), plan: { ...plan, approval: { accept: [], vouched: [] } } };
  expect(await said(free, whole)).toBe('goes on');
});
