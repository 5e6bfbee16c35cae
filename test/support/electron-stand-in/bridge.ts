import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CDPSession, Page } from 'playwright-core';
import { z } from 'zod';
import { toAppAddress } from './addresses.ts';
import { makeCodec } from './codec.ts';
import { makePeer, openPageWorld, openPreloadWorld, type PreloadSettings } from './page-scripts.ts';

/** The name of the isolated world that the preload runs in; page code has no way to name it. */
const world = 'electron-preload';
const binding = 'electronStandInCarry';
const receiver = 'electronStandInReceive';
const codec = makeCodec();

const fromPreload = z.object({
  kind: z.enum(['invoke', 'send']),
  id: z.number(),
  channel: z.string(),
  args: z.string(),
  url: z.string(),
});

/** What a preload sends to the main process. `url` is the page's address as the app knows it. */
export interface FromPreload {
  readonly kind: 'invoke' | 'send';
  readonly channel: string;
  readonly args: unknown[];
  readonly url: string;
}

/** The wire between the main process and the preload of one window. */
export interface Bridge {
  /** Sends an event to the page's preload; lost, as in Electron, when none is there. */
  send(channel: string, args: unknown[]): void;
}

/**
 * Puts the preload into every document of the page's main frame, in a world of its own, and carries messages.
 * `received` answers an `invoke`; for a `send` its result is not looked at.
 */
export async function openBridge(
  page: Page,
  preload: string,
  additionalArguments: readonly string[],
  received: (message: FromPreload) => Promise<unknown>,
): Promise<Bridge> {
  const session = await page.context().newCDPSession(page);
  const contexts = new Set<number>();
  session.on('Runtime.executionContextCreated', ({ context }) => {
    if (context.name === world) contexts.add(context.id);
  });
  session.on('Runtime.executionContextDestroyed', ({ executionContextId }) =>
    contexts.delete(executionContextId),
  );
  session.on('Runtime.executionContextsCleared', () => contexts.clear());
  session.on('Runtime.bindingCalled', ({ name, payload, executionContextId }) => {
    // A binding of that name in any other world is not ours.
    if (name !== binding || !contexts.has(executionContextId)) return;
    const { kind, id, channel, args, url } = fromPreload.parse(JSON.parse(payload));
    const list = z.array(z.unknown()).parse(codec.unpack(args));
    void received({ kind, channel, args: list, url: toAppAddress(url) }).then(
      (value) => kind === 'invoke' && reply(session, executionContextId, id, value),
      (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        if (kind === 'send') throw new Error(`A listener of ipcMain threw: ${text}`);
        // Electron logs it as well: a handler that threw is seldom meant.
        process.stderr.write(`${text}\n`);
        push(session, executionContextId, { id, ok: false, value: codec.pack(text) });
      },
    );
  });
  await session.send('Page.enable');
  await session.send('Runtime.enable');
  await session.send('Runtime.addBinding', { name: binding, executionContextName: world });
  const secret = `stand-in-${randomUUID()}`;
  const settings: PreloadSettings = {
    secret,
    binding,
    receiver,
    process: {
      type: 'renderer',
      platform: process.platform,
      arch: process.arch,
      sandboxed: true,
      contextIsolated: true,
      argv: [process.execPath, ...additionalArguments],
      env: {},
      versions: { ...process.versions, electron: 'stand-in' },
    },
  };
  await session.send('Page.addScriptToEvaluateOnNewDocument', { source: pageScript(secret) });
  await session.send('Page.addScriptToEvaluateOnNewDocument', {
    source: preloadScript(settings, readFileSync(preload, 'utf8')),
    worldName: world,
  });
  return {
    send: (channel, args) => {
      const value = codec.pack(args);
      for (const context of contexts) push(session, context, { channel, value });
    },
  };
}

/** Answers an `invoke`. A result that cannot be cloned is an error of the handler. */
function reply(session: CDPSession, context: number, id: number, value: unknown): void {
  try {
    push(session, context, { id, ok: true, value: codec.pack(value) });
  } catch (error) {
    push(session, context, { id, ok: false, value: codec.pack(String(error)) });
  }
}

function push(session: CDPSession, contextId: number, message: object): void {
  const expression = `globalThis.${receiver}(${JSON.stringify(JSON.stringify(message))})`;
  // The page may have gone meanwhile, and its answer with it.
  session.send('Runtime.evaluate', { contextId, expression }).catch(() => undefined);
}

const mainFrameOnly = 'if (globalThis.top !== globalThis.self) return;';

function pageScript(secret: string): string {
  return `(() => { ${mainFrameOnly}
    const peer = ${makePeer.toString()};
    (${openPageWorld.toString()})(${JSON.stringify(secret)}, peer);
  })()`;
}

function preloadScript(settings: PreloadSettings, preload: string): string {
  return `(() => { ${mainFrameOnly}
    const codec = ${makeCodec.toString()};
    const peer = ${makePeer.toString()};
    const preload = function (require, exports, module, process) { ${preload}
    };
    (${openPreloadWorld.toString()})(${JSON.stringify(settings)}, codec, peer, preload);
  })()`;
}
