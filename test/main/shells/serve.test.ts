import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { AppDesk } from '../../../main/desk/desk.ts';
import { serve } from '../../../main/serve.ts';

let window: string;
let asked: [unknown, unknown][] = [];
const listeners = new Set<(value: never) => void>();
const desk: AppDesk = {
  call: async () => ({ ok: false, error: { code: 'none', message: '' } }),
  dispatch: async (name, input) => {
    asked.push([name, input]);
    return { ok: true, value: 'answer' };
  },
  onEvent: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  ended: async () => undefined,
  applied: async () => undefined,
  preparePractice: async () => undefined,
  runs: async () => [],
  close: async () => undefined,
};

let served: Awaited<ReturnType<typeof serve>>;
let host: string;
let cookie: string;

type Answer = { status: number; headers: http.IncomingHttpHeaders; body: string };
const get = (target: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const [address, port] = host.split(':');
    const request = http.request(
      { host: address, port, path: target, method, headers, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          body += part;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    request.on('error', reject).end();
  });

const socket = (headers: Record<string, string>, target = '/desk'): Promise<WebSocket | number> =>
  new Promise((resolve) => {
    const client = new WebSocket(`ws://${host}${target}`, { headers });
    client.on('open', () => resolve(client));
    client.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    client.on('error', () => undefined);
  });

beforeAll(async () => {
  window = mkdtempSync(path.join(tmpdir(), 'vbdesk-window-'));
  writeFileSync(path.join(window, 'index.html'), '<!doctype html><title>VBDesk</title>');
  mkdirSync(path.join(window, 'assets'));
  // what lies beside the window, and a way out of it
  symlinkSync('/etc/hostname', path.join(window, 'hostname.js'));
  served = await serve({ desk, port: 0, window });
  host = new URL(served.url).host;
  const first = await get(new URL(served.url).pathname + new URL(served.url).search, { host });
  cookie = (first.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';
});
afterAll(async () => {
  await served.close();
  rmSync(window, { recursive: true, force: true });
});

describe('the served shell', () => {
  test('opens with the token once, which then is a cookie and no longer in the address', async () => {
    const { pathname, search } = new URL(served.url);
    const answer = await get(pathname + search, { host });
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/');
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^vbdesk_\d+=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=\/$/,
    );
    const page = await get('/', { host, cookie });
    expect(page.status).toBe(200);
    expect(page.body).toContain('<!doctype html>');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
  });

  test('listens on loopback only', () => {
    expect(host).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test.each([
    ['no token', {}, '/'],
    ['a wrong token', {}, `/?token=${'0'.repeat(64)}`],
    ['a wrong cookie', { cookie: `vbdesk=${'0'.repeat(64)}` }, '/'],
  ])('refuses %s', async (_what, headers, target) => {
    expect((await get(target, { host, ...headers })).status).toBe(403);
  });

  test('refuses other names that lead to this computer, with or without the cookie', async () => {
    expect((await get('/', { host: 'evil.example:80', cookie })).status).toBe(421);
    expect((await get(new URL(served.url).search, { host: 'evil.example' })).status).toBe(400);
  });

  test('changes nothing by POST', async () => {
    expect((await get('/', { host, cookie }, 'POST')).status).toBe(405);
  });

  test.each([
    '/../package.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '/%00',
    '/%',
    '/desk.ts',
    '/hostname.js',
    '/assets',
  ])('serves nothing outside of the built window: %s', async (target) => {
    expect((await get(target, { host, cookie })).status).toBe(404);
  });

  test('answers calls over a socket of its own page only', async () => {
    const origin = `http://${host}`;
    expect(await socket({ cookie })).toBe(403);
    expect(await socket({ cookie, origin: 'http://evil.example' })).toBe(403);
    expect(await socket({ origin })).toBe(403);
    expect(await socket({ cookie, origin, host: 'evil.example' })).toBe(403);
    expect(await socket({ cookie, origin }, '/other')).toBe(403);
    const client = await socket({ cookie, origin });
    if (!(client instanceof WebSocket)) throw new Error(`refused: ${client}`);
    asked = [];
    const answer = new Promise<string>((resolve) =>
      client.once('message', (data: Buffer) => resolve(data.toString())),
    );
    client.send(JSON.stringify({ id: 1, call: 'state.get', input: {} }));
    expect(JSON.parse(await answer)).toEqual({ id: 1, result: { ok: true, value: 'answer' } });
    expect(asked).toEqual([['state.get', {}]]);
    const event = new Promise<string>((resolve) =>
      client.once('message', (data: Buffer) => resolve(data.toString())),
    );
    for (const listener of listeners) listener({ event: 'state', revision: 2, changed: {} } as never);
    expect(JSON.parse(await event)).toEqual({ event: { event: 'state', revision: 2, changed: {} } });
    client.close();
  });

  test.each(['not json', '{"id":"x","call":"state.get","input":{}}', '[]'])(
    'hangs up on what is no call: %s',
    async (text) => {
      const client = await socket({ cookie, origin: `http://${host}` });
      if (!(client instanceof WebSocket)) throw new Error(`refused: ${client}`);
      asked = [];
      const closed = new Promise<number>((resolve) => client.on('close', resolve));
      client.send(text);
      expect(await closed).toBe(1003);
      expect(asked).toEqual([]);
    },
  );
});
