/** A guest that somebody started by hand, adopted while it runs: it goes on without a boot, and fails over with its data. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { succeed, waitForConsole } from './lab/guest.ts';
import { GUEST_INITRD, GUEST_KERNEL, SHARED_STORAGE } from './lab/index.ts';
import { labWorkstation, type Workstation } from './workstation.ts';

const name = 'byhand';
const image = `${SHARED_STORAGE}/${name}/root.img`;
const config = `# since 2019, see the wiki
name = "${name}"
kernel = "${GUEST_KERNEL}"
ramdisk = "${GUEST_INITRD}"
extra = "console=hvc0 quiet loglevel=4 mitigations=off"
memory = 96
vcpus = 1
disk = [ 'file:${image},xvda,w' ]   # the only one
on_crash = "preserve"
`;

describe('a guest made by hand', () => {
  let station: Workstation;
  const on = (node: string, script: string): Promise<string> => succeed(station.lab, node, script);

  beforeAll(async () => {
    station = await labWorkstation('the test of a guest made by hand');
    await on(
      'node1',
      `mkdir ${SHARED_STORAGE}/${name}; truncate -s 16M ${image}
cat >/etc/xen/${name}.cfg <<'END'
${config}END
mkdir -p /etc/xen/auto; ln -sf ../${name}.cfg /etc/xen/auto/${name}.cfg
xl create -q /etc/xen/${name}.cfg`,
    );
    await waitForConsole(station.lab, 'node1', name, /GUEST: sequence boot=1 count=\d+/);
  });

  afterAll(async () => {
    await on(
      'node1',
      `rm -f /etc/xen/${name}.cfg* /etc/xen/auto*${name}.cfg* /etc/xen/auto/${name}.cfg*`,
    ).catch(() => undefined);
    await station?.close();
  });

  test('is adopted while it runs, and fails over with what it wrote', async () => {
    const domid = await on('node1', `xl domid ${name}`);
    await station.ends(0, 'instance', 'adopt', `${name}.cfg`, '-n', 'node1:node2');
    expect(await on('node1', `xl domid ${name}`)).toBe(domid);
    expect(await station.info(name)).toMatchObject({
      status: 'running',
      runsOn: ['node1'],
      adminState: 'up',
      problems: [],
    });
    const text = await on('node1', `cat ${SHARED_STORAGE}/${name}/xen.cfg`);
    expect(text).toContain('# since 2019, see the wiki\n');
    expect(text).toContain(`disk = [ 'file:${image},xvda,w' ]   # the only one\n`);
    expect(await on('node1', `ls /etc/xen/auto; ls /etc/xen/${name}.cfg 2>/dev/null || echo gone`)).toBe(
      'gone\n',
    );

    await station.ends(0, 'instance', 'failover', name);
    await waitForConsole(
      station.lab,
      'node2',
      name,
      /disk xvda counter was 1 now 2, sequence was 'sequence boot=1/,
    );
    expect(await station.info(name)).toMatchObject({ status: 'running', runsOn: ['node2'], problems: [] });
  });
});
