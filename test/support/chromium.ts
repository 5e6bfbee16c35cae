import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/**
 * What Chromium is told when tests start it. `--no-sandbox` because CI runs as root, where Chromium refuses to
 * start with its sandbox; the rest keeps it from talking to anything but the page under test.
 */
export const chromiumFlags: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of the browser: what `CHROMIUM` names, else Debian's. Throws with the command that installs it. */
export function chromiumPath(): string {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(path)) {
    throw new Error(
      `There is no Chromium at ${path}. Install it (apt-get install chromium) or name one in CHROMIUM.`,
    );
  }
  return path;
}

/** Starts a headless Chromium for a window test; the caller closes it. `flags` are added to the usual ones. */
export async function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: [...chromiumFlags, ...flags],
    // The test runner ends the browser itself; a Ctrl-C should not leave it half closed.
    handleSIGINT: false,
  });
}
