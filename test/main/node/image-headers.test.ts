/** What the probe tells of images that the real qemu-img made, and what `image.info` says of them. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { logicalNames, readImageHeader } from '../../../main/node/image-header.ts';
import { imageInfoScript, readImageInfo } from '../../../main/node/image-info.ts';
import { probeScript, readProbe } from '../../../main/node/probe.ts';
import { emptyRoot, inside, recordOf, run, shim, storage } from './support.ts';

const input = { storageDirectories: [storage], bootFiles: [] };
const mib = 2 ** 20;

let root: string;
beforeEach(() => {
  root = emptyRoot();
  writeFileSync(inside(root, '/etc/hostname'), 'node1\n');
  const line =
    'Domain-0                                     0  1024     4     r-----     131.5 00000000-0000-0000-0000-000000000000        -                -';
  shim(root, 'xl', `case $1 in info) echo 'nr_cpus : 4' ;; list) echo 'Name'; echo '${line}' ;; esac`);
  for (const name of ['web1', 'base', '.trash', '.trash/web9.0123.1'])
    mkdirSync(inside(root, `${storage}/${name}`));
});
const at = (path: string): string => inside(root, `${storage}/${path}`);
const create = (path: string, type: string, size: string, ...more: string[]): void => {
  execFileSync('qemu-img', ['create', '-q', '-f', type, ...more, at(path), size]);
};
const probe = async () => readProbe((await run(root, probeScript(input))).stdout, input);
const filesOf = async (folder: string) => {
  const { folders } = await probe();
  return Object.fromEntries(
    folders.find((each) => each.name === folder)?.files.map((each) => [each.name, each]) ?? [],
  );
};

describe('the probe tells of headers', () => {
  test('what a guest sees, as qemu-img does', async () => {
    const made = { qcow: '5M', qcow2: '6M', vmdk: '7M', vpc: '8M', vdi: '9M' };
    for (const [type, size] of Object.entries(made)) create(`web1/${type}`, type, size);
    const files = await filesOf('web1');
    for (const type of Object.keys(made)) {
      const said: unknown = JSON.parse(
        execFileSync('qemu-img', ['info', '--output=json', at(`web1/${type}`)], { encoding: 'utf8' }),
      );
      expect(said, type).toMatchObject({ 'virtual-size': files[type]?.virtualSize ?? 'not told' });
      expect(files[type]?.type).toBe(type === 'vpc' ? 'vhd' : type);
    }
  });

  test('on what an image builds: by a path, by a relative one, on nothing, or where that can not be told', async () => {
    create('base/sda', 'qcow2', '16M');
    create('web1/absolute', 'qcow2', '16M', '-b', at('base/sda'), '-F', 'qcow2');
    create('web1/relative', 'qcow2', '16M', '-b', '../base/sda', '-F', 'qcow2');
    create('web1/old', 'qcow', '16M', '-b', at('base/sda'), '-F', 'qcow2');
    create('web1/alone', 'qcow2', '16M');
    create('web1/net', 'qcow2', '16M', '-u', '-b', 'nbd://127.0.0.1/x', '-F', 'raw');
    const far = Buffer.alloc(4096);
    far.write('QFI\u00fb', 'latin1');
    far.writeUInt32BE(3, 4);
    far.writeBigUInt64BE(3000n, 8);
    far.writeUInt32BE(9, 16);
    writeFileSync(at('web1/far'), far);
    const files = await filesOf('web1');
    const told = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, file.backing]));
    expect(told).toEqual({
      absolute: `${storage}/base/sda`,
      relative: '../base/sda',
      old: `${storage}/base/sda`,
      alone: null,
      net: 'nbd://127.0.0.1/x',
      far: undefined,
    });
  });

  test('nothing of a file that a guest only names in its disk', async () => {
    const secret = inside(root, '/etc/secret');
    const header = Buffer.alloc(1024);
    header.write('QFI\u00fb', 'latin1');
    header.writeUInt32BE(3, 4);
    header.writeBigUInt64BE(600n, 8);
    header.writeUInt32BE(10, 16);
    header.write('top secret', 600);
    writeFileSync(secret, header);
    symlinkSync(secret, at('web1/link'));
    mkdirSync(inside(root, '/elsewhere'));
    writeFileSync(inside(root, '/elsewhere/x'), header);
    symlinkSync(inside(root, '/elsewhere'), at('linked'));
    for (const [name, path] of Object.entries({
      up: '../../etc/secret',
      link: 'web1/link',
      way: 'linked/x',
    })) {
      const disk = Buffer.alloc(2048);
      disk.write(`\n==> ./${path} <==\n`);
      disk.write('QFI\u00fb\0\0\0\u0003\0\0\0\0\0\0\u0002', `\n==> ./${path} <==\n`.length, 'latin1');
      writeFileSync(at(`web1/guest-${name}`), disk);
    }
    const { out, stdout } = await run(root, probeScript(input));
    expect(out).not.toContain('top secret');
    const facts = readProbe(stdout, input);
    expect(facts.folders.find((each) => each.name === 'web1')?.files.map((each) => each.type)).toContain(
      'raw',
    );
  });

  test('a fixed-size VHD is told by its end, where its length is no usual one of a raw disk', async () => {
    const fixed = (name: string) =>
      execFileSync('qemu-img', [
        ...['create', '-q', '-f', 'vpc', '-o', 'subformat=fixed,force_size=on', at(name), '16M'],
      ]);
    fixed('web1/appliance one.vhd');
    fixed('golden.vhd');
    writeFileSync(at('web1/odd'), 'conectix'.padEnd(3000 - (3000 % 512) + 512));
    fixed('web1/padded');
    truncateSync(at('web1/padded'), 17 * mib);
    // a disk of the usual length in which a guest wrote the footer costs nobody a look
    const footer = readFileSync(at('golden.vhd')).subarray(-512);
    writeFileSync(at('web1/guest'), Buffer.concat([Buffer.alloc(mib - 512), footer]));
    // unless its name says what it is
    const whole = Buffer.from(footer);
    whole.writeBigUInt64BE(BigInt(mib - 512), 48);
    writeFileSync(at('web1/whole one.VHD'), Buffer.concat([Buffer.alloc(mib - 512), whole]));
    writeFileSync(at('web1/none.vhd'), Buffer.alloc(mib));
    const facts = await probe();
    const told = Object.fromEntries(
      (facts.folders.find((each) => each.name === 'web1')?.files ?? []).map(({ name, type, fixedVhd }) => [
        name,
        [type, fixedVhd],
      ]),
    );
    expect(told).toMatchObject({
      'appliance one.vhd': ['raw', 16 * mib],
      odd: ['vhd', undefined],
      padded: ['raw', undefined],
      guest: ['raw', undefined],
      'whole one.VHD': ['raw', mib - 512],
      'none.vhd': ['raw', undefined],
    });
    expect(facts.storages[0]?.files?.find((each) => each.name === 'golden.vhd')?.fixedVhd).toBe(16 * mib);
  });

  test('files beside the folders, what has them open, and what lies in the trash', async () => {
    create('golden.qcow2', 'qcow2', '16M');
    writeFileSync(at('.vbdesk-storage'), 'st1\n');
    writeFileSync(at('.hidden'), 'x'.repeat(600));
    symlinkSync('golden.qcow2', at('link'));
    writeFileSync(at('.trash/web9.0123.1/instance.json'), JSON.stringify(recordOf(`${storage}/web9`)));
    writeFileSync(at('.trash/web9.0123.1/sda'), 'x'.repeat(8192));
    truncateSync(at('.trash/web9.0123.1/sda'), mib);
    mkdirSync(at('.trash/empty'));
    create('.trash/web9.0123.1/sdb', 'qcow2', '16M', '-u', '-b', '../templates/base', '-F', 'raw');
    const [facts] = (await probe()).storages;
    expect(facts?.files?.map(({ name, kind, type }) => ({ name, kind, type }))).toEqual(
      expect.arrayContaining([
        { name: 'golden.qcow2', kind: 'file', type: 'qcow2' },
        { name: 'link', kind: 'symlink', type: null },
      ]),
    );
    expect(facts?.files).toHaveLength(2);
    expect(facts?.files?.find((each) => each.name === 'golden.qcow2')).toMatchObject({
      virtualSize: 16 * mib,
      backing: null,
    });
    expect(facts?.trash.toSorted()).toEqual(['empty', 'web9.0123.1']);
    expect(facts?.trashFolders).toMatchObject([{ name: 'web9.0123.1', record: { ok: true } }]);
    expect(facts?.trashFolders?.[0]?.files?.toSorted((a, b) => a.name.localeCompare(b.name))).toMatchObject([
      { name: 'sda', size: mib, type: 'raw' },
      { name: 'sdb', type: 'qcow2', backing: '../templates/base' },
    ]);
    const [folder] = facts?.trashFolders ?? [];
    expect(folder?.allocated).toBeGreaterThanOrEqual(8192);
    expect(folder?.allocated).toBeLessThan(mib);
    expect(folder?.files?.[0]?.allocated).toBeLessThanOrEqual(folder?.allocated ?? 0);
  });
});

describe('readImageHeader', () => {
  const magic = fc.constantFrom(
    '',
    'QFI\u00fb\0\0\0\u0001',
    'QFI\u00fb\0\0\0\u0003',
    'KDMV',
    'COWD',
    'conectix',
    'vhdxfile',
  );
  const bytes = fc
    .tuple(magic, fc.uint8Array({ maxLength: 600 }))
    .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'latin1'), rest]));

  test('stands any bytes, and tells no size that is none', () => {
    fc.assert(
      fc.property(bytes, (head) => {
        const { virtualSize, backing } = readImageHeader(head, (path) => path);
        expect(virtualSize === undefined || (Number.isSafeInteger(virtualSize) && virtualSize >= 0)).toBe(
          true,
        );
        expect(backing ?? '').not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  test('tells the name of a base that lies within the bytes', () => {
    const name = fc.string({ minLength: 1, maxLength: 200 }).filter((each) => !/[\p{Cc}\uFFFD]/u.test(each));
    fc.assert(
      fc.property(name, fc.nat({ max: 300 }), fc.nat({ max: 2 ** 31 }), (base, gap, size) => {
        const text = Buffer.from(base);
        const head = Buffer.alloc(104 + gap + text.length);
        head.write('QFI\u00fb\0\0\0\u0003', 'latin1');
        head.writeBigUInt64BE(BigInt(104 + gap), 8);
        head.writeUInt32BE(text.length, 16);
        head.writeBigUInt64BE(BigInt(size), 24);
        text.copy(head, 104 + gap);
        const told = { type: 'qcow2', virtualSize: size };
        expect(readImageHeader(head, (path) => path)).toEqual({ ...told, backing: base });
        // one byte less: not the whole name, so none
        expect(readImageHeader(head.subarray(0, -1), (path) => path)).toEqual(told);
      }),
    );
  });

  test('takes a practice node for what it is', () => {
    const logical = logicalNames('/tmp/a/node2', ['/srv/vm', '/srv/local']);
    expect(logical('/tmp/a/node2/srv/vm/x/sda')).toBe('/srv/vm/x/sda');
    expect(logical('/tmp/a/node1/srv/local/x')).toBe('/srv/local/x');
    expect(logical('/elsewhere/x')).toBe('/elsewhere/x');
    expect(logical('/srv/vm/x')).toBe('/srv/vm/x');
    expect(logical('../x/srv/vm/y')).toBe('../x/srv/vm/y');
    expect(logicalNames('', ['/srv/vm'])('/a/srv/vm/x')).toBe('/a/srv/vm/x');
  });
});

test('an image that keeps its data in another file is of no type that a disk may have', () => {
  create('web1/plain', 'qcow2', '16M');
  execFileSync('qemu-img', [
    ...['create', '-q', '-f', 'qcow2', '-o', `data_file=${at('web1/data')}`, at('web1/outside'), '16M'],
  ]);
  const headOf = (name: string): Buffer => readFileSync(at(`web1/${name}`)).subarray(0, 80);
  const asItIs = (name: string): string => name;
  expect(readImageHeader(headOf('plain'), asItIs).type).toBe('qcow2');
  expect(readImageHeader(headOf('outside'), asItIs)).toEqual({ type: null });
});

describe('image.info', () => {
  const infoOf = async (path: string, type: Parameters<typeof imageInfoScript>[1] = null) => {
    const loose = !path.includes('/');
    const outcome = await run(root, imageInfoScript(`${storage}/${path}`, type, loose, [storage]));
    expect(outcome, outcome.err).toMatchObject({ code: 0 });
    return readImageInfo(outcome.out, 'node1', [storage]);
  };
  const refused = async (sentence: string, path: string, loose = false): Promise<void> => {
    const outcome = await run(root, imageInfoScript(`${storage}/${path}`, null, loose, [storage]));
    expect(outcome.code).toBe(73);
    expect(outcome.err).toContain(sentence);
  };

  test.each(['dynamic', 'fixed'] as const)(
    'of a VHD as VirtualBox writes it the size in its footer, not its geometry: %s',
    async (subformat) => {
      const vbox = at('web1/v,box.vhd');
      execFileSync('qemu-img', [
        ...['create', '-q', '-f', 'vpc', '-o', `subformat=${subformat},force_size=on`, vbox, '1M'],
      ]);
      const bytes = readFileSync(vbox);
      for (const offset of [bytes.length - 512, ...(subformat === 'dynamic' ? [0] : [])]) {
        const footer = bytes.subarray(offset, offset + 512);
        footer.write('vbox', 28, 'latin1');
        // 30 cylinders, 4 heads, 17 sectors: 1044480 bytes
        footer.writeUInt16BE(30, 56);
        footer.writeUInt8(4, 58);
        footer.writeUInt8(17, 59);
        footer.writeUInt32BE(0, 64);
        footer.writeUInt32BE(~footer.reduce((sum, byte) => sum + byte, 0) >>> 0, 64);
      }
      writeFileSync(vbox, bytes);
      // what qemu-img takes it for by itself
      const said = execFileSync('qemu-img', ['info', '-f', 'vpc', '--output=json', vbox], {
        encoding: 'utf8',
      });
      expect(JSON.parse(said)).toMatchObject({ 'virtual-size': 1_044_480 });
      const info = await infoOf('web1/v,box.vhd', subformat === 'fixed' ? 'vhd' : null);
      expect(info).toMatchObject({ problem: null, chain: [{ format: 'vpc', virtualSize: mib }] });
    },
  );

  test('the image and all on which it builds, with snapshots', async () => {
    create('golden.raw', 'raw', '16M');
    create('base/sda', 'qcow2', '16M', '-b', at('golden.raw'), '-F', 'raw');
    create('web1/sda', 'qcow2', '32M', '-b', '../base/sda', '-F', 'qcow2');
    execFileSync('qemu-img', ['snapshot', '-c', 'before', at('web1/sda')]);
    const info = await infoOf('web1/sda');
    expect(info).toMatchObject({
      node: 'node1',
      problem: null,
      chain: [
        { format: 'qcow2', virtualSize: 32 * mib, backing: '../base/sda', snapshots: [{ tag: 'before' }] },
        { format: 'qcow2', virtualSize: 16 * mib, backingFormat: 'raw', dirty: false, corrupt: false },
        { path: `${storage}/golden.raw`, format: 'raw', virtualSize: 16 * mib, backing: null },
      ],
    });
    expect((await infoOf('golden.raw')).chain).toHaveLength(1);
    rmSync(at('golden.raw'));
    const broken = await infoOf('web1/sda');
    expect(broken.chain).toHaveLength(2);
    expect(broken.problem).toContain('builds on a file that is missing on this node');
  });

  test('a raw disk is opened as raw, whatever a guest wrote into it; no base is opened over the network', async () => {
    create('web1/sda', 'qcow2', '16M', '-u', '-b', 'nbd://127.0.0.1/x', '-F', 'raw');
    expect((await infoOf('web1/sda', 'raw')).chain).toMatchObject([{ format: 'raw', backing: null }]);
    expect((await infoOf('web1/sda')).problem).toContain('no file of this node; it was not opened');
  });

  test('no base is opened that is not below a storage directory, or in a format that only its overlay claims', async () => {
    writeFileSync(path.join(root, 'secret'), Buffer.alloc(4096, 'x'));
    create('web1/sda', 'qcow2', '16M', '-u', '-b', path.join(root, 'secret'), '-F', 'raw');
    create('web1/sdb', 'qcow2', '16M', '-u', '-b', '../../../secret', '-F', 'raw');
    symlinkSync(path.join(root, 'secret'), at('web1/link'));
    create('web1/sdc', 'qcow2', '16M', '-u', '-b', 'link', '-F', 'raw');
    for (const each of ['sda', 'sdb', 'sdc']) {
      const info = await infoOf(`web1/${each}`);
      expect(info.problem).toContain('does not lie below a storage directory; it was not opened');
      expect(info.chain).toHaveLength(1);
    }
    writeFileSync(
      at('web1/list'),
      '# Disk DescriptorFile\nversion=1\nRW 32768 FLAT "/etc/shadow" 0\n'.padEnd(600),
    );
    create('web1/sdd', 'qcow2', '16M', '-u', '-b', 'list', '-F', 'vmdk');
    expect((await infoOf('web1/sdd')).problem).toContain('is no raw or qcow2 image; it was not opened');
    await refused('is a VMDK descriptor, which only names other files', 'web1/list');
  });

  test('refused: a link, a folder that is one, nothing there, data in another file, no qemu-img', async () => {
    create('web1/sda', 'qcow2', '16M');
    symlinkSync('sda', at('web1/link'));
    symlinkSync('web1', at('web2'));
    execFileSync('qemu-img', [
      ...['create', '-q', '-f', 'qcow2', '-o', `data_file=${at('web1/data')}`, at('web1/outside'), '16M'],
    ]);
    await refused(`${storage}/web1/link is missing, or not a regular file.`, 'web1/link');
    await refused(`${storage}/web2 is a symbolic link, not a folder.`, 'web2/sda');
    await refused(`${storage}/web1/none is missing, or not a regular file.`, 'web1/none');
    await refused('keeps its data in another file, which is not supported', 'web1/outside');
    writeFileSync(
      at('web1/bad'),
      Buffer.concat([Buffer.from('QFI\u00fb\0\0\0\u0003', 'latin1'), Buffer.alloc(600)]),
    );
    chmodSync(at('web1/bad'), 0o644);
    await refused(`What qemu-img says of ${storage}/web1/bad: `, 'web1/bad');
    // found first, and no command: as on a node that has none
    const script = imageInfoScript(`${storage}/web1/sda`, null, false, [storage]).replaceAll(
      'qemu-img',
      'qemu-img-none',
    );
    const none = await run(root, script);
    expect(none.code).toBe(73);
    expect(none.err).toContain('which tells about images. Install qemu-utils there.');
  });
});
