import { shown } from '../storage/checked.ts';

/** Command lines as people paste them: split into words as a shell would, and written so that a shell reads the same. */

export type SplitWords = { ok: true; words: string[] } | { ok: false; message: string };

/** What a shell would act upon anywhere in a word. Brackets pass: the design document writes its optional parts in them. */
const SPECIAL = /[;&|<>()$`*?{}!]/;
/** And what it would act upon at the beginning of one. */
const SPECIAL_AT_START = /[~#]/;

/**
 * Splits a pasted command line into words. Quotes, backslashes and continued lines are understood; what a shell would expand or
 * run (`$`, backquotes, `;`, `|`, …) is refused, because nobody here expands it.
 */
export function splitWords(line: string): SplitWords {
  const words: string[] = [];
  let word: string | null = null;
  let index = 0;
  const add = (text: string) => {
    word = (word ?? '') + text;
  };
  while (index < line.length) {
    const character = line.charAt(index);
    index += 1;
    if (character === "'") {
      const end = line.indexOf("'", index);
      if (end < 0) return { ok: false, message: "A quote ' is not closed." };
      add(line.slice(index, end));
      index = end + 1;
    } else if (character === '"') {
      add('');
      let closed = false;
      while (index < line.length && !closed) {
        const inner = line.charAt(index);
        index += 1;
        if (inner === '"') closed = true;
        else if (inner === '\\' && /["\\$`\n]/.test(line.charAt(index))) {
          if (line.charAt(index) !== '\n') add(line.charAt(index));
          index += 1;
        } else if (inner === '$' || inner === '`') {
          return { ok: false, message: `A shell would expand ${inner} here; write what is meant instead.` };
        } else add(inner);
      }
      if (!closed) return { ok: false, message: 'A quote " is not closed.' };
    } else if (character === '\\') {
      if (/^\r?\n/.test(line.slice(index, index + 2))) index += line.charAt(index) === '\r' ? 2 : 1;
      else {
        add(line.charAt(index));
        index += 1;
      }
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (SPECIAL.test(character) || (word === null && SPECIAL_AT_START.test(character))) {
      return {
        ok: false,
        message: `A shell gives ${shown(character)} a meaning of its own; put it in quotes if it is meant.`,
      };
    } else add(character);
  }
  if (word !== null) words.push(word);
  return { ok: true, words };
}

/** Writes one word so that a POSIX shell reads exactly it. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Splits at commas. A backslash takes the meaning from the next character, as in Ganeti. */
export function splitCommas(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '\\' && index + 1 < text.length) {
      index += 1;
      part += text.charAt(index);
    } else if (character === ',') {
      parts.push(part);
      part = '';
    } else part += character;
  }
  parts.push(part);
  return parts.filter((each) => each !== '');
}

/** Writes a value so that {@link splitCommas} leaves it whole. */
export function escapeCommas(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll(',', '\\,');
}

/** A value of Ganeti's `key=value,flag,no_flag` lists. */
export type OptionValue = string | boolean;

/** Reads `key=value,flag,no_flag`. A key that comes twice is a problem. */
export function keyValues(text: string): { values: Map<string, OptionValue>; problems: string[] } {
  const values = new Map<string, OptionValue>();
  const problems: string[] = [];
  for (const part of splitCommas(text)) {
    const equals = part.indexOf('=');
    let key = (equals < 0 ? part : part.slice(0, equals)).trim();
    let value: OptionValue = equals < 0 ? true : part.slice(equals + 1);
    if (equals < 0 && key.startsWith('no_')) {
      key = key.slice(3);
      value = false;
    }
    if (values.has(key)) problems.push(`${shown(key)} is given twice.`);
    values.set(key, value);
  }
  return { values, problems };
}
