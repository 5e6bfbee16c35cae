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
