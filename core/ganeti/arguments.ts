import { z } from 'zod';
import { fileDriver, guestSettings } from '../cluster/record.ts';

/** What `gnt-instance add` says, in neither dialect. */

/** Something that was said and has no effect here, with the reason. It is always shown, never dropped in silence. */
export type Ignored = { option: string; reason: string };

/** Outcome of reading one option's value: all its problems at once, or what it means and what of it has no effect. */
export type Parsed<T> = { ok: true; value: T; ignored: Ignored[] } | { ok: false; problems: string[] };

export const diskArgument = z.strictObject({
  index: z.int().min(0),
  /** In bytes. May be absent only where the image exists already. */
  size: z.int().optional(),
  /** Absent: raw for a new image, told by the header for an existing one. */
  type: z.enum(['raw', 'qcow', 'qcow2', 'vmdk']).optional(),
  vdev: z.string().optional(),
  mode: z.enum(['rw', 'ro']),
  /** Absent: sparse. */
  allocation: z.enum(['sparse', 'full']).optional(),
  /** A linked clone: the image on which it builds. */
  base: z.string().optional(),
  /** A converted copy of this image. */
  import: z.string().optional(),
  /** A name for people. */
  name: z.string().optional(),
  /** File to take over, in the folder or by its path. */
  adopt: z.string().optional(),
});
export type DiskArgument = z.infer<typeof diskArgument>;

export const nicArgument = z.strictObject({
  index: z.int().min(0),
  bridge: z.string().optional(),
  /** Absent: made up. */
  mac: z.string().optional(),
  ip: z.string().optional(),
  script: z.string().optional(),
  model: z.string().optional(),
});
export type NicArgument = z.infer<typeof nicArgument>;

export const createArguments = z.strictObject({
  name: z.string(),
  /** Directory for the files, absolute. Absent: the cluster's default. */
  path: z.string().optional(),
  driver: fileDriver,
  /** Take the images that are in the folder instead of making new ones. */
  reuse: z.boolean(),
  disks: z.array(diskArgument),
  node: z.string(),
  secondary: z.string().optional(),
  os: z.string(),
  /** Of an OS definition. `osSecrets` are never shown. */
  osParameters: z.record(z.string(), z.string()).optional(),
  osSecrets: z.record(z.string(), z.string()).optional(),
  /** Files on the node that the import script of the OS definition writes to the disks. */
  osImport: z.array(z.strictObject({ disk: z.int().min(0), file: z.string() })).optional(),
  /** False: only the name of the operating system is kept. */
  install: z.literal(false).optional(),
  guest: guestSettings,
  nics: z.array(nicArgument),
  start: z.boolean(),
  tags: z.array(z.string()),
});
export type CreateArguments = z.infer<typeof createArguments>;
