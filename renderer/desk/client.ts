/** The window's end of the contract: the bridge of the desktop app where there is one, else a WebSocket to the server. */
import { z } from 'zod';
import {
  type AppEvent,
  type CallName,
  calls,
  type Desk,
  event,
  type Failure,
  failure,
  type Input,
  type Output,
  type Result,
} from '../../core/contract.ts';

export type Connection = 'connecting' | 'open' | 'lost';

/** A desk whose line to the main side may break. */
export type Line = Desk & {
  connection(): Connection;
  onConnection(listener: (state: Connection) => void): () => void;
};

/** What the preload puts on `window`. Its answers are checked here all the same. */
export type Bridge = {
  call(name: string, input: unknown): Promise<unknown>;
  onEvent(listener: (value: unknown) => void): () => void;
};

declare global {
  interface Window {
    vbdesk?: Bridge;
  }
}

const lost: Failure = {
  code: 'connection-lost',
  message:
    'The connection to the app was lost before it answered, so the outcome is not known. Look at the state once the ' +
    'connection is back.',
};

const badAnswer = (name: string, problem: z.ZodError): Failure => ({
  code: 'bad-answer',
  message: `The app's answer to ${name} has an unexpected form. The window and the app may be of different versions: restart both.`,
  details: z.prettifyError(problem),
});

const answer = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: failure }),
]);

/** The schema of a call's value. TypeScript can't see that an indexed schema infers to the indexed output. */
const outputOf = <K extends CallName>(name: K): z.ZodType<Output<K>> =>
  calls[name].output as unknown as z.ZodType<Output<K>>;

/** Checks an answer against the contract's schema of that call. */
export const readAnswer = <K extends CallName>(name: K, value: unknown): Result<Output<K>> => {
  const outer = answer.safeParse(value);
  if (!outer.success) return { ok: false, error: badAnswer(name, outer.error) };
  if (!outer.data.ok) return { ok: false, error: outer.data.error };
  const inner = outputOf(name).safeParse(outer.data.value);
  if (!inner.success) return { ok: false, error: badAnswer(name, inner.error) };
  return { ok: true, value: inner.data };
};

const readEvent = (value: unknown): AppEvent | null => {
  const read = event.safeParse(value);
  if (!read.success) console.error('An event of the app could not be read:', z.prettifyError(read.error));
  return read.success ? read.data : null;
};

/** The desk of the desktop app: the preload's bridge never breaks while the window lives. */
export const bridgeLine = (bridge: Bridge): Line => ({
  async call<K extends CallName>(name: K, input: Input<K>) {
    try {
      return readAnswer(name, await bridge.call(name, input));
    } catch (error) {
      const details = error instanceof Error ? error.message : String(error);
      return { ok: false, error: { ...lost, details } };
    }
  },
  onEvent: (listener) =>
    bridge.onEvent((value) => {
      const read = readEvent(value);
      if (read) listener(read);
    }),
  connection: () => 'open',
  onConnection: () => () => undefined,
});

type Waiting = { settle: (value: unknown) => void; fail: (error: Failure) => void };

const serverMessage = z.union([
  z.object({ id: z.number(), result: z.unknown() }),
  z.object({ event: z.unknown() }),
]);

const firstDelay = 250;
const longestDelay = 5000;

/**
 * A desk behind a WebSocket; reconnects for ever, with growing pauses.
 * Messages: `{ id, call, input }` out; `{ id, result }` and `{ event }` in. A call that is waiting when the line breaks answers
 * `connection-lost`, for its outcome is unknown; a call made while there is no line answers the same at once.
 */
export const socketLine = (url: string): Line => {
  let socket: WebSocket | null = null;
  let state: Connection = 'connecting';
  let delay = firstDelay;
  let lastId = 0;
  const waiting = new Map<number, Waiting>();
  const queued: string[] = [];
  const events = new Set<(value: AppEvent) => void>();
  const watchers = new Set<(value: Connection) => void>();

  const become = (next: Connection) => {
    if (state === next) return;
    state = next;
    for (const watcher of watchers) watcher(next);
  };

  const receive = (text: string) => {
    let raw: unknown;
    try {
      raw = JSON.parse(text);
    } catch {
      return;
    }
    const message = serverMessage.safeParse(raw);
    if (!message.success) return;
    if ('id' in message.data) {
      const entry = waiting.get(message.data.id);
      waiting.delete(message.data.id);
      entry?.settle(message.data.result);
      return;
    }
    // the server sends the event itself, or wrapped as { event: {…} }
    const inner = typeof message.data.event === 'string' ? raw : message.data.event;
    const read = readEvent(inner);
    if (read) for (const listener of events) listener(read);
  };

  const connect = () => {
    const opened = new WebSocket(url);
    socket = opened;
    opened.onopen = () => {
      delay = firstDelay;
      for (const text of queued.splice(0)) opened.send(text);
      become('open');
    };
    opened.onmessage = (message: MessageEvent<unknown>) => {
      if (typeof message.data === 'string') receive(message.data);
    };
    opened.onclose = () => {
      socket = null;
      queued.length = 0;
      become('lost');
      for (const entry of waiting.values()) entry.fail(lost);
      waiting.clear();
      setTimeout(connect, delay);
      delay = Math.min(delay * 2, longestDelay);
    };
  };
  connect();

  return {
    call<K extends CallName>(name: K, input: Input<K>) {
      if (state === 'lost') return Promise.resolve({ ok: false as const, error: lost });
      return new Promise<Result<Output<K>>>((resolve) => {
        lastId += 1;
        waiting.set(lastId, {
          settle: (value) => resolve(readAnswer(name, value)),
          fail: (error) => resolve({ ok: false, error }),
        });
        const text = JSON.stringify({ id: lastId, call: name, input });
        if (socket && state === 'open') socket.send(text);
        else queued.push(text);
      });
    },
    onEvent(listener) {
      events.add(listener);
      return () => events.delete(listener);
    },
    connection: () => state,
    onConnection(listener) {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
  };
};

/** The bridge when there is one, else a socket to where the page came from. */
export const openLine = (): Line => {
  if (window.vbdesk) return bridgeLine(window.vbdesk);
  const url = new URL('/desk', window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return socketLine(url.href);
};
