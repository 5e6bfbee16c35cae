import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkDriver, DRIVER_ENTRIES, FILE_DRIVERS, fileTypesOf } from '../../../core/storage/drivers.ts';
import {
  FILE_TYPE_ENTRIES,
  FILE_TYPES,
  SNIFF_BYTES,
  sniffFileType,
} from '../../../core/storage/file-types.ts';

test('every entry carries its help', () => {
  for (const driver of FILE_DRIVERS) {
    const entry = DRIVER_ENTRIES[driver];
    expect(entry.name).toBe(driver);
    expect(entry.advantages.length + entry.disadvantages.length).toBeGreaterThan(1);
  }
  for (const type of FILE_TYPES) expect(FILE_TYPE_ENTRIES[type].advantages.length).toBeGreaterThan(0);
});

test('who serves what', () => {
  expect(fileTypesOf('loop', 'xl')).toEqual(['raw']);
  expect(fileTypesOf('blktap', 'xl')).toEqual(['raw', 'qcow', 'qcow2']);
  expect(fileTypesOf('blktap', 'xm')).toEqual(['raw', 'qcow', 'qcow2', 'vmdk']);
  expect(fileTypesOf('ublkback', 'xl')).toEqual([]);
  expect(checkDriver('loop', 'raw', 'xl')).toEqual({ ok: true });
  expect(checkDriver('loop', 'qcow2', 'xl')).toEqual({
    ok: false,
    message: 'The driver loop serves raw images, not qcow2. Choose the driver blktap, or a raw image.',
  });
  expect(checkDriver('blktap', 'vmdk', 'xl')).toMatchObject({
    ok: false,
    message: expect.stringContaining('converted copy'),
  });
  expect(checkDriver('ublkback', 'raw', 'xl')).toMatchObject({
    ok: false,
    message: expect.stringContaining('No released Xen'),
  });
});

const bytes = (text: string, at = 0) => {
  const all = new Uint8Array(SNIFF_BYTES);
  for (let index = 0; index < text.length; index += 1) all[at + index] = text.charCodeAt(index);
  return all;
};

test('types are told by their header', () => {
  expect(sniffFileType(bytes('QFI\u00fb\0\0\0\u0001'))).toBe('qcow');
  expect(sniffFileType(bytes('QFI\u00fb\0\0\0\u0002'))).toBe('qcow2');
  expect(sniffFileType(bytes('QFI\u00fb\0\0\0\u0003'))).toBe('qcow2');
  expect(sniffFileType(bytes('KDMV\u0001'))).toBe('vmdk');
  expect(sniffFileType(bytes('COWD'))).toBe('vmdk');
  expect(sniffFileType(bytes('# Disk DescriptorFile\nversion=1'))).toBe('vmdk');
  expect(sniffFileType(bytes('conectix'))).toBe('vhd');
  expect(sniffFileType(bytes('vhdxfile'))).toBe('vhdx');
  expect(sniffFileType(bytes('\u007f\u0010\u00da\u00be', 64))).toBe('vdi');
  expect(sniffFileType(bytes('QED\0'))).toBe('qed');
  expect(sniffFileType(new Uint8Array(0))).toBe('raw');
  expect(sniffFileType(bytes('QFI'))).toBe('raw');
  const footer = new Uint8Array(512);
  footer.set(new TextEncoder().encode('conectix'));
  expect(sniffFileType(new Uint8Array(SNIFF_BYTES), footer)).toBe('vhd');
});

test('a view into a larger buffer is read at its own place', () => {
  const large = new Uint8Array(200);
  large.set(bytes('QFI\u00fb\0\0\0\u0002'), 100);
  expect(sniffFileType(large.subarray(100))).toBe('qcow2');
});

test('any bytes are survived', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (all) => void sniffFileType(all)));
});
