/** A whole run, which the state has only in short: asked for, and asked for again when its summary changed without an event. */
import { useEffect, useState } from 'react';
import type { Failure } from '../../core/contract.ts';
import type { Run } from '../../core/plan/run.ts';
import { useApp, useDesk, useDeskState, useStore } from './desk-context.tsx';

/** @param id null: none is asked for */
export const useRun = (id: string | null): { run: Run | null; failure: Failure | null } => {
  const desk = useDesk();
  const store = useStore();
  const { runs, connection } = useDeskState();
  const app = useApp();
  const [failure, setFailure] = useState<Failure | null>(null);
  // A summary that changed without a run event (another window, a missed one) asks for the whole run again.
  const summary = app.runs.find((each) => each.id === id);
  const mark = summary ? `${summary.state} ${summary.endedAt ?? ''}` : '';
  useEffect(() => {
    if (id === null || connection !== 'open') return undefined;
    let current = true;
    void mark;
    void desk.call('run.get', { run: id }).then((answer) => {
      if (!current) return;
      if (answer.ok) {
        store.keepRun(answer.value);
        setFailure(null);
      } else setFailure(answer.error);
    });
    return () => {
      current = false;
    };
  }, [desk, store, id, connection, mark]);
  return { run: id === null ? null : (runs.get(id) ?? null), failure };
};
