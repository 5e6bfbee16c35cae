/**
 * To which part of a draft a comment belongs. The parser gives all comments behind a change to that change as soon as one of them is
 * indented like its fields; here each goes by its own indentation, so that what stands above a change is said of that one.
 */
import type { CST } from 'yaml';

type Collection = CST.BlockMap | CST.BlockSequence;
type Tokens = CST.SourceToken[];

const isCollection = (token: CST.Token | null | undefined): token is Collection =>
  token?.type === 'block-map' || token?.type === 'block-seq';

/** Takes the comments behind a collection that are indented less than it, with the empty lines before them. */
const takeLesser = (collection: Collection): Tokens => {
  const last = collection.items.at(-1);
  if (!last || last.sep || last.value || ('key' in last && last.key)) return [];
  const { start } = last;
  if (start.some(({ type }) => !['space', 'newline', 'comment'].includes(type))) return [];
  const first = start.findIndex(
    ({ type, indent }) => type === 'comment' && (indent < collection.indent || collection.indent === 0),
  );
  if (first < 0) return [];
  // up to the end of the line of the last one that stays
  const kept = start.slice(0, first).findLastIndex(({ type }) => type === 'comment');
  const rest = start.splice(kept < 0 ? 0 : kept + 2);
  if (kept < 0) collection.items.pop();
  return rest;
};

const settle = (collection: Collection): Tokens => {
  // an entry may be put behind the last one meanwhile; that one has nothing in it
  for (const [index, { value }] of [...collection.items.entries()]) {
    if (!isCollection(value)) continue;
    const rest = settle(value);
    if (rest.length === 0) continue;
    const next = collection.items[index + 1];
    if (next) next.start.unshift(...rest);
    else collection.items.push({ start: rest });
  }
  return takeLesser(collection);
};

/** Puts each comment of a document where its indentation says. */
export const settleComments = (token: CST.Token): void => {
  if (token.type !== 'document' || !isCollection(token.value)) return;
  const rest = settle(token.value);
  if (rest.length > 0) token.end = [...rest, ...(token.end ?? [])];
};
