/** What is done to an instance's disks, in the window: the menu of a disk, the forms, and the plan beside them. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Intent } from '../../core/plan/intent.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const dev = 'dev1.example.org';

const intents = ({ desk }: Opened): Intent[] =>
  desk.asked.flatMap((each) =>
    each.name === 'plan.make' ? [(each.input as { intent: Intent }).intent] : [],
  );
const lastIntent = (opened: Opened): Intent | undefined => intents(opened).at(-1);
const asked = (opened: Opened, what: string, fits: (intent: Intent) => boolean): Promise<unknown> =>
  waitFor(what, () => {
    const last = lastIntent(opened);
    return last !== undefined && fits(last);
  });
const chooseTask = async (page: Page, label: string): Promise<void> => {
  await page.getByRole('button', { name: 'Actions of xvda' }).click();
  await page.getByRole('menuitem', { name: label }).click();
};
const planIsShown = (page: Page): Promise<void> =>
  page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();

/** The fixture's desk with a file beside the disks of dev1, which a conversion kept. */
const withKeptFile = (): FixtureDesk => {
  const snapshot = makeSnapshot(Date.now(), { silentFor: null });
  for (const node of snapshot.nodes)
    for (const folder of node.facts?.folders ?? []) {
      const [first] = folder.files;
      if (folder.name === dev && first)
        folder.files.push({ ...first, name: 'sda.before-abc123', inode: first.inode + 5000 });
    }
  return new FixtureDesk({ open: 'hera', snapshot });
};

it('a disk is grown: what is wrong with the size stands under it, and what the guest must do beside the plan', async () => {
  const opened = await openWindow(`#/instances/${dev}`);
  const { page } = opened;
  await chooseTask(page, 'Grow…');
  await page.getByRole('heading', { level: 1, name: 'Grow sda' }).waitFor();
  await planIsShown(page);
  expect(lastIntent(opened)).toMatchObject({ kind: 'grow', disk: 0, by: true, size: 5 * 1024 ** 3 });
  await page.getByText('growpart /dev/xvda 1').first().waitFor();
  await page.getByLabel('Size', { exact: true }).fill('enormous');
  await page.getByText('"enormous" is not a size.').waitFor();
  await page.getByLabel('Size', { exact: true }).fill('1M');
  await page.getByText('a disk is never made smaller').first().waitFor();
  expect(await page.getByRole('button', { name: /^Grow sda/ }).getAttribute('aria-disabled')).toBe('true');
  await page.getByLabel('Size', { exact: true }).fill('+1G');
  await asked(opened, 'the plan for +1G', (each) => each.kind === 'grow' && each.size === 1024 ** 3);
  await expectAccessible(page, 'grow');
  // the fixture's storage promises more than it has: that is a consent
  await page.getByText('More promised than there is').first().waitFor();
  await page.getByRole('checkbox').first().check();
  const run = page.getByRole('button', { name: /^Grow sda/ });
  await waitFor(
    'the plan with the consent',
    async () => (await run.getAttribute('aria-disabled')) !== 'true',
  );
  await run.click();
  await page.getByRole('heading', { level: 1, name: /^Grow disk 0/ }).waitFor();
  expect(opened.complaints).toEqual([]);
});

it('a running instance says why its disks stay as they are', async () => {
  const { page } = await openWindow('#/disk/mail1.example.org/remove/0');
  await page.getByText('A disk is taken out while the guest is stopped').first().waitFor();
  expect(await page.getByRole('button', { name: /^Take sda out/ }).getAttribute('aria-disabled')).toBe(
    'true',
  );
});

it('a conversion takes a driver that serves the type, and says that the old file is kept', async () => {
  const opened = await openWindow(`#/instances/${dev}`);
  const { page } = opened;
  await chooseTask(page, 'Convert…');
  await page.getByRole('heading', { level: 1, name: 'Convert sda' }).waitFor();
  await planIsShown(page);
  const first = lastIntent(opened);
  expect(first).toMatchObject({ kind: 'convert', disk: 0 });
  if (first?.kind === 'convert' && first.to === 'qcow2') expect(first.driver).toBe('blktap');
  await page.getByText('stays until you let it go').first().waitFor();
  await expectAccessible(page, 'convert');
  expect(opened.complaints).toEqual([]);
});

it('a disk is added: new, a linked clone, a file of the folder, or an import', async () => {
  const opened = await openWindow(`#/instances/${dev}`, withKeptFile());
  const { page } = opened;
  await page.getByRole('link', { name: 'Add disk…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Add a disk' }).waitFor();
  await planIsShown(page);
  await page.getByText('Fully allocated', { exact: true }).click();
  await asked(
    opened,
    'the plan of a full image',
    (each) => each.kind === 'disk-add' && each.source.from === 'new' && each.source.allocation === 'full',
  );
  await page.getByText('A linked clone of a base image').click();
  await page.getByText('Name the image on which it builds').waitFor();
  await page.getByLabel('Base', { exact: true }).fill('/srv/ganeti/file-storage/templates/none.qcow2');
  await page
    .getByText(/shows no image/)
    .first()
    .waitFor();
  await page.getByText('A file in its folder', { exact: true }).click();
  await page.getByLabel('File', { exact: true }).selectOption('sda.before-abc123');
  await asked(
    opened,
    'the plan of the file',
    (each) => each.kind === 'disk-add' && each.source.from === 'file',
  );
  await expectAccessible(page, 'add');
  expect(opened.complaints).toEqual([]);
});

it('a disk is taken out: kept unless said otherwise, deleted only once its name is typed', async () => {
  const opened = await openWindow(`#/disk/${dev}/remove/0`);
  const { page } = opened;
  await page.getByRole('heading', { level: 1, name: 'Take sda out' }).waitFor();
  await asked(opened, 'the plan', (each) => each.kind === 'disk-remove' && !each.purge);
  await page.getByText('Delete it for good').click();
  await asked(opened, 'the plan that deletes', (each) => each.kind === 'disk-remove' && each.purge);
  await page.getByText(/\/sda \(.*\) is deleted/).waitFor();
  expect(await page.getByRole('button', { name: /^Delete sda/ }).getAttribute('aria-disabled')).toBe('true');
  const accepted = (): string =>
    JSON.stringify(opened.desk.asked.findLast((each) => each.name === 'plan.make'));
  await page.getByLabel('Type its name').fill('sd');
  await page.getByLabel('Type its name').fill('sda');
  await waitFor('the plan with the name', () => accepted().includes('"accept":["delete:sda"]'));
  await expectAccessible(page, 'remove');
});

it('a kept file is shown beside the disks, and let go once its name is typed', async () => {
  const opened = await openWindow(`#/instances/${dev}`, withKeptFile());
  const { page } = opened;
  await page.getByRole('table', { name: 'Other files in its folder' }).waitFor();
  await page.getByRole('link', { name: 'Let go…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Let sda.before-abc123 go' }).waitFor();
  await page
    .getByText(/sda\.before-abc123 \(.*\) is deleted/)
    .first()
    .waitFor();
  const run = page.getByRole('button', { name: /^Delete sda\.before-abc123/ });
  expect(await run.getAttribute('aria-disabled')).toBe('true');
  expect(await page.getByRole('checkbox').count()).toBe(0);
  await page.getByLabel('Type its name').fill('sda.before-abc124');
  await page.getByText('to unlock the button').waitFor();
  expect(await run.getAttribute('aria-disabled')).toBe('true');
  await page.getByLabel('Type its name').fill('sda.before-abc123');
  await waitFor('the plan with the name', async () => (await run.getAttribute('aria-disabled')) !== 'true');
  expect(opened.complaints).toEqual([]);
});

it('snapshots are read on the node; one is made, and going back needs a consent', async () => {
  const snapshot = makeSnapshot(Date.now());
  for (const node of snapshot.nodes)
    for (const folder of node.facts?.folders ?? []) {
      if (folder.name !== dev || !folder.record?.ok) continue;
      const [disk] = folder.record.record.disks;
      const [file] = folder.files;
      if (!disk || !file) continue;
      const [, type, path] = disk.logical_id;
      if (type === 'qcow2') continue;
      disk.logical_id = ['blktap', 'qcow2', path];
      file.type = 'qcow2';
      folder.config = (folder.config ?? '').replace(
        /format=raw(.*)backendtype=phy/,
        'format=qcow2$1backendtype=qdisk',
      );
    }
  const opened = await openWindow(`#/disk/${dev}/snapshots/0`, new FixtureDesk({ open: 'hera', snapshot }));
  const { page } = opened;
  await page.getByRole('table', { name: 'Snapshots in it' }).getByText('before-upgrade').waitFor();
  await page.getByLabel('Tag', { exact: true }).fill('17');
  await page.getByText("can't be the tag of a snapshot").first().waitFor();
  await page.getByLabel('Tag', { exact: true }).fill('today');
  await asked(opened, 'the plan', (each) => each.kind === 'snapshot' && each.tag === 'today');
  await page.getByText('Go back to one').click();
  await page.getByRole('radio', { name: 'before-upgrade' }).check();
  await asked(opened, 'the plan to go back', (each) => each.kind === 'snapshot' && each.change === 'revert');
  await page.getByText('is lost for good').first().waitFor();
  await expectAccessible(page, 'snapshots');
  expect(opened.complaints).toEqual([]);
});
