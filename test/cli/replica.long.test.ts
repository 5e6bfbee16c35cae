/**
 * Two real OpenSSH servers, each with storage of its own: cloned, moved, replicated, failed over with a final copy, failed over
 * to a replica when the primary is dead; its return; and copies whose command was killed.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { replicaRecord } from '../../core/cluster/replica.ts';
import { LOCAL_STORAGE } from '../../main/practice/node-root.ts';
import { guestMarks, type Outcome, type SshdCluster, startSshdCluster } from '../support/cluster-of-sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const second = '/srv/second-storage';
let cluster: SshdCluster;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const done = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0);
const refused = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 3);

const folder = (node: string, instance: string, storage = LOCAL_STORAGE): string =>
  path.join(cluster.node(node).root, storage, instance);
const has = (node: string, instance: string, file: string): boolean =>
  existsSync(path.join(folder(node, instance), file));
const marks = (node: string, instance: string) => guestMarks(path.join(folder(node, instance), 'sda'));
const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const visible = (node: string, instance: string): string[] =>
  readdirSync(folder(node, instance))
    .filter((name) => !name.startsWith('.'))
    .toSorted();
const replicaIn = (node: string, instance: string) =>
  replicaRecord.parse(JSON.parse(readFileSync(path.join(folder(node, instance), 'replica.json'), 'utf8')));

const shape = z.looseObject({
  uuid: z.string(),
  status: z.string(),
  primary: z.string().nullable(),
  secondary: z.string().nullable(),
  runsOn: z.array(z.string()),
  folder: z.string(),
  generation: z.number(),
  nics: z.array(z.object({ mac: z.string() }).loose()),
  replicas: z.array(
    z.looseObject({
      node: z.string(),
      current: z.boolean(),
      problem: z.string().nullable(),
      ageSeconds: z.number(),
    }),
  ),
  problems: z.array(z.looseObject({ code: z.string() })),
});
const info = async (instance: string) =>
  z
    .object({ instance: shape })
    .parse(expectCode(await cluster.vbdesk('instance', 'info', instance, '--json'), 0).json()).instance;

/** Waits until the guest on that node has written after its n-th boot. */
const hasBooted = (node: string, instance: string, times: number) =>
  waitFor(`boot ${times} of ${instance} on ${node}`, async () => {
    const seen = await marks(node, instance);
    return seen.boots === times && seen.sequence.includes(`boot=${times} `) && seen;
  });

const add = (instance: string, size: string, ...more: string[]) =>
  done(
    ...['instance', 'add', '-t', `file:path=${LOCAL_STORAGE},driver=loop`, '--disk', `0:size=${size}`],
    ...['-n', 'node1:node2', '-o', 'none', '-B', 'memory=128M,vcpus=1'],
    ...['-H', 'type=pv,kernel=/boot/vmlinuz-practice,root=/dev/xvda', '--net', '0:bridge=xenbr0'],
    ...more,
    instance,
  );

beforeAll(async () => {
  cluster = await startSshdCluster({ names: ['node1', 'node2'] });
  for (const { root } of cluster.nodes) mkdirSync(path.join(root, second));
  await done(
    ...['cluster', 'init', 'lab', ...cluster.initArguments()],
    ...['--storage-dir', LOCAL_STORAGE, '--storage-dir', second],
  );
});
afterAll(() => cluster?.stop());

describe('a replica', () => {
  it('is a verified copy that nothing can start', async () => {
    await add('web1', '64M');
    await hasBooted('node1', 'web1', 1);
    expect((await refused('instance', 'replicate', 'web1')).stderr).toContain(
      "can't be copied at one moment",
    );
    expect(existsSync(folder('node2', 'web1'))).toBe(false);
    await done('instance', 'shutdown', 'web1');
    const before = await marks('node1', 'web1');
    await done('instance', 'replicate', 'web1');
    expect(visible('node2', 'web1')).toEqual(['replica.json', 'sda', 'xen.cfg']);
    expect(visible('node1', 'web1')).toEqual(['instance.json', 'sda', 'xen.cfg']);
    const image = path.join(folder('node2', 'web1'), 'sda');
    expect(hashOf(image)).toBe(hashOf(path.join(folder('node1', 'web1'), 'sda')));
    expect(await marks('node2', 'web1')).toEqual(before);
    // holes stay holes
    expect(statSync(image).blocks * 512).toBeLessThan(4 << 20);
    expect(replicaIn('node2', 'web1')).toMatchObject({
      source: 'node1',
      disks: [{ file: 'sda', size: 64 << 20, content: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
    expect((await info('web1')).replicas).toMatchObject([{ node: 'node2', current: true, problem: null }]);
    const page = expectCode(await cluster.vbdesk('instance', 'info', 'web1'), 0);
    expect(page.stdout).toMatch(/node2: .*old, copied from node1\. Nothing was started since/);
    expect((await cluster.vbdesk('instance', 'list', '--json')).json()).toHaveLength(1);
  });

  it('is told to be older once the instance ran on', async () => {
    await done('instance', 'startup', 'web1');
    await hasBooted('node1', 'web1', 2);
    expect((await info('web1')).replicas).toMatchObject([{ current: false }]);
  });
});

describe('failing over while the primary answers', () => {
  it('copies what differs, and the guest finds all of it', async () => {
    const outcome = await done('instance', 'failover', 'web1');
    expect(outcome.stderr).toMatch(/Copy sda/);
    await hasBooted('node2', 'web1', 3);
    expect(await info('web1')).toMatchObject({
      status: 'running',
      primary: 'node2',
      secondary: 'node1',
      runsOn: ['node2'],
      generation: 2,
      problems: [],
      replicas: [{ node: 'node1', current: false, problem: null }],
    });
    expect(visible('node1', 'web1')).toEqual(['replica.json', 'sda', 'xen.cfg']);
    expect(visible('node2', 'web1')).toEqual(['instance.json', 'sda', 'xen.cfg']);
    for (const node of ['node1', 'node2']) expect(has(node, 'web1', '.lock')).toBe(false);
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
  });
});

describe('failing over while the primary is dead', () => {
  it('needs both words, then goes on from the replica', async () => {
    const kept = await marks('node1', 'web1');
    expect(kept.boots).toBe(2);
    await cluster.node('node2').powerOff();
    const asked = await refused('instance', 'failover', 'web1');
    expect(asked.stderr).toContain('--accept replica-age');
    expect(asked.stderr).toContain('--confirm-down node2');
    await refused('instance', 'failover', 'web1', '--accept', 'replica-age');
    await refused('instance', 'failover', 'web1', '--confirm-down', 'node2', '--because', 'unplugged');
    await done(
      ...['instance', 'failover', 'web1', '--accept', 'replica-age'],
      ...['--confirm-down', 'node2', '--because', 'unplugged'],
    );
    // what it wrote on node2 is not there
    await hasBooted('node1', 'web1', 3);
    expect(await info('web1')).toMatchObject({ status: 'running', primary: 'node1', generation: 3 });
  });

  it('the old primary returns as another branch, which nothing starts and nothing overwrites', async () => {
    await cluster.node('node2').powerOn();
    const back = await info('web1');
    expect(back).toMatchObject({ primary: 'node1', runsOn: ['node1'] });
    expect(back.problems.map((each) => each.code)).toContain('fork');
    const stranded = hashOf(path.join(folder('node2', 'web1'), 'sda'));
    for (const command of ['startup', 'failover', 'replicate'])
      expect((await refused('instance', command, 'web1')).stderr).toMatch(
        /another history|runs on node1|another state/,
      );
    expectCode(await cluster.vbdesk('instance', 'discard', 'web1', '--yes'), 2);
    const asked = await refused('instance', 'discard', 'web1', '-n', 'node2');
    expect(asked.stderr).toContain('--accept discard:web1@node2');
    expect(hashOf(path.join(folder('node2', 'web1'), 'sda'))).toBe(stranded);
    await done('instance', 'discard', 'web1', '-n', 'node2', '--accept', 'discard:web1@node2');
    expect(existsSync(folder('node2', 'web1'))).toBe(false);
    const [kept] = readdirSync(path.join(cluster.node('node2').root, LOCAL_STORAGE, '.trash'));
    expect(hashOf(path.join(cluster.node('node2').root, LOCAL_STORAGE, '.trash', kept ?? '', 'sda'))).toBe(
      stranded,
    );
    expect((await info('web1')).problems).toEqual([]);
  });
});

describe('a clone and a move', () => {
  it('a clone is an instance of its own, on another node', async () => {
    await done('instance', 'shutdown', 'web1');
    const source = hashOf(path.join(folder('node1', 'web1'), 'sda'));
    await done('instance', 'clone', 'web1', 'web2', '-n', 'node2');
    expect(hashOf(path.join(folder('node2', 'web2'), 'sda'))).toBe(source);
    expect(hashOf(path.join(folder('node1', 'web1'), 'sda'))).toBe(source);
    const [one, two] = [await info('web1'), await info('web2')];
    expect(two).toMatchObject({ primary: 'node2', generation: 1, problems: [] });
    expect(two.uuid).not.toBe(one.uuid);
    expect(two.nics[0]?.mac).not.toBe(one.nics[0]?.mac);
    await done('instance', 'startup', 'web2');
    const { boots } = await marks('node1', 'web1');
    await hasBooted('node2', 'web2', boots + 1);
  });

  it('a running one moves to another directory of its node, and nothing stays behind', async () => {
    const { boots } = await marks('node2', 'web2');
    await done('instance', 'move', 'web2', '--path', second, '--remove-source');
    await waitFor('the guest at its new place', async () => {
      const seen = await guestMarks(path.join(folder('node2', 'web2', second), 'sda'));
      return seen.boots === boots + 1;
    });
    expect(await info('web2')).toMatchObject({
      status: 'running',
      primary: 'node2',
      folder: `${second}/web2`,
    });
    expect(existsSync(folder('node2', 'web2'))).toBe(false);
  });

  it('refuses to go where it is, and says what it needs', async () => {
    expectCode(await cluster.vbdesk('instance', 'move', 'web1', '--yes'), 2);
    expect((await refused('instance', 'move', 'web1', '-n', 'node1')).stderr).toContain('nothing to copy');
    expect((await refused('instance', 'clone', 'web1', 'web2')).stderr).toContain('exists already');
    expect((await refused('instance', 'clone', 'web2', 'web3')).stderr).toContain('stop web2 first');
  });
});

describe('a copy whose command was killed', () => {
  const fill = (file: string): void => {
    const handle = openSync(file, 'r+');
    for (let at = 1; at <= 48; at += 1) writeSync(handle, randomBytes(1 << 20), 0, 1 << 20, at << 20);
    closeSync(handle);
  };
  const runs = async () =>
    z
      .array(z.looseObject({ id: z.string(), state: z.string() }))
      .parse((await cluster.vbdesk('run', 'list', '--json')).json());
  /** Kills the command when bytes have arrived, or at the latest when the copy is told to be whole. */
  const killed = async (...args: string[]): Promise<string> => {
    const began = Date.now();
    const running = cluster.start([...args, '--yes']);
    await waitFor('the copy to begin', () => {
      const there = folder('node2', 'db1');
      const partial = existsSync(there) && readdirSync(there).find((name) => name.startsWith('sda.partial.'));
      const file = partial ? statSync(path.join(there, partial), { throwIfNoEntry: false }) : undefined;
      return (file && file.mtimeMs > began && file.blocks > 4096) || /Copy sda/.test(running.stderr());
    });
    running.child.kill('SIGKILL');
    await running.ended;
    const [run] = await runs();
    expect(run?.state).toBe('cut-off');
    return run?.id ?? '';
  };

  it('never leaves a wrong file under a final name, and can be gone on with', async () => {
    await add('db1', '64M', '--no-start');
    fill(path.join(folder('node1', 'db1'), 'sda'));
    const run = await killed('instance', 'replicate', 'db1');
    if (existsSync(path.join(folder('node2', 'db1'), 'sda')))
      expect(hashOf(path.join(folder('node2', 'db1'), 'sda'))).toBe(
        hashOf(path.join(folder('node1', 'db1'), 'sda')),
      );
    expectCode(await cluster.vbdesk('run', 'resume', run, '--yes'), 0);
    expect(visible('node2', 'db1')).toEqual(['replica.json', 'sda', 'xen.cfg']);
    expect(hashOf(path.join(folder('node2', 'db1'), 'sda'))).toBe(
      hashOf(path.join(folder('node1', 'db1'), 'sda')),
    );
  });

  it('once more: only what differs from the replica is sent', async () => {
    const handle = openSync(path.join(folder('node1', 'db1'), 'sda'), 'r+');
    writeSync(handle, randomBytes(4096), 0, 4096, 7 << 20);
    closeSync(handle);
    await done('instance', 'replicate', 'db1');
    expect(hashOf(path.join(folder('node2', 'db1'), 'sda'))).toBe(
      hashOf(path.join(folder('node1', 'db1'), 'sda')),
    );
    const [run] = await runs();
    const steps = z.array(z.looseObject({ title: z.string(), output: z.string() }));
    const { run: shown } = z
      .looseObject({ run: z.looseObject({ steps }) })
      .parse((await cluster.vbdesk('run', 'show', run?.id ?? '', '--json')).json());
    expect(shown.steps.find((each) => each.title.startsWith('Copy sda'))?.output).toMatch(/^1 MiB sent/);
  });

  it('can be taken back: the instance is as it was, and starts', async () => {
    const replicated = hashOf(path.join(folder('node2', 'db1'), 'sda'));
    fill(path.join(folder('node1', 'db1'), 'sda'));
    const before = hashOf(path.join(folder('node1', 'db1'), 'sda'));
    const run = await killed('instance', 'failover', 'db1');
    expect(has('node2', 'db1', 'instance.json')).toBe(false);
    expectCode(await cluster.vbdesk('run', 'undo', run, '--yes'), 1);
    expect(hashOf(path.join(folder('node1', 'db1'), 'sda'))).toBe(before);
    for (const node of ['node1', 'node2']) expect(has(node, 'db1', '.lock')).toBe(false);
    // it was begun from the replica of before: whatever lies on node2 now is that, whole, or not called an image
    if (has('node2', 'db1', 'sda'))
      expect([before, replicated]).toContain(hashOf(path.join(folder('node2', 'db1'), 'sda')));
    await done('instance', 'failover', 'db1');
    expect(hashOf(path.join(folder('node2', 'db1'), 'sda'))).toBe(before);
    expect(await info('db1')).toMatchObject({ primary: 'node2', status: 'stopped', problems: [] });
  });
});

describe('after a removal', () => {
  it('what is left of a replica is no instance', async () => {
    await done('instance', 'remove', 'db1');
    expect(visible('node1', 'db1')).toEqual(['replica.json', 'sda', 'xen.cfg']);
    const names = z
      .array(z.looseObject({ name: z.string() }))
      .parse((await cluster.vbdesk('instance', 'list', '--json')).json())
      .map((each) => each.name);
    expect(names).toEqual(['web1', 'web2']);
    expectCode(await cluster.vbdesk('instance', 'failover', 'db1', '--yes'), 2);
    await done('instance', 'discard', 'db1', '--accept', 'discard:db1@node1');
    expect(existsSync(folder('node1', 'db1'))).toBe(false);
  });
});
