/** The primary loses its power; the instance goes on elsewhere on somebody's word; the dead node returns as it was. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { succeed, waitForConsole } from './lab/guest.ts';
import { LOCAL_STORAGE, SHARED_STORAGE } from './lab/index.ts';
import { waitUntil } from './lab/process.ts';
import { labWorkstation, type Workstation } from './workstation.ts';

const name = 'survivor';
/** What somebody kept of it on node1 before: its folder as it was then. */
const copy = `${LOCAL_STORAGE}/survivor-old`;

describe('power loss of the primary', () => {
  let station: Workstation;
  let spoken = 0;
  const on = (node: string, script: string): Promise<string> => succeed(station.lab, node, script);
  const says = (node: string, pattern: RegExp) => waitForConsole(station.lab, node, name, pattern);
  const counts = async (node: string): Promise<number> => {
    const text = await station.lab.consoleLog(node, name);
    return Number([...text.matchAll(/sequence boot=1 count=(\d+)/g)].at(-1)?.[1] ?? 0);
  };

  beforeAll(async () => {
    station = await labWorkstation('the tests of power loss');
    await station.add(name, { storage: SHARED_STORAGE, driver: 'loop', disks: ['size=16M'] });
    await says('node1', /GUEST: sequence boot=1 count=6\b/);
  });

  afterAll(() => station?.close());

  test('failover without the primary: refused, until somebody vouches that it is down', async () => {
    const { lab } = station;
    // node1 will start it of itself when it returns, whatever has become of it
    await lab.enableXendomains('node1', true);
    await on(
      'node1',
      `cp -a ${SHARED_STORAGE}/${name} ${copy}; ln -s ${SHARED_STORAGE}/${name}/xen.cfg /etc/xen/auto/${name}; sync`,
    );
    const before = await station.info(name);
    expect(before).toMatchObject({ status: 'running', generation: 1 });
    expect(before.problems.map(({ code }) => code)).toEqual(expect.arrayContaining(['autostart', 'copy']));
    spoken = await counts('node1');
    await lab.powerOff('node1');

    expect(await station.info(name)).toMatchObject({ status: 'not-seen', primary: 'node1' });
    const refused = await station.refused('instance', 'failover', name);
    expect(refused).toContain(`If ${name} still runs on node1`);
    expect(refused).toContain('--confirm-down node1');
    const start = await station.refused('instance', 'startup', name);
    expect(start).toContain(`Only node1 may start ${name}`);
    expect(start).toContain('Fail the instance over');
    const stop = await station.refused('instance', 'shutdown', name);
    expect(stop).toContain(`${name} can't be stopped on node1`);
  });

  test('with that word it goes on where the other node sees its last data', async () => {
    const how = 'its QEMU process was killed';
    await station.ends(0, 'instance', 'failover', name, '--confirm-down', 'node1', '--because', how);
    const [, last] = await says(
      'node2',
      /disk xvda counter was 1 now 2, sequence was 'sequence boot=1 count=(\d+)'/,
    );
    // what the guest had told of was on its disk before
    expect(Number(last)).toBeGreaterThanOrEqual(spoken);
    const after = await station.info(name);
    expect(after).toMatchObject({ status: 'running', runsOn: ['node2'], primary: 'node2', generation: 2 });
    expect(after.vouchings).toEqual([expect.objectContaining({ node: 'node1', how })]);
  });

  test('the dead node returns and starts it a second time: an emergency, and both are ended', async () => {
    const { lab } = station;
    await says('node2', /GUEST: ready/);
    await lab.powerOn('node1');
    const runsOnNode1 = async () => (await lab.run('node1', `xl domid ${name}`)).code === 0;
    expect(await waitUntil(runsOnNode1, 300_000, 300)).toBe(true);
    const twice = await station.info(name);
    expect(twice.status).toBe('running-twice');
    expect(twice.runsOn.toSorted()).toEqual(['node1', 'node2']);
    expect((await station.ends(1, 'cluster', 'verify', 'lab')).stdout).toContain(
      'It runs on node1 and node2 at once on the same images: stop all but one now.',
    );
    for (const words of [['startup'], ['failover'], ['failover', '-n', 'node1']])
      expect(await station.refused('instance', ...words.toSpliced(1, 0, name))).toMatch(
        /runs on node|at once/i,
      );

    await station.ends(0, 'instance', 'shutdown', name, '--timeout', '20');
    for (const node of ['node1', 'node2'])
      expect(await on(node, 'xl list | wc -l; losetup -a; pgrep -x xl || true')).toBe('2\n');
    const start = await station.refused('instance', 'startup', name);
    expect(start).toContain(`remove /etc/xen/auto/${name} on node1`);
    await on('node1', `rm /etc/xen/auto/${name}`);
    await station.ends(0, 'instance', 'startup', name);
    await says('node2', /GUEST: disk xvda counter was \d+ now \d+[\s\S]*GUEST: disk xvda counter was/);
  });

  test('the state of before, which node1 still holds, is shown, never started, and made another instance', async () => {
    const { uuid, problems } = await station.info(name);
    expect(problems).toEqual([
      expect.objectContaining({
        code: 'superseded',
        text: `${copy} (node1) holds an older state of it.`,
      }),
    ]);
    await station.ends(0, 'instance', 'claim', name, '--as', 'cloned', '--path', copy, '-n', 'node1');
    expect(await station.info(name)).toMatchObject({
      uuid,
      status: 'running',
      primary: 'node2',
      problems: [],
    });
    const clone = await station.info('survivor-old');
    expect(clone).toMatchObject({ status: 'stopped', primary: 'node1', generation: 2, problems: [] });
    expect(clone.uuid).not.toBe(uuid);
    await station.ends(0, 'instance', 'startup', 'survivor-old');
    await waitForConsole(station.lab, 'node1', 'survivor-old', /disk xvda counter was 1 now 2/);
    await station.ends(0, 'cluster', 'verify', 'lab');
  });
});
