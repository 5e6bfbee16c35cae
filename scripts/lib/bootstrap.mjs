// What has to happen before anything of the project can run: npm packages, and the project's own Node 24.
// Only Node built-ins here, and nothing newer than Node 18: this part runs before anything is installed.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
    if (!installed && mayBeMissing(entry)) continue;
    if (!installed) return `The npm package ${key.replace(/^.*node_modules\//, '')} is missing`;
    if (installed.version !== entry.version) return 'The lock file has changed';
  }
  return null;
}

/**
 * npm leaves out optional packages that are meant for another platform or could not be compiled. Those with a ready
 * program for this platform have to be there: an old Node makes npm leave them out too.
 */
function mayBeMissing(entry) {
  if (!entry.optional && !entry.devOptional && !entry.peer) return false;
  const isReadyProgram = Boolean(entry.os || entry.cpu);
  const libc = process.report?.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
  const fits = (list, value) => !list || list.includes(value);
  const isForHere =
    fits(entry.os, process.platform) &&
    fits(entry.cpu, process.arch) &&
    (process.platform !== 'linux' || fits(entry.libc, libc));
  return !(isReadyProgram && isForHere);
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

/**
 * Whether npm, run by a Node of this version, installs all that the project needs. By an older one it leaves the
 * programs of some packages out, and does not say so.
 */
export function installsEverything(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13) || (major === 20 && minor >= 19);
}

/** Runs npm quietly: notices of engines and deprecations are noise, for the packages run under the project's own Node. */
function npm(args, { command = 'npm', first = [], environment = {} } = {}) {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  return run(command, [...first, ...args, ...quiet], {
    cwd: root,
    env: { ...process.env, PATH: pathOutsideProject(), ...environment },
    shell: process.platform === 'win32' && command === 'npm',
  });
}

/** Fetches the project's Node and an npm of its age into a directory, by whatever npm there is; how to run npm by them. */
async function fetchNewerNpm(directory) {
  const lock = readJson(path.join(root, 'package-lock.json'));
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const packages = [`${name}@${lock.packages['node_modules/node'].version}`, 'npm@11'];
  const options = ['--prefix', directory, '--no-save', '--ignore-scripts'];
  const result = await npm(['install', ...options, ...packages]);
  const modules = path.join(directory, 'node_modules');
  const bin = path.join(modules, name, 'bin');
  return {
    result,
    command: path.join(bin, path.basename(projectNode)),
    first: [path.join(modules, 'npm/bin/npm-cli.js')],
    environment: { PATH: `${bin}${path.delimiter}${pathOutsideProject()}` },
  };
}

async function runNpmCi() {
  // Some people switch install scripts off for all that they do; the project's own Node comes by one.
  const args = ['ci', '--ignore-scripts=false'];
  if (installsEverything(process.versions.node)) return npm(args);
  const directory = await mkdtemp(path.join(tmpdir(), 'vbdesk-npm-'));
  try {
    const { result, ...newer } = await fetchNewerNpm(directory);
    return result.code === 0 ? await npm(args, newer) : result;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Installs the npm packages when need be. Throws with what npm said when it fails. */
async function installNpmPackages() {
  const reason = reasonToInstall(root);
  if (!reason && existsSync(projectNode)) return;
  const done = progress(`${reason ?? "The project's own Node is missing"}: npm ci`);
  const result = await runNpmCi();
  done();
  if (result.code !== 0) {
    throw new Error(
      `npm ci failed (${result.ending}). It printed:\n${indent(result.output)}\nMend that, then run the same command again.`,
    );
  }
  const still = reasonToInstall(root);
  if (still) throw new Error(`npm ci ended well, but all is not there: ${still}.`);
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
