import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { closingLine, sumOfTallies, type Tally } from './report.ts';

/** One part of a run (a check, the build, a ring), as it stands in the summary. */
export const partSchema = z.object({
  name: z.string(),
  /** How long it took, in ms. */
  duration: z.number(),
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  failures: z.array(z.string()),
});
export type Part = z.infer<typeof partSchema>;

/** Runs one part under a heading and says how long it took. What it throws counts as its failure. */
export async function runPart(name: string, heading: string, work: () => Promise<Tally>): Promise<Part> {
  process.stdout.write(`\n== ${name}: ${heading}\n`);
  const start = performance.now();
  let tally: Tally;
  try {
    tally = await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stdout.write(`${reason}\n`);
    tally = { passed: 0, failed: 1, skipped: 0, failures: [`${name}: ${reason.split('\n', 1)[0]}`] };
  }
  const part = { name, duration: performance.now() - start, ...tally, failures: [...tally.failures] };
  process.stdout.write(`   ${name}: ${closingLine(part)} in ${seconds(part.duration)}\n`);
  return part;
}

function seconds(duration: number): string {
  return duration < 90_000 ? `${(duration / 1000).toFixed(1)} s` : `${(duration / 60_000).toFixed(1)} min`;
}

/** Prints what each part came to, the failures by name and, as the last line, the total. */
export function printSummary(parts: readonly Part[]): void {
  const width = Math.max(...parts.map((part) => part.name.length));
  const lines = parts.map(
    (part) => `   ${part.name.padEnd(width)}  ${seconds(part.duration).padStart(8)}  ${closingLine(part)}`,
  );
  const total = sumOfTallies(parts);
  const failures = total.failures.map((failure) => `   ${failure}`);
  process.stdout.write(`\n== Summary\n${lines.join('\n')}\n`);
  if (failures.length > 0) process.stdout.write(`\n== Failed\n${failures.join('\n')}\n`);
  process.stdout.write(`\n${closingLine(total)}\n`);
}

/**
 * Ends a run: prints the summary, keeps it in the file that VBDESK_TEST_SUMMARY names (for `.ci/run`, which adds two
 * runs up), and sets the exit code.
 */
export async function endRun(parts: readonly Part[]): Promise<void> {
  const file = process.env.VBDESK_TEST_SUMMARY;
  if (file) await writeFile(file, JSON.stringify(parts));
  printSummary(parts);
  process.exitCode = sumOfTallies(parts).failed === 0 ? 0 : 1;
}
