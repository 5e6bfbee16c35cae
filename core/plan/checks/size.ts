/** Sizes that a disk can have. */
import { MAXIMUM_SIZE_BYTES, SECTOR_BYTES } from '../../storage/sizes.ts';

/** What is wrong with a size in bytes, a sentence; null when nothing is. */
export const sizeProblem = (size: number): string | null => {
  if (!Number.isFinite(size) || size <= 0)
    return `A disk can't have ${size} bytes: it holds at least one sector.`;
  if (size > MAXIMUM_SIZE_BYTES) return `A disk of ${size} bytes is too large: less than 8 PiB is allowed.`;
  if (!Number.isInteger(size / SECTOR_BYTES))
    return `${size} bytes is not a whole number of ${SECTOR_BYTES}-byte sectors.`;
  return null;
};
