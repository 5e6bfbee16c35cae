import { describe, expect, test } from 'vitest';
import type { Workbench } from './workbench.ts';

/** Guests that crash, that lack their disk or that nobody unpaused; and a disk of Domain-0. */
export function unluckyGuests(bench: Workbench): void {
  const {
    run,
    succeed,
    waitFor,
    waitForState,
    waitForConsole,
    waitUntilGone,
    image,
    raw,
    file,
    configure,
    create,
  } = bench;

  describe('a guest on a qcow2 image that crashes', () => {
    test('it runs on a QEMU of its own, which has no loop device', async () => {
      await configure(
        'three',
        [`format=qcow2, vdev=xvda, access=rw, backendtype=qdisk, target=${image('q')}`],
        [
          "on_crash = 'preserve'",
          "extra = 'console=hvc0 quiet loglevel=4 mitigations=off guest.crash_after=3'",
        ],
      );
      const id = bench.next;
      await create('three');
      await waitForConsole('three', 'disk xvda counter was 0 now 1');
      expect(await succeed('losetup -a')).toBe('');
      expect(await succeed('xl block-list three')).toContain(`/local/domain/0/backend/qdisk/${id}/51712`);
      const holders = await succeed(
        `wanted=$(stat -c %d:%i "$R${image('q')}"); for process in /proc/[0-9]*; do tr '\\0' ' ' 2>/dev/null < "$process/cmdline" | grep -q -- 'qemu-system-i386 -xen-domid ${id} ' || continue; for link in "$process"/fd/*; do [ "$(stat -L -c %d:%i "$link" 2>/dev/null)" = "$wanted" ] && echo holds; done; done; true`,
      );
      expect(holders).toMatch(/^holds\n/);
    });

    test('crashed and preserved: state c, reason 3, and the monitor has left', async () => {
      await waitForState('three', '---sc-');
      expect(await succeed('xl list -v three')).toMatch(/ ---sc- .* {8}3 {16}-\n$/);
      await waitFor(`grep -q 'Done. Exiting now' "$R/var/log/xen/xl-three.log"`);
      expect(await succeed('cat "$R/var/log/xen/xl-three.log"')).toMatch(
        /Action for shutdown reason code 3 is preserve\nDone. Exiting now\n$/,
      );
      await succeed('xl destroy three');
      await waitUntilGone('three');
    });

    test('a format that is not that of the image: it starts all the same, without the disk', async () => {
      await configure('four', [
        `format=qcow2, vdev=xvda, access=rw, backendtype=qdisk, target=${image('b')}`,
      ]);
      const id = bench.next;
      await create('four');
      await waitFor(`grep -q 'Image is not in qcow2 format' "$R/var/log/xen/qemu-dm-four.log"`);
      expect(await succeed('xl block-list four')).toContain(
        `\n51712 0   ${String(id).padEnd(6)} 1     -1     -1       /local/`,
      );
      await succeed('xl destroy four');
      await waitUntilGone('four');
      expect(await succeed(`tr -d '\\0' < "$R${image('b')}" | wc -c`)).toBe('0\n');
    });
  });

  test('a killed create leaves a paused domain behind', async () => {
    await configure('five', [raw('b')]);
    await run(
      `xl create ${file('five')} >/dev/null 2>&1 & create=$!; i=0; until xl domid five >/dev/null 2>&1 || [ $i -gt 100 ]; do i=$((i + 1)); sleep 0.02; done; kill -KILL $create; wait $create`,
    );
    bench.next++;
    expect(await succeed('xl list five')).toMatch(/ --p--- /);
    await succeed('xl destroy five');
    await waitUntilGone('five');
  });

  test('a raw image in Domain-0: attached, refused twice, detached', async () => {
    const spec = `'format=raw,vdev=xvdz,access=rw,target=${image('b')}'`;
    await succeed('if [ -z "$R" ]; then modprobe xen-blkfront; fi');
    expect(await run(`xl block-attach Domain-0 ${spec}`)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await succeed('xl block-list 0')).toMatch(
      /\n268441856 0 {3}0 {6}4 +\d+ +\d+ +\/local\/domain\/0\/backend\/vbd\/0\/268441856\n$/,
    );
    await waitFor('[ -e "$R/dev/xvdz" ]');
    expect(await succeed('losetup -a')).toContain(` (${image('b')})\n`);
    expect(await run(`xl block-attach 0 ${spec}`)).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'libxl: error: libxl_disk.c:343:device_disk_add: device already exists in xenstore\nlibxl: error: libxl_device.c:1486:device_addrm_aocomplete: unable to add device\nlibxl_device_disk_add failed.\n',
    });
    expect(await run('xl block-detach Domain-0 xvdz')).toEqual({ code: 0, stdout: '', stderr: '' });
    await waitFor('[ ! -e "$R/dev/xvdz" ] && [ -z "$(losetup -a)" ]');
    expect(await succeed('xl block-list 0')).toBe(
      'Vdev  BE  handle state evt-ch ring-ref BE-path                       \n',
    );
    // From now on the long list warns, on stderr, and exits 0 all the same.
    expect((await run('xl list -l 0 >/dev/null')).stderr).toContain(
      'libxl: warning: libxl_domain.c:2603:retrieve_domain_configuration_end: Device present in JSON but not in xenstore, ignored\n',
    );
    expect(await run('xl block-detach 0 xvdq')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'libxl: error: libxl_disk.c:516:libxl__disk_from_xenstore: disk /libxl/0/device/vbd/268439552 does not exist (no backend path\nError: Device xvdq not connected.\n',
    });
  });
}
