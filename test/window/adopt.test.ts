/** Images that are there: reused by a new instance, and adopted, in the window. */
import { expect, it } from 'vitest';
import type { Intent } from '../../core/plan/intent.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot, sharedDirectory } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const orphan = 'old-erp.example.org';

const lastIntent = ({ desk }: Opened): Intent | undefined =>
  desk.asked
    .flatMap((each) => (each.name === 'plan.make' ? [(each.input as { intent: Intent }).intent] : []))
    .at(-1);

/** The fixture's desk with two more files in the folder that nobody owns: one is no image by its name, one is a link. */
const withStrangers = (): FixtureDesk => {
  const snapshot = makeSnapshot(Date.now());
  for (const node of snapshot.nodes)
    for (const folder of node.facts?.folders ?? []) {
      const [first] = folder.files;
      if (folder.name !== orphan || !first) continue;
      folder.files.push(
        { ...first, name: 'backup.img', inode: first.inode + 5000 },
        { ...first, name: 'sdc', inode: first.inode + 5001, kind: 'symlink', type: null },
      );
    }
  return new FixtureDesk({ open: 'hera', snapshot });
};

it('reuse shows what was found per disk with type and size, and every reason against it', async () => {
  const opened = await openWindow('#/create', withStrangers());
  const { page } = opened;
  await page.getByLabel('Reuse files that are there').check();
  await page.getByText('once the instance has a name').waitFor();
  expect(await page.getByLabel('Size of disk 0').count()).toBe(0);
  await page.getByLabel('Name').fill('no-such-folder.example.org');
  await page.getByText('so there is nothing to reuse').first().waitFor();
  await page.getByLabel('Name').fill(orphan);
  const table = page.getByRole('table', { name: 'Images that are there' });
  const row = (name: string) => table.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
  await row('sda').getByText('raw', { exact: true }).waitFor();
  await row('sda')
    .getByText(/^40(\.0)? GiB$/)
    .waitFor();
  await row('backup.img').getByText('is not named like an image').waitFor();
  await row('sdc').getByText('is a symbolic link').waitFor();
  await page.getByText('disk 1 is missing').first().waitFor();
  expect(lastIntent(opened)).toMatchObject({ kind: 'create', reuse: true, disks: [] });
  expect(await page.getByRole('button', { name: /^Review and create/ }).getAttribute('aria-disabled')).toBe(
    'true',
  );
  await expectAccessible(page, 'create with reuse');
  expect(opened.complaints).toEqual([]);
});

it('a leftover folder is adopted: what was found, what is said of the guest, plan and run', async () => {
  const opened = await openWindow('#/instances');
  const { page } = opened;
  await page.getByRole('link', { name: 'Adopt…' }).first().click();
  await page.getByRole('heading', { level: 1, name: new RegExp(`Adopt .*${orphan}`) }).waitFor();
  const table = page.getByRole('table', { name: 'Images to adopt' });
  await table.getByText('sda', { exact: true }).waitFor();
  await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
  await page.getByText('Look at the images once more').waitFor();
  await expectAccessible(page, 'adopt');
  await page.getByLabel('Memory').fill('much');
  await page.getByText('"much" is').first().waitFor();
  await page.getByLabel('Memory').fill('1G');
  await waitFor('the plan with 1 GiB', () => {
    const last = lastIntent(opened);
    return last?.kind === 'adopt' && last.guest.memoryMib === 1024;
  });
  expect(lastIntent(opened)).toMatchObject({
    kind: 'adopt',
    name: orphan,
    paths: [expect.stringContaining(orphan)],
    nics: [],
    driver: null,
  });
  // a silent node sees the storage: somebody has to say that it is down
  await page.getByLabel('How do you know?').fill('pulled both cords');
  await page.getByLabel('Type hera-4 is down').fill('hera-4 is down');
  const run = page.getByRole('button', { name: `Adopt as ${orphan}` });
  await waitFor('a plan that can run', async () => (await run.getAttribute('aria-disabled')) !== 'true');
  await run.click();
  await page.getByRole('heading', { level: 1, name: /^Adopt / }).waitFor();
  await waitFor('the run', () => opened.desk.asked.some((each) => each.name === 'run.start'));
  expect(opened.complaints).toEqual([]);
});

it('loose images, chosen one by one, become the disks of one instance in a folder of its own', async () => {
  const snapshot = makeSnapshot(Date.now(), { silentFor: null });
  for (const { facts } of snapshot.nodes)
    for (const storage of facts?.storages ?? [])
      if (storage.path === sharedDirectory)
        storage.files = ['root.img', 'data.img'].map((name, index) => ({
          ...{
            name,
            size: 2 ** 30,
            allocated: 4096,
            modified: 0,
            inode: 88_000 + index,
            device: 40,
            links: 1,
          },
          ...{ type: 'raw' as const, kind: 'file' as const },
        }));
  const opened = await openWindow('#/images/orphans', new FixtureDesk({ open: 'hera', snapshot }));
  const { page } = opened;
  await page.getByRole('checkbox', { name: 'Select root.img', exact: true }).check();
  await page.getByRole('checkbox', { name: 'Select data.img', exact: true }).check();
  await page
    .getByRole('region', { name: 'Selection' })
    .getByRole('button', { name: /^Adopt as instance/ })
    .click();
  await page.getByRole('heading', { level: 1, name: 'Adopt 2 images' }).waitFor();
  const table = page.getByRole('table', { name: 'Images to adopt' });
  for (const name of ['root.img', 'data.img']) await table.getByText(name).waitFor();
  const run = page.getByRole('button', { name: /^Adopt/ });
  expect(await run.getAttribute('aria-disabled')).toBe('true');
  await page.getByLabel('Name').fill('loose1.example.org');
  await page.getByLabel('Memory').fill('512M');
  await page.getByText(`Move ${sharedDirectory}/root.img into the instance's folder`).first().waitFor();
  await page.getByText('They are renamed into one folder of their own').waitFor();
  const last = lastIntent(opened);
  expect(last).toMatchObject({ kind: 'adopt', name: 'loose1.example.org', guest: { memoryMib: 512 } });
  expect(last?.kind === 'adopt' ? [...last.paths].sort() : []).toEqual([
    `${sharedDirectory}/data.img`,
    `${sharedDirectory}/root.img`,
  ]);
  await expectAccessible(page, 'adopt loose images');
  await waitFor('a plan that can run', async () => (await run.getAttribute('aria-disabled')) !== 'true');
  await run.click();
  await waitFor('its run', () => opened.desk.runs.size === 1);
  expect(opened.complaints).toEqual([]);
});
