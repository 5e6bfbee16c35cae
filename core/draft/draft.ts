/** A draft: changes that were prepared, perhaps without a connection, to be reviewed and applied later. Its file is told of in read.ts. */
import { z } from 'zod';
import { intent } from '../plan/intent.ts';
import { isOneLine, isProse, oneLineForm, proseForm } from './characters.ts';

/** ms since the epoch, in the years 0 to 9999: a file has four digits for them. */
const time = z.number().min(-62_167_219_200_000).max(253_402_300_799_999);

/** What a change did when it was applied. `started`: its run may be at work, or was cut off. */
export const applied = z.strictObject({
  /** its id, or `none` */
  run: z.string().regex(/^[a-z0-9]{1,64}$/),
  at: time,
  outcome: z.enum(['started', 'done', 'undone', 'failed', 'unknown']),
});
export type Applied = z.infer<typeof applied>;

/** A step of a plan, as it is told. */
const step = z.string().max(1000).refine(isOneLine, oneLineForm);

/** Unique in the draft: what edits and marks name a change by. */
export const changeId = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);

export const change = z.strictObject({
  id: changeId,
  /** it names instances by name, for one that an earlier change makes has no uuid yet */
  intent,
  /** codes of consents that were given */
  accept: z.array(z.string().min(1).max(300).refine(isOneLine, oneLineForm)).max(100),
  /** a remark, in free words */
  note: z.string().max(2000).refine(isProse, proseForm).nullable(),
  /** titles of the steps, "node1: Create the folder", as they were when somebody last read its plan; null: nobody did */
  reviewed: z.array(step).max(2000).nullable(),
  applied: applied.nullable(),
});
export type Change = z.infer<typeof change>;

/** An instance as it was when a change of it was drafted. */
export const baseInstance = z.strictObject({
  uuid: z.string().max(64),
  generation: z.number().int().min(1),
  /** of what its record and its xen.cfg say, but for what every run writes anew; see `serialOf` */
  serial: z.string().max(64),
});
export type BaseInstance = z.infer<typeof baseInstance>;

/** What was known when it was drafted. */
export const base = z.strictObject({
  /** when nodes last answered */
  at: time,
  /** those that its changes touch, by name */
  instances: z.record(z.string().refine(isOneLine, oneLineForm), baseInstance),
});
export type Base = z.infer<typeof base>;

/** Changes of one draft, at most. */
export const mostChanges = 200;

export const draft = z.strictObject({
  cluster: z.string().min(1).max(63).refine(isOneLine, oneLineForm),
  base: base.nullable(),
  changes: z.array(change).max(mostChanges),
});
export type Draft = z.infer<typeof draft>;

/** Something in a draft's file that can't be understood: a whole sentence, and where. Line and column from 1. */
export const draftProblem = z.strictObject({ line: z.number(), column: z.number(), message: z.string() });
export type DraftProblem = z.infer<typeof draftProblem>;

export const draftFile = z.strictObject({
  path: z.string(),
  text: z.string(),
  /** of the text as it lies on the disk; edits name what they were made from by it */
  sha256: z.string(),
  /** null while there are problems */
  draft: draft.nullable(),
  problems: z.array(draftProblem),
});
export type DraftFile = z.infer<typeof draftFile>;

/** A draft in a list. */
export const draftSummary = z.strictObject({
  path: z.string(),
  /** of its file, without the ending */
  name: z.string(),
  /** null when the file can't be read */
  cluster: z.string().nullable(),
  changes: z.number(),
  /** changes that were applied with success */
  applied: z.number(),
  /** why it can't be used now, a sentence; null when it can */
  problem: z.string().nullable(),
});
export type DraftSummary = z.infer<typeof draftSummary>;

const accept = change.shape.accept;

/** One edit of a draft's file; comments and whatever else it does not name stay as they are. */
export const draftEdit = z.discriminatedUnion('edit', [
  /** at the end, or before another change; the new change's id is the next that is free */
  z.strictObject({
    edit: z.literal('add'),
    intent,
    accept: accept.optional(),
    note: change.shape.note.optional(),
    before: changeId.optional(),
  }),
  /** another intent in its place: what was reviewed of the old one no longer counts */
  z.strictObject({ edit: z.literal('replace'), id: changeId, intent }),
  z.strictObject({ edit: z.literal('remove'), id: changeId }),
  /** `before` null: to the end */
  z.strictObject({ edit: z.literal('move'), id: changeId, before: changeId.nullable() }),
  z.strictObject({ edit: z.literal('duplicate'), id: changeId }),
  z.strictObject({ edit: z.literal('set-accept'), id: changeId, accept }),
  z.strictObject({ edit: z.literal('set-note'), id: changeId, note: change.shape.note }),
  /** somebody read these plans: their steps are kept, and instances count as known as they are now */
  z.strictObject({
    edit: z.literal('set-reviewed'),
    changes: z.array(z.strictObject({ id: changeId, steps: z.array(step).max(2000) })),
    base: base.optional(),
  }),
  z.strictObject({ edit: z.literal('set-applied'), id: changeId, applied: applied.nullable() }),
]);
export type DraftEdit = z.infer<typeof draftEdit>;

/** The ending of a draft's file name. */
export const draftEnding = '.vbdesk.yaml';
