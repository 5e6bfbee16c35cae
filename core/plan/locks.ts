/** Which locks a run holds when a step begins, so that the engine reads exactly those back before the step's job. */
import { type Action, isLook } from './action.ts';
import type { Plan } from './plan.ts';

export type HeldLock = { node: string; folder: string };

/** Every path that an action names. */
const pathsOf = (action: Action): string[] => {
  switch (action.do) {
    case 'verdict':
    case 'shut-down':
    case 'let-go-on':
    case 'end-domain':
    case 'unpause-domain':
    case 'reboot-domain':
    case 'check-running':
    case 'migrate-domain':
    case 'end-leftovers':
      return action.images;
    case 'put-back':
    case 'start-domain':
      return [action.config, ...action.images];
    case 'verify-files':
    case 'make-folder':
    case 'drop-folder':
    case 'lock':
    case 'unlock':
    case 'write-record':
    case 'purge-folder':
    case 'break-lock':
      return [action.folder];
    case 'prove-shared':
      return [action.directory];
    case 'check-config':
      return [action.config];
    case 'watch-images':
      return action.images;
    case 'check-absent':
      return action.paths;
    case 'create-image':
    case 'remove-file':
    case 'write-file':
    case 'make-storage':
    case 'remove-storage-id':
      return [action.path];
    case 'move-folder':
      return [action.from, action.to];
    case 'jobs-ended':
    case 'check-ssh':
    case 'write-tombstone':
    case 'remove-tombstone':
    case 'write-membership':
    case 'remove-membership':
      return [];
  }
};

const touches = (action: Action, folder: string): boolean =>
  pathsOf(action).some((path) => path === folder || path.startsWith(`${folder}/`));

/** The locks after a step that ended well. */
const after = (held: HeldLock[], action: Action, node: string): HeldLock[] => {
  switch (action.do) {
    case 'lock':
    case 'make-folder':
      return [...held.filter((each) => each.folder !== action.folder), { node, folder: action.folder }];
    case 'unlock':
    case 'drop-folder':
    case 'purge-folder':
      return held.filter((each) => each.folder !== action.folder);
    case 'move-folder':
      // the lock lies inside, so it moves along
      return held.map((each) => (each.folder === action.from ? { node, folder: action.to } : each));
    default:
      return held;
  }
};

/**
 * Locks that must be the run's own when the step with this index begins, as that step's node can check them: a lock counts
 * for a step on the node through which it was taken, and wherever the step works inside its folder. A tombstone on a node
 * that does not see the folder can't be guarded there. `plan.steps.length` asks what is held at the end: nothing.
 */
export const locksHeldAt = (plan: Pick<Plan, 'steps'>, stepIndex: number): HeldLock[] => {
  let held: HeldLock[] = [];
  for (const step of plan.steps.slice(0, stepIndex)) {
    const [node] = step.nodes;
    if (node !== undefined && !isLook(step.action)) held = after(held, step.action, node);
  }
  const step = plan.steps[stepIndex];
  if (!step) return held;
  return held.filter((each) => step.nodes.includes(each.node) || touches(step.action, each.folder));
};
