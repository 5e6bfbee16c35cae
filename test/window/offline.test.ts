import { expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();

const hour = 3_600_000;

/** The made-up cluster three hours after its nodes were last seen. */
const offlineDesk = (theme: 'light' | 'dark' = 'light'): FixtureDesk => {
  const then = makeSnapshot(Date.now() - 3 * hour, { silentFor: null });
  return new FixtureDesk({
    settings: { theme, refreshSeconds: 10, trashDays: 7 },
    snapshot: {
      ...then,
      takenAt: Date.now(),
      nodes: then.nodes.map((node) => ({
        ...node,
        trouble: { kind: 'unreachable', message: `${node.name} does not answer: no route to host.` },
      })),
    },
  });
};

it('says in every view that no node answers, how old what is shown is, and asks again when it is told to', async () => {
  const { page, desk, complaints } = await openWindow('#/overview', offlineDesk());
  const banner = page.getByRole('region', { name: 'Working offline' });
  await banner.getByText('3 h ago').waitFor();
  await banner.getByText('What you change goes into a draft; nothing is run.').waitFor();
  await page.keyboard.press('2');
  await page.getByRole('heading', { level: 1, name: 'Instances' }).waitFor();
  await banner.getByText('No node answers.').waitFor();
  await banner.getByRole('button', { name: 'Try again' }).click();
  await waitFor('the refresh', () => desk.asked.some((each) => each.name === 'cluster.refresh'));
  desk.change({ snapshot: makeSnapshot(Date.now(), { silentFor: null }) });
  await banner.waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
});

it('drafts a failover on what was seen last, then a stop upon it, and never runs anything', async () => {
  const { page, desk, complaints } = await openWindow('#/instances', offlineDesk());
  await page.getByLabel('Select mail1.example.org').check();
  await page.getByRole('region', { name: 'Selection' }).getByText('Draft:').waitFor();
  await page.keyboard.press('f');
  // it ran when it was seen last: this is no failover from a node that is dead
  await page.getByRole('heading', { level: 1, name: 'Fail over to another node' }).waitFor();
  await page.getByText('planned on what the nodes showed last').waitFor();
  expect(await page.getByRole('button', { name: /^Fail over mail1/ }).count()).toBe(0);
  const add = page.getByRole('button', { name: 'Add to draft' });
  await waitFor('the plan', async () => (await add.getAttribute('aria-disabled')) !== 'true');
  expect(desk.asked.filter((each) => each.name === 'plan.make').at(-1)).toMatchObject({
    input: { fresh: false, lastSeen: true },
  });
  await page.keyboard.press('Control+Enter');
  await page.getByRole('heading', { level: 1, name: 'hera-1' }).waitFor();
  await page
    .getByRole('list', { name: 'Changes in order' })
    .getByText(/Fail over mail1/)
    .waitFor();
  expect(desk.asked.find((each) => each.name === 'draft.edit')).toMatchObject({
    input: { edit: { edit: 'add', intent: { kind: 'failover', instance: 'mail1.example.org' } } },
  });
  await page.getByText('No node answers. It is applied once they do.', { exact: true }).waitFor();

  await page.getByRole('button', { name: 'Add a change…' }).click();
  await page.getByRole('region', { name: 'Working in a draft' }).getByText('hera-1').waitFor();
  await page.getByRole('link', { name: 'web1.example.org' }).click();
  await page.getByRole('button', { name: 'Stop…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Stop web1.example.org' }).waitFor();
  await waitFor('the second plan', async () => (await add.getAttribute('aria-disabled')) !== 'true');
  expect(desk.asked.filter((each) => each.name === 'plan.make').at(-1)).toMatchObject({
    input: { lastSeen: true, upon: { before: null } },
  });
  await add.click();
  await page
    .getByRole('list', { name: 'Changes in order' })
    .getByText(/Stop web1/)
    .waitFor();
  await page.getByRole('button', { name: 'Leave the draft' }).click();
  await page.getByRole('region', { name: 'Working in a draft' }).waitFor({ state: 'detached' });
  expect(desk.asked.some((each) => each.name === 'run.start')).toBe(false);
  expect(complaints).toEqual([]);
});

it.each([
  '#/create',
  '#/config/mail1.example.org',
  '#/copy/move/dev1.example.org',
  '#/review/remove/dev1.example.org',
])('the dialog %s can be used offline', async (address) => {
  const { page, desk } = await openWindow(address, offlineDesk());
  if (address === '#/create') {
    await page.getByLabel('Name', { exact: true }).fill('web2.example.org');
    await page.getByRole('button', { name: 'Review for the draft' }).click();
  }
  if (address.startsWith('#/config')) {
    await page.getByLabel('vCPUs', { exact: true }).fill('3');
    await page.getByRole('button', { name: 'Review the plan…' }).click();
  }
  const add = page.getByRole('button', { name: 'Add to draft' });
  await add.waitFor();
  await waitFor('the plan', async () => (await add.getAttribute('aria-disabled')) !== 'true');
  await add.click();
  await page.getByRole('list', { name: 'Changes in order' }).getByRole('listitem').waitFor();
  expect(desk.asked.some((each) => each.name === 'run.start')).toBe(false);
});

it('online, a reviewed plan can go into a draft instead, and into the one that is chosen', async () => {
  const { page, desk } = await openWindow('#/review/start/dev1.example.org');
  await page.getByRole('button', { name: /^Start dev1/ }).waitFor();
  const add = page.getByRole('button', { name: 'Add to draft' });
  await waitFor('the plan', async () => (await add.getAttribute('aria-disabled')) !== 'true');
  await add.click();
  await page.getByRole('heading', { level: 1, name: 'hera-1' }).waitFor();
  expect(await page.getByRole('region', { name: 'Working in a draft' }).count()).toBe(0);
  await page.evaluate(() => {
    window.location.hash = '#/review/stop/web1.example.org';
  });
  await page.getByLabel('Which draft').selectOption({ label: 'a new draft' });
  await waitFor('the plan', async () => (await add.getAttribute('aria-disabled')) !== 'true');
  await add.click();
  await page.getByRole('heading', { level: 1, name: 'hera-2' }).waitFor();
  expect(desk.drafts.list().map((each) => each.changes)).toEqual([1, 1]);
  expect(desk.runs.size).toBe(0);
});

it.each(['light', 'dark'] as const)('no violation of accessibility offline, %s', async (theme) => {
  const { page, complaints } = await openWindow('#/overview', offlineDesk(theme));
  for (const address of ['#/overview', '#/instances/mail1.example.org', '#/failover/mail1.example.org']) {
    await page.evaluate((hash) => {
      window.location.hash = hash;
    }, address);
    await page.getByRole('heading', { level: 1 }).waitFor();
    if (address.includes('failover')) await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
    await expectAccessible(page, `${theme} ${address}`);
  }
  expect(complaints).toEqual([]);
});
