/** Failover readiness of an instance in one sign and one sentence, for tables and racks. */
import type { InstanceView } from '../../core/cluster/instances.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { readinessOf } from '../../core/failover/readiness.ts';
import type { Plan } from '../../core/plan/plan.ts';
import { count } from '../parts/format.ts';
import type { VerdictSignName } from '../parts/signs.tsx';

export type ReadinessWords = {
  verdict: VerdictSignName;
  /** "ready", "not: files only on node1" */
  text: string;
  /** the node that this speaks of; null when there is none to go to */
  target: string | null;
};

const order: readonly VerdictSignName[] = ['ready', 'consent', 'warning', 'unknown', 'not'];

/** The secondary first, then the nodes that see its folder, then the rest; never its primary. */
export const targetsOf = (snapshot: Snapshot, instance: InstanceView): string[] => {
  const seers = new Set(instance.folders.filter((each) => each.current).map((each) => each.node));
  const rank = (name: string): number => (name === instance.secondary ? 0 : seers.has(name) ? 1 : 2);
  return snapshot.nodes
    .map((node) => node.name)
    .filter((name) => name !== instance.primary)
    .sort((a, b) => rank(a) - rank(b));
};

export const readinessOn = (snapshot: Snapshot, instance: InstanceView, target: string): ReadinessWords => ({
  ...readinessOf(instance, target, snapshot),
  target,
});

/** Without a secondary: the best of the nodes that see its files. */
const withoutSecondary = (snapshot: Snapshot, instance: InstanceView): ReadinessWords => {
  const seers = new Set(instance.folders.filter((each) => each.current).map((each) => each.node));
  const best = targetsOf(snapshot, instance)
    .filter((node) => seers.has(node))
    .slice(0, 4)
    .map((node) => readinessOn(snapshot, instance, node))
    .sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))[0];
  if (!best)
    return { verdict: 'not', text: `not: files only on ${instance.primary ?? 'one node'}`, target: null };
  return { ...best, text: `${best.text} (${best.target ?? ''}; no secondary)` };
};

const kept = new WeakMap<Snapshot, Map<string, ReadinessWords>>();

/** Judged once for each snapshot. */
export const readinessWords = (snapshot: Snapshot, instance: InstanceView): ReadinessWords => {
  const known = kept.get(snapshot) ?? new Map<string, ReadinessWords>();
  kept.set(snapshot, known);
  const found =
    known.get(instance.uuid) ??
    (instance.secondary === null
      ? withoutSecondary(snapshot, instance)
      : readinessOn(snapshot, instance, instance.secondary));
  known.set(instance.uuid, found);
  return found;
};

/** A target in a dialog, which makes the very plan for it. */
export type TargetVerdict = { verdict: VerdictSignName; text: string };

/** @param only why it can go there only now, as tables and pages say it; null when nothing of the kind is true */
export const verdictOf = (plan: Plan, only: string | null = null): TargetVerdict => {
  const blocks = plan.reasons.filter((each) => each.severity === 'blocks').length;
  const consents = plan.reasons.filter((each) => each.severity === 'consent').length;
  if (blocks > 0) return { verdict: 'not', text: count(blocks, 'reason blocks', 'reasons block') };
  if (only !== null)
    return { verdict: 'warning', text: consents > 0 ? `${only}; ${count(consents, 'consent')}` : only };
  if (consents > 0) return { verdict: 'consent', text: count(consents, 'consent') };
  return { verdict: 'ready', text: 'ready' };
};
