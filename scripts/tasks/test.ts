// npm test [-- RING…]: the static checks, the build and the rings of tests; with names of rings, only these.
import { build } from '../lib/build.ts';
import { runChecks } from '../lib/checks.ts';
import { endRun, type Part, runPart } from '../lib/part.ts';
import { tallyOfOne } from '../lib/report.ts';
import { quickRings, runRing } from '../lib/rings.ts';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !quickRings.some((ring) => ring.name === name));
if (unknown.length > 0) {
  const known = quickRings.map((ring) => ring.name).join(', ');
  process.stderr.write(`There is no ring called ${unknown.join(', ')}. There are: ${known}.\n`);
  process.exit(2);
}

const parts: Part[] = wanted.length === 0 ? await runChecks() : [];
parts.push(
  await runPart('build', 'electron-vite: main, preload, renderer', async () => {
    await build();
    return tallyOfOne('build', true);
  }),
);
for (const ring of quickRings) {
  if (wanted.length === 0 || wanted.includes(ring.name)) parts.push(await runRing(ring));
}
await endRun(parts);
