/**
 * Command lines without a process for each: starting one costs several times what most of them do. For tests of what commands do;
 * what is about the process itself (signals, terminals, one that dies, two at a time) takes a real one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { Socket } from 'node:net';
import path from 'node:path';
import { type Reply, reply } from './protocol.ts';

export type WarmCommandLine = {
  /** True while a command line is under way: it takes one at a time. */
  isBusy(): boolean;
  /** Rejects when the process dies of it, as it does of a promise that nobody waits for. */
  run(words: readonly string[]): Promise<Reply>;
};

/** Its process starts with the first command line, and ends with this one. */
export const warmCommandLine = (environment: Readonly<Record<string, string>>): WarmCommandLine => {
  let child: ChildProcess | null = null;
  let busy = false;
  let printed = '';
  const start = (): ChildProcess => {
    const started = fork(path.join(import.meta.dirname, 'server.ts'), {
      env: environment,
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
      if (stream instanceof Socket) stream.unref();
    }
    started.once('exit', () => {
      if (child === started) child = null;
    });
    return started;
  };
  return {
    isBusy: () => busy,
    run: async (words) => {
      busy = true;
      child ??= start();
      const running = child;
      // it keeps nobody alive but for an answer
      running.ref();
      running.channel?.ref();
      try {
        return await new Promise<Reply>((resolve, reject) => {
          const onExit = (): void => reject(new Error(`vbdesk ${words.join(' ')} died:\n${printed}`));
          running.once('exit', onExit);
          running.once('message', (message) => {
            running.off('exit', onExit);
            resolve(reply.parse(message));
          });
          running.send(words);
        });
      } finally {
        busy = false;
        running.unref();
        running.channel?.unref();
      }
    },
  };
};
