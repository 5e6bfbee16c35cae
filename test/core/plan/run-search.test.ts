/** Finding runs: every field alone, words anywhere in a run, and moments as people write them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Run } from '../../../core/plan/run.ts';
import { momentOf, type RunQuery, searchRuns } from '../../../core/plan/run-search.ts';
import { soundCluster, uuidOf, withInstance } from '../../support/snapshot-builder.ts';
import { planned, runOf } from './support.ts';

const cluster = withInstance(withInstance(soundCluster(), 'web1', {}, 'node1'), 'db1', { primary: 'node3' });
const hour = 3_600_000;

const run = (id: string, made: Parameters<typeof planned>[1], change: Partial<Run>): Run => {
  const plan = { ...planned(cluster, made), run: id };
  const whole = runOf(plan, plan.steps.length);
  return { ...whole, id, ...change };
};
const said = (value: Run, at: number, output: string): Run => ({
  ...value,
  steps: value.steps.map((step, index) => (index === at ? { ...step, output } : step)),
});
// biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
const halt = { kind: 'stop', instance: 'web1', timeoutSeconds: 60, then: 'force' } as const;

const start = run('aaaa', { kind: 'start', instance: 'db1' }, { state: 'done', startedAt: 10 * hour });
const stop = said(
  run('bbbb', halt, { state: 'done', startedAt: 20 * hour, who: 'bob@desk2' }),
  0,
  'first line\nlibxl: warning: 7 evtchn ports\nlast line\n',
);
const over = run(
  'cccc',
  { kind: 'failover', instance: uuidOf('web1'), target: 'node2', timeoutSeconds: 60 },
  { state: 'undone', startedAt: 30 * hour, problem: 'node2: no free loop device.' },
);
const all = [over, stop, start];
const ids = (query: RunQuery): string =>
  searchRuns(all, query)
    .map((each) => each.run.id)
    .join(' ');

test('each field narrows what is found, and all of them together', () => {
  expect(ids({})).toBe('cccc bbbb aaaa');
  expect(ids({ instance: 'web1' })).toBe('cccc bbbb');
  expect(ids({ instance: uuidOf('db1') })).toBe('aaaa');
  expect(ids({ kind: 'failover' })).toBe('cccc');
  expect(ids({ who: 'BOB' })).toBe('bbbb');
  expect(ids({ outcome: 'undone' })).toBe('cccc');
  expect(ids({ since: 20 * hour })).toBe('cccc bbbb');
  expect(ids({ until: 20 * hour })).toBe('aaaa');
  expect(ids({ cluster: 'another' })).toBe('');
  expect(ids({ node: 'node3', instance: 'db1' })).toBe('aaaa');
  // the others look at it, and change nothing there
  expect(ids({ node: 'node3' })).toBe('aaaa');
  expect(ids({ node: 'node9' })).toBe('');
  expect(ids({ instance: 'web1', outcome: 'done', since: 25 * hour })).toBe('');
});

test('every word has to be there, in whatever part, and the line that has it is told', () => {
  expect(ids({ text: 'EVTCHN ports' })).toBe('bbbb');
  expect(ids({ text: 'evtchn elsewhere' })).toBe('');
  expect(ids({ text: 'loop device' })).toBe('cccc');
  const [found] = searchRuns(all, { text: 'evtchn' });
  expect(found?.line).toBe(`node1, ${stop.steps[0]?.title}: libxl: warning: 7 evtchn ports`);
  // what the title says already is not said again
  expect(searchRuns(all, { text: 'web1' }).map((each) => each.line)).toEqual([null, null]);
});

test('a long line is cut around the word', () => {
  const long = said(stop, 0, `${'x'.repeat(500)} needle ${'y'.repeat(500)}`);
  const [found] = searchRuns([long], { text: 'needle' });
  expect(found?.line).toContain('needle');
  expect(found?.line?.length).toBeLessThan(300);
});

test('moments as people write them; anything else is none', () => {
  const now = Date.parse('2026-11-26T14:00:00Z');
  expect(momentOf('12h', now)).toBe(now - 12 * hour);
  expect(momentOf('7d', now)).toBe(now - 7 * 24 * hour);
  expect(momentOf('2026-11-20', now)).toBe(new Date(2026, 10, 20).getTime());
  expect(momentOf('2026-11-20 13:30', now)).toBe(new Date(2026, 10, 20, 13, 30).getTime());
  expect(momentOf('2026-11-20T13:30:00Z', now)).toBe(Date.parse('2026-11-20T13:30:00Z'));
  for (const text of ['', 'yesterday', '2026-02-31', '2026-11-20 25:00', '7', 'd', '2026-13-01T00:00:00Z'])
    expect(momentOf(text, now), text).toBe(null);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const moment = momentOf(text, now);
      expect(moment === null || Number.isFinite(moment)).toBe(true);
    }),
  );
});
