/** Work on runs that a cancel, and the end of the app, break off: copies, and the reading of whole images. */
export class Breakables {
  readonly #active = new Map<string, AbortController>();
  #closed = false;

  /** @param broken it is to be broken off at once */
  async run<T>(id: string, broken: boolean, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const breaking = new AbortController();
    this.#active.set(id, breaking);
    if (broken || this.#closed) breaking.abort();
    try {
      return await work(breaking.signal);
    } finally {
      this.#active.delete(id);
    }
  }

  breakOff(id: string): void {
    this.#active.get(id)?.abort();
  }

  /** All of it, and whatever is begun later. */
  close(): void {
    this.#closed = true;
    for (const each of this.#active.values()) each.abort();
  }
}
