import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { act, check, emptyRoot, inodeOf, inside, lockOf, namesIn, shim, storage } from './support.ts';

const folder = `${storage}/web1`;
let root: string;
beforeEach(async () => {
  root = emptyRoot();
  expect(await act(root, { do: 'make-folder', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
});

describe('move-folder and purge-folder', () => {
  const trash = `${storage}/.trash/web1-1`;
  const move = () =>
    ({ do: 'move-folder', from: folder, to: trash, expectInode: inodeOf(root, folder) }) as const;
  const purge = (files: string[], at = folder) =>
    ({ do: 'purge-folder', folder: at, files, run: 'r1' }) as const;
  const fill = (...files: string[]) => {
    for (const file of files) writeFileSync(inside(root, `${folder}/${file}`), 'x');
  };

  test('into the trash and back', async () => {
    fill('sda');
    const away = move();
    expect(await check(root, away)).toBe(10);
    expect(await act(root, away)).toMatchObject({ code: 0, err: '' });
    expect(await check(root, away)).toBe(0);
    expect(await act(root, away)).toMatchObject({ code: 0 });
    expect(namesIn(root, trash)).toEqual(['.lock', 'sda']);
    expect(namesIn(root, storage)).toEqual(['.trash']);
    const back = { do: 'move-folder', from: trash, to: folder, expectInode: 0 } as const;
    expect(await check(root, back)).toBe(10);
    expect(await act(root, back)).toMatchObject({ code: 0 });
    expect(await check(root, back)).toBe(0);
    expect(await act(root, back)).toMatchObject({ code: 0 });
    expect(namesIn(root, folder)).toEqual(['.lock', 'sda']);
  });

  test('not another folder, not onto something, not through a link', async () => {
    fill('sda');
    expect(await act(root, { ...move(), expectInode: 7 })).toMatchObject({ code: 73 });
    expect(await check(root, { ...move(), expectInode: 7 })).toBe(11);
    mkdirSync(inside(root, trash), { recursive: true });
    // rename(2) would replace an empty directory
    expect(await act(root, move())).toMatchObject({
      code: 73,
      err: expect.stringContaining('exists already'),
    });
    expect(await check(root, move())).toBe(11);
    rmSync(inside(root, `${storage}/.trash`), { recursive: true });
    mkdirSync(inside(root, '/srv/elsewhere'));
    symlinkSync('../elsewhere', inside(root, `${storage}/.trash`));
    expect(await act(root, move())).toMatchObject({ code: 73 });
    expect(namesIn(root, folder)).toEqual(['.lock', 'sda']);
    expect(namesIn(root, '/srv/elsewhere')).toEqual([]);
  });

  test('under the lock of the run that it names, wherever the folder is by then', async () => {
    fill('sda');
    const other = `${storage}/www`;
    const away = { ...move(), to: other, run: 'r1' };
    const back = { ...away, from: other, to: folder };
    // taken back before it was done
    expect(await act(root, back)).toMatchObject({ code: 0 });
    expect(await act(root, { ...away, run: 'r2' })).toMatchObject({
      code: 77,
      err: expect.stringContaining(`${folder} is locked by run r1`),
    });
    expect(await act(root, away)).toMatchObject({ code: 0, err: '' });
    expect(await act(root, { ...back, run: 'r2' })).toMatchObject({ code: 77 });
    expect(namesIn(root, other)).toEqual(['.lock', 'sda']);
    expect(await act(root, back)).toMatchObject({ code: 0, err: '' });
    expect(namesIn(root, folder)).toEqual(['.lock', 'sda']);
  });

  test('a purge deletes exactly the files named', async () => {
    fill('sda', "it's", '-rf', 'instance.json', 'xen.cfg', '.tmp.0123456789abcdef', '.lock.r9');
    expect(await check(root, purge(['sda']))).toBe(10);
    expect(await act(root, purge(['sda', "it's", '-rf', 'never there']))).toMatchObject({ code: 0, err: '' });
    expect(namesIn(root, storage)).toEqual([]);
    expect(await check(root, purge(['sda']))).toBe(0);
    expect(await act(root, purge(['sda']))).toMatchObject({ code: 0 });
  });

  test('what the record does not name is named, and nothing is deleted', async () => {
    fill('sda', 'notes', 'instance.json');
    mkdirSync(inside(root, `${folder}/sub`));
    symlinkSync('/srv', inside(root, `${folder}/sdb`));
    const outcome = await act(root, purge(['sda', 'sdb']));
    expect(outcome.code).toBe(73);
    for (const name of ['notes', 'sub', 'sdb']) expect(outcome.err).toContain(name);
    expect(namesIn(root, folder)).toEqual(['.lock', 'instance.json', 'notes', 'sda', 'sdb', 'sub']);
  });

  test('what is to be kept stays with its folder, and nothing else does', async () => {
    fill('sda', 'sda.before-r0', "it's", 'instance.json', 'replica.json', 'xen.cfg', '.tmp.0123456789abcdef');
    mkdirSync(inside(root, `${folder}/sub`));
    const keeping = { ...purge(['sda']), keep: ['sda.before-r0', "it's"] };
    // whatever is neither named nor known still stands against it
    expect(await act(root, keeping)).toMatchObject({ code: 73, err: expect.stringContaining('sub') });
    expect(namesIn(root, folder)).toHaveLength(9);
    rmSync(inside(root, `${folder}/sub`), { recursive: true });
    expect(await check(root, keeping)).toBe(10);
    expect(await act(root, { ...keeping, run: 'r2' })).toMatchObject({ code: 77 });
    const outcome = await act(root, keeping);
    expect(outcome).toMatchObject({ code: 0, err: '' });
    expect(outcome.out).toContain(`Kept in ${folder}: `);
    expect(namesIn(root, folder)).toEqual(["it's", 'sda.before-r0']);
    expect(await check(root, keeping)).toBe(0);
    expect(await act(root, keeping)).toMatchObject({ code: 0 });
    // what came back under a recorded name is not taken for gone
    fill('sda');
    expect(await check(root, keeping)).toBe(10);
    expect(await act(root, keeping)).toMatchObject({ code: 77 });
    expect(namesIn(root, folder)).toEqual(["it's", 'sda', 'sda.before-r0']);
  });

  test('not without our lock', async () => {
    fill('sda');
    expect(await act(root, { ...purge(['sda']), run: 'r2' })).toMatchObject({
      code: 77,
      err: expect.stringContaining('is locked by run r1'),
    });
    rmSync(inside(root, `${folder}/.lock`));
    expect(await act(root, purge(['sda']))).toMatchObject({ code: 77 });
    expect(namesIn(root, folder)).toEqual(['sda']);
  });

  test('not what somebody has open', async () => {
    fill('sda');
    const holder = spawn('sh', ['-c', 'exec 3<"$0"; echo open; read x', inside(root, `${folder}/sda`)], {
      env: { PATH: process.env.PATH, VBDESK_ROOT: root },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    expect(await act(root, purge(['sda']))).toMatchObject({
      code: 73,
      err: expect.stringContaining('In use'),
    });
    holder.kill('SIGKILL');
    expect(namesIn(root, folder)).toEqual(['.lock', 'sda']);
  });

  test('cut off half-way, it goes on where it was', async () => {
    fill('sda', 'sdb', 'instance.json');
    shim(root, 'rm', 'case "$*" in */sdb) kill -9 $PPID; exit 1 ;; esac; exec /bin/rm "$@"');
    expect((await act(root, purge(['sda', 'sdb']))).code).not.toBe(0);
    expect(namesIn(root, folder)).toEqual(['.lock', 'instance.json', 'sdb']);
    rmSync(inside(root, '/bin/rm'));
    expect(await check(root, purge(['sda', 'sdb']))).toBe(10);
    expect(await act(root, purge(['sda', 'sdb']))).toMatchObject({ code: 0 });
    expect(namesIn(root, storage)).toEqual([]);
    // everything but the empty folder was gone
    mkdirSync(inside(root, folder));
    expect(await act(root, purge(['sda', 'sdb']))).toMatchObject({ code: 0 });
    expect(namesIn(root, storage)).toEqual([]);
  });
});
