import {
  type ConfigTree,
  carriageReturn,
  getNumber,
  getSetting,
  type ListNode,
  parseConfig,
  plainValue,
  type SettingNode,
  settingsOf,
  type ValueNode,
} from './config-syntax.ts';
import { type PlainValue, quoteText, sameValue } from './config-values.ts';

/** Edits of a configuration. Each gives a new tree and changes no character outside the tokens of its own key. */

/** Replace `text.slice(start, end)` by `text`. */
type Change = { start: number; end: number; text: string };

function apply(tree: ConfigTree, changes: readonly Change[]): ConfigTree {
  if (changes.length === 0) return tree;
  let text = '';
  let offset = 0;
  for (const change of [...changes].sort((a, b) => a.start - b.start)) {
    text += tree.text.slice(offset, change.start) + change.text;
    offset = Math.max(offset, change.end);
  }
  const result = parseConfig(text + tree.text.slice(offset));
  // Every edit is made of valid tokens, so this is a mistake of ours and must not go on to a file.
  if (!result.ok)
    throw new Error(`An edit broke the configuration: ${result.error.message} (line ${result.error.line})`);
  return result.tree;
}

/** As on Windows only where xl refuses the text already: behind comments alone they harm nothing, and must not spread. */
function newlineOf(tree: ConfigTree): string {
  return carriageReturn(tree.text, tree.tokens) ? '\r\n' : '\n';
}

/**
 * Writes a value.
 * @param like the value that stood there: its quotes are kept
 */
function format(value: PlainValue, newline: string, like?: ValueNode): string {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`xl reads whole numbers from 0 up, not ${value}.`);
    return like?.kind === 'string' ? quoteText(String(value), like.quote) : String(value);
  }
  if (typeof value === 'string') return quoteText(value, like?.kind === 'string' ? like.quote : '"');
  if (value.length === 0) return '[]';
  const items = value.map((item) => format(item, newline));
  if (items.length === 1 && !Array.isArray(value[0])) return `[${items[0]}]`;
  return `[${newline}${items.map((item) => `    ${item},${newline}`).join('')}]`;
}

/** Space between items, taken from how the list is laid out. */
function gapOf(tree: ConfigTree, list: ListNode): string {
  const [first, second] = list.items;
  if (!first) return ' ';
  const comma = list.commas[0];
  const between = second && comma !== undefined ? tree.text.slice(comma + 1, second.start) : undefined;
  if (between !== undefined && /^\s*$/.test(between)) return between;
  const before = tree.text.slice(list.start + 1, first.start);
  return /^\s*\n[ \t]*$/.test(before) ? before : ' ';
}

function hasComment(tree: ConfigTree, start: number, end: number): boolean {
  return tree.tokens.some((token) => token.kind === 'comment' && token.start >= start && token.end <= end);
}

/** Takes out an item that has a comma after it. Comments around it stay. */
function removeItem(tree: ConfigTree, list: ListNode, index: number): Change[] {
  const item = list.items[index];
  const comma = list.commas[index];
  if (!item) return [];
  if (comma === undefined) return [{ start: item.start, end: item.end, text: '' }];
  const next = list.items[index + 1];
  const nothingBetween = next && /^\s*$/.test(tree.text.slice(comma + 1, next.start));
  const end = nothingBetween ? next.start : comma + 1;
  if (!hasComment(tree, item.end, comma)) return [{ start: item.start, end, text: '' }];
  return [
    { start: item.start, end: item.end, text: '' },
    { start: comma, end, text: '' },
  ];
}

/** Takes out the items from `kept` to the end. At least one stays. */
function removeTail(tree: ConfigTree, list: ListNode, kept: number): Change[] {
  const last = list.items.length - 1;
  const lastItem = list.items[last];
  const commaBefore = list.commas[kept - 1];
  const trailingComma = list.commas[last];
  if (
    lastItem &&
    commaBefore !== undefined &&
    !hasComment(tree, commaBefore, trailingComma ?? lastItem.end)
  ) {
    if (trailingComma === undefined) return [{ start: commaBefore, end: lastItem.end, text: '' }];
    return [{ start: commaBefore + 1, end: trailingComma + 1, text: '' }];
  }
  // Comments stand between. A comma may end a list, so the items alone can go.
  return list.items.slice(kept).flatMap((_, offset) => removeItem(tree, list, kept + offset));
}

/** A list that has comments and no items, before or after; the comments stay where they are. */
function fillOrEmpty(tree: ConfigTree, list: ListNode, wanted: readonly PlainValue[]): Change[] {
  if (wanted.length === 0) return list.items.flatMap((_, index) => removeItem(tree, list, index));
  const newline = newlineOf(tree);
  const text = wanted.map((value) => `    ${format(value, newline)},${newline}`).join('');
  // a comment ends with its line, so that the bracket stands on another one
  return [{ start: list.end - 1, end: list.end - 1, text }];
}

function changeList(tree: ConfigTree, list: ListNode, wanted: readonly PlainValue[]): Change[] {
  const newline = newlineOf(tree);
  const present = list.items.map(plainValue);
  if (present.length === 0 || wanted.length === 0) {
    if (present.length === 0 && wanted.length === 0) return [];
    if (hasComment(tree, list.start, list.end)) return fillOrEmpty(tree, list, wanted);
    return [{ start: list.start, end: list.end, text: format([...wanted], newline) }];
  }
  let head = 0;
  while (head < present.length && head < wanted.length && sameValue(present[head] ?? '', wanted[head] ?? ''))
    head += 1;
  let tail = 0;
  while (
    tail < present.length - head &&
    tail < wanted.length - head &&
    sameValue(present.at(-1 - tail) ?? '', wanted.at(-1 - tail) ?? '')
  ) {
    tail += 1;
  }
  const changes: Change[] = [];
  const removed = present.length - tail;
  const added = wanted.length - tail;
  let index = head;
  for (; index < removed && index < added; index += 1) {
    const item = list.items[index];
    const value = wanted[index] ?? '';
    if (item?.kind === 'list' && Array.isArray(value)) changes.push(...changeList(tree, item, value));
    else if (item) changes.push({ start: item.start, end: item.end, text: format(value, newline, item) });
  }
  if (tail === 0 && index < removed) changes.push(...removeTail(tree, list, index));
  else for (let gone = index; gone < removed; gone += 1) changes.push(...removeItem(tree, list, gone));
  const fresh = wanted.slice(index, added);
  if (fresh.length > 0) changes.push(insertion(tree, list, index, fresh));
  return changes;
}

function insertion(tree: ConfigTree, list: ListNode, index: number, fresh: readonly PlainValue[]): Change {
  const newline = newlineOf(tree);
  const gap = gapOf(tree, list);
  const model = list.items[0];
  const texts = fresh.map((value) => format(value, newline, model?.kind === 'string' ? model : undefined));
  const next = list.items[index];
  if (next)
    return { start: next.start, end: next.start, text: texts.map((text) => `${text},${gap}`).join('') };
  const trailingComma = list.commas[list.items.length - 1];
  if (trailingComma !== undefined) {
    const at = trailingComma + 1;
    return { start: at, end: at, text: texts.map((text) => `${gap}${text},`).join('') };
  }
  const at = list.items.at(-1)?.end ?? list.start + 1;
  return { start: at, end: at, text: texts.map((text) => `,${gap}${text}`).join('') };
}

function removalOf(tree: ConfigTree, setting: SettingNode): Change {
  const { text } = tree;
  const lineStart = text.lastIndexOf('\n', setting.start - 1) + 1;
  const before = text.slice(lineStart, setting.start);
  const after = /^[ \t]*(;[ \t]*)?(\r?\n|$)?/.exec(text.slice(setting.end));
  const end = setting.end + (after?.[0].length ?? 0);
  const endsLine = after?.[2] !== undefined;
  if (/^[ \t]*$/.test(before) && endsLine) return { start: lineStart, end, text: '' };
  // Other statements or a comment share the line: only this one goes, and the ";" after it.
  return { start: setting.start, end: endsLine ? end - (after?.[2] ?? '').length : end, text: '' };
}

/**
 * Gives a key a value. Text elsewhere stays as it is, and so do the layout and the comments of a list whose items change
 * in part. A key that is absent is added as a line at the end.
 * @throws RangeError for a key that is none, for control characters, for numbers that xl can't read
 */
export function setSetting(tree: ConfigTree, key: string, value: PlainValue): ConfigTree {
  if (!/^[a-z][_0-9a-z]*$/.test(key))
    throw new RangeError(`${JSON.stringify(key)} is not a key of an xl configuration.`);
  const present = getSetting(tree, key);
  // xl passes over a number behind "+=", whatever it is
  const isSeen = typeof value !== 'number' || getNumber(tree, key) === value;
  if (isSeen && present !== undefined && sameValue(present, value)) return tree;
  const newline = newlineOf(tree);
  const chain = settingsOf(tree, key);
  const [first, ...later] = chain;
  if (!first) {
    const end = tree.text.length;
    // A stray character is overlooked at the very end only: it can't stay before a new line.
    const last = tree.tokens.at(-1);
    const start = last?.kind === 'stray' ? last.start : end;
    const before = start === 0 || tree.text.charAt(start - 1) === '\n' ? '' : newline;
    return apply(tree, [{ start, end, text: `${before}${key} = ${format(value, newline)}${newline}` }]);
  }
  const changes = later.map((setting) => removalOf(tree, setting));
  if (first.operator === '+=' && !Array.isArray(value)) {
    const at = tree.text.indexOf('+=', first.start);
    changes.push({ start: at, end: at + 2, text: '=' });
  }
  if (first.value.kind === 'list' && Array.isArray(value))
    changes.push(...changeList(tree, first.value, value));
  else
    changes.push({
      start: first.value.start,
      end: first.value.end,
      text: format(value, newline, first.value),
    });
  return apply(tree, changes);
}

/** Takes every setting of a key out. */
export function removeSetting(tree: ConfigTree, key: string): ConfigTree {
  const changes = tree.settings
    .filter((setting) => setting.key === key)
    .map((setting) => removalOf(tree, setting));
  return apply(tree, changes);
}
