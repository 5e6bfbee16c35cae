/** Live migration through the command line: moved while it runs, refused with reasons, taken back, cleaned up after. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { writePeers, writeSettings } from '../../main/practice/node-root.ts';
import { guestMarks, type Outcome, type SshdCluster, startSshdCluster } from '../support/cluster-of-sshd.ts';
import { runInRoot } from '../support/practice-node.ts';
import { waitFor } from '../support/wait-for.ts';

// some take a dozen commands
vi.setConfig({ testTimeout: 480_000 });

let cluster: SshdCluster;
const name = 'web1';
const quick = {
  create_delay: 0.05,
  shutdown_delay: 0.05,
  destroy_delay: 0.05,
  loop_linger: 0.2,
  heartbeat: 0.2,
  migrate_delay: 0.1,
};

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const migrate = (...args: string[]): Promise<Outcome> =>
  cluster.vbdesk('instance', 'migrate', name, ...args, '--yes');
const marks = () => guestMarks(path.join(cluster.storage, name, 'sda'));
const domains = async (node: string): Promise<string[]> =>
  (await runInRoot(cluster.node(node).root, 'xl list')).stdout
    .trimEnd()
    .split('\n')
    .slice(2)
    .map((line) => line.replace(/ .*/, ''));
const info = async () =>
  z
    .looseObject({
      instance: z.looseObject({
        status: z.string(),
        primary: z.string().nullable(),
        secondary: z.string().nullable(),
        generation: z.number(),
        runsOn: z.array(z.string()),
        problems: z.array(z.looseObject({ code: z.string() })),
      }),
    })
    .parse((await cluster.vbdesk('instance', 'info', name, '--json')).json()).instance;
const record = async () =>
  z
    .looseObject({ primary: z.string(), next: z.string().optional(), generation: z.number() })
    .parse(
      JSON.parse(
        (
          await runInRoot(
            cluster.node('node1').root,
            `cat "$R/srv/ganeti/file-storage/${name}/instance.json"`,
          )
        ).stdout,
      ),
    );
/** Whom a node reaches by SSH, and where that leads. */
const peersOf = (node: string, leads: Record<string, string>) =>
  writePeers(
    cluster.node(node).root,
    Object.entries(leads).map(([peer, to]) => ({ name: peer, root: cluster.node(to).root })),
  );

beforeAll(async () => {
  cluster = await startSshdCluster({ settings: quick });
  for (const node of ['node1', 'node2'])
    await peersOf(node, { node1: 'node1', node2: 'node2', node3: 'node3' });
  expectCode(await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'), 0);
  const create = [
    ...['instance', 'add', '-t', 'file:driver=blktap', '--disk', '0:size=16M', '-n', 'node1:node2'],
    ...['-o', 'none', '-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', name, '--yes'],
  ];
  expectCode(await cluster.vbdesk(...create), 0);
  await waitFor('the guest', async () => (await marks()).sequence.includes('boot=1'));
});
afterAll(() => cluster?.stop());

describe('refused', () => {
  it('where the other node is not reached by SSH, or another machine answers under its name', async () => {
    await peersOf('node1', {});
    const unreached = expectCode(await migrate(), 1);
    expect(unreached.stderr).toContain('Could not resolve hostname node2');
    expect(unreached.stderr).toContain('authorized_keys');
    await peersOf('node1', { node2: 'node3' });
    const wrong = expectCode(await migrate(), 1);
    expect(wrong.stderr).toContain('As node2 another machine answers');
    await peersOf('node1', { node1: 'node1', node2: 'node2', node3: 'node3' });
    expect(await info()).toMatchObject({
      status: 'running',
      runsOn: ['node1'],
      primary: 'node1',
      generation: 1,
    });
    expect(await record()).not.toHaveProperty('next');
  });

  it('for a guest that does not run there, with what can be done instead', async () => {
    expectCode(await cluster.vbdesk('instance', 'shutdown', name, '--yes'), 0);
    const stopped = expectCode(await migrate(), 3);
    expect(stopped.stderr).toContain('Only a guest that runs on its primary can be migrated');
    expect(stopped.stderr).toContain('can be failed over to node2');
    expectCode(await cluster.vbdesk('instance', 'startup', name, '--yes'), 0);
    const same = expectCode(await migrate('-n', 'node1'), 3);
    expect(same.stderr).toContain('node1 is the primary');
    expectCode(await cluster.vbdesk('instance', 'migrate', name, '--cleanup', '--yes'), 3);
  });
});

describe('a migration', () => {
  it('moves the running guest, which goes on counting without a boot, and then the record', async () => {
    const before = await marks();
    const moved = expectCode(await migrate(), 0);
    expect(moved.stderr).not.toContain('consent');
    expect(await info()).toMatchObject({
      status: 'running',
      runsOn: ['node2'],
      primary: 'node2',
      secondary: 'node1',
      generation: 2,
      problems: [],
    });
    expect(await record()).not.toHaveProperty('next');
    expect((await marks()).boots).toBe(before.boots);
    const { sequence } = await marks();
    await waitFor('the next count', async () => (await marks()).sequence !== sequence);
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
  });

  it('that breaks on the way leaves everything as it was', async () => {
    await writeSettings(cluster.node('node2').root, { ...quick, fail_migrate: 'transfer' });
    const { boots } = await marks();
    const broken = expectCode(await migrate('-n', 'node1'), 1);
    expect(broken.stderr).toContain('runs on here as domain');
    await writeSettings(cluster.node('node2').root, quick);
    expect(await info()).toMatchObject({
      status: 'running',
      runsOn: ['node2'],
      primary: 'node2',
      generation: 2,
    });
    expect(await record()).not.toHaveProperty('next');
    expect(await domains('node1')).toEqual([]);
    expect((await marks()).boots).toBe(boots);
  });
});

describe('a workstation that dies while the guest moves', () => {
  it('finds it moved when the run is gone on with, and moves nothing a second time', async () => {
    await writeSettings(cluster.node('node2').root, { ...quick, migrate_delay: 600 });
    const { boots } = await marks();
    const running = cluster.start(['instance', 'migrate', name, '-n', 'node1', '--yes']);
    await waitFor('its arrival', async () => (await domains('node1')).includes('web1--incoming'));
    running.child.kill('SIGKILL');
    await running.ended;
    // nobody but that run may touch it, and the record names both
    expect(await record()).toMatchObject({ primary: 'node2', next: 'node1' });
    // only now, and without it
    await writeSettings(cluster.node('node2').root, quick);
    await waitFor('the end of the migration', async () => (await domains('node2')).length === 0);
    const [run] = z
      .array(z.looseObject({ id: z.string(), state: z.string() }))
      .parse((await cluster.vbdesk('run', 'list', '--json')).json());
    expect(run?.state).toBe('cut-off');
    expectCode(await cluster.vbdesk('run', 'resume', run?.id ?? '', '--yes'), 0);
    expect(await info()).toMatchObject({
      status: 'running',
      runsOn: ['node1'],
      primary: 'node1',
      problems: [],
    });
    expect((await marks()).boots).toBe(boots);
    expectCode(await migrate('-n', 'node2'), 0);
  });
});

describe('a migration that breaks at the handshake', () => {
  it('stops there: nobody may say where it could go on', async () => {
    await writeSettings(cluster.node('node2').root, { ...quick, fail_migrate: 'handshake' });
    const broken = expectCode(await migrate('-n', 'node1'), 4);
    expect(broken.stderr).toContain('Look at both nodes');
    await writeSettings(cluster.node('node2').root, quick);
    expect(await domains('node2')).toEqual(['web1--migratedaway']);
    expect(await domains('node1')).toEqual(['web1--incoming']);
    expect(await record()).toMatchObject({ primary: 'node2', next: 'node1' });
    // the lock is held by the run
    const locked = expectCode(await cluster.vbdesk('instance', 'startup', name, '--yes'), 3);
    expect(locked.stderr).toContain('held the lock');
  });

  it('is ended everywhere by a stop, once its lock is broken, and starts again', async () => {
    const unlock = await cluster.vbdesk('instance', 'unlock', name, '--yes', '--accept', 'break-lock');
    expectCode(unlock, 0);
    const cleanup = expectCode(await cluster.vbdesk('instance', 'migrate', name, '--cleanup', '--yes'), 3);
    expect(cleanup.stderr).toContain('web1--incoming on node1');
    const start = expectCode(await cluster.vbdesk('instance', 'startup', name, '--yes'), 3);
    expect(start.stderr).toContain('web1--incoming');
    expectCode(await cluster.vbdesk('instance', 'shutdown', name, '--yes'), 0);
    expect([...(await domains('node1')), ...(await domains('node2'))]).toEqual([]);
    const { boots } = await marks();
    expectCode(await cluster.vbdesk('instance', 'startup', name, '--yes'), 0);
    await waitFor('its next boot', async () => (await marks()).boots === boots + 1);
    expect(await info()).toMatchObject({ status: 'running', runsOn: ['node2'] });
  });

  it('leaves a node that must be seen before it is started anywhere', async () => {
    expect(await record()).toMatchObject({ next: 'node1' });
    expectCode(await cluster.vbdesk('instance', 'shutdown', name, '--yes'), 0);
    await cluster.node('node1').powerOff();
    // a workstation that never saw node1 with it knows it from the record
    const start = expectCode(await cluster.vbdesk('instance', 'startup', name, '--yes'), 3);
    expect(start.stderr).toContain('--confirm-down node1');
    await cluster.node('node1').powerOn();
    expectCode(await cluster.vbdesk('instance', 'startup', name, '--yes'), 0);
    const cleanup = expectCode(await cluster.vbdesk('instance', 'migrate', name, '--cleanup', '--yes'), 0);
    expect(cleanup.stdout).toContain('done');
    expect(await record()).not.toHaveProperty('next');
  });
});

describe('cleaning up', () => {
  it('after a migration by hand: the record says where it runs', async () => {
    await runInRoot(cluster.node('node2').root, `xl migrate ${name} node1`);
    expect(await info()).toMatchObject({ status: 'wrong-node', runsOn: ['node1'], primary: 'node2' });
    const refused = expectCode(await migrate(), 3);
    expect(refused.stderr).toContain('Clean up after the migration');
    const { boots } = await marks();
    expectCode(await cluster.vbdesk('instance', 'migrate', name, '--cleanup', '--yes'), 0);
    expect(await info()).toMatchObject({
      status: 'running',
      runsOn: ['node1'],
      primary: 'node1',
      problems: [],
    });
    expect((await marks()).boots).toBe(boots);
  });

  it('ends a leftover and leaves the guest alone', async () => {
    // as when the other end was let go, and only the news of it was lost
    const config = `"$R/srv/ganeti/file-storage/${name}/xen.cfg"`;
    await runInRoot(
      cluster.node('node2').root,
      `xl create -q -p ${config} && xl rename ${name} ${name}--incoming`,
    );
    expect(await domains('node2')).toEqual(['web1--incoming']);
    const refused = expectCode(await migrate('-n', 'node2'), 3);
    expect(refused.stderr).toContain('left over from a migration');
    const { boots } = await marks();
    expectCode(await cluster.vbdesk('instance', 'migrate', name, '--cleanup', '--yes'), 0);
    expect(await domains('node2')).toEqual([]);
    expect(await info()).toMatchObject({ status: 'running', runsOn: ['node1'], primary: 'node1' });
    expect((await marks()).boots).toBe(boots);
  });
});
