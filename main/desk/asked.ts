/** Of what, and of whom, something has to be known. */
import type { Intent } from '../../core/plan/intent.ts';
import type { Run } from '../../core/plan/run.ts';

/** Files that a plan needs to know of, beside those that the configurations name. */
export const bootFilesOf = (intent: Intent): string[] =>
  intent.kind === 'create' || intent.kind === 'adopt'
    ? [intent.guest.kernel, intent.guest.ramdisk, intent.guest.bootloader].filter(
        (file): file is string => file?.startsWith('/') === true,
      )
    : [];

/** Nodes of the steps that a run still has before it. */
export const nodesAhead = (run: Run): string[] => [
  ...new Set(
    (run.direction === 'forward' ? run.steps : run.undo).flatMap(({ state, nodes }) =>
      state === 'done' || state === 'skipped' ? [] : nodes,
    ),
  ),
];
