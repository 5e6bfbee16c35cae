import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  collectImages,
  diskLetters,
  diskNumber,
  imageName,
  parseImageName,
} from '../../../core/storage/image-names.ts';

const uuid = '0d9c3ab0-f4d5-4244-a398-2dbdd95a1f05';

test('images are named in order', () => {
  expect([0, 1, 25, 26, 27, 51, 52, 701, 702].map(imageName)).toEqual([
    'sda',
    'sdb',
    'sdz',
    'sdaa',
    'sdab',
    'sdaz',
    'sdba',
    'sdzz',
    'sdaaa',
  ]);
  expect(() => imageName(-1)).toThrow(RangeError);
  expect(() => imageName(0.5)).toThrow(RangeError);
});

test('letters and numbers are each other’s inverse', () => {
  fc.assert(fc.property(fc.nat(17_000), (index) => diskNumber(diskLetters(index)) === index));
});

test('our own names and those of Ganeti are recognised', () => {
  expect(parseImageName('sda')).toEqual({ scheme: 'letter', index: 0 });
  expect(parseImageName('sdaa')).toEqual({ scheme: 'letter', index: 26 });
  expect(parseImageName('disk10')).toEqual({ scheme: 'disk', index: 10 });
  expect(parseImageName(`${uuid}.file.disk0`)).toEqual({ scheme: 'file', index: 0 });
  expect(parseImageName(`${uuid}.sharedfile.disk3`)).toEqual({ scheme: 'sharedfile', index: 3 });
  for (const other of [
    'sda1',
    'sd',
    'SDA',
    'disk01',
    'disk',
    'sda\n',
    'xsda',
    `${uuid}.disk0`,
    'instance.json',
    '.lock',
    '..',
  ])
    expect(parseImageName(other), other).toBeNull();
});

test('a folder’s disks are found in order', () => {
  const found = collectImages(['sdb', 'instance.json', 'sda', 'xen.cfg']);
  expect(found.disks.map((disk) => disk.name)).toEqual(['sda', 'sdb']);
  expect(found.problems).toEqual([]);
  expect(found.others).toEqual(['instance.json', 'xen.cfg']);
});

test('gaps and doubles are told, and a double is never taken', () => {
  const found = collectImages(['sda', 'disk0', 'sdc', 'sdf']);
  expect(found.disks.map((disk) => disk.name)).toEqual(['sdc', 'sdf']);
  expect(found.problems.map((problem) => problem.code)).toEqual(['ambiguous', 'gap', 'gap']);
  expect(found.problems[1]?.message).toMatch(/disk 1 is missing/);
  expect(found.problems[2]?.message).toMatch(/disks 3 to 4 are missing/);
  expect(collectImages(['readme']).problems.map((problem) => problem.code)).toEqual(['none']);
});

test('any listing is survived and nothing is lost', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('sda', 'sdb', 'disk1'))), (names) => {
      const { disks, others, problems } = collectImages(names);
      const told = problems.filter((p) => p.code === 'ambiguous').reduce((sum, p) => sum + p.names.length, 0);
      expect(disks.length + others.length + told).toBe(names.length);
    }),
  );
});
