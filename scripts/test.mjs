// npm test: sets up the checkout, runs every check and every ring but the Xen lab.
import process from 'node:process';
import { runInProject } from './lib/bootstrap.mjs';
import { programsFor } from './lib/debian-packages.mjs';

await runInProject('scripts/tasks/test.ts', process.argv.slice(2), { programs: programsFor.test });
