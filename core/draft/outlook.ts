/** What comes of a draft on the cluster as it is known now: each change planned upon the effect of those before it. */
import { z } from 'zod';
import { reason } from '../plan/reason.ts';

/**
 * unchanged: it does what was reviewed (or nobody has reviewed it yet, see `reviewed`); changed: it does something else, or what it
 * touches was changed by somebody since; impossible: something stands against it; done-already: there is nothing left to do.
 */
export const outcome = z.enum(['unchanged', 'changed', 'impossible', 'done-already']);
export type Outcome = z.infer<typeof outcome>;

/** The titles of the steps as they are now against those that were reviewed, line by line. */
export const difference = z.array(
  z.strictObject({ mark: z.enum(['same', 'gone', 'new']), text: z.string() }),
);
export type Difference = z.infer<typeof difference>;

/** What could not be known: a sentence with the last figure and its age. */
export const unknownFact = z.strictObject({
  node: z.string().nullable(),
  text: z.string(),
  /** ms since it was seen last; null: never, or it is not a matter of age */
  age: z.number().nullable(),
});
export type UnknownFact = z.infer<typeof unknownFact>;

/** A consent that the change asks for. */
export const consentAsked = z.strictObject({
  code: z.string(),
  title: z.string(),
  text: z.string(),
  given: z.boolean(),
});

/** Memory and storage of a node before and after. */
export const nodeAfter = z.strictObject({
  node: z.string(),
  /** MiB that are free; null where it is as it was */
  memory: z.strictObject({ before: z.number(), after: z.number() }).nullable(),
  storages: z.array(
    z.strictObject({
      path: z.string(),
      /** bytes that are free */
      before: z.number(),
      after: z.number(),
      /** bytes that images there may still grow by, afterwards */
      promised: z.number(),
    }),
  ),
});
export type NodeAfter = z.infer<typeof nodeAfter>;

export const cost = z.strictObject({
  /** bytes that are read and written again elsewhere, at most */
  copiedBytes: z.number(),
  /** bytes that are promised anew on the storages */
  newBytes: z.number(),
  /** instances whose guest is down meanwhile; seconds null: until somebody starts it again */
  down: z.array(z.strictObject({ instance: z.string(), seconds: z.number().nullable() })),
  consents: z.array(consentAsked),
  /** those that it changes */
  nodes: z.array(nodeAfter),
});
export type Cost = z.infer<typeof cost>;

export const changeOutlook = z.strictObject({
  /** of the change */
  id: z.string(),
  title: z.string(),
  outcome,
  /** somebody has seen what it was going to do, and the draft holds that */
  reviewed: z.boolean(),
  /** null where nothing was reviewed */
  difference: difference.nullable(),
  /** all that stands against it; every block, also where something else is said besides */
  reasons: z.array(reason),
  /** "web1 was changed since (generation 3, now 4)": sentences on what it touches */
  since: z.array(z.string()),
  unknown: z.array(unknownFact),
  /** ids of earlier changes on whose effect it rests */
  after: z.array(z.string()),
  /** null where it does not run */
  cost: cost.nullable(),
});
export type ChangeOutlook = z.infer<typeof changeOutlook>;

export const draftOutlook = z.strictObject({
  /** time of the snapshot, ms by this workstation's clock: of the newest answer in it */
  at: z.number(),
  /** no node answers: all of it was planned on what they showed last */
  offline: z.boolean(),
  changes: z.array(changeOutlook),
  /** of all that would run */
  cost,
});
export type DraftOutlook = z.infer<typeof draftOutlook>;
