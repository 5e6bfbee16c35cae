import { z } from 'zod';

/*
 * What a test may ask of the process that runs the app in the stand-in, beside driving its page.
 */

const ask = { id: z.number(), arg: z.unknown().optional() };

/** Messages of the test to the process. */
export const question = z.discriminatedUnion('ask', [
  /** Runs a function of the test, given as its text, with the electron module, as Playwright does for real Electron. */
  z.object({ ...ask, ask: z.literal('evaluate'), source: z.string() }),
  z.object({ ...ask, ask: z.literal('recorded') }),
  z.object({ ...ask, ask: z.literal('windows') }),
  /** arg: the name of a permission. */
  z.object({ ...ask, ask: z.literal('askPermission'), arg: z.string() }),
  z.object({ ...ask, ask: z.literal('checkPermission'), arg: z.string() }),
  /** A call from a frame that the test makes up. */
  z.object({
    ...ask,
    ask: z.literal('invokeFrom'),
    arg: z.object({
      frame: z.union([z.object({ url: z.string(), inside: z.string().nullable() }), z.null()]),
      channel: z.string(),
      args: z.array(z.unknown()),
    }),
  }),
  /** A request for an address, exactly as it is written. */
  z.object({ ...ask, ask: z.literal('request'), arg: z.string() }),
]);
export type Question = z.infer<typeof question>;

/** Messages of the process to the test. */
export const answer = z.discriminatedUnion('ok', [
  z.object({ id: z.number(), ok: z.literal(true), value: z.unknown().optional() }),
  z.object({ id: z.number(), ok: z.literal(false), error: z.string() }),
]);
export type Answer = z.infer<typeof answer>;
