/** Where an instance could go, each with its verdict: the very plan that would be made for it, counted. */
import { useEffect, useState } from 'react';
import type { InstanceView } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { useApp, useDesk } from '../../desk/desk-context.tsx';
import { targetsOf } from '../../model/readiness.ts';
import { count } from '../../parts/format.ts';
import type { VerdictSignName } from '../../parts/signs.tsx';

/** Plans are made for so many targets; the rest stands in a list. */
const shownTargets = 6;

export const candidatesOf = (
  snapshot: Snapshot,
  instance: InstanceView,
): { shown: string[]; others: string[] } => {
  const all = targetsOf(snapshot, instance);
  return { shown: all.slice(0, shownTargets), others: all.slice(shownTargets) };
};

export type TargetVerdict = { verdict: VerdictSignName; text: string };

export const verdictOf = (plan: Plan): TargetVerdict => {
  const blocks = plan.reasons.filter((each) => each.severity === 'blocks').length;
  const consents = plan.reasons.filter((each) => each.severity === 'consent').length;
  if (blocks > 0) return { verdict: 'not', text: count(blocks, 'reason blocks', 'reasons block') };
  if (consents > 0) return { verdict: 'consent', text: count(consents, 'consent') };
  return { verdict: 'ready', text: 'ready' };
};

/** @param live planned as a live migration; @param go false until the first plan has read the nodes afresh */
export const useTargetVerdicts = (
  instance: string,
  targets: readonly string[],
  live: boolean,
  go: boolean,
): ReadonlyMap<string, TargetVerdict> => {
  const desk = useDesk();
  const { open, snapshot } = useApp();
  const [verdicts, setVerdicts] = useState<ReadonlyMap<string, TargetVerdict>>(new Map());
  const list = targets.join('\n');
  const takenAt = snapshot?.takenAt;
  useEffect(() => {
    let current = true;
    const ask = async () => {
      for (const target of list.split('\n').filter(Boolean)) {
        const answer = await desk.call('plan.make', {
          cluster: open ?? '',
          intent: live
            ? { kind: 'migrate', instance, target }
            : { kind: 'failover', instance, target, timeoutSeconds: 120 },
          approval: { accept: [], vouched: [] },
          fresh: false,
        });
        if (!current) return;
        const verdict: TargetVerdict = answer.ok
          ? verdictOf(answer.value.plan)
          : { verdict: 'unknown', text: answer.error.message };
        setVerdicts((old) => new Map(old).set(target, verdict));
      }
    };
    void takenAt;
    if (go) void ask();
    return () => {
      current = false;
    };
  }, [desk, open, instance, list, live, go, takenAt]);
  return verdicts;
};
