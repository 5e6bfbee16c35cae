/** One change of a draft that is being applied: gone on with, or planned afresh, held against what was reviewed, and run. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { type ApplyingChange, outcomeOfRun } from '../../core/draft/applying.ts';
import type { KnownInstance } from '../../core/draft/depends.ts';
import type { Applied, Change, Draft } from '../../core/draft/draft.ts';
import type { DraftPlan, PlannedChange } from '../../core/draft/draft-plan.ts';
import { differenceForPeople } from '../../core/draft/titles.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { openReasons, type Plan } from '../../core/plan/plan.ts';
import type { Run } from '../../core/plan/run.ts';
import { type DraftFiles, draftIn, isStillConfirmed, markChange } from './draft-marks.ts';

export type DraftApplyTools = {
  files: DraftFiles;
  /** a fresh look at every node of a cluster, also for files that these intents name */
  look: (cluster: string, intents: readonly Intent[]) => Promise<Snapshot>;
  /** each change planned upon the effect of those before it */
  plan: (draft: Draft, snapshot: Snapshot) => Promise<DraftPlan>;
  /** instances that are there */
  knownIn: (snapshot: Snapshot) => KnownInstance[];
  /** begins a run; resolves once it is in the journal */
  start: (plan: Plan) => Promise<void>;
  /** goes on with a run, unless something stands against that */
  resume: (run: string) => Promise<void>;
  cancel: (run: string) => Promise<void>;
  /** resolves when this process does not work on it, or not any more */
  ended: (run: string) => Promise<void>;
  /** as it is now; null: this workstation has no such run */
  runOf: (run: string) => Promise<Run | null>;
};

/** What came of one change. `mark`: what its file says of it by now. */
export type End = Pick<ApplyingChange, 'state' | 'run' | 'text'> & { mark: Applied | null };

/** In a mark: there was nothing left to do, so no run did it. */
const noRun = 'none';

/** Consents that are still asked for, or null. */
export const openConsents = ({ view }: PlannedChange): string | null => {
  const open = view ? openReasons(view.plan).filter(({ severity }) => severity === 'consent') : [];
  return open.length === 0
    ? null
    : `It needs a consent that was not given:\n${open.map(({ title, text, code }) => `${title}: ${text} (${code})`).join('\n')}`;
};

const differenceText = ({ reasons, difference }: PlannedChange): string => {
  const { edited, lines } = differenceForPeople(difference);
  return [
    ...reasons,
    ...(edited === null ? [] : [edited]),
    ...(lines.some(({ sign }) => sign !== ' ')
      ? ['Its steps are other ones:', ...lines.map(({ sign, text }) => `${sign} ${text}`)]
      : []),
  ].join('\n');
};

/** Why it is not run as it is planned now; null when it is still what was reviewed, and may run. */
const objectionTo = (change: Change, planned: PlannedChange): Pick<End, 'state' | 'text'> | null => {
  if (planned.outcome === 'impossible')
    return { state: 'impossible', text: `Nothing was done for it.\n${planned.reasons.join('\n')}` };
  if (planned.outcome === 'changed')
    return {
      state: 'changed',
      text: `Nothing was done for it, for it is no longer what was reviewed.\n${differenceText(planned)}`,
    };
  if (change.reviewed === null)
    return { state: 'changed', text: 'Nothing was done for it, for nobody has reviewed its plan.' };
  const open = openConsents(planned);
  return open === null ? null : { state: 'impossible', text: `Nothing was done for it. ${open}` };
};

/** Waits for a run and marks what became of it. What is not known to have ended stays marked as started. */
const followRun = async (
  tools: DraftApplyTools,
  path: string,
  change: Change,
  mark: Applied,
): Promise<End> => {
  await tools.ended(mark.run);
  const run = await tools.runOf(mark.run);
  const outcome = run ? outcomeOfRun(run) : null;
  if (!run || outcome === null)
    return {
      state: 'unknown',
      run: mark.run,
      text: 'VBDesk ended while its run was under way. It is gone on with when the draft is applied again.',
      mark,
    };
  const now: Applied = { ...mark, at: run.endedAt ?? mark.at, outcome };
  const unmarked = await markChange(tools.files, path, { ...change, applied: mark }, now).then(
    () => '',
    (error: unknown) =>
      `\nWhat became of it could not be written into the draft: ${error instanceof Error ? error.message : String(error)} It is looked up when the draft is applied again.`,
  );
  return {
    state: outcome === 'started' ? 'unknown' : outcome,
    run: run.id,
    text: `${run.problem}${unmarked}`,
    mark: now,
  };
};

/** Goes on with a run that was cut off, is stuck, or whose outcome is unknown. */
export const resumeChange = async (
  tools: DraftApplyTools,
  path: string,
  change: Change,
  run: string,
): Promise<End> => {
  const mark: Applied = { run, at: change.applied?.at ?? 0, outcome: 'started' };
  if (change.applied?.outcome !== 'started') await markChange(tools.files, path, change, mark);
  await tools.resume(run);
  return followRun(tools, path, change, mark);
};

/**
 * @param draft what is known by now; its changes: those that were done before this one, and this one at last
 * @param snapshot of a moment ago
 * @param now ms
 */
export const runChange = async (
  tools: DraftApplyTools,
  path: string,
  { draft, change, snapshot, now }: { draft: Draft; change: Change; snapshot: Snapshot; now: number },
  tell: (run: string, title: string) => void,
): Promise<End> => {
  const none = { run: null, mark: change.applied };
  const inFile = draftIn(await tools.files.read(path)).changes.find(({ id }) => id === change.id);
  if (!inFile || !isStillConfirmed(change, inFile))
    return {
      ...none,
      state: 'changed',
      text: 'Nothing was done for it, for it was altered in the file since it was confirmed.',
    };
  const plan = await tools.plan(draft, snapshot);
  const planned = plan.changes.find(({ id }) => id === change.id);
  if (!planned) throw new Error(`${change.id} was not planned`);
  if (planned.outcome === 'done-already') {
    const mark: Applied = { run: noRun, at: now, outcome: 'done' };
    await markChange(tools.files, path, change, mark);
    return { state: 'done-already', run: null, text: planned.reasons.join(' '), mark };
  }
  const objection = objectionTo(change, planned);
  if (objection || !planned.view) return { ...none, state: 'changed', text: '', ...objection };
  const { plan: fresh } = planned.view;
  const mark: Applied = { run: fresh.run, at: now, outcome: 'started' };
  await markChange(tools.files, path, change, mark);
  try {
    await tools.start(fresh);
  } catch (error) {
    await markChange(tools.files, path, { ...change, applied: mark }, change.applied).catch(() => undefined);
    throw error;
  }
  tell(fresh.run, fresh.title);
  return followRun(tools, path, change, mark);
};
