/** What is refused: hostile and silly input, and that nothing ran on any node because of it. Usage, and the shape of errors. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type Outcome,
  type SshdCluster,
  sessionsOf,
  startSshdCluster,
  treeOfCluster,
} from '../support/cluster-of-sshd.ts';

let cluster: SshdCluster;
let untouched: string;
beforeAll(async () => {
  cluster = await startSshdCluster();
  for (const { root } of cluster.nodes) {
    mkdirSync(path.join(root, 'srv/real'), { recursive: true });
    // on the node it leads to /etc
    symlinkSync(path.join(root, 'etc'), path.join(root, 'srv/link'));
  }
  const init = await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes');
  expect(init.code, init.stderr).toBe(0);
  untouched = await treeOfCluster(cluster);
});
afterAll(() => cluster?.stop());

const errorShape = z.looseObject({ error: z.object({ code: z.string(), message: z.string().min(10) }) });

const refused = async (outcome: Promise<Outcome>, code: number): Promise<Outcome> => {
  const ended = await outcome;
  expect(ended.code, `stdout:\n${ended.stdout}\nstderr:\n${ended.stderr}`).toBe(code);
  expect(await treeOfCluster(cluster)).toBe(untouched);
  return ended;
};

type Words = { name?: string; disk?: string; template?: string; node?: string; extra?: string[] };
const add = ({ name = 'good', disk = '0:size=8M', template = 'file', node = 'node1', extra = [] }: Words) => [
  ...['instance', 'add', '-t', template, '--disk', disk, '-n', node, '-o', 'none', '-B', 'memory=64M'],
  ...['-H', 'kernel=/boot/vmlinuz-practice', ...extra, name],
];

/** Refused by the words alone: not even a connection is opened. */
const byWords: [string, Words, RegExp][] = [
  ['a semicolon in the name', { name: 'web;reboot' }, /named like a host/],
  ['a command substitution', { name: '$(reboot)' }, /named like a host/],
  ['backquotes', { name: '`reboot`' }, /named like a host/],
  ['dots that lead upwards', { name: '../../etc' }, /named like a host/],
  ['dots alone', { name: '..' }, /named like a host/],
  ['a slash', { name: 'a/b' }, /named like a host/],
  ['a newline', { name: 'web\nreboot' }, /named like a host/],
  ['a leading hyphen', { name: '-rf' }, /no option/],
  ['a leading hyphen behind --', { extra: ['--'], name: '-rf' }, /named like a host|no option/],
  ['unicode', { name: 'wéb' }, /named like a host/],
  ['a name that reads from right to left', { name: 'web\u202egpj' }, /named like a host/],
  ['a quote', { name: "web'1" }, /named like a host/],
  ['a space', { name: 'web 1' }, /named like a host/],
  ['an empty name', { name: '' }, /named like a host/],
  ['a name that xl takes for a number', { name: '12' }, /domain number/],
  ['a size of 0', { disk: '0:size=0' }, /size.*above 0/],
  ['a negative size', { disk: '0:size=-5G' }, /size.*above 0/],
  ['a size of 1e30', { disk: '0:size=1e30' }, /size.*above 0/],
  ['a size that no number holds', { disk: '0:size=99999999999999999999P' }, /too large/],
  ['a size with a command', { disk: '0:size=5G;reboot' }, /size.*above 0/],
  ['no node', { node: '' }, /node/],
  ['a node with a command', { node: 'node1;reboot' }, /named like a host/],
  [
    'the root as storage directory',
    { template: 'file:path=/' },
    /system|file system|not normalised|empty part/,
  ],
  ['/etc as storage directory', { template: 'file:path=/etc' }, /directory of the system/],
  ['a way into /etc', { template: 'file:path=/srv/../etc' }, /not normalised/],
  ['a relative storage directory', { template: 'file:path=srv' }, /not absolute/],
];

describe('hostile input of instance add', () => {
  it.each(byWords)('%s', async (_title, words, sentence) => {
    const before = sessionsOf(cluster);
    const outcome = await refused(cluster.vbdesk(...add(words), '--yes'), 2);
    expect(outcome.stderr).toMatch(sentence);
    expect(outcome.stderr).not.toMatch(/at .*\.ts:|Error:/);
    expect(sessionsOf(cluster)).toBe(before);
  });

  it('a storage directory that the cluster does not have', async () => {
    const outcome = await refused(cluster.vbdesk(...add({ template: 'file:path=/srv/other' }), '--yes'), 3);
    expect(outcome.stderr).toContain('/srv/ganeti/file-storage');
  });

  it('a node that the cluster does not have', async () => {
    const outcome = await refused(cluster.vbdesk(...add({ node: 'nod1' }), '--yes'), 2);
    expect(outcome.stderr).toMatch(/Did you mean node1/);
  });
});

describe('hostile input of cluster init', () => {
  const byInit: [string, string[], RegExp][] = [
    ['/ as storage directory', ['--storage-dir', '/'], /whole file system/],
    ['/etc as storage directory', ['--storage-dir', '/etc'], /directory of the system/],
    [
      '/usr/local/share as storage directory',
      ['--storage-dir', '/usr/local/share'],
      /directory of the system/,
    ],
    ['/var as storage directory', ['--storage-dir', '/var'], /holds .* directory of the system/],
    ['a way upwards', ['--storage-dir', '/srv/../etc'], /not normalised/],
    ['a newline in it', ['--storage-dir', '/srv/a\nb'], /not allowed/],
    ['a command in it', ['--storage-dir', '/srv/$(reboot)'], /not allowed/],
    ['an option as host', ['--node', '-oProxyCommand=reboot'], /named like a host/],
    ['an option as host behind a name', ['--node', 'x=-oProxyCommand'], /NAME=/],
    ['a command as host', ['--node', 'x=host;reboot'], /NAME=/],
    ['a command as user', ['--ssh-user', 'a b'], /login name/],
    ['no such key', ['--identity', '/no/such/key'], /can't be read/],
  ];
  it.each(byInit)('%s', async (_title, words, sentence) => {
    const before = sessionsOf(cluster);
    const outcome = await refused(
      cluster.vbdesk('cluster', 'init', 'other', ...cluster.initArguments(), ...words, '--yes'),
      2,
    );
    expect(outcome.stderr).toMatch(sentence);
    expect(sessionsOf(cluster)).toBe(before);
  });

  it('a symbolic link to /etc, which only the node can tell', async () => {
    const outcome = await refused(
      cluster.vbdesk(
        'cluster',
        'init',
        'lab',
        ...cluster.initArguments(),
        '--storage-dir',
        '/srv/link',
        '--yes',
      ),
      3,
    );
    expect(outcome.stderr).toMatch(/symbolic link/);
  });

  it('the practice cluster’s name, and a name that is none', async () => {
    const nodes = cluster.initArguments();
    const practice = await refused(cluster.vbdesk('cluster', 'init', 'practice', ...nodes, '--yes'), 2);
    expect(practice.stderr).toContain('practice cluster');
    const odd = await refused(cluster.vbdesk('cluster', 'init', '../lab', ...nodes, '--yes'), 2);
    expect(odd.stderr).toContain('named like a host');
  });
});

describe('usage', () => {
  it('tells errors as JSON when that is asked for', async () => {
    const cases: [string[], number, string][] = [
      [['frobnicate'], 2, 'usage'],
      [[], 2, 'usage'],
      [['instance', 'info'], 2, 'usage'],
      [['instance', 'info', 'nosuch'], 2, 'unknown-instance'],
      [['node', 'list', '--cluster', 'nosuch'], 2, 'unknown-cluster'],
      [['run', 'show', 'nosuch'], 2, 'unknown-run'],
      [['instance', 'shutdown', 'x', '--timeout', 'soon', '--yes'], 2, 'bad-input'],
      [add({ name: ';' }), 2, 'bad-input'],
      [[...add({ template: 'file:path=/srv/other' }), '--yes'], 3, 'refused'],
      [[...add({ template: 'file:path=/srv/other' }), '--dry-run'], 3, 'refused'],
      [add({}), 2, 'nobody-to-ask'],
    ];
    for (const [words, code, error] of cases) {
      const outcome = await refused(cluster.vbdesk(...words, '--json'), code);
      expect(errorShape.parse(outcome.json()).error.code, words.join(' ')).toBe(error);
    }
  });

  it('gives every reason of a plan at once', async () => {
    const outcome = await refused(
      cluster.vbdesk(
        ...add({ template: 'file:path=/srv/other', extra: ['-B', 'memory=900G'] }),
        '--yes',
        '--json',
      ),
      3,
    );
    const { reasons } = z
      .looseObject({ reasons: z.array(z.looseObject({ code: z.string(), severity: z.string() })) })
      .parse(outcome.json());
    expect(reasons.filter((each) => each.severity === 'blocks').length).toBeGreaterThan(1);
  });

  it('explains itself', async () => {
    for (const words of [
      [],
      ['cluster', 'init'],
      ['instance', 'add'],
      ['instance', 'failover'],
      ['run', 'undo'],
    ]) {
      const help = await refused(cluster.vbdesk(...words, '--help'), 0);
      expect(help.stdout).toMatch(/Usage: vbdesk/);
      expect(help.stdout).toContain('--dry-run');
    }
  });

  it('asks which cluster when there are several', async () => {
    const file = path.join(cluster.configDirectory, 'clusters/lab.json');
    const second = path.join(cluster.configDirectory, 'clusters/spare.json');
    const text = await readFile(file, 'utf8');
    await writeFile(second, text.replace('"lab"', '"spare"'));
    const outcome = await refused(cluster.vbdesk('instance', 'list'), 2);
    expect(outcome.stderr).toMatch(/lab, spare/);
    await rm(second);
  });
});
