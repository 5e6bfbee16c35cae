/** The images of the cluster in the window: map and table, filter, keys, adoption, and one image looked into. */
import { expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshotOfImages } from './fixture/images.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const patience = 300_000;
const erp = '/srv/ganeti/file-storage/test-erp.example.org';

const deskOfImages = (theme: 'light' | 'dark' = 'light'): FixtureDesk =>
  new FixtureDesk({
    snapshot: makeSnapshotOfImages(Date.now()),
    settings: { theme, refreshSeconds: 10, trashDays: 7 },
  });

const parts = ({ page }: Opened) => ({
  table: page.getByRole('table', { name: 'Images' }),
  lines: page.locator('tr[data-image]'),
  map: page.getByRole('region', { name: 'Map of the storages' }),
  bar: page.getByRole('region', { name: 'Selection' }),
  box: (name: string) => page.getByRole('button', { name: new RegExp(`^${name}.*image`) }),
  check: (file: string) => page.getByRole('checkbox', { name: `Select ${file}`, exact: true }),
  file: (file: string) => page.getByRole('button', { name: file, exact: true }),
});

it('images are listed by what they are, with the storages above, filtered and sorted', async () => {
  const opened = await openWindow('#/overview', deskOfImages());
  const { page } = opened;
  const { table, lines, map, box } = parts(opened);
  await page.getByRole('link', { name: /^Images/ }).waitFor();
  await page.keyboard.press('3');
  await page.getByRole('heading', { level: 1, name: 'Images' }).waitFor();
  await page.getByRole('link', { name: 'Images 28' }).waitFor();
  expect(await lines.count()).toBe(28);
  await table.getByRole('rowheader', { name: /^Orphans 4 images/ }).waitFor();
  await map.getByText(/promises .* more than it holds/).waitFor();
  await box('db1.example.org').waitFor();

  const row = lines.filter({ hasText: 'mail1.example.org/sdb' });
  await row.getByText('400 GiB').waitFor();
  await row.getByText('53 %').waitFor();
  await row.getByText('qemu, hera-1').waitFor();
  await row.getByRole('link', { name: 'mail1.example.org' }).waitFor();

  await page.getByRole('button', { name: 'Replicas 1' }).click();
  expect(await lines.count()).toBe(1);
  await lines.getByText('replica of').waitFor();
  await page.getByRole('button', { name: 'Orphans 4' }).click();
  await page.keyboard.press('/');
  await page.keyboard.type('qcow2 debian');
  await waitFor('two rows', async () => (await lines.count()) === 2);
  await page.keyboard.type(' nothing-like-it');
  await page.getByText('No image matches the filter.').waitFor();
  await page.getByRole('button', { name: 'Show all 28' }).click();
  await waitFor('all rows', async () => (await lines.count()) === 28);

  await table.getByRole('button', { name: 'Virtual' }).click();
  const header = table.getByRole('columnheader', { name: 'Virtual' });
  expect(await header.getAttribute('aria-sort')).toBe('descending');
  await table.getByRole('rowheader', { name: /^Owned 20 images.*largest first/ }).waitFor();

  const wide = await box('db1.example.org').boundingBox();
  await page.getByRole('button', { name: 'bytes on disk' }).click();
  await waitFor('another area', async () => {
    const now = await box('db1.example.org').boundingBox();
    return now !== null && wide !== null && now.width * now.height > wide.width * wide.height * 1.1;
  });
  expect(opened.complaints).toEqual([]);
});

it('the keys move, select, open, switch the map, and adopt the folder that is selected', async () => {
  const opened = await openWindow('#/images', deskOfImages());
  const { page } = opened;
  const { map, bar, box, check, file } = parts(opened);
  await box('test-erp.example.org').focus();
  await page.keyboard.press('Space');
  await bar.getByText('2 selected').waitFor();
  expect(await check('test-erp.example.org/sda').isChecked()).toBe(true);
  expect(await box('test-erp.example.org').getAttribute('aria-pressed')).toBe('true');
  await page.keyboard.press('ArrowLeft');
  const now = await page.evaluate(() => document.activeElement?.getAttribute('data-box'));
  expect(now).not.toContain('test-erp');
  expect(now).toContain('file-storage');

  await page.keyboard.press('t');
  await map.waitFor({ state: 'detached' });
  await waitFor('the focus in the table', () =>
    page.evaluate(() => document.activeElement?.className === 'vb-image-name'),
  );
  await page.keyboard.press('t');
  await map.waitFor();
  await waitFor('the focus in the map', () =>
    page.evaluate(() => document.activeElement?.getAttribute('data-box') !== null),
  );

  await page.keyboard.press('Escape');
  await bar.getByText('Nothing selected').waitFor();
  await file('test-erp.example.org/sdb').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await bar.getByText('1 selected').waitFor();
  expect(await check('old-erp.example.org/sda').isChecked()).toBe(true);
  await page.keyboard.press('Space');
  await bar.getByText('Nothing selected').waitFor();

  await box('test-erp.example.org').click();
  await page.keyboard.press('a');
  await page.getByRole('heading', { level: 1, name: `Adopt ${erp}` }).waitFor();
  expect(opened.complaints).toEqual([]);
});

it('what can be done with an image leads to its owner, or says why not', async () => {
  const opened = await openWindow('#/images', deskOfImages());
  const { page } = opened;
  const { bar, check } = parts(opened);
  const button = (name: RegExp) => bar.getByRole('button', { name });
  await check('db1.example.org/sda').check();
  expect(await button(/^Snapshots…/).getAttribute('aria-disabled')).toBe('true');
  await bar.getByText('Only qcow2 images have snapshots').waitFor({ state: 'attached' });
  await check('mail1.example.org/sdb').check();
  expect(await button(/^Grow…/).getAttribute('aria-disabled')).toBe('true');
  expect(await button(/^Look inside/).getAttribute('aria-disabled')).toBe('true');
  await check('debian-12.qcow2').check();
  await bar.getByText('It is a disk of an instance already.').waitFor({ state: 'attached' });
  await check('debian-12.qcow2').uncheck();
  await check('db1.example.org/sda').uncheck();
  await button(/^Grow…/).click();
  await page.getByRole('heading', { level: 1, name: 'Grow sdb' }).waitFor();
  await page.goto(`${opened.served.url}#/images/orphans`);
  await page.getByRole('button', { name: 'Orphans 4', pressed: true }).waitFor();
  await check('debian-12.qcow2').check();
  await bar.getByRole('button', { name: /^Adopt as instance/ }).click();
  await page.getByRole('heading', { level: 1, name: /Adopt .*debian-12\.qcow2/ }).waitFor();
  expect(opened.complaints).toEqual([]);
});

it('an orphan goes into the trash once its name was typed; a base stays', async () => {
  const opened = await openWindow('#/images/orphans', deskOfImages());
  const { page, desk } = opened;
  const { bar, check } = parts(opened);
  await check('old-erp.example.org/sda').check();
  await bar.getByRole('button', { name: /^Move to the trash/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Move old-erp.example.org to the trash' }).waitFor();
  await page.getByRole('table', { name: 'Files that are concerned' }).getByText('40.0 GiB').first().waitFor();
  await page.getByText('Its name is not typed yet.').first().waitFor();
  await page.getByLabel('Type its name').fill('old-erp.example.org');
  await page.getByText('It matches.').waitFor();
  await waitFor('the plan with its name', () =>
    desk.asked.some(
      ({ name, input }) =>
        name === 'plan.make' && JSON.stringify(input).includes('"remove:old-erp.example.org"'),
    ),
  );
  await expectAccessible(page, 'an orphan that goes');
  await page.goto(`${opened.served.url}#/images/orphans`);
  await check('debian-12.qcow2').check();
  await check('old-erp.example.org/sda').check();
  await bar
    .getByText('One image, or one whole folder, goes at a time')
    .first()
    .waitFor({ state: 'attached' });
  await check('old-erp.example.org/sda').uncheck();
  await bar.getByRole('button', { name: /^Move to the trash/ }).click();
  await page
    .getByText(/sda.* builds on .*debian-12\.qcow2/)
    .first()
    .waitFor();
  expect(opened.complaints).toEqual([]);
});

it('an image is looked into: what the nodes tell, and what qemu-img says, fails to say, or is not there to say', async () => {
  const opened = await openWindow('#/images', deskOfImages());
  const { page, desk } = opened;
  const { box, file } = parts(opened);
  const panel = page.getByRole('complementary', { name: /^Details of/ });
  desk.failing.set('image.info', {
    code: 'image-info',
    message: 'hera-1: qemu-img could not open it: its header is not whole.',
    node: 'hera-1',
  });
  await file('test-erp.example.org/sda').focus();
  await page.keyboard.press('Enter');
  await panel.getByText('its header is not whole').waitFor();
  await panel.getByText('orphan: no record speaks of it').waitFor();
  await panel.getByText('/srv/ganeti/file-storage/debian-12.qcow2').waitFor();
  await panel.getByRole('button', { name: 'Try again' }).click();
  await panel.getByText('before-upgrade').waitFor();
  await panel.getByText(`builds on`).waitFor();
  expect(desk.asked.filter((each) => each.name === 'image.info').at(-1)?.input).toEqual({
    cluster: 'hera',
    node: 'hera-1',
    path: `${erp}/sda`,
  });
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  await waitFor('the focus where it was', () =>
    page.evaluate(() => document.activeElement?.textContent === 'test-erp.example.org/sda'),
  );

  await box('db1.example.org').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'Details of db1.example.org/sdb' }).waitFor();
  await panel.getByText('loop7, hera-2; hera-4 does not tell.').waitFor();
  await page.keyboard.press('Escape');

  await file('backup1.example.org/sdb').click();
  await panel.getByText('hera-4 does not answer now, and no other node sees the file.').waitFor();

  const { snapshot } = desk.state;
  if (!snapshot) throw new Error('No cluster is open.');
  desk.change({
    snapshot: {
      ...snapshot,
      nodes: snapshot.nodes.map((node) => ({
        ...node,
        facts: node.facts && { ...node.facts, commands: ['flock'] },
      })),
    },
  });
  await file('debian-12.qcow2').click();
  await panel.getByText(/There is no qemu-img on hera-1, hera-2, hera-3/).waitFor();
  expect(opened.complaints).toEqual([]);
});

it('says what is not known: a cluster without images, nodes that are waited for, and none that answers', async () => {
  const opened = await openWindow(
    '#/images',
    new FixtureDesk({ snapshot: makeSnapshot(Date.now(), { guests: [], silentFor: null }) }),
  );
  const { page, desk } = opened;
  const empty = makeSnapshot(Date.now(), { guests: [], silentFor: null });
  desk.change({
    snapshot: {
      ...empty,
      nodes: empty.nodes.map((node) => ({ ...node, facts: node.facts && { ...node.facts, folders: [] } })),
    },
  });
  await page.getByRole('heading', { name: 'No images yet' }).waitFor();
  await page.getByText('614 GiB free of 2.00 TiB').waitFor();
  await expectAccessible(page, 'no images');
  const full = makeSnapshotOfImages(Date.now());
  desk.change({
    snapshot: {
      ...full,
      nodes: full.nodes.map((node) =>
        node.name === 'hera-3'
          ? { ...node, facts: null, seenAt: null, trouble: { kind: 'not-asked', message: 'Not asked yet.' } }
          : node,
      ),
    },
  });
  await page.getByText('hera-3: the images appear when the node answers.').waitFor();
  desk.change({
    snapshot: {
      ...full,
      nodes: full.nodes.map((node) => ({
        ...node,
        seenAt: Date.now() - 300_000,
        trouble: { kind: 'unreachable', message: 'It does not answer.' },
      })),
    },
  });
  await page.getByText('No node answers.', { exact: true }).waitFor();
  await page
    .getByText(/not seen for 5 min/)
    .first()
    .waitFor();
  expect(opened.complaints).toEqual([]);
});

it.each(['light', 'dark'] as const)(
  'no violation of accessibility, %s, and nothing wider than the window',
  async (theme) => {
    const opened = await openWindow('#/images', deskOfImages(theme), { width: 1024, height: 700 });
    const { page } = opened;
    const { check, bar } = parts(opened);
    await page.locator('.vb-map-box').first().waitFor();
    await expectAccessible(page, `${theme} images`);
    await check('mail1.example.org/sdb').check();
    await bar.getByRole('button', { name: 'Look inside' }).click();
    await page.getByText('before-upgrade').waitFor();
    await expectAccessible(page, `${theme} image looked into`);
    const wide = await page.evaluate(() =>
      [...document.querySelectorAll('.vb-head *, .vb-actions *, aside *, .vb-map-below *')]
        .filter((each) => each.getBoundingClientRect().right > window.innerWidth + 1)
        .map((each) => each.outerHTML.slice(0, 120)),
    );
    expect(wide).toEqual([]);
    expect(opened.complaints).toEqual([]);
  },
  patience,
);
