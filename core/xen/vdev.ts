import { diskLetters, diskNumber } from '../storage/image-names.ts';

/** Names of virtual devices, as a guest's configuration calls its disks. */

/**
 * A parsed vdev. `partition` null: the image is a whole disk with a partition table; a number: the image is that partition, a
 * bare file system. The two are different layouts, and emulated controllers of HVM guests take whole disks only.
 */
export type Vdev = { bus: 'xvd' | 'sd' | 'hd' | 'd'; disk: number; partition: number | null };

/** What {@link isPlainVdev} and the forms say about it. */
export const VDEV_RULE =
  'A virtual device is xvd, sd or hd with letters, such as xvda, sda or hda (a whole disk), and perhaps a partition from 1 to 255, ' +
  'such as sda1 (a bare file system).';

const LETTERED = /^(xvd|sd|hd)([a-z]{1,3})([1-9][0-9]{0,2})?$/;
const NUMBERED = /^d([0-9]{1,5})(?:p([1-9][0-9]{0,2}))?$/;
const MAXIMUM_PARTITION = 255;

/** Reads a vdev; null for what is none (xl would refuse to attach it, or read a raw device number). */
export function parseVdev(text: string): Vdev | null {
  const lettered = LETTERED.exec(text);
  if (lettered) {
    const [, bus, letters = '', digits] = lettered;
    const partition = digits === undefined ? null : Number(digits);
    if (partition !== null && partition > MAXIMUM_PARTITION) return null;
    return { bus: bus === 'sd' || bus === 'hd' ? bus : 'xvd', disk: diskNumber(letters), partition };
  }
  const numbered = NUMBERED.exec(text);
  if (!numbered) return null;
  const partition = numbered[2] === undefined ? null : Number(numbered[2]);
  if (partition !== null && partition > MAXIMUM_PARTITION) return null;
  return { bus: 'd', disk: Number(numbered[1]), partition };
}

/** Writes a vdev, the inverse of {@link parseVdev}. */
export function formatVdev(vdev: Vdev): string {
  if (vdev.bus === 'd') return `d${vdev.disk}${vdev.partition === null ? '' : `p${vdev.partition}`}`;
  return `${vdev.bus}${diskLetters(vdev.disk)}${vdev.partition ?? ''}`;
}

/** What an image attached as this device has to hold; null where the name is no device, or only its number. */
export function layoutOfVdev(text: string): 'a whole disk' | 'a bare file system' | null {
  const vdev = parseVdev(text);
  if (vdev === null) return null;
  return vdev.partition === null ? 'a whole disk' : 'a bare file system';
}

/** True for a vdev that may stand in a record and be written. */
export function isPlainVdev(text: string): boolean {
  return parseVdev(text) !== null;
}

/** How far xl counts on the buses of old: it has no number for a disk or a partition beyond. */
const LIMITS = { sd: { disk: 15, partition: 15 }, hd: { disk: 3, partition: 63 } } as const;
const DEVICE_NUMBER = /^(?:0[xX][0-9a-fA-F]+|[0-9]+)$/;

/** Why xl can't attach a disk as this device, a whole sentence; null where it can. */
export function troubleOfVdev(text: string): string | null {
  // The number of a device is as good as its name.
  if (DEVICE_NUMBER.test(text)) return null;
  const vdev = parseVdev(text);
  if (vdev === null)
    return `${JSON.stringify(text)} is no virtual device, such as xvda, sda or hda (a whole disk) or sda1 (a bare file system).`;
  if (vdev.bus === 'd')
    return vdev.partition === null ? `${text} lacks its partition: xl wants d${vdev.disk}p1, or xvda.` : null;
  if (vdev.bus === 'xvd') return null;
  const limit = LIMITS[vdev.bus];
  if (vdev.disk <= limit.disk && (vdev.partition ?? 0) <= limit.partition) return null;
  return `xl knows no ${text}: it counts from ${vdev.bus}a to ${vdev.bus}${diskLetters(limit.disk)}, and partitions to ${limit.partition}. xvd… goes further.`;
}
