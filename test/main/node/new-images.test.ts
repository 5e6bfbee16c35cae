import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import {
  done,
  folder,
  infoOf,
  makeQcow2,
  makeRaw,
  mib,
  qemuImg,
  refused,
  root,
  sda,
  whileOpen,
} from './image-support.ts';
import { act, inside, namesIn, run, shim, storage } from './support.ts';

describe('linked clones', () => {
  const base = `${storage}/templates/debian.qcow2`;
  const clone = (size = mib, at = base) =>
    ({
      do: 'create-image',
      path: sda,
      type: 'qcow2',
      size,
      base: { path: at, type: 'qcow2', within: [storage] },
    }) satisfies Action;
  const alone: Action = { do: 'check-no-overlays', images: [base], directories: [storage] };

  beforeEach(() => {
    makeQcow2(base);
    chmodSync(inside(root, base), 0o444);
  });

  test('builds on its base, which is known then', async () => {
    await done(alone);
    await done(clone(2 * mib));
    expect(infoOf(sda)).toMatchObject({ 'virtual-size': 2 * mib, 'backing-filename': inside(root, base) });
    expect(await act(root, alone)).toMatchObject({
      code: 10,
      err: `${sda} builds on ${base}, so that may not be changed or moved.\n`,
    });
    // what goes the same way does not count
    await done({ ...alone, images: [base, sda] });
    await done({ do: 'remove-file', path: sda });
    await done(alone);
  });

  test('a folder that is purged meanwhile is looked past; one that stays listed and can not be read is told', async () => {
    await done(clone(2 * mib));
    const going = `${storage}/.trash/old/sda`;
    mkdirSync(inside(root, `${storage}/.trash/old`), { recursive: true });
    makeRaw(going, mib);
    const gone = inside(root, going);
    try {
      // listed, and gone as soon as somebody reads it
      shim(root, 'head', `rm -f '${gone}'; PATH=\${PATH#*:}; exec head "$@"`);
      expect(await act(root, alone)).toMatchObject({
        code: 10,
        err: `${sda} builds on ${base}, so that may not be changed or moved.\n`,
      });
      shim(root, 'head', `echo "cannot open '${gone}'" >&2; exit 1`);
      const { code, err } = await act(root, alone);
      expect(code).toBe(1);
      expect(err).toContain(`cannot open '${gone}'\n`);
      expect(err).toContain(`Whether another image builds on ${base} could not be told`);
    } finally {
      rmSync(inside(root, '/bin/head'));
    }
  });

  test('relative names, another name of the same file, and the trash count', async () => {
    mkdirSync(inside(root, `${storage}/.trash/old`), { recursive: true });
    const old = `${storage}/.trash/old/sda`;
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      '../../templates/debian.qcow2',
      '-F',
      'qcow2',
      inside(root, old),
    ]);
    execFileSync('ln', [inside(root, base), inside(root, `${storage}/templates/other`)]);
    const found = await act(root, { ...alone, images: [`${storage}/templates/other`] });
    expect(found).toMatchObject({ code: 10, err: expect.stringContaining(old) });
  });

  test('in the trash a relative name counts from where the image lay', async () => {
    const old = `${storage}/.trash/web2.1.2/sda`;
    mkdirSync(inside(root, `${storage}/.trash/web2.1.2`), { recursive: true });
    qemuImg(
      'create',
      '-q',
      '-u',
      '-f',
      'qcow2',
      '-b',
      '../templates/debian.qcow2',
      '-F',
      'qcow2',
      inside(root, old),
      '1M',
    );
    expect(await act(root, alone)).toMatchObject({
      code: 10,
      err: expect.stringContaining(`${old} builds on`),
    });
    await done({ ...alone, besides: [old] });
  });

  test('what is recorded as raw does not count, whatever its guest wrote into it', async () => {
    await done(clone());
    const record = (type: string, path = sda): void =>
      writeFileSync(
        inside(root, `${folder}/instance.json`),
        JSON.stringify({ disks: [{ logical_id: ['loop', type, path] }] }, null, 2),
      );
    for (const [type, at] of [['qcow2'], ['raw', `${folder}/sdb`]] as const) {
      record(type, at);
      expect((await act(root, alone)).code).toBe(10);
    }
    record('raw');
    await done(alone);
    execFileSync('rm', [inside(root, `${folder}/instance.json`)]);
    await done({ do: 'rename-image', from: sda, to: `${folder}/sda.removed-r1.qcow2` });
    expect((await act(root, alone)).code).toBe(10);
    await done({
      do: 'rename-image',
      from: `${folder}/sda.removed-r1.qcow2`,
      to: `${folder}/sda.removed-r1.raw`,
    });
    await done(alone);
  });

  test('an image of which that can not be told is named', async () => {
    await done(clone());
    const bytes = readFileSync(inside(root, sda));
    bytes.writeUInt32BE(4000, 16);
    writeFileSync(inside(root, sda), bytes);
    expect(await act(root, alone)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`On what ${sda} builds can not be told by its header.`),
    });
  });

  test('many files of any name are told apart', async () => {
    mkdirSync(inside(root, `${storage}/x`));
    for (const name of ['a b', "it's", '-n', 'QFI'])
      writeFileSync(inside(root, `${storage}/x/${name}`), 'QFI'.padEnd(600, 'x'));
    makeRaw(`${storage}/x/raw`);
    await done(alone);
    await done(clone());
    expect(await act(root, alone)).toMatchObject({
      code: 10,
      err: expect.stringContaining(`${sda} builds on`),
    });
  });

  test('not on what may change, is another type, is larger, or is written to', async () => {
    chmodSync(inside(root, base), 0o644);
    await refused(clone(), 'is not marked as read-only');
    chmodSync(inside(root, base), 0o444);
    await refused(clone(mib / 2), `has ${mib} bytes, which do not fit into a clone of ${mib / 2}`);
    await refused(
      { ...clone(), base: { path: base, type: 'raw', within: [storage] } },
      'is no raw image by its header',
    );
    await refused(clone(mib, `${storage}/templates/none`), 'is missing');
    chmodSync(inside(root, base), 0o644);
    await whileOpen(base, '<>', async () => {
      chmodSync(inside(root, base), 0o444);
      await refused(clone(), 'is being written to');
    });
    await whileOpen(base, '<', () => done(clone()));
  });

  test('a node without qemu-img says so', async () => {
    const without = `mkdir -p "$R/tools"
for tool in sh cat stat sed grep awk find xargs od tr cut head tail mkdir rm mv ln sync realpath sha256sum truncate id timeout wc ls; do
  ln -sf "$(command -v "$tool")" "$R/tools/$tool"
done
PATH=$R/bin:$R/tools
`;
    const script = renderAction({ do: 'create-image', path: sda, type: 'qcow2', size: mib }, 'xl').act;
    expect(await run(root, `${without}${script}`)).toMatchObject({
      code: 73,
      err: 'This node has no qemu-img, which makes qcow2 images. Install qemu-utils, or make the disk raw.\n',
    });
    makeQcow2(sda);
    for (const action of [
      { do: 'make-snapshot', path: sda, tag: 'a', within: [storage] },
      { do: 'grow-image', path: sda, type: 'qcow2', from: mib, to: 2 * mib, within: [storage] },
      {
        do: 'convert-image',
        from: { path: sda, type: 'qcow2' },
        to: { path: `${sda}.x`, type: 'raw' },
        size: mib,
        within: [storage],
      },
    ] satisfies Action[])
      expect(await run(root, `${without}${renderAction(action, 'xl').act}`)).toMatchObject({
        code: 73,
        err: expect.stringContaining('This node has no qemu-img'),
      });
  });
});

describe('allocation', () => {
  const image = { do: 'create-image', path: sda, type: 'raw', size: mib } as const;
  const allocated = (): number => statSync(inside(root, sda)).blocks * 512;

  test('full takes every block, sparse none', async () => {
    await done({ ...image, allocation: 'full' });
    expect(statSync(inside(root, sda)).size).toBe(mib);
    expect(allocated()).toBeGreaterThanOrEqual(mib);
    await done({ do: 'remove-file', path: sda });
    await done(image);
    expect(allocated()).toBe(0);
  });

  test('where the file system can not reserve, zeros are written, and it is said', async () => {
    shim(root, 'fallocate', 'echo "fallocate: fallocate failed: Operation not supported" >&2; exit 1');
    const outcome = await act(root, { ...image, allocation: 'full' });
    expect(outcome).toMatchObject({ code: 0, out: expect.stringContaining('zeros were written instead') });
    expect(allocated()).toBeGreaterThanOrEqual(mib);
  });

  test('a full storage makes nothing', async () => {
    shim(root, 'fallocate', 'echo "fallocate: fallocate failed: No space left on device" >&2; exit 1');
    await refused({ ...image, allocation: 'full' }, 'can not be reserved');
    expect(namesIn(root, folder)).toEqual(['.lock']);
  });
});
