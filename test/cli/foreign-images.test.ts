/** Images of other products through the command line, on nodes that are real SSH servers, with the real qemu-img: converted, and imported. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Outcome, type SshdCluster, startSshdCluster } from '../support/cluster-of-sshd.ts';

vi.setConfig({ testTimeout: 240_000 });

let cluster: SshdCluster;
const shared = '/srv/ganeti/file-storage';
const mib = 1024 ** 2;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const done = async (...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0);
const refused = async (sentence: string, ...args: string[]): Promise<void> => {
  expect(expectCode(await cluster.vbdesk(...args, '--yes'), 3).stderr).toContain(sentence);
};
const at = (...parts: string[]): string => path.join(cluster.storage, ...parts);
const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });
const rawOf = (file: string, format: string): Buffer => {
  const out = path.join(cluster.directory, 'exported.raw');
  qemuImg('convert', '-f', format, '-O', 'raw', file, out);
  return readFileSync(out);
};
/** 8 MiB with something at both ends. */
const content = (): Buffer => {
  const bytes = Buffer.alloc(8 * mib);
  bytes.write('the beginning', 0);
  bytes.write('the end', 8 * mib - 512);
  return bytes;
};

beforeAll(async () => {
  cluster = await startSshdCluster({ names: ['node1', 'node2'] });
  await done('cluster', 'init', 'lab', ...cluster.initArguments());
  mkdirSync(at('import'));
  const raw = path.join(cluster.directory, 'content.raw');
  writeFileSync(raw, content());
  const make = (format: string, name: string, ...options: string[]) =>
    qemuImg('convert', '-f', 'raw', '-O', format, ...options, raw, at('import', name));
  make('vmdk', 'appliance.vmdk');
  make('vdi', 'appliance.vdi');
  make('vhdx', 'appliance.vhdx');
  make('vpc', 'fixed.vhd', '-o', 'subformat=fixed,force_size=on');
});
afterAll(() => cluster?.stop());

it('a file that no instance owns is converted beside itself, compared, and stays', async () => {
  const before = readFileSync(at('import/appliance.vmdk'));
  const { stderr } = await done('image', 'convert', `${shared}/import/appliance.vmdk`, '--to', 'raw');
  expect(stderr).toContain('Make appliance.raw of it, and compare them');
  expect(readFileSync(at('import/appliance.raw')).equals(content())).toBe(true);
  expect(readFileSync(at('import/appliance.vmdk')).equals(before)).toBe(true);
  expect(statSync(at('import/appliance.raw')).blocks * 512).toBeLessThan(mib);
  await done(
    ...['image', 'convert', `${shared}/import/appliance.vdi`, '--to', 'qcow2', '-n', 'node2'],
    ...['--target', `${shared}/golden/appliance.qcow2`],
  );
  expect(rawOf(at('golden/appliance.qcow2'), 'qcow2').equals(content())).toBe(true);
  // what tells no size is compared all the same, and one without a header is read as what it was said to be
  await done(
    'image',
    'convert',
    `${shared}/import/appliance.vhdx`,
    '--to',
    'raw',
    '--target',
    `${shared}/golden/x.raw`,
  );
  expect(readFileSync(at('golden/x.raw')).equals(content())).toBe(true);
  await done('image', 'convert', `${shared}/import/fixed.vhd`, '--from', 'vhd', '--to', 'raw');
  expect(readFileSync(at('import/fixed.raw')).equals(content())).toBe(true);
  expect(readdirSync(at('golden')).toSorted()).toEqual(['appliance.qcow2', 'x.raw']);
});

it('refuses with the reason, and never opens what names a file from elsewhere', async () => {
  const vmdk = `${shared}/import/appliance.vmdk`;
  await refused('is left as it is: choose another name', 'image', 'convert', vmdk, '--to', 'raw');
  await refused('shows no file', 'image', 'convert', `${shared}/import/none`, '--to', 'raw', '-n', 'node1');
  const wrong = expectCode(await cluster.vbdesk('image', 'convert', vmdk, '0', '--to', 'raw'), 2);
  expect(wrong.stderr).toContain("is said of an instance's disk, not of a path");
  const secret = path.join(cluster.directory, 'secret');
  writeFileSync(secret, 'x'.repeat(mib));
  qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', secret, '-F', 'raw', at('import/evil.qcow2'), '1M');
  for (const args of [
    ['image', 'convert', `${shared}/import/evil.qcow2`, '--to', 'raw'],
    [
      ...['instance', 'add', '-t', 'file', '--disk', `0:import=${shared}/import/evil.qcow2`, '-n', 'node1'],
      ...['-o', 'none', '-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start', 'evil1'],
    ],
  ]) {
    const outcome = await cluster.vbdesk(...args, '--yes');
    expect([1, 3]).toContain(outcome.code);
    expect(outcome.stderr).toContain('does not lie below a storage directory');
  }
  expect(readdirSync(at('import'))).not.toContain('evil.raw');
  expect(readdirSync(cluster.storage)).not.toContain('evil1');
});

it('an instance is created on a converted copy, as large as it shall be', async () => {
  const add = (name: string, disk: string, driver: string): string[] => [
    ...[
      'instance',
      'add',
      '-t',
      `file:driver=${driver}`,
      '--disk',
      `0:${disk}`,
      '-n',
      'node1:node2',
      '-o',
      'none',
    ],
    ...['-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start', name],
  ];
  const before = readFileSync(at('import/appliance.vmdk'));
  await done(...add('imported1', `import=${shared}/import/appliance.vmdk`, 'loop'));
  expect(readFileSync(at('imported1/sda')).equals(content())).toBe(true);
  await done(...add('imported2', `import=${shared}/import/appliance.vdi,type=qcow2,size=24M`, 'blktap'));
  expect(
    rawOf(at('imported2/sda'), 'qcow2')
      .subarray(0, 8 * mib)
      .equals(content()),
  ).toBe(true);
  expect(qemuImg('info', at('imported2/sda'))).toContain('24 MiB');
  await refused(
    'do not fit into',
    ...add('imported3', `import=${shared}/import/appliance.vmdk,size=4M`, 'loop'),
  );
  await refused(
    'say it, as in size=10G',
    ...add('imported3', `import=${shared}/import/appliance.vhdx`, 'loop'),
  );
  await done(...add('imported3', `import=${shared}/import/appliance.vhdx,size=8M`, 'loop'));
  expect(readFileSync(at('import/appliance.vmdk')).equals(before)).toBe(true);
  expectCode(await cluster.vbdesk('cluster', 'verify'), 0);
});

it('the template directory is one setting of the cluster, which other workstations learn of', async () => {
  expect((await done('cluster', 'info')).stdout).toMatch(/Templates: +\.templates of each storage directory/);
  expect(expectCode(await cluster.vbdesk('cluster', 'modify'), 2).stderr).toContain('What shall change?');
  await refused('a directory of the system', 'cluster', 'modify', '--template-dir', '/etc/x');
  await done('image', 'copy', `node1:${shared}/import/appliance.raw`, `node2:${shared}/templates/base.raw`);
  await done('cluster', 'modify', 'lab', '--template-dir', `${shared}/templates`);
  expect((await done('os', 'list')).stdout).toMatch(
    /template:base\.raw +raw image.*node1,node2 +.*templates\/base\.raw/,
  );
  await refused('already', 'cluster', 'modify', '--template-dir', `${shared}/templates`);
  await done(
    ...[
      'instance',
      'add',
      '-t',
      'file',
      '--disk',
      '0:size=12M',
      '-n',
      'node1:node2',
      '-o',
      'template:base.raw',
    ],
    ...['-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start', 'golden1'],
  );
  expect(
    readFileSync(at('golden1/sda'))
      .subarray(0, 8 * mib)
      .equals(content()),
  ).toBe(true);
  expect(statSync(at('golden1/sda')).size).toBe(12 * mib);
  // the nodes tell a workstation that knows them only by an older file
  const file = path.join(cluster.configDirectory, 'clusters/lab.json');
  const older: unknown = JSON.parse(readFileSync(file, 'utf8'));
  expect(older).toMatchObject({ templateDirectory: `${shared}/templates` });
  if (typeof older !== 'object' || older === null) throw new Error('no file');
  writeFileSync(file, JSON.stringify({ ...older, templateDirectory: undefined }));
  expect((await done('cluster', 'info')).stdout).toContain(`${shared}/templates`);
  await done('cluster', 'modify', '--template-dir', 'default');
  expect((await done('os', 'list')).stdout).toContain('There is no template image');
});

it('a template directory beside the storage is one of each node; who writes there on another node stops the copy', async () => {
  const golden = (node: string): string => path.join(cluster.node(node).root, 'srv/golden');
  for (const node of ['node1', 'node2']) {
    mkdirSync(golden(node), { recursive: true });
    writeFileSync(path.join(golden(node), 'base.raw'), content());
  }
  await done('cluster', 'modify', '--template-dir', '/srv/golden');
  expect((await done('os', 'list')).stdout).toContain('/srv/golden/base.raw');
  const words = [
    ...['instance', 'add', '-t', 'file', '--disk', '0:size=8M', '-n', 'node1:node2'],
    ...['-o', 'template:base.raw', '-B', 'memory=128M', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start'],
  ];
  // whether node2 has the same directory mounted is not known: it is asked as well
  const writer = openSync(path.join(golden('node2'), 'base.raw'), 'r+');
  try {
    const { stderr } = expectCode(await cluster.vbdesk(...words, 'golden2', '--yes'), 1);
    expect(stderr).toContain('Being written to on this node: /srv/golden/base.raw');
    expect(stderr).toContain('It was taken back: nothing of it stands.');
    expect(existsSync(at('golden2'))).toBe(false);
  } finally {
    closeSync(writer);
  }
  await done(...words, 'golden2');
  expect(readFileSync(at('golden2/sda')).equals(content())).toBe(true);
  await done('cluster', 'modify', '--template-dir', `${shared}/templates`);
  await refused('is where the cluster looks for templates', 'image', 'remove', `${shared}/templates`);
  await refused(
    'is where the cluster looks for templates',
    ...['image', 'adopt', `${shared}/templates`, '--name', 'from-templates', '-n', 'node1'],
  );
});
