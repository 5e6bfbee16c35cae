/** The instance that an intent names, and its identity as actions carry it. */
import { findInstances, type InstanceFolder, type InstanceView } from '../cluster/instances.ts';
import type { InstanceRecord } from '../cluster/record.ts';
import type { Reason } from './reason.ts';
import { blocks, type Scene } from './scene.ts';

export type Identity = { uuid: string; name: string; images: string[] };

/** By uuid and by images, never by name alone. */
export const identityOf = (record: InstanceRecord): Identity => ({
  uuid: record.uuid,
  name: record.name,
  images: record.disks.map((disk) => disk.logical_id[2]),
});

export const configPath = (folder: string): string => `${folder}/xen.cfg`;

export type Found = { ok: true; view: InstanceView } | { ok: false; reasons: Reason[] };

/** Exactly one instance by name or uuid, else the sentence that says what to do. */
export const findSubject = (scene: Scene, nameOrUuid: string): Found => {
  const found = findInstances(scene.snapshot, nameOrUuid);
  const [view] = found;
  if (view && found.length === 1) return { ok: true, view };
  const unseen = scene.lookup.unseen.map((each) => each.name);
  const text = view
    ? `${found.length} instances are called ${nameOrUuid}: name one by its uuid (${found.map((each) => each.uuid).join(', ')}).`
    : `No folder on the nodes has a record of ${nameOrUuid}${unseen.length > 0 ? ` (not answering: ${unseen.join(', ')})` : ''}.`;
  return {
    ok: false,
    reasons: [blocks(view ? 'ambiguous' : 'no-instance', 'Instance', text, { field: 'instance' })],
  };
};

/** The instance's folder where it can be worked on: as its primary shows it, else any node that answers and shows it in place. */
export const workingFolder = (view: InstanceView): InstanceFolder | null => {
  const usable = view.folders.filter((each) => each.current && each.seen && each.matchesPlace);
  return usable.find((each) => each.node === view.primary) ?? usable[0] ?? null;
};

/** The node that shows it so. */
export const workingNode = (view: InstanceView): string | null => workingFolder(view)?.node ?? null;
