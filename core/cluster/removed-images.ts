/** `removed.json`: images that no instance owned and that were moved into the trash; it says which, and where they lay. */
import { z } from 'zod';

export const removedImagesFile = 'removed.json';

export const removedImages = z.object({
  version: z.literal(1),
  /** a file that was moved into a folder of its own, or a folder that was moved as a whole */
  what: z.enum(['file', 'folder']),
  /** where it lay */
  from: z.string().startsWith('/').max(4096),
  /** exactly these are deleted when it is purged */
  files: z
    .array(z.object({ name: z.string(), inode: z.number(), size: z.number(), allocated: z.number() }))
    .max(10_000),
  by: z.string(),
  at: z.string(),
  run: z.string(),
});
export type RemovedImages = z.infer<typeof removedImages>;
