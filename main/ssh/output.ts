/** How much of what stands before the begin marker is kept, in bytes, for error messages. */
const PREAMBLE_KEPT = 4096;

/**
 * Lets through what follows a marker line. Login shells print banners, and rc files print whatever they like; the
 * marker is the first thing that our own script prints.
 */
export class AfterMarker {
  readonly #marker: Buffer;
  #pending: Buffer = Buffer.alloc(0);
  #preamble: Buffer = Buffer.alloc(0);
  #begun = false;

  /** @param marker without its line break; random, so that no banner holds it */
  constructor(marker: string) {
    this.#marker = Buffer.from(`${marker}\n`);
  }

  /** Whether the marker was seen. */
  get begun(): boolean {
    return this.#begun;
  }

  /** What came before the marker (its beginning). */
  get preamble(): string {
    return Buffer.concat([this.#preamble, this.#pending]).subarray(0, PREAMBLE_KEPT).toString('utf8');
  }

  /** @returns the part that belongs to the script, perhaps empty */
  push(chunk: Buffer): Buffer {
    if (this.#begun) return chunk;
    const text = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const at = text.indexOf(this.#marker);
    if (at >= 0) {
      this.#begun = true;
      this.#keep(text.subarray(0, at));
      this.#pending = Buffer.alloc(0);
      return text.subarray(at + this.#marker.length);
    }
    // The marker may be cut in two, so the last bytes wait for the next chunk.
    const settled = Math.max(0, text.length - this.#marker.length + 1);
    this.#keep(text.subarray(0, settled));
    this.#pending = Buffer.from(text.subarray(settled));
    return Buffer.alloc(0);
  }

  #keep(bytes: Buffer): void {
    const room = PREAMBLE_KEPT - this.#preamble.length;
    if (room > 0) this.#preamble = Buffer.concat([this.#preamble, bytes.subarray(0, room)]);
  }
}

/** Collects bytes up to a limit and drops the rest. */
export class CappedBytes {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #truncated = false;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get truncated(): boolean {
    return this.#truncated;
  }

  push(chunk: Buffer): void {
    const room = this.#limit - this.#length;
    if (chunk.length > room) this.#truncated = true;
    const kept = chunk.subarray(0, Math.max(0, room));
    if (kept.length === 0) return;
    this.#chunks.push(kept);
    this.#length += kept.length;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks, this.#length);
  }
}
