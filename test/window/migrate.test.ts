import { expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { noApproval, planFor } from './fixture/plans.ts';
import { makeRun } from './fixture/runs.ts';
import { makeSnapshot } from './fixture/world.ts';
import { windowTests } from './support.ts';

const openWindow = windowTests();

it('offers a live migration where a failover is offered, and says why a stopped instance has none', async () => {
  const { page, desk } = await openWindow('#/instances/dev1.example.org');
  const stopped = page.getByRole('button', { name: /^Migrate live/ });
  expect(await stopped.getAttribute('aria-disabled')).toBe('true');
  expect(await stopped.textContent()).toContain('Only a running instance can migrate live.');
  await page.evaluate(() => {
    window.location.hash = '#/failover/mail1.example.org';
  });
  await page.getByRole('link', { name: 'Migrate it live instead…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Migrate live to another node' }).waitFor();
  await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
  await waitFor('the plan to be asked for', () =>
    desk.asked.some(
      (each) => each.name === 'plan.make' && JSON.stringify(each.input).includes('"kind":"migrate"'),
    ),
  );
  await page.getByRole('link', { name: 'Fail it over instead…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Fail over to another node' }).waitFor();
});

it('a run that was cut off is met on the first page, on its instance, and never said to be running', async () => {
  const snapshot = makeSnapshot(Date.now());
  const view = planFor(
    { kind: 'failover', instance: 'git1.example.org', target: 'hera-3', timeoutSeconds: 60 },
    noApproval,
    snapshot,
    'run1',
  );
  const desk = new FixtureDesk({ open: null, snapshot: null });
  // the id is the one that the lock of git1 names
  const run = makeRun(view, { id: 'bbbbbbbbbbbbbbbb', at: Date.now() - 60_000, done: 4, state: 'cut-off' });
  const cutAt = run.steps[4];
  if (!cutAt) throw new Error('the plan is too short');
  run.steps[4] = { ...cutAt, state: 'running', startedAt: Date.now() - 50_000 };
  desk.addRun(run);
  const { page } = await openWindow('', desk);
  await page.getByRole('region', { name: 'Runs that wait for you' }).getByRole('link').click();
  await page.getByRole('heading', { level: 2, name: /^Cut off/ }).waitFor();
  await page.getByText('begun; outcome not known').waitFor();
  expect(await page.getByText(/^running on/).count()).toBe(0);
  desk.change({ open: 'hera', snapshot });
  await page.evaluate(() => {
    window.location.hash = '#/instances/git1.example.org';
  });
  await page.getByText('cut off, waits for you').first().waitFor();
  expect(await page.getByRole('button', { name: /^Start/ }).getAttribute('aria-disabled')).toBe('true');
  expect(await page.getByRole('button', { name: /^Break lock/ }).getAttribute('aria-disabled')).not.toBe(
    'true',
  );
});
