/**
 * Everything that VBDesk ever does to a node, as data. Planners choose actions; main/node/actions renders each to POSIX sh
 * with a read-only check. Core holds no shell text, so a plan can be compared, saved, shown and executed alike.
 *
 * A *look* changes nothing, may run on several nodes at once and may be repeated. A *change* runs on exactly one node, as a
 * detached job, at most once. A *stream* carries the content of a file beside a name that it may get later: it is no job, may be
 * cut off, repeated and cancelled at any moment, and goes on from what arrived before. Every action that undoes may be repeated.
 * All paths are logical.
 */
import { z } from 'zod';
import { diskRecord, fileType, instanceRecord, lockContent } from '../cluster/record.ts';
import { replicaRecord } from '../cluster/replica.ts';
import { membership } from '../cluster/schema.ts';
import { osScripts } from './instance/os-scripts.ts';

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

/**
 * The storage directories: whatever an image consists of or builds on lies below one of them, else no tool opens it, for an image
 * may name any file. None in runs that an older VBDesk recorded: nothing is opened then.
 */
const within = z.array(path).default([]);

/** As core/storage/snapshot-tags.ts has it. */
const snapshotTag = z.string().regex(/^(?![0-9]+$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);

const looks = [
  /** Stopped verdict: ok when nothing on the node could write to the images (SAFETY "Stopped, and therefore free to start"). */
  z.strictObject({ do: z.literal('verdict'), ...guest }),
  /**
   * The folder (or storage directory) holds no record and no replica, and these files are there as they were: regular, of this
   * size, the same ones. `alone`: and nothing else that is not VBDesk's own.
   */
  z.strictObject({
    do: z.literal('verify-unowned'),
    folder: path,
    files: z.array(z.strictObject({ name: z.string(), inode: z.number().int(), size: z.number().int() })),
    alone: z.boolean(),
  }),
  /** The folder's record has this id and every disk is there as a regular file with its size and type, opened nowhere here. */
  z.strictObject({
    do: z.literal('verify-files'),
    folder: path,
    recordId: z.string().nullable(),
    disks: z.array(diskRecord),
    /** given before a start: whatever the images build on lies below one of these, to the end of each chain */
    within: z.array(path).optional(),
  }),
  /**
   * Images that are there are still what the planner saw: the same files, of this apparent size and type, on this base (or none),
   * regular and opened nowhere here, its chain of bases within the storage directories; and the folders hold no record and nothing that was not known.
   */
  z.strictObject({
    do: z.literal('verify-taken'),
    /** their own guest has them open */
    running: z.literal(true).optional(),
    /** none for images that lie beside the folders */
    folders: z.array(z.strictObject({ path, known: z.array(z.string()) })),
    images: z
      .array(
        z.strictObject({
          path,
          device: z.number().int(),
          inode: z.number().int(),
          size: z.number().int(),
          type: fileType,
          base: path.nullable(),
          /** nothing says that it is raw but that it has no header: it is not, if it ends as a VHD of fixed size does */
          unlessVhd: z.literal(true).optional(),
        }),
      )
      .min(1),
    within,
  }),
  /** Each of these images is a regular file with one name only: no hard link of it lies anywhere. */
  z.strictObject({ do: z.literal('check-one-name'), images: z.array(path).min(1) }),
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
  z.strictObject({
    do: z.literal('check-running'),
    ...guest,
    /** and each of the images is attached to it, by the toolstack's own word */
    attached: z.literal(true).optional(),
  }),
  /** None of these paths exists (also not as a dangling symlink), and their parent directory does. */
  z.strictObject({
    do: z.literal('check-absent'),
    paths: z.array(path),
    /** the directories in which they would lie may be gone as well */
    evenAbove: z.boolean().optional(),
  }),
  /** Nobody on the node has one of these files open. */
  z.strictObject({ do: z.literal('check-unused'), files: z.array(path).min(1) }),
  /** Nobody on the node writes to one of these files: no loop device is on it, and whoever has it open only reads. */
  z.strictObject({ do: z.literal('check-unwritten'), files: z.array(path).min(1) }),
  /**
   * No other image below these directories builds on one of these files (names it as its backing file); `.trash` counts, but not what
   * is recorded as raw, whatever its header says. `besides`: what goes the same way and does not count.
   */
  z.strictObject({
    do: z.literal('check-no-overlays'),
    images: z.array(path).min(1),
    directories: z.array(path),
    besides: z.array(path).optional(),
  }),
  /** Every image is as it was when this run read it to copy it: nobody wrote to it since, by hand either. */
  z.strictObject({ do: z.literal('verify-unchanged'), images: z.array(path).min(1), run: z.string() }),
  /**
   * Prints for each path one line "HASH BYTES PATH": the content hash of core/storage/content.ts and the file's length; "missing 0
   * PATH" where there is no such file. It is not so (exit 10) when a file changed while it was read.
   */
  z.strictObject({
    do: z.literal('hash-images'),
    images: z.array(path).min(1),
    /** the content hash that each of them must have: else it is not so */
    expect: z.array(z.string().regex(/^[0-9a-f]{64}$/)).optional(),
    /** nodes that see the very same files, and need not read them as well */
    alsoOn: z.array(z.string()).optional(),
  }),
] as const;

const streams = [
  /**
   * The content of a file to `<to.path>.partial.<run>`, compared by content hash on both sides when it is whole; only a proved copy
   * is accepted by accept-copy. `size`: what a guest sees of the image, null where that is not known. The folder of `to.path` is locked by the run. Undone by drop-partial.
   */
  z.strictObject({
    do: z.literal('copy-image'),
    from: z.strictObject({ node: z.string(), path }),
    to: z.strictObject({ node: z.string(), path }),
    size: z.number().int().nullable(),
    type: fileType,
    /** a person lets the source's node use the agent of this workstation for it */
    forwardAgent: z.literal(true).optional(),
  }),
] as const;

const changes = [
  /** mkdir, which fails when it exists, then the lock inside. */
  z.strictObject({ do: z.literal('make-folder'), folder: path, lock: lockContent }),
  /** Removes our lock, then the folder if it is empty. Undoes make-folder. */
  z.strictObject({ do: z.literal('drop-folder'), folder: path, run: z.string() }),
  z.strictObject({ do: z.literal('lock'), folder: path, lock: lockContent }),
  z.strictObject({ do: z.literal('unlock'), folder: path, run: z.string() }),
  /**
   * A new image, refused when the file exists. `size` in bytes. `allocation` full: every block is taken at once (raw only), else
   * it is sparse. `base`: a linked clone (qcow2 only) of an image that is marked read-only and that nobody writes to.
   */
  z.strictObject({
    do: z.literal('create-image'),
    path,
    type: z.enum(['raw', 'qcow2']),
    size: z.number().int(),
    allocation: z.literal('full').optional(),
    base: z.strictObject({ path, type: z.enum(['raw', 'qcow2']), within: z.array(path) }).optional(),
  }),
  /**
   * An image that is the copy of a template, compared with it, and then as large as `size`; refused when the file exists, when the
   * template is of another type or larger than that, builds on another image, or is being written to. Undone by remove-file.
   */
  z.strictObject({
    do: z.literal('copy-template'),
    path,
    type: z.enum(['raw', 'qcow2']),
    size: z.number().int(),
    from: path,
    /** whatever the template consists of lies below one of these */
    within: z.array(path),
  }),
  /**
   * Runs `create` of an OS definition (before it `verify`, where there is one) on the raw images of a folder that the run has
   * locked, each attached to a loop device for so long. `environment`: the only variables that it gets, beside PATH and
   * DISK_n_PATH. `secret`: names of further ones, whose values are in no plan's steps, no journal and no script: whoever sends the
   * job hands them over. Undone by detach-images.
   */
  z.strictObject({
    do: z.literal('run-os-create'),
    folder: path,
    images: z.array(z.strictObject({ path, size: z.number().int() })).min(1),
    definition: path,
    api: z.number().int(),
    verify: z.boolean(),
    environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()),
    secret: z.array(z.string()),
  }),
  ...osScripts,
  /** Ends the loop devices on these images that a run-os-create or run-os-script of the run may have left. */
  z.strictObject({ do: z.literal('detach-images'), folder: path, images: z.array(path).min(1) }),
  /**
   * Makes an image larger, never smaller. `from`: the size that it must have now. There is no way back. `running`: its guest may
   * have it open (raw only: the file gets longer behind the end that the guest knows).
   */
  z.strictObject({
    do: z.literal('grow-image'),
    path,
    type: z.enum(['raw', 'qcow2']),
    from: z.number().int(),
    to: z.number().int(),
    running: z.literal(true).optional(),
    within,
  }),
  /** A copy in another file type, compared with its source before it gets its name. `size`: what the guest sees of it. */
  z.strictObject({
    do: z.literal('convert-image'),
    from: z.strictObject({ path, type: fileType }),
    to: z.strictObject({ path, type: z.enum(['raw', 'qcow2']) }),
    size: z.number().int().nullable(),
    /** whatever the source consists of or builds on lies below one of these: an image from elsewhere may name any file */
    within: z.array(path),
  }),
  /** What copy-image of this run brought and proved gets its final name, which must be free. Undone by remove-file. */
  z.strictObject({ do: z.literal('accept-copy'), path, size: z.number().int().nullable(), type: fileType }),
  /** Removes `<path>.partial.<run>` of the run that holds the folder's lock, and ends what still writes to it. Undoes copy-image. */
  z.strictObject({ do: z.literal('drop-partial'), path }),
  /** One file gets another name in the same folder, which must be free. Undone by the same the other way round. */
  z.strictObject({ do: z.literal('rename-image'), from: path, to: path }),
  /**
   * The file with this inode gets another name, in another folder of the same file system. Undone by the same the other way.
   * `alone`: where no lock tells whether another run takes it at the same time, the new name must be its only one in the end.
   */
  z.strictObject({
    do: z.literal('take-image'),
    from: path,
    to: path,
    inode: z.number().int(),
    alone: z.literal(true).optional(),
  }),
  /**
   * A configuration in /etc/xen gets another name there, by which nobody starts a guest. `sum`: SHA-256 of its text; null: it is a
   * symbolic link. Undone by the same the other way round.
   */
  z.strictObject({
    do: z.literal('set-aside'),
    from: path,
    to: path,
    sum: configSum.nullable(),
  }),
  /** Deletes a file that was kept (`sda.before-RUN.raw`, `sdb.removed-RUN.raw`), and no other. */
  z.strictObject({ do: z.literal('delete-kept'), path }),
  z.strictObject({ do: z.literal('make-snapshot'), path, tag: snapshotTag, within }),
  /** `own`: only the one that this run made. Undoes make-snapshot. */
  z.strictObject({ do: z.literal('drop-snapshot'), path, tag: snapshotTag, own: z.boolean(), within }),
  /** The image becomes what it was; `size` is what it must have afterwards. */
  z.strictObject({
    do: z.literal('revert-snapshot'),
    path,
    tag: snapshotTag,
    size: z.number().int(),
    within,
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
  /**
   * One rename; `expectInode` is the folder's, or 0 where only its name is known (a folder in .trash). `run`: whose lock must be the
   * one in it, asked by the step itself: so the same the other way round undoes it, wherever the folder is by then.
   */
  z.strictObject({
    do: z.literal('move-folder'),
    from: path,
    to: path,
    expectInode: z.number().int(),
    run: z.string().optional(),
  }),
  /**
   * Deletes exactly these files (base names), then record, configuration, note and lock, then the empty folder. `keep`: what else may
   * lie there and stays, and so does the folder; anything beside that stands against it.
   */
  z.strictObject({
    do: z.literal('purge-folder'),
    folder: path,
    files: z.array(z.string()),
    keep: z.array(z.string()).optional(),
    run: z.string(),
  }),
  /**
   * The images of a replica become what a copy goes on from: each is renamed to `<file>.partial.<run>`, so that nothing half copied
   * has a final name; what an earlier copy left goes on as well. Refused where there is a record or no replica.json.
   */
  z.strictObject({
    do: z.literal('reopen-replica'),
    folder: path,
    files: z.array(z.string()),
    run: z.string(),
  }),
  /** Undoes reopen-replica: when none of the images was written to since, all get their names back; else they stay as they are. */
  z.strictObject({
    do: z.literal('reseal-replica'),
    folder: path,
    files: z.array(z.string()),
    run: z.string(),
  }),
  /**
   * replica.json, in a folder without a record. `expectCopy`: `copy` of the replica.json that must be there now, null = none.
   * Hashes that are null are filled in on the node, from what was proved when this run's copies were accepted.
   */
  z.strictObject({
    do: z.literal('write-replica'),
    folder: path,
    replica: replicaRecord,
    expectCopy: z.string().nullable(),
  }),
  /** The record with this id becomes a replica: replica.json is written, then instance.json removed. */
  z.strictObject({
    do: z.literal('demote-record'),
    folder: path,
    replica: replicaRecord,
    expectId: z.string(),
  }),
  /** Removes the note that images have while they lie in the trash (`removed.json`), once they are back. */
  z.strictObject({ do: z.literal('drop-note'), folder: path, run: z.string() }),
  /** Removes the replica.json beside the record with this id, which took over from it. */
  z.strictObject({ do: z.literal('drop-replica'), folder: path, recordId: z.string() }),
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

export const action = z.discriminatedUnion('do', [...looks, ...streams, ...changes]);
export type Action = z.infer<typeof action>;
export type ActionName = Action['do'];

const lookNames: ReadonlySet<string> = new Set(looks.map((schema) => schema.shape.do.value));
export const isLook = (value: Action): boolean => lookNames.has(value.do);

const streamNames: ReadonlySet<string> = new Set(streams.map((schema) => schema.shape.do.value));
export const isStream = (value: Action): value is Extract<Action, { do: 'copy-image' }> =>
  streamNames.has(value.do);
