/**
 * Plans of a draft are made on what those before them will leave, where the inode of a folder that is yet to be made is a guess.
 * In a script it is what the node finds, where a step can do without; else there is no script.
 */
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { type Action, action as actionSchema } from '../../../core/plan/action.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { ScriptError } from './writer.ts';

const isInode = (key: string): boolean => key === 'inode' || key === 'expectInode';

const inodesIn = (value: unknown, found: Set<number>): Set<number> => {
  if (value !== null && typeof value === 'object')
    for (const [key, each] of Object.entries(value))
      if (typeof each === 'number' && isInode(key)) found.add(each);
      else inodesIn(each, found);
  return found;
};

/** Inodes that nodes told. */
const toldBy = (snapshot: Snapshot): ReadonlySet<number> => inodesIn(snapshot, new Set([0]));

const withoutGuess = (action: Action, told: ReadonlySet<number>, title: string): Action => {
  const guessed = [...inodesIn(action, new Set())].filter((each) => !told.has(each));
  if (guessed.length === 0) return action;
  switch (action.do) {
    // 0: filled in on the node; the record's id was compared by a step before
    case 'write-record':
      return {
        ...action,
        record: { ...action.record, place: { ...action.record.place, inode: 0 } },
      };
    case 'move-folder':
      return { ...action, expectInode: 0 };
    default:
      throw new ScriptError(
        `“${title}” needs to know a file again that an earlier change of this draft makes or moves, and a script made now can not. Make a script of the changes before it, run that, then one of the rest.`,
      );
  }
};

/** The plan as it can be scripted behind others, of which it was made. */
export const chained = (plan: Plan, snapshot: Snapshot): Plan => {
  const told = toldBy(snapshot);
  /** in the order of the schema, as it would be had the record been read from its file: the same text on the disk */
  const known = (action: Action, title: string): Action =>
    withoutGuess(actionSchema.parse(action), told, title);
  return {
    ...plan,
    steps: plan.steps.map((step) => ({
      ...step,
      action: known(step.action, step.title),
      undo: step.undo.map((undo) => ({ ...undo, action: known(undo.action, undo.title) })),
    })),
  };
};
