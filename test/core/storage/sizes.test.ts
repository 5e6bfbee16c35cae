import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatBytes,
  formatMebibytes,
  formatSizeArgument,
  GIBIBYTE,
  MAXIMUM_SIZE_BYTES,
  MEBIBYTE,
  parseMemory,
  parseSize,
} from '../../../core/storage/sizes.ts';

test.each([
  ['5G', 5 * GIBIBYTE],
  ['5g', 5 * GIBIBYTE],
  ['10GiB', 10 * GIBIBYTE],
  ['10 GB', 10 * GIBIBYTE],
  ['1.5G', 1.5 * GIBIBYTE],
  ['0.5K', 512],
  ['512B', 512],
  ['1T', 1024 * GIBIBYTE],
  ['7P', 7 * 1024 ** 5],
  ['1500', 1500 * MEBIBYTE],
  [' 2G ', 2 * GIBIBYTE],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toEqual({ ok: true, bytes });
});

test.each([
  '',
  '0',
  '0G',
  '-5G',
  '1e30',
  '5Q',
  'abc',
  '1.1B',
  '0.3G',
  '513B',
  '100B',
  '8P',
  '64P',
  '65P',
  'NaN',
  '5G;',
  '5G\n6G',
  '０５G',
  '1,5G',
  '+5G',
  '0x10',
])('%j is refused with what is allowed', (text) => {
  const result = parseSize(text);
  expect(result.ok).toBe(false);
  if (!result.ok) expect(result.message).toMatch(/such as 5G/);
});

test('the largest size is taken and one sector more is not', () => {
  expect(parseSize(`${MAXIMUM_SIZE_BYTES}B`)).toEqual({ ok: true, bytes: MAXIMUM_SIZE_BYTES });
  expect(parseSize(`${MAXIMUM_SIZE_BYTES + 512}B`).ok).toBe(false);
});

test('what is written is read again, exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MAXIMUM_SIZE_BYTES / 512 }), (sectors) => {
      expect(parseSize(formatSizeArgument(sectors * 512))).toEqual({ ok: true, bytes: sectors * 512 });
    }),
  );
});

test('parseSize never throws', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void parseSize(text)));
});

test('bytes are shown without loss', () => {
  expect(formatBytes(0)).toBe('0 bytes');
  expect(formatBytes(1)).toBe('1 byte');
  expect(formatBytes(512)).toBe('512 bytes');
  expect(formatBytes(5 * GIBIBYTE)).toBe('5 GiB');
  expect(formatBytes(1.5 * GIBIBYTE)).toBe('1.5 GiB');
  expect(formatBytes(1537 * MEBIBYTE)).toBe('1537 MiB');
  expect(formatBytes(5 * GIBIBYTE + 1)).toBe('5.00 GiB (5368709121 bytes)');
  expect(formatBytes(2_147_484_672)).toBe('2.00 GiB (2147484672 bytes)');
  expect(formatMebibytes(512)).toBe('512 MiB');
  expect(formatMebibytes(2048)).toBe('2 GiB');
});

test('every shown size either names all its bytes or is exact', () => {
  const units: Record<string, number> = {
    KiB: 1024,
    MiB: MEBIBYTE,
    GiB: GIBIBYTE,
    TiB: 1024 ** 4,
    PiB: 1024 ** 5,
  };
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      const text = formatBytes(bytes);
      if (/bytes?\)?$/.test(text)) return text.includes(String(bytes));
      const [number, unit] = text.split(' ');
      return Number(number) * (units[unit ?? ''] ?? 0) === bytes;
    }),
  );
});

test('memory is whole MiB', () => {
  expect(parseMemory('512M')).toEqual({ ok: true, mebibytes: 512 });
  expect(parseMemory('2g')).toEqual({ ok: true, mebibytes: 2048 });
  expect(parseMemory('128')).toEqual({ ok: true, mebibytes: 128 });
  for (const bad of ['0', '1K', '1.3M', '-1', '17T', '']) expect(parseMemory(bad).ok, bad).toBe(false);
});
