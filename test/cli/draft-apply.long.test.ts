/**
 * A draft of ten changes that rest on each other: written with the network cut, reviewed, edited by hand, rebased on a cluster that
 * changed meanwhile, applied, killed in the middle and gone on with.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Outcome, type SshdCluster, startSshdCluster } from '../support/cluster-of-sshd.ts';
import { waitFor } from '../support/wait-for.ts';

/** Eleven runs and their looks at the nodes, on a machine that is busy with other things, ms. */
const atMost = 300_000;

let cluster: SshdCluster;
let file = '';

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const done = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0);
const create = (name: string, ...more: string[]): Promise<Outcome> =>
  done(
    ...['instance', 'add', '-t', 'file', '--disk', '0:size=16M', '-n', 'node1:node2', '-o', 'none'],
    ...['-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', ...more, name],
  );

const info = async (name: string) =>
  z
    .looseObject({
      instance: z.looseObject({
        status: z.string(),
        primary: z.string().nullable(),
        disks: z.array(z.looseObject({ size: z.number() })),
      }),
    })
    .parse(expectCode(await cluster.vbdesk('instance', 'info', name, '--json'), 0).json()).instance;

const changeShape = z.looseObject({
  id: z.string(),
  outcome: z.string(),
  reasons: z.array(z.string()),
  unknown: z.array(z.string()),
  confirm: z.string().optional(),
});
const plannedShape = z.looseObject({ changes: z.array(changeShape) });
const outcomesOf = (outcome: Outcome): string[] =>
  plannedShape.parse(outcome.json()).changes.map(({ id, outcome: is }) => `${id} ${is}`);
const appliedShape = z.looseObject({
  changes: z.array(z.looseObject({ id: z.string(), state: z.string() })),
});
const statesOf = (outcome: Outcome): string[] =>
  appliedShape.parse(outcome.json()).changes.map(({ id, state }) => `${id} ${state}`);
const runs = async () =>
  z
    .array(z.looseObject({ id: z.string(), state: z.string(), title: z.string() }))
    .parse((await cluster.vbdesk('run', 'list', '--json')).json());

/** Two instances are made, changed, copied, renamed, moved and started, each step upon those before it. */
const draft = `# What is to be done on Tuesday
apiVersion: vbdesk/v1
kind: Draft
cluster: lab
changes:
  - do: add
    id: c1
    instance: web2
    node: node1
    secondary: node2
    path: /srv/ganeti/file-storage
    disks: [{ size: 16M }]
    guest: { memory: 128, kernel: /boot/vmlinuz-practice }
    start: false
  # the log grows
  - { do: grow, id: c2, instance: web2, disk: 0, size: 24M }
  - { do: disk-add, id: c3, instance: web2, size: 8M }
  - { do: clone, id: c4, instance: web2, name: web3 }
  - { do: rename, id: c5, instance: web3, name: www }
  - { do: startup, id: c6, instance: www }
  - { do: failover, id: c7, instance: www, node: node2 }
  - { do: startup, id: c8, instance: web2 }
  - { do: startup, id: c9, instance: late }
  - { do: grow, id: c10, instance: kept, disk: 0, size: 32M }
  - { do: startup, id: c11, instance: gone }
`;

beforeAll(async () => {
  // long enough to be killed in the middle
  cluster = await startSshdCluster({ settings: { create_delay: 1, shutdown_delay: 0.5 } });
  file = path.join(cluster.directory, 'tuesday.vbdesk.yaml');
  await done('cluster', 'init', 'lab', ...cluster.initArguments());
  await create('late', '--no-start');
  await create('kept', '--no-start');
  await create('gone', '--no-start');
  // what is known of the nodes from now on
  expectCode(await cluster.vbdesk('instance', 'list'), 0);
});
afterAll(() => cluster?.stop());

describe('a draft of changes that rest on each other', () => {
  it('is reviewed with the network cut, on what the nodes showed last', async () => {
    for (const node of cluster.nodes) await node.sshd.kill();
    writeFileSync(file, draft);
    expectCode(await cluster.vbdesk('draft', 'apply', file, '--yes'), 1);
    const planned = expectCode(await cluster.vbdesk('draft', 'plan', file, '--json'), 0);
    expect(new Set(outcomesOf(planned).map((each) => each.split(' ')[1]))).toEqual(new Set(['unchanged']));
    expect(planned.stdout).toMatch(/Free space in .* was .* ago/);
    await done('draft', 'review', file);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('# the log grows');
    expect(text).toMatch(/plan:\n\s+- node1/);
    // edited by hand
    writeFileSync(file, text.replace('size: 8M', 'size: 12M'));
    for (const node of cluster.nodes) await node.sshd.restart();
  });

  it(
    'is rebased on a cluster that changed meanwhile, and nothing runs that was not seen',
    async () => {
      await done('instance', 'startup', 'late');
      await done('instance', 'modify', '-B', 'memory=192M', 'kept');
      await done('instance', 'remove', 'gone');
      const before = (await runs()).length;
      const refused = expectCode(
        await cluster.vbdesk('draft', 'apply', file, '--yes', '--keep-going', '--json'),
        3,
      );
      expect(outcomesOf(refused)).toEqual([
        ...['c1 unchanged', 'c2 unchanged', 'c3 changed', 'c4 unchanged', 'c5 unchanged', 'c6 unchanged'],
        ...['c7 unchanged', 'c8 unchanged', 'c9 done-already', 'c10 changed', 'c11 impossible'],
      ]);
      expect(refused.stdout).toContain('kept was changed since this was drafted');
      expect(await runs()).toHaveLength(before);
      expect(readFileSync(file, 'utf8')).not.toContain('applied');
    },
    atMost,
  );

  it(
    'is applied once that was read; killed in the middle, the change is marked as begun',
    async () => {
      const seen = plannedShape.parse(
        (await cluster.vbdesk('draft', 'apply', file, '--yes', '--keep-going', '--json')).json(),
      );
      const codes = seen.changes.flatMap(({ confirm }) => confirm ?? []);
      expect(codes.length).toBeGreaterThan(0);
      const running = cluster.start([
        ...['draft', 'apply', file, '--yes', '--keep-going'],
        ...codes.flatMap((code) => ['--accept', code]),
      ]);
      await waitFor('a step of the fourth change', () =>
        /, c4: [\s\S]*(Copy|copy|image|folder)[^\n]* done/.test(running.stderr()),
      );
      running.child.kill('SIGKILL');
      await running.ended;
      const text = readFileSync(file, 'utf8');
      expect(text.match(/outcome: done/g)).toHaveLength(3);
      expect(text.match(/outcome: started/g)).toHaveLength(1);
      expect((await runs())[0]).toMatchObject({ state: 'cut-off' });
    },
    atMost,
  );

  it(
    'goes on where it was, and says of each change what became of it',
    async () => {
      const dry = expectCode(await cluster.vbdesk('draft', 'apply', file, '--dry-run'), 0);
      expect(dry.stdout).toMatch(/c4 goes on first: .*cut-off/);
      const outcome = expectCode(
        await cluster.vbdesk('draft', 'apply', file, '--yes', '--keep-going', '--json'),
        3,
      );
      expect(statesOf(outcome)).toEqual([
        ...['c1 done', 'c2 done', 'c3 done', 'c4 done', 'c5 done', 'c6 done', 'c7 done', 'c8 done'],
        ...['c9 done-already', 'c10 done', 'c11 impossible'],
      ]);
      expect(await info('web2')).toMatchObject({ status: 'running', primary: 'node1' });
      expect((await info('web2')).disks.map(({ size }) => size)).toEqual([24 << 20, 12 << 20]);
      expect(await info('www')).toMatchObject({ status: 'running', primary: 'node2' });
      expect(await info('late')).toMatchObject({ status: 'running' });
      expect(statSync(path.join(cluster.storage, 'kept', 'sda')).size).toBe(32 << 20);
      expect(existsSync(path.join(cluster.storage, 'web3'))).toBe(false);
      expect(
        readdirSync(cluster.storage)
          .filter((each) => !each.startsWith('.'))
          .toSorted(),
      ).toEqual([...['kept', 'late', 'web2', 'www']]);
      expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
    },
    atMost,
  );

  it(
    'does nothing twice, and is done once what can not be is taken out',
    async () => {
      const before = (await runs()).length;
      expectCode(await cluster.vbdesk('draft', 'apply', file, '--yes'), 3);
      expectCode(await cluster.vbdesk('draft', 'remove', file, 'c11'), 0);
      const last = expectCode(await cluster.vbdesk('draft', 'apply', file, '--yes'), 0);
      expect(last.stdout).toContain('applied already');
      expect(await runs()).toHaveLength(before);
      expect(readFileSync(file, 'utf8')).toContain('# the log grows');
    },
    atMost,
  );
});
