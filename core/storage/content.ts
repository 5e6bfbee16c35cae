/**
 * What is in an image, without what is not: blocks of 1 MiB that hold anything but zeros, each with its SHA-256. Two files with
 * the same content have the same manifest, however much of them is holes. 1 MiB: smaller ones cost a process each on the node for
 * little data, larger ones make a file whose data is scattered mostly zeros to be read.
 */

export const BLOCK_BYTES = 1 << 20;

/** Bytes of a file that are stored; everything else reads as zeros. */
export type Extent = { offset: number; length: number };

export type Manifest = {
  /** length of the file */
  size: number;
  /** SHA-256 (hex) by the block's number, ascending; blocks of zeros are missing */
  blocks: ReadonlyMap<number, string>;
};

/** The text whose SHA-256 is the content hash: the size, then "number hash" for each block that holds something. */
export function* manifestText({ size, blocks }: Manifest): Generator<string> {
  yield `${size}\n`;
  for (const [index, hash] of blocks) yield `${index} ${hash}\n`;
}

/**
 * What a copy is told to do, in this order.
 * - `punch`: these bytes become a hole
 * - `sparse`: these bytes of the source, over a hole; zeros among them are left out
 * - `dense`: these bytes of the source, zeros included
 */
export type Frame = Extent & { mode: 'punch' | 'sparse' | 'dense' };

/** The most in one frame: a frame is the step in which progress is told and a cancel is heard. */
const frameBytes = 16 << 20;
/** Holes smaller than this inside what is sent cost less as zeros than as a frame of their own. */
const gapBytes = 128 << 10;

const blockEnd = (index: number, size: number): number => Math.min(size, (index + 1) * BLOCK_BYTES);

/** Neighbours become one. */
const merged = (indexes: readonly number[], size: number): Extent[] => {
  const found: Extent[] = [];
  for (const index of indexes) {
    const last = found.at(-1);
    const offset = index * BLOCK_BYTES;
    const length = blockEnd(index, size) - offset;
    if (last && last.offset + last.length === offset) last.length += length;
    else found.push({ offset, length });
  }
  return found;
};

/** The parts of `ranges` that are stored, with small holes between them filled in. Both ascending. */
const stored = (ranges: readonly Extent[], extents: readonly Extent[]): Extent[] => {
  const found: Extent[] = [];
  let at = 0;
  for (const range of ranges) {
    const end = range.offset + range.length;
    while (at > 0 && (extents[at]?.offset ?? Number.POSITIVE_INFINITY) > range.offset) at -= 1;
    let last: Extent | null = null;
    for (; at < extents.length; at += 1) {
      const extent = extents[at];
      if (!extent || extent.offset >= end) break;
      const from = Math.max(extent.offset, range.offset);
      const length = Math.min(extent.offset + extent.length, end) - from;
      if (length <= 0) continue;
      if (last && from - (last.offset + last.length) <= gapBytes) last.length = from + length - last.offset;
      else {
        last = { offset: from, length };
        found.push(last);
      }
    }
  }
  return found;
};

const cut = (ranges: readonly Extent[], mode: Frame['mode'], limit: number): Frame[] =>
  ranges.flatMap(({ offset, length }) => {
    const frames: Frame[] = [];
    for (let done = 0; done < length; done += limit)
      frames.push({ mode, offset: offset + done, length: Math.min(limit, length - done) });
    return frames;
  });

/**
 * What makes the target's content that of the source. Both files have the same length already.
 * @param there what the target holds now
 * @param canPunch whether the target's file system makes holes again
 */
export const framesBetween = (
  source: Manifest & { extents: readonly Extent[] },
  there: Manifest['blocks'],
  canPunch: boolean,
): Frame[] => {
  const { size } = source;
  const differing: number[] = [];
  const stale: number[] = [];
  for (const [index, hash] of source.blocks) {
    const found = there.get(index);
    if (found === hash) continue;
    differing.push(index);
    if (found !== undefined) stale.push(index);
  }
  for (const index of there.keys()) if (!source.blocks.has(index)) stale.push(index);
  stale.sort((a, b) => a - b);
  if (canPunch || stale.length === 0)
    return [
      ...cut(merged(stale, size), 'punch', Number.POSITIVE_INFINITY),
      ...cut(stored(merged(differing, size), source.extents), 'sparse', frameBytes),
    ];
  const over = new Set(stale);
  const fresh = differing.filter((index) => !over.has(index));
  return [
    ...cut(merged(stale, size), 'dense', frameBytes),
    ...cut(stored(merged(fresh, size), source.extents), 'sparse', frameBytes),
  ];
};

/** Bytes that travel. */
export const bytesOf = (frames: readonly Frame[]): number =>
  frames.reduce((sum, each) => sum + (each.mode === 'punch' ? 0 : each.length), 0);
