// node scripts/run.mjs [--needs test|xen] FILE [ARGUMENT…]: sets up the checkout, then runs one of the
// project's files under the project's own Node. What `npm run bench`, `npm run lab:up` and the like are made of.
import process from 'node:process';
import { runInProject } from './lib/bootstrap.mjs';
import { programsFor } from './lib/debian-packages.mjs';

const args = process.argv.slice(2);
const needs = args[0] === '--needs' ? args.splice(0, 2)[1] : undefined;
const [file, ...rest] = args;
const programs = needs === undefined ? [] : programsFor[needs];
if (!file || !programs) {
  process.stderr.write('Usage: node scripts/run.mjs [--needs test|xen] FILE [ARGUMENT…]\n');
  process.exit(2);
}
await runInProject(file, rest, { programs });
