/** Mistakes in `disk = [ … ]`, one entry alone and all together. */
import { type DiskSpec, plainPath, readDisk } from './disk-spec.ts';
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
      `xl ignores ${disk.deprecatedPrefix} and chooses the backend itself. To keep what xm did, write backendtype=qdisk.`,
    );
};

type Device = { index: number; text: string };

/** What a device takes, and what it can't stand beside: a whole disk meets each of its partitions, and they it. */
const placesOf = (bus: string, { disk, partition }: Vdev): { takes: string[]; meets: string[] } => {
  const [own, whole, any] = [partition ?? 'whole', 'whole', 'any'].map((part) => `${bus} ${disk} ${part}`);
  const all = (keys: (string | undefined)[]) => keys.flatMap((key) => key ?? []);
  return { takes: all([own, any]), meets: all(partition === null ? [any] : [whole, own]) };
};

/** The devices so far, by what they take, so that each new one is compared with its like only. */
class Devices {
  private readonly byText = new Map<string, Device>();
  private readonly byPlace = new Map<string, Device>();

  private first(places: readonly string[]): Device | undefined {
    const found = places.flatMap((place) => this.byPlace.get(place) ?? []);
    return found.sort((one, other) => one.index - other.index)[0];
  }

  /** Two entries may be one device, or one may be a part of the other. */
  check(list: ProblemList, item: Range, index: number, text: string, type: string): void {
    const vdev = parseVdev(text);
    const own = vdev && placesOf(vdev.bus, vdev);
    // in the guest, where Linux gives them all one name
    const there = vdev && placesOf('', vdev);
    const same = this.byText.get(text);
    const part = own && this.first(own.meets);
    const alike = type === 'hvm' || !there ? undefined : this.first(there.meets);
    if (same) list.error('disk', item, `Disks ${same.index} and ${index} are both ${text}.`);
    else if (part) list.error('disk', item, `${part.text} and ${text} are the same disk of the guest.`);
    else if (alike)
      list.warn(
        'disk',
        item,
        `${alike.text} and ${text} may be one device in the guest: Linux calls both xvd…, and takes only the first.`,
      );
    const device = { index, text };
    if (!same) this.byText.set(text, device);
    for (const place of [...(own?.takes ?? []), ...(there?.takes ?? [])])
      if (!this.byPlace.has(place)) this.byPlace.set(place, device);
  }
}

/** Reports what is wrong with the entries of `disk`. */
export const problemsOfDisks = (
  list: ProblemList,
  items: readonly (Range & { text: string })[],
  type: string,
): void => {
  const devices = new Devices();
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
    devices.check(list, item, index, disk.vdev, type);
    if (disk.target === '' || disk.cdrom) continue;
    const writes = disk.access === 'rw';
    const path = plainPath(disk.target);
    const other = images.get(path);
    if (other && (writes || other.writes))
      list.error(
        'disk',
        item,
        `Disks ${other.index} and ${index} are the same image, ${disk.target}; written to by both, it is destroyed.`,
      );
    images.set(path, { index, writes: writes || other?.writes === true });
  }
};
