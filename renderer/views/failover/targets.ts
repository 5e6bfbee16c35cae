/** Where an instance could go, each with its verdict: the very plan that would be made for it, counted. */
import { useEffect, useMemo, useState } from 'react';
import type { InstanceView } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { onlyWhileText } from '../../../core/failover/readiness.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { useApp, useDesk } from '../../desk/desk-context.tsx';
import { useDrafting } from '../../draft/drafting.tsx';
import { type TargetVerdict, targetsOf, verdictOf } from '../../model/readiness.ts';

/** Plans are made for so many targets; the rest stands in a list. */
const shownTargets = 6;

export const candidatesOf = (
  snapshot: Snapshot,
  instance: InstanceView,
): { shown: string[]; others: string[] } => {
  const all = targetsOf(snapshot, instance);
  return { shown: all.slice(0, shownTargets), others: all.slice(shownTargets) };
};

/** @param live planned as a live migration; @param go false until the first plan has read the nodes afresh */
export const useTargetVerdicts = (
  instance: string,
  view: InstanceView,
  targets: readonly string[],
  live: boolean,
  go: boolean,
): ReadonlyMap<string, TargetVerdict> => {
  const desk = useDesk();
  const { open, snapshot } = useApp();
  const { on, place } = useDrafting();
  const [answers, setAnswers] = useState<ReadonlyMap<string, Plan | string>>(new Map());
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
          ...(on && { lastSeen: true as const }),
          ...(on && place && { upon: place }),
        });
        if (!current) return;
        setAnswers((old) => new Map(old).set(target, answer.ok ? answer.value.plan : answer.error.message));
      }
    };
    void takenAt;
    if (go) void ask();
    return () => {
      current = false;
    };
  }, [desk, open, instance, list, live, go, takenAt, on, place]);
  return useMemo(
    () =>
      new Map(
        [...answers].map(([target, answer]): [string, TargetVerdict] => [
          target,
          typeof answer === 'string'
            ? { verdict: 'unknown', text: answer }
            : verdictOf(answer, live || snapshot === null ? null : onlyWhileText(view, target, snapshot)),
        ]),
      ),
    [answers, live, snapshot, view],
  );
};
