import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDisks } from '../../../core/xen/compare-disks.ts';
import { disksOfConfig, readInstanceConfig } from '../../../core/xen/config-reader.ts';
import type { DiskFacts } from '../../../core/xen/disk-writer.ts';
import { type InstanceConfig, writeInstanceConfig } from '../../../core/xen/instance-config.ts';

const disks: DiskFacts[] = [
  { driver: 'loop', fileType: 'raw', path: '/srv/web1/sda', vdev: 'sda', mode: 'rw' },
  { driver: 'blktap', fileType: 'qcow2', path: '/srv/web1/sdb', vdev: 'sdb', mode: 'ro' },
];
const web1: InstanceConfig = {
  name: 'web1',
  uuid: '18cbadb5-369d-4834-99ab-bf11dfd7925b',
  type: 'pv',
  memoryMib: 512,
  vcpus: 2,
  kernel: '/boot/vmlinuz',
  ramdisk: '/boot/initrd',
  root: '/dev/xvda1',
  extra: 'console=hvc0 "quoted" \\ \'both\'',
  disks,
  nics: [{ mac: '00:16:3e:00:00:01', bridge: 'xenbr0' }],
};

function written(config: InstanceConfig, dialect: 'xl' | 'xm' = 'xl'): string {
  const result = writeInstanceConfig(config, dialect);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.text;
}

function problems(change: Partial<InstanceConfig>, dialect: 'xl' | 'xm' = 'xl'): string {
  const result = writeInstanceConfig({ ...web1, ...change }, dialect);
  return result.ok ? '' : result.problems.join('\n');
}

test('a whole configuration for xl', () => {
  expect(
    written({ ...web1, extra: 'console=hvc0' }),
  ).toBe(`# Written by VBDesk. Unknown keys and comments that you add here are kept.
name = "web1"
uuid = "18cbadb5-369d-4834-99ab-bf11dfd7925b"
type = "pv"
memory = 512
vcpus = 2
kernel = "/boot/vmlinuz"
ramdisk = "/boot/initrd"
root = "/dev/xvda1"
extra = "console=hvc0"
disk = [
    "format=raw, vdev=sda, access=rw, backendtype=phy, target=/srv/web1/sda",
    "format=qcow2, vdev=sdb, access=ro, backendtype=qdisk, target=/srv/web1/sdb",
]
vif = [
    "mac=00:16:3e:00:00:01, bridge=xenbr0",
]
on_poweroff = "destroy"
on_reboot = "restart"
on_crash = "destroy"
`);
});

test('for xm', () => {
  const text = written({ ...web1, type: 'hvm', boot: 'cd', vnc: { listen: '127.0.0.1', display: 1 } }, 'xm');
  expect(text).toContain('builder = "hvm"');
  expect(text).not.toContain('type =');
  expect(text).toContain('"file:/srv/web1/sda,sda,w"');
  expect(text).toContain('"tap:qcow2:/srv/web1/sdb,sdb,r"');
  expect(text).toContain('vnclisten = "127.0.0.1"\nvncdisplay = 1');
  expect(problems({ type: 'pvh' }, 'xm')).toMatch(/no pvh/);
});

test('what is written is read again', () => {
  const reading = readInstanceConfig(written({ ...web1, maxMemoryMib: 1024, bootloader: 'pygrub' }));
  if (!reading.ok) throw new Error(reading.error.message);
  const { config } = reading;
  expect(config).toMatchObject({
    name: 'web1',
    uuid: web1.uuid,
    type: 'pv',
    memoryMib: 512,
    maxMemoryMib: 1024,
    vcpus: 2,
    kernel: '/boot/vmlinuz',
    extra: web1.extra,
    bootloader: 'pygrub',
    onReboot: 'restart',
    unknownKeys: [],
    problems: [],
    diskProblems: [],
  });
  expect(disksOfConfig(config).map((disk) => disk.target)).toEqual(['/srv/web1/sda', '/srv/web1/sdb']);
  expect(config.nics[0]?.nic).toMatchObject({ bridge: 'xenbr0' });
});

test('every problem is told at once', () => {
  const text = problems({
    name: 'a;b',
    uuid: 'x',
    memoryMib: 0,
    maxMemoryMib: -1,
    vcpus: 1.5,
    kernel: 'vmlinuz',
    extra: 'a\nb',
    boot: 'z',
    disks: [...disks, { driver: 'loop', fileType: 'raw', path: '/p', vdev: 'sda', mode: 'rw' }],
    nics: [{ bridge: 'a b' }],
  });
  for (const part of [
    'instance is named',
    'uuid',
    'memory is',
    'maxmem',
    'vcpus',
    'not absolute',
    'control characters',
    'boot order',
    'both sda',
    'Network card 0',
  ])
    expect(text).toContain(part);
  expect(problems({ kernel: undefined })).toMatch(/needs a kernel/);
  expect(problems({ type: 'hvm', disks: disks.map((disk) => ({ ...disk, vdev: 'sda1' })) })).toMatch(
    /is a partition/,
  );
});

test('no value breaks out of its key', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('"', "'", '\\', '\n', '#', ';', ']', '=', 'é', '\r', '\u2028'),
      fc.constantFrom('a', ' '),
    ),
    maxLength: 20,
  });
  fc.assert(
    fc.property(
      text,
      text,
      text,
      fc.constantFrom<'xl' | 'xm'>('xl', 'xm'),
      (extra, root, kernel, dialect) => {
        const result = writeInstanceConfig({ ...web1, extra, root, kernel }, dialect);
        if (!result.ok) return;
        const reading = readInstanceConfig(result.text);
        if (!reading.ok) throw new Error(reading.error.message);
        expect(reading.config.extra ?? '').toBe(extra);
        expect(reading.config).toMatchObject({ root, kernel, name: 'web1', unknownKeys: [] });
      },
    ),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(text, (extra) => {
      const result = writeInstanceConfig({ ...web1, extra }, 'xl');
      const reading = result.ok ? readInstanceConfig(result.text) : undefined;
      if (reading) expect(reading.ok && (reading.config.extra ?? '')).toBe(extra);
    }),
    { numRuns: 500 },
  );
});

const ganeti = `# Automatically generated by Ganeti. Do not edit!

kernel = '/usr/lib/xen/boot/hvmloader'
builder = 'hvm'
memory = 64
maxmem = 64
vcpus = 2
cpu_weight=256
name = 'inst103.gnt.lab'
pae = 1
device_model = '/usr/lib/xen/bin/qemu-dm'
boot = 'cd'
vnc = 1
vnclisten = '127.0.0.1'
vif = ['mac=aa:00:00:f2:1b:8a, model=rtl8139, type=ioemu, bridge=br0']
disk = ['file:/var/run/ganeti/instance-disks/inst103.gnt.lab,hda,w','phy:/dev/vg/x,hdb,w', 'file:/iso,hdc:cdrom,r']
on_poweroff = 'preserve'
`;

test('a configuration that Ganeti wrote', () => {
  const reading = readInstanceConfig(ganeti);
  expect(reading).toMatchObject({
    ok: true,
    config: {
      name: 'inst103.gnt.lab',
      type: 'hvm',
      memoryMib: 64,
      boot: 'cd',
      vncListen: '127.0.0.1',
      onPoweroff: 'preserve',
      unknownKeys: ['cpu_weight', 'pae', 'device_model'],
    },
  });
});

test('record and xen.cfg agree or the difference is one sentence', () => {
  const text = written(web1);
  expect(compareDisks(disks, text)).toEqual([]);
  expect(compareDisks(disks, written(web1, 'xm'))).toEqual([]);
  const codes = (record: DiskFacts[], config: string) =>
    compareDisks(record, config).map((difference) => difference.code);
  const [first, second] = disks;
  if (!first || !second) throw new Error('two disks');
  expect(codes([first], text)).toEqual(['missing-in-record']);
  expect(codes([first, second, { ...first, path: '/srv/web1/sdc', vdev: 'sdc' }], text)).toEqual([
    'missing-in-config',
  ]);
  expect(codes([{ ...first, path: '/srv/other' }, second], text)).toEqual(['path']);
  expect(codes([{ ...first, vdev: 'xvda' }, second], text)).toEqual(['vdev']);
  expect(codes([{ ...first, mode: 'ro' }, second], text)).toEqual(['mode']);
  expect(codes([{ ...first, driver: 'blktap' }, second], text)).toEqual(['driver']);
  expect(codes([first, { ...second, fileType: 'raw' }], text)).toEqual(['type']);
  expect(codes(disks, text.replace('disk = [', 'disk = [ "file:/srv/web1/sda,sdx,w",'))).toContain('twice');
  expect(codes(disks, 'disk = [')).toEqual(['unreadable']);
  expect(codes([], 'disk = ["blah:/x,a"]')).toEqual(['unreadable']);
  expect(codes([], 'disk = "x"')).toEqual(['unreadable']);
  expect(codes([], ganeti)).toEqual(['missing-in-record']);
});

test.each([
  ['by the usual script', 'format=raw, vdev=xvdb, access=rw, script=block, target=/srv/vm/web2/sda'],
  ['by a script of its own', 'vdev=xvdb, script=x, target=/srv/vm/web2/sda'],
  ['relative', 'phy:../srv/vm/web2/sda,xvdb,w'],
  ['relative to where xl is started', 'phy:srv/vm/web2/sda,xvdb,w'],
  ['relative, by a script', 'vdev=xvdb, script=block, target=../srv/vm/web2/sda'],
  ['out of /dev', 'phy:/dev/../srv/vm/web2/sda,xvdb,w'],
  ['from a backend of its own', 'vdev=xvdb, backendtype=standalone, target=/srv/vm/web2/sda'],
  ['by a prefix that has a script', 'drbd:/srv/vm/web2/sda,xvdb,w'],
  ['as a part of a disk', 'vdev=xvdb, active-disk=/srv/vm/web2/sda, target=/dev/vg/x'],
])('an image that the record does not have is seen however it is attached: %s', (_, entry) => {
  expect(
    compareDisks(disks, written(web1).replace('disk = [', `disk = [ "${entry}",`)).map((each) => each.code),
  ).toEqual(['missing-in-record']);
});

test('what can be no image file is left alone, and an own disk under another name is not', () => {
  const codes = (entry: string) =>
    compareDisks(disks, written(web1).replace('disk = [', `disk = [ "${entry}",`)).map((each) => each.code);
  for (const entry of [
    'phy:/dev/vg/x,xvdb,w',
    'vdev=xvdb, script=block-drbd, target=web1-data',
    'vdev=xvdb, script=block-iscsi, target=iqn=iqn.2001-05.org.example:store/1',
    'vdev=hdc, devtype=cdrom, target=/srv/iso/debian.iso',
    'vdev=hdc, devtype=cdrom',
  ])
    expect(codes(entry)).toEqual([]);
  expect(codes('vdev=xvdb, script=block, target=/srv/web1/./sda')).toEqual(['twice']);
});

test('any text is survived', () => {
  const pieces = fc.array(
    fc.constantFrom(
      'disk',
      'vif',
      'memory',
      '=',
      '+=',
      '[',
      ']',
      '"file:/a,sda,w"',
      "'x'",
      '5',
      '\n',
      'type',
      'name',
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        pieces.map((all) => all.join(' ')),
      ),
      (text) => {
        readInstanceConfig(text);
        compareDisks(disks, text);
      },
    ),
    { numRuns: 1000 },
  );
});
