/** Images that are there already, through the command line, against real OpenSSH servers: reused, adopted, taken over. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { writeSettings } from '../../main/practice/node-root.ts';
import {
  guestMarks,
  makeWorkstation,
  type Outcome,
  type SshdCluster,
  startSshdCluster,
  treeOfCluster,
} from '../support/cluster-of-sshd.ts';
import { waitFor } from '../support/wait-for.ts';

let cluster: SshdCluster;
const storage = '/srv/ganeti/file-storage';
const mib = 1 << 20;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const done = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0);
/** Everything but what guests that run write: their disks' times, and their consoles. */
const tree = async (): Promise<string> =>
  (await treeOfCluster(cluster))
    .split('\n')
    .filter((line) => !line.startsWith('/var/log/xen/console/'))
    .map((line) => line.replace(/( \d+ \d+) [\d.]+$/, '$1'))
    .join('\n');
/** Refused with these sentences, and nothing has changed anywhere. */
const refused = async (args: readonly string[], ...sentences: string[]): Promise<void> => {
  const before = await tree();
  const { stderr } = expectCode(await cluster.vbdesk(...args, '--yes'), 3);
  for (const sentence of sentences) expect(stderr.replaceAll(/\s+/g, ' ')).toContain(sentence);
  expect(await tree()).toBe(before);
};

beforeAll(async () => {
  cluster = await startSshdCluster();
  expectCode(await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'), 0);
});
afterAll(() => cluster?.stop());

const at = (...parts: string[]): string => path.join(cluster.storage, ...parts);
const secret = 'what the guest of old kept here';
/** A sparse image with something in it far behind what the stand-in's guest writes. */
const makeImage = (file: string, size = 32 * mib): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openSync(file, 'w');
  writeSync(handle, secret, 16 * mib);
  closeSync(handle);
  truncateSync(file, size);
};
const secretOf = (file: string): string =>
  readFileSync(file)
    .subarray(16 * mib, 16 * mib + secret.length)
    .toString();
const inodes = (...files: string[]): number[] => files.map((each) => statSync(each).ino);

const guest = ['-B', 'memory=256M,vcpus=1', '-H', 'type=pv,kernel=/boot/vmlinuz-practice,root=/dev/xvda'];
const shape = z.looseObject({
  status: z.string(),
  problems: z.array(z.unknown()),
  disks: z.array(z.looseObject({ path: z.string(), size: z.number() })),
});
const info = async (name: string, vbdesk = cluster.vbdesk) =>
  z.object({ instance: shape }).parse(expectCode(await vbdesk('instance', 'info', name, '--json'), 0).json())
    .instance;
const hasBooted = (file: string) =>
  waitFor('the guest has booted', async () => (await guestMarks(file)).boots === 1);

const quick = {
  create_delay: 0.05,
  shutdown_delay: 0.05,
  destroy_delay: 0.05,
  loop_linger: 0.2,
  heartbeat: 0.2,
};
/** The start on this node fails, and what came before it is taken back. */
const failsToStart = async (node: string, args: readonly string[]): Promise<void> => {
  const { root } = cluster.node(node);
  await writeSettings(root, { ...quick, fail_create: 'out of memory' });
  expectCode(await cluster.vbdesk(...args, '--yes'), 1);
  await writeSettings(root, quick);
};

describe('reuse at creation', () => {
  const name = 'old1.example.org';
  const add = (...more: string[]): string[] => [
    ...['instance', 'add', '-t', `file:path=${storage},driver=loop,reuse`, '-n', 'node1:node2', '-o', 'none'],
    ...guest,
    ...more,
    name,
  ];

  it('refuses with every reason, and changes nothing', async () => {
    await refused(add(), 'so there is nothing to reuse');
    mkdirSync(at(name));
    await refused(add(), 'No file here is named like an image');
    makeImage(at(name, 'sda'));
    makeImage(at(name, 'sdc'), 32 * mib + 100);
    makeImage(at(name, 'backup.img'));
    symlinkSync('sda', at(name, 'sdd'));
    await refused(
      add(),
      'disk 1 is missing',
      'backup.img is not named like an image',
      `${32 * mib + 100} bytes, which is not a multiple of 512`,
      'sdd is a symbolic link',
    );
    rmSync(at(name, 'sdd'));
    rmSync(at(name, 'backup.img'));
    rmSync(at(name, 'sdc'));
    makeImage(at(name, 'sdb'), 64 * mib);
    await refused(
      add('--disk', '0:size=1G'),
      'One disk is said, but there are 2 images',
      'Disk 0 is said to have 1 GiB',
    );
  });

  it('what was made is taken back when the start fails; images and folder stay as they were', async () => {
    const files = [at(name, 'sda'), at(name, 'sdb')];
    const before = [inodes(...files), files.map((each) => statSync(each).mtimeMs)];
    await failsToStart('node1', add());
    expect(readdirSync(at(name)).toSorted()).toEqual(['sda', 'sdb']);
    expect([inodes(...files), files.map((each) => statSync(each).mtimeMs)]).toEqual(before);
  });

  it('shows what was found, takes it as it is, and starts', async () => {
    const before = inodes(at(name, 'sda'), at(name, 'sdb'));
    const dry = expectCode(
      await cluster.vbdesk(...add('--disk', '0', '--disk', '1:size=64M'), '--dry-run'),
      0,
    );
    expect(dry.stdout).toContain(`${storage}/${name}/sda is raw and has 32 MiB: taken as it is.`);
    expect(dry.stdout).toContain(`${storage}/${name}/sdb is raw and has 64 MiB: taken as it is.`);
    await done(...add());
    await hasBooted(at(name, 'sda'));
    expect(inodes(at(name, 'sda'), at(name, 'sdb'))).toEqual(before);
    expect([secretOf(at(name, 'sda')), secretOf(at(name, 'sdb'))]).toEqual([secret, secret]);
    expect(await info(name)).toMatchObject({
      status: 'running',
      problems: [],
      disks: [{ size: 32 * mib }, { size: 64 * mib }],
    });
    await refused(add(), 'it is an instance already');
  });

  it('never takes a disk that another instance has open', async () => {
    // the record is lost while the guest runs
    renameSync(at(name, 'instance.json'), at('record.kept'));
    await refused(add(), `has ${storage}/${name}/sda open`, `has a domain called ${name}`);
    renameSync(at('record.kept'), at(name, 'instance.json'));
    expect((await info(name)).status).toBe('running');
    await done('instance', 'shutdown', name);
  });
});

describe('a qcow2 image', () => {
  const name = 'cow1.example.org';
  const add = (driver: string): string[] => [
    ...['instance', 'add', '-t', `file:driver=${driver},reuse`, '-n', 'node1', '-o', 'none', '--no-start'],
    ...guest,
    name,
  ];
  const make = (...args: string[]): void => {
    rmSync(at(name), { recursive: true, force: true });
    mkdirSync(at(name));
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...args, at(name, 'sda'), '100M']);
  };

  it('is not taken by a driver that does not serve it', async () => {
    make();
    await refused(add('loop'), 'sda is qcow2 by its header. The driver loop serves raw images');
  });

  it('is not taken with a base outside: nothing of the run is left', async () => {
    makeImage(path.join(cluster.directory, 'secret.img'));
    make('-u', '-F', 'raw', '-b', path.join(cluster.directory, 'secret.img'));
    const outcome = await cluster.vbdesk(...add('blktap'), '--yes');
    // by the plan where the probe tells the base, else by the node under the lock
    expect([1, 3]).toContain(outcome.code);
    expect(outcome.stderr.replaceAll(/\s+/g, ' ')).toContain('secret.img');
    expect(readdirSync(at(name))).toEqual(['sda']);
  });

  it('is taken with the size that its guest sees', async () => {
    make();
    await done(...add('blktap'));
    expect(await info(name)).toMatchObject({
      status: 'stopped',
      problems: [],
      disks: [{ size: 100 * mib, type: 'qcow2', driver: 'blktap' }],
    });
  });
});

describe('adopting', () => {
  it('a folder as Ganeti left it', async () => {
    const name = 'ganeti1.example.org';
    const uuid = 'b2c6a3de-6d0f-4f0e-8f8c-1a2b3c4d5e6f';
    const files = [0, 1].map((disk) => at(name, `${uuid}.file.disk${disk}`));
    for (const each of files) makeImage(each);
    const before = inodes(...files);
    await refused(['image', 'adopt', `${storage}/${name}`, '-n', 'node1'], 'needs a kernel, or a bootloader');
    await done('image', 'adopt', `${storage}/${name}`, '-n', 'node1:node2', ...guest, '--start');
    await hasBooted(files[0] ?? '');
    expect(inodes(...files)).toEqual(before);
    expect(await info(name)).toMatchObject({
      status: 'running',
      problems: [],
      disks: [0, 1].map((disk) => ({ path: `${storage}/${name}/${uuid}.file.disk${disk}` })),
    });
    await done('instance', 'failover', name);
    await done('instance', 'shutdown', name);
  });

  it('a folder whose record was lost goes on as its xen.cfg says', async () => {
    const name = 'old1.example.org';
    const uuid = z
      .object({ uuid: z.string() })
      .parse(JSON.parse(readFileSync(at(name, 'instance.json'), 'utf8'))).uuid;
    appendFileSync(at(name, 'xen.cfg'), '# a word by hand\n');
    rmSync(at(name, 'instance.json'));
    await done('image', 'adopt', `${storage}/${name}`, '-n', 'node1');
    expect(readFileSync(at(name, 'xen.cfg'), 'utf8')).toContain('# a word by hand');
    expect(await info(name)).toMatchObject({ uuid, status: 'stopped', problems: [] });
    await done('instance', 'startup', name);
    await done('instance', 'shutdown', name);
  });

  it('files of two folders, which move into one and back when the start fails', async () => {
    const name = 'mixed.example.org';
    const files = [at('in1', 'root.img'), at('in2', 'data.img')];
    for (const each of files) makeImage(each);
    const before = inodes(...files);
    const words = (...more: string[]): string[] => [
      ...['image', 'adopt', `${storage}/in1/root.img`, `${storage}/in2/data.img`],
      ...['--name', name, '-n', 'node2', ...more, '--start'],
    ];
    await failsToStart('node2', words(...guest));
    expect(inodes(...files)).toEqual(before);
    expect(existsSync(at(name))).toBe(false);
    expect(readdirSync(at('in1'))).toEqual(['root.img']);
    await done(...words(...guest));
    expect(inodes(at(name, 'sda'), at(name, 'sdb'))).toEqual(before);
    expect(secretOf(at(name, 'sdb'))).toBe(secret);
    expect([readdirSync(at('in1')), readdirSync(at('in2'))]).toEqual([[], []]);
    await hasBooted(at(name, 'sda'));
    expect(await info(name)).toMatchObject({ status: 'running', problems: [] });
  });

  it('not while another node would start a guest on them at boot; a configuration by hand stays drift', async () => {
    const name = 'legacy.example.org';
    makeImage(at(name, 'sda'));
    const etc = (node: string, file: string) => path.join(cluster.node(node).root, 'etc/xen', file);
    const text = `name = 'other'\nmemory = 64\ndisk = ['file:${storage}/${name}/sda,xvda,w']\n`;
    const words = ['image', 'adopt', `${storage}/${name}`, '-n', 'node1', ...guest];
    writeFileSync(etc('node3', 'auto/10-other'), text);
    await refused(
      words,
      `/etc/xen/auto/10-other on node3 attaches ${storage}/${name}/sda: node3 would start that by itself at boot`,
    );
    rmSync(etc('node3', 'auto/10-other'));
    writeFileSync(etc('node2', 'other.cfg'), text);
    await refused(words, '--accept other-config', '/etc/xen/other.cfg on node2 attaches');
    await done(...words, '--accept', 'other-config');
    expect(await info(name)).toMatchObject({ problems: [{ code: 'other-config', node: 'node2' }] });
    writeFileSync(etc('node3', 'auto/10-other'), text);
    await refused(['instance', 'startup', name], 'remove /etc/xen/auto/10-other on node3');
    rmSync(etc('node3', 'auto/10-other'));
    rmSync(etc('node2', 'other.cfg'));
  }, 240_000);

  it('nothing outside of the storage, and no disk of an instance', async () => {
    await refused(
      ['image', 'adopt', '/etc/passwd', '--name', 'x1', '-n', 'node1', ...guest],
      'a directory of the system',
    );
    await refused(
      ['image', 'adopt', `${storage}/old1.example.org/sda`, '--name', 'x1', '-n', 'node1', ...guest],
      'sda is disk 0 of old1.example.org',
    );
  });
});

describe('a workstation that has never seen the cluster', () => {
  it('shows what has a record, and starts it', async () => {
    const other = makeWorkstation(path.join(cluster.directory, 'other'));
    expectCode(await other.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'), 0);
    expect(await info('old1.example.org', other.vbdesk)).toMatchObject({ status: 'stopped', problems: [] });
    expectCode(await other.vbdesk('instance', 'startup', 'old1.example.org', '--yes'), 0);
    expect((await info('old1.example.org')).status).toBe('running');
  });
});
