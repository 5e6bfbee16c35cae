/** The runs that a window shows: those this process works on, and the journal's, among them what other processes left behind. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { RunOnWord } from '../../core/plan/plan.ts';
import { type Returned, returnedNodesOf } from '../../core/plan/returned-nodes.ts';
import { isEnded, type Run, type RunSummary, summaryOf } from '../../core/plan/run.ts';
import type { Engine } from '../engine/engine.ts';
import type { Journal } from '../engine/journal.ts';
import { DeskError } from './dispatch.ts';

/** Newest first, at most so many in a window's state. */
const shown = 200;

export class Runs {
  readonly #journal: Journal;
  readonly #engine: Engine;
  readonly #snapshotOf: (cluster: string) => Snapshot | null;
  /** those of the last list that rest on somebody's word and have not ended */
  #onWord: Run[] = [];

  /** @param snapshotOf what is known of a cluster now; null where it is not watched */
  constructor(journal: Journal, engine: Engine, snapshotOf: (cluster: string) => Snapshot | null) {
    this.#journal = journal;
    this.#engine = engine;
    this.#snapshotOf = snapshotOf;
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

  /** @throws DeskError when there is none of this id */
  async find(id: string): Promise<Run> {
    const found = await this.get(id);
    if (!found) throw new DeskError('unknown-run', `There is no run ${id} on this workstation.`);
    return found;
  }

  async list(): Promise<Run[]> {
    const { runs } = await this.#journal.list();
    const all = await Promise.all(runs.map((run) => this.#asItIs(run)));
    this.#onWord = all.filter((run) => run.plan.approval.vouched.length > 0 && !isEnded(run));
    return all;
  }

  #returned(run: Run, snapshot: Snapshot | null): Returned | null {
    return snapshot?.cluster.name === run.cluster ? returnedNodesOf(run, snapshot) : null;
  }

  summaryOf(run: Run): RunSummary {
    return summaryOf(run, this.#returned(run, this.#snapshotOf(run.cluster))?.text ?? null);
  }

  async summaries(): Promise<RunSummary[]> {
    return (await this.list()).slice(0, shown).map((run) => this.summaryOf(run));
  }

  /** Runs of the last list whose nodes answer again, for the plans made of this snapshot. */
  onWord(snapshot: Snapshot): RunOnWord[] {
    return this.#onWord.flatMap((known) => {
      const run = this.#engine.active(known.id) ?? known;
      const returned = this.#returned(run, snapshot);
      const { subject } = run.plan;
      return returned === null || subject.kind !== 'instance'
        ? []
        : [
            {
              run: run.id,
              uuid: subject.uuid,
              name: subject.name,
              stops: returned.stops,
              text: returned.text,
            },
          ];
    });
  }
}
