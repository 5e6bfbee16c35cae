/**
 * A cluster of Ganeti's into a draft: while no node answers, and where none ever did; planned and applied once they do.
 * The config.data was written by a real Ganeti 3.0.2.
 */
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfigData } from '../../core/ganeti/config-data.ts';
import { Library } from '../../main/library/library.ts';
import {
  makeWorkstation,
  type Outcome,
  type SshdCluster,
  startSshdCluster,
  type Workstation,
} from '../support/cluster-of-sshd.ts';
import { soundCluster } from '../support/snapshot-builder.ts';

const [first, second] = ['inst101.gnt.lab', 'inst102.gnt.lab'];
let cluster: SshdCluster;
let config = '';
let file = '';
let images: string[] = [];

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');
const importing = (from: Workstation | SshdCluster, ...more: string[]): Promise<Outcome> =>
  from.vbdesk('import', 'ganeti', config, ...more);
const changesIn = async (from: Workstation | SshdCluster, draft: string) =>
  z
    .looseObject({
      changes: z.array(
        z.looseObject({
          accept: z.array(z.string()),
          intent: z.looseObject({ kind: z.string(), name: z.string() }),
        }),
      ),
    })
    .parse(expectCode(await from.vbdesk('draft', 'show', draft, '--json'), 0).json()).changes;

beforeAll(async () => {
  cluster = await startSshdCluster();
  expectCode(await cluster.vbdesk('cluster', 'init', 'lab', ...cluster.initArguments(), '--yes'), 0);
  const text = readFileSync(path.resolve(import.meta.dirname, '../fixtures/ganeti/config-3.0.2.json'), 'utf8')
    .replaceAll('"br0"', '"xenbr0"')
    .replaceAll('/boot/vmlinuz-3-xenU', '/boot/vmlinuz-practice');
  config = path.join(cluster.directory, 'config.data');
  writeFileSync(config, text);
  const read = readConfigData(text);
  if (!read.ok) throw new Error(read.message);
  images = read.cluster.instances
    .filter(({ name }) => name === first)
    .flatMap(({ disks }) =>
      disks.map(({ path: logical, sizeMib }) => {
        const image = path.join(cluster.storage, (logical ?? '').replace('/srv/ganeti/file-storage/', ''));
        mkdirSync(path.dirname(image), { recursive: true, mode: 0o700 });
        writeFileSync(image, '', { mode: 0o700 });
        truncateSync(image, (sizeMib ?? 0) * (1 << 20));
        return image;
      }),
    );
  file = path.join(cluster.directory, 'ganeti.vbdesk.yaml');
  // what is known of the nodes from now on
  expectCode(await cluster.vbdesk('instance', 'list'), 0);
  expectCode(await cluster.vbdesk('draft', 'new', file), 0);
});
afterAll(() => cluster?.stop());

it('adds all or none, while no node answers; consents go to those that they name', async () => {
  for (const node of cluster.nodes) await node.sshd.kill();
  const empty = readFileSync(file, 'utf8');
  const into = ['--draft', file];
  expect(expectCode(await importing(cluster, ...into), 2).stderr).toContain('say which instances');
  const none = expectCode(await importing(cluster, first, 'inst005.gnt.lab', ...into), 3);
  expect(none.stderr).toContain('inst005.gnt.lab has no disks.');
  expect(oneLine(none.stderr)).toContain('1 of 2');
  const bare = expectCode(await importing(cluster, first, second, '--accept', 'ganeti-starts', ...into), 2);
  expect(bare.stderr).toContain(`--accept ${first}:ganeti-starts`);
  const down = await importing(cluster, first, '--confirm-down', 'node1', ...into);
  expect(expectCode(down, 2).stderr).toContain('--confirm-down');
  expectCode(await importing(cluster, first, '--dry-run', ...into), 0);
  expect(readFileSync(file, 'utf8')).toBe(empty);

  const named = ['--accept', `${first}:ganeti-starts`, '--node', 'node1.gnt.lab=node1:node2'];
  const added = expectCode(await importing(cluster, first, second, ...named, ...into), 0);
  expect(added.stderr).toContain(`${first} (c1), ${second} (c2) were added`);
  expect(added.stderr).toContain('Ganeti does not learn of this.');
  expect(added.stdout).toContain('ganeti-starts');
  const changes = await changesIn(cluster, file);
  expect(changes.map(({ intent, accept }) => [intent.kind, intent.name, accept])).toEqual([
    ['adopt', first, ['ganeti-starts']],
    ['adopt', second, []],
  ]);
});

it('is written where the cluster was never seen', async () => {
  const workstation = makeWorkstation(path.join(cluster.directory, 'elsewhere'));
  const library = new Library(workstation.configDirectory);
  await library.prepare();
  const { cluster: described } = soundCluster();
  // nobody listens there
  const target = { host: '127.0.0.1', port: 1, user: 'root' };
  await library.saveCluster({ ...described, nodes: described.nodes.map((each) => ({ ...each, target })) });
  const unseen = path.join(cluster.directory, 'unseen.vbdesk.yaml');
  expectCode(await workstation.vbdesk('draft', 'new', unseen), 0);
  const added = expectCode(await importing(workstation, first, '--draft', unseen, '--json'), 0);
  const { offline, added: list } = z
    .looseObject({
      offline: z.boolean(),
      added: z.array(z.looseObject({ change: z.looseObject({ unknown: z.array(z.string()) }) })),
    })
    .parse(added.json());
  expect(offline).toBe(true);
  expect(list.flatMap(({ change }) => change.unknown)).not.toEqual([]);
  expect((await changesIn(workstation, unseen)).map(({ intent }) => intent.name)).toEqual([first]);
});

it('is planned and applied once the nodes answer', async () => {
  for (const node of cluster.nodes) await node.sshd.restart();
  const before = images.map((each) => [statSync(each).ino, statSync(each).mtimeMs]);
  const planned = expectCode(await cluster.vbdesk('draft', 'plan', file), 3);
  expect(planned.stdout).toContain(second);
  expectCode(await cluster.vbdesk('draft', 'remove', file, 'c2'), 0);
  expectCode(await cluster.vbdesk('draft', 'review', file, '--yes'), 0);
  expectCode(await cluster.vbdesk('draft', 'apply', file, '--yes'), 0);
  expectCode(await cluster.vbdesk('instance', 'info', first), 0);
  expect(images.map((each) => [statSync(each).ino, statSync(each).mtimeMs])).toEqual(before);
});
