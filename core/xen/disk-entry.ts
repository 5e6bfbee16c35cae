/** One entry of `disk = [ … ]` changed in part, in the form that it has where that form can say it. */
import { type DiskSpec, readDisk } from './disk-spec.ts';

export type DiskChange = Partial<
  Pick<DiskSpec, 'target' | 'format' | 'vdev' | 'access' | 'cdrom' | 'backendtype'>
>;

export type DiskEntry = { ok: true; text: string } | { ok: false; message: string };

/** Writes any disk as `key=value`, the target last, the only form that can say everything. */
const inFull = (disk: DiskSpec): string =>
  [
    ...(disk.format === 'empty' ? [] : [`format=${disk.format}`]),
    `vdev=${disk.vdev}`,
    `access=${disk.access}`,
    ...(disk.cdrom ? ['devtype=cdrom'] : []),
    ...(disk.backendtype === undefined ? [] : [`backendtype=${disk.backendtype}`]),
    ...(disk.backendDomain === undefined ? [] : [`backend=${disk.backendDomain}`]),
    ...(disk.script === undefined ? [] : [`script=${disk.script}`]),
    ...disk.options,
    ...(disk.target === '' && disk.cdrom ? [] : [`target=${disk.target}`]),
  ].join(', ');

/** Writes a disk in the older form `file:/path,sda,w`, which knows no more than that. */
const inOlderForm = (disk: DiskSpec): string =>
  `${disk.deprecatedPrefix ?? ''}${disk.target},${disk.vdev}${disk.cdrom ? ':cdrom' : ''},${disk.access === 'rw' ? 'w' : 'r'}`;

const KEYS = [
  'target',
  'format',
  'vdev',
  'access',
  'cdrom',
  'backendtype',
  'script',
  'backendDomain',
] as const;

/** The wanted disk and no other is what xl reads in the text. */
const says = (text: string, wanted: DiskSpec): boolean => {
  const reading = readDisk(text);
  return (
    reading.ok &&
    reading.disk.refusedByXl === undefined &&
    KEYS.every((key) => reading.disk[key] === wanted[key]) &&
    reading.disk.options.join() === wanted.options.join()
  );
};

/**
 * Changes an entry. It keeps its form where that form can say the change, and is written as `key=value` else.
 * @returns the entry, or why there is none that xl would read as the wanted disk
 */
export const changeDiskEntry = (entry: string, change: DiskChange): DiskEntry => {
  const reading = readDisk(entry);
  if (!reading.ok) return reading;
  const { refusedByXl: _, ...before } = reading.disk;
  const wanted: DiskSpec = { ...before, ...change };
  if (change.backendtype === undefined && 'backendtype' in change) delete wanted.backendtype;
  // A CD is read only, and a drive without one is empty.
  if (wanted.cdrom) wanted.access = 'ro';
  if (wanted.cdrom && wanted.target === '') wanted.format = 'empty';
  else if (wanted.format === 'empty') wanted.format = 'raw';
  if (says(entry, wanted)) return { ok: true, text: entry };
  const older = inOlderForm(wanted);
  if (before.deprecatedPrefix !== undefined && says(older, wanted)) return { ok: true, text: older };
  const full = inFull(wanted);
  if (says(full, wanted)) return { ok: true, text: full };
  return {
    ok: false,
    message: `xl has no way to say this disk: ${full}`,
  };
};
