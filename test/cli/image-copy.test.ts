/** Images copied and compared through the command line, on nodes that are real SSH servers. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  type Outcome,
  type SshdCluster,
  startProgram,
  startSshdCluster,
} from '../support/cluster-of-sshd.ts';
import { startAgent } from '../support/ssh-agent.ts';
import { waitFor } from '../support/wait-for.ts';

vi.setConfig({ testTimeout: 240_000 });

const local = '/srv/local-storage';
const shared = '/srv/ganeti/file-storage';
const mib = 1024 ** 2;

let cluster: SshdCluster;
const at = (node: string, logical: string): string => path.join(cluster.node(node).root, logical);
const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const copy = (from: string, to: string, ...more: string[]) =>
  cluster.vbdesk('image', 'copy', from, to, ...more);
const refused = async (sentence: string, from: string, to: string): Promise<void> => {
  expect(expectCode(await copy(from, to, '--yes'), 3).stderr).toContain(sentence);
};
const put = (
  node: string,
  logical: string,
  length: number,
  data: readonly (readonly [number, Buffer])[],
): void => {
  const file = at(node, logical);
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openSync(file, 'w');
  ftruncateSync(handle, length);
  for (const [offset, bytes] of data) writeSync(handle, bytes, 0, bytes.length, offset);
  closeSync(handle);
};

/** Processes of copies and comparisons on this cluster's nodes. */
const leftOfCopies = (): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      const environment = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/environ`, 'latin1') : '';
      return environment.includes('VBDESK_COPY=') && environment.includes(cluster.directory);
    } catch {
      return false;
    }
  });

beforeAll(async () => {
  cluster = await startSshdCluster({ names: ['node1', 'node2'] });
  expectCode(
    await cluster.vbdesk(
      ...['cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'],
      ...['--storage-dir', shared, '--storage-dir', local],
    ),
    0,
  );
  put('node1', `${local}/golden/debian.img`, 300 * mib, [
    [0, randomBytes(mib)],
    [200 * mib + 100, randomBytes(3 * mib)],
  ]);
});
afterAll(() => cluster?.stop());

const golden = `node1:${local}/golden/debian.img`;

describe('copy', () => {
  it('says what it would do, and does nothing', async () => {
    const { stdout, stderr } = expectCode(
      await copy(golden, `node2:${local}/golden/debian.img`, '--dry-run'),
      0,
    );
    expect(stdout).toContain('Copy debian.img from node1 to node2');
    expect(stderr).toContain('The bytes go from node1 through this workstation to node2');
    expect(stderr).toContain('node1 does not reach node2 by ssh');
    // there is no agent to be lent
    expect(stderr).not.toContain('--forward-agent');
    expect(existsSync(at('node2', `${local}/golden`))).toBe(false);
  });

  it('offers the agent where there is one, and lends it only where that is said', async () => {
    const agent = await startAgent(path.join(cluster.directory, 'agent'), []);
    const withAgent = async (...more: string[]): Promise<Outcome> => {
      const words = ['image', 'copy', golden, `node2:${local}/golden/debian.img`, '--dry-run', ...more];
      return expectCode(
        await startProgram(cluster.command(words), { ...cluster.environment, SSH_AUTH_SOCK: agent.socket })
          .ended,
        0,
      );
    };
    const offered = await withAgent();
    expect(offered.stderr).toContain('with the keys of your SSH agent for this copy: --forward-agent');
    expect(offered.stdout).not.toContain('SSH agent');
    const lent = await withAgent('--forward-agent');
    expect(lent.stdout).toContain('Your SSH agent is lent to node1 while the copy is made');
    expect(lent.stderr).not.toContain('--forward-agent');
    await agent.stop();
  });

  it('brings it to another node, sparse and equal, and says how', async () => {
    const { stdout } = expectCode(await copy(golden, `node2:${local}/templates/debian-12.img`, '--yes'), 0);
    expect(stdout).toContain('copied, equal to its source by content');
    const [from, to] = [
      at('node1', `${local}/golden/debian.img`),
      at('node2', `${local}/templates/debian-12.img`),
    ];
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
    expect(statSync(to).blocks * 512).toBeLessThanOrEqual(statSync(from).blocks * 512 + 65536);
    expect(readdirSync(at('node2', `${local}/templates`))).toEqual(['debian-12.img']);
    expect(readdirSync(at('node1', `${local}/golden`))).toEqual(['debian.img']);
    const shown = expectCode(await cluster.vbdesk('run', 'list', '--json'), 0);
    const run = z.array(z.looseObject({ id: z.string() })).parse(JSON.parse(shown.stdout))[0]?.id ?? '';
    const { stdout: steps } = expectCode(await cluster.vbdesk('run', 'show', run, '--output'), 0);
    expect(steps).toContain('4100 KiB sent from node1 through this workstation to node2');
  });

  it('works on one node, and in one folder', async () => {
    expectCode(await copy(golden, `node1:${local}/golden/second.img`, '--yes'), 0);
    expect(
      readFileSync(at('node1', `${local}/golden/second.img`)).equals(
        readFileSync(at('node1', `${local}/golden/debian.img`)),
      ),
    ).toBe(true);
  });

  it('refuses, each time with the reason', async () => {
    const free = `node2:${local}/new/sda`;
    await refused('exists on node2 and is left as it is', golden, `node2:${local}/templates/debian-12.img`);
    await refused('shows no file', `node1:${local}/golden/none`, free);
    await refused('DIRECTORY/FOLDER/FILE', golden, `node2:${local}/sda`);
    await refused('is a name that VBDesk itself uses', golden, `node2:${local}/new/instance.json`);
    await refused('is a name that VBDesk itself uses', golden, `node2:${local}/new/.lock`);
    await refused('a folder of VBDesk itself', golden, `node2:${local}/.trash/sda`);
    expect(expectCode(await copy(golden, 'node2:/etc/new/sda', '--yes'), 3).stderr).toContain('/etc');
    expect(expectCode(await copy(golden, `${local}/x/sda`), 2).stderr).toContain('is not NODE:PATH');
    writeFileSync(at('node2', `${local}/templates/.lock`), '{"run":"other"}');
    await refused('is locked', golden, `node2:${local}/templates/third.img`);
    writeFileSync(at('node2', `${local}/templates/.lock`), '');
  });

  it('of a disk whose guest runs is refused', async () => {
    expectCode(
      await cluster.vbdesk(
        ...[
          'instance',
          'add',
          '-t',
          'file:driver=loop',
          '--disk',
          '0:size=4M',
          '-n',
          'node1:node2',
          '-o',
          'none',
        ],
        ...['-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', 'web1', '--yes'],
      ),
      0,
    );
    const web = `node1:${shared}/web1/sda`;
    const { stderr } = expectCode(await copy(web, `node2:${local}/web1-copy/sda`, '--yes'), 3);
    expect(stderr).toContain('Shut web1 down first');
    expectCode(await cluster.vbdesk('instance', 'shutdown', 'web1', '--yes'), 0);
    // node2 sees it as well, and copies it itself
    const done = expectCode(await copy(web, `node2:${local}/web1-copy/sda`, '--yes'), 0);
    expect(done.stderr).toContain('Copy sda from node2 to node2');
  });

  it('cancelled it takes back what was begun, and goes on from there where it was cut off', async () => {
    put('node1', `${local}/large/sda`, 64 * mib, [[0, randomBytes(64 * mib)]]);
    const shim = at('node2', '/bin/dd');
    writeFileSync(
      shim,
      '#!/bin/sh\ncase "$*" in *of=*) touch "$VBDESK_ROOT/begun"; until [ -e "$VBDESK_ROOT/go" ]; do sleep 0.05; done ;; esac\nexec /usr/bin/dd "$@"\n',
      { mode: 0o755 },
    );
    const running = cluster.start([
      'image',
      'copy',
      `node1:${local}/large/sda`,
      `node2:${local}/large/sda`,
      '--yes',
    ]);
    await waitFor('the writer', () => existsSync(at('node2', '/begun')), 120_000);
    running.child.kill('SIGINT');
    const cancelled = expectCode(await running.ended, 1);
    expect(cancelled.stderr).toContain('Cancelled.');
    expect(existsSync(at('node2', `${local}/large`))).toBe(false);
    expect(leftOfCopies()).toEqual([]);
    // the app is killed in the middle; then somebody resumes
    const second = cluster.start([
      'image',
      'copy',
      `node1:${local}/large/sda`,
      `node2:${local}/large/sda`,
      '--yes',
    ]);
    await waitFor(
      'the partial file',
      () =>
        existsSync(at('node2', `${local}/large`)) &&
        readdirSync(at('node2', `${local}/large`)).some((each) => each.startsWith('sda.partial.')),
      120_000,
    );
    second.child.kill('SIGKILL');
    await second.ended;
    writeFileSync(at('node2', '/go'), '');
    const runs = z
      .array(z.looseObject({ id: z.string(), state: z.string() }))
      .parse(JSON.parse((await cluster.vbdesk('run', 'list', '--json')).stdout));
    const cut = runs.find((each) => each.state === 'cut-off')?.id ?? '';
    expectCode(await cluster.vbdesk('run', 'resume', cut, '--yes'), 0);
    expect(
      readFileSync(at('node2', `${local}/large/sda`)).equals(readFileSync(at('node1', `${local}/large/sda`))),
    ).toBe(true);
  });
});

describe('compare', () => {
  const compared = z.looseObject({
    images: z.array(
      z.looseObject({
        name: z.string(),
        verdict: z.string(),
        files: z.array(z.looseObject({ nodes: z.array(z.string()), hash: z.string().nullable() })),
      }),
    ),
  });
  const compare = async (...args: string[]) =>
    compared.parse(
      JSON.parse(expectCode(await cluster.vbdesk('image', 'compare', ...args, '--yes', '--json'), 0).stdout),
    ).images;

  it('tells same, differing, missing and shared', async () => {
    const file = `${local}/both/sda`;
    for (const node of ['node1', 'node2']) put(node, file, 8 * mib, [[mib, Buffer.from('equal')]]);
    expect(await compare(file)).toMatchObject([
      { name: 'sda', verdict: 'same', files: [{ nodes: ['node1'] }, { nodes: ['node2'] }] },
    ]);
    put('node2', file, 8 * mib, [[mib, Buffer.from('other')]]);
    expect(await compare(file)).toMatchObject([{ verdict: 'differs' }]);
    const { stdout } = expectCode(await cluster.vbdesk('image', 'compare', file, '--last'), 0);
    expect(stdout).toMatch(/sda +differs +node1/);
    put('node2', file, 8 * mib, [[mib, Buffer.from('equal')]]);
    const later = expectCode(await cluster.vbdesk('image', 'compare', file, '--last'), 0).stdout;
    expect(later).toMatch(/sda +not known now +node1/);
    expect(later).toContain(`${file} on node2 was written to, or is another file, since.`);
    put('node2', `${local}/both/sdb`, mib, []);
    expect(await compare(`${local}/both/sdb`)).toMatchObject([
      { verdict: 'missing', files: [{ hash: null }, { nodes: ['node2'] }] },
    ]);
    expect(await compare('web1')).toMatchObject([
      { verdict: 'shared', files: [{ nodes: ['node1', 'node2'] }] },
    ]);
  });

  it('can be cancelled while a node reads, and leaves nothing there', async () => {
    const shim = at('node2', '/bin/sha256sum');
    writeFileSync(shim, '#!/bin/sh\ntouch "$VBDESK_ROOT/reading"\nexec sleep 3600\n', { mode: 0o755 });
    const running = cluster.start(['image', 'compare', `${local}/both/sda`, '--yes']);
    await waitFor('the reader', () => existsSync(at('node2', '/reading')), 120_000);
    expect(leftOfCopies().length).toBeGreaterThan(0);
    running.child.kill('SIGINT');
    expect(expectCode(await running.ended, 1).stderr).toContain('Cancelled.');
    expect(leftOfCopies()).toEqual([]);
    rmSync(shim);
  });

  it('refuses what is in use, and what was never compared', async () => {
    expectCode(await cluster.vbdesk('instance', 'startup', 'web1', '--yes'), 0);
    expect(expectCode(await cluster.vbdesk('image', 'compare', 'web1', '--yes'), 3).stderr).toContain(
      "can't be compared at one moment",
    );
    expect(
      expectCode(await cluster.vbdesk('image', 'compare', `${local}/golden/debian.img`, '--last'), 1).stderr,
    ).toContain('was never compared');
  });
});
