/** When a run has passed its point of no return, and what is said to hold after a failure. */
import { describe, expect, test } from 'vitest';
import { holdsOf } from '../../../core/plan/holds.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { isCommitted, type Run, type RunStep, run } from '../../../core/plan/run.ts';
import { sharedDirectory, soundCluster, withInstance } from '../../support/snapshot-builder.ts';
import { createIntent, planned } from './support.ts';

const entry = (id: string, title: string, nodes: string[], state: RunStep['state'], changed: boolean) => ({
  ...{ id, title, nodes, state, changed },
  ...{ job: id, startedAt: 0, endedAt: 0, output: '', exitCode: null, message: '' },
});

/** A run in which everything before the step with this action is done; the step itself is as told. */
const runAt = (plan: Plan, action: string, state: RunStep['state'], changed: boolean): Run => {
  const at = plan.steps.findIndex((each) => each.action.do === action);
  return run.parse({
    ...{ version: 1, id: plan.run, cluster: plan.cluster, title: plan.title, who: 'a@b', plan },
    ...{ startedAt: 0, endedAt: null, direction: 'forward', undo: [], state: 'running', holds: [] },
    ...{ cancelRequested: false, problem: '' },
    steps: plan.steps.map(({ id, title, nodes }, index) =>
      index < at
        ? entry(id, title, nodes, 'done', true)
        : index === at
          ? entry(id, title, nodes, state, changed)
          : entry(id, title, nodes, 'waiting', false),
    ),
  });
};
/** All that was changed is taken back. */
const takenBack = (value: Run): Run => ({
  ...value,
  direction: 'undo',
  undo: value.plan.steps
    .toReversed()
    .flatMap((step) =>
      step.undo.map((each, index) => entry(`u${step.id}.${index + 1}`, each.title, each.nodes, 'done', true)),
    ),
});
const said = (value: Run): Record<string, string> =>
  Object.fromEntries(holdsOf(value).map(({ subject, text }) => [subject, text]));

const create = planned(soundCluster(), createIntent());
const start = planned(withInstance(soundCluster(), 'web1'), { kind: 'start', instance: 'web1' });
const failover = planned(withInstance(soundCluster(), 'web1', {}, 'node1'), {
  ...{ kind: 'failover', instance: 'web1', target: null, timeoutSeconds: 120 },
});

describe.each([
  ['create', create],
  ['start', start],
])('%s', (_kind, made) => {
  test.each<[string, RunStep['state'], boolean, boolean]>([
    ['is under way', 'running', false, true],
    ['has an unknown outcome', 'unknown', true, true],
    ['has ended well', 'done', true, true],
    ['was refused', 'failed', false, false],
    ['failed, and may have left something', 'failed', true, false],
    ['never began', 'waiting', false, false],
  ])('whose start %s', (_title, state, changed, committed) => {
    expect(isCommitted(runAt(made, 'start-domain', state, changed))).toBe(committed);
  });

  test('a guest that was started is never ended because the lock could not be given back', () => {
    const stuck = runAt(made, 'unlock', 'failed', true);
    expect(isCommitted(stuck)).toBe(true);
    expect(said(stuck)).toMatchObject({
      [`${made.subject.name} on node1`]: 'running',
      Lock: expect.stringMatching(/^not certain: .* failed half way$/),
    });
  });
});

test('a hand-over that may have happened leaves no way back', () => {
  expect(isCommitted(runAt(failover, 'write-record', 'failed', true))).toBe(true);
  expect(isCommitted(runAt(failover, 'write-record', 'failed', false))).toBe(false);
});

describe('what holds', () => {
  test('of a step that failed half way nothing is claimed', () => {
    const ending = runAt(failover, 'end-domain', 'failed', true);
    expect(said(ending)['web1 on node1']).toMatch(/^not certain: “End what is left .*” failed half way$/);
    expect(said(runAt(failover, 'end-domain', 'failed', false))['web1 on node1']).toMatch(
      /^asked to shut down/,
    );
    expect(said(runAt(failover, 'write-record', 'unknown', true)).Record).toMatch(/has an unknown outcome$/);
  });

  test('after a start that failed and was taken back: nothing of what was created', () => {
    const name = 'web2.example.org';
    const folder = `${sharedDirectory}/${name}`;
    expect(said(takenBack(runAt(create, 'start-domain', 'failed', true)))).toEqual({
      [`${folder}/sda`]: 'removed again',
      [`${folder}/sdb`]: 'removed again',
      [`${folder}/xen.cfg`]: 'removed again',
      [`${name} on node1`]: 'stopped, proved by uuid and by its image files',
      Record: 'removed again',
      Lock: 'released',
    });
  });
});
