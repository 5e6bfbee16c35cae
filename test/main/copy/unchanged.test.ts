/** What was copied is still what the source holds, or the copy does not count. */
import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { surveySource } from '../../../main/node/copy-scripts.ts';
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
