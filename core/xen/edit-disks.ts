/** Disks of an xen.cfg that is there: one added, changed or taken out, everything else and all comments as they were. */
import type { Dialect } from '../storage/drivers.ts';
import { setSetting } from './config-edit.ts';
import { getSetting, parseConfig, printConfig } from './config-syntax.ts';
import { changeDiskEntry } from './disk-entry.ts';
import { type DiskSpec, driverOf, mayBeFile, plainPath, readDisk } from './disk-spec.ts';
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

const isAs = (spec: DiskSpec, disk: DiskFacts): boolean =>
  spec.target === disk.path &&
  spec.vdev === disk.vdev &&
  spec.access === disk.mode &&
  spec.format === disk.fileType &&
  driverOf(spec) === disk.driver;

/** The entry with as little changed as makes it this disk. */
const entryAs = (entry: string, spec: DiskSpec, disk: DiskFacts, dialect: Dialect): EditedConfig => {
  if (isAs(spec, disk)) return { ok: true, text: entry };
  const { fileType: format } = disk;
  const changed =
    dialect === 'xl' && format !== 'vdi' && format !== 'vhdx'
      ? changeDiskEntry(entry, {
          target: disk.path,
          vdev: disk.vdev,
          access: disk.mode,
          format,
          cdrom: false,
        })
      : null;
  const reading = changed?.ok ? readDisk(changed.text) : null;
  if (changed?.ok && reading?.ok && isAs(reading.disk, disk)) return changed;
  const written = writeDisk(disk, dialect);
  return written.ok ? { ok: true, text: withOptions(written.text, spec.options, dialect) } : written;
};

/**
 * The disks of a record and no other image files. Each keeps the entry that it has, by its path or else its device; block devices
 * and CD drives stay, unless they hold a device or an image of the record.
 */
export const setDisks = (text: string, disks: readonly DiskFacts[], dialect: Dialect): EditedConfig => {
  const reading = parseConfig(text);
  if (!reading.ok)
    return refused(
      `xen.cfg can't be read at line ${reading.error.line}, column ${reading.error.column}: ${reading.error.message}`,
    );
  const value = getSetting(reading.tree, 'disk') ?? [];
  if (!Array.isArray(value)) return refused('disk in xen.cfg is not a list.');
  const left = new Map<number, { entry: string; spec: DiskSpec }>();
  for (const [index, item] of value.entries()) {
    const spec = typeof item === 'string' ? readDisk(item) : null;
    if (typeof item === 'string' && spec?.ok) left.set(index, { entry: item, spec: spec.disk });
  }
  const take = (
    fits: (spec: DiskSpec) => boolean,
  ): [number, { entry: string; spec: DiskSpec }] | undefined => {
    const found = [...left].find(([, each]) => fits(each.spec));
    if (found) left.delete(found[0]);
    return found;
  };
  const byPath = disks.map((disk) => take((spec) => spec.target === disk.path));
  const entries = new Map<number, string>();
  const added: string[] = [];
  for (const [index, disk] of disks.entries()) {
    const found = byPath[index] ?? take((spec) => spec.vdev === disk.vdev);
    const made = found ? entryAs(found[1].entry, found[1].spec, disk, dialect) : writeDisk(disk, dialect);
    if (!made.ok) return made;
    if (found) entries.set(found[0], made.text);
    else added.push(made.text);
  }
  const own = new Set(disks.map((each) => plainPath(each.path)));
  const goes = ({ target, cdrom, ...spec }: DiskSpec): boolean =>
    (target !== '' && own.has(plainPath(target))) || (!cdrom && mayBeFile({ target, cdrom, ...spec }));
  const kept = value.flatMap((item, index) => {
    const other = left.get(index);
    if (other && goes(other.spec)) return [];
    return [entries.get(index) ?? item];
  });
  const items = [...kept, ...added];
  const same = items.length === value.length && items.every((item, index) => item === value[index]);
  return same ? { ok: true, text } : { ok: true, text: printConfig(setSetting(reading.tree, 'disk', items)) };
};
