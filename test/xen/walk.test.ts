/** The life of instances on real Xen, through the command line: created, started, failed over, stopped, removed. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { succeed, waitForConsole, waitUntilGone } from './lab/guest.ts';
import { SHARED_STORAGE } from './lab/index.ts';
import { labWorkstation, type Workstation } from './workstation.ts';

/** A raw image behind a loop device; its guest does what it is asked. */
const obeying = 'obeying';
/** A raw and a qcow2 image behind qemu; its guest ignores a shutdown. */
const stubborn = 'stubborn';

describe('the walk of an instance', () => {
  let station: Workstation;
  const shared = (...names: string[]): string => join(station.lab.sharedDirectory, ...names);
  const on = (node: string, script: string): Promise<string> => succeed(station.lab, node, script);
  const says = (node: string, guest: string, pattern: RegExp) =>
    waitForConsole(station.lab, node, guest, pattern);
  /** The last count that a guest has told of its present boot on a node. */
  const lastCount = async (node: string, guest: string): Promise<number> => {
    const text = await station.lab.consoleLog(node, guest);
    return Number([...text.matchAll(/sequence boot=\d+ count=(\d+)/g)].at(-1)?.[1] ?? 0);
  };

  beforeAll(async () => {
    station = await labWorkstation('the walk of an instance');
  });

  afterAll(() => station?.close());

  test('created: raw by loop and by blktap, qcow2; the guests run on what was made', async () => {
    await Promise.all([
      station.add(obeying, { storage: SHARED_STORAGE, driver: 'loop', disks: ['size=16M'], network: true }),
      station.add(stubborn, {
        storage: SHARED_STORAGE,
        driver: 'blktap',
        disks: ['size=16M', 'size=16M,type=qcow2'],
        switches: ['ignore_shutdown'],
        start: false,
      }),
    ]);
    await says('node1', obeying, /GUEST: disk xvda counter was 0 now 1/);
    expect(await on('node1', 'losetup -n -O BACK-FILE')).toBe(`${SHARED_STORAGE}/${obeying}/sda\n`);
    expect(await on('node1', `qemu-img info ${SHARED_STORAGE}/${stubborn}/sdb`)).toContain(
      'file format: qcow2',
    );
    expect(await station.info(obeying)).toMatchObject({
      status: 'running',
      primary: 'node1',
      runsOn: ['node1'],
      generation: 1,
      problems: [],
    });
  });

  test('one that was started elsewhere by hand is not started again, and is stopped where it is', async () => {
    await on('node2', `xl create ${SHARED_STORAGE}/${stubborn}/xen.cfg`);
    await says('node2', stubborn, /GUEST: disk xvdb counter was 0 now 1/);
    expect(await station.info(stubborn)).toMatchObject({ status: 'wrong-node', runsOn: ['node2'] });
    expect(await station.refused('instance', 'startup', stubborn)).toContain(`${stubborn} runs on node2`);
    expect(await station.refused('instance', 'failover', stubborn)).toContain('It runs on node2');
    await says('node2', stubborn, /GUEST: ready/);
    // it ignores the request, so the time runs out and it is destroyed
    const stopped = await station.ends(0, 'instance', 'shutdown', stubborn, '--timeout', '5');
    expect(stopped.stdout).toContain('done');
    expect(await station.lab.consoleLog('node2', stubborn)).toContain('GUEST: shutdown asked, ignored');
    await waitUntilGone(station.lab, 'node2', stubborn);
    await station.ends(0, 'instance', 'startup', stubborn);
    await says('node1', stubborn, /GUEST: disk xvda counter was 1 now 2/);
    await says('node1', stubborn, /GUEST: disk xvdb counter was 1 now 2/);
  });

  test('failover: what a guest wrote on node1 it reads on node2, by each driver and type', async () => {
    await says('node1', stubborn, /GUEST: sequence boot=2 count=1\b/);
    const [ofObeying, ofStubborn] = [await lastCount('node1', obeying), await lastCount('node1', stubborn)];
    await Promise.all([
      station.ends(0, 'instance', 'failover', obeying),
      station.ends(0, 'instance', 'failover', stubborn, '--timeout', '5'),
    ]);
    const read = /disk xvda counter was 1 now 2, sequence was 'sequence boot=1 count=(\d+)'/;
    const [, count] = await says('node2', obeying, read);
    expect(Number(count)).toBeGreaterThanOrEqual(ofObeying);
    for (const disk of ['xvda', 'xvdb']) {
      const pattern = new RegExp(
        `disk ${disk} counter was 2 now 3, sequence was 'sequence boot=2 count=(\\d+)'`,
      );
      const [, written] = await says('node2', stubborn, pattern);
      expect(Number(written)).toBeGreaterThanOrEqual(ofStubborn);
    }
    for (const name of [obeying, stubborn])
      expect(await station.info(name)).toMatchObject({
        status: 'running',
        primary: 'node2',
        runsOn: ['node2'],
        generation: 2,
        problems: [],
      });
    const left = `xl list | wc -l; losetup -a; pgrep -x xl; pgrep -f 'qemu.*-xen-domid [1-9]' || true`;
    expect(await on('node1', left)).toBe('2\n');
  });

  test('reboot: a new domain on the same node, on the same disk', async () => {
    await says('node2', obeying, /GUEST: ready/);
    const before = await on('node2', `xl domid ${obeying}`);
    await station.ends(0, 'instance', 'reboot', obeying);
    await says('node2', obeying, /disk xvda counter was 2 now 3/);
    expect(await on('node2', `xl domid ${obeying}`)).not.toBe(before);
    expect(await station.info(obeying)).toMatchObject({ status: 'running', runsOn: ['node2'], problems: [] });
  });

  test('a guest that ignores its shutdown runs on, or is destroyed, as was chosen', async () => {
    await says('node2', stubborn, /GUEST: ready/);
    const left = await station.ends(1, ...['instance', 'shutdown', stubborn, '--timeout', '5', '--no-force']);
    expect(left.stderr).toContain('The guest has not shut down within 5 s');
    expect(left.stderr).toContain('It is left running');
    const count = await lastCount('node2', stubborn);
    await says('node2', stubborn, new RegExp(`sequence boot=3 count=${count + 5}\\b`));
    expect(await station.info(stubborn)).toMatchObject({ status: 'running', adminState: 'up' });
    // its monitor was continued: without it, xl itself would hold the guest back at its next end
    expect(await on('node2', 'cut -d " " -f 3 /proc/$(pgrep -x xl | head -n 1)/stat')).not.toBe('T\n');
    await station.ends(0, 'instance', 'shutdown', stubborn, '--timeout', '5');
    expect(await station.info(stubborn)).toMatchObject({ status: 'stopped', adminState: 'down' });
  });

  test('failover without an image on the target is refused before anything is touched, and the file is named', async () => {
    const runs = await station.runs();
    const record = await readFile(shared(obeying, 'instance.json'), 'utf8');
    // the guest runs, and has its image open
    await rename(shared(obeying, 'sda'), shared('sda.away'));
    const count = await lastCount('node2', obeying);
    const missing = await station.refused('instance', 'failover', obeying, '-n', 'node1');
    await rename(shared('sda.away'), shared(obeying, 'sda'));
    expect(missing).toContain(`${SHARED_STORAGE}/${obeying}/sda is missing`);
    await says('node2', obeying, new RegExp(`sequence boot=3 count=${count + 5}\\b`));

    expect(await station.runs()).toEqual(runs);
    expect(await readFile(shared(obeying, 'instance.json'), 'utf8')).toBe(record);
    expect((await readdir(shared(obeying))).toSorted()).toEqual(['instance.json', 'sda', 'xen.cfg']);
  });

  test('removed while it runs, restored from the trash, started again on its data, purged', async () => {
    await station.ends(0, 'instance', 'remove', obeying);
    await waitUntilGone(station.lab, 'node2', obeying);
    expect(existsSync(shared(obeying))).toBe(false);
    const [removed = ''] = await readdir(shared('.trash'));
    expect(existsSync(shared('.trash', removed, 'sda'))).toBe(true);
    await station.ends(0, 'instance', 'restore', obeying);
    await station.ends(0, 'instance', 'startup', obeying);
    await says('node2', obeying, /disk xvda counter was 3 now 4/);
    await Promise.all([
      station.ends(
        0,
        'instance',
        'remove',
        obeying,
        '--purge',
        '--accept',
        `purge:${obeying}`,
        '--timeout',
        '0',
      ),
      station.ends(0, 'instance', 'remove', stubborn, '--purge', '--accept', `purge:${stubborn}`),
    ]);
    expect(await readdir(shared())).toEqual(expect.not.arrayContaining([obeying, stubborn]));
    expect(await readdir(shared('.trash'))).toEqual([]);
    expect(await on('node2', 'xl list | wc -l; losetup -a')).toBe('2\n');
    await station.ends(0, 'cluster', 'verify', 'lab');
  });
});
