/** How far a copy is, told often enough to be watched and seldom enough to cost nothing. */
import type { Progress, RunStep } from '../../core/plan/run.ts';

const tellEveryMs = 250;

export class Meter {
  readonly #entry: RunStep;
  readonly #tell: () => void;
  /** how the bytes travel */
  way = '';
  /** counts up with every progress */
  ticks = 0;
  #phase: Progress['phase'] | null = null;
  #began = 0;
  #first = 0;
  #last = 0;
  #told = 0;

  constructor(entry: RunStep, tell: () => void) {
    this.#entry = entry;
    this.#tell = tell;
  }

  show(phase: Progress['phase'], done: number, total: number): void {
    const now = performance.now();
    if (phase !== this.#phase || done < this.#last) {
      this.#phase = phase;
      this.#began = now;
      this.#first = done;
      this.#told = 0;
    }
    if (done !== this.#last) this.ticks += 1;
    this.#last = done;
    const elapsed = now - this.#began;
    const gone = done - this.#first;
    this.#entry.progress = {
      phase,
      done,
      total,
      msLeft: elapsed > 1000 && gone > 0 ? Math.round(((total - done) * elapsed) / gone) : null,
      way: this.way,
    };
    if (this.#told !== 0 && now - this.#told < tellEveryMs) return;
    this.#told = now;
    this.#tell();
  }
}
