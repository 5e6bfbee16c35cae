/** "Did you mean …": the known names that are close to one that is not known. */

/** Insertions, deletions, replacements and swaps of neighbours between two texts. */
const distance = (a: string, b: string): number => {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
};

/** Names that may be meant, closest first, at most three. */
export const closeNames = (given: string, known: readonly string[]): string[] => {
  // names are short; what is longer is no slip of the finger
  if (given === '' || given.length > 80) return [];
  const word = given.toLowerCase();
  return known
    .map((name) => {
      const other = name.toLowerCase();
      const begins = other.startsWith(word) || word.startsWith(other);
      return { name, score: begins ? 1 : distance(word, other.slice(0, 80)) };
    })
    .filter(({ score }) => score <= Math.max(1, Math.floor(word.length / 3)))
    .toSorted((a, b) => a.score - b.score)
    .slice(0, 3)
    .map(({ name }) => name);
};

/** What follows a sentence that says that a name is not known: the close ones, else all of them if they are few. */
export const hintOf = (given: string, known: readonly string[], none: string): string => {
  const close = closeNames(given, known);
  if (close.length > 0) return `Did you mean ${close.join(' or ')}?`;
  if (known.length === 0) return none;
  return known.length <= 12
    ? `Known: ${known.join(', ')}.`
    : `Known: ${known.slice(0, 12).join(', ')} and ${known.length - 12} more.`;
};
