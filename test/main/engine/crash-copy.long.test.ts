import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstanceRecord, instanceRecord } from '../../../core/cluster/record.ts';
import type { ReplicaRecord } from '../../../core/cluster/replica.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { CreateIntent, Intent } from '../../../core/plan/intent.ts';
import type { AppDesk } from '../../../main/desk/desk.ts';
import { LOCAL_STORAGE, PRACTICE_KERNEL, processesOf } from '../../../main/practice/node-root.ts';
import { type SshdCluster, startSshdCluster } from '../../support/cluster-of-sshd.ts';
import { runInRoot } from '../../support/practice-node.ts';
import {
  atOnce,
  cluster,
  domains,
  found,
  killInTheMiddle,
  mark,
  markOf,
  openDesk,
  planOf,
  value,
} from './crash-support.ts';

const names = ['node1', 'node2'] as const;
const size = 4 << 20;
/** Where a test marks an image. */
const markAt = 3 << 20;

let lab: SshdCluster;
let desk: AppDesk;

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
const visible = (node: string, name: string): string[] =>
  readdirSync(physical(node, name))
    .filter((file) => !file.startsWith('.'))
    .toSorted();

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
      mark(physical('node2', name, 'sda'), `an older state of ${name}`, markAt);
    }
    if (kind === 'replica')
      copyFileSync(physical('node1', name, 'xen.cfg'), physical('node2', name, 'xen.cfg'));
    mark(physical('node1', name, 'sda'), `marker of ${name}`, markAt);
    starts.push(`xl create -q "$R${LOCAL_STORAGE}/${name}/xen.cfg" || exit 1`);
  }
  expect(await runInRoot(lab.node('node1').root, starts.join('\n'))).toMatchObject({ code: 0, stderr: '' });
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
  desk = await openDesk(lab);
  await found(lab, desk, LOCAL_STORAGE);
});
afterAll(async () => {
  await desk?.close();
  await lab?.stop();
});

const expectHandedOver = (name: string, about: string): string => {
  const record = instanceRecord.parse(
    JSON.parse(readFileSync(physical('node2', name, 'instance.json'), 'utf8')),
  );
  expect(visible('node1', name), about).toEqual(['replica.json', 'sda', 'xen.cfg']);
  expect(visible('node2', name), about).toEqual(['instance.json', 'sda', 'xen.cfg']);
  expect(markOf(physical('node2', name, 'sda'), markAt), about).toBe(`marker of ${name}`);
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
      expect(markOf(physical('node2', name, 'sda'), markAt), about).toMatch(/^(marker|an older state) of /);
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
      lab,
      cases.map(({ name, run, step }) => ({ run, step, mode: 'during' as const, intent: failover(name) })),
    );
    desk = await openDesk(lab);
    const waiting = [...cases];
    const worker = async (): Promise<void> => {
      for (let each = waiting.shift(); each; each = waiting.shift()) {
        const { run } = each;
        await value(desk.call(direction === 'undo' ? 'run.undo' : 'run.resume', { run }));
        await desk.ended(run);
      }
    };
    await Promise.all([...Array(atOnce).keys()].map(worker));

    const runs = await domains(lab);
    for (const each of cases) {
      const run = await value(desk.call('run.get', { run: each.run }));
      const about = `${each.name} (${run.state}): ${run.problem}`;
      expect(run.state, about).toBe(direction === 'undo' ? 'undone' : 'done');
      expect(markOf(physical('node1', each.name, 'sda'), markAt), about).toBe(`marker of ${each.name}`);
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
