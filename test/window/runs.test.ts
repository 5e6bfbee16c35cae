import { expect, it } from 'vitest';
import type { PlanView } from '../../core/contract.ts';
import type { Intent } from '../../core/plan/intent.ts';
import type { Run } from '../../core/plan/run.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { planFor } from './fixture/plans.ts';
import { makeRun } from './fixture/runs.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();
const patience = 300_000;
const hour = 3_600_000;

const view = (intent: Intent): PlanView =>
  planFor(intent, { accept: [], vouched: [] }, makeSnapshot(Date.now()), 'x');
const failover = (instance: string, target: string): PlanView =>
  view({ kind: 'failover', instance, target, timeoutSeconds: 120 });

const withRuns = (): FixtureDesk => {
  const desk = new FixtureDesk();
  const over = failover('web1.example.org', 'hera-3');
  desk.addRun(
    makeRun(over, { id: 'over', at: Date.now() - hour, done: over.plan.steps.length, state: 'done' }),
  );
  const failed = makeRun(failover('shop1.example.org', 'hera-1'), {
    id: 'failed',
    at: Date.now() - 2 * hour,
    done: 5,
    failed: true,
    state: 'undone',
  });
  const said: Run = {
    ...failed,
    steps: failed.steps.map((step, index) =>
      index === 3 ? { ...step, output: 'libxl: warning: only 7 evtchn ports are left\n' } : step,
    ),
  };
  desk.addRun(said);
  desk.addRun(
    makeRun(view({ kind: 'start', instance: 'dev1.example.org' }), {
      id: 'start',
      at: Date.now() - 72 * hour,
      done: 6,
      state: 'done',
    }),
  );
  desk.difference = (from) =>
    from === 'before'
      ? {
          rows: [
            {
              nodes: ['hera-1', 'hera-3'],
              subject: '/srv/ganeti/file-storage/web1.example.org',
              what: 'primary',
              before: 'hera-1',
              after: 'hera-3',
            },
            {
              nodes: ['hera-3'],
              subject: '/srv/ganeti/file-storage/web1.example.org',
              what: 'xen.cfg',
              before: 'memory = 512\nvcpus = 1\n',
              after: 'memory = 1024\nvcpus = 1\n',
            },
          ],
          unknown: ['hera-4 was not seen before, so what changed there is not known.'],
        }
      : { rows: [], unknown: [] };
  return desk;
};

it('runs are searched by words of their output and narrowed field by field', {
  timeout: patience,
}, async () => {
  const { page, desk, complaints } = await openWindow('#/runs', withRuns());
  const table = page.getByRole('table', { name: 'Runs' });
  const rows = table.getByRole('row');
  await rows.nth(3).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('evtchn ports');
  await table.getByText('only 7 evtchn ports are left').waitFor();
  expect(await rows.count()).toBe(2);
  await page.getByRole('status').getByText('1 run', { exact: true }).waitFor();
  await expectAccessible(page, 'runs, searched');

  await page.keyboard.press('Escape');
  await page.getByLabel('Instance').fill('example');
  await page.getByLabel('Outcome').selectOption('done');
  await page.getByLabel('What').selectOption('start');
  await waitFor('one run', async () => (await rows.count()) === 2);
  await table.getByText('dev1.example.org').waitFor();
  await page.getByLabel('From').fill(new Date(Date.now() - 24 * hour).toISOString().slice(0, 10));
  await page.getByText('No run of this workstation is like that.').waitFor();
  const last = desk.asked.findLast((each) => each.name === 'run.search');
  expect(last?.input).toMatchObject({ instance: 'example', outcome: 'done', kind: 'start' });
  await page.getByRole('button', { name: 'Show all' }).click();
  await rows.nth(3).waitFor();
  expect(complaints).toEqual([]);
});

it('a run tells what it changed, and is undone by the review of a plan of its own', {
  timeout: patience,
}, async () => {
  const desk = withRuns();
  desk.revert = (run) =>
    run.id === 'over'
      ? {
          may: true,
          title: 'Fail web1.example.org over to hera-1',
          intent: { kind: 'failover', instance: 'web1.example.org', target: 'hera-1', timeoutSeconds: 120 },
          notes: ['The replica stays where it is.'],
        }
      : { may: false, intent: null, why: ['dev1.example.org was changed since.'] };
  const { page, complaints } = await openWindow('#/runs/over', desk);
  const changed = page.getByRole('region', { name: 'What changed' });
  await changed.getByRole('cell', { name: 'hera-3', exact: true }).waitFor();
  await changed.getByText('hera-4 was not seen before').waitFor();
  await changed.getByText('xen.cfg is another text').click();
  await changed.getByText('+ memory = 1024').waitFor();
  await expectAccessible(page, 'a run and what it changed');
  await changed.getByRole('button', { name: 'Since then' }).click();
  await changed.getByText('Nothing of what this run touches is different.').waitFor();

  await page.getByRole('button', { name: 'Undo…' }).click();
  await page.getByRole('heading', { level: 1, name: /^Undo: / }).waitFor();
  await page.getByText('The replica stays where it is.').waitFor();
  await expectAccessible(page, 'the review of an undo');
  expect(desk.asked.findLast((each) => each.name === 'plan.make')?.input).toMatchObject({
    intent: { kind: 'failover', target: 'hera-1' },
  });
  // Escape goes back to the run
  await page.keyboard.press('Escape');
  await page.getByRole('region', { name: 'State of the run' }).waitFor();

  await page.goto(page.url().replace(/#.*/, '#/runs/start'));
  const undo = page.getByRole('button', {
    name: /Undo….*Not possible: dev1\.example\.org was changed since/,
  });
  await undo.waitFor();
  expect(await undo.getAttribute('aria-disabled')).toBe('true');
  // one that was taken back has nothing to undo
  await page.goto(page.url().replace(/#.*/, '#/runs/failed'));
  await page.getByText('failed').first().waitFor();
  expect(await page.getByRole('button', { name: /Undo…/ }).count()).toBe(0);
  expect(complaints).toEqual([]);
});
