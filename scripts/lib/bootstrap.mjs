// What has to happen before anything of the project can run: npm packages, and the project's own Node 24.
// Only Node built-ins here, and nothing newer than Node 18: this part runs before anything is installed.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { installDebianPackages } from './debian-packages.mjs';

/** The checkout: the directory that holds package.json. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** The Node that the lock file pins, inside `node_modules`. */
const projectNode = path.join(
  root,
  'node_modules/node/bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

/**
 * Why the npm packages have to be installed (a sentence), or null when what lies in `node_modules` is what
 * the lock file says. npm keeps a copy of the lock file inside `node_modules`, written last: that copy is
 * the stamp, so a change by `npm ci` or `npm install` typed by hand is seen as well.
 */
export function reasonToInstall(directory) {
  const wanted = readJson(path.join(directory, 'package-lock.json'));
  if (!wanted) throw new Error(`package-lock.json is missing or unreadable in ${directory}.`);
  const there = readJson(path.join(directory, 'node_modules/.package-lock.json'));
  if (!there) return 'The npm packages are not installed yet';
  for (const [key, entry] of Object.entries(wanted.packages)) {
    if (key === '') continue;
    const installed = there.packages[key];
    // npm leaves out optional packages that are meant for another platform.
    if (!installed && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (!installed || installed.version !== entry.version) return 'The lock file has changed';
  }
  return null;
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** PATH without `node_modules/.bin`: npm must not run by a Node that it is about to replace. */
function pathOutsideProject() {
  const entries = (process.env.PATH ?? '').split(path.delimiter);
  return entries
    .filter((entry) => !path.resolve(entry).startsWith(path.join(root, 'node_modules')))
    .join(path.delimiter);
}

/** Installs the npm packages when need be. Throws with what npm said when it fails. */
async function installNpmPackages() {
  const reason = reasonToInstall(root);
  if (!reason && existsSync(projectNode)) return;
  const done = progress(`${reason ?? "The project's own Node is missing"}: npm ci`);
  // EBADENGINE and deprecation notices are noise: the packages run under the project's own Node.
  const result = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env: { ...process.env, PATH: pathOutsideProject(), npm_config_ignore_scripts: 'false' },
    shell: process.platform === 'win32',
  });
  done();
  if (result.code !== 0) {
    throw new Error(
      `npm ci failed (${result.ending}). It printed:\n${indent(result.output)}\nMend that, then run the same command again.`,
    );
  }
  if (!existsSync(projectNode)) {
    throw new Error(
      `npm ci ended well, but ${projectNode} is not there: the install script of the package "node" did not run. Try: npm rebuild node`,
    );
  }
}

/** Says what goes on, with the seconds it has taken when somebody watches; call the result when it is over. */
function progress(title) {
  const start = Date.now();
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`;
  if (!process.stderr.isTTY) {
    process.stderr.write(`${title} …\n`);
    return () => process.stderr.write(`  done in ${seconds()}\n`);
  }
  const draw = () => process.stderr.write(`\r${title} … ${seconds()}`);
  draw();
  const timer = setInterval(draw, 1000);
  return () => {
    clearInterval(timer);
    draw();
    process.stderr.write('\n');
  };
}

/** Runs a command to its end, collecting all that it prints. Never throws: `code` is null when it could not run. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => resolve({ code: null, ending: error.message, output }));
    child.on('close', (code, signal) =>
      resolve({ code, ending: signal ? `ended by ${signal}` : `exit code ${code}`, output }),
    );
  });
}

export function indent(text) {
  return text.trimEnd().replace(/^/gm, '    ');
}

/**
 * Prepares the checkout and runs one of the project's files under the project's own Node, with this
 * process's stdio, signals and, at the end, exit code.
 *
 * `programs` are names of ../lib/debian-packages.mjs: what must be on the machine besides Node.
 */
export async function runInProject(file, args, { programs = [] } = {}) {
  try {
    await installNpmPackages();
    await installDebianPackages(programs);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
  const bin = path.join(root, 'node_modules/.bin');
  const child = spawn(projectNode, [path.join(root, file), ...args], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` },
  });
  forwardSignals(child);
  child.on('error', (error) => {
    process.stderr.write(`Cannot run ${projectNode}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('close', (code, signal) => {
    if (signal) endBySignal(signal);
    else process.exit(code);
  });
}

/** Passes signals on, but for the Ctrl-C of a terminal, which the child has got by itself. */
function forwardSignals(child) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
}

function endBySignal(signal) {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
