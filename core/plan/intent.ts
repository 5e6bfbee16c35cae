/** What an administrator wants, as data: made by the window, the CLI or a draft, read by the planners. */
import { z } from 'zod';
import { fileDriver, fileType, guestSettings } from '../cluster/record.ts';
import { clusterNode, hostKeyMode } from '../cluster/schema.ts';
import {
  allocation,
  convertIntent,
  diskAddIntent,
  diskRemoveIntent,
  growIntent,
  osExportIntent,
  releaseIntent,
  snapshotIntent,
} from './disk-intents.ts';
import {
  compareImagesIntent,
  convertFileIntent,
  copyImageIntent,
  forwardAgent,
  removeImageIntent,
} from './image-intents.ts';

/** An instance is named by its name or its uuid. */
const instance = z.string().min(1).max(255);

export const createIntent = z.strictObject({
  kind: z.literal('create'),
  name: z.string(),
  primary: z.string(),
  secondary: z.string().nullable(),
  /** the storage directory; the folder is `storageDirectory/name` */
  storageDirectory: z.string(),
  driver: fileDriver,
  reuse: z.boolean(),
  disks: z.array(
    z.strictObject({
      size: z.number(),
      type: z.enum(['raw', 'qcow2']),
      vdev: z.string().optional(),
      mode: z.enum(['rw', 'ro']),
      /** absent: sparse */
      allocation: allocation.optional(),
      /** a linked clone: path of the image on which it builds */
      base: z.string().optional(),
      /** a converted copy of this image, of whatever type; `size` 0: as large as that */
      import: z.string().optional(),
    }),
  ),
  guest: guestSettings,
  nics: z.array(z.strictObject({ bridge: z.string(), mac: z.string().nullable() })),
  /** `none`, `template:FILE`, or `NAME[+VARIANT]` of an OS definition */
  os: z.string(),
  /** of an OS definition, by name */
  osParameters: z.record(z.string(), z.string()).optional(),
  /** the same, but never shown */
  osSecrets: z.record(z.string(), z.string()).optional(),
  /** files on the primary that the import script of the OS definition writes to the disks, instead of an installation */
  osImport: z
    .array(z.strictObject({ disk: z.number().int().min(0), file: z.string().max(4096) }))
    .min(1)
    .max(26)
    .optional(),
  /** false: only the name is recorded, and nothing is copied or run */
  install: z.literal(false).optional(),
  start: z.boolean(),
});
/** Images that no instance owns become one, as they are. */
export const adoptIntent = z.strictObject({
  kind: z.literal('adopt'),
  name: z.string(),
  primary: z.string(),
  secondary: z.string().nullable(),
  /** one folder, whose images are known by their names; or images, in the order of the disks */
  paths: z.array(z.string()).min(1).max(26),
  /** what another manager says of them, one for each image; it is the truth where it is given, not xen.cfg */
  disks: z
    .array(
      z.strictObject({
        driver: fileDriver,
        type: fileType,
        vdev: z.string(),
        mode: z.enum(['rw', 'ro']),
        /** absent: not known */
        size: z.number().optional(),
      }),
    )
    .max(26)
    .optional(),
  /** null: as xen.cfg beside the images says, else what serves their type */
  driver: fileDriver.nullable(),
  /** what is absent: as that xen.cfg says */
  guest: guestSettings.partial(),
  /** null: as that xen.cfg says */
  nics: z.array(z.strictObject({ bridge: z.string(), mac: z.string().nullable() })).nullable(),
  /** a configuration in /etc/xen of the primary: its guest is adopted with it, running or not, and the file is set aside */
  config: z.string().max(4096).optional(),
  /** uuid of a domain that runs on the primary, of which no configuration was found: one is written from what the toolstack tells */
  domain: z.string().max(36).optional(),
  /** its name only, nothing is installed; absent: none */
  os: z.string().optional(),
  /** Ganeti's configuration says that it is to run: its watcher would start it on the node that Ganeti has it on (null: not said) */
  ganetiStarts: z.strictObject({ node: z.string().nullable() }).optional(),
  start: z.boolean(),
});
export const clusterInitIntent = z.strictObject({
  kind: z.literal('cluster-init'),
  name: z.string(),
  nodes: z.array(clusterNode),
  storageDirectories: z.array(z.string()),
  hostKeys: hostKeyMode,
});
/** Settings that all nodes and workstations share. */
export const clusterModifyIntent = z.strictObject({
  kind: z.literal('cluster-modify'),
  /** where templates lie; null: in `.templates` of each storage directory */
  templateDirectory: z.string().max(4096).nullable(),
});
export const startIntent = z.strictObject({ kind: z.literal('start'), instance });
export const stopIntent = z.strictObject({
  kind: z.literal('stop'),
  instance,
  /** how long the guest may take to shut down, in seconds; 0 = force at once */
  timeoutSeconds: z.number().int().min(0).max(86400),
  /** after the time: destroy it, or let it run and report */
  then: z.enum(['force', 'leave']),
});
export const rebootIntent = z.strictObject({
  kind: z.literal('reboot'),
  instance,
  timeoutSeconds: z.number().int().min(1).max(86400),
});
export const removeIntent = z.strictObject({
  kind: z.literal('remove'),
  instance,
  /** false: into `.trash` (can be restored); true: delete exactly the recorded files */
  purge: z.boolean(),
  timeoutSeconds: z.number().int().min(0).max(86400),
});
export const restoreIntent = z.strictObject({
  kind: z.literal('restore'),
  storageDirectory: z.string(),
  trashName: z.string(),
});
/** Folders in the trash are deleted for good, as far as their records name what lies in them. */
export const purgeTrashIntent = z.strictObject({
  kind: z.literal('purge-trash'),
  folders: z
    .array(
      z.strictObject({
        storageDirectory: z.string(),
        trashName: z.string(),
        /** where several nodes have one of that path, each its own */
        node: z.string().optional(),
      }),
    )
    .min(1)
    .max(500),
});
export const failoverIntent = z.strictObject({
  kind: z.literal('failover'),
  instance,
  /** null: the secondary */
  target: z.string().nullable(),
  timeoutSeconds: z.number().int().min(0).max(86400),
  forwardAgent: forwardAgent.optional(),
});
/** Live: the guest runs on while it moves. */
export const migrateIntent = z.strictObject({
  kind: z.literal('migrate'),
  instance,
  /** null: the secondary; not used with `cleanup` */
  target: z.string().nullable(),
  /** moves nothing: ends what a broken migration left, and records where the guest runs */
  cleanup: z.boolean().optional(),
});
/** The folder was found at another place: say whether it was moved (same instance) or cloned (gets a new uuid). */
export const claimIntent = z.strictObject({
  kind: z.literal('claim'),
  instance,
  path: z.string(),
  as: z.enum(['moved', 'cloned']),
  primary: z.string(),
});
/** `node`: whose folder of that path is meant, where several nodes have one of their own. */
export const unlockIntent = z.strictObject({
  kind: z.literal('unlock'),
  path: z.string(),
  run: z.string(),
  node: z.string().optional(),
});

/** A stopped instance's images, copied into an instance of its own: another uuid, other MAC addresses. */
export const cloneIntent = z.strictObject({
  kind: z.literal('clone'),
  instance,
  name: z.string(),
  /** null: the node that the source is read on */
  node: z.string().nullable(),
  /** null: the source's storage directory */
  storageDirectory: z.string().nullable(),
  forwardAgent: forwardAgent.optional(),
});
/** Another name for a stopped instance, its folder and its domain. */
export const renameIntent = z.strictObject({
  kind: z.literal('rename'),
  instance,
  name: z.string(),
  /** the script `rename` of its OS definition is run as well */
  osRename: z.literal(true).optional(),
});
/** To another storage directory, or to a node that does not see the same files. */
export const moveIntent = z.strictObject({
  kind: z.literal('move'),
  instance,
  /** null: it stays on its node */
  node: z.string().nullable(),
  /** null: the same storage directory */
  storageDirectory: z.string().nullable(),
  /** true: what is left goes into the trash once the target is proved; false: it stays as a replica */
  removeSource: z.boolean(),
  timeoutSeconds: z.number().int().min(0).max(86400),
  forwardAgent: forwardAgent.optional(),
});
/** A copy on a node that does not see the same files, from which a failover can go on. */
export const replicateIntent = z.strictObject({
  kind: z.literal('replicate'),
  instance,
  /** null: the secondary */
  node: z.string().nullable(),
  forwardAgent: forwardAgent.optional(),
});
/** A folder that does not count (a replica, an older state, the other side of a fork) goes into the trash. */
export const discardIntent = z.strictObject({
  kind: z.literal('discard'),
  instance,
  node: z.string(),
  path: z.string(),
});

/** xen.cfg as it shall be; the record follows it. */
export const configureIntent = z.strictObject({
  kind: z.literal('configure'),
  instance,
  /** the whole text */
  text: z.string().max(262_144),
  /** the text of which it was made; null: there was none. Another one on the node by then is never overwritten */
  from: z.string().max(262_144).nullable(),
});

export const intent = z.discriminatedUnion('kind', [
  configureIntent,
  createIntent,
  adoptIntent,
  clusterInitIntent,
  clusterModifyIntent,
  startIntent,
  stopIntent,
  rebootIntent,
  removeIntent,
  restoreIntent,
  purgeTrashIntent,
  failoverIntent,
  migrateIntent,
  claimIntent,
  unlockIntent,
  cloneIntent,
  renameIntent,
  moveIntent,
  replicateIntent,
  discardIntent,
  copyImageIntent,
  compareImagesIntent,
  convertFileIntent,
  removeImageIntent,
  growIntent,
  convertIntent,
  snapshotIntent,
  diskAddIntent,
  diskRemoveIntent,
  releaseIntent,
  osExportIntent,
]);
export type ConfigureIntent = z.infer<typeof configureIntent>;
export type RenameIntent = z.infer<typeof renameIntent>;
export type CloneIntent = z.infer<typeof cloneIntent>;
export type MoveIntent = z.infer<typeof moveIntent>;
export type ReplicateIntent = z.infer<typeof replicateIntent>;
export type DiscardIntent = z.infer<typeof discardIntent>;
export type PurgeTrashIntent = z.infer<typeof purgeTrashIntent>;
export type UnlockIntent = z.infer<typeof unlockIntent>;
export type Intent = z.infer<typeof intent>;
export type AdoptIntent = z.infer<typeof adoptIntent>;
export type CreateIntent = z.infer<typeof createIntent>;
export type ClusterInitIntent = z.infer<typeof clusterInitIntent>;
export type ClusterModifyIntent = z.infer<typeof clusterModifyIntent>;
export type FailoverIntent = z.infer<typeof failoverIntent>;
export type MigrateIntent = z.infer<typeof migrateIntent>;

/** What a person added to an intent: consents by code, and words that stand for a silent node. */
export const approval = z.strictObject({
  accept: z.array(z.string()).max(100),
  vouched: z.array(z.strictObject({ node: z.string(), how: z.string().min(1).max(500) })).max(50),
});
export type Approval = z.infer<typeof approval>;
