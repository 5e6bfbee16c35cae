/** Instances, unmanaged domains and orphan folders, from what the nodes showed. */
import { configDrift } from './config-drift.ts';
import { disksOf, problemsOf } from './drift.ts';
import { relationOf, strayReplicas } from './gone-on.ts';
import { matchesPlace, type Sorted, sortFolders } from './groups.ts';
import type {
  InstanceFolder,
  InstanceLock,
  InstanceProblem,
  InstanceReplica,
  InstanceView,
  OrphanFolder,
  UnmanagedDomain,
} from './instance-view.ts';
import { baseDomainName, type FolderSight, type Lookup, lookupOf, recordOf } from './lookup.ts';
import { lostText } from './lost-record.ts';
import type { InstanceRecord } from './record.ts';
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

/** A replica of a branch that went on without this record: nothing starts, and nothing is copied over it, until a person has chosen. */
const strayProblem = ({ node, folder, replica }: InstanceReplica): InstanceProblem => ({
  code: 'fork',
  node,
  text: `The replica in ${folder} on ${node} is of another history of it (generation ${replica.record.generation}, handed to ${replica.record.primary ?? replica.record.next ?? 'nobody'}): nothing starts until a person has chosen.`,
});

const viewOf = (sights: readonly FolderSight[], lookup: Lookup): InstanceView | null => {
  const sorted = sortFolders(sights);
  if (sorted === null) return null;
  const { record } = sorted.main;
  const replicas = replicasOf(record, lookup);
  const strays = strayReplicas(record, replicas);
  if (strays.some((each) => relationOf(each.replica.record, record) === 'after')) {
    const view = viewOfReplica(record.uuid.toLowerCase(), sights, lookup);
    if (view !== null) return view;
  }
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
    replicas,
    problems: [
      ...problemsOf({
        record,
        folder: first.folder,
        node: first.node,
        sorted,
        domains,
        disks,
        status: said.status,
        lookup,
        config: configDrift(record, first.folder.config, first.folder.path),
      }),
      ...strays.map(strayProblem),
    ],
  };
};

/** The one whose state is the last, as far as replicas tell. */
const newestFirst = (a: InstanceReplica, b: InstanceReplica): number =>
  b.replica.record.generation - a.replica.record.generation ||
  Number(relationOf(b.replica.record, a.replica.record) === 'after') -
    Number(relationOf(a.replica.record, b.replica.record) === 'after') ||
  (a.replica.when < b.replica.when ? 1 : a.replica.when > b.replica.when ? -1 : 0);

const unseenText = (node: string, primary: string, record: InstanceRecord, lookup: Lookup): string =>
  lookup.byName.get(primary)?.seen
    ? `Only a replica of it on ${node} is seen: ${primary}, which may start it, answers, but ${lostText(lookup, primary, record)}.`
    : `Only a replica of it on ${node} is seen: ${primary}, which may start it, does not answer (${lastSeenText(lookup, primary)}).`;

/**
 * An instance of which only replicas tell the last state, since the record that counts is not to be seen: the node that holds it was
 * never seen from here, or lost its storage. A replica whose instance was removed is none. Folders with a record that a replica
 * has overtaken are older states.
 */
const viewOfReplica = (uuid: string, older: readonly FolderSight[], lookup: Lookup): InstanceView | null => {
  const [first, ...others] = replicasOf({ uuid, id: '' }, lookup).toSorted(newestFirst);
  if (!first || lookup.tombstones.has(uuid)) return null;
  const folder = lookup.replicas
    .get(uuid)
    ?.find((each) => each.node === first.node && each.folder.path === first.folder)?.folder;
  const primary = first.replica.record.primary ?? first.replica.record.next ?? null;
  if (primary === null || folder === undefined) return null;
  const record = { ...first.replica.record, primary };
  const domains = lookup.domainsByUuid.get(uuid) ?? [];
  const text = unseenText(first.node, primary, record, lookup);
  const said = domains.some((each) => each.seen)
    ? statusOf(record, domains, [], new Set(), lookup)
    : lookup.byName.get(primary)?.seen
      ? { status: 'unknown' as const, statusText: text }
      : { status: 'not-seen' as const, statusText: text };
  return {
    uuid: record.uuid,
    name: record.name,
    record,
    folder: first.folder,
    storage: first.storage,
    folders: older.map((each) => ({
      ...each,
      matchesPlace: matchesPlace(each, recordOf(each) ?? record),
      current: false,
    })),
    shared: false,
    primary,
    secondary: record.secondary,
    ...said,
    domains,
    disks: disksOf(record, folder),
    lock: null,
    replicas: replicasOf(record, lookup),
    problems: [
      {
        code: 'record-unseen',
        text: `${text} What is known of it comes from that replica, and it may have gone on since.`,
      },
      ...older.map(({ node, folder: { path } }) => ({
        code: 'superseded' as const,
        node,
        text: `${path} (${node}) holds an older state of it: the replica on ${first.node} tells of a later one.`,
      })),
      ...others
        .filter((each) => relationOf(each.replica.record, record) === 'aside')
        .map((each) => strayProblem(each)),
    ],
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
  for (const uuid of lookup.replicas.keys()) {
    const view = lookup.recorded.has(uuid) ? null : viewOfReplica(uuid, [], lookup);
    if (view !== null) views.push(view);
  }
  views.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.uuid < b.uuid ? -1 : 1));
  kept.set(snapshot, views);
  return views;
};

/** One of them, without the others. Null where nothing of it counts. */
export const deriveInstance = (snapshot: Snapshot, uuid: string): InstanceView | null => {
  const lookup = lookupOf(snapshot);
  const sights = lookup.recorded.get(uuid.toLowerCase());
  return sights ? viewOf(sights, lookup) : viewOfReplica(uuid.toLowerCase(), [], lookup);
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
