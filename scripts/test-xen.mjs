// npm run test:xen: sets up the checkout and the machine, runs the ring that boots two real Xen nodes.
import process from 'node:process';
import { runInProject } from './lib/bootstrap.mjs';
import { programsFor } from './lib/debian-packages.mjs';

await runInProject('scripts/tasks/test-xen.ts', process.argv.slice(2), { programs: programsFor.xen });
