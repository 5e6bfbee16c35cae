/** Locks of files that a crash has left are broken by one, and never that of somebody alive. */
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withFileLock } from '../../../main/library/file-lock.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>();
  return { ...actual, readFile: vi.fn(actual.readFile) };
});

let temporary: TemporaryDirectory;
let lock: string;
beforeEach(() => {
  temporary = makeTemporaryDirectory('file-lock');
  lock = path.join(temporary.path, 'a.lock');
});
afterEach(() => {
  // back to the real one
  vi.mocked(readFile).mockReset();
  temporary.remove();
});

/** No process has this id: it is above what any kernel gives. */
const dead = '999999999 x\n';

it('stays with who took it, when another one saw the dead one before', async () => {
  const { readFile: read } = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  writeFileSync(lock, dead);
  const lateHasRead = Promise.withResolvers<void>();
  const earlyHolds = Promise.withResolvers<void>();
  const lateWentOn = Promise.withResolvers<void>();
  let isFirst = true;
  vi.mocked(readFile).mockImplementation(async (...of) => {
    const isLate = isFirst;
    isFirst = false;
    const text = await read(...of);
    if (isLate) {
      // it saw the dead one; before it goes on, somebody else breaks that one and takes the lock
      lateHasRead.resolve();
      await earlyHolds.promise;
    } else if (isHeld && String(text).startsWith(`${process.pid} `) && of[0] === lock) lateWentOn.resolve();
    return text;
  });
  let isHeld = false;
  let wereTwo = false;
  const late = withFileLock(lock, async () => {
    wereTwo = isHeld;
    lateWentOn.resolve();
  });
  await lateHasRead.promise;
  const early = withFileLock(lock, async () => {
    isHeld = true;
    earlyHolds.resolve();
    await lateWentOn.promise;
    expect(existsSync(lock)).toBe(true);
    isHeld = false;
  });
  await Promise.all([late, early]);
  expect(wereTwo).toBe(false);
  expect(readdirSync(temporary.path)).toEqual([]);
});

it.each([
  ['an empty one', ''],
  ['one that was cut off', '12'],
  ['that of a dead process', dead],
])('%s that a crash left is broken, and so is what a crash left while breaking it', async (_what, text) => {
  for (const file of [lock, `${lock}.break`]) {
    writeFileSync(file, text);
    utimesSync(file, 1, 1);
  }
  expect(await withFileLock(lock, async () => 'done')).toBe('done');
  expect(readdirSync(temporary.path)).toEqual([]);
});
