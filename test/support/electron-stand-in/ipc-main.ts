import { KnownEmitter, strict } from './strict.ts';

/** The frame that a call comes from, as far as an app checks it. */
export interface SenderFrame {
  readonly url: string;
  readonly origin: string;
  /** Null for a window's own page. */
  readonly parent: SenderFrame | null;
  readonly top: SenderFrame | null;
  readonly detached: boolean;
  readonly processId: number;
  readonly routingId: number;
}

/** A frame at `url`; with `inside`, a frame of a frame. */
export function senderFrame(url: string, inside: SenderFrame | null = null): SenderFrame {
  // Node knows no origin for schemes of an app's own; Electron does, for a scheme registered as standard.
  const { protocol, host } = new URL(url);
  const frame = {
    url,
    origin: `${protocol}//${host}`,
    parent: inside,
    top: null as SenderFrame | null,
    detached: false,
    processId: 1,
    routingId: inside ? 2 : 1,
  };
  frame.top = inside?.top ?? frame;
  return strict('senderFrame', frame);
}

/** What a handler gets as its first argument. */
export interface IpcEvent {
  readonly senderFrame: SenderFrame | null;
  readonly sender: object;
  readonly frameId: number;
  readonly processId: number;
  readonly type: 'frame';
}

export function ipcEvent(frame: SenderFrame | null, sender: object): IpcEvent {
  return strict('event', { senderFrame: frame, sender, frameId: 1, processId: 1, type: 'frame' });
}

type Handler = (event: IpcEvent, ...args: unknown[]) => unknown;

class IpcMain extends KnownEmitter {
  private readonly handlers = new Map<string, Handler>();

  constructor() {
    super('ipcMain', []);
  }

  // Channels are the app's own names, so every one of them is known.
  override on(channel: string, listener: (...args: never[]) => void): this {
    return this.prependListener(channel, listener as (...args: unknown[]) => void);
  }

  override once(channel: string, listener: (...args: never[]) => void): this {
    return this.prependOnceListener(channel, listener as (...args: unknown[]) => void);
  }

  handle(channel: string, handler: Handler): void {
    if (this.handlers.has(channel))
      throw new Error(`Attempted to register a second handler for '${channel}'`);
    this.handlers.set(channel, handler);
  }

  handleOnce(channel: string, handler: Handler): void {
    this.handle(channel, (event, ...args) => {
      this.removeHandler(channel);
      return handler(event, ...args);
    });
  }

  removeHandler(channel: string): void {
    this.handlers.delete(channel);
  }

  /** Of the stand-in: what `ipcRenderer.invoke` comes to. Rejects with the words that Electron would use. */
  async dispatchInvoke(event: IpcEvent, channel: string, args: unknown[]): Promise<unknown> {
    const handler = this.handlers.get(channel);
    try {
      if (!handler) throw new Error(`No handler registered for '${channel}'`);
      return await handler(event, ...args);
    } catch (error) {
      throw new Error(`Error invoking remote method '${channel}': ${String(error)}`);
    }
  }
}

export const ipcMain = strict('ipcMain', new IpcMain());
