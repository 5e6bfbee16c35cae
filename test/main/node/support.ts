import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { InstanceRecord, LockContent } from '../../../core/cluster/record.ts';
import type { Action } from '../../../core/plan/action.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import { prelude } from '../../../main/node/prelude.ts';

export type Outcome = { code: number; out: string; err: string; stdout: Buffer };

export const storage = '/srv/vm';

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

/** An empty node root with a storage directory: no toolstack in it. */
export function emptyRoot(): string {
  const root = mkdtempSync(path.join(tmpdir(), 'vbdesk node '));
  roots.push(root);
  for (const directory of [
    storage,
    '/bin',
    '/run',
    '/var/lib/vbdesk',
    '/var/lib/xen/save',
    '/var/log/xen',
    '/etc/xen/auto',
  ])
    mkdirSync(path.join(root, directory), { recursive: true });
  writeFileSync(path.join(root, 'boot_id'), 'c7f1f4d2-0000-4000-8000-000000000001\n');
  // no loop device anywhere, whatever this machine has
  shim(root, 'losetup', 'exit 0');
  return root;
}

/** A command that the scripts of this root find first. */
export function shim(root: string, name: string, text: string): void {
  writeFileSync(path.join(root, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** Runs text with dash, as the engine runs it: after the prelude, with no input. */
export function run(
  root: string,
  script: string,
  environment: Record<string, string> = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-s'], {
      env: { PATH: process.env.PATH, HOME: root, ...environment, VBDESK_ROOT: root },
      cwd: '/',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const stdout = Buffer.concat(out);
      resolve({
        code: code ?? (signal === null ? -1 : 128),
        out: stdout.toString(),
        err: Buffer.concat(err).toString(),
        stdout,
      });
    });
    // as one group: the shell reads all of it before it runs any of it
    child.stdin.end(`{ :\n${prelude}\n${script}\n} </dev/null\n`);
  });
}

export const act = (root: string, action: Action): Promise<Outcome> =>
  run(root, renderAction(action, 'xl').act);

export const check = async (root: string, action: Action): Promise<number> => {
  const script = renderAction(action, 'xl').check;
  if (script === null) throw new Error(`${action.do} has no check`);
  return (await run(root, script)).code;
};

export const inside = (root: string, logical: string): string => path.join(root, logical);
export const inodeOf = (root: string, logical: string): number => statSync(inside(root, logical)).ino;
export const namesIn = (root: string, logical: string): string[] =>
  readdirSync(inside(root, logical)).toSorted();

export const lockOf = (run: string, title = 'Create web1'): LockContent => ({
  run,
  user: 'ann',
  workstation: 'desk',
  title,
  nodes: ['node1'],
  place: `${storage}/web1`,
  at: '2026-11-25T12:00:00Z',
});

export const uuid = '18cbadb5-369d-4834-99ab-bf11dfd7925b';

export const recordOf = (folder: string, change: Partial<InstanceRecord> = {}): InstanceRecord => ({
  version: 1,
  uuid,
  name: 'web1',
  id: 'aaaa1111',
  ancestors: [],
  generation: 1,
  primary: 'node1',
  secondary: null,
  formerPrimaries: [],
  adminState: 'up',
  os: 'none',
  guest: { type: 'pv', memoryMib: 128, vcpus: 1, kernel: '/boot/vmlinuz-practice' },
  disks: [{ logical_id: ['loop', 'raw', `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: 1048576 }],
  nics: [],
  place: { storage: 'st1', path: folder, inode: 0 },
  vouchings: [],
  created: '2026-11-25T12:00:00Z',
  written: { by: 'ann@desk', at: '2026-11-25T12:00:00Z', run: 'r1' },
  ...change,
});
