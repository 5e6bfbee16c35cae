/** Mistakes in `disk = [ … ]`, one entry alone and all together. */
import { type DiskSpec, readDisk } from './disk-spec.ts';
import type { ProblemList, Range } from './problem-list.ts';
import { formatVdev, parseVdev, troubleOfVdev, type Vdev } from './vdev.ts';

const TAP_FORMATS = ['raw', 'vhd'];

const checkOne = (list: ProblemList, item: Range, disk: DiskSpec, type: string): void => {
  const vdev = parseVdev(disk.vdev);
  const trouble = troubleOfVdev(disk.vdev);
  if (trouble !== null) list.error('disk', item, trouble);
  else if (type === 'hvm' && vdev !== null && vdev.partition !== null && !disk.cdrom)
    list.error(
      'disk',
      item,
      `${disk.vdev} is a partition; the controllers of HVM guests take whole disks, such as ${formatVdev({ ...vdev, partition: null })}.`,
    );
  if (disk.cdrom || disk.format === 'empty') return;
  if (disk.target === '') list.error('disk', item, `The disk ${disk.vdev} has no image.`);
  else if (disk.script === undefined && !disk.target.startsWith('/'))
    list.error(
      'disk',
      item,
      `${JSON.stringify(disk.target)} is no absolute path, and xl looks for it where it happens to be started.`,
    );
  if (disk.script !== undefined) return;
  if (disk.backendtype === 'phy' && disk.format !== 'raw')
    list.error(
      'disk',
      item,
      `backendtype=phy serves raw images only, not ${disk.format}. Leave it out or write qdisk.`,
    );
  if (disk.backendtype === 'tap' && !TAP_FORMATS.includes(disk.format))
    list.error(
      'disk',
      item,
      `backendtype=tap serves raw and vhd images only, not ${disk.format}. Write qdisk.`,
    );
  if (disk.deprecatedPrefix?.startsWith('tap') === true)
    list.warn(
      'disk',
      item,
      `xl passes over ${disk.deprecatedPrefix} but for the format, and chooses the backend itself; backendtype=qdisk says what ${disk.deprecatedPrefix} said to xm.`,
    );
};

type Device = { index: number; text: string; vdev: Vdev | null };

/** Two entries may be one device, or one may be a part of the other. */
const checkDevice = (
  list: ProblemList,
  item: Range,
  index: number,
  text: string,
  type: string,
  before: Device[],
): void => {
  const vdev = parseVdev(text);
  const same = before.find((other) => other.text === text);
  const sameDisk = (other: Device): boolean =>
    vdev !== null &&
    other.vdev !== null &&
    vdev.disk === other.vdev.disk &&
    (vdev.partition === other.vdev.partition || vdev.partition === null || other.vdev.partition === null);
  const part = before.find((other) => other.vdev?.bus === vdev?.bus && sameDisk(other));
  const alike = type === 'hvm' ? undefined : before.find(sameDisk);
  if (same) list.error('disk', item, `Disks ${same.index} and ${index} are both ${text}.`);
  else if (part) list.error('disk', item, `${part.text} and ${text} are the same disk of the guest.`);
  else if (alike)
    list.warn(
      'disk',
      item,
      `${alike.text} and ${text} may be one device in the guest: Linux calls both xvd…, and takes only the first.`,
    );
  before.push({ index, text, vdev });
};

/** Reports what is wrong with the entries of `disk`. */
export const problemsOfDisks = (
  list: ProblemList,
  items: readonly (Range & { text: string })[],
  type: string,
): void => {
  const devices: Device[] = [];
  const images = new Map<string, { index: number; writes: boolean }>();
  for (const [index, item] of items.entries()) {
    const reading = readDisk(item.text);
    if (!reading.ok) {
      list.refuse('disk', item, reading.message);
      continue;
    }
    const { disk } = reading;
    if (disk.refusedByXl !== undefined) {
      list.refuse('disk', item, `xl refuses this disk, though xm took it: ${disk.refusedByXl}.`);
      continue;
    }
    checkOne(list, item, disk, type);
    checkDevice(list, item, index, disk.vdev, type, devices);
    if (disk.target === '' || disk.cdrom) continue;
    const writes = disk.access === 'rw';
    const other = images.get(disk.target);
    if (other && (writes || other.writes))
      list.error(
        'disk',
        item,
        `Disks ${other.index} and ${index} are the same image, ${disk.target}; written to by both, it is destroyed.`,
      );
    images.set(disk.target, { index, writes: writes || other?.writes === true });
  }
};
