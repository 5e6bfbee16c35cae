import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { guardScript, proveShared } from '../../../main/node/actions/index.ts';
import { act, check, emptyRoot, inside, lockOf, namesIn, run, shim, storage } from './support.ts';

const folder = `${storage}/it's web1 $(id) ü`;
let root: string;
beforeEach(() => {
  root = emptyRoot();
});
const make = () => mkdirSync(inside(root, folder));
const lockFile = () => inside(root, `${folder}/.lock`);

describe('lock', () => {
  const lock = (name: string) => ({ do: 'lock', folder, lock: lockOf(name, `"run":"r9" it's \\`) }) as const;

  test('is taken, repeated, given back, repeated', async () => {
    make();
    expect(await check(root, lock('r1'))).toBe(10);
    expect(await act(root, lock('r1'))).toMatchObject({ code: 0, err: '' });
    expect(namesIn(root, folder)).toEqual(['.lock']);
    expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toEqual(lockOf('r1', `"run":"r9" it's \\`));
    expect(await check(root, lock('r1'))).toBe(0);
    expect(await act(root, lock('r1'))).toMatchObject({ code: 0 });

    const lost = await act(root, lock('r2'));
    expect(lost).toMatchObject({ code: 75 });
    expect(lost.err).toContain('is locked by run r1 of ann@desk');
    expect(namesIn(root, folder)).toEqual(['.lock']);
    expect(await check(root, lock('r2'))).toBe(10);

    const unlock = { do: 'unlock', folder, run: 'r2' } as const;
    expect(await act(root, unlock)).toMatchObject({ code: 0 });
    expect(namesIn(root, folder)).toEqual(['.lock']);
    expect(await check(root, { ...unlock, run: 'r1' })).toBe(10);
    expect(await act(root, { ...unlock, run: 'r1' })).toMatchObject({ code: 0 });
    expect(await act(root, { ...unlock, run: 'r1' })).toMatchObject({ code: 0 });
    expect(await check(root, { ...unlock, run: 'r1' })).toBe(0);
    expect(namesIn(root, folder)).toEqual([]);
  });

  test('of twenty that want it at once, one has it', async () => {
    make();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => act(root, lock(`r${index}`))),
    );
    const codes = outcomes.map((outcome) => outcome.code).toSorted((a, b) => a - b);
    expect(codes).toEqual([0, ...Array<number>(19).fill(75)]);
    const holder = outcomes.findIndex((outcome) => outcome.code === 0);
    expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toMatchObject({ run: `r${holder}` });
    expect(namesIn(root, folder)).toEqual(['.lock']);
  });

  test('is ours when it reads back our run, though ln failed (a retransmission on NFS)', async () => {
    make();
    shim(root, 'ln', '/bin/ln "$@"; echo "ln: File exists" >&2; exit 1');
    expect(await act(root, lock('r1'))).toMatchObject({ code: 0 });
    expect(await check(root, lock('r1'))).toBe(0);
  });

  test('is not ours when ln claims success without having made it', async () => {
    make();
    shim(root, 'ln', 'exit 0');
    expect(await act(root, lock('r1'))).toMatchObject({ code: 75 });
    expect(namesIn(root, folder)).toEqual([]);
  });

  test('that can not be read back may be ours: neither taken nor given back without a doubt', async () => {
    make();
    shim(
      root,
      'head',
      'case "$*" in */.lock) echo "Input/output error" >&2; exit 1 ;; esac; exec /usr/bin/head "$@"',
    );
    expect(await act(root, lock('r1'))).toMatchObject({ code: 1 });
    expect(await check(root, lock('r1'))).toBe(11);
    const outcome = await act(root, { do: 'unlock', folder, run: 'r1' });
    expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('can not be read') });
    shim(root, 'head', 'exec /usr/bin/head "$@"');
    expect(await act(root, { do: 'unlock', folder, run: 'r1' })).toMatchObject({ code: 0 });
    expect(namesIn(root, folder)).toEqual([]);
  });

  test('a lock that was only written, and one that was linked but not tidied up', async () => {
    make();
    writeFileSync(inside(root, `${folder}/.lock.r1`), 'half');
    expect(await check(root, lock('r1'))).toBe(11);
    expect(await act(root, lock('r1'))).toMatchObject({ code: 0 });
    linkSync(lockFile(), inside(root, `${folder}/.lock.r1`));
    expect(await check(root, lock('r1'))).toBe(0);
    expect(await act(root, { do: 'unlock', folder, run: 'r1' })).toMatchObject({ code: 0 });
    expect(namesIn(root, folder)).toEqual([]);
  });

  test('on a full disk it is not taken and nothing is left', async () => {
    make();
    shim(root, 'sync', 'echo "sync: No space left on device" >&2; exit 1');
    expect(await act(root, lock('r1'))).toMatchObject({ code: 73 });
    expect(namesIn(root, folder)).toEqual([]);
  });

  test('in a folder that is a symbolic link it is refused', async () => {
    mkdirSync(inside(root, `${storage}/real`));
    symlinkSync('real', inside(root, folder));
    expect(await act(root, lock('r1'))).toMatchObject({ code: 73 });
    expect(namesIn(root, `${storage}/real`)).toEqual([]);
  });

  test('in a storage directory that is a symbolic link it is refused', async () => {
    mkdirSync(inside(root, '/srv/elsewhere/web1'), { recursive: true });
    symlinkSync('elsewhere', inside(root, '/srv/link'));
    const outcome = await act(root, { do: 'lock', folder: '/srv/link/web1', lock: lockOf('r1') });
    expect(outcome).toMatchObject({ code: 73 });
    expect(namesIn(root, '/srv/elsewhere/web1')).toEqual([]);
  });

  test('a hostile lock is told without its control characters', async () => {
    make();
    writeFileSync(lockFile(), '{"run":"\u001b[2Jx","user":"a\u0007"}');
    const outcome = await act(root, lock('r1'));
    expect(outcome.code).toBe(75);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(outcome.err.trimEnd()).not.toMatch(/[\u0000-\u001f]/);
  });
});

describe('break-lock', () => {
  test('takes away the lock that was named and no other', async () => {
    make();
    await act(root, { do: 'lock', folder, lock: lockOf('r1') });
    expect(await act(root, { do: 'break-lock', folder, run: 'r2' })).toMatchObject({ code: 73 });
    expect(existsSync(lockFile())).toBe(true);
    expect(await check(root, { do: 'break-lock', folder, run: 'r1' })).toBe(10);
    expect(await act(root, { do: 'break-lock', folder, run: 'r1' })).toMatchObject({ code: 0 });
    expect(await act(root, { do: 'break-lock', folder, run: 'r1' })).toMatchObject({ code: 0 });
    expect(namesIn(root, folder)).toEqual([]);
  });
});

describe('guard', () => {
  test('lets a job begin only while every lock is ours', async () => {
    const other = `${storage}/other`;
    make();
    mkdirSync(inside(root, other));
    await act(root, { do: 'lock', folder, lock: lockOf('r1') });
    expect(await run(root, guardScript([], 'r1'))).toMatchObject({ code: 0 });
    expect(await run(root, guardScript([folder], 'r1'))).toMatchObject({ code: 0, err: '' });
    expect(await run(root, guardScript([folder, other], 'r1'))).toMatchObject({ code: 77 });
    await act(root, { do: 'lock', folder: other, lock: lockOf('r2') });
    const outcome = await run(root, guardScript([folder, other], 'r1'));
    expect(outcome).toMatchObject({ code: 77 });
    expect(outcome.err).toContain(`The lock of ${other} is not held by this run (r1) any more`);
    expect(outcome.err).toContain('run r2 of ann@desk');
    expect(await run(root, guardScript([`${storage}/none`], 'r1'))).toMatchObject({ code: 77 });
  });
});

describe('make-folder and drop-folder', () => {
  const makeIt = { do: 'make-folder', folder, lock: lockOf('r1') } as const;
  const dropIt = { do: 'drop-folder', folder, run: 'r1' } as const;

  test('make a locked folder and take it away again', async () => {
    expect(await check(root, makeIt)).toBe(10);
    expect(await act(root, makeIt)).toMatchObject({ code: 0, err: '' });
    expect(await check(root, makeIt)).toBe(0);
    expect(namesIn(root, folder)).toEqual(['.lock']);
    expect(await act(root, makeIt)).toMatchObject({ code: 73 });
    expect(await act(root, dropIt)).toMatchObject({ code: 0, err: '' });
    expect(namesIn(root, storage)).toEqual([]);
    expect(await act(root, dropIt)).toMatchObject({ code: 0 });
    expect(await check(root, dropIt)).toBe(0);
  });

  test('a folder that was made but not locked is partial, and can be dropped', async () => {
    make();
    expect(await check(root, makeIt)).toBe(11);
    writeFileSync(inside(root, `${folder}/.lock.r1`), 'half');
    expect(await check(root, makeIt)).toBe(11);
    writeFileSync(inside(root, `${folder}/.tmp.0123456789abcdef`), 'left by a step that was cut off');
    expect(await act(root, dropIt)).toMatchObject({ code: 0 });
    expect(namesIn(root, storage)).toEqual([]);
  });

  test("somebody else's folder is not made, not locked and not dropped", async () => {
    make();
    writeFileSync(inside(root, `${folder}/sda`), 'data');
    expect(await check(root, makeIt)).toBe(10);
    expect(await act(root, makeIt)).toMatchObject({ code: 73 });
    expect(await act(root, dropIt)).toMatchObject({ code: 0 });
    expect(namesIn(root, folder)).toEqual(['sda']);
  });

  test('a folder that is not empty stays, locked', async () => {
    await act(root, makeIt);
    writeFileSync(inside(root, `${folder}/sda`), 'data');
    const outcome = await act(root, dropIt);
    expect(outcome).toMatchObject({ code: 73 });
    expect(outcome.err).toContain('sda');
    expect(namesIn(root, folder)).toEqual(['.lock', 'sda']);
  });

  test('when the lock can not be written, the folder goes again', async () => {
    // the directory can be synced, the lock can not
    shim(root, 'sync', 'case ${1##*/} in .lock.*) exit 1 ;; esac');
    expect(await act(root, makeIt)).toMatchObject({ code: 73 });
    expect(namesIn(root, storage)).toEqual([]);
  });

  test('where there is no storage directory, none is made', async () => {
    rmSync(inside(root, storage), { recursive: true });
    expect(await act(root, makeIt)).toMatchObject({ code: 73 });
    expect(existsSync(inside(root, storage))).toBe(false);
  });
});

describe('proof of shared storage', () => {
  test('a file opens where it was written, not elsewhere, and goes again', async () => {
    const token = 'f00d'.repeat(8);
    const other = emptyRoot();
    expect(await run(root, proveShared.read(storage, token))).toMatchObject({ code: 10 });
    expect(await run(root, proveShared.write(storage, token))).toMatchObject({ code: 0 });
    expect(await run(root, proveShared.write(storage, token))).toMatchObject({ code: 1 });
    expect(await run(root, proveShared.read(storage, token))).toMatchObject({ code: 0 });
    expect(await run(other, proveShared.read(storage, token))).toMatchObject({ code: 10 });
    expect(await run(root, proveShared.remove(storage, token))).toMatchObject({ code: 0 });
    expect(await run(root, proveShared.remove(storage, token))).toMatchObject({ code: 0 });
    expect(namesIn(root, storage)).toEqual([]);
  });

  test('a file of the same name that holds something else proves nothing', async () => {
    writeFileSync(inside(root, `${storage}/.vbdesk-proof.t1`), 'other\n');
    chmodSync(inside(root, `${storage}/.vbdesk-proof.t1`), 0o644);
    expect(await run(root, proveShared.read(storage, 't1'))).toMatchObject({ code: 10 });
  });
});
