/**
 * Everything that VBDesk ever does to a node, as data. Planners choose actions; main/node/actions renders each to POSIX sh
 * with a read-only check. Core holds no shell text, so a plan can be compared, saved, shown and executed alike.
 *
 * A *look* changes nothing, may run on several nodes at once and may be repeated. A *change* runs on exactly one node, as a
 * detached job, at most once. Every action that undoes may be repeated. All paths are logical.
 */
import { z } from 'zod';
import { diskRecord, instanceRecord, lockContent } from '../cluster/record.ts';
import { membership } from '../cluster/schema.ts';

const path = z.string().startsWith('/');
/** An instance's identity on a node: by uuid and by the device:inode of its images, never by name alone. */
const guest = { uuid: z.uuid(), name: z.string(), images: z.array(path) };

/**
 * SHA-256 (hex) of the xen.cfg that the planner saw or wrote; the node refuses to start from any other text. Null where it saw
 * none that a guest may be started from, and in runs that an older VBDesk recorded: nothing is started from it then.
 */
const configSum = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .nullable()
  .default(null);

/** A host name, IPv4 or IPv6 address: nothing that a shell or ssh takes for anything else. */
export const sshAddress = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9:][A-Za-z0-9._:-]*$/);

const looks = [
  /** Stopped verdict: ok when nothing on the node could write to the images (SAFETY "Stopped, and therefore free to start"). */
  z.strictObject({ do: z.literal('verdict'), ...guest }),
  /** The folder's record has this id and every disk is there as a regular file with its size and type, opened nowhere here. */
  z.strictObject({
    do: z.literal('verify-files'),
    folder: path,
    recordId: z.string().nullable(),
    disks: z.array(diskRecord),
  }),
  /** Files with random names written through each node open through all the others, in the same directory. */
  z.strictObject({ do: z.literal('prove-shared'), directory: path }),
  /** The toolstack itself accepts the configuration (`xl create -n`). */
  z.strictObject({ do: z.literal('check-config'), config: path, configSum }),
  /** No image changes its size, blocks or modification time during so many seconds: nobody writes. */
  z.strictObject({ do: z.literal('watch-images'), images: z.array(path), seconds: z.number().int() }),
  /**
   * No job of that run can act on the node any more: each is ended or void. A job that was never claimed is claimed by the
   * look itself, so that it never runs. Asked before a lock of that run is broken.
   */
  z.strictObject({ do: z.literal('jobs-ended'), run: z.string() }),
  /**
   * By SSH, as the toolstack will use it, the node reaches another machine (known by its boot id) that has xl. Tried in order:
   * host names or addresses.
   */
  z.strictObject({ do: z.literal('check-ssh'), addresses: z.array(sshAddress).min(1), bootId: z.string() }),
  /** Exactly one domain of this guest is here, it runs, and under its own name. Waits some seconds for that. */
  z.strictObject({ do: z.literal('check-running'), ...guest }),
  /** None of these paths exists (also not as a dangling symlink), and their parent directory does. */
  z.strictObject({ do: z.literal('check-absent'), paths: z.array(path) }),
] as const;

const changes = [
  /** mkdir, which fails when it exists, then the lock inside. */
  z.strictObject({ do: z.literal('make-folder'), folder: path, lock: lockContent }),
  /** Removes our lock, then the folder if it is empty. Undoes make-folder. */
  z.strictObject({ do: z.literal('drop-folder'), folder: path, run: z.string() }),
  z.strictObject({ do: z.literal('lock'), folder: path, lock: lockContent }),
  z.strictObject({ do: z.literal('unlock'), folder: path, run: z.string() }),
  /** A new image, refused when the file exists; raw is sparse. `size` in bytes. */
  z.strictObject({
    do: z.literal('create-image'),
    path,
    type: z.enum(['raw', 'qcow2']),
    size: z.number().int(),
  }),
  /** Removes one file that this run made. Undoes create-image and write-file. */
  z.strictObject({ do: z.literal('remove-file'), path }),
  /** Written beside, synced, read back, renamed. `expect`: "absent", or the SHA-256 (hex) of what must be there now. */
  z.strictObject({ do: z.literal('write-file'), path, content: z.string(), expect: z.string() }),
  /**
   * instance.json. `expectId`: id of the record that must be there now, null = none. `place.inode` 0 is filled in on the node.
   * When the expected record is gone because ours (same id) is already there, that is done, not an error.
   */
  z.strictObject({
    do: z.literal('write-record'),
    folder: path,
    record: instanceRecord,
    expectId: z.string().nullable(),
  }),
  /** SIGSTOP the xl monitor, ask the guest to shut down, wait for state `s`. `then` as in the stop intent. */
  z.strictObject({
    do: z.literal('shut-down'),
    ...guest,
    timeoutSeconds: z.number().int(),
    then: z.enum(['force', 'leave']),
  }),
  /** Destroy what is left of the domain, SIGKILL the monitor, sync the images, verdict. */
  z.strictObject({ do: z.literal('end-domain'), ...guest }),
  /**
   * The first that undoes shut-down and end-domain: a guest that still runs keeps running (its monitor continued). Starts nothing,
   * so it asks nobody: what has ended stays as it is, its monitor halted.
   */
  z.strictObject({ do: z.literal('let-go-on'), ...guest }),
  /** What follows once it surely runs nowhere else: a guest that still runs keeps running (its monitor continued), else it is started again. */
  z.strictObject({ do: z.literal('put-back'), ...guest, config: path, configSum }),
  /** `xl create`, with -p when paused. */
  z.strictObject({ do: z.literal('start-domain'), ...guest, config: path, configSum, paused: z.boolean() }),
  z.strictObject({ do: z.literal('unpause-domain'), ...guest }),
  z.strictObject({ do: z.literal('reboot-domain'), ...guest, timeoutSeconds: z.number().int() }),
  /** `xl migrate` to the first of the addresses that reaches the machine with that boot id; waits until nothing is left here. */
  z.strictObject({
    do: z.literal('migrate-domain'),
    ...guest,
    addresses: z.array(sshAddress).min(1),
    bootId: z.string(),
  }),
  /**
   * Ends what a broken migration left of this guest: domains called NAME--incoming or NAME--migratedaway that do not run. One
   * that runs, or has its own name, is never touched: then nothing is ended, and this fails. Also undoes an arrival.
   */
  z.strictObject({ do: z.literal('end-leftovers'), ...guest }),
  /** One rename; `expectInode` is the folder's, or 0 where only its name is known (a folder in .trash). Removal and restore. */
  z.strictObject({ do: z.literal('move-folder'), from: path, to: path, expectInode: z.number().int() }),
  /** Deletes exactly these files (base names), then record, configuration and lock, then the empty folder. */
  z.strictObject({
    do: z.literal('purge-folder'),
    folder: path,
    files: z.array(z.string()),
    run: z.string(),
  }),
  /** Marks a uuid as removed, so that a returning replica is not resurrected. */
  z.strictObject({ do: z.literal('write-tombstone'), uuid: z.uuid(), name: z.string(), at: z.string() }),
  z.strictObject({ do: z.literal('remove-tombstone'), uuid: z.uuid() }),
  /** mkdir -p and the storage's random id, kept when there is one already. */
  z.strictObject({ do: z.literal('make-storage'), path, id: z.string() }),
  /** cluster.json of the node, when it is older (lower generation) or absent; another cluster's file is refused. */
  z.strictObject({ do: z.literal('write-membership'), membership, replaces: membership.nullable() }),
  /** Removes the storage's id while it is this one and no record counts on it; the directory stays. Undoes make-storage. */
  z.strictObject({ do: z.literal('remove-storage-id'), path, id: z.string() }),
  /** Removes cluster.json while it is exactly this one; another stays. Undoes the first write-membership of a node. */
  z.strictObject({ do: z.literal('remove-membership'), membership }),
  /** A lock that a person breaks: removed only while it still names `run`. */
  z.strictObject({ do: z.literal('break-lock'), folder: path, run: z.string() }),
] as const;

export const action = z.discriminatedUnion('do', [...looks, ...changes]);
export type Action = z.infer<typeof action>;
export type ActionName = Action['do'];

const lookNames: ReadonlySet<string> = new Set(looks.map((schema) => schema.shape.do.value));
export const isLook = (value: Action): boolean => lookNames.has(value.do);
