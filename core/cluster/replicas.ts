/** Copies of an instance on storage that is not shared: how old they are, and whether they are whole. */
import type { InstanceReplica } from './instance-view.ts';
import type { FolderSight, Lookup } from './lookup.ts';
import type { InstanceRecord } from './record.ts';
import type { ReplicaRecord } from './replica.ts';
import type { FolderFacts } from './snapshot.ts';
import { ageText } from './status.ts';

/** What a copy under way is called until it is accepted. */
const partialName = /\.partial\.[A-Za-z0-9_-]+$/;

const problemOf = (folder: FolderFacts, replica: ReplicaRecord): string | null => {
  if (folder.files.some((each) => partialName.test(each.name)))
    return `A copy into ${folder.path} was begun and not ended.`;
  for (const { file, type, size } of replica.disks) {
    const found = folder.files.find((each) => each.name === file);
    if (!found) return `${folder.path}/${file} is missing.`;
    if (found.kind !== 'file') return `${folder.path}/${file} is not a regular file.`;
    if (found.type !== type)
      return `${folder.path}/${file} was copied as ${type}, but its header says ${found.type ?? 'nothing'}.`;
    if (type === 'raw' && found.size !== size)
      return `${folder.path}/${file} has ${found.size} bytes, ${size} were copied.`;
  }
  return null;
};

/** Ms since the data were copied, by the clock of the node that holds them; null when a clock makes no sense. */
const ageOf = (node: string, replica: ReplicaRecord, lookup: Lookup): number | null => {
  const view = lookup.byName.get(node);
  const seenAt = view?.snapshot?.seenAt ?? null;
  const when = Date.parse(replica.when);
  if (!view?.facts || seenAt === null || !Number.isFinite(when)) return null;
  // the answer itself ages as well while the node is silent
  return Math.max(0, view.facts.clock - when + Math.max(0, lookup.snapshot.takenAt - seenAt));
};

const replicaOf = (
  sight: FolderSight,
  lookup: Lookup,
): { replica: ReplicaRecord; age: number | null } | null => {
  const found = sight.folder.replicaRecord;
  return found?.ok ? { replica: found.replica, age: ageOf(sight.node, found.replica, lookup) } : null;
};

/** "5 min old", or that its age is not known. */
export const replicaAgeText = (age: number | null): string =>
  age === null ? 'of unknown age' : `${ageText(age)} old`;

/** The replicas of one instance, one for each folder and node that shows it. */
export const replicasOf = (record: Pick<InstanceRecord, 'uuid' | 'id'>, lookup: Lookup): InstanceReplica[] =>
  (lookup.replicas.get(record.uuid.toLowerCase()) ?? [])
    .flatMap((sight): InstanceReplica[] => {
      const found = replicaOf(sight, lookup);
      if (found === null) return [];
      const { replica, age } = found;
      return [
        {
          node: sight.node,
          seen: sight.seen,
          folder: sight.folder.path,
          storage: sight.folder.storage,
          inode: sight.folder.inode,
          replica,
          age,
          current: replica.record.id === record.id,
          problem: problemOf(sight.folder, replica),
        },
      ];
    })
    .toSorted((a, b) => a.node.localeCompare(b.node, 'en') || a.folder.localeCompare(b.folder, 'en'));

/** What can be said of a folder with a replica.json, whether or not its instance is known. */
export const replicaText = (folder: FolderFacts, lookup: Lookup): string => {
  const found = folder.replicaRecord;
  if (!found) return "A replica of an instance; it can't be started.";
  if (!found.ok) return `A replica, but its replica.json can't be read: ${found.error}`;
  const { record, source } = found.replica;
  const removed =
    lookup.tombstones.has(record.uuid.toLowerCase()) && !lookup.recorded.has(record.uuid.toLowerCase());
  return `A replica of ${record.name}, copied from ${source}; it can't be started.${removed ? ' The instance was removed since: this is what is left of it.' : ''}`;
};
