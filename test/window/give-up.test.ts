/** A run that can neither go on nor be taken back, closed in the window: only after it was said what stays half-way. */
import { expect, it } from 'vitest';
import { FixtureDesk } from './fixture/desk.ts';
import { planFor } from './fixture/plans.ts';
import { makeRun } from './fixture/runs.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const id = 'dddddddddddddddd';

const cutOff = (): FixtureDesk => {
  const snapshot = makeSnapshot(Date.now(), { silentFor: null });
  const desk = new FixtureDesk({ open: 'hera', snapshot });
  const view = planFor(
    { kind: 'start', instance: 'dev1.example.org' },
    { accept: [], vouched: [] },
    snapshot,
    id,
  );
  desk.addRun(makeRun(view, { id, at: Date.now() - 60_000, done: 2, state: 'cut-off' }));
  return desk;
};
const asked = ({ desk }: Opened): unknown[] =>
  desk.asked.filter((each) => each.name === 'run.giveUp').map((each) => each.input);

it('it is looked at first and said what stays; then it is given up, or left open', async () => {
  const opened = await openWindow(`#/runs/${id}`, cutOff());
  const { page } = opened;
  await page.getByRole('button', { name: 'Give it up…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Give this run up' });
  await dialog.getByText('What it left stays as it is.').waitFor();
  expect(asked(opened)).toEqual([{ run: id, accepted: false }]);
  await expectAccessible(page, 'a run is given up');
  await dialog.getByRole('button', { name: 'Leave it open' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(asked(opened)).toHaveLength(1);

  await page.getByRole('button', { name: 'Give it up…' }).click();
  await dialog.getByRole('button', { name: 'Leave it half-way for good' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(asked(opened).slice(1)).toEqual([
    { run: id, accepted: false },
    { run: id, accepted: true },
  ]);
  expect(opened.complaints).toEqual([]);
});

it('one that can still go on is not given up: the reason is shown, and nothing else is offered', async () => {
  const desk = cutOff();
  const message = `The run ${id} still holds its locks: resume it, or take it back.`;
  desk.failing.set('run.giveUp', { code: 'refused', message });
  const opened = await openWindow(`#/runs/${id}`, desk);
  const { page } = opened;
  await page.getByRole('button', { name: 'Give it up…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Give this run up' });
  await dialog.getByText(message).waitFor();
  expect(await dialog.getByRole('button', { name: 'Leave it half-way for good' }).count()).toBe(0);
  expect(asked(opened)).toEqual([{ run: id, accepted: false }]);
});

it('a refusal after it was looked at stays in the dialog, and the run stays open', async () => {
  const opened = await openWindow(`#/runs/${id}`, cutOff());
  const { page, desk } = opened;
  await page.getByRole('button', { name: 'Give it up…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Give this run up' });
  const last = dialog.getByRole('button', { name: 'Leave it half-way for good' });
  await last.waitFor();
  desk.failing.set('run.giveUp', { code: 'refused', message: 'Somebody resumed it a moment ago.' });
  await last.click();
  await dialog.getByText('Somebody resumed it a moment ago.').waitFor();
  await dialog.getByRole('button', { name: 'Leave it open' }).click();
  await page.getByRole('button', { name: 'Look and resume' }).waitFor();
});
