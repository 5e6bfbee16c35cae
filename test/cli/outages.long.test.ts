/** Failover when things are not as they should be: a missing image, an instance that runs elsewhere, a dead primary that returns. */
import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  guestMarks,
  type Outcome,
  type SshdCluster,
  startSshdCluster,
  treeOf,
} from '../support/cluster-of-sshd.ts';
import { waitFor } from '../support/wait-for.ts';

let cluster: SshdCluster;
const name = 'web1';

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const image = (disk: string): string => path.join(cluster.storage, name, disk);
const create = (instance: string, node: string, more = 'root=/dev/xvda'): string[] => [
  ...['instance', 'add', '-t', 'file', '--disk', '0:size=16M', '--disk', '1:size=16M', '-n', node],
  ...['-o', 'none', '-B', 'memory=128M', '-H', `kernel=/boot/vmlinuz-practice,${more}`, instance, '--yes'],
];

beforeAll(async () => {
  cluster = await startSshdCluster();
  expectCode(await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'), 0);
  expectCode(await cluster.vbdesk(...create(name, 'node1:node2')), 0);
});
afterAll(() => cluster?.stop());

const info = async (instance = name) =>
  z
    .looseObject({
      instance: z.looseObject({
        status: z.string(),
        primary: z.string().nullable(),
        runsOn: z.array(z.string()),
        vouchings: z.array(z.looseObject({ node: z.string(), how: z.string() })),
        problems: z.array(z.looseObject({ code: z.string(), text: z.string() })),
      }),
    })
    .parse((await cluster.vbdesk('instance', 'info', instance, '--json')).json()).instance;

describe('an image that is missing on the target', () => {
  it('stops the failover before anything was touched, and is named', async () => {
    const away = path.join(cluster.directory, 'away');
    mkdirSync(away);
    renameSync(image('sdb'), path.join(away, 'sdb'));
    const before = await treeOf(path.dirname(image('sda')));
    const outcome = expectCode(await cluster.vbdesk('instance', 'failover', name, '--yes'), 3);
    expect(outcome.stderr).toContain('/srv/ganeti/file-storage/web1/sdb');
    const now = await treeOf(path.dirname(image('sda')));
    // the guest goes on writing to its first image; nothing else changed
    const still = (tree: string): string => tree.replaceAll(/^\/sda .*$/gm, '/sda');
    expect(still(now)).toBe(still(before));
    expect(await info()).toMatchObject({ status: 'running', runsOn: ['node1'] });
    const verify = expectCode(await cluster.vbdesk('cluster', 'verify', '--json'), 1);
    expect(verify.json()).toMatchObject({ ok: false });
    expect(verify.stdout).toContain('sdb is missing');
    renameSync(path.join(away, 'sdb'), image('sdb'));
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
  });
});

describe('a primary that is gone', () => {
  it('is not failed over without somebody’s word', async () => {
    await cluster.node('node1').powerOff();
    const outcome = expectCode(await cluster.vbdesk('instance', 'failover', name, '--yes'), 3);
    expect(outcome.stderr).toContain('--confirm-down node1');
    expect(outcome.stderr).toContain('node1 may be alive');
    // a plain consent is no word on a silent node
    const accepted = await cluster.vbdesk(
      'instance',
      'failover',
      name,
      '--yes',
      '--accept',
      'vouch-down:node1',
    );
    expectCode(accepted, 3);
  });

  it('is failed over with it, which the record keeps', async () => {
    const { boots } = await guestMarks(image('sda'));
    expectCode(
      await cluster.vbdesk(
        ...[
          'instance',
          'failover',
          name,
          '--yes',
          '--confirm-down',
          'node1',
          '--because',
          'its plug is pulled',
        ],
      ),
      0,
    );
    await waitFor('the guest on node2', async () => (await guestMarks(image('sda'))).boots === boots + 1);
    expect(await info()).toMatchObject({
      status: 'running',
      primary: 'node2',
      runsOn: ['node2'],
      vouchings: [{ node: 'node1', how: 'its plug is pulled' }],
    });
  });

  it('comes back without the guest, and may not start it', async () => {
    await cluster.node('node1').powerOn();
    expect(await info()).toMatchObject({ status: 'running', primary: 'node2', runsOn: ['node2'] });
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
    const start = expectCode(await cluster.vbdesk('instance', 'startup', name, '--yes'), 3);
    expect(start.stderr).toMatch(/[Rr]un/);
  });
});

describe('a primary that was not gone at all', () => {
  const silent = 'silent1';

  it('is found out while its guest writes; else it is an emergency once it is seen again', async () => {
    // the sequence is written once an hour: nobody who watches the images sees that the guest lives
    expectCode(await cluster.vbdesk(...create(silent, 'node2:node3', 'extra=guest.interval=3600000000')), 0);
    // only the SSH server has stopped: whoever vouches is wrong
    await cluster.node('node2').sshd.kill();
    const vouched = ['-n', 'node3', '--yes', '--confirm-down', 'node2'];
    const [writing, quiet] = await Promise.all([
      cluster.vbdesk('instance', 'failover', name, ...vouched),
      cluster.vbdesk('instance', 'failover', silent, ...vouched),
    ]);
    expectCode(writing, 1);
    expect(writing.stderr).toContain('Somebody writes');
    expect(writing.stderr).toContain('taken back');
    expectCode(quiet, 0);
    await cluster.node('node2').sshd.restart();
    expect(await info()).toMatchObject({ status: 'running', primary: 'node2', runsOn: ['node2'] });
    expect(await info(silent)).toMatchObject({ status: 'running-twice', primary: 'node3' });
    const verify = expectCode(await cluster.vbdesk('cluster', 'verify'), 1);
    expect(verify.stdout).toContain('stop all but one');
    const list = expectCode(await cluster.vbdesk('instance', 'list'), 0);
    expect(list.stdout).toContain('running-twice');
    // starting it is refused while it runs; stopping ends both
    expectCode(await cluster.vbdesk('instance', 'startup', silent, '--yes'), 3);
    expectCode(await cluster.vbdesk('instance', 'shutdown', silent, '--yes'), 0);
    expect(await info(silent)).toMatchObject({ status: 'stopped', runsOn: [] });
  });
});

describe('all nodes gone', () => {
  it('is said, and is a failure', async () => {
    for (const node of cluster.nodes) await node.sshd.kill();
    const list = expectCode(await cluster.vbdesk('instance', 'list', '--json'), 1);
    expect(list.json()).toMatchObject({ error: { code: 'no-node-answers' } });
    for (const node of cluster.nodes) await node.sshd.restart();
  });
});
