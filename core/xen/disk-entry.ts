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

const settingKeys = ['vdev', 'access', 'format', 'backendtype'] as const;

/**
 * The entry with no more than the changed words replaced, where the others can stay as they are: positional words, with or without
 * a prefix, and `key=value`. Whether xl reads the wanted disk in it has to be asked afterwards.
 */
const inItsForm = (entry: string, before: DiskSpec, wanted: DiskSpec): string => {
  const [lead = ''] = /^(?:.*?,)?\s*(?=target=)/s.exec(entry) ?? [];
  const hasTarget = /^\s*target=/.test(entry.slice(lead.length));
  const parts = (hasTarget ? lead.replace(/,\s*$/, '') : entry).split(',');
  const gap = hasTarget ? (/,\s*$/.exec(lead)?.[0] ?? '') : '';
  const put = (index: number, value: string): void => {
    const space = /^\s*/.exec(parts[index] ?? '')?.[0] ?? '';
    parts[index] = `${space}${value}`;
  };
  const short = (like: string): string =>
    like.length > 1 ? wanted.access : wanted.access === 'rw' ? 'w' : 'r';
  const isPlain = !hasTarget && !entry.includes('=');
  // path,vdev,access behind a prefix, else path,format,vdev,access
  const [format, vdev, access] = before.deprecatedPrefix === undefined ? [1, 2, 3] : [null, 1, 2];
  for (const [index, part] of parts.entries()) {
    const word = part.trim();
    const key = settingKeys.find((each) => word.startsWith(`${each}=`));
    if (key !== undefined && wanted[key] !== before[key]) put(index, `${key}=${wanted[key] ?? ''}`);
    if (!isPlain) continue;
    if (index === 0 && wanted.target !== before.target)
      put(0, `${before.deprecatedPrefix ?? ''}${wanted.target}`);
    else if (index === format && wanted.format !== before.format) put(index, wanted.format);
    else if (index === vdev && wanted.vdev !== before.vdev)
      put(index, `${wanted.vdev}${/:[a-z]+$/.exec(word)?.[0] ?? ''}`);
    else if (index === access && wanted.access !== before.access) put(index, short(word));
  }
  if (isPlain && parts.length === access && wanted.access !== before.access) parts.push(short(''));
  return hasTarget ? `${parts.join(',')}${gap}target=${wanted.target}` : parts.join(',');
};

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
  const full = inFull(wanted);
  const text = [
    entry,
    inItsForm(entry, before, wanted),
    ...(before.deprecatedPrefix === undefined ? [] : [inOlderForm(wanted)]),
    full,
  ].find((each) => says(each, wanted));
  return text === undefined
    ? { ok: false, message: `xl has no way to say this disk: ${full}` }
    : { ok: true, text };
};
