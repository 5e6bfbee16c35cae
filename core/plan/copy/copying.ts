/** Steps that copy an instance's images into another folder: shared by clone, move, replicate and failover. */

import type { InstanceView } from '../../cluster/instances.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import type { ReplicaRecord } from '../../cluster/replica.ts';
import { baseName } from '../../storage/paths.ts';
import { diskFacts } from '../../xen/disk-writer.ts';
import { writeInstanceConfig } from '../../xen/instance-config.ts';
import { claimedConfig } from '../adopt/claimed-config.ts';
import type { CopyPlace } from '../checks/copy.ts';
import type { Plan } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { disksAt } from '../records.ts';
import { blocks, idOf, isoOf, type Scene } from '../scene.ts';
import { sha256 } from '../sha256.ts';
import { lockText, type StepList, undoOf } from '../step-list.ts';
import { configPath } from '../subject.ts';

/** Folder and lock at the place of the copies. */
export const addPlace = (
  list: StepList,
  scene: Scene,
  place: CopyPlace,
  lock: { title: string; nodes: readonly string[] },
): void => {
  const { node, folder } = place;
  if (place.replica) {
    list.add(
      node,
      `Lock the replica on ${node}`,
      { do: 'lock', folder, lock: lockText(scene, lock.title, lock.nodes, folder) },
      { undo: [undoOf(node, 'Give its lock back', { do: 'unlock', folder, run: scene.context.run })] },
    );
    return;
  }
  list.add(
    node,
    `Make the folder on ${node}, with its lock`,
    { do: 'make-folder', folder, lock: lockText(scene, lock.title, lock.nodes, folder) },
    { undo: [undoOf(node, 'Remove the folder', { do: 'drop-folder', folder, run: scene.context.run })] },
  );
};

/** The images of a replica stop being one: nothing half copied has a final name. */
export const addReopening = (
  list: StepList,
  scene: Scene,
  place: CopyPlace,
  record: InstanceRecord,
): void => {
  const { node, folder } = place;
  if (!place.replica || record.disks.length === 0) return;
  const files = record.disks.map((each) => baseName(each.logical_id[2]));
  const { run } = scene.context;
  list.add(
    node,
    `Let the copy on ${node} go on from the replica`,
    { do: 'reopen-replica', folder, files, run },
    {
      undo: [
        undoOf(node, `Leave the replica on ${node} as it was`, { do: 'reseal-replica', folder, files, run }),
      ],
    },
  );
};

/** Every image, streamed beside its name, compared by content on both sides, and only then given its name. */
export const addCopies = (list: StepList, record: InstanceRecord, source: string, place: CopyPlace): void => {
  for (const disk of record.disks) {
    const [, type, from] = disk.logical_id;
    const name = baseName(from);
    const path = `${place.folder}/${name}`;
    list.add(
      [source],
      `Copy ${name} from ${source} to ${place.node}`,
      {
        do: 'copy-image',
        from: { node: source, path: from },
        to: { node: place.node, path },
        size: disk.size,
        type,
      },
      // what was copied onto a replica stays for the next copy
      place.replica
        ? {}
        : {
            undo: [
              undoOf(place.node, `Remove the copy of ${name} that was begun`, { do: 'drop-partial', path }),
            ],
          },
    );
    list.add(
      place.node,
      `Compare ${name} by its content, and give it its name`,
      { do: 'accept-copy', path, size: disk.size, type },
      place.replica
        ? {}
        : { undo: [undoOf(place.node, `Remove the copy of ${name}`, { do: 'remove-file', path })] },
    );
  }
};

/** Looked at last before what was copied counts: somebody may have started it by hand, and a run may be resumed days later. */
export const addUnchanged = (list: StepList, scene: Scene, record: InstanceRecord, source: string): void => {
  if (record.disks.length === 0) return;
  list.add(source, `Make sure that nobody wrote to the images on ${source} since they were copied`, {
    do: 'verify-unchanged',
    images: record.disks.map((each) => each.logical_id[2]),
    run: scene.context.run,
  });
};

export type PlacedConfig = { text: string; file: Plan['files'][number] | null };

/** xen.cfg for the copy: the instance's own text with another identity and other paths, or written anew. */
export const configAt = (
  scene: Scene,
  view: InstanceView,
  next: InstanceRecord,
  place: Pick<CopyPlace, 'node' | 'folder' | 'config'>,
): { ok: true; config: PlacedConfig } | { ok: false; reasons: Reason[] } => {
  const own =
    view.folders.find((each) => each.current && each.folder.path === view.folder)?.folder.config ?? null;
  const claimed = own === null ? null : claimedConfig(own, view.record, next);
  let text = claimed;
  if (text === null) {
    const written = writeInstanceConfig(
      {
        ...next.guest,
        name: next.name,
        uuid: next.uuid,
        nics: next.nics,
        disks: next.disks.map(diskFacts),
      },
      scene.lookup.byName.get(place.node)?.facts?.toolstack ?? 'xl',
    );
    if (!written.ok)
      return {
        ok: false,
        reasons: written.problems.map((problem) => blocks('config', 'Xen configuration', problem)),
      };
    text = written.text;
  }
  const path = configPath(place.folder);
  return {
    ok: true,
    config: {
      text,
      file: text === place.config ? null : { node: place.node, path, before: place.config, after: text },
    },
  };
};

export const addConfig = (list: StepList, place: CopyPlace, config: PlacedConfig): void => {
  if (config.file === null) return;
  const { node } = place;
  const { path, before, after } = config.file;
  list.add(
    node,
    `Write the Xen configuration on ${node}`,
    { do: 'write-file', path, content: after, expect: before === null ? 'absent' : sha256(before) },
    {
      undo: [
        before === null
          ? undoOf(node, 'Remove xen.cfg', { do: 'remove-file', path })
          : undoOf(node, 'Write the Xen configuration that was there', {
              do: 'write-file',
              path,
              content: before,
              expect: sha256(after),
            }),
      ],
    },
  );
};

/**
 * What a folder with a copy says of itself. `label` is unique in the plan.
 * @param record under which its images were last the instance's own
 */
export const replicaOf = (
  scene: Scene,
  record: InstanceRecord,
  at: { source: string; folder: string },
  label: string,
): ReplicaRecord => ({
  version: 1,
  copy: idOf(scene, `replica ${label}`),
  source: at.source,
  record: { ...record, disks: disksAt(record, at.folder) },
  disks: record.disks.map((disk) => ({
    file: baseName(disk.logical_id[2]),
    type: disk.logical_id[1],
    size: disk.size,
    content: null,
  })),
  when: isoOf(scene.context.now),
  written: { by: scene.context.who, run: scene.context.run },
});

export const replicaText = (replica: ReplicaRecord): string => `${JSON.stringify(replica, null, 2)}\n`;
