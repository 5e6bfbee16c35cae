import type { Run } from '../../core/plan/run.ts';
import { nodesTouched } from '../../core/plan/run-part.ts';
import { prelude } from '../node/prelude.ts';
import { systemLogScript } from '../node/system-log.ts';
import { collectScript } from './job.ts';
import type { Shells } from './shells.ts';

/**
 * The last word to each node that a run touched, in one script: a line in its system log, and when the run has ended well its jobs'
 * directories go, which are only a memory then. A node that does not answer keeps them, and has no line; nothing depends on either.
 */
export const leaveNodes = async (run: Run, access: () => Promise<Shells>): Promise<void> => {
  const ended = run.state === 'done' || run.state === 'undone';
  // whoever did not tell what became of a step is not waited for once more
  const silent = new Set(
    [...run.steps, ...run.undo].flatMap(({ state, nodes }) => (state === 'unknown' ? nodes : [])),
  );
  const log = systemLogScript(run);
  const script = ended ? `${prelude}${log}${collectScript(run.id)}` : `${prelude}${log}exit 0\n`;
  await Promise.allSettled(
    nodesTouched(run)
      .filter((node) => !silent.has(node))
      .map(async (node) => {
        const shells = await access();
        return shells(node).run(script, { timeoutMs: ended ? 30_000 : 10_000 });
      }),
  );
};
