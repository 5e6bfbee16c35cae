/** Removed instances: the folders in `.trash`, and the locks that a removal which was cut off left there. */

import type { InstanceRecord } from './record.ts';
import { trashDirectory } from './schema.ts';
import type { Snapshot, TrashFacts } from './snapshot.ts';

export type TrashFile = NonNullable<TrashFacts['files']>[number];

export type InTrash = {
  storage: string;
  /** as it is called there: NAME.UUID8.TIME */
  name: string;
  path: string;
  /** nodes that see it, those that answer first */
  nodes: string[];
  record: TrashFacts['record'];
  lock: TrashFacts['lock'];
  /** the replica.json of a discarded replica; null when there is none */
  replica: TrashFacts['replicaRecord'] | null;
  /** the note of images that nobody owned; null when there is none */
  images: TrashFacts['removedImages'] | null;
  /** what a person calls it: the instance, or the image or folder that was removed, or its name there */
  called: string;
  /** what the instance was called; null where neither its record nor the folder's name tells */
  instance: string | null;
  uuid: string | null;
  /** when it was removed, ms, as the folder's name says; null where it does not */
  removedAt: number | null;
  /** its files, but for the record and the like; null where that is not known */
  files: TrashFile[] | null;
  /** bytes that it takes on the storage; null where that is not known */
  allocated: number | null;
  /** bytes that its guest was promised; null where that is not known */
  promised: number | null;
};

/** NAME.UUID8.TIME, as a removal makes it; null for any other name. */
export const readTrashName = (name: string): { instance: string; uuid8: string; at: number } | null => {
  const match = /^(.+)\.([0-9a-f]{8})\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(name);
  if (!match) return null;
  const [, instance = '', uuid8 = '', year, month, day, hour, minute, second] = match;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? null : { instance, uuid8, at };
};

/** The record of what lies there: its own, or that of the instance whose replica it is; null when there is none to be read. */
export const trashRecord = ({
  record,
  replica,
}: Pick<InTrash, 'record' | 'replica'>): InstanceRecord | null => {
  if (record) return record.ok ? record.record : null;
  return replica?.ok ? replica.replica.record : null;
};

const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const describe = (name: string, facts: TrashFacts | undefined) => {
  const read = {
    record: facts?.record ?? null,
    replica: facts?.replicaRecord ?? null,
    images: facts?.removedImages ?? null,
  };
  const record = trashRecord(read);
  const called = readTrashName(name);
  const instance = record?.name ?? (read.images === null ? (called?.instance ?? null) : null);
  const files = facts?.files ?? null;
  return {
    ...read,
    lock: facts?.lock ?? null,
    instance,
    called: instance ?? (read.images?.ok ? baseOf(read.images.note.from) : name),
    uuid: record?.uuid ?? null,
    removedAt: called?.at ?? null,
    files,
    allocated: facts?.allocated ?? null,
    promised: record
      ? record.disks.reduce((sum, disk) => sum + disk.size, 0)
      : (files?.reduce((sum, file) => sum + file.size, 0) ?? null),
  };
};

/** Folders in the trash, each storage once, by name. What nodes showed last counts as well, unless `seenOnly`. */
export const trashOf = (snapshot: Snapshot, seenOnly = false): InTrash[] => {
  const found = new Map<string, InTrash>();
  const nodes = [...snapshot.nodes].sort((a, b) => Number(a.trouble !== null) - Number(b.trouble !== null));
  for (const node of nodes) {
    if (seenOnly && node.trouble !== null) continue;
    for (const storage of node.facts?.storages ?? []) {
      const details = new Map((storage.trashFolders ?? []).map((each) => [each.name, each]));
      for (const name of storage.trash) {
        const key = `${storage.id ?? node.name} ${storage.path} ${name}`;
        const known = found.get(key);
        if (known) {
          known.nodes.push(node.name);
          continue;
        }
        found.set(key, {
          storage: storage.path,
          name,
          path: `${storage.path}/${trashDirectory}/${name}`,
          nodes: [node.name],
          ...describe(name, details.get(name)),
        });
      }
    }
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
};

const dayMs = 86_400_000;

/** From when on it counts as expired; null when it is not known when it was removed. It is only marked: nothing deletes itself. */
export const expiresAt = ({ removedAt }: Pick<InTrash, 'removedAt'>, trashDays: number): number | null =>
  removedAt === null ? null : removedAt + trashDays * dayMs;

export const isExpired = (each: Pick<InTrash, 'removedAt'>, trashDays: number, now: number): boolean =>
  (expiresAt(each, trashDays) ?? Number.POSITIVE_INFINITY) <= now;

export type TrashContents = {
  /** named by the record, and there */
  named: TrashFile[];
  /** there, but not named by the record */
  others: TrashFile[];
  /** paths that the record names and that never lay in the folder */
  outside: string[];
};

/** Which of its files the record names. Without a record that can be read none is. */
export const trashContents = (each: InTrash): TrashContents => {
  const files = each.files ?? [];
  if (each.record === null && each.replica?.ok) {
    const copied = new Set(each.replica.replica.disks.map((disk) => disk.file));
    return {
      named: files.filter((file) => copied.has(file.name)),
      others: files.filter((file) => !copied.has(file.name)),
      outside: [],
    };
  }
  if (each.record === null && each.images?.ok) {
    const moved = new Set(each.images.note.files.map((file) => file.name));
    return {
      named: files.filter((file) => moved.has(file.name)),
      others: files.filter((file) => !moved.has(file.name)),
      outside: [],
    };
  }
  const record = trashRecord(each);
  const paths = record?.disks.map((disk) => disk.logical_id[2]) ?? [];
  const folder = record?.place.path ?? '';
  const inside = paths.filter((path) => path.slice(0, path.lastIndexOf('/')) === folder);
  const names = new Set(inside.map(baseOf));
  return {
    named: files.filter((file) => names.has(file.name)),
    others: files.filter((file) => !names.has(file.name)),
    outside: paths.filter((path) => !inside.includes(path)),
  };
};

type RunAbout = { title: string; subject: string; startedAt: number; who: string };

/**
 * Who removed it: the run that holds its lock tells, or a run of this workstation that began when the folder got its name. The
 * nodes themselves keep no note of it.
 */
export const removedBy = (each: InTrash, runs: readonly RunAbout[]): string | null => {
  if (each.lock?.ok) return `${each.lock.lock.user}@${each.lock.lock.workstation}`;
  const { removedAt, instance } = each;
  if (removedAt === null || instance === null) return null;
  // the folder is named when the plan is made, and the run begins when it was read
  const near = runs.filter(
    (run) =>
      run.subject === instance &&
      /^(Remove|Discard|Move) /.test(run.title) &&
      run.startedAt >= removedAt - 1000 &&
      run.startedAt <= removedAt + 600_000,
  );
  const [only] = near.toSorted((a, b) => a.startedAt - b.startedAt);
  return only?.who ?? null;
};
