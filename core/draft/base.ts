/** What a draft remembers of the instances that it touches, so that a change made by somebody else meanwhile is not overwritten unseen. */
import { findInstances, type InstanceView } from '../cluster/instances.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import type { Intent } from '../plan/intent.ts';
import { sha256 } from '../plan/sha256.ts';
import type { Base, BaseInstance } from './draft.ts';

/**
 * Short hash of what an instance is: its record, but for what each run writes anew (ids, who wrote it, vouchings), and its xen.cfg.
 * Whoever reconfigures, grows, starts, stops or hands it over makes it another one.
 */
const serialOf = ({ record, folders }: InstanceView): string => {
  const { name, primary, secondary, adminState, os, guest, disks, nics, place } = record;
  const config = folders.find((each) => each.current)?.folder.config ?? null;
  return sha256(
    JSON.stringify([name, primary, secondary, adminState, os, guest, disks, nics, place.path, config]),
  ).slice(0, 16);
};

/** An instance as it is now, in the words of a draft's base. */
export const baseInstanceOf = (view: InstanceView): BaseInstance => ({
  uuid: view.uuid,
  generation: view.record.generation,
  serial: serialOf(view),
});

/** When nodes last answered, ms; null: none ever did. */
export const lastAnswer = (snapshot: Snapshot): number | null => {
  const seen = snapshot.nodes.flatMap((node) => (node.facts && node.seenAt !== null ? [node.seenAt] : []));
  return seen.length === 0 ? null : Math.max(...seen);
};

/** Names (or uuids) of the instances that an intent is about and that are there before it. */
export const instancesOf = (intent: Intent): string[] => {
  if ('instance' in intent) return [intent.instance];
  if (intent.kind === 'compare-images' && intent.subject.of === 'instance') return [intent.subject.instance];
  return [];
};

/** What a snapshot says of these instances; one that it does not show (an earlier change makes it) is left out. Null: nobody ever answered. */
export const baseOf = (snapshot: Snapshot, names: readonly string[]): Base | null => {
  const at = lastAnswer(snapshot);
  if (at === null) return null;
  const instances: Record<string, BaseInstance> = {};
  for (const name of new Set(names)) {
    const [view, ...more] = findInstances(snapshot, name);
    if (view && more.length === 0) instances[view.name] = baseInstanceOf(view);
  }
  return { at, instances };
};
