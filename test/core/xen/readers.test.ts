import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFlags, domainSchema } from '../../../core/xen/domain.ts';
import { readXlInfo } from '../../../core/xen/info-reader.ts';
import { readXlList, readXlListVerbose, readXmList } from '../../../core/xen/list-reader.ts';
import { readDryRun, readXlListLong } from '../../../core/xen/long-reader.ts';
import { output, recorded } from './recorded.ts';

const header = 'Name                                        ID   Mem VCPUs\tState\tTime(s)';

test('the recorded short list', () => {
  expect(readXlList(output('list'))).toMatchObject([
    {
      name: 'Domain-0',
      domid: 0,
      memoryMib: 640,
      vcpus: 1,
      state: 'running',
      flags: 'r-----',
      cpuSeconds: 124.3,
    },
    { name: 'inst1', domid: 2, memoryMib: 160, vcpus: 1, state: 'running', flags: '-b----', cpuSeconds: 6.6 },
  ]);
});

test('the recorded verbose list tells uuids', () => {
  const domains = readXlListVerbose(output('list_v'));
  expect(domains.map((domain) => domain.uuid)).toEqual([
    '00000000-0000-0000-0000-000000000000',
    '18cbadb5-369d-4834-99ab-bf11dfd7925b',
  ]);
  expect(domains.map((domain) => domain.state)).toEqual(['running', 'running']);
});

test('states that were seen on real Xen', () => {
  const stateOf = (name: string) => readXlList(output(name)).at(-1);
  expect(stateOf('list_paused')).toMatchObject({ state: 'paused' });
  expect(stateOf('reboot_list_t0')).toMatchObject({
    state: 'running',
    shutdownReason: 'reboot',
    flags: '--psr-',
  });
  expect(stateOf('double_start_list')).toMatchObject({ name: 'inst1', state: 'running' });
  const crashed = output('crash_list')
    .split('\n')
    .filter((line) => line.startsWith('crash'));
  expect(readXlListVerbose(crashed[1] ?? '')).toMatchObject([
    { state: 'crashed', shutdownReason: 'crash', uuid: '558b3700-f13b-4b15-baf1-aeafacbf8cef' },
  ]);
});

test.each([
  ['------', 'running'],
  ['r-----', 'running'],
  ['rb----', 'running'],
  ['-b----', 'running'],
  ['--p---', 'paused'],
  ['-bp---', 'paused'],
  ['--ps--', 'shutdown'],
  ['---s--', 'shutdown'],
  ['---sr-', 'running'],
  ['---ss-', 'running'],
  ['---sc-', 'crashed'],
  ['----c-', 'crashed'],
  ['---sw-', 'shutdown'],
  ['---s?-', 'shutdown'],
  ['--p--d', 'dying'],
  ['---s-d', 'dying'],
  ['-----d', 'dying'],
  ['---scd', 'dying'],
  ['', 'unknown'],
  ['-----x', 'unknown'],
  ['rrrrrr', 'unknown'],
])('%s means %s', (flags, state) => {
  expect(decodeFlags(flags)).toBe(state);
});

test('a dying domain without a name keeps its uuid', () => {
  const line =
    '(null)                                       5    96     1     --p--d       9.4 18cbadb5-369d-4834-99ab-bf11dfd7925b        0                -';
  expect(readXlListVerbose(`${header}   UUID ...\n${line}\n`)).toMatchObject([
    { name: '(null)', domid: 5, state: 'dying', uuid: '18cbadb5-369d-4834-99ab-bf11dfd7925b' },
  ]);
});

test('names may hold spaces, numbers and be longer than their column', () => {
  const long = 'a'.repeat(60);
  const rows = [
    'my first 2 guests                            7    96     1     -b----       9.4',
    `${long}     8   128     2     r-----   12345.6`,
    '12                                           9   128     2     r-----       0.0',
  ];
  expect(readXlList([header, ...rows].join('\r\n')).map((d) => [d.name, d.domid, d.state])).toEqual([
    ['my first 2 guests', 7, 'running'],
    [long, 8, 'running'],
    ['12', 9, 'running'],
  ]);
});

test('a line that is not understood is an unknown domain and the rest stands', () => {
  const odd = 'odd                                          x    96     1     -b----       9.4';
  const fine = 'fine                                         7    96     1     -b----       9.4';
  const domains = readXlList([header, odd, '???', fine].join('\n'));
  expect(domains.map((d) => [d.name, d.state])).toEqual([
    ['odd', 'unknown'],
    ['???', 'unknown'],
    ['fine', 'running'],
  ]);
  expect(domains[0]?.raw).toBe(odd);
});

test('unknown letters make an unknown state but keep the numbers', () => {
  expect(
    readXlList('web1                                         7    96     1     zzzzzz       9.4'),
  ).toMatchObject([{ name: 'web1', domid: 7, memoryMib: 96, state: 'unknown', flags: 'zzzzzz' }]);
});

test('xm list leaves out domains that do not exist now', () => {
  const text = `Name                                        ID   Mem VCPUs      State   Time(s)
Domain-0                                     0  1024     2     r-----    100.0
web1                                         3   512     1     -b----     12.5
sleeping                                         512     1                 0.0
`;
  expect(readXmList(text).map((d) => [d.name, d.domid, d.state])).toEqual([
    ['Domain-0', 0, 'running'],
    ['web1', 3, 'running'],
  ]);
});

test('the recorded long list tells disks', () => {
  const { domains, problems } = readXlListLong(output('list_long_all'));
  expect(problems).toEqual([]);
  expect(domains[0]).toMatchObject({ domid: 0, name: 'Domain-0', disks: [] });
  expect(domains[1]).toEqual({
    domid: 2,
    name: 'inst1',
    uuid: '18cbadb5-369d-4834-99ab-bf11dfd7925b',
    type: 'pv',
    vcpus: 1,
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
  });
  expect(readXlListLong(output('list_long')).domains).toHaveLength(1);
});

test('a strange entry of the long list is told and the rest stands', () => {
  const { domains, problems } = readXlListLong(
    '[{"domid":"x"},{"domid":3,"config":{"c_info":{"name":"a"}}}]',
  );
  expect(domains).toMatchObject([{ domid: 3, name: 'a' }]);
  expect(problems).toHaveLength(1);
  expect(readXlListLong('nothing').problems).toHaveLength(1);
  expect(readXlListLong('')).toEqual({ domains: [], problems: [] });
});

test('the recorded dry run', () => {
  expect(readDryRun(output('create_dry_run'))).toMatchObject({
    ok: true,
    domain: { name: 'dry', type: 'pv', memoryMib: 128, disks: [{ vdev: 'xvda', readwrite: true }] },
  });
  expect(readDryRun('Parsing config')).toMatchObject({ ok: false });
});

test('the recorded host facts', () => {
  const info = readXlInfo(output('info'));
  expect(info).toMatchObject({
    host: 'node1',
    totalMemoryMib: 2047,
    freeMemoryMib: 1224,
    cpus: 1,
    xenVersion: '4.17.5',
    xenMajor: 4,
    xenMinor: 17,
    capabilities: ['xen-3.0-x86_64'],
    scheduler: 'credit2',
  });
  expect(readXlInfo(output('info_n'))).toMatchObject({ freeMemoryMib: 1224, xenMinor: 17 });
  expect(readXlInfo('__proto__ : x\ntotal_memory : lots').totalMemoryMib).toBeNull();
});

test('readers survive everything, recorded or not', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.constantFrom(...Object.values(recorded).map((entry) => entry.stdout)),
    fc.json(),
    fc
      .array(fc.constantFrom(' ', '  1', 'r-----', '-', '\t', '\n', 'a', '0.0', '(null)', '{', '"domid"'), {
        maxLength: 80,
      })
      .map((parts) => parts.join(' ')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      for (const read of [readXlList, readXlListVerbose, readXmList]) {
        for (const domain of read(text)) expect(domainSchema.safeParse(domain).success).toBe(true);
      }
      readXlListLong(text);
      readDryRun(text);
      readXlInfo(text);
    }),
    { numRuns: 500 },
  );
});

test('a line made to cost time does not', () => {
  const started = performance.now();
  readXlList(`${'a '.repeat(2000)}\n${' 1'.repeat(2000)}\n${'x'.repeat(2_000_000)}`);
  readXmList(`a${' '.repeat(4000)}\n${'1 '.repeat(2000)}`);
  expect(performance.now() - started).toBeLessThan(5000);
});
