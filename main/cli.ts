/** The command line's shell: `vbdesk …`, started by bin/vbdesk.mjs. What it does is in main/cli. */
import { enableCompileCache } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

// Half of a short command's time is reading and compiling our own files: Node may keep what it made of them. In the user's own
// cache, not in the shared temporary directory, since it is code. Where that can't be written, it goes without.
enableCompileCache(path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'vbdesk'));
const [{ runCommandLine }, { processTerminal }] = await Promise.all([
  import('./cli/program.ts'),
  import('./cli/terminal.ts'),
]);

// connections and the practice cluster's servers would keep the process alive; all that is to be said is said by then
process.exit(await runCommandLine(process.argv.slice(2), processTerminal()));
