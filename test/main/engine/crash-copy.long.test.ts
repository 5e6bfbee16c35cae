/**
 * VBDesk is killed in the middle of every step of a failover over two storages, with and without a replica, and started again:
 * after resume or undo every byte is there, the guest runs once, one node alone may start it, and no lock is left.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstanceRecord, instanceRecord } from '../../../core/cluster/record.ts';
import type { ReplicaRecord } from '../../../core/cluster/replica.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { CreateIntent, Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons, type Plan } from '../../../core/plan/plan.ts';
import { seededRandom } from '../../../core/plan/random.ts';
import { type AppDesk, createDesk } from '../../../main/desk/desk.ts';
import { LOCAL_STORAGE, PRACTICE_KERNEL, processesOf } from '../../../main/practice/node-root.ts';
import { type SshdCluster, startSshdCluster } from '../../support/cluster-of-sshd.ts';
import { runInRoot } from '../../support/practice-node.ts';
import type { CrashWords } from './crash-child.ts';

const cluster = 'lab';
const names = ['node1', 'node2'] as const;
const atOnce = 6;
const size = 4 << 20;
/** Where a test marks an image; the guest writes to blocks 8 and 16 only. */
const markAt = 3 << 20;

let lab: SshdCluster;
let desk: AppDesk;
const configDirectory = () => path.join(lab.directory, 'config');
const openDesk = () =>
  createDesk({ configDirectory: configDirectory(), sshConfig: { binary: null, environment: {} } });

const value = async <T>(
  answer: Promise<{ ok: true; value: T } | { ok: false; error: { message: string } }>,
): Promise<T> => {
  const result = await answer;
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

type Kind = 'fresh' | 'replica';
type Case = { kind: Kind; step: number; name: string; run: string };

const createIntent = (name: string): CreateIntent => ({
  kind: 'create',
  name,
  primary: 'node1',
  secondary: 'node2',
  storageDirectory: LOCAL_STORAGE,
  driver: 'loop',
  reuse: false,
  disks: [{ size, type: 'raw', mode: 'rw' }],
  guest: { type: 'pv', memoryMib: 16, vcpus: 1, kernel: PRACTICE_KERNEL },
  nics: [],
  os: 'none',
  start: true,
});
const failover = (name: string): Intent => ({
  kind: 'failover',
  instance: name,
  target: null,
  timeoutSeconds: 60,
});

const physical = (node: string, ...parts: string[]) =>
  path.join(lab.node(node).root, LOCAL_STORAGE, ...parts);
const mark = (file: string, text: string): void => {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, text, markAt);
  closeSync(descriptor);
};
const markOf = (file: string): string => {
  const descriptor = openSync(file, 'r');
  const bytes = Buffer.alloc(64);
  readSync(descriptor, bytes, 0, 64, markAt);
  closeSync(descriptor);
  return bytes.toString('latin1').replaceAll('\0', '');
};
const visible = (node: string, name: string): string[] =>
  readdirSync(physical(node, name))
    .filter((file) => !file.startsWith('.'))
    .toSorted();
const planOf = (snapshot: Snapshot, intent: Intent, run: string): Plan => {
  const plan = makePlan(
    snapshot,
    intent,
    { accept: [], vouched: [] },
    { now: Date.now(), who: 'ann@desk', run, random: seededRandom(run) },
  );
  expect(openReasons(plan)).toEqual([]);
  return plan;
};

const replicaOf = (record: InstanceRecord): ReplicaRecord => ({
  version: 1,
  copy: `copy-of-${record.name}`,
  source: 'node1',
  record: { ...record, id: 'an-earlier-one' },
  disks: [{ file: 'sda', type: 'raw', size, content: null }],
  when: '2026-11-25T12:00:00Z',
  written: { by: 'ann@desk', run: 'earlier' },
});

/** What a creation, and perhaps an earlier replication, leaves. */
const furnish = async (
  snapshot: Snapshot,
  wanted: readonly { name: string; kind: Kind }[],
): Promise<void> => {
  const starts: string[] = [];
  for (const { name, kind } of wanted) {
    const { steps } = planOf(snapshot, createIntent(name), `furnish${name.replaceAll('-', '')}`);
    mkdirSync(physical('node1', name));
    writeFileSync(physical('node1', name, 'sda'), Buffer.alloc(size));
    for (const { action } of steps) {
      if (action.do === 'write-file') writeFileSync(physical('node1', name, 'xen.cfg'), action.content);
      if (action.do !== 'write-record') continue;
      const place = { ...action.record.place, inode: statSync(physical('node1', name)).ino };
      const record = { ...action.record, place };
      writeFileSync(physical('node1', name, 'instance.json'), JSON.stringify(record));
      if (kind === 'fresh') continue;
      mkdirSync(physical('node2', name));
      writeFileSync(physical('node2', name, 'replica.json'), JSON.stringify(replicaOf(record)));
      writeFileSync(physical('node2', name, 'sda'), Buffer.alloc(size));
      mark(physical('node2', name, 'sda'), `an older state of ${name}`);
    }
    if (kind === 'replica')
      copyFileSync(physical('node1', name, 'xen.cfg'), physical('node2', name, 'xen.cfg'));
    mark(physical('node1', name, 'sda'), `marker of ${name}`);
    starts.push(`xl create -q "$R${LOCAL_STORAGE}/${name}/xen.cfg" || exit 1`);
  }
  expect(await runInRoot(lab.node('node1').root, starts.join('\n'))).toMatchObject({ code: 0, stderr: '' });
};

/** The nodes on which a domain with this uuid is, once for each. */
const domains = async (): Promise<Map<string, string[]>> => {
  const found = new Map<string, string[]>();
  for (const node of names) {
    const { stdout } = await runInRoot(lab.node(node).root, 'xl list -v');
    for (const [uuid] of stdout.matchAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g))
      if (!uuid.startsWith('00000000')) found.set(uuid, [...(found.get(uuid) ?? []), node]);
  }
  return found;
};

const leftovers = (): string[] =>
  names.flatMap((node) =>
    readdirSync(physical(node), { recursive: true, encoding: 'utf8' }).filter((file) =>
      /^\.(lock|tmp|made)/.test(path.basename(file)),
    ),
  );

/** Processes of copies that go on without their VBDesk. */
const copying = async (node: string): Promise<number[]> =>
  (await processesOf(lab.node(node).root)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes('VBDESK_COPY=');
    } catch {
      return false;
    }
  });

beforeAll(async () => {
  lab = await startSshdCluster({ names, settings: { total_memory: 65536, heartbeat: 5 } });
  desk = await openDesk();
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
        storageDirectories: [LOCAL_STORAGE],
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
});
afterAll(async () => {
  await desk?.close();
  await lab?.stop();
});

/** Runs the works in a process of its own until all are stalled, then kills it. */
const killInTheMiddle = async (works: CrashWords['works']): Promise<void> => {
  const file = path.join(lab.directory, 'words.json');
  const words: CrashWords = {
    configDirectory: configDirectory(),
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

const expectHandedOver = (name: string, about: string): string => {
  const record = instanceRecord.parse(
    JSON.parse(readFileSync(physical('node2', name, 'instance.json'), 'utf8')),
  );
  expect(visible('node1', name), about).toEqual(['replica.json', 'sda', 'xen.cfg']);
  expect(visible('node2', name), about).toEqual(['instance.json', 'sda', 'xen.cfg']);
  expect(markOf(physical('node2', name, 'sda')), about).toBe(`marker of ${name}`);
  expect(record, about).toMatchObject({ primary: 'node2', secondary: 'node1', generation: 2 });
  return record.uuid;
};

const expectTakenBack = ({ name, kind }: Case, about: string): string => {
  const record = instanceRecord.parse(
    JSON.parse(readFileSync(physical('node1', name, 'instance.json'), 'utf8')),
  );
  expect(visible('node1', name), about).toEqual(['instance.json', 'sda', 'xen.cfg']);
  expect(record, about).toMatchObject({ primary: 'node1', secondary: 'node2', generation: 1 });
  if (kind === 'fresh') expect(readdirSync(physical('node2')), about).not.toContain(name);
  else {
    const files = visible('node2', name);
    // the older replica, or a whole newer one; else nothing that is called an image
    if (files.includes('sda')) {
      expect(files, about).toEqual(['replica.json', 'sda', 'xen.cfg']);
      expect(markOf(physical('node2', name, 'sda')), about).toMatch(/^(marker|an older state) of /);
    } else
      expect(
        files.filter((file) => file.startsWith('sda.partial.')),
        about,
      ).toHaveLength(1);
  }
  return record.uuid;
};

describe.each(['onward', 'undo'] as const)('killed in the middle of every step, then %s', (direction) => {
  test('every run ends, and nothing is lost, doubled or left locked', { timeout: 600_000 }, async () => {
    const kinds = ['fresh', 'replica'] as const;
    const before = await value(desk.call('cluster.refresh', { name: cluster }));
    await furnish(
      before,
      kinds.map((kind) => ({ kind, name: `sample-${direction}-${kind}` })),
    );
    const seen = await value(desk.call('cluster.refresh', { name: cluster }));
    const cases = kinds.flatMap((kind): Case[] => {
      const { steps } = planOf(seen, failover(`sample-${direction}-${kind}`), 'sample');
      const commit = steps.findIndex((each) => each.commit);
      expect(commit).toBeGreaterThan(10);
      // from its commit step on a run can only be resumed, which the other round does
      return (direction === 'undo' ? steps.slice(0, commit) : steps).map((_, step) => {
        const name = `${kind}-${direction}-${step}`;
        return { kind, step, name, run: name.replaceAll('-', '') };
      });
    });
    await furnish(seen, cases);

    await desk.close();
    await killInTheMiddle(
      cases.map(({ name, run, step }) => ({ run, step, mode: 'during' as const, intent: failover(name) })),
    );
    desk = await openDesk();
    const waiting = [...cases];
    const worker = async (): Promise<void> => {
      for (let each = waiting.shift(); each; each = waiting.shift()) {
        const { run } = each;
        await value(desk.call(direction === 'undo' ? 'run.undo' : 'run.resume', { run }));
        await desk.ended(run);
      }
    };
    await Promise.all([...Array(atOnce).keys()].map(worker));

    const runs = await domains();
    for (const each of cases) {
      const run = await value(desk.call('run.get', { run: each.run }));
      const about = `${each.name} (${run.state}): ${run.problem}`;
      expect(run.state, about).toBe(direction === 'undo' ? 'undone' : 'done');
      expect(markOf(physical('node1', each.name, 'sda')), about).toBe(`marker of ${each.name}`);
      const uuid = direction === 'undo' ? expectTakenBack(each, about) : expectHandedOver(each.name, about);
      expect(runs.get(uuid), about).toEqual([direction === 'undo' ? 'node1' : 'node2']);
    }
    expect(leftovers()).toEqual([]);
    for (const node of names) expect(await copying(node)).toEqual([]);
    // the next round is not to carry the guests of this one
    for (const node of names)
      await runInRoot(
        lab.node(node).root,
        'for id in $(xl list | awk \'NR > 2 { print $2 }\'); do xl destroy "$id"; done',
      );
  });
});
