/** Images copied, converted and grown, on real Xen: after each, a guest reads what it wrote before. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { succeed, waitForConsole } from './lab/guest.ts';
import { LOCAL_STORAGE, SHARED_STORAGE } from './lab/index.ts';
import { labWorkstation, type NewInstance, type Workstation } from './workstation.ts';

/** On node1's own storage. */
const name = 'movable';
const image = `${LOCAL_STORAGE}/${name}/sda`;
/** On node2's: two that keep both nodes at work. */
const changing = 'changing';
const changed = `${LOCAL_STORAGE}/${changing}/sda`;
const mebibyte = 1024 ** 2;
const reused: NewInstance = { storage: SHARED_STORAGE, driver: 'loop', disks: [], reuse: true };

describe('images', () => {
  let station: Workstation;
  const on = (node: string, script: string): Promise<string> => succeed(station.lab, node, script);
  const says = (node: string, guest: string, pattern: RegExp) =>
    waitForConsole(station.lab, node, guest, pattern);
  const allocated = async (node: string, path: string): Promise<number> =>
    Number(await on(node, `stat -c '%b' ${path}`)) * 512;
  const stop = (guest: string) => station.ends(0, 'instance', 'shutdown', guest);

  beforeAll(async () => {
    station = await labWorkstation('the tests of images');
    await Promise.all([
      station.add(name, { storage: LOCAL_STORAGE, driver: 'loop', disks: ['size=64M'] }),
      station.add(changing, { storage: LOCAL_STORAGE, driver: 'loop', disks: ['size=64M'], node: 'node2' }),
    ]);
    await says('node1', name, /disk xvda counter was 0 now 1/);
    await says('node1', name, /GUEST: ready/);
  });

  afterAll(() => station?.close());

  test.concurrent('failover without shared storage: the replica is brought up to date, and the guest reads its last data', async () => {
    await stop(name);
    await station.ends(0, 'instance', 'replicate', name);
    expect(await on('node2', `cd ${LOCAL_STORAGE}/${name}; ls`)).toBe('replica.json\nsda\nxen.cfg\n');
    await station.ends(0, 'instance', 'startup', name);
    await says('node1', name, /disk xvda counter was 1 now 2/);
    await says('node1', name, /GUEST: sequence boot=2 count=6\b/);
    await station.ends(0, 'instance', 'failover', name);
    const [, count] = await says(
      'node2',
      name,
      /disk xvda counter was 2 now 3, sequence was 'sequence boot=2 count=(\d+)'/,
    );
    expect(Number(count)).toBeGreaterThanOrEqual(6);
    expect(await station.info(name)).toMatchObject({
      status: 'running',
      primary: 'node2',
      runsOn: ['node2'],
      generation: 2,
      problems: [],
    });
    expect(await allocated('node2', image)).toBeLessThan(4 * mebibyte);
    // what is left on node1 can't start
    expect(await on('node1', `cd ${LOCAL_STORAGE}/${name}; ls`)).toBe('replica.json\nsda\nxen.cfg\n');
  });

  test.concurrent('converted to qcow2 and grown, then raw again: the guest goes on from its data', async () => {
    await says('node2', changing, /GUEST: ready/);
    await stop(changing);
    await station.ends(0, 'image', 'convert', changing, '0', '--to', 'qcow2', '--driver', 'blktap');
    await station.ends(0, 'image', 'grow', changing, '0', '+16M');
    expect(await on('node2', `qemu-img info ${changed}`)).toMatch(/qcow2[\s\S]*80 MiB/);
    await station.ends(0, 'image', 'snapshot', 'create', changing, '0', 'before');
    await station.ends(0, 'instance', 'startup', changing);
    await says('node2', changing, /disk xvda counter was 1 now 2/);
    await says('node2', changing, /counter was 1 now 2[\s\S]*GUEST: ready/);
    await stop(changing);
    await station.ends(
      0,
      ...['image', 'snapshot', 'revert', changing, '0', 'before', '--accept', 'lose-current-state'],
    );
    await station.ends(0, 'image', 'convert', changing, '0', '--to', 'raw', '--driver', 'loop');
    await station.ends(0, 'instance', 'startup', changing);
    // as it was when the snapshot was taken: the boot after it never happened
    await says('node2', changing, /counter was 1 now 2[\s\S]*counter was 1 now 2/);
    expect(await on('node2', 'losetup -n -O BACK-FILE')).toContain(`${changed}\n`);
  });

  test('a clone on other storage is an instance of its own', async () => {
    await says('node2', name, /GUEST: ready/);
    await stop(name);
    await station.ends(0, 'instance', 'clone', name, 'twin', '-n', 'node1', '--path', SHARED_STORAGE);
    expect((await station.info('twin')).uuid).not.toBe((await station.info(name)).uuid);
    await station.ends(0, 'instance', 'startup', 'twin');
    await says('node1', 'twin', /disk xvda counter was 3 now 4/);
    await says('node1', 'twin', /GUEST: ready/);
    await stop('twin');
  });

  test('an image that somebody left is reused as it is, under the name that it has, and refused under another', async () => {
    const folder = `${SHARED_STORAGE}/kept`;
    await on('node1', `mkdir ${folder}; cp --sparse=always ${SHARED_STORAGE}/twin/sda ${folder}/disk-0.img`);
    const refused = await station.vbdesk(...station.addition('kept', reused), '--yes');
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('disk-0.img');
    await on('node1', `mv ${folder}/disk-0.img ${folder}/sda`);
    await station.add('kept', reused);
    await says('node1', 'kept', /disk xvda counter was 4 now 5/);
    await station.ends(0, 'cluster', 'verify', 'lab');
  });
});
