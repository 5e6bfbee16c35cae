// npm test [-- RING…]: the static checks, the build and the rings of tests; with names of rings, only these.
import { build } from '../lib/build.ts';
import { runChecks } from '../lib/checks.ts';
import { endRun, type Part, runPart } from '../lib/part.ts';
import { tallyOfOne } from '../lib/report.ts';
import { longRing, quickRings, runRing } from '../lib/rings.ts';

const wanted = process.argv.slice(2);
const rings = [...quickRings, longRing];
const unknown = wanted.filter((name) => !rings.some((ring) => ring.name === name));
if (unknown.length > 0) {
  const known = rings.map((ring) => ring.name).join(', ');
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
for (const ring of wanted.length === 0 ? quickRings : rings.filter(({ name }) => wanted.includes(name)))
  parts.push(await runRing(ring));
await endRun(parts);
