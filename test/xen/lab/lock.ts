import { spawn } from 'node:child_process';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from './lab-error.ts';
import type { Progress } from './progress.ts';
import type { LabSettings } from './settings.ts';

export interface LabLock {
  release(): Promise<void>;
}

/**
 * Takes the one lock of the lab, waiting while somebody else has it. flock(1) holds it in a child whose standard input
 * is ours: however we end, the kernel closes that pipe, the child ends, and the lock is free. No stale locks, no ages.
 */
export async function takeLock(settings: LabSettings, purpose: string, progress: Progress): Promise<LabLock> {
  // Private keys lie below, in the nodes' disks too.
  await mkdir(settings.directory, { recursive: true, mode: 0o700 });
  const file = join(settings.directory, 'lock');
  const holderFile = join(settings.directory, 'lock.holder');
  await (await open(file, 'a')).close();

  const attempt = (parameters: string[]): Promise<LabLock | undefined> =>
    new Promise((resolve, reject) => {
      const child = spawn('flock', [...parameters, file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const ended = new Promise<void>((done) => {
        child.on('close', () => done());
      });
      child.on('error', (error) => reject(new LabError(`flock cannot be started: ${error.message}`)));
      child.on('close', () => resolve(undefined));
      child.stdout.once('data', () => {
        resolve({
          async release() {
            child.stdin.end();
            await ended;
          },
        });
      });
    });

  let lock = await attempt(['-n']);
  if (lock === undefined) {
    const holder = await readFile(holderFile, 'utf8').catch(() => 'another process');
    progress(`the lab is in use by ${holder.trim()}: waiting for it`);
    lock = await attempt([]);
  }
  if (lock === undefined) throw new LabError(`The lab's lock ${file} cannot be taken.`);
  await writeFile(holderFile, `${purpose} (process ${process.pid})\n`);
  return lock;
}
