/** What applying a draft needs of the other rooms. */
import { deriveInstances } from '../../core/cluster/instances.ts';
import { knownInstancesOf } from '../../core/draft/depends.ts';
import { rebase } from '../../core/draft/rebase.ts';
import type { Engine } from '../engine/engine.ts';
import { bootFilesOf } from './boot-files.ts';
import type { Clusters } from './clusters.ts';
import type { Handlers } from './dispatch.ts';
import type { DraftApply } from './draft-apply.ts';
import type { DraftApplyTools } from './draft-change.ts';
import type { Plans } from './plans.ts';
import type { Runs } from './runs.ts';

export type Rooms = {
  calls: Pick<Handlers, 'draft.read' | 'draft.edit'>;
  clusters: Clusters;
  engine: Engine;
  plans: Plans;
  runs: Runs;
  who: string;
  /** goes on with a run, unless something stands against that */
  resume: (run: string) => Promise<void>;
  /** resolves when a run has come to rest in this process, and what follows from it is kept */
  ended: (run: string) => Promise<void>;
};

export const draftApplyTools = ({
  calls,
  clusters,
  engine,
  plans,
  runs,
  who,
  resume,
  ended,
}: Rooms): DraftApplyTools => ({
  files: {
    read: (path) => calls['draft.read']({ path }),
    edit: (path, from, edit) => calls['draft.edit']({ path, from, edit }),
  },
  look: async (cluster, intents) => (await clusters.session(cluster)).refresh(intents.flatMap(bootFilesOf)),
  plan: async (draft, snapshot) => {
    // the journal may hold words on nodes that answer again
    await runs.list();
    const returned = runs.onWord(snapshot);
    return rebase(snapshot, draft, (upon, { intent, accept }) =>
      plans.make(upon, intent, { accept, vouched: [] }, { who, returned }),
    ).plan;
  },
  knownIn: (snapshot) => knownInstancesOf(deriveInstances(snapshot)),
  start: async (plan) => {
    await engine.start(plan, who);
  },
  resume,
  cancel: (run) => engine.cancel(run),
  ended,
  runOf: (run) => runs.get(run),
});

export const applyHandlers = (apply: DraftApply): Pick<Handlers, 'draft.apply' | 'draft.applyCancel'> => ({
  'draft.apply': (input) => apply.begin(input),
  'draft.applyCancel': async ({ path }) => {
    await apply.stop(path);
    return {};
  },
});
