/** Hooks that give a view the desk: its state and its calls. */
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { AppState, CallName, Failure, Input, Output } from '../../core/contract.ts';
import type { Line } from './client.ts';
import type { DeskState, DeskStore } from './store.ts';

type DeskValue = { line: Line; store: DeskStore };

const DeskContext = createContext<DeskValue | null>(null);

export const DeskProvider = ({ value, children }: { value: DeskValue; children: ReactNode }) => (
  <DeskContext.Provider value={value}>{children}</DeskContext.Provider>
);

const useDeskValue = (): DeskValue => {
  const value = useContext(DeskContext);
  if (!value) throw new Error('This part stands outside of the DeskProvider.');
  return value;
};

/** The calls. Stable for the life of the window. */
export const useDesk = (): Line => useDeskValue().line;
export const useStore = (): DeskStore => useDeskValue().store;

export const useDeskState = (): DeskState => {
  const { store } = useDeskValue();
  return useSyncExternalStore(store.subscribe, store.get);
};

/** What the parts within take for the cluster's snapshot; null: the one that there is. */
const OtherSnapshot = createContext<Snapshot | null>(null);

/** Drafting: the parts within see the cluster as it was last, or as it would be. */
export const SnapshotProvider = ({
  snapshot,
  children,
}: {
  snapshot: Snapshot | null;
  children: ReactNode;
}) => <OtherSnapshot.Provider value={snapshot}>{children}</OtherSnapshot.Provider>;

/** The app's state; only for parts that are drawn once it is there. */
export const useApp = (): AppState => {
  const { app } = useDeskState();
  const other = useContext(OtherSnapshot);
  if (!app) throw new Error('The state of the app is not there yet.');
  return useMemo(() => (other && app.snapshot ? { ...app, snapshot: other } : app), [app, other]);
};

/** The open cluster's snapshot; only for views of an open cluster. */
export const useSnapshot = (): Snapshot => {
  const { snapshot } = useApp();
  if (!snapshot) throw new Error('No cluster is open.');
  return snapshot;
};

export type Caller<K extends CallName> = {
  busy: boolean;
  /** stays until the next try or until it is dismissed */
  failure: Failure | null;
  dismiss: () => void;
  /** the value, or null when it failed (the failure is then shown where it arose) */
  send: (input: Input<K>) => Promise<Output<K> | null>;
};

/** A call made by a person's act: busy while it runs, its failure kept beside what caused it. */
export const useCall = <K extends CallName>(name: K): Caller<K> => {
  const desk = useDesk();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const send = useCallback(
    async (input: Input<K>) => {
      setBusy(true);
      setFailure(null);
      const answer = await desk.call(name, input);
      setBusy(false);
      if (answer.ok) return answer.value;
      setFailure(answer.error);
      return null;
    },
    [desk, name],
  );
  const dismiss = useCallback(() => setFailure(null), []);
  return { busy, failure, dismiss, send };
};
