/**
 * Whether changes are drafted here instead of run: no node answers, or a draft is being worked in. Then dialogs plan on what the
 * nodes showed last, or on what the draft makes of that, and nothing that they lead to is run.
 */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { Failure } from '../../core/contract.ts';
import { lastAnswer } from '../../core/draft/base.ts';
import type { Change } from '../../core/draft/draft.ts';
import { asLastSeen } from '../../core/draft/offline.ts';
import { useApp, useDesk } from '../desk/desk-context.tsx';
import { noneAnswers } from '../model/node-words.ts';
import { useNavigator } from '../navigation/navigator.tsx';
import type { Route } from '../navigation/route.ts';

export type Drafting = {
  /** no node answers */
  offline: boolean;
  /** when one did last, ms */
  seenAt: number | null;
  /** the draft that is worked in: its path; null: none */
  work: string | null;
  /** changes go into a draft, and nothing is run */
  on: boolean;
  /** where in the draft a change stands that is planned now: before this one; null: at its end */
  place: { path: string; before: string | null } | null;
  /** the change that is being edited; null: a new one */
  editing: Change | null;
  /** the cluster as dialogs take it to be; null: as it is */
  upon: Snapshot | null;
  /** why the draft's effect can't be shown */
  failure: Failure | null;
  enter: (path: string) => void;
  leave: () => void;
};

const none: Drafting = {
  offline: false,
  seenAt: null,
  work: null,
  on: false,
  place: null,
  editing: null,
  upon: null,
  failure: null,
  enter: () => undefined,
  leave: () => undefined,
};

const DraftingContext = createContext<Drafting>(none);

export const useDrafting = (): Drafting => useContext(DraftingContext);

/** What Cancel does: back to the draft when a change of it is edited, else to where the dialog was opened. */
export const useLeave = (otherwise: Route): (() => void) => {
  const { editing, work } = useDrafting();
  const { go } = useNavigator();
  const route: Route = editing !== null && work !== null ? { view: 'draft', path: work } : otherwise;
  return () => go(route);
};

type Work = { path: string; cluster: string };

export const DraftingProvider = ({ children }: { children: ReactNode }) => {
  const app = useApp();
  const desk = useDesk();
  const { snapshot } = app;
  const [chosen, setChosen] = useState<Work | null>(null);
  const [effect, setEffect] = useState<{ path: string; snapshot: Snapshot } | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const cluster = app.open;
  const work = chosen !== null && chosen.cluster === cluster ? chosen.path : null;
  const offline = snapshot !== null && noneAnswers(snapshot);
  // offline nothing changes between two probes that fail
  const takenAt = offline ? (lastAnswer(snapshot) ?? 0) : (snapshot?.takenAt ?? 0);

  useEffect(() => {
    if (work === null) return undefined;
    let current = true;
    void takenAt;
    void desk.call('draft.snapshot', { path: work, fresh: false }).then((answer) => {
      if (!current) return;
      setFailure(answer.ok ? null : answer.error);
      if (answer.ok) setEffect({ path: work, snapshot: answer.value });
    });
    return () => {
      current = false;
    };
  }, [work, takenAt, desk]);

  const enter = useCallback((path: string) => cluster !== null && setChosen({ path, cluster }), [cluster]);
  const leave = useCallback(() => {
    setChosen(null);
    setEffect(null);
    setFailure(null);
  }, []);

  const known = useMemo(() => (offline ? asLastSeen(snapshot) : null), [offline, snapshot]);
  const upon = work !== null && effect?.path === work ? effect.snapshot : known;
  const place = useMemo(() => (work === null ? null : { path: work, before: null }), [work]);
  const value = useMemo(
    (): Drafting => ({
      place,
      editing: null,
      offline,
      seenAt: snapshot && lastAnswer(snapshot),
      work,
      on: offline || work !== null,
      upon,
      failure: work === null ? null : failure,
      enter,
      leave,
    }),
    [place, offline, snapshot, work, upon, failure, enter, leave],
  );
  return <DraftingContext.Provider value={value}>{children}</DraftingContext.Provider>;
};

/** Within it a change of a draft is edited: planned in its own place, and put back there. */
export const EditingProvider = ({
  path,
  change,
  upon,
  children,
}: {
  path: string;
  change: Change;
  /** the cluster as the changes before it leave it */
  upon: Snapshot;
  children: ReactNode;
}) => {
  const outer = useDrafting();
  const value = useMemo(
    (): Drafting => ({
      ...outer,
      on: true,
      work: path,
      place: { path, before: change.id },
      editing: change,
      upon,
    }),
    [outer, path, change, upon],
  );
  return <DraftingContext.Provider value={value}>{children}</DraftingContext.Provider>;
};
