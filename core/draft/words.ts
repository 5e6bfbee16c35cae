/** A change between its file, in the words of the command line, and the intent that planners read. */
import type { z } from 'zod';
import { type Intent, intent as intentSchema } from '../plan/intent.ts';
import { SECRET_KEYS } from '../xen/config-keys.ts';
import { getSetting, parseConfig } from '../xen/config-syntax.ts';
import { diskWords } from './words/disks.ts';
import { instanceWords } from './words/instances.ts';
import { makingWords } from './words/making.ts';
import type { Word } from './words/word.ts';

/** Everything that a change can do. */
export const words: readonly Word[] = [...makingWords, ...instanceWords, ...diskWords];

const byName = new Map(words.map((each) => [each.do, each]));
const byKind = new Map(words.map((each) => [each.kind, each]));

export const wordCalled = (name: string): Word | null => byName.get(name) ?? null;

/** What `do:` says of an intent. */
export const wordFor = (kind: Intent['kind']): Word | null => byKind.get(kind) ?? null;

/** Why intents of a kind have no words. */
const without: Partial<Record<Intent['kind'], string>> = {
  'cluster-init':
    'A cluster is founded, and nodes are added to it, at once: a draft is made of a cluster that is known.',
  unlock:
    'The lock of a run that died is broken at once, by what is found on the nodes at that moment: it can not be prepared.',
};

/** A configuration with a password in it; one that can't be read might have one. */
const mayHoldSecret = (text: string): boolean => {
  if (/passw/i.test(text)) return true;
  const parsed = parseConfig(text);
  return parsed.ok && [...SECRET_KEYS].some((key) => getSetting(parsed.tree, key) !== undefined);
};

const secretOf = (intent: Intent): string | null => {
  if (intent.kind === 'create' && Object.keys(intent.osSecrets ?? {}).length > 0)
    return `The secret parameters of its OS definition (${Object.keys(intent.osSecrets ?? {}).join(', ')}) can't be kept in a draft, which is a file to be shown around. Leave them out of the draft, or create ${intent.name} at once.`;
  if (intent.kind === 'configure' && [intent.text, intent.from ?? ''].some(mayHoldSecret))
    return `The xen.cfg of ${intent.instance} holds a password, which can't be kept in a draft: a draft is a file to be shown around. Change this configuration at once.`;
  return null;
};

/** The same data in the same order of keys, and without keys that have no value. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );

export type Written = { ok: true; words: Record<string, unknown> } | { ok: false; message: string };

/** An intent in the words of a draft's file, `do` first; or the sentence that says why it can't be drafted. */
export const wordsOf = (intent: Intent): Written => {
  const secret = secretOf(intent);
  if (secret !== null) return { ok: false, message: secret };
  const found = wordFor(intent.kind);
  const fields = found?.write(intent);
  if (!found || !fields)
    return { ok: false, message: without[intent.kind] ?? `A draft has no words for ${intent.kind}.` };
  const { osSecrets: _none, ...said } = { osSecrets: undefined, ...intent };
  // it must mean the very same when it is read again
  const again = found.read(fields);
  if (again.ok && canonical(again.value) === canonical(said))
    return { ok: true, words: { do: found.do, ...fields } };
  const why = again.ok ? 'it says more than its words can' : (again.issues[0]?.message ?? 'it is not valid');
  return { ok: false, message: `This can't be written into a draft: ${why.replace(/\.$/, '')}.` };
};

export type ReadIntent = { ok: true; intent: Intent } | { ok: false; issues: z.core.$ZodIssue[] };

/** Fields of a change, without `do`, as an intent. */
export const intentOf = (found: Word, fields: unknown): ReadIntent => {
  const read = found.read(fields);
  if (!read.ok) return read;
  const checked = intentSchema.safeParse(read.value);
  return checked.success
    ? { ok: true, intent: checked.data }
    : { ok: false, issues: checked.error.issues.map((issue) => ({ ...issue, path: [] })) };
};
