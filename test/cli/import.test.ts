/** A cluster of Ganeti's through the command line, against real OpenSSH servers: listed, refused, adopted where its files are. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type GanetiCluster, readConfigData } from '../../core/ganeti/config-data.ts';
import {
  guestMarks,
  type Outcome,
  type SshdCluster,
  startSshdCluster,
  treeOfCluster,
} from '../support/cluster-of-sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const mib = 1 << 20;
const secret = 'what the guest of Ganeti kept here';
let cluster: SshdCluster;
let file = '';
let ganeti: GanetiCluster;
/** paths of an instance's images, as Ganeti has them */
const pathsOf = new Map<string, { path: string; size: number }[]>();

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
/** what Ganeti would start by itself is taken nevertheless */
const knowing = ['--accept-all', 'ganeti-starts'];
const importing = (...more: string[]): Promise<Outcome> => cluster.vbdesk('import', 'ganeti', file, ...more);
const onDisk = (logical: string): string =>
  path.join(cluster.storage, logical.replace('/srv/ganeti/file-storage/', ''));
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

const makeImages = (name: string): string[] =>
  (pathsOf.get(name) ?? []).map(({ path: logical, size }) => {
    const image = onDisk(logical);
    mkdirSync(path.dirname(image), { recursive: true, mode: 0o700 });
    const handle = openSync(image, 'w', 0o700);
    writeSync(handle, secret, 64 * mib);
    closeSync(handle);
    truncateSync(image, size * mib);
    return image;
  });

beforeAll(async () => {
  cluster = await startSshdCluster();
  expectCode(await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'), 0);
  // a real file, but for what these nodes have: another bridge, another kernel
  const text = readFileSync(path.resolve(import.meta.dirname, '../fixtures/ganeti/config-3.0.2.json'), 'utf8')
    .replaceAll('"br0"', '"xenbr0"')
    .replaceAll('/boot/vmlinuz-3-xenU', '/boot/vmlinuz-practice');
  file = path.join(cluster.directory, 'config.data');
  writeFileSync(file, text);
  const read = readConfigData(text);
  if (!read.ok) throw new Error(read.message);
  ganeti = read.cluster;
  for (const { name, disks } of ganeti.instances)
    pathsOf.set(
      name,
      disks.flatMap((each) => (each.path === null ? [] : [{ path: each.path, size: each.sizeMib ?? 0 }])),
    );
});
afterAll(() => cluster?.stop());

it('is listed with what would become of each, without asking a node', async () => {
  const before = await treeOfCluster(cluster);
  const { stdout, stderr } = expectCode(await importing(), 0);
  expect(stdout).toContain('cluster.gnt.lab, written by Ganeti 3.0: 10 of 15 instances can come.');
  // what the cluster does not look at is not promised
  expect(stdout).toMatch(/inst011\.gnt\.lab .*\/sub\/dir has to be one/);
  expect(stdout).toContain('inst005.gnt.lab has no disks.');
  expect(stdout).toMatch(
    /inst101\.gnt\.lab +file +node1\.gnt\.lab +64 MiB +loop 1 GiB, loop 2 GiB +adopted in .* on node1/,
  );
  expect(stderr).toContain('Ganeti does not learn of this.');
  expect(expectCode(await importing('--quiet'), 0).stderr).toContain('Ganeti does not learn of this.');
  const listed = z
    .object({ instances: z.array(z.looseObject({ name: z.string(), node: z.string().nullable() })) })
    .parse(expectCode(await importing('--json'), 0).json());
  expect(listed.instances.find((each) => each.name === 'inst003.gnt.lab')?.node).toBe('node2');
  expect(await treeOfCluster(cluster)).toBe(before);
});

it('refuses bad words and other files', async () => {
  expect(expectCode(await importing('--instance', 'inst1O1.gnt.lab'), 2).stderr).toContain('has no instance');
  expect(expectCode(await importing('--all', '--node', 'node9=node1'), 2).stderr).toContain('is not a node');
  const other = await cluster.vbdesk('import', 'ganeti', path.join(cluster.directory, 'nothing'));
  expect(expectCode(other, 2).stderr).toContain("can't be read");
});

it('refuses all of them for every reason against any, and changes nothing', async () => {
  makeImages('inst102.gnt.lab');
  const before = await treeOfCluster(cluster);
  const stderr = oneLine(expectCode(await importing('--all', '--yes', ...knowing), 3).stderr);
  for (const { path: logical } of pathsOf.get('inst101.gnt.lab') ?? []) expect(stderr).toContain(logical);
  expect(stderr).toContain('--storage-dir /srv/ganeti/file-storage/sub/dir');
  expect(stderr).toContain('A pv guest needs a kernel');
  expect(stderr).toContain('Nothing was done: 13 of 14');
  const none = expectCode(await importing('--instance', 'inst005.gnt.lab', '--yes'), 3);
  expect(none.stderr).toContain('inst005.gnt.lab has no disks.');
  expect(await treeOfCluster(cluster)).toBe(before);
});

it('adopts the chosen ones where their files are, as Ganeti had them; then they start', async () => {
  const images = makeImages('inst101.gnt.lab');
  const before = images.map((each) => [statSync(each).ino, statSync(each).mtimeMs]);
  const both = ['inst101.gnt.lab', '--instance', 'inst102.gnt.lab'];
  const chosen = [...both, ...knowing];
  const tree = await treeOfCluster(cluster);
  const watched = oneLine(expectCode(await importing(...both, '--yes'), 3).stderr);
  expect(watched).toContain('gnt-instance modify --offline inst101.gnt.lab');
  expect(watched).toContain('Nothing was done: 2 of 2');
  expect(watched).toContain('--accept inst101.gnt.lab:ganeti-starts');
  expect(watched).toContain('--accept-all ganeti-starts');
  // said of one, it is no word for the other
  const bare = expectCode(await importing(...both, '--accept', 'ganeti-starts', '--yes'), 3);
  expect(oneLine(bare.stderr)).toContain('2 ask for it (inst101.gnt.lab, inst102.gnt.lab)');
  expect(oneLine(bare.stderr)).toContain('Nothing was done: 2 of 2');
  const named = ['--accept', 'inst101.gnt.lab:ganeti-starts', '--accept', 'nothing'];
  const half = oneLine(expectCode(await importing(...both, ...named, '--yes'), 3).stderr);
  expect(half).toContain('Nothing was done: 1 of 2');
  expect(half).toContain('--accept inst102.gnt.lab:ganeti-starts');
  expect(half).not.toContain('--accept inst101.gnt.lab:ganeti-starts');
  expect(half).toContain('Nothing in these plans asks for --accept nothing.');
  const each = [...named, '--accept', 'inst102.gnt.lab:ganeti-starts'];
  expectCode(await importing(...both, ...each, '--dry-run'), 0);
  // one alone is meant by the code alone
  expectCode(await importing('inst101.gnt.lab', '--accept', 'ganeti-starts', '--dry-run'), 0);
  const dry = expectCode(await importing(...chosen, '--dry-run'), 0);
  expect(dry.stdout).toContain('as inst101.gnt.lab');
  expect(await treeOfCluster(cluster)).toBe(tree);
  const { runs } = z
    .object({ runs: z.array(z.looseObject({ exitCode: z.number() })) })
    .parse(
      expectCode(
        await importing(...chosen, '--node', 'node1.gnt.lab=node1:node2', '--yes', '--json'),
        0,
      ).json(),
    );
  expect(runs.map((each) => each.exitCode)).toEqual([0, 0]);
  expect(images.map((each) => [statSync(each).ino, statSync(each).mtimeMs])).toEqual(before);
  const { instance } = z
    .object({
      instance: z.looseObject({
        status: z.string(),
        secondary: z.string().nullable(),
        disks: z.array(z.looseObject({ path: z.string(), size: z.number(), vdev: z.string() })),
      }),
    })
    .parse(expectCode(await cluster.vbdesk('instance', 'info', 'inst101.gnt.lab', '--json'), 0).json());
  expect(instance.secondary).toBe('node2');
  expect(instance.disks.map((each) => [each.path, each.size, each.vdev])).toEqual(
    (pathsOf.get('inst101.gnt.lab') ?? []).map((each, index) => [
      each.path,
      each.size * mib,
      index === 0 ? 'sda' : 'sdb',
    ]),
  );
  const written = readFileSync(path.join(path.dirname(images[0] ?? ''), 'xen.cfg'), 'utf8');
  expect(written).toContain('mac=aa:00:00:47:dc:7b');
  expect(written).toContain('/dev/xvda2');
  expectCode(await cluster.vbdesk('instance', 'startup', 'inst101.gnt.lab', '--yes'), 0);
  await waitFor('the guest has booted', async () => (await guestMarks(images[0] ?? '')).boots === 1);
  expectCode(await cluster.vbdesk('instance', 'shutdown', 'inst101.gnt.lab', '--timeout', '0', '--yes'), 0);
  // the file has the size that Ganeti gave it, and is not read whole
  const kept = Buffer.alloc(secret.length);
  const second = openSync(images[1] ?? '', 'r');
  readSync(second, kept, 0, kept.length, 64 * mib);
  closeSync(second);
  expect(kept.toString()).toBe(secret);
  const again = expectCode(await importing('--instance', 'inst101.gnt.lab', '--yes'), 3);
  expect(oneLine(again.stderr)).toContain('it is an instance already');
});

it('begins none while one can not be adopted; stops at the first that fails, and says what stands', async () => {
  const [first, second] = ['inst001.gnt.lab', 'inst015.gnt.lab'];
  const words = [
    '--instance',
    first,
    '--instance',
    second,
    ...knowing,
    '-H',
    'kernel=/boot/vmlinuz-practice',
  ];
  makeImages(first);
  const before = await treeOfCluster(cluster);
  expect(oneLine(expectCode(await importing(...words, '--yes'), 3).stderr)).toContain(
    'Nothing was done: 1 of 2',
  );
  expect(await treeOfCluster(cluster)).toBe(before);
  makeImages(second);
  // both can be planned; once the first is adopted its address is taken
  const [one = '', other = ''] = [first, second].map((name) => {
    const found = ganeti.instances.find((each) => each.name === name);
    return found?.nics[0]?.mac ?? '';
  });
  writeFileSync(file, readFileSync(file, 'utf8').replace(other, one));
  const stderr = oneLine(expectCode(await importing(...words, '--yes'), 3).stderr);
  expect(stderr).toContain(`That was ${second}, 2 of 2.`);
  expect(stderr).toContain(`Adopted before it, and so it stays: ${first}.`);
  expectCode(await cluster.vbdesk('instance', 'info', first), 0);
  expectCode(await cluster.vbdesk('instance', 'info', second), 2);
});
