/** What a change says that it does: one word, its fields, and the intent that it stands for. */
import type { z } from 'zod';
import type { Intent } from '../../plan/intent.ts';

export type Word = {
  /** `do:` in the file */
  do: string;
  kind: Intent['kind'];
  /** one line, for people and editors */
  title: string;
  fields: z.ZodObject;
  /** the intent as these fields say it; its own schema has the last word */
  read(value: unknown): { ok: true; value: unknown } | { ok: false; issues: z.core.$ZodIssue[] };
  /** null: it is another intent, or one that these fields can't say */
  write(intent: Intent): Record<string, unknown> | null;
};

type Of<K extends Intent['kind']> = Extract<Intent, { kind: K }>;

const isOf = <K extends Intent['kind']>(intent: Intent, kind: K): intent is Of<K> => intent.kind === kind;

export const word = <K extends Intent['kind'], F extends z.ZodObject>(spec: {
  do: string;
  kind: K;
  title: string;
  fields: F;
  intent: (value: z.output<F>) => Omit<Of<K>, 'kind'>;
  words: (intent: Of<K>) => Record<string, unknown> | null;
}): Word => ({
  do: spec.do,
  kind: spec.kind,
  title: spec.title,
  fields: spec.fields,
  read: (value) => {
    const parsed = spec.fields.safeParse(value);
    if (!parsed.success) return { ok: false, issues: parsed.error.issues };
    return { ok: true, value: { ...spec.intent(parsed.data), kind: spec.kind } };
  },
  write: (intent) => (isOf(intent, spec.kind) ? spec.words(intent) : null),
});
