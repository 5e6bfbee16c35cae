/** Entries of the form `key=value, key=value`, as in `vif` and `vfb`: one part changed, the others and the spaces as they were. */

const keyOf = (part: string): string => {
  const equals = part.indexOf('=');
  return equals < 0 ? '' : part.slice(0, equals).trim();
};

/** The value of a part; undefined where there is none. The last one counts. */
export const partOf = (entry: string, key: string): string | undefined => {
  const part = entry.split(',').findLast((each) => keyOf(each) === key);
  return part?.slice(part.indexOf('=') + 1).trim();
};

/**
 * Changes parts of an entry.
 * @param change the new value by key; null takes the part out
 * @throws RangeError for a value that would become several parts
 */
export const editParts = (entry: string, change: Readonly<Record<string, string | null>>): string => {
  let parts = entry.trim() === '' ? [] : entry.split(',');
  for (const [key, value] of Object.entries(change)) {
    if (value !== null && /,|^\s|\s$/.test(value))
      throw new RangeError(
        `${JSON.stringify(value)} can't be ${key}: it holds a comma, or a space at an end.`,
      );
    const at = parts.findLastIndex((each) => keyOf(each) === key);
    if (value === null) {
      const [first = ''] = parts;
      parts = parts.filter((each) => keyOf(each) !== key);
      // The first part has no space before it, whatever the others have.
      if (parts[0] !== undefined && parts[0] !== first) parts[0] = parts[0].trimStart();
      continue;
    }
    if (at >= 0) {
      const old = parts[at] ?? '';
      if (old.slice(old.indexOf('=') + 1).trim() === value) continue;
      parts[at] = `${old.slice(0, old.indexOf('=') + 1)}${value}`;
    } else {
      const space =
        parts.length > 1 ? (/^\s*/.exec(parts[1] ?? '')?.[0] ?? '') : parts.length === 1 ? ' ' : '';
      parts.push(`${space}${key}=${value}`);
    }
  }
  return parts.join(',');
};
