// npm start [-- --served] [-- ARGUMENT…]: opens the app in Electron where that can be, else in a browser. Arguments
// are passed on (--config-dir DIR; with --served also --port N, --no-open).
import { spawn } from 'node:child_process';
import path from 'node:path';
import { buildOrExit, isBuildCurrent } from '../lib/build.ts';
import { root } from '../lib/command.ts';
import { electronBinary, fetchElectron } from '../lib/electron-binary.ts';

const args = process.argv.slice(2).filter((argument) => argument !== '--served');
const asked = process.argv.includes('--served');

if (!(await isBuildCurrent())) {
  process.stdout.write('Building the window …\n');
  await buildOrExit();
}

const reason = asked ? 'As asked' : ((await reasonAgainstElectron()) ?? (await openElectron()));
if (reason !== null) {
  process.stdout.write(`${reason}; VBDesk serves its window to a browser instead.\n`);
  process.exitCode = await runShell(process.execPath, ['main/serve.ts', ...args]);
}

/** Why there can be no desktop window, as the beginning of a sentence; null when there can. */
async function reasonAgainstElectron(): Promise<string | null> {
  if (process.platform === 'linux') {
    if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
      return 'There is no display for a desktop window';
    // Electron refuses to run as root with its sandbox, and without its sandbox it is not to run.
    if (process.getuid?.() === 0) return 'Electron does not run as root';
  }
  if (electronBinary() !== null) return null;
  const failure = await fetchElectron();
  return failure === null ? null : `Electron is not here and cannot be fetched (${failure})`;
}

/** Runs Electron to its end. Returns null when it ran, else why it did not. */
async function openElectron(): Promise<string | null> {
  const binary = electronBinary();
  if (binary === null) return 'Electron is not here';
  const start = performance.now();
  const code = await runShell(binary, ['.', ...args], configDirectory());
  // A library that is missing on the machine ends it at once, before a window was shown.
  if (code !== 0 && performance.now() - start < 3000) return `Electron cannot run here (exit code ${code})`;
  process.exitCode = code;
  return null;
}

/** Electron's main process is told by its environment; to Chromium `--config-dir` would be a switch of its own. */
function configDirectory(): Readonly<Record<string, string>> {
  const index = args.indexOf('--config-dir');
  const directory = index >= 0 ? args[index + 1] : undefined;
  return directory === undefined ? {} : { VBDESK_CONFIG_DIR: path.resolve(directory) };
}

/** Runs one of the app's shells with this process's stdio and signals; its exit code, 1 when a signal ended it. */
function runShell(
  program: string,
  programArgs: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const environment: NodeJS.ProcessEnv = { ...process.env, ...more };
    // Set by some editors' terminals: it would make Electron a plain Node.
    delete environment.ELECTRON_RUN_AS_NODE;
    const child = spawn(program, programArgs, { cwd: root, stdio: 'inherit', env: environment });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // A terminal has sent its Ctrl-C to the child already.
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      });
    }
    child.on('error', (error) => reject(new Error(`Cannot run ${path.basename(program)}: ${error.message}`)));
    child.on('close', (code) => resolve(code ?? 1));
  });
}
