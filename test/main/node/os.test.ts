/** An operating system on new disks, by real sh: templates that are copied, and scripts that see their disks as block devices. */
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { renderAction } from '../../../main/node/actions/index.ts';
import { secretText } from '../../../main/node/actions/os.ts';
import { prelude } from '../../../main/node/prelude.ts';
import { waitFor } from '../../support/wait-for.ts';
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
import { act, check, inside, namesIn, run, shim, storage } from './support.ts';

const templates = `${storage}/.templates`;

describe('a copy of a template', () => {
  const template = `${templates}/debian.raw`;
  const copy = (change: Partial<Extract<Action, { do: 'copy-template' }>> = {}) =>
    ({
      do: 'copy-template',
      path: sda,
      type: 'raw',
      size: 4 * mib,
      from: template,
      within: [storage],
      ...change,
    }) satisfies Action;

  beforeEach(() => {
    mkdirSync(inside(root, templates));
    makeRaw(template, 2 * mib);
  });

  test('is equal to it, as sparse as it, as large as it shall be, and can be taken back', async () => {
    expect(await check(root, copy())).toBe(10);
    await done(copy());
    const made = readFileSync(inside(root, sda));
    expect(made.subarray(0, 2 * mib).equals(readFileSync(inside(root, template)))).toBe(true);
    expect(made.subarray(2 * mib).every((byte) => byte === 0)).toBe(true);
    const { size, blocks } = statSync(inside(root, sda));
    expect(size).toBe(4 * mib);
    expect(blocks * 512).toBeLessThan(mib);
    await refused(copy(), 'exists already');
    await done({ do: 'remove-file', path: sda });
    expect(existsSync(inside(root, sda))).toBe(false);
    expect(statSync(inside(root, template)).size).toBe(2 * mib);
  });

  test('of qcow2 stays qcow2, and is made larger by qemu-img', async () => {
    const from = `${templates}/debian.qcow2`;
    makeQcow2(from);
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 64k', inside(root, from)]);
    await done(copy({ type: 'qcow2', from, size: 3 * mib }));
    expect(infoOf(sda)).toMatchObject({ format: 'qcow2', 'virtual-size': 3 * mib });
    expect(raw(sda, 'qcow2').subarray(0, mib).equals(raw(from, 'qcow2'))).toBe(true);
  });

  test('is refused, and nothing is left', async () => {
    await refused(
      copy({ size: mib }),
      `has ${2 * mib} bytes, which do not fit into an image of ${mib} bytes`,
    );
    await refused(copy({ from: `${templates}/none` }), 'is missing');
    await refused(copy({ type: 'qcow2' }), 'is no qcow2 image by its header');
    symlinkSync('debian.raw', inside(root, `${templates}/link`));
    await refused(copy({ from: `${templates}/link` }), 'is not a regular file');
    await whileOpen(template, '<>', () => refused(copy(), 'is being written to'));
    const over = `${templates}/over.qcow2`;
    qemuImg('create', '-q', '-f', 'qcow2', '-b', inside(root, template), '-F', 'raw', inside(root, over));
    await refused(copy({ type: 'qcow2', from: over }), 'builds on');
    expect(
      namesIn(root, folder).filter((name) => !name.startsWith('.lock') && !name.startsWith('.made')),
    ).toEqual([]);
  });

  test('that is not equal, or of what changed meanwhile, is not kept', async () => {
    shim(root, 'cmp', 'echo "sda differs: byte 7" >&2; exit 1');
    await refused(copy(), 'is not equal to it, so it was removed: sda differs: byte 7');
    shim(root, 'cmp', `echo more >>'${inside(root, template)}'; exit 0`);
    await refused(copy(), 'was changed while it was copied');
    expect(existsSync(inside(root, sda))).toBe(false);
  });
});

describe('the script of an OS definition', () => {
  const definition = '/srv/ganeti/os/marker';
  const sdb = `${folder}/sdb`;
  const install = (change: Partial<Extract<Action, { do: 'run-os-create' }>> = {}) =>
    ({
      do: 'run-os-create',
      folder,
      images: [
        { path: sda, size: mib },
        { path: sdb, size: 2 * mib },
      ],
      definition,
      api: 20,
      verify: false,
      environment: {
        OS_API_VERSION: '20',
        INSTANCE_NAME: 'web1',
        DISK_COUNT: '2',
        OSP_TEXT: `it's $(a) "x"`,
      },
      secret: [],
      ...change,
    }) satisfies Action;
  const detach: Action = { do: 'detach-images', folder, images: [sda, sdb] };
  const script = (name: string, text: string, mode = 0o755): void =>
    writeFileSync(inside(root, `${definition}/${name}`), `#!/bin/sh\n${text}\n`, { mode });
  const attached = async (): Promise<string> => (await run(root, 'losetup -a')).out;

  beforeEach(async () => {
    cpSync(path.join(import.meta.dirname, '../../../main/practice/node-bin'), inside(root, '/bin'), {
      recursive: true,
    });
    mkdirSync(inside(root, definition), { recursive: true });
    writeFileSync(inside(root, `${definition}/ganeti_api_version`), '20\n15\n');
    script(
      'create',
      'env; pwd; umask; printf MARK | dd of="$DISK_0_PATH" conv=notrunc 2>/dev/null; printf TWO | dd of="$DISK_1_PATH" conv=notrunc 2>/dev/null',
    );
    await done({ do: 'create-image', path: sda, type: 'raw', size: mib });
    await done({ do: 'create-image', path: sdb, type: 'raw', size: 2 * mib });
  });

  test('writes to its disks and sees the variables of the interface and no others', async () => {
    expect(await check(root, install())).toBe(10);
    const outcome = await run(root, renderAction(install(), 'xl').act, {
      HTTP_PROXY: 'x',
      LANG: 'de_DE',
      root: 'y',
      MANY: 'a\nB=c',
    });
    expect(outcome).toMatchObject({ code: 0, err: '' });
    const lines = outcome.out.split('\n');
    const names = lines
      .flatMap((line) => /^([A-Za-z_]\w*)=/.exec(line)?.[1] ?? [])
      .filter((name) => name !== '_');
    expect(names.toSorted()).toEqual(
      [
        'DISK_0_PATH',
        'DISK_1_PATH',
        'DISK_COUNT',
        'INSTANCE_NAME',
        'OSP_TEXT',
        'OS_API_VERSION',
        'PATH',
        'PWD',
        'VBDESK_ROOT',
      ].toSorted(),
    );
    expect(lines).toContain(`OSP_TEXT=it's $(a) "x"`);
    expect(lines).toContain(`DISK_1_PATH=${inside(root, '/dev/loop1')}`);
    expect(lines).toContain(inside(root, definition));
    expect(lines).toContain('0022');
    expect(readFileSync(inside(root, sda)).toString('latin1', 0, 4)).toBe('MARK');
    expect(readFileSync(inside(root, sdb)).toString('latin1', 0, 3)).toBe('TWO');
    expect(await attached()).toBe('');
    expect(await check(root, install())).toBe(0);
    // at most once
    expect(await act(root, install())).toMatchObject({
      code: 1,
      err: expect.stringContaining('was begun by this run already'),
    });
    await done(detach);
  });

  test('that fails leaves nothing attached, and says how it ended', async () => {
    script('create', 'echo no mirror answers >&2; exit 3');
    const outcome = await act(root, install());
    expect(outcome).toMatchObject({ code: 1, out: expect.stringContaining('no mirror answers') });
    expect(outcome.err).toContain(`${definition}/create failed with exit code 3. The images are detached.`);
    expect(await attached()).toBe('');
    expect(await check(root, install())).toBe(11);
    await done(detach);
  });

  test('that is killed half way is detached by its undo', async () => {
    script('create', 'echo "$$" >"$VBDESK_ROOT/pid"; exec sleep 600');
    const child = spawn('/bin/sh', ['-s'], {
      env: { PATH: process.env.PATH, VBDESK_ROOT: root },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    child.stdin.end(`{ :\n${prelude}\n${renderAction(install(), 'xl').act}\n} </dev/null\n`);
    await waitFor(
      'the script',
      () => existsSync(inside(root, '/pid')) && readFileSync(inside(root, '/pid'), 'utf8').endsWith('\n'),
    );
    expect(await attached()).toContain('/dev/loop1');
    expect(await check(root, detach)).toBe(10);
    const ended = new Promise((resolve) => child.once('close', resolve));
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await ended;
    expect(await attached()).toContain('/dev/loop1');
    expect(await check(root, install())).toBe(11);
    await done(detach);
    expect(await attached()).toBe('');
  });

  test('a second disk that can not be attached lets the first one go', async () => {
    renameLosetup('case $* in *sdb) echo "losetup: no free loop device" >&2; exit 1 ;; esac');
    const outcome = await act(root, install());
    expect(outcome).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        `${sdb} can not be attached to a loop device: losetup: no free loop device`,
      ),
    });
    expect(await attached()).toBe('');
  });

  test('what stays attached is told, with the way out', async () => {
    renameLosetup('case $* in -d*) exit 1 ;; esac');
    shim(root, 'sleep', 'exit 0');
    const outcome = await act(root, install());
    expect(outcome).toMatchObject({
      code: 1,
      err: expect.stringContaining('The images are still attached, because something has them open'),
    });
    expect(await act(root, detach)).toMatchObject({ code: 1 });
  });

  test('verify is asked first, and what it refuses changes nothing', async () => {
    script(
      'verify',
      '[ "$1" = parameters ] && [ -z "$DISK_0_PATH" ] || exit 9; [ "$OSP_TEXT" = good ] || { echo bad text; exit 1; }',
    );
    const outcome = await act(root, install({ verify: true }));
    expect(outcome).toMatchObject({
      code: 73,
      out: 'bad text\n',
      err: expect.stringContaining('does not accept the parameters'),
    });
    expect(await check(root, install())).toBe(10);
    const good = install({ verify: true, environment: { OSP_TEXT: 'good' } });
    expect(await act(root, good)).toMatchObject({ code: 0 });
  });

  test('refused before anything is done', async () => {
    await refused(
      install({ api: 15, definition: '/srv/ganeti/os/none' }),
      'There is no OS definition /srv/ganeti/os/none',
    );
    await refused(install({ api: 10 }), 'does not speak version 10');
    await refused(install({ images: [{ path: sda, size: 2 * mib }] }), 'is not the raw image that was made');
    await whileOpen(sda, '<', () => refused(install(), 'In use'));
    chmodSync(inside(root, `${definition}/create`), 0o644);
    await refused(install(), 'can not be executed');
    appendFileSync(inside(root, `${folder}/.lock`), '');
    expect(await check(root, install())).toBe(10);
  });

  test('no value is an argument of a process', () => {
    const { act: text, summary } = renderAction(install({ environment: { OSP_PLACE: 'hunter2' } }), 'xl');
    expect(summary).not.toContain('hunter2');
    expect(text.split('\n').filter((line) => line.includes('hunter2'))).toEqual([
      `  export OSP_PLACE='hunter2'`,
    ]);
  });

  test('a secret is in no script: it comes in a file, which is gone before anything begins', async () => {
    const value = `it's $(a) "x" \\n`;
    const action = install({
      // as an older VBDesk recorded it
      environment: { OSP_PASSWORD: 'of old' },
      secret: ['OSP_PASSWORD'],
      verify: true,
    });
    const rendered = renderAction(action, 'xl');
    expect(rendered.act).not.toContain('of old');
    script('verify', '[ -n "$OSP_PASSWORD" ]');
    script(
      'create',
      'printf "%s\\n" "got $OSP_PASSWORD" "$(ls "$VBDESK_ROOT/run")" end; env | grep VBDESK_SECRET || echo none',
    );
    const file = inside(root, '/run/secret');
    await refused(action, 'did not arrive with this step, so nothing was begun');
    expect(secretText(action, {})).toBeNull();
    writeFileSync(file, secretText(action, { OSP_PASSWORD: value, OSP_OTHER: 'x' }) ?? '', { mode: 0o600 });
    const outcome = await run(root, rendered.act, { VBDESK_SECRET: file });
    expect(outcome).toMatchObject({ code: 0, err: '' });
    expect(outcome.out).toContain(`got ${value}\n\nend\nnone\n`);
    expect(existsSync(file)).toBe(false);
  });

  /** Puts a line of sh before the stand-in. */
  function renameLosetup(first: string): void {
    const stand = inside(root, '/bin/losetup');
    const text = readFileSync(stand, 'utf8');
    writeFileSync(stand, text.replace('#!/bin/sh\n', `#!/bin/sh\n${first}\n`), { mode: 0o755 });
  }
});
