/** Removed instances: the folders in `.trash`, and the locks that a removal which was cut off left there. */
import { trashDirectory } from './schema.ts';
import type { Snapshot, TrashFacts } from './snapshot.ts';

export type InTrash = {
  storage: string;
  /** as it is called there: NAME.UUID8.TIME */
  name: string;
  path: string;
  /** nodes that see it, those that answer first */
  nodes: string[];
  record: TrashFacts['record'];
  lock: TrashFacts['lock'];
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
          record: details.get(name)?.record ?? null,
          lock: details.get(name)?.lock ?? null,
        });
      }
    }
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
};
