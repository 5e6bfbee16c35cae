#!/usr/bin/env node
// The command `vbdesk`. main/cli.ts is TypeScript that Node runs as it stands from 22.18 on; an older Node hands over
// to the one in node_modules.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const cli = path.join(root, 'main/cli.ts');
const ownNode = path.join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');

if (!existsSync(path.join(root, 'node_modules/zod/package.json'))) {
  fail(`VBDesk's npm packages are not installed. Run in ${root}:\n    npm ci\nthen the same command again.`);
} else if (runsTypeScript(process.versions.node)) {
  process.argv[1] = cli;
  await import(pathToFileURL(cli).href);
} else if (existsSync(ownNode)) {
  handOver();
} else {
  fail(
    `VBDesk needs Node 22.18 or newer; this is ${process.versions.node}, and ${ownNode} is not there. Run in ${root}:\n    npm ci\nthen the same command again.`,
  );
}

function runsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number);
  // 23 never got it without a flag before 23.6.
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/** Runs the same command under the project's own Node, with this process's stdio, signals and exit code. */
function handOver() {
  const child = spawn(ownNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  for (const signal of signals) {
    process.on(signal, () => {
      // A terminal has sent its Ctrl-C to the child already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`Cannot run ${ownNode}: ${error.message}`));
  child.on('close', (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
