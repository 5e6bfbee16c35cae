/** Whichever single command is ended while an image is read: what is in it is told rightly, or not at all. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { surveySource } from '../../../main/node/copy-scripts.ts';
import { act, emptyRoot, inside, run, shim, storage } from '../node/support.ts';
import { copyOf } from './support.ts';

const image = `${storage}/web1/sda`;
const MiB = 1 << 20;
const size = 3 * MiB + 512;
let root: string;

beforeAll(() => {
  root = emptyRoot();
  mkdirSync(inside(root, `${storage}/web1`), { recursive: true });
  const content = Buffer.alloc(size);
  content.fill('data', 0, 4096);
  content.fill('more', 2 * MiB, 2 * MiB + 100);
  writeFileSync(inside(root, image), content);
});

const hashOf = async (): Promise<string | null> => {
  const { code, out } = await act(root, { do: 'hash-images', images: [image] });
  return code === 0 ? out : null;
};
const copy = { ...copyOf(size), from: { node: 'node1', path: image } };
const survey = async (): Promise<string | null> => {
  const { code, out } = await run(root, surveySource('run1:1:', 'run1', copy));
  return code === 0 && out.endsWith('\nend\n') ? out.slice(out.indexOf('\nblocks\n')) : null;
};

const commands = ['awk', 'tar', 'dd', 'split', 'sha256sum', 'head', 'tr', 'cut', 'stat'];

test.each(commands)('%s', { timeout: 240_000 }, async (command) => {
  const [hash, blocks] = [await hashOf(), await survey()];
  expect(hash).toMatch(/^[0-9a-f]{64} /);
  expect(blocks).toMatch(/^\nblocks\n0 [0-9a-f]{64}\n2 [0-9a-f]{64}\nend\n$/);
  const counter = inside(root, '/calls');
  const killedAt = (call: number): void => {
    rmSync(counter, { force: true });
    shim(
      root,
      command,
      `echo >>'${counter}'; [ "$(wc -l <'${counter}')" -ne ${call} ] || kill -KILL $$; PATH=\${PATH#*:}; exec ${command} "$@"`,
    );
    chmodSync(inside(root, `/bin/${command}`), 0o755);
  };
  let told = 0;
  try {
    for (let call = 1; call <= 14; call += 1)
      for (const [look, right] of [
        [hashOf, hash],
        [survey, blocks],
      ] as const) {
        killedAt(call);
        const answer = await look();
        if (answer === null) continue;
        told += 1;
        expect(answer, `${command} ended in its call ${call}`).toBe(right);
      }
  } finally {
    rmSync(inside(root, `/bin/${command}`));
  }
  expect(await hashOf()).toBe(hash);
  expect(told).toBeGreaterThan(0);
  // without the map the whole file is read, which tells the same
  if (command !== 'tar' && command !== 'cut') expect(told).toBeLessThan(28);
});
