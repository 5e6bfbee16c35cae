/** From the images of the cluster to a copy, a conversion and a new instance: forms, plans, and the run that follows. */
import { expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshotOfImages } from './fixture/images.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();
const erp = '/srv/ganeti/file-storage/old-erp.example.org/sda';
const deskOfImages = (theme: 'light' | 'dark' = 'light'): FixtureDesk =>
  new FixtureDesk({
    // a silent node would have to be vouched down, for it may write to what is read
    snapshot: makeSnapshotOfImages(Date.now(), { silentFor: null }),
    settings: { theme, refreshSeconds: 10, trashDays: 7 },
  });

it('an image is copied to a node, a directory and a name that are chosen; the run says how far it is', async () => {
  const { page, desk, complaints } = await openWindow('#/images/orphans', deskOfImages());
  await page.getByRole('checkbox', { name: 'Select old-erp.example.org/sda', exact: true }).check();
  await page
    .getByRole('region', { name: 'Selection' })
    .getByRole('button', { name: /^Copy…/ })
    .click();
  await page.getByRole('heading', { level: 1, name: 'Copy old-erp.example.org/sda' }).waitFor();
  await page.getByText('33.8 of 40 GiB virtual').waitFor();
  await page.getByText(/holes stay holes\. hera-1 sees the image itself/).waitFor();
  await page.getByLabel('To the node').selectOption('hera-2');
  await page.getByLabel('Storage directory').selectOption('/srv/local');
  await page.getByLabel('Folder').fill('');
  await page.getByText('An image lies in a folder of a storage directory.').waitFor();
  await page.getByLabel('Folder').fill('golden');
  await page.getByLabel('File name').fill('instance.json');
  await page.getByText(/is a name that VBDesk itself uses/).waitFor();
  await page.getByLabel('File name').fill('erp.img');
  const button = page.getByRole('button', { name: /^Copy sda to hera-2/ });
  await waitFor('a plan that can run', async () => (await button.getAttribute('aria-disabled')) !== 'true');
  await button.click();
  await page.getByRole('region', { name: 'State of the run' }).waitFor();
  expect(desk.asked.filter((each) => each.name === 'run.start').at(-1)?.input).toMatchObject({
    intent: {
      kind: 'copy-image',
      from: { node: 'hera-1', path: erp },
      to: { node: 'hera-2', path: '/srv/local/golden/erp.img' },
    },
  });
  const run = [...desk.runs.values()].at(-1);
  if (!run) throw new Error('It was not started.');
  desk.addRun({
    ...run,
    steps: run.steps.map((step) =>
      step.state === 'running'
        ? {
            ...step,
            progress: {
              phase: 'sending' as const,
              done: 12 * 1024 ** 2,
              total: 50 * 1024 ** 2,
              msLeft: 3000,
              way: 'straight from hera-1 to hera-2',
            },
          }
        : step,
    ),
  });
  await page
    .getByText('12 MiB of 50 MiB sent, about 3 s left, straight from hera-1 to hera-2')
    .first()
    .waitFor();
  expect(complaints).toEqual([]);
});

it('an image is converted under a name that follows the type; one that is gone is said to be', async () => {
  const { page, desk, complaints } = await openWindow(
    `#/image/convert/hera-1/${encodeURIComponent('/srv/ganeti/file-storage/test-erp.example.org/sdb')}`,
    deskOfImages(),
  );
  const name = page.getByLabel('File name');
  expect(await name.inputValue()).toBe('sdb.raw');
  await page.getByRole('radio', { name: 'qcow2' }).check();
  expect(await name.inputValue()).toBe('sdb.qcow2');
  await page.getByText(/sdb is qcow2 already/).waitFor();
  await page.getByRole('radio', { name: 'raw' }).check();
  await page.getByRole('checkbox', { name: /More promised than there is/ }).check();
  const button = page.getByRole('button', { name: /^Convert sdb to raw/ });
  await waitFor('a plan that can run', async () => (await button.getAttribute('aria-disabled')) !== 'true');
  await button.click();
  await page.getByRole('region', { name: 'State of the run' }).waitFor();
  expect(desk.asked.filter((each) => each.name === 'run.start').at(-1)?.input).toMatchObject({
    intent: {
      kind: 'convert-file',
      type: 'raw',
      target: '/srv/ganeti/file-storage/test-erp.example.org/sdb.raw',
    },
  });
  await page.evaluate(() => {
    window.location.hash = '#/image/copy/hera-1/%2Fsrv%2Fnowhere';
  });
  await page.getByRole('heading', { name: 'There is no such image' }).waitFor();
  await expectAccessible(page, 'no such image');
  expect(complaints).toEqual([]);
});

it('an instance is created on a copy of an image', async () => {
  const { page, desk, complaints } = await openWindow('#/images/orphans', deskOfImages());
  await page.getByRole('checkbox', { name: 'Select old-erp.example.org/sda', exact: true }).check();
  await page.getByRole('button', { name: /^Create instance from it/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Create instance' }).waitFor();
  expect(await page.getByLabel('Image of which disk 0 is a copy').inputValue()).toBe(erp);
  expect(await page.getByLabel('Size of disk 0').inputValue()).toBe('');
  await page.getByLabel('Name', { exact: true }).fill('new-erp.example.org');
  await page.getByText(`Make sda of ${erp}, and compare them`).waitFor();
  await page.getByLabel('Size of disk 0').fill('1G');
  await page
    .getByText(/which do not fit into 1 GiB/)
    .first()
    .waitFor();
  await page.getByLabel('Size of disk 0').fill('60G');
  await page.getByText('Make sda 60 GiB large').waitFor();
  await page.getByLabel('Content of disk 0').selectOption('empty');
  await page.getByText('Make the image sda').waitFor();
  await page.getByLabel('Content of disk 0').selectOption('image');
  await page.getByText('Name the image by its path on the primary.').first().waitFor();
  expect(
    desk.asked.some(
      (each) => each.name === 'plan.make' && JSON.stringify(each.input).includes(`"import":"${erp}"`),
    ),
  ).toBe(true);
  expect(complaints).toEqual([]);
});

it.each(['light', 'dark'] as const)('no violation of accessibility, %s', async (theme) => {
  const { page, complaints } = await openWindow('#/images', deskOfImages(theme));
  for (const [address, heading] of [
    [`#/image/copy/hera-1/${encodeURIComponent(erp)}`, 'Copy old-erp.example.org/sda'],
    [`#/image/convert/hera-1/${encodeURIComponent(erp)}`, 'Convert old-erp.example.org/sda'],
    [`#/create/hera-1/${encodeURIComponent(erp)}`, 'Create instance'],
  ] as const) {
    await page.evaluate((hash) => {
      window.location.hash = hash;
    }, address);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    if (heading !== 'Create instance') await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
    await expectAccessible(page, `${theme} ${address}`);
  }
  expect(complaints).toEqual([]);
});
