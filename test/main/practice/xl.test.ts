import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bootNodeRoot,
  LOCAL_STORAGE,
  makeNodeRoot,
  processesOf,
  SHARED_STORAGE,
  stopNodeRoot,
  writeSettings,
} from '../../../main/practice/node-root.ts';
import { practiceGuest, runInRoot, type ScriptResult } from '../../support/practice-node.ts';

const quick = {
  create_delay: 0.02,
  shutdown_delay: 0.05,
  destroy_delay: 0.02,
  reboot_delay: 0.1,
  loop_linger: 0.1,
  heartbeat: 0.1,
};

/** What only the stand-in does: hold images, stall, lose power. What it has in common with Xen is in contract.test.ts. */
describe("the practice cluster's stand-in for Xen", () => {
  let directory: string;
  const root = (name: string) => path.join(directory, name);
  const run = (script: string, name = 'node1'): Promise<ScriptResult> => runInRoot(root(name), script);
  const succeed = async (script: string, name = 'node1'): Promise<string> => {
    const result = await run(script, name);
    expect({ script, ...result, stdout: '' }).toEqual({ script, code: 0, stdout: '', stderr: '' });
    return result.stdout;
  };
  const waitFor = (condition: string, name = 'node1') =>
    succeed(
      `i=0; until ${condition}; do i=$((i + 1)); [ $i -lt 600 ] || { xl list >&2; exit 9; }; sleep 0.05; done`,
      name,
    );
  const image = (name: string) => `${SHARED_STORAGE}/${name}`;
  const physical = (name: string) => path.join(directory, 'shared/file-storage', name);
  const raw = (name: string, vdev = 'xvda') => `format=raw,vdev=${vdev},access=rw,target=${image(name)}`;
  const start = async (
    name: string,
    disks: readonly string[],
    more: readonly string[] = [],
    node = 'node1',
  ) => {
    await writeFile(path.join(root(node), `etc/xen/${name}.cfg`), practiceGuest(name, disks, more));
    await succeed(`xl create -q "$R/etc/xen/${name}.cfg"`, node);
  };
  const makeImage = async (name: string) => {
    await writeFile(physical(name), '');
    await truncate(physical(name), 2 ** 20);
  };
  const block = async (name: string, number: number) =>
    (await readFile(physical(name)))
      .subarray(number * 512, (number + 1) * 512)
      .toString('latin1')
      .replaceAll('\0', '')
      .trimEnd();
  /** Open files of the node's processes on an image. */
  const holders = async (name: string, node = 'node1') => {
    const { dev, ino } = await stat(physical(name));
    const pids = await processesOf(root(node));
    const script = pids
      .map((pid) => `stat -L -c %d:%i /proc/${pid}/fd/* 2>/dev/null | grep -cx ${dev}:${ino}`)
      .join('\n');
    const counts = pids.length === 0 ? '' : (await run(script, node)).stdout;
    return counts.split('\n').filter((line) => Number(line) > 0).length;
  };

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'vbdesk-xl-'));
    for (const name of ['node1', 'node2']) {
      await makeNodeRoot({
        root: root(name),
        name,
        sharedStorage: root('shared'),
        totalMemory: 1024,
        settings: quick,
      });
    }
  });

  afterAll(async () => {
    await Promise.all([stopNodeRoot(root('node1')), stopNodeRoot(root('node2'))]);
    await rm(directory, { recursive: true, force: true });
  });

  test("the shared storage is one directory, the local one is each node's own", async () => {
    const ask = `stat -L -c %d:%i "$R${SHARED_STORAGE}" "$R${LOCAL_STORAGE}"; realpath -e "$R${SHARED_STORAGE}"`;
    const [one, two] = [(await succeed(ask)).split('\n'), (await succeed(ask, 'node2')).split('\n')];
    expect(one[0]).toBe(two[0]);
    expect(one[1]).not.toBe(two[1]);
    expect(one[2]).toBe(two[2]);
    // No link in the storage directory itself or below it: only above.
    expect(await succeed(`[ -L "$R${SHARED_STORAGE}" ] || [ -L "$R${LOCAL_STORAGE}" ] || echo none`)).toBe(
      'none\n',
    );
  });

  test('a guest holds its images open exactly as long as it lives, however many', async () => {
    const names = Array.from({ length: 14 }, (_, index) => `many${index}`);
    for (const name of names) await makeImage(name);
    await start(
      'many',
      names.map((name, index) => raw(name, `xvd${'abcdefghijklmn'[index]}`)),
    );
    for (const name of names) expect(await holders(name)).toBeGreaterThan(0);
    expect((await succeed('losetup -l -n -O NAME')).trim().split('\n')).toHaveLength(14);
    await succeed('xl destroy many');
    for (const name of names) expect(await holders(name)).toBe(0);
    await waitFor('[ -z "$(losetup -a)" ]');
  });

  test('it writes to the image that it opened, under whatever name that has by now', async () => {
    await makeImage('moved');
    await start('moved', [raw('moved')]);
    await waitFor(`grep -aq 'count=2' "$R${image('moved')}"`);
    await rename(physical('moved'), physical('elsewhere'));
    await waitFor(`grep -aq 'count=[5-9]' "$R${image('elsewhere')}"`);
    expect(existsSync(physical('moved'))).toBe(false);
    expect(await succeed('losetup -a')).toContain(`(${image('moved')} (deleted))`);
    await succeed('xl destroy moved');
  });

  test('qcow2: what the guest writes lies at its place inside, and the image stays whole', async () => {
    const made = await run(`qemu-img create -q -f qcow2 "$R${image('q')}" 8M`);
    if (made.code === 127) return; // no qemu-img here; the contract still starts a guest on a qcow2 image
    await start('q', [`format=qcow2,vdev=xvda,access=rw,target=${image('q')}`]);
    await waitFor('grep -q "count=6" "$R/var/log/xen/console/guest-q.log"');
    await succeed('xl destroy q');
    expect(await succeed(`qemu-img check "$R${image('q')}"`)).toContain('No errors were found');
    await succeed(`qemu-img convert -O raw "$R${image('q')}" "$R${image('q.raw')}"`);
    expect(await block('q.raw', 8)).toBe('1');
    expect(await block('q.raw', 16)).toMatch(/^sequence boot=1 count=\d+$/);
  });

  test('memory is counted, and given back', async () => {
    const free = async () => Number(await succeed('xl info free_memory'));
    const before = await free();
    await makeImage('m');
    await start('m', [raw('m')], ['memory = 200']);
    expect(await free()).toBe(before - 200);
    await succeed('xl mem-set m 150');
    expect(await free()).toBe(before - 150);
    await succeed('xl destroy m');
    expect(await free()).toBe(before);
  });

  test('stalled storage: destroy says done, but a nameless domain keeps uuid and loop device and still writes', async () => {
    await makeImage('stalled');
    await start('stalled', [raw('stalled')], ["extra = 'guest.stall_destroy=4'"]);
    await waitFor(`grep -aq 'count=2' "$R${image('stalled')}"`);
    const uuid = (await succeed('xl list -v stalled')).match(/[0-9a-f-]{36}/)?.[0] ?? '';
    await succeed('xl destroy stalled');
    expect((await run('xl domid stalled')).code).toBe(1);
    expect(await succeed('xl list -v')).toMatch(
      new RegExp(`^\\(null\\) +\\d+ +64 +1 {5}--p--d .* ${uuid} `, 'm'),
    );
    expect(await succeed('losetup -a')).toContain(image('stalled'));
    expect(await holders('stalled')).toBeGreaterThan(0);
    await waitFor('[ "$(xl list | wc -l)" = 2 ]');
    expect(await block('stalled', 16)).toBe('sequence written after the destroy');
    expect(await holders('stalled')).toBe(0);
  });

  test('a guest that reboots when it is asked to shut down', async () => {
    await makeImage('again');
    await start('again', [raw('again')], ["extra = 'guest.reboot_on_shutdown'"]);
    const before = Number(await succeed('xl domid again'));
    const result = await run('xl shutdown -w again');
    expect(result.stderr).toMatch(
      /^Shutting down domain \d+\nWaiting for 1 domains\nDomain \d+ has been shut down, reason code 1\n$/,
    );
    await waitFor(`[ "$(xl domid again 2>/dev/null)" -gt ${before} ] 2>/dev/null`);
    await waitFor(`[ "$(dd if="$R${image('again')}" bs=512 skip=8 count=1 2>/dev/null | head -n 1)" = 2 ]`);
    await succeed('xl destroy again');
  });

  test('a saved domain is restored as the node boots: the same uuid, without a boot of its own', async () => {
    await makeImage('saved');
    await start('saved', [raw('saved')]);
    await waitFor(`grep -aq 'count=2' "$R${image('saved')}"`);
    const uuid = (await succeed('xl list -v saved')).match(/[0-9a-f-]{36}/)?.[0] ?? '';
    await run('xl save saved "$R/var/lib/xen/save/saved"');
    expect((await run('xl domid saved')).code).toBe(1);
    expect(await succeed(`grep -ac '"uuid": "${uuid}"' "$R/var/lib/xen/save/saved"`)).toBe('1\n');
    await stopNodeRoot(root('node1'));
    await bootNodeRoot(root('node1'));
    expect(await succeed('xl list -v saved')).toContain(` ${uuid} `);
    expect(await block('saved', 8)).toBe('1');
    expect(existsSync(path.join(root('node1'), 'var/lib/xen/save/saved'))).toBe(false);
    await succeed('xl destroy saved');
  });

  test('power off: every process of the node ends, its domains are gone, those of another node are not', async () => {
    await makeImage('here');
    await makeImage('there');
    await start('here', [raw('here')]);
    await start('there', [raw('there')], [], 'node2');
    await stopNodeRoot(root('node1'));
    expect(await processesOf(root('node1'))).toEqual([]);
    expect((await succeed('xl list')).trimEnd().split('\n')).toHaveLength(2);
    expect(await succeed('losetup -a')).toBe('');
    expect(await holders('there', 'node2')).toBeGreaterThan(0);
    await succeed('xl destroy there', 'node2');
  });

  test('a node root that is made again keeps its guests and its boot id', async () => {
    await makeImage('kept');
    await start('kept', [raw('kept')]);
    const bootId = await readFile(path.join(root('node1'), 'boot_id'), 'utf8');
    await makeNodeRoot({ root: root('node1'), name: 'node1', sharedStorage: root('shared') });
    expect(await readFile(path.join(root('node1'), 'boot_id'), 'utf8')).toBe(bootId);
    await succeed('xl list kept');
    await succeed('xl destroy kept');
    await expect(
      makeNodeRoot({ root: root('node1'), name: 'node1', sharedStorage: root('other') }),
    ).rejects.toThrow('made with other shared storage');
  });

  test('a create that fails as the settings say', async () => {
    await makeImage('f');
    await writeFile(path.join(root('node2'), 'etc/xen/f.cfg'), practiceGuest('f', [raw('f')]));
    await writeSettings(root('node2'), { ...quick, fail_create: 'libxl_create.c:1: a failure for practice' });
    const result = await run('xl create -q "$R/etc/xen/f.cfg"', 'node2');
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(
      /^libxl: error: libxl_create.c:1: a failure for practice\nlibxl: error: .*Non-existant domain\n/,
    );
    await writeSettings(root('node2'), quick);
    await succeed('xl create -q "$R/etc/xen/f.cfg"; xl destroy f', 'node2');
  });

  test('without a node root it does nothing', async () => {
    await mkdir(root('bin'), { recursive: true });
    const result = await run('env -u VBDESK_ROOT "$R/bin/xl" list');
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('only on a node root of the practice cluster');
  });
});
