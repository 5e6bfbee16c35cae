/** A look is repeated while the node does not answer; what it says when it answers counts. Without an answer it failed. */
import type { Step, UndoStep } from '../../core/plan/plan.ts';
import type { RunStep } from '../../core/plan/run.ts';
import { look } from './look.ts';
import { readImages } from './reading.ts';
import type { Shells } from './shells.ts';
import { isHopeless, type StepResult } from './step.ts';

export type LookInput = {
  run: string;
  entry: RunStep;
  planned: Step | UndoStep;
  shells: Shells;
  toolstack: (node: string) => 'xl' | 'xm';
  /** false once the run is being turned round */
  mayGoOn: () => boolean;
  patienceMs: number;
  pause: (ms: number) => Promise<void>;
  /** does work that a cancel breaks off */
  breakable: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
};

export const lookPatiently = async (input: LookInput): Promise<StepResult> => {
  const { run, entry, planned, shells, mayGoOn } = input;
  const { action } = planned;
  const began = Date.now();
  for (let backOff = 250; ; backOff = Math.min(backOff * 2, 5000)) {
    try {
      const outcome =
        action.do === 'hash-images'
          ? await input.breakable((signal) =>
              readImages(shells, { run, id: entry.id, nodes: planned.nodes }, action, signal),
            )
          : await look(shells, planned.nodes, action, input.toolstack);
      entry.output = outcome.output;
      entry.exitCode = outcome.exitCode;
      return outcome.ok ? { kind: 'done' } : { kind: 'failed', changed: false, message: outcome.message };
    } catch (error) {
      if (action.do === 'hash-images' && !mayGoOn()) return { kind: 'void' };
      const message = error instanceof Error ? error.message : String(error);
      if (isHopeless(error) || !mayGoOn() || Date.now() - began > input.patienceMs)
        return { kind: 'failed', changed: false, message };
      await input.pause(backOff);
    }
  }
};
