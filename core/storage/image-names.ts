/** Names of image files inside an instance's folder: our own (`sda`, `sdb`, …) and those that Ganeti wrote. */

/** How an image came by its name: `letter` is ours and the design document's, the others are Ganeti's. */
export type ImageNameScheme = 'letter' | 'disk' | 'file' | 'sharedfile';

export type ParsedImageName = { scheme: ImageNameScheme; index: number };

export type CollectedImage = { index: number; name: string; scheme: ImageNameScheme };

/**
 * What stands against taking a folder's files for disks:
 * `gap` a number is missing between two disks, `ambiguous` several files claim one number, `none` no file is an image.
 */
export type ImageNameProblem = { code: 'gap' | 'ambiguous' | 'none'; message: string; names: string[] };

export type CollectedImages = {
  /** In order of their index; of an ambiguous index none is taken. */
  disks: CollectedImage[];
  problems: ImageNameProblem[];
  /** Names that are no image's, in the order given. */
  others: string[];
};

/** The most disks that one instance may have. Ganeti's limit, too. */
export const MAXIMUM_DISKS = 16;

const LETTERS = 26;

/** The letters of a disk number as Linux counts: 0 is `a`, 25 is `z`, 26 is `aa`. */
export function diskLetters(index: number): string {
  if (!Number.isSafeInteger(index) || index < 0)
    throw new RangeError(`A disk's number is 0 or more, not ${index}.`);
  let rest = index;
  let letters = '';
  do {
    letters = String.fromCharCode(97 + (rest % LETTERS)) + letters;
    rest = Math.floor(rest / LETTERS) - 1;
  } while (rest >= 0);
  return letters;
}

/** The disk number of letters, the inverse of {@link diskLetters}. Expects only a to z. */
export function diskNumber(letters: string): number {
  let number = 0;
  for (const letter of letters) number = number * LETTERS + (letter.charCodeAt(0) - 96);
  return number - 1;
}

/**
 * The file name of a new image.
 * @param index 0 and up
 * @returns `sda`, …, `sdz`, `sdaa`, …
 * @throws RangeError for a negative or broken index
 */
export function imageName(index: number): string {
  return `sd${diskLetters(index)}`;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const LETTER_NAME = /^sd([a-z]{1,3})$/;
const DISK_NAME = /^disk(0|[1-9][0-9]{0,3})$/;
const GANETI_NAME = new RegExp(`^${UUID}\\.(file|sharedfile)\\.disk(0|[1-9][0-9]{0,3})$`);

/** Recognises a base name as an image's. Null for every other name, `sda1` (a partition's name) included. */
export function parseImageName(name: string): ParsedImageName | null {
  const letter = LETTER_NAME.exec(name)?.[1];
  if (letter !== undefined) return { scheme: 'letter', index: diskNumber(letter) };
  const disk = DISK_NAME.exec(name)?.[1];
  if (disk !== undefined) return { scheme: 'disk', index: Number(disk) };
  const ganeti = GANETI_NAME.exec(name);
  if (ganeti) return { scheme: ganeti[1] === 'file' ? 'file' : 'sharedfile', index: Number(ganeti[2]) };
  return null;
}

function list(names: string[]): string {
  return names.map((name) => JSON.stringify(name)).join(' and ');
}

/**
 * Finds the disks among the names of a folder.
 * @param names base names in any order
 */
export function collectImages(names: readonly string[]): CollectedImages {
  const byIndex = new Map<number, CollectedImage[]>();
  const others: string[] = [];
  for (const name of names) {
    const parsed = parseImageName(name);
    if (!parsed) {
      others.push(name);
      continue;
    }
    const image = { index: parsed.index, name, scheme: parsed.scheme };
    const same = byIndex.get(parsed.index);
    if (same) same.push(image);
    else byIndex.set(parsed.index, [image]);
  }
  const disks: CollectedImage[] = [];
  const problems: ImageNameProblem[] = [];
  const indexes = [...byIndex.keys()].sort((a, b) => a - b);
  let expected = 0;
  for (const index of indexes) {
    const images = byIndex.get(index) ?? [];
    if (index > expected) {
      const missing =
        index - expected === 1 ? `disk ${expected} is` : `disks ${expected} to ${index - 1} are`;
      problems.push({
        code: 'gap',
        message: `The folder holds disk ${index}, but ${missing} missing. Disks are numbered from 0 without gaps.`,
        names: images.map((image) => image.name),
      });
    }
    expected = index + 1;
    const [only] = images;
    if (images.length === 1 && only) {
      disks.push(only);
      continue;
    }
    const claiming = images.map((image) => image.name).sort();
    problems.push({
      code: 'ambiguous',
      message: `${list(claiming)} all claim to be disk ${index}. Say which one it is by naming its file.`,
      names: claiming,
    });
  }
  if (indexes.length === 0) {
    problems.push({
      code: 'none',
      message:
        'No file here is named like an image: sda, sdb and so on, or disk0, or <uuid>.file.disk0 as Ganeti names them.',
      names: [],
    });
  }
  return { disks, problems, others };
}
