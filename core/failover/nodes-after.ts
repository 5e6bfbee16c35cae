/** Memory and storage of every node before a loss, and after what it left has gone elsewhere. */
import { lookupOf } from '../cluster/lookup.ts';
import type { FolderFacts, Snapshot } from '../cluster/snapshot.ts';
import { promisedOn } from '../plan/checks/storage.ts';
import { replicaOn } from '../plan/hand-over/take-over.ts';
import { memoryOf } from './judge.ts';
import { sceneOf } from './readiness.ts';
import { worldsOf } from './world.ts';

/** Bytes. What is promised is what images may still grow by. */
export type StorageAfter = {
  path: string;
  id: string | null;
  totalBytes: number;
  freeBytes: number;
  promisedBefore: number;
  promisedAfter: number;
};

export type NodeAfter = {
  name: string;
  lost: boolean;
  /** it answers and is not lost: only then anything is placed there */
  counted: boolean;
  /** null for a node that was never seen */
  totalMib: number | null;
  freeBefore: number;
  /** as before where it is not counted */
  freeAfter: number;
  /** uuids of what goes there */
  arrives: string[];
  /** as the node showed it last; what is lost with the node is no storage afterwards */
  storages: StorageAfter[];
};

type Going = {
  uuid: string;
  from: string;
  to: string | null;
  memoryMib: number;
  way: 'same' | 'replica' | null;
};

/** Bytes that the images of a folder may still grow by once a guest writes to them. */
const growth = (folder: FolderFacts | undefined, sizes: ReadonlyMap<string, number>): number =>
  (folder?.files ?? []).reduce(
    (sum, file) => sum + Math.max(0, (sizes.get(file.name) ?? 0) - file.allocated),
    0,
  );

export const nodesAfter = (
  snapshot: Snapshot,
  lost: ReadonlySet<string>,
  going: readonly Going[],
): NodeAfter[] => {
  const scene = sceneOf(snapshot);
  const arriving = Map.groupBy(going, (each) => each.to);
  const whole = going.length === 0 ? null : worldsOf(snapshot).without([...lost]);
  /** by storage: what replicas that become instances may grow by */
  const grown = new Map<string, number>();
  for (const { uuid, to, way } of going) {
    const view = way === 'replica' ? whole?.view(uuid) : null;
    const replica = view && to !== null ? replicaOn(view, to) : null;
    if (!replica || to === null) continue;
    const facts = scene.lookup.byName.get(to)?.facts;
    const sizes = new Map(replica.replica.disks.map((each) => [each.file, each.size]));
    const key = `${to} ${replica.storage}`;
    const folder = facts?.folders.find((each) => each.path === replica.folder);
    grown.set(key, (grown.get(key) ?? 0) + growth(folder, sizes));
  }
  return lookupOf(snapshot).nodes.map(({ name, seen, facts }) => {
    const arrives = arriving.get(name) ?? [];
    const freeBefore = memoryOf(scene, name);
    return {
      name,
      lost: lost.has(name),
      counted: seen && !lost.has(name),
      totalMib: facts?.totalMemoryMib ?? null,
      freeBefore,
      freeAfter: freeBefore - arrives.reduce((sum, each) => sum + each.memoryMib, 0),
      arrives: arrives.map((each) => each.uuid),
      storages: (facts?.storages ?? [])
        .filter((each) => each.state === 'ok')
        .map(({ path, id, totalBytes, freeBytes }) => {
          const promisedBefore = promisedOn(scene, id, name, path);
          return {
            ...{ path, id, totalBytes, freeBytes, promisedBefore },
            promisedAfter: promisedBefore + (grown.get(`${name} ${path}`) ?? 0),
          };
        }),
    };
  });
};
