/** Instances, unmanaged domains and orphan folders, from what the nodes showed. */
import { configDrift } from './config-drift.ts';
import { disksOf, problemsOf } from './drift.ts';
import { matchesPlace, type Sorted, sortFolders } from './groups.ts';
import type {
  InstanceFolder,
  InstanceLock,
  InstanceView,
  OrphanFolder,
  UnmanagedDomain,
} from './instance-view.ts';
import { baseDomainName, type FolderSight, type Lookup, lookupOf, recordOf, showsStorage } from './lookup.ts';
import { replicasOf, replicaText } from './replicas.ts';
import type { Snapshot } from './snapshot.ts';
import { lastSeenText, statusOf } from './status.ts';

export type {
  InstanceDisk,
  InstanceFolder,
  InstanceLock,
  InstanceProblem,
  InstanceReplica,
  InstanceStatus,
  InstanceView,
  OrphanFolder,
  ProblemCode,
  UnmanagedDomain,
} from './instance-view.ts';

/** The folder that counts first: as the primary shows it, else as any node that answers does. */
const foldersOf = (sorted: Sorted): InstanceFolder[] => {
  const { main } = sorted;
  const here: InstanceFolder[] = [];
  const answering: InstanceFolder[] = [];
  const silent: InstanceFolder[] = [];
  for (const sight of main.sights) {
    const among = !sight.seen ? silent : sight.node === main.record.primary ? here : answering;
    among.push({ ...sight, matchesPlace: matchesPlace(sight, main.record), current: true });
  }
  const current = [...here, ...answering, ...silent];
  const others = [...sorted.copies, ...sorted.superseded, ...sorted.forks].flatMap((group) =>
    group.sights.map((sight) => ({
      ...sight,
      matchesPlace: matchesPlace(sight, recordOf(sight) ?? group.record),
      current: false,
    })),
  );
  return [...current, ...others];
};

const lockOf = (folders: readonly InstanceFolder[]): InstanceLock | null => {
  for (const { node, seen, current, folder } of folders) {
    if (!seen || !current || folder.lock === null) continue;
    return folder.lock.ok
      ? { node, folder: folder.path, content: folder.lock.lock, error: null }
      : { node, folder: folder.path, content: null, error: folder.lock.error };
  }
  return null;
};

const viewOf = (sights: readonly FolderSight[], lookup: Lookup): InstanceView | null => {
  const sorted = sortFolders(sights);
  if (sorted === null) return null;
  const { record } = sorted.main;
  const folders = foldersOf(sorted);
  // The record that counts may be a newer one than this sight showed; the sight with that very record tells more.
  const first = folders.find((each) => each.current && recordOf(each)?.id === record.id) ?? folders[0];
  if (!first) return null;
  const domains = lookup.domainsByUuid.get(record.uuid.toLowerCase()) ?? [];
  const disks = disksOf(record, first.folder);
  const imageNames = new Set(disks.map((each) => each.path.slice(each.path.lastIndexOf('/') + 1)));
  const said = statusOf(record, domains, folders, imageNames, lookup);
  return {
    uuid: record.uuid,
    name: record.name,
    record,
    folder: first.folder.path,
    storage: first.folder.storage,
    folders,
    shared: new Set(sorted.main.sights.map((each) => each.node)).size > 1,
    primary: record.primary,
    secondary: record.secondary,
    ...said,
    domains,
    disks,
    lock: lockOf(folders),
    replicas: replicasOf(record, lookup),
    problems: problemsOf({
      record,
      folder: first.folder,
      sorted,
      domains,
      disks,
      status: said.status,
      lookup,
      config: configDrift(record, first.folder.config, first.folder.path),
    }),
  };
};

/**
 * An instance of which only replicas can be seen, while the node that may start it does not answer, or answers without the storage
 * that held it. One whose node shows that storage without it was removed, and its replica is none.
 */
const viewOfReplica = (sights: readonly FolderSight[], lookup: Lookup): InstanceView | null => {
  const [first] = sights
    .flatMap(({ folder }) =>
      folder.replicaRecord?.ok ? [{ folder, found: folder.replicaRecord.replica }] : [],
    )
    .toSorted(
      (a, b) =>
        b.found.record.generation - a.found.record.generation || (a.found.when < b.found.when ? 1 : -1),
    );
  if (!first) return null;
  const { record } = first.found;
  const primary = record.primary ?? record.next ?? null;
  if (primary === null || lookup.tombstones.has(record.uuid.toLowerCase())) return null;
  const answers = lookup.byName.get(primary)?.seen === true;
  if (answers && showsStorage(lookup, primary, record.place.storage)) return null;
  return {
    uuid: record.uuid,
    name: record.name,
    record: { ...record, primary },
    folder: first.folder.path,
    storage: first.folder.storage,
    folders: [],
    shared: false,
    primary,
    secondary: record.secondary,
    status: answers ? 'unknown' : 'not-seen',
    statusText: answers
      ? `Only a replica of it is seen: ${primary}, which may start it, answers, but the storage that held it (${record.place.path}) is not there.`
      : `Only a replica of it is seen: ${primary}, which may start it, does not answer (${lastSeenText(lookup, primary)}).`,
    domains: lookup.domainsByUuid.get(record.uuid.toLowerCase()) ?? [],
    disks: disksOf(record, first.folder),
    lock: null,
    replicas: replicasOf(record, lookup),
    problems: [],
  };
};

const kept = new WeakMap<Snapshot, InstanceView[]>();

/** Every instance that a record speaks of, sorted by name. The same array for the same snapshot object. */
export const deriveInstances = (snapshot: Snapshot): InstanceView[] => {
  const known = kept.get(snapshot);
  if (known) return known;
  const lookup = lookupOf(snapshot);
  const views: InstanceView[] = [];
  for (const sights of lookup.recorded.values()) {
    const view = viewOf(sights, lookup);
    if (view !== null) views.push(view);
  }
  for (const [uuid, sights] of lookup.replicas) {
    const view = lookup.recorded.has(uuid) ? null : viewOfReplica(sights, lookup);
    if (view !== null) views.push(view);
  }
  views.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.uuid < b.uuid ? -1 : 1));
  kept.set(snapshot, views);
  return views;
};

/** Instances with this name or uuid: none, one, or several of one name. */
export const findInstances = (snapshot: Snapshot, nameOrUuid: string): InstanceView[] => {
  const views = deriveInstances(snapshot);
  const lower = nameOrUuid.toLowerCase();
  const byUuid = views.filter((each) => each.uuid.toLowerCase() === lower);
  return byUuid.length > 0 ? byUuid : views.filter((each) => each.name === nameOrUuid);
};

/** Domains (Domain-0 left out) whose uuid no record holds. */
export const unmanagedDomains = (snapshot: Snapshot): UnmanagedDomain[] => {
  const lookup = lookupOf(snapshot);
  const found: UnmanagedDomain[] = [...lookup.anonymousDomains];
  for (const [uuid, sights] of lookup.domainsByUuid) if (!lookup.recorded.has(uuid)) found.push(...sights);
  return found.sort(
    (a, b) => a.node.localeCompare(b.node, 'en') || a.domain.name.localeCompare(b.domain.name, 'en'),
  );
};

const orphanOf = (sights: [FolderSight, ...FolderSight[]], lookup: Lookup): OrphanFolder => {
  const [{ folder }] = sights;
  const { record } = folder;
  const nodes = [...new Set(sights.map((each) => each.node))];
  const said = (): Pick<OrphanFolder, 'kind' | 'text'> => {
    if (record?.ok === false)
      return { kind: 'broken-record', text: `Its instance.json can't be read: ${record.error}` };
    if (folder.replica) return { kind: 'replica', text: replicaText(folder, lookup) };
    if (folder.lock?.ok)
      return {
        kind: 'locked',
        text: `A run of ${folder.lock.lock.user} is working in it: ${folder.lock.lock.title}.`,
      };
    const user = lookup.domainsByName.get(baseDomainName(folder.name))?.find((each) => each.seen);
    return {
      kind: 'no-record',
      text: user
        ? `No instance.json; the domain ${user.domain.name} on ${user.node} has its name.`
        : 'No instance.json: no instance owns it.',
    };
  };
  return {
    path: folder.path,
    name: folder.name,
    nodes,
    ...said(),
    files: folder.files.map((each) => each.name),
    allocated: folder.files.reduce((sum, each) => sum + each.allocated, 0),
  };
};

/**
 * Folders in the storage directories that no readable record owns, nor an instance as its replica; the same one seen from several
 * nodes counts once.
 */
export const orphanFolders = (snapshot: Snapshot): OrphanFolder[] => {
  const lookup = lookupOf(snapshot);
  const groups = new Map<string, [FolderSight, ...FolderSight[]]>();
  for (const sight of lookup.unrecorded) {
    const known = groups.get(sight.key);
    if (!known) groups.set(sight.key, [sight]);
    // An answer of now tells more than a last one.
    else if (sight.seen && !known[0].seen) known.unshift(sight);
    else known.push(sight);
  }
  const replicas = new Set(
    deriveInstances(snapshot).flatMap((view) => view.replicas.map((each) => `${each.node} ${each.folder}`)),
  );
  return [...groups.values()]
    .filter((sights) => !sights.some(({ node, folder }) => replicas.has(`${node} ${folder.path}`)))
    .map((sights) => orphanOf(sights, lookup))
    .sort((a, b) => a.path.localeCompare(b.path, 'en'));
};
