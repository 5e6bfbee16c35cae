/**
 * Whether changes are drafted here instead of run: no node answers, or a draft is being worked in. Then dialogs plan on what the
 * nodes showed last, or on what the draft makes of that, and nothing that they lead to is run.
 */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { asLastSeen, isOffline, lastSeenAt } from '../../core/cluster/last-seen.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { Failure } from '../../core/contract.ts';
import { useApp, useDesk } from '../desk/desk-context.tsx';

export type Drafting = {
  /** no node answers */
  offline: boolean;
  /** when one did last, ms */
  seenAt: number | null;
  /** the draft that is worked in: its path; null: none */
  work: string | null;
  /** changes go into a draft, and nothing is run */
  on: boolean;
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
  upon: null,
  failure: null,
  enter: () => undefined,
  leave: () => undefined,
};

const DraftingContext = createContext<Drafting>(none);

export const useDrafting = (): Drafting => useContext(DraftingContext);

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
  const offline = snapshot !== null && isOffline(snapshot);
  // offline nothing changes between two probes that fail
  const takenAt = offline ? (lastSeenAt(snapshot) ?? 0) : (snapshot?.takenAt ?? 0);

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

  const enter = useCallback(
    (path: string) => cluster !== null && setChosen({ path, cluster }),
    [cluster],
  );
  const leave = useCallback(() => {
    setChosen(null);
    setEffect(null);
    setFailure(null);
  }, []);

  const known = useMemo(() => (offline ? asLastSeen(snapshot) : null), [offline, snapshot]);
  const upon = work !== null && effect?.path === work ? effect.snapshot : known;
  const value = useMemo(
    (): Drafting => ({
      offline,
      seenAt: snapshot && lastSeenAt(snapshot),
      work,
      on: offline || work !== null,
      upon,
      failure: work === null ? null : failure,
      enter,
      leave,
    }),
    [offline, snapshot, work, upon, failure, enter, leave],
  );
  return <DraftingContext.Provider value={value}>{children}</DraftingContext.Provider>;
};
