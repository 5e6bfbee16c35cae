/** Snapshots for tests: a sound cluster of three nodes, then one thing changed after the other. Nothing is changed in place. */
import type { InstanceRecord } from '../../core/cluster/record.ts';
import type {
  DomainFacts,
  FolderFacts,
  NodeFacts,
  NodeSnapshot,
  NodeTrouble,
  Snapshot,
} from '../../core/cluster/snapshot.ts';
import type { PlanContext } from '../../core/plan/plan.ts';
import { seededRandom } from '../../core/plan/random.ts';
import { writeInstanceConfig } from '../../core/xen/instance-config.ts';

export const takenAt = Date.parse('2026-11-25T12:00:00Z');
export const sharedDirectory = '/srv/ganeti/file-storage';
export const localDirectory = '/srv/local';
export const clusterUuid = '6f1b7a52-57c7-4f0b-9c3b-2f6d0a9b1c11';
export const gib = 1024 ** 3;

const hex = (text: string): string => seededRandom('snapshot')(text);
export const uuidOf = (name: string): string => {
  const digits = hex(`uuid ${name}`);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
};
const inodeOf = (text: string): number => Number.parseInt(hex(`inode ${text}`).slice(0, 6), 16) + 1000;

export const sharedDevice = 41;

const facts = (name: string, index: number): NodeFacts => ({
  hostname: name,
  bootId: `boot-${name}`,
  clock: takenAt,
  kernel: '6.1.0',
  uid: 0,
  toolstack: 'xl',
  xen: '4.17.5',
  totalMemoryMib: 16_384,
  freeMemoryMib: 4096,
  reclaimableMib: 0,
  cpus: 8,
  commands: ['flock', 'setsid', 'realpath', 'truncate', 'qemu-img'],
  bridges: ['xenbr0'],
  membership: {
    version: 1,
    cluster: 'test',
    uuid: clusterUuid,
    generation: 1,
    nodes: ['node1', 'node2', 'node3'].map((each) => ({ name: each, host: `${each}.example.org` })),
    storageDirectories: [sharedDirectory, localDirectory],
  },
  storages: [
    {
      path: sharedDirectory,
      id: 'shared-storage',
      state: 'ok',
      device: sharedDevice,
      filesystem: 'nfs4',
      totalBytes: 1000 * gib,
      freeBytes: 500 * gib,
      freeInodes: 1_000_000,
      trash: [],
    },
    {
      path: localDirectory,
      id: `local-${name}`,
      state: 'ok',
      device: 50 + index,
      filesystem: 'ext4',
      totalBytes: 100 * gib,
      freeBytes: 50 * gib,
      freeInodes: 1_000_000,
      trash: [],
    },
  ],
  folders: [],
  domains: [domainOf('Domain-0', { domid: 0, uuid: '00000000-0000-0000-0000-000000000000' })],
  open: [],
  monitors: [],
  saves: [],
  autostarts: [],
  tombstones: [],
  jobSpace: { bytes: gib, inodes: 100_000 },
  bootFiles: [{ path: '/boot/vmlinuz', exists: true }],
  problems: [],
});

/** Three nodes that answer, one shared and one local storage directory, no instance. */
export const soundCluster = (names: readonly string[] = ['node1', 'node2', 'node3']): Snapshot => ({
  cluster: {
    version: 1,
    name: 'test',
    uuid: clusterUuid,
    kind: 'real',
    nodes: names.map((name) => ({ name, target: { host: `${name}.example.org` } })),
    storageDirectories: [sharedDirectory, localDirectory],
    hostKeys: 'strict',
  },
  takenAt,
  nodes: names.map((name, index) => ({ name, trouble: null, seenAt: takenAt, facts: facts(name, index) })),
});

const onNode = (
  snapshot: Snapshot,
  node: string,
  change: (value: NodeSnapshot) => NodeSnapshot,
): Snapshot => ({
  ...snapshot,
  nodes: snapshot.nodes.map((each) => (each.name === node ? change(each) : each)),
});

/** The facts of one node, changed. */
export const withFacts = (
  snapshot: Snapshot,
  node: string,
  change: (value: NodeFacts) => Partial<NodeFacts>,
): Snapshot =>
  onNode(snapshot, node, (each) =>
    each.facts === null ? each : { ...each, facts: { ...each.facts, ...change(each.facts) } },
  );

/** The node stops answering; its last facts stay, unless it was never seen. */
export const silent = (
  snapshot: Snapshot,
  node: string,
  kind: NodeTrouble['kind'] = 'unreachable',
  last: 'known' | 'never' = 'known',
): Snapshot =>
  onNode(snapshot, node, (each) => ({
    ...each,
    trouble: { kind, message: 'no route to host' },
    ...(last === 'never' ? { seenAt: null, facts: null } : { seenAt: takenAt - 300_000 }),
  }));

export const domainOf = (name: string, change: Partial<DomainFacts> = {}): DomainFacts => ({
  name,
  domid: 7,
  uuid: uuidOf(name),
  memoryMib: 512,
  vcpus: 1,
  state: 'running',
  flags: '-b----',
  cpuSeconds: 12,
  ...change,
});

export const withDomain = (snapshot: Snapshot, node: string, domain: DomainFacts): Snapshot =>
  withFacts(snapshot, node, (each) => ({ domains: [...each.domains, domain] }));

export const recordOf = (
  name: string,
  change: Partial<InstanceRecord> = {},
  storage = sharedDirectory,
): InstanceRecord => {
  const folder = `${storage}/${name}`;
  return {
    version: 1,
    uuid: uuidOf(name),
    name,
    id: hex(`record ${name}`),
    ancestors: [],
    generation: 1,
    primary: 'node1',
    secondary: 'node2',
    formerPrimaries: [],
    adminState: 'down',
    os: 'none',
    guest: { type: 'pv', memoryMib: 512, vcpus: 1, kernel: '/boot/vmlinuz' },
    disks: [
      { logical_id: ['loop', 'raw', `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: gib },
      { logical_id: ['loop', 'raw', `${folder}/sdb`], vdev: 'xvdb', mode: 'rw', size: 2 * gib },
    ],
    nics: [
      {
        mac: `00:16:3e:${hex(`mac ${name}`)
          .slice(0, 6)
          .replace(/(..)(..)(..)/, '$1:$2:$3')}`,
        bridge: 'xenbr0',
      },
    ],
    place: { storage: 'shared-storage', path: folder, inode: inodeOf(folder) },
    vouchings: [],
    created: '2026-11-01T00:00:00.000Z',
    written: { by: 'root@desk', at: '2026-11-01T00:00:00.000Z', run: 'earlier' },
    ...change,
  };
};

export const configOf = (record: InstanceRecord): string => {
  const written = writeInstanceConfig(
    {
      ...record.guest,
      name: record.name,
      uuid: record.uuid,
      nics: record.nics,
      disks: record.disks.map(({ logical_id: [driver, fileType, path], vdev, mode }) => ({
        driver,
        fileType,
        path,
        vdev,
        mode,
      })),
    },
    'xl',
  );
  if (!written.ok) throw new Error(written.problems.join(' '));
  return written.text;
};

/** The folder of a record with its images, as a node shows it. */
export const folderOf = (record: InstanceRecord, change: Partial<FolderFacts> = {}): FolderFacts => {
  const { path, inode } = record.place;
  const storage = path.slice(0, path.lastIndexOf('/'));
  return {
    storage,
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    inode,
    device: sharedDevice,
    record: { ok: true, record },
    lock: null,
    config: configOf(record),
    replica: false,
    files: record.disks.map((disk) => {
      const [, type, file] = disk.logical_id;
      return {
        name: file.slice(file.lastIndexOf('/') + 1),
        size: disk.size,
        allocated: 4096,
        modified: takenAt - 60_000,
        inode: inodeOf(file),
        device: sharedDevice,
        type,
        kind: 'file' as const,
      };
    }),
    ...change,
  };
};

export const withFolder = (snapshot: Snapshot, nodes: readonly string[], folder: FolderFacts): Snapshot =>
  nodes.reduce(
    (made, node) => withFacts(made, node, (each) => ({ folders: [...each.folders, folder] })),
    snapshot,
  );

/** Every folder of this path, changed on the given nodes (all of them if none is named). */
export const changeFolder = (
  snapshot: Snapshot,
  path: string,
  change: (value: FolderFacts) => Partial<FolderFacts>,
  nodes: readonly string[] = snapshot.nodes.map((each) => each.name),
): Snapshot =>
  nodes.reduce(
    (made, node) =>
      withFacts(made, node, (each) => ({
        folders: each.folders.map((folder) =>
          folder.path === path ? { ...folder, ...change(folder) } : folder,
        ),
      })),
    snapshot,
  );

/** An instance on the shared storage, seen by all nodes; `runs`: the node that has its domain. */
export const withInstance = (
  snapshot: Snapshot,
  name: string,
  change: Partial<InstanceRecord> = {},
  runs: string | null = null,
): Snapshot => {
  const record = recordOf(name, runs === null ? change : { adminState: 'up', ...change });
  const placed = withFolder(
    snapshot,
    snapshot.nodes.map((each) => each.name),
    folderOf(record),
  );
  return runs === null ? placed : withDomain(placed, runs, domainOf(name, { uuid: record.uuid }));
};

/** An instance on the local storage of one node. */
export const withLocalInstance = (
  snapshot: Snapshot,
  name: string,
  node: string,
  change: Partial<InstanceRecord> = {},
): Snapshot => {
  const path = `${localDirectory}/${name}`;
  const record = recordOf(
    name,
    { primary: node, place: { storage: `local-${node}`, path, inode: inodeOf(path) }, ...change },
    localDirectory,
  );
  return withFolder(snapshot, [node], folderOf(record));
};

export const testContext = (run = 'run0000000000000'): PlanContext => ({
  now: takenAt,
  who: 'alice@desk',
  run,
  random: seededRandom('a test'),
});

export const nobody = { accept: [], vouched: [] };
