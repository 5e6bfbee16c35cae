/** Runs through the command line: found again, compared, told to the nodes' own logs, and taken back by runs of their own. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type Outcome, type SshdCluster, startSshdCluster } from '../support/cluster-of-sshd.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let cluster: SshdCluster;

const expectCode = (outcome: Outcome, code: number): Outcome => {
  expect(outcome.code, `stdout:\n${outcome.stdout}\nstderr:\n${outcome.stderr}`).toBe(code);
  return outcome;
};
const run = async (code: number, ...args: string[]): Promise<Outcome> =>
  expectCode(await cluster.vbdesk(...args), code);
const ran = z.looseObject({ run: z.looseObject({ id: z.string(), title: z.string() }) });
/** Carried out; the run's id. */
const done = async (...args: string[]): Promise<string> =>
  ran.parse((await run(0, ...args, '--yes', '--json')).json()).run.id;
const refused = async (...args: string[]): Promise<string> =>
  (await run(3, ...args, '--yes')).stderr.replaceAll(/\s+/g, ' ');
const listed = async (...args: string[]): Promise<string[]> =>
  z
    .array(z.looseObject({ title: z.string() }))
    .parse((await run(0, 'run', 'list', ...args, '--json')).json())
    .map((each) => each.title);
const file = (...parts: string[]): string => path.join(cluster.storage, ...parts);
const record = (name: string): Record<string, unknown> =>
  z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file(name, 'instance.json'), 'utf8')));
const log = (node: string): string =>
  readFileSync(path.join(cluster.node(node).root, 'var/log/messages'), 'utf8');
const kept = (id: string): string[] =>
  readdirSync(path.join(cluster.configDirectory, 'runs')).filter((each) => each.startsWith(id));

let created: string;
beforeAll(async () => {
  cluster = await startSshdCluster({
    settings: { create_delay: 0.05, shutdown_delay: 0.05, destroy_delay: 0.05, heartbeat: 0.2 },
  });
  await run(0, 'cluster', 'init', 'lab', ...cluster.initArguments(), '--yes');
  created = await done(
    ...['instance', 'add', '-t', 'file', '-n', 'node1:node2', '-o', 'none', '-B', 'memory=128M'],
    ...['--no-start', '-H', 'type=pv,kernel=/boot/vmlinuz-practice', '--disk', '0:size=8M', 'web1'],
  );
});
afterAll(() => cluster?.stop());

it('a start is told to its node alone, compared, found by its output, and taken back by a shutdown', async () => {
  const id = await done('instance', 'startup', 'web1');
  expect(log('node1')).toMatch(new RegExp(`vbdesk: \\S+@\\S+: Start web1: done \\(run ${id}\\)`));
  expect(log('node2')).not.toContain(id);

  expect(kept(id).toSorted()).toEqual([`${id}.after.gz`, `${id}.before.gz`, `${id}.json`]);
  for (const each of kept(id).filter((name) => name.endsWith('.gz')))
    expect(statSync(path.join(cluster.configDirectory, 'runs', each)).size).toBeLessThan(4096);
  const compared = z
    .looseObject({ sentences: z.array(z.string()), unknown: z.array(z.string()) })
    .parse((await run(0, 'run', 'compare', id, '--json')).json());
  expect(compared.unknown).toEqual([]);
  expect(compared.sentences).toContain('/srv/ganeti/file-storage/web1 on node1: shall run no -> yes.');
  expect(compared.sentences.join('\n')).toMatch(/web1 on node1: domain running, number \d+, 128 MiB/);
  const table = (await run(0, 'run', 'compare', id.slice(0, 6))).stdout;
  expect(table).toMatch(/web1 {2,}node1 +domain +- +running/);
  expect((await run(0, 'run', 'compare', id, '--since-then')).stdout).toContain(
    'Nothing of what it touches is different.',
  );

  expect(await listed('--search', 'START web1')).toEqual(['Start web1']);
  expect(await listed('--search', id.slice(0, 10))).toEqual(['Start web1']);
  expect(await listed('--instance', 'web1', '--kind', 'create')).toHaveLength(1);
  expect(await listed('--node', 'node3', '--kind', 'start')).toEqual([]);
  expect(await listed('--outcome', 'done', '--since', '1h', '--kind', 'start')).toEqual(['Start web1']);
  expect(await listed('--until', '1h')).toEqual([]);
  expect(await listed('--by', 'nobody-is-called-so')).toEqual([]);
  expect((await run(2, 'run', 'list', '--since', 'yesterday')).stderr).toContain(
    '--since "yesterday": a day',
  );
  expect((await run(2, 'run', 'list', '--outcome', 'good')).stderr).toContain('one of running');

  const shown = await run(0, 'run', 'revert', id, '--dry-run');
  expect(shown.stdout).toContain('Stop web1');
  await done('run', 'revert', id);
  expect(record('web1').adminState).toBe('down');
  // once it is taken back, there is nothing left to take back: the record is another one
  expect(await refused('run', 'revert', id)).toMatch(
    /web1 was changed since: its record was written on \S+ by \S+@\S+ \(run \w+\)/,
  );
  expect((await run(0, 'run', 'compare', id, '--since-then')).stdout).toMatch(/shall run +yes +no/);
});

it('a failover goes back, a configuration gets its former text, a rename the former name', async () => {
  const over = await done('instance', 'failover', 'web1');
  expect(record('web1')).toMatchObject({ primary: 'node2' });
  await done('run', 'revert', over);
  expect(record('web1')).toMatchObject({ primary: 'node1', generation: 3 });

  const before = readFileSync(file('web1', 'xen.cfg'), 'utf8');
  const configured = await done('instance', 'config', 'set', 'web1', 'memory=256');
  const text = (await run(0, 'run', 'compare', configured)).stdout;
  expect(text).toMatch(/memory +128 MiB +256 MiB/);
  expect(text).toMatch(/- memory = 128\n/);
  expect(text).toMatch(/\+ memory = 256\n/);
  await done('run', 'revert', configured);
  expect(readFileSync(file('web1', 'xen.cfg'), 'utf8')).toBe(before);
  expect(record('web1').guest).toMatchObject({ memoryMib: 128 });

  const renamed = await done('instance', 'rename', 'web1', 'www');
  // somebody works on with it under its new name: that is not passed over
  const disk = await done('instance', 'disk', 'add', 'www', 'size=4M');
  expect(await refused('run', 'revert', renamed)).toContain(`www was changed since`);
  expect(await refused('run', 'revert', renamed)).toContain(`(run ${disk}`);
  await done('run', 'revert', disk);
  expect(record('www').disks).toHaveLength(1);
  expect(await refused('run', 'revert', renamed)).toContain('www was changed since');
  await done('instance', 'rename', 'www', 'web1');
});

it('what can never be taken back says so, and so does a run that has not ended well', async () => {
  const grown = await done('instance', 'grow-disk', 'web1', '0', '8M');
  const outcome = await run(3, 'run', 'revert', grown, '--yes', '--json');
  expect(outcome.json()).toMatchObject({
    error: { code: 'refused', message: expect.stringContaining('never made smaller') },
    why: [expect.stringContaining('never made smaller')],
  });
  expect((await run(3, 'run', 'undo', grown, '--yes')).stderr).toContain(`vbdesk run revert ${grown}`);
  expect((await run(2, 'run', 'revert', 'nosuchrun')).stderr).toContain('There is no run');
});

it('a removal comes back out of the trash, and a picture that is missing is a sentence', async () => {
  const inode = statSync(file('web1')).ino;
  const removed = await done('instance', 'remove', 'web1');
  for (const node of ['node1', 'node2', 'node3'])
    expect(log(node)).toContain(`Remove web1: done (run ${removed})`);
  const gone = (await run(0, 'run', 'compare', removed)).stdout;
  expect(gone).toMatch(/\.trash\/web1\.\S+ +node1, node2, node3 +in the trash +- +there/);
  expect(gone).toMatch(/file-storage\/web1 +node1, node2, node3 +folder +there +-/);
  await done('run', 'revert', removed);
  expect(statSync(file('web1')).ino).toBe(inode);
  expect(await refused('run', 'revert', removed)).toContain('restored or deleted since');

  rmSync(path.join(cluster.configDirectory, 'runs', `${created}.before.gz`));
  const missing = await cluster.vbdesk('run', 'compare', created);
  expect(missing.code).not.toBe(0);
  expect(missing.stderr).toContain(`before the run ${created} was not kept`);
});
