/** What a draft comes to on a snapshot: each change planned upon the effect of those before it, and what all of it costs. */
import { z } from 'zod';
import { planView } from '../plan/plan-view.ts';
import { base } from './draft.ts';

const nodeMemory = z.strictObject({ node: z.string(), mib: z.number() });
const downtime = z.strictObject({ instance: z.string(), seconds: z.number() });
const consent = z.strictObject({
  code: z.string(),
  title: z.string(),
  text: z.string(),
  given: z.boolean(),
});

/** What one change costs. */
export const changeCost = z.strictObject({
  /** bytes that are written by copying or converting */
  copiedBytes: z.number(),
  /** bytes promised anew on storages */
  newBytes: z.number(),
  memory: z.array(nodeMemory),
  down: z.array(downtime),
  consents: z.array(consent),
});
export type ChangeCost = z.infer<typeof changeCost>;

/** What all changes cost, and what is left after them. */
export const draftCost = changeCost.extend({
  /** each storage once, under the nodes that show it */
  storage: z.array(
    z.strictObject({
      nodes: z.array(z.string()),
      path: z.string(),
      freeBytes: z.number(),
      freeBytesAfter: z.number(),
    }),
  ),
  nodes: z.array(z.strictObject({ node: z.string(), freeMib: z.number(), freeMibAfter: z.number() })),
});
export type DraftCost = z.infer<typeof draftCost>;

export const plannedChange = z.strictObject({
  id: z.string(),
  /** against what was reviewed; `done-already`: the cluster is as it would leave it, or it was applied */
  outcome: z.enum(['unchanged', 'changed', 'impossible', 'done-already']),
  /** null where no plan can be made at all */
  view: planView.nullable(),
  /** titles of the steps against those that were reviewed */
  difference: z.array(z.strictObject({ sign: z.enum(['+', '-', ' ']), text: z.string() })),
  /** why it is impossible, or what changed since, each a sentence */
  reasons: z.array(z.string()),
  /** what could not be known without a connection, each a sentence */
  unknown: z.array(z.string()),
  cost: changeCost,
});
export type PlannedChange = z.infer<typeof plannedChange>;

export const draftPlan = z.strictObject({
  /** when nodes last answered, ms since the epoch; null: none ever did */
  at: z.number().nullable(),
  /** no node answers now: it is planned on what was last seen */
  offline: z.boolean(),
  changes: z.array(plannedChange),
  cost: draftCost,
  /** the instances that it touches as they were then: what whoever reads it has seen */
  base: base.nullable().optional(),
});
export type DraftPlan = z.infer<typeof draftPlan>;
