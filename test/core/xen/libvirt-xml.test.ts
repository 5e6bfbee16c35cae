import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../core/xen/config-syntax.ts';
import { writeInstanceConfig } from '../../../core/xen/instance-config.ts';
import { type LibvirtXml, libvirtXml } from '../../../core/xen/libvirt-xml.ts';
import { element, escapeXml, fitsXml, printXml } from '../../../core/xen/xml.ts';
import { CONFIG_TABLE } from '../../fixtures/xen-4.17/config-table.ts';

const written = (text: string): LibvirtXml => {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return libvirtXml(parsed.tree);
};

test('what VBDesk writes for a paravirtual guest, whole, and nothing is left out', () => {
  const config = writeInstanceConfig(
    {
      name: 'web1',
      uuid: '18cbadb5-369d-4834-99ab-bf11dfd7925b',
      type: 'pv',
      memoryMib: 512,
      maxMemoryMib: 1024,
      vcpus: 2,
      kernel: '/boot/vmlinuz',
      ramdisk: '/boot/initrd',
      root: '/dev/xvda1',
      extra: 'ro "quiet" & <more>',
      disks: [
        { driver: 'loop', fileType: 'raw', path: '/srv/web1/sda', vdev: 'sda1', mode: 'rw' },
        { driver: 'blktap', fileType: 'raw', path: '/srv/web1/sdb', vdev: 'xvdb', mode: 'rw' },
      ],
      nics: [{ mac: '00:16:3e:00:00:01', bridge: 'xenbr0' }],
    },
    'xl',
  );
  if (!config.ok) throw new Error(config.problems.join('\n'));
  expect(written(config.text)).toEqual({
    omitted: [],
    xml: `<domain type='xen'>
  <name>web1</name>
  <uuid>18cbadb5-369d-4834-99ab-bf11dfd7925b</uuid>
  <memory unit='KiB'>1048576</memory>
  <currentMemory unit='KiB'>524288</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='xenpv'>linux</type>
    <kernel>/boot/vmlinuz</kernel>
    <initrd>/boot/initrd</initrd>
    <cmdline>root=/dev/xvda1 ro &quot;quiet&quot; &amp; &lt;more&gt;</cmdline>
  </os>
  <clock offset='utc' adjustment='reset'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='phy' type='raw'/>
      <source file='/srv/web1/sda'/>
      <target dev='sda1' bus='xen'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='/srv/web1/sdb'/>
      <target dev='xvdb' bus='xen'/>
    </disk>
    <interface type='bridge'>
      <mac address='00:16:3e:00:00:01'/>
      <source bridge='xenbr0'/>
    </interface>
    <console type='pty'>
      <target type='xen' port='0'/>
    </console>
  </devices>
</domain>
`,
  });
});

test('an HVM guest with controllers, firmware, a screen and serial ports', () => {
  const { xml, omitted } = written(`name = 'win'
uuid = '18CBADB5-369D-4834-99AB-BF11DFD7925B'
type = 'hvm'
kernel = '/usr/lib/xen/boot/hvmloader'
memory = 2048
vcpus = 2
maxvcpus = 4
cpus = '0-3,^1'
boot = 'dn'
hap = 0
localtime = 1
serial = [ 'pty', 'file:/var/log/win' ]
usbdevice = 'tablet'
vnc = 1
vnclisten = '0.0.0.0'
vncdisplay = 3
vncpasswd = 'secret'
vga = 'stdvga'
videoram = 16
disk = [ 'file:/srv/win/hda,hda,w', 'tap:qcow2:/srv/win/sdb,sdb,w', 'phy:/dev/vg/win,xvdc,r', '/srv/cd.iso,raw,hdc,cdrom', ',hdd:cdrom,r' ]
vif = [ 'mac=00:16:3E:00:00:02, type=ioemu, model=e1000, bridge=br0, rate=8192Kb/s, vifname=win.0, script=vif-bridge', 'type=vif, bridge=br1, ip=10.0.0.5 fe80::5' ]
on_crash = 'coredump-restart'
on_poweroff = 'soft-reset'
made_by = 'ada'
`);
  for (const part of [
    '<uuid>18cbadb5-369d-4834-99ab-bf11dfd7925b</uuid>',
    "<vcpu placement='static' cpuset='0-3,^1' current='2'>4</vcpu>",
    "machine='xenfv'>hvm</type>\n    <boot dev='cdrom'/>\n    <boot dev='network'/>\n  </os>",
    "<acpi/>\n    <apic/>\n    <pae/>\n    <hap state='off'/>",
    "<clock offset='localtime'/>",
    '<on_poweroff>destroy</on_poweroff>',
    '<on_crash>coredump-restart</on_crash>',
    "<source file='/srv/win/hda'/>\n      <target dev='hda' bus='ide'/>",
    "<driver name='qemu' type='qcow2'/>\n      <source file='/srv/win/sdb'/>\n      <target dev='sdb' bus='scsi'/>",
    "<disk type='block' device='disk'>\n      <source dev='/dev/vg/win'/>\n      <target dev='xvdc' bus='xen'/>\n      <readonly/>",
    "device='cdrom'>\n      <source file='/srv/cd.iso'/>\n      <target dev='hdc' bus='ide'/>\n      <readonly/>",
    "device='cdrom'>\n      <target dev='hdd' bus='ide'/>",
    "<script path='vif-bridge'/>\n      <target dev='win.0'/>\n      <model type='e1000'/>\n      <bandwidth>\n        <outbound average='1000'/>",
    "<ip address='10.0.0.5' family='ipv4'/>\n      <ip address='fe80::5' family='ipv6'/>\n      <model type='netfront'/>",
    "<serial type='pty'>\n      <target port='0'/>",
    "<serial type='file'>\n      <source path='/var/log/win'/>\n      <target port='1'/>",
    "<console type='pty'>\n      <target type='serial' port='0'/>",
    "<input type='tablet' bus='usb'/>",
    "<graphics type='vnc' port='5903' autoport='no' listen='0.0.0.0'>\n      <listen type='address' address='0.0.0.0'/>",
    "<model type='vga' vram='16384'/>",
  ])
    expect(xml).toContain(part);
  expect(xml).not.toContain('secret');
  expect(xml).not.toContain('hvmloader');
  const told = omitted.join('\n');
  for (const part of ['vncpasswd', 'made_by has no place', 'on_poweroff is soft-reset', 'first address only'])
    expect(told).toContain(part);
  expect(omitted).toHaveLength(4);
});

test('PVH, a boot loader, and what libvirt can not have', () => {
  expect(written("name='a'\ntype='pvh'\nkernel='/k'\nmemory=64\n").xml).toContain(
    "machine='xenpvh'>xenpvh</type>",
  );
  const loader = written("name='a'\nbootloader='pygrub'\nbootloader_args=['--quiet','-x']\nmemory=64\n");
  expect(loader.xml).toContain(
    '<bootloader>pygrub</bootloader>\n  <bootloader_args>--quiet -x</bootloader_args>',
  );
  expect(loader.omitted.join()).toContain('/usr/bin/pygrub');
  const { xml, omitted } = written(
    "kernel='/k'\ndisk=['script=block-x,vdev=xvda,target=x','vdev=d5,target=/a','phy:vg/a,xvdb,w','blah:/a,b']\nvif=['mac=nonsense','backend=net,colour=red,bridge=b']\n",
  );
  expect(xml).not.toContain('<disk');
  expect(xml).not.toContain('nonsense');
  expect(xml).toContain("<source bridge='xenbr0'/>");
  expect(xml).toContain("<backenddomain name='net'/>");
  for (const part of ['no name', 'no uuid', 'by a script', 'd5 is left out', 'whole path', 'not understood'])
    expect(omitted.join('\n')).toContain(part);
  expect(omitted.every((each) => /^\S.*\.$/s.test(each))).toBe(true);
});

test('nothing of a screen, and nothing behind a list in a list, goes without a word', () => {
  const { xml, omitted } = written(
    "name='a'\nuuid='18cbadb5-369d-4834-99ab-bf11dfd7925b'\nkernel='/k'\nmemory=64\nvfb=['vnclisten=0.0.0.0, vncpasswd=secret, keymap=de, sdl=0', 'vncdisplay=3,vncpasswd=other']\ndisk=['/a,raw,xvda,w',['x'],'/b,raw,xvdb,w']\n",
  );
  expect(xml).toContain("listen='0.0.0.0'");
  expect(xml).not.toContain('/b');
  expect(omitted).toEqual([
    'vfb: vncpasswd is left out: a password does not belong in a file that is passed on.',
    "vfb: keymap=de has no place in libvirt's XML, or VBDesk knows of none.",
    "vfb: sdl=0 has no place in libvirt's XML, or VBDesk knows of none.",
    'A further screen (vfb) is left out: vncdisplay=3,vncpasswd=(hidden).',
    'Entry 1 of disk is a list where a text belongs; it and all behind it are left out, as xl leaves them out.',
  ]);
});

test('every configuration of the table has an XML of its own', () => {
  for (const { text, disks } of CONFIG_TABLE) {
    if (disks === null) continue;
    const { xml } = written(text);
    expect(xml).toMatch(/^<domain type='xen'>\n/);
    expect(xml.endsWith('</domain>\n')).toBe(true);
  }
});

const NAMED = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);
/** What a reader of XML makes of a text: named and numbered references only, as we write them. */
const readBack = (text: string): string =>
  text.replace(/&(?:#(\d+)|(\w+));/g, (_, number: string | undefined, name: string) =>
    number === undefined ? (NAMED.get(name) ?? '?') : String.fromCodePoint(Number(number)),
  );

test('no value breaks out of its element', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.string({
          unit: fc.constantFrom(
            '<',
            '>',
            '&',
            '"',
            "'",
            ']',
            '-',
            '\t',
            '\n',
            '\r',
            '\0',
            '\ud800',
            'é',
            '\u{1f600}',
          ),
          maxLength: 40,
        }),
      ),
      (value) => {
        const escaped = escapeXml(value);
        expect(escaped).not.toMatch(/[<>"'\n\r\t\u007f-\u009f]/);
        if (fitsXml(value)) expect(readBack(escaped)).toBe(value);
        expect(printXml(element('a', { b: value }, value))).toBe(`<a b='${escaped}'>${escaped}</a>\n`);
      },
    ),
    { numRuns: 1000 },
  );
  const { xml, omitted } = written('name = "</name><x>"\nkernel = "/k\\a"\nmemory = 5\n');
  expect(xml).toContain('<name>&lt;/name&gt;&lt;x&gt;</name>');
  expect(xml).toContain('<kernel>/k\ufffd</kernel>');
  expect(omitted.join()).toContain('no XML can hold');
});
