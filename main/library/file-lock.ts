/** One process of this workstation at a time: a window and a command line may work on one file. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
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

/** Makes the lock file; false when somebody has it. */
const take = async (file: string): Promise<boolean> => {
  const text = `${process.pid} ${randomBytes(8).toString('hex')}\n`;
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(text);
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isExisting(error)) return false;
    throw error;
  }
  // a computer that slept just here may have found its file empty and old, and broken
  return (await readFile(file, 'utf8').catch(() => '')) === text;
};

/** Its process has died, or it was left without a word by a crash. */
const isDead = async (file: string): Promise<boolean> => {
  try {
    const pid = /^(\d+) .*\n$/.exec(await readFile(file, 'utf8'))?.[1];
    return pid === undefined ? Date.now() - (await stat(file)).mtimeMs > longestMs : !isAlive(Number(pid));
  } catch {
    return false;
  }
};

/**
 * Removes a lock that is nobody's. Of several that see so, one alone may remove it, and looks again first: what the others saw may
 * be gone, with the lock of somebody alive in its place.
 */
const breakIfDead = async (file: string): Promise<void> => {
  if (!(await isDead(file))) return;
  const breaker = `${file}.break`;
  if (!(await take(breaker))) {
    await breakIfDead(breaker);
    return;
  }
  try {
    if (await isDead(file)) await rm(file, { force: true });
  } finally {
    await rm(breaker, { force: true });
  }
};

/** @throws Error when somebody else holds it for longer than such work takes */
export const withFileLock = async <T>(lock: string, work: () => Promise<T>): Promise<T> => {
  await mkdir(path.dirname(lock), { recursive: true, mode: 0o700 });
  const began = performance.now();
  while (!(await take(lock))) {
    if (performance.now() - began > longestMs)
      throw new Error(`${lock} is held by another process. If none is at work, delete it.`);
    await breakIfDead(lock);
    await wait(againMs);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
};
