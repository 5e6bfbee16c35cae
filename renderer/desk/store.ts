/** The window's copy of the app's state: revisions are applied in order; a gap asks for all of it again. */
import type { AppEvent, AppState } from '../../core/contract.ts';
import type { Run } from '../../core/plan/run.ts';
import type { Connection, Line } from './client.ts';

export type DeskState = {
  /** null until the app answered for the first time */
  app: AppState | null;
  connection: Connection;
  /** runs that events or `run.get` brought, by id */
  runs: ReadonlyMap<string, Run>;
  /** why the state could not be asked for; null when all is well */
  problem: string | null;
};

export type DeskStore = {
  get(): DeskState;
  subscribe(listener: () => void): () => void;
  /** keeps a run that was asked for */
  keepRun(run: Run): void;
};

type StateEvent = Extract<AppEvent, { event: 'state' }>;

/**
 * What an event makes of the state: the next state, the same one when the event is old, or 'gap' when one before it was missed.
 */
export const applyEvent = (state: AppState | null, event: StateEvent): AppState | 'gap' => {
  if (!state) return 'gap';
  if (event.revision <= state.revision) return state;
  if (event.revision > state.revision + 1) return 'gap';
  const changed = Object.fromEntries(
    Object.entries(event.changed).filter(([, value]) => value !== undefined),
  );
  return { ...state, ...changed, revision: event.revision };
};

/** Connects a line to a store. Asks for the state at once, after every reconnect and after every gap. */
export const createStore = (line: Line): DeskStore => {
  let state: DeskState = { app: null, connection: line.connection(), runs: new Map(), problem: null };
  const listeners = new Set<() => void>();
  let asking = false;
  /** the newest revision heard of while asking */
  let heard = 0;

  const set = (next: Partial<DeskState>) => {
    state = { ...state, ...next };
    for (const listener of listeners) listener();
  };

  const ask = async () => {
    if (asking) return;
    asking = true;
    heard = 0;
    try {
      const answer = await line.call('state.get', {});
      if (answer.ok) set({ app: answer.value, problem: null });
      else if (answer.error.code !== 'connection-lost') set({ problem: answer.error.message });
    } finally {
      asking = false;
    }
    if (state.app && heard > state.app.revision) void ask();
  };

  line.onEvent((event) => {
    if (event.event === 'run') {
      set({ runs: new Map(state.runs).set(event.run.id, event.run) });
      return;
    }
    if (asking) {
      heard = Math.max(heard, event.revision);
      return;
    }
    const next = applyEvent(state.app, event);
    if (next === 'gap') void ask();
    else if (next !== state.app) set({ app: next });
  });
  line.onConnection((connection) => {
    set({ connection });
    if (connection === 'open') void ask();
  });
  void ask();

  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    keepRun(run) {
      set({ runs: new Map(state.runs).set(run.id, run) });
    },
  };
};
