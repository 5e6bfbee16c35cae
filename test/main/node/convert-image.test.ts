import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import {
  done,
  folder,
  infoOf,
  makeQcow2,
  makeRaw,
  mib,
  qemuImg,
  raw,
  refused,
  root,
  sda,
  whileOpen,
} from './image-support.ts';
import { check, inside, namesIn, shim, storage } from './support.ts';

describe('convert-image', () => {
  const to = `${folder}/sda.r1.partial`;
  const convert = (
    from: string,
    type: 'raw' | 'qcow2' | 'vmdk' | 'vhd' | 'vdi' | 'qcow' | 'vhdx',
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
    ['vhdx', 'vhdx'],
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

  test('a VHD of fixed size, whose mark is at its end, read as what it is only when that is said', async () => {
    makeRaw(sda);
    const fixed = `${folder}/fixed`;
    qemuImg(
      ...['convert', '-f', 'raw', '-O', 'vpc', '-o', 'subformat=fixed,force_size=on'],
      inside(root, sda),
      inside(root, fixed),
    );
    await refused(convert(sda, 'vhd', 'raw'), 'is no vhd image by its header');
    await done(convert(fixed, 'vhd', 'raw'));
    expect(readFileSync(inside(root, to)).equals(readFileSync(inside(root, sda)))).toBe(true);
  });

  describe('a VHD whose geometry is smaller than the disk, as VirtualBox writes it', () => {
    const vbox = `${folder}/v,box`;
    const make = (subformat: 'fixed' | 'dynamic', change: (footer: Buffer) => void = () => {}) => {
      makeRaw(sda);
      const at = inside(root, vbox);
      qemuImg(
        ...['convert', '-f', 'raw', '-O', 'vpc', '-o', `subformat=${subformat},force_size=on`],
        ...[inside(root, sda), at],
      );
      const bytes = readFileSync(at);
      const footers = [bytes.length - 512, ...(subformat === 'dynamic' ? [0] : [])];
      for (const offset of footers) {
        const footer = bytes.subarray(offset, offset + 512);
        footer.write('vbox', 28, 'latin1');
        // 30 cylinders, 4 heads, 17 sectors: 1044480 bytes
        footer.writeUInt16BE(30, 56);
        footer.writeUInt8(4, 58);
        footer.writeUInt8(17, 59);
        change(footer);
        footer.writeUInt32BE(0, 64);
        footer.writeUInt32BE(~footer.reduce((sum, byte) => sum + byte, 0) >>> 0, 64);
      }
      writeFileSync(at, bytes);
      const info: unknown = JSON.parse(qemuImg('info', '-f', 'vpc', '--output=json', at));
      // what qemu-img takes it for by itself
      expect(info).toMatchObject({ 'virtual-size': 30 * 4 * 17 * 512 });
    };

    test.each(['fixed', 'dynamic'] as const)('is copied whole: %s', async (subformat) => {
      make(subformat);
      for (const target of ['raw', 'qcow2'] as const) {
        // also where nobody knows the size before
        await done(convert(vbox, 'vhd', target, target === 'raw' ? null : mib));
        expect(raw(to, target).equals(readFileSync(inside(root, sda)))).toBe(true);
        execFileSync('rm', [inside(root, to)]);
      }
    });

    test('a copy of another size than its footer tells is thrown away', async () => {
      make('fixed', (footer) => footer.writeBigUInt64BE(BigInt(mib - 100), 48));
      await refused(
        convert(vbox, 'vhd', 'raw', null),
        `is not of the size that the footer of ${vbox} tells (${mib - 100} bytes)`,
      );
      expect(namesIn(root, folder)).toEqual(['.lock', 'sda', 'v,box']);
    });
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
    await refused(convert(theirs, 'vmdk', 'raw'), 'is a VMDK descriptor, which only names other files');
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

  test('what is written to meanwhile gives no copy, nor what it builds on', async () => {
    makeRaw(`${folder}/base`);
    qemuImg('create', '-q', '-f', 'qcow2', '-b', 'base', '-F', 'raw', inside(root, sda));
    for (const written of ['sda', 'base']) {
      // equal when they are compared, and still not of one moment
      const touch = `touch -d 2001-01-01 '${inside(root, `${folder}/${written}`)}'`;
      shim(root, 'qemu-img', `/usr/bin/qemu-img "$@" || exit\n[ "$1" != convert ] || ${touch}`);
      await refused(
        convert(sda, 'qcow2', 'raw'),
        `${sda}, or what it builds on, was changed while it was copied, so the copy was thrown away.`,
      );
    }
    expect(namesIn(root, folder)).toEqual(['.lock', 'base', 'sda']);
    shim(root, 'qemu-img', 'exec /usr/bin/qemu-img "$@"');
    await done(convert(sda, 'qcow2', 'raw'));
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
