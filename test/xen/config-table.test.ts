/** xl itself says of every configuration in the table what our reader says: taken or refused, and which disks. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CONFIG_TABLE, type TableDisk } from '../fixtures/xen-4.17/config-table.ts';
import { ensureLab } from './lab/index.ts';

/** What xl prints of a disk; it leaves out what is as by default. */
const printed = z.object({
  disks: z
    .array(
      z.object({
        pdev_path: z.string().default(''),
        vdev: z.string(),
        format: z.string(),
        readwrite: z.number().default(0),
        is_cdrom: z.number().default(0),
      }),
    )
    .default([]),
});

const disksIn = (json: string): TableDisk[] =>
  printed
    .parse(JSON.parse(json))
    .disks.map((disk) => [
      disk.pdev_path,
      disk.vdev,
      disk.format,
      disk.readwrite === 1 ? 'rw' : 'ro',
      disk.is_cdrom === 1 ? 'cdrom' : 'disk',
    ]);

// One configuration a line on stdin, its number and its bytes; xl reads from nowhere else, and is given up after a minute.
const script = `
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
while read -r number text; do
  printf %s "$text" | base64 -d > "$directory/table.cfg" || exit 1
  timeout 60 xl create -n "$directory/table.cfg" < /dev/null > "$directory/out" 2> "$directory/words"
  printf '======%s %s\\n' "$number" "$?"
  cat "$directory/out"
  printf '======\\n'
  cat "$directory/words"
done`;

describe('real Xen', () => {
  test('xl create -n agrees with our reader on the whole table', async () => {
    const lab = await ensureLab({ nodes: 2, purpose: 'configurations that xl takes or refuses' });
    try {
      const input = CONFIG_TABLE.map(
        ({ text }, index) => `${index} ${Buffer.from(text, 'utf8').toString('base64')}\n`,
      ).join('');
      const { code, stdout, stderr } = await lab.run('node1', script, { input });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      // [before the first, number and code of 0, output of 0, words of 0, number and code of 1, …]
      const parts = stdout.split(/^======(?:(\d+) (\d+))?\n/m).slice(1);
      const seen = CONFIG_TABLE.map(({ title }, index) => {
        const at = index * 6;
        const [number, exit, output = '', , , words = ''] = parts.slice(at, at + 6);
        expect(number).toBe(String(index));
        return {
          title,
          taken: exit === '0',
          disks: exit === '0' ? disksIn(output) : null,
          // Refused for a mistake in the configuration, and not because xl itself was in trouble.
          trouble: ['0', '1', '3'].includes(exit ?? '') ? null : `exit code ${exit ?? 'none'}: ${words}`,
        };
      });
      expect(parts).toHaveLength(CONFIG_TABLE.length * 6);
      expect(seen).toEqual(
        CONFIG_TABLE.map(({ title, disks }) => ({ title, taken: disks !== null, disks, trouble: null })),
      );
    } finally {
      await lab.close();
    }
  });
});
