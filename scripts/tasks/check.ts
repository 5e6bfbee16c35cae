// npm run check: the static checks alone.
import { runChecks } from '../lib/checks.ts';
import { endRun } from '../lib/part.ts';

await endRun(await runChecks());
