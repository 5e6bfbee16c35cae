import type { Run } from '../../core/plan/run.ts';
import { collectScript } from './job.ts';
import type { Shells } from './shells.ts';

/** The jobs' directories are only a memory once the run has ended well; a node that does not answer keeps them. */
export const collectJobs = async (run: Run, access: () => Promise<Shells>): Promise<void> => {
  const nodes = new Set(
    [...run.steps, ...run.undo].filter((entry) => entry.job !== '').flatMap((entry) => entry.nodes),
  );
  await Promise.allSettled(
    [...nodes].map(async (node) => {
      const shells = await access();
      return shells(node).run(collectScript(run.id), { timeoutMs: 30_000 });
    }),
  );
};
