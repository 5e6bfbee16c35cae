import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LaunchedApp, launchApp, type StandIn } from '../launch-app.ts';
import { waitFor } from '../wait-for.ts';

const main = path.join(import.meta.dirname, 'fixture/main.ts');
let configDir: string;
let launched: LaunchedApp;

beforeAll(async () => {
  configDir = await mkdtemp(path.join(tmpdir(), 'vbdesk-stand-in-'));
  launched = await launchApp({ always: 'stand-in', configDir, main });
});
afterAll(async () => {
  await launched?.close();
  await rm(configDir, { recursive: true, force: true });
});

/** Evaluates an expression in the page's world. */
const inPage = <T>(expression: string): Promise<T> => launched.page.evaluate<T>(expression);

function standIn(): StandIn {
  const { standIn: it } = launched.app;
  if (!it) throw new Error('These tests are of the stand-in.');
  return it;
}

describe('the page', () => {
  it('is served by the handler of the scheme, with its policy', async () => {
    expect(await launched.page.title()).toBe('Fixture');
    const inline =
      "document.head.append(Object.assign(document.createElement('script'), { text: 'globalThis.ran = 1' }))";
    await inPage(`void ${inline}`);
    expect(await inPage('typeof ran')).toBe('undefined');
  });

  it('calls main, and values come over as structured clones', async () => {
    const back = await inPage<{ args: unknown[]; from: string }>(
      "fixture.invoke('echo', 1, 'a', null, undefined, NaN, 10n, new Date(5), [new Map([[1, new Set([2])]])], new Uint8Array([1, 2]), { x: { y: [] } })",
    );
    expect(back.from).toBe('fixture://app/page.html?a=1');
    expect(back.args.slice(0, 7)).toEqual([1, 'a', null, undefined, Number.NaN, 10n, new Date(5)]);
    const kinds = await inPage(
      "fixture.invoke('echo', new Map([[1, new Set([2])]]), new Uint8Array([1, 2])).then(({ args: [map, bytes] }) => [map.get(1).has(2), bytes[1]])",
    );
    expect(kinds).toEqual([true, 2]);
  });

  it('gets the message of what a handler throws, in the words of Electron', async () => {
    await expect(inPage("fixture.invoke('fail')")).rejects.toThrow(
      "Error invoking remote method 'fail': TypeError: as it should",
    );
    await expect(inPage("fixture.invoke('nothing')")).rejects.toThrow("No handler registered for 'nothing'");
  });

  it('cannot send what has no clone', async () => {
    await expect(inPage("fixture.invoke('echo', Symbol('x'))")).rejects.toThrow();
    await expect(inPage("fixture.invoke('echo', { f: [Promise.resolve(1)] })")).rejects.toThrow(
      'could not be cloned',
    );
  });

  it('gets events of main until it stops listening', async () => {
    await inPage("fixture.note('first')");
    await waitFor('the event', async () => (await launched.page.textContent('#said')) === 'first');
    await inPage('stop()');
    await inPage("fixture.note('second')");
    // Whatever came of the second has come before this answer.
    await inPage("fixture.invoke('echo')");
    expect(await launched.page.textContent('#said')).toBe('first');
  });

  it('calls the preload and gets its values and errors at once', async () => {
    expect(await inPage('[fixture.count(), fixture.count(), fixture.version]')).toEqual([1, 2, 1]);
    await expect(inPage('fixture.refuse()')).rejects.toThrow('not this');
  });

  it('reaches nothing of the preload but what it exposes', async () => {
    expect(await inPage('[typeof secretOfThePreload, typeof require, typeof process]')).toEqual(
      Array(3).fill('undefined'),
    );
    const names = await inPage<string[]>('Object.getOwnPropertyNames(globalThis)');
    expect(names.filter((name) => /electron|stand/i.test(name))).toEqual([]);
    expect(await inPage('fixture.worldOfThePreload()')).toEqual(['undefined', true, 'renderer']);
    expect(await inPage('Object.isFrozen(fixture)')).toBe(true);
    expect(await inPage('(() => { try { fixture = 1 } catch {} return typeof fixture })()')).toBe('object');
    await expect(inPage('fixture.requireNode()')).rejects.toThrow('module not found: node:fs');
  });
});

describe('what an app forbids', () => {
  it('is refused: going elsewhere', async () => {
    await inPage("void (location.href = 'https://example.org/away')");
    await waitFor('the refusal', async () =>
      (await standIn().recorded()).some(
        ({ what, detail }) => what === 'navigation-refused' && detail === 'https://example.org/away',
      ),
    );
    expect(await inPage('document.title')).toBe('Fixture');
  });

  it('is refused: another window; the app opens the address outside', async () => {
    await launched.page.click('#out');
    await waitFor('the refusal', async () =>
      (await standIn().recorded()).some(({ what }) => what === 'window-refused'),
    );
    const outside = (await standIn().recorded()).filter(({ what }) => what === 'shell.openExternal');
    expect(outside).toEqual([{ what: 'shell.openExternal', detail: 'https://example.org/' }]);
    await waitFor('the window to be closed', () => launched.app.windows().length === 1);
  });

  it('is asked of its handlers: permissions, frames, addresses', async () => {
    expect(await standIn().askPermission('media')).toBe(false);
    expect(await standIn().askPermission('fullscreen')).toBe(true);
    expect(await standIn().checkPermission('media')).toBe(true);
    const foreign = { url: 'https://example.org/', inside: 'fixture://app/page.html' };
    expect(await standIn().invokeFrom(foreign, 'echo', 1)).toEqual({ args: [1], from: foreign.url });
    expect(await standIn().invokeFrom(null, 'echo')).toEqual({ args: [], from: null });
    expect(await standIn().request('fixture://app/page.html')).toMatchObject({ status: 200 });
    expect(await standIn().request('fixture://app/../../package.json')).toMatchObject({ status: 404 });
    expect(await standIn().request('https://example.org/')).toEqual({ refused: true });
  });
});

describe('the main process', () => {
  it('can be looked into and changed, as with real Electron', async () => {
    expect(await launched.app.evaluate(({ app }, add) => app.getName() + add, '!')).toBe('vbdesk!');
    await expect(inPage("fixture.invoke('ask')")).rejects.toThrow('has put no answer in its place');
    await launched.app.evaluate(({ dialog }) => {
      dialog.showMessageBox = async () => ({ response: 3, checkboxChecked: false });
    });
    expect(await inPage("fixture.invoke('ask')")).toBe(3);
  });

  it('fails loudly on what the stand-in does not know', async () => {
    await expect(inPage("fixture.invoke('unknown')")).rejects.toThrow('does not know app.getGPUInfo');
    await expect(
      launched.app.evaluate(({ app }) => {
        app.on('accessibility-support-changed', () => undefined);
      }),
    ).rejects.toThrow('accessibility-support-changed');
    await expect(launched.app.evaluate((electron) => electron.desktopCapturer)).rejects.toThrow(
      'desktopCapturer',
    );
  });

  it('has menus and notifications', async () => {
    await launched.app.evaluate(({ Menu }) => {
      Menu.getApplicationMenu()?.getMenuItemById('notify')?.click();
    });
    const shown = (await standIn().recorded()).filter(({ what }) => what === 'notification');
    expect(shown).toEqual([{ what: 'notification', detail: { title: 'Hello', body: '' } }]);
  });

  it('shows its window when it is ready, with the preferences it was made with', async () => {
    const visible = await launched.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => window.isVisible()),
    );
    expect(visible).toEqual([true]);
    expect(await inPage('[innerWidth, innerHeight]')).toEqual([500, 400]);
    const [options] = await standIn().windowOptions();
    expect(options).toMatchObject({ width: 500, webPreferences: { sandbox: true, contextIsolation: true } });
  });

  it('is the only one of its directory, and hears of a second', async () => {
    await inPage('fixture.onNoted((value) => { document.title = value.text; }) && undefined');
    await expect(launchApp({ always: 'stand-in', configDir, main, args: ['second'] })).rejects.toThrow(
      'exit code 7',
    );
    await waitFor('word of the second', async () => (await launched.page.title()) === 'second');
  });

  it('can be killed, and closes by itself when its last window does', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'vbdesk-stand-in-'));
    try {
      const first = await launchApp({ always: 'stand-in', configDir: directory, main });
      await first.app.kill();
      expect(await first.app.exited).toBeNull();
      await first.close();
      const second = await launchApp({ always: 'stand-in', configDir: directory, main });
      // The answer may be lost with the process.
      const closing = second.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
      await closing.catch(() => undefined);
      expect(await second.app.exited).toBe(0);
      await second.close();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
