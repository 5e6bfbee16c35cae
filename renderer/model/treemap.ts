/** Rectangles whose areas are as their values: squarified (Bruls, Huizing, van Wijk), or side by side. Pure. */

export type Rect = { x: number; y: number; width: number; height: number };

const usable = (value: number): number => (Number.isFinite(value) && value > 0 ? value : 0);
const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

/** The worst ratio of sides in a row of areas that stands on a side of this length. */
const worstIn = (total: number, largest: number, smallest: number, side: number): number =>
  Math.max((side * side * largest) / (total * total), (total * total) / (side * side * smallest));

/** A row along the shorter side of what is free; answers with what is then free. */
const placeRow = (
  row: readonly { index: number; area: number }[],
  free: Rect,
  placed: (index: number, rect: Rect) => void,
): Rect => {
  const total = sum(row.map((each) => each.area));
  const upright = free.width >= free.height;
  const side = upright ? free.height : free.width;
  const thickness = Math.min(total / side, upright ? free.width : free.height);
  let at = 0;
  for (const [number, { index, area }] of row.entries()) {
    // the last one ends where the side ends, whatever was rounded before
    const length = number === row.length - 1 ? side - at : Math.min(area / thickness, side - at);
    placed(
      index,
      upright
        ? { x: free.x, y: free.y + at, width: thickness, height: length }
        : { x: free.x + at, y: free.y, width: length, height: thickness },
    );
    at += length;
  }
  return upright
    ? { ...free, x: free.x + thickness, width: Math.max(0, free.width - thickness) }
    : { ...free, y: free.y + thickness, height: Math.max(0, free.height - thickness) };
};

/**
 * One rectangle for each value, in the values' order, as square as can be; the largest at the left and the top. Values that are not
 * above 0 get an empty one.
 */
export const squarify = (values: readonly number[], within: Rect): Rect[] => {
  const rects: Rect[] = values.map(() => ({ x: within.x, y: within.y, width: 0, height: 0 }));
  const total = sum(values.map(usable));
  if (total === 0 || within.width <= 0 || within.height <= 0) return rects;
  const scale = (within.width * within.height) / total;
  const areas = values
    .map((value, index) => ({ index, area: usable(value) * scale }))
    .filter((each) => each.area > 0)
    .sort((a, b) => b.area - a.area || a.index - b.index);
  const placed = (index: number, rect: Rect) => {
    rects[index] = rect;
  };
  let free = within;
  let row: { index: number; area: number }[] = [];
  let rowTotal = 0;
  let worst = Number.POSITIVE_INFINITY;
  for (const next of areas) {
    const largest = row[0]?.area ?? next.area;
    const ratio = worstIn(rowTotal + next.area, largest, next.area, Math.min(free.width, free.height));
    if (row.length > 0 && ratio > worst) {
      free = placeRow(row, free, placed);
      row = [];
      rowTotal = 0;
      worst = worstIn(next.area, next.area, next.area, Math.min(free.width, free.height));
    } else worst = ratio;
    row.push(next);
    rowTotal += next.area;
  }
  placeRow(row, free, placed);
  return rects;
};

/** One rectangle for each value, in the values' order, side by side along the longer side. */
export const slice = (values: readonly number[], within: Rect): Rect[] => {
  const total = sum(values.map(usable));
  const across = within.width >= within.height;
  let at = 0;
  return values.map((value) => {
    const share = total === 0 ? 0 : usable(value) / total;
    const start = at;
    at += share;
    return across
      ? { ...within, x: within.x + start * within.width, width: share * within.width }
      : { ...within, y: within.y + start * within.height, height: share * within.height };
  });
};

export type Direction = 'left' | 'right' | 'up' | 'down';

/** Which rectangle lies next to one in this direction: the nearest, those that are level with it first. Null: none. */
export const neighbourOf = (rects: readonly Rect[], from: number, direction: Direction): number | null => {
  const start = rects[from];
  if (!start) return null;
  const across = direction === 'left' || direction === 'right';
  const back = direction === 'left' || direction === 'up';
  const spanOf = (rect: Rect, along: boolean): [number, number] =>
    along ? [rect.x, rect.x + rect.width] : [rect.y, rect.y + rect.height];
  const [near, far] = spanOf(start, across);
  const [sideNear, sideFar] = spanOf(start, !across);
  let best: number | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const [index, rect] of rects.entries()) {
    if (index === from || rect.width <= 0 || rect.height <= 0) continue;
    const [low, high] = spanOf(rect, across);
    // boxes share their edges, and rounding moves those a little
    const gap = back ? near - high : low - far;
    if (gap < -1) continue;
    const [sideLow, sideHigh] = spanOf(rect, !across);
    const aside = Math.max(0, sideLow - sideFar, sideNear - sideHigh);
    const overlaps = Math.min(sideFar, sideHigh) - Math.max(sideNear, sideLow) > 1;
    // from its near edge, so that the first of several beside it is taken
    const cost = Math.max(0, gap) + (overlaps ? 0 : 10_000 + 3 * aside) + Math.abs(sideLow - sideNear) / 1000;
    if (cost < bestCost) {
      best = index;
      bestCost = cost;
    }
  }
  return best;
};
