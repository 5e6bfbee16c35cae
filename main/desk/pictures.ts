/**
 * What the nodes showed before and after each run, of that which it touches: beside its file in the journal, compressed. A picture that
 * could not be taken or kept is missing later, and nothing else depends on it.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { Plan } from '../../core/plan/plan.ts';
import type { Run } from '../../core/plan/run.ts';
import { nodesTouched, partOf, type RunPart, runPart } from '../../core/plan/run-part.ts';
import { writeFileAtomically } from '../library/atomic-file.ts';

export type Moment = 'before' | 'after';

/** How long nodes get to answer after a run, ms: the run itself has ended, and nobody waits for more. */
const answerMs = 20_000;
/** How long the end of VBDesk waits for that, ms. */
const settleMs = 5000;
/** Of a file that says it is small, no more than this is unpacked: a picture is some KiB. */
const atMostBytes = 64 << 20;

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** What these nodes answered after the run had come to rest, or will within so many ms. */
type Look = (nodes: readonly string[], atMostMs: number) => Promise<Snapshot>;

export class Pictures {
  readonly #directory: string;
  readonly #pending = new Map<string, Promise<void>>();
  /** when runs came to rest whose pictures were taken: each rest once */
  readonly #taken = new Map<string, number>();

  /** @param directory that of the journal */
  constructor(directory: string) {
    this.#directory = directory;
  }

  #file(run: string, moment: Moment): string {
    if (!/^[a-z0-9]{1,64}$/.test(run)) throw new Error(`"${run}" is not the id of a run.`);
    // another ending than the journal's own files have
    return path.join(this.#directory, `${run}.${moment}.gz`);
  }

  async #keep(run: string, moment: Moment, part: RunPart): Promise<void> {
    await writeFileAtomically(this.#file(run, moment), await compress(JSON.stringify(part)));
  }

  async before(plan: Plan, snapshot: Snapshot): Promise<void> {
    await this.#keep(plan.run, 'before', partOf(snapshot, plan));
  }

  /** Nobody waits for it but whoever asks `read`. */
  after(run: Run, look: Look): void {
    const { id, endedAt } = run;
    // where an outcome is not known, what is seen now is not what it comes to
    if (endedAt === null || ['running', 'cut-off', 'unknown'].includes(run.state)) return;
    if (this.#taken.get(id) === endedAt) return;
    this.#taken.set(id, endedAt);
    const nodes = nodesTouched(run);
    if (nodes.length === 0) return;
    const take = async (): Promise<void> => {
      const part = partOf(await look(nodes, answerMs), run.plan, endedAt);
      await this.#keep(id, 'after', {
        ...part,
        nodes: part.nodes.filter(({ name }) => nodes.includes(name)),
      });
    };
    const taking = take()
      .catch(() => undefined)
      .finally(() => this.#pending.delete(id));
    this.#pending.set(id, taking);
  }

  /** Null when there is none, or none that can be read. */
  async read(run: string, moment: Moment): Promise<RunPart | null> {
    await this.#pending.get(run);
    try {
      const text = await expand(await readFile(this.#file(run, moment)), { maxOutputLength: atMostBytes });
      return runPart.parse(JSON.parse(text.toString()));
    } catch {
      return null;
    }
  }

  /** Resolves when those that are being taken are kept, or soon: whoever ends VBDesk is not kept waiting by a silent node. */
  async settled(): Promise<void> {
    if (this.#pending.size === 0) return;
    await Promise.race([
      Promise.all(this.#pending.values()),
      new Promise((resolve) => setTimeout(resolve, settleMs).unref()),
    ]);
  }
}
