/** What the tests share that kill VBDesk in the middle of its runs: a cluster, marks in images, plans, the process that dies. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons, type Plan } from '../../../core/plan/plan.ts';
import { seededRandom } from '../../../core/plan/random.ts';
import { type AppDesk, createDesk } from '../../../main/desk/desk.ts';
import { PRACTICE_KERNEL } from '../../../main/practice/node-root.ts';
import type { SshdCluster } from '../../support/cluster-of-sshd.ts';
import { runInRoot } from '../../support/practice-node.ts';
import type { CrashWords } from './crash-child.ts';

export const cluster = 'lab';
/** Runs that one process works on at the same time. */
export const atOnce = 6;

const configDirectory = (lab: SshdCluster): string => path.join(lab.directory, 'config');
export const openDesk = (lab: SshdCluster): Promise<AppDesk> =>
  createDesk({ configDirectory: configDirectory(lab), sshConfig: { binary: null, environment: {} } });

export const value = async <T>(
  answer: Promise<{ ok: true; value: T } | { ok: false; error: { message: string } }>,
): Promise<T> => {
  const result = await answer;
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

/** Founds the cluster on all nodes of the lab. */
export const found = async (lab: SshdCluster, desk: AppDesk, storageDirectory: string): Promise<void> => {
  const view = await value(
    desk.call('plan.make', {
      cluster,
      intent: {
        kind: 'cluster-init',
        name: cluster,
        nodes: lab.nodes.map(({ name, sshd }) => ({
          name,
          target: { host: sshd.host, port: sshd.port, user: sshd.user, identityFiles: [sshd.clientKeyFile] },
        })),
        storageDirectories: [storageDirectory],
        hostKeys: 'accept-new',
      },
      approval: { accept: [], vouched: [] },
      fresh: true,
    }),
  );
  const { plan, fingerprint } = view;
  const { intent, approval, run } = plan;
  await value(desk.call('run.start', { cluster, intent, approval, run, fingerprint }));
  await desk.ended(run);
  expect(await value(desk.call('run.get', { run }))).toMatchObject({ state: 'done' });
};

export const planOf = (snapshot: Snapshot, intent: Intent, run: string): Plan => {
  const plan = makePlan(
    snapshot,
    intent,
    { accept: [], vouched: [] },
    { now: Date.now(), who: 'ann@desk', run, random: seededRandom(run) },
  );
  expect(openReasons(plan)).toEqual([]);
  return plan;
};

/** Marks an image at a place, in bytes, to which its guest does not write: that writes to blocks 8 and 16 only. */
export const mark = (file: string, text: string, at: number): void => {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, text, at);
  closeSync(descriptor);
};
export const markOf = (file: string, at: number): string => {
  const descriptor = openSync(file, 'r');
  const bytes = Buffer.alloc(64);
  readSync(descriptor, bytes, 0, 64, at);
  closeSync(descriptor);
  return bytes.toString('latin1').replaceAll('\0', '');
};

/** The nodes on which a domain with this uuid is, once for each. */
export const domains = async (lab: SshdCluster): Promise<Map<string, string[]>> => {
  const found = new Map<string, string[]>();
  for (const { name, root } of lab.nodes) {
    const { stdout } = await runInRoot(root, 'xl list -v');
    for (const [uuid] of stdout.matchAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g))
      if (!uuid.startsWith('00000000')) found.set(uuid, [...(found.get(uuid) ?? []), name]);
  }
  return found;
};

/** Runs the works in a process of its own until all are stalled, then kills it. */
export const killInTheMiddle = async (lab: SshdCluster, works: CrashWords['works']): Promise<void> => {
  const file = path.join(lab.directory, 'words.json');
  const words: CrashWords = {
    configDirectory: configDirectory(lab),
    cluster,
    bootFiles: [PRACTICE_KERNEL],
    atOnce,
    works,
  };
  writeFileSync(file, JSON.stringify(words));
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'crash-child.ts'), file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the child ended by itself (${code}): ${said}`)));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('stalled\n')) resolve();
      });
  });
  child.removeAllListeners('exit');
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
};
