/** Runs that are cut off: the command killed in the middle, cancelled, left; then resumed or taken back by the next one. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SHARED_STORAGE } from '../../main/practice/node-root.ts';
import {
  guestMarks,
  type Outcome,
  type Running,
  type SshdCluster,
  startSshdCluster,
} from '../support/cluster-of-sshd.ts';
import { waitFor } from '../support/wait-for.ts';

let cluster: SshdCluster;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const create = (instance: string): string[] => [
  ...['instance', 'add', '-t', 'file', '--disk', '0:size=16M', '-n', 'node1:node2', '-o', 'none'],
  ...['-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', instance, '--yes'],
];
const folder = (instance: string): string => path.join(cluster.storage, instance);

const runs = async () =>
  z
    .array(z.looseObject({ id: z.string(), state: z.string(), subject: z.string() }))
    .parse((await cluster.vbdesk('run', 'list', '--json')).json());

/** Waits until the command has told that a step with these words is done. */
const toldStep = (running: Running, words: RegExp) =>
  waitFor(`a step ${words}`, () => words.test(running.stderr()));

const statusOf = async (instance: string): Promise<string> =>
  z
    .looseObject({ instance: z.looseObject({ status: z.string() }) })
    .parse((await cluster.vbdesk('instance', 'info', instance, '--json')).json()).instance.status;

beforeAll(async () => {
  // creating a domain and shutting a guest down take long enough to be interrupted
  cluster = await startSshdCluster({ settings: { create_delay: 1, shutdown_delay: 1 } });
  expectCode(await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'), 0);
});
afterAll(() => cluster?.stop());

describe('a creation whose command was killed', () => {
  it('can be taken back', async () => {
    const running = cluster.start(create('first'));
    await toldStep(running, /sda.* done|image.* done/i);
    running.child.kill('SIGKILL');
    expect((await running.ended).code).toBe(null);
    const [run] = await runs();
    expect(run).toMatchObject({ state: 'cut-off', subject: 'first' });
    const shown = expectCode(await cluster.vbdesk('run', 'show', run?.id ?? ''), 0);
    expect(shown.stdout).toContain('cut-off');
    expectCode(await cluster.vbdesk('cluster', 'verify'), 1);
    const dry = expectCode(await cluster.vbdesk('run', 'undo', run?.id ?? '', '--dry-run'), 0);
    expect(dry.stdout).toContain('Take back');
    const undone = expectCode(await cluster.vbdesk('run', 'undo', run?.id ?? '', '--yes'), 1);
    expect(undone.stderr).toContain('taken back');
    expect(existsSync(folder('first'))).toBe(false);
    expect(readdirSync(cluster.storage).filter((entry) => !entry.startsWith('.'))).toEqual([]);
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
    expectCode(await cluster.vbdesk('run', 'resume', run?.id ?? '', '--yes'), 3);
  });

  it('can be gone on with', async () => {
    const running = cluster.start(create('second'));
    await toldStep(running, /sda.* done|image.* done/i);
    running.child.kill('SIGKILL');
    await running.ended;
    const [run] = await runs();
    expectCode(await cluster.vbdesk('run', 'resume', run?.id ?? '', '--yes'), 0);
    expect(await statusOf('second')).toBe('running');
    expect(existsSync(path.join(folder('second'), '.lock'))).toBe(false);
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
  });

  it('can be closed as it stands once its lock was broken, and not before', async () => {
    const running = cluster.start(create('third'));
    await toldStep(running, /sda.* done|image.* done/i);
    running.child.kill('SIGKILL');
    await running.ended;
    const [{ id = '' } = {}] = await runs();
    const consent = ['--accept', `give-up:${id}`];
    const held = expectCode(await cluster.vbdesk('run', 'give-up', id, ...consent), 3);
    expect(held.stderr).toContain('holds its lock');
    const at = `${SHARED_STORAGE}/third`;
    expectCode(await cluster.vbdesk('instance', 'unlock', at, '--yes', '--accept', 'break-lock'), 0);
    const asked = expectCode(await cluster.vbdesk('run', 'give-up', id, '--yes'), 3);
    expect(asked.stderr).toContain(`--accept give-up:${id}`);
    expectCode(await cluster.vbdesk('run', 'give-up', id, ...consent), 0);
    expect((await runs()).find((each) => each.id === id)).toMatchObject({ state: 'given-up' });
    expectCode(await cluster.vbdesk('run', 'resume', id, '--yes'), 3);
    expectCode(await cluster.vbdesk('run', 'undo', id, '--yes'), 3);
    // what it left is somebody's to look at
    expect(readdirSync(folder('third'))).toContain('sda');
  });
});

describe('Ctrl C', () => {
  it('asks a failover to cancel: the guest runs where it was', async () => {
    const running = cluster.start(['instance', 'failover', 'second', '--yes']);
    await toldStep(running, /Lock.* done/i);
    running.child.kill('SIGINT');
    const outcome = expectCode(await running.ended, 1);
    expect(outcome.stderr).toContain('Asking the run to cancel');
    expect(await statusOf('second')).toBe('running');
    const [run] = await runs();
    expect(run?.state).toBe('undone');
  });

  it('leaves the run when it comes twice; it can be gone on with', async () => {
    const { boots } = await guestMarks(path.join(folder('second'), 'sda'));
    const running = cluster.start(['instance', 'failover', 'second', '--yes', '--json']);
    await toldStep(running, /Lock.* done/i);
    running.child.kill('SIGINT');
    await toldStep(running, /Asking the run to cancel/);
    running.child.kill('SIGINT');
    const outcome = expectCode(await running.ended, 5);
    expect(outcome.json()).toMatchObject({ error: { code: 'left' } });
    const [run] = await runs();
    expect(run?.state).toBe('cut-off');
    expectCode(await cluster.vbdesk('run', 'resume', run?.id ?? '', '--yes'), 0);
    await waitFor(
      'the guest on node2',
      async () => (await guestMarks(path.join(folder('second'), 'sda'))).boots > boots,
    );
    expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
  });
});
