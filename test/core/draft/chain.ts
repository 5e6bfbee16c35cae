/** Changes that are planned one upon the effect of the other. */

import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { effectOf, type Guess } from '../../../core/draft/after.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons, type Plan, plan } from '../../../core/plan/plan.ts';
import { seededRandom } from '../../../core/plan/random.ts';
import { takenAt } from '../../support/snapshot-builder.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** A run of its own for each of them; every consent is given. */
export const planOf = (snapshot: Snapshot, intent: Intent, index: number): Plan => {
  const context = {
    now: takenAt + index * 60_000,
    who: 'alice@desk',
    run: `run${letters[index % 26]}000000000000`,
    random: seededRandom(`change ${index}`),
  };
  const made = makePlan(snapshot, intent, { accept: [], vouched: [] }, context);
  const accept = made.reasons.flatMap((each) => (each.severity === 'consent' ? [each.code] : []));
  return plan.parse(makePlan(snapshot, intent, { accept, vouched: [] }, context));
};

export type Chain = { plans: Plan[]; snapshots: Snapshot[]; last: Snapshot; guesses: Guess[] };

/** Throws with every reason at the first change that can't be. */
export const chain = (snapshot: Snapshot, ...intents: Intent[]): Chain => {
  const made: Chain = { plans: [], snapshots: [], last: snapshot, guesses: [] };
  for (const [index, intent] of intents.entries()) {
    const next = planOf(made.last, intent, index);
    const open = openReasons(next);
    if (open.length > 0 || next.steps.length === 0)
      throw new Error(
        `Change ${index + 1}, ${next.title}: ${open.map((each) => `${each.code}: ${each.text}`).join('\n') || 'no steps'}`,
      );
    const effect = effectOf(made.last, next);
    made.plans.push(next);
    made.snapshots.push(effect.snapshot);
    made.last = effect.snapshot;
    made.guesses.push(...effect.guesses);
  }
  return made;
};
