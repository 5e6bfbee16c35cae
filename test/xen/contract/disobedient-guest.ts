import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Workbench } from './workbench.ts';

/** One guest that ignores shutdown, through a rename, a double start and a reboot. */
export function disobedientGuest(bench: Workbench): void {
  const {
    run,
    succeed,
    waitFor,
    waitForState,
    waitForConsole,
    waitUntilGone,
    idOf,
    image,
    raw,
    configure,
    create,
  } = bench;

  describe('a guest that ignores shutdown requests', () => {
    const uuid = randomUUID();
    let id: number;

    test('create -p leaves it paused; until unpaused it has written nothing', async () => {
      await configure(
        'two',
        [raw('a')],
        [`uuid = '${uuid}'`, "extra = 'console=hvc0 quiet loglevel=4 mitigations=off guest.ignore_shutdown'"],
      );
      id = bench.next;
      await create('two', '-p');
      expect(await succeed('xl list two')).toMatch(/ {5}--p--- +0\.0\n$/);
      expect(await succeed('losetup -a')).not.toBe('');
      expect(await succeed('cat "$R/var/log/xen/console/guest-two.log" 2>/dev/null || true')).toBe('');
      await succeed('xl unpause two');
      await waitForConsole('two', 'disk xvda counter was 1 now 2');
      await waitForConsole('two', 'GUEST: ready');
    });

    test('shutdown: exit 0, and it runs on', async () => {
      const result = await run('xl shutdown two');
      expect(result).toEqual({ code: 0, stdout: '', stderr: `Shutting down domain ${id}\n` });
      await waitForConsole('two', 'GUEST: shutdown asked, ignored');
      expect(await succeed('xl list two')).toMatch(/ [r-][b-]---- /);
    });

    test('rename: the old name is gone, the uuid stays; a taken name is refused', async () => {
      await succeed('xl rename two renamed');
      expect((await run('xl domid two')).code).toBe(1);
      expect(await succeed('xl list -v renamed')).toContain(` ${uuid} `);
      expect(await run('xl rename renamed Domain-0')).toEqual({
        code: 1,
        stdout: '',
        stderr: `libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain ${id}:Domain with name "Domain-0" already exists.\nCan't rename domain 'renamed'.\n`,
      });
    });

    test('nothing prevents a second start of the same image and uuid', async () => {
      await create('two');
      const rows = (await succeed('xl list -v')).split('\n').filter((line) => line.includes(uuid));
      expect(rows).toHaveLength(2);
      expect((await succeed(`losetup -a | grep -c ' (${image('a')})$'`)).trim()).toBe('2');
      await succeed('xl destroy two');
      await waitFor('! xl domid two >/dev/null 2>&1');
    });

    test('reboot: gone for a moment, then there again under a new id, started by the monitor', async () => {
      expect(await run('xl reboot renamed')).toEqual({
        code: 0,
        stdout: '',
        stderr: `Rebooting domain ${id}\n`,
      });
      await waitFor(`[ "$(xl domid renamed 2>/dev/null || echo ${id})" != ${id} ]`);
      expect(await idOf('renamed')).toBe(bench.next);
      id = bench.next++;
      expect(await succeed('xl list -v renamed')).toContain(` ${uuid} `);
      // Its console log has the new name, its monitor's log keeps the old one.
      await waitForConsole('renamed', 'GUEST: ready');
      const logs = await succeed('cat "$R"/var/log/xen/xl-two.log*');
      expect(logs).toMatch(
        /Action for shutdown reason code 1 is restart\n(.*\n)+Done. Rebooting now\nWaiting for domain renamed \(domid \d+\)/,
      );
    });

    test('its monitor stopped: it stays where its reboot left it, until destroyed', async () => {
      await succeed(
        `log=$(readlink -f "$R/var/log/xen"); for link in /proc/[0-9]*/fd/1; do case $(readlink "$link") in "$log"/xl-two.log*) pid=\${link#/proc/}; kill -STOP "\${pid%%/*}"; echo "\${pid%%/*}" > "$R/tmp/monitor" ;; esac; done; test -s "$R/tmp/monitor"`,
      );
      await run('xl reboot renamed');
      await waitForState('renamed', '---sr-');
      expect(await succeed('xl list -v renamed')).toMatch(new RegExp(` ${uuid} {8}1 {16}-\n$`));
      await succeed('xl destroy renamed');
      await waitUntilGone('renamed');
      await succeed('kill -KILL "$(cat "$R/tmp/monitor")"');
      expect((await succeed('xl list')).trimEnd().split('\n')).toHaveLength(2);
    });
  });
}
