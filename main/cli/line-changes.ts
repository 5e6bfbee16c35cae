/** Which lines a text gains and loses, for people who review a file before it is written. */

export type LineChange = { sign: '+' | '-' | ' '; text: string };

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Unchanged lines further than this from a change are left out. */
const context = 2;
/** Beyond this many lines (both texts multiplied) all is shown as replaced, rather than compared. */
const comparedAtMost = 4_000_000;

/** Lengths of the longest common subsequence of the rests of both texts. */
const commonLengths = (before: readonly string[], after: readonly string[]): Uint32Array[] => {
  const rows = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const row = rows[i];
      const next = rows[i + 1];
      if (!row || !next) continue;
      row[j] = before[i] === after[j] ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
    }
  return rows;
};

const allChanges = (before: readonly string[], after: readonly string[]): LineChange[] => {
  if (before.length * after.length > comparedAtMost)
    return [
      ...before.map((text) => ({ sign: '-' as const, text })),
      ...after.map((text) => ({ sign: '+' as const, text })),
    ];
  const common = commonLengths(before, after);
  const changes: LineChange[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const [old, now] = [before[i], after[j]];
    if (old !== undefined && old === now) {
      changes.push({ sign: ' ', text: old });
      i += 1;
      j += 1;
    } else if (
      old !== undefined &&
      (now === undefined || (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0))
    ) {
      changes.push({ sign: '-', text: old });
      i += 1;
    } else if (now !== undefined) {
      changes.push({ sign: '+', text: now });
      j += 1;
    }
  }
  return changes;
};

/** Lost and gained lines in order, with a few unchanged ones around them. */
export const changedLines = (before: string, after: string): LineChange[] => {
  const changes = allChanges(linesOf(before), linesOf(after));
  const near = changes.map((_, index) =>
    changes.slice(Math.max(0, index - context), index + context + 1).some((each) => each.sign !== ' '),
  );
  return changes.flatMap((change, index) => {
    if (near[index]) return [change];
    return near[index - 1] ? [{ sign: ' ' as const, text: '…' }] : [];
  });
};
