import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { _electron, chromium, type Page } from 'playwright-core';
import { electronBinary } from '../../scripts/lib/electron-binary.ts';
import { chromiumFlags, chromiumPath } from './chromium.ts';
import { startMain } from './electron-stand-in/main-process.ts';
import type { Recorded } from './electron-stand-in/recorded.ts';
import { waitFor } from './wait-for.ts';

type ElectronModule = typeof import('electron');

export interface LaunchOptions {
  /** The app's configuration directory; it should be new, and be removed by the test. */
  readonly configDir: string;
  /** Further arguments of the app. */
  readonly args?: readonly string[];
  /** Further environment variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The built main file, from the checkout's root; another than the app's for tests of the stand-in itself. */
  readonly main?: string;
  /** In the stand-in even where real Electron could be had. */
  readonly always?: 'stand-in';
}

/** What only the stand-in can do. */
export interface StandIn {
  /** What the app did to the world outside of its windows, and what was refused. */
  recorded(): Promise<readonly Recorded[]>;
  /** The options of every open BrowserWindow. */
  windowOptions(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Whether the app's handlers would grant a permission when the page asks for it. */
  askPermission(permission: string): Promise<boolean>;
  /** Whether the app's handlers say that the page has a permission. */
  checkPermission(permission: string): Promise<boolean>;
  /** Calls an ipcMain handler from a made-up frame: of that address, null for none, perhaps inside of another. */
  invokeFrom(
    frame: { url: string; inside?: string } | null,
    channel: string,
    ...args: unknown[]
  ): Promise<unknown>;
  /** What a request for exactly this address comes to. */
  request(url: string): Promise<AppResponse>;
}

export type AppResponse =
  | { readonly refused: true }
  | {
      readonly refused: false;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    };

export interface AppHandle {
  /** Null in real Electron. */
  readonly standIn: StandIn | null;
  /** Runs a function in the main process. It must use nothing but its arguments and globals. */
  evaluate<R, A = undefined>(work: (electron: ElectronModule, arg: A) => R | Promise<R>, arg?: A): Promise<R>;
  /** All open windows, oldest first. */
  windows(): readonly Page[];
  /** What main has printed so far. */
  output(): string;
  /** The main process's exit code when it has ended; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** SIGKILL: the app dies without a last word. */
  kill(): Promise<void>;
}

export interface LaunchedApp {
  /** The first window's page. */
  readonly page: Page;
  readonly app: AppHandle;
  /** Ends the app if it still runs, and all that belongs to it. */
  close(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, '../..');

/**
 * Whether tests run in real Electron: its binary is there and can open a window (a display; not root, as which
 * Electron does not run with its sandbox). `VBDESK_TEST_ELECTRON=stand-in` says no in any case.
 */
export function runsInRealElectron(): boolean {
  if (process.env.VBDESK_TEST_ELECTRON === 'stand-in' || electronBinary() === null) return false;
  if (process.platform !== 'linux') return true;
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY) && process.getuid?.() !== 0;
}

/**
 * Opens the built app (`out/` must be there) and waits for its first window: in real Electron where that can be, else
 * in the stand-in. Throws with what the app printed when it ends instead.
 */
export async function launchApp(options: LaunchOptions): Promise<LaunchedApp> {
  await mkdir(options.configDir, { recursive: true });
  return runsInRealElectron() && !options.always ? launchReal(options) : launchStandIn(options);
}

function settingsOf(options: LaunchOptions) {
  return {
    main: options.main ?? 'out/main/electron.js',
    args: [`--user-data-dir=${path.join(options.configDir, 'electron')}`, ...(options.args ?? [])],
    environment: { VBDESK_CONFIG_DIR: options.configDir, ...options.environment },
  };
}

async function launchReal(options: LaunchOptions): Promise<LaunchedApp> {
  const { main, args, environment } = settingsOf(options);
  const electron = await _electron.launch({
    executablePath: electronBinary() ?? '',
    args: [options.main ? main : '.', ...args],
    cwd: root,
    env: { ...definedEnvironment(), ...environment },
  });
  const child = electron.process();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const page = await electron.firstWindow();
  const app: AppHandle = {
    standIn: null,
    evaluate: (work, arg) => electron.evaluate(work as never, arg),
    windows: () => electron.windows(),
    output: () => output,
    exited,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
  return { page, app, close: () => electron.close() };
}

async function launchStandIn(options: LaunchOptions): Promise<LaunchedApp> {
  const { main, args, environment } = settingsOf(options);
  const profile = await mkdtemp(path.join(tmpdir(), 'vbdesk-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    // No name is looked up: what the stand-in should ever let through gets nowhere.
    args: [...chromiumFlags, '--remote-debugging-port=0', '--host-resolver-rules=MAP * ~NOTFOUND'],
    handleSIGINT: false,
    // The stand-in gives each page the size of its window.
    viewport: null,
  });
  const pages: Page[] = [];
  context.on('page', (page) => {
    // A window that a page opened is not one of the app's: the stand-in closes it again.
    void page.opener().then((opener) => {
      if (opener) return;
      pages.push(page);
      page.on('close', () => pages.splice(pages.indexOf(page), 1));
    });
  });
  const process = startMain(main, args, { ...environment, browser: await debuggerAddress(profile) });
  const close = async () => {
    await process.end();
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const page = await Promise.race([firstPage(pages), process.failure]);
    const { ask, output, exited, kill } = process;
    const standIn: StandIn = {
      recorded: () => ask('recorded'),
      windowOptions: () => ask('windows'),
      askPermission: (permission) => ask('askPermission', permission),
      checkPermission: (permission) => ask('checkPermission', permission),
      invokeFrom: (frame, channel, ...given) =>
        ask('invokeFrom', { frame: frame && { inside: null, ...frame }, channel, args: given }),
      request: (url) => ask('request', url),
    };
    const app: AppHandle = {
      standIn,
      evaluate: (work, arg) => process.evaluate(work.toString(), arg),
      windows: () => [...pages],
      output,
      exited,
      kill,
    };
    return { page, app, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The first window's page, once the app has loaded something into it. */
async function firstPage(pages: readonly Page[]): Promise<Page> {
  const page = await waitFor('the app to open a window', () =>
    pages.find((each) => each.url() !== 'about:blank'),
  );
  await page.waitForLoadState('domcontentloaded');
  return page;
}

/** Where Chromium listens for a second debugger; it writes that into its profile. */
async function debuggerAddress(profile: string): Promise<string> {
  const text = await readFile(path.join(profile, 'DevToolsActivePort'), 'utf8');
  return `http://127.0.0.1:${text.split('\n', 1)[0]}`;
}

function definedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
