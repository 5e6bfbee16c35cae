/** What starts, keeps and hides guests behind an administrator's back, on real Xen. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { succeed, waitForConsole } from './lab/guest.ts';
import { LOCAL_STORAGE, SHARED_STORAGE } from './lab/index.ts';
import { waitUntil } from './lab/process.ts';
import { labWorkstation, type Workstation } from './workstation.ts';

/** Its guest reboots when it is asked to shut down; on shared storage. */
const restless = 'restless';
/** Its guest ignores a shutdown; on storage of node1 alone, which is frozen. */
const stalled = 'stalled';

describe('trouble', () => {
  let station: Workstation;
  const on = (node: string, script: string): Promise<string> => succeed(station.lab, node, script);
  const says = (node: string, guest: string, pattern: RegExp) =>
    waitForConsole(station.lab, node, guest, pattern);
  const guestsOn = (node: string): Promise<string> =>
    on(node, "xl list | awk 'NR > 2 { print $1 }'; pgrep -x xl || true");
  /** Numbers and states of a guest's domains, by uuid. */
  const domainsOf = (node: string, uuid: string): Promise<string> =>
    on(node, `xl list -v | awk '/${uuid}/ { print $(NF - 7), $(NF - 4) }'`);
  const until = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
    expect(await waitUntil(condition, 300_000, 300), what).toBe(true);
  };

  beforeAll(async () => {
    station = await labWorkstation('the tests of trouble');
    await Promise.all([
      station.add(restless, {
        storage: SHARED_STORAGE,
        driver: 'loop',
        disks: ['size=16M'],
        switches: ['reboot_on_shutdown'],
      }),
      station.add(stalled, {
        storage: LOCAL_STORAGE,
        driver: 'loop',
        disks: ['size=8M'],
        switches: ['ignore_shutdown', 'interval=200000'],
      }),
    ]);
  });

  afterEach(async () => {
    await station?.lab.run('node1', `fsfreeze -u ${LOCAL_STORAGE} 2>/dev/null`);
  });

  afterAll(() => station?.close());

  test('storage that stalls during a destroy: not stopped for anybody until it thaws', async () => {
    await says('node1', stalled, /GUEST: ready/);
    const { uuid } = await station.info(stalled);

    const stopping = station.ends(4, 'instance', 'shutdown', stalled, '--timeout', '10');
    // the lock is taken and the guest asked: what comes now is the destroy
    await says('node1', stalled, /GUEST: shutdown asked, ignored/);
    await on('node1', `fsfreeze -f ${LOCAL_STORAGE}`);
    await until('the domain is dying', async () => (await domainsOf('node1', uuid)).includes('d'));
    const during = await station.info(stalled);
    expect(during.status).toBe('unknown');
    expect(during.statusText).toContain('being taken down on node1 and may still write');
    const { stderr } = await stopping;
    expect(stderr).toContain('The domain does not go');
    expect(stderr).toContain('nothing was started');
    expect(await domainsOf('node1', uuid)).toMatch(/^\d+ \S*d\n$/);
    expect(await on('node1', 'losetup -n -O BACK-FILE')).toContain(`${LOCAL_STORAGE}/${stalled}/sda`);
    const again = await station.refused('instance', 'startup', stalled);
    expect(again).toContain('may still write to its images');

    const [run = ''] = await station.runs();
    await on('node1', `fsfreeze -u ${LOCAL_STORAGE}`);
    // it was on its way back when it got stuck, so it ends with the guest running
    await station.ends(1, 'run', 'resume', run);
    expect(await station.info(stalled)).toMatchObject({ status: 'running', adminState: 'up', lock: null });
    await says('node1', stalled, /disk xvda counter was 1 now 2/);
    await station.ends(0, 'instance', 'shutdown', stalled, '--timeout', '0');
    expect(await station.info(stalled)).toMatchObject({
      status: 'stopped',
      adminState: 'down',
      problems: [],
    });
  });

  test('a guest that reboots while it is being stopped stays stopped', async () => {
    await says('node1', restless, /GUEST: ready/);
    await station.ends(0, 'instance', 'shutdown', restless);
    expect(await station.lab.consoleLog('node1', restless)).toContain(
      'GUEST: shutdown asked, reboots instead',
    );
    // with xl's monitor gone nothing is left that could create it again
    expect(await guestsOn('node1')).toBe('');
    expect(await station.info(restless)).toMatchObject({ status: 'stopped', runsOn: [], problems: [] });
  });

  test('xen.cfg was edited by hand and names another image: no start, no failover', async () => {
    const file = join(station.lab.sharedDirectory, restless, 'xen.cfg');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(`/${restless}/sda`, `/${restless}/other`));
    for (const verb of ['startup', 'failover']) {
      const said = await station.refused('instance', verb, restless);
      expect(said).toContain('Record and xen.cfg');
      expect(said).toContain(`${SHARED_STORAGE}/${restless}/other`);
    }
    await writeFile(file, text);
  });

  test('a domain that was renamed by hand is known by its uuid', async () => {
    await station.ends(0, 'instance', 'startup', restless);
    await says('node1', restless, /disk xvda counter was 1 now 2/);
    await on('node1', `xl rename ${restless} stranger`);
    const renamed = await station.info(restless);
    expect(renamed).toMatchObject({ status: 'running', runsOn: ['node1'] });
    expect(renamed.problems.map(({ text }) => text)).toContain('Its domain on node1 is called stranger.');
    // xl itself would start it a second time
    const refused = await station.refused('instance', 'startup', restless);
    expect(refused).toContain(`${restless} runs on node1 under the name stranger`);
    await station.ends(0, 'instance', 'shutdown', restless, '--timeout', '0');
    expect(await guestsOn('node1')).toBe('');
    expect(await station.info(restless)).toMatchObject({ status: 'stopped', problems: [] });
  });

  test("no domain, but xl's monitor is alive: it may be rebooting, so it is neither started nor called stopped", async () => {
    await station.ends(0, 'instance', 'startup', restless);
    await says('node1', restless, /disk xvda counter was 2 now 3/);
    const [monitor = ''] = (await on('node1', 'pgrep -x xl')).trim().split('\n');
    // the gap of a reboot, held open
    await on('node1', `kill -STOP ${monitor}; xl destroy ${restless}`);
    await until('no loop device', async () => (await on('node1', 'losetup -a')) === '');
    const gap = await station.info(restless);
    expect(gap.status).toBe('unknown');
    expect(gap.statusText).toContain("xl's monitor of it is alive on node1");
    expect(await station.refused('instance', 'startup', restless)).toContain('may be rebooting');
    expect(await station.refused('instance', 'failover', restless)).toContain('may be rebooting');
    await on('node1', `kill -CONT ${monitor}`);
    await until('the monitor is gone', async () => (await guestsOn('node1')) === '');
    expect(await station.info(restless)).toMatchObject({ status: 'stopped', adminState: 'up' });
  });

  test('a saved domain that xendomains restores at boot: nothing is started anywhere before that is settled', async () => {
    const { lab } = station;
    await station.ends(0, 'instance', 'startup', restless);
    const [, boot] = await says('node1', restless, /disk xvda counter was 3 now (4)/);
    await says('node1', restless, /GUEST: sequence boot=4 count=1\b/);
    await lab.enableXendomains('node1', true);
    await on('node1', `xl save ${restless} /var/lib/xen/save/${restless} && sync`);
    const repair = `node1 would restore ${restless} by itself at boot, from /var/lib/xen/save/${restless}. If that saved state is not needed any more, remove the file on node1`;
    expect(await station.refused('instance', 'startup', restless)).toContain(repair);
    expect(await station.refused('instance', 'failover', restless)).toContain(repair);

    // the threat is real: node1 starts again, and with it the guest, in the middle of its boot
    await lab.powerOff('node1');
    await lab.powerOn('node1');
    await until('xendomains has restored it', async () => (await guestsOn('node1')).includes(restless));
    await says(
      'node1',
      restless,
      new RegExp(`sequence boot=${boot} count=\\d+[\\s\\S]*sequence boot=${boot} count`),
    );
    expect(await station.info(restless)).toMatchObject({
      status: 'running',
      runsOn: ['node1'],
      primary: 'node1',
    });
    await station.ends(0, 'instance', 'failover', restless);
    await says('node2', restless, /disk xvda counter was 4 now 5, sequence was 'sequence boot=4 count=\d+'/);
    expect(await guestsOn('node1')).toBe('');
    expect(await station.info(restless)).toMatchObject({
      status: 'running',
      runsOn: ['node2'],
      problems: [],
    });
    await station.ends(0, 'cluster', 'verify', 'lab');
  });
});
