/** One instance's life through the command line, against three real OpenSSH servers: founded, created, stopped, moved, removed. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  guestMarks,
  type Outcome,
  type SshdCluster,
  sessionsOf,
  startSshdCluster,
  treeOfCluster,
} from '../support/cluster-of-sshd.ts';
import { waitFor } from '../support/wait-for.ts';

let cluster: SshdCluster;
beforeAll(async () => {
  cluster = await startSshdCluster();
});
afterAll(() => cluster?.stop());

const name = 'web1.example.org';
const image = (disk: string): string => path.join(cluster.storage, name, disk);

/** Fails with everything that was printed when the exit code is another one. */
const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};

const done = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0);

const instanceShape = z.looseObject({
  name: z.string(),
  uuid: z.uuid(),
  status: z.string(),
  primary: z.string().nullable(),
  secondary: z.string().nullable(),
  runsOn: z.array(z.string()),
  generation: z.number(),
  disks: z.array(z.looseObject({ path: z.string(), size: z.number() })),
  problems: z.array(z.object({ code: z.string(), text: z.string() }).loose()),
});
const info = async () =>
  z
    .object({ instance: instanceShape })
    .parse(expectCode(await cluster.vbdesk('instance', 'info', name, '--json'), 0).json()).instance;

/** Waits until the guest has written after it booted the given number of times. */
const guestHasBooted = (times: number) =>
  waitFor(`boot ${times} of the guest, written to its disk`, async () => {
    const marks = await guestMarks(image('sda'));
    return marks.boots === times && marks.sequence.includes(`boot=${times} `) && marks;
  });

describe('founding a cluster', () => {
  it('refuses nodes whose host keys are not known, without connecting any further', async () => {
    const strict = expectCode(
      await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments('strict'), '--yes'),
      3,
    );
    for (const { name: node, sshd } of cluster.nodes) {
      expect(strict.stderr).toContain(`${node}: ssh-ed25519 ${sshd.fingerprint}`);
      expect(sshd.log()).not.toContain('Accepted');
    }
    const asked = expectCode(
      await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments('ask'), '--yes', '--json'),
      3,
    );
    expect(asked.json()).toMatchObject({
      error: { code: 'host-key-unknown' },
      hostKeys: cluster.nodes.map(({ name: node, sshd }) => ({ node, fingerprint: sshd.fingerprint })),
    });
    expect((await cluster.vbdesk('cluster', 'list', '--json')).json()).toEqual([]);
  });

  it('shows the plan and does nothing without a yes', async () => {
    const before = await treeOfCluster(cluster);
    const dry = expectCode(
      await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--dry-run'),
      0,
    );
    expect(dry.stdout).toContain('/var/lib/vbdesk/cluster.json');
    const unasked = expectCode(await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments()), 2);
    expect(unasked.stderr).toContain('--yes');
    expect(await treeOfCluster(cluster)).toBe(before);
    expect((await cluster.vbdesk('cluster', 'list', '--json')).json()).toEqual([]);
  });

  it('founds it of two nodes and adds the third, after which it is known and well', async () => {
    const words = cluster.initArguments();
    const [third = ''] = words.slice(5, 6);
    const init = await done('cluster', 'init', 'lab', ...words.slice(0, 4), ...words.slice(6));
    expect(init.stdout).toContain('done');
    const twice = expectCode(
      await cluster.vbdesk('node', 'add', third.replace('node3=', 'node2='), '--yes'),
      2,
    );
    expect(twice.stderr).toContain('has a node node2 already');
    expectCode(await cluster.vbdesk('node', 'add', 'node3=a;b', '--yes'), 2);
    // the login is the other nodes'
    const added = await done('node', 'add', third);
    expect(added.stdout).toContain('Add node3 to the cluster lab: done');
    for (const { root } of cluster.nodes)
      expect(JSON.parse(readFileSync(path.join(root, 'var/lib/vbdesk/cluster.json'), 'utf8'))).toMatchObject({
        generation: 2,
        nodes: [{ name: 'node1' }, { name: 'node2' }, { name: 'node3' }],
      });
    expect((await cluster.vbdesk('cluster', 'list', '--json')).json()).toMatchObject([
      { name: 'lab', nodes: [{ name: 'node1' }, { name: 'node2' }, { name: 'node3' }] },
    ]);
    const verify = expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
    expect(verify.stdout).toContain('is shared by node1, node2 and node3');
    const page = expectCode(await cluster.vbdesk('cluster', 'info'), 0);
    expect(page.stdout).toContain('node2');
    const nodes = expectCode(await cluster.vbdesk('node', 'list'), 0);
    expect(nodes.stdout.match(/answers/g)).toHaveLength(3);
  });
});

const create = [
  ...['instance', 'add', '-t', 'file:path=/srv/ganeti/file-storage,driver=loop'],
  ...['--disk', '0:size=64M', '--disk', '1:size=128M', '-n', 'node1:node2', '-o', 'none'],
  ...['-B', 'memory=512M,vcpus=1', '-H', 'type=pv,kernel=/boot/vmlinuz-practice,root=/dev/xvda'],
  ...['--net', '0:bridge=xenbr0', name],
];

describe('creating an instance', () => {
  it('plans it without touching anything', async () => {
    const before = await treeOfCluster(cluster);
    const dry = expectCode(await cluster.vbdesk(...create, '--dry-run'), 0);
    expect(dry.stdout).toContain('gnt-instance add');
    expect(dry.stdout).toContain('xen.cfg (new)');
    expect(await treeOfCluster(cluster)).toBe(before);
  });

  it('makes its folder and starts it', async () => {
    const outcome = await done(...create);
    expect(outcome.stderr).toContain('node1: ');
    expect(existsSync(image('sdb'))).toBe(true);
    await guestHasBooted(1);
    expect(await info()).toMatchObject({
      status: 'running',
      primary: 'node1',
      secondary: 'node2',
      runsOn: ['node1'],
      disks: [{ size: 64 << 20 }, { size: 128 << 20 }],
      problems: [],
    });
    const list = expectCode(await cluster.vbdesk('instance', 'list'), 0);
    expect(list.stdout).toMatch(/web1\.example\.org +running +node1 +node2 +512 MiB/);
  });

  it('does not make it twice', async () => {
    const again = expectCode(await cluster.vbdesk(...create, '--yes'), 3);
    expect(again.stderr).toContain(name);
  });
});

describe('stopping and starting it', () => {
  it('stops, starts and reboots it', async () => {
    await done('instance', 'shutdown', name);
    expect((await info()).status).toBe('stopped');
    const twice = expectCode(await cluster.vbdesk('instance', 'shutdown', name, '--yes'), 3);
    expect(twice.stderr).toContain('stopped already');
    await done('instance', 'startup', name);
    await guestHasBooted(2);
    await done('instance', 'reboot', name);
    await guestHasBooted(3);
    expect((await info()).status).toBe('running');
    expectCode(await cluster.vbdesk('instance', 'startup', name, '--yes'), 3);
  });

  it('suggests the name that was meant', async () => {
    const slip = expectCode(await cluster.vbdesk('instance', 'shutdown', 'web1.exmaple.org', '--yes'), 2);
    expect(slip.stderr).toContain(`Did you mean ${name}?`);
  });
});

describe('failing it over', () => {
  it('moves it to its secondary, where it finds what it wrote', async () => {
    const before = await guestMarks(image('sda'));
    await done('instance', 'failover', name);
    const after = await guestHasBooted(before.boots + 1);
    expect(after.sequence).toContain('sequence boot=');
    expect(await info()).toMatchObject({
      status: 'running',
      primary: 'node2',
      runsOn: ['node2'],
      generation: 2,
    });
  });

  it('and back, when the target is named', async () => {
    const { boots } = await guestMarks(image('sda'));
    await done('instance', 'failover', name, '-n', 'node1', '--timeout', '60');
    await guestHasBooted(boots + 1);
    expect(await info()).toMatchObject({ status: 'running', primary: 'node1', generation: 3 });
  });
});

describe('removing it', () => {
  it('moves it to the trash, from where it comes back', async () => {
    await done('instance', 'remove', name);
    expect(existsSync(path.join(cluster.storage, name))).toBe(false);
    const trash = expectCode(await cluster.vbdesk('instance', 'trash'), 0);
    expect(trash.stdout).toContain(name);
    expect((await cluster.vbdesk('instance', 'list', '--json')).json()).toEqual([]);
    // as a removal leaves it that dies between its rename and its last step
    const [removed = ''] = readdirSync(path.join(cluster.storage, '.trash'));
    const lock = { run: 'cutoff', user: 'ann', workstation: 'desk', title: `remove ${name}` };
    writeFileSync(
      path.join(cluster.storage, '.trash', removed, '.lock'),
      JSON.stringify({ ...lock, nodes: ['node1'], place: path.join(cluster.storage, name), at: '' }),
    );
    expectCode(await cluster.vbdesk('instance', 'restore', name, '--yes'), 3);
    expect((await cluster.vbdesk('instance', 'trash')).stdout).toContain('cutoff');
    await done('instance', 'unlock', name, '--accept', 'break-lock');
    await done('instance', 'restore', name);
    expect(await info()).toMatchObject({ status: 'stopped', problems: [] });
    await done('instance', 'startup', name);
    expect((await guestHasBooted((await guestMarks(image('sda'))).boots)).boots).toBeGreaterThan(4);
  });

  it('deletes what its record names, and nothing else', async () => {
    const refused = expectCode(await cluster.vbdesk('instance', 'remove', name, '--purge', '--yes'), 3);
    expect(refused.stderr).toContain(`--accept purge:${name}`);
    expect(existsSync(image('sda'))).toBe(true);
    // the name is what has to be typed
    const nameless = ['instance', 'remove', name, '--purge', '--accept', 'purge', '--yes'];
    expectCode(await cluster.vbdesk(...nameless), 3);
    await done('instance', 'remove', name, '--purge', '--accept', `purge:${name}`);
    const left = readdirSync(cluster.storage).filter((entry) => !entry.startsWith('.'));
    expect(left).toEqual([]);
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
    expect(sessionsOf(cluster)).toBeGreaterThan(0);
  });
});
