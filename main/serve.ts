/**
 * The served shell: the same window in a browser on this computer, where there is no Electron. Loopback only; a secret token
 * opens it once and becomes a cookie; Host and Origin of every request are checked.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type RawData, WebSocketServer } from 'ws';
import { z } from 'zod';
import { type AppDesk, createDesk } from './desk/desk.ts';
import { securityHeaders, windowFile } from './desk/window-files.ts';
import { defaultConfigDirectory } from './library/library.ts';

const rendererDirectory = path.join(path.dirname(fileURLToPath(import.meta.url)), '../out/renderer');
const message = z.strictObject({ id: z.number().int(), call: z.string().max(64), input: z.unknown() });
/** Largest message from the window: a draft or a configuration, never an image. */
const maxMessageBytes = 4 << 20;

const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString();

const same = (a: string, b: string): boolean => {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
};

/** Answers on 127.0.0.1:port (0 = any free one) until `close`. The URL holds the token. `window`: the built window's directory. */
export const serve = async (options: {
  desk: AppDesk;
  port: number;
  window?: string;
}): Promise<{ url: string; close: () => Promise<void> }> => {
  const token = randomBytes(32).toString('hex');
  let hosts: string[] = [];
  const cookieName = () => `vbdesk_${hosts[0]?.split(':')[1]}`;
  const isAllowed = (request: IncomingMessage): boolean => {
    // a page of another name that resolves to this computer must not get in
    if (!hosts.includes(request.headers.host ?? '')) return false;
    const cookies = (request.headers.cookie ?? '').split(/; */);
    return cookies.some((each) => same(each, `${cookieName()}=${token}`));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const headers = securityHeaders("'self'");
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, headers).end();
    if (!hosts.includes(request.headers.host ?? ''))
      return void response.writeHead(421, headers).end('VBDesk answers under its own address only.\n');
    const given = url.searchParams.get('token');
    if (url.pathname === '/' && given !== null && same(given, token)) {
      // the address bar and the history are left without the token
      return void response
        .writeHead(303, {
          ...headers,
          location: '/',
          'set-cookie': `${cookieName()}=${token}; HttpOnly; SameSite=Strict; Path=/`,
          'cache-control': 'no-store',
        })
        .end();
    }
    if (!isAllowed(request))
      return void response
        .writeHead(403, { ...headers, 'content-type': 'text/plain; charset=utf-8' })
        .end('Open VBDesk with the address that it printed: the token is in it.\n');
    const file = await windowFile(options.window ?? rendererDirectory, url.pathname);
    if (!file) return void response.writeHead(404, headers).end();
    response
      .writeHead(200, {
        ...headers,
        'content-type': file.type,
        'cache-control': url.pathname === '/' ? 'no-store' : 'max-age=3600',
      })
      .end(request.method === 'HEAD' ? undefined : file.content);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  server.on('upgrade', (request, socket, head) => {
    const origin = request.headers.origin ?? '';
    if (request.url !== '/desk' || !isAllowed(request) || origin !== `http://${request.headers.host}`) {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      const send = (value: unknown) => {
        if (client.readyState === client.OPEN) client.send(JSON.stringify(value));
      };
      const stop = options.desk.onEvent((value) => send({ event: value }));
      client.on('close', stop).on('error', () => client.terminate());
      client.on('message', (data) => {
        let parsed: ReturnType<typeof message.safeParse>;
        try {
          parsed = message.safeParse(JSON.parse(textOf(data)));
        } catch {
          return client.close(1003, 'not JSON');
        }
        if (!parsed.success) return client.close(1003, 'not a call');
        const { id, call, input } = parsed.data;
        options.desk.dispatch(call, input).then(
          (result) => send({ id, result }),
          () => send({ id, result: { ok: false, error: { code: 'internal', message: 'The call failed.' } } }),
        );
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  return {
    url: `http://127.0.0.1:${port}/?token=${token}`,
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'config-dir': { type: 'string' },
      'no-open': { type: 'boolean' },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`--port ${values.port}: a number from 0 to 65535 is needed.`);
  const configDirectory = values['config-dir']
    ? path.resolve(values['config-dir'])
    : defaultConfigDirectory();
  const desk = await createDesk({ configDirectory });
  const served = await serve({ desk, port });
  console.log(
    `VBDesk is open at\n\n    ${served.url}\n\nOpen it in a browser on this computer. Ctrl C ends it; what runs on the nodes goes on.`,
  );
  let ending = false;
  const end = () => {
    if (ending) process.exit(130);
    ending = true;
    void served
      .close()
      .then(() => desk.close())
      .finally(() => process.exit(0));
  };
  process.on('SIGINT', end).on('SIGTERM', end);
};

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}
