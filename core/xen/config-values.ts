/** Values of an xl configuration: between their notation in the file and what they mean. */

/** What a value means: text, a number, or a list of values. */
export type PlainValue = string | number | PlainValue[];

/** `dropped`: offsets of escapes by number, which xl reads and then leaves out. */
export type Unquoted =
  | { ok: true; text: string; dropped: number[] }
  | { ok: false; message: string; at: number };

const ESCAPES: Record<string, string> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** What follows the first digit of an escape by number, as far as xl takes it for one (decimal, whatever is meant). */
const REST_OF_NUMBER = /^[ \t\v\f\r]*[-+]?[0-9]+/;

/**
 * Takes a quoted text out of its quotes, as xl does: it knows the escapes of C but those by number, of which it takes
 * `\012` and the like and leaves them out of the text, and refuses all others.
 * @param quoted with its quotes
 */
export function unquote(quoted: string): Unquoted {
  // nearly every text
  if (!quoted.includes('\\')) return { ok: true, text: quoted.slice(1, -1), dropped: [] };
  let text = '';
  const dropped: number[] = [];
  for (let index = 1; index < quoted.length - 1; index += 1) {
    const character = quoted.charAt(index);
    if (character !== '\\') {
      text += character;
      continue;
    }
    index += 1;
    if (/[0-7]/.test(quoted.charAt(index))) {
      const taken = REST_OF_NUMBER.exec(quoted.slice(index + 1, index + 4))?.[0].length ?? 0;
      if (taken >= 2) {
        dropped.push(index - 1);
        index += taken;
        continue;
      }
    }
    const meant = ESCAPES[quoted.charAt(index)];
    if (meant === undefined) {
      return {
        ok: false,
        message: `After a backslash xl knows only \\ " ' a b f n r t v, not ${JSON.stringify(quoted.charAt(index))}.`,
        at: index - 1,
      };
    }
    text += meant;
  }
  return { ok: true, text, dropped };
}

/** True when a text can be written into a configuration: no control characters, which no key of ours needs. */
export function isWritable(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f || code === 0x2028 || code === 0x2029) return false;
  }
  return true;
}

/**
 * Puts a text into quotes so that xl (and xm, which is Python) reads exactly it and nothing breaks out.
 * @param preferred the quote to use unless the text holds it and not the other
 * @throws RangeError for control characters, a newline above all: check with {@link isWritable} before
 */
export function quoteText(text: string, preferred: '"' | "'" = '"'): string {
  if (!isWritable(text))
    throw new RangeError('A value of a Xen configuration holds no control characters and no newline.');
  const other = preferred === '"' ? "'" : '"';
  const quote = text.includes(preferred) && !text.includes(other) ? other : preferred;
  const escaped = text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`);
  return `${quote}${escaped}${quote}`;
}

const NUMBER = /^[ \t\n\v\f\r]*([-+]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/;

/** The number that xl sees in a text (decimal, 0octal or 0xhex, as C's strtol has it), or null if it sees none. */
export function numberOfText(text: string): number | null {
  const [, sign, hexadecimal, octal, decimal] = NUMBER.exec(text) ?? [];
  let number: number;
  if (hexadecimal !== undefined) number = Number.parseInt(hexadecimal, 16);
  else if (octal !== undefined) number = Number.parseInt(octal, 8);
  else if (decimal !== undefined) number = Number.parseInt(decimal, 10);
  else return null;
  if (!Number.isSafeInteger(number)) return null;
  return sign === '-' && number !== 0 ? -number : number;
}

/** The number that xl sees in a value, quoted or not. */
export function numberOf(value: PlainValue | undefined): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? numberOfText(value) : null;
}

/** True when two values mean the same to xl, which makes no difference between 5 and "5". */
export function sameValue(one: PlainValue, other: PlainValue): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => sameValue(item, other[index] ?? ''));
  }
  if (Array.isArray(one) || Array.isArray(other)) return false;
  return String(one) === String(other);
}
