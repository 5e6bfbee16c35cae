import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import type { StartedCommand } from './connection.ts';
import { AfterMarker, CappedBytes } from './output.ts';
import { asError } from './ssh-error.ts';

export type ScriptRun = {
  readonly script: string;
  /** For stdout and stderr each, in bytes. */
  readonly maxBytes: number;
  /** No limit when left out. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Aborted when the connection is gone. */
  readonly lost: AbortSignal;
  /** How long, in ms, to wait for more output after the shell has exited while somebody still holds its stdout open. */
  readonly lingerMs: number;
  readonly onStdout?: (chunk: Buffer) => void;
  /** As in StreamOptions; then stdout is not kept. */
  readonly stream?: {
    readonly input?: AsyncIterable<Uint8Array>;
    readonly output?: (chunk: Buffer) => void | Promise<void>;
  };
};

export type ScriptOutput = {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Output is missing at the end: beyond the limit, or it may not have arrived. */
  readonly truncated: boolean;
};

/** How a run ended, as far as this side can know. */
export type ScriptEnd =
  | (ScriptOutput & { readonly end: 'exit'; readonly code: number })
  /** The shell exited without ever beginning the script: nothing of it ran. */
  | { readonly end: 'not-begun'; readonly code: number; readonly printed: string }
  | (ScriptOutput & {
      readonly end: 'timeout' | 'aborted' | 'lost';
      readonly cause: unknown;
    });

/**
 * Wraps a script for `/bin/sh -s`. A shell that reads its stdin runs each command as it arrives, so a
 * connection lost half way would leave half a script done: as one group it is parsed to the end before anything of it runs. Its
 * commands get no stdin, or they would eat the rest of the script. The first thing printed, on both streams, is a marker; its text
 * stands here in two words, so that a shell which echoes its input is not taken for one that runs it.
 */
export function wrapScript(
  script: string,
  marker: { head: string; tail: string },
  takesInput = false,
): string {
  const print = `printf '%s%s\\n' ${marker.head} ${marker.tail}`;
  return `{ ${print}; ${print} >&2\n${script}\n}${takesInput ? '' : ' </dev/null'}\n`;
}

/** Resolves when the channel takes more, or never will. */
const drained = (channel: Writable): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      channel.off('drain', done);
      channel.off('close', done);
      resolve();
    };
    channel.on('drain', done);
    channel.on('close', done);
  });

function exitCodeOf(code: number | null, signalName: string | undefined): number {
  if (code !== null) return code;
  const signals: Readonly<Record<string, number>> = constants.signals;
  return 128 + (signals[signalName ?? ''] ?? 0);
}

/** Sends a script to a shell that was just started and waits until it has ended. Never rejects but for an `onStdout` that throws. */
export function runScript(started: StartedCommand, run: ScriptRun): Promise<ScriptEnd> {
  const { channel } = started;
  const head = 'vbdesk-begin-';
  const tail = randomBytes(16).toString('hex');
  const outFilter = new AfterMarker(head + tail);
  const errFilter = new AfterMarker(head + tail);
  const out = new CappedBytes(run.maxBytes);
  const err = new CappedBytes(run.maxBytes);

  return new Promise((resolve, reject) => {
    let settled = false;
    let callbackFailure: { error: unknown } | undefined;
    let lingering: NodeJS.Timeout | undefined;
    let limit: NodeJS.Timeout | undefined;
    let heldBack = false;
    const open = new Set(['channel', 'stderr']);

    const output = (incomplete: boolean): ScriptOutput => ({
      stdout: out.bytes(),
      stderr: err.bytes(),
      truncated: incomplete || out.truncated || err.truncated,
    });
    const settle = (end: ScriptEnd): void => {
      if (settled) return;
      settled = true;
      clearTimeout(limit);
      clearTimeout(lingering);
      run.lost.removeEventListener('abort', onLost);
      run.signal?.removeEventListener('abort', onAbort);
      if (callbackFailure === undefined) resolve(end);
      else reject(asError(callbackFailure.error));
    };
    const exitCode = (): number | undefined =>
      started.exit === undefined ? undefined : exitCodeOf(started.exit.code, started.exit.signal);
    const ended = (incomplete: boolean): void => {
      const code = exitCode();
      if (code === undefined) {
        settle({
          ...output(true),
          end: 'lost',
          cause: new Error('the channel closed without an exit status'),
        });
      } else if (outFilter.begun) {
        settle({ ...output(incomplete), end: 'exit', code });
      } else if (incomplete) {
        // The marker may be among what did not arrive.
        settle({ ...output(true), end: 'lost', cause: new Error('the output did not arrive') });
      } else {
        settle({ end: 'not-begun', code, printed: `${errFilter.preamble}\n${outFilter.preamble}`.trim() });
      }
    };
    const giveUp = (end: 'timeout' | 'aborted', cause: unknown): void => {
      settle({ ...output(true), end, cause });
      channel.close();
    };
    const onAbort = (): void => giveUp('aborted', run.signal?.reason);
    // Events of the channel that are already under way (its exit, its close) come first.
    const onLost = (): void => {
      setImmediate(() => {
        if (exitCode() !== undefined) ended(true);
        else settle({ ...output(true), end: 'lost', cause: run.lost.reason });
      });
    };
    const closed = (part: 'channel' | 'stderr'): void => {
      open.delete(part);
      // A connection that is lost closes its channels too, and then not all may have arrived.
      if (open.size === 0) ended(run.lost.aborted);
    };
    const linger = (): void => {
      clearTimeout(lingering);
      // what is held back on our side is no silence of the other
      if (exitCode() === undefined || heldBack) return;
      lingering = setTimeout(() => {
        ended(true);
        channel.close();
      }, run.lingerMs);
    };

    const failStream = (error: unknown): void => {
      callbackFailure ??= { error };
      settle({ ...output(true), end: 'aborted', cause: error });
      channel.close();
    };
    /** A shell that reads its script from stdin may read ahead, so nothing else is sent before it says that it has all of it. */
    const pump = async (input: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of input) {
        if (settled || !channel.writable) return;
        if (!channel.write(chunk)) await drained(channel);
      }
      if (!settled) channel.end();
    };
    let pumping = false;
    const onStreamed = (text: Buffer): void => {
      const pending = run.stream?.output?.(text);
      if (pending === undefined) return;
      heldBack = true;
      channel.pause();
      pending.then(() => {
        heldBack = false;
        channel.resume();
        linger();
      }, failStream);
    };
    channel.on('data', (chunk: Buffer) => {
      const text = outFilter.push(chunk);
      if (run.stream === undefined) linger();
      else {
        if (outFilter.begun && !pumping && run.stream.input !== undefined) {
          pumping = true;
          // a reader that has ended says so by its exit code
          pump(run.stream.input).catch(failStream);
        }
        try {
          if (text.length > 0 && !settled) onStreamed(text);
        } catch (error) {
          failStream(error);
        }
        linger();
        return;
      }
      if (text.length === 0) return;
      out.push(text);
      try {
        if (callbackFailure === undefined && !settled) run.onStdout?.(text);
      } catch (error) {
        callbackFailure = { error };
      }
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      err.push(errFilter.push(chunk));
      linger();
    });
    channel.on('exit', linger);
    linger();
    channel.on('close', () => closed('channel'));
    channel.stderr.on('close', () => closed('stderr'));
    // Writing to a channel that was just closed is no news: its close says it.
    channel.on('error', () => undefined);
    channel.stderr.on('error', () => undefined);

    if (run.lost.aborted) onLost();
    else run.lost.addEventListener('abort', onLost, { once: true });
    if (run.signal?.aborted === true) {
      onAbort();
      return;
    }
    run.signal?.addEventListener('abort', onAbort, { once: true });
    if (run.timeoutMs !== undefined) {
      limit = setTimeout(() => giveUp('timeout', new Error('the time limit passed')), run.timeoutMs);
    }
    if (run.stream?.input === undefined) channel.end(wrapScript(run.script, { head, tail }));
    else channel.write(wrapScript(run.script, { head, tail }, true));
  });
}
