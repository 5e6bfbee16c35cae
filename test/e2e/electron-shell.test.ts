import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type LaunchedApp, launchApp } from '../support/launch-app.ts';
import { waitFor } from '../support/wait-for.ts';

/*
 * The desktop shell as it was built, main, preload and page: in real Electron where it can run, else in the stand-in.
 * What the window shows is the matter of other tests; here it is what the shell lets through and what it does not.
 */

let configDir: string;
let launched: LaunchedApp;

beforeAll(async () => {
  configDir = await mkdtemp(path.join(tmpdir(), 'vbdesk-electron-'));
  launched = await launchApp({ configDir });
});
afterAll(async () => {
  await launched?.close();
  await rm(configDir, { recursive: true, force: true });
});

const inPage = <T>(expression: string): Promise<T> => launched.page.evaluate<T>(expression);

/** In the stand-in, where it can be seen: waits until the app has refused that. */
async function waitForRecord(what: string, detail: string): Promise<void> {
  const { standIn } = launched.app;
  if (!standIn) return;
  await waitFor(`${what} ${detail}`, async () =>
    (await standIn.recorded()).some((record) => record.what === what && record.detail === detail),
  );
}

const refused = z.object({
  ok: z.literal(false),
  error: z.object({ code: z.string(), message: z.string() }),
});

describe('the bridge', () => {
  it('carries calls and their answers', async () => {
    expect(await inPage("vbdesk.call('cluster.list', {})")).toMatchObject({ ok: true });
  });

  it('answers what is no call, or has the wrong input, with a reason', async () => {
    for (const call of [
      "'cluster.destroyEverything', {}",
      "'cluster.list', { more: 1 }",
      '{}, null',
      "'__proto__', {}",
    ]) {
      expect(refused.parse(await inPage(`vbdesk.call(${call})`)).error.code, call).toBe('bad-input');
    }
  });

  it('is all that the page gets', async () => {
    expect(await inPage('Object.keys(vbdesk).sort()')).toEqual(['call', 'onEvent']);
    expect(await inPage('Object.isFrozen(vbdesk)')).toBe(true);
    expect(await inPage('[typeof require, typeof process, typeof module]')).toEqual(
      Array(3).fill('undefined'),
    );
  });
});

describe('the page', () => {
  it('runs no script that is not a file of the app, and reaches no other host', async () => {
    const inline =
      "document.head.append(Object.assign(document.createElement('script'), { text: 'globalThis.ran = 1' }))";
    await inPage(`void ${inline}`);
    expect(await inPage('typeof ran')).toBe('undefined');
    expect(await inPage("fetch('https://example.org/').then(() => 'reached', () => 'refused')")).toBe(
      'refused',
    );
    expect(await inPage("fetch('/index.html').then(() => 'reached', () => 'refused')")).toBe('refused');
  });

  it('stays where it is', async () => {
    const before = launched.page.url();
    for (const address of ['https://example.org/', 'file:///etc/passwd', 'data:text/html,hello']) {
      await inPage(`void (location.href = '${address}')`);
      // Whatever becomes of it, the page must still be ours afterwards and be able to call.
      await waitFor('the page to answer', () =>
        inPage<boolean>("vbdesk.call('cluster.list', {}).then(() => true)"),
      );
      expect(launched.page.url(), address).toBe(before);
    }
    await waitForRecord('navigation-refused', 'https://example.org/');
  });

  it('opens no window of its own', async () => {
    await inPage("void window.open('https://example.org/')");
    await inPage("void window.open('about:blank')");
    await inPage("vbdesk.call('cluster.list', {})");
    await waitForRecord('window-refused', 'https://example.org/');
    await waitForRecord('window-refused', 'about:blank');
    await waitFor('other windows to be gone', () => launched.app.windows().length === 1);
  });

  it('gets no permission', async () => {
    const state = "navigator.permissions.query({ name: 'notifications' }).then(({ state }) => state)";
    expect(await inPage(state)).not.toBe('granted');
    const media =
      "navigator.mediaDevices.getUserMedia({ audio: true }).then(() => 'granted', () => 'refused')";
    expect(await inPage(media)).toBe('refused');
  });
});

describe('the shell, asked directly', () => {
  it('answers its own page only', async () => {
    const { standIn } = launched.app;
    if (!standIn) return;
    const inside = 'vbdesk://app/index.html';
    const strangers = [
      { url: 'https://example.org/' },
      { url: 'vbdesk://app.example.org/index.html' },
      { url: 'vbdesk://other/index.html' },
      { url: inside, inside },
      null,
    ];
    for (const frame of strangers) {
      const answer = refused.parse(await standIn.invokeFrom(frame, 'vbdesk', 'cluster.list', {}));
      expect(answer.error.code, JSON.stringify(frame)).toBe('forbidden');
    }
    expect(await standIn.invokeFrom({ url: inside }, 'vbdesk', 'cluster.list', {})).toMatchObject({
      ok: true,
    });
  });

  it('serves files of the window only, with its policy', async () => {
    const { standIn } = launched.app;
    if (!standIn) return;
    const page = await standIn.request('vbdesk://app/index.html');
    if (page.refused) throw new Error('The page was refused.');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    const outside = [
      'vbdesk://app/../main/electron.js',
      'vbdesk://app/%2e%2e/main/electron.js',
      'vbdesk://app/..%2fmain%2felectron.js',
      'vbdesk://app/assets/..%5c..%5cmain/electron.js',
      'vbdesk://app//etc/passwd',
      'vbdesk://app/%00',
      'vbdesk://app/%E0%A4%A',
      'vbdesk://elsewhere/index.html',
    ];
    for (const address of outside) {
      const answer = await standIn.request(address);
      expect(answer.refused || answer.status >= 400, address).toBe(true);
    }
    for (const address of [
      'https://example.org/',
      'http://127.0.0.1/',
      'file:///etc/passwd',
      'ws://127.0.0.1/',
    ]) {
      expect(await standIn.request(address), address).toEqual({ refused: true });
    }
  });

  it('grants no permission and opens only known pages outside', async () => {
    const { standIn } = launched.app;
    if (!standIn) return;
    for (const permission of [
      'media',
      'geolocation',
      'notifications',
      'clipboard-read',
      'openExternal',
      'fullscreen',
    ]) {
      expect(await standIn.askPermission(permission), permission).toBe(false);
      expect(await standIn.checkPermission(permission), permission).toBe(false);
    }
    const opened = (await standIn.recorded()).filter(({ what }) => what === 'shell.openExternal');
    expect(opened).toEqual([]);
  });

  it('sandboxes its window', async () => {
    const { standIn } = launched.app;
    if (!standIn) return;
    const options = await standIn.windowOptions();
    expect(options).toHaveLength(1);
    expect(options[0]).toMatchObject({
      webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false },
    });
  });
});

describe('the window over the bridge', () => {
  it('starts the practice cluster, hears of every change, and opens an instance', async () => {
    const { page } = launched;
    page.setDefaultTimeout(120_000);
    await inPage('void (globalThis.heard = [], vbdesk.onEvent(({ event }) => heard.push(event)))');
    await page.getByRole('button', { name: 'Start the practice cluster' }).click();
    try {
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      await page.keyboard.press('2');
      await page.getByRole('row', { name: /alpha.*running/ }).waitFor();
      await page.getByRole('link', { name: 'alpha', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'alpha' }).waitFor();
      // its plan is made by the main side, from a fresh look at the nodes
      await page.getByRole('button', { name: /^Stop…/ }).click();
      await page.getByRole('tab', { name: /^Plan, \d+ steps$/ }).waitFor();
      expect(new Set(await inPage<string[]>('heard'))).toEqual(new Set(['run', 'state']));
    } finally {
      // ends the guests
      await inPage("vbdesk.call('practice.reset', {})");
    }
  }, 300_000);
});

describe('the app', () => {
  it('keeps to the configuration directory that it was given, and runs once for it', async () => {
    await access(configDir);
    await expect(launchApp({ configDir })).rejects.toThrow(/exit code 0|closed/);
    expect(await inPage("vbdesk.call('cluster.list', {})")).toMatchObject({ ok: true });
  });
});
