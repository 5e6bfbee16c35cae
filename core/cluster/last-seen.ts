/** A cluster as its nodes showed it last: what changes are drafted upon while no node answers. */
import type { Snapshot } from './snapshot.ts';

/** Every node was asked, or is being asked, and not one answers. */
export const isOffline = (snapshot: Snapshot): boolean =>
  snapshot.nodes.length > 0 &&
  snapshot.nodes.every((node) => node.trouble !== null) &&
  snapshot.nodes.some((node) => node.trouble?.kind !== 'not-asked');

/** When any node answered last, ms; null: none ever did. */
export const lastSeenAt = (snapshot: Snapshot): number | null => {
  const times = snapshot.nodes.flatMap((node) => (node.facts && node.seenAt !== null ? [node.seenAt] : []));
  return times.length > 0 ? Math.max(...times) : null;
};

/**
 * As though every node still said what it said last. For drafts alone: a run is planned on what nodes say now. A node of which
 * nothing is known stays silent.
 */
export const asLastSeen = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  nodes: snapshot.nodes.map((node) => (node.facts === null ? node : { ...node, trouble: null })),
});
