/** A time limit that stands still while a person is being asked something. */
export class Deadline {
  readonly #expired: () => void;
  #left: number;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #holds = 0;
  #over = false;

  /** @param ms how long; starts at once. Zero is no limit. */
  constructor(ms: number, expired: () => void) {
    this.#left = ms;
    this.#expired = expired;
    this.#over = ms === 0;
    this.#run();
  }

  #run(): void {
    if (this.#over) return;
    this.#since = performance.now();
    this.#timer = setTimeout(() => {
      this.#over = true;
      this.#expired();
    }, this.#left);
  }

  /** Stops the clock as long as `question` is unanswered. */
  async whileAsking<T>(question: () => Promise<T>): Promise<T> {
    this.#holds += 1;
    if (this.#holds === 1) {
      clearTimeout(this.#timer);
      this.#left -= performance.now() - this.#since;
    }
    try {
      return await question();
    } finally {
      this.#holds -= 1;
      if (this.#holds === 0) this.#run();
    }
  }

  cancel(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }
}
