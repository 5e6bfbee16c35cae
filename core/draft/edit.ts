/** Edits of a draft's file. They are made on the YAML document, so that comments and whatever else is there stay. */
import { type Document, isMap, isScalar, isSeq, type Pair, Scalar, stringify, YAMLMap, YAMLSeq } from 'yaml';
import { instancesOf } from './base.ts';
import { apiVersion, appliedWords, baseWords, changeWords, planWords } from './document.ts';
import {
  type Base,
  type Change,
  type Draft,
  type DraftEdit,
  type DraftProblem,
  mostChanges,
} from './draft.ts';
import { readDraft } from './read.ts';
import { withConsents } from './titles.ts';
import { wordsOf } from './words.ts';
import { mostCharacters, readYaml } from './yaml.ts';

export type Edited = { ok: true; text: string; draft: Draft } | { ok: false; message: string };

/** Name of the JSON schema's file beside drafts. */
export const schemaFile = 'draft.schema.json';

/** The text of a new draft. */
export const newDraft = (cluster: string): string =>
  [
    `# yaml-language-server: $schema=${schemaFile}`,
    '# Changes that were prepared for a Xen cluster: vbdesk draft plan shows what they come to, vbdesk draft apply does them.',
    `apiVersion: ${apiVersion}`,
    'kind: Draft',
    // quoted where YAML would take it for something else
    `cluster: ${stringify(cluster).trimEnd()}`,
    'changes: []',
    '',
  ].join('\n');

class EditError extends Error {
  override name = 'EditError';
}

type Keyed = YAMLMap<unknown, unknown>;

const keyOf = (pair: Pair<unknown, unknown>): unknown => (isScalar(pair.key) ? pair.key.value : pair.key);

const nodeOf = (document: Document, value: unknown): unknown => {
  const node = document.createNode(value, { aliasDuplicateObjects: false });
  // short lists and maps stand in one line; a long one has a line for each entry
  const style = (each: unknown, isTop: boolean): void => {
    if (!isMap(each) && !isSeq(each)) return;
    const text = JSON.stringify(each);
    const isLong = isTop || text.length > 90 || text.includes('\\n');
    if (!isLong) each.flow = true;
    else if (isSeq(each)) for (const item of each.items) style(item, false);
    else for (const { value: inner } of each.items) style(inner, false);
  };
  style(node, true);
  return node;
};

/** The steps of a plan stand one in a line each, however short they are. */
const stepsNode = (document: Document, reviewed: readonly string[]): unknown =>
  document.createNode(planWords(reviewed));

const shortNode = (document: Document, value: unknown): unknown => {
  const node = document.createNode(value);
  if (isMap(node) || isSeq(node)) node.flow = true;
  return node;
};

/** Sets a field; the comments of the value that was there stay. */
const set = (map: Keyed, key: string, node: unknown, before: readonly string[] = []): void => {
  const found = map.items.find((pair) => keyOf(pair) === key);
  if (found) {
    const { value: old } = found;
    if (isScalar(old) && isScalar(node)) {
      if (old.value !== node.value) {
        old.value = node.value;
        delete old.source;
      }
      return;
    }
    if ((isMap(old) || isSeq(old) || isScalar(old)) && (isMap(node) || isSeq(node) || isScalar(node))) {
      if (old.comment != null) node.comment = old.comment;
      if (old.commentBefore != null) node.commentBefore = old.commentBefore;
    }
    found.value = node;
    return;
  }
  const at = map.items.findIndex((pair) => before.includes(String(keyOf(pair))));
  map.set(new Scalar(key), node);
  if (at < 0) return;
  const [added] = map.items.splice(map.items.length - 1, 1);
  if (added) map.items.splice(at, 0, added);
};

const plainOf = (node: unknown): string =>
  JSON.stringify(isMap(node) || isSeq(node) || isScalar(node) ? node.toJSON() : node);

/** The marks after a change's own fields. */
const marks = ['accept', 'note', 'plan', 'applied'];

class Editor {
  readonly #document: Document;
  readonly #root: Keyed;
  readonly #list: YAMLSeq<unknown>;
  readonly #draft: Draft;

  constructor(document: Document, draft: Draft, text: string) {
    this.#document = document;
    this.#draft = draft;
    const { contents } = document;
    if (!isMap(contents)) throw new EditError('The draft is no map of fields.');
    this.#root = contents;
    const list: unknown = contents.get('changes', true);
    this.#list = isSeq(list) ? list : new YAMLSeq();
    if (!isSeq(list)) set(contents, 'changes', this.#list);
    // a list in brackets has no lines for changes
    this.#list.flow = false;
    this.#nameAll();
    this.#sortComments(text);
  }

  /** Ids are written down before anything moves: what is called c2 stays c2. */
  #nameAll(): void {
    for (const [index, item] of this.#list.items.entries()) {
      const id = this.#draft.changes[index]?.id;
      if (!isMap(item) || id === undefined) throw new EditError('The changes of the draft are no maps.');
      item.flow = false;
      if (item.has('id')) continue;
      item.add(this.#document.createPair('id', id));
      const [pair] = item.items.splice(item.items.length - 1, 1);
      const after = item.items.findIndex((each) => keyOf(each) === 'do') + 1;
      if (pair) item.items.splice(after, 0, pair);
    }
  }

  /** What stands right above the first change is said of that one, and goes where it goes; the rest is said of the list. */
  #sortComments(text: string): void {
    const [first] = this.#list.items;
    let comment = this.#list.commentBefore;
    if (!isMap(first) || comment == null) return;
    const key = this.#root.items.find((pair) => keyOf(pair) === 'changes')?.key;
    const beside = isScalar(key) ? /^[ \t]*:[ \t]+#([^\n]*)/.exec(text.slice(key.range?.[1])) : null;
    if (isScalar(key) && beside) {
      key.comment = beside[1] ?? '';
      comment = comment.slice(key.comment.length).replace(/^\n+/, '');
    }
    const at = comment.lastIndexOf('\n\n');
    const [ofList, ofFirst] = comment.endsWith('\n')
      ? [comment, '']
      : at < 0
        ? ['', comment]
        : [comment.slice(0, at), comment.slice(at + 2)];
    const above = [ofFirst, first.commentBefore].filter((each) => each != null && each !== '').join('\n');
    if (above !== '') first.commentBefore = above;
    const own = ofList.replace(/\n+$/, '');
    if (own === '') delete this.#list.commentBefore;
    else this.#list.commentBefore = own;
  }

  #indexOf(id: string): number {
    const index = this.#draft.changes.findIndex((each) => each.id === id);
    if (index < 0) throw new EditError(`The draft has no change ${id}.`);
    return index;
  }

  #change(id: string): { index: number; change: Change; map: Keyed } {
    const index = this.#indexOf(id);
    const change = this.#draft.changes[index];
    const map = this.#list.items[index];
    if (!change || !isMap(map)) throw new EditError(`The draft has no change ${id}.`);
    return { index, change, map };
  }

  /** What is under way has to come to its end under its own name. */
  #mustNotRun({ id, applied }: Change): void {
    if (applied?.outcome === 'started')
      throw new EditError(
        `${id} is being applied by the run ${applied.run}: wait for its end, or resume it, before this change is edited.`,
      );
  }

  #newId(): string {
    const taken = new Set(this.#draft.changes.map(({ id }) => id));
    const numbers = [...taken].map((id) => Number(/^c(\d{1,6})$/.exec(id)?.[1] ?? 0));
    let number = Math.max(0, ...numbers) + 1;
    while (taken.has(`c${number}`)) number += 1;
    return `c${number}`;
  }

  #insert(change: Change, index: number): void {
    if (this.#draft.changes.length >= mostChanges)
      throw new EditError(`A draft has at most ${mostChanges} changes: begin another one.`);
    const said = wordsOf(change.intent);
    if (!said.ok) throw new EditError(said.message);
    const node = nodeOf(this.#document, changeWords(change, said.words));
    if (!isMap(node)) throw new EditError('The change could not be written.');
    node.spaceBefore = true;
    this.#list.items.splice(index, 0, node);
  }

  base(known: Base | null, isNewer: boolean): void {
    if (known === null) return;
    const { at, instances } = baseWords(known);
    const there: unknown = this.#root.get('base', true);
    const map = isMap(there) ? there : new YAMLMap<unknown, unknown>();
    if (!isMap(there)) set(this.#root, 'base', map, ['changes']);
    set(map, 'at', this.#document.createNode(at));
    const had: unknown = map.get('instances', true);
    const list = isMap(had) ? had : new YAMLMap<unknown, unknown>();
    list.flow = false;
    if (!isMap(had)) set(map, 'instances', list);
    for (const [name, value] of Object.entries(instances))
      if (isNewer || !list.has(name)) set(list, name, shortNode(this.#document, value));
  }

  apply(edit: DraftEdit, known: Base | null): void {
    switch (edit.edit) {
      case 'add': {
        const { intent, accept = [], note = null, before } = edit;
        const index = before === undefined ? this.#list.items.length : this.#indexOf(before);
        this.#insert({ id: this.#newId(), intent, accept, note, reviewed: null, applied: null }, index);
        this.base(known, false);
        break;
      }
      case 'replace': {
        const { change, map } = this.#change(edit.id);
        this.#mustNotRun(change);
        const said = wordsOf(edit.intent);
        if (!said.ok) throw new EditError(said.message);
        for (const key of map.items.map(keyOf))
          if (
            typeof key === 'string' &&
            !['do', 'id', 'note'].includes(key) &&
            !Object.hasOwn(said.words, key)
          )
            map.delete(key);
        for (const [key, value] of Object.entries(said.words))
          if (plainOf(map.get(key, true)) !== JSON.stringify(value))
            set(map, key, nodeOf(this.#document, value), marks);
        this.base(known, false);
        break;
      }
      case 'remove': {
        const { change, index } = this.#change(edit.id);
        this.#mustNotRun(change);
        this.#list.items.splice(index, 1);
        break;
      }
      case 'move': {
        const { index, map } = this.#change(edit.id);
        if (edit.before === edit.id) break;
        const to = edit.before === null ? this.#list.items.length : this.#indexOf(edit.before);
        this.#list.items.splice(index, 1);
        this.#list.items.splice(to > index ? to - 1 : to, 0, map);
        break;
      }
      case 'duplicate': {
        const { index, change } = this.#change(edit.id);
        this.#insert({ ...change, id: this.#newId(), accept: [], reviewed: null, applied: null }, index + 1);
        break;
      }
      case 'set-accept':
        this.#set(edit.id, 'accept', edit.accept.length === 0 ? null : this.#consents(edit.id, edit.accept));
        this.#keepConsents(edit.id, edit.accept);
        break;
      case 'set-note':
        this.#set(edit.id, 'note', edit.note === null ? null : this.#document.createNode(edit.note));
        break;
      case 'set-reviewed':
        for (const { id, steps } of edit.changes) this.#set(id, 'plan', stepsNode(this.#document, steps));
        this.base(edit.base ?? null, true);
        break;
      case 'set-applied':
        this.#set(
          edit.id,
          'applied',
          edit.applied === null ? null : shortNode(this.#document, appliedWords(edit.applied)),
        );
        break;
    }
    for (const [index, item] of this.#list.items.entries())
      if (isMap(item))
        item.spaceBefore =
          index === 0 ? this.#list.commentBefore != null : item.spaceBefore === true || edit.edit === 'move';
    if (this.#list.items.length === 0) this.#list.flow = true;
  }

  /** Consents that the reviewed plan asks for are given (or withdrawn) with it in view, so it stays reviewed. */
  #keepConsents(id: string, accept: readonly string[]): void {
    const { reviewed } = this.#change(id).change;
    if (reviewed === null) return;
    const now = withConsents(reviewed, accept);
    if (now.some((line, index) => line !== reviewed[index]))
      this.#set(id, 'plan', stepsNode(this.#document, now));
  }

  /** Those that stay keep their comments. */
  #consents(id: string, accept: readonly string[]): unknown {
    const node = shortNode(this.#document, accept);
    const old: unknown = this.#change(id).map.get('accept', true);
    if (!isSeq(old) || !isSeq(node)) return node;
    node.flow = old.flow === true;
    const there = [...old.items];
    node.items = node.items.map((item) => {
      const at = there.findIndex((each) => isScalar(each) && isScalar(item) && each.value === item.value);
      return at < 0 ? item : there.splice(at, 1)[0];
    });
    return node;
  }

  #set(id: string, key: string, node: unknown): void {
    const { map } = this.#change(id);
    if (node === null) map.delete(key);
    else set(map, key, node, marks.slice(marks.indexOf(key) + 1));
  }
}

const firstOf = ([first]: readonly DraftProblem[]): string =>
  first ? `line ${first.line}, column ${first.column}: ${first.message}` : 'its file can not be read.';

/** How a file is written beside what it says: its mark at the beginning, and its line ends (those of most lines). */
const formOf = (text: string): { lines: string; written: (lines: string) => string } => {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const ends = text.split('\n').length - 1;
  const isWindows = (text.split('\r\n').length - 1) * 2 > ends;
  return {
    lines: text.slice(mark.length).replaceAll('\r\n', '\n'),
    written: (lines) => `${mark}${isWindows ? lines.replaceAll('\n', '\r\n') : lines}`,
  };
};

/**
 * Makes one edit.
 * @param known what the last snapshot says of the instances that the edit's intent touches; what the draft knows already stays
 */
export const editDraft = (text: string, edit: DraftEdit, known: Base | null = null): Edited => {
  const form = formOf(text);
  const before = readDraft(text);
  const yaml = readYaml(form.lines);
  if (!before.ok || !yaml.ok)
    return {
      ok: false,
      message: `The draft has to be mended by hand first: ${firstOf(before.ok ? [] : before.problems)}`,
    };
  try {
    new Editor(yaml.document, before.draft, form.lines).apply(edit, known);
  } catch (error) {
    if (error instanceof EditError) return { ok: false, message: error.message };
    throw error;
  }
  const lines = yaml.document.toString({ lineWidth: 0, blockQuote: 'literal', flowCollectionPadding: true });
  const written = form.written(lines);
  if (written.length > mostCharacters)
    return { ok: false, message: 'The draft would have more than 1 MiB: begin another one.' };
  const after = readDraft(written);
  if (!after.ok)
    return { ok: false, message: `This can't be written into the draft: ${firstOf(after.problems)}` };
  return { ok: true, text: written, draft: after.draft };
};

/** Names of the instances that an edit's intent touches. */
export const touchedBy = (edit: DraftEdit): string[] =>
  edit.edit === 'add' || edit.edit === 'replace' ? instancesOf(edit.intent) : [];
