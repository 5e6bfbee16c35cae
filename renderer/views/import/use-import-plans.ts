/**
 * Several plans under one review: all are made, each has its own consents, and they run one after the other. Words on a silent node
 * are given once for all: they are about the node.
 */
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
  /** what was accepted for this one, with the words on silent nodes that all share */
  approval: Approval;
  /** `changed`: it was planned afresh, and is another one; `ended`: it ran, and did not end well */
  progress: 'planned' | 'waiting' | 'running' | 'adopted' | 'changed' | 'failed' | 'ended';
};

/** What was left standing when the view was left while its plans ran. */
export type LeftQueue = { adopted: readonly string[]; begun: readonly string[]; notBegun: readonly string[] };

/** By cluster, until others are begun there: the plans run from the view, and nobody goes on with them without it. */
const leftQueues = new Map<string, LeftQueue>();
export const leftQueueOf = (cluster: string): LeftQueue | null => leftQueues.get(cluster) ?? null;

export type ImportPlans = {
  items: readonly ItemState[];
  making: boolean;
  vouched: Approval['vouched'];
  /** of one, by its place */
  accept: (index: number, code: string, given: boolean) => void;
  vouch: (vouched: Approval['vouched']) => void;
  /** items that something stands against */
  open: number;
  ready: boolean;
  running: boolean;
  start: () => void;
};

/** Accepted by each, by its place; the words are everybody's. */
type Given = { accept: ReadonlyMap<number, readonly string[]>; vouched: Approval['vouched'] };
const nothingGiven: Given = { accept: new Map(), vouched: [] };
const approvalFor = ({ accept, vouched }: Given, index: number): Approval => ({
  accept: [...(accept.get(index) ?? [])],
  vouched,
});

export const useImportPlans = (items: readonly ImportItem[]): ImportPlans => {
  const desk = useDesk();
  const app = useApp();
  const cluster = app.open ?? '';
  const [states, setStates] = useState<readonly Omit<ItemState, 'approval'>[]>(() =>
    items.map((item) => ({ item, view: null, failure: null, progress: 'planned' })),
  );
  const [given, setGiven] = useState<Given>(nothingGiven);
  /** what all plans answer */
  const [answered, setAnswered] = useState<Given | null>(null);
  /** the one whose turn it is; null: none was begun, or all have come to an end */
  const [at, setAt] = useState<number | null>(null);
  const begun = useRef(false);
  const turn = useRef(0);
  /** files to boot from are looked for when they are first heard of */
  const asked = useRef(new Set<string>());

  const latest = useRef(states);
  useEffect(() => {
    latest.current = states;
  }, [states]);
  useEffect(
    () => () => {
      const named = (...progress: ItemState['progress'][]): string[] =>
        latest.current.flatMap((each) => (progress.includes(each.progress) ? [each.item.name] : []));
      const notBegun = named('waiting', 'changed', 'failed');
      if (begun.current && notBegun.length > 0)
        leftQueues.set(cluster, { adopted: named('adopted'), begun: named('running', 'ended'), notBegun });
    },
    [cluster],
  );

  const change = useCallback((index: number, part: Partial<Omit<ItemState, 'approval'>>) => {
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
          approval: approvalFor(given, index),
          fresh: !asked.current.has(files),
        });
        if (turn.current !== mine || begun.current) return;
        if (answer.ok) {
          asked.current.add(files);
          change(index, { view: answer.value, failure: null });
        } else change(index, { failure: answer.error });
      }
      setAnswered(given);
    };
    // words are typed: each letter would be a round of plans
    const timer = setTimeout(() => void make(), asked.current.size === 0 ? 0 : 250);
    return () => {
      clearTimeout(timer);
      turn.current += 1;
    };
  }, [items, given, cluster, desk, change]);

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
          approval: approvalFor(given, at),
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
  }, [at, current, state, states.length, desk, cluster, given, change]);

  const open = states.filter(
    ({ view, failure }) => failure !== null || (view !== null && openReasons(view.plan).length > 0),
  ).length;
  const making = answered !== given;
  const ready = !making && at === null && open === 0 && !begun.current && states.every((each) => each.view);
  const start = useCallback(() => {
    if (!ready) return;
    begun.current = true;
    leftQueues.delete(cluster);
    setStates((old) => old.map((each) => ({ ...each, progress: 'waiting' })));
    setAt(0);
  }, [ready, cluster]);
  const accept = useCallback((index: number, code: string, isGiven: boolean) => {
    // what runs goes on with what it was begun with
    if (begun.current) return;
    setGiven((old) => {
      const had = old.accept.get(index) ?? [];
      const has = isGiven ? [...new Set([...had, code])] : had.filter((each) => each !== code);
      return { ...old, accept: new Map([...old.accept, [index, has]]) };
    });
  }, []);
  const vouch = useCallback((vouched: Approval['vouched']) => {
    if (begun.current) return;
    setGiven((old) => (JSON.stringify(old.vouched) === JSON.stringify(vouched) ? old : { ...old, vouched }));
  }, []);
  return useMemo(
    () => ({
      items: states.map((each, index) => ({ ...each, approval: approvalFor(given, index) })),
      making,
      vouched: given.vouched,
      accept,
      vouch,
      open,
      ready,
      running: at !== null,
      start,
    }),
    [states, making, given, accept, vouch, open, ready, at, start],
  );
};
