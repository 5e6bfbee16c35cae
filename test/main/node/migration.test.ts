/** The scripts of live migration, on node roots whose stand-ins speak as xl and ssh do. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { renderAction } from '../../../main/node/actions/index.ts';
import { makeNodeRoot, stopNodeRoot, writePeers, writeSettings } from '../../../main/practice/node-root.ts';
import { act, check, inside, run, uuid } from './support.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'vbdesk-migration-'));
const one = path.join(directory, 'node1');
const two = path.join(directory, 'node2');
const roots = [one, two];
const quick = {
  create_delay: 0.05,
  destroy_delay: 0.05,
  loop_linger: 0.2,
  heartbeat: 0.2,
  migrate_delay: 0.1,
};
const folder = '/srv/ganeti/file-storage/web1';
const guest = { uuid, name: 'web1', images: [`${folder}/sda`] };
const bootId = (root: string): string => readFileSync(inside(root, '/boot_id'), 'utf8').trim();
const checkSsh = (...addresses: string[]) => ({ do: 'check-ssh', addresses, bootId: bootId(two) }) as const;
const migrate = () => ({
  do: 'migrate-domain' as const,
  ...guest,
  addresses: ['node2'],
  bootId: bootId(two),
});
const running = { do: 'check-running', ...guest } as const;
const leftovers = { do: 'end-leftovers', ...guest } as const;
const verdict = { do: 'verdict', ...guest } as const;
const create = (root: string, options = '') => run(root, `xl create -q ${options} "$R${folder}/xen.cfg"`);
const names = async (root: string): Promise<string[]> =>
  (await run(root, 'xl list')).out
    .trimEnd()
    .split('\n')
    .slice(2)
    .map((line) => line.replace(/ .*/, ''));

beforeEach(async () => {
  for (const root of roots) {
    await makeNodeRoot({
      root,
      name: path.basename(root),
      sharedStorage: path.join(directory, 'shared'),
      settings: quick,
    });
    await stopNodeRoot(root);
  }
  for (const root of roots)
    await writePeers(root, [
      { name: 'node1', root: one },
      { name: 'node2', root: two },
    ]);
  mkdirSync(inside(one, folder), { recursive: true });
  writeFileSync(inside(one, guest.images[0] ?? ''), '');
  truncateSync(inside(one, guest.images[0] ?? ''), 1 << 20);
  writeFileSync(
    inside(one, `${folder}/xen.cfg`),
    `name = "web1"
uuid = "${uuid}"
type = "pv"
kernel = "/boot/vmlinuz-practice"
memory = 64
disk = [ "format=raw, vdev=xvda, access=rw, target=${folder}/sda" ]
`,
  );
});
afterAll(async () => {
  for (const root of roots) await stopNodeRoot(root);
  rmSync(directory, { recursive: true, force: true });
});

test('check-ssh takes the first name that leads to the very machine', async () => {
  expect(await act(one, checkSsh('nowhere', 'node1', 'node2'))).toMatchObject({
    code: 0,
    out: 'reached as node2\n',
  });
  const wrong = await act(one, checkSsh('nowhere', 'node1'));
  expect(wrong.code).toBe(10);
  expect(wrong.err).toContain('As nowhere it is not reached: ssh: Could not resolve hostname nowhere');
  expect(wrong.err).toContain(`As node1 another machine answers (boot id ${bootId(one)}).`);
  rmSync(inside(two, '/bin/xl'));
  // a workstation that has Xen itself finds another xl there
  const bare = await act(one, checkSsh('node2'));
  if (bare.code !== 0) expect(bare.err).toContain('do not find xl there');
});

test('check-running: one domain that runs, under its own name', async () => {
  await create(one);
  expect(await act(one, running)).toMatchObject({ code: 0 });
  await run(one, 'xl rename web1 other');
  expect(await act(one, running)).toMatchObject({
    code: 10,
    err: expect.stringContaining('is called other'),
  });
  await run(one, 'xl rename other web1; xl pause web1');
  expect(await act(one, running)).toMatchObject({ code: 10, err: expect.stringContaining('is paused') });
  expect((await act(two, running)).err).toContain('does not run here');
});

test('migrate-domain: done, and nothing of it is left', async () => {
  await create(one);
  expect(await check(one, migrate())).toBe(10);
  const moved = await act(one, migrate());
  expect(moved, moved.err).toMatchObject({ code: 0 });
  expect(await check(one, migrate())).toBe(0);
  expect(await act(one, verdict)).toMatchObject({ code: 0 });
  expect(await act(two, running)).toMatchObject({ code: 0 });
  // sent again, it changes nothing
  expect(await act(one, migrate())).toMatchObject({ code: 73 });
});

test('migrate-domain refuses before it begins: paused, renamed, not reached, another machine', async () => {
  await create(one, '-p');
  expect(await act(one, migrate())).toMatchObject({ code: 73, err: expect.stringContaining('is paused') });
  expect(await check(one, migrate())).toBe(11);
  await run(one, 'xl unpause web1; xl rename web1 other');
  expect(await act(one, migrate())).toMatchObject({
    code: 73,
    err: expect.stringContaining('is not called web1'),
  });
  await run(one, 'xl rename other web1');
  await writePeers(one, [{ name: 'node2', root: one }]);
  expect(await act(one, migrate())).toMatchObject({
    code: 73,
    err: expect.stringContaining('another machine'),
  });
  expect(await names(one)).toEqual(['web1']);
  expect(await names(two)).toEqual([]);
});

test('a migration that fails while the source still has the guest is known not to have happened', async () => {
  await create(one);
  await writeSettings(two, { ...quick, fail_migrate: 'start' });
  const failed = await act(one, migrate());
  expect(failed).toMatchObject({ code: 73, err: expect.stringContaining('runs on here as domain') });
  // its monitor left when it was suspended
  expect(failed.err).toContain('xl does not watch over it any more');
  expect(await check(one, migrate())).toBe(10);
  expect(await act(one, running)).toMatchObject({ code: 0 });
  expect(await act(two, leftovers)).toMatchObject({ code: 0 });
});

test('one that breaks at the handshake is neither done nor undone; its leftovers end at either end', async () => {
  await create(one);
  await writeSettings(one, { ...quick, fail_migrate: 'handshake' });
  const failed = await act(one, migrate());
  expect(failed).toMatchObject({ code: 1, err: expect.stringContaining('Look at both nodes') });
  expect(await check(one, migrate())).toBe(11);
  expect(await names(one)).toEqual(['web1--migratedaway']);
  expect(await names(two)).toEqual(['web1--incoming']);
  for (const root of roots) {
    expect(await check(root, leftovers)).toBe(10);
    const ended = await act(root, leftovers);
    expect(ended, ended.err).toMatchObject({ code: 0 });
    expect(await check(root, leftovers)).toBe(0);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  }
});

test('end-leftovers never touches what runs, nor what has its own name', async () => {
  await create(one);
  expect(await act(one, leftovers)).toMatchObject({
    code: 1,
    err: expect.stringContaining('no migration left it'),
  });
  await run(one, 'xl rename web1 web1--incoming');
  expect(await act(one, leftovers)).toMatchObject({
    code: 1,
    err: expect.stringContaining('runs (state'),
  });
  await run(one, 'xl rename web1--incoming web1; xl pause web1');
  expect(await act(one, leftovers)).toMatchObject({ code: 1 });
  expect(await names(one)).toEqual(['web1']);
  expect(await act(two, leftovers)).toMatchObject({ code: 0, out: '' });
});

test('an address is a plain word, and xm is refused', async () => {
  for (const address of ['-oProxyCommand=x', 'a b', 'a;b', '$(a)', ''])
    expect(() => renderAction({ ...checkSsh(address) }, 'xl')).toThrow();
  const { act: script } = renderAction(migrate(), 'xm');
  expect(await run(one, script)).toMatchObject({ code: 73 });
});
