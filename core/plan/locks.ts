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
    case 'verify-unowned':
    case 'drop-note':
    case 'make-folder':
    case 'drop-folder':
    case 'lock':
    case 'unlock':
    case 'write-record':
    case 'purge-folder':
    case 'break-lock':
    case 'reopen-replica':
    case 'reseal-replica':
    case 'write-replica':
    case 'demote-record':
    case 'drop-replica':
      return [action.folder];
    case 'prove-shared':
      return [action.directory];
    case 'check-config':
      return [action.config];
    case 'watch-images':
      return action.images;
    case 'check-absent':
      return action.paths;
    case 'check-unused':
    case 'check-unwritten':
      return action.files;
    case 'check-no-overlays':
      return action.images;
    case 'run-os-create':
    case 'run-os-script':
    case 'drop-export':
    case 'detach-images':
      return [action.folder];
    case 'check-one-name':
    case 'verify-unchanged':
    case 'hash-images':
      return action.images;
    // its nodes each check the locks of their own side: see streamLocksAt
    case 'copy-image':
      return [];
    case 'convert-image':
      return [action.from.path, action.to.path];
    case 'verify-taken':
      return [...action.folders.map((each) => each.path), ...action.images.map((each) => each.path)];
    case 'rename-image':
    case 'take-image':
      return [action.from, action.to];
    case 'grow-image':
    case 'delete-kept':
    case 'make-snapshot':
    case 'drop-snapshot':
    case 'revert-snapshot':
    case 'create-image':
    case 'copy-template':
    case 'accept-copy':
    case 'drop-partial':
    case 'remove-file':
    case 'write-file':
    case 'make-storage':
    case 'remove-storage-id':
      return [action.path];
    case 'move-folder':
      return [action.from, action.to];
    // its files lie in no instance's folder
    case 'set-aside':
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

/**
 * Folders of one path that are locked on several nodes, or that one of them gets with its lock inside: each node has its own there,
 * with a lock of its own.
 */
const separateFolders = (plan: Pick<Plan, 'steps'>): ReadonlySet<string> => {
  const nodes = new Map<string, Set<string>>();
  for (const { action, nodes: on } of plan.steps) {
    const folder =
      action.do === 'lock' || action.do === 'make-folder'
        ? action.folder
        : action.do === 'move-folder'
          ? action.to
          : null;
    if (folder !== null) nodes.set(folder, new Set([...(nodes.get(folder) ?? []), ...on]));
  }
  return new Set([...nodes].flatMap(([folder, on]) => (on.size > 1 ? [folder] : [])));
};

/** The locks after a step that ended well. */
const after = (held: HeldLock[], action: Action, node: string, separate: ReadonlySet<string>): HeldLock[] => {
  const same = (each: HeldLock, folder: string): boolean =>
    each.folder === folder && (each.node === node || !separate.has(folder));
  switch (action.do) {
    case 'lock':
    case 'make-folder':
      return [...held.filter((each) => !same(each, action.folder)), { node, folder: action.folder }];
    case 'unlock':
    case 'drop-folder':
    case 'purge-folder':
      return held.filter((each) => !same(each, action.folder));
    case 'move-folder':
      // the lock lies inside, so it moves along
      return held.map((each) => (same(each, action.from) ? { ...each, node, folder: action.to } : each));
    default:
      return held;
  }
};

const heldBefore = (
  plan: Pick<Plan, 'steps'>,
  stepIndex: number,
  separate: ReadonlySet<string>,
): HeldLock[] => {
  let held: HeldLock[] = [];
  for (const step of plan.steps.slice(0, stepIndex)) {
    const [node] = step.nodes;
    if (node !== undefined && !isLook(step.action)) held = after(held, step.action, node, separate);
  }
  return held;
};

/** Folders whose lock a node must see as the run's own while it reads or writes `path` for a stream. */
export const streamLocksAt = (
  plan: Pick<Plan, 'steps'>,
  stepIndex: number,
  side: { node: string; path: string },
): string[] => {
  const separate = separateFolders(plan);
  return heldBefore(plan, stepIndex, separate)
    .filter(
      ({ node, folder }) =>
        side.path.startsWith(`${folder}/`) && (node === side.node || !separate.has(folder)),
    )
    .map(({ folder }) => folder);
};

/**
 * Locks that must be the run's own when the step with this index begins, as that step's node can check them: a lock counts
 * for a step on the node through which it was taken, and wherever the step works inside its folder, unless the other node has
 * another folder of that path. A tombstone on a node that does not see the folder can't be guarded there.
 * `plan.steps.length` asks what is held at the end: nothing.
 */
export const locksHeldAt = (plan: Pick<Plan, 'steps'>, stepIndex: number): HeldLock[] => {
  const separate = separateFolders(plan);
  const held = heldBefore(plan, stepIndex, separate);
  const step = plan.steps[stepIndex];
  if (!step) return held;
  return held.filter(
    (each) =>
      step.nodes.includes(each.node) || (!separate.has(each.folder) && touches(step.action, each.folder)),
  );
};
