/** What is known of one instance on all nodes together: the shape that tables, pages and planners read. */
import type { FolderSight } from './lookup.ts';
import type { FileDriver, FileType, InstanceRecord, LockContent } from './record.ts';
import type { ReplicaRecord } from './replica.ts';
import type { DomainFacts } from './snapshot.ts';

export type InstanceStatus =
  | 'running'
  | 'stopped'
  | 'paused'
  | 'crashed'
  /** its primary does not answer */
  | 'not-seen'
  /** it runs where the record does not allow it */
  | 'wrong-node'
  /** the emergency: two domains, one set of images */
  | 'running-twice'
  | 'unknown';

export type InstanceFolder = FolderSight & {
  /** the record in it says that it belongs where it lies; false: it is a copy */
  matchesPlace: boolean;
  /** it is the folder that counts, not a copy, a superseded one or the other side of a fork */
  current: boolean;
};

/** Something that is not as the record says. `code` is stable, `text` a whole sentence. */
export type InstanceProblem = {
  code: ProblemCode;
  text: string;
  node?: string;
  /** of a running guest: what of it differs */
  part?: 'memory' | 'processors' | 'disks' | 'disk-types' | 'cards';
};
export type ProblemCode =
  | 'place'
  | 'copy'
  | 'superseded'
  | 'fork'
  /** no node that answers shows the record; what is known of the instance comes from a replica */
  | 'record-unseen'
  | 'removed'
  | 'hand-over'
  | 'primary-unknown'
  | 'config-missing'
  | 'config-disks'
  | 'config-identity'
  /** xen.cfg would give the guest other memory, processors, kernel or network than its record says */
  | 'config-guest'
  /** its domain has other memory, processors, disks or cards than its record says */
  | 'running-guest'
  | 'admin-up'
  | 'admin-down'
  | 'domain-name'
  | 'name-taken'
  | 'migration-leftover'
  /** a live migration was begun, nobody works on it any more, and how it ended is not in the record */
  | 'migration-cut-off'
  | 'save'
  | 'autostart'
  /** a configuration that is not its own attaches its images, or has its uuid */
  | 'other-config'
  | 'disk'
  | 'lock-broken'
  | 'stale-domain';

export type InstanceDisk = {
  index: number;
  path: string;
  vdev: string;
  mode: 'rw' | 'ro';
  driver: FileDriver;
  type: FileType;
  /** size that the guest sees, bytes, by the record */
  size: number;
  /** apparent size of the file, bytes; null when no node shows it */
  apparent: number | null;
  /** bytes that the file takes on the storage; null when no node shows it */
  allocated: number | null;
  /** type by the file's header; null when it could not be read */
  foundType: FileType | null;
  /** what is wrong with the file, a sentence; null when nothing is */
  problem: string | null;
};

export type InstanceLock = {
  /** node that showed it, best to break it through */
  node: string;
  folder: string;
  /** null when the lock file could not be read */
  content: LockContent | null;
  error: string | null;
};

/** A copy of the instance that may not start: its folder holds replica.json. */
export type InstanceReplica = {
  node: string;
  /** the node answers now; false: this is its last answer */
  seen: boolean;
  folder: string;
  storage: string;
  inode: number;
  replica: ReplicaRecord;
  /** how old its data are, ms by the node's own clock; null when that can't be told */
  age: number | null;
  /** the record that counts is the one of the copy: the instance was not started since */
  current: boolean;
  /** why it can't be used, a sentence; null when it is whole */
  problem: string | null;
};

export type InstanceView = {
  uuid: string;
  name: string;
  /** the record that counts */
  record: InstanceRecord;
  /** path of the folder that counts, and the storage directory in which it lies */
  folder: string;
  storage: string;
  /** every folder with a record of this uuid, on every node that shows it; the one that counts first */
  folders: InstanceFolder[];
  /** two nodes or more show the same folder */
  shared: boolean;
  primary: string | null;
  secondary: string | null;
  status: InstanceStatus;
  /** one sentence */
  statusText: string;
  /** domains with its uuid; `seen` false: the node's last answer */
  domains: { node: string; seen: boolean; domain: DomainFacts }[];
  disks: InstanceDisk[];
  lock: InstanceLock | null;
  /** copies on storage that is not shared, by node */
  replicas: InstanceReplica[];
  problems: InstanceProblem[];
};

/** A domain that no record speaks of. */
export type UnmanagedDomain = { node: string; seen: boolean; domain: DomainFacts };

/** A folder without a readable record. */
export type OrphanFolder = {
  path: string;
  name: string;
  nodes: string[];
  kind: 'no-record' | 'broken-record' | 'replica' | 'locked';
  /** one sentence */
  text: string;
  /** base names of its files, and the bytes that they take */
  files: string[];
  allocated: number;
};
