/** The frame of the probe's answer: sections behind a token that no file of the node can know. */

export type ProbeInput = {
  /** logical paths */
  storageDirectories: string[];
  /** logical path of the cluster's own directory of templates, which is looked into like a storage directory */
  templateDirectory?: string | undefined;
  /** further files whose existence matters now: kernels, ramdisks, bootloaders */
  bootFiles: string[];
};

/** Directories that the probe looks into, by their numbers; the template directory is the last one. */
export const lookedInto = ({ storageDirectories, templateDirectory }: ProbeInput): string[] => [
  ...storageDirectories,
  ...(templateDirectory === undefined ? [] : [templateDirectory]),
];

/** The node answered, but not so that its state is known. The message is a sentence for people. */
export class ProbeError extends Error {}

export type Sections = {
  bytes(name: string): Buffer;
  text(name: string): string;
  has(name: string): boolean;
};

/** @throws ProbeError when this is not a whole answer */
export const readSections = (stdout: Buffer): Sections => {
  const start = /^vbdesk-probe ([0-9a-f]{32})$/m.exec(stdout.toString('latin1'));
  if (!start) {
    const seen = stdout.subarray(0, 200).toString('utf8').trim();
    throw new ProbeError(
      `The node did not answer the probe${seen === '' ? '' : `; it printed ${JSON.stringify(seen)} instead`}. Is /bin/sh there, and is it quiet?`,
    );
  }
  const separator = Buffer.from(`\n${start[1]} `);
  const found = new Map<string, Buffer>();
  let at = stdout.indexOf(separator, start.index);
  while (at >= 0) {
    const lineEnd = stdout.indexOf(0x0a, at + separator.length);
    if (lineEnd < 0) break;
    const name = stdout.subarray(at + separator.length, lineEnd).toString('utf8');
    const next = stdout.indexOf(separator, lineEnd);
    found.set(name, stdout.subarray(lineEnd + 1, next < 0 ? stdout.length : next));
    at = next;
  }
  if (found.has('busy'))
    throw new ProbeError(
      'Another probe of this node is still running and does not end. Its storage or its toolstack may be hanging.',
    );
  if (!found.has('end'))
    throw new ProbeError('The answer to the probe was cut off. Ask again; if it stays so, look at the node.');
  const bytes = (name: string): Buffer => found.get(name) ?? Buffer.alloc(0);
  return { bytes, text: (name) => bytes(name).toString('utf8'), has: (name) => found.has(name) };
};

/** A file system that does not count inodes (btrfs, 9p) reports none at all: it has as many as it likes. */
export const inodesOf = (free: number, total: number): number =>
  total === 0 ? Number.MAX_SAFE_INTEGER : free;
