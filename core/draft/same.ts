/** Whether two pieces of data say the same. */

/** As text, with keys in one order, and none without a value: a draft's file and a journal leave them out. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : each,
  );

export const isSame = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);
