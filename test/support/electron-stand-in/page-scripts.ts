import type { Codec, makeCodec } from './codec.ts';

/*
 * What runs inside the page before any of its own scripts: one script in the page's world, one, with the app's preload,
 * in an isolated world that page code has no way into. The two share the document and nothing else; they talk by events of
 * a secret name, whose contents Chromium copies from world to world. This is Electron's contextBridge in small.
 *
 * The *text* of these functions is sent to the browser, so each uses only its arguments and what a browser has.
 */

/** A value on its way between the worlds: functions and promises travel as numbers, the rest is cloned. */
type Wire =
  | { readonly kind: 'clone'; readonly value: unknown }
  | { readonly kind: 'function' | 'promise'; readonly id: number }
  | { readonly kind: 'array'; readonly items: readonly Wire[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Wire])[] };

type Message =
  | { readonly kind: 'expose'; readonly name: string; readonly api: Wire }
  | { readonly kind: 'call'; readonly id: number; readonly args: readonly Wire[] }
  | { readonly kind: 'answer'; readonly ok: boolean; readonly value: Wire }
  | { readonly kind: 'settle'; readonly id: number; readonly ok: boolean; readonly value: Wire };

interface Peer {
  expose(name: string, api: unknown): void;
}

/**
 * One side's end of the talk between the worlds. `outgoing` and `incoming` are the secret names of the events.
 */
export function makePeer(
  outgoing: string,
  incoming: string,
  exposed: (name: string, api: unknown) => void,
): Peer {
  // Taken now, before a script of the page can replace them to listen in.
  const dispatch = EventTarget.prototype.dispatchEvent.bind(document);
  const listen = EventTarget.prototype.addEventListener.bind(document);
  const Event = CustomEvent;
  const functions = new Map<number, (...args: unknown[]) => unknown>();
  const promises = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  let answer: Extract<Message, { kind: 'answer' }> | undefined;

  const send = (message: Message) => {
    dispatch(new Event(outgoing, { detail: message }));
  };
  const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

  const encode = (value: unknown): Wire => {
    if (typeof value === 'function') {
      lastId += 1;
      functions.set(lastId, value as (...args: unknown[]) => unknown);
      return { kind: 'function', id: lastId };
    }
    if (value instanceof Promise) {
      lastId += 1;
      const id = lastId;
      value.then(
        (result: unknown) => send({ kind: 'settle', id, ok: true, value: encode(result) }),
        (error: unknown) =>
          send({ kind: 'settle', id, ok: false, value: { kind: 'clone', value: messageOf(error) } }),
      );
      return { kind: 'promise', id };
    }
    if (Array.isArray(value)) return { kind: 'array', items: value.map(encode) };
    if (value !== null && typeof value === 'object') {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype === Object.prototype || prototype === null) {
        return { kind: 'object', entries: Object.entries(value).map(([key, each]) => [key, encode(each)]) };
      }
    }
    return { kind: 'clone', value };
  };

  const decode = (wire: Wire): unknown => {
    switch (wire.kind) {
      case 'clone':
        return wire.value;
      case 'array':
        return wire.items.map(decode);
      case 'object':
        return Object.fromEntries(wire.entries.map(([key, each]) => [key, decode(each)]));
      case 'promise':
        return new Promise((resolve, reject) => promises.set(wire.id, { resolve, reject }));
      case 'function':
        return (...args: unknown[]) => {
          answer = undefined;
          send({ kind: 'call', id: wire.id, args: args.map(encode) });
          // Events are delivered within `send`, so the answer is there already.
          const got = answer as Extract<Message, { kind: 'answer' }> | undefined;
          if (!got) throw new Error('The other world did not answer.');
          const value = decode(got.value);
          if (!got.ok) throw new Error(String(value));
          return value;
        };
    }
  };

  const freeze = (value: unknown): unknown => {
    if (value !== null && typeof value === 'object') {
      for (const each of Object.values(value)) freeze(each);
      Object.freeze(value);
    }
    return value;
  };

  const receive = (message: Message) => {
    switch (message.kind) {
      case 'expose':
        exposed(message.name, freeze(decode(message.api)));
        return;
      case 'answer':
        answer = message;
        return;
      case 'settle': {
        const promise = promises.get(message.id);
        promises.delete(message.id);
        const value = decode(message.value);
        if (message.ok) promise?.resolve(value);
        else promise?.reject(new Error(String(value)));
        return;
      }
      case 'call': {
        const called = functions.get(message.id);
        let reply: Message;
        try {
          if (!called) throw new Error('There is no such function any more.');
          reply = { kind: 'answer', ok: true, value: encode(called(...message.args.map(decode))) };
        } catch (error) {
          reply = { kind: 'answer', ok: false, value: { kind: 'clone', value: messageOf(error) } };
        }
        send(reply);
      }
    }
  };
  listen(incoming, (event) => receive((event as CustomEvent<Message>).detail));

  return { expose: (name, api) => send({ kind: 'expose', name, api: encode(api) }) };
}

/** Runs in the page's world: puts up what the preload exposes, frozen and not to be replaced. */
export function openPageWorld(secret: string, peer: typeof makePeer): void {
  peer(`${secret}-up`, `${secret}-down`, (name, api) => {
    Object.defineProperty(globalThis, name, { value: api, enumerable: true });
  });
}

/** What the preload's side needs to know. */
export interface PreloadSettings {
  readonly secret: string;
  /** Name of the function that carries text to the main process; it exists in the isolated world only. */
  readonly binding: string;
  /** Name of the function by which text of the main process comes in. */
  readonly receiver: string;
  readonly process: Readonly<Record<string, unknown>>;
}

type PreloadCode = (
  require: (name: string) => unknown,
  exports: object,
  module: object,
  process: object,
) => void;

/** Runs in the isolated world: the `electron` module as a sandboxed preload sees it, then the preload itself. */
export function openPreloadWorld(
  settings: PreloadSettings,
  codecOf: typeof makeCodec,
  peerOf: typeof makePeer,
  preload: PreloadCode,
): void {
  const world = globalThis as unknown as Record<string, unknown>;
  const codec: Codec = codecOf();
  const carry = world[settings.binding] as (text: string) => void;
  const peer = peerOf(`${settings.secret}-down`, `${settings.secret}-up`, () => undefined);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const listeners = new Map<string, ((event: object, ...args: unknown[]) => void)[]>();
  let lastId = 0;

  const sure = <T extends object>(name: string, target: T): T =>
    new Proxy(target, {
      get(object, property) {
        if (typeof property === 'string' && !(property in object)) {
          throw new Error(`The Electron stand-in does not know ${name}.${property} in a preload.`);
        }
        return Reflect.get(object, property) as unknown;
      },
    });
  const send = (kind: 'invoke' | 'send', channel: string, args: unknown[]) => {
    lastId += 1;
    carry(JSON.stringify({ kind, id: lastId, channel, args: codec.pack(args), url: location.href }));
    return lastId;
  };
  const remove = (channel: string, listener: unknown) => {
    const kept = (listeners.get(channel) ?? []).filter((each) => each !== listener);
    listeners.set(channel, kept);
    return ipcRenderer;
  };
  const ipcRenderer = sure('ipcRenderer', {
    async invoke(channel: string, ...args: unknown[]) {
      return new Promise((resolve, reject) => {
        waiting.set(send('invoke', channel, args), { resolve, reject });
      });
    },
    send(channel: string, ...args: unknown[]) {
      send('send', channel, args);
    },
    on(channel: string, listener: (event: object, ...args: unknown[]) => void) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      return ipcRenderer;
    },
    once(channel: string, listener: (event: object, ...args: unknown[]) => void) {
      const once = (event: object, ...args: unknown[]) => {
        remove(channel, once);
        listener(event, ...args);
      };
      return ipcRenderer.on(channel, once);
    },
    off: remove,
    removeListener: remove,
    removeAllListeners(channel: string) {
      listeners.delete(channel);
      return ipcRenderer;
    },
  });
  const contextBridge = sure('contextBridge', {
    exposeInMainWorld: (name: string, api: unknown) => peer.expose(name, api),
  });
  const electron = sure('electron', { contextBridge, ipcRenderer });

  world[settings.receiver] = (text: string) => {
    const message = JSON.parse(text) as { id?: number; ok?: boolean; channel?: string; value: string };
    if (message.channel !== undefined) {
      const args = codec.unpack(message.value) as unknown[];
      for (const listener of listeners.get(message.channel) ?? []) listener({ sender: ipcRenderer }, ...args);
      return;
    }
    const waiter = waiting.get(message.id ?? 0);
    waiting.delete(message.id ?? 0);
    if (message.ok) waiter?.resolve(codec.unpack(message.value));
    else waiter?.reject(new Error(String(codec.unpack(message.value))));
  };

  const module = { exports: {} };
  const require = (name: string) => {
    if (name === 'electron') return electron;
    throw new Error(`module not found: ${name}. A sandboxed preload may require electron and nothing else.`);
  };
  preload(require, module.exports, module, settings.process);
}
