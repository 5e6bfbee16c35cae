import type { Run } from '../../core/plan/run.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';

/** The run with this id, or the only one whose id begins like that. */
export const findRun = async (context: CommandContext, given: string): Promise<Run> => {
  const runs = await (await context.desk()).runs();
  const exact = runs.find((run) => run.id === given);
  if (exact) return exact;
  const begins = given.length >= 3 ? runs.filter((run) => run.id.startsWith(given)) : [];
  const [only, ...more] = begins;
  if (only && more.length === 0) return only;
  throw usageError(
    only
      ? `Several runs begin with ${shown(given)}: ${begins.map((run) => run.id).join(', ')}.`
      : `There is no run ${shown(given)} on this workstation. vbdesk run list shows those that there are.`,
    'unknown-run',
  );
};
