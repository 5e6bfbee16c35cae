/** The desk itself, as the window and the command line call it, over three real sshd: from founding a cluster to a removal. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instanceRecord } from '../../../core/cluster/record.ts';
import { cluster as clusterSchema } from '../../../core/cluster/schema.ts';
import type { AppEvent, PlanView, Result } from '../../../core/contract.ts';
import type { Approval, CreateIntent, Intent } from '../../../core/plan/intent.ts';
import { openReasons } from '../../../core/plan/plan.ts';
import { type Run, run as runSchema } from '../../../core/plan/run.ts';
import { type AppDesk, createDesk } from '../../../main/desk/desk.ts';
import { PRACTICE_KERNEL, SHARED_STORAGE } from '../../../main/practice/node-root.ts';
import { type SshdCluster, sessionsOf, startSshdCluster } from '../../support/cluster-of-sshd.ts';
import { runInRoot } from '../../support/practice-node.ts';

const cluster = 'lab';
const noApproval: Approval = { accept: [], vouched: [] };
let lab: SshdCluster;
let desk: AppDesk;
const events: AppEvent[] = [];

const open = async (): Promise<void> => {
  desk = await createDesk({
    configDirectory: path.join(lab.directory, 'desk'),
    sshConfig: { binary: null, environment: {} },
  });
  desk.onEvent((event) => events.push(event));
};
const value = async <T>(answer: Promise<Result<T>>): Promise<T> => {
  const result = await answer;
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const review = (intent: Intent, approval = noApproval): Promise<PlanView> =>
  value(desk.call('plan.make', { cluster, intent, approval, fresh: true }));
const start = ({ plan, fingerprint }: PlanView) =>
  desk.call('run.start', {
    cluster,
    intent: plan.intent,
    approval: plan.approval,
    run: plan.run,
    fingerprint,
  });
const perform = async (intent: Intent): Promise<Run> => {
  const view = await review(intent);
  expect(openReasons(view.plan)).toEqual([]);
  expect(await value(start(view))).toEqual({ outcome: 'started', run: view.plan.run });
  await desk.ended(view.plan.run);
  const run = await value(desk.call('run.get', { run: view.plan.run }));
  expect(run, run.problem).toMatchObject({ state: 'done' });
  return run;
};

const initIntent = (): Intent => ({
  kind: 'cluster-init',
  name: cluster,
  nodes: lab.nodes.map(({ name, sshd }) => ({
    name,
    target: { host: sshd.host, port: sshd.port, user: sshd.user, identityFiles: [sshd.clientKeyFile] },
  })),
  storageDirectories: [SHARED_STORAGE],
  hostKeys: 'accept-new',
});
const createIntent = (name: string): CreateIntent => ({
  kind: 'create',
  name,
  primary: 'node1',
  secondary: 'node2',
  storageDirectory: SHARED_STORAGE,
  driver: 'loop',
  reuse: false,
  disks: [{ size: 1 << 20, type: 'raw', mode: 'rw' }],
  guest: { type: 'pv', memoryMib: 64, vcpus: 1, kernel: PRACTICE_KERNEL },
  nics: [],
  os: 'none',
  start: false,
});
const folder = (name: string) => path.join(lab.storage, name);
const record = (name: string) =>
  instanceRecord.parse(JSON.parse(readFileSync(path.join(folder(name), 'instance.json'), 'utf8')));
const runsOn = async (name: string): Promise<string[]> => {
  const found: string[] = [];
  for (const node of lab.nodes)
    if ((await runInRoot(node.root, `xl domid ${name}`)).code === 0) found.push(node.name);
  return found;
};

beforeAll(async () => {
  lab = await startSshdCluster();
  await open();
});
afterAll(async () => {
  await desk?.close();
  await lab?.stop();
});

describe('the desk', () => {
  test('founds a cluster, which is known from then on, also to the next desk', async () => {
    const view = await review(initIntent());
    expect(view.texts.map(({ id }) => id)).toEqual(view.plan.steps.map(({ id }) => id));
    expect(view.texts[0]?.script).toContain('.vbdesk-storage');
    await perform(initIntent());
    expect(await value(desk.call('cluster.list', {}))).toMatchObject([{ name: cluster }]);
    await desk.close();
    await open();
    const opened = await value(desk.call('cluster.open', { name: cluster }));
    expect(opened.nodes.map(({ name }) => name)).toEqual(['node1', 'node2', 'node3']);
    const snapshot = await value(desk.call('cluster.refresh', { name: cluster }));
    expect(snapshot.nodes.map(({ trouble, facts }) => [trouble, facts?.membership?.cluster])).toEqual([
      [null, cluster],
      [null, cluster],
      [null, cluster],
    ]);
    const state = await value(desk.call('state.get', {}));
    expect(state).toMatchObject({ open: cluster, clusters: [{ name: cluster, kind: 'real', nodes: 3 }] });
    expect(state.runs).toMatchObject([{ state: 'done', subject: cluster }]);
  });

  test('asks in the same refresh the nodes that only another node’s membership file names', async () => {
    const elsewhere = path.join(lab.directory, 'elsewhere');
    cpSync(path.join(lab.directory, 'desk'), elsewhere, { recursive: true });
    const file = path.join(elsewhere, 'clusters', `${cluster}.json`);
    const known = clusterSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    writeFileSync(file, JSON.stringify({ ...known, nodes: known.nodes.slice(0, 1) }));
    const other = await createDesk({
      configDirectory: elsewhere,
      sshConfig: { binary: null, environment: {} },
    });
    try {
      const snapshot = await value(other.call('cluster.refresh', { name: cluster }));
      expect(snapshot.nodes.map(({ name, trouble }) => [name, trouble])).toEqual([
        ['node1', null],
        ['node2', null],
        ['node3', null],
      ]);
    } finally {
      await other.close();
    }
  });

  test('does not forget a cluster while a run on it is open, unless that run is given up by name', async () => {
    const elsewhere = path.join(lab.directory, 'forgetful');
    cpSync(path.join(lab.directory, 'desk'), elsewhere, { recursive: true });
    const [file = ''] = readdirSync(path.join(elsewhere, 'runs')).filter((name) => name.endsWith('.json'));
    const stored = path.join(elsewhere, 'runs', file);
    const run = runSchema.parse(JSON.parse(readFileSync(stored, 'utf8')));
    writeFileSync(stored, JSON.stringify({ ...run, state: 'running' }));
    const other = await createDesk({
      configDirectory: elsewhere,
      sshConfig: { binary: null, environment: {} },
    });
    try {
      const refused = await other.call('cluster.forget', { name: cluster });
      expect(refused).toMatchObject({ ok: false, error: { code: 'run-open' } });
      expect(refused.ok ? '' : refused.error.message).toContain(
        `The run ${run.id} (${run.title}) is cut-off`,
      );
      expect(await value(other.call('cluster.list', {}))).toHaveLength(1);
      await value(other.call('cluster.forget', { name: cluster, abandon: [run.id] }));
      expect(await value(other.call('cluster.list', {}))).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test('creates, starts and stops an instance', async () => {
    await perform(createIntent('web1'));
    expect(readdirSync(folder('web1')).toSorted()).toEqual(['instance.json', 'sda', 'xen.cfg']);
    expect(record('web1')).toMatchObject({ primary: 'node1', adminState: 'down', generation: 1 });
    expect(await runsOn('web1')).toEqual([]);
    const run = await perform({ kind: 'start', instance: 'web1' });
    expect(await runsOn('web1')).toEqual(['node1']);
    expect(record('web1')).toMatchObject({ adminState: 'up' });
    const told = events.flatMap((event) =>
      event.event === 'run' && event.run.id === run.id ? [event.run.state] : [],
    );
    expect(told[0]).toBe('running');
    expect(told.at(-1)).toBe('done');
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    await perform({ kind: 'stop', instance: 'web1', timeoutSeconds: 60, then: 'force' });
    expect(await runsOn('web1')).toEqual([]);
    expect(record('web1')).toMatchObject({ adminState: 'down' });
  });

  test('shows the plan again when the cluster has changed since its review', async () => {
    const reviewed = await review({ kind: 'start', instance: 'web1' });
    const failover = await review({ kind: 'failover', instance: 'web1', target: null, timeoutSeconds: 60 });
    // somebody else starts it meanwhile
    await perform({ kind: 'start', instance: 'web1' });
    const second = await value(start(reviewed));
    expect(second.outcome).toBe('changed');
    const moved = await value(start(failover));
    expect(moved.outcome).toBe('changed');
    if (moved.outcome !== 'changed') return;
    expect(moved.view.plan.run).toBe(failover.plan.run);
    expect((await desk.call('run.get', { run: failover.plan.run })).ok).toBe(false);
    // what was shown anew runs
    expect(await value(start(moved.view))).toEqual({ outcome: 'started', run: failover.plan.run });
    await desk.ended(failover.plan.run);
    expect(await runsOn('web1')).toEqual(['node2']);
    expect(record('web1')).toMatchObject({ primary: 'node2', secondary: 'node1', generation: 2 });
    // a plan runs once, also when its request is sent twice
    const again = await start(moved.view);
    expect(again.ok && again.value.outcome).not.toBe('started');
  });

  test('asks the nodes once where nobody reviews, and twice where that was not about all that matters', async () => {
    const probes = async (intent: Intent, fresh: boolean, unreviewed: boolean): Promise<number> => {
      const before = sessionsOf(lab);
      const view = await value(desk.call('plan.make', { cluster, intent, approval: noApproval, fresh }));
      expect(
        await value(
          desk.call('run.start', {
            ...{ cluster, intent, approval: noApproval, run: view.plan.run, fingerprint: '' },
            ...(unreviewed ? { unreviewed: true as const } : {}),
          }),
        ),
      ).toMatchObject({ outcome: 'changed' });
      return (sessionsOf(lab) - before) / lab.nodes.length;
    };
    await value(desk.call('cluster.refresh', { name: cluster }));
    const start: Intent = { kind: 'start', instance: 'web1' };
    expect(await probes(start, true, false)).toBe(2);
    expect(await probes(start, true, true)).toBe(1);
    expect(await probes(start, false, true)).toBe(0);
    const intent = createIntent('web2');
    const kernel = '/boot/another-kernel';
    // whether that file is there was not asked
    expect(await probes({ ...intent, guest: { ...intent.guest, kernel } }, false, true)).toBe(1);
  });

  test('refuses a plan with a reason against it, and says which', async () => {
    const view = await review({ kind: 'start', instance: 'web1' });
    expect(openReasons(view.plan).length).toBeGreaterThan(0);
    const answer = await start(view);
    expect(answer).toMatchObject({ ok: false, error: { code: 'refused' } });
    if (!answer.ok) expect(answer.error.message).toContain('node2');
    expect(await runsOn('web1')).toEqual(['node2']);
    expect(await desk.dispatch('run.start', { run: 1 })).toMatchObject({
      ok: false,
      error: { code: 'bad-input' },
    });
    expect(await desk.dispatch('toString', {})).toMatchObject({ ok: false, error: { code: 'bad-input' } });
    expect(await desk.call('run.get', { run: 'nothing' })).toMatchObject({
      ok: false,
      error: { code: 'unknown-run' },
    });
    expect(await desk.call('cluster.refresh', { name: 'other' })).toMatchObject({
      ok: false,
      error: { code: 'unknown-cluster' },
    });
  });

  test('removes it into the trash', async () => {
    const { uuid } = record('web1');
    await perform({ kind: 'remove', instance: 'web1', purge: false, timeoutSeconds: 60 });
    expect(existsSync(folder('web1'))).toBe(false);
    expect(await runsOn('web1')).toEqual([]);
    const [trash = ''] = readdirSync(folder('.trash'));
    expect(readdirSync(folder(path.join('.trash', trash))).toSorted()).toEqual([
      'instance.json',
      'sda',
      'xen.cfg',
    ]);
    for (const { root } of lab.nodes)
      expect(existsSync(path.join(root, 'var/lib/vbdesk/removed', uuid))).toBe(true);
    const snapshot = await value(desk.call('cluster.refresh', { name: cluster }));
    expect(snapshot.nodes.flatMap(({ facts }) => facts?.folders ?? [])).toEqual([]);
  });
});
