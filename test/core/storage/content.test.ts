import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BLOCK_BYTES,
  bytesOf,
  type Extent,
  type Frame,
  framesBetween,
  manifestText,
} from '../../../core/storage/content.ts';

/** Sectors of 4 KiB stand for bytes, so that whole files fit into a test: 0 is zeros, any other number is some content. */
const unit = 4096;
const perBlock = BLOCK_BYTES / unit;
type Image = number[];

const blocksOf = (image: Image): Map<number, string> => {
  const found = new Map<number, string>();
  for (let at = 0; at < image.length; at += perBlock) {
    const block = image.slice(at, at + perBlock);
    if (block.some((each) => each !== 0)) found.set(at / perBlock, block.join(','));
  }
  return found;
};

/** What is stored: all content, and here and there zeros as well. */
const extentsOf = (image: Image, stored: (at: number) => boolean): Extent[] => {
  const found: Extent[] = [];
  for (const [at, value] of image.entries()) {
    if (value === 0 && !stored(at)) continue;
    const last = found.at(-1);
    if (last && last.offset + last.length === at * unit) last.length += unit;
    else found.push({ offset: at * unit, length: unit });
  }
  return found;
};

/** As the nodes do it. `sparse` leaves zeros out, so over old content it would be wrong. */
const apply = (frames: readonly Frame[], source: Image, target: Image): Image => {
  const result = [...target];
  for (const { mode, offset, length } of frames)
    for (let at = offset / unit; at < (offset + length) / unit; at += 1) {
      const value = source[at] ?? 0;
      if (mode === 'punch') result[at] = 0;
      else if (mode === 'dense' || value !== 0) result[at] = value;
    }
  return result;
};

const image = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ value: fc.constant(0), length: fc.integer({ min: 1, max: 700 }) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          value: fc.integer({ min: 1, max: 3 }),
          length: fc.integer({ min: 1, max: 300 }),
        }),
      },
    ),
    { maxLength: 12 },
  )
  .map((runs) => runs.flatMap(({ value, length }) => Array.from({ length }, () => value)));

const resized = (target: Image, length: number): Image => Array.from({ length }, (_, at) => target[at] ?? 0);

describe('what is sent', () => {
  test('makes any target equal to any source, in bounded frames, and nothing is sent when it is', () => {
    fc.assert(
      fc.property(
        image,
        image,
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        (source, other, canPunch, every) => {
          const target = resized(other, source.length);
          const manifest = {
            size: source.length * unit,
            blocks: blocksOf(source),
            extents: extentsOf(source, (at) => at % every === 0),
          };
          const frames = framesBetween(manifest, blocksOf(target), canPunch);
          expect(apply(frames, source, target)).toEqual(source);
          for (const { mode, offset, length } of frames) {
            expect(length).toBeGreaterThan(0);
            expect(offset + length).toBeLessThanOrEqual(manifest.size);
            if (mode !== 'punch') expect(length).toBeLessThanOrEqual(16 << 20);
          }
          if (!canPunch) expect(frames.every((each) => each.mode !== 'punch')).toBe(true);
          expect(framesBetween(manifest, blocksOf(source), canPunch)).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('to a fresh file is what is stored, and no more than small gaps besides', () => {
    const source = resized([], 100 * perBlock);
    for (const at of [0, 1, 500, 501, 502, 90 * perBlock]) source[at] = 7;
    const extents = extentsOf(source, () => false);
    const frames = framesBetween(
      { size: source.length * unit, blocks: blocksOf(source), extents },
      new Map(),
      true,
    );
    expect(frames.map((each) => each.mode)).toEqual(['sparse', 'sparse', 'sparse']);
    expect(bytesOf(frames)).toBe(6 * unit);
  });
});

test('the text that is hashed holds the size and every block', () => {
  expect(
    [
      ...manifestText({
        size: 5,
        blocks: new Map([
          [0, 'aa'],
          [7, 'bb'],
        ]),
      }),
    ].join(''),
  ).toBe('5\n0 aa\n7 bb\n');
});
