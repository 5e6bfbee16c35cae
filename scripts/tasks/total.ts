// The sum of several runs, whose summaries are the files named: the last thing that `.ci/run` prints. A run that left
// no summary counts as a failure.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type Part, partSchema, printSummary } from '../lib/part.ts';

const parts: Part[] = [];
for (const file of process.argv.slice(2)) {
  const run = path.basename(file, '.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text !== null) parts.push(...z.array(partSchema).parse(JSON.parse(text)));
  else
    parts.push({
      name: run,
      duration: 0,
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: [`${run}: did not end`],
    });
}
printSummary(parts);
process.exitCode = parts.some((part) => part.failed > 0) ? 1 : 0;
