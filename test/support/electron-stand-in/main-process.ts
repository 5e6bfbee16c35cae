import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { browserVariable } from './browser-variable.ts';
import { answer, type Question } from './control.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** The process that runs the app's main file in the stand-in, seen from the test. */
export interface MainProcess {
  /** Asks it something of control.ts; the caller says what type the answer has. */
  ask<T>(what: Question['ask'], arg?: unknown): Promise<T>;
  /** Runs a function given as its text with the electron module. */
  evaluate<T>(source: string, arg: unknown): Promise<T>;
  output(): string;
  readonly exited: Promise<number | null>;
  /** Rejects, with what it printed, when the process ends before its first answer or start. Never resolves. */
  readonly failure: Promise<never>;
  kill(): Promise<void>;
  /** Lets it end by itself when it is asked to (SIGTERM, then SIGKILL). */
  end(): Promise<void>;
}

interface Waiter {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Starts a main file (a path from the checkout's root). `browser` is where its Chromium listens. */
export function startMain(
  main: string,
  args: readonly string[],
  { browser, ...environment }: Readonly<Record<string, string>> & { readonly browser: string },
): MainProcess {
  const child = fork(path.join(import.meta.dirname, 'run.ts'), [main, ...args], {
    cwd: root,
    execArgv: ['--no-warnings'],
    // Values cross as structured clones, as they do with real Electron.
    serialization: 'advanced',
    env: { ...process.env, ...environment, [browserVariable]: browser },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const waiting = new Map<number, Waiter>();
  let lastId = 0;
  child.on('message', (message) => {
    const got = answer.parse(message);
    const waiter = waiting.get(got.id);
    waiting.delete(got.id);
    if (got.ok) waiter?.resolve(got.value);
    else waiter?.reject(new Error(got.error));
  });
  const exited = new Promise<number | null>((resolve) => {
    // `close`, not `exit`: what it printed last is to be there too.
    child.once('close', (code) => resolve(code));
  });
  const ended = exited.then((code) => new Error(`The app ended (exit code ${code}). It printed:\n${output}`));
  const failure = ended.then((error) => Promise.reject(error));
  // Whoever waits for it gets it; nobody has to.
  failure.catch(() => undefined);
  void ended.then((error) => {
    for (const waiter of waiting.values()) waiter.reject(error);
    waiting.clear();
  });

  const send = <T>(message: object): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve: (value) => resolve(value as T), reject });
      child.send({ ...message, id: lastId }, (error) => error && reject(error));
    });
  const signal = async (name: NodeJS.Signals) => {
    child.kill(name);
    await exited;
  };
  return {
    ask: (what, arg) => send({ ask: what, arg }),
    evaluate: (source, arg) => send({ ask: 'evaluate', source, arg }),
    output: () => output,
    exited,
    failure,
    kill: () => signal('SIGKILL'),
    end: () => endOf(child, exited),
  };
}

async function endOf(child: ChildProcess, exited: Promise<number | null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(timer);
}
