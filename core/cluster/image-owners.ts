/** Whose an image file is, from the records, the replicas and the names of what is kept. */

import { isPartialName, parseKeptName } from '../storage/kept-names.ts';
import { baseName } from '../storage/paths.ts';
import type { InstanceView } from './instance-view.ts';
import { deriveInstances } from './instances.ts';
import { lookupOf } from './lookup.ts';
import { replicaText } from './replicas.ts';
import type { FolderFacts, ImageFacts, Snapshot } from './snapshot.ts';

export type ImageOwner =
  /** disk number `disk` of an instance */
  | { kind: 'instance'; name: string; uuid: string; disk: number }
  /** lies in no instance's folder */
  | { kind: 'orphan' }
  /** `name`: the instance of which it is a copy; `of`: the node that was copied; `when`: ISO 8601. null: its replica.json can't be read */
  | { kind: 'replica'; name: string; of: string | null; when: string | null }
  /** was a disk of the instance, and is kept until somebody lets it go */
  | { kind: 'kept'; instance: string }
  /** a copy that is being made, or was not finished */
  | { kind: 'partial' }
  /** lies in the folder of the instance `name`, but is no disk of it */
  | { kind: 'unrecorded'; name: string }
  /** lies in the folder `name` of the trash */
  | { kind: 'trash'; name: string };

type Owned = { owner: ImageOwner; remark: string | null };
/** @param folder null for a file that lies directly in the storage directory */
export type OwnerIn = (
  storageKey: string,
  folder: FolderFacts | null,
  file: ImageFacts,
  path: string,
) => Owned;

type Place = { view: InstanceView; current: boolean; matchesPlace: boolean };

/** Where the instances' disks and folders are: by storage and path. */
const placesOf = (
  snapshot: Snapshot,
): { disks: Map<string, { view: InstanceView; disk: number }>; folders: Map<string, Place> } => {
  const lookup = lookupOf(snapshot);
  const disks = new Map<string, { view: InstanceView; disk: number }>();
  const folders = new Map<string, Place>();
  for (const view of deriveInstances(snapshot)) {
    const [first] = view.folders;
    if (!first) continue;
    const storages = lookup.byName.get(first.node)?.facts?.storages ?? [];
    for (const { index, path } of view.disks) {
      const storage = storages.find((each) => path.startsWith(`${each.path}/`));
      if (storage)
        disks.set(`${storage.id ?? `${first.node}:${storage.path}`} ${path}`, { view, disk: index });
    }
    let last = first;
    for (const sight of view.folders) {
      const { node, folder, storageId, current, matchesPlace } = sight;
      // a hundred nodes show the same: nothing new
      const isSame =
        sight !== last &&
        storageId !== null &&
        storageId === last.storageId &&
        folder.path === last.folder.path &&
        current === last.current;
      last = sight;
      if (isSame) continue;
      const key = `${storageId ?? `${node}:${folder.storage}`} ${folder.path}`;
      // what any node shows of one folder is said of the folder
      const known = folders.get(key);
      if (known === undefined || (current && !known.current))
        folders.set(key, { view, current, matchesPlace });
    }
  }
  return { disks, folders };
};

/** Of a file in a folder with a record that does not count, and whose path no record that counts names. */
const inOtherFolder = (
  { view, matchesPlace }: Place,
  folder: FolderFacts,
  file: ImageFacts,
  path: string,
): Owned => {
  const record = folder.record?.ok ? folder.record.record : null;
  const disk = record?.disks.findIndex((each) => each.logical_id[2] === path) ?? -1;
  if (record && disk >= 0)
    return {
      owner: { kind: 'instance', name: record.name, uuid: record.uuid, disk },
      remark: `The record beside it is not the one that counts: ${view.name} lies in ${view.folder}.`,
    };
  return {
    owner: { kind: 'unrecorded', name: view.name },
    remark:
      !matchesPlace && record?.disks.some((each) => baseName(each.logical_id[2]) === file.name)
        ? `The folder is a copy of ${view.name}, which lies in ${view.folder}.`
        : null,
  };
};

/** Answers for each file of the snapshot. Both maps are made once. */
export const imageOwners = (snapshot: Snapshot): OwnerIn => {
  const lookup = lookupOf(snapshot);
  const { disks, folders } = placesOf(snapshot);
  return (storageKey, folder, file, path) => {
    const known = disks.get(`${storageKey} ${path}`);
    if (known) {
      const { name, uuid } = known.view;
      return {
        owner: { kind: 'instance', name, uuid, disk: known.disk },
        remark: known.view.disks[known.disk]?.problem ?? null,
      };
    }
    if (isPartialName(file.name)) return { owner: { kind: 'partial' }, remark: null };
    if (folder === null) return { owner: { kind: 'orphan' }, remark: null };
    const { record, lock, replica, replicaRecord } = folder;
    const place = folders.get(`${storageKey} ${folder.path}`);
    if (record?.ok && place) {
      if (parseKeptName(file.name))
        return { owner: { kind: 'kept', instance: place.view.name }, remark: null };
      return place.current
        ? { owner: { kind: 'unrecorded', name: place.view.name }, remark: null }
        : inOtherFolder(place, folder, file, path);
    }
    if (record?.ok === false)
      return {
        owner: { kind: 'orphan' },
        remark: `The instance.json beside it can't be read: ${record.error}`,
      };
    if (replica) {
      const said = replicaRecord?.ok ? replicaRecord.replica : null;
      const recorded = said === null || said.disks.some((each) => each.file === file.name);
      return recorded
        ? {
            owner: {
              kind: 'replica',
              name: said?.record.name ?? folder.name,
              of: said?.source ?? null,
              when: said?.when ?? null,
            },
            remark: said ? null : replicaText(folder, lookup),
          }
        : {
            owner: { kind: 'unrecorded', name: said.record.name },
            remark: 'It lies beside a replica, but is no disk of it.',
          };
    }
    if (folder.path === snapshot.cluster.templateDirectory && !lock?.ok)
      return {
        owner: { kind: 'orphan' },
        remark: 'A template: the cluster looks for images here of which disks of new instances are copies.',
      };
    return {
      owner: { kind: 'orphan' },
      remark: lock?.ok ? `A run of ${lock.lock.user} is working in its folder: ${lock.lock.title}.` : null,
    };
  };
};
