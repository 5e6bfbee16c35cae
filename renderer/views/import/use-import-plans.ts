/** Several plans under one review: all are made, consents are given once for all, and they run one after the other. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Failure, PlanView } from '../../../core/contract.ts';
import type { Approval } from '../../../core/plan/intent.ts';
import { openReasons } from '../../../core/plan/plan.ts';
import { useApp, useDesk } from '../../desk/desk-context.tsx';
import type { ImportItem } from './import-rows.ts';

export type ItemState = {
  item: ImportItem;
  view: PlanView | null;
  failure: Failure | null;
  /** `changed`: it was planned afresh, and is another one; `ended`: it ran, and did not end well */
  progress: 'planned' | 'waiting' | 'running' | 'adopted' | 'changed' | 'failed' | 'ended';
};

export type ImportPlans = {
  items: readonly ItemState[];
  making: boolean;
  approval: Approval;
  accept: (code: string, given: boolean) => void;
  vouch: (vouched: Approval['vouched']) => void;
  /** items that something stands against */
  open: number;
  ready: boolean;
  running: boolean;
  start: () => void;
};

const noApproval: Approval = { accept: [], vouched: [] };

export const useImportPlans = (items: readonly ImportItem[]): ImportPlans => {
  const desk = useDesk();
  const app = useApp();
  const cluster = app.open ?? '';
  const [states, setStates] = useState<readonly ItemState[]>(() =>
    items.map((item) => ({ item, view: null, failure: null, progress: 'planned' })),
  );
  const [approval, setApproval] = useState<Approval>(noApproval);
  /** the approval that all plans answer */
  const [answered, setAnswered] = useState<Approval | null>(null);
  /** the one whose turn it is; null: none was begun, or all have come to an end */
  const [at, setAt] = useState<number | null>(null);
  const begun = useRef(false);
  const turn = useRef(0);
  /** files to boot from are looked for when they are first heard of */
  const asked = useRef(new Set<string>());

  const change = useCallback((index: number, part: Partial<ItemState>) => {
    setStates((old) => old.map((each, place) => (place === index ? { ...each, ...part } : each)));
  }, []);

  useEffect(() => {
    turn.current += 1;
    const mine = turn.current;
    const make = async () => {
      for (const [index, { intent }] of items.entries()) {
        const { kernel, ramdisk, bootloader } = intent.guest;
        const files = JSON.stringify([kernel, ramdisk, bootloader]);
        const answer = await desk.call('plan.make', {
          cluster,
          intent,
          approval,
          fresh: !asked.current.has(files),
        });
        if (turn.current !== mine || begun.current) return;
        if (answer.ok) {
          asked.current.add(files);
          change(index, { view: answer.value, failure: null });
        } else change(index, { failure: answer.error });
      }
      setAnswered(approval);
    };
    // words are typed: each letter would be a round of plans
    const timer = setTimeout(() => void make(), asked.current.size === 0 ? 0 : 250);
    return () => {
      clearTimeout(timer);
      turn.current += 1;
    };
  }, [items, approval, cluster, desk, change]);

  const current = at === null ? undefined : states[at];
  const run = current?.view?.plan.run;
  const state = app.runs.find((each) => each.id === run)?.state;

  // the next one begins when the one before has come to a good end
  useEffect(() => {
    if (at === null || !current?.view) return;
    if (current.progress === 'waiting') {
      const { view, item } = current;
      change(at, { progress: 'running' });
      void desk
        .call('run.start', {
          cluster,
          intent: item.intent,
          approval,
          run: view.plan.run,
          fingerprint: view.fingerprint,
        })
        .then((answer) => {
          if (answer.ok && answer.value.outcome === 'started') return;
          setAt(null);
          if (!answer.ok) change(at, { progress: 'failed', failure: answer.error });
          else if (answer.value.outcome === 'changed')
            change(at, { progress: 'changed', view: answer.value.view });
        });
      return;
    }
    if (current.progress !== 'running' || state === undefined || state === 'running') return;
    change(at, { progress: state === 'done' ? 'adopted' : 'ended' });
    setAt(state === 'done' && at + 1 < states.length ? at + 1 : null);
  }, [at, current, state, states.length, desk, cluster, approval, change]);

  const open = states.filter(
    ({ view, failure }) => failure !== null || (view !== null && openReasons(view.plan).length > 0),
  ).length;
  const making = answered !== approval;
  const ready = !making && at === null && open === 0 && !begun.current && states.every((each) => each.view);
  const start = useCallback(() => {
    if (!ready) return;
    begun.current = true;
    setStates((old) => old.map((each) => ({ ...each, progress: 'waiting' })));
    setAt(0);
  }, [ready]);
  const accept = useCallback((code: string, given: boolean) => {
    // what runs goes on with what it was begun with
    if (begun.current) return;
    setApproval((old) => ({
      ...old,
      accept: given ? [...new Set([...old.accept, code])] : old.accept.filter((each) => each !== code),
    }));
  }, []);
  const vouch = useCallback((vouched: Approval['vouched']) => {
    if (begun.current) return;
    setApproval((old) =>
      JSON.stringify(old.vouched) === JSON.stringify(vouched) ? old : { ...old, vouched },
    );
  }, []);
  return useMemo(
    () => ({
      items: states,
      making,
      approval,
      accept,
      vouch,
      open,
      ready,
      running: at !== null,
      start,
    }),
    [states, making, approval, accept, vouch, open, ready, at, start],
  );
};
