import { expect, test } from 'vitest';
import { isTakenByXl } from '../../../core/xen/config-problems.ts';
import { disksOfConfig, readInstanceConfig } from '../../../core/xen/config-reader.ts';
import { parseConfig, printConfig } from '../../../core/xen/config-syntax.ts';
import { CONFIG_TABLE } from '../../fixtures/xen-4.17/config-table.ts';

test('the table is long enough, and each of its lines is another', () => {
  expect(CONFIG_TABLE.length).toBeGreaterThanOrEqual(60);
  expect(new Set(CONFIG_TABLE.map(({ title }) => title)).size).toBe(CONFIG_TABLE.length);
  expect(new Set(CONFIG_TABLE.map(({ text }) => text)).size).toBe(CONFIG_TABLE.length);
});

test.each(CONFIG_TABLE)('$title', ({ text, disks }) => {
  expect(isTakenByXl(text)).toBe(disks !== null);
  const parsed = parseConfig(text);
  if (parsed.ok) expect(printConfig(parsed.tree)).toBe(text);
  if (disks === null) return;
  const reading = readInstanceConfig(text);
  if (!reading.ok) throw new Error(reading.error.message);
  expect(
    disksOfConfig(reading.config).map(({ target, vdev, format, access, cdrom }) => [
      target,
      vdev,
      format,
      access,
      cdrom ? 'cdrom' : 'disk',
    ]),
  ).toEqual(disks);
});
