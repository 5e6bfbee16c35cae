/**
 * Runs plans: forward step by step; before the commit point a failure or a cancel turns the run round and its steps are
 * undone in reverse; after it the run only goes forward. Everything is in the journal before it is on a node.
 */

import { isLook, isStream } from '../../core/plan/action.ts';
import { holdsOf } from '../../core/plan/holds.ts';
import { locksHeldAt, streamLocksAt } from '../../core/plan/locks.ts';
import type { Plan, Step, UndoStep } from '../../core/plan/plan.ts';
import { restsOnWord } from '../../core/plan/returned-nodes.ts';
import { isCommitted, isEnded, type Run, type RunStep } from '../../core/plan/run.ts';
import { planWithoutSecrets, secretsOf } from '../../core/plan/secrets.ts';
import { renderAction } from '../node/actions/index.ts';
import { Breakables } from './breakable.ts';
import { leaveNodes } from './collect.ts';
import {
  causeOf,
  checksOwnLock,
  freshEntry,
  guestAfterUndo,
  plannedUndo,
  problemOf,
  repeatLooks,
} from './entries.ts';
import type { Journal } from './journal.ts';
import { lookPatiently } from './patient-look.ts';
import type { Shells } from './shells.ts';
import { runChange, type StepResult } from './step.ts';
import { runStream } from './stream.ts';

export type EngineOptions = {
  journal: Journal;
  /** shells of the nodes of the run's cluster, and their toolstack */
  access: (run: Run) => Promise<{ shells: Shells; toolstack: (node: string) => 'xl' | 'xm' }>;
  onChange: (run: Run) => void;
  /** awaited before a new run has its first step: what was there before it can be kept; it is begun whatever comes of this */
  beforeStart?: (plan: Plan) => Promise<void>;
  /** asked before a step that rests on words for silent nodes: why it may not be done after all, sentences */
  objection?: (run: Run) => Promise<string | null>;
  /** ms that a node may be silent before an outcome counts as unknown */
  patienceMs?: number;
};

/** A request that the engine refuses, or a run that it can't go on with now, with the reason as a sentence. */
export class EngineError extends Error {
  override name = 'EngineError';
}

/** Unwinds the work on a run when the app ends: what the journal says last stays as it is. */
class Closing extends Error {}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Engine {
  readonly #options: EngineOptions;
  readonly #active = new Map<string, { run: Run; ended: Promise<void> }>();
  /** runs that are being started or resumed: a second request for one finds its name here at once */
  readonly #beginning = new Set<string>();
  readonly #breakables = new Breakables();
  /** values of secret parameters, by run: in no journal, so that they are gone when this process is */
  readonly #secrets = new Map<string, Record<string, string>>();
  #closing = false;

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

  /** Sends nothing any more, and resolves when no run is worked on. Jobs go on by themselves; the runs are cut off. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#breakables.close();
    await Promise.all([...this.#active.values()].map((each) => each.ended));
  }

  async start(plan: Plan, who: string): Promise<Run> {
    return this.#reserved(plan.run, async () => {
      if (await this.#options.journal.read(plan.run))
        throw new EngineError(`Run ${plan.run} was started before; a plan runs once.`);
      // a plan that can't be told to a node, or not be taken back there, is refused before its first step
      for (const { action } of plan.steps.flatMap((step) => [step, ...step.undo])) renderAction(action, 'xl');
      const run: Run = {
        version: 1,
        id: plan.run,
        cluster: plan.cluster,
        title: plan.title,
        who,
        startedAt: Date.now(),
        endedAt: null,
        plan: planWithoutSecrets(plan),
        direction: 'forward',
        steps: plan.steps.map((step) => freshEntry(step.id, step.title, step.nodes)),
        undo: [],
        state: 'running',
        cancelRequested: false,
        problem: '',
        holds: [],
      };
      await this.#options.beforeStart?.(plan).catch(() => undefined);
      await this.#options.journal.write(run);
      this.#secrets.set(run.id, secretsOf(plan.intent));
      this.#begin(run);
      return run;
    });
  }

  /** A request: the running step is waited for, but a copy is broken off. Behind the commit point it is refused. */
  async cancel(id: string): Promise<void> {
    const run = this.#active.get(id)?.run;
    if (!run) throw new EngineError(`Run ${id} is not running here.`);
    if (run.direction === 'undo') throw new EngineError(`Run ${id} is being taken back already.`);
    if (isCommitted(run))
      throw new EngineError(
        'The point of no return has passed: this run only goes forward. Going back is a new operation.',
      );
    run.cancelRequested = true;
    await this.#save(run);
    this.#breakables.breakOff(id);
  }

  /** Goes on with a run that was cut off, is stuck or unknown: in its direction, or turned round. */
  async resume(id: string, direction: 'onward' | 'undo'): Promise<void> {
    await this.#reserved(id, async () => {
      const stored = await this.#options.journal.read(id);
      if (!stored) throw new EngineError(`There is no run ${id} on this workstation.`);
      const run = structuredClone(stored);
      if (isEnded(run)) throw new EngineError(`Run ${id} has ended; nothing is left to do.`);
      if (direction === 'undo' && isCommitted(run))
        throw new EngineError('The point of no return has passed: this run can only be resumed, not undone.');
      run.state = 'running';
      run.endedAt = null;
      run.problem = '';
      run.cancelRequested = direction === 'undo' && run.direction === 'forward';
      const forward = run.direction === 'forward';
      const entries = forward ? run.steps : run.undo;
      const planned = forward ? run.plan.steps : plannedUndo(run).map(({ undo }) => undo);
      const next = entries.findIndex((entry) => entry.state !== 'done');
      const entry = entries[next];
      if (entry) {
        // a change that was sent is looked at first, and so are what was seen before it only once it has to be sent anew
        const sent = entry.state === 'running' || entry.state === 'unknown';
        entry.state = sent && entry.job !== '' ? 'running' : 'waiting';
        if (entry.state === 'waiting') repeatLooks(entries, planned, next);
      }
      await this.#save(run);
      this.#begin(run);
    });
  }

  /**
   * Closes a run that can neither go on nor be taken back, as a person decided. Changes nothing on a node but its system log; its
   * jobs' directories stay.
   */
  async giveUp(id: string, who: string): Promise<void> {
    await this.#reserved(id, async () => {
      const stored = await this.#options.journal.read(id);
      if (!stored) throw new EngineError(`There is no run ${id} on this workstation.`);
      if (isEnded(stored)) throw new EngineError(`Run ${id} has ended; nothing is left to give up.`);
      const run = structuredClone(stored);
      run.problem = `Given up by ${who}: what it had done stays as it is.${run.problem === '' ? '' : `\n${run.problem}`}`;
      await this.#rest(run, 'given-up', run.problem);
      await leaveNodes(run, async () => (await this.#options.access(run)).shells);
      await this.#options.journal.disown(id).catch(() => undefined);
    });
  }

  /** One request at a time for a run, in this process and among all that share the journal. */
  async #reserved<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new EngineError('VBDesk is ending; nothing new is begun.');
    if (this.#active.has(id) || this.#beginning.has(id))
      throw new EngineError(`Run ${id} is running already.`);
    this.#beginning.add(id);
    try {
      if (!(await this.#options.journal.claim(id)))
        throw new EngineError(`Another VBDesk on this workstation works on run ${id}.`);
      try {
        return await work();
      } catch (error) {
        await this.#options.journal.disown(id).catch(() => undefined);
        throw error;
      }
    } finally {
      this.#beginning.delete(id);
    }
  }

  #begin(run: Run): void {
    const ended = this.#workToItsEnd(run);
    this.#active.set(run.id, { run, ended });
    this.#tell(run);
  }

  async #workToItsEnd(run: Run): Promise<void> {
    try {
      await this.#work(run);
    } catch (error) {
      if (!(error instanceof Closing)) {
        run.state = 'unknown';
        run.problem =
          error instanceof EngineError
            ? error.message
            : `VBDesk itself failed: ${error instanceof Error ? error.message : String(error)}. The run can be resumed.`;
        await this.#save(run).catch(() => undefined);
      }
    } finally {
      this.#active.delete(run.id);
      await this.#options.journal.disown(run.id).catch(() => undefined);
      this.#tell(run);
    }
  }

  #tell(run: Run): void {
    try {
      this.#options.onChange(structuredClone(run));
    } catch {
      // whoever only watches can't end a run
    }
  }

  /** Before anything is sent, and after anything is learnt. Rejects when the journal can't be written, which ends the work. */
  async #save(run: Run): Promise<void> {
    if (this.#closing) throw new Closing();
    run.holds = holdsOf(run);
    await this.#options.journal.write(run);
    this.#tell(run);
  }

  readonly #pause = async (ms: number): Promise<void> => {
    if (this.#closing) throw new Closing();
    await pause(ms);
  };

  async #work(run: Run): Promise<void> {
    if (run.direction === 'forward') {
      const turned = await this.#forward(run);
      if (turned) await this.#turnRound(run);
    }
    if (run.direction === 'undo') await this.#backward(run);
    if (run.state === 'done' || run.state === 'undone') this.#secrets.delete(run.id);
    await leaveNodes(run, async () => (await this.#options.access(run)).shells);
  }

  /** True when the run has to be undone. */
  async #forward(run: Run): Promise<boolean> {
    const { steps } = run.plan;
    for (let index = 0; index < steps.length; ) {
      const [step, entry] = [steps[index], run.steps[index]];
      if (!step || !entry) throw new Error(`the journal of run ${run.id} does not fit its plan`);
      if (entry.state === 'done') {
        index += 1;
        continue;
      }
      const sent = entry.state === 'running';
      if (run.cancelRequested && !sent && !isCommitted(run)) return true;
      if (!sent && (await this.#isRefused(run, step, entry))) return !isCommitted(run);
      const locks = locksHeldAt(run.plan, index).map((lock) => lock.folder);
      const result = await this.#execute(run, entry, step, sent ? 'look' : 'launch', locks);
      if (result.kind === 'done') continue;
      if (result.kind === 'void') {
        index = repeatLooks(run.steps, steps, index);
        continue;
      }
      if (result.kind === 'unknown') {
        await this.#rest(run, 'unknown', result.message);
        return false;
      }
      // a commit step that may have happened, or any step behind the commit point: never back
      if (!isCommitted(run)) return true;
      await this.#rest(
        run,
        'stuck',
        `${problemOf(run, step, entry)}\nThe point of no return has passed, so nothing is taken back. Mend the cause, then resume the run.`,
      );
      return false;
    }
    await this.#rest(run, 'done', '');
    return false;
  }

  /** A node that was vouched down answers again: before the commit point the run is taken back, behind it it rests. */
  async #isRefused(run: Run, step: Step, entry: RunStep): Promise<boolean> {
    if (!restsOnWord(run, step)) return false;
    const against = (await this.#options.objection?.(run)) ?? null;
    if (against === null) return false;
    if (isCommitted(run)) await this.#rest(run, 'stuck', against);
    else {
      entry.state = 'failed';
      entry.message = against;
    }
    return true;
  }

  async #turnRound(run: Run): Promise<void> {
    run.direction = 'undo';
    run.undo = [];
    for (const [index, step] of [...run.plan.steps.entries()].toReversed()) {
      const entry = run.steps[index];
      if (!entry) continue;
      if (entry.state === 'running' || entry.state === 'unknown')
        throw new Error(`step ${entry.id} may be under way, so nothing can be taken back`);
      if (entry.state === 'waiting') entry.state = 'skipped';
      if (entry.state !== 'done' && !entry.changed) continue;
      for (const [at, undo] of step.undo.entries())
        run.undo.push(freshEntry(`u${step.id}.${at + 1}`, undo.title, undo.nodes));
    }
    run.problem = causeOf(run);
    await this.#save(run);
  }

  async #backward(run: Run): Promise<void> {
    const planned = plannedUndo(run);
    const actions = planned.map(({ undo }) => undo);
    for (let index = 0; index < planned.length; ) {
      const [found, entry] = [planned[index], run.undo[index]];
      if (!found || !entry || entry.state === 'done') {
        index += 1;
        continue;
      }
      const locks = checksOwnLock(found.undo)
        ? []
        : locksHeldAt(run.plan, found.index).map((lock) => lock.folder);
      const how = entry.state === 'running' ? 'look' : 'launch';
      const result = await this.#execute(run, entry, found.undo, how, locks);
      if (result.kind === 'done') continue;
      if (result.kind === 'void') {
        index = repeatLooks(run.undo, actions, index);
        continue;
      }
      const problem = result.kind === 'unknown' ? result.message : problemOf(run, found.undo, entry);
      await this.#rest(
        run,
        result.kind === 'unknown' ? 'unknown' : 'stuck',
        `${causeOf(run)}\n${problem}\nWhat was done before it stays as it is. ${guestAfterUndo(run, actions, index)} Mend the cause, then resume the run: it goes on taking back.`,
      );
      return;
    }
    await this.#rest(run, 'undone', causeOf(run));
  }

  async #execute(
    run: Run,
    entry: RunStep,
    planned: Step | UndoStep,
    how: 'launch' | 'look',
    locks: string[],
  ): Promise<StepResult> {
    const { shells, toolstack } = await this.#options.access(run);
    const node = planned.nodes[0];
    if (node === undefined) throw new Error(`step ${entry.id} has no node`);
    // a run that is being turned round sends nothing anew
    const mayGoOn = () => run.direction === 'undo' || !run.cancelRequested;
    entry.state = 'running';
    entry.startedAt ??= Date.now();
    entry.message = '';
    let result: StepResult;
    if (isLook(planned.action)) {
      await this.#save(run);
      result = await lookPatiently({
        run: run.id,
        entry,
        planned,
        shells,
        toolstack,
        mayGoOn,
        patienceMs: this.#patienceMs,
        pause: this.#pause,
        breakable: (work) => this.#breakables.run(run.id, run.cancelRequested, work),
      });
    } else if (isStream(planned.action)) {
      result = await this.#stream(run, entry, planned.action, shells);
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
        secrets: this.#secrets.get(run.id) ?? {},
        mayLaunch: mayGoOn,
        patienceMs: this.#patienceMs,
        save: () => this.#save(run),
        pause: this.#pause,
      });
    }
    entry.endedAt = Date.now();
    entry.state = result.kind === 'void' ? 'waiting' : result.kind;
    if (result.kind === 'failed') entry.changed = result.changed;
    if (result.kind === 'done' || result.kind === 'unknown') entry.changed = !isLook(planned.action);
    if (result.kind === 'failed' || result.kind === 'unknown') entry.message = result.message;
    await this.#save(run);
    return result;
  }

  async #stream(
    run: Run,
    entry: RunStep,
    copy: Parameters<typeof runStream>[0]['copy'],
    shells: Shells,
  ): Promise<StepResult> {
    const index = run.steps.indexOf(entry);
    // what comes after this may have left something on the target
    entry.changed = true;
    await this.#save(run);
    return this.#breakables
      .run(run.id, run.cancelRequested, (signal) =>
        runStream({
          run: run.id,
          entry,
          copy,
          locks: {
            from: streamLocksAt(run.plan, index, copy.from),
            to: streamLocksAt(run.plan, index, copy.to),
          },
          shells,
          signal,
          patienceMs: this.#patienceMs,
          tell: () => this.#tell(run),
          pause: this.#pause,
        }),
      )
      .finally(() => {
        delete entry.progress;
      });
  }

  get #patienceMs(): number {
    return this.#options.patienceMs ?? 90_000;
  }

  async #rest(run: Run, state: Run['state'], problem: string): Promise<void> {
    run.state = state;
    run.problem = problem;
    run.endedAt = Date.now();
    await this.#save(run);
  }
}
