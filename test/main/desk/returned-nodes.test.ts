import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { restsOnWord, returnedNodesOf } from '../../../core/plan/returned-nodes.ts';
import { type Run, summaryOf } from '../../../core/plan/run.ts';
import { findingsOf } from '../../../main/cli/verify.ts';
import { refuseReturnedNodes } from '../../../main/desk/returned-nodes.ts';
import { isOpen, planned, reasonsBy, runOf, textOf } from '../../core/plan/support.ts';
import {
  changeFolder,
  domainOf,
  silent,
  soundCluster,
  testContext,
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
const cutOffAfter = (done: number): Run => runOf(plan, done);
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
  const stands = await said(cutOffAfter(commit + 1), twice);
  expect(stands).toMatch(/node1 answers again and has a domain of web1/);
  // the run's own lock keeps every plan for the instance from being carried out: it is ended by hand
  expect(stands).toContain(
    `On node1, see that domain 7 still has the uuid ${uuidOf('web1')} (xl list -v), then end it: xl shutdown 7; where that does not, xl destroy 7. Then resume the run: vbdesk run resume ${plan.run}`,
  );
  const nameless = withDomain(whole, 'node1', domainOf('(null)', { domid: 9, uuid: null }));
  expect(await said(cutOffAfter(commit + 1), nameless)).toMatch(
    /domain 9 shows no uuid.*xl destroy 9.*run resume/,
  );
});

test('a run on nobody’s word asks nobody', async () => {
  const free = { ...cutOffAfter(2), plan: { ...plan, approval: { accept: [], vouched: [] } } };
  expect(await said(free, whole)).toBe('goes on');
});

test('a word on a node for which nothing asks is not rested on', async () => {
  const needless = planned(
    whole,
    { kind: 'failover', instance: 'web1', target: 'node2', timeoutSeconds: 60 },
    { accept: [], vouched: [{ node: 'node3', how: 'somebody said so' }] },
  );
  expect(isOpen(needless)).toBe(false);
  expect(needless.approval.vouched).toEqual([]);
  expect(needless.steps.some((each) => restsOnWord(runOf(needless, 0), each))).toBe(false);
  expect(await said(runOf(needless, 2), whole)).toBe('goes on');
  const both = planned(
    gone,
    { kind: 'failover', instance: 'web1', target: 'node2', timeoutSeconds: 60 },
    { accept: [], vouched: ['node1', 'node3'].map((node) => ({ node, how: 'its plug is out' })) },
  );
  expect(isOpen(both)).toBe(false);
  expect(both.approval.vouched.map((each) => each.node)).toEqual(['node1']);
});

test('behind the point of no return it may not once another run wrote the record', async () => {
  const last = plan.steps
    .flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []))
    .at(-1);
  if (!last) throw new Error('no record');
  const later = (ancestors: string[], uuid = last.uuid): Snapshot =>
    changeFolder(gone, last.place.path, () => ({
      record: {
        ok: true,
        record: { ...last, uuid, id: 'later', ancestors, written: { ...last.written, run: 'r2' } },
      },
    }));
  expect(await said(cutOffAfter(commit + 1), later([last.id]))).toMatch(/wrote after this run's \(run r2/);
  expect(await said(cutOffAfter(commit + 1), later(['another']))).toBe('goes on');
  // an instance of its own that was made of a copy
  expect(await said(cutOffAfter(commit + 1), later([last.id], uuidOf('web2')))).toBe('goes on');
  // whoever has nothing to lose yet finds its lock gone, or the record changed
  expect(await said(cutOffAfter(2), later([last.id]))).toBe('goes on');
});

describe('a node that returns', () => {
  const onWord = (run: Run, snapshot: Snapshot) => {
    const found = returnedNodesOf(run, snapshot);
    return found
      ? [{ run: run.id, uuid: uuidOf('web1'), name: 'web1', stops: found.stops, text: found.text }]
      : [];
  };
  const intents: Intent[] = [
    { kind: 'start', instance: 'web1' },
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    { kind: 'stop', instance: 'web1', timeoutSeconds: 60, then: 'force' },
  ];
  const plansWith = (run: Run, snapshot: Snapshot) =>
    intents.map((intent) =>
      makePlan(
        snapshot,
        intent,
        { accept: [], vouched: [] },
        { ...testContext(), returned: onWord(run, snapshot) },
      ),
    );

  test('stands against every plan for its instance but those that end it', () => {
    const [start, stop] = plansWith(cutOffAfter(2), whole);
    if (!start || !stop) throw new Error('no plans');
    expect(reasonsBy(start, 'blocks')).toContain('vouched-node-answers');
    expect(textOf(start, 'vouched-node-answers')).toMatch(/Run .*: node1 answers again, .*Undo this run/);
    expect(isOpen(start)).toBe(true);
    expect(reasonsBy(stop, 'warning')).toContain('vouched-node-answers');
    for (const made of plansWith(cutOffAfter(2), gone)) expect(textOf(made, 'vouched-node-answers')).toBe('');
    // another instance is not concerned
    const two = withInstance(whole, 'web2');
    const other = makePlan(
      two,
      { kind: 'start', instance: 'web2' },
      { accept: [], vouched: [] },
      { ...testContext(), returned: onWord(cutOffAfter(2), two) },
    );
    expect(textOf(other, 'vouched-node-answers')).toBe('');
  });

  test('is told by cluster verify, also while the run is at work, and no more once the run has ended', () => {
    const found = (run: Run, snapshot: Snapshot): string[] =>
      findingsOf(snapshot, [summaryOf(run, returnedNodesOf(run, snapshot)?.text ?? null)])
        .problems.filter((each) => each.code === 'vouched-node-answers')
        .map((each) => each.text);
    expect(found(cutOffAfter(2), whole)[0]).toMatch(/web1, run .*node1 answers again.*Undo this run/);
    expect(found({ ...cutOffAfter(2), state: 'running' }, whole)[0]).toMatch(/Cancel this run/);
    expect(found(cutOffAfter(commit + 1), whole)[0]).toMatch(/may go on\. Resume it/);
    expect(found(cutOffAfter(2), gone)).toEqual([]);
    expect(found({ ...cutOffAfter(plan.steps.length), state: 'done' }, whole)).toEqual([]);
    expect(found({ ...cutOffAfter(2), direction: 'undo' }, whole)).toEqual([]);
    const givenUp = { ...cutOffAfter(commit + 1), state: 'given-up' as const };
    expect(
      findingsOf(whole, [summaryOf(givenUp, returnedNodesOf(givenUp, whole)?.text ?? null)]).problems,
    ).toEqual(findingsOf(whole, []).problems);
  });

  test('is asked once more before the guest is let run and before the point of no return', () => {
    const asked = plan.steps
      .filter((each) => restsOnWord(cutOffAfter(0), each))
      .map((each) => each.action.do);
    expect(asked).toEqual(['write-record', 'unpause-domain']);
    const free = { ...cutOffAfter(0), plan: { ...plan, approval: { accept: [], vouched: [] } } };
    expect(plan.steps.some((each) => restsOnWord(free, each))).toBe(false);
  });
});
