/** A plan with what only the main side can say: each step's shell text, and the fingerprint under which it was reviewed. */
import { z } from 'zod';
import { plan } from './plan.ts';

export const planView = z.strictObject({
  plan,
  /** goes back with run.start; a plan made afresh must have the same */
  fingerprint: z.string(),
  /** text of each step: what is shown as its command, and its undo */
  texts: z.array(
    z.strictObject({ id: z.string(), command: z.string(), script: z.string(), undo: z.array(z.string()) }),
  ),
});
export type PlanView = z.infer<typeof planView>;
