/** Disks of an xen.cfg that is there: one added, changed or taken out, everything else and all comments as they were. */
import type { Dialect } from '../storage/drivers.ts';
import { setSetting } from './config-edit.ts';
import { getSetting, parseConfig, printConfig } from './config-syntax.ts';
import { readDisk } from './disk-spec.ts';
import { type DiskFacts, writeDisk } from './disk-writer.ts';

export type EditedConfig = { ok: true; text: string } | { ok: false; message: string };

const refused = (message: string): EditedConfig => ({ ok: false, message });

/** What we do not interpret of a disk's entry (`discard` and the like) goes on to the entry that takes its place. */
const withOptions = (entry: string, options: readonly string[], dialect: Dialect): string =>
  dialect === 'xl' && options.length > 0
    ? entry.replace('target=', () => `${options.join(', ')}, target=`)
    : entry;

/**
 * @param path of the image whose entry is meant; null: a new entry at the end
 * @param disk what the entry shall say; null: it is taken out
 */
export const editDisk = (
  text: string,
  path: string | null,
  disk: DiskFacts | null,
  dialect: Dialect,
): EditedConfig => {
  const reading = parseConfig(text);
  if (!reading.ok)
    return refused(
      `xen.cfg can't be read at line ${reading.error.line}, column ${reading.error.column}: ${reading.error.message}`,
    );
  const value = getSetting(reading.tree, 'disk') ?? [];
  if (!Array.isArray(value)) return refused('disk in xen.cfg is not a list.');
  const found = value.flatMap((item, index) => {
    const spec = typeof item === 'string' ? readDisk(item) : null;
    return spec?.ok && spec.disk.target === path ? [{ index, options: spec.disk.options }] : [];
  });
  const [first, ...more] = found;
  if (path !== null && !first) return refused(`xen.cfg does not attach ${path}.`);
  if (more.length > 0) return refused(`xen.cfg attaches ${path ?? ''} ${found.length} times.`);
  let entry: string | null = null;
  if (disk !== null) {
    const written = writeDisk(disk, dialect);
    if (!written.ok) return refused(written.message);
    entry = withOptions(written.text, first?.options ?? [], dialect);
  }
  const items = [...value];
  if (first) items.splice(first.index, 1, ...(entry === null ? [] : [entry]));
  else if (entry !== null) items.push(entry);
  return { ok: true, text: printConfig(setSetting(reading.tree, 'disk', items)) };
};
