/** Every lock that a node which answers shows, in whichever folder: one that counts, a replica, an older state, or in the trash. */
import type { InstanceLock, InstanceView } from './instance-view.ts';
import type { InstanceRecord } from './record.ts';
import type { FolderFacts, Snapshot } from './snapshot.ts';
import { trashOf } from './trash.ts';

export type SeenLock = {
  node: string;
  path: string;
  /** storage and folder, whichever node looks: one lock that several nodes show has one key */
  key: string;
  /** of the folder; null when it holds none that can be read */
  record: InstanceRecord | null;
  lock: NonNullable<FolderFacts['lock']>;
  inTrash: boolean;
};

/** As each node shows them; one in a folder that nodes share comes once for each of them. */
export const seenLocks = (snapshot: Snapshot): SeenLock[] => {
  const found: SeenLock[] = [];
  for (const { name: node, facts, trouble } of snapshot.nodes) {
    if (trouble !== null || facts === null) continue;
    const storageIds = new Map(facts.storages.map((each) => [each.path, each.id]));
    for (const { path, storage, inode, record, lock } of facts.folders)
      if (lock !== null)
        found.push({
          node,
          path,
          key: `${storageIds.get(storage) ?? `${node}:${storage}`} ${inode}`,
          record: record?.ok ? record.record : null,
          lock,
          inTrash: false,
        });
  }
  // a removal that was cut off behind its rename holds its lock inside the trash
  for (const { path, nodes, record, lock } of trashOf(snapshot, true))
    if (lock !== null)
      for (const node of nodes)
        found.push({
          node,
          path,
          key: `trash ${nodes.join(' ')} ${path}`,
          record: record?.ok ? record.record : null,
          lock,
          inTrash: true,
        });
  return found;
};

/**
 * Locks that have to do with an instance, the one in the folder that counts first, each lock once: in its replicas, in its folders
 * that do not count, and in what lies at one of these paths on another node (a copy that was begun holds nothing else yet).
 */
export const locksOfInstance = (snapshot: Snapshot, view: InstanceView): InstanceLock[] => {
  const paths = new Set([
    view.folder,
    ...view.folders.map((each) => each.folder.path),
    ...view.replicas.map((each) => each.folder),
  ]);
  const byKey = new Map<string, SeenLock>();
  const first = view.lock;
  const isFirst = (each: SeenLock): boolean => each.node === first?.node && each.path === first.folder;
  for (const each of seenLocks(snapshot).toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a)))) {
    const others = each.record !== null && each.record.uuid.toLowerCase() !== view.uuid.toLowerCase();
    if (paths.has(each.path) && !others && !each.inTrash && !byKey.has(each.key)) byKey.set(each.key, each);
  }
  return [...byKey.values()].map(({ node, path: folder, lock }) =>
    lock.ok
      ? { node, folder, content: lock.lock, error: null }
      : { node, folder, content: null, error: lock.error },
  );
};
