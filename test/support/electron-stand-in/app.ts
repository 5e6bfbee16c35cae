import { mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { closeRegistration } from './protocol.ts';
import { record } from './recorded.ts';
import { KnownEmitter, preventable, strict } from './strict.ts';

const events = [
  'ready',
  'will-finish-launching',
  'window-all-closed',
  'before-quit',
  'will-quit',
  'quit',
  'activate',
  'open-file',
  'open-url',
  'second-instance',
  'browser-window-created',
  'browser-window-focus',
  'browser-window-blur',
  'web-contents-created',
  'certificate-error',
  'select-client-certificate',
  'login',
  'render-process-gone',
  'child-process-gone',
];

/** What quitting needs to know of the windows; they say so themselves, which keeps this file below them. */
interface Windows {
  all(): readonly { close(): void; isDestroyed(): boolean }[];
}

class App extends KnownEmitter {
  name: string;
  userAgentFallback = 'VBDesk in the Electron stand-in';
  readonly isPackaged = false;
  /** Of macOS only, like in Electron. */
  readonly dock = undefined;
  readonly commandLine = strict('app.commandLine', {
    appendSwitch: (name: string, value?: string) => record('commandLine.appendSwitch', { name, value }),
    appendArgument: (value: string) => record('commandLine.appendArgument', value),
    hasSwitch: (name: string) => process.argv.some((argument) => argument.startsWith(`--${name}`)),
    getSwitchValue: (name: string) => switchValue(name) ?? '',
  });
  /** Of the stand-in: whether every renderer is sandboxed, whatever its window says. */
  sandboxed = false;
  private readonly paths = new Map<string, string>();
  private readonly manifest: { readonly name: string; readonly version: string };
  private isReadyNow = false;
  private quitting = false;
  private hasLock = false;
  private windows: Windows = { all: () => [] };
  private readonly readiness = Promise.withResolvers<void>();

  constructor(appPath: string) {
    super('app', events);
    this.manifest = JSON.parse(
      readFileSync(path.join(appPath, 'package.json'), 'utf8'),
    ) as typeof this.manifest;
    this.name = this.manifest.name;
    const userData = switchValue('user-data-dir') ?? path.join(tmpdir(), `electron-stand-in-${process.pid}`);
    for (const [name, place] of Object.entries({
      home: homedir(),
      appData: path.dirname(userData),
      userData,
      sessionData: userData,
      temp: tmpdir(),
      exe: process.execPath,
      logs: path.join(userData, 'logs'),
      crashDumps: path.join(userData, 'crashes'),
      documents: homedir(),
      downloads: homedir(),
      desktop: homedir(),
    })) {
      this.paths.set(name, place);
    }
  }

  /** Of the stand-in: main's own code has run to its end, which is what Electron waits for. */
  becomeReady(): void {
    this.isReadyNow = true;
    closeRegistration();
    this.emit('ready', {}, {});
    this.readiness.resolve();
  }

  /** Of the stand-in: where the windows are found. */
  setWindows(windows: Windows): void {
    this.windows = windows;
  }

  whenReady(): Promise<void> {
    return this.readiness.promise;
  }

  isReady(): boolean {
    return this.isReadyNow;
  }

  getName(): string {
    return this.name;
  }

  setName(name: string): void {
    this.name = name;
  }

  getVersion(): string {
    return this.manifest.version;
  }

  getAppPath(): string {
    return process.cwd();
  }

  getLocale(): string {
    return 'en-US';
  }

  getPath(name: string): string {
    const place = this.paths.get(name);
    if (place === undefined) throw new Error(`Failed to get '${name}' path`);
    return place;
  }

  setPath(name: string, place: string): void {
    this.getPath(name);
    this.paths.set(name, place);
  }

  enableSandbox(): void {
    if (this.isReadyNow) throw new Error('app.enableSandbox() can only be called before app is ready');
    this.sandboxed = true;
  }

  disableHardwareAcceleration(): void {}
  setAppUserModelId(): void {}
  setAboutPanelOptions(): void {}

  focus(): void {
    record('app.focus', null);
  }

  relaunch(options?: object): void {
    record('app.relaunch', options ?? null);
  }

  /**
   * One app per user data directory. The lock is a file that names its holder's process, and word of a second instance
   * is left beside it: synchronous, as Electron's is.
   */
  requestSingleInstanceLock(additionalData?: unknown): boolean {
    const directory = this.getPath('userData');
    mkdirSync(directory, { recursive: true });
    const lock = path.join(directory, 'stand-in.lock');
    const word = path.join(directory, 'stand-in.second.json');
    if (!this.hasLock && isHeld(lock)) {
      writeFileSync(word, JSON.stringify([process.argv, process.cwd(), additionalData ?? null]));
      return false;
    }
    if (this.hasLock) return true;
    writeFileSync(lock, String(process.pid));
    this.hasLock = true;
    watch(directory, (_change, file) => {
      if (file !== path.basename(word)) return;
      try {
        const [argv, cwd, data] = JSON.parse(readFileSync(word, 'utf8')) as [string[], string, unknown];
        rmSync(word);
        this.emit('second-instance', {}, argv, cwd, data);
      } catch {
        // Not written to its end yet, or read already: another change tells.
      }
    }).unref();
    return true;
  }

  hasSingleInstanceLock(): boolean {
    return this.hasLock;
  }

  releaseSingleInstanceLock(): void {
    if (this.hasLock) rmSync(path.join(this.getPath('userData'), 'stand-in.lock'), { force: true });
    this.hasLock = false;
  }

  /** before-quit, then every window is asked to close, then will-quit: each may prevent what follows. */
  quit(): void {
    if (this.quitting) return;
    this.quitting = true;
    const beforeQuit = preventable({});
    this.emit('before-quit', beforeQuit);
    if (beforeQuit.defaultPrevented) {
      this.quitting = false;
      return;
    }
    for (const window of this.windows.all()) window.close();
    if (this.windows.all().length > 0) {
      // A window has kept itself open.
      this.quitting = false;
      return;
    }
    const willQuit = preventable({});
    this.emit('will-quit', willQuit);
    if (willQuit.defaultPrevented) this.quitting = false;
    else this.exit(0);
  }

  exit(code = 0): void {
    this.releaseSingleInstanceLock();
    this.emit('quit', {}, code);
    process.exit(code);
  }

  /** Of the stand-in: the last window is gone. Without a listener Electron quits. */
  windowsAreGone(): void {
    if (this.quitting) return;
    if (this.listenerCount('window-all-closed') > 0) this.emit('window-all-closed');
    else this.quit();
  }
}

function switchValue(name: string): string | undefined {
  const prefix = `--${name}=`;
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
}

function isHeld(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

export const app = strict('app', new App(process.cwd()));
