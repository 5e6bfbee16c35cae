/** The runs that a window shows: those this process works on, and the journal's, among them what other processes left behind. */
import { type Run, type RunSummary, summaryOf } from '../../core/plan/run.ts';
import type { Engine } from '../engine/engine.ts';
import type { Journal } from '../engine/journal.ts';

/** Newest first, at most so many in a window's state. */
const shown = 200;

export class Runs {
  readonly #journal: Journal;
  readonly #engine: Engine;

  constructor(journal: Journal, engine: Engine) {
    this.#journal = journal;
    this.#engine = engine;
  }

  /** A run that says "running" while no living process works on it was cut off. */
  async #asItIs(run: Run): Promise<Run> {
    const active = this.#engine.active(run.id);
    if (active) return structuredClone(active);
    if (run.state !== 'running' || (await this.#journal.ownedElsewhere(run.id))) return run;
    return {
      ...run,
      state: 'cut-off',
      problem:
        run.problem ||
        'VBDesk ended while this run was under way. Its last step may have gone on by itself: resuming looks first.',
    };
  }

  async get(id: string): Promise<Run | null> {
    const active = this.#engine.active(id);
    if (active) return structuredClone(active);
    const stored = await this.#journal.read(id);
    return stored ? this.#asItIs(stored) : null;
  }

  async list(): Promise<Run[]> {
    const { runs } = await this.#journal.list();
    return Promise.all(runs.map((run) => this.#asItIs(run)));
  }

  async summaries(): Promise<RunSummary[]> {
    return (await this.list()).slice(0, shown).map(summaryOf);
  }
}
