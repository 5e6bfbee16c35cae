import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedKeys } from '../../../core/xen/config-effects.ts';
import { editForm, type FormChange, readForm } from '../../../core/xen/config-form.ts';
import { type ConfigTree, getSetting, keysOf, parseConfig } from '../../../core/xen/config-syntax.ts';
import { changeDiskEntry } from '../../../core/xen/disk-entry.ts';
import { readDisk } from '../../../core/xen/disk-spec.ts';
import { editParts, partOf } from '../../../core/xen/entry-parts.ts';

const tree = (text: string): ConfigTree => {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.tree;
};
const edited = (text: string, change: FormChange): string => {
  const result = editForm(tree(text), change);
  if (!result.ok) throw new Error(`${result.field}: ${result.message}`);
  return result.tree.text;
};

const example = `# web server, ask Ada before you touch it
name = 'web1' ; memory = 0x200   # half a GiB
vcpus=2
kernel = "/boot/vmlinuz"
disk = [
  'file:/srv/web1/sda,sda1,w', # root
  'file:/srv/web1/sdb,sdb,w',
]
vfb = [ 'type=vnc, vncunused=1, vnclisten=0.0.0.0' ]
xen_shell = 'ada'
on_crash = 'restart'
`;

test('the form of a configuration', () => {
  expect(readForm(tree(example))).toEqual({
    name: 'web1',
    type: 'pv',
    memoryMib: 512,
    maxMemoryMib: null,
    vcpus: 2,
    maxVcpus: null,
    kernel: '/boot/vmlinuz',
    ramdisk: null,
    root: null,
    extra: null,
    cmdline: null,
    bootloader: null,
    boot: null,
    onPoweroff: null,
    onReboot: null,
    onCrash: 'restart',
    serial: [],
    vnc: { listen: '0.0.0.0', display: null },
    spice: null,
    disks: ['file:/srv/web1/sda,sda1,w', 'file:/srv/web1/sdb,sdb,w'],
    nics: [],
  });
});

test('an edit changes its own key and not one character more', () => {
  expect(edited(example, readForm(tree(example)))).toBe(example);
  expect(edited(example, {})).toBe(example);
  expect(edited(example, { memoryMib: 1024 })).toBe(example.replace('0x200', '1024'));
  expect(edited(example, { vcpus: 4, onCrash: 'destroy' })).toBe(
    example.replace('vcpus=2', 'vcpus=4').replace("'restart'", "'destroy'"),
  );
  expect(edited(example, { type: 'pvh' })).toBe(`${example}type = "pvh"\n`);
  expect(edited(example, { onCrash: null })).toBe(example.replace("on_crash = 'restart'\n", ''));
  expect(edited(example, { maxMemoryMib: 1024, ramdisk: '/boot/initrd', boot: null })).toBe(
    `${example}maxmem = 1024\nramdisk = "/boot/initrd"\n`,
  );
  expect(edited(example, { disks: ['file:/srv/web1/sda,xvda1,w', 'file:/srv/web1/sdb,sdb,w'] })).toBe(
    example.replace('sda,sda1,w', 'sda,xvda1,w'),
  );
  expect(edited(example, { vnc: { listen: '127.0.0.1', display: 5 } })).toBe(
    example.replace('vnclisten=0.0.0.0', 'vnclisten=127.0.0.1, vncdisplay=5'),
  );
  expect(edited(example, { vnc: null })).not.toContain('vfb');
});

test('the type is said in the words that stand there', () => {
  const older = "builder = 'hvm' # as xm had it\nname = 'a'\n";
  expect(edited(older, { type: 'hvm' })).toBe(older);
  expect(edited(older, { type: 'pv' })).toBe(older.replace("'hvm'", "'generic'"));
  expect(edited(older, { type: 'pvh' })).toBe('# as xm had it\nname = \'a\'\ntype = "pvh"\n');
  expect(edited("builder = 'generic'\n", { type: 'hvm' })).toBe("builder = 'hvm'\n");
  expect(edited("type = 'pv'\n", { type: 'hvm' })).toBe("type = 'hvm'\n");
  expect(edited("type = 'hvm'\nbuilder = 'hvm'\n", { type: 'pvh' })).toBe("type = 'pvh'\n");
  expect(edited("type = 'pv'\nbuilder = 'hvm'\n", { type: 'pv' })).toBe("type = 'pv'\n");
});

test('screens and serial ports', () => {
  const hvm = "type = 'hvm'\nvnc = 1\nvnclisten = '0.0.0.0'\nserial = [ 'pty', 'file:/x' ]\n";
  expect(readForm(tree(hvm))).toMatchObject({
    vnc: { listen: '0.0.0.0', display: null },
    serial: ['pty', 'file:/x'],
  });
  expect(edited(hvm, { vnc: null })).toBe(hvm.replace('vnc = 1', 'vnc = 0'));
  expect(edited(hvm, { vnc: { listen: null, display: 7 } })).toBe(
    hvm.replace("vnclisten = '0.0.0.0'\n", '').concat('vncdisplay = 7\n'),
  );
  expect(edited(hvm, { serial: ['pty'] })).toBe(hvm.replace("'pty', 'file:/x'", "'pty'"));
  expect(edited(hvm, { serial: [] })).not.toContain('serial');
  expect(edited("type = 'hvm'\n", { serial: ['pty'] })).toBe('type = \'hvm\'\nserial = "pty"\n');
  // An HVM guest has a screen unless it is told to have none.
  expect(readForm(tree("type = 'hvm'\n")).vnc).toEqual({ listen: null, display: null });
  expect(readForm(tree("type = 'hvm'\nvnc = 0\n")).vnc).toBeNull();
  expect(readForm(tree("name = 'a'\n")).vnc).toBeNull();
  expect(edited("type = 'hvm'\n", { vnc: null })).toBe("type = 'hvm'\nvnc = 0\n");
  expect(edited("type = 'hvm'\n", { vnc: { listen: null, display: 3 } })).toBe(
    "type = 'hvm'\nvncdisplay = 3\n",
  );
  const spice = edited(hvm, { spice: { host: '127.0.0.1', port: 6000 } });
  expect(spice).toBe(`${hvm}spice = 1\nspicehost = "127.0.0.1"\nspiceport = 6000\n`);
  expect(edited(spice, { spice: null })).toBe(spice.replace('spice = 1', 'spice = 0'));
  expect(edited("name = 'a'\n", { vnc: { listen: '127.0.0.1', display: null } })).toBe(
    'name = \'a\'\nvfb = ["type=vnc, vnclisten=127.0.0.1"]\n',
  );
  expect(readForm(tree("vfb = [ 'vnc=0' ]\n")).vnc).toBeNull();
  expect(edited("vfb = [ 'vnc=0' ]\n", { vnc: { listen: null, display: null } })).toBe("vfb = [ 'vnc=1' ]\n");
});

test('a screen that goes leaves behind what else was said of it', () => {
  const secret = "vfb = [ 'type=vnc, vncpasswd=s3cret' ]\n";
  const off = edited(secret, { vnc: null });
  expect(off).toBe("vfb = [ 'type=vnc, vncpasswd=s3cret, vnc=0' ]\n");
  expect(readForm(tree(off)).vnc).toBeNull();
  expect(edited(off, { vnc: { listen: null, display: null } })).toBe(secret.replace("' ]", ", vnc=1' ]"));
  // libxl starts nothing that has two displays
  expect(edited("type = 'hvm'\n", { vnc: { listen: '0.0.0.0:1', display: 2 } })).toBe(
    'type = \'hvm\'\nvnclisten = "0.0.0.0"\nvncdisplay = 2\n',
  );
  expect(edited("type = 'hvm'\n", { vnc: { listen: '::1', display: 2 } })).toContain('vnclisten = "::1"');
});

test('a list within a list ends what xl sees, and what the form shows', () => {
  const text = "disk = [ 'file:/a,xvda,w', ['x'], 'file:/b,xvdb,w' ]\nvif = [ ['y'] ]\n";
  expect(readForm(tree(text))).toMatchObject({ disks: ['file:/a,xvda,w'], nics: [] });
  expect(edited(text, { disks: ['file:/a,xvda,w'], nics: [] })).toBe(text);
  for (const change of [{ disks: [] }, { disks: ['file:/a,xvda,w', 'file:/c,xvdc,w'] }, { nics: ['mac=1'] }])
    expect(editForm(tree(text), change)).toMatchObject({
      ok: false,
      message: expect.stringContaining('mend that in the text first'),
    });
});

test('a number that was added is one from now on', () => {
  expect(readForm(tree('memory += 512\n')).memoryMib).toBeNull();
  expect(edited('memory += 512\n', { memoryMib: 512 })).toBe('memory = 512\n');
  expect(edited('memory = 5\nmemory += 12\n', { memoryMib: 512 })).toBe('memory = 512\n');
  expect(changedKeys(tree('memory += 512\n'), tree('memory = 512\n')).map(({ key }) => key)).toEqual([
    'memory',
  ]);
});

test('what can not be written is said with its field', () => {
  expect(editForm(tree(example), { extra: 'a\nb' })).toMatchObject({ ok: false, field: 'extra' });
  expect(editForm(tree(example), { memoryMib: -1 })).toMatchObject({ ok: false, field: 'memoryMib' });
  expect(editForm(tree(example), { vnc: { listen: '1,2', display: null } })).toMatchObject({
    ok: false,
    field: 'vnc',
  });
});

test('any edit gives the form its value, and no other key another', () => {
  const words = fc.string({ unit: fc.constantFrom('a', '/', '"', "'", '\\', '#', ']', ' '), maxLength: 6 });
  const number = fc.option(fc.nat(5000));
  const text = fc.option(words);
  const change: fc.Arbitrary<FormChange> = fc.record(
    {
      type: fc.constantFrom('pv', 'pvh', 'hvm'),
      memoryMib: number,
      maxMemoryMib: number,
      vcpus: number,
      kernel: text,
      extra: text,
      cmdline: text,
      boot: text,
      onReboot: text,
      serial: fc.array(words, { maxLength: 2 }),
      spice: fc.option(fc.record({ host: text, port: number })),
      disks: fc.array(words, { maxLength: 3 }),
      nics: fc.array(words, { maxLength: 3 }),
    },
    { requiredKeys: [] },
  );
  const hvm =
    "builder='hvm'\nname='a';memory=5#c\ndisk=['a',#d\n'b']\nserial='pty'\nvnc=1\nextra='x'\nextra+='y'\nspice=1\nunknown=[1,[2]]\n";
  fc.assert(
    fc.property(fc.constantFrom(example, hvm, '', '\r\nmemory=5\r\n'), change, (before, wanted) => {
      const old = tree(before);
      const result = editForm(old, wanted);
      if (!result.ok) throw new Error(result.message);
      expect(readForm(result.tree)).toMatchObject(wanted);
      const keys = new Set(changedKeys(old, result.tree).map(({ key }) => key));
      for (const key of ['name', 'unknown', 'xen_shell', 'on_crash', 'vnc'])
        expect(getSetting(result.tree, key)).toEqual(getSetting(old, key));
      for (const key of keysOf(old))
        if (!keys.has(key) && old.text.includes(`${key} = `)) expect(result.tree.text).toContain(`${key} = `);
      const comments = ({ tokens }: ConfigTree) => tokens.filter(({ kind }) => kind === 'comment').length;
      expect(comments(result.tree)).toBe(comments(old));
    }),
    { numRuns: 1000 },
  );
});

test('parts of an entry', () => {
  expect(partOf('mac=1, bridge = br0', 'bridge')).toBe('br0');
  expect(partOf('mac=1', 'bridge')).toBeUndefined();
  expect(editParts('mac=1,bridge=br0', { bridge: 'br1' })).toBe('mac=1,bridge=br1');
  expect(editParts('mac=1, bridge=br0', { bridge: 'br0', ip: '1.2.3.4' })).toBe(
    'mac=1, bridge=br0, ip=1.2.3.4',
  );
  expect(editParts('mac=1, bridge=br0', { mac: null })).toBe('bridge=br0');
  expect(editParts('', { mac: '1' })).toBe('mac=1');
  expect(() => editParts('', { mac: '1,bridge=x' })).toThrow(RangeError);
});

test('a disk keeps its form where that can say the change', () => {
  const changed = (entry: string, change: Parameters<typeof changeDiskEntry>[1]): string => {
    const result = changeDiskEntry(entry, change);
    return result.ok ? result.text : result.message;
  };
  expect(changed('file:/a,sda1,w', {})).toBe('file:/a,sda1,w');
  expect(changed('file:/a,sda1,w', { vdev: 'xvda' })).toBe('file:/a,xvda,w');
  expect(changed('tap:aio:/a,sda,w', { access: 'ro' })).toBe('tap:aio:/a,sda,r');
  expect(changed('file:/a,sda,w', { target: '/a,b' })).toBe('format=raw, vdev=sda, access=rw, target=/a,b');
  expect(changed('tap:qcow2:/a,sda,w', { format: 'raw' })).toBe('format=raw, vdev=sda, access=rw, target=/a');
  expect(changed('/a,raw,xvda,rw,discard', { format: 'qcow2', backendtype: 'qdisk' })).toBe(
    'format=qcow2, vdev=xvda, access=rw, backendtype=qdisk, discard, target=/a',
  );
  expect(changed('file:/cd.iso,hdc:cdrom,r', { target: '' })).toBe('file:,hdc:cdrom,r');
  expect(changed('devtype=cdrom,vdev=hdc', { target: '/cd.iso' })).toBe(
    'format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/cd.iso',
  );
  expect(changed('/srv/a,,xvda,w', { vdev: 'xvdb' })).toBe('/srv/a,,xvdb,w');
  expect(changed('/srv/a, raw, xvda, rw, discard', { access: 'ro' })).toBe('/srv/a, raw, xvda, ro, discard');
  expect(changed('/srv/a,qcow2,xvda', { access: 'ro' })).toBe('/srv/a,qcow2,xvda,r');
  expect(changed('file:/x.iso,hdc:cdrom,r', { vdev: 'hdd' })).toBe('file:/x.iso,hdd:cdrom,r');
  expect(changed('vdev=xvda,format=raw,  target=/a,b', { vdev: 'xvdb', access: 'ro' })).toBe(
    'format=raw, vdev=xvdb, access=ro, target=/a,b',
  );
  expect(changed('vdev=xvda,format=raw,  target=/a,b', { vdev: 'xvdb' })).toBe(
    'vdev=xvdb,format=raw,  target=/a,b',
  );
  expect(changed('file:/a,sda,w', { target: '/a,' })).toMatch(/no way/);
  expect(changed('blah:/a,x', {})).toMatch(/not understood/);
  fc.assert(
    fc.property(
      fc.constantFrom(
        'file:/a,sda1,w',
        '/b,qcow2,xvda,r',
        'vdev=hdc,devtype=cdrom',
        'script=s,vdev=xvda,target=t',
        '/srv/a,,xvda,w',
        'file:/x.iso,hdc:cdrom,r',
      ),
      fc.string({ unit: fc.constantFrom('a', '/', ',', ':', '=', ' '), minLength: 1, maxLength: 8 }),
      fc.constantFrom('xvda', 'sda1', 'a,b'),
      (entry, target, vdev) => {
        const result = changeDiskEntry(entry, { target, vdev });
        if (!result.ok) return;
        expect(readDisk(result.text)).toMatchObject({ ok: true, disk: { target, vdev } });
      },
    ),
  );
});

test('what a running guest has only after a restart', () => {
  const changes = (before: string, after: string) =>
    changedKeys(tree(before), tree(after)).map(({ key, effect }) => `${key} ${effect}`);
  expect(changes('memory = 64', 'memory = 0x40 # the same')).toEqual([]);
  expect(changes('memory = 64\nmaxmem = 128', 'memory = 96\nmaxmem = 128')).toEqual(['memory live']);
  expect(changes('memory = 64', 'memory = 96')).toEqual(['memory restart']);
  expect(changes('vcpus = 4', 'vcpus = 2')).toEqual(['vcpus live']);
  expect(changes("kernel = '/a'\ndisk = []", "kernel = '/b'\ndisk = ['file:/a,xvda,w']")).toEqual([
    'kernel restart',
    'disk hotplug',
  ]);
  expect(changes("extra = 'a'\nunknown = 1", "extra = 'b'")).toEqual(['extra restart', 'unknown restart']);
});

test('removing a key that is not there changes nothing', () => {
  expect(edited('', { name: null, serial: [], disks: [], nics: [], spice: null })).toBe('');
});
