/** Calls about runs that have ended, or are looked for: search, comparison, and what would take one back. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { PlanView } from '../../core/contract.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { type Revert, revertOf } from '../../core/plan/revert.ts';
import type { Run } from '../../core/plan/run.ts';
import { compareParts } from '../../core/plan/run-difference.ts';
import { partOf, type RunPart } from '../../core/plan/run-part.ts';
import { searchRuns } from '../../core/plan/run-search.ts';
import type { ClusterSession } from './cluster-session.ts';
import { DeskError, type Handlers } from './dispatch.ts';
import type { Pictures } from './pictures.ts';
import type { Runs } from './runs.ts';

/** So many are told of; more are counted. */
const foundAtMost = 500;

export type RunCallsOptions = {
  runs: Runs;
  pictures: Pictures;
  sessionFor: (run: Run) => Promise<Pick<ClusterSession, 'hasAnswered' | 'refresh' | 'snapshot'>>;
  /** the plan of an intent, of what is known now */
  planOf: (cluster: string, intent: Intent) => Promise<PlanView>;
};

const missing = (run: Run, moment: 'before' | 'after'): DeskError =>
  new DeskError(
    'no-picture',
    moment === 'before'
      ? `What the nodes showed before the run ${run.id} was not kept: an earlier VBDesk began it, or the disk of this workstation was full.`
      : run.endedAt === null
        ? `The run ${run.id} has not come to rest, so there is no picture of what it left. What it was before can be compared with what is there now: vbdesk run compare ${run.id} --now.`
        : `What the nodes showed after the run ${run.id} was not kept: they did not answer, VBDesk was ended, or the run touched none of them. What was before it can be compared with what is there now: vbdesk run compare ${run.id} --now.`,
  );

export const runCalls = ({
  runs,
  pictures,
  sessionFor,
  planOf,
}: RunCallsOptions): Pick<Handlers, 'run.search' | 'run.compare' | 'run.revert'> => {
  /** What is known of the cluster of a run; `fresh`: its nodes are asked first. */
  const snapshotFor = async (run: Run, fresh: boolean): Promise<Snapshot> => {
    const session = await sessionFor(run);
    return fresh || !session.hasAnswered() ? session.refresh() : session.snapshot();
  };
  return {
    'run.search': async (query) => {
      const found = searchRuns(await runs.list(), query);
      return {
        total: found.length,
        found: found
          .slice(0, foundAtMost)
          .map(({ run, line }) => ({ run: runs.summaryOf(run), ...(line === null ? {} : { line }) })),
      };
    },
    'run.compare': async ({ run: id, from, to }) => {
      const run = await runs.find(id);
      const picture = async (moment: 'before' | 'after'): Promise<RunPart> => {
        const kept = await pictures.read(id, moment);
        if (!kept) throw missing(run, moment);
        return kept;
      };
      const one = await picture(from);
      const other = to === 'now' ? partOf(await snapshotFor(run, true), run.plan) : await picture(to);
      const compared = compareParts(one, other);
      return { from: { what: from, at: one.takenAt }, to: { what: to, at: other.takenAt }, ...compared };
    },
    'run.revert': async ({ run: id, fresh }) => {
      const run = await runs.find(id);
      const found: Revert = revertOf(run, await snapshotFor(run, fresh));
      if (!found.may) return { may: false, intent: null, why: found.why };
      const { plan } = await planOf(run.cluster, found.intent);
      const against = plan.reasons.filter((each) => each.severity === 'blocks');
      return against.length === 0
        ? { may: true, intent: found.intent, title: plan.title, notes: found.notes }
        : { may: false, intent: found.intent, why: against.map(({ title, text }) => `${title}: ${text}`) };
    },
  };
};
