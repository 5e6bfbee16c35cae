/** What was copied is still what the source holds, or the copy does not count. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { noteSourceProof, surveySource } from '../../../main/node/copy-scripts.ts';
import { act, emptyRoot, inside, lockOf, run, storage } from '../node/support.ts';
import { copyOf } from './support.ts';

const folder = `${storage}/web1`;
const image = `${folder}/sda`;

test('an image that was written to after it was read is told from one that was not', async () => {
  const root = emptyRoot();
  mkdirSync(inside(root, folder), { recursive: true });
  writeFileSync(inside(root, image), Buffer.alloc(4096, 'x'));
  const look = (of: string) => act(root, { do: 'verify-unchanged', images: [image], run: of });
  expect(await act(root, { do: 'lock', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
  expect(await look('r1')).toMatchObject({
    code: 73,
    err: expect.stringContaining('was not noted by this run'),
  });
  const copy = { ...copyOf(4096), from: { node: 'node1', path: image } };
  expect(await run(root, surveySource('r1:1:', 'r1', copy))).toMatchObject({ code: 0 });
  expect(await look('r1')).toMatchObject({ code: 0 });
  expect(await look('r2')).toMatchObject({ code: 73 });
  appendFileSync(inside(root, image), 'y');
  expect(await look('r1')).toMatchObject({
    code: 73,
    err: expect.stringContaining(`${image} was written to after it was copied`),
  });
  // the note goes with the lock
  expect(await act(root, { do: 'unlock', folder, run: 'r1' })).toMatchObject({ code: 0 });
  expect(readdirSync(inside(root, folder))).toEqual(['sda']);
});

test('an image holds what was proved of it, or nothing goes on from it', async () => {
  const root = emptyRoot();
  mkdirSync(inside(root, folder), { recursive: true });
  writeFileSync(inside(root, image), Buffer.alloc(3 << 20, 'x'));
  writeFileSync(inside(root, `${folder}/sdb`), Buffer.alloc(4096, 'y'));
  const { out } = await act(root, { do: 'hash-images', images: [image, `${folder}/sdb`] });
  const [a = '', b = ''] = out.split('\n').map((line) => line.slice(0, 64));
  const look = (...hashes: string[]) =>
    act(root, {
      do: 'hash-images',
      images: hashes.map((_, at) => `${folder}/${['sda', 'sdb', 'sdc'][at] ?? ''}`),
      expect: hashes,
    });
  expect(await look(a, b)).toMatchObject({ code: 0, out });
  // each of them counts, whichever is wrong
  expect(await look(b, b)).toMatchObject({
    code: 10,
    err: expect.stringContaining(`${image} is not what was copied`),
  });
  expect(await look(a, a)).toMatchObject({
    code: 10,
    err: expect.stringContaining(
      `${folder}/sdb is not what was copied and proved (content ${b}, and should be ${a})`,
    ),
  });
  expect(await look(a, b, a)).toMatchObject({ code: 10, err: expect.stringContaining('is missing') });
  symlinkSync('sda', inside(root, `${folder}/sdc`));
  const link = { code: 10, err: expect.stringContaining(`${folder}/sdc is a symbolic link, which is never`) };
  expect(await look(a, b, a)).toMatchObject(link);
  // nor is anything told of what it leads to where nothing is expected
  const told = await act(root, { do: 'hash-images', images: [`${folder}/sdc`, `${folder}/sdb`] });
  expect(told).toMatchObject(link);
  expect(told.out.trimEnd().split('\n')).toEqual([
    expect.stringMatching(new RegExp(`^${b} 4096 .*${folder}/sdb$`)),
  ]);
  // of the same length and type, one byte is another
  const bytes = readFileSync(inside(root, image));
  bytes[bytes.length - 1] = 0;
  writeFileSync(inside(root, image), bytes);
  expect(await look(a, b)).toMatchObject({
    code: 10,
    err: expect.stringContaining('Nothing is started from it'),
  });
});

test('what was proved of the source is noted there, while it is what was read and the folder is the run’s', async () => {
  const root = emptyRoot();
  mkdirSync(inside(root, folder), { recursive: true });
  writeFileSync(inside(root, image), Buffer.alloc(4096, 'x'));
  const copy = { ...copyOf(4096), from: { node: 'node1', path: image } };
  const hash = 'd'.repeat(64);
  const state = async (): Promise<string> => {
    const { out } = await run(root, surveySource('r1:1:', 'r1', copy));
    return /^state (.*)$/m.exec(out)?.[1] ?? '';
  };
  const read = await state();
  expect(await run(root, noteSourceProof('r1', copy, { hash, state: read }))).toMatchObject({ code: 0 });
  expect(readdirSync(inside(root, folder))).toEqual(['sda']);
  expect(await act(root, { do: 'lock', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
  expect(await run(root, noteSourceProof('r1', copy, { hash, state: read }))).toMatchObject({ code: 0 });
  expect(readFileSync(inside(root, `${folder}/.made.r1.hashes`), 'utf8')).toBe(`${hash}  sda\n`);
  writeFileSync(inside(root, image), Buffer.alloc(4096, 'z'));
  expect(await run(root, noteSourceProof('r1', copy, { hash, state: read }))).toMatchObject({
    code: 73,
    err: expect.stringContaining('changed after it was copied'),
  });
  expect(readFileSync(inside(root, `${folder}/.made.r1.hashes`), 'utf8')).toBe(`${hash}  sda\n`);
});
