/**
 * What the nodes said: one `NodeFacts` for each node's last answer, gathered to a `Snapshot`.
 * All sizes are bytes unless the name says MiB; all paths are logical (without a practice node's root).
 */
import { z } from 'zod';
import { runningConfig } from '../xen/running-config.ts';
import { fileType, instanceRecord, lockContent } from './record.ts';
import { removedImages } from './removed-images.ts';
import { replicaRecord } from './replica.ts';
import { cluster, membership } from './schema.ts';

export const domainState = z.enum(['running', 'paused', 'shutdown', 'crashed', 'dying', 'unknown']);
export const domain = z.object({
  name: z.string(),
  domid: z.number().int(),
  /** null when the domain can't be attributed (a dying domain without one blocks) */
  uuid: z.string().nullable(),
  memoryMib: z.number(),
  vcpus: z.number(),
  state: domainState,
  /** the six letters as xl printed them */
  flags: z.string(),
  cpuSeconds: z.number(),
  /** what it is made of; absent where that is not told (Domain-0, xm), and in what was remembered before this was asked */
  config: runningConfig.optional(),
});
export type DomainFacts = z.infer<typeof domain>;

export const imageFacts = z.object({
  name: z.string(),
  /** apparent size of the file */
  size: z.number(),
  /** bytes that the file takes on the storage */
  allocated: z.number(),
  /** ms since the epoch, by the storage's clock */
  modified: z.number(),
  inode: z.number(),
  device: z.number(),
  /** names that the file has: more than one with hard links; absent in what was remembered before this was asked */
  links: z.number().optional(),
  /** by magic bytes; raw when none is known; null when it could not be read */
  type: fileType.nullable(),
  kind: z.enum(['file', 'symlink', 'other']),
  /** bytes that a guest sees, as the header has them; absent where it tells nothing, and for raw images, which have none */
  virtualSize: z.number().optional(),
  /** name of the file on which a qcow or qcow2 image builds, as its header has it; null: on none; absent where that is not known */
  backing: z.string().nullable().optional(),
  /**
   * It ends with the footer of a fixed-size VHD, which has no header and so is told as raw: bytes that the footer says a guest sees.
   * Only in files whose length is odd for a raw disk; what a record calls raw stays raw.
   */
  fixedVhd: z.number().optional(),
});
export type ImageFacts = z.infer<typeof imageFacts>;

/** Something that was there but could not be understood, with the reason. */
const broken = z.object({ error: z.string() });

const recordFacts = z
  .union([
    z.object({ ok: z.literal(true), record: instanceRecord }),
    z.object({ ok: z.literal(false), ...broken.shape }),
  ])
  .nullable();
const lockFacts = z
  .union([
    z.object({ ok: z.literal(true), lock: lockContent }),
    z.object({ ok: z.literal(false), ...broken.shape }),
  ])
  .nullable();
const replicaFacts = z.union([
  z.object({ ok: z.literal(true), replica: replicaRecord }),
  z.object({ ok: z.literal(false), ...broken.shape }),
]);

export const folderFacts = z.object({
  /** the storage directory */
  storage: z.string(),
  /** absolute path of the folder */
  path: z.string(),
  name: z.string(),
  inode: z.number(),
  device: z.number(),
  record: recordFacts,
  lock: lockFacts,
  /** text of xen.cfg; null when there is none */
  config: z.string().nullable(),
  /** true when a replica.json lies here */
  replica: z.boolean(),
  /** what that replica.json says; absent when there is none, and in answers of earlier versions */
  replicaRecord: replicaFacts.optional(),
  files: z.array(imageFacts),
});
export type FolderFacts = z.infer<typeof folderFacts>;

const removedImagesFacts = z.union([
  z.object({ ok: z.literal(true), note: removedImages }),
  z.object({ ok: z.literal(false), ...broken.shape }),
]);

/** A folder in `.trash` with what is known of it beside its name: a record, and the lock of a removal that was cut off. */
export const trashFacts = z.object({
  name: z.string(),
  record: recordFacts,
  lock: lockFacts,
  /** what the replica.json of a discarded replica says; absent when there is none, and in answers of earlier versions */
  replicaRecord: replicaFacts.optional(),
  /** what its removed.json says, where images that nobody owned were removed; absent when there is none */
  removedImages: removedImagesFacts.optional(),
  /** bytes that its files take on the storage; absent, as `files`, in what was remembered before this was asked */
  allocated: z.number().optional(),
  /** its files, but for the record and the like */
  files: z
    .array(
      z.object({
        name: z.string(),
        size: z.number(),
        allocated: z.number(),
        modified: z.number(),
        /** by its header, and on what it builds as that has it; absent in what was remembered before this was asked */
        type: fileType.nullable().optional(),
        backing: z.string().nullable().optional(),
      }),
    )
    .optional(),
});
export type TrashFacts = z.infer<typeof trashFacts>;

export const storageFacts = z.object({
  path: z.string(),
  /** content of `.vbdesk-storage` */
  id: z.string().nullable(),
  state: z.enum(['ok', 'missing', 'not-a-directory', 'symlink', 'not-answering']),
  device: z.number(),
  filesystem: z.string(),
  /** options of the mount, as findmnt tells them: "rw,relatime,cache=none"; absent where they are not known */
  mountOptions: z.string().optional(),
  totalBytes: z.number(),
  freeBytes: z.number(),
  freeInodes: z.number(),
  /** folders in `.trash`, by name */
  trash: z.array(z.string()),
  /** those of them that hold anything; absent in what was remembered before this was asked */
  trashFolders: z.array(trashFacts).optional(),
  /** files that lie in the directory itself and in no folder; absent in what was remembered before this was asked */
  files: z.array(imageFacts).optional(),
  /** files in `.templates`; absent in what was remembered before this was asked */
  templates: z.array(imageFacts).optional(),
});
export type StorageFacts = z.infer<typeof storageFacts>;

/** The directory of golden images that the cluster names, as a node shows it. */
export const templatesFacts = storageFacts.pick({ path: true, id: true, state: true }).extend({
  files: z.array(imageFacts),
});

export const openFacts = z.object({
  device: z.number(),
  inode: z.number(),
  /** "loop0", "qemu 1234", "process 77 (dd)" */
  by: z.string(),
});

export type OpenFacts = z.infer<typeof openFacts>;

/** One of Ganeti's OS definitions: a directory of scripts that install something on new disks. */
export const osDefinition = z.object({
  name: z.string(),
  /** the directory; where several have one of that name, the first that Ganeti would find */
  path: z.string(),
  /** versions of the interface that it speaks */
  apiVersions: z.array(z.number()),
  variants: z.array(z.string()),
  parameters: z.array(z.object({ name: z.string(), text: z.string() })),
  /** those of create, import, export, rename and verify that are there and executable */
  scripts: z.array(z.string()),
});
export type OsDefinition = z.infer<typeof osDefinition>;

/** A configuration in /etc/xen or /etc/xen/auto, or a saved domain: whoever starts it starts a guest, whatever a record says. */
export const guestConfig = z.object({
  path: z.string(),
  /** it lies in /etc/xen/auto or /var/lib/xen/save: the node starts it when it boots */
  atBoot: z.boolean(),
  /** where it leads, if it is a symbolic link */
  leadsTo: z.string().nullable(),
  names: z.array(z.string()),
  uuids: z.array(z.string()),
  /** the whole of it where it lies in /etc/xen and names files of the storage directories; absent in what was remembered before */
  text: z.string().optional(),
  /** files of the storage directories that it names; `id`: which file that is on this node, null where there is none */
  files: z.array(
    z.object({ path: z.string(), id: z.object({ device: z.number(), inode: z.number() }).nullable() }),
  ),
});
export type GuestConfig = z.infer<typeof guestConfig>;

export const nodeFacts = z.object({
  hostname: z.string(),
  bootId: z.string(),
  /** the node's own clock, ms since the epoch */
  clock: z.number(),
  kernel: z.string(),
  uid: z.number(),
  toolstack: z.enum(['xl', 'xm']).nullable(),
  xen: z.string(),
  totalMemoryMib: z.number(),
  freeMemoryMib: z.number(),
  /** what Dom0 will give back where it balloons automatically; 0 where it does not */
  reclaimableMib: z.number(),
  cpus: z.number(),
  /** model name; words of hexadecimal feature bits as Xen tells them (hw_caps); absent where they are not known */
  cpuModel: z.string().optional(),
  cpuFeatures: z.string().optional(),
  /** commands of the toolbox that were found, e.g. qemu-img, flock */
  commands: z.array(z.string()),
  bridges: z.array(z.string()),
  membership: membership.nullable(),
  storages: z.array(storageFacts),
  /** absent where the cluster names no directory of its own for them */
  templates: templatesFacts.optional(),
  folders: z.array(folderFacts),
  domains: z.array(domain),
  /** open image files below the storage directories */
  open: z.array(openFacts),
  /** true when looking for them hung: then `open` is not the whole truth */
  openUnknown: z.boolean().optional(),
  /** instance names that xl's monitors run for, from their log file */
  monitors: z.array(z.object({ pid: z.number(), name: z.string() })),
  /** file names in /var/lib/xen/save */
  saves: z.array(z.string()),
  /** whose state they hold, where the file says so; absent in what was remembered before this was asked */
  savedUuids: z.array(z.object({ file: z.string(), uuid: z.string() })).optional(),
  /** file names in /etc/xen/auto */
  autostarts: z.array(z.string()),
  /** absent in what was remembered before this was asked, and where reading them hung */
  guestConfigs: z.array(guestConfig).optional(),
  /** uuids of removed instances (tombstones) */
  tombstones: z.array(z.string()),
  /** free bytes and inodes of the job directory's filesystem */
  jobSpace: z.object({ bytes: z.number(), inodes: z.number() }),
  /** existence of files that instances boot from (kernel, ramdisk, bootloader) */
  bootFiles: z.array(z.object({ path: z.string(), exists: z.boolean() })),
  /** absent in what was remembered before this was asked, and where looking for them hung */
  osDefinitions: z.array(osDefinition).optional(),
  /** parts of the probe that could not be read, each a sentence */
  problems: z.array(z.string()),
});
export type NodeFacts = z.infer<typeof nodeFacts>;

export const nodeTrouble = z.object({
  kind: z.enum([
    /** not yet, in this session: nothing is known against it */
    'not-asked',
    'unreachable',
    'host-key-unknown',
    'host-key-changed',
    'auth-refused',
    'timeout',
    'sudo-refused',
    'same-machine',
    'other',
  ]),
  message: z.string(),
  /** for host-key-unknown: what has to be trusted */
  hostKey: z.object({ algorithm: z.string(), fingerprint: z.string(), line: z.string() }).optional(),
});
export type NodeTrouble = z.infer<typeof nodeTrouble>;

export const nodeSnapshot = z.object({
  name: z.string(),
  /** why the node does not answer now; null while it answers */
  trouble: nodeTrouble.nullable(),
  /** workstation clock, ms, of the last answer; null when it never answered */
  seenAt: z.number().nullable(),
  /** the last answer; kept (with its age) while the node is not seen */
  facts: nodeFacts.nullable(),
});
export type NodeSnapshot = z.infer<typeof nodeSnapshot>;

export const snapshot = z.object({
  cluster,
  /** workstation clock, ms */
  takenAt: z.number(),
  nodes: z.array(nodeSnapshot),
});
export type Snapshot = z.infer<typeof snapshot>;
