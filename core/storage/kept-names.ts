/**
 * Names of files that were an instance's disk and are kept beside its images until somebody lets them go:
 * `sda.before-RUN.raw` is what a conversion replaced, `sdb.removed-RUN.raw` a disk that was taken out. Their type as it was
 * recorded is in the name, because its guest could write any header into a raw disk. And names of copies that are being made.
 */
import { FILE_TYPES, FOREIGN_FILE_TYPES, type SniffedFileType } from './file-types.ts';

export type KeptWhy = 'before' | 'removed';
/** `type`: as it was recorded; null in names that an older VBDesk gave. */
export type KeptImage = { image: string; why: KeptWhy; run: string; type: SniffedFileType | null };

const KEPT = /^([A-Za-z0-9][A-Za-z0-9._-]*)\.(before|removed)-([a-z0-9]{1,64})(?:\.([a-z0-9]+))?$/;

/** The base name under which a file is kept. */
export const keptName = (image: string, why: KeptWhy, run: string, type: SniffedFileType): string =>
  `${image}.${why}-${run}.${type}`;

/** Null for every other name. */
export const parseKeptName = (name: string): KeptImage | null => {
  const [, image, why, run, said] = KEPT.exec(name) ?? [];
  if (image === undefined || run === undefined || (why !== 'before' && why !== 'removed')) return null;
  const type = [...FILE_TYPES, ...FOREIGN_FILE_TYPES].find((each) => each === said) ?? null;
  return said !== undefined && type === null ? null : { image, why, run, type };
};

/** The base name of an image while it is made and not yet proved. */
export const partialName = (image: string, run: string): string => `${image}.partial.${run}`;

/** A copy that was not finished. */
export const isPartialName = (name: string): boolean => /\.partial(\.[a-z0-9]+)?$/.test(name);
