/** The inventory of image files through the command line, on nodes that are real SSH servers, with the real qemu-img. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { SHARED_STORAGE } from '../../main/practice/node-root.ts';
import { type Outcome, type SshdCluster, sessionsOf, startSshdCluster } from '../support/cluster-of-sshd.ts';

vi.setConfig({ testTimeout: 240_000 });

const mib = 2 ** 20;
const nodes = ['node1', 'node2', 'node3'];
let cluster: SshdCluster;

const done = async (...args: string[]): Promise<Outcome> => {
  const outcome = await cluster.vbdesk(...args);
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(0);
  return outcome;
};
const refused = async (code: number, sentence: string, ...args: string[]): Promise<void> => {
  const outcome = await cluster.vbdesk(...args);
  expect(outcome.code, outcome.stderr).toBe(code);
  expect(outcome.stderr).toContain(sentence);
};
const onDisk = (...parts: string[]): string => path.join(cluster.storage, ...parts);
const onNode = (...parts: string[]): string => [SHARED_STORAGE, ...parts].join('/');
const qemuImg = (...args: string[]): void => {
  execFileSync('qemu-img', args, { stdio: 'pipe' });
};
const listing = z.object({
  images: z.array(z.looseObject({ path: z.string(), owner: z.looseObject({ kind: z.string() }) })),
  storages: z.array(z.looseObject({ path: z.string() })),
});
const list = async (...args: string[]) =>
  listing.parse((await done('image', 'list', '--json', ...args)).json());

beforeAll(async () => {
  cluster = await startSshdCluster();
  await done('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes');
  await done(
    ...['instance', 'add', '-t', 'file:driver=loop', '--disk', '0:size=16M', '-n', 'node1:node2', '--yes'],
    ...['-o', 'none', '-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', 'web1'],
  );
  mkdirSync(onDisk('lost'));
  qemuImg('create', '-q', '-f', 'qcow2', onDisk('golden.qcow2'), '32M');
  // as node1's qemu-img would have been told it
  const golden = path.join(cluster.node('node1').root, onNode('golden.qcow2'));
  qemuImg('create', '-q', '-f', 'qcow2', '-b', golden, '-F', 'qcow2', onDisk('lost', 'sda'), '64M');
  qemuImg('snapshot', '-c', 'before', onDisk('lost', 'sda'));
  writeFileSync(onDisk('lost', 'sdb'), Buffer.alloc(mib));
});
afterAll(() => cluster?.stop());

describe('image list', () => {
  it('every file once, whose it is and where it is open, with no round trip more than any list takes', async () => {
    const start = sessionsOf(cluster);
    await done('instance', 'list');
    const before = sessionsOf(cluster);
    const { images, storages } = await list();
    expect(sessionsOf(cluster) - before).toBe(before - start);
    const of = (each: string) => images.filter((image) => image.path === each);
    expect(of(onNode('web1', 'sda'))).toMatchObject([
      {
        type: 'raw',
        virtualSize: 16 * mib,
        owner: { kind: 'instance', name: 'web1', disk: 0 },
        storage: { shared: true, nodes: expect.arrayContaining(nodes) },
        openBy: expect.arrayContaining([{ node: 'node1', by: expect.stringContaining('loop') }]),
        openUnknown: [],
        remark: null,
      },
    ]);
    // named by node1's root in its header, told as a path of the node by every node
    expect(of(onNode('lost', 'sda'))).toMatchObject([
      {
        type: 'qcow2',
        virtualSize: 64 * mib,
        backing: onNode('golden.qcow2'),
        owner: { kind: 'orphan' },
        remark: null,
      },
    ]);
    expect(of(onNode('golden.qcow2'))).toMatchObject([{ folderName: '', owner: { kind: 'orphan' } }]);
    expect(storages.find((each) => each.path === SHARED_STORAGE)).toMatchObject({
      shared: true,
      images: 4,
      promised: 16 * mib,
    });
  });

  it('only the orphans, only what a node sees; as a table', async () => {
    const { images } = await list('--orphans', '--node', 'node2');
    expect(images.map((each) => each.path)).toEqual([
      onNode('golden.qcow2'),
      onNode('lost', 'sda'),
      onNode('lost', 'sdb'),
    ]);
    const { stdout } = await done('image', 'list');
    expect(stdout).toMatch(/^PATH +NODES +TYPE +VIRTUAL +ALLOCATED +OWNER +OPEN$/m);
    expect(stdout).toMatch(/\/web1\/sda +node1,node2,node3 +raw +16 MiB .* web1 disk 0 +loop\d+ on node1/m);
    expect(stdout).toContain('guests were promised 16 MiB.');
    await refused(2, 'is not a node of lab', 'image', 'list', '--node', 'nod1');
    qemuImg(
      ...['create', '-q', '-f', 'vpc', '-o', 'subformat=fixed,force_size=on', onDisk('lost', 'old'), '16M'],
    );
    const told = (await list('--orphans')).images.find((each) => each.path === onNode('lost', 'old'));
    expect(told?.remark).toContain('footer of a fixed-size VHD');
    rmSync(onDisk('lost', 'old'));
  });

  it('a node that is silent may have a file open', async () => {
    await cluster.node('node3').sshd.kill();
    try {
      const outcome = await done('image', 'list');
      expect(outcome.stderr).toContain('node3 does not answer');
      expect(outcome.stdout).toMatch(/\/lost\/sda .* orphan +unknown on node3$/m);
    } finally {
      await cluster.node('node3').sshd.restart();
    }
  });
});

describe('image info', () => {
  it('what qemu-img says of an image and its base, on any node', async () => {
    const { stdout } = await done('image', 'info', onNode('lost', 'sda'), '-n', 'node1');
    expect(stdout).toMatch(/^Builds on: +\S+\/golden\.qcow2$/m);
    expect(stdout).toMatch(/Snapshots: +before, /);
    const json = (await done('image', 'info', onNode('lost', 'sda'), '-n', 'node2', '--json')).json();
    expect(json).toMatchObject({
      problem: null,
      chain: [
        { format: 'qcow2', virtualSize: 64 * mib, backing: onNode('golden.qcow2') },
        { path: onNode('golden.qcow2'), format: 'qcow2', virtualSize: 32 * mib },
      ],
    });
    // open in a running guest
    const raw = (await done('image', 'info', onNode('web1', 'sda'), '--json')).json();
    expect(raw).toMatchObject({
      chain: [{ path: onNode('web1', 'sda'), format: 'raw', virtualSize: 16 * mib }],
    });
  });

  it('refused: what is not there, lies elsewhere, or is asked of nobody', async () => {
    const info = (code: number, sentence: string, ...args: string[]) =>
      refused(code, sentence, 'image', 'info', ...args);
    await info(2, 'No node that answers lists', onNode('none', 'sda'));
    await info(1, 'is missing, or not a regular file', onNode('lost', 'sdz'), '-n', 'node1');
    await info(2, 'a directory of the system', '/etc/passwd', '-n', 'node1');
    await info(2, 'does not lie below an allowed storage directory', '/srv/x/y', '-n', 'node1');
  });
});
