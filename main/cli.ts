/** The command line's shell: `vbdesk …`, started by bin/vbdesk.mjs. What it does is in main/cli. */
import process from 'node:process';
import { runCommandLine } from './cli/program.ts';
import { processTerminal } from './cli/terminal.ts';

// connections and the practice cluster's servers would keep the process alive; all that is to be said is said by then
process.exit(await runCommandLine(process.argv.slice(2), processTerminal()));
