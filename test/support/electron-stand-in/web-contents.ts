import type { Page, Route } from 'playwright-core';
import { toAppAddress } from './addresses.ts';
import { type Bridge, type FromPreload, openBridge } from './bridge.ts';
import { ipcEvent, ipcMain, senderFrame } from './ipc-main.ts';
import { record } from './recorded.ts';
import { session } from './session.ts';
import { KnownEmitter, preventable, strict } from './strict.ts';

const events = [
  'did-finish-load',
  'did-fail-load',
  'did-frame-finish-load',
  'did-start-loading',
  'did-stop-loading',
  'dom-ready',
  'did-navigate',
  'did-navigate-in-page',
  'did-start-navigation',
  'will-navigate',
  'will-frame-navigate',
  'will-redirect',
  'will-attach-webview',
  'did-attach-webview',
  'will-prevent-unload',
  'did-create-window',
  'before-input-event',
  'context-menu',
  'render-process-gone',
  'unresponsive',
  'responsive',
  'destroyed',
  'focus',
  'blur',
  'console-message',
  'preload-error',
  'page-title-updated',
  'devtools-opened',
  'devtools-closed',
];

type WindowOpenHandler = (details: object) => { readonly action: 'allow' | 'deny' };

let lastId = 0;

/** Of the stand-in: the request of a window that a page opens. It goes nowhere; the window is empty and is closed soon. */
export async function answerPopup(route: Route): Promise<void> {
  await route.fulfill({ status: 200, contentType: 'text/html', body: '' });
}

/** `win.webContents`: the page of one window, and the app's wire to it. */
class PlainWebContents extends KnownEmitter {
  readonly id: number;
  readonly session = session.defaultSession;
  /** Of the stand-in: the page in Chromium, once it is there. */
  page: Page | null = null;
  /** Of the stand-in: the address that the app itself is loading, which needs no leave. */
  expected: string | null = null;
  private bridge: Bridge | null = null;
  private openHandler: WindowOpenHandler | null = null;
  private destroyed = false;
  private zoom = 1;

  constructor() {
    super('webContents', events);
    lastId += 1;
    this.id = lastId;
  }

  /** Of the stand-in: takes a page of Chromium as this window's own. */
  async adopt(
    page: Page,
    preload: string | undefined,
    additionalArguments: readonly string[],
  ): Promise<void> {
    this.page = page;
    page.on('domcontentloaded', () => this.emit('dom-ready', {}));
    page.on('load', () => {
      this.emit('did-finish-load', {});
      this.emit('did-stop-loading', {});
    });
    page.on('crash', () => this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 }));
    // Chromium opens the window all the same, with nothing in it, and it is closed again.
    page.on('popup', (popup) => void popup.close().catch(() => undefined));
    const devtools = await page.context().newCDPSession(page);
    devtools.on('Page.windowOpen', ({ url, windowName }) => this.windowWanted(url, windowName));
    await devtools.send('Page.enable');
    page.on('console', (message) => {
      const details = { level: message.type(), message: message.text(), sourceId: message.location().url };
      this.emit('console-message', details);
      if (message.type() === 'error') process.stderr.write(`The page says: ${message.text()}\n`);
    });
    page.on('pageerror', (error) =>
      process.stderr.write(`The page threw: ${error.stack ?? error.message}\n`),
    );
    if (preload !== undefined) {
      this.bridge = await openBridge(page, preload, additionalArguments, (message) => this.received(message));
    }
  }

  private async received({ kind, channel, args, url }: FromPreload): Promise<unknown> {
    const event = ipcEvent(senderFrame(url), this);
    if (kind === 'invoke') return ipcMain.dispatchInvoke(event, channel, args);
    ipcMain.emit(channel, event, ...args);
    return undefined;
  }

  private windowWanted(address: string, frameName: string): void {
    const url = toAppAddress(address || 'about:blank');
    const details = { url, frameName, features: '', disposition: 'new-window', referrer: {} };
    const { action } = this.openHandler?.(details) ?? { action: 'allow' };
    record(action === 'deny' ? 'window-refused' : 'window-allowed', url);
  }

  /**
   * Of the stand-in: a page wants to go elsewhere. Whether the app lets it.
   */
  mayNavigate(url: string, isMainFrame: boolean): boolean {
    const event = preventable({ url, isMainFrame, isSameDocument: false, frame: null, initiator: null });
    if (isMainFrame) this.emit('will-navigate', event, url);
    this.emit('will-frame-navigate', event);
    return !event.defaultPrevented;
  }

  /** Of the stand-in: the window is gone. */
  close(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('destroyed');
  }

  send(channel: string, ...args: unknown[]): void {
    if (this.destroyed) throw new Error('Object has been destroyed');
    this.bridge?.send(channel, args);
  }

  setWindowOpenHandler(handler: WindowOpenHandler): void {
    this.openHandler = handler;
  }

  getURL(): string {
    return this.page ? toAppAddress(this.page.url()) : '';
  }

  getTitle(): string {
    return '';
  }

  get mainFrame() {
    return senderFrame(this.getURL());
  }

  isDestroyed(): boolean {
    return this.destroyed;
  }

  isLoading(): boolean {
    return this.expected !== null;
  }

  isCrashed(): boolean {
    return false;
  }

  reload(): void {
    this.expected = this.page?.url() ?? null;
    this.page?.reload().catch(() => undefined);
  }

  async executeJavaScript(code: string): Promise<unknown> {
    return this.page?.evaluate(code);
  }

  get zoomFactor(): number {
    return this.zoom;
  }

  set zoomFactor(factor: number) {
    this.zoom = factor;
  }

  getZoomFactor(): number {
    return this.zoom;
  }

  setZoomFactor(factor: number): void {
    this.zoom = factor;
  }

  async setVisualZoomLevelLimits(): Promise<void> {}
  focus(): void {}

  openDevTools(): void {
    record('webContents.openDevTools', null);
  }

  closeDevTools(): void {}

  isDevToolsOpened(): boolean {
    return false;
  }
}

export type WebContents = PlainWebContents;

export function makeWebContents(): WebContents {
  return strict('webContents', new PlainWebContents());
}
