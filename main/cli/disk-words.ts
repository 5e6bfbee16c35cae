/** What commands about disks share: an instance's disk as people name it, sizes, and the words of `disk add`. */
import type { InstanceView } from '../../core/cluster/instances.ts';
import { keyValues } from '../../core/ganeti/words.ts';
import type { DiskAddIntent } from '../../core/plan/disk-intents.ts';
import { shown } from '../../core/storage/checked.ts';
import { FILE_DRIVERS } from '../../core/storage/drivers.ts';
import { parseSize } from '../../core/storage/sizes.ts';
import { usageError } from './cli-error.ts';

/** A disk by its number, by the name of its file, or by its device. */
export const diskIndex = (view: InstanceView, text: string): number => {
  if (/^[0-9]{1,2}$/.test(text) && Number(text) <= 25) return Number(text);
  const found = view.disks.find(
    (each) => each.vdev === text || each.path.slice(each.path.lastIndexOf('/') + 1) === text,
  );
  if (found) return found.index;
  const disks = view.disks.map(
    (each) => `${each.index} (${each.vdev}, ${each.path.slice(each.path.lastIndexOf('/') + 1)})`,
  );
  throw usageError(
    `${view.name} has no disk ${shown(text)}. A disk is named by its number, its file or its device: ${disks.join(', ') || 'it has none'}.`,
    'unknown-disk',
  );
};

/** "10G", or "+2G" for so much more. */
export const sizeOf = (text: string): { size: number; by: boolean } => {
  const by = text.startsWith('+');
  const size = parseSize(by ? text.slice(1) : text);
  if (!size.ok) throw usageError(size.message, 'bad-input');
  return { size: size.bytes, by };
};

export const oneOf = <T extends string>(option: string, text: string, allowed: readonly T[]): T => {
  const found = allowed.find((each) => each === text);
  if (found === undefined)
    throw usageError(`${option} is ${allowed.join(' or ')}, not ${shown(text)}.`, 'bad-input');
  return found;
};

const KEYS = ['size', 'type', 'vdev', 'mode', 'driver', 'allocation', 'base', 'file', 'import'];

/** The words of `disk add`: `size=5G[,type=qcow2,…]`, `file=NAME` or `import=PATH`, in one word or several. */
export const parseDiskAdd = (words: readonly string[]): Omit<DiskAddIntent, 'kind' | 'instance'> => {
  const { values, problems } = keyValues(words.join(','));
  const text = (key: string): string | undefined => {
    const value = values.get(key);
    if (value !== undefined && typeof value !== 'string') problems.push(`${key} needs a value.`);
    return typeof value === 'string' ? value : undefined;
  };
  for (const key of values.keys())
    if (!KEYS.includes(key)) problems.push(`${shown(key)} is none of ${KEYS.join(', ')}.`);
  const [size, type, vdev, mode, driver, allocation, base, file, path] = KEYS.map(text);
  const isNew = file === undefined && path === undefined;
  if (isNew ? size === undefined && base === undefined : file !== undefined && path !== undefined)
    problems.push(
      'Say exactly one of size=5G (or base=PATH) for a new image, file=NAME for a file in its folder, and import=PATH.',
    );
  if (file !== undefined && type !== undefined)
    problems.push('type is told by the file itself; convert the disk afterwards if it shall be another one.');
  if (file !== undefined || path !== undefined)
    if (allocation !== undefined || base !== undefined)
      problems.push('allocation and base are for new images.');
  if (problems.length > 0) throw usageError(problems.join('\n'), 'bad-input');
  const made =
    type === undefined ? (base === undefined ? 'raw' : 'qcow2') : oneOf('type', type, ['raw', 'qcow2']);
  const known = size === undefined ? {} : { size: sizeOf(size).size };
  const source: DiskAddIntent['source'] =
    file !== undefined
      ? { from: 'file', file, ...known }
      : path !== undefined
        ? { from: 'import', path, type: made, ...known }
        : {
            from: 'new',
            size: size === undefined ? null : sizeOf(size).size,
            type: made,
            allocation: oneOf('allocation', allocation ?? 'sparse', ['sparse', 'full']),
            base: base ?? null,
          };
  return {
    source,
    mode: oneOf('mode', mode ?? 'rw', ['rw', 'ro']),
    ...(vdev === undefined ? {} : { vdev }),
    ...(driver === undefined ? {} : { driver: oneOf('driver', driver, FILE_DRIVERS) }),
  };
};
