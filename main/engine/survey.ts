/** Reads what a node prints of a file's content (main/node/copy-scripts.ts "survey"). */
import { createHash } from 'node:crypto';
import { BLOCK_BYTES, type Extent, type Manifest, manifestText } from '../../core/storage/content.ts';

export type Survey = Manifest & {
  /** changes when somebody writes to the file, or puts another one in its place */
  state: string;
  allocated: number;
  extents: Extent[];
};

export class SurveyError extends Error {}

export const contentHash = (manifest: Manifest): string => {
  const hash = createHash('sha256');
  let text = '';
  for (const line of manifestText(manifest)) {
    text += line;
    if (text.length < 65536) continue;
    hash.update(text);
    text = '';
  }
  return hash.update(text).digest('hex');
};

/** Takes the output piece by piece. `read` is told how many bytes of how many were looked at. */
export class SurveyReader {
  readonly #read: (done: number, total: number) => void;
  readonly #extents: Extent[] = [];
  readonly #blocks = new Map<number, string>();
  #state = '';
  #size = -1;
  #allocated = 0;
  #section: 'head' | 'map' | 'blocks' | 'end' = 'head';
  #rest = '';
  #last = -1;
  /** extents that were read to their end */
  #passed = 0;
  #passedBytes = 0;
  #total = 0;

  constructor(read: (done: number, total: number) => void) {
    this.#read = read;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    if (this.#section === 'blocks') this.#tell();
  }

  #tell(): void {
    const at = (this.#last + 1) * BLOCK_BYTES;
    let next = this.#extents[this.#passed];
    while (next && next.offset + next.length <= at) {
      this.#passedBytes += next.length;
      this.#passed += 1;
      next = this.#extents[this.#passed];
    }
    const partly = next && next.offset < at ? at - next.offset : 0;
    this.#read(this.#passedBytes + partly, this.#total);
  }

  #line(line: string): void {
    const words = line.split(' ');
    if (this.#section === 'head' && words[0] === 'state' && words.length === 5) {
      this.#state = words.slice(1).join(' ');
      this.#size = Number(words[1]);
    } else if (this.#section === 'head' && words[0] === 'allocated') this.#allocated = Number(words[1]);
    else if (this.#section === 'head' && line === 'map') this.#section = 'map';
    else if (this.#section === 'map' && line === 'blocks') this.#section = 'blocks';
    else if (this.#section === 'map' && /^\d+ \d+$/.test(line)) {
      const extent = { offset: Number(words[0]), length: Number(words[1]) };
      this.#extents.push(extent);
      this.#total += extent.length;
    } else if (this.#section === 'blocks' && line === 'end') this.#section = 'end';
    else if (this.#section === 'blocks' && /^\d+ [0-9a-f]{64}$/.test(line)) {
      this.#last = Number(words[0]);
      this.#blocks.set(this.#last, words[1] ?? '');
    } else throw new SurveyError(`the node printed ${JSON.stringify(line.slice(0, 200))}`);
  }

  /** Throws when the file was not read to its end. */
  end(): Survey {
    if (this.#section !== 'end' || this.#rest !== '' || !Number.isSafeInteger(this.#size) || this.#size < 0)
      throw new SurveyError('the file was not read to its end');
    return {
      state: this.#state,
      size: this.#size,
      allocated: this.#allocated,
      extents: this.#extents,
      blocks: this.#blocks,
    };
  }
}
