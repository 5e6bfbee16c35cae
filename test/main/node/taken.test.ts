/** Images that are there become an instance's: what the scripts look at, and how a file moves. Real files, real sh. */
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import { act, check, emptyRoot, inside, lockOf, namesIn, storage } from './support.ts';

const folder = `${storage}/web1`;
const old = `${storage}/old`;
const sda = `${folder}/sda`;
const mib = 1024 ** 2;
let root: string;

const put = (logical: string, content = 'data', size = mib): void => {
  mkdirSync(inside(root, logical.slice(0, logical.lastIndexOf('/'))), { recursive: true });
  writeFileSync(inside(root, logical), content);
  truncateSync(inside(root, logical), size);
};
/** A qcow2 header that names a backing file, as far as the scripts read it. */
const qcow2 = (backing: string): string => {
  const header = Buffer.alloc(104 + backing.length);
  header.write('QFI\u00fb', 0, 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeBigUInt64BE(backing === '' ? 0n : 104n, 8);
  header.writeUInt32BE(backing.length, 16);
  header.writeBigUInt64BE(BigInt(mib), 24);
  header.write(backing, 104, 'latin1');
  return header.toString('latin1');
};
const putQcow2 = (logical: string, backing: string): void => {
  put(logical);
  writeFileSync(inside(root, logical), Buffer.from(qcow2(backing), 'latin1'));
  truncateSync(inside(root, logical), mib);
};
type Verify = Extract<Action, { do: 'verify-taken' }>;
const imageOf = (
  logical: string,
  change: Partial<Verify['images'][number]> = {},
): Verify['images'][number] => {
  const { dev, ino, size } = statSync(inside(root, logical));
  return { path: logical, device: dev, inode: ino, size, type: 'raw', base: null, ...change };
};
const verify = (images: Verify['images'], known = ['sda']): Verify => ({
  do: 'verify-taken',
  folders: [{ path: folder, known }],
  images,
  within: [storage],
});
const differs = async (action: Action, sentence: string): Promise<void> => {
  expect(await act(root, action)).toMatchObject({ code: 10, err: expect.stringContaining(sentence) });
};

beforeEach(() => {
  root = emptyRoot();
  put(sda);
});

describe('verify-taken', () => {
  test('is well with what the planner saw, and changes nothing', async () => {
    const before = statSync(inside(root, sda));
    writeFileSync(inside(root, `${folder}/xen.cfg`), 'memory = 1\n');
    writeFileSync(inside(root, `${folder}/.lock`), '{}');
    expect(await act(root, verify([imageOf(sda)]))).toMatchObject({ code: 0, err: '' });
    expect(statSync(inside(root, sda)).mtimeMs).toBe(before.mtimeMs);
    expect(readFileSync(inside(root, sda)).subarray(0, 4).toString()).toBe('data');
  });

  test('says everything that has changed since, at once', async () => {
    const seen = imageOf(sda);
    rmSync(inside(root, sda));
    putQcow2(sda, '');
    truncateSync(inside(root, sda), 2 * mib);
    put(`${folder}/sdb`);
    writeFileSync(inside(root, `${folder}/instance.json`), '{}');
    linkSync(inside(root, `${folder}/sdb`), inside(root, `${folder}/keeps the inode`));
    const { code, err } = await act(root, verify([{ ...seen, inode: seen.inode + 1_000_000 }]));
    expect(code).toBe(10);
    expect(err).toContain('is another file than the one that was shown');
    expect(err).toContain(`${sda} has ${2 * mib} bytes now, it had ${mib}.`);
    expect(err).toContain(`${sda} was raw, but its header says qcow2.`);
    expect(err).toContain(`${folder} holds instance.json now`);
    expect(err).toContain(`${folder}/sdb was not there when the plan was made.`);
  });

  test.each([
    ['a symbolic link', () => symlinkSync('sdx', inside(root, sda)), 'is a symbolic link'],
    ['nothing', () => undefined, 'is missing'],
    ['a directory', () => mkdirSync(inside(root, sda)), 'is not a regular file'],
  ])('%s in its place', async (_title, make, sentence) => {
    const seen = imageOf(sda);
    rmSync(inside(root, sda));
    make();
    await differs(verify([seen]), sentence);
  });

  test('a file with a second name, in adoption and as a clone', async () => {
    const clone = { do: 'check-one-name', images: [sda] } satisfies Action;
    expect(await act(root, clone)).toMatchObject({ code: 0, err: '' });
    linkSync(inside(root, sda), inside(root, `${storage}/second`));
    await differs(verify([imageOf(sda)]), `${sda} has 2 names (hard links)`);
    await differs(clone, `${sda} has 2 names (hard links)`);
    await differs(clone, 'cp --sparse=always');
    rmSync(inside(root, sda));
    await differs(clone, 'is missing');
  });

  test('one that lies in the storage directory itself', async () => {
    const loose = `${storage}/root.img`;
    put(loose);
    expect(await act(root, { ...verify([imageOf(loose)]), folders: [] })).toMatchObject({ code: 0, err: '' });
    const { ino } = statSync(inside(root, loose));
    const take: Action = { do: 'take-image', from: loose, to: `${folder}/sdb`, inode: ino, alone: true };
    // another run took it at the same moment
    linkSync(inside(root, loose), inside(root, `${old}`));
    const twice = await act(root, take);
    expect(twice.code).not.toBe(0);
    expect(twice.err).toContain(`${folder}/sdb has another name as well`);
    rmSync(inside(root, old));
    expect(await act(root, take)).toMatchObject({ code: 0 });
    expect(await act(root, { ...take, from: `${folder}/sdb`, to: loose })).toMatchObject({ code: 0 });
    expect(statSync(inside(root, loose)).ino).toBe(ino);
  });

  test('a size that is no multiple of 512', async () => {
    truncateSync(inside(root, sda), mib + 100);
    await differs(verify([imageOf(sda)]), 'not a multiple of 512');
  });

  test('a VHD of fixed size whose length is one of a raw disk, unless somebody said that it is raw', async () => {
    const footer = Buffer.alloc(512);
    footer.write('conectix');
    footer.writeBigUInt64BE(BigInt(mib - 512), 48);
    footer.writeUInt32BE(2, 60);
    const write = (): void =>
      writeFileSync(inside(root, sda), Buffer.concat([Buffer.alloc(mib - 512), footer]));
    write();
    await differs(
      verify([imageOf(sda, { unlessVhd: true })]),
      'ends with the footer of a fixed-size VHD, which is no part of the disk',
    );
    expect(await act(root, verify([imageOf(sda)]))).toMatchObject({ code: 0, err: '' });
    // what a guest wrote there of another disk is no sign
    footer.writeBigUInt64BE(BigInt(mib), 48);
    write();
    expect(await act(root, verify([imageOf(sda, { unlessVhd: true })]))).toMatchObject({ code: 0, err: '' });
  });

  test('a folder that became a symbolic link', async () => {
    const seen = imageOf(sda);
    rmSync(inside(root, folder), { recursive: true });
    put(`${old}/sda`);
    symlinkSync(inside(root, old), inside(root, folder));
    await differs(verify([seen]), 'is a symbolic link, not a folder');
  });

  test('a base: the one that was shown, below or beside, and there', async () => {
    const base = `${storage}/base/debian.qcow2`;
    putQcow2(base, '');
    for (const named of [
      base,
      `file:${base}`,
      '../base/debian.qcow2',
      `../../${storage.slice(storage.lastIndexOf('/') + 1)}/base/./debian.qcow2`,
    ]) {
      putQcow2(sda, named);
      expect(await act(root, verify([imageOf(sda, { type: 'qcow2', base })])), named).toMatchObject({
        code: 0,
      });
    }
    await differs(verify([imageOf(sda, { type: 'qcow2' })]), 'not on nothing as was shown');
    putQcow2(sda, '/etc/shadow');
    await differs(verify([imageOf(sda, { type: 'qcow2', base })]), 'builds on /etc/shadow, not on');
    putQcow2(sda, base);
    const seen = imageOf(sda, { type: 'qcow2', base });
    rmSync(inside(root, base));
    await differs(verify([seen]), 'is missing or no regular file');
  });

  test('a header that names an external data file is not taken for an image, with or without a base', async () => {
    const data = inside(root, '/etc/shadow-of-somebody');
    rmSync(inside(root, sda));
    const options = ['-o', `data_file=${data}`];
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, inside(root, sda), '1M']);
    await differs(verify([imageOf(sda, { type: 'qcow2' })]), 'keeps its data in another file');
    await differs(
      { ...verify([imageOf(sda, { type: 'qcow2' })]), running: true },
      'keeps its data in another file',
    );
  });

  test('opened by somebody', async () => {
    const child = spawn('/bin/sh', ['-c', 'exec 3<"$1"; echo open; read -r _', 'sh', inside(root, sda)], {
      env: { ...process.env, VBDESK_ROOT: root },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    try {
      await differs(verify([imageOf(sda)]), `process ${child.pid ?? ''}`);
    } finally {
      child.stdin.end('\n');
      await new Promise((resolve) => child.once('close', resolve));
    }
    expect(await act(root, verify([imageOf(sda)]))).toMatchObject({ code: 0 });
  });
});

describe('take-image', () => {
  const from = `${old}/root.img`;
  const to = `${folder}/sdb`;
  const inodeOf = (logical: string): number => statSync(inside(root, logical)).ino;
  const take = (inode: number): Action => ({ do: 'take-image', from, to, inode });

  beforeEach(async () => {
    put(from, 'precious');
    expect(await act(root, { do: 'lock', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
  });

  test('the very file moves, twice is once, and undo moves it back', async () => {
    const inode = inodeOf(from);
    expect(await check(root, take(inode))).toBe(10);
    for (const _ of [1, 2]) expect(await act(root, take(inode))).toMatchObject({ code: 0, err: '' });
    expect(await check(root, take(inode))).toBe(0);
    expect(inodeOf(to)).toBe(inode);
    expect(namesIn(root, old)).toEqual([]);
    const back: Action = { do: 'take-image', from: to, to: from, inode };
    expect(await check(root, back)).toBe(10);
    for (const _ of [1, 2]) expect(await act(root, back)).toMatchObject({ code: 0, err: '' });
    expect(inodeOf(from)).toBe(inode);
    expect(readFileSync(inside(root, from)).subarray(0, 8).toString()).toBe('precious');
    expect(existsSync(inside(root, to))).toBe(false);
  });

  test('cut off between its two names it is not told as done, and goes on', async () => {
    const inode = inodeOf(from);
    linkSync(inside(root, from), inside(root, to));
    expect(await check(root, take(inode))).toBe(11);
    expect(await act(root, take(inode))).toMatchObject({ code: 0 });
    expect(inodeOf(to)).toBe(inode);
    expect(existsSync(inside(root, from))).toBe(false);
  });

  test('nothing in its way is replaced', async () => {
    put(to, 'also precious');
    expect(await act(root, take(inodeOf(from)))).toMatchObject({
      code: 73,
      err: expect.stringContaining(`${to} exists already`),
    });
    expect(readFileSync(inside(root, to)).subarray(0, 4).toString()).toBe('also');
    expect(existsSync(inside(root, from))).toBe(true);
  });

  test('another file of that name, a link and nothing stay as they are', async () => {
    const inode = inodeOf(from);
    const refused = async (sentence: string) =>
      expect(await act(root, take(inode))).toMatchObject({
        code: 73,
        err: expect.stringContaining(sentence),
      });
    linkSync(inside(root, from), inside(root, `${old}/keeps the inode`));
    rmSync(inside(root, from));
    put(from, 'another');
    await refused('is another file than the one that was shown');
    rmSync(inside(root, from));
    await refused('is missing');
    symlinkSync('keeps the inode', inside(root, from));
    await refused('is not a regular file');
    expect(existsSync(inside(root, to))).toBe(false);
  });

  test('only between folders, and never a hidden file', () => {
    expect(() => renderAction({ do: 'take-image', from, to: `${old}/x`, inode: 1 }, 'xl')).toThrow(
      /between folders/,
    );
    expect(() => renderAction({ do: 'take-image', from: `${old}/.lock`, to, inode: 1 }, 'xl')).toThrow(
      /no image/,
    );
  });
});

describe('images that nobody owns go into the trash', () => {
  const trash = `${storage}/.trash/old.0f3a9c1d.20261125T120000Z`;
  const unowned = (names: string[], alone = true, at = old): Action => ({
    do: 'verify-unowned',
    folder: at,
    files: names.map((name) => {
      const { ino, size } = statSync(inside(root, `${at}/${name}`));
      return { name, inode: ino, size };
    }),
    alone,
  });

  test('verify-unowned: the same files, nothing else, no record', async () => {
    put(`${old}/a b.img`);
    put(`${old}/c.img`);
    const look = unowned(['a b.img', 'c.img']);
    expect(await act(root, look)).toMatchObject({ code: 0, err: '' });
    // what is VBDesk's own does not count
    for (const own of ['xen.cfg', '.lock', '.made.r1', 'removed.json']) put(`${old}/${own}`, 'x', 1);
    expect(await act(root, look)).toMatchObject({ code: 0 });
    put(`${old}/d.img`);
    await differs(look, `${old}/d.img was not there when the plan was made`);
    expect(await act(root, unowned(['a b.img'], false))).toMatchObject({ code: 0 });
    rmSync(inside(root, `${old}/d.img`));
    put(`${old}/.hidden`, 'x', 1);
    await differs(look, `${old}/.hidden was not there`);
    rmSync(inside(root, `${old}/.hidden`));
    truncateSync(inside(root, `${old}/c.img`), 1);
    await differs(look, `${old}/c.img is not as it was`);
    rmSync(inside(root, `${old}/c.img`));
    symlinkSync('a b.img', inside(root, `${old}/c.img`));
    await differs(look, `${old}/c.img is missing, or no regular file`);
    for (const own of ['instance.json', 'replica.json']) {
      put(`${old}/${own}`, '{}', 2);
      await differs(unowned(['a b.img'], false), `holds ${own} now`);
      rmSync(inside(root, `${old}/${own}`));
    }
  });

  test('a file beside the folders goes into a folder of its own in the trash, and back', async () => {
    put(`${storage}/loose.img`);
    const from = `${storage}/loose.img`;
    expect(await act(root, unowned(['loose.img'], false, storage))).toMatchObject({ code: 0 });
    const { ino } = statSync(inside(root, from));
    const make = { do: 'make-folder', folder: trash, lock: lockOf('r1') } satisfies Action;
    expect(await act(root, make)).toMatchObject({ code: 0, err: '' });
    expect(await check(root, make)).toBe(0);
    const note = {
      do: 'write-file',
      path: `${trash}/removed.json`,
      content: '{}',
      expect: 'absent',
    } satisfies Action;
    expect(await act(root, note)).toMatchObject({ code: 0 });
    const take = { do: 'take-image', from, to: `${trash}/loose.img`, inode: ino } satisfies Action;
    expect(await act(root, take)).toMatchObject({ code: 0 });
    expect(existsSync(inside(root, from))).toBe(false);
    const back = { do: 'take-image', from: take.to, to: from, inode: ino } satisfies Action;
    expect(await act(root, back)).toMatchObject({ code: 0 });
    expect(statSync(inside(root, from)).ino).toBe(ino);
    expect(await act(root, { do: 'purge-folder', folder: trash, files: [], run: 'r1' })).toMatchObject({
      code: 0,
    });
    expect(namesIn(root, `${storage}/.trash`)).toEqual([]);
  });

  test('drop-note removes the note under the lock, and nothing else', async () => {
    expect(await act(root, { do: 'lock', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
    put(`${folder}/removed.json`, '{}', 2);
    const drop = { do: 'drop-note', folder, run: 'r1' } satisfies Action;
    expect(await act(root, { ...drop, run: 'r2' })).toMatchObject({ code: 77 });
    expect(await check(root, drop)).toBe(10);
    expect(await act(root, drop)).toMatchObject({ code: 0, err: '' });
    expect(await check(root, drop)).toBe(0);
    expect(await act(root, drop)).toMatchObject({ code: 0 });
    expect(namesIn(root, folder)).not.toContain('removed.json');
  });

  test('the trash is never made through a link', async () => {
    mkdirSync(inside(root, '/srv/elsewhere'));
    symlinkSync('../elsewhere', inside(root, `${storage}/.trash`));
    expect(await act(root, { do: 'make-folder', folder: trash, lock: lockOf('r1') })).toMatchObject({
      code: 73,
    });
    expect(namesIn(root, '/srv/elsewhere')).toEqual([]);
  });
});
