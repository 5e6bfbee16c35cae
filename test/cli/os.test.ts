/** Operating systems through the command line, against real OpenSSH servers: templates, OS definitions, refusals. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { nodeEnvironment } from '../../main/practice/node-root.ts';
import { putOperatingSystems } from '../../main/practice/operating-systems.ts';
import {
  type Outcome,
  type SshdCluster,
  startSshdCluster,
  treeOfCluster,
} from '../support/cluster-of-sshd.ts';

let cluster: SshdCluster;
const mib = 1 << 20;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const add = (name: string, os: string, ...more: string[]): string[] => [
  'instance',
  'add',
  '-t',
  'file',
  '-n',
  'node1:node2',
  '-o',
  os,
  '-B',
  'memory=256M',
  '-H',
  'type=pv,kernel=/boot/vmlinuz-practice',
  ...more,
  name,
];
const at = (...parts: string[]): string => path.join(cluster.storage, ...parts);
/** What the node's losetup lists. */
const loops = (): string => {
  const { root } = cluster.node('node1');
  return execFileSync('losetup', ['-a'], { env: nodeEnvironment(root), encoding: 'utf8' });
};
const define = (name: string, create: string, version = '20'): void => {
  const place = path.join(cluster.directory, 'shared/os', name);
  mkdirSync(place, { recursive: true });
  writeFileSync(path.join(place, 'ganeti_api_version'), `${version}\n`);
  writeFileSync(path.join(place, 'parameters.list'), 'password\tof root\nmirror\n');
  writeFileSync(path.join(place, 'create'), `#!/bin/sh\n${create}\n`, { mode: 0o755 });
};

beforeAll(async () => {
  cluster = await startSshdCluster();
  expectCode(await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'), 0);
  await putOperatingSystems(path.join(cluster.directory, 'shared'));
});
afterAll(() => cluster?.stop());

it('lists what there is, and tells of one', async () => {
  const { stdout } = expectCode(await cluster.vbdesk('os', 'list'), 0);
  expect(stdout).toMatch(/^template:practice-guest\.raw +raw image, 64 MiB, .* node1,node2,node3 /m);
  expect(stdout).toMatch(
    /^practice\+greeting +OS definition +node1,node2,node3 +\/srv\/ganeti\/os\/practice/m,
  );
  const info = expectCode(await cluster.vbdesk('os', 'info', 'practice'), 0).stdout;
  expect(info).toContain('greeting: What the variant greeting writes');
  expect(info).toMatch(/Scripts: +create, import, export, rename, verify/);
  expect(expectCode(await cluster.vbdesk('os', 'info', 'none-such'), 2).stderr).toContain(
    'vbdesk os list shows',
  );
  const json = z
    .looseObject({ templates: z.array(z.looseObject({ os: z.string(), size: z.number() })) })
    .parse(expectCode(await cluster.vbdesk('os', 'list', '--json'), 0).json());
  expect(json.templates).toMatchObject([{ os: 'template:practice-guest.raw', size: 64 * mib }]);
});

it('an OS definition installs it, and what it prints is told; nothing stays attached', async () => {
  const words = add(
    'web1',
    'practice+greeting',
    '--disk',
    '0:size=8M',
    '--disk',
    '1:size=4M',
    '-O',
    'greeting=hello\\, world',
    '--no-start',
  );
  const { stderr } = expectCode(await cluster.vbdesk(...words, '--yes'), 0);
  expect(stderr).toContain('Installing practice greeting for web1: 2 disk(s), 0 network card(s).');
  expect(stderr).toContain('Wrote to disk 0: hello, world');
  expect(readFileSync(at('web1/sda')).toString('latin1', 64 * 512, 64 * 512 + 12)).toBe('hello, world');
  expect([statSync(at('web1/sda')).size, statSync(at('web1/sdb')).size]).toEqual([8 * mib, 4 * mib]);
  expect(JSON.parse(readFileSync(at('web1/instance.json'), 'utf8'))).toMatchObject({
    os: 'practice+greeting',
  });
  expect(loops()).toBe('');
  // what it wrote is on the disk that the guest gets
  expectCode(await cluster.vbdesk('instance', 'start', 'web1', '--yes'), 0);
});

it('a secret reaches the script, and is printed by no command', async () => {
  define(
    'keeper',
    'printf %s "$OSP_PASSWORD" | dd of="$DISK_0_PATH" conv=notrunc 2>/dev/null; tr "\\0" " " <"/proc/$PPID/cmdline"',
  );
  const words = add(
    'web2',
    'keeper',
    '--disk',
    '0:size=4M',
    '--os-parameters-secret',
    'password=hunter2',
    '--no-start',
  );
  const dry = expectCode(await cluster.vbdesk(...words, '--dry-run', '--json'), 0);
  expect(dry.stdout).not.toContain('hunter2');
  const { stderr } = expectCode(await cluster.vbdesk(...words, '--yes'), 0);
  expect(stderr).not.toContain('hunter2');
  expect(readFileSync(at('web2/sda')).toString('latin1', 0, 7)).toBe('hunter2');
  const runs = z
    .array(z.looseObject({ id: z.string() }))
    .parse(expectCode(await cluster.vbdesk('run', 'list', '--json'), 0).json());
  const shown = expectCode(await cluster.vbdesk('run', 'show', runs[0]?.id ?? '', '--json'), 0).stdout;
  expect(shown).toContain('keeper');
  expect(shown).not.toContain('hunter2');
});

it('one that fails: its output is told, all is taken back, nothing stays attached', async () => {
  define('failing', 'echo "fetching from $OSP_MIRROR"; echo "no mirror answers" >&2; exit 7');
  const { stderr } = expectCode(
    await cluster.vbdesk(...add('web3', 'failing', '--disk', '0:size=4M', '-O', 'mirror=ftp', '--yes')),
    1,
  );
  expect(stderr).toContain('fetching from ftp');
  expect(stderr).toContain('no mirror answers');
  expect(stderr).toContain('/srv/ganeti/os/failing/create failed with exit code 7');
  expect(stderr).toContain('It was taken back: nothing of it stands.');
  expect(existsSync(at('web3'))).toBe(false);
  expect(loops()).not.toContain('web3');
});

it('a template is copied, of either type, and grown', async () => {
  const { stderr } = expectCode(
    await cluster.vbdesk(
      ...add(
        'web4',
        'template:practice-guest.raw',
        '--disk',
        '0:size=100M',
        '--disk',
        '1:size=1M',
        '--no-start',
        '--yes',
      ),
    ),
    0,
  );
  expect(stderr).toContain('Copy the template practice-guest.raw to sda');
  const made = readFileSync(at('web4/sda'));
  expect(made.length).toBe(100 * mib);
  expect(made.subarray(0, 64 * mib).equals(readFileSync(at('.templates/practice-guest.raw')))).toBe(true);
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', at('.templates/small.qcow2'), '4M']);
  // neither size nor type are said: both are the template's
  expectCode(
    await cluster.vbdesk(
      ...add(
        'web5',
        'template:small.qcow2',
        '--disk',
        '0',
        '--no-start',
        '--yes',
        '-t',
        'file:driver=blktap',
      ),
    ),
    0,
  );
  const record: unknown = JSON.parse(readFileSync(at('web5/instance.json'), 'utf8'));
  expect(record).toMatchObject({
    disks: [{ size: 4 * mib, logical_id: ['blktap', 'qcow2', '/srv/ganeti/file-storage/web5/sda'] }],
  });
});

it('refused with a sentence, and nothing has changed', async () => {
  define('ancient', 'exit 0', '10');
  const handle = openSync(at('.templates/big.raw'), 'w');
  writeSync(handle, 'x');
  closeSync(handle);
  truncateSync(at('.templates/big.raw'), 50 * mib);
  const rows: [string, string[], string][] = [
    ['solaris', [], 'node1 has no OS definition solaris'],
    ['practice', [], 'one has to be said: practice+plain and practice+greeting'],
    ['ancient', [], 'VBDesk speaks 20 and 15'],
    ['practice+plain', ['-O', 'colour=red'], 'practice has no parameter colour'],
    ['template:none.raw', [], 'shows no template none.raw'],
    ['template:big.raw', [], 'do not fit on disk 0 with 8 MiB'],
  ];
  const tree = async (): Promise<string> =>
    (await treeOfCluster(cluster))
      .split('\n')
      .filter((line) => !line.includes('web1/') && !line.includes('/console/'))
      .join('\n');
  const before = await tree();
  for (const [os, more, sentence] of rows) {
    const { stderr } = expectCode(
      await cluster.vbdesk(...add('web9', os, '--disk', '0:size=8M', ...more, '--yes')),
      3,
    );
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(sentence);
  }
  expect(
    expectCode(await cluster.vbdesk(...add('web9', 'a b', '--disk', '0:size=8M', '--yes')), 2).stderr,
  ).toContain('is no operating system');
  expect(await tree()).toBe(before);
});
