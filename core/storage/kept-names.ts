/**
 * Names of files that were an instance's disk and are kept beside its images until somebody lets them go:
 * `sda.before-RUN` is what a conversion replaced, `sdb.removed-RUN` a disk that was taken out. And of copies that are being made.
 */

export type KeptWhy = 'before' | 'removed';
export type KeptImage = { image: string; why: KeptWhy; run: string };

const KEPT = /^([A-Za-z0-9][A-Za-z0-9._-]*)\.(before|removed)-([a-z0-9]{1,64})$/;

/** The base name under which a file is kept. */
export const keptName = (image: string, why: KeptWhy, run: string): string => `${image}.${why}-${run}`;

/** Null for every other name. */
export const parseKeptName = (name: string): KeptImage | null => {
  const [, image, why, run] = KEPT.exec(name) ?? [];
  return image === undefined || run === undefined || (why !== 'before' && why !== 'removed')
    ? null
    : { image, why, run };
};

/** The base name of an image while it is made and not yet proved. */
export const partialName = (image: string, run: string): string => `${image}.partial.${run}`;

/** A copy that was not finished. */
export const isPartialName = (name: string): boolean => /\.partial(\.[a-z0-9]+)?$/.test(name);
