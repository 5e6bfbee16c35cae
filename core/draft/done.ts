/**
 * Whether the cluster is already as a change would leave it. Only what can be told for sure counts: where it can't, the change is
 * planned, and its plan says what stands against it.
 */
import { findInstances, type InstanceView } from '../cluster/instances.ts';
import { lookupOf, storageOf } from '../cluster/lookup.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import { trashOf } from '../cluster/trash.ts';
import type { AdoptIntent, CreateIntent, Intent } from '../plan/intent.ts';
import { parseKeptName } from '../storage/kept-names.ts';
import { baseName } from '../storage/paths.ts';
import type { Base } from './draft.ts';

const oneOf = (snapshot: Snapshot, name: string): InstanceView | null => {
  const [view, ...more] = findInstances(snapshot, name);
  return view && more.length === 0 ? view : null;
};

const isUp = ({ status, record }: InstanceView): boolean =>
  status === 'running' && record.adminState === 'up';
const isDown = ({ status, record }: InstanceView): boolean =>
  status === 'stopped' && record.adminState === 'down';
/** As it is recorded that it shall be. */
const isAsRecorded = (view: InstanceView): boolean => isUp(view) || isDown(view);

const configOf = (view: InstanceView): string | null =>
  view.folders.find((each) => each.current && each.node === view.primary)?.folder.config ?? null;

const created = (snapshot: Snapshot, intent: CreateIntent): string | null => {
  const view = oneOf(snapshot, intent.name);
  if (!view) return null;
  const { record, disks } = view;
  const asWanted =
    record.primary === intent.primary &&
    record.secondary === intent.secondary &&
    view.storage === intent.storageDirectory &&
    record.os === intent.os &&
    record.guest.type === intent.guest.type &&
    record.guest.memoryMib === intent.guest.memoryMib &&
    record.guest.vcpus === intent.guest.vcpus &&
    record.nics.length === intent.nics.length &&
    record.nics.every(({ bridge }, index) => bridge === intent.nics[index]?.bridge) &&
    disks.length === intent.disks.length &&
    disks.every((disk, index) => {
      const wanted = intent.disks[index];
      return (
        disk.problem === null &&
        (intent.reuse || disk.type === wanted?.type) &&
        (wanted?.import !== undefined || wanted?.size === 0 || disk.size === wanted?.size)
      );
    }) &&
    (intent.start ? isUp(view) : isAsRecorded(view));
  return asWanted ? `${view.name} is there as it was to be created.` : null;
};

const adopted = (snapshot: Snapshot, intent: AdoptIntent): string | null => {
  const view = oneOf(snapshot, intent.name);
  if (view?.primary !== intent.primary) return null;
  const [folder] = intent.paths;
  const same =
    (intent.paths.length === 1 && folder === view.folder) ||
    (intent.paths.length === view.disks.length &&
      view.disks.every((disk, index) => disk.path === intent.paths[index]));
  return same && (!intent.start || isUp(view)) ? `${view.name} owns these images already.` : null;
};

const removed = (snapshot: Snapshot, name: string, base: Base | null): string | null => {
  const uuid = base?.instances[name]?.uuid.toLowerCase();
  if (uuid === undefined || findInstances(snapshot, uuid).length > 0) return null;
  const noted =
    lookupOf(snapshot).tombstones.has(uuid) || trashOf(snapshot).some((each) => each.uuid === uuid);
  return noted ? `${name} was removed already.` : null;
};

const restored = (snapshot: Snapshot, intent: Extract<Intent, { kind: 'restore' }>): string | null => {
  const { storageDirectory, trashName } = intent;
  if (lookupOf(snapshot).nodes.some((each) => storageOf(each, storageDirectory)?.trash.includes(trashName)))
    return null;
  const [, name = '', uuid8 = '-'] = /^(.+)\.([0-9a-f]{8})\.\d{8}T\d{6}Z$/.exec(trashName) ?? [];
  const view = oneOf(snapshot, name);
  return view?.uuid.startsWith(uuid8) && view.storage === storageDirectory
    ? `${name} is back already.`
    : null;
};

/** By index, of the instance's disks. */
const diskDone = (
  snapshot: Snapshot,
  intent: Extract<Intent, { kind: 'grow' | 'convert' }>,
): string | null => {
  const disk = oneOf(snapshot, intent.instance)?.disks[intent.disk];
  if (!disk || disk.problem !== null) return null;
  const words = `Disk ${intent.disk} of ${intent.instance}`;
  if (intent.kind === 'grow')
    return !intent.by && disk.size === intent.size ? `${words} has that size already.` : null;
  return disk.type === intent.to && (intent.driver === undefined || disk.driver === intent.driver)
    ? `${words} is ${intent.to} already.`
    : null;
};

const moved = (snapshot: Snapshot, intent: Extract<Intent, { kind: 'move' }>): string | null => {
  const view = oneOf(snapshot, intent.instance);
  const { node, storageDirectory, removeSource } = intent;
  if (!view || (node === null && storageDirectory === null) || !isAsRecorded(view)) return null;
  return (node === null || view.primary === node) &&
    (storageDirectory === null || view.storage === storageDirectory) &&
    !(removeSource && view.replicas.length > 0)
    ? `${view.name} lies in ${view.folder} and belongs to ${view.primary ?? ''} already.`
    : null;
};

/** The sentence that says so; null when it is not so, or can't be told. */
export const doneText = (snapshot: Snapshot, intent: Intent, base: Base | null): string | null => {
  const nodes = lookupOf(snapshot);
  switch (intent.kind) {
    case 'create':
      return created(snapshot, intent);
    case 'adopt':
      return adopted(snapshot, intent);
    case 'start': {
      const view = oneOf(snapshot, intent.instance);
      return view && isUp(view) ? `${view.name} runs already.` : null;
    }
    case 'stop': {
      const view = oneOf(snapshot, intent.instance);
      return view && isDown(view) ? `${view.name} is stopped already.` : null;
    }
    case 'remove':
      return removed(snapshot, intent.instance, base);
    case 'restore':
      return restored(snapshot, intent);
    case 'failover':
    case 'migrate': {
      const view = oneOf(snapshot, intent.instance);
      const { target } = intent;
      if (!view || target === null || view.primary !== target || !isAsRecorded(view)) return null;
      if (intent.kind === 'migrate' && (intent.cleanup || view.record.next !== undefined)) return null;
      return `${view.name} belongs to ${target} already.`;
    }
    case 'claim': {
      const view = oneOf(snapshot, intent.instance);
      return view?.folder === intent.path &&
        intent.as === 'moved' &&
        view.primary === intent.primary &&
        !view.problems.some(({ code }) => code === 'place' || code === 'copy' || code === 'fork')
        ? `${intent.path} is the place of ${view.name} already.`
        : null;
    }
    case 'unlock': {
      const there = nodes.nodes
        .filter((each) => intent.node === undefined || each.name === intent.node)
        .flatMap((each) => each.facts?.folders ?? [])
        .filter((each) => each.path === intent.path);
      return there.length > 0 && there.every((each) => each.lock === null)
        ? `${intent.path} is not locked any more.`
        : null;
    }
    case 'configure': {
      const view = oneOf(snapshot, intent.instance);
      return view && configOf(view) === intent.text ? `The xen.cfg of ${view.name} says so already.` : null;
    }
    case 'rename': {
      const uuid = base?.instances[intent.instance]?.uuid;
      const view = oneOf(snapshot, intent.name);
      return view && uuid !== undefined && view.uuid === uuid ? `It is called ${intent.name} already.` : null;
    }
    case 'move':
      return moved(snapshot, intent);
    case 'replicate': {
      const view = oneOf(snapshot, intent.instance);
      const node = intent.node ?? view?.secondary ?? null;
      return view?.replicas.some((each) => each.node === node && each.current && each.problem === null)
        ? `${node ?? ''} holds a replica of ${view.name} as it is now.`
        : null;
    }
    case 'discard': {
      const view = nodes.byName.get(intent.node);
      return view?.seen && view.facts && !view.facts.folders.some((each) => each.path === intent.path)
        ? `${intent.path} is not on ${intent.node} any more.`
        : null;
    }
    case 'remove-image':
      return trashOf(snapshot, true).some(
        (each) =>
          each.nodes.includes(intent.node) && each.images?.ok && each.images.note.from === intent.path,
      ) && !isThere(snapshot, intent.node, intent.path)
        ? `${intent.path} lies in the trash already.`
        : null;
    case 'release': {
      const view = oneOf(snapshot, intent.instance);
      const folder = view?.folders.find((each) => each.current && each.seen)?.folder;
      return folder &&
        parseKeptName(intent.file) !== null &&
        !folder.files.some((each) => each.name === intent.file)
        ? `${intent.file} is gone already.`
        : null;
    }
    case 'grow':
    case 'convert':
      return diskDone(snapshot, intent);
    case 'cluster-modify':
      return (snapshot.cluster.templateDirectory ?? null) === intent.templateDirectory
        ? 'The cluster has these settings already.'
        : null;
    // what they would make or take away can't be told from what was there before
    case 'purge-trash':
    case 'clone':
    case 'copy-image':
    case 'convert-file':
    case 'compare-images':
    case 'snapshot':
    case 'disk-add':
    case 'disk-remove':
    case 'os-export':
    case 'reboot':
    case 'cluster-init':
      return null;
  }
};

const isThere = (snapshot: Snapshot, node: string, path: string): boolean => {
  const facts = lookupOf(snapshot).byName.get(node)?.facts;
  return (
    facts?.folders.some(
      (each) =>
        each.path === path ||
        (path.startsWith(`${each.path}/`) && each.files.some((file) => file.name === baseName(path))),
    ) === true ||
    facts?.storages.some((each) => each.files?.some((file) => `${each.path}/${file.name}` === path)) === true
  );
};
