// npm start: sets up the checkout, builds what is out of date, opens the app.
import process from 'node:process';
import { runInProject } from './lib/bootstrap.mjs';

await runInProject('scripts/tasks/start.ts', process.argv.slice(2));
