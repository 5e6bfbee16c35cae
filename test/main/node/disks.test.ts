/** What the scripts do to images, with real files and the real qemu-img. */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import { act, check, emptyRoot, inside, lockOf, namesIn, run, shim, storage } from './support.ts';

const folder = `${storage}/web1`;
const sda = `${folder}/sda`;
const mib = 1024 ** 2;
let root: string;

beforeEach(async () => {
  root = emptyRoot();
  expect(await act(root, { do: 'make-folder', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
});

const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });
const infoOf = (
  logical: string,
): { format: string; 'virtual-size': number; snapshots?: { name: string }[] } =>
  JSON.parse(qemuImg('info', '--output=json', inside(root, logical)));
const makeQcow2 = (logical: string, size = mib): void => {
  mkdirSync(inside(root, logical.slice(0, logical.lastIndexOf('/'))), { recursive: true });
  qemuImg('create', '-q', '-f', 'qcow2', inside(root, logical), String(size));
};
/** Raw, with data here and there and holes between. */
const makeRaw = (logical: string, size = mib): void => {
  const file = openSync(inside(root, logical), 'w');
  writeSync(file, 'the beginning', 0);
  writeSync(file, 'the end', size - 7);
  closeSync(file);
};
const raw = (logical: string, type: string): Buffer => {
  const out = inside(root, '/exported');
  qemuImg('convert', '-f', type, '-O', 'raw', inside(root, logical), out);
  return readFileSync(out);
};
/** Somebody has the file open until the work is done. */
const whileOpen = async (logical: string, mode: '<' | '<>', work: () => Promise<void>): Promise<void> => {
  const child = spawn(
    '/bin/sh',
    ['-c', `exec 3${mode}"$1"; echo open; read -r _`, 'sh', inside(root, logical)],
    {
      env: { ...process.env, VBDESK_ROOT: root },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await new Promise((resolve) => child.stdout.once('data', resolve));
  try {
    await work();
  } finally {
    child.stdin.end('\n');
    await new Promise((resolve) => child.once('close', resolve));
  }
};
const done = async (action: Action): Promise<void> => {
  expect(await act(root, action)).toMatchObject({ code: 0, err: '' });
  if (renderAction(action, 'xl').check !== null) expect(await check(root, action)).toBe(0);
};
const refused = async (action: Action, sentence: string): Promise<void> => {
  expect(await act(root, action)).toMatchObject({ code: 73, err: expect.stringContaining(sentence) });
};

describe('grow-image', () => {
  const grow = (type: 'raw' | 'qcow2', from = mib, to = 2 * mib) =>
    ({ do: 'grow-image', path: sda, type, from, to }) as const;

  test.each(['raw', 'qcow2'] as const)('%s: larger, the data as it was, and twice is once', async (type) => {
    if (type === 'raw') makeRaw(sda);
    else makeQcow2(sda);
    const before = raw(sda, type);
    expect(await check(root, grow(type))).toBe(10);
    await done(grow(type));
    expect(infoOf(sda)['virtual-size']).toBe(2 * mib);
    expect(raw(sda, type).subarray(0, mib).equals(before)).toBe(true);
    await done(grow(type));
  });

  test('never shrinks', () => {
    expect(() => renderAction(grow('raw', 2 * mib, mib), 'xl')).toThrow('never shrinks');
    expect(() => renderAction(grow('raw', mib, mib + 5), 'xl')).toThrow('sectors');
  });

  test('not what is of another size or type, or opened by anybody', async () => {
    makeRaw(sda);
    await refused(grow('raw', 512), `${sda} has ${mib} bytes and not 512`);
    expect(await check(root, grow('raw', 512))).toBe(11);
    await refused(grow('qcow2'), `${sda} is no qcow2 image.`);
    await whileOpen(sda, '<', () => refused(grow('raw'), 'In use, so it stays as it is'));
    expect(statSync(inside(root, sda)).size).toBe(mib);
  });

  test('a raw one also while its guest has it open, never a qcow2 one', async () => {
    makeRaw(sda);
    await whileOpen(sda, '<>', () => done({ ...grow('raw'), running: true }));
    expect(statSync(inside(root, sda)).size).toBe(2 * mib);
    expect(() => renderAction({ ...grow('qcow2'), running: true }, 'xl')).toThrow('never grown while');
  });

  test('a qcow2 image with snapshots', async () => {
    makeQcow2(sda);
    qemuImg('snapshot', '-c', 'old', inside(root, sda));
    await refused(grow('qcow2'), 'has 1 snapshots of its present size');
  });
});

describe('convert-image', () => {
  const to = `${folder}/sda.r1.partial`;
  const convert = (
    from: string,
    type: 'raw' | 'qcow2' | 'vmdk' | 'vhd' | 'vdi' | 'qcow',
    target: 'raw' | 'qcow2',
    size: number | null = mib,
  ): Action => ({
    do: 'convert-image',
    from: { path: from, type },
    to: { path: to, type: target },
    size,
    within: [storage],
  });

  test('raw to qcow2 and back, equal to its source', async () => {
    makeRaw(sda);
    const action = convert(sda, 'raw', 'qcow2');
    expect(await check(root, action)).toBe(10);
    await done(action);
    expect(infoOf(to).format).toBe('qcow2');
    expect(raw(to, 'qcow2').equals(readFileSync(inside(root, sda)))).toBe(true);
    await done({ do: 'rename-image', from: to, to: `${folder}/sdb` });
    await done(convert(`${folder}/sdb`, 'qcow2', 'raw'));
    expect(readFileSync(inside(root, to)).equals(readFileSync(inside(root, sda)))).toBe(true);
    // what one run made, its undo removes, also under the new name
    await done({ do: 'remove-file', path: to });
    await done({ do: 'remove-file', path: `${folder}/sdb` });
    expect(namesIn(root, folder)).toEqual(['.lock', '.made.r1', 'sda']);
  });

  test.each([
    ['vmdk', 'vmdk'],
    ['vhd', 'vpc'],
    ['vdi', 'vdi'],
    ['qcow', 'qcow'],
  ] as const)('%s, as other products write it', async (type, format) => {
    makeRaw(sda);
    const foreign = `${folder}/foreign`;
    qemuImg(
      'convert',
      '-f',
      'raw',
      '-O',
      format,
      ...(format === 'vpc' ? ['-o', 'force_size=on'] : []),
      inside(root, sda),
      inside(root, foreign),
    );
    await done(convert(foreign, type, 'raw'));
    expect(readFileSync(inside(root, to)).equals(readFileSync(inside(root, sda)))).toBe(true);
  });

  test('a raw disk in which a guest wrote the header of another type is left for a person', async () => {
    makeQcow2(`${folder}/inner`);
    writeFileSync(inside(root, sda), readFileSync(inside(root, `${folder}/inner`)));
    await refused(convert(sda, 'raw', 'qcow2'), 'is no raw image by its header');
  });

  test('an image that names a file from elsewhere gives nothing of it away', async () => {
    writeFileSync(inside(root, '/secret'), 'x'.repeat(mib));
    const theirs = `${folder}/theirs`;
    const made = (...args: string[]) =>
      qemuImg('create', '-q', '-u', '-f', 'qcow2', ...args, inside(root, theirs), '1M');
    made('-b', inside(root, '/secret'), '-F', 'raw');
    await refused(
      convert(theirs, 'qcow2', 'raw'),
      `${theirs} takes its data from what does not lie below a storage directory: /secret`,
    );
    made('-b', '../../../secret', '-F', 'raw');
    await refused(convert(theirs, 'qcow2', 'raw'), 'does not lie below a storage directory: ');
    made(
      '-b',
      `json:{"driver":"raw","file":{"driver":"file","filename":"${inside(root, '/secret')}"}}`,
      '-F',
      'raw',
    );
    await refused(convert(theirs, 'qcow2', 'raw'), 'does not lie below a storage directory');
    writeFileSync(
      inside(root, theirs),
      `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\n\n# Extent description\nRW 2048 FLAT "${inside(root, '/secret')}" 0\n\nddb.adapterType = "ide"\n${'#'.repeat(600)}\n`,
    );
    await refused(convert(theirs, 'vmdk', 'raw'), 'does not lie below a storage directory: /secret');
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      `data_file=${inside(root, '/data')}`,
      inside(root, theirs),
      '1M',
    ]);
    await refused(convert(theirs, 'qcow2', 'raw'), 'keeps its data in another file');
    // one that builds on an image of the storage is fine
    makeQcow2(`${storage}/templates/base`);
    made('-b', '../templates/base', '-F', 'qcow2');
    await done(convert(theirs, 'qcow2', 'raw'));
  });

  test('a copy that is not equal, or of another size, is thrown away', async () => {
    makeRaw(sda);
    await refused(convert(sda, 'raw', 'qcow2', 2 * mib), 'is not of the recorded size');
    shim(root, 'qemu-img', '[ "$1" != compare ] || exit 1\nexec /usr/bin/qemu-img "$@"');
    await refused(convert(sda, 'raw', 'qcow2'), 'is not equal to it, so it was thrown away');
    shim(
      root,
      'qemu-img',
      '[ "$1" != convert ] || { echo "No space left on device" >&2; exit 1; }\nexec /usr/bin/qemu-img "$@"',
    );
    await refused(convert(sda, 'raw', 'qcow2'), 'could not be converted: No space left on device');
    expect(namesIn(root, folder)).toEqual(['.lock', 'sda']);
  });

  test('not what is open, not onto something, not without our lock', async () => {
    makeRaw(sda);
    await whileOpen(sda, '<', () => refused(convert(sda, 'raw', 'qcow2'), 'In use'));
    writeFileSync(inside(root, to), 'somebody');
    await refused(convert(sda, 'raw', 'qcow2'), 'exists already');
    await done({ do: 'unlock', folder, run: 'r1' });
    execFileSync('rm', [inside(root, to)]);
    await refused(convert(sda, 'raw', 'qcow2'), 'is not locked by a run');
    expect(namesIn(root, folder)).toEqual(['sda']);
  });
});

describe('rename-image and delete-kept', () => {
  const kept = `${folder}/sda.before-r1`;

  test('there and back, never onto something', async () => {
    makeRaw(sda);
    await done({ do: 'rename-image', from: sda, to: kept });
    await done({ do: 'rename-image', from: sda, to: kept });
    await done({ do: 'rename-image', from: kept, to: sda });
    writeFileSync(inside(root, kept), 'x');
    await refused({ do: 'rename-image', from: sda, to: kept }, 'exists already, so');
    await refused({ do: 'rename-image', from: `${folder}/sdz`, to: `${folder}/sdy` }, 'is missing');
    await whileOpen(sda, '<>', () =>
      refused({ do: 'rename-image', from: sda, to: `${folder}/sdq` }, 'In use'),
    );
    expect(() => renderAction({ do: 'rename-image', from: sda, to: `${storage}/sda` }, 'xl')).toThrow(
      'in one folder',
    );
  });

  test('deletes what was kept, nothing else, and not while it is open', async () => {
    makeRaw(kept);
    expect(() => renderAction({ do: 'delete-kept', path: sda }, 'xl')).toThrow('no file that was kept');
    await whileOpen(kept, '<', () => refused({ do: 'delete-kept', path: kept }, 'In use'));
    await done({ do: 'delete-kept', path: kept });
    await done({ do: 'delete-kept', path: kept });
    expect(namesIn(root, folder)).toEqual(['.lock']);
  });
});

describe('snapshots', () => {
  const make = (tag: string) => ({ do: 'make-snapshot', path: sda, tag }) as const;
  const drop = (tag: string, own = false) => ({ do: 'drop-snapshot', path: sda, tag, own }) as const;
  const revert = (tag: string, size = mib) => ({ do: 'revert-snapshot', path: sda, tag, size }) as const;
  const tags = (): string[] => (infoOf(sda).snapshots ?? []).map((each) => each.name);
  const write = (byte: string): void => {
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -P ${byte} 0 64k`, inside(root, sda)]);
  };

  test('made, reverted to, deleted', async () => {
    makeQcow2(sda);
    write('0x11');
    await done(make('before-upgrade'));
    write('0x22');
    expect(raw(sda, 'qcow2')[0]).toBe(0x22);
    expect(await act(root, revert('before-upgrade'))).toMatchObject({ code: 0, err: '' });
    expect(raw(sda, 'qcow2')[0]).toBe(0x11);
    await done(drop('before-upgrade'));
    expect(tags()).toEqual([]);
  });

  test('undo drops only what this run made', async () => {
    makeQcow2(sda);
    qemuImg('snapshot', '-c', 'theirs', inside(root, sda));
    await refused(make('theirs'), 'has a snapshot theirs already');
    expect(await check(root, make('theirs'))).toBe(10);
    expect(await act(root, drop('theirs', true))).toMatchObject({ code: 0 });
    await done(make('ours'));
    await done(make('ours'));
    await done(drop('ours', true));
    expect(tags()).toEqual(['theirs']);
  });

  test('what is not there is said, with what there is; and nothing while it is open', async () => {
    makeQcow2(sda);
    qemuImg('snapshot', '-c', 'one', inside(root, sda));
    await refused(revert('two'), 'has no snapshot two. There are: one');
    await refused(drop('two'), 'has no snapshot two. There are: one');
    await whileOpen(sda, '<', () => refused(make('three'), 'In use'));
    expect(() => renderAction(make('-d'), 'xl')).toThrow('tag');
    expect(() => renderAction(make('17'), 'xl')).toThrow('tag');
  });

  test('a raw disk has none', async () => {
    makeRaw(sda);
    await refused(make('one'), 'is no qcow2 image');
  });

  test('a snapshot of another size is told', async () => {
    makeQcow2(sda);
    qemuImg('snapshot', '-c', 'small', inside(root, sda));
    expect(await act(root, revert('small', 2 * mib))).toMatchObject({
      code: 1,
      err: expect.stringContaining(`had ${mib} bytes, and the record says ${2 * mib}`),
    });
  });
});

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
    await done({ do: 'remove-file', path: sda });
    await done(alone);
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
      { do: 'make-snapshot', path: sda, tag: 'a' },
      { do: 'grow-image', path: sda, type: 'qcow2', from: mib, to: 2 * mib },
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
