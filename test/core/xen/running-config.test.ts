/** What a running domain is made of, read from what a real Xen 4.17 told, and from damaged text. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type RunningConfig, readRunningConfigs } from '../../../core/xen/running-config.ts';
import { output } from './recorded.ts';

const same = (path: string): string => path;
const long = output('list_long_all');

test('a real domain: every part by name, nothing else of it worth a word; Domain-0 is none', () => {
  const { configs, problems } = readRunningConfigs(long, same);
  expect(problems).toEqual([]);
  expect([...configs.keys()]).toEqual([2]);
  expect(configs.get(2)?.uuid).toBe('18cbadb5-369d-4834-99ab-bf11dfd7925b');
  expect(configs.get(2)?.config).toEqual({
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
  const found = readRunningConfigs(odd, (path) => path.replace('/srv', '/mnt')).configs.get(2)?.config;
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

test('what only a few guests have is named, what everybody gets is not; the name of an interface is kept', () => {
  const having = (b: string, disk: string, nic: string): RunningConfig | undefined =>
    readRunningConfigs(
      long
        .replace('"max_vcpus": 1,', `"max_vcpus": 1, ${b}`)
        .replace('"format": "raw",', `"format": "raw", ${disk}`)
        .replace(
          '"on_reboot": "restart",',
          `"on_reboot": "restart", "nics": [{ "devid": 0, "mac": "00:16:3e:00:00:01", "bridge": "br0", ${nic} }],`,
        ),
      same,
    ).configs.get(2)?.config;
  const usual = having(
    '"max_grant_frames": 64, "max_maptrack_frames": 1024, "event_channels": 1023,',
    '"direct_io_safe": "False", "discard_enable": "True", "trusted": "True",',
    '"mtu": 1492, "model": "rtl8139", "nictype": "vif", "ifname": "vif2.0"',
  );
  expect(usual?.settings).toEqual([]);
  expect(usual?.nics).toEqual([{ mac: '00:16:3e:00:00:01', bridge: 'br0' }]);
  const odd = having(
    '"max_grant_frames": 256, "event_channels": 4096,',
    '"direct_io_safe": "True", "discard_enable": "False",',
    '"mtu": 9000, "model": "e1000", "nictype": "vif_ioemu", "ifname": "web1-lan"',
  );
  expect(odd?.settings).toEqual([
    'max_grant_frames: 256',
    'event_channels: 4096',
    'disk xvda, direct_io_safe: "True"',
    'disk xvda, discard_enable: "False"',
    'network card 0, mtu: 9000',
    'network card 0, model: "e1000"',
    'network card 0, nictype: "vif_ioemu"',
  ]);
  expect(odd?.devices).toEqual([]);
  expect(odd?.nics[0]?.vifname).toBe('web1-lan');
  const info = (text: string) =>
    readRunningConfigs(long.replace('"name": "inst1",', `"name": "inst1", ${text}`), same).configs.get(2)
      ?.config.settings;
  expect(info('"ssidref": 7,')).toEqual(['ssidref: 7']);
  expect(
    readRunningConfigs(
      long
        .replaceAll('"type": "pv"', '"type": "pvh", "hap": "False"')
        .replace('"msr_relaxed": "False"', '"msr_relaxed": "True"'),
      same,
    ).configs.get(2)?.config.settings,
  ).toEqual(['arch_x86: {"msr_relaxed":"True"}', 'hap: "False"']);
});

test('what is not understood is told: text that is no JSON, and a domain of another form', () => {
  expect(readRunningConfigs('[{', same).problems.join()).toContain('is not JSON');
  const { configs, problems } = readRunningConfigs(long.replace('"disks": [', '"disks": [ 7,'), same);
  expect(configs.size).toBe(0);
  expect(problems.join()).toContain('is not understood');
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
        expect(readRunningConfigs(text, same).configs.size).toBeLessThanOrEqual(1);
      },
    ),
  );
});
