/** A conversion that is cut off: the command killed, the node gone; then gone on with, or taken back. Nothing wrong gets a name. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  type Outcome,
  type Running,
  type SshdCluster,
  startSshdCluster,
} from '../support/cluster-of-sshd.ts';
import { waitFor } from '../support/wait-for.ts';

// some take a dozen commands
vi.setConfig({ testTimeout: 480_000 });

let cluster: SshdCluster;
const name = 'web1';

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const file = (each: string): string => path.join(cluster.storage, name, each);
const files = (): string[] => readdirSync(path.join(cluster.storage, name)).toSorted();
const shim = (): string => path.join(cluster.node('node1').root, 'bin/qemu-img');
const gate = (): string => path.join(cluster.directory, 'gate');
const begun = (): string => path.join(cluster.directory, 'begun');

/** qemu-img on node1 waits in the middle of a conversion until the gate is opened. */
const slowDown = (): void => {
  rmSync(gate(), { force: true });
  rmSync(begun(), { force: true });
  writeFileSync(
    shim(),
    `#!/bin/sh
if [ "$1" = convert ]; then
  for last; do :; done
  printf garbage >"$last"
  : >'${begun()}'
  while [ ! -e '${gate()}' ]; do sleep 0.1; done
fi
exec /usr/bin/qemu-img "$@"
`,
    { mode: 0o755 },
  );
};
const openGate = (): void => writeFileSync(gate(), '');

const convert = (to: 'raw' | 'qcow2'): Running => {
  slowDown();
  return cluster.start(['image', 'convert', name, '0', '--to', to, '--driver', 'blktap', '--yes']);
};
const lastRun = async (): Promise<{ id: string; state: string }> => {
  const [run] = z
    .array(z.looseObject({ id: z.string(), state: z.string() }))
    .parse((await cluster.vbdesk('run', 'list', '--json')).json());
  if (!run) throw new Error('there is no run');
  return run;
};
const isSound = async (): Promise<void> => {
  expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
};

beforeAll(async () => {
  cluster = await startSshdCluster();
  expectCode(await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'), 0);
  const create = [
    ...[
      'instance',
      'add',
      '-t',
      'file:driver=blktap',
      '--disk',
      '0:size=8M',
      '-n',
      'node1:node2',
      '-o',
      'none',
    ],
    ...['-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start', name, '--yes'],
  ];
  expectCode(await cluster.vbdesk(...create), 0);
  writeFileSync(file('sda'), 'the data', { flag: 'r+' });
});
afterAll(() => cluster?.stop());

describe('a conversion whose command was killed', () => {
  it('ends its copy by itself, and is gone on with', async () => {
    const before = readFileSync(file('sda'));
    const running = convert('qcow2');
    await waitFor('the copy to begin', () => existsSync(begun()));
    running.child.kill('SIGKILL');
    await running.ended;
    // what is half made has no name that anybody takes for an image
    expect(files().filter((each) => !each.startsWith('.'))).toEqual(['instance.json', 'sda', 'xen.cfg']);
    expect(readFileSync(file('sda')).equals(before)).toBe(true);
    openGate();
    expectCode(await cluster.vbdesk('run', 'resume', (await lastRun()).id, '--yes'), 0);
    execFileSync('qemu-img', ['check', '-q', '-f', 'qcow2', file('sda')]);
    const kept = files().find((each) => each.startsWith('sda.before-')) ?? 'none';
    expect(readFileSync(file(kept)).equals(before)).toBe(true);
    await isSound();
    expectCode(
      await cluster.vbdesk('image', 'release', name, kept, '--accept', `delete:${kept}`, '--yes'),
      0,
    );
  });

  it('is taken back, and nothing of it is left', async () => {
    const before = readFileSync(file('sda'));
    const config = readFileSync(file('xen.cfg'), 'utf8');
    const running = convert('raw');
    await waitFor('the copy to begin', () => existsSync(begun()));
    running.child.kill('SIGKILL');
    await running.ended;
    openGate();
    expectCode(await cluster.vbdesk('run', 'undo', (await lastRun()).id, '--yes'), 1);
    expect(files()).toEqual(['instance.json', 'sda', 'xen.cfg']);
    expect(readFileSync(file('sda')).equals(before)).toBe(true);
    expect(readFileSync(file('xen.cfg'), 'utf8')).toBe(config);
    await isSound();
  });
});

describe('a conversion whose node went down', () => {
  it('is begun anew when the node is back, and leaves no half of the first one', async () => {
    const node = cluster.node('node1');
    const running = convert('raw');
    await waitFor('the copy to begin', () => existsSync(begun()));
    running.child.kill('SIGKILL');
    await running.ended;
    await node.powerOff();
    await node.powerOn();
    openGate();
    expectCode(await cluster.vbdesk('run', 'resume', (await lastRun()).id, '--yes'), 0);
    expect(readFileSync(file('sda'), 'utf8').slice(0, 8)).toBe('the data');
    expect(files().filter((each) => each.startsWith('.'))).toEqual([]);
    await isSound();
  });
});
