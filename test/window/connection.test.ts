import { expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { windowTests } from './support.ts';

const openWindow = windowTests();

it('a lost connection is said, known data stays, and all is asked for again when it is back', async () => {
  const { page, desk, served } = await openWindow('#/instances');
  served.cut();
  await page.getByRole('alert').getByText('The connection to the app is lost.').waitFor();
  expect(await page.getByRole('link', { name: 'mail1.example.org' }).count()).toBe(1);
  desk.change({ refreshing: true });
  served.resume();
  await page.getByText('asking…').waitFor();
  expect(await page.getByText('The connection to the app is lost.').count()).toBe(0);
});

it('a call without a connection fails where it was made, and says that its outcome is not known', async () => {
  const { page, served } = await openWindow('#/nodes');
  served.cut();
  await page.getByRole('alert').getByText('The connection to the app is lost.').waitFor();
  await page.getByRole('button', { name: 'Read all now' }).click();
  await page.getByText('the outcome is not known', { exact: false }).waitFor();
});

it('a missed change is noticed by the gap in the revisions', async () => {
  const { page, desk } = await openWindow('#/overview');
  const asked = () => desk.asked.filter((each) => each.name === 'state.get').length;
  const before = asked();
  desk.change({ settings: { theme: 'dark', refreshSeconds: 10, trashDays: 7 } }, true);
  desk.change({ refreshing: true });
  await waitFor('dark', () =>
    page.evaluate(() => document.documentElement.classList.contains('pf-v6-theme-dark')),
  );
  expect(asked()).toBe(before + 1);
});

it('asks for a passphrase, hands it over once, and shows it nowhere', async () => {
  const { page, desk } = await openWindow('#/overview');
  desk.change({ prompt: { id: 'p1', kind: 'passphrase', text: 'Passphrase of the key id_ed25519' } });
  const field = page.getByLabel('Passphrase', { exact: true });
  await field.fill('open sesame');
  expect(await field.getAttribute('type')).toBe('password');
  await page.keyboard.press('Enter');
  await waitFor('the dialog to close', async () => (await page.getByRole('dialog').count()) === 0);
  expect(desk.asked.find((each) => each.name === 'prompt.answer')).toEqual({
    name: 'prompt.answer',
    input: { id: 'p1', answer: 'open sesame' },
  });
  desk.change({ prompt: { id: 'p2', kind: 'password', text: 'root@hera-1: Password' } });
  await page.getByRole('button', { name: 'Not now' }).click();
  await waitFor('the refusal', () =>
    desk.asked.some((each) => JSON.stringify(each.input).includes('"p2","answer":null')),
  );
});

it('the failure of a call stays where it arose', async () => {
  const { page, desk } = await openWindow('', new FixtureDesk({ open: null, snapshot: null }));
  desk.failing.set('practice.open', { code: 'practice', message: 'Port 2201 is taken by another program.' });
  await page.getByRole('button', { name: 'Open the practice cluster' }).click();
  await page.getByRole('alert').getByText('Port 2201 is taken by another program.').waitFor();
  await page.getByRole('button', { name: 'Open the practice cluster' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
});

it('connects a cluster: looks, shows the fingerprint, trusts it on a person’s word, plans, runs', async () => {
  const { page, desk } = await openWindow('#/connect', new FixtureDesk({ open: null, snapshot: null }));
  await page.getByLabel('Cluster name').fill('atlas');
  await page.getByLabel('Address of node 1').fill('atlas-1.example.org');
  await page.getByRole('button', { name: 'Check the nodes', exact: true }).click();
  await page.getByText('SHA256:q2mX4w9hUe1r0s8vT6yLkBzNfP3cJ7aDgR5iOQwE2bY').waitFor();
  expect(desk.asked.some((each) => each.name === 'node.trust')).toBe(false);
  await page.getByRole('button', { name: 'I have compared it: trust this key' }).click();
  await page.getByText('every node answers').waitFor();
  await page.getByRole('button', { name: 'Review the plan' }).click();
  await page.getByRole('button', { name: /^Make atlas a cluster/ }).waitFor();
  expect(desk.asked.at(-1)).toMatchObject({
    name: 'plan.make',
    input: { cluster: 'atlas', intent: { kind: 'cluster-init' } },
  });
});

it('pulls a plug of the practice cluster and puts it back', async () => {
  const { page, desk } = await openWindow('', new FixtureDesk({ open: null, snapshot: null }));
  await page.getByRole('button', { name: 'Open the practice cluster' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.getByRole('link', { name: /^Nodes/ }).click();
  await page.getByRole('button', { name: 'Pull the plug of hera-2' }).click();
  await page.getByRole('button', { name: 'Put the plug back of hera-2' }).click();
  await waitFor('both', () => desk.asked.filter((each) => each.name === 'practice.plug').length === 2);
});
