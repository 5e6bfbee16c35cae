import { z } from 'zod';

/** The words of one command line. */
export const request = z.array(z.string());

/** What became of it. */
export const reply = z.strictObject({ code: z.number(), stdout: z.string(), stderr: z.string() });
export type Reply = z.infer<typeof reply>;
