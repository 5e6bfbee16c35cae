/**
 * Runs plans: forward step by step; before the commit point a failure or a cancel turns the run round and its steps are
 * undone in reverse; after it the run only goes forward. Everything is in the journal before it is on a node.
 */

import { isLook } from '../../core/plan/action.ts';
import { holdsOf } from '../../core/plan/holds.ts';
import { locksHeldAt } from '../../core/plan/locks.ts';
import type { Plan, Step, UndoStep } from '../../core/plan/plan.ts';
import { isCommitted, type Run, type RunStep } from '../../core/plan/run.ts';
import { renderAction } from '../node/actions/index.ts';
import { collectScript } from './job.ts';
import type { Journal } from './journal.ts';
import { look } from './look.ts';
import type { Shells } from './shells.ts';
import { runChange, type StepResult } from './step.ts';

export type EngineOptions = {
  journal: Journal;
  /** shells of the nodes of the run's cluster, and their toolstack */
  access: (run: Run) => Promise<{ shells: Shells; toolstack: (node: string) => 'xl' | 'xm' }>;
  onChange: (run: Run) => void;
  /** ms that a node may be silent before an outcome counts as unknown */
  patienceMs?: number;
};

/** A request that the engine refuses, with the reason as a sentence. */
export class EngineError extends Error {
  override name = 'EngineError';
}

const freshEntry = (id: string, title: string, nodes: string[]): RunStep => ({
  id,
  title,
  nodes,
  state: 'waiting',
  job: '',
  startedAt: null,
  endedAt: null,
  output: '',
  exitCode: null,
  changed: false,
  message: '',
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Undo ends a lock or a fresh folder; these check the lock themselves and may be repeated when it is gone. */
const checksOwnLock = (undo: UndoStep): boolean =>
  undo.action.do === 'unlock' || undo.action.do === 'drop-folder';

export class Engine {
  readonly #options: EngineOptions;
  readonly #active = new Map<string, { run: Run; ended: Promise<void> }>();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** The run as this process works on it; undefined when it does not. */
  active(id: string): Run | undefined {
    return this.#active.get(id)?.run;
  }

  /** Resolves when the run, if this process works on it, has come to rest. */
  async ended(id: string): Promise<void> {
    await this.#active.get(id)?.ended;
  }

  async start(plan: Plan, who: string): Promise<Run> {
    if (await this.#options.journal.read(plan.run))
      throw new EngineError(`Run ${plan.run} was started before; a plan runs once.`);
    const run: Run = {
      version: 1,
      id: plan.run,
      cluster: plan.cluster,
      title: plan.title,
      who,
      startedAt: Date.now(),
      endedAt: null,
      plan,
      direction: 'forward',
      steps: plan.steps.map((step) => freshEntry(step.id, step.title, step.nodes)),
      undo: [],
      state: 'running',
      cancelRequested: false,
      problem: '',
      holds: [],
    };
    await this.#options.journal.own(run.id);
    await this.#options.journal.write(run);
    this.#begin(run);
    return run;
  }

  /** A request: the running step is waited for. Behind the commit point it is refused. */
  async cancel(id: string): Promise<void> {
    const run = this.#active.get(id)?.run;
    if (!run) throw new EngineError(`Run ${id} is not running here.`);
    if (isCommitted(run))
      throw new EngineError(
        'The point of no return has passed: this run only goes forward. Going back is a new operation.',
      );
    run.cancelRequested = true;
    await this.#save(run);
  }

  /** Goes on with a run that was cut off, is stuck or unknown: in its direction, or turned round. */
  async resume(id: string, direction: 'onward' | 'undo'): Promise<void> {
    if (this.#active.has(id)) throw new EngineError(`Run ${id} is running already.`);
    const stored = await this.#options.journal.read(id);
    if (!stored) throw new EngineError(`There is no run ${id} on this workstation.`);
    if (await this.#options.journal.ownedElsewhere(id))
      throw new EngineError(`Another VBDesk on this workstation works on run ${id}.`);
    const run = structuredClone(stored);
    if (run.state === 'done' || run.state === 'undone')
      throw new EngineError(`Run ${id} has ended; nothing is left to do.`);
    if (direction === 'undo' && isCommitted(run))
      throw new EngineError('The point of no return has passed: this run can only be resumed, not undone.');
    await this.#options.journal.own(id);
    run.state = 'running';
    run.endedAt = null;
    run.cancelRequested = direction === 'undo' && run.direction === 'forward';
    this.#prepareToResume(run);
    await this.#save(run);
    this.#begin(run);
  }

  /**
   * Steps that failed are tried again as new jobs; looks just before the next change are repeated, since what they saw may
   * have changed while nobody watched. A step that was running keeps its job, and is looked at first.
   */
  #prepareToResume(run: Run): void {
    run.problem = '';
    const entries = run.direction === 'forward' ? run.steps : run.undo;
    const next = entries.findIndex((entry) => entry.state !== 'done' && entry.state !== 'skipped');
    for (const [index, entry] of entries.entries()) {
      if (entry.state === 'failed') {
        entry.state = 'waiting';
        // it is known to have ended, so it may run again: under the next job name
        entry.message = '';
      } else if (entry.state === 'unknown') entry.state = 'running';
      if (run.direction === 'forward' && index < next) {
        const between = run.plan.steps.slice(index, next);
        if (between.every((step) => isLook(step.action))) entry.state = 'waiting';
      }
    }
  }

  #begin(run: Run): void {
    const ended = this.#work(run)
      .catch(async (error: unknown) => {
        run.state = 'unknown';
        run.problem = `VBDesk itself failed: ${error instanceof Error ? error.message : String(error)}. The run can be resumed.`;
        await this.#save(run).catch(() => undefined);
      })
      .finally(async () => {
        this.#active.delete(run.id);
        await this.#options.journal.disown(run.id).catch(() => undefined);
        this.#options.onChange(structuredClone(run));
      });
    this.#active.set(run.id, { run, ended });
    this.#options.onChange(structuredClone(run));
  }

  async #save(run: Run): Promise<void> {
    run.holds = holdsOf(run);
    await this.#options.journal.write(run);
    this.#options.onChange(structuredClone(run));
  }

  async #work(run: Run): Promise<void> {
    if (run.direction === 'forward') {
      const turned = await this.#forward(run);
      if (!turned) return;
      await this.#turnRound(run);
    }
    await this.#backward(run);
  }

  /** True when the run has to be undone. */
  async #forward(run: Run): Promise<boolean> {
    for (const [index, step] of run.plan.steps.entries()) {
      const entry = run.steps[index];
      if (!entry || entry.state === 'done') continue;
      const looked = entry.state === 'running' && !isLook(step.action);
      if (run.cancelRequested && !looked && !isCommitted(run)) {
        run.problem ||= 'Cancelled.';
        return true;
      }
      const result = await this.#execute(
        run,
        entry,
        step,
        looked ? 'look-first' : 'launch',
        locksHeldAt(run.plan, index).map((lock) => lock.folder),
      );
      if (result.kind === 'done') continue;
      if (result.kind === 'unknown') {
        await this.#rest(run, 'unknown', result.message);
        return false;
      }
      run.problem = this.#problem(run, step, entry, result.message);
      // a commit step that may have happened, or any step behind the commit point: never back
      if ((step.commit && result.changed) || this.#committedBefore(run, index)) {
        await this.#rest(
          run,
          'stuck',
          `${run.problem}\nThe point of no return has passed, so nothing is taken back. Mend the cause, then resume the run.`,
        );
        return false;
      }
      return true;
    }
    await this.#rest(run, 'done', '');
    await this.#collect(run);
    return false;
  }

  #committedBefore(run: Run, index: number): boolean {
    return run.plan.steps.slice(0, index).some((step, at) => step.commit && run.steps[at]?.state === 'done');
  }

  async #turnRound(run: Run): Promise<void> {
    run.direction = 'undo';
    run.undo = [];
    for (const [index, step] of [...run.plan.steps.entries()].toReversed()) {
      const entry = run.steps[index];
      if (!entry) continue;
      if (entry.state === 'waiting' || entry.state === 'running') entry.state = 'skipped';
      if (entry.state !== 'done' && !entry.changed) continue;
      for (const [at, undo] of step.undo.entries())
        run.undo.push(freshEntry(`u${step.id}.${at + 1}`, undo.title, undo.nodes));
    }
    await this.#save(run);
  }

  async #backward(run: Run): Promise<void> {
    const planned = new Map<string, { undo: UndoStep; index: number }>(
      run.plan.steps.flatMap((step, index) =>
        step.undo.map((undo, at) => [`u${step.id}.${at + 1}`, { undo, index }] as const),
      ),
    );
    for (const entry of run.undo) {
      if (entry.state === 'done') continue;
      const found = planned.get(entry.id);
      if (!found) throw new Error(`the journal names an undo step ${entry.id} that the plan does not have`);
      const locks = checksOwnLock(found.undo)
        ? []
        : locksHeldAt(run.plan, found.index).map((lock) => lock.folder);
      const looked = entry.state === 'running' && !isLook(found.undo.action);
      const result = await this.#execute(run, entry, found.undo, looked ? 'look-first' : 'launch', locks);
      if (result.kind === 'done') continue;
      const problem = `${run.problem}\n${this.#problem(run, found.undo, entry, result.message)}`.trim();
      await this.#rest(
        run,
        result.kind === 'unknown' ? 'unknown' : 'stuck',
        `${problem}\nWhat was done before it stays as it is and nothing was started. Mend the cause, then resume the run: it goes on taking back.`,
      );
      return;
    }
    await this.#rest(run, 'undone', run.problem);
    await this.#collect(run);
  }

  async #execute(
    run: Run,
    entry: RunStep,
    planned: Step | UndoStep,
    how: 'launch' | 'look-first',
    locks: string[],
  ): Promise<StepResult> {
    const { shells, toolstack } = await this.#options.access(run);
    const node = planned.nodes[0];
    if (node === undefined) throw new Error(`step ${entry.id} has no node`);
    entry.state = 'running';
    entry.startedAt ??= Date.now();
    entry.message = '';
    let result: StepResult;
    if (isLook(planned.action)) {
      await this.#save(run);
      result = await this.#lookPatiently(entry, planned, shells, toolstack);
    } else {
      result = await runChange({
        run: run.id,
        entry,
        action: planned.action,
        node,
        locks,
        toolstack: toolstack(node),
        shells,
        how,
        // a run that is being turned round sends nothing anew
        mayLaunch: () => run.direction === 'undo' || !run.cancelRequested,
        patienceMs: this.#options.patienceMs ?? 90_000,
        save: () => this.#save(run),
        pause,
      });
    }
    entry.endedAt = Date.now();
    entry.changed = !isLook(planned.action) && (result.kind !== 'failed' || result.changed);
    entry.state = result.kind;
    if (result.kind !== 'done') entry.message = result.message;
    await this.#save(run);
    return result;
  }

  /** A look may be repeated while the node does not answer; what it says when it answers counts. */
  async #lookPatiently(
    entry: RunStep,
    planned: Step | UndoStep,
    shells: Shells,
    toolstack: (node: string) => 'xl' | 'xm',
  ): Promise<StepResult> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const outcome = await look(shells, planned.nodes, planned.action, toolstack);
        entry.output = outcome.output;
        entry.exitCode = outcome.exitCode;
        return outcome.ok ? { kind: 'done' } : { kind: 'failed', changed: false, message: outcome.message };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (attempt >= 3) return { kind: 'failed', changed: false, message };
        await pause(500 * attempt);
      }
    }
  }

  #problem(run: Run, planned: Step | UndoStep, entry: RunStep, message: string): string {
    const { summary } = renderAction(planned.action, 'xl');
    return `“${entry.title}” failed on ${planned.nodes.join(', ')} (step ${entry.id} of run ${run.id}). Command: ${summary.split('\n')[0]}. It said: ${message}`;
  }

  async #rest(run: Run, state: Run['state'], problem: string): Promise<void> {
    run.state = state;
    run.problem = problem;
    run.endedAt = Date.now();
    await this.#save(run);
  }

  /** The jobs' directories are only a memory once the run has ended well; a node that does not answer keeps them. */
  async #collect(run: Run): Promise<void> {
    const nodes = new Set(
      [...run.steps, ...run.undo].filter((entry) => entry.job !== '').flatMap((entry) => entry.nodes),
    );
    const { shells } = await this.#options.access(run);
    await Promise.all(
      [...nodes].map((node) =>
        shells(node)
          .run(collectScript(run.id), { timeoutMs: 30_000 })
          .catch(() => undefined),
      ),
    );
  }
}
