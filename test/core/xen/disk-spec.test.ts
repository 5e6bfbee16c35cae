import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DiskSpec, driverOf, readDisk } from '../../../core/xen/disk-spec.ts';
import { type DiskFacts, writeDisk } from '../../../core/xen/disk-writer.ts';
import { readNetwork, writeNetwork } from '../../../core/xen/network-spec.ts';
import { formatVdev, layoutOfVdev, parseVdev } from '../../../core/xen/vdev.ts';

const accepted: [string, Partial<DiskSpec>][] = [
  ['file:/p,sda1,w', { target: '/p', format: 'raw', vdev: 'sda1', access: 'rw', deprecatedPrefix: 'file:' }],
  ['file:/p,sda', { vdev: 'sda', access: 'rw' }],
  ['tap:aio:/p,sda,r', { target: '/p', format: 'raw', access: 'ro', deprecatedPrefix: 'tap:aio:' }],
  ['tap:qcow:/p,sda1,w', { target: '/p', format: 'qcow', deprecatedPrefix: 'tap:qcow:' }],
  ['tap:qcow2:/p,sda1,w', { format: 'qcow2' }],
  ['tap:qcow:,sda1,w', { target: '', format: 'qcow', vdev: 'sda1' }],
  ['tap2:tapdisk:aio:/p,sda,w', { target: '/p', format: 'raw', deprecatedPrefix: 'tap2:tapdisk:aio:' }],
  ['tap:tapdisk:vhd:/p,xvda,w', { format: 'vhd' }],
  ['phy:/dev/vg/lv,xvda,w', { target: '/dev/vg/lv', deprecatedPrefix: 'phy:' }],
  ['phy:vg/lv,xvda,w', { target: 'vg/lv' }],
  ['/p,raw,xvda,rw', { target: '/p', format: 'raw', vdev: 'xvda', access: 'rw' }],
  ['/p,,xvda', { format: 'raw', vdev: 'xvda' }],
  ['/p, qcow2, xvda, r', { format: 'qcow2', vdev: 'xvda', access: 'ro' }],
  [
    'format=qcow2, vdev=xvda, access=rw, target=/p',
    { target: '/p', format: 'qcow2', vdev: 'xvda', access: 'rw' },
  ],
  ['vdev=xvda,target=/p,a:b=c', { target: '/p,a:b=c' }],
  ['format=raw,vdev=xvda,access=ro,backendtype=qdisk,target=/p', { backendtype: 'qdisk', access: 'ro' }],
  ['vdev=xvda,script=block-drbd,target=r0', { script: 'block-drbd', target: 'r0' }],
  ['drbd:r0,xvda,w', { script: 'block-drbd', target: 'r0' }],
  ['file:/iso,hdc:cdrom,r', { vdev: 'hdc', cdrom: true, access: 'ro', format: 'raw' }],
  ['/iso,raw,hdc,cdrom', { cdrom: true, access: 'ro' }],
  ['/iso,raw,devtype=cdrom,vdev=hdc', { cdrom: true }],
  [',hdc:cdrom,r', { cdrom: true, format: 'empty', target: '', vdev: 'hdc' }],
  ['devtype=cdrom,vdev=hdc', { cdrom: true, format: 'empty', target: '' }],
  [
    'vdev=xvda,discard,direct-io-safe,backend=stub,target=/p',
    { options: ['discard', 'direct-io-safe'], backendDomain: 'stub' },
  ],
  ['vdev=xvda,specification=virtio,target=/p', { options: ['specification=virtio'] }],
  [' /p,raw,xvda', { target: '/p' }],
  ['Blah:/p,raw,xvda', { target: 'Blah:/p' }],
  ['vdev=xvda,target=/p,', { target: '/p' }],
  ['vdev=,target=/p', { vdev: '' }],
  ['file:,xvda,w', { target: '', vdev: 'xvda' }],
  ['tap:sync:r0,xvda,w', { target: 'sync:r0' }],
  ['/p,raw,xvda=', { vdev: 'xvda' }],
  ['colo-host=,colo-host=h,vdev=xvda,target=/p', { options: ['colo-host=h'] }],
  ['discard,discard,vdev=xvda,target=/p', { options: ['discard'] }],
];

test.each(accepted)('%j is read as xl reads it', (text, expected) => {
  const reading = readDisk(text);
  expect(reading).toMatchObject({ ok: true, disk: expected });
  expect(reading.ok && reading.disk.refusedByXl).toBeFalsy();
});

test.each([
  '',
  ',',
  '/p',
  'blah:/p,xvda,w',
  'vmdk:/p,sda,w',
  '/p,vmdk,xvda',
  '/p,raw,xvda,x',
  '/p,raw,xvda,w,extra',
  'format=foo,vdev=xvda,target=/p',
  'backendtype=loop,vdev=xvda,target=/p',
  'foo=bar,vdev=xvda,target=/p',
  'vdev=xvda',
  'vdev=xvda,vdev=xvdb,target=/p',
  '/p=q,raw,xvda',
  'devtype=floppy,vdev=fda,target=/p',
  'file:/p,hdc:tape,r',
  'raw:/p,vdev=xvda,format=qcow2',
  'target=/p',
  'cdrom=1,vdev=hdc',
  'specification=ide,vdev=xvda,target=/p',
  'specification=xen,specification=virtio,vdev=xvda,target=/p',
  'colo-port=none,vdev=xvda,target=/p',
  'colo-host=a,colo-host=b,vdev=xvda,target=/p',
])('%j is refused as xl refuses it', (text) => {
  const reading = readDisk(text);
  expect(reading.ok).toBe(false);
  if (!reading.ok) expect(reading.message).toMatch(/^The disk .* is not understood: .+\.$/);
});

test('what only xm took is read and marked', () => {
  expect(readDisk('tap:vmdk:/p,sda,w')).toMatchObject({
    ok: true,
    disk: { format: 'vmdk', target: '/p', refusedByXl: expect.stringContaining('vmdk') },
  });
  expect(readDisk('file:/p,sda,w!')).toMatchObject({
    ok: true,
    disk: { refusedByXl: expect.stringContaining('w!') },
  });
  expect(readDisk('tap:sync:/p,sda,w')).toMatchObject({
    ok: true,
    disk: { refusedByXl: expect.any(String) },
  });
});

const disk: DiskFacts = { driver: 'loop', fileType: 'raw', path: '/srv/x/sda', vdev: 'sda1', mode: 'rw' };

test('the table of the design, both dialects', () => {
  const text = (change: Partial<DiskFacts>, dialect: 'xl' | 'xm') => {
    const written = writeDisk({ ...disk, ...change }, dialect);
    return written.ok ? written.text : written.message;
  };
  expect(text({}, 'xm')).toBe('file:/srv/x/sda,sda1,w');
  expect(text({ mode: 'ro' }, 'xm')).toBe('file:/srv/x/sda,sda1,r');
  expect(text({ driver: 'blktap' }, 'xm')).toBe('tap:aio:/srv/x/sda,sda1,w');
  expect(text({ driver: 'blktap', fileType: 'qcow' }, 'xm')).toBe('tap:qcow:/srv/x/sda,sda1,w');
  expect(text({ driver: 'blktap', fileType: 'vmdk' }, 'xm')).toBe('tap:vmdk:/srv/x/sda,sda1,w');
  expect(text({}, 'xl')).toBe('format=raw, vdev=sda1, access=rw, backendtype=phy, target=/srv/x/sda');
  expect(text({ driver: 'blktap' }, 'xl')).toBe(
    'format=raw, vdev=sda1, access=rw, backendtype=qdisk, target=/srv/x/sda',
  );
  expect(text({ driver: 'blktap', fileType: 'qcow2', mode: 'ro' }, 'xl')).toBe(
    'format=qcow2, vdev=sda1, access=ro, backendtype=qdisk, target=/srv/x/sda',
  );
  expect(text({ fileType: 'qcow2' }, 'xl')).toMatch(/Choose the driver blktap/);
  expect(text({ driver: 'blktap', fileType: 'vmdk' }, 'xl')).toMatch(/converted copy/);
  expect(text({ driver: 'blktap', fileType: 'vhd' }, 'xl')).toMatch(/converted copy/);
  expect(text({ driver: 'ublkback' }, 'xl')).toMatch(/No released Xen/);
  expect(text({ path: '/srv/a,b:c/sda' }, 'xl')).toContain('target=/srv/a,b:c/sda');
  expect(text({ path: '/srv/a,b:c/sda' }, 'xm')).toMatch(/xm can't read a path with ","/);
  expect(text({ path: '/srv/a\nb' }, 'xl')).toMatch(/not allowed/);
  expect(text({ path: '/srv/x,' }, 'xl')).toMatch(/ends in a comma/);
  expect(text({ vdev: 'sda,w' }, 'xl')).toMatch(/no virtual device/);
});

test('what is written is read as the same disk', () => {
  const facts = fc.record<DiskFacts>({
    driver: fc.constantFrom('loop', 'blktap'),
    fileType: fc.constantFrom('raw', 'qcow', 'qcow2'),
    path: fc
      .string({
        unit: fc.constantFrom('a', '/', ',', ':', '=', ' ', 'B', '.', '-'),
        minLength: 1,
        maxLength: 20,
      })
      .map((path) => `/${path}`),
    vdev: fc.constantFrom('sda', 'xvda', 'hdb', 'sda1', 'xvdaa', 'd5p2'),
    mode: fc.constantFrom('rw', 'ro'),
  });
  fc.assert(
    fc.property(facts, fc.constantFrom<'xl' | 'xm'>('xl', 'xm'), (wanted, dialect) => {
      const written = writeDisk(wanted, dialect);
      if (!written.ok) return;
      const reading = readDisk(written.text);
      if (!reading.ok) throw new Error(reading.message);
      expect(reading.disk).toMatchObject({
        target: wanted.path,
        vdev: wanted.vdev,
        access: wanted.mode,
        format: wanted.fileType,
      });
      expect(driverOf(reading.disk)).toBe(wanted.driver);
    }),
    { numRuns: 500 },
  );
});

test('any text is survived', () => {
  const pieces = fc.array(
    fc.constantFrom('file:', 'tap:', 'target=', 'vdev=', ',', '/p', 'hdc:cdrom', '=', ' ', 'raw', '\n', 'é'),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        pieces.map((all) => all.join('')),
      ),
      (text) => void readDisk(text),
    ),
    {
      numRuns: 2000,
    },
  );
});

test('drivers are told back', () => {
  const driver = (text: string) => {
    const reading = readDisk(text);
    return reading.ok ? driverOf(reading.disk) : 'unreadable';
  };
  expect(driver('vdev=xvda,target=/p')).toBe('loop');
  expect(driver('vdev=xvda,backendtype=tap,target=/p')).toBe('blktap');
  expect(driver('phy:/dev/sda,xvda,w')).toBeNull();
  expect(driver('/dev/vg/lv,raw,xvda,rw')).toBeNull();
  expect(driver('vdev=xvda,script=block-x,target=/p')).toBeNull();
  expect(driver('/iso,raw,hdc,cdrom')).toBeNull();
});

test('virtual devices', () => {
  expect(parseVdev('sda')).toEqual({ bus: 'sd', disk: 0, partition: null });
  expect(parseVdev('xvdab12')).toEqual({ bus: 'xvd', disk: 27, partition: 12 });
  expect(['sda', 'xvda1', 'd0p1', 'hda5', 'cdrom', '51712'].map(layoutOfVdev)).toEqual([
    'a whole disk',
    'a bare file system',
    'a bare file system',
    'a bare file system',
    null,
    null,
  ]);
  expect(parseVdev('d3p1')).toEqual({ bus: 'd', disk: 3, partition: 1 });
  for (const bad of ['', 'foo', 'sda0', 'sda256', 'vda', '/dev/xvda', 'sda1x', 'd1p0'])
    expect(parseVdev(bad), bad).toBeNull();
  fc.assert(
    fc.property(
      fc.constantFrom('xvd', 'sd', 'hd', 'd'),
      fc.nat(700),
      fc.option(fc.integer({ min: 1, max: 255 })),
      (bus, number, partition) => {
        const vdev = { bus, disk: number, partition };
        expect(parseVdev(formatVdev(vdev))).toEqual(vdev);
      },
    ),
  );
});

test('network lines', () => {
  expect(readNetwork('mac=aa:00:00:f2:1b:8a, model=rtl8139, type=ioemu, bridge=br0, rate=10Mb/s')).toEqual({
    mac: 'aa:00:00:f2:1b:8a',
    model: 'rtl8139',
    type: 'ioemu',
    bridge: 'br0',
    rate: '10Mb/s',
    others: [],
  });
  expect(readNetwork('ip=10.0.0.1, vifname=web1.0, devid=3, backend=net')).toEqual({
    ip: '10.0.0.1',
    vifname: 'web1.0',
    others: ['devid=3', 'backend=net'],
  });
  expect(readNetwork('')).toEqual({ others: [] });
  const facts = {
    mac: '00:16:3e:00:00:01',
    bridge: 'xenbr0',
    ip: '10.0.0.1 fe80::1',
    script: 'vif-bridge',
    vifname: 'web1.0',
    rate: '1Mb/s',
    others: ['mtu=9000'],
  };
  const written = writeNetwork(facts);
  expect(written).toEqual({
    ok: true,
    text: 'mac=00:16:3e:00:00:01, bridge=xenbr0, ip=10.0.0.1 fe80::1, script=vif-bridge, vifname=web1.0, rate=1Mb/s, mtu=9000',
  });
  expect(written.ok && readNetwork(written.text)).toEqual(facts);
  expect(writeNetwork({ bridge: 'br0,script=x' }).ok).toBe(false);
  expect(writeNetwork({ ip: '1.2.3.4,script=/tmp/x' }).ok).toBe(false);
  expect(writeNetwork({ mac: 'nonsense' }).ok).toBe(false);
  expect(writeNetwork({ script: 'a\nb' }).ok).toBe(false);
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readNetwork(text)));
});
