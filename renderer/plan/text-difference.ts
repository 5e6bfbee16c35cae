/** Line by line difference of two small texts (configuration files, records). */

export type DifferenceLine = { kind: 'same' | 'gone' | 'new'; text: string };

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Longest common subsequence: quadratic, so texts of more than 2,000 lines are shown as wholly replaced. */
export const textDifference = (before: string, after: string): DifferenceLine[] => {
  const a = linesOf(before);
  const b = linesOf(after);
  if (a.length > 2000 || b.length > 2000)
    return [
      ...a.map((text) => ({ kind: 'gone' as const, text })),
      ...b.map((text) => ({ kind: 'new' as const, text })),
    ];
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const result: DifferenceLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left !== undefined && left === right) {
      result.push({ kind: 'same', text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      result.push({ kind: 'gone', text: left });
      i += 1;
    } else if (right !== undefined) {
      result.push({ kind: 'new', text: right });
      j += 1;
    }
  }
  return result;
};
