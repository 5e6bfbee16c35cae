/** One refresh of a whole cluster: how it grows with the nodes and with the instance folders. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deriveInstances } from '../../core/cluster/instances.ts';
import type { InstanceRecord } from '../../core/cluster/record.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { readinessOf } from '../../core/failover/readiness.ts';
import { writeInstanceConfig } from '../../core/xen/instance-config.ts';
import { LOCAL_STORAGE, PRACTICE_KERNEL, SHARED_STORAGE } from '../../main/practice/node-root.ts';
import { type BenchNode, clusterOf, sharedStorageId, watchNodes, writeKnownHosts } from './nodes.ts';
import { median, milliseconds, seconds, table, volume } from './table.ts';

/** A cell is refreshed so often, unless that would take longer, ms. */
const repeats = 3;
const patienceMs = 4000;

/** A stopped instance with one sparse image, as VBDesk would have left it. */
const makeFolder = async (
  root: string,
  storage: string,
  name: string,
  owners: { primary: string; secondary: string },
): Promise<void> => {
  const folder = `${storage}/${name}`;
  const at = path.join(root, folder);
  await mkdir(at);
  const uuid = randomUUID();
  const now = '2026-01-01T00:00:00.000Z';
  const record: InstanceRecord = {
    version: 1,
    uuid,
    name,
    id: randomBytes(16).toString('hex'),
    ancestors: [],
    generation: 1,
    ...owners,
    formerPrimaries: [],
    adminState: 'down',
    os: 'none',
    guest: { type: 'pv', memoryMib: 128, vcpus: 1, kernel: PRACTICE_KERNEL },
    disks: [{ logical_id: ['loop', 'raw', `${folder}/sda`], vdev: 'xvda', mode: 'rw', size: 2 ** 30 }],
    nics: [],
    place: {
      storage: storage === SHARED_STORAGE ? sharedStorageId : owners.primary,
      path: folder,
      inode: (await stat(at)).ino,
    },
    vouchings: [],
    created: now,
    written: { by: 'bench@bench', at: now, run: 'bench' },
  };
  const config = writeInstanceConfig(
    {
      ...record.guest,
      name,
      uuid,
      nics: [],
      disks: [{ driver: 'loop', fileType: 'raw', path: `${folder}/sda`, vdev: 'xvda', mode: 'rw' }],
    },
    'xl',
  );
  if (!config.ok) throw new Error(config.problems.join(' '));
  await writeFile(path.join(at, 'instance.json'), JSON.stringify(record, null, 2));
  await writeFile(path.join(at, 'xen.cfg'), config.text);
  await writeFile(path.join(at, 'sda'), '');
  await truncate(path.join(at, 'sda'), 2 ** 30);
};

const inBatches = async (count: number, work: (index: number) => Promise<void>): Promise<void> => {
  for (let at = 0; at < count; at += 64)
    await Promise.all(Array.from({ length: Math.min(64, count - at) }, (_, offset) => work(at + offset)));
};

/** Times in ms; `cpu` is what this process used of a refresh; `bytes` what the nodes answered to one. */
type Row = {
  nodes: number;
  folders: number;
  refresh: number;
  cpu: number;
  bytes: number;
  derive: number;
  readiness: number;
  window: number;
  found: number;
};

/** What is done with a snapshot: the instances, whether each could be failed over, and the text for a window. */
const judge = (snapshot: Snapshot): Pick<Row, 'derive' | 'readiness' | 'window' | 'found'> => {
  const began = performance.now();
  const instances = deriveInstances(snapshot);
  const derived = performance.now();
  for (const each of instances) if (each.secondary !== null) readinessOf(each, each.secondary, snapshot);
  const judged = performance.now();
  const problem = instances.flatMap((each) => each.problems)[0];
  if (problem) throw new Error(`what was made is not sound: ${problem.text}`);
  const window = JSON.stringify(snapshot).length;
  return { derive: derived - began, readiness: judged - derived, window, found: instances.length };
};

/** Grows one cluster through `folderCounts`; the first one is refreshed before the clock runs. */
const grow = async (
  directory: string,
  nodes: readonly BenchNode[],
  folderCounts: readonly number[],
  storage: string,
): Promise<Row[]> => {
  const knownHosts = path.join(directory, 'known_hosts');
  await writeKnownHosts(knownHosts, nodes);
  let bytes = 0;
  const session = watchNodes(clusterOf(nodes, [storage]), knownHosts, (more) => {
    bytes += more;
  });
  const shared = storage === SHARED_STORAGE;
  const rows: Row[] = [];
  let made = 0;
  const prefix = `n${nodes.length}${shared ? 's' : ''}`;
  const nodeOf = (index: number): BenchNode => {
    const node = nodes[index % nodes.length];
    if (!node) throw new Error('a cluster without nodes');
    return node;
  };
  try {
    for (const folders of folderCounts) {
      const from = made;
      await inBatches(folders - from, async (offset) => {
        const node = nodeOf(from + offset);
        const secondary = nodeOf(from + offset + 1).name;
        const owners = { primary: node.name, secondary };
        await makeFolder(node.root, storage, `${prefix}-${from + offset}`, owners);
      });
      made = folders;
      // connections are made and code is compiled before the clock runs
      if (rows.length === 0) await session.refresh();
      let snapshot = session.snapshot();
      const times: number[] = [];
      const used: number[] = [];
      const until = performance.now() + patienceMs;
      while (times.length === 0 || (times.length < repeats && performance.now() < until)) {
        bytes = 0;
        const before = process.cpuUsage();
        const began = performance.now();
        snapshot = await session.refresh();
        times.push(performance.now() - began);
        const { user, system } = process.cpuUsage(before);
        used.push((user + system) / 1000);
      }
      const silent = snapshot.nodes.find((node) => node.trouble !== null);
      if (silent) throw new Error(`${silent.name}: ${silent.trouble?.message}`);
      rows.push({
        nodes: nodes.length,
        folders,
        refresh: median(times),
        cpu: median(used),
        bytes,
        ...judge(snapshot),
      });
    }
  } finally {
    await session.close();
    await inBatches(made, (index) =>
      rm(path.join(nodeOf(index).root, storage, `${prefix}-${index}`), { recursive: true }),
    );
  }
  return rows;
};

export const benchRefresh = async (
  directory: string,
  nodes: readonly BenchNode[],
  sizes: { nodes: readonly number[]; folders: readonly number[] },
): Promise<string> => {
  const rows: string[][] = [];
  const add = (label: string, measured: readonly Row[]): void => {
    for (const row of measured) {
      if (row.found !== row.folders)
        throw new Error(`${row.folders} folders were made, ${row.found} instances were found`);
      rows.push([
        `${row.nodes} ${label}`,
        String(row.folders),
        seconds(row.refresh),
        seconds(row.cpu),
        volume(row.bytes),
        milliseconds(row.derive),
        milliseconds(row.readiness),
        volume(row.window),
        `${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`,
      ]);
    }
  };
  for (const count of sizes.nodes)
    add(
      'nodes, storage of their own',
      await grow(directory, nodes.slice(0, count), sizes.folders, LOCAL_STORAGE),
    );
  add(
    'nodes, sharing all',
    await grow(directory, nodes.slice(0, sizes.nodes[0] ?? 3), sizes.folders, SHARED_STORAGE),
  );
  return table(
    [
      'cluster',
      'folders',
      'one refresh',
      'CPU here',
      'from nodes',
      'derived in',
      'readiness in',
      'as JSON',
      'memory',
    ],
    rows,
  );
};
