/** Intents that change the disks of one instance. Its guest is stopped for each of them. */
import { z } from 'zod';
import { fileDriver } from '../cluster/record.ts';

const instance = z.string().min(1).max(255);
/** The disk's number in the record, from 0. */
const disk = z.number().int().min(0).max(25);
const madeType = z.enum(['raw', 'qcow2']);
export const allocation = z.enum(['sparse', 'full']);

export const growIntent = z.strictObject({
  kind: z.literal('grow'),
  instance,
  disk,
  /** bytes: what the disk shall have, or how many more (`by`) */
  size: z.number(),
  by: z.boolean(),
});
/** The image in another file type; the old file is kept beside it. */
export const convertIntent = z.strictObject({
  kind: z.literal('convert'),
  instance,
  disk,
  to: madeType,
  /** absent: the disk's own driver */
  driver: fileDriver.optional(),
});
/** Internal snapshots of a qcow2 image. */
export const snapshotIntent = z.strictObject({
  kind: z.literal('snapshot'),
  instance,
  disk,
  /** `revert` loses what is in the image now */
  change: z.enum(['create', 'revert', 'delete']),
  tag: z.string().max(255),
});
export const diskAddIntent = z.strictObject({
  kind: z.literal('disk-add'),
  instance,
  source: z.discriminatedUnion('from', [
    /** `size` null: that of the base */
    z.strictObject({
      from: z.literal('new'),
      size: z.number().nullable(),
      type: madeType,
      allocation,
      base: z.string().nullable(),
    }),
    /**
     * a file that lies in the instance's folder already, such as a disk that was removed; by its base name. `size`, here and below:
     * what a guest sees of it, for a type of which the probe does not tell; it is held against the image
     */
    z.strictObject({
      from: z.literal('file'),
      file: z.string().min(1).max(255),
      size: z.number().optional(),
    }),
    /** a copy of any image below a storage directory, converted; the image itself stays as it is */
    z.strictObject({
      from: z.literal('import'),
      path: z.string(),
      type: madeType,
      size: z.number().optional(),
    }),
  ]),
  /** absent: the next one that is free */
  vdev: z.string().max(16).optional(),
  mode: z.enum(['rw', 'ro']),
  /** absent: that of the first disk */
  driver: fileDriver.optional(),
});
export const diskRemoveIntent = z.strictObject({
  kind: z.literal('disk-remove'),
  instance,
  disk,
  /** false: the file stays beside the others under another name */
  purge: z.boolean(),
});
/** Deletes a file that a conversion or a removal of a disk kept. By its base name. */
export const releaseIntent = z.strictObject({
  kind: z.literal('release'),
  instance,
  file: z.string().min(1).max(255),
});

/** What the export script of its OS definition makes of a disk, into a new file on the node. */
export const osExportIntent = z.strictObject({
  kind: z.literal('os-export'),
  instance,
  disk,
  output: z.string().max(4096),
});

export type OsExportIntent = z.infer<typeof osExportIntent>;
export type GrowIntent = z.infer<typeof growIntent>;
export type ConvertIntent = z.infer<typeof convertIntent>;
export type SnapshotIntent = z.infer<typeof snapshotIntent>;
export type DiskAddIntent = z.infer<typeof diskAddIntent>;
export type DiskRemoveIntent = z.infer<typeof diskRemoveIntent>;
export type ReleaseIntent = z.infer<typeof releaseIntent>;
