/** A fixed-size VHD is a raw disk with a footer, and told by that alone: taken as raw, a guest would see 512 bytes too many. */
import type { ImageFacts } from '../../cluster/snapshot.ts';
import { typeByName } from './told-type.ts';

/** What is kept as a raw disk stays one: its guest may have written the footer. */
export const isFixedVhd = (file: ImageFacts): boolean =>
  file.fixedVhd !== undefined && typeByName(file.name)?.type !== 'raw';

/** The file with the type that its footer tells, where it has one. */
export const byItsFooter = (file: ImageFacts): ImageFacts =>
  file.fixedVhd !== undefined && isFixedVhd(file)
    ? { ...file, type: 'vhd', virtualSize: file.fixedVhd }
    : file;

export const fixedVhdText = (path: string): string =>
  `${path} ends with the footer of a fixed-size VHD, which is no part of the disk.`;
