/** Tables and pairs of plain text, aligned with spaces. */
import { printable } from './terminal.ts';

export type Column = { title: string; right?: boolean };

const oneLine = (text: string): string => printable(text).replaceAll(/\s*\n\s*/g, ' ');

/** Columns two spaces apart, the last one not filled up. An empty cell shows as "-". */
export const table = (columns: readonly Column[], rows: readonly (readonly string[])[]): string => {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => row.map((cell) => oneLine(cell) || '-')),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, index) => {
          const width = widths[index] ?? 0;
          return columns[index]?.right ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

/** "Name:    value" lines; a value of several lines is indented under its first. */
export const pairs = (entries: readonly (readonly [string, string])[]): string => {
  const width = Math.max(0, ...entries.map(([name]) => name.length)) + 3;
  return entries
    .map(
      ([name, value]) =>
        `${`${name}:`.padEnd(width)}${printable(value).replaceAll('\n', `\n${' '.repeat(width)}`)}`,
    )
    .join('\n');
};

/** Every line moved to the right. */
export const indented = (text: string, spaces = 2): string => text.replaceAll(/^(?=.)/gm, ' '.repeat(spaces));

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes for a column: at most one decimal, so not exact; "4 GiB", "1.5 GiB", "0 B". */
export const shortBytes = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`;
};

/** MiB for a column. */
export const shortMebibytes = (mebibytes: number): string => shortBytes(mebibytes * 1024 * 1024);

/** "2026-05-01 13:37:00" in the workstation's own time; "-" for none. */
export const timeText = (ms: number | null): string => {
  if (ms === null) return '-';
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return Number.isNaN(date.getTime()) ? '-' : date.toISOString().slice(0, 19).replace('T', ' ');
};
