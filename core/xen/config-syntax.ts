import { type ConfigError, errorAt, lex, type Token } from './config-lexer.ts';
import { numberOf, numberOfText, type PlainValue, unquote } from './config-values.ts';

/**
 * The concrete syntax tree of an xl configuration: its text, and where in it which setting stands. Nothing is lost:
 * printing an unedited tree gives the text back byte for byte.
 *
 * Grammar: statements parted by newlines or `;`, each `key = value` or `key += value`; a value is a text in either quote, a
 * number (decimal, 0octal, 0xhex) or a list in brackets, which may be nested, go over several lines and end in a comma.
 */

/** Offsets `start` and `end` are into the tree's text. */
export type ValueNode =
  | { kind: 'string'; start: number; end: number; text: string; quote: '"' | "'" }
  | { kind: 'number'; start: number; end: number; text: string }
  | { kind: 'list'; start: number; end: number; items: ValueNode[]; commas: number[] };

export type ListNode = Extract<ValueNode, { kind: 'list' }>;

export type SettingNode = {
  key: string;
  operator: '=' | '+=';
  value: ValueNode;
  start: number;
  end: number;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
};

export type ConfigTree = {
  text: string;
  tokens: Token[];
  settings: SettingNode[];
  /** What we read but xl would refuse or read otherwise. */
  warnings: ConfigWarning[];
};

/** `refused`: xl reads none of the file. */
export type ConfigWarning = ConfigError & { refused: boolean };

export type ParseResult = { ok: true; tree: ConfigTree } | { ok: false; error: ConfigError };

/** Deeper nesting than this is refused; xl itself uses two levels. */
const MAXIMUM_DEPTH = 50;

/** Carries a mistake out of the recursive descent; never leaves this file. */
class Mistake extends Error {
  readonly error: ConfigError;

  constructor(error: ConfigError) {
    super(error.message);
    this.error = error;
  }
}

class Parser {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private position = 0;
  private line = 1;
  private lineStart = 0;
  /** The newline that ends the line counted last; looked for once, however much stands in the line. */
  private newline: number;
  /** Where the first escape stands that xl leaves out. */
  dropped: number | undefined;

  constructor(text: string, tokens: readonly Token[]) {
    this.text = text;
    this.tokens = tokens;
    this.newline = text.indexOf('\n');
  }

  /** The next token that is not space, a comment included: in xl a comment ends its line as a newline does. */
  private peek(): Token | undefined {
    let token = this.tokens[this.position];
    while (token?.kind === 'space' || token?.kind === 'stray') {
      this.position += 1;
      token = this.tokens[this.position];
    }
    return token;
  }

  private textOf(token: Token): string {
    return this.text.slice(token.start, token.end);
  }

  private is(token: Token | undefined, punctuation: string): boolean {
    return token?.kind === 'punctuation' && this.textOf(token) === punctuation;
  }

  /** Line and column of an offset, counted on from the last one that was asked for: linear over the whole text. */
  private place(offset: number): { line: number; column: number } {
    while (this.newline >= 0 && this.newline < offset) {
      this.line += 1;
      this.lineStart = this.newline + 1;
      this.newline = this.text.indexOf('\n', this.lineStart);
    }
    return { line: this.line, column: offset - this.lineStart + 1 };
  }

  private fail(token: Token | undefined, expected: string): never {
    const offset = token?.start ?? this.text.length;
    const found = token
      ? token.kind === 'newline' || token.kind === 'comment'
        ? 'the end of the line'
        : JSON.stringify(this.textOf(token).slice(0, 40))
      : 'the end of the file';
    throw new Mistake(errorAt(this.text, offset, `Expected ${expected}, found ${found}.`));
  }

  parse(): SettingNode[] {
    const settings: SettingNode[] = [];
    for (;;) {
      const token = this.peek();
      if (!token) return settings;
      if (token.kind === 'newline' || token.kind === 'comment' || this.is(token, ';')) {
        this.position += 1;
        continue;
      }
      if (token.kind !== 'identifier') this.fail(token, 'a key');
      settings.push(this.setting(token));
      const after = this.peek();
      if (after && after.kind !== 'newline' && after.kind !== 'comment' && !this.is(after, ';')) {
        this.fail(after, 'the end of the line or ";"');
      }
    }
  }

  private setting(key: Token): SettingNode {
    this.position += 1;
    const { line, column } = this.place(key.start);
    const operator = this.peek();
    const added = this.is(operator, '+=');
    if (!added && !this.is(operator, '=')) this.fail(operator, '"=" or "+="');
    this.position += 1;
    const value = this.value(0);
    return {
      key: this.textOf(key),
      operator: added ? '+=' : '=',
      value,
      start: key.start,
      end: value.end,
      line,
      column,
    };
  }

  private value(depth: number): ValueNode {
    const token = this.peek();
    if (!token) this.fail(token, 'a value');
    const { start, end } = token;
    if (token.kind === 'number') {
      this.position += 1;
      return { kind: 'number', start, end, text: this.textOf(token) };
    }
    if (token.kind === 'string') {
      this.position += 1;
      const unquoted = unquote(this.textOf(token));
      if (!unquoted.ok) throw new Mistake(errorAt(this.text, start + unquoted.at, unquoted.message));
      const [dropped] = unquoted.dropped;
      if (dropped !== undefined) this.dropped ??= start + dropped;
      return {
        kind: 'string',
        start,
        end,
        text: unquoted.text,
        quote: this.text.charAt(start) === '"' ? '"' : "'",
      };
    }
    if (this.is(token, '[')) {
      if (depth >= MAXIMUM_DEPTH)
        throw new Mistake(errorAt(this.text, start, 'Lists are nested too deeply here.'));
      this.position += 1;
      return this.list(start, depth);
    }
    return this.fail(token, 'a text in quotes, a number or a list');
  }

  private skipLines(): Token | undefined {
    let token = this.peek();
    while (token?.kind === 'newline' || token?.kind === 'comment') {
      this.position += 1;
      token = this.peek();
    }
    return token;
  }

  private list(start: number, depth: number): ListNode {
    const items: ValueNode[] = [];
    const commas: number[] = [];
    for (;;) {
      let token = this.skipLines();
      if (!this.is(token, ']')) {
        if (!token) this.fail(token, 'a value or "]"');
        items.push(this.value(depth + 1));
        token = this.skipLines();
        if (this.is(token, ',')) {
          commas.push(token?.start ?? 0);
          this.position += 1;
          continue;
        }
      }
      if (!token || !this.is(token, ']')) this.fail(token, '"," or "]"');
      this.position += 1;
      return { kind: 'list', start, end: token.end, items, commas };
    }
  }
}

/** The first line end that holds a carriage return which xl refuses; behind a comment it is a part of that. */
export const carriageReturn = (text: string, tokens: readonly Token[]): Token | undefined =>
  tokens.find(
    ({ kind, start }, index) =>
      kind === 'newline' && text.charAt(start) === '\r' && tokens[index - 1]?.kind !== 'comment',
  );

/** One mistake of each sort is enough, and the first. */
function warningsOf(text: string, tokens: readonly Token[], dropped: number | undefined): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  const warn = (offset: number, refused: boolean, message: string) =>
    warnings.push({ ...errorAt(text, offset, message), refused });
  const carriage = carriageReturn(text, tokens);
  if (carriage)
    warn(carriage.start, true, 'Lines end as on Windows (CR LF); xl refuses the carriage return.');
  const zero = tokens.find(
    ({ kind, start, end }) => kind === 'string' && text.slice(start, end).includes('\0'),
  );
  if (zero) warn(zero.start, true, 'This text holds a NUL character, at which xl ends without a word.');
  if (dropped !== undefined)
    warn(dropped, false, 'xl leaves out a character that is written by its number, such as \\012.');
  const last = tokens.at(-1);
  if (last?.kind === 'comment' && last.end - last.start > 1)
    warn(last.start, true, 'The file ends in a comment without a newline, which xl refuses.');
  if (last?.kind === 'stray')
    warn(last.start, false, `xl does not see the ${JSON.stringify(text.slice(last.start))} at the very end.`);
  return warnings;
}

/** Kinds that can't be joined by `+=`: xl refuses to add a list to a text. */
function joinMistake(text: string, settings: readonly SettingNode[]): ConfigError | undefined {
  const kinds = new Map<string, boolean>();
  for (const setting of settings) {
    const isList = setting.value.kind === 'list';
    const before = kinds.get(setting.key);
    if (setting.operator === '+=' && before !== undefined && before !== isList) {
      return errorAt(text, setting.start, `"${setting.key} +=" adds a list to a text or a text to a list.`);
    }
    kinds.set(setting.key, isList);
  }
  return undefined;
}

/** Reads a configuration. Never throws, in time linear to the text. */
export function parseConfig(text: string): ParseResult {
  const lexed = lex(text);
  if (!lexed.ok) return lexed;
  try {
    const parser = new Parser(text, lexed.tokens);
    const settings = parser.parse();
    const mistake = joinMistake(text, settings);
    if (mistake) return { ok: false, error: mistake };
    return {
      ok: true,
      tree: {
        text,
        tokens: lexed.tokens,
        settings,
        warnings: warningsOf(text, lexed.tokens, parser.dropped),
      },
    };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, error: error.error };
    throw error;
  }
}

/** The text of a tree, made of its tokens. */
export function printConfig(tree: ConfigTree): string {
  return tree.tokens.map((token) => tree.text.slice(token.start, token.end)).join('');
}

/** What a value node means. A number that xl could not read as one stays text. */
export function plainValue(node: ValueNode): PlainValue {
  if (node.kind === 'list') return node.items.map(plainValue);
  if (node.kind === 'string') return node.text;
  return numberOfText(node.text) ?? node.text;
}

// A tree never changes, and whoever asks for one key asks for others.
const chains = new WeakMap<ConfigTree, ReadonlyMap<string, SettingNode[]>>();

const chainsOf = (tree: ConfigTree): ReadonlyMap<string, SettingNode[]> => {
  const known = chains.get(tree);
  if (known) return known;
  const made = new Map<string, SettingNode[]>();
  for (const setting of tree.settings) {
    const chain = made.get(setting.key);
    if (chain && setting.operator === '+=') chain.push(setting);
    else made.set(setting.key, [setting]);
  }
  chains.set(tree, made);
  return made;
};

/** The settings that make a key's value: the last `=` and every `+=` after it, in order. */
export const settingsOf = (tree: ConfigTree, key: string): readonly SettingNode[] =>
  chainsOf(tree).get(key) ?? [];

/** The value that xl sees for a key, or undefined where the key is absent. */
export function getSetting(tree: ConfigTree, key: string): PlainValue | undefined {
  const chain = settingsOf(tree, key);
  const [first] = chain;
  if (!first) return undefined;
  if (chain.length === 1) return plainValue(first.value);
  if (first.value.kind === 'list') {
    return chain.flatMap((setting) =>
      setting.value.kind === 'list' ? setting.value.items.map(plainValue) : [],
    );
  }
  return chain.map((setting) => (setting.value.kind === 'list' ? '' : setting.value.text)).join('');
}

/** The text that xl sees for a key; null where the key is absent, or a list. */
export function getText(tree: ConfigTree, key: string): string | null {
  const value = getSetting(tree, key);
  return value === undefined || Array.isArray(value) ? null : String(value);
}

/** The number that xl sees for a key; null where it passes over what stands there, as over all that ends in `+=`. */
export function getNumber(tree: ConfigTree, key: string): number | null {
  const last = settingsOf(tree, key).at(-1);
  return last === undefined || last.operator === '+=' ? null : numberOf(plainValue(last.value));
}

export type ItemNode = Exclude<ValueNode, { kind: 'list' }>;

/** The items that xl goes through in a list: it stops at the first that is a list itself. None where there is no list. */
export function getItems(tree: ConfigTree, key: string): ItemNode[] {
  const nodes: ItemNode[] = [];
  for (const { value } of settingsOf(tree, key)) {
    if (value.kind !== 'list') return [];
    for (const item of value.items) {
      if (item.kind === 'list') return nodes;
      nodes.push(item);
    }
  }
  return nodes;
}

/** The texts of those items. */
export const getTexts = (tree: ConfigTree, key: string): string[] =>
  getItems(tree, key).map((item) => String(plainValue(item)));

/** The first list in a list, behind which xl sees nothing more. */
export const nestedList = (tree: ConfigTree, key: string): ListNode | undefined => {
  for (const { value } of settingsOf(tree, key)) {
    const nested = value.kind === 'list' ? value.items.find((item) => item.kind === 'list') : undefined;
    if (nested?.kind === 'list') return nested;
  }
  return undefined;
};

/** Every key, once, in the order of its first appearance. */
export function keysOf(tree: ConfigTree): string[] {
  return [...chainsOf(tree).keys()];
}
