import { spawn } from 'node:child_process';
import { LabError } from './lab-error.ts';

export interface ProcessResult {
  /** Exit code; 128 + signal number is not made up: null where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ProcessOptions {
  /** Written to standard input, which is then closed. */
  input?: string | Buffer;
  /** Milliseconds after which the process is killed and a LabError is thrown. */
  timeout?: number;
  cwd?: string;
}

/** Runs a program to its end. Throws a LabError where it can't be started or takes too long; never for an exit code. */
export function runProcess(
  program: string,
  parameters: readonly string[],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let late = false;
    const timer =
      options.timeout === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            child.kill('SIGKILL');
            // A grandchild may hold the pipes open: do not wait for it.
            child.stdout.destroy();
            child.stderr.destroy();
          }, options.timeout);
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // The program may end without reading its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new LabError(`${program} cannot be started: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const result = {
        code,
        signal,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      };
      if (late) {
        const said = `${result.stdout}${result.stderr}`.trim();
        reject(
          new LabError(
            `${program} took longer than ${(options.timeout ?? 0) / 1000} s${said ? `; it said: ${said}` : ''}`,
          ),
        );
      } else {
        resolve(result);
      }
    });
  });
}

/** Runs a program that must succeed; a LabError tells what it printed otherwise. */
export async function mustRun(
  program: string,
  parameters: readonly string[],
  options: ProcessOptions = {},
): Promise<string> {
  const result = await runProcess(program, parameters, options);
  if (result.code !== 0) {
    const said = `${result.stderr}${result.stdout}`.trim();
    throw new LabError(
      `${program} ${parameters.slice(0, 4).join(' ')} failed (${result.signal ?? `exit ${result.code}`}): ${said}`,
    );
  }
  return result.stdout;
}

/** Waits until `condition` holds, asking every `interval` ms; returns false after `timeout` ms. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  timeout: number,
  interval = 100,
): Promise<boolean> {
  const end = performance.now() + timeout;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
  return true;
}
