/** What is known of a node in a few words. Each trouble has its own sign and its own sentence. */
import type { NodeSnapshot, Snapshot } from '../../core/cluster/snapshot.ts';
import { span } from '../parts/format.ts';
import type { MarkName } from '../parts/signs.tsx';

type Kind = NonNullable<NodeSnapshot['trouble']>['kind'];

const marks: Record<Kind, MarkName> = {
  'not-asked': 'clock',
  unreachable: 'plug',
  timeout: 'plug',
  'host-key-unknown': 'key',
  'host-key-changed': 'key',
  'auth-refused': 'login',
  'sudo-refused': 'login',
  'same-machine': 'drift',
  other: 'plug',
};

export const troubleMark = (kind: Kind): MarkName => marks[kind];

/** "not seen for 40 s", "host key changed"; null while it answers. `now` in ms. */
export const troubleWords = (node: NodeSnapshot, now: number): string | null => {
  if (!node.trouble) return null;
  const since = node.seenAt === null ? 'never seen' : `not seen for ${span(now - node.seenAt)}`;
  switch (node.trouble.kind) {
    case 'not-asked':
      return node.seenAt === null ? 'being read' : `being read; last seen ${span(now - node.seenAt)} ago`;
    case 'unreachable':
    case 'timeout':
    case 'other':
      return since;
    case 'host-key-unknown':
      return 'host key not known yet';
    case 'host-key-changed':
      return 'host key changed';
    case 'auth-refused':
      return 'login refused';
    case 'sudo-refused':
      return 'sudo refused';
    case 'same-machine':
      return 'same machine as another node';
  }
};

/** Every node was asked, or is being asked, and not one answers. */
export const noneAnswers = (snapshot: Snapshot): boolean =>
  snapshot.nodes.length > 0 &&
  snapshot.nodes.every((node) => node.trouble !== null) &&
  snapshot.nodes.some((node) => node.trouble?.kind !== 'not-asked');

export const answering = (snapshot: Snapshot): number =>
  snapshot.nodes.filter((node) => node.trouble === null && node.facts !== null).length;

export const usedMemory = (facts: NonNullable<NodeSnapshot['facts']>): number =>
  Math.max(0, facts.totalMemoryMib - facts.freeMemoryMib);

/** Memory that a new domain could have: free, and what Dom0 gives back. */
export const availableMemory = (facts: NonNullable<NodeSnapshot['facts']>): number =>
  facts.freeMemoryMib + facts.reclaimableMib;
