/** What the probe's passes over a storage directory print: the listing, and `head -v` of many files. */

/** One entry of the listing; `path` is relative to the storage directory. */
export type Entry = {
  /** find's letter: f, d, l, … */
  kind: string;
  device: number;
  inode: number;
  size: number;
  allocated: number;
  /** names that it has: more than one with hard links */
  links: number;
  /** ms since the epoch */
  modified: number;
  path: string;
};

/** Reads `find -printf '%y %D %i %s %b %n %T@ %P\0'`. Names may hold anything. */
export const readListing = (bytes: Buffer): Entry[] =>
  bytes
    .toString('utf8')
    .split('\0')
    .flatMap((line) => {
      const match = /^(.) (\d+) (\d+) (\d+) (\d+) (\d+) (-?\d+)(?:\.(\d+))? ([\s\S]+)$/.exec(line);
      if (!match) return [];
      const [, kind = '', device, inode, size, blocks, links, seconds, fraction = '0', path = ''] = match;
      return [
        {
          kind,
          device: Number(device),
          inode: Number(inode),
          size: Number(size),
          allocated: Number(blocks) * 512,
          links: Number(links),
          modified: Number(seconds) * 1000 + Math.floor(Number(`0.${fraction}`) * 1000),
          path,
        },
      ];
    });

const heading = Buffer.from('==> ./');
const headingEnd = Buffer.from(' <==\n');
const newline = 0x0a;

/**
 * Reads `head -v` of files whose lengths are known, so that no content can pose as a heading. A file that changed its length in
 * between is found out, because no heading follows where one must; it is left out of `contents` and named in `changed`.
 * @param lengthOf bytes printed of the file with this path (relative, without `./`), null for a file that was not asked for
 */
export const readDump = (
  bytes: Buffer,
  lengthOf: (path: string) => number | null,
): { contents: Map<string, Buffer>; changed: string[] } => {
  const contents = new Map<string, Buffer>();
  const changed: string[] = [];
  /** The heading that begins here, if one does; length null: a file newer than the listing. The first one of each `head` has no
   * empty line before it. */
  const headingAt = (position: number): { path: string; start: number; length: number | null } | null => {
    const at = bytes[position] === newline ? position + 1 : position;
    if (!bytes.subarray(at, at + heading.length).equals(heading)) return null;
    const lineEnd = bytes.indexOf(newline, at);
    if (lineEnd < 0 || !bytes.subarray(lineEnd + 1 - headingEnd.length, lineEnd + 1).equals(headingEnd))
      return null;
    const path = bytes.subarray(at + heading.length, lineEnd + 1 - headingEnd.length).toString('utf8');
    return { path, start: lineEnd + 1, length: lengthOf(path) };
  };
  let position = 0;
  while (position < bytes.length) {
    const file = headingAt(position);
    if (file === null || file.length === null) {
      // only after a file that changed or is new: on to the next thing that can be a heading
      const next = bytes.indexOf('\n==> ./', position + 1);
      if (next < 0) break;
      position = next;
      continue;
    }
    const end = file.start + file.length;
    const whole = end <= bytes.length && (end === bytes.length || headingAt(end) !== null);
    if (whole) {
      contents.set(file.path, bytes.subarray(file.start, end));
      position = end;
    } else {
      changed.push(file.path);
      // it may have shrunk: the next heading can begin at once, before the empty line
      position = file.start;
    }
  }
  return { contents, changed };
};
