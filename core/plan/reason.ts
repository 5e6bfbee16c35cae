/** Why an intent can't be, needs a word, or is fine. A planner returns all of them, never only the first. */
import { z } from 'zod';

export const reason = z.object({
  /** stable, kebab-case; a consent is given by naming it (`--accept CODE`) */
  code: z.string(),
  severity: z.enum(['blocks', 'consent', 'warning', 'passed']),
  /** a few words: "Memory", "node2 may be alive" */
  title: z.string(),
  /** one sentence with the figures, and what would help */
  text: z.string(),
  node: z.string().optional(),
  /** form field or CLI option that it speaks of, e.g. "name", "disks.1.size" */
  field: z.string().optional(),
});
export type Reason = z.infer<typeof reason>;
