/** One process of this workstation at a time: a window and a command line may work on one file. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Work under a lock reads and writes one small file. */
const longestMs = 10_000;
const againMs = 20;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

const isExisting = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EEXIST';

/** A lock file with the pid of a process that has died is nobody's. */
const breakIfDead = async (file: string): Promise<void> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number(/^(\d+) /.exec(text)?.[1] ?? Number.NaN);
  if (Number.isSafeInteger(pid) && !isAlive(pid)) await rm(file, { force: true });
};

/** @throws Error when somebody else holds it for longer than such work takes */
export const withFileLock = async <T>(lock: string, work: () => Promise<T>): Promise<T> => {
  await mkdir(path.dirname(lock), { recursive: true, mode: 0o700 });
  const began = performance.now();
  for (;;) {
    try {
      const handle = await open(lock, 'wx', 0o600);
      await handle.writeFile(`${process.pid} ${randomBytes(4).toString('hex')}\n`);
      await handle.close();
      break;
    } catch (error) {
      if (!isExisting(error)) throw error;
      if (performance.now() - began > longestMs)
        throw new Error(`${lock} is held by another process. If none is at work, delete it.`);
      await breakIfDead(lock);
      await wait(againMs);
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
};
