import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guestConfiguration, succeed, waitForConsole, waitUntilGone } from './lab/guest.ts';
import { ensureLab, type Lab, LOCAL_STORAGE, SHARED_STORAGE } from './lab/index.ts';

/** The lab itself: without these nothing that other tests find on it means anything. */
describe('the Xen lab', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await ensureLab({ nodes: 2, purpose: 'the tests of the lab' });
    await lab.reset();
  });

  afterAll(async () => {
    await lab?.reset();
    await lab?.close();
  });

  test('two nodes with Xen 4.17, names, host keys and boot ids of their own', async () => {
    const facts = await Promise.all(
      lab.nodes.map(({ name }) =>
        succeed(
          lab,
          name,
          'hostname; xl info xen_version; cat /proc/sys/kernel/random/boot_id; cut -d " " -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub',
        ),
      ),
    );
    const [one = [], two = []] = facts.map((text) => text.trimEnd().split('\n'));
    expect(one[0]).toBe('node1');
    expect(two[0]).toBe('node2');
    expect(one[1]).toMatch(/^4\.17\./);
    expect(one[2]).toMatch(/^[0-9a-f-]{36}$/);
    expect(one[2]).not.toBe(two[2]);
    expect([one[3], two[3]]).toEqual(lab.nodes.map((node) => node.hostPublicKey));
    expect(one[3]).not.toBe(two[3]);
  });

  test('storage: one directory shared with the host and each other, one of its own that can be frozen', async () => {
    await writeFile(join(lab.sharedDirectory, 'from-the-host'), 'seen');
    expect(await succeed(lab, 'node1', `cat ${SHARED_STORAGE}/from-the-host`)).toBe('seen');
    await succeed(lab, 'node1', `echo both >${SHARED_STORAGE}/from-node1; echo one >${LOCAL_STORAGE}/own`);
    const other = await succeed(lab, 'node2', `cat ${SHARED_STORAGE}/from-node1; ls ${LOCAL_STORAGE}`);
    expect(other).toBe('both\nlost+found\n');
    await succeed(
      lab,
      'node1',
      `fsfreeze -f ${LOCAL_STORAGE}; timeout 1 sh -c 'echo late >${LOCAL_STORAGE}/own' & sleep 0.5; cat ${LOCAL_STORAGE}/own; fsfreeze -u ${LOCAL_STORAGE}`,
    ).then((text) => expect(text).toBe('one\n'));
  });

  test('nodes reach each other as root', async () => {
    expect(await succeed(lab, 'node1', 'ssh node2 hostname')).toBe('node2\n');
    expect(await succeed(lab, 'node2', 'ssh node1 hostname')).toBe('node1\n');
  });

  test('a guest keeps its disk from node1 to node2, obeys a shutdown, and ignores one where told to', async () => {
    const name = 'counter';
    const folder = join(lab.sharedDirectory, name);
    const guest = {
      name,
      uuid: randomUUID(),
      disks: [`format=raw, vdev=xvda, access=rw, target=${SHARED_STORAGE}/${name}/sda`],
      macs: ['00:16:3e:00:00:01'],
    };
    await mkdir(folder);
    await writeFile(join(folder, 'sda'), '');
    await truncate(join(folder, 'sda'), 64 * 2 ** 20);
    await writeFile(join(folder, 'obeys.cfg'), guestConfiguration(guest));
    await writeFile(
      join(folder, 'ignores.cfg'),
      guestConfiguration({ ...guest, switches: ['ignore_shutdown'] }),
    );

    await succeed(lab, 'node1', `xl create ${SHARED_STORAGE}/${name}/obeys.cfg`);
    await waitForConsole(lab, 'node1', name, /GUEST: disk xvda counter was 0 now 1/);
    await waitForConsole(lab, 'node1', name, /GUEST: nic eth0 has address 00:16:3e:00:00:01/);
    await waitForConsole(lab, 'node1', name, /GUEST: sequence boot=1 count=1/);
    await succeed(lab, 'node1', `xl shutdown ${name}`);
    await waitUntilGone(lab, 'node1', name);
    expect(await lab.consoleLog('node1', name)).toContain('GUEST: shutdown asked');

    await succeed(lab, 'node2', `xl create ${SHARED_STORAGE}/${name}/ignores.cfg`);
    await waitForConsole(lab, 'node2', name, /counter was 1 now 2, sequence was 'sequence boot=1 count=\d+'/);
    await waitForConsole(lab, 'node2', name, /GUEST: ready/);
    await succeed(lab, 'node2', `xl shutdown ${name}`);
    await waitForConsole(lab, 'node2', name, /GUEST: shutdown asked, ignored/);
    // It goes on writing after that.
    const count = (text: string) => Number(text.match(/.*boot=2 count=(\d+)/s)?.[1] ?? 0);
    const before = count(await lab.consoleLog('node2', name));
    await waitForConsole(lab, 'node2', name, new RegExp(`boot=2 count=${before + 10}\\b`));
    expect(await succeed(lab, 'node2', `xl list ${name}`)).toMatch(/^counter +\d+ +96 +1 +[r-]/m);
    await succeed(lab, 'node2', `xl destroy ${name}`);
    await waitUntilGone(lab, 'node2', name);
    const block = (await readFile(join(folder, 'sda'))).subarray(8 * 512, 9 * 512).toString('latin1');
    expect(block.replaceAll('\0', '')).toBe('2\n');
  });

  test('a power failure: what was synced is there, the boot id is another one', async () => {
    const bootId = () => succeed(lab, 'node2', 'cat /proc/sys/kernel/random/boot_id');
    const before = await bootId();
    await succeed(lab, 'node2', 'echo kept >/var/lib/vbdesk/file; sync');
    await lab.powerOff('node2');
    expect(lab.isPoweredOn('node2')).toBe(false);
    expect((await lab.run('node2', 'true')).code).toBe(255);
    await lab.powerOn('node2');
    expect(await bootId()).not.toBe(before);
    expect(await succeed(lab, 'node2', 'cat /var/lib/vbdesk/file')).toBe('kept\n');
  });

  test('reset leaves nothing, not even what is stuck on frozen storage', async () => {
    const image = `${LOCAL_STORAGE}/stuck`;
    const text = guestConfiguration({ name: 'stuck', uuid: randomUUID(), disks: [`file:${image},xvda,w`] });
    await succeed(
      lab,
      'node1',
      `truncate -s 8M ${image}; cat >/etc/xen/stuck.cfg; xl create /etc/xen/stuck.cfg`,
      {
        input: text,
      },
    );
    await waitForConsole(lab, 'node1', 'stuck', /GUEST: ready/);
    await succeed(lab, 'node1', `fsfreeze -f ${LOCAL_STORAGE}; touch /var/lib/vbdesk/trace`);
    await lab.reset();
    const left = await succeed(
      lab,
      'node1',
      `xl list | wc -l; losetup -a; ls ${LOCAL_STORAGE} ${SHARED_STORAGE} /var/lib/vbdesk; ls /etc/xen/stuck.cfg 2>/dev/null || true`,
    );
    expect(left).toBe(`2\n/srv/ganeti/file-storage:\n\n${LOCAL_STORAGE}:\nlost+found\n\n/var/lib/vbdesk:\n`);
    expect(existsSync(join(lab.sharedDirectory, 'counter'))).toBe(false);
  });
});
