/**
 * `instance.json`, the record beside the images: who may start the instance, and of what it consists.
 * Source: the design document's `logical_id` triple; SAFETY "The record: who may start it".
 */
import { z } from 'zod';

export const fileDriver = z.enum(['loop', 'blktap', 'ublkback']);
export type FileDriver = z.infer<typeof fileDriver>;
export const fileType = z.enum(['raw', 'qcow', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi']);
export type FileType = z.infer<typeof fileType>;

export const diskRecord = z.strictObject({
  /** `[driver, file type, absolute path on the node]`, as the design document demands. */
  logical_id: z.tuple([fileDriver, fileType, z.string().min(1).max(4096)]),
  /** The guest's device: `xvda` (a whole disk) or `xvda1` (a bare filesystem). */
  vdev: z.string().min(1).max(16),
  mode: z.enum(['rw', 'ro']),
  /** Size that the guest sees, in bytes. */
  size: z.number().int().min(512),
});
export type DiskRecord = z.infer<typeof diskRecord>;

export const nicRecord = z.strictObject({
  mac: z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/),
  bridge: z.string().min(1).max(15),
});
export type NicRecord = z.infer<typeof nicRecord>;

/** How the guest boots. Paths are on the node (Dom0). */
export const guestSettings = z.strictObject({
  type: z.enum(['pv', 'pvh', 'hvm']),
  memoryMib: z.number().int().min(1),
  maxMemoryMib: z.number().int().min(1).optional(),
  vcpus: z.number().int().min(1).max(512),
  kernel: z.string().max(4096).optional(),
  ramdisk: z.string().max(4096).optional(),
  root: z.string().max(255).optional(),
  extra: z.string().max(2048).optional(),
  bootloader: z.string().max(4096).optional(),
  boot: z.string().max(8).optional(),
});
export type GuestSettings = z.infer<typeof guestSettings>;

/** A person's or a fence agent's word that a node was down, kept for good. */
export const vouching = z.strictObject({
  node: z.string(),
  /** user@workstation */
  who: z.string(),
  /** how they know */
  how: z.string().max(500),
  /** ISO 8601 */
  when: z.string(),
});
export type Vouching = z.infer<typeof vouching>;

/** Where the folder was when the record was written; when it does not match, this folder is a copy. */
export const place = z.strictObject({
  /** random id in the storage directory's `.vbdesk-storage` */
  storage: z.string(),
  path: z.string(),
  inode: z.number().int(),
});
export type Place = z.infer<typeof place>;

export const instanceRecord = z.strictObject({
  version: z.literal(1),
  uuid: z.uuid(),
  name: z.string(),
  /** random at each write */
  id: z.string(),
  /** former ids, newest first, at most 64 */
  ancestors: z.array(z.string()).max(64),
  /** +1 at each change of primary */
  generation: z.number().int().min(1),
  /** the one node that may start it; null in the middle of a hand-over */
  primary: z.string().nullable(),
  secondary: z.string().nullable(),
  /**
   * The node to which a live migration was begun; it may run the guest as well as the primary may, until a later write says
   * how that ended. Absent otherwise.
   */
  next: z.string().optional(),
  /** former primaries, newest first, without duplicates */
  formerPrimaries: z.array(z.string()).max(200),
  /**
   * Nodes that hold a replica, or may: somebody may have gone on from it. Written before a replica comes to be, and shortened only
   * after one was taken away: a word too many is asked for, never one too few. Absent when there is none, and in records that were
   * written before it was kept; older ones leave out the secondary.
   */
  replicaNodes: z.array(z.string()).max(1000).optional(),
  adminState: z.enum(['up', 'down']),
  os: z.string(),
  guest: guestSettings,
  disks: z.array(diskRecord).max(26),
  nics: z.array(nicRecord).max(8),
  place,
  /** oldest first; the last word on a node is kept for good */
  vouchings: z.array(vouching).max(200),
  /** ISO 8601 */
  created: z.string(),
  /** user@workstation, ISO 8601 and run of the last write */
  written: z.strictObject({ by: z.string(), at: z.string(), run: z.string() }),
});
export type InstanceRecord = z.infer<typeof instanceRecord>;

/** `.lock` in an instance's folder while a run holds it. No clock decides anything; `at` is for people. */
export const lockContent = z.object({
  run: z.string(),
  user: z.string(),
  workstation: z.string(),
  title: z.string(),
  nodes: z.array(z.string()),
  place: z.string(),
  at: z.string(),
});
export type LockContent = z.infer<typeof lockContent>;
