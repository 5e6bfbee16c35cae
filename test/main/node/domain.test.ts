import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Action } from '../../../core/plan/action.ts';
import { makeNodeRoot, stopNodeRoot, writeSettings } from '../../../main/practice/node-root.ts';
import { act, check, inside, run, shim, uuid } from './support.ts';

const storage = '/srv/ganeti/file-storage';
const folder = `${storage}/web1`;
const config = `${folder}/xen.cfg`;
const guest = { uuid, name: 'web1', images: [`${folder}/sda`, `${folder}/it's $(sdb)`] };
const quick = {
  create_delay: 0.05,
  shutdown_delay: 0.05,
  destroy_delay: 0.05,
  reboot_delay: 0.05,
  loop_linger: 0.2,
  heartbeat: 0.2,
};

const verdict = { do: 'verdict', ...guest } as const;
const start = { do: 'start-domain', ...guest, config, paused: false } as const;
const startPaused = { ...start, paused: true } as const;
const end = { do: 'end-domain', ...guest } as const;
const putBack = { do: 'put-back', ...guest, config } as const;
const unpause = { do: 'unpause-domain', ...guest } as const;
const shutDown = (timeoutSeconds: number, then: 'force' | 'leave') =>
  ({ do: 'shut-down', ...guest, timeoutSeconds, then }) as const;

let root: string;
const made: string[] = [];
const holders: ChildProcess[] = [];

const writeConfig = (extra = '', name = 'web1', id = uuid) =>
  writeFileSync(
    inside(root, config),
    `name = "${name}"
uuid = "${id}"
type = "pv"
kernel = "/boot/vmlinuz-practice"
memory = 64
extra = "${extra}"
disk = [ "format=raw, vdev=xvda, access=rw, target=${folder}/sda", "format=raw, vdev=xvdb, access=rw, target=${guest.images[1]}" ]
`,
  );

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'vbdesk-node-'));
  made.push(root);
  await makeNodeRoot({ root, name: 'node1', settings: quick });
  mkdirSync(inside(root, folder));
  for (const image of guest.images) {
    writeFileSync(inside(root, image), '');
    truncateSync(inside(root, image), 1 << 20);
  }
  writeConfig();
});
afterEach(async () => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  await stopNodeRoot(root);
});
afterAll(() => {
  for (const each of made) rmSync(each, { recursive: true, force: true });
});

const must = async (action: Action) => {
  const outcome = await act(root, action);
  expect(outcome, `${action.do}: ${outcome.err}`).toMatchObject({ code: 0 });
  return outcome;
};
const xl = async (line: string) => (await run(root, `xl ${line}`)).out;
const flags = async () =>
  /^\S+ +\d+ +\d+ +\d+ +(\S{6})/m.exec((await xl('list -v')).split('\n').slice(2).join('\n'))?.[1] ?? null;
const domid = async () => Number((await run(root, 'xl domid web1')).out);
/** A process of the node that holds a file open. */
const hold = (
  file: string,
  descriptor: 0 | 1 = 0,
  environment: NodeJS.ProcessEnv = { VBDESK_ROOT: root },
): ChildProcess => {
  const opened = openSync(file, descriptor === 0 ? 'r' : 'a');
  const holder = spawn('sleep', ['1000'], {
    stdio: descriptor === 0 ? [opened, 'ignore', 'ignore'] : ['ignore', opened, 'ignore'],
    env: { PATH: process.env.PATH, ...environment },
  });
  closeSync(opened);
  holders.push(holder);
  return holder;
};
const monitorState = async () => {
  const pid = readFileSync(inside(root, `/var/lib/xen-standin/dom/${await domid()}/monitor`), 'utf8').split(
    ' ',
  )[0];
  return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
};

describe('start and verdict', () => {
  test('a stopped guest is started, once', async () => {
    expect(await act(root, verdict)).toMatchObject({ code: 0, out: '', err: '' });
    expect(await check(root, start)).toBe(10);
    await must(start);
    expect(await check(root, start)).toBe(0);
    const found = await act(root, verdict);
    expect(found.code).toBe(10);
    expect(found.out).toMatch(/^domain 1 of this guest/m);
    expect(found.out).toMatch(/^loop device \/dev\/loop0 is on \/srv\/ganeti\/file-storage\/web1\/sda$/m);
    expect(found.out).toMatch(
      /^process \d+ \(.*\) has \/srv\/ganeti\/file-storage\/web1\/it's \$\(sdb\) open$/m,
    );
    expect(found.out).toMatch(/^monitor process/m);
    expect(await act(root, start)).toMatchObject({
      code: 73,
      err: expect.stringContaining('is not stopped here'),
    });
    expect((await xl('list')).split('\n').filter((line) => line.startsWith('web1'))).toHaveLength(1);
  });

  test('paused, then unpaused', async () => {
    await must(startPaused);
    expect(await check(root, startPaused)).toBe(0);
    expect(await check(root, start)).toBe(11);
    expect(await check(root, unpause)).toBe(10);
    expect(await flags()).toBe('--p---');
    await must(unpause);
    expect(await check(root, unpause)).toBe(0);
    expect(await check(root, startPaused)).toBe(11);
    await must(unpause);
    expect(await flags()).toMatch(/^-[b-]----$/);
  });

  test('a renamed domain is still this guest', async () => {
    await must(start);
    await xl('rename web1 other');
    expect(await act(root, verdict)).toMatchObject({ code: 10 });
    expect(await act(root, start)).toMatchObject({ code: 73 });
    await must(shutDown(20, 'force'));
    await must(end);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('an image that somebody has open under another name is not free', async () => {
    linkSync(inside(root, guest.images[0] ?? ''), inside(root, '/srv/hard link'));
    const holder = hold(inside(root, '/srv/hard link'));
    const found = await act(root, verdict);
    expect(found).toMatchObject({ code: 10, out: `process ${holder.pid} (sleep) has ${folder}/sda open\n` });
    expect(await act(root, start)).toMatchObject({ code: 73 });
  });

  test('processes of another node on this machine do not count', async () => {
    hold(inside(root, guest.images[0] ?? ''), 0, { VBDESK_ROOT: `${root}2` });
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('an image that is gone, but still open, is found by its path', async () => {
    const holder = hold(inside(root, guest.images[0] ?? ''));
    rmSync(inside(root, guest.images[0] ?? ''));
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: `process ${holder.pid} (sleep) has ${folder}/sda open\n`,
    });
  });

  test('a monitor alone is not stopped: it would create the domain again', async () => {
    for (const name of ['xl-web1.log', 'xl-web1.log.1', 'xl-web1--incoming.log']) {
      const holder = hold(inside(root, `/var/log/xen/${name}`), 1);
      expect(await act(root, verdict)).toMatchObject({
        code: 10,
        out: `monitor process ${holder.pid} (sleep)\n`,
      });
      if (name === 'xl-web1.log')
        renameSync(inside(root, `/var/log/xen/${name}`), inside(root, `/var/log/xen/${name}.3`));
      expect(await act(root, verdict)).toMatchObject({ code: 10 });
      await must(end);
      expect(await act(root, verdict)).toMatchObject({ code: 0 });
    }
    hold(inside(root, '/var/log/xen/xl-web10.log'), 1);
    hold(inside(root, '/var/log/xen/xl-web1.example.log'), 1);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('an xl create of its configuration that is under way is not stopped', async () => {
    const creating = spawn('sh', ['-c', 'read x', 'create', inside(root, config)], {
      env: { VBDESK_ROOT: root },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    holders.push(creating);
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: `monitor process ${creating.pid} (sh)\n`,
    });
  });

  test('what starts it at boot is found', async () => {
    writeFileSync(inside(root, '/var/lib/xen/save/web1'), '');
    symlinkSync(config, inside(root, '/etc/xen/auto/first'));
    copyFileSync(inside(root, config), inside(root, '/etc/xen/auto/copy'));
    writeFileSync(inside(root, '/etc/xen/auto/other'), 'name = "other"');
    const found = await act(root, verdict);
    // nothing writes now, so it is stopped; but it is not free to start
    expect(found.code).toBe(0);
    expect(found.out.trim().split('\n')).toEqual([
      'save file /var/lib/xen/save/web1 would be restored when this node boots',
      'auto entry /etc/xen/auto/copy starts it when this node boots',
      'auto entry /etc/xen/auto/first starts it when this node boots',
    ]);
    expect(await act(root, start)).toMatchObject({ code: 73 });
  });

  test('what can not be told is never "stopped"', async () => {
    const unsure = async () => {
      const outcome = await act(root, verdict);
      expect([0, 10]).not.toContain(outcome.code);
      expect(outcome.err).toContain('could not be told');
      expect(await act(root, start)).toMatchObject({ code: 73 });
    };
    const real = readFileSync(inside(root, '/bin/xl'));
    shim(root, 'xl', 'echo broken >&2; exit 1');
    await unsure();
    shim(root, 'xl', 'exit 0');
    await unsure();
    shim(root, 'xl', `echo 'Name  ID Mem VCPUs State Time(s)'; echo 'web2 3 128 1 -b---- 1.0 ${uuid} - -'`);
    await unsure();
    writeFileSync(inside(root, '/bin/xl'), real);
    shim(root, 'losetup', 'exit 1');
    await unsure();
    shim(root, 'losetup', 'exit 0');
    shim(root, 'stat', 'echo "stat: cannot statx: Input/output error" >&2; exit 1');
    await unsure();
  });

  test('dying domains: those of this uuid, and those of nobody', async () => {
    const zero = '00000000-0000-0000-0000-000000000000';
    const table = (line: string) =>
      shim(
        root,
        'xl',
        `cat <<'E'
Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label
Domain-0                                     0   640     1     r-----     131.5 ${zero}        -                -
${line}
E`,
      );
    table(
      `(null)                                       7     0     1     --p--d     131.5 ${uuid.toUpperCase()}        -                -`,
    );
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: 'domain 7 of this guest, in state --p--d\n',
    });
    table(
      `(null)                                       7     0     1     --p--d     131.5 ${zero}        -                -`,
    );
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: 'domain 7 is dying, and nobody can tell whose it is\n',
    });
    table(
      `a name with spaces                           7     0     1     -b----     131.5 ${uuid}        -   system_u:x`,
    );
    expect(await act(root, verdict)).toMatchObject({ code: 10 });
    table(
      `(null)                                       7     0     1     --p--d     131.5 11111111-1111-1111-1111-111111111111        -                -`,
    );
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
    table(
      `Xenstore                                     7     0     1     -b----     131.5 ${zero}        -                -`,
    );
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
    table('something else entirely');
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: expect.stringContaining('not understood'),
    });
  });

  test('a configuration without the uuid is not started', async () => {
    writeConfig('', 'web1', '11111111-1111-1111-1111-111111111111');
    expect(await act(root, start)).toMatchObject({
      code: 73,
      err: expect.stringContaining('does not carry the uuid'),
    });
    rmSync(inside(root, config));
    expect(await act(root, start)).toMatchObject({ code: 73 });
  });

  test('a start that fails leaves no domain', async () => {
    await writeSettings(root, { ...quick, fail_create: 'no luck today' });
    const outcome = await act(root, start);
    expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('no luck today') });
    expect(outcome.err).toContain('xl create failed with exit code 3');
    await writeSettings(root, quick);
    expect(await check(root, start)).toBe(10);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('a start that was killed is partial, and end-domain cleans up after it', async () => {
    await writeSettings(root, { ...quick, create_delay: 600 });
    const killed = spawn(inside(root, '/bin/xl'), ['create', inside(root, config)], {
      env: { PATH: process.env.PATH, VBDESK_ROOT: root },
      stdio: 'ignore',
    });
    await expect.poll(async () => (await xl('list')).includes('web1'), { timeout: 30_000 }).toBe(true);
    killed.kill('SIGKILL');
    await expect.poll(() => killed.signalCode).toBe('SIGKILL');
    await writeSettings(root, quick);
    expect(await check(root, start)).toBe(11);
    expect(await check(root, startPaused)).toBe(11);
    expect(await check(root, end)).toBe(11);
    await must(end);
    expect(await check(root, end)).toBe(0);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('check-config asks the toolstack', async () => {
    await must({ do: 'check-config', config });
    writeFileSync(inside(root, config), 'name = "web1\n');
    expect(await act(root, { do: 'check-config', config })).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not accept'),
    });
    rmSync(inside(root, config));
    expect(await act(root, { do: 'check-config', config })).toMatchObject({ code: 73 });
  });
});

describe('stop', () => {
  test('an obedient guest shuts down, its domain stays until end-domain', async () => {
    await must(start);
    expect(await check(root, shutDown(30, 'force'))).toBe(10);
    await must(shutDown(30, 'force'));
    expect(await flags()).toMatch(/^--?p?s--$|^-[b-]-s--$|^---s--$|^--ps--$/);
    expect(await check(root, shutDown(30, 'force'))).toBe(0);
    await must(end);
    expect(await check(root, end)).toBe(0);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
    await must(shutDown(30, 'force'));
    await must(end);
  });

  test('undone before its end: the guest runs on, watched over', async () => {
    await must(start);
    await must(shutDown(0, 'force'));
    expect(await check(root, shutDown(0, 'force'))).toBe(11);
    expect(await monitorState()).toBe('T');
    expect(await check(root, putBack)).toBe(11);
    await must(putBack);
    expect(await check(root, putBack)).toBe(0);
    expect(await monitorState()).not.toBe('T');
    expect(await domid()).toBe(1);
  });

  test('undone after it: the guest is started again, also twice', async () => {
    await must(start);
    await must(shutDown(30, 'force'));
    await must(putBack);
    expect(await domid()).toBe(2);
    await must(putBack);
    expect(await domid()).toBe(2);
    await must(end);
    await must(putBack);
    expect(await check(root, putBack)).toBe(0);
    expect(await domid()).toBe(3);
  });

  test('a guest that does not listen is left running, or destroyed', async () => {
    writeConfig('guest.ignore_shutdown');
    await must(start);
    const left = await act(root, shutDown(1, 'leave'));
    expect(left).toMatchObject({ code: 1, err: expect.stringContaining('has not shut down within 1 s') });
    expect(await monitorState()).not.toBe('T');
    expect(await check(root, start)).toBe(0);
    const forced = await must(shutDown(1, 'force'));
    expect(forced.out).toContain('is destroyed instead');
    await must(end);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('a guest that reboots when it is asked to shut down does not come back', async () => {
    writeConfig('guest.reboot_on_shutdown');
    await must(start);
    await must(shutDown(30, 'leave'));
    expect(await flags()).toMatch(/sr-$/);
    await must(end);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('a guest that is away because it reboots is held', async () => {
    await writeSettings(root, { ...quick, reboot_delay: 600 });
    await must(start);
    await xl('reboot web1');
    await expect.poll(async () => (await xl('list')).includes('web1'), { timeout: 30_000 }).toBe(false);
    expect(await act(root, verdict)).toMatchObject({
      code: 10,
      out: expect.stringMatching(/^monitor process/),
    });
    expect(await act(root, start)).toMatchObject({ code: 73 });
    expect(await check(root, start)).toBe(11);
    expect(await check(root, shutDown(30, 'leave'))).toBe(11);
    await must(shutDown(30, 'leave'));
    expect(await check(root, shutDown(30, 'leave'))).toBe(0);
    await must(end);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('a paused guest can not shut down', async () => {
    await must(start);
    await xl('pause web1');
    expect(await act(root, shutDown(30, 'leave'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('is paused'),
    });
    expect(await flags()).toBe('--p---');
    expect(await act(root, putBack)).toMatchObject({ code: 1, err: expect.stringContaining('is paused') });
    await must(shutDown(30, 'force'));
    await must(end);
  });

  test('a dying domain that stays on stalled storage is not stopped', async () => {
    await writeSettings(root, { ...quick, stall_destroy: 2 });
    await must(start);
    await xl('destroy web1');
    expect(await flags()).toBe('--p--d');
    expect(await act(root, verdict)).toMatchObject({ code: 10, out: expect.stringContaining('--p--d') });
    expect(await act(root, start)).toMatchObject({ code: 73 });
    expect(await check(root, start)).toBe(11);
    // it goes in the end, and end-domain waits for it
    await must(end);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });

  test('images that can not be synced are not called safe', async () => {
    await must(start);
    shim(root, 'sync', 'echo "sync: Input/output error" >&2; exit 1');
    expect(await act(root, end)).toMatchObject({
      code: 1,
      err: expect.stringContaining('can not be synced'),
    });
  });

  test('two domains of one uuid are a matter for a person', async () => {
    await must(start);
    writeFileSync(
      inside(root, '/tmp/second.cfg'),
      readFileSync(inside(root, config), 'utf8').replace('"web1"', '"second"'),
    );
    await run(root, 'xl create "$R/tmp/second.cfg"');
    expect(await act(root, unpause)).toMatchObject({
      code: 73,
      err: expect.stringContaining('several domains'),
    });
    expect(await act(root, putBack)).toMatchObject({ code: 1 });
    expect(await act(root, shutDown(1, 'leave'))).toMatchObject({ code: 1 });
    await must(end);
    expect((await xl('list')).split('\n').filter((line) => line !== '')).toHaveLength(2);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
  });
});

describe('reboot-domain', () => {
  const reboot = { do: 'reboot-domain', ...guest, timeoutSeconds: 30 } as const;

  test('waits for the new domain', async () => {
    await must(start);
    expect(await must(reboot)).toMatchObject({ out: 'was domain 1, is domain 2\n' });
    expect(await check(root, reboot)).toBe(11);
  });

  test('says that the guest did not listen, or is not there', async () => {
    expect(await act(root, reboot)).toMatchObject({ code: 73 });
    writeConfig('guest.ignore_reboot');
    await must(start);
    expect(await act(root, { ...reboot, timeoutSeconds: 1 })).toMatchObject({
      code: 1,
      err: expect.stringContaining('still runs as domain 1'),
    });
  });

  test('nothing is left behind in the node root', () => {
    expect(existsSync(inside(root, '/var/lib/vbdesk/jobs'))).toBe(false);
  });
});
