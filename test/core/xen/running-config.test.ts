/** What a running domain is made of, read from what a real Xen 4.17 told, and from damaged text. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRunningConfigs } from '../../../core/xen/running-config.ts';
import { output } from './recorded.ts';

const same = (path: string): string => path;
const long = output('list_long_all');

test('a real domain: every part by name, nothing else of it worth a word; Domain-0 is none', () => {
  const found = readRunningConfigs(long, same);
  expect([...found.keys()]).toEqual([2]);
  expect(found.get(2)).toEqual({
    type: 'pv',
    vcpus: 1,
    maxVcpus: 1,
    memoryMib: 160,
    maxMemoryMib: 160,
    kernel: '/boot/xenlab/domu-vmlinux',
    ramdisk: '/boot/xenlab/domu-initrd',
    cmdline: 'console=hvc0 quiet loglevel=4 mitigations=off',
    disks: [
      {
        path: '/srv/ganeti/file-storage/inst1/sda',
        vdev: 'xvda',
        format: 'raw',
        readwrite: true,
        cdrom: false,
      },
    ],
    nics: [],
    onPoweroff: 'destroy',
    onReboot: 'restart',
    onCrash: 'destroy',
    devices: [],
    settings: [],
  });
});

test('what it does not know is named: devices, odd disks and cards, settings; what is switched off is not', () => {
  const odd = long
    .replace('"max_vcpus": 1,', '"max_vcpus": 1, "nomigrate": "True", "localtime": "False",')
    .replaceAll('"weight": 256', '"weight": 512')
    .replace('"format": "raw",', '"format": "raw", "script": "block-iscsi",')
    .replace(
      '"on_reboot": "restart",',
      `"on_reboot": "restart", "on_crash": "coredump_restart", "pcidevs": [{ "dev": 1, "bus": 3 }], "vfbs": [],
      "nics": [{ "devid": 0, "mac": "00:16:3E:00:00:01", "bridge": "br0", "script": "/etc/xen/scripts/vif-bridge" },
        { "devid": 1, "mac": "00:16:3e:00:00:02", "script": "/etc/xen/scripts/vif-route" }],`,
    );
  const found = readRunningConfigs(odd, (path) => path.replace('/srv', '/mnt')).get(2);
  expect(found?.devices).toEqual([
    'pcidevs: [{"dev":1,"bus":3}]',
    'disk xvda, script: "block-iscsi"',
    'network card 1, script: "/etc/xen/scripts/vif-route"',
  ]);
  expect(found?.settings).toEqual(['nomigrate: "True"']);
  expect(found?.cpuWeight).toBe(512);
  expect(found?.nics).toEqual([{ mac: '00:16:3e:00:00:01', bridge: 'br0' }, { mac: '00:16:3e:00:00:02' }]);
  expect(found?.disks[0]?.path).toBe('/mnt/ganeti/file-storage/inst1/sda');
  expect(found?.onCrash).toBe('coredump-restart');
});

test('any text and any JSON is survived', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.nat(long.length).map((at) => long.slice(0, at)),
      ),
      (text) => {
        expect(readRunningConfigs(text, same).size).toBeLessThanOrEqual(1);
      },
    ),
  );
});
