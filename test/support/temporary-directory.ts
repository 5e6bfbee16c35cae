import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that goes away with the test process at the latest, however that ends. */
export type TemporaryDirectory = { readonly path: string; remove(): void };

// A worker of vitest may be killed, so its own clean-up cannot be relied upon: this shell waits for the end of its stdin, which
// comes when the test process is gone. A server whose process id stands in the directory goes with it.
const WATCHDOG = `cat >/dev/null
[ ! -s "$1/sshd.pid" ] || kill -KILL "$(cat "$1/sshd.pid")"
rm -rf "$1"`;

export function makeTemporaryDirectory(name: string): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), `vbdesk-${name.replace(/[^\w-]/g, '_')}-`));
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    // Not in our process group, or Ctrl-C would end it before it has done its work.
    detached: true,
  });
  watchdog.unref();
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  return {
    path,
    remove() {
      rmSync(path, { recursive: true, force: true });
      watchdog.stdin.end();
    },
  };
}
