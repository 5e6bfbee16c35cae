import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';

/** What a ring of tests or a static check came to. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Tests that were allowed not to run: see `maySkip`. */
  readonly skipped: number;
  /** One for each failure: a line that names it, and what it said in lines below. */
  readonly failures: readonly string[];
}

const vitestReport = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/** Files whose tests may be skipped: they need the real Electron binary, which not every machine can fetch. */
const maySkip = /^test\/e2e\/real-electron(-[a-z-]+)?\.test\.ts$/;

/** The end of a long log is often all that is kept of it, so the reasons stand there as well: so many lines of each. */
const shownLines = 12;

/** What a failed test said, without colours and without the stack, indented. */
function reasonsOf(messages: readonly string[]): string {
  const lines = messages
    .flatMap((message) => stripVTControlCharacters(message).split('\n'))
    .filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  const shown = lines.slice(0, shownLines).map((line) => `\n      ${line.slice(0, 300)}`);
  return shown.join('') + (lines.length > shownLines ? '\n      …' : '');
}

/**
 * Counts the tests of a ring from the text of vitest's JSON report. `root` is the checkout's path, cut off file
 * names. A skipped test, a file that could not be loaded, errors outside of tests and a ring without tests count as failures.
 */
export function tallyOfReport(ring: string, text: string, root: string): Tally {
  const report = vitestReport.parse(JSON.parse(text));
  const failures: string[] = [];
  let passed = 0;
  let skipped = 0;
  for (const file of report.testResults) {
    const name = file.name.startsWith(`${root}/`) ? file.name.slice(root.length + 1) : file.name;
    const failuresBefore = failures.length;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed')
        failures.push(`${name}: ${test.fullName}${reasonsOf(test.failureMessages ?? [])}`);
      else if (maySkip.test(name)) skipped += 1;
      else failures.push(`${name}: ${test.fullName} (was ${test.status})`);
    }
    // A file may fail outside of any test: it cannot be loaded, or a hook fails.
    if (file.status === 'failed' && failures.length === failuresBefore) {
      failures.push(`${name}: ${file.message.split('\n', 1)[0] || 'the file failed outside of its tests'}`);
    }
  }
  if (passed + skipped + failures.length === 0) failures.push(`${ring}: this ring ran no tests`);
  if (!report.success && failures.length === 0) failures.push(`${ring}: errors outside of tests`);
  return { passed, failed: failures.length, skipped, failures };
}

/** A tally of one thing that passed or did not. */
export function tallyOfOne(name: string, ok: boolean): Tally {
  return ok
    ? { passed: 1, failed: 0, skipped: 0, failures: [] }
    : { passed: 0, failed: 1, skipped: 0, failures: [name] };
}

export function sumOfTallies(tallies: readonly Tally[]): Tally {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  return {
    passed: sum((tally) => tally.passed),
    failed: sum((tally) => tally.failed),
    skipped: sum((tally) => tally.skipped),
    failures: tallies.flatMap((tally) => tally.failures),
  };
}

/** The one line that a run ends with: `12 passed, 0 failed`, and the skipped ones only when there are some. */
export function closingLine(tally: Tally): string {
  const line = `${tally.passed} passed, ${tally.failed} failed`;
  return tally.skipped > 0 ? `${line}, ${tally.skipped} skipped` : line;
}
