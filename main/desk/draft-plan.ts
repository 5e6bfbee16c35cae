/** What a draft comes to, on a fresh look at the nodes or on what they showed last: nothing is run, and no node need answer. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { Input, Output } from '../../core/contract.ts';
import type { Draft, DraftFile } from '../../core/draft/draft.ts';
import { type Rebased, rebase } from '../../core/draft/rebase.ts';
import type { Intent } from '../../core/plan/intent.ts';
import type { RunOnWord } from '../../core/plan/plan.ts';
import type { ClusterSession } from './cluster-session.ts';
import { DeskError } from './dispatch.ts';
import type { Plans } from './plans.ts';

export type DraftPlanTools = {
  read: (path: string) => Promise<DraftFile>;
  session: (cluster: string) => Promise<Pick<ClusterSession, 'snapshot' | 'refresh'>>;
  plans: Plans;
  who: string;
  /** runs of this workstation that rest on the word that nodes are down which answer now */
  onWord: (snapshot: Snapshot) => Promise<RunOnWord[]>;
  /** files that a plan needs to know of */
  bootFilesOf: (intent: Intent) => string[];
};

/** @throws DeskError with each problem, its line and its column */
const readDraft = async ({ read }: DraftPlanTools, path: string): Promise<Draft> => {
  const { draft, problems } = await read(path);
  if (draft) return draft;
  throw new DeskError(
    'draft',
    problems.length === 0
      ? `${path} can't be understood.`
      : problems.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`).join('\n'),
  );
};

/** Those that were applied count as they are; whatever else is left out is as if it were not in the draft. */
const withOnly = (draft: Draft, only: readonly string[] | undefined): Draft => {
  const unknown = only?.filter((id) => !draft.changes.some((each) => each.id === id)) ?? [];
  if (unknown.length > 0)
    throw new DeskError(
      'bad-input',
      `The draft has no change ${unknown.join(', ')}; it has ${draft.changes.map(({ id }) => id).join(', ') || 'none'}.`,
    );
  return only === undefined
    ? draft
    : {
        ...draft,
        changes: draft.changes.filter(({ id, applied }) => only.includes(id) || applied?.outcome === 'done'),
      };
};

/** The last snapshot, or one made now. */
const lookAt = async (tools: DraftPlanTools, draft: Draft, fresh: boolean): Promise<Snapshot> => {
  const session = await tools.session(draft.cluster);
  return fresh
    ? session.refresh(draft.changes.flatMap((each) => tools.bootFilesOf(each.intent)))
    : session.snapshot();
};

/** The answers to `draft.plan` and `draft.snapshot`. */
export const draftPlanHandlers = (tools: DraftPlanTools) => {
  const planned = async ({ path, fresh, only }: Input<'draft.plan'>): Promise<Rebased> => {
    const draft = withOnly(await readDraft(tools, path), only);
    const snapshot = await lookAt(tools, draft, fresh);
    const returned = await tools.onWord(snapshot);
    const { plans, who } = tools;
    return rebase(snapshot, draft, (current, { intent, accept }) =>
      plans.make(current, intent, { accept, vouched: [] }, { who, returned }),
    );
  };
  return {
    'draft.plan': async (input: Input<'draft.plan'>): Promise<Output<'draft.plan'>> =>
      (await planned(input)).plan,
    'draft.snapshot': async ({
      path,
      fresh,
      before,
    }: Input<'draft.snapshot'>): Promise<Output<'draft.snapshot'>> => {
      if (before === undefined) return (await planned({ path, fresh })).after;
      const ids = (await readDraft(tools, path)).changes.map(({ id }) => id);
      const at = ids.indexOf(before);
      if (at < 0)
        throw new DeskError('bad-input', `${path} has no change ${before}: somebody took it out meanwhile.`);
      return (await planned({ path, fresh, only: ids.slice(0, at) })).after;
    },
  };
};
