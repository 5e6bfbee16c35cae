/**
 * Which of several folders with one uuid counts (SAFETY "The record: who may start it"): a copy lies elsewhere than its
 * record says, a superseded one is among the other's ancestors, everything else is a fork that only a person resolves.
 */
import { historyOf } from './history.ts';
import { type FolderSight, recordOf } from './lookup.ts';
import type { InstanceRecord } from './record.ts';

/** One folder on one storage, as all the nodes show it that see it. */
export type FolderGroup = {
  key: string;
  sights: FolderSight[];
  record: InstanceRecord;
  /** a node that answers now shows it */
  seen: boolean;
  matchesPlace: boolean;
  /** nodes disagree about its record, and neither is the other's ancestor */
  torn: boolean;
};
export type Sorted = {
  main: FolderGroup;
  copies: FolderGroup[];
  superseded: FolderGroup[];
  forks: FolderGroup[];
};

export const matchesPlace = (sight: FolderSight, record: InstanceRecord): boolean =>
  sight.storageId !== null &&
  record.place.inode === sight.folder.inode &&
  record.place.storage === sight.storageId &&
  record.place.path === sight.folder.path;

/** Of two folders that hold a record each, one is older only where the ids say so: what they can't tell is a fork, for a person. */
const supersedes = (newer: InstanceRecord, older: InstanceRecord): boolean =>
  historyOf(older, newer) === 'before';

const groupOf = (key: string, sights: FolderSight[]): FolderGroup | null => {
  const answering = sights.filter((each) => each.seen);
  const considered = answering.length > 0 ? answering : sights;
  let record: InstanceRecord | null = null;
  let torn = false;
  for (const sight of considered) {
    // a hundred nodes show the same
    if (record !== null && sight.recordId === record.id) continue;
    const found = recordOf(sight);
    if (found === null) continue;
    if (record === null) record = found;
    else if (record.id !== found.id) {
      // A probe may have read the record just before or after a write: the later one counts.
      if (supersedes(found, record)) record = found;
      else if (!supersedes(record, found)) {
        torn = true;
        if (found.generation > record.generation) record = found;
      }
    }
  }
  if (record === null) return null;
  const kept = record;
  return {
    key,
    sights,
    record: kept,
    seen: answering.length > 0,
    matchesPlace: considered.some((each) => matchesPlace(each, kept)),
    torn,
  };
};

const better = (a: FolderGroup, b: FolderGroup): number =>
  Number(b.matchesPlace) - Number(a.matchesPlace) ||
  Number(b.seen) - Number(a.seen) ||
  b.record.generation - a.record.generation ||
  (a.key < b.key ? -1 : 1);

const byKeyOf = (sights: readonly FolderSight[]): Iterable<readonly [string, FolderSight[]]> => {
  const [first] = sights;
  // one folder, however many nodes show it
  if (first && sights.every((each) => each.key === first.key)) return [[first.key, [...sights]]];
  const byKey = new Map<string, FolderSight[]>();
  for (const sight of sights) {
    const list = byKey.get(sight.key);
    if (list) list.push(sight);
    else byKey.set(sight.key, [sight]);
  }
  return byKey;
};

/** Sorts the sights of one uuid; null only when none has a readable record. */
export const sortFolders = (sights: readonly FolderSight[]): Sorted | null => {
  const groups: FolderGroup[] = [];
  for (const [key, list] of byKeyOf(sights)) {
    const group = groupOf(key, list);
    if (group !== null) groups.push(group);
  }
  if (groups.length > 1) groups.sort(better);
  const main = groups.find(
    (each) => !groups.some((other) => other !== each && supersedes(other.record, each.record)),
  );
  const chosen = main ?? groups[0];
  if (!chosen) return null;
  const rest = groups.filter((each) => each !== chosen);
  return {
    main: chosen,
    copies: rest.filter((each) => each.record.id === chosen.record.id),
    superseded: rest.filter((each) => supersedes(chosen.record, each.record)),
    forks: rest.filter(
      (each) => each.record.id !== chosen.record.id && !supersedes(chosen.record, each.record),
    ),
  };
};
