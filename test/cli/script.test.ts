/** A plan as a script, from the command line: written and nothing else; run by hand on a node. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeEnvironment } from '../../main/practice/node-root.ts';
import { type SshdCluster, startSshdCluster, treeOfCluster } from '../support/cluster-of-sshd.ts';

let cluster: SshdCluster;
beforeAll(async () => {
  cluster = await startSshdCluster();
});
afterAll(() => cluster?.stop());

it('writes a new file, touches nothing, and refuses what must not run', async () => {
  const init = await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes');
  expect(init.code, init.stderr).toBe(0);
  const before = await treeOfCluster(cluster);
  const file = path.join(cluster.directory, 'create.sh');
  const words = (name: string): string[] => [
    ...[
      'instance',
      'add',
      '-t',
      'file:driver=loop',
      '--disk',
      '0:size=16M',
      '-n',
      'node1:node2',
      '-o',
      'none',
    ],
    ...['-B', 'memory=64M,vcpus=1', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start', name],
  ];
  const written = await cluster.vbdesk(...words('web1.example.org'), '--script', file);
  expect(written.code, written.stderr).toBe(0);
  expect(written.stdout).toContain(`Written to ${file}`);
  expect(statSync(file).mode & 0o777).toBe(0o700);
  expect(await treeOfCluster(cluster)).toBe(before);

  const again = await cluster.vbdesk(...words('web1.example.org'), '--script', file, '--json');
  expect(again.code).toBe(2);
  expect(again.json()).toMatchObject({ error: { code: 'script-file' } });
  const blocked = await cluster.vbdesk('instance', 'failover', 'nobody.example.org', '--script', `${file}.2`);
  expect(blocked.code).not.toBe(0);
  expect(existsSync(`${file}.2`)).toBe(false);
  const none = await cluster.vbdesk('cluster', 'forget', 'lab', '--yes', '--script', `${file}.3`);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain('no one plan');

  // to stdout it is the same but for its run's name, times and chance
  const shown = await cluster.vbdesk(...words('web1.example.org'), '--script', '-');
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout.split('\n').length).toBe(readFileSync(file, 'utf8').split('\n').length);

  const root = cluster.nodes[0]?.root ?? '';
  const said = execFileSync('/bin/sh', [file, 'node1', '1'], {
    env: nodeEnvironment(root),
    encoding: 'utf8',
  });
  expect(said).toContain('All of it is done.');
  const list = await cluster.vbdesk('instance', 'list', '--json');
  expect(list.stdout).toContain('web1.example.org');
});

it('writes a draft as one script of changes that build on each other', async () => {
  const draft = path.join(cluster.directory, 'friday.vbdesk.yaml');
  const ok = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.vbdesk(...words);
    expect(code, `${words.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
    return stdout;
  };
  await ok('draft', 'new', draft, '--cluster', 'lab');
  await ok(
    ...['instance', 'add', '-t', 'file:driver=loop', '--disk', '0:size=16M', '-n', 'node2', '-o', 'none'],
    ...['-B', 'memory=64M,vcpus=1', '-H', 'kernel=/boot/vmlinuz-practice', '--no-start', 'web2.example.org'],
    ...['--draft', draft],
  );
  await ok('image', 'grow', 'web2.example.org', '0', '24M', '--draft', draft);
  const both = await cluster.vbdesk(
    'instance',
    'startup',
    'web2.example.org',
    '--draft',
    draft,
    '--script',
    'x',
  );
  expect(both.code).toBe(2);
  const file = path.join(cluster.directory, 'friday.sh');
  const before = await treeOfCluster(cluster);
  const unread = await cluster.vbdesk('draft', 'script', draft, '--script', file);
  expect(unread.code).toBe(3);
  expect(unread.stderr).toContain('nobody has read its plan yet');
  expect(existsSync(file)).toBe(false);
  await ok('draft', 'review', draft, '--yes');
  await ok('draft', 'script', draft, '--script', file);
  expect(await treeOfCluster(cluster)).toBe(before);
  expect(readFileSync(file, 'utf8')).toContain('# 2. ');

  let words: string[] = ['node2', '1'];
  for (;;) {
    const root = cluster.nodes.find(({ name }) => name === words[0])?.root ?? '';
    const said = execFileSync('/bin/sh', [file, ...words], { env: nodeEnvironment(root), encoding: 'utf8' });
    const next = said.split('\n').findLast((line) => line.includes(`sh ${file} `));
    if (next === undefined) {
      expect(said).toContain('All of it is done.');
      break;
    }
    words = (next.split(`sh ${file} `)[1] ?? '').trim().split(' ');
  }
  expect(await ok('instance', 'info', 'web2.example.org', '--json')).toContain(String(24 * 2 ** 20));
  expect(statSync(path.join(cluster.storage, 'web2.example.org', 'sda')).size).toBe(24 * 2 ** 20);
});
