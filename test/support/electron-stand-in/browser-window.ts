import path from 'node:path';
import type { Frame, Page, Route } from 'playwright-core';
import { toAppAddress, toPageAddress } from './addresses.ts';
import { app } from './app.ts';
import { browserContext } from './browser.ts';
import { nativeTheme } from './desktop.ts';
import { record } from './recorded.ts';
import { serve } from './requests.ts';
import { KnownEmitter, preventable, strictClass } from './strict.ts';
import { answerPopup, makeWebContents, type WebContents } from './web-contents.ts';

const events = [
  'ready-to-show',
  'show',
  'hide',
  'close',
  'closed',
  'focus',
  'blur',
  'resize',
  'resized',
  'move',
  'moved',
  'maximize',
  'unmaximize',
  'minimize',
  'restore',
  'enter-full-screen',
  'leave-full-screen',
  'page-title-updated',
  'unresponsive',
  'responsive',
  'session-end',
  'query-session-end',
];

interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface WindowOptions extends Partial<Bounds> {
  readonly title?: string;
  readonly show?: boolean;
  readonly webPreferences?: {
    readonly preload?: string;
    readonly additionalArguments?: readonly string[];
    readonly sandbox?: boolean;
    readonly contextIsolation?: boolean;
    readonly nodeIntegration?: boolean;
    readonly webSecurity?: boolean;
    readonly [other: string]: unknown;
  };
  readonly [other: string]: unknown;
}

const windows: PlainWindow[] = [];
let lastId = 0;

class PlainWindow extends KnownEmitter {
  readonly id: number;
  readonly webContents: WebContents = makeWebContents();
  /** Of the stand-in: what the window was made with. */
  readonly options: WindowOptions;
  title: string;
  private bounds: Bounds;
  private visible: boolean;
  private minimized = false;
  private maximized = false;
  private destroyed = false;
  private page: Page | null = null;
  private opening: Promise<Page> | null = null;

  static getAllWindows(): PlainWindow[] {
    return [...windows];
  }

  static getFocusedWindow(): PlainWindow | null {
    return windows.find((window) => window.isVisible()) ?? null;
  }

  static fromWebContents(webContents: WebContents): PlainWindow | null {
    return windows.find((window) => window.webContents.id === webContents.id) ?? null;
  }

  static fromId(id: number): PlainWindow | null {
    return windows.find((window) => window.id === id) ?? null;
  }

  constructor(options: WindowOptions = {}) {
    super('BrowserWindow', events);
    if (!app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready');
    const preferences = options.webPreferences ?? {};
    const open = preferences.sandbox === false && !app.sandboxed;
    if (open || preferences.contextIsolation === false || preferences.nodeIntegration) {
      throw new Error('The Electron stand-in opens sandboxed, isolated windows without Node only.');
    }
    if (preferences.webSecurity === false) throw new Error('webSecurity is not to be switched off.');
    if (preferences.preload !== undefined && !path.isAbsolute(preferences.preload)) {
      throw new Error(`preload must be an absolute path, not ${preferences.preload}`);
    }
    lastId += 1;
    this.id = lastId;
    this.options = options;
    this.title = options.title ?? app.name;
    this.visible = options.show ?? true;
    const { x = 0, y = 0, width = 800, height = 600 } = options;
    this.bounds = { x, y, width, height };
  }

  /** Of the stand-in: the page in Chromium, made when it is first needed. */
  private open(): Promise<Page> {
    this.opening ??= this.makePage();
    return this.opening;
  }

  private async makePage(): Promise<Page> {
    const page = await browserContext.newPage();
    this.page = page;
    const { preload, additionalArguments = [] } = this.options.webPreferences ?? {};
    const themed = () => page.emulateMedia({ colorScheme: schemeOf(nativeTheme.themeSource) });
    nativeTheme.on('updated', () => void themed().catch(() => undefined));
    await Promise.all([this.fit(), themed()]);
    page.once('load', () => this.emit('ready-to-show', {}));
    page.on('close', () => this.gone());
    await this.webContents.adopt(page, preload, additionalArguments);
    return page;
  }

  /** Of the stand-in: a request of this window's page. */
  async request(route: Route, frame: Frame): Promise<void> {
    const request = route.request();
    const url = request.url();
    // What the app itself loads needs no leave, and loading the same page again is no going elsewhere.
    const goes = request.isNavigationRequest() && url !== this.webContents.expected && url !== frame.url();
    if (goes && !this.webContents.mayNavigate(toAppAddress(url), frame.parentFrame() === null)) {
      await route.abort('aborted');
      record('navigation-refused', toAppAddress(url));
      return;
    }
    await serve(route, this.webContents.id);
  }

  /** Of the stand-in. */
  owns(page: Page): boolean {
    return this.page === page;
  }

  private async fit(): Promise<void> {
    const { width, height } = this.bounds;
    await this.page?.setViewportSize({ width: Math.round(width), height: Math.round(height) });
  }

  private gone(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    const index = windows.findIndex((window) => window.id === this.id);
    if (index >= 0) windows.splice(index, 1);
    this.webContents.close();
    this.emit('closed');
    if (windows.length === 0) app.windowsAreGone();
  }

  async loadURL(url: string): Promise<void> {
    const page = await this.open();
    const address = toPageAddress(url);
    this.webContents.expected = address;
    this.webContents.emit('did-start-loading', {});
    try {
      await page.goto(address);
    } finally {
      this.webContents.expected = null;
    }
  }

  close(): void {
    if (this.destroyed) return;
    const event = preventable({});
    this.emit('close', event);
    if (!event.defaultPrevented) this.destroy();
  }

  destroy(): void {
    this.page?.close().catch(() => undefined);
    this.gone();
  }

  isDestroyed(): boolean {
    return this.destroyed;
  }

  show(): void {
    this.visible = true;
    this.emit('show', {});
  }

  showInactive(): void {
    this.show();
  }

  hide(): void {
    this.visible = false;
    this.emit('hide', {});
  }

  isVisible(): boolean {
    return this.visible && !this.minimized;
  }

  focus(): void {
    record('window.focus', this.id);
    this.emit('focus', {});
  }

  isFocused(): boolean {
    return this.visible;
  }

  minimize(): void {
    this.minimized = true;
    this.emit('minimize', {});
  }

  isMinimized(): boolean {
    return this.minimized;
  }

  restore(): void {
    this.minimized = false;
    this.emit('restore', {});
  }

  maximize(): void {
    this.maximized = true;
    this.emit('maximize', {});
  }

  unmaximize(): void {
    this.maximized = false;
    this.emit('unmaximize', {});
  }

  isMaximized(): boolean {
    return this.maximized;
  }

  isFullScreen(): boolean {
    return false;
  }

  getBounds(): Bounds {
    return { ...this.bounds };
  }

  getNormalBounds(): Bounds {
    return { ...this.bounds };
  }

  setBounds(bounds: Partial<Bounds>): void {
    this.bounds = { ...this.bounds, ...bounds };
    void this.fit().catch(() => undefined);
    this.emit('resize', {});
  }

  getSize(): [number, number] {
    return [this.bounds.width, this.bounds.height];
  }

  getTitle(): string {
    return this.title;
  }

  setTitle(title: string): void {
    this.title = title;
  }

  getBackgroundColor(): string {
    return '#ffffff';
  }

  setBackgroundColor(): void {}
  setMenu(): void {}
  removeMenu(): void {}
  setMenuBarVisibility(): void {}
  setAutoHideMenuBar(): void {}
  setMinimumSize(): void {}

  setProgressBar(progress: number): void {
    record('window.setProgressBar', progress);
  }

  flashFrame(flag: boolean): void {
    record('window.flashFrame', flag);
  }
}

function schemeOf(source: 'system' | 'light' | 'dark'): 'light' | 'dark' | 'no-preference' {
  return source === 'system' ? 'no-preference' : source;
}

export type BrowserWindow = PlainWindow;

export const BrowserWindow = strictClass('BrowserWindow', PlainWindow, (window) => {
  windows.push(window);
  app.emit('browser-window-created', {}, window);
  app.emit('web-contents-created', {}, window.webContents);
});

app.setWindows({ all: () => windows });

// All pages of the browser, also those that a page opens: they have no way to anywhere but through the app.
await browserContext.route('**/*', async (route) => {
  const frame = frameOf(route);
  const window = frame && windows.find((each) => each.owns(frame.page()));
  if (window) await window.request(route, frame);
  else await answerPopup(route);
});

/** The frame that asks; null when its page is so new that there is none yet. */
function frameOf(route: Route): Frame | null {
  try {
    return route.request().frame();
  } catch {
    return null;
  }
}
