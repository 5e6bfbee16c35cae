/** A file that becomes a disk, or is copied to become one: what a guest sees of it. */
import { virtualSizeOf } from '../../cluster/backing.ts';
import type { ImageFacts } from '../../cluster/snapshot.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { sizeProblem } from './size.ts';

/** What a guest sees of a file: by the probe, else as it was said; and what stands against that. */
export const sizeOfFile = (
  path: string,
  file: ImageFacts,
  said: number | undefined,
): { size: number; problem: null } | { size: null; problem: { code: string; text: string } } => {
  const wrong = (code: string, text: string) => ({ size: null, problem: { code, text } });
  if (file.kind !== 'file') return wrong('not-a-file', `${path} is not a regular file but a ${file.kind}.`);
  if (file.type === null) return wrong('unreadable', `${path} could not be read.`);
  const known = virtualSizeOf(file);
  if (known !== null && said !== undefined && said !== known)
    return wrong('size-differs', `A guest sees ${formatBytes(known)} of ${path}, not ${formatBytes(said)}.`);
  const size = known ?? said ?? null;
  if (size === null)
    return wrong(
      'size-unknown',
      `The size that a guest sees of ${path} (${file.type}) is not known here: say it, as in size=10G (qemu-img info ${path} on the node tells it). It is held against the image.`,
    );
  const problem = sizeProblem(size);
  return problem === null ? { size, problem } : wrong('disk-size', `${path}: ${problem}`);
};
