import { describe, expect, it } from 'vitest';
import type { AppEvent, AppState, Result } from '../../core/contract.ts';
import { type Connection, type Line, readAnswer } from '../../renderer/desk/client.ts';
import { applyEvent, createStore } from '../../renderer/desk/store.ts';

const state = (revision: number, more: Partial<AppState> = {}): AppState => ({
  revision,
  version: '1',
  settings: { theme: 'light', refreshSeconds: 10, trashDays: 7 },
  clusters: [],
  open: null,
  snapshot: null,
  refreshing: false,
  runs: [],
  unplugged: [],
  drafts: [],
  applying: null,
  prompt: null,
  ...more,
});

const event = (revision: number, changed: Partial<AppState>): Extract<AppEvent, { event: 'state' }> => ({
  event: 'state',
  revision,
  changed,
});

describe('applyEvent', () => {
  it('takes the next revision, leaves an old one, and calls a missing one a gap', () => {
    expect(applyEvent(state(3), event(4, { refreshing: true }))).toMatchObject({
      revision: 4,
      refreshing: true,
    });
    const same = state(3);
    expect(applyEvent(same, event(3, { refreshing: true }))).toBe(same);
    expect(applyEvent(state(3), event(5, {}))).toBe('gap');
    expect(applyEvent(null, event(1, {}))).toBe('gap');
  });
});

/** A line whose answers the test gives. */
const makeLine = () => {
  let listener: (value: AppEvent) => void = () => {};
  let watcher: (value: Connection) => void = () => {};
  const waiting: ((value: Result<AppState>) => void)[] = [];
  const line: Line = {
    call: () => new Promise((resolve) => waiting.push(resolve as (value: Result<AppState>) => void)),
    onEvent: (each) => {
      listener = each;
      return () => {};
    },
    connection: () => 'open',
    onConnection: (each) => {
      watcher = each;
      return () => {};
    },
  };
  return {
    line,
    tell: (value: AppEvent) => listener(value),
    connect: (value: Connection) => watcher(value),
    asked: () => waiting.length,
    answer: async (value: AppState) => {
      waiting.shift()?.({ ok: true, value });
      await Promise.resolve();
      await Promise.resolve();
    },
  };
};

describe('the store', () => {
  it('asks once at the start and again after a gap', async () => {
    const main = makeLine();
    const store = createStore(main.line);
    expect(main.asked()).toBe(1);
    await main.answer(state(5));
    main.tell(event(6, { refreshing: true }));
    expect(store.get().app?.refreshing).toBe(true);
    main.tell(event(9, { refreshing: false }));
    expect(main.asked()).toBe(1);
    await main.answer(state(9, { open: 'hera' }));
    expect(store.get().app).toMatchObject({ revision: 9, open: 'hera' });
  });

  it('asks again when it heard of something newer while it waited for the answer', async () => {
    const main = makeLine();
    const store = createStore(main.line);
    main.tell(event(8, {}));
    await main.answer(state(7));
    expect(main.asked()).toBe(1);
    await main.answer(state(8, { open: 'new' }));
    expect(store.get().app?.open).toBe('new');
  });

  it('asks again when the line is back', async () => {
    const main = makeLine();
    const store = createStore(main.line);
    await main.answer(state(1));
    main.connect('lost');
    expect(store.get().connection).toBe('lost');
    main.connect('open');
    expect(main.asked()).toBe(1);
  });
});

describe('readAnswer', () => {
  it('lets a failure through and refuses a value of another form', () => {
    expect(readAnswer('ssh.hosts', { ok: true, value: ['a'] })).toEqual({ ok: true, value: ['a'] });
    expect(readAnswer('ssh.hosts', { ok: false, error: { code: 'x', message: 'y' } })).toMatchObject({
      error: { code: 'x' },
    });
    expect(readAnswer('ssh.hosts', { ok: true, value: [1] })).toMatchObject({
      error: { code: 'bad-answer' },
    });
    expect(readAnswer('ssh.hosts', 'nonsense')).toMatchObject({ error: { code: 'bad-answer' } });
  });
});
