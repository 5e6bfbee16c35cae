/** From the text of a draft's file to a draft, or to every problem with its line and column. */
import type { z } from 'zod';
import { listText } from '../cluster/status.ts';
import { shown } from '../storage/checked.ts';
import { baseOfHeader, commonFields, header } from './document.ts';
import { type Change, type Draft, type DraftProblem, mostChanges } from './draft.ts';
import { sentenceOf, suggestion } from './sentences.ts';
import { intentOf, wordCalled, words } from './words.ts';
import { mostProblems, type ReadYaml, readYaml } from './yaml.ts';

export type ReadDraft = { ok: true; draft: Draft } | { ok: false; problems: DraftProblem[] };

type Fields = Record<string, unknown>;
type Path = readonly PropertyKey[];

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const valueAt = (value: unknown, path: Path): unknown => {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = Reflect.get(at, part);
  }
  return at;
};

/** Ids for changes that have none: the first that are free, in order. */
const nextIds = (taken: ReadonlySet<string>): (() => string) => {
  let last = 0;
  return () => {
    do last += 1;
    while (taken.has(`c${last}`));
    return `c${last}`;
  };
};

class Reader {
  readonly problems: DraftProblem[] = [];
  readonly #yaml: Extract<ReadYaml, { ok: true }>;

  constructor(yaml: Extract<ReadYaml, { ok: true }>) {
    this.#yaml = yaml;
  }

  tell(path: Path, message: string, key?: string): void {
    // finding a place takes time, and nobody reads hundreds
    if (this.problems.length >= mostProblems) return;
    this.problems.push({ ...this.#yaml.at(path, key), message });
  }

  /** `value` is what was checked, `prefix` where it stands. */
  issues(found: readonly z.core.$ZodIssue[], value: unknown, prefix: Path, known: readonly string[]): void {
    for (const issue of found) {
      const isTop = issue.path.length === 0;
      if (issue.code === 'unrecognized_keys')
        for (const key of issue.keys)
          this.tell(
            [...prefix, ...issue.path],
            sentenceOf({ ...issue, keys: [key] }, value, isTop ? known : []),
            key,
          );
      else this.tell([...prefix, ...issue.path], sentenceOf(issue, valueAt(value, issue.path), []));
    }
  }

  change(value: unknown, path: Path): (Omit<Change, 'id'> & { id: string | undefined }) | null {
    if (!isFields(value)) {
      this.tell(path, 'A change is a map of fields, such as "do: startup" and "instance: web1".');
      return null;
    }
    const { do: what, ...rest } = value;
    const names = words.map((each) => each.do);
    if (typeof what !== 'string') {
      this.tell(
        'do' in value ? [...path, 'do'] : path,
        `A change says what it does with "do:", which is one of ${listText(names)}.`,
      );
      return null;
    }
    const word = wordCalled(what);
    if (!word) {
      this.tell(
        [...path, 'do'],
        `${shown(what)} is nothing that a draft can do.${suggestion(what, names)} It can do ${listText(names)}.`,
      );
      return null;
    }
    const common: Fields = {};
    const fields: Fields = {};
    for (const [key, each] of Object.entries(rest))
      (Object.hasOwn(commonFields.shape, key) ? common : fields)[key] = each;
    const said = commonFields.safeParse(common);
    if (!said.success) this.issues(said.error.issues, common, path, []);
    const read = intentOf(word, fields);
    if (!read.ok)
      this.issues(read.issues, fields, path, [
        ...Object.keys(word.fields.shape),
        ...Object.keys(commonFields.shape),
      ]);
    if (!said.success || !read.ok) return null;
    const { id, accept = [], note = null, plan = null, applied = null } = said.data;
    return { id, intent: read.intent, accept, note, reviewed: plan, applied };
  }
}

/** Reads a draft. Never throws and always ends, whatever the text is. */
export const readDraft = (text: string): ReadDraft => {
  const yaml = readYaml(text);
  if (!yaml.ok) return yaml;
  const { value } = yaml;
  const reader = new Reader(yaml);
  if (!isFields(value)) {
    reader.tell(
      [],
      'A draft begins with "apiVersion: vbdesk/v1" and "kind: Draft", then says "cluster:" and "changes:".',
    );
    return { ok: false, problems: reader.problems };
  }
  const { changes: list, ...top } = value;
  const head = header.safeParse(top);
  if (!head.success) {
    const version = top.apiVersion;
    // what another version means by its fields is not known
    if (typeof version === 'string' && head.error.issues.some(({ path }) => path[0] === 'apiVersion')) {
      reader.tell(
        ['apiVersion'],
        `This VBDesk reads drafts of apiVersion vbdesk/v1, not of ${shown(version)}.`,
      );
      return { ok: false, problems: reader.problems };
    }
    reader.issues(head.error.issues, top, [], [...Object.keys(header.shape), 'changes']);
  }
  if (list !== undefined && list !== null && !Array.isArray(list))
    reader.tell(['changes'], '"changes" is a list: each change begins with "- do:".');
  const given: unknown[] = Array.isArray(list) ? list : [];
  if (list === undefined) reader.tell([], '"changes" is missing: the list of what is to be done.');
  if (given.length > mostChanges)
    reader.tell(
      ['changes', mostChanges],
      `A draft has at most ${mostChanges} changes; this is one too many.`,
    );
  const read = given.slice(0, mostChanges).map((each, index) => reader.change(each, ['changes', index]));
  const taken = new Set<string>();
  for (const [index, each] of read.entries()) {
    if (each?.id === undefined) continue;
    if (taken.has(each.id))
      reader.tell(
        ['changes', index, 'id'],
        `Another change is called ${shown(each.id)} already: an id is unique.`,
      );
    taken.add(each.id);
  }
  if (!head.success || reader.problems.length > 0) return { ok: false, problems: reader.problems };
  const nextId = nextIds(taken);
  return {
    ok: true,
    draft: {
      cluster: head.data.cluster,
      base: baseOfHeader(head.data.base),
      changes: read.flatMap((each) => (each ? [{ ...each, id: each.id ?? nextId() }] : [])),
    },
  };
};
