import { readFileSync } from 'node:fs';
import { z } from 'zod';

const recordedSchema = z.record(
  z.string(),
  z.object({ command: z.string(), exit: z.number(), stdout: z.string(), stderr: z.string() }),
);

/** Commands that ran on a real Xen 4.17, with what they printed. */
export const recorded = recordedSchema.parse(
  JSON.parse(readFileSync(new URL('../../fixtures/xen-4.17/outputs.json', import.meta.url), 'utf8')),
);

/** Standard output of one recorded command. */
export function output(name: string): string {
  const entry = recorded[name];
  if (!entry) throw new Error(`No recorded output is named ${name}.`);
  return entry.stdout;
}
