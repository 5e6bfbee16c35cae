import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CreateArguments, createArguments } from '../../../core/ganeti/arguments.ts';
import { createIntentOf } from '../../../core/ganeti/create-intent.ts';
import { parseCreateCommand, parseCreateWords } from '../../../core/ganeti/create-parser.ts';
import {
  argumentsOfIntent,
  createWords,
  notInGaneti,
  writeCreateCommand,
} from '../../../core/ganeti/create-writer.ts';
import {
  parseBackendOption,
  parseDiskOption,
  parseHypervisorOption,
  parseNetOption,
  parseTemplateOption,
} from '../../../core/ganeti/option-values.ts';
import { shellWord, splitCommas, splitWords } from '../../../core/ganeti/words.ts';

const GIB = 1024 ** 3;

function read(line: string): { create: CreateArguments; ignored: string[] } {
  const parsed = parseCreateCommand(line);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return { create: parsed.arguments, ignored: parsed.ignored.map((each) => each.option) };
}

function problemsOf(line: string): string[] {
  const parsed = parseCreateCommand(line);
  return parsed.ok ? [] : parsed.problems;
}

test('the form of the design document', () => {
  const { create, ignored } = read(
    `gnt-instance add -t file:path=/xen,driver=loop,reuse \\
      --disk 0:size=5G --disk 1:size=10G -n node -o debian-etch instance2`,
  );
  expect(create).toEqual({
    name: 'instance2',
    path: '/xen',
    driver: 'loop',
    reuse: true,
    disks: [
      { index: 0, size: 5 * GIB, mode: 'rw' },
      { index: 1, size: 10 * GIB, mode: 'rw' },
    ],
    node: 'node',
    os: 'debian-etch',
    guest: { type: 'pv', memoryMib: 128, vcpus: 1 },
    nics: [],
    start: true,
    tags: [],
  });
  // Ganeti would give it a card; nothing else of it goes without saying
  expect(ignored).toEqual(['no --net']);
  expect(
    read('gnt-instance add -t "file:[path=/xen[,driver=blktap[,reuse]]]" -n a -o none b').create,
  ).toMatchObject({
    path: '/xen',
    driver: 'blktap',
    reuse: true,
  });
});

test('our own form with everything', () => {
  const { create, ignored } = read(
    'vbdesk instance add -t file:driver=blktap --disk 1:size=10G,type=qcow2,vdev=xvdb,mode=ro --disk=0:size=512M -n node1:node2 -o none ' +
      "-B memory=512M,vcpus=2 -H 'type=pv,kernel=/boot/vmlinuz,ramdisk=/boot/initrd,extra=console=hvc0 a\\,b' " +
      '--net 0:bridge=xenbr0,mac=00:16:3e:00:00:01 --no-start web1.example.org',
  );
  expect(ignored).toEqual([]);
  expect(createArguments.parse(create)).toMatchObject({
    name: 'web1.example.org',
    driver: 'blktap',
    disks: [
      { index: 0, size: 512 * 1024 ** 2 },
      { index: 1, type: 'qcow2', vdev: 'xvdb', mode: 'ro' },
    ],
    node: 'node1',
    secondary: 'node2',
    guest: { memoryMib: 512, vcpus: 2, type: 'pv', kernel: '/boot/vmlinuz', extra: 'console=hvc0 a,b' },
    nics: [{ index: 0, bridge: 'xenbr0', mac: '00:16:3e:00:00:01' }],
    start: false,
  });
});

test('commands that a real Ganeti took', () => {
  const { create, ignored } = read(
    'gnt-instance add -t file --disk 0:size=512M\\,name=rootdisk --disk 1:size=1000M\\,mode=ro --disk 2:size=1537M -o ddos+second ' +
      '-O foo=hello\\,bar=world -n node1 -B minmem=64M\\,maxmem=128M\\,vcpus=2 --net 0:link=br0\\,mode=bridged --net 1:link=br0 ' +
      '--no-start --tags=web\\,env:prod inst003',
  );
  expect(create).toMatchObject({
    guest: { memoryMib: 64, maxMemoryMib: 128, vcpus: 2 },
    nics: [{ bridge: 'br0' }, { bridge: 'br0' }],
    tags: ['web', 'env:prod'],
    start: false,
  });
  expect(create).toMatchObject({ os: 'ddos+second', osParameters: { foo: 'hello', bar: 'world' } });
  expect(ignored).toEqual([]);
  const hvm = read(
    'gnt-instance add -t sharedfile -H xen-hvm:boot_order=cd,vnc_bind_address=127.0.0.1 --disk 0:size=1G -o ddos+default -n node1 -B memory=64M,vcpus=2 inst103',
  );
  expect(hvm.create.guest).toEqual({ type: 'hvm', boot: 'cd', memoryMib: 64, vcpus: 2 });
  expect(hvm.ignored).toEqual(['-t sharedfile', '-H vnc_bind_address', 'no --net']);
  const pvm = read(
    "gnt-instance add -t file --file-driver=blktap2 --file-storage-dir=sub/dir -H 'xen-pvm:root_path=/dev/xvda2,kernel_args=ro console=hvc0' " +
      '--disk 0:size=1G --no-install --no-ip-check -I hail -n node1 -o x inst101',
  );
  expect(pvm.create).toMatchObject({
    driver: 'blktap',
    path: '/srv/ganeti/file-storage/sub/dir',
    guest: { type: 'pv', root: '/dev/xvda2', extra: 'ro console=hvc0' },
  });
  expect(pvm.create).toMatchObject({ os: 'x', install: false });
  expect(pvm.ignored).toEqual(['--file-driver driver=blktap2', '--no-ip-check', '-I hail', 'no --net']);
  expect(read('gnt-instance add -t file -n node1 -o x -s 1500 a').create.disks).toEqual([
    { index: 0, size: 1500 * 1024 ** 2, mode: 'rw' },
  ]);
});

test('every problem is told at once', () => {
  const problems = problemsOf(
    'gnt-instance add -t drbd --disk 0:size=0 --disk x:size=1G --frobnicate -n "a b" -B memory=-5,vcpus=0 -H kvm:x=y --net 0:bridge=a/b "bad;name" other',
  );
  const text = problems.join('\n');
  for (const part of [
    'drbd instance are no files',
    'size 0',
    '"x:size=1G"',
    '--frobnicate',
    '-n:',
    'memory',
    'vcpus',
    'not Xen',
    'bridge',
    '"bad;name"',
    '"other"',
  ])
    expect(text, part).toContain(part);
  expect(problemsOf('gnt-instance add').join('\n')).toMatch(
    /template is missing[\s\S]*node is missing[\s\S]*disks are missing[\s\S]*name of the instance is missing/,
  );
  expect(problemsOf('gnt-instance add -t file --disk 0:size=1G --disk 2:size=1G -n a b')).toEqual([
    '--disk 1 is missing: they are numbered from 0 without gaps.',
  ]);
  expect(problemsOf('gnt-instance add -t file --disk 0:size=1G --disk 0:size=1G -n a b')).toEqual([
    '--disk 0 is given twice: they are numbered from 0 without gaps.',
  ]);
  expect(problemsOf('gnt-instance add -t file --disk 0:mode=ro -n a:a b')).toEqual([
    '-n: primary and secondary are the same node.',
    '--disk 0 needs a size, as in 0:size=5G.',
  ]);
  expect(problemsOf('gnt-instance add -t file --disk 0:size=1G -n')).toContain('-n needs a value.');
});

test('no word finds what every object has', () => {
  expect(problemsOf('gnt-instance add -t file --disk 0:size=1G -n a --constructor b')).toEqual([
    '"--constructor" is no option of gnt-instance add.',
  ]);
  expect(parseHypervisorOption('constructor=x')).toMatchObject({
    ok: true,
    value: {},
    ignored: [{ option: '-H constructor' }],
  });
  expect(parseHypervisorOption('constructor:x=y').ok).toBe(false);
});

test('a shell is never taken for granted', () => {
  for (const line of [
    'a $(id)',
    'a `id`',
    'a; b',
    'a | b',
    'a > b',
    'a "$x"',
    "a 'b",
    'a "b',
    'a *',
    'a ~',
    'a &',
  ]) {
    expect(splitWords(line).ok, line).toBe(false);
  }
  expect(splitWords(`a 'b c' "d \\" e" f\\ g \\\n h '' i"j"k`)).toEqual({
    ok: true,
    words: ['a', 'b c', 'd " e', 'f g', 'h', '', 'ijk'],
  });
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 10 }), { maxLength: 5 }), (words) => {
      expect(splitWords(words.map(shellWord).join(' '))).toEqual({ ok: true, words });
    }),
  );
});

test('values of options one by one', () => {
  expect(parseDiskOption('0:size=5G')).toEqual({
    ok: true,
    value: { index: 0, size: 5 * GIB, mode: 'rw' },
    ignored: [],
  });
  expect(parseDiskOption('0:size=1G,vg=xenvg')).toMatchObject({
    ok: true,
    ignored: [{ option: '--disk vg' }],
  });
  for (const bad of [
    '',
    '0',
    'size=5G',
    '16:size=5G',
    '0:size=1e30',
    '0:size=1G,size=2G',
    '0:color=red',
    '0:mode=x',
    '0:vdev=foo',
  ])
    expect(parseDiskOption(bad).ok, bad).toBe(bad === '0');
  expect(parseTemplateOption('file')).toEqual({ ok: true, value: { reuse: false }, ignored: [] });
  expect(parseTemplateOption('file:path=relative').ok).toBe(false);
  expect(parseTemplateOption('file:driver=floppy').ok).toBe(false);
  expect(parseTemplateOption('file:driver=ublkback')).toMatchObject({
    ok: true,
    value: { driver: 'ublkback' },
  });
  expect(parseBackendOption('maxmem=1G,minmem=2G').ok).toBe(false);
  expect(parseBackendOption('memory=1G,auto_balance=false')).toMatchObject({
    value: { memoryMib: 1024 },
    ignored: [{ option: '-B auto_balance' }],
  });
  expect(parseHypervisorOption('type=vm').ok).toBe(false);
  expect(
    parseHypervisorOption('xen-pvm:kernel_path=,use_bootloader=True,bootloader_path=pygrub'),
  ).toMatchObject({
    value: { type: 'pv', bootloader: 'pygrub' },
  });
  expect(parseNetOption('0:mac=auto,ip=10.0.0.1')).toEqual({
    ok: true,
    value: { index: 0, ip: '10.0.0.1' },
    ignored: [],
  });
  expect(parseNetOption('0:mode=routed').ok).toBe(false);
  expect(splitCommas('a\\,b,c\\\\,d')).toEqual(['a,b', 'c\\', 'd']);
});

const text = fc.string({
  unit: fc.constantFrom('a', 'B', '0', ' ', ',', '\\', "'", '"', '=', ':', '$', ';', 'é', '-'),
  minLength: 1,
  maxLength: 12,
});
const path = fc.constantFrom('/srv/x', '/mnt/nas 1/a,b', '/data/c:d=e');
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const generated: fc.Arbitrary<CreateArguments> = fc
  .record({
    name: fc.constantFrom('web1', 'a.b.c'),
    path: optional(path),
    driver: fc.constantFrom<CreateArguments['driver']>('loop', 'blktap', 'ublkback'),
    reuse: fc.boolean(),
    disks: fc.array(
      fc.record({
        size: fc.integer({ min: 1, max: 2 ** 40 }).map((sectors) => sectors * 512),
        type: optional(fc.constantFrom<'raw' | 'qcow2'>('raw', 'qcow2')),
        vdev: optional(fc.constantFrom('xvda', 'sda1')),
        mode: fc.constantFrom<'rw' | 'ro'>('rw', 'ro'),
        name: optional(text),
        adopt: optional(text),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    node: fc.constant('node1'),
    secondary: optional(fc.constant('node2')),
    os: fc.constantFrom('none', 'debian-etch', 'debootstrap+default', 'template:debian-12.raw'),
    osParameters: optional(fc.dictionary(fc.constantFrom('a', 'dns-name', 'B_2'), text, { minKeys: 1 })),
    install: optional(fc.constant(false as const)),
    guest: fc.record({
      type: fc.constantFrom<'pv' | 'pvh' | 'hvm'>('pv', 'pvh', 'hvm'),
      memoryMib: fc.integer({ min: 1, max: 100 }),
      maxMemoryMib: optional(fc.integer({ min: 101, max: 1000 })),
      vcpus: fc.integer({ min: 1, max: 512 }),
      kernel: optional(path),
      root: optional(text),
      extra: optional(text),
    }),
    nics: fc.array(
      fc.record({
        bridge: optional(fc.constant('br0')),
        mac: optional(fc.constant('00:16:3e:00:00:01')),
        ip: optional(text.filter((ip) => ip !== 'none')),
      }),
      { maxLength: 3 },
    ),
    start: fc.boolean(),
    tags: fc.array(text, { maxLength: 2 }),
  })
  .map((all) => ({
    ...all,
    disks: all.disks.map((disk, index) => ({ index, ...disk })),
    nics: all.nics.map((nic, index) => ({ index, ...nic })),
  }));

test('what is written is read again as the same, in words and through a shell', () => {
  fc.assert(
    fc.property(generated, (create) => {
      const parsed = parseCreateWords(createWords(create));
      if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
      expect(parsed.arguments).toEqual(JSON.parse(JSON.stringify(create)));
      expect(parseCreateCommand(writeCreateCommand(create))).toEqual(parsed);
    }),
    { numRuns: 300 },
  );
});

test('the nearest command of Ganeti 3, and what it can not say', () => {
  const { create } = read(
    'add -t file:path=/srv/x,driver=loop,reuse --disk 0:size=5G,type=qcow2 -n a:b -o none -B memory=512M -H type=pv,kernel=/boot/k c'.replace(
      /^add /,
      '',
    ),
  );
  expect(writeCreateCommand(create, 'ganeti')).toBe(
    'gnt-instance add -t file --file-storage-dir /srv/x --file-driver loop --disk 0:size=5G -n a:b -o none -B memory=512M,vcpus=1 ' +
      '-H xen-pvm:kernel_path=/boot/k --no-nics c',
  );
  expect(notInGaneti(create)).toHaveLength(3);
});

test('an intent and its command are the same thing', () => {
  const { create } = read(
    'gnt-instance add -t file:path=/xen/web1,driver=loop --disk 0:size=5G -n a:b -o none --net 0:mac=auto --tags x web1',
  );
  const made = createIntentOf(create, { storageDirectory: '/srv/ganeti/file-storage', bridge: 'xenbr0' });
  if (!made.ok) throw new Error(made.problems.join('\n'));
  expect(made.value).toMatchObject({
    storageDirectory: '/xen',
    nics: [{ bridge: 'xenbr0', mac: null }],
    secondary: 'b',
  });
  expect(made.ignored).toEqual([{ option: '--tags', reason: expect.any(String) }]);
  const again = parseCreateWords(createWords(argumentsOfIntent(made.value)));
  if (!again.ok) throw new Error(again.problems.join('\n'));
  expect(createIntentOf(again.arguments, { storageDirectory: '/other', bridge: 'other' })).toMatchObject({
    ok: true,
    value: made.value,
  });
});

test('any words and any line are survived', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      '-t',
      'file:',
      '--disk',
      '0:size=',
      '-n',
      '--',
      '-',
      '-ot',
      '--disk=',
      '--n',
      '-B',
      'memory=',
      '--net',
      '__proto__',
      '--constructor',
      '-H',
      'xen-pvm:',
      '=,=',
      'no_',
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      const parsed = parseCreateWords(words);
      if (parsed.ok) expect(createArguments.safeParse(parsed.arguments).success).toBe(true);
      else expect(parsed.problems.length).toBeGreaterThan(0);
      parseCreateCommand(words.join(' '));
    }),
    { numRuns: 1000 },
  );
});
