/** One plan under review: made, made again when the intent or a consent changes, and run only as it was reviewed. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Failure, PlanView } from '../../core/contract.ts';
import type { Approval, Intent } from '../../core/plan/intent.ts';
import { openReasons } from '../../core/plan/plan.ts';
import { useApp, useDesk } from '../desk/desk-context.tsx';
import { useDrafting } from '../draft/drafting.tsx';
import { useNavigator } from '../navigation/navigator.tsx';
import { type PlanDifference, planDifference } from './plan-difference.ts';

export type Review = {
  intent: Intent | null;
  cluster: string;
  /** it goes into a draft and is not run: no node answers, or a draft is worked in */
  drafts: boolean;
  /** the shown plan answers what is asked now */
  current: boolean;
  /** the newest plan; it stays while the next one is made */
  view: PlanView | null;
  /** a newer plan is being made */
  making: boolean;
  /** false while the form holds nothing that a plan could be made of */
  asked: boolean;
  /** why no plan could be made */
  failure: Failure | null;
  approval: Approval;
  accept: (code: string, given: boolean) => void;
  vouch: (vouched: Approval['vouched']) => void;
  /** set when the plan changed between review and run: it waits to be read */
  difference: PlanDifference | null;
  /** blocks and consents that are still open */
  open: number;
  /** may be run now: a plan is there, up to date, and nothing is open */
  ready: boolean;
  starting: boolean;
  startFailure: Failure | null;
  start: () => void;
};

const noApproval: Approval = { accept: [], vouched: [] };

/**
 * @param intent null while the form holds nothing that a plan could be made of
 * @param options.wait ms of quiet before a plan is asked for (typing)
 * @param options.subject what consents are given to; when it changes they are taken back
 * @param options.cluster the cluster that it is for; the open one when left out
 * @param options.fresh probe the nodes for the first plan; the later ones use the snapshot that this made
 */
export const useReview = (
  intent: Intent | null,
  options: { wait: number; fresh: boolean; subject?: string; cluster?: string },
): Review => {
  const desk = useDesk();
  const app = useApp();
  const drafting = useDrafting();
  const { go } = useNavigator();
  const cluster = options.cluster ?? app.open ?? '';
  const drafts = drafting.on && options.cluster === undefined;
  const [view, setView] = useState<PlanView | null>(null);
  const [making, setMaking] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [approval, setApproval] = useState<Approval>(noApproval);
  const [difference, setDifference] = useState<PlanDifference | null>(null);
  const [starting, setStarting] = useState(false);
  const [startFailure, setStartFailure] = useState<Failure | null>(null);
  /** the request that the shown plan answers; anything else on the form makes it out of date */
  const [answered, setAnswered] = useState<string | null>(null);
  const [subject, setSubject] = useState(options.subject);
  const probed = useRef(!options.fresh);
  const turn = useRef(0);

  if (subject !== options.subject) {
    setSubject(options.subject);
    setApproval(noApproval);
    setDifference(null);
  }

  const request = useMemo(
    () => (intent ? JSON.stringify({ cluster, intent, approval, drafts, place: drafting.place }) : null),
    [cluster, intent, approval, drafts, drafting.place],
  );
  const takenAt = app.snapshot?.takenAt ?? 0;
  const [madeAt, setMadeAt] = useState(takenAt);
  const newest = useRef(takenAt);
  newest.current = takenAt;
  const open = view ? openReasons(view.plan).length : 0;
  // While a plan can't run it follows the nodes, since what stands against it may vanish. A plan that can run is left alone:
  // it is being read, and run.start makes it afresh anyway.
  const follow = (open > 0 || failure !== null) && takenAt !== madeAt ? takenAt : 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `request` holds the intent and the approval; the rest only says how to ask
  useEffect(() => {
    if (!intent || request === null) return undefined;
    turn.current += 1;
    const mine = turn.current;
    void follow;
    const make = async () => {
      setMaking(true);
      const answer = await desk.call('plan.make', {
        cluster,
        intent,
        approval,
        fresh: !drafts && !probed.current,
        ...(drafts && { lastSeen: true as const }),
        ...(drafts && drafting.place && { upon: drafting.place }),
      });
      if (turn.current !== mine) return;
      setMadeAt(newest.current);
      setMaking(false);
      if (answer.ok) {
        if (!drafts) probed.current = true;
        setView(answer.value);
        setFailure(null);
        setAnswered(request);
      } else {
        setFailure(answer.error);
      }
    };
    const timer = setTimeout(() => void make(), view ? options.wait : 0);
    return () => clearTimeout(timer);
  }, [request, follow, desk]);

  const accept = useCallback((code: string, given: boolean) => {
    setApproval((old) => ({
      ...old,
      accept: given ? [...new Set([...old.accept, code])] : old.accept.filter((each) => each !== code),
    }));
  }, []);
  const vouch = useCallback((vouched: Approval['vouched']) => {
    setApproval((old) =>
      JSON.stringify(old.vouched) === JSON.stringify(vouched) ? old : { ...old, vouched },
    );
  }, []);

  const current = view !== null && answered === request && !making && failure === null;
  const ready = current && !drafts && !starting && open === 0;

  const start = useCallback(() => {
    if (!view || !intent || !ready) return;
    const run = async () => {
      setStarting(true);
      setStartFailure(null);
      const answer = await desk.call('run.start', {
        cluster,
        intent,
        approval,
        run: view.plan.run,
        fingerprint: view.fingerprint,
      });
      setStarting(false);
      if (!answer.ok) setStartFailure(answer.error);
      else if (answer.value.outcome === 'started') go({ view: 'run', run: answer.value.run });
      else {
        setDifference(planDifference(view, answer.value.view));
        setMadeAt(newest.current);
        setView(answer.value.view);
      }
    };
    void run();
  }, [view, intent, ready, desk, cluster, approval, go]);

  return {
    intent,
    cluster,
    drafts,
    current,
    view,
    asked: intent !== null,
    making,
    failure,
    approval,
    accept,
    vouch,
    difference,
    open,
    ready,
    starting,
    startFailure,
    start,
  };
};
