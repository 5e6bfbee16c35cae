/** Calls by which a run is read, cancelled, gone on with, taken back and given up. */
import { giveUpOf } from '../../core/plan/give-up.ts';
import type { Run } from '../../core/plan/run.ts';
import type { Engine } from '../engine/engine.ts';
import type { ClusterSession } from './cluster-session.ts';
import { DeskError, type Handlers } from './dispatch.ts';
import type { Runs } from './runs.ts';

export const runControls = ({
  runs,
  engine,
  who,
  resume,
  sessionFor,
}: {
  runs: Runs;
  engine: Engine;
  who: string;
  resume: (run: string) => Promise<void>;
  sessionFor: (run: Run) => Promise<Pick<ClusterSession, 'refresh'>>;
}): Pick<Handlers, 'run.get' | 'run.cancel' | 'run.resume' | 'run.undo' | 'run.giveUp'> => ({
  'run.get': async ({ run }) => {
    return runs.find(run);
  },
  'run.cancel': async ({ run }) => {
    await engine.cancel(run);
    return {};
  },
  'run.resume': async ({ run }) => {
    await resume(run);
    return {};
  },
  'run.undo': async ({ run }) => {
    await engine.resume(run, 'undo');
    return {};
  },
  'run.giveUp': async ({ run, accepted }) => {
    const stored = await runs.find(run);
    const found = giveUpOf(stored, await (await sessionFor(stored)).refresh());
    if (!found.mayBe) throw new DeskError('run', found.why);
    if (accepted) await engine.giveUp(run, who);
    return { givenUp: accepted, text: found.text };
  },
});
