import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configProblems, isTakenByXl } from '../../../core/xen/config-problems.ts';

const head = "name = 'web1'\nkernel = '/boot/vmlinuz'\nmemory = 128\n";
const found = (text: string): string[] => configProblems(text).map(({ message }) => message);

test('a sound configuration has no problems, whatever unknown keys it has', () => {
  expect(
    configProblems(
      `${head}vcpus = 2\nmade_by = [ 'me' ]\nxen_shell = 'root'\ndisk = [ 'file:/a,sda1,w', 'phy:/dev/b,sdb,r' ]\ndisk += [ 'file:/c,51760,w', 'file:/d,xvdaa200,w', 'file:/e,d9p1,w' ]\nvif = [ 'mac=00:16:3e:00:00:01, bridge=br0' ]\n`,
    ),
  ).toEqual([]);
});

test('a mistake is marked from its first to its last character', () => {
  const text = `${head}disk = [\n  'file:/a,xvda,w',\n  'blah:/b,xvdb,w', # no such prefix\n]\n`;
  const [problem, ...more] = configProblems(text);
  expect(more).toEqual([]);
  expect(problem).toMatchObject({
    severity: 'error',
    refused: true,
    key: 'disk',
    line: 6,
    column: 3,
    endLine: 6,
    endColumn: 19,
  });
  expect(text.slice(problem?.start, problem?.end)).toBe("'blah:/b,xvdb,w'");
  expect(configProblems('name = "a"\nmemory = = 3\n')).toMatchObject([
    { refused: true, line: 2, column: 10, endLine: 2, endColumn: 11 },
  ]);
});

const mistakes: [string, string, RegExp, 'refused' | 'error' | 'warning'][] = [
  ['no memory', 'memory = 0', /at least 1 MiB/, 'error'],
  ['words for memory', "memory = 'much'", /whole number/, 'error'],
  ['memory put together', 'memory += 5', /\+= can't be used/, 'error'],
  ['maxmem below memory', 'maxmem = 64', /maxmem \(64 MiB\) is less/, 'error'],
  ['no processors', 'vcpus = 0', /vcpus is 0/, 'error'],
  ['more processors than at most', 'vcpus = 4\nmaxvcpus = 2', /maxvcpus \(2\)/, 'refused'],
  ['a list for a text', "root = [ '/dev/xvda1' ]", /single value/, 'error'],
  ['a text for a list', "disk = 'file:/a,xvda,w'", /disk is a list/, 'error'],
  [
    'a list among the disks',
    "disk = [ ['x'], 'file:/b,xvdb,w' ]",
    /this disk and all behind it are not attached \('file:\/b,xvdb,w'\)\./,
    'error',
  ],
  ['a number that is added', 'memory += 512', /xl passes over it\. Write memory = 512\./, 'error'],
  ['a mode that is none', 'tsc_mode = 4', /tsc_mode goes from 0 to 3/, 'refused'],
  [
    'a display said twice',
    "vfb = [ 'vnclisten=0.0.0.0:1, vncdisplay=2' ]",
    /holds a display already, so that vncdisplay=2/,
    'error',
  ],
  [
    'one MAC address in other words',
    "vif = [ 'mac=00-16-3e-12-34-56', 'mac=0:16:3E:12:34:56' ]",
    /Cards 0 and 1 both have the MAC address 00:16:3e:12:34:56/,
    'error',
  ],
  [
    'one image under two names',
    "disk = [ 'file:/a,xvda,w', 'file:/b/..//a,xvdb,w' ]",
    /are the same image/,
    'error',
  ],
  ['a type that is none', "type = 'vm'", /no type "vm"/, 'refused'],
  ['a type cut short', "type = 'p'", /takes "p" for pv/, 'warning'],
  ['type against builder', "type = 'pvh'\nbuilder = 'hvm'", /refuses both/, 'refused'],
  ["xm's builder", "builder = 'linux'", /no builder "linux"/, 'refused'],
  ['an action that is none', "on_crash = 'wait'", /can't be on_crash/, 'refused'],
  ['a uuid that is none', "uuid = 'u'", /no uuid/, 'refused'],
  ['a boot order that is none', "type = 'hvm'\nboot = 'hd'", /no boot order/, 'error'],
  ['a boot order for nothing', "boot = 'c'", /no effect on a guest of type pv/, 'warning'],
  ['root beside cmdline', "cmdline = 'a'\nroot = 'b'", /passes over root/, 'warning'],
  ['one device twice', "disk = [ 'file:/a,xvda,w', 'file:/b,xvda,w' ]", /0 and 1 are both xvda/, 'error'],
  ['a disk and a part of it', "disk = [ 'file:/a,xvda,w', 'file:/b,xvda1,w' ]", /same disk/, 'error'],
  [
    'two names for one disk',
    "disk = [ 'file:/a,xvda,w', 'file:/b,sda,w' ]",
    /one device in the guest/,
    'warning',
  ],
  ['one image twice', "disk = [ 'file:/a,xvda,r', 'file:/a,xvdb,w' ]", /same image/, 'error'],
  ['a device that is none', "disk = [ 'file:/a,foo,w' ]", /no virtual device/, 'error'],
  ['more disks than SCSI has', "disk = [ 'file:/a,sdq,w' ]", /from sda to sdp/, 'error'],
  ['more parts than SCSI has', "disk = [ 'file:/a,sda16,w' ]", /partitions to 15/, 'error'],
  ['more disks than IDE has', "disk = [ 'file:/a,hde,w' ]", /from hda to hdd/, 'error'],
  ['a numbered disk without a part', "disk = [ 'file:/a,d5,w' ]", /wants d5p1/, 'error'],
  ['a part for HVM', "type = 'hvm'\ndisk = [ 'file:/a,sda1,w' ]", /such as sda\.$/, 'error'],
  ['no image', "disk = [ 'file:,xvda,w' ]", /has no image/, 'error'],
  ['a path from nowhere', "disk = [ 'phy:vg/a,xvda,w' ]", /no absolute path/, 'error'],
  [
    'phy for qcow2',
    "disk = [ 'format=qcow2,vdev=xvda,backendtype=phy,target=/a' ]",
    /raw images only/,
    'error',
  ],
  ['tap for qcow2', "disk = [ 'format=qcow2,vdev=xvda,backendtype=tap,target=/a' ]", /raw and vhd/, 'error'],
  [
    'tap: of old',
    "disk = [ 'tap:aio:/a,xvda,w' ]",
    /ignores tap:aio: and chooses the backend itself\. To keep what xm did, write backendtype=qdisk\./,
    'warning',
  ],
  ['what xm alone took', "disk = [ 'tap:vmdk:/a,xvda,w' ]", /though xm took it/, 'refused'],
  ['no MAC address', "vif = [ 'mac=nonsense' ]", /no MAC address.*; xl may take a part of it/, 'error'],
  ["a group's MAC address", "vif = [ 'mac=01:16:3e:00:00:01' ]", /multicast/, 'error'],
  [
    'one MAC address twice',
    "vif = [ 'mac=0:16:3e:0:0:1', 'mac=00:16:3E:00:00:01' ]",
    /0 and 1 both/,
    'error',
  ],
  ['an unknown part of a card', "vif = [ 'colour=red' ]", /knows no part "colour=red"/, 'warning'],
  ['a card of no type', "vif = [ 'type=e1000' ]", /vif or ioemu/, 'error'],
  ['a rate that is none', "vif = [ 'rate=fast' ]", /no rate/, 'refused'],
  ['a key set twice', "extra = 'a'\nextra = 'b'", /set again in line 5/, 'warning'],
  ['processors that are none', "vcpus = 1\ncpus = '3-1'", /names processors/, 'refused'],
];

test.each(mistakes)('%s', (_, lines, message, weight) => {
  const problems = configProblems(`${head}${lines}\n`);
  const wanted = problems.filter((each) => message.test(each.message));
  expect(wanted).toMatchObject([
    { severity: weight === 'warning' ? 'warning' : 'error', refused: weight === 'refused' },
  ]);
  expect(problems.every((each) => /^\S.*\.$/s.test(each.message))).toBe(true);
  expect(isTakenByXl(`${head}${lines}\n`)).toBe(weight !== 'refused');
});

test('many entries and long lines cost time in proportion', () => {
  const many = Array.from({ length: 40_000 }, (_, at) => `'file:/${at},d${at}p1,w'`).join(',');
  const started = performance.now();
  expect(found(`${head}disk = [ ${many}, 'file:/x,d7p1,w' ]\n`)).toEqual([
    'Disks 7 and 40000 are both d7p1.',
  ]);
  expect(found(`${head}${'x = 1;'.repeat(40_000)}\n`)).toHaveLength(39_999);
  expect(found(`${head}${Array.from({ length: 20_000 }, (_, at) => `x_${at} = 1;`).join('')}\n`)).toEqual([]);
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('what is missing is said at the top', () => {
  expect(found('')).toEqual([
    expect.stringContaining('no name'),
    expect.stringContaining('memory = … is missing'),
    expect.stringContaining('needs a kernel'),
  ]);
  expect(found("type = 'hvm'\nname = 'a'\nmemory = 5\n")).toEqual([]);
});

test('places stand within the text, in order, and cost little on a large one', () => {
  const piece = fc.constantFrom(
    "name = 'a'",
    "kernel = ['k']",
    'memory = 0',
    'vcpus += 1',
    "disk = [ 'file:/a,xvda,w', 5, ['x'] ]",
    "disk += [ '' ]",
    "vif = [ 'rate=x,mac=1' ]",
    "type = ''",
    "builder = 'x'",
    "cpus = 'x'",
    "boot = 'é'",
    '#',
    '\r',
    '"',
    ']',
    'on_crash = 5',
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(piece, fc.constantFrom('\n', ';', '\r\n', ' ', '')), { maxLength: 12 }),
      (pieces) => {
        const text = pieces.flat().join('');
        let before = 0;
        for (const { start, end, line, column, message } of configProblems(text)) {
          expect(start).toBeGreaterThanOrEqual(before);
          before = start;
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(text.length);
          const lines = text.slice(0, start).split('\n');
          expect([line, column]).toEqual([lines.length, (lines.at(-1)?.length ?? 0) + 1]);
          expect(message).toMatch(/\.$/);
        }
      },
    ),
    { numRuns: 1000 },
  );
  const started = performance.now();
  expect(configProblems("extra = 'a'\n".repeat(20_000)).length).toBeGreaterThan(19_000);
  configProblems(Array.from({ length: 20_000 }, (_, index) => `key_${index} = 1\n`).join(''));
  configProblems(`disk = [${"'file:/a,xvda,w',".repeat(3000)}]`);
  expect(performance.now() - started).toBeLessThan(20_000);
});
