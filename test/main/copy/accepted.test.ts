/** What a copy is called, and when: between two names, and before the first byte. */
import { linkSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { noteProof, preparePartial } from '../../../main/node/copy-scripts.ts';
import { act, check, emptyRoot, inside, lockOf, namesIn, run, storage } from '../node/support.ts';
import { copyOf } from './support.ts';

const folder = `${storage}/web1`;
const path = `${folder}/sda`;
const partial = `${path}.partial.r1`;
const size = 4096;
const copy = { ...copyOf(size), to: { node: 'node2', path } };
const accept = { do: 'accept-copy', path, size, type: 'raw' } as const;
let root: string;

beforeEach(async () => {
  root = emptyRoot();
  mkdirSync(inside(root, folder), { recursive: true });
  expect(await act(root, { do: 'lock', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
  writeFileSync(inside(root, partial), Buffer.alloc(size, 'x'));
});

const stateOf = async (): Promise<string> =>
  (await run(root, `stat -c '%s %d:%i %.9Y %.9Z' '${inside(root, partial)}'`)).out.trim();

test('cut off between its two names a copy is not accepted yet; once more, and it is', async () => {
  const proved = { hash: 'a'.repeat(64), state: await stateOf() };
  expect(await run(root, noteProof('r1', copy, proved))).toMatchObject({ code: 0 });
  expect(await check(root, accept)).toBe(10);
  expect(await act(root, accept)).toMatchObject({ code: 0 });
  expect(await check(root, accept)).toBe(0);
  // as when the power went between the new name and the end of the old one
  linkSync(inside(root, path), inside(root, partial));
  expect(await check(root, accept)).toBe(10);
  expect(await act(root, accept)).toMatchObject({ code: 0 });
  expect(namesIn(root, folder).filter((each) => !each.startsWith('.'))).toEqual(['sda']);
  expect(await check(root, accept)).toBe(0);
  // another file under the old name is no copy of this one, and stays
  writeFileSync(inside(root, partial), 'other');
  expect(await check(root, accept)).toBe(0);
  expect(await act(root, accept)).toMatchObject({ code: 0 });
  expect(namesIn(root, folder)).toContain('sda.partial.r1');
});

test('what has its length already is not touched before a byte is written, also not its time', async () => {
  const before = new Date('2026-01-01T00:00:00Z');
  utimesSync(inside(root, partial), before, before);
  expect(await run(root, preparePartial('r1', copy, size))).toMatchObject({ code: 0 });
  expect(statSync(inside(root, partial)).mtime).toEqual(before);
  expect(await run(root, preparePartial('r1', copy, size + 512))).toMatchObject({ code: 0 });
  expect(statSync(inside(root, partial)).size).toBe(size + 512);
  expect(statSync(inside(root, partial)).mtime).not.toEqual(before);
  expect(await run(root, preparePartial('r1', copy, 512))).toMatchObject({ code: 0 });
  expect(statSync(inside(root, partial)).size).toBe(512);
});

test('what is written to a copy after it got its name is seen; without the note it counts as half done', async () => {
  const proved = { hash: 'a'.repeat(64), state: await stateOf() };
  const unchanged = () => act(root, { do: 'verify-unchanged', images: [path], run: 'r1' });
  await run(root, noteProof('r1', copy, proved));
  expect(await unchanged()).toMatchObject({ code: 73 });
  expect(await act(root, accept)).toMatchObject({ code: 0 });
  expect(await unchanged()).toMatchObject({ code: 0 });
  const note = inside(root, `${folder}/.made.r1.read.sda`);
  rmSync(note);
  expect(await check(root, accept)).toBe(11);
  // the proof is gone as well: nobody can say that it is what was proved
  expect((await act(root, accept)).code).toBe(1);
  await run(
    root,
    `printf '%s\\n' ${proved.hash} '${proved.state}' >'${inside(root, folder)}/.made.r1.proved.sda'`,
  );
  expect(await act(root, accept)).toMatchObject({ code: 0, err: '' });
  expect(await unchanged()).toMatchObject({ code: 0 });
  writeFileSync(inside(root, path), Buffer.alloc(size, 'y'));
  expect(await unchanged()).toMatchObject({ code: 73, err: expect.stringContaining('was written to after') });
});
