/**
 * The desktop shell: one window over the desk. As thin as it can be; everything it forbids is forbidden here.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, ipcMain, Menu, protocol, session, shell } from 'electron';
import { createDesk } from './desk/desk.ts';
import { securityHeaders, windowFile } from './desk/window-files.ts';
import { defaultConfigDirectory } from './library/library.ts';

const origin = 'vbdesk://app';
const here = path.dirname(fileURLToPath(import.meta.url));
const rendererDirectory = path.join(here, '../renderer');

protocol.registerSchemesAsPrivileged([
  { scheme: 'vbdesk', privileges: { standard: true, secure: true, supportFetchAPI: true } },
]);
app.enableSandbox();

/** Web pages that Help may open in the user's browser. */
const isAllowedOutside = (url: string): boolean =>
  url.startsWith('https://xenbits.xen.org/') || url.startsWith('https://docs.ganeti.org/');

const isOurPage = (url: string | undefined): boolean => url?.startsWith(`${origin}/`) === true;

app.on('web-contents-created', (_event, contents) => {
  contents.on('will-navigate', (event, url) => {
    if (!isOurPage(url)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    if (isAllowedOutside(url)) void shell.openExternal(url);
    return { action: 'deny' };
  });
});

const openWindow = async (): Promise<BrowserWindow> => {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 1024,
    minHeight: 640,
    show: false,
    title: 'VBDesk',
    webPreferences: {
      preload: path.join(here, '../preload/index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  });
  window.once('ready-to-show', () => window.show());
  await window.loadURL(`${origin}/index.html`);
  return window;
};

const start = async (): Promise<void> => {
  await app.whenReady();
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, done) => done(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
  session.defaultSession.webRequest.onBeforeRequest((details, done) =>
    done({ cancel: !isOurPage(details.url) && !details.url.startsWith('devtools:') }),
  );
  protocol.handle('vbdesk', async (request) => {
    const url = new URL(request.url);
    const file = url.host === 'app' ? await windowFile(rendererDirectory, url.pathname) : null;
    if (!file) return new Response('', { status: 404 });
    return new Response(file.content, {
      headers: { 'content-type': file.type, ...securityHeaders("'none'") },
    });
  });
  Menu.setApplicationMenu(null);

  const desk = await createDesk({ configDirectory: defaultConfigDirectory(), version: app.getVersion() });
  ipcMain.handle('vbdesk', async (event, name: unknown, input: unknown) => {
    const frame = event.senderFrame;
    // the main frame of our own page, and nobody else
    if (!frame || frame.parent !== null || !isOurPage(frame.url))
      return { ok: false, error: { code: 'forbidden', message: 'This page may not ask.' } };
    return desk.dispatch(name, input);
  });
  desk.onEvent((value) => {
    for (const window of BrowserWindow.getAllWindows()) window.webContents.send('vbdesk-event', value);
  });
  app.on('second-instance', () => {
    const window = BrowserWindow.getAllWindows()[0];
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  app.on('window-all-closed', () => app.quit());
  let closing = false;
  app.on('before-quit', (event) => {
    if (closing) return;
    closing = true;
    // jobs on the nodes go on by themselves; this only ends our connections
    event.preventDefault();
    void desk.close().finally(() => app.quit());
  });
  await openWindow();
};

if (app.requestSingleInstanceLock()) {
  start().catch((error: unknown) => {
    console.error(`VBDesk could not start: ${error instanceof Error ? error.message : String(error)}`);
    app.exit(1);
  });
} else {
  app.quit();
}
