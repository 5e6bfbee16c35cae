/**
 * YAML as a draft may hold it: one document of maps, lists and plain values. Anchors, aliases, tags and directives are refused, for
 * nobody who reads the file should have to work out what it says; and so is whatever would take long or deep to read.
 */
import {
  Composer,
  CST,
  type Document,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  YAMLParseError,
} from 'yaml';
import { shown } from '../storage/checked.ts';
import { settleComments } from './comments.ts';
import type { DraftProblem } from './draft.ts';

/** Characters that a draft's file may have. */
export const mostCharacters = 2 ** 20;
/** Problems that are told at once; who has mended those sees the others. */
export const mostProblems = 50;
const deepest = 30;
/** Words and marks; a draft of so many changes as there may be, with their plans, has less. */
const mostLexemes = 100_000;

/** How a document is read; numbers and texts stay what they are in YAML 1.2, and duplicate keys are found by our own walk. */
const parsing = {
  version: '1.2',
  schema: 'core',
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'error',
  merge: false,
  resolveKnownTags: false,
} as const;

type Where = { offset: number; message: string };

const refusedTokens: Readonly<Record<string, string>> = {
  alias: 'An alias (*name) has no place in a draft: write out what is meant.',
  anchor: 'An anchor (&name) has no place in a draft: write out what is meant.',
  tag: 'A tag (!name) has no place in a draft: leave it out.',
  'directive-line': 'A directive (%…) has no place in a draft: leave it out.',
};

/** Looks through the words of the text, before anything is built of them. */
const scan = (text: string): Where | null => {
  const parser = new Parser();
  let isScalarNext = false;
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const { offset } = parser;
    count += 1;
    if (count > mostLexemes)
      return {
        offset,
        message: 'From here on there is more than a draft can hold: make several drafts of it.',
      };
    const type = isScalarNext ? 'scalar' : CST.tokenType(lexeme);
    isScalarNext = lexeme === CST.SCALAR && !isScalarNext;
    const message = type === null ? undefined : refusedTokens[type];
    if (message !== undefined) return { offset, message };
    for (const _token of parser.next(lexeme)) void _token;
    if (parser.stack.length > deepest)
      return { offset, message: `This is nested more than ${deepest} levels deep, which no draft is.` };
  }
  return null;
};

const errorTexts: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'Lines are indented by spaces, not by tabs.',
  MULTIPLE_DOCS: 'A draft is one document: what comes after "---" or "..." has to be a file of its own.',
  BAD_INDENT:
    'This line is not indented like those that it belongs to, or a bracket before it is not closed.',
  BLOCK_AS_IMPLICIT_KEY: 'There is one ":" too many in this line: put the text in quotes.',
  MULTILINE_IMPLICIT_KEY: 'A ":" is missing, or this text goes on over several lines: put it in quotes.',
  BAD_SCALAR_START: 'A text that begins like this has to be put in quotes.',
  BAD_DQ_ESCAPE:
    'There is a "\\" with nothing that is known after it: put the text in single quotes, or write "\\\\".',
};

export type ReadYaml =
  | { ok: true; document: Document; value: unknown; at(path: readonly PropertyKey[], key?: string): Place }
  | { ok: false; problems: DraftProblem[] };
type Place = { line: number; column: number };

/** A tree of plain values; what can't be one is told. */
const plain = (root: unknown, tell: (where: Where) => void): unknown => {
  const offsetOf = (node: unknown): number =>
    isScalar(node) || isMap(node) || isSeq(node) ? (node.range?.[0] ?? 0) : 0;
  const walk = (node: unknown): unknown => {
    if (node === null) return null;
    if (isSeq(node)) return node.items.map(walk);
    if (isMap(node)) {
      const keys = new Set<string>();
      const entries: [string, unknown][] = [];
      for (const { key, value } of node.items) {
        const offset = key === null ? offsetOf(node) : offsetOf(key);
        const name = isScalar(key) ? key.value : undefined;
        if (typeof name !== 'string')
          tell({ offset, message: 'The name of a field is a text; a number is put in quotes.' });
        else if (name === '__proto__') tell({ offset, message: 'A field can not be called "__proto__".' });
        else if (keys.has(name))
          tell({ offset, message: `${shown(name)} is said twice here: which one is meant can't be known.` });
        else {
          keys.add(name);
          entries.push([name, walk(value)]);
        }
      }
      return Object.fromEntries(entries);
    }
    if (!isScalar(node)) return null;
    const { value, source } = node;
    // 0x10, 1e3, 010 and +5 are read otherwise by other programs, and by people
    if (typeof value === 'number' && !/^-?(0|[1-9]\d*)(\.\d+)?$/.test(source ?? String(value)))
      tell({
        offset: offsetOf(node),
        message: `${shown(source ?? String(value))} is not written in plain digits: write the number like 16 or 1.5, or put the text in quotes.`,
      });
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
    tell({ offset: offsetOf(node), message: 'A text, a number, or true or false is needed here.' });
    return null;
  };
  return walk(root);
};

/** The first document; any other one is an error of it. */
const parsed = (text: string): Document => {
  const tokens = [...new Parser().parse(text)];
  for (const token of tokens) settleComments(token);
  const [document, more] = new Composer(parsing).compose(tokens, true, text.length);
  if (!document) throw new Error('there is no document in it');
  if (more)
    document.errors.push(
      new YAMLParseError([more.range[0], more.range[1]], 'MULTIPLE_DOCS', 'there are several documents'),
    );
  return document;
};

/** Reads a text. Never throws, whatever the text is. */
export const readYaml = (text: string): ReadYaml => {
  if (text.length > mostCharacters)
    return {
      ok: false,
      problems: [
        {
          line: 1,
          column: 1,
          message: `A draft has at most 1 MiB; this file has ${text.length} characters.`,
        },
      ],
    };
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.min(Math.max(offset, 0), text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const placed = (found: readonly Where[]): ReadYaml => ({
    ok: false,
    problems: found.slice(0, mostProblems).map(({ offset, message }) => ({ ...place(offset), message })),
  });
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  try {
    const refused = scan(text);
    if (refused) return placed([refused]);
    const document = parsed(text);
    if (document.errors.length > 0)
      return placed(
        document.errors.map(({ code, message, pos: [offset] }) => ({
          offset,
          message: errorTexts[code] ?? `This is not YAML as it should be: ${message.replace(/\.$/, '')}.`,
        })),
      );
    const found: Where[] = [];
    const value = plain(document.contents, (where) => found.push(where));
    if (found.length > 0) return placed(found);
    return {
      ok: true,
      document,
      value,
      at: (path, key) => {
        let node: unknown = document.contents;
        let offset = 0;
        const step = (part: PropertyKey, isLast: boolean): boolean => {
          if (isSeq(node) && typeof part === 'number') node = node.items[part];
          else if (isMap(node)) {
            const pair = node.items.find((each) => isScalar(each.key) && each.key.value === part);
            if (!pair) return false;
            if (isLast && key !== undefined && isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
            // nothing stands there: its name is shown instead
            else if (isScalar(pair.value) && pair.value.value === null && isScalar(pair.key))
              offset = pair.key.range?.[0] ?? offset;
            node = pair.value;
          } else return false;
          return true;
        };
        const whole = key === undefined ? path : [...path, key];
        for (const [index, part] of whole.entries()) {
          if (!step(part, index === whole.length - 1)) break;
          if (index === whole.length - 1 && key !== undefined) break;
          if (isMap(node) || isSeq(node) || (isScalar(node) && node.value !== null))
            offset = node.range?.[0] ?? offset;
        }
        return place(offset);
      },
    };
  } catch (error) {
    return {
      ok: false,
      problems: [
        {
          line: 1,
          column: 1,
          message: `This can't be read as YAML: ${error instanceof Error ? error.message.replace(/\.$/, '') : String(error)}.`,
        },
      ],
    };
  }
};
