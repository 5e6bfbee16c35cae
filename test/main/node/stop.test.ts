import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { writeSettings } from '../../../main/practice/node-root.ts';
import {
  config,
  domid,
  end,
  flags,
  guest,
  letGoOn,
  monitorState,
  must,
  putBack,
  quick,
  root,
  shutDown,
  start,
  unpause,
  verdict,
  writeConfig,
  xl,
} from './guest-support.ts';
import { act, check, inside, run, shim } from './support.ts';

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

  test('let go on: the guest runs on, watched over; one that has ended is not started, by nobody', async () => {
    writeConfig('guest.reboot_on_shutdown');
    await must(start);
    await must(shutDown(0, 'force'));
    expect(await check(root, letGoOn)).toBe(10);
    await must(letGoOn);
    expect(await check(root, letGoOn)).toBe(0);
    expect(await monitorState()).not.toBe('T');
    expect(await check(root, start)).toBe(0);
    await must(shutDown(30, 'force'));
    // its monitor would create it again
    expect(await must(letGoOn)).toMatchObject({ out: expect.stringContaining('does not run here any more') });
    expect(await check(root, letGoOn)).toBe(0);
    expect(await monitorState()).toBe('T');
    expect(await domid()).toBe(1);
    await must(end);
    await must(letGoOn);
    expect(await act(root, verdict)).toMatchObject({ code: 0 });
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
    await writeSettings(root, { ...quick, stall_destroy: 10 });
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
