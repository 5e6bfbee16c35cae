/** Rows of the table of instances: what stands in each column, how they are filtered, sorted and summed up. Pure. */
import { deriveInstances, type InstanceView } from '../../core/cluster/instances.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { RunSummary } from '../../core/plan/run.ts';
import type { InstanceSign } from '../parts/signs.tsx';
import { type Activity, activityOf, handlesOf, signWith, wordOf } from './instance-words.ts';
import { type ReadinessWords, readinessWords } from './readiness.ts';

export type InstanceRow = {
  handle: string;
  instance: InstanceView;
  activity: Activity | null;
  sign: InstanceSign;
  state: string;
  memoryMib: number;
  vcpus: number;
  /** bytes, virtual size of all disks */
  virtual: number;
  /** bytes on disk; null when no node shows one of the files */
  onDisk: number | null;
  drivers: string;
  readiness: ReadinessWords;
};

/** "fail over", "create": what a run does, by its title. */
const verbOf = (title: string): string => {
  const word = (/^\S+/.exec(title)?.[0] ?? 'run').toLowerCase();
  return word === 'fail' ? 'fail over' : word;
};

export const rowsOf = (snapshot: Snapshot, runs: readonly RunSummary[]): InstanceRow[] => {
  const all = deriveInstances(snapshot);
  const handles = handlesOf(all);
  return all.map((instance) => {
    const activity = activityOf(runs, instance, snapshot.cluster.name);
    const { disks, record } = instance;
    return {
      handle: handles.get(instance.uuid) ?? instance.uuid,
      instance,
      activity,
      sign: signWith(instance, activity),
      state:
        activity?.run.state === 'running'
          ? `${verbOf(activity.run.title)}, ${activity.text}`
          : wordOf(instance.status),
      memoryMib: record.guest.memoryMib,
      vcpus: record.guest.vcpus,
      virtual: disks.reduce((sum, disk) => sum + disk.size, 0),
      onDisk: disks.some((disk) => disk.allocated === null)
        ? null
        : disks.reduce((sum, disk) => sum + (disk.allocated ?? 0), 0),
      drivers: [...new Set(disks.map((disk) => disk.driver))].join(', '),
      readiness: readinessWords(snapshot, instance),
    };
  });
};

export type RowFilter = 'all' | 'running' | 'stopped' | 'not-seen' | 'not-ready' | 'problems';

const inFilter: Record<RowFilter, (row: InstanceRow) => boolean> = {
  all: () => true,
  running: (row) => row.instance.status === 'running',
  stopped: (row) => row.instance.status === 'stopped',
  'not-seen': (row) => row.instance.status === 'not-seen',
  // what could be moved now, and would be lost with its node, is not ready either
  'not-ready': (row) => row.readiness.verdict === 'not' || row.readiness.verdict === 'warning',
  problems: (row) => row.instance.problems.length > 0,
};

/** Every word must occur in the name, state, nodes, driver or storage. */
export const filterRows = (rows: readonly InstanceRow[], filter: RowFilter, text: string): InstanceRow[] => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (!inFilter[filter](row)) return false;
    const { instance } = row;
    const hay = [
      instance.name,
      row.state,
      instance.primary ?? '',
      instance.secondary ?? '',
      row.drivers,
      instance.storage,
      row.readiness.text,
    ]
      .join(' ')
      .toLowerCase();
    return words.every((word) => hay.includes(word));
  });
};

export type SortKey = 'name' | 'state' | 'primary' | 'secondary' | 'memory' | 'disk' | 'readiness';
export type Sort = { key: SortKey; down: boolean };

const sortValue = (row: InstanceRow, key: SortKey): string | number => {
  switch (key) {
    case 'name':
      return row.instance.name;
    case 'state':
      return row.state;
    case 'primary':
      return row.instance.primary ?? '';
    case 'secondary':
      return row.instance.secondary ?? '';
    case 'memory':
      return row.memoryMib;
    case 'disk':
      return row.onDisk ?? -1;
    case 'readiness':
      return row.readiness.text;
  }
};

export const sortRows = (rows: readonly InstanceRow[], sort: Sort): InstanceRow[] =>
  [...rows].sort((a, b) => {
    const left = sortValue(a, sort.key);
    const right = sortValue(b, sort.key);
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : String(left).localeCompare(String(right), 'en', { numeric: true });
    return (sort.down ? -order : order) || a.instance.name.localeCompare(b.instance.name, 'en');
  });

/** The last line of the table. */
export const totalsOf = (rows: readonly InstanceRow[]) => {
  const states = new Map<string, number>();
  for (const row of rows) {
    const word = wordOf(row.instance.status);
    states.set(word, (states.get(word) ?? 0) + 1);
  }
  return {
    states: [...states].map(([word, amount]) => `${amount} ${word}`).join(', '),
    memoryMib: rows.reduce((sum, row) => sum + row.memoryMib, 0),
    vcpus: rows.reduce((sum, row) => sum + row.vcpus, 0),
    disks: rows.reduce((sum, row) => sum + row.instance.disks.length, 0),
    virtual: rows.reduce((sum, row) => sum + row.virtual, 0),
    onDisk: rows.reduce((sum, row) => sum + (row.onDisk ?? 0), 0),
    ready: rows.filter((row) => row.readiness.verdict === 'ready' || row.readiness.verdict === 'consent')
      .length,
  };
};
