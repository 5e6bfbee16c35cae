/** What an exit code says of a failure, and that the sentence about a run which was taken back is true. */
import { describe, expect, it } from 'vitest';
import type { Run, RunStep } from '../../core/plan/run.ts';
import { errorOfDesk } from '../../main/cli/cli-error.ts';
import { nextOf } from '../../main/cli/follow.ts';
import { planned } from '../core/plan/support.ts';
import { sharedDirectory, soundCluster, withFacts } from '../support/snapshot-builder.ts';

describe('the exit code of a failed call', () => {
  it.each([
    ['unreachable', 1],
    ['auth-refused', 1],
    ['sudo-refused', 1],
    ['bad-input', 2],
    ['unknown-cluster', 2],
    ['config', 2],
    ['refused', 3],
    ['run', 3],
    ['open', 3],
    ['host-key-changed', 3],
    ['outcome-unknown', 5],
    ['timeout', 5],
    ['closed', 5],
    ['aborted', 5],
    ['internal', 5],
  ])('%s: %i', (code, exitCode) => {
    expect(errorOfDesk({ code, message: 'It did not work.' }).exitCode).toBe(exitCode);
  });
});

describe('a run that was taken back', () => {
  const bare = withFacts(soundCluster(), 'node1', (facts) => ({
    membership: null,
    storages: facts.storages.map((each) => ({ ...each, id: null })),
  }));
  const plan = planned(bare, {
    kind: 'cluster-init',
    name: 'test',
    nodes: bare.cluster.nodes,
    storageDirectories: [sharedDirectory],
    hostKeys: 'strict',
  });
  const runWith = (state: RunStep['state']): Run => ({
    version: 1,
    id: plan.run,
    cluster: plan.cluster,
    title: plan.title,
    who: 'ann@desk',
    startedAt: 0,
    endedAt: 1,
    plan,
    direction: 'undo',
    steps: plan.steps.map(({ id, title, nodes }) => ({
      ...{ id, title, nodes, state, job: '', startedAt: null, endedAt: null, output: '', exitCode: null },
      ...{ changed: state === 'done', message: '' },
    })),
    undo: [],
    state: 'undone',
    cancelRequested: false,
    problem: 'It failed.',
    holds: [],
  });

  it('says what stays', () => {
    expect(plan.steps.some((step) => step.action.do === 'make-storage')).toBe(true);
    expect(nextOf(runWith('done'))).toContain(`the directory ${sharedDirectory} on node1`);
    expect(nextOf(runWith('done'))).not.toContain('nothing of it stands');
  });
  it('says that nothing stands where nothing does', () => {
    expect(nextOf(runWith('skipped'))).toContain('nothing of it stands');
  });
});
