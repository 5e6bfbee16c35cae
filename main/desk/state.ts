/** The state that every window shows: main owns it; each change raises the revision and is sent as the parts that changed. */
import type { AppEvent, AppState } from '../../core/contract.ts';

export class StateStore {
  #state: AppState;
  readonly #listeners = new Set<(event: AppEvent) => void>();

  constructor(state: Omit<AppState, 'revision'>) {
    this.#state = { ...state, revision: 1 };
  }

  get current(): AppState {
    return this.#state;
  }

  change(changed: Partial<Omit<AppState, 'revision'>>): void {
    this.#state = { ...this.#state, ...changed, revision: this.#state.revision + 1 };
    this.tell({ event: 'state', revision: this.#state.revision, changed });
  }

  tell(event: AppEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  onEvent(listener: (event: AppEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
