/** Three nodes on one 9p storage, with one instance that runs on node1: the world of the tests of live migration. */
import type { InstanceRecord } from '../../../core/cluster/record.ts';
import type { DomainFacts, NodeFacts, NodeSnapshot, Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Approval } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons, type Plan, plan } from '../../../core/plan/plan.ts';
import { seededRandom } from '../../../core/plan/random.ts';

const storage = '/srv/ganeti/file-storage';
const folder = `${storage}/web1`;
export const uuid = '18cbadb5-369d-4834-99ab-bf11dfd7925b';
export const now = Date.parse('2026-11-25T12:00:00Z');

export const baseRecord: InstanceRecord = {
  version: 1,
  uuid,
  name: 'web1',
  id: 'aaaa1111',
  ancestors: [],
  generation: 4,
  primary: 'node1',
  secondary: 'node2',
  formerPrimaries: [],
  adminState: 'up',
  os: 'none',
  guest: { type: 'pv', memoryMib: 512, vcpus: 1, kernel: '/boot/vmlinuz' },
  disks: [{ logical_id: ['blktap', 'qcow2', `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: 1 << 24 }],
  nics: [],
  place: { storage: 'st1', path: folder, inode: 7 },
  vouchings: [],
  created: '2026-11-25T10:00:00Z',
  written: { by: 'ann@desk', at: '2026-11-25T10:00:00Z', run: 'r1' },
};
const config = (record: InstanceRecord): string => `name = "web1"
uuid = "${uuid}"
type = "pv"
kernel = "/boot/vmlinuz"
memory = 512
vcpus = 1
disk = [ "format=${record.disks[0]?.logical_id[1]}, vdev=xvda, access=rw, backendtype=${record.disks[0]?.logical_id[0] === 'loop' ? 'phy' : 'qdisk'}, target=${folder}/sda" ]
`;

export const domain = (change: Partial<DomainFacts> = {}): DomainFacts => ({
  name: 'web1',
  domid: 3,
  uuid,
  memoryMib: 512,
  vcpus: 1,
  state: 'running',
  flags: '-b----',
  cpuSeconds: 1,
  ...change,
});

const facts = (name: string, record: InstanceRecord, change: Partial<NodeFacts> = {}): NodeFacts => ({
  hostname: name,
  bootId: `boot of ${name}`,
  clock: now,
  kernel: '6.1.0',
  uid: 0,
  toolstack: 'xl',
  xen: '4.17.5',
  totalMemoryMib: 4096,
  freeMemoryMib: 2048,
  reclaimableMib: 0,
  cpus: 2,
  cpuModel: 'A CPU',
  cpuFeatures: '078bf3fd:c0982201',
  commands: ['flock', 'setsid', 'realpath', 'truncate', 'losetup'],
  bridges: [],
  membership: {
    version: 1,
    cluster: 'c1',
    uuid: '7a4a0ad7-3f3f-4b3a-8a0b-8d5f7e1c9f10',
    generation: 1,
    nodes: ['node1', 'node2', 'node3'].map((each) => ({ name: each, host: `10.0.0.${each.at(-1)}` })),
    storageDirectories: [storage],
  },
  storages: [
    {
      path: storage,
      id: 'st1',
      state: 'ok',
      device: 40,
      filesystem: '9p',
      mountOptions: 'rw,sync,dirsync,relatime,access=any,trans=virtio',
      totalBytes: 1 << 30,
      freeBytes: 1 << 29,
      freeInodes: 1000,
      trash: [],
    },
  ],
  folders: [
    {
      storage,
      path: folder,
      name: 'web1',
      inode: 7,
      device: 40,
      record: { ok: true, record },
      lock: null,
      config: config(record),
      replica: false,
      files: [
        {
          name: 'sda',
          size: 1 << 24,
          allocated: 4096,
          modified: now,
          inode: 8,
          device: 40,
          type: record.disks[0]?.logical_id[1] ?? 'raw',
          kind: 'file',
        },
      ],
    },
  ],
  domains: [],
  open: [],
  monitors: [],
  saves: [],
  autostarts: [],
  tombstones: [],
  jobSpace: { bytes: 1 << 30, inodes: 10_000 },
  bootFiles: [{ path: '/boot/vmlinuz', exists: true }],
  problems: [],
  ...change,
});

export type World = {
  record?: Partial<InstanceRecord>;
  node1?: Partial<NodeFacts>;
  node2?: Partial<NodeFacts>;
  node3?: Partial<NodeFacts>;
  silent?: string[];
};

export const snapshotOf = (world: World): Snapshot => {
  const record = { ...baseRecord, ...world.record };
  const node = (name: 'node1' | 'node2' | 'node3', change: Partial<NodeFacts>): NodeSnapshot => {
    const silent = world.silent?.includes(name) === true;
    return {
      name,
      trouble: silent ? { kind: 'timeout', message: 'no answer' } : null,
      seenAt: silent ? null : now,
      facts: silent ? null : facts(name, record, { ...change, ...world[name] }),
    };
  };
  return {
    cluster: {
      version: 1,
      name: 'c1',
      uuid: '7a4a0ad7-3f3f-4b3a-8a0b-8d5f7e1c9f10',
      kind: 'real',
      nodes: ['node1', 'node2', 'node3'].map((name) => ({ name, target: { host: name } })),
      storageDirectories: [storage],
      hostKeys: 'strict',
    },
    takenAt: now,
    nodes: [node('node1', { domains: [domain()] }), node('node2', {}), node('node3', {})],
  };
};

export const nobody: Approval = { accept: [], vouched: [] };
export const planOf = (
  world: World,
  more: { target?: string; cleanup?: boolean; approval?: Approval } = {},
): Plan =>
  plan.parse(
    makePlan(
      snapshotOf(world),
      {
        kind: 'migrate',
        instance: 'web1',
        target: more.target ?? null,
        ...(more.cleanup === undefined ? {} : { cleanup: more.cleanup }),
      },
      more.approval ?? nobody,
      { now, who: 'ann@desk', run: 'abcdefghijklmnop', random: seededRandom('seed') },
    ),
  );
export const open = (plan: Plan): string[] =>
  openReasons(plan).map(({ severity, code }) => `${severity} ${code}`);
export const said = (plan: Plan, code: string): string =>
  plan.reasons.find((each) => each.code === code)?.text ?? '';
export const disk = (driver: 'loop' | 'blktap', type: 'raw' | 'qcow2'): Partial<InstanceRecord> => ({
  disks: [{ logical_id: [driver, type, `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: 1 << 24 }],
});
export const mounted = (filesystem: string, mountOptions: string): Partial<NodeFacts> => ({
  storages: facts('x', baseRecord).storages.map((each) => ({ ...each, filesystem, mountOptions })),
});
