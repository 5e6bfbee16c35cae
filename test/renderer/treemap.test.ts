/** Boxes of the map of images: areas as the values, inside, none over another. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neighbourOf, type Rect, slice, squarify } from '../../renderer/model/treemap.ts';

const side = fc.integer({ min: 20, max: 4000 });
const within = fc.record({ x: fc.integer({ min: -50, max: 500 }), y: side, width: side, height: side });
const values = fc.array(fc.oneof(fc.integer({ min: 1, max: 2 ** 45 }), fc.constant(0)), { maxLength: 60 });

const areaOf = (rect: Rect): number => rect.width * rect.height;
const overlap = (a: Rect, b: Rect): number =>
  Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)) *
  Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));

describe.each([
  { name: 'squarify', place: squarify },
  { name: 'slice', place: slice },
])('$name', ({ place }) => {
  it('gives each value its share of the area, inside and over no other', () => {
    fc.assert(
      fc.property(values, within, (amounts, frame) => {
        const rects = place(amounts, frame);
        expect(rects).toHaveLength(amounts.length);
        const total = amounts.reduce((all, each) => all + each, 0);
        const whole = areaOf(frame);
        for (const [index, rect] of rects.entries()) {
          const share = total === 0 ? 0 : (amounts[index] ?? 0) / total;
          expect(Math.abs(areaOf(rect) - share * whole)).toBeLessThan(whole * 1e-6);
          if (areaOf(rect) === 0) continue;
          expect(rect.x).toBeGreaterThanOrEqual(frame.x - 1e-6);
          expect(rect.y).toBeGreaterThanOrEqual(frame.y - 1e-6);
          expect(rect.x + rect.width).toBeLessThanOrEqual(frame.x + frame.width + 1e-6);
          expect(rect.y + rect.height).toBeLessThanOrEqual(frame.y + frame.height + 1e-6);
          for (const other of rects.slice(index + 1)) expect(overlap(rect, other)).toBeLessThan(whole * 1e-6);
        }
      }),
    );
  });
});

it('makes boxes of like values nearly square', () => {
  const rects = squarify(
    Array.from({ length: 12 }, () => 5),
    { x: 0, y: 0, width: 400, height: 300 },
  );
  for (const { width, height } of rects) expect(Math.max(width / height, height / width)).toBeLessThan(1.6);
});

it('gives values that are no amount an empty box', () => {
  const frame = { x: 3, y: 4, width: 100, height: 50 };
  const rects = squarify([Number.NaN, -4, 0, 7], frame);
  expect(rects.slice(0, 3).map(areaOf)).toEqual([0, 0, 0]);
  expect(rects[3]).toEqual(frame);
  expect(squarify([1, 2], { ...frame, width: 0 }).map(areaOf)).toEqual([0, 0]);
});

it('finds the box beside another, and each box can be reached from each', () => {
  const grid = [0, 1, 2, 3].map((index) => ({
    x: 50 * (index % 2),
    y: 50 * Math.floor(index / 2),
    width: 50,
    height: 50,
  }));
  expect(neighbourOf(grid, 0, 'right')).toBe(1);
  expect(neighbourOf(grid, 0, 'down')).toBe(2);
  expect(neighbourOf(grid, 3, 'left')).toBe(2);
  expect(neighbourOf(grid, 3, 'up')).toBe(1);
  expect(neighbourOf(grid, 1, 'right')).toBe(null);
  expect(neighbourOf(grid, 9, 'right')).toBe(null);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 14 }), (amounts) => {
      const rects = squarify(amounts, { x: 0, y: 0, width: 600, height: 300 });
      const reached = new Set([0]);
      for (const at of reached)
        for (const direction of ['left', 'right', 'up', 'down'] as const) {
          const next = neighbourOf(rects, at, direction);
          if (next !== null) reached.add(next);
        }
      expect(reached.size).toBe(rects.length);
    }),
  );
});
