/** Live migration of the stand-in: from one node root to another, and where it breaks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeNodeRoot, stopNodeRoot, writePeers, writeSettings } from '../../../main/practice/node-root.ts';
import { practiceGuest, runInRoot } from '../../support/practice-node.ts';
import { waitFor } from '../../support/wait-for.ts';

const quick = {
  create_delay: 0.05,
  shutdown_delay: 0.05,
  destroy_delay: 0.05,
  loop_linger: 0.1,
  heartbeat: 0.1,
  migrate_delay: 0.1,
};
const image = '/srv/ganeti/file-storage/web1';

let directory: string;
const root = (name: string): string => path.join(directory, name);
const succeed = async (script: string, node = 'node1'): Promise<string> => {
  const result = await runInRoot(root(node), script);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout;
};
const domains = async (node: string): Promise<string[]> =>
  (await succeed('xl list', node))
    .trimEnd()
    .split('\n')
    .slice(2)
    .map((line) => line.replace(/^(\S+) +\d+ +\d+ +\d+ +(\S{6}).*$/, '$1 $2'));
const sequence = async (): Promise<string> =>
  (await succeed(`dd if="$R${image}" bs=512 skip=16 count=1 2>/dev/null | tr -d '\\0'`)).trim();

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'vbdesk migrate-'));
  for (const name of ['node1', 'node2'])
    await makeNodeRoot({ root: root(name), name, sharedStorage: root('shared'), settings: quick });
  const peers = ['node1', 'node2'].map((name) => ({ name, root: root(name), down: root(`${name}.off`) }));
  for (const name of ['node1', 'node2']) await writePeers(root(name), peers);
  await succeed(`truncate -s 1M "$R${image}"`);
});
afterAll(async () => {
  for (const name of ['node1', 'node2']) await stopNodeRoot(root(name));
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  for (const name of ['node1', 'node2']) {
    await stopNodeRoot(root(name));
    await writeSettings(root(name), quick);
  }
  const text = practiceGuest('web1', [`format=raw, vdev=xvda, access=rw, target=${image}`]);
  await succeed(`cat >"$R/etc/xen/web1.cfg" <<'E'\n${text}E\nxl create -q "$R/etc/xen/web1.cfg"`);
  await waitFor('the first count', async () => (await sequence()).includes('count='));
});

test('the guest goes on counting on the other node, without a boot, under its name and its uuid', async () => {
  const uuid = /[0-9a-f-]{36}/.exec(await succeed('xl list -v web1'))?.[0] ?? '';
  const boots = /boot=(\d+)/.exec(await sequence())?.[1];
  const moved = await runInRoot(root('node1'), 'xl migrate web1 node2');
  expect(moved).toMatchObject({ code: 0, stdout: '' });
  const lines = moved.stderr.trimEnd().split('\n');
  expect(lines[0]).toBe('migration target: Ready to receive domain.');
  expect(lines.slice(-7)).toEqual([
    'migration target: Transfer complete, requesting permission to start domain.',
    'migration sender: Target has acknowledged transfer.',
    'migration sender: Giving target permission to start.',
    'migration target: Got permission, starting domain.',
    'migration target: Domain started successsfully.',
    'migration sender: Target reports successful startup.',
    'Migration successful.',
  ]);
  expect(await domains('node1')).toEqual([]);
  expect(await domains('node2')).toEqual([expect.stringMatching(/^web1 /)]);
  expect(await succeed('xl list -v web1', 'node2')).toContain(uuid);
  const then = await sequence();
  expect(then).toContain(`boot=${boots} `);
  await waitFor('the next count', async () => (await sequence()) !== then);
  // its log keeps the name under which it came
  expect(await succeed('cat "$R/var/log/xen/xl-web1--incoming.log"', 'node2')).toMatch(
    /^Waiting for domain web1--incoming \(domid \d+\) to die/,
  );
  await succeed('xl shutdown -w web1', 'node2');
  await waitFor('its end', async () => (await domains('node2')).length === 0);
});

test('a node that is not known, is off, or has no room', async () => {
  const unknown = await runInRoot(root('node1'), 'xl migrate web1 nowhere');
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toMatch(
    /^ssh: Could not resolve hostname nowhere: .*\nlibxl: error: .*truncated reading banner from migration receiver stream\nlibxl: info: .*migration transport process \[\d+\] exited with error status 255\n$/,
  );
  await succeed(`touch ${JSON.stringify(root('node2.off'))}`);
  const off = await runInRoot(root('node1'), 'xl migrate web1 node2');
  expect(off.stderr).toContain('No route to host');
  await rm(root('node2.off'));
  await writeSettings(root('node2'), { ...quick, total_memory: 560 });
  const full = await runInRoot(root('node1'), 'xl migrate web1 node2');
  expect(full.code).toBe(1);
  expect(full.stderr).toContain('migration target: Domain creation failed (code -3).');
  expect(full.stderr).toContain('Migration failed, resuming at sender.');
  expect(await domains('node1')).toEqual([expect.stringMatching(/^web1 /)]);
  expect(await domains('node2')).toEqual([]);
  expect((await runInRoot(root('node1'), 'xl migrate missing node2')).stderr).toBe(
    'missing is an invalid domain identifier (rc=-6)\n',
  );
});

test('it breaks while the memory goes over, and when the other end does not start it: the guest goes on here', async () => {
  await writeSettings(root('node1'), { ...quick, fail_migrate: 'transfer' });
  expect((await runInRoot(root('node1'), 'xl migrate web1 node2')).code).toBe(1);
  await writeSettings(root('node1'), quick);
  await writeSettings(root('node2'), { ...quick, fail_migrate: 'start' });
  const result = await runInRoot(root('node1'), 'xl migrate web1 node2');
  expect(result.code).toBe(1);
  expect(result.stderr).toContain('migration sender: Resumed OK.');
  expect(await domains('node1')).toEqual([expect.stringMatching(/^web1 -[b-]----/)]);
  expect(await domains('node2')).toEqual([]);
  const before = await sequence();
  await waitFor('the guest goes on', async () => (await sequence()) !== before);
});

test('it breaks at the handshake: a domain at either end, none of which runs', async () => {
  await writeSettings(root('node1'), { ...quick, fail_migrate: 'handshake' });
  const result = await runInRoot(root('node1'), 'xl migrate web1 node2');
  expect(result.code).toBe(1);
  expect(result.stderr).toContain('Domain state is now undefined !');
  expect(await domains('node1')).toEqual([expect.stringMatching(/^web1--migratedaway -[b-]-ss-/)]);
  expect(await domains('node2')).toEqual(['web1--incoming --p---']);
});
