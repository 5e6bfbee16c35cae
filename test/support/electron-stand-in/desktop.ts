import { record } from './recorded.ts';
import { KnownEmitter, strict, strictClass } from './strict.ts';

/** shell, clipboard, dialog, notifications, theme and the keyring: what an app asks of the desktop around it. */

export const shell = strict('shell', {
  async openExternal(url: string): Promise<void> {
    record('shell.openExternal', url);
  },
  async openPath(path: string): Promise<string> {
    record('shell.openPath', path);
    return '';
  },
  showItemInFolder(path: string): void {
    record('shell.showItemInFolder', path);
  },
  beep(): void {
    record('shell.beep', null);
  },
});

let clipboardText = '';
export const clipboard = strict('clipboard', {
  writeText(text: string): void {
    clipboardText = text;
  },
  readText: () => clipboardText,
});

/** A dialog waits for a person. A test that lets the app open one replaces the function, as it would in Electron. */
function unanswered(name: string) {
  return (...args: unknown[]): Promise<never> => {
    const options = JSON.stringify(args.at(-1));
    record(`dialog.${name}`, options);
    throw new Error(
      `The app opened dialog.${name}(${options}), and the test has put no answer in its place.`,
    );
  };
}

export const dialog = strict('dialog', {
  showMessageBox: unanswered('showMessageBox'),
  showMessageBoxSync: unanswered('showMessageBoxSync'),
  showOpenDialog: unanswered('showOpenDialog'),
  showOpenDialogSync: unanswered('showOpenDialogSync'),
  showSaveDialog: unanswered('showSaveDialog'),
  showSaveDialogSync: unanswered('showSaveDialogSync'),
  showErrorBox(title: string, content: string): void {
    process.stderr.write(`dialog.showErrorBox: ${title}: ${content}\n`);
    record('dialog.showErrorBox', { title, content });
  },
});

type Source = 'system' | 'light' | 'dark';

class NativeTheme extends KnownEmitter {
  private source: Source = 'system';
  readonly shouldUseHighContrastColors = false;
  readonly prefersReducedTransparency = false;

  constructor() {
    super('nativeTheme', ['updated']);
  }

  get themeSource(): Source {
    return this.source;
  }

  set themeSource(source: Source) {
    this.source = source;
    this.emit('updated');
  }

  get shouldUseDarkColors(): boolean {
    return this.source === 'dark';
  }
}

export const nativeTheme = strict('nativeTheme', new NativeTheme());

const turned = (bytes: Buffer) => Buffer.from(bytes.map((byte) => byte ^ 0x5a));

/** Not a keyring, and no secret is safe in it: it only turns bits, so that tests see that something was done. */
export const safeStorage = strict('safeStorage', {
  isEncryptionAvailable: () => true,
  isAsyncEncryptionAvailable: async () => true,
  getSelectedStorageBackend: () => 'gnome_libsecret',
  setUsePlainTextEncryption: () => undefined,
  encryptString: (text: string) => turned(Buffer.from(text)),
  decryptString: (bytes: Buffer) => turned(bytes).toString(),
  encryptStringAsync: async (text: string) => turned(Buffer.from(text)),
  decryptStringAsync: async (bytes: Buffer) => ({ result: turned(bytes).toString(), shouldReEncrypt: false }),
});

interface NotificationOptions {
  readonly title?: string;
  readonly body?: string;
  readonly [other: string]: unknown;
}

class PlainNotification extends KnownEmitter {
  title: string;
  body: string;

  static isSupported(): boolean {
    return true;
  }

  constructor(options: NotificationOptions = {}) {
    super('Notification', ['show', 'click', 'close', 'reply', 'action', 'failed']);
    this.title = options.title ?? '';
    this.body = options.body ?? '';
  }

  show(): void {
    record('notification', { title: this.title, body: this.body });
    this.emit('show', {});
  }

  close(): void {
    this.emit('close', {});
  }
}

export const Notification = strictClass('Notification', PlainNotification);

export const powerMonitor = strict(
  'powerMonitor',
  new KnownEmitter('powerMonitor', [
    'suspend',
    'resume',
    'on-ac',
    'on-battery',
    'shutdown',
    'lock-screen',
    'unlock-screen',
  ]),
);

const area = { x: 0, y: 0, width: 1920, height: 1080 };
const display = { id: 1, bounds: area, workArea: area, size: area, workAreaSize: area, scaleFactor: 1 };
export const screen = strict('screen', {
  getPrimaryDisplay: () => display,
  getAllDisplays: () => [display],
  getDisplayMatching: () => display,
});
