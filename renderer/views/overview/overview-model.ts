/** The overview as data: racks with chips, pools with folders, and what there is to look at. Pure. */
import { orphanFolders, unmanagedDomains } from '../../../core/cluster/instances.ts';
import type { NodeFacts, NodeSnapshot, Snapshot, StorageFacts } from '../../../core/cluster/snapshot.ts';
import type { RunSummary } from '../../../core/plan/run.ts';
import type { InstanceRow } from '../../model/instance-rows.ts';
import { troubleMark, troubleWords } from '../../model/node-words.ts';
import { runStateWords } from '../../model/run-words.ts';
import type { Route } from '../../navigation/route.ts';
import { count, shortBytes } from '../../parts/format.ts';
import type { MarkName } from '../../parts/signs.tsx';

export type Rack = {
  node: NodeSnapshot;
  facts: NodeFacts | null;
  /** running, paused, crashed or last seen there: they take memory */
  chips: InstanceRow[];
  stopped: InstanceRow[];
  dom0Mib: number;
  /** storages that no other node sees */
  local: StorageFacts[];
};

export type Pool = {
  id: string;
  facts: StorageFacts;
  nodes: string[];
  folders: { row: InstanceRow; virtual: number; onDisk: number }[];
  promised: number;
  onDisk: number;
};

const takesMemory = (row: InstanceRow): boolean => row.instance.status !== 'stopped';

/** The node under which an instance is drawn: where it runs, else its primary. */
const placeOf = (row: InstanceRow): string | null => {
  const seen = row.instance.domains.find((each) => each.seen);
  return seen?.node ?? row.instance.primary;
};

const storagesById = (snapshot: Snapshot): Map<string, { facts: StorageFacts; nodes: string[] }> => {
  const found = new Map<string, { facts: StorageFacts; nodes: string[] }>();
  for (const node of snapshot.nodes)
    for (const storage of node.facts?.storages ?? []) {
      if (storage.id === null || storage.state !== 'ok') continue;
      const known = found.get(storage.id);
      if (known) known.nodes.push(node.name);
      else found.set(storage.id, { facts: storage, nodes: [node.name] });
    }
  return found;
};

export const racksOf = (snapshot: Snapshot, rows: readonly InstanceRow[]): Rack[] => {
  const shared = storagesById(snapshot);
  return snapshot.nodes.map((node) => {
    const mine = rows.filter((row) => placeOf(row) === node.name);
    const bySize = (a: InstanceRow, b: InstanceRow) =>
      b.memoryMib - a.memoryMib || a.instance.name.localeCompare(b.instance.name, 'en');
    return {
      node,
      facts: node.facts,
      chips: mine.filter(takesMemory).sort(bySize),
      stopped: mine.filter((row) => !takesMemory(row)),
      dom0Mib: node.facts?.domains.find((each) => each.domid === 0)?.memoryMib ?? 0,
      local: (node.facts?.storages ?? []).filter(
        (storage) => storage.id === null || (shared.get(storage.id)?.nodes.length ?? 0) < 2,
      ),
    };
  });
};

export const poolsOf = (snapshot: Snapshot, rows: readonly InstanceRow[]): Pool[] =>
  [...storagesById(snapshot)]
    .filter(([, storage]) => storage.nodes.length > 1)
    .map(([id, { facts, nodes }]) => {
      const folders = rows
        .filter((row) => row.instance.folders.some((each) => each.current && each.storageId === id))
        .map((row) => ({ row, virtual: row.virtual, onDisk: row.onDisk ?? 0 }))
        .sort((a, b) => b.virtual - a.virtual);
      return {
        id,
        facts,
        nodes,
        folders,
        promised: folders.reduce((sum, each) => sum + each.virtual, 0),
        onDisk: folders.reduce((sum, each) => sum + each.onDisk, 0),
      };
    });

export type Attention = { key: string; mark: MarkName | 'warning' | 'not'; text: string; route: Route };

/** The one problem itself, or how many there are. */
const problemWords = ({ instance }: InstanceRow): string => {
  const [first, ...more] = instance.problems;
  return `${instance.name}: ${first && more.length === 0 ? first.text.replace(/\.$/, '') : count(instance.problems.length, 'problem')}`;
};

/** What a person should look at first, the worst first. */
export const attentionOf = (
  snapshot: Snapshot,
  rows: readonly InstanceRow[],
  pools: readonly Pool[],
  /** runs that wait for a person, and those whose word on a node that answers again no longer holds */
  waiting: readonly RunSummary[],
  now: number,
): Attention[] => {
  const found: Attention[] = [];
  for (const row of rows)
    if (
      row.instance.status === 'running-twice' ||
      row.instance.status === 'wrong-node' ||
      row.instance.status === 'crashed'
    )
      found.push({
        key: `state ${row.handle}`,
        mark: 'not',
        text: `${row.instance.name}: ${row.state}`,
        route: { view: 'instance', instance: row.handle },
      });
  for (const run of waiting)
    found.push({
      key: `run ${run.id}`,
      mark: run.returned === undefined ? 'warning' : 'not',
      text: `${run.title}: ${run.returned ?? runStateWords[run.state]}`,
      route: { view: 'run', run: run.id },
    });
  for (const node of snapshot.nodes)
    if (node.trouble && node.trouble.kind !== 'not-asked')
      found.push({
        key: `node ${node.name}`,
        mark: troubleMark(node.trouble.kind),
        text: `${node.name} ${troubleWords(node, now) ?? ''}`,
        route: { view: 'nodes' },
      });
  for (const pool of pools)
    if (pool.promised > pool.facts.totalBytes)
      found.push({
        key: `pool ${pool.id}`,
        mark: 'warning',
        text: `${pool.facts.path} promises ${shortBytes(pool.promised - pool.facts.totalBytes)} more than it holds`,
        route: { view: 'instances' },
      });
  for (const row of rows)
    if (row.instance.problems.length > 0)
      found.push({
        key: `problem ${row.handle}`,
        mark: 'drift',
        text: problemWords(row),
        route: { view: 'instance', instance: row.handle },
      });
  // a folder that a run is just filling is nobody's worry
  const orphans = orphanFolders(snapshot).filter((each) => each.kind !== 'locked').length;
  if (orphans > 0)
    found.push({
      key: 'orphans',
      mark: 'folder',
      text: count(orphans, 'folder without an instance', 'folders without an instance'),
      route: { view: 'instances' },
    });
  const unmanaged = unmanagedDomains(snapshot).length;
  if (unmanaged > 0)
    found.push({
      key: 'unmanaged',
      mark: 'folder',
      text: count(unmanaged, 'domain without a record', 'domains without a record'),
      route: { view: 'instances' },
    });
  return found;
};
