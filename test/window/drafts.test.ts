import { expect, it } from 'vitest';
import type { ApplyState } from '../../core/draft/applying.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();

const address = (path: string, as = ''): string => `#/drafts/${encodeURIComponent(path)}${as}`;

/** A draft in which each of the four outcomes appears. */
const draftDesk = (theme: 'light' | 'dark' = 'light'): { desk: FixtureDesk; path: string } => {
  const snapshot = makeSnapshot(Date.now(), { silentFor: null });
  const desk = new FixtureDesk({ snapshot, settings: { theme, refreshSeconds: 10, trashDays: 7 } });
  const path = desk.drafts.put(
    'relieve-hera-2',
    'hera',
    [
      {
        intent: { kind: 'failover', instance: 'web1.example.org', target: 'hera-3', timeoutSeconds: 60 },
        reviewed: true,
      },
      {
        // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
        intent: { kind: 'stop', instance: 'dev1.example.org', timeoutSeconds: 60, then: 'leave' },
        reviewed: true,
      },
      {
        intent: { kind: 'reboot', instance: 'ldap1.example.org', timeoutSeconds: 60 },
        reviewed: ['hera-2: Lock the instance', 'hera-2: Reboot ldap1.example.org on hera-2'],
        note: 'after the update of the directory',
      },
      { intent: { kind: 'start', instance: 'nobody.example.org' }, reviewed: true },
      { intent: { kind: 'start', instance: 'dev1.example.org' }, reviewed: true },
      {
        intent: { kind: 'remove', instance: 'proxy1.example.org', purge: true, timeoutSeconds: 60 },
        reviewed: true,
      },
    ],
    snapshot,
  );
  desk.state = { ...desk.state, drafts: desk.drafts.list() };
  return { desk, path };
};

it('shows every change in order with its outcome, its difference and its reasons', async () => {
  const { desk, path } = draftDesk();
  const { page, complaints } = await openWindow('#/drafts', desk);
  await page.getByRole('link', { name: 'relieve-hera-2' }).click();
  await page.getByRole('heading', { level: 1, name: 'relieve-hera-2' }).waitFor();
  const rows = page.getByRole('list', { name: 'Changes in order' }).locator('> li');
  await waitFor('six changes', async () => (await rows.count()) === 6);
  const row = (number: number) => rows.nth(number - 1);
  await row(1).getByText('unchanged').waitFor();
  await row(2).getByText('already done').waitFor();
  await row(3).getByText('changed', { exact: true }).waitFor();
  await row(3).getByText('- hera-2: Lock the instance').waitFor();
  await row(3).getByText('+ hera-1: Lock the instance').waitFor();
  // what only a program can compare is said in words
  await row(3).getByText('Its words were edited since.', { exact: true }).waitFor();
  expect(await page.getByText('words of this change').count()).toBe(0);
  await row(3).getByText('after the update of the directory').waitFor();
  await row(4).getByText('not possible').waitFor();
  await row(4)
    .getByText(/nobody\.example\.org/)
    .last()
    .waitFor();
  await row(1)
    .getByRole('button', { name: /Fail over web1/ })
    .click();
  await row(1)
    .getByText(/^Show the plan, \d+ steps/)
    .click();
  await row(1).getByText('hera-3', { exact: true }).first().waitFor();
  expect(await page.getByLabel(/^Choose 3,/).isDisabled()).toBe(true);
  expect(await page.getByLabel(/^Choose 4,/).isDisabled()).toBe(true);
  await page.getByRole('heading', { name: '3 of 6 chosen' }).waitFor();
  await page.getByText('1 waits for you to read its difference', { exact: false }).waitFor();
  // once it was read it can be chosen, and is
  await row(3).getByRole('button', { name: 'I have read the difference' }).click();
  await page.getByRole('heading', { name: '4 of 6 chosen' }).waitFor();
  expect(desk.drafts.read(path).draft?.changes[2]?.reviewed?.length).toBeGreaterThan(0);
  expect(complaints).toEqual([]);
});

it('reorders by buttons and by keys, keeps the focus, duplicates, takes out and puts back', async () => {
  const { desk, path } = draftDesk();
  const { page, complaints } = await openWindow(address(path), desk);
  const ids = () =>
    desk.drafts
      .read(path)
      .draft?.changes.map((each) => each.id)
      .join(' ');
  const title = page.getByRole('button', { name: /Fail over web1/ });
  await title.focus();
  await page.keyboard.press('Alt+ArrowDown');
  await waitFor('the second place', () => ids() === 'c2 c1 c3 c4 c5 c6');
  await waitFor('the focus', () => title.evaluate((each) => each === document.activeElement));
  await page.keyboard.press('Alt+ArrowUp');
  await waitFor('the first place', () => ids() === 'c1 c2 c3 c4 c5 c6');
  await page.getByRole('button', { name: 'Move 6 up' }).click();
  await waitFor('the fifth place', () => ids() === 'c1 c2 c3 c4 c6 c5');
  await title.click();
  const row = page.locator('[data-change="c1"]');
  await row.getByRole('button', { name: 'Duplicate' }).click();
  await waitFor('a copy', () => ids() === 'c1 c7 c2 c3 c4 c6 c5');
  await row.getByRole('button', { name: 'Take it out' }).click();
  await waitFor('one less', () => ids() === 'c7 c2 c3 c4 c6 c5');
  await page.getByText(/^Taken out: Fail over web1/).waitFor();
  await page.getByRole('button', { name: 'Put it back' }).click();
  await waitFor('all of them', () => ids() === 'c1 c7 c2 c3 c4 c6 c5');
  expect(complaints).toEqual([]);
});

it('consents are given one by one, what is lost by its name, and nothing is applied before', async () => {
  const { desk, path } = draftDesk();
  const { page } = await openWindow(address(path), desk);
  const apply = page.getByRole('button', { name: /^Apply \d/ });
  for (const number of [1, 5]) await page.getByLabel(new RegExp(`^Choose ${number},`)).uncheck();
  await page.getByRole('heading', { name: '1 of 6 chosen' }).waitFor();
  expect(await apply.getAttribute('aria-disabled')).toBe('true');
  await page.getByRole('button', { name: /^Remove proxy1/ }).click();
  await page.getByLabel('Type proxy1.example.org').fill('proxy1.example.org');
  await waitFor('the consent', () => (desk.drafts.read(path).draft?.changes[5]?.accept.length ?? 0) > 0);
  for (const box of await page.locator('[data-change="c6"] .vb-change-consents').getByRole('checkbox').all())
    await box.check();
  await waitFor('the button', async () => (await apply.getAttribute('aria-disabled')) !== 'true');
  await page.getByLabel('Go on with changes that do not depend on it').check();
  await apply.click();
  await waitFor('the call', () => desk.asked.some((each) => each.name === 'draft.apply'));
  expect(desk.asked.find((each) => each.name === 'draft.apply')).toMatchObject({
    input: { path, only: ['c2', 'c6'], onFailure: 'independent' },
  });
});

it('edits a change in the dialog that it was made in, in its own place', async () => {
  const { desk, path } = draftDesk();
  const { page, complaints } = await openWindow(address(path), desk);
  await page.getByRole('button', { name: /Fail over web1/ }).click();
  await page.locator('[data-change="c1"]').getByRole('link', { name: 'Edit…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Fail over to another node' }).waitFor();
  expect(await page.getByRole('radio', { name: /^hera-3/ }).isChecked()).toBe(true);
  expect(await page.getByLabel('Time to shut down').inputValue()).toBe('60');
  await page.getByRole('radio', { name: /^hera-2/ }).check();
  const save = page.getByRole('button', { name: 'Save in the draft' });
  await waitFor('the plan', async () => (await save.getAttribute('aria-disabled')) !== 'true');
  expect(desk.asked.filter((each) => each.name === 'plan.make').at(-1)).toMatchObject({
    input: { upon: { path, before: 'c1' } },
  });
  await save.click();
  await page.getByRole('heading', { level: 1, name: 'relieve-hera-2' }).waitFor();
  expect(desk.drafts.read(path).draft?.changes[0]?.intent).toMatchObject({ target: 'hera-2' });
  expect(desk.asked.some((each) => each.name === 'run.start')).toBe(false);
  expect(complaints).toEqual([]);
});

it('a file that somebody else changed is not overwritten, and is shown as it is', async () => {
  const { desk, path } = draftDesk();
  const { page } = await openWindow(address(path), desk);
  await page.getByRole('button', { name: 'Move 1 down' }).waitFor();
  desk.drafts.touch(path);
  await page.getByRole('button', { name: 'Move 1 down' }).click();
  await page.getByText(/was changed by somebody else meanwhile/).waitFor();
  expect(desk.drafts.read(path).draft?.changes[0]?.id).toBe('c1');
});

it('what is planned afresh and differs is not run', async () => {
  const { desk, path } = draftDesk();
  const { page } = await openWindow(address(path), desk);
  for (const number of [1, 6]) await page.getByLabel(new RegExp(`^Choose ${number},`)).uncheck();
  desk.applyAnswers = 'changed';
  const apply = page.getByRole('button', { name: /^Apply 1/ });
  await waitFor('the button', async () => (await apply.getAttribute('aria-disabled')) !== 'true');
  await apply.click();
  await page.getByRole('alert').getByText('Nothing was run:').waitFor();
});

it('follows what is applied, stops it when told to, and says how it went', async () => {
  const { desk, path } = draftDesk();
  const { page, complaints } = await openWindow(address(path), desk);
  const entry = (id: string, title: string, state: ApplyState, text = '') => ({
    id,
    title,
    state,
    run: state === 'waiting' ? null : 'r1',
    text,
  });
  const applying = {
    path,
    cluster: 'hera',
    change: 'c5',
    done: 1,
    total: 3,
    onFailure: 'stop' as const,
    stopping: false,
    over: false,
    changes: [
      entry('c1', 'Fail over web1', 'done'),
      entry('c5', 'Start dev1', 'running'),
      entry('c6', 'Remove dev1', 'waiting'),
    ],
  };
  desk.drafts.mark(path, 'c1', 'done');
  desk.change({ applying });
  const progress = page.getByRole('region', { name: 'Progress' });
  await progress.getByText('1 of 3 done.').waitFor();
  await progress.getByRole('link', { name: 'Start dev1' }).waitFor();
  await page.locator('[data-change="c1"]').getByText('applied').waitFor();
  await page.locator('[data-change="c5"]').getByText('running').waitFor();
  await page.locator('[data-change="c6"]').getByText('waits its turn').waitFor();
  expect(await page.getByRole('button', { name: /^Apply \d/ }).getAttribute('aria-disabled')).toBe('true');
  await progress.getByRole('button', { name: 'Stop' }).click();
  await waitFor('the call', () => desk.asked.some((each) => each.name === 'draft.applyCancel'));
  desk.change({
    applying: {
      ...applying,
      change: null,
      over: true,
      stopping: true,
      changes: [
        entry('c1', 'Fail over web1', 'done'),
        entry('c5', 'Start dev1', 'undone', 'xl could not start it; it was taken back.'),
        entry('c6', 'Remove dev1', 'waiting'),
      ],
    },
  });
  await progress.getByText('Applied: 1 of 3 done.').waitFor();
  await progress.getByText('xl could not start it; it was taken back.').waitFor();
  await progress.getByText('its turn never came.').waitFor();
  expect(complaints).toEqual([]);
});

it('goes on where it was cut off, before what else is chosen', async () => {
  const { desk, path } = draftDesk();
  desk.drafts.mark(path, 'c1', 'started');
  const { page } = await openWindow(address(path), desk);
  for (const number of [5, 6]) await page.getByLabel(new RegExp(`^Choose ${number},`)).uncheck();
  await page.locator('[data-change="c1"]').getByText('begun', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Go on where it was cut off' }).click();
  await waitFor('the call', () => desk.asked.some((each) => each.name === 'draft.apply'));
  expect(desk.asked.find((each) => each.name === 'draft.apply')).toMatchObject({
    input: { only: ['c1', 'c2'] },
  });
});

it('edits the text, marked at line and column, and says when the file is another by now', async () => {
  const { desk, path } = draftDesk();
  const { page, complaints } = await openWindow(address(path), desk);
  await page.getByRole('button', { name: 'Edit YAML' }).click();
  const editor = page.getByLabel('The text of relieve-hera-2');
  await editor.fill(
    'apiVersion: vbdesk/v1\nkind: Draft\ncluster: hera\nchanges:\n  - do: strtup\n    instance: web1\n',
  );
  await page.getByRole('region', { name: 'Problems' }).getByText('Line 5, column 9:').waitFor();
  await page.locator('.cm-lintRange-error').waitFor();
  await editor.fill(
    'apiVersion: vbdesk/v1\nkind: Draft\ncluster: hera\nchanges:\n  - do: startup\n    instance: dev1.example.org\n',
  );
  await page.getByRole('status').getByText('it reads well').waitFor();
  // a look elsewhere does not lose it
  await page.getByRole('button', { name: 'Back to the draft' }).click();
  await page.getByRole('button', { name: 'Edit YAML' }).click();
  await page.getByRole('status').getByText('it reads well').waitFor();
  desk.drafts.touch(path);
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await page
    .getByRole('alert')
    .getByText('The file was changed since you opened it.', { exact: false })
    .waitFor();
  expect(await page.getByRole('button', { name: 'Save the file' }).getAttribute('aria-disabled')).toBe(
    'true',
  );
  await page.getByRole('button', { name: 'Show mine against it' }).click();
  await page.keyboard.press('Control+s');
  await page.getByRole('heading', { level: 1, name: 'relieve-hera-2' }).waitFor();
  expect(desk.drafts.read(path).draft?.changes).toMatchObject([{ intent: { kind: 'start' } }]);
  expect(complaints).toEqual([]);
});

it('saves the draft as a script', async () => {
  const { desk, path } = draftDesk();
  const { page } = await openWindow(address(path), desk);
  await page.getByRole('button', { name: 'Save as script…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('# The draft as a script.').waitFor();
  expect(await dialog.getByRole('link', { name: /^Save/ }).getAttribute('download')).toBe(
    'relieve-hera-2.sh',
  );
});

it('says why no script is made of the draft', async () => {
  const { desk, path } = draftDesk();
  desk.scriptRefusal = 'c1: nobody has read its plan yet.';
  const { page } = await openWindow(address(path), desk);
  await page.getByRole('button', { name: 'Save as script…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('c1: nobody has read its plan yet.', { exact: false }).waitFor();
  expect(await dialog.getByRole('link', { name: /^Save/ }).count()).toBe(0);
});

it.each(['light', 'dark'] as const)('no violation of accessibility in a draft, %s', async (theme) => {
  const { desk, path } = draftDesk(theme);
  const { page, complaints } = await openWindow('#/drafts', desk);
  await expectAccessible(page, `${theme} drafts`);
  await page.evaluate((hash) => {
    window.location.hash = hash;
  }, address(path));
  await page.getByRole('button', { name: /^Remove proxy1/ }).click();
  await page.getByRole('button', { name: /^Fail over web1/ }).click();
  await page.getByLabel('Type proxy1.example.org').waitFor();
  await expectAccessible(page, `${theme} draft`);
  await page.getByRole('button', { name: 'Edit YAML' }).click();
  await page.getByRole('heading', { level: 1, name: 'The draft as text' }).waitFor();
  await expectAccessible(page, `${theme} draft as text`);
  expect(complaints).toEqual([]);
});
