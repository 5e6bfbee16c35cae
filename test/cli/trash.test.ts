/** The trash through the command line, on nodes that are real SSH servers. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { SHARED_STORAGE } from '../../main/practice/node-root.ts';
import { type Outcome, type SshdCluster, startSshdCluster } from '../support/cluster-of-sshd.ts';

// some take a dozen commands
vi.setConfig({ testTimeout: 480_000 });

let cluster: SshdCluster;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const done = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0);
const refused = async (sentence: string, ...args: string[]): Promise<void> => {
  const outcome = expectCode(await cluster.vbdesk(...args, '--yes'), 3);
  expect(outcome.stderr).toContain(sentence);
};
const trash = (...parts: string[]): string => path.join(cluster.storage, '.trash', ...parts);
/** Names in the trash that begin with the instance's. */
const called = (instance: string): string[] =>
  existsSync(trash()) ? readdirSync(trash()).filter((each) => each.startsWith(`${instance}.`)) : [];
const only = (instance: string): string => {
  const [name, ...more] = called(instance);
  if (name === undefined || more.length > 0) throw new Error(`${instance}: ${called(instance).join(' ')}`);
  return name;
};
/** As if it had been removed long ago. */
const age = (instance: string): string => {
  const name = only(instance);
  const old = name.replace(/\d{8}T\d{6}Z$/, '20200101T000000Z');
  renameSync(trash(name), trash(old));
  return old;
};
const row = z.looseObject({
  trashName: z.string(),
  path: z.string(),
  nodes: z.array(z.string()),
  instance: z.string().nullable(),
  uuid: z.string().nullable(),
  removedAt: z.string().nullable(),
  removedBy: z.string().nullable(),
  expired: z.boolean(),
  allocated: z.number().nullable(),
  promised: z.number().nullable(),
  files: z.array(z.looseObject({ name: z.string(), recorded: z.boolean() })).nullable(),
});
const listed = async (...args: string[]) =>
  z.array(row).parse(expectCode(await cluster.vbdesk('trash', 'list', '--json', ...args), 0).json());
const add = (name: string): Promise<Outcome> =>
  done(
    ...['instance', 'add', '-t', 'file:driver=loop', '--disk', '0:size=16M', '-n', 'node1:node2'],
    ...['-o', 'none', '-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start', name],
  );

beforeAll(async () => {
  cluster = await startSshdCluster();
  await done('cluster', 'init', 'lab', ...cluster.initArguments());
});
afterAll(() => cluster?.stop());

describe('a removed instance', () => {
  it('is listed with all that is known of it, restored, and refused where its name is taken', async () => {
    expect(expectCode(await cluster.vbdesk('trash', 'list'), 0).stderr).toContain('Nothing is in the trash.');
    await add('web1');
    writeFileSync(path.join(cluster.storage, 'web1/sda'), 'the data', { flag: 'r+' });
    await done('instance', 'remove', 'web1');
    const [each, ...more] = await listed();
    expect(more).toEqual([]);
    expect(each).toMatchObject({
      trashName: only('web1'),
      path: expect.stringMatching(/\/\.trash\/web1\./),
      nodes: ['node1', 'node2', 'node3'],
      instance: 'web1',
      expired: false,
      promised: 16 * 1024 ** 2,
      files: [{ name: 'sda', recorded: true }],
    });
    expect(each?.removedBy).toMatch(/.@./);
    expect(each?.allocated).toBeGreaterThan(0);
    const text = expectCode(await cluster.vbdesk('trash', 'list'), 0);
    expect(text.stdout).toMatch(/IN TRASH.*ON DISK.*PROMISED/);
    expect(text.stdout).toContain('16 MiB');
    expect(text.stderr).toContain('Kept for 7 days, then marked as expired; nothing deletes itself.');
    expect(expectCode(await cluster.vbdesk('instance', 'trash'), 0).stdout).toBe(text.stdout);

    mkdirSync(path.join(cluster.storage, 'web1'));
    await refused('web1 exists on node1, node2 and node3', 'trash', 'restore', 'web1');
    execFileSync('rmdir', [path.join(cluster.storage, 'web1')]);
    await done('trash', 'restore', 'web1');
    expect(readFileSync(path.join(cluster.storage, 'web1/sda'), 'utf8').slice(0, 8)).toBe('the data');
    expect(called('web1')).toEqual([]);
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
  });

  it('stays where its record can not be read, whichever way it shall go', async () => {
    await done('instance', 'remove', 'web1');
    const record = trash(only('web1'), 'instance.json');
    const text = readFileSync(record);
    writeFileSync(record, '{"version":');
    await refused('so it stays where it is', 'trash', 'restore', 'web1');
    await refused('so none is deleted', 'trash', 'purge', 'web1', '--accept', 'purge:web1');
    expect(existsSync(trash(only('web1'), 'sda'))).toBe(true);
    writeFileSync(record, text);
  });

  it('is purged by its record: what that does not name stays with its folder', async () => {
    const name = only('web1');
    writeFileSync(trash(name, 'sda.before-r1'), 'an old one');
    await refused(`sda (16 MiB, `, 'trash', 'purge', 'web1');
    await refused('--accept purge:web1', 'trash', 'purge', 'web1');
    await refused('--accept purge:web1', 'trash', 'purge', 'web1', '--accept', 'purge');
    const plan = expectCode(
      await cluster.vbdesk('trash', 'purge', 'web1', '--accept', 'purge:web1', '--dry-run'),
      0,
    );
    expect(plan.stdout).toContain('sda.before-r1');
    expect(plan.stdout).toContain('it is kept, and so is the folder');
    expect(readdirSync(trash(name))).toContain('sda');
    await done('trash', 'purge', 'web1', '--accept', 'purge:web1');
    expect(readdirSync(trash(name))).toEqual(['sda.before-r1']);
    expect((await listed())[0]).toMatchObject({
      uuid: null,
      files: [{ name: 'sda.before-r1', recorded: false }],
    });
    await refused('holds no record, so nothing says', 'trash', 'purge', 'web1', '--accept', 'purge:web1');
    // the note of the removal stays
    expect(readdirSync(path.join(cluster.node('node1').root, 'var/lib/vbdesk/removed'))).toHaveLength(1);
    execFileSync('rm', ['-r', trash(name)]);
  });

  it('is not purged while somebody has an image open, on any node', async () => {
    await add('web2');
    await done('instance', 'remove', 'web2');
    const name = only('web2');
    const holder = spawn('sh', ['-c', 'exec 3<"$0"; echo open; read x', trash(name, 'sda')], {
      env: { PATH: process.env.PATH, VBDESK_ROOT: cluster.node('node3').root },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const outcome = await cluster.vbdesk('trash', 'purge', 'web2', '--accept', 'purge:web2', '--yes');
    holder.kill('SIGKILL');
    // the looks are what finds it: the lock is given back, and nothing is deleted
    expectCode(outcome, 1);
    expect(outcome.stderr).toMatch(/open/);
    expect(readdirSync(trash(name)).toSorted()).toEqual(['instance.json', 'sda', 'xen.cfg']);
  });

  it('takes images that nobody owns, and gives them back', async () => {
    const old = path.join(cluster.storage, 'old');
    mkdirSync(old);
    writeFileSync(path.join(old, 'a.img'), Buffer.alloc(1 << 20, 1));
    writeFileSync(path.join(old, 'b.img'), Buffer.alloc(4096, 2));
    const at = (...parts: string[]) => [SHARED_STORAGE, 'old', ...parts].join('/');
    await refused('--accept remove:a.img', 'image', 'remove', at('a.img'));
    const holder = spawn('sh', ['-c', 'exec 3<"$0"; echo open; read x', path.join(old, 'a.img')], {
      env: { PATH: process.env.PATH, VBDESK_ROOT: cluster.node('node3').root },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    await refused('on node3 has', 'image', 'remove', at('a.img'), '--accept', 'remove:a.img');
    holder.kill('SIGKILL');
    await new Promise((resolve) => holder.once('close', resolve));
    await done('image', 'remove', at('a.img'), '--accept', 'remove:a.img');
    expect(readdirSync(old)).toEqual(['b.img']);
    expect((await listed()).find((each) => each.trashName.startsWith('a.img.'))).toMatchObject({
      instance: null,
      from: at('a.img'),
      files: [{ name: 'a.img', recorded: true }],
    });
    await done('trash', 'restore', 'a.img');
    expect(readFileSync(path.join(old, 'a.img'))).toEqual(Buffer.alloc(1 << 20, 1));
    expect(called('a.img')).toEqual([]);
    await done('image', 'remove', at(), '--accept', 'remove:old');
    expect(existsSync(old)).toBe(false);
    await done('trash', 'restore', 'old');
    expect(readdirSync(old).toSorted()).toEqual(['a.img', 'b.img']);
    await done('image', 'remove', at(), '--accept', 'remove:old');
    await refused('--accept purge:old', 'trash', 'purge', 'old');
    await done('trash', 'purge', 'old', '--accept', 'purge:old');
    expect(called('old')).toEqual([]);
    expectCode(await cluster.vbdesk('image', 'remove', 'old', '--yes'), 2);
  });

  it('that expired is marked, and goes only when it is asked for', async () => {
    await add('web3');
    await done('instance', 'remove', 'web3');
    await add('web4');
    await done('instance', 'remove', 'web4');
    expect(expectCode(await cluster.vbdesk('trash', 'purge', '--expired', '--yes'), 0).stderr).toContain(
      'Nothing in the trash is older than 7 days.',
    );
    const old = [age('web2'), age('web3')];
    expect((await listed('--expired')).map((each) => each.trashName)).toEqual(old);
    const text = expectCode(await cluster.vbdesk('trash', 'list'), 0);
    expect(text.stdout).toMatch(/web3\..*expired/);
    expect(text.stdout).toMatch(/web4\..*until /);
    expect(text.stderr).toContain('Expired: 2, which vbdesk trash purge --expired deletes.');
    expect(called('web3')).toHaveLength(1);
    expectCode(await cluster.vbdesk('trash', 'purge', '--yes'), 2);
    expectCode(await cluster.vbdesk('trash', 'purge', 'web4', '--expired', '--yes'), 2);
    expectCode(await cluster.vbdesk('trash', 'purge', 'nothing', '--yes'), 2);
    await done('trash', 'purge', '--expired', '--accept', 'purge:2-folders');
    expect((await listed()).map((each) => each.instance)).toEqual(['web4']);
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
  });

  it('is kept as long as the setting says', async () => {
    writeFileSync(
      path.join(cluster.configDirectory, 'settings.json'),
      // as an earlier version wrote it, and as this one does
      JSON.stringify({ theme: 'dark', refreshSeconds: 10 }),
    );
    expect(expectCode(await cluster.vbdesk('trash', 'list'), 0).stderr).toContain('Kept for 7 days');
    writeFileSync(
      path.join(cluster.configDirectory, 'settings.json'),
      JSON.stringify({ theme: 'dark', refreshSeconds: 10, trashDays: 30 }),
    );
    expect(expectCode(await cluster.vbdesk('trash', 'list'), 0).stderr).toContain('Kept for 30 days');
  });
});
