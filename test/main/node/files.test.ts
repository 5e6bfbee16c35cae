import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  act,
  check,
  emptyRoot,
  inodeOf,
  inside,
  lockOf,
  namesIn,
  recordOf,
  shim,
  storage,
} from './support.ts';

const folder = `${storage}/web1`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const megabyte = 1 << 20;
let root: string;
beforeEach(async () => {
  root = emptyRoot();
  expect(await act(root, { do: 'make-folder', folder, lock: lockOf('r1') })).toMatchObject({ code: 0 });
});
const text = (path: string) => readFileSync(inside(root, path), 'utf8');
/** The names of the folder without our own. */
const names = (at = folder) => namesIn(root, at).filter((name) => !/^\.(lock|made)/.test(name));
/** From now on nothing can be written to the disk. */
const fillDisk = () => shim(root, 'sync', 'echo "sync: No space left on device" >&2; exit 1');

describe('write-file', () => {
  const path = `${folder}/-it's $(id) "xen" ü.cfg`;
  const content = `name = 'web1' # $(id) \`id\` \\ "q"\nE\nEOF\n%s\\n\u00e9\u0081漢🖥${'\n'.repeat(3)}`;
  const write = (value: string, expect: string) =>
    ({ do: 'write-file', path, content: value, expect }) as const;

  test('writes a new file, whatever it holds and is called', async () => {
    expect(await check(root, write(content, 'absent'))).toBe(10);
    expect(await act(root, write(content, 'absent'))).toMatchObject({ code: 0, err: '' });
    expect(text(path)).toBe(content);
    expect(await check(root, write(content, 'absent'))).toBe(0);
    expect(await act(root, write(content, 'absent'))).toMatchObject({ code: 0 });
    expect(await act(root, write('other', 'absent'))).toMatchObject({ code: 73 });
    expect(await check(root, write('other', 'absent'))).toBe(11);
    expect(text(path)).toBe(content);
    expect(names()).toHaveLength(1);
  });

  test('replaces what it expects and nothing else', async () => {
    writeFileSync(inside(root, path), 'old');
    expect(await act(root, write('new', sha256('older')))).toMatchObject({
      code: 73,
      err: expect.stringContaining('is not what it was'),
    });
    expect(text(path)).toBe('old');
    expect(await check(root, write('new', sha256('old')))).toBe(10);
    expect(await act(root, write('new', sha256('old')))).toMatchObject({ code: 0 });
    expect(text(path)).toBe('new');
    expect(await act(root, write('', sha256('new')))).toMatchObject({ code: 0 });
    expect(text(path)).toBe('');
  });

  test('writes a megabyte and an empty file', async () => {
    const long = "it's 16 bytes.\n\n".repeat(megabyte / 16);
    expect(await act(root, write(long, 'absent'))).toMatchObject({ code: 0 });
    expect(text(path)).toBe(long);
    expect(await act(root, { ...write('', 'absent'), path: `${folder}/empty` })).toMatchObject({ code: 0 });
    expect(statSync(inside(root, `${folder}/empty`)).size).toBe(0);
  });

  test('on a full disk the old file stays and nothing is left beside it', async () => {
    writeFileSync(inside(root, path), 'old');
    fillDisk();
    expect(await act(root, write('new', sha256('old')))).toMatchObject({
      code: 73,
      err: expect.stringContaining('full'),
    });
    expect(text(path)).toBe('old');
    expect(names()).toHaveLength(1);
  });

  test('a file that was written short is noticed', async () => {
    writeFileSync(inside(root, path), 'old');
    shim(root, 'sync', 'case $1 in *.tmp.*) truncate -s 1 "$1" ;; esac');
    expect(await act(root, write('new', sha256('old')))).toMatchObject({ code: 73 });
    expect(text(path)).toBe('old');
  });

  test('what an attempt left beside it is no obstacle', async () => {
    shim(root, 'ln', 'kill -9 $PPID');
    expect((await act(root, write(content, 'absent'))).code).not.toBe(0);
    expect(names().filter((name) => name.startsWith('.tmp.'))).toHaveLength(1);
    expect(await check(root, write(content, 'absent'))).toBe(10);
    rmSync(inside(root, '/bin/ln'));
    expect(await act(root, write(content, 'absent'))).toMatchObject({ code: 0 });
    expect(names()).toHaveLength(1);
  });

  test('symbolic links are not written through', async () => {
    writeFileSync(inside(root, '/srv/target'), 'old');
    symlinkSync('/srv/target', inside(root, path));
    expect(await act(root, write('new', sha256('old')))).toMatchObject({ code: 73 });
    expect(await act(root, write('new', 'absent'))).toMatchObject({ code: 73 });
    expect(text('/srv/target')).toBe('old');
  });

  test('a new file in a folder that nobody locked could not be undone, so it is refused', async () => {
    mkdirSync(inside(root, `${storage}/web2`));
    expect(await act(root, { ...write('x', 'absent'), path: `${storage}/web2/xen.cfg` })).toMatchObject({
      code: 73,
    });
    expect(namesIn(root, `${storage}/web2`)).toEqual([]);
  });
});

describe('create-image and remove-file', () => {
  const path = `${folder}/sd a'$(id)`;
  const raw = { do: 'create-image', path, type: 'raw', size: 20 * 2 ** 30 + 512 } as const;
  const qcow2 = { do: 'create-image', path, type: 'qcow2', size: 20 * 2 ** 30 } as const;
  const remove = { do: 'remove-file', path } as const;

  test('raw: sparse, of the size asked for, and taken away again', async () => {
    expect(await check(root, raw)).toBe(10);
    expect(await act(root, raw)).toMatchObject({ code: 0, err: '' });
    expect(statSync(inside(root, path))).toMatchObject({ size: raw.size, blocks: 0, mode: 0o100600 });
    expect(await check(root, raw)).toBe(0);
    expect(await act(root, raw)).toMatchObject({ code: 73 });
    expect(await check(root, remove)).toBe(10);
    expect(await act(root, remove)).toMatchObject({ code: 0 });
    expect(await check(root, remove)).toBe(0);
    expect(await act(root, remove)).toMatchObject({ code: 0 });
    expect(names()).toEqual([]);
  });

  test('qcow2: of the virtual size asked for', async () => {
    expect(await act(root, qcow2)).toMatchObject({ code: 0, err: '' });
    expect(readFileSync(inside(root, path)).subarray(0, 4).toString('latin1')).toBe('QFI\u00fb');
    expect(await check(root, qcow2)).toBe(0);
    expect(names()).toHaveLength(1);
    const disk = {
      logical_id: ['blktap', 'qcow2', path] as ['blktap', 'qcow2', string],
      vdev: 'xvda',
      mode: 'rw' as const,
      size: qcow2.size,
    };
    expect(await act(root, { do: 'verify-files', folder, recordId: null, disks: [disk] })).toMatchObject({
      code: 0,
      err: '',
    });
  });

  test('an image that exists is never touched, neither by create nor by its undo', async () => {
    writeFileSync(inside(root, path), 'precious');
    for (const action of [raw, qcow2]) {
      expect(await act(root, action)).toMatchObject({
        code: 73,
        err: expect.stringContaining('exists already'),
      });
      expect(await check(root, action)).toBe(10);
    }
    expect(await act(root, remove)).toMatchObject({
      code: 73,
      err: expect.stringContaining('was not made by this run'),
    });
    expect(text(path)).toBe('precious');
    expect(names()).toHaveLength(1);
  });

  test('an image that appears at the last moment is not replaced', async () => {
    shim(
      root,
      'ln',
      `eval "last=\\\${$#}"; case "$*" in *.tmp.*) echo precious >"$last" ;; esac; exec /bin/ln "$@"`,
    );
    expect(await act(root, raw)).toMatchObject({ code: 73 });
    expect(text(path)).toBe('precious\n');
    expect(await act(root, remove)).toMatchObject({ code: 73 });
    expect(names()).toHaveLength(1);
  });

  test('a dangling symbolic link counts as existing', async () => {
    symlinkSync('/srv/nowhere', inside(root, path));
    expect(await act(root, raw)).toMatchObject({ code: 73 });
    expect(existsSync(inside(root, '/srv/nowhere'))).toBe(false);
    expect(await act(root, remove)).toMatchObject({ code: 73 });
  });

  test('on a full disk nothing is left', async () => {
    shim(root, 'truncate', 'echo "truncate: No space left on device" >&2; exit 1');
    expect(await act(root, raw)).toMatchObject({ code: 73, err: expect.stringContaining('No space left') });
    fillDisk();
    expect(await act(root, qcow2)).toMatchObject({ code: 73 });
    expect(names()).toEqual([]);
    expect(await check(root, raw)).toBe(10);
  });

  test('a file that did not grow as asked is noticed', async () => {
    shim(root, 'truncate', 'exit 0');
    expect(await act(root, raw)).toMatchObject({ code: 73, err: expect.stringContaining('did not become') });
    expect(names()).toEqual([]);
  });

  test('a node without qemu-img says so', async () => {
    shim(root, 'qemu-img', 'exit 1');
    expect(await act(root, qcow2)).toMatchObject({ code: 73 });
    expect(names()).toEqual([]);
  });

  test('a file system without hard links is told as that, for an image, a file and a lock', async () => {
    shim(root, 'ln', 'echo "ln: failed to create hard link: Operation not permitted" >&2; exit 1');
    const config = { do: 'write-file', path: `${folder}/xen.cfg`, content: 'x', expect: 'absent' } as const;
    for (const action of [raw, config]) {
      const { code, err } = await act(root, action);
      expect([code, err]).toEqual([73, expect.stringContaining('makes no hard links')]);
      expect(err).not.toContain('exists already');
    }
    expect(names()).toEqual([]);
    const other = { do: 'make-folder', folder: `${storage}/web2`, lock: lockOf('r2') } as const;
    expect(await act(root, other)).toMatchObject({
      code: 73,
      err: expect.stringContaining('makes no hard links'),
    });
    expect(existsSync(inside(root, other.folder))).toBe(false);
    shim(root, 'ln', 'echo "ln: failed to create hard link: Disk quota exceeded" >&2; exit 1');
    expect(await act(root, raw)).toMatchObject({ code: 73, err: expect.stringContaining('quota exceeded') });
    rmSync(inside(root, '/bin/ln'));
    expect(await act(root, raw)).toMatchObject({ code: 0 });
    // and one that is there is still told as that
    expect(await act(root, raw)).toMatchObject({ code: 73, err: expect.stringContaining('exists already') });
  });

  test('a step that was cut off half-way can be run again, and undone', async () => {
    shim(root, 'truncate', 'kill -9 $PPID');
    expect((await act(root, raw)).code).not.toBe(0);
    expect(await check(root, raw)).toBe(10);
    rmSync(inside(root, '/bin/truncate'));
    expect(await act(root, raw)).toMatchObject({ code: 0 });
    // linked, but the temporary name is still there
    linkSync(inside(root, path), inside(root, `${folder}/.tmp.0123456789abcdef`));
    expect(await check(root, raw)).toBe(0);
    expect(await act(root, remove)).toMatchObject({ code: 0 });
    expect(await act(root, { do: 'drop-folder', folder, run: 'r1' })).toMatchObject({ code: 0 });
    expect(existsSync(inside(root, folder))).toBe(false);
  });

  test('another file that was given the number of the one that was made is not removed', async () => {
    expect(await act(root, raw)).toMatchObject({ code: 0 });
    const [list = ''] = namesIn(root, folder).filter((name) => name.startsWith('.made'));
    const [inode, birth] = text(`${folder}/${list}`).split(' ')[0]?.split(':') ?? [];
    expect(inode).toBe(String(inodeOf(root, path)));
    // as it would be noted, had it been born at another time
    writeFileSync(
      inside(root, `${folder}/${list}`),
      `${inode}:${Number(birth) + 1} ${path.slice(folder.length + 1)}\n`,
    );
    expect(await act(root, remove)).toMatchObject({ code: 73, err: expect.stringContaining('not made by') });
    expect(await check(root, raw)).toBe(10);
    expect(names()).toHaveLength(1);
  });

  test('what another run made is not removed', async () => {
    expect(await act(root, raw)).toMatchObject({ code: 0 });
    expect(await act(root, { do: 'unlock', folder, run: 'r1' })).toMatchObject({ code: 0 });
    expect(namesIn(root, folder)).toHaveLength(1);
    expect(await act(root, remove)).toMatchObject({ code: 73 });
    expect(await act(root, { do: 'lock', folder, lock: lockOf('r2') })).toMatchObject({ code: 0 });
    expect(await act(root, remove)).toMatchObject({ code: 73 });
    expect(names()).toHaveLength(1);
  });

  test('an image that is in use is not removed', async () => {
    expect(await act(root, raw)).toMatchObject({ code: 0 });
    linkSync(inside(root, path), inside(root, '/srv/other name'));
    const holder = spawn('sh', ['-c', 'exec 3<"$0"; echo open; read x', inside(root, '/srv/other name')], {
      env: { PATH: process.env.PATH, VBDESK_ROOT: root },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    expect(await act(root, remove)).toMatchObject({ code: 73, err: expect.stringContaining('In use') });
    holder.kill('SIGKILL');
    await new Promise((resolve) => holder.once('close', resolve));
    expect(await act(root, remove)).toMatchObject({ code: 0 });
  });
});

describe('write-record', () => {
  const path = `${folder}/instance.json`;
  const write = (id: string, expectId: string | null, change = {}) =>
    ({ do: 'write-record', folder, record: recordOf(folder, { id, ...change }), expectId }) as const;

  test('writes the first record with the inode of its folder, then the next one', async () => {
    expect(await check(root, write('a1', null))).toBe(10);
    expect(await act(root, write('a1', null))).toMatchObject({ code: 0, err: '' });
    const inode = inodeOf(root, folder);
    expect(JSON.parse(text(path))).toEqual(
      recordOf(folder, { id: 'a1', place: { storage: 'st1', path: folder, inode } }),
    );
    expect(await check(root, write('a1', null))).toBe(0);
    expect(await act(root, write('a1', null))).toMatchObject({ code: 0 });
    expect(await act(root, write('b2', null))).toMatchObject({ code: 73 });
    expect(await check(root, write('b2', null))).toBe(11);

    const next = write('b2', 'a1', {
      os: 'it\'s "inode": 7',
      place: { storage: 'st1', path: folder, inode },
    });
    expect(await check(root, next)).toBe(10);
    expect(await act(root, next)).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(text(path))).toEqual(next.record);
    expect(await act(root, write('c3', 'a1'))).toMatchObject({
      code: 73,
      err: expect.stringContaining('changed since the plan was made'),
    });
    expect(JSON.parse(text(path))).toMatchObject({ id: 'b2' });
    expect(names()).toEqual(['instance.json']);
    expect(await act(root, { do: 'remove-file', path })).toMatchObject({ code: 73 });
  });

  test('a folder that is another one is refused', async () => {
    const wrong = write('a1', null, { place: { storage: 'st1', path: folder, inode: 7 } });
    expect(await act(root, wrong)).toMatchObject({ code: 73, err: expect.stringContaining('has the inode') });
    expect(names()).toEqual([]);
  });

  test('a record without a readable id is left alone', async () => {
    for (const content of ['', 'junk', '{"id":"a1","x":{"id":"b2"}}', '\u0000\u0001']) {
      writeFileSync(inside(root, path), content);
      expect(await act(root, write('b2', 'a1'))).toMatchObject({ code: 73 });
      expect(await act(root, write('b2', null))).toMatchObject({ code: 73 });
      expect(text(path)).toBe(content);
    }
  });

  test('a record as other programs write it is understood', async () => {
    writeFileSync(inside(root, path), '{"name":"x","id" : "a1", "os":"say \\"id\\":\\"zz\\""}');
    expect(await act(root, write('b2', 'a1'))).toMatchObject({ code: 0 });
  });

  test('on a full disk the old record stays', async () => {
    expect(await act(root, write('a1', null))).toMatchObject({ code: 0 });
    const before = text(path);
    fillDisk();
    expect(await act(root, write('b2', 'a1'))).toMatchObject({ code: 73 });
    expect(text(path)).toBe(before);
    expect(names()).toEqual(['instance.json']);
  });

  test('in a folder behind a symbolic link it is refused', async () => {
    symlinkSync('web1', inside(root, `${storage}/link`));
    expect(await act(root, { ...write('a1', null), folder: `${storage}/link` })).toMatchObject({ code: 73 });
    expect(names()).toEqual([]);
  });
});
