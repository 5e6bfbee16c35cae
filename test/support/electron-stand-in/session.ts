import { protocol } from './protocol.ts';
import { KnownEmitter, strict } from './strict.ts';

type PermissionRequestHandler = (
  webContents: object,
  permission: string,
  callback: (granted: boolean) => void,
  details: object,
) => void;
type PermissionCheckHandler = (
  webContents: object | null,
  permission: string,
  origin: string,
  details: object,
) => boolean;

export interface RequestDetails {
  readonly id: number;
  readonly url: string;
  readonly method: string;
  readonly resourceType: string;
  readonly webContentsId: number;
  readonly referrer: string;
  readonly timestamp: number;
}
interface BeforeRequestAnswer {
  readonly cancel?: boolean;
  readonly redirectURL?: string;
}
type BeforeRequestListener = (
  details: RequestDetails,
  callback: (answer: BeforeRequestAnswer) => void,
) => void;
interface HeadersAnswer {
  readonly cancel?: boolean;
  readonly responseHeaders?: Readonly<Record<string, string | string[]>>;
}
type HeadersListener = (
  details: RequestDetails & { responseHeaders: Record<string, string[]>; statusCode: number },
  callback: (answer: HeadersAnswer) => void,
) => void;

interface Filtered<T> {
  readonly patterns: readonly RegExp[];
  readonly listener: T;
}

let permissionRequest: PermissionRequestHandler | null = null;
let permissionCheck: PermissionCheckHandler | null = null;
let beforeRequest: Filtered<BeforeRequestListener> | null = null;
let headersReceived: Filtered<HeadersListener> | null = null;

/** The two forms of webRequest's methods: (listener) and (filter, listener); null takes the listener away. */
function filtered<T>(first: { urls: readonly string[] } | T | null, second?: T | null): Filtered<T> | null {
  const hasFilter = first !== null && typeof first === 'object' && 'urls' in first;
  const listener = hasFilter ? second : first;
  if (!listener) return null;
  const urls = hasFilter ? first.urls : ['<all_urls>'];
  return { patterns: urls.map(patternOf), listener };
}

function patternOf(pattern: string): RegExp {
  if (pattern === '<all_urls>') return /^/;
  const escaped = pattern.replace(/[\\^$.+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*')}$`);
}

class Session extends KnownEmitter {
  readonly protocol = protocol;
  readonly webRequest = strict('session.webRequest', {
    onBeforeRequest(filter: never, listener?: BeforeRequestListener | null): void {
      beforeRequest = filtered<BeforeRequestListener>(filter, listener);
    },
    onHeadersReceived(filter: never, listener?: HeadersListener | null): void {
      headersReceived = filtered<HeadersListener>(filter, listener);
    },
  });

  constructor() {
    super('session', [
      'will-download',
      'preconnect',
      'select-hid-device',
      'select-serial-port',
      'select-usb-device',
    ]);
  }

  setPermissionRequestHandler(handler: PermissionRequestHandler | null): void {
    permissionRequest = handler;
  }

  setPermissionCheckHandler(handler: PermissionCheckHandler | null): void {
    permissionCheck = handler;
  }

  setDevicePermissionHandler(): void {}
  setDisplayMediaRequestHandler(): void {}
  setSpellCheckerEnabled(): void {}

  async clearCache(): Promise<void> {}
  async clearStorageData(): Promise<void> {}
}

const defaultSession = strict('session', new Session());
export const session = strict('session', { defaultSession });

/** Of the stand-in: what the app would answer when the page asked for a permission. Without a handler Electron grants. */
export async function askPermission(webContents: object, permission: string): Promise<boolean> {
  const handler = permissionRequest;
  if (!handler) return true;
  const details = { requestingUrl: 'about:blank', isMainFrame: true };
  return new Promise((resolve) => handler(webContents, permission, resolve, details));
}

/** Of the stand-in: the same for a page that only looks whether it has a permission. */
export function checkPermission(webContents: object, permission: string, origin: string): boolean {
  return permissionCheck ? permissionCheck(webContents, permission, origin, { isMainFrame: true }) : true;
}

/** Of the stand-in: what the app's onBeforeRequest says of a request; nothing against it when it has none. */
export async function askBeforeRequest(details: RequestDetails): Promise<BeforeRequestAnswer> {
  const { listener, patterns } = beforeRequest ?? { patterns: [] };
  if (!listener || !patterns.some((pattern) => pattern.test(details.url))) return {};
  return new Promise((resolve) => listener(details, resolve));
}

/** Of the stand-in: the headers that the app makes of a response's. */
export async function askHeadersReceived(
  details: RequestDetails,
  statusCode: number,
  headers: Readonly<Record<string, string>>,
): Promise<{ cancel: boolean; headers: Record<string, string> }> {
  const { listener, patterns } = headersReceived ?? { patterns: [] };
  if (!listener || !patterns.some((pattern) => pattern.test(details.url))) return { cancel: false, headers };
  const responseHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  const answer = await new Promise<HeadersAnswer>((resolve) =>
    listener({ ...details, responseHeaders, statusCode }, resolve),
  );
  const changed = Object.entries(answer.responseHeaders ?? responseHeaders);
  return {
    cancel: answer.cancel ?? false,
    headers: Object.fromEntries(changed.map(([name, value]) => [name, [value].flat().join(', ')])),
  };
}
