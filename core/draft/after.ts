/**
 * The snapshot as it would be once a plan is done, so that the next change of a draft is planned upon it. Worked out from the steps
 * of the plan, which say exactly what is done: so there is nothing to keep in agreement with each kind of intent.
 */
import type { Snapshot } from '../cluster/snapshot.ts';
import { isLook } from '../plan/action.ts';
import type { Plan } from '../plan/plan.ts';
import { effectOnFiles } from './effects-of-files.ts';
import { effectOnFolders } from './effects-of-folders.ts';
import { effectOnGuests } from './effects-of-guests.ts';
import { effectOnNodes } from './effects-of-nodes.ts';
import { type Guess, guessesOf, snapshotOf, worldOf } from './world.ts';

export type { Guess } from './world.ts';

export type Effect = {
  snapshot: Snapshot;
  /** where the effect can't be known, what is shown instead, and on which path; a change that works there has to say so */
  guesses: Guess[];
};

/** What a plan leaves behind when every step of it is done. What it was made of stays as it is. */
export const effectOf = (snapshot: Snapshot, { steps, run }: Pick<Plan, 'steps' | 'run'>): Effect => {
  const world = worldOf(snapshot);
  for (const { nodes, action } of steps) {
    const [first] = nodes;
    if (first === undefined || isLook(action)) continue;
    const node = action.do === 'copy-image' ? action.to.node : first;
    if (
      !effectOnFiles(world, node, action, run) &&
      !effectOnFolders(world, node, action) &&
      !effectOnGuests(world, node, action) &&
      !effectOnNodes(world, node, action)
    )
      throw new Error(`What ${action.do} leaves behind is not told.`);
  }
  return { snapshot: snapshotOf(world), guesses: guessesOf(world) };
};

/** The snapshot once the plan is done. */
export const afterPlan = (snapshot: Snapshot, plan: Pick<Plan, 'steps' | 'run'>): Snapshot =>
  effectOf(snapshot, plan).snapshot;
