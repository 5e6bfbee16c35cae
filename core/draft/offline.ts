/**
 * Planning without a connection: what the nodes showed last is taken for what is, and each figure that a plan rests on is told with its
 * age. Such a plan is for reading only; whatever runs is planned anew when the nodes answer.
 */
import { findInstances } from '../cluster/instances.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import { ageText } from '../cluster/status.ts';
import type { Plan } from '../plan/plan.ts';
import type { Reason } from '../plan/reason.ts';
import { formatBytes, formatMebibytes } from '../storage/sizes.ts';
import type { ChangeCost } from './draft-plan.ts';

/** No node answers now. */
export const isOffline = ({ nodes }: Snapshot): boolean =>
  nodes.every((each) => each.trouble !== null || each.facts === null);

/** As if every node answered once more what it said last. One that never answered stays silent. */
export const asLastSeen = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  nodes: snapshot.nodes.map((node) => (node.facts === null ? node : { ...node, trouble: null })),
});

/** Of a node that never answered: why nobody can say more. */
export const isSilence =
  (snapshot: Snapshot) =>
  ({ node, severity }: Reason): boolean =>
    (severity === 'blocks' || severity === 'consent') &&
    node !== undefined &&
    snapshot.nodes.find((each) => each.name === node)?.facts === null;

const whole = (value: number): number => Math.max(0, Math.floor(value));

/** Paths below a storage directory that a step fills. */
const filledBy = ({ action }: Plan['steps'][number]): string[] => {
  switch (action.do) {
    case 'create-image':
    case 'copy-template':
    case 'grow-image':
      return [action.path];
    case 'convert-image':
    case 'copy-image':
      return [action.to.path];
    default:
      return [];
  }
};

/**
 * The figures that a plan rests on, each a sentence with its age.
 * @param snapshot as the nodes showed it, before any change of the draft
 */
export const figuresOf = (snapshot: Snapshot, plan: Plan, memory: ChangeCost['memory']): string[] => {
  const ago = ({ seenAt }: Snapshot['nodes'][number]): string =>
    seenAt === null ? 'when it was seen last' : `${ageText(snapshot.takenAt - seenAt)} ago`;
  const nodesOf = new Map(snapshot.nodes.map((each) => [each.name, each]));
  const found = new Set<string>();
  for (const step of plan.steps)
    for (const path of filledBy(step)) {
      const name = step.action.do === 'copy-image' ? step.action.to.node : (step.nodes[0] ?? '');
      const node = nodesOf.get(name);
      const storage = node?.facts?.storages.find((each) => path.startsWith(`${each.path}/`));
      if (node && storage)
        found.add(
          `Free space in ${storage.path} on ${name} was ${formatBytes(whole(storage.freeBytes))}, ${ago(node)}.`,
        );
    }
  for (const { node: name, mib } of memory) {
    const node = nodesOf.get(name);
    if (mib > 0 && node?.facts)
      found.add(
        `Free memory of ${name} was ${formatMebibytes(whole(node.facts.freeMemoryMib + node.facts.reclaimableMib))}, ${ago(node)}.`,
      );
  }
  const [view, ...more] =
    plan.subject.kind === 'instance' ? findInstances(snapshot, plan.subject.uuid ?? plan.subject.name) : [];
  const holder = view && nodesOf.get(view.primary ?? '');
  if (view && holder && more.length === 0)
    found.add(
      `Whether ${view.name} runs is not known: ${ago(holder)} it ${view.domains.length > 0 ? `ran on ${view.domains.map((each) => each.node).join(', ')}` : 'did not run'}.`,
    );
  return [...found];
};
