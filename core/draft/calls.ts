/** The contract's calls about drafts. */
import { z } from 'zod';
import { snapshot } from '../cluster/snapshot.ts';
import { changeId, draftEdit, draftFile, draftSummary } from './draft.ts';
import { draftPlan } from './draft-plan.ts';

const path = z.string().min(1).max(4096);
/** Of the text from which something was made. */
const sha256 = z.string().length(64);

export const draftCalls = {
  /** those that are opened on this workstation, as their files are now */
  'draft.list': { input: z.strictObject({}), output: z.array(draftSummary) },
  /** reads one, and opens it: it is in the list from now on */
  'draft.read': { input: z.strictObject({ path }), output: draftFile },
  /** a new file, opened; `path` null: one in the workstation's own folder. Refused where there is one */
  'draft.create': {
    input: z.strictObject({ path: path.nullable(), cluster: z.string().min(1).max(63) }),
    output: draftFile,
  },
  /** the whole text; refused when the file is no longer the one of which this was made */
  'draft.write': {
    input: z.strictObject({ path, text: z.string().max(2 ** 21), from: sha256 }),
    output: draftFile,
  },
  /** refused as well when the file is another by now; the rest of the file, comments included, stays */
  'draft.edit': { input: z.strictObject({ path, from: sha256, edit: draftEdit }), output: draftFile },
  /** it leaves the list; the file stays */
  'draft.close': { input: z.strictObject({ path }), output: z.strictObject({}) },
  /** the cluster as it would be once all changes that were not applied are done, by the last snapshot (`fresh`: by one made now) */
  'draft.snapshot': { input: z.strictObject({ path, fresh: z.boolean() }), output: snapshot },
  /** `only`: as though nothing but these, and what was applied, were in it */
  'draft.plan': {
    input: z.strictObject({ path, fresh: z.boolean(), only: z.array(changeId).max(200).optional() }),
    output: draftPlan,
  },
  /** `only` null: all that were not applied; progress is in the state */
  'draft.apply': {
    input: z.strictObject({
      path,
      from: sha256,
      only: z.array(changeId).max(200).nullable(),
      onFailure: z.enum(['stop', 'independent']),
    }),
    output: z.discriminatedUnion('outcome', [
      z.strictObject({ outcome: z.literal('started') }),
      z.strictObject({ outcome: z.literal('changed'), plan: draftPlan }),
    ]),
  },
  /** asks the draft that is being applied to stop: the run at work is cancelled where it still can be, and nothing further is begun */
  'draft.applyCancel': { input: z.strictObject({ path }), output: z.strictObject({}) },
  /** the same as a commented shell script, for people without VBDesk */
  'draft.script': { input: z.strictObject({ path }), output: z.strictObject({ text: z.string() }) },
} as const satisfies Record<string, { input: z.ZodType; output: z.ZodType }>;
