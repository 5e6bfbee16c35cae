/** The built window, for both shells that show it: which file answers a path, and under which policy. */
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.json': 'application/json',
  '.map': 'application/json',
};

/** `connect`: what the page may open connections to; nothing in Electron, its own origin when served. */
export const securityHeaders = (connect: "'none'" | "'self'"): Record<string, string> => ({
  // PatternFly's components set style attributes; scripts come from the app's own files only
  'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src ${connect}; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
});

export type WindowFile = { content: Buffer<ArrayBuffer>; type: string };

/** The file for a URL's path, or null: it must lie, links resolved, below the built window's directory. */
export const windowFile = async (directory: string, urlPath: string): Promise<WindowFile | null> => {
  try {
    const root = await realpath(directory);
    const file = await realpath(
      path.join(root, decodeURIComponent(urlPath === '/' ? '/index.html' : urlPath)),
    );
    if (!file.startsWith(root + path.sep)) return null;
    const type = types[path.extname(file)];
    return type ? { content: Buffer.from(await readFile(file)), type } : null;
  } catch {
    return null;
  }
};
