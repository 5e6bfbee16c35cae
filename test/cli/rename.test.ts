/** Rename, OS export and OS import through the command line, against real OpenSSH servers. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { nodeEnvironment } from '../../main/practice/node-root.ts';
import { putOperatingSystems } from '../../main/practice/operating-systems.ts';
import {
  type Outcome,
  type SshdCluster,
  startSshdCluster,
  treeOfCluster,
} from '../support/cluster-of-sshd.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let cluster: SshdCluster;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const done = async (...args: string[]): Promise<string> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), 0).stderr;
const failed = async (code: number, ...args: string[]): Promise<string> =>
  expectCode(await cluster.vbdesk(...args, '--yes'), code).stderr.replaceAll(/\s+/g, ' ');
const add = (name: string, os: string, ...more: string[]): string[] => [
  ...['instance', 'add', '-t', 'file', '-n', 'node1:node2', '-o', os, '-B', 'memory=128M', '--no-start'],
  ...['-H', 'type=pv,kernel=/boot/vmlinuz-practice', '--disk', '0:size=8M', ...more, name],
];
const at = (...parts: string[]): string => path.join(cluster.storage, ...parts);
const textOn = (image: string, length: number): string =>
  readFileSync(at(image)).toString('latin1', 64 * 512, 64 * 512 + length);
const recordOf = (folder: string): unknown => JSON.parse(readFileSync(at(folder, 'instance.json'), 'utf8'));
const loops = (): string => {
  const { root } = cluster.node('node1');
  return execFileSync('losetup', ['-a'], { env: nodeEnvironment(root), encoding: 'utf8' });
};
const backup = (...parts: string[]): string => path.join(cluster.node('node1').root, 'srv/backup', ...parts);
const define = (name: string, scripts: Record<string, string>): void => {
  const place = path.join(cluster.directory, 'shared/os', name);
  mkdirSync(place, { recursive: true });
  writeFileSync(path.join(place, 'ganeti_api_version'), '20\n');
  for (const [script, text] of Object.entries(scripts))
    writeFileSync(path.join(place, script), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
};
const tree = async (): Promise<string> =>
  (await treeOfCluster(cluster))
    .split('\n')
    .filter((line) => !line.includes('/console/'))
    .join('\n');

beforeAll(async () => {
  cluster = await startSshdCluster();
  await done('cluster', 'init', 'lab', ...cluster.initArguments());
  await putOperatingSystems(path.join(cluster.directory, 'shared'));
  mkdirSync(backup(), { recursive: true });
  await done(...add('web1', 'practice+plain', '--disk', '1:size=4M', '--net', '0:bridge=xenbr0'));
});
afterAll(() => cluster?.stop());

it('a stopped instance gets another name everywhere, and its system is told', async () => {
  const before = recordOf('web1');
  const inode = statSync(at('web1')).ino;
  writeFileSync(at('web1/xen.cfg'), `${readFileSync(at('web1/xen.cfg'), 'utf8')}# mine\n`);
  const stderr = await done('instance', 'rename', 'web1', 'www', '--os-rename');
  expect(stderr).toContain('Renaming web1 to www on disk 0.');
  expect(existsSync(at('web1'))).toBe(false);
  expect(statSync(at('www')).ino).toBe(inode);
  const place = '/srv/ganeti/file-storage/www';
  expect(recordOf('www')).toMatchObject({
    ...(before as Record<string, unknown>),
    name: 'www',
    id: expect.any(String),
    ancestors: expect.any(Array),
    written: expect.any(Object),
    place: { path: place, inode },
    disks: [{ logical_id: ['loop', 'raw', `${place}/sda`] }, { logical_id: ['loop', 'raw', `${place}/sdb`] }],
  });
  const config = readFileSync(at('www/xen.cfg'), 'utf8');
  expect(config).toContain('www');
  expect(config).toContain('# mine');
  expect(config).not.toContain('web1');
  expect(textOn('www/sda', 16)).toBe('practice for www');
  expect(readdirSync(at('www')).toSorted()).toEqual(['instance.json', 'sda', 'sdb', 'xen.cfg']);
  expect(loops()).toBe('');
  // what it has now is what starts; and while it runs it keeps its name
  await done('instance', 'start', 'www');
  expect(await failed(3, 'instance', 'rename', 'www', 'web1')).toContain(
    'Its domain, its folder and its disks go by that name while it runs',
  );
  await done('instance', 'stop', 'www', '--timeout', '0');
  await done('instance', 'rename', 'www', 'web1');
  // nobody asked for the script
  expect(textOn('web1/sda', 16)).toBe('practice for www');
});

it('a script that fails takes the new name back', async () => {
  define('stubborn', { create: 'exit 0', rename: 'echo "I stay $OLD_INSTANCE_NAME"; exit 4' });
  await done(...add('web2', 'stubborn'));
  const [record, config] = [recordOf('web2'), readFileSync(at('web2/xen.cfg'), 'utf8')];
  const stderr = await failed(1, 'instance', 'rename', 'web2', 'other', '--os-rename');
  expect(stderr).toContain('I stay web2');
  expect(stderr).toContain('stubborn/rename failed with exit code 4');
  expect(stderr).toContain('It was taken back');
  expect(stderr).toContain('stubborn/rename was begun on node1, and what it wrote into the images stays');
  expect(existsSync(at('other'))).toBe(false);
  expect(readFileSync(at('web2/xen.cfg'), 'utf8')).toBe(config);
  expect(recordOf('web2')).toMatchObject({
    ...(record as Record<string, unknown>),
    id: expect.any(String),
    ancestors: expect.any(Array),
    written: expect.any(Object),
  });
  expect(readdirSync(at('web2')).toSorted()).toEqual(['instance.json', 'sda', 'xen.cfg']);
  expect(loops()).toBe('');
  await done('instance', 'start', 'web2');
  await done('instance', 'stop', 'web2', '--timeout', '0');
});

it('what the export script makes of a disk is a file on the node, which its import script reads', async () => {
  const stderr = await done('instance', 'os-export', 'web1', '--output', '/srv/backup/web1.gz');
  expect(stderr).toContain('Exporting disk 0 of web1.');
  expect(gunzipSync(readFileSync(backup('web1.gz'))).equals(readFileSync(at('web1/sda')))).toBe(true);
  expect(statSync(backup('web1.gz')).mode & 0o777).toBe(0o600);
  expect(readdirSync(backup())).toEqual(['web1.gz']);
  expect(readdirSync(at('web1')).toSorted()).toEqual(['instance.json', 'sda', 'sdb', 'xen.cfg']);
  expect(loops()).not.toContain('web1');
  // never over a file that is there
  expect(await failed(1, 'instance', 'os-export', 'web1', '--output', '/srv/backup/web1.gz')).toContain(
    '/srv/backup/web1.gz exists already and is left as it is',
  );
  await done(
    ...add('web3', 'practice+plain', '--disk', '1:size=8M', '--os-import', '/srv/backup/web1.gz'),
    ...['--os-import', '1:/srv/backup/web1.gz'],
  );
  for (const disk of ['sda', 'sdb'])
    expect(readFileSync(at('web3', disk)).equals(readFileSync(at('web1/sda')))).toBe(true);
  expect(loops()).not.toContain('web3');
  expect(readdirSync(at('web3')).toSorted()).toEqual(['instance.json', 'sda', 'sdb', 'xen.cfg']);
});

it('an export or import that fails leaves nothing', async () => {
  define('failing', {
    create: 'exit 0',
    export: 'echo half; echo "disk is odd" >&2; exit 5',
    import: 'cat; echo " is no dump of mine"; exit 6',
  });
  await done(...add('web4', 'failing'));
  const exported = await failed(1, 'instance', 'os-export', 'web4', '--output', '/srv/backup/web4');
  expect(exported).toContain('disk is odd');
  expect(exported).toContain('failing/export failed with exit code 5');
  expect(readdirSync(backup())).toEqual(['web1.gz']);
  writeFileSync(backup('note'), 'a note');
  const imported = await failed(1, ...add('web5', 'failing', '--os-import', '/srv/backup/note'));
  expect(imported).toContain('a note is no dump of mine');
  expect(imported).toContain('failing/import failed with exit code 6');
  expect(existsSync(at('web5'))).toBe(false);
  expect(await failed(1, ...add('web5', 'failing', '--os-import', '/srv/backup/none'))).toContain(
    '/srv/backup/none is missing on this node',
  );
  expect(existsSync(at('web5'))).toBe(false);
  expect(loops()).not.toMatch(/web[45]/);
});

it('refused with a sentence, and nothing has changed', async () => {
  await done(...add('plain', 'none'));
  const before = await tree();
  const rows: [number, string[], string][] = [
    [3, ['rename', 'web1', 'a b'], 'named like a host'],
    [3, ['rename', 'web1', 'web1'], 'It is called web1 already'],
    [3, ['rename', 'web1', 'plain'], 'plain exists already: its record lies in'],
    [3, ['rename', 'plain', 'x', '--os-rename'], 'plain was installed by no OS definition (none)'],
    [3, ['rename', 'web4', 'x', '--os-rename'], 'failing has no executable rename'],
    [3, ['os-export', 'plain', '--output', '/srv/backup/x'], 'was installed by no OS definition'],
    [3, ['os-export', 'web1', '--disk', '7', '--output', '/srv/backup/x'], 'web1 has no disk 7'],
    [3, ['os-export', 'web1', '--output', '/etc/x'], 'lies in /etc, a directory of the system'],
    [3, ['os-export', 'web1', '--output', '/srv/ganeti/file-storage/x'], 'would pass for an image'],
    [1, ['os-export', 'web1', '--output', '/srv/none/x'], 'There is no directory /srv/none on this node'],
    [3, add('x', 'none', '--os-import', '/srv/backup/x').slice(1), 'Only an OS definition imports'],
    [3, add('x', 'stubborn', '--os-import', '/srv/backup/x').slice(1), 'stubborn has no executable import'],
    [3, add('x', 'failing', '--os-import', '3:/srv/backup/x').slice(1), 'There is no disk 3 to import'],
  ];
  for (const [code, words, sentence] of rows)
    expect(await failed(code, 'instance', ...words), words.join(' ')).toContain(sentence);
  expect(await tree()).toBe(before);
});
