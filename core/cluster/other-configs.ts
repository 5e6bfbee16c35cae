/**
 * Configurations in /etc/xen and /etc/xen/auto that speak of a guest or name its images: by them it could be started a second time,
 * by hand or by xendomains at boot, whatever its record says.
 */
import type { FolderFacts, GuestConfig, NodeFacts } from './snapshot.ts';

/** What is asked of a node and of a folder; the lookup has more of both, and is built with this. */
type NodeView = { name: string; seen: boolean; facts: NodeFacts | null };
type FolderSight = { node: string; folder: FolderFacts; storageId: string | null; key: string };

/** In the name of a configuration that was set aside when its guest became an instance: nobody starts a guest by it any more. */
export const setAsideMark = '.adopted-';

/** How somebody takes away what starts a guest as the node boots, as the end of a sentence. */
export const endsAutostart = (path: string, node: string): string =>
  path.startsWith('/etc/libvirt/')
    ? `let libvirt on ${node} start it no more (virsh -c xen:/// autostart --disable ${path.slice(path.lastIndexOf('/') + 1).replace(/\.xml$/, '')})`
    : `remove ${path} on ${node}`;

export type ConfigSight = { node: string; seen: boolean; config: GuestConfig };
export type GuestConfigs = {
  /** by the uuid of a recorded instance: its own uuid, or one of its images, is named */
  byUuid: ReadonlyMap<string, ConfigSight[]>;
  /** by file: see `fileKey` */
  byFile: ReadonlyMap<string, ConfigSight[]>;
};

/** One file, whichever node looks: its storage, and the path below that. */
export const fileKey = (view: NodeView | undefined, path: string): string | null => {
  const storage = (view?.facts?.storages ?? [])
    .filter((each) => path.startsWith(`${each.path}/`))
    .sort((a, b) => b.path.length - a.path.length)[0];
  return view && storage
    ? `${storage.id ?? `${view.name}:${storage.path}`} ${path.slice(storage.path.length + 1)}`
    : null;
};

/** The files of one node by their numbers there. */
const filesOf = (view: NodeView): Map<string, string> => {
  const found = new Map<string, string>();
  for (const { path, files } of [...(view.facts?.storages ?? []), ...(view.facts?.folders ?? [])])
    for (const file of files ?? []) found.set(`${file.device}:${file.inode}`, `${path}/${file.name}`);
  return found;
};

const add = (map: Map<string, ConfigSight[]>, key: string, sight: ConfigSight): void => {
  const list = map.get(key);
  if (!list) map.set(key, [sight]);
  else if (!list.includes(sight)) list.push(sight);
};

/** The images that one node's configuration names, under their own paths there. */
const namedIn = (view: NodeView, { files }: GuestConfig, byId: ReadonlyMap<string, string>): string[] =>
  files.flatMap(({ path, id }) => {
    const real = id === null ? undefined : byId.get(`${id.device}:${id.inode}`);
    return [...new Set([path, ...(real === undefined ? [] : [real])])].flatMap(
      (each) => fileKey(view, each) ?? [],
    );
  });

export const guestConfigsOf = (
  nodes: readonly NodeView[],
  recorded: ReadonlyMap<string, readonly FolderSight[]>,
): GuestConfigs => {
  const byFile = new Map<string, ConfigSight[]>();
  const byUuid = new Map<string, ConfigSight[]>();
  for (const view of nodes) {
    const configs = view.facts?.guestConfigs ?? [];
    if (configs.length === 0) continue;
    const byId = filesOf(view);
    for (const config of configs) {
      const sight = { node: view.name, seen: view.seen, config };
      for (const key of namedIn(view, config, byId)) add(byFile, key, sight);
      for (const uuid of config.uuids) if (recorded.has(uuid)) add(byUuid, uuid, sight);
    }
  }
  if (byFile.size === 0) return { byUuid, byFile };
  for (const [uuid, sights] of recorded) {
    const told = new Set<string>();
    for (const { key, node, storageId, folder } of sights) {
      // a hundred nodes show the same
      if (told.has(key) || !folder.record?.ok) continue;
      told.add(key);
      for (const disk of folder.record.record.disks) {
        const path = disk.logical_id[2];
        if (!path.startsWith(`${folder.storage}/`)) continue;
        const file = `${storageId ?? `${node}:${folder.storage}`} ${path.slice(folder.storage.length + 1)}`;
        for (const sight of byFile.get(file) ?? []) add(byUuid, uuid, sight);
      }
    }
  }
  return { byUuid, byFile };
};
