import { spawn } from 'node:child_process';
import path from 'node:path';

/** The checkout: the directory that holds package.json. */
export const root = path.resolve(import.meta.dirname, '../..');

/** How a command ended. `code` is null when it was ended by a signal or could not be started. */
export interface Ending {
  readonly code: number | null;
  /** For people: "exit code 2", "ended by SIGKILL", "took longer than 600 s". */
  readonly text: string;
  /** Standard output and standard error in the order they came; empty when they were inherited. */
  readonly output: string;
  /** Standard output alone; empty when it was inherited. */
  readonly stdout: string;
}

export interface CommandOptions {
  /** Pass output straight on instead of collecting it. */
  readonly inherit?: boolean;
  /** After so many ms the command and all its children are killed. */
  readonly limit?: number;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs a command in the checkout to its end. Never throws. Standard input is empty. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Ending> {
  return new Promise((resolve) => {
    let output = '';
    let stdout = '';
    let tooLong = false;
    const child = spawn(command, args, {
      cwd: root,
      env: options.environment ?? process.env,
      stdio: ['ignore', options.inherit ? 'inherit' : 'pipe', options.inherit ? 'inherit' : 'pipe'],
      // Its own process group, so that children of a command that took too long end with it.
      detached: process.platform !== 'win32',
    });
    const kill = (signal: NodeJS.Signals) => {
      if (child.pid === undefined) return;
      try {
        process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal);
      } catch {
        // It has ended already.
      }
    };
    const timer =
      options.limit === undefined
        ? undefined
        : setTimeout(() => {
            tooLong = true;
            kill('SIGKILL');
          }, options.limit);
    const interrupted = () => kill('SIGINT');
    const terminated = () => kill('SIGTERM');
    process.on('SIGINT', interrupted);
    process.on('SIGTERM', terminated);
    const finish = (code: number | null, text: string) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', terminated);
      resolve({ code, text, output, stdout });
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', (error) => finish(null, error.message));
    child.on('close', (code, signal) => {
      if (tooLong) finish(null, `took longer than ${(options.limit ?? 0) / 1000} s`);
      else finish(code, signal ? `ended by ${signal}` : `exit code ${code}`);
    });
  });
}
