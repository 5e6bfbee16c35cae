import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { noApproval, planFor } from './fixture/plans.ts';
import { makeRun } from './fixture/runs.ts';
import { makeSnapshot } from './fixture/world.ts';
import { windowTests } from './support.ts';

const openWindow = windowTests();

/** Tab until the focus is on what the words name; fails when it comes round without it. */
const tabTo = async (page: Page, name: RegExp): Promise<void> => {
  for (let step = 0; step < 90; step += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || ['BODY', 'MAIN'].includes(element.tagName)) return '';
      const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
      return [element.ariaLabel, ...labels.map((each) => each.textContent), element.textContent]
        .join(' ')
        .trim();
    });
    if (name.test(focused)) return;
  }
  throw new Error(`The focus never came to ${name}.`);
};

describe('by keyboard alone', () => {
  it('from the first page into the practice cluster', async () => {
    const { page, desk } = await openWindow('', new FixtureDesk({ open: null, snapshot: null }));
    await tabTo(page, /Practice cluster/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(desk.asked.some((each) => each.name === 'practice.open')).toBe(true);
    await page.getByText('practice', { exact: true }).first().waitFor();
    expect(await page.getByText(/nothing outside of this computer is touched/).count()).toBeGreaterThan(0);
  });

  it('creates an instance: wrong first, then right, reviewed, run', async () => {
    const { page, desk, complaints } = await openWindow('#/instances');
    await page.keyboard.press('c');
    await page.getByRole('heading', { level: 1, name: 'Create instance' }).waitFor();
    await tabTo(page, /^Name/);
    await page.keyboard.type('web;1');
    await page.getByText('The name "web;1" is not allowed', { exact: false }).waitFor();
    expect(await page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid')).toBe('true');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('web2.example.org');
    await page.getByRole('status').getByText('nothing to fix').waitFor();
    await page.getByText('gnt-instance add', { exact: false }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Create web2.example.org' }).waitFor();
    await page.getByRole('status').getByText('1 consent is not given yet.').waitFor();
    expect(desk.asked.at(-1)).toMatchObject({ name: 'plan.make', input: { fresh: true } });
    await page.getByRole('region', { name: 'Needs your consent' }).getByRole('checkbox').focus();
    await page.keyboard.press('Space');
    await page.getByRole('status').getByText('1 consent given').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { level: 2, name: /Step 2 of/ }).waitFor();
    expect(desk.asked.find((each) => each.name === 'run.start')).toMatchObject({
      input: { intent: { kind: 'create', name: 'web2.example.org', disks: [{ size: 5 * 1024 ** 3 }] } },
    });
    expect(complaints).toEqual([]);
  });

  it('moves in the table, selects, and fails over with its consent', async () => {
    const { page, desk } = await openWindow('#/instances');
    await page.keyboard.press('/');
    await page.keyboard.type('mail1');
    await waitFor('one row', async () => (await page.locator('tbody tr').count()) === 1);
    await page.getByRole('link', { name: 'mail1.example.org' }).focus();
    await page.keyboard.press('Space');
    await page.getByText('1 selected').waitFor();
    await page.keyboard.press('f');
    await page.getByRole('heading', { level: 1, name: 'Fail over to another node' }).waitFor();
    // which consents a plan asks for is the planner's to say; here it is one
    const consent = page.getByRole('region', { name: 'Needs your consent' }).getByRole('checkbox');
    await consent.waitFor();
    expect(await consent.isChecked()).toBe(false);
    const run = page.getByRole('button', { name: /^Fail over mail1/ });
    expect(await run.getAttribute('aria-disabled')).toBe('true');
    await page.keyboard.press('Control+Enter');
    await consent.focus();
    await page.keyboard.press('Space');
    await page.getByRole('status').getByText('1 consent given').waitFor();
    expect(desk.asked.some((each) => each.name === 'run.start')).toBe(false);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('region', { name: 'State of the run' }).waitFor();
    expect(desk.asked.find((each) => each.name === 'run.start')).toMatchObject({
      input: { approval: { accept: [expect.any(String)] } },
    });
  });

  it('finds an action in the palette, and the focus returns', async () => {
    const { page } = await openWindow('#/instances');
    const filter = page.getByRole('searchbox');
    await filter.focus();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.press('Escape');
    await waitFor('the focus to return', () => filter.evaluate((each) => each === document.activeElement));
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('stop mail1');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Stop mail1.example.org' }).waitFor();
    await page.getByRole('link', { name: 'mail1.example.org' }).first().focus();
    await page.keyboard.press('1');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  });
});

it('removing wants the typed name and never takes it for given', async () => {
  const { page, desk } = await openWindow('#/review/remove/dev1.example.org');
  const remove = page.getByRole('button', { name: /^Remove dev1/ });
  await page.getByRole('status').getByText('The name of the instance is not typed yet.').waitFor();
  await page.keyboard.press('Control+Enter');
  expect(desk.asked.some((each) => each.name === 'run.start')).toBe(false);
  await page.getByText('22.0 GiB').first().waitFor();
  await page.getByLabel('Type its name').fill('dev1.example.org');
  await waitFor('the button', async () => (await remove.getAttribute('aria-disabled')) !== 'true');
  await remove.click();
  await page.getByRole('region', { name: 'State of the run' }).waitFor();
  expect(desk.asked.find((each) => each.name === 'run.start')).toMatchObject({
    input: { intent: { kind: 'remove', purge: false } },
  });
});

it('a silent primary needs typed words and how they know', async () => {
  const { page, desk } = await openWindow('#/failover/log1.example.org');
  const start = page.getByRole('button', { name: /^Start log1/ });
  await page.getByLabel('How do you know?').fill('pulled both cords');
  await page.getByLabel('Type hera-4 is down').fill('hera-4 is up');
  await page.getByText('The words do not match yet.').waitFor();
  expect(await start.getAttribute('aria-disabled')).toBe('true');
  await page.getByLabel('Type hera-4 is down').fill('hera-4 is down');
  await waitFor('the button', async () => (await start.getAttribute('aria-disabled')) !== 'true');
  await start.click();
  await page.getByRole('region', { name: 'State of the run' }).waitFor();
  expect(desk.asked.find((each) => each.name === 'run.start')).toMatchObject({
    input: { approval: { vouched: [{ node: 'hera-4', how: 'pulled both cords' }] } },
  });
});

it('a plan that changed is shown with what is new, and runs only after it was read', async () => {
  const { page, desk } = await openWindow('#/review/start/dev1.example.org');
  await page.getByRole('status').getByText('run').waitFor();
  desk.changed = true;
  await page.getByRole('button', { name: /^Start dev1/ }).click();
  await page.getByText('Nothing was run: the plan is no longer the one you reviewed.').waitFor();
  await page.getByText('new', { exact: true }).waitFor();
  expect(desk.runs.size).toBe(0);
  await page.getByLabel('A lock appeared').check();
  await page.getByRole('status').getByText('1 consent given').waitFor();
  await page.getByRole('button', { name: /^Start dev1/ }).click();
  await page.getByRole('region', { name: 'State of the run' }).waitFor();
});

it('a run is followed, cancelled with its undo named, and resumed when it was cut off', async () => {
  const desk = new FixtureDesk();
  const view = planFor(
    { kind: 'failover', instance: 'web1.example.org', target: 'hera-3', timeoutSeconds: 60 },
    noApproval,
    makeSnapshot(Date.now()),
    'run1',
  );
  desk.addRun(makeRun(view, { id: 'one', at: Date.now(), done: 4 }));
  const { page } = await openWindow('#/runs/one', desk);
  await page.getByRole('heading', { level: 2, name: /^Step 5 of/ }).waitFor();
  desk.addRun(makeRun(view, { id: 'one', at: Date.now(), done: 5 }));
  await page.getByRole('heading', { level: 2, name: /^Step 6 of/ }).waitFor();
  await page.getByRole('button', { name: 'Cancel and undo…' }).click();
  await page.getByRole('dialog').getByText('Let web1.example.org run on hera-1 again').first().waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel and undo' }).click();
  await page.getByText('cancel asked for').waitFor();
  expect(desk.asked.some((each) => each.name === 'run.cancel')).toBe(true);
  desk.addRun(makeRun(view, { id: 'one', at: Date.now(), done: 5, state: 'cut-off' }));
  await page.getByRole('button', { name: 'Look and resume' }).click();
  await waitFor('the call', () => desk.asked.some((each) => each.name === 'run.resume'));
});

it('Escape goes one level up, from the review back to the form, and only clears a selection in the table', async () => {
  const { page } = await openWindow('#/create');
  await page.getByLabel('Name', { exact: true }).fill('web2.example.org');
  await page.getByRole('status').getByText('nothing to fix').waitFor();
  await page.getByRole('button', { name: 'Review and create' }).click();
  await page.getByRole('heading', { level: 1, name: 'Create web2.example.org' }).waitFor();
  await page.keyboard.press('Escape');
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('web2.example.org');
  await page.keyboard.press('Tab');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByLabel('Select mail1.example.org').check();
  await page.getByText('1 selected').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Nothing selected').waitFor();
  await page.getByRole('link', { name: 'mail1.example.org' }).click();
  await page.getByRole('heading', { level: 1, name: 'mail1.example.org' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { level: 1, name: 'Instances' }).waitFor();
});
