/**
 * One walk over a snapshot that answers all later questions by key, so that 100 nodes with 5,000 instances stay quick.
 * A node is *seen* while it answers; the facts of one that is not seen are its last ones, and are marked as such.
 */
import { type GuestConfigs, guestConfigsOf } from './other-configs.ts';
import type { InstanceRecord } from './record.ts';
import { type Membership, trashDirectory } from './schema.ts';
import type {
  DomainFacts,
  FolderFacts,
  NodeFacts,
  NodeSnapshot,
  OpenFacts,
  Snapshot,
  StorageFacts,
} from './snapshot.ts';

export type NodeView = {
  name: string;
  /** it answers now */
  seen: boolean;
  /** the last answer, however old */
  facts: NodeFacts | null;
  /** null for a node that only a membership file names */
  snapshot: NodeSnapshot | null;
};
/** A folder as one node shows it. */
export type FolderSight = {
  node: string;
  /** the node answers now; false: this is its last answer */
  seen: boolean;
  folder: FolderFacts;
  /** id of the storage directory, null when it has none */
  storageId: string | null;
  /** storage and folder, whichever node looks */
  key: string;
  /** id of its record; null where none can be read */
  recordId: string | null;
};
export type DomainSight = { node: string; seen: boolean; domain: DomainFacts };
/** `path`: where the file does not lie in the directory of xendomains */
export type NamedSight = { node: string; seen: boolean; file: string; path?: string };

/** What starts a guest as its node boots. */
export const autostartPath = ({ file, path }: Pick<NamedSight, 'file' | 'path'>): string =>
  path ?? `/etc/xen/auto/${file}`;

export type Lookup = {
  snapshot: Snapshot;
  /** the snapshot whose facts these are: another one where nodes are only supposed to be lost */
  base: Snapshot;
  /** every node of the cluster in its order, then those that only a membership file names */
  nodes: NodeView[];
  byName: ReadonlyMap<string, NodeView>;
  seen: NodeView[];
  unseen: NodeView[];
  /** folders with a readable record, by uuid */
  recorded: ReadonlyMap<string, FolderSight[]>;
  /** folders without a readable record */
  unrecorded: FolderSight[];
  /** those of them that hold a replica which can be read, by the uuid of its instance */
  replicas: ReadonlyMap<string, FolderSight[]>;
  foldersByName: ReadonlyMap<string, FolderSight[]>;
  domainsByUuid: ReadonlyMap<string, DomainSight[]>;
  domainsByName: ReadonlyMap<string, DomainSight[]>;
  /** domains that tell no uuid */
  anonymousDomains: DomainSight[];
  monitorsByName: ReadonlyMap<string, NamedSight[]>;
  /** what has files open, by node, then by inode */
  open: ReadonlyMap<string, ReadonlyMap<number, OpenFacts[]>>;
  savesByName: ReadonlyMap<string, NamedSight[]>;
  autostartsByName: ReadonlyMap<string, NamedSight[]>;
  /** configurations on the nodes, beside those of the records, that speak of a guest or name its images */
  guestConfigs: GuestConfigs;
  /** nodes that know the uuid as removed */
  tombstones: ReadonlyMap<string, string[]>;
};

/** Names that xl gives a domain while it moves. */
const migrationSuffix = /--(incoming|migratedaway)$/;
export const baseDomainName = (name: string): string => name.replace(migrationSuffix, '');
export const isMigrationLeftover = (name: string): boolean => migrationSuffix.test(name);

/** What has this file open on that node: "loop0", "qemu 1234"; empty when nothing has. */
export const openersOf = (lookup: Lookup, node: string, file: { device: number; inode: number }): string[] =>
  (lookup.open.get(node)?.get(file.inode) ?? [])
    .filter((each) => each.device === file.device)
    .map((each) => each.by);

/** The instance that a file in /etc/xen/auto or /var/lib/xen/save speaks of: `10-web1.cfg` is web1's as well. */
const namesOfFile = (file: string): string[] => {
  const bare = file.replace(/\.(cfg|conf|xl|sxp|save|chk)$/, '');
  return [...new Set([file, bare, bare.replace(/^[0-9]+[-_]/, '')])];
};

const listAt = <K, V>(map: Map<K, V[]>, key: K): V[] => {
  const known = map.get(key);
  if (known) return known;
  const list: V[] = [];
  map.set(key, list);
  return list;
};
const add = <K, V>(map: Map<K, V[]>, key: K, value: V): void => {
  listAt(map, key).push(value);
};

/** A folder with a record, as the nodes before showed it, and where sights of it are gathered. */
type Known = {
  uuid: string;
  name: string;
  inode: number;
  key: string;
  named: FolderSight[];
  owned: FolderSight[];
  /** of its record: one string for all who show the same, which is compared without looking at it */
  id: string;
};
/** One storage directory of the node that is being gone through. */
type Listing = { storageId: string | null; known: Known[]; at: number };

/** The newest membership file of this cluster that any node showed. */
const newestMembership = (snapshot: Snapshot): Membership | null => {
  let newest: Membership | null = null;
  for (const { facts } of snapshot.nodes) {
    const found = facts?.membership;
    if (found && found.uuid === snapshot.cluster.uuid && found.generation > (newest?.generation ?? 0))
      newest = found;
  }
  return newest;
};

const viewsOf = (snapshot: Snapshot): NodeView[] => {
  const known = new Map(snapshot.nodes.map((node) => [node.name, node]));
  const names = new Set([
    ...snapshot.cluster.nodes.map((node) => node.name),
    ...known.keys(),
    ...(newestMembership(snapshot)?.nodes ?? []).map((node) => node.name),
  ]);
  return [...names].map((name) => {
    const node = known.get(name) ?? null;
    const facts = node?.facts ?? null;
    return { name, seen: node !== null && node.trouble === null && facts !== null, facts, snapshot: node };
  });
};

/** Builds the lookup; use `lookupOf`, which keeps it. */
const build = (snapshot: Snapshot): Lookup => {
  const nodes = viewsOf(snapshot);
  const recorded = new Map<string, FolderSight[]>();
  const unrecorded: FolderSight[] = [];
  const replicas = new Map<string, FolderSight[]>();
  const foldersByName = new Map<string, FolderSight[]>();
  const domainsByUuid = new Map<string, DomainSight[]>();
  const domainsByName = new Map<string, DomainSight[]>();
  const anonymousDomains: DomainSight[] = [];
  const monitorsByName = new Map<string, NamedSight[]>();
  const open = new Map<string, Map<number, OpenFacts[]>>();
  const savesByName = new Map<string, NamedSight[]>();
  const autostartsByName = new Map<string, NamedSight[]>();
  const tombstones = new Map<string, string[]>();
  // Nodes that share a storage list it alike: most of a hundred nodes' sights are told from the one before, without a look-up each.
  const shared = new Map<string, Known[]>();
  for (const { name: node, seen, facts } of nodes) {
    if (facts === null) continue;
    const storageIds = new Map(facts.storages.map((each) => [each.path, each.id]));
    const listings = new Map<string, Listing>();
    let path: string | null = null;
    let listing: Listing = { storageId: null, known: [], at: 0 };
    for (const folder of facts.folders) {
      if (folder.name === trashDirectory) continue;
      if (folder.storage !== path) {
        path = folder.storage;
        const storageId = storageIds.get(path) ?? null;
        listing = listings.get(path) ?? {
          storageId,
          known: storageId === null ? [] : listAt(shared, storageId),
          at: 0,
        };
        listings.set(path, listing);
      }
      const { storageId } = listing;
      const record = folder.record?.ok ? folder.record.record : null;
      const index = listing.at;
      listing.at += 1;
      const before = listing.known[index];
      if (
        record !== null &&
        before?.inode === folder.inode &&
        before.name === folder.name &&
        before.uuid === record.uuid
      ) {
        const recordId = record.id === before.id ? before.id : record.id;
        const sight = { node, seen, folder, storageId, key: before.key, recordId };
        before.named.push(sight);
        before.owned.push(sight);
        continue;
      }
      const key = `${storageId ?? `${node}:${folder.storage}`} ${folder.inode}`;
      const sight = { node, seen, folder, storageId, key, recordId: record?.id ?? null };
      const named = listAt(foldersByName, folder.name);
      named.push(sight);
      if (record !== null) {
        const { uuid, id } = record;
        const owned = listAt(recorded, uuid.toLowerCase());
        owned.push(sight);
        listing.known[index] = { uuid, name: folder.name, inode: folder.inode, key, named, owned, id };
      } else {
        unrecorded.push(sight);
        if (folder.record === null && folder.replicaRecord?.ok)
          add(replicas, folder.replicaRecord.replica.record.uuid.toLowerCase(), sight);
      }
    }
    for (const domain of facts.domains) {
      const sight = { node, seen, domain };
      if (domain.domid === 0) continue;
      if (domain.uuid === null) anonymousDomains.push(sight);
      else add(domainsByUuid, domain.uuid.toLowerCase(), sight);
      add(domainsByName, baseDomainName(domain.name), sight);
    }
    for (const monitor of facts.monitors)
      add(monitorsByName, baseDomainName(monitor.name), { node, seen, file: monitor.name });
    const opened = new Map<number, OpenFacts[]>();
    for (const each of facts.open) add(opened, each.inode, each);
    if (opened.size > 0) open.set(node, opened);
    for (const file of facts.saves)
      for (const name of namesOfFile(file)) add(savesByName, name, { node, seen, file });
    for (const file of facts.autostarts)
      for (const name of namesOfFile(file)) add(autostartsByName, name, { node, seen, file });
    for (const uuid of facts.tombstones) add(tombstones, uuid.toLowerCase(), node);
  }
  // a save file is named after the domain, which may have been renamed since: it counts by its uuid as well
  for (const { name: node, seen, facts } of nodes)
    for (const { file, uuid } of facts?.savedUuids ?? [])
      for (const name of new Set(
        (recorded.get(uuid.toLowerCase()) ?? []).map((each) => recordOf(each)?.name),
      ))
        if (
          name !== undefined &&
          !savesByName.get(name)?.some((each) => each.node === node && each.file === file)
        )
          add(savesByName, name, { node, seen, file });
  const guestConfigs = guestConfigsOf(nodes, recorded);
  // and by the images in it, as an entry of /etc/xen/auto does
  for (const [uuid, sights] of guestConfigs.byUuid)
    for (const { node, seen, config } of sights) {
      const file = config.path.slice(config.path.lastIndexOf('/') + 1);
      if (!config.atBoot) continue;
      const byName = config.path.startsWith('/etc/') ? autostartsByName : savesByName;
      for (const name of new Set((recorded.get(uuid) ?? []).map((each) => recordOf(each)?.name)))
        if (name !== undefined && !byName.get(name)?.some((each) => each.node === node && each.file === file))
          add(byName, name, {
            ...{ node, seen, file },
            ...(config.path.startsWith('/etc/libvirt/') && { path: config.path }),
          });
    }
  return {
    snapshot,
    base: snapshot,
    nodes,
    byName: new Map(nodes.map((each) => [each.name, each])),
    seen: nodes.filter((each) => each.seen),
    unseen: nodes.filter((each) => !each.seen),
    recorded,
    unrecorded,
    replicas,
    foldersByName,
    domainsByUuid,
    domainsByName,
    anonymousDomains,
    monitorsByName,
    open,
    savesByName,
    autostartsByName,
    guestConfigs,
    tombstones,
  };
};

const kept = new WeakMap<Snapshot, Lookup>();

/** The lookup of a snapshot, built once for each snapshot object (which nobody changes after it was made). */
export const lookupOf = (snapshot: Snapshot): Lookup => {
  const known = kept.get(snapshot);
  if (known) return known;
  const built = build(snapshot);
  kept.set(snapshot, built);
  return built;
};

/** For a snapshot that was made of another one, so that nobody walks over it again. */
export const keepLookup = (lookup: Lookup): void => {
  kept.set(lookup.snapshot, lookup);
};

/** The storage directory of a node, as it showed it last. */
export const storageOf = (view: NodeView | undefined, path: string): StorageFacts | null =>
  view?.facts?.storages.find((each) => each.path === path) ?? null;

export const recordOf = (sight: FolderSight): InstanceRecord | null =>
  sight.folder.record?.ok ? sight.folder.record.record : null;
