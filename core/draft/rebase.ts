/**
 * A draft on the cluster as it is now: each change planned afresh, in order, upon the effect of those before it. What somebody else
 * changed since it was drafted is said, so that nothing newer is overwritten unseen.
 */
import { findInstances, type InstanceView } from '../cluster/instances.ts';
import type { InstanceRecord } from '../cluster/record.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlanView } from '../plan/plan-view.ts';
import { effectOf, type Guess } from './after.ts';
import { baseInstanceOf, baseOf, instancesOf, lastAnswer } from './base.ts';
import { consentsOf, costOf, costOfAll, noCost } from './cost.ts';
import { doneText } from './done.ts';
import type { Change, Draft } from './draft.ts';
import type { ChangeCost, DraftPlan, PlannedChange } from './draft-plan.ts';
import { asLastSeen, figuresOf, isOffline, isSilence } from './offline.ts';
import { differenceOf, titlesOf } from './titles.ts';

/** Makes the plan of a change on a snapshot; the main side adds what only it can say. */
export type Planner = (snapshot: Snapshot, change: Change) => PlanView;

export type Rebased = {
  plan: DraftPlan;
  /** the cluster as it would be afterwards */
  after: Snapshot;
};

type Draftlike = Pick<Draft, 'base' | 'changes'>;

const isoOf = (ms: number): string => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'at an unknown time' : date.toISOString();
};

/** What an earlier version of the instance in the draft's base says against what it is now. */
const sinceText = (snapshot: Snapshot, draft: Draftlike, change: Change): string[] => {
  return instancesOf(change.intent).flatMap((name) => {
    const known = draft.base?.instances ?? {};
    // an intent may name it by its uuid
    const found = findInstances(snapshot, name);
    const [view] = found;
    const then =
      known[name] ??
      Object.values(known).find((each) => each.uuid.toLowerCase() === name.toLowerCase()) ??
      (view && known[view.name]);
    if (!then) {
      // what a run of this draft makes is in its base from then on
      if (!view || change.reviewed === null) return [];
      const { by, at } = view.record.written;
      return [
        `${name} is not an instance that this draft knows: it was made by somebody else, or was there before, and nobody has reviewed this for it (uuid ${view.uuid}; its record was last written by ${by} at ${at}).`,
      ];
    }
    if (!view || found.length > 1) {
      const [elsewhere] = findInstances(snapshot, then.uuid);
      if (!elsewhere) return [];
      return [`${name} is called ${elsewhere.name} now: it was renamed since this was drafted.`];
    }
    if (view.uuid.toLowerCase() !== then.uuid.toLowerCase())
      return [
        `${name} is another instance than the one for which this was drafted: that had the uuid ${then.uuid}, this has ${view.uuid}.`,
      ];
    const now = baseInstanceOf(view);
    const { written }: Pick<InstanceRecord, 'written'> = view.record;
    // what an earlier change of this draft did is no news: the base was brought up to date after its run
    if (now.serial === then.serial && now.generation === then.generation) return [];
    const generation =
      now.generation === then.generation
        ? `generation ${now.generation} as before`
        : `generation ${then.generation} -> ${now.generation}`;
    return [
      `${name} was changed since this was drafted (${generation}; its record was last written by ${written.by} at ${written.at}).`,
    ];
  });
};

/** What it was to make is there, but made by somebody else: nobody may take that for what was reviewed. */
const isForeign = (snapshot: Snapshot, { intent, reviewed, applied }: Change): boolean => {
  if (reviewed === null) return false;
  const isOwn = (views: readonly InstanceView[]): boolean =>
    applied !== null && views.some(({ record }) => record.written.run === applied.run);
  if (intent.kind === 'create' || intent.kind === 'adopt')
    return !isOwn(findInstances(snapshot, intent.name));
  if (intent.kind === 'restore')
    return !isOwn(findInstances(snapshot, intent.trashName.replace(/\.[0-9a-f]{8}\.\d{8}T\d{6}Z$/, '')));
  return false;
};

/** Names by which a change may be about the same instance as a later one. */
const namesIn = ({ intent }: Change): string[] => [
  ...instancesOf(intent),
  ...('name' in intent ? [intent.name] : []),
];

/** Places that the steps of a plan name; a guess about one of them goes for the plan. */
const guessesFor = (guesses: ReadonlyMap<string, Guess[]>, plan: Plan): string[] => {
  if (guesses.size === 0) return [];
  const text = JSON.stringify(plan.steps);
  return [...guesses].flatMap(([id, all]) =>
    all.flatMap((each) =>
      text.includes(`${each.path}"`) || text.includes(`${each.path}/`) ? [`After ${id}: ${each.text}`] : [],
    ),
  );
};

const appliedText = ({ applied }: Change): string[] => {
  if (applied === null) return [];
  const { run, at, outcome } = applied;
  switch (outcome) {
    case 'done':
      return [`It was applied at ${isoOf(at)} (run ${run}).`];
    case 'started':
      return [`Its run ${run} was begun at ${isoOf(at)} and has not come to an end: see to that run first.`];
    case 'unknown':
      return [`How its run ${run} of ${isoOf(at)} ended is not known: see to that run first.`];
    case 'failed':
      return [`Its run ${run} of ${isoOf(at)} failed.`];
    case 'undone':
      return [`Its run ${run} of ${isoOf(at)} was taken back.`];
  }
};

const isSame = (difference: PlannedChange['difference']): boolean =>
  difference.every((each) => each.sign === ' ');

/**
 * @param snapshot as the nodes answered, or did not
 * @param make plans one change; called in order
 */
export const rebase = (snapshot: Snapshot, draft: Draftlike, make: Planner): Rebased => {
  const offline = isOffline(snapshot);
  const start = offline ? asLastSeen(snapshot) : snapshot;
  const silence = isSilence(snapshot);
  const guesses = new Map<string, Guess[]>();
  /** ids of changes that can't be, by the names that they speak of */
  const missing = new Map<string, string[]>();
  const costs: ChangeCost[] = [];
  let current = start;

  const planned = (change: Change): PlannedChange => {
    const { id, intent, reviewed, applied } = change;
    const found = applied?.outcome === 'done' ? null : doneText(current, intent, draft.base);
    const foreign = found !== null && isForeign(current, change);
    const done = foreign ? null : found;
    if (applied?.outcome === 'done' || done !== null)
      return {
        ...{ id, outcome: 'done-already', view: null, difference: [], unknown: [], cost: noCost },
        reasons: done === null ? appliedText(change) : [done],
      };
    const view = make(current, change);
    const { plan } = view;
    // of a node that never answered nobody can give his word now
    const { reasons: said, approval } = plan;
    const consents = consentsOf({
      approval,
      reasons: offline ? said.filter((each) => !silence(each)) : said,
    });
    const blocks = plan.reasons.filter((each) => each.severity === 'blocks');
    const against = blocks.filter((each) => !offline || !silence(each));
    const since = [
      ...sinceText(start, draft, change),
      ...(foreign ? [`${found} But no run of this draft did that: somebody else did.`] : []),
    ];
    // one that was taken back or failed leaves nothing behind that has to be seen to
    const unsettled = applied?.outcome === 'started' || applied?.outcome === 'unknown';
    const news = [...since, ...appliedText(change)];
    const rests = [...new Set(namesIn(change).flatMap((name) => missing.get(name) ?? []))];
    const unknown = [
      ...(offline ? plan.reasons.filter(silence).map((each) => each.text) : []),
      ...guessesFor(guesses, plan),
      ...rests.map(
        (each) => `${each}, which comes before it, can't be: this is planned as if it were not there.`,
      ),
    ];
    const difference = reviewed === null ? [] : differenceOf(reviewed, titlesOf(plan));
    if (against.length > 0) {
      if (offline) unknown.push(...figuresOf(snapshot, plan, plan.effects.memory));
      for (const name of namesIn(change)) missing.set(name, [...(missing.get(name) ?? []), id]);
      return {
        ...{ id, outcome: 'impossible', view, difference, unknown },
        reasons: [...against.map((each) => each.text), ...news],
        cost: { ...noCost, consents },
      };
    }
    const effect = effectOf(current, plan);
    const cost = { ...costOf(plan, current, effect.snapshot), consents };
    costs.push(cost);
    if (offline) unknown.push(...figuresOf(snapshot, plan, cost.memory));
    if (plan.steps.length === 0)
      guesses.set(id, [
        { node: null, path: plan.subject.name, text: `What ${plan.title} leaves behind is not known.` },
      ]);
    else if (effect.guesses.length > 0) guesses.set(id, effect.guesses);
    current = effect.snapshot;
    return {
      ...{ id, view, difference, unknown, cost },
      outcome: since.length > 0 || unsettled || !isSame(difference) ? 'changed' : 'unchanged',
      reasons: news,
    };
  };

  const changes = draft.changes.map(planned);
  return {
    plan: {
      ...{ at: lastAnswer(snapshot), offline, changes },
      cost: costOfAll(costs, start, current),
      base: baseOf(
        snapshot,
        draft.changes.flatMap(({ intent }) => instancesOf(intent)),
      ),
    },
    after: current,
  };
};
