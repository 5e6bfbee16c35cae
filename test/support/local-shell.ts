/** A node without SSH: scripts run by this machine's sh over a root, for tests of what the scripts do. */
import { spawn } from 'node:child_process';
import type { Shell } from '../../main/engine/shells.ts';

export const localShell = (root: string, environment: Record<string, string> = {}): Shell => ({
  run: (script) =>
    new Promise((resolve, reject) => {
      const child = spawn('/bin/sh', ['-s'], {
        env: { PATH: process.env.PATH ?? '/usr/bin:/bin', VBDESK_ROOT: root, ...environment },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      child.on('error', reject);
      child.on('close', (code) =>
        resolve({
          code: code ?? 137,
          stdout: Buffer.concat(stdout),
          stderr: Buffer.concat(stderr),
          truncated: false,
        }),
      );
      child.stdin.on('error', () => undefined);
      child.stdin.end(script);
    }),
});
