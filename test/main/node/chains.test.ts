/** No image that leads out of the storage directories is ever opened by qemu-img: it is judged by its headers before. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import {
  done,
  folder,
  makeQcow2,
  makeRaw,
  mib,
  qemuImg,
  refused,
  root,
  sda,
  whileOpen,
} from './image-support.ts';
import { act, check, inside, shim, storage } from './support.ts';

const within = [storage];
const base = `${storage}/templates/base`;

/** An overlay as anybody may write one: nothing that it names is looked at. */
const overlay = (at: string, on: string, format = 'raw', type = 'qcow2'): void => {
  qemuImg(...['create', '-q', '-u', '-f', type, '-b', on, '-F', format, inside(root, at), '1M']);
};
/** The same length, so that nothing else in the header moves. */
const replaceIn = (at: string, from: string, to: string): void => {
  const bytes = readFileSync(inside(root, at));
  const position = bytes.indexOf(from);
  expect(position).toBeGreaterThan(0);
  bytes.write(to, position, 'latin1');
  writeFileSync(inside(root, at), bytes);
};
const withoutFormat = (at: string): void => {
  const bytes = readFileSync(inside(root, at));
  const position = bytes.indexOf(Buffer.from('e2792aca', 'hex'));
  // a type that no reader knows is passed over
  bytes.writeUInt32BE(0x12345678, position);
  writeFileSync(inside(root, at), bytes);
};

/** From now on whoever calls qemu-img leaves a trace, and gets nothing. */
const watchQemuImg = (): (() => boolean) => {
  shim(root, 'qemu-img', `echo "$*" >>${inside(root, '/called')}\nexit 1`);
  return () => existsSync(inside(root, '/called'));
};

const convert: Action = {
  do: 'convert-image',
  from: { path: sda, type: 'qcow2' },
  to: { path: `${folder}/sda.r1.partial`, type: 'raw' },
  size: mib,
  within,
};

const descriptor = (target: string): string =>
  `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\n\nRW 2048 FLAT "${target}" 0\n${'#'.repeat(600)}\n`;

beforeEach(() => {
  writeFileSync(inside(root, '/secret'), 'x'.repeat(mib));
  mkdirSync(inside(root, `${storage}/templates`));
});

describe('an image that leads elsewhere is opened by nobody', () => {
  const outside = 'does not lie below a storage directory: ';
  const hostile: [string, () => void, string][] = [
    ['an absolute name', () => overlay(sda, inside(root, '/secret')), `${outside}/secret`],
    [
      'file: and an absolute name',
      () => overlay(sda, `file:${inside(root, '/secret')}`),
      `${outside}/secret`,
    ],
    ['a relative name', () => overlay(sda, '../../../secret'), outside],
    ['a device', () => overlay(sda, '/dev/null'), `${outside}/dev/null`],
    ['a server', () => overlay(sda, 'nbd://127.0.0.1:1/x'), `${outside}nbd://127.0.0.1:1/x`],
    ['a protocol by its colon', () => overlay(sda, 'Fat:rw'), `${outside}Fat:rw`],
    // to qemu relative to where it runs, and not to the image
    ['file: and a relative name', () => overlay(sda, 'file:base'), `${outside}file:base`],
    [
      'options in JSON',
      () => overlay(sda, `json:{"driver":"raw","file":{"driver":"file","filename":"/etc/shadow"}}`),
      `${outside}json:`,
    ],
    [
      'a link in the storage directory',
      () => {
        symlinkSync(inside(root, '/secret'), inside(root, base));
        overlay(sda, '../templates/base');
      },
      outside,
    ],
    [
      'what is not there',
      () => overlay(sda, '../templates/none'),
      `templates/none, which ${sda} consists of, is missing`,
    ],
    ['a directory', () => overlay(sda, '../templates/.'), 'is not a regular file'],
    ['itself', () => overlay(sda, 'sda', 'qcow2'), 'it builds on itself'],
    [
      'a base of its base',
      () => {
        overlay(base, inside(root, '/secret'));
        overlay(sda, '../templates/base', 'qcow2');
      },
      `${outside}/secret`,
    ],
    [
      'a base of its base, of which it says no format',
      () => {
        overlay(base, inside(root, '/secret'));
        overlay(sda, '../templates/base', 'qcow2');
        withoutFormat(sda);
      },
      `${outside}/secret`,
    ],
    [
      'a raw disk in which a guest wrote a list of files, by the format that the overlay says',
      () => {
        writeFileSync(inside(root, base), descriptor('/etc/shadow'));
        overlay(sda, '../templates/base', 'vmdk');
      },
      'is taken for vmdk; only raw and qcow2',
    ],
    [
      'the same, by the format that qemu would guess',
      () => {
        writeFileSync(inside(root, base), descriptor('/etc/shadow'));
        overlay(sda, '../templates/base', 'raw');
        withoutFormat(sda);
      },
      'is taken for vmdk; only raw and qcow2',
    ],
    [
      'a format that ends where qemu ends it',
      () => {
        overlay(base, inside(root, '/secret'));
        overlay(sda, '../templates/base', 'qcow2');
        // to qemu there is none now, and it guesses; read on it would be "cow2"
        replaceIn(sda, 'qcow2', '\0cow2');
      },
      `${outside}/secret`,
    ],
    [
      'a name with a control character',
      () => {
        overlay(sda, '../templates/base');
        replaceIn(sda, '/base', '/\nase');
      },
      'can not be read',
    ],
    [
      'a base with its data in another file',
      () => {
        qemuImg(
          'create',
          '-q',
          '-f',
          'qcow2',
          '-o',
          `data_file=${inside(root, '/data')}`,
          inside(root, base),
          '1M',
        );
        overlay(sda, '../templates/base', 'qcow2');
      },
      'keeps its data in another file',
    ],
  ];

  test.each(hostile)('%s', async (_, make, sentence) => {
    make();
    const called = watchQemuImg();
    const expected = expect.stringContaining(sentence);
    const image = { path: sda, tag: 'one', within };
    for (const action of [
      convert,
      { do: 'grow-image', path: sda, type: 'qcow2', from: mib, to: 2 * mib, within },
      { do: 'make-snapshot', ...image },
      { do: 'drop-snapshot', ...image, own: false },
      { do: 'revert-snapshot', ...image, size: mib },
    ] satisfies Action[])
      expect(await act(root, action), action.do).toMatchObject({ code: 73, err: expected });
    // and what a look afterwards would ask
    expect(await check(root, { do: 'revert-snapshot', ...image, size: mib })).toBe(11);
    expect(await check(root, { do: 'make-snapshot', ...image })).toBe(11);
    chmodSync(inside(root, sda), 0o444);
    const clone: Action = {
      do: 'create-image',
      path: `${folder}/sdb`,
      type: 'qcow2',
      size: mib,
      base: { path: sda, type: 'qcow2', within },
    };
    expect(await act(root, clone)).toMatchObject({ code: 73, err: expected });
    expect(called()).toBe(false);
  });

  test('an old qcow image, and disks of other products that are a difference to another one', async () => {
    const from = (type: 'qcow' | 'vmdk' | 'vhd'): Action => ({ ...convert, from: { path: sda, type } });
    overlay(sda, inside(root, '/secret'), 'raw', 'qcow');
    const vmdk = `${folder}/sdb`;
    qemuImg('create', '-q', '-f', 'vmdk', inside(root, vmdk), '1M');
    replaceIn(vmdk, 'createType="monolithicSparse"\n', 'parentFileNameHint="/secret" \n');
    // where its header says that the descriptor is, behind all the rest
    const moved = `${folder}/moved`;
    const vmdkBytes = readFileSync(inside(root, vmdk));
    const descriptorAt = Number(vmdkBytes.readBigUInt64LE(28)) * 512;
    const text = Buffer.from(vmdkBytes.subarray(descriptorAt, descriptorAt + 10240));
    vmdkBytes.fill(0, descriptorAt, descriptorAt + 10240);
    expect(vmdkBytes.length).toBeGreaterThan(16384);
    vmdkBytes.writeBigUInt64LE(BigInt(vmdkBytes.length / 512), 28);
    writeFileSync(inside(root, moved), Buffer.concat([vmdkBytes, text]));
    const nowhere = `${folder}/nowhere`;
    const senseless = (sector: bigint) => {
      vmdkBytes.writeBigUInt64LE(sector, 28);
      writeFileSync(inside(root, nowhere), vmdkBytes);
    };
    const vhd = `${folder}/sdc`;
    qemuImg('create', '-q', '-f', 'vpc', inside(root, vhd), '1M');
    const bytes = readFileSync(inside(root, vhd));
    bytes.writeUInt32BE(4, 60);
    writeFileSync(inside(root, vhd), bytes);
    const called = watchQemuImg();
    await refused(from('qcow'), 'does not lie below a storage directory: /secret');
    const on = (path: string, type: 'vmdk' | 'vhd'): Action => ({ ...convert, from: { path, type } });
    await refused(on(vmdk, 'vmdk'), `${vmdk} builds on another image, which is not supported`);
    await refused(on(moved, 'vmdk'), `${moved} builds on another image, which is not supported`);
    for (const sector of [BigInt(vmdkBytes.length / 512), 2n ** 55n, 2n ** 63n, 2n ** 64n - 1n]) {
      senseless(sector);
      await refused(
        on(nowhere, 'vmdk'),
        `${nowhere} says that its descriptor lies where the file has nothing`,
      );
    }
    await refused(on(vhd, 'vhd'), `${vhd} builds on another image, which is not supported`);
    expect(called()).toBe(false);
  });

  test('of a run that does not know the storage directories', async () => {
    makeQcow2(sda);
    const called = watchQemuImg();
    await refused({ ...convert, within: [] }, 'does not lie below a storage directory');
    expect(called()).toBe(false);
  });
});

describe('a chain of the storage directories is worked on', () => {
  test('three images, by each kind of name', async () => {
    makeRaw(`${storage}/templates/golden`);
    qemuImg('create', '-q', '-f', 'qcow2', '-b', 'golden', '-F', 'raw', inside(root, base));
    qemuImg('create', '-q', '-f', 'qcow2', '-b', inside(root, base), '-F', 'qcow2', inside(root, sda));
    await done(convert);
    const image = { path: sda, tag: 'one', within };
    await done({ do: 'make-snapshot', ...image });
    await done({ do: 'drop-snapshot', ...image, own: true });
    await done({ do: 'grow-image', path: sda, type: 'qcow2', from: mib, to: 2 * mib, within });
    withoutFormat(sda);
    await done({ do: 'make-snapshot', ...image });
  });

  test('not while somebody writes to a base: he could write another header', async () => {
    makeQcow2(base);
    qemuImg('create', '-q', '-f', 'qcow2', '-b', inside(root, base), '-F', 'qcow2', inside(root, sda));
    await whileOpen(base, '<', () => done(convert));
    execFileSync('rm', [inside(root, `${folder}/sda.r1.partial`)]);
    await whileOpen(base, '<>', () =>
      refused(convert, `${base}, on which ${sda} builds, is being written to`),
    );
    // a base that is taken as raw has no header
    overlay(sda, '../templates/base', 'raw');
    await whileOpen(base, '<>', () => done({ ...convert, size: null }));
  });
});

test('before a start, and before it is taken, an image is looked at to the end of its chain', async () => {
  overlay(base, inside(root, '/secret'));
  overlay(sda, inside(root, base), 'qcow2');
  const { dev: device, ino: inode, size } = statSync(inside(root, sda));
  const verify = (change: { within?: string[] }): Action => ({
    do: 'verify-files',
    folder,
    recordId: null,
    disks: [{ logical_id: ['blktap', 'qcow2', sda], vdev: 'xvda', mode: 'rw', size: mib }],
    ...change,
  });
  const take: Action = {
    do: 'verify-taken',
    folders: [{ path: folder, known: ['sda'] }],
    images: [{ path: sda, device, inode, size, type: 'qcow2', base }],
    within,
  };
  const outside = {
    code: 10,
    err: `${sda} takes its data from what does not lie below a storage directory: /secret\n`,
  };
  expect(await act(root, verify({}))).toMatchObject({ code: 0 });
  expect(await act(root, verify({ within }))).toMatchObject(outside);
  expect(await act(root, take)).toMatchObject(outside);
  makeQcow2(base);
  expect(await act(root, verify({ within }))).toMatchObject({ code: 0, err: '' });
  expect(await act(root, take)).toMatchObject({ code: 0, err: '' });
});
