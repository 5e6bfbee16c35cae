/** Splits the text of an xl configuration into tokens that, put together again, are the text. */

export type TokenKind =
  | 'space'
  | 'newline'
  | 'comment'
  | 'identifier'
  | 'number'
  | 'string'
  | 'punctuation'
  | 'stray';

/** One token (`stray`: one character at the very end that xl does not see): `text.slice(start, end)` of the source. */
export type Token = { kind: TokenKind; start: number; end: number };

/** A mistake in a configuration. Line and column count from 1, the offset from 0, in UTF-16 units. */
export type ConfigError = { message: string; line: number; column: number; offset: number };

export type LexResult = { ok: true; tokens: Token[] } | { ok: false; error: ConfigError };

// Sticky, linear patterns: none of them can backtrack over more than it has read once.
const PATTERNS: readonly [TokenKind, RegExp][] = [
  ['space', /[ \t]+/y],
  ['newline', /\r?\n/y],
  ['comment', /#[^\n\r]*(?:\r(?!\n)[^\n\r]*)*/y],
  ['identifier', /[a-z][_0-9a-z]*/y],
  ['number', /[0-9][0-9a-fx]*/y],
  ['string', /'(?:[^'\\\n]|\\[^\n])*'|"(?:[^"\\\n]|\\[^\n])*"/y],
  ['punctuation', /\+=|[=,;[\]]/y],
];

/** The place of an offset in a text, for people: line and column from 1. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (
    let newline = text.indexOf('\n');
    newline >= 0 && newline < offset;
    newline = text.indexOf('\n', newline + 1)
  ) {
    line += 1;
    lineStart = newline + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

/** Makes the error for a place in a text. */
export function errorAt(text: string, offset: number, message: string): ConfigError {
  return { message, offset, ...placeOf(text, offset) };
}

function explain(text: string, offset: number): string {
  const character = text.charAt(offset);
  if (character === "'" || character === '"') return `This text in quotes is not closed on its line.`;
  if (character === '\r') return 'A carriage return may stand only at the end of a line.';
  if (/[A-Z_]/.test(character))
    return 'A key begins with a small letter and holds small letters, digits and "_".';
  if (/[-+.():%]/.test(character)) {
    return `"${character}" can't stand outside quotes: xl reads no Python expressions and no negative numbers.`;
  }
  return `The character ${JSON.stringify(character)} can't stand outside quotes.`;
}

/** Tokenises. Never throws, in time linear to the text. */
export function lex(text: string): LexResult {
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < text.length) {
    let found = false;
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = offset;
      if (!pattern.test(text)) continue;
      tokens.push({ kind, start: offset, end: pattern.lastIndex });
      offset = pattern.lastIndex;
      found = true;
      break;
    }
    // xl's scanner waits for the rest of what it can't read, and at the end of the file there is none.
    if (!found && offset === text.length - 1 && text.charCodeAt(offset) < 0x80) {
      tokens.push({ kind: 'stray', start: offset, end: text.length });
      break;
    }
    if (!found) return { ok: false, error: errorAt(text, offset, explain(text, offset)) };
  }
  return { ok: true, tokens };
}
