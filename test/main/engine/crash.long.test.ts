import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InstanceRecord, instanceRecord } from '../../../core/cluster/record.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { isLook } from '../../../core/plan/action.ts';
import type { CreateIntent, Intent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import type { AppDesk } from '../../../main/desk/desk.ts';
import { PRACTICE_KERNEL, processesOf, SHARED_STORAGE } from '../../../main/practice/node-root.ts';
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

const names = ['node1', 'node2', 'node3'] as const;
const size = 1 << 20;
/** Where a test marks an image. */
const markAt = 100 * 512;

let lab: SshdCluster;
let desk: AppDesk;

const createIntent = (name: string, index: number): CreateIntent => ({
  kind: 'create',
  name,
  primary: names[index % 3] ?? '',
  secondary: names[(index + 1) % 3] ?? '',
  storageDirectory: SHARED_STORAGE,
  driver: 'loop',
  reuse: false,
  disks: [{ size, type: 'raw', mode: 'rw' }],
  guest: { type: 'pv', memoryMib: 16, vcpus: 1, kernel: PRACTICE_KERNEL },
  nics: [],
  os: 'none',
  start: true,
});
const intentOf = (kind: Kind, name: string, index: number): Intent => {
  if (kind === 'create') return createIntent(name, index);
  return kind === 'failover'
    ? { kind, instance: name, target: null, timeoutSeconds: 60 }
    : { kind, instance: name, purge: false, timeoutSeconds: 60 };
};

type Kind = 'create' | 'failover' | 'remove';
type Case = {
  kind: Kind;
  step: number;
  mode: 'before' | 'during';
  name: string;
  run: string;
  primary: string;
  secondary: string;
};

const physical = (...parts: string[]) => path.join(lab.storage, ...parts);
const recordIn = (folder: string): InstanceRecord =>
  instanceRecord.parse(JSON.parse(readFileSync(path.join(folder, 'instance.json'), 'utf8')));

/** What a creation leaves, without walking through its steps: the files that the plan writes, and one xl create for each. */
const furnish = async (snapshot: Snapshot, cases: readonly Case[]): Promise<void> => {
  const starts = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const { name, primary } of cases) {
    const { steps } = planOf(
      snapshot,
      { ...createIntent(name, names.indexOf(primary as 'node1')) },
      `furnish${name.replaceAll('-', '')}`,
    );
    expect(steps[0]?.nodes).toEqual([primary]);
    const folder = physical(name);
    for (const { action } of steps) {
      if (action.do === 'make-folder') await runInRoot(lab.node(primary).root, `mkdir "$R${action.folder}"`);
      if (action.do === 'create-image') writeFileSync(physical(name, 'sda'), Buffer.alloc(action.size));
      if (action.do === 'write-file') writeFileSync(physical(name, 'xen.cfg'), action.content);
      if (action.do === 'write-record') {
        const place = { ...action.record.place, inode: statSync(folder).ino };
        writeFileSync(physical(name, 'instance.json'), JSON.stringify({ ...action.record, place }));
      }
    }
    mark(physical(name, 'sda'), `marker of ${name}`, markAt);
    starts.get(primary)?.push(`xl create -q "$R${SHARED_STORAGE}/${name}/xen.cfg" || exit 1`);
  }
  await Promise.all(
    [...starts].map(async ([node, lines]) =>
      expect(await runInRoot(lab.node(node).root, lines.join('\n'))).toMatchObject({ code: 0, stderr: '' }),
    ),
  );
};

/** Files that no run may leave behind, below the shared storage. */
const leftovers = (): string[] =>
  readdirSync(lab.storage, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^\.(lock|tmp|made)/.test(path.basename(file)),
  );

/** Jobs that are left, but for bare claims: these forestall launches that never arrived. */
const jobs = (node: string): string[] => {
  const directory = path.join(lab.node(node).root, 'var/lib/vbdesk/jobs');
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.split('/').length > 2 && !/^[^/]+\/[^/]+\/claim$/.test(file),
  );
};

/** Processes of a node that are stopped, as the monitor of a guest that is being stopped. */
const halted = async (node: string): Promise<number[]> =>
  (await processesOf(lab.node(node).root)).filter((pid) => {
    try {
      return /^\S+ \(.*\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  });

beforeAll(async () => {
  lab = await startSshdCluster({ settings: { total_memory: 65536, heartbeat: 5 } });
  desk = await openDesk(lab);
  await found(lab, desk, SHARED_STORAGE);
});
afterAll(async () => {
  await desk?.close();
  await lab?.stop();
});

describe.each(['onward', 'undo'] as const)('killed in the middle of every step, then %s', (direction) => {
  test('every run ends, and nothing is lost, doubled or left locked', { timeout: 300_000 }, async () => {
    const before = await value(desk.call('cluster.refresh', { name: cluster }));
    // how many steps each has is what the plans say
    const steps: Record<Kind, Plan['steps']> = { create: [], failover: [], remove: [] };
    const sample: Case = {
      kind: 'create',
      step: 0,
      mode: 'before',
      name: `sample-${direction}`,
      run: '',
      primary: 'node1',
      secondary: 'node2',
    };
    await furnish(before, [sample]);
    const seen = await value(desk.call('cluster.refresh', { name: cluster }));
    for (const kind of ['create', 'failover', 'remove'] as const)
      steps[kind] = planOf(
        seen,
        intentOf(kind, kind === 'create' ? 'another' : sample.name, 0),
        'sample',
      ).steps;
    const cases: Case[] = [];
    for (const kind of ['create', 'failover', 'remove'] as const)
      for (const [step, { action }] of steps[kind].entries())
        for (const mode of ['before', 'during'] as const) {
          // nothing is sent by a look that changes anything: one of the two will do
          if (mode === 'before' && isLook(action)) continue;
          // from its commit step on a run can only be resumed, which the other round does
          if (direction === 'undo' && steps[kind].slice(0, step + 1).some(({ commit }) => commit)) continue;
          const index = cases.length;
          const name = `${kind}-${direction}-${mode}-${step}`;
          cases.push({
            ...{ kind, step, mode, name, run: name.replaceAll('-', '') },
            primary: names[index % 3] ?? '',
            secondary: names[(index + 1) % 3] ?? '',
          });
        }
    await furnish(
      seen,
      cases.filter(({ kind }) => kind !== 'create'),
    );

    await desk.close();
    await killInTheMiddle(
      lab,
      cases.map(({ kind, name, run, step, mode, primary }) => ({
        ...{ run, step, mode },
        intent: intentOf(kind, name, names.indexOf(primary as 'node1')),
      })),
    );
    desk = await openDesk(lab);

    const cutOff = await desk.runs();
    expect(
      cutOff
        .filter((run) => run.state === 'cut-off')
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(cases.map(({ run }) => run).toSorted());
    const expected = direction === 'undo' ? 'undone' : 'done';
    const waiting = [...cases];
    const worker = async (): Promise<void> => {
      for (let each = waiting.shift(); each; each = waiting.shift()) {
        const { run } = each;
        await value(desk.call(direction === 'undo' ? 'run.undo' : 'run.resume', { run }));
        await desk.ended(run);
      }
    };
    await Promise.all([...Array(atOnce).keys()].map(worker));

    const running = await domains(lab);
    for (const each of cases) {
      const { kind, name, run: id, primary, secondary } = each;
      const run = await value(desk.call('run.get', { run: id }));
      const about = `${name} (${run.state}): ${run.problem}`;
      expect(run.state, about).toBe(expected);
      const done = run.state === 'done';
      const trash = readdirSync(physical('.trash')).filter((entry) => entry.startsWith(`${name}.`));
      if (kind === 'create' && !done) {
        expect(readdirSync(lab.storage), about).not.toContain(name);
        const uuid = run.plan.subject.kind === 'instance' ? run.plan.subject.uuid : null;
        expect(running.get(uuid ?? ''), about).toBe(undefined);
        continue;
      }
      const removed = kind === 'remove' && done;
      expect(trash.length, about).toBe(removed ? 1 : 0);
      const folder = removed ? physical('.trash', trash[0] ?? '') : physical(name);
      const record = recordIn(folder);
      expect(readdirSync(folder).toSorted(), about).toEqual(['instance.json', 'sda', 'xen.cfg']);
      expect(statSync(path.join(folder, 'sda')).size, about).toBe(size);
      if (kind !== 'create')
        expect(markOf(path.join(folder, 'sda'), markAt), about).toBe(`marker of ${name}`);
      const movedOver = kind === 'failover' && done;
      expect(record, about).toMatchObject({
        primary: movedOver ? secondary : primary,
        secondary: movedOver ? primary : secondary,
        generation: movedOver ? 2 : 1,
        adminState: 'up',
      });
      expect(running.get(record.uuid), about).toEqual(removed ? undefined : [record.primary]);
      for (const node of names)
        expect(
          readdirSync(path.join(lab.node(node).root, 'var/lib/vbdesk/removed')).includes(record.uuid),
          about,
        ).toBe(removed);
    }
    expect(leftovers()).toEqual([]);
    for (const node of names) {
      expect(jobs(node)).toEqual([]);
      expect(await halted(node)).toEqual([]);
    }
    // the next round is not to carry the guests of this one
    for (const node of names)
      await runInRoot(
        lab.node(node).root,
        'for id in $(xl list | awk \'NR > 2 { print $2 }\'); do xl destroy "$id"; done',
      );
  });
});
