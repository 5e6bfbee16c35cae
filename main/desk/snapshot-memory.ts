/** Keeps each cluster's last snapshot on the disk, for working offline. A large one takes time to write, so it is written seldom. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';

/** Pause between two writes, ms. What came in between is written then, or when the app ends. */
const pauseMs = 30_000;

export class SnapshotMemory {
  readonly #save: (snapshot: Snapshot) => Promise<void>;
  readonly #waiting = new Map<string, Snapshot>();
  #timer: NodeJS.Timeout | null = null;
  #lastWrite = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();

  constructor(save: (snapshot: Snapshot) => Promise<void>) {
    this.#save = save;
  }

  /** The newest snapshot of each cluster wins. A write that fails is no loss but of a memory. */
  keep(snapshot: Snapshot): void {
    this.#waiting.set(snapshot.cluster.name, snapshot);
    const wait = Math.max(0, this.#lastWrite + pauseMs - performance.now());
    this.#timer ??= setTimeout(() => void this.flush(), wait).unref();
  }

  /** Resolves when nothing of the cluster is being written any more, and nothing will be. */
  async forget(cluster: string): Promise<void> {
    this.#waiting.delete(cluster);
    await this.#writing;
  }

  /** Resolves when everything is written. */
  flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#lastWrite = performance.now();
    this.#writing = this.#writing.then(async () => {
      const snapshots = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const snapshot of snapshots) await this.#save(snapshot).catch(() => undefined);
    });
    return this.#writing;
  }
}
