/** A root with a locked folder for each test, real images made by the real qemu-img, and somebody who has them open. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { beforeEach, expect } from 'vitest';
import { z } from 'zod';
import type { Action } from '../../../core/plan/action.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import { act, check, emptyRoot, inside, lockOf, storage } from './support.ts';

export const folder = `${storage}/web1`;
export const sda = `${folder}/sda`;
export const mib = 1024 ** 2;
export let root: string;

beforeEach(async () => {
  root = emptyRoot();
  expect(await act(root, { do: 'make-folder', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
});

export const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });
const info = z.looseObject({
  format: z.string(),
  'virtual-size': z.number(),
  snapshots: z.array(z.looseObject({ name: z.string() })).optional(),
});
export const infoOf = (logical: string): z.infer<typeof info> =>
  info.parse(JSON.parse(qemuImg('info', '--output=json', inside(root, logical))));
export const makeQcow2 = (logical: string, size = mib): void => {
  mkdirSync(inside(root, logical.slice(0, logical.lastIndexOf('/'))), { recursive: true });
  qemuImg('create', '-q', '-f', 'qcow2', inside(root, logical), String(size));
};
/** Raw, with data here and there and holes between. */
export const makeRaw = (logical: string, size = mib): void => {
  const file = openSync(inside(root, logical), 'w');
  writeSync(file, 'the beginning', 0);
  writeSync(file, 'the end', size - 7);
  closeSync(file);
};
export const raw = (logical: string, type: string): Buffer => {
  const out = inside(root, '/exported');
  qemuImg('convert', '-f', type, '-O', 'raw', inside(root, logical), out);
  return readFileSync(out);
};
/** Somebody has the file open until the work is done. */
export const whileOpen = async (
  logical: string,
  mode: '<' | '<>',
  work: () => Promise<void>,
): Promise<void> => {
  const child = spawn(
    '/bin/sh',
    ['-c', `exec 3${mode}"$1"; echo open; read -r _`, 'sh', inside(root, logical)],
    {
      env: { ...process.env, VBDESK_ROOT: root },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await new Promise((resolve) => child.stdout.once('data', resolve));
  try {
    await work();
  } finally {
    child.stdin.end('\n');
    await new Promise((resolve) => child.once('close', resolve));
  }
};
export const done = async (action: Action): Promise<void> => {
  expect(await act(root, action)).toMatchObject({ code: 0, err: '' });
  if (renderAction(action, 'xl').check !== null) expect(await check(root, action)).toBe(0);
};
export const refused = async (action: Action, sentence: string): Promise<void> => {
  expect(await act(root, action)).toMatchObject({ code: 73, err: expect.stringContaining(sentence) });
};
