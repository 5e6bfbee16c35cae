import { expect, it } from 'vitest';
import type { InstanceRecord } from '../../core/cluster/record.ts';
import type { Snapshot, TrashFacts } from '../../core/cluster/snapshot.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { guests } from './fixture/guests.ts';
import { makeSnapshot, recordOfGuest, sharedDirectory } from './fixture/world.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();
const patience = 300_000;
const dayMs = 86_400_000;
const gib = 1024 ** 3;

const stamp = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '');

const recordCalled = (name: string, index: number): InstanceRecord => {
  const [guest] = guests;
  if (!guest) throw new Error('the fixture has no guest');
  return recordOfGuest(
    {
      ...guest,
      name,
      local: false,
      disks: [
        { size: 40, used: 3 },
        { size: 10, used: 1 },
      ],
    },
    index,
  );
};

const inTrash = (name: string, index: number, days: number, change: Partial<TrashFacts> = {}): TrashFacts => {
  const record = recordCalled(name, index);
  return {
    name: `${name}.${record.uuid.slice(0, 8)}.${stamp(Date.now() - days * dayMs)}`,
    record: { ok: true, record },
    lock: null,
    allocated: 4 * gib,
    files: ['sda', 'sdb'].map((file, at) => ({
      name: file,
      size: (at === 0 ? 40 : 10) * gib,
      allocated: (at === 0 ? 3 : 1) * gib,
      modified: 0,
    })),
    ...change,
  };
};

const withTrash = (folders: readonly TrashFacts[]): Snapshot => {
  const snapshot = makeSnapshot(Date.now(), { silentFor: null });
  return {
    ...snapshot,
    nodes: snapshot.nodes.map((node) => ({
      ...node,
      facts: node.facts && {
        ...node.facts,
        storages: node.facts.storages.map((storage) =>
          storage.path === sharedDirectory
            ? { ...storage, trash: folders.map((each) => each.name), trashFolders: [...folders] }
            : storage,
        ),
      },
    })),
  };
};

const folders = (): TrashFacts[] => [
  inTrash('old-shop.example.org', 201, 12),
  inTrash('old-wiki.example.org', 202, 30, {
    files: [
      ...(inTrash('x', 202, 1).files ?? []),
      { name: 'sda.before-r1', size: 8 * gib, allocated: 2 * gib, modified: 0 },
    ],
  }),
  inTrash('test1.example.org', 203, 0.1),
  inTrash('test2.example.org', 204, 2, {
    lock: {
      ok: true,
      lock: {
        ...{ run: 'cccccccccccccccc', user: 'jana', workstation: 'adm2', title: 'Remove test2' },
        ...{ nodes: ['hera-2'], place: `${sharedDirectory}/test2.example.org`, at: '2026-11-22T10:00:00Z' },
      },
    },
  }),
  inTrash('broken.example.org', 205, 3, { record: { ok: false, error: 'It is no JSON.' } }),
  // as an earlier version remembered it
  { name: 'older.example.org.0f3a9c1d.20200101T000000Z', record: null, lock: null },
];

const addresses = (list: readonly TrashFacts[]): string[] =>
  list.map((each) => encodeURIComponent(`hera-1:${sharedDirectory}/.trash/${each.name}`));

it.each(['light', 'dark'] as const)(
  'is shown with what is known, and restores, purges and breaks locks from there, %s',
  async (theme) => {
    const desk = new FixtureDesk({
      snapshot: withTrash(folders()),
      settings: { theme, refreshSeconds: 10, trashDays: 7 },
    });
    const { page, complaints } = await openWindow('#/instances', desk);
    await page.getByText('6 folders in the trash').waitFor();
    await page.getByRole('link', { name: 'Open the trash' }).click();
    await page.getByRole('heading', { level: 1, name: 'Trash' }).waitFor();
    const table = page.getByRole('table', { name: 'Trash' });
    const rowOf = (name: string) => table.getByRole('row').filter({ hasText: name });
    expect(await rowOf('old-shop').textContent()).toMatch(/4\.0 GiB50\.0 GiBexpired 5 d ago/);
    expect(await rowOf('test1').textContent()).toMatch(/2 h 2[34] min ago.*for another 6 d/);
    expect(await rowOf('test2').textContent()).toContain('locked by the run cccccccccccccccc of jana');
    expect(
      await rowOf('test2')
        .getByRole('link', { name: /Restore/ })
        .count(),
    ).toBe(0);
    expect(await rowOf('broken').textContent()).toContain("its record can't be read: It is no JSON.");
    expect(await rowOf('older.example').textContent()).toMatch(/not known.*not known.*not known/);
    await expectAccessible(page, `trash, ${theme}`);

    await rowOf('old-wiki')
      .getByRole('link', { name: /^Purge/ })
      .click();
    await page
      .getByRole('heading', { level: 1, name: 'Purge old-wiki.example.org from the trash' })
      .waitFor();
    await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
    const files = page.getByRole('table', { name: 'Files that are concerned' });
    expect(await files.textContent()).toMatch(
      /\/sda40\.0 GiB3\.0 GiBdeleted.*sda\.before-r1.*kept: no record names it.*the folder stays/,
    );
    await expectAccessible(page, `purge, ${theme}`);
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { level: 1, name: 'Trash' }).waitFor();

    await rowOf('test1')
      .getByRole('link', { name: /^Restore/ })
      .click();
    await page.getByRole('heading', { level: 1, name: /^Restore test1/ }).waitFor();
    await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
    await expectAccessible(page, `restore, ${theme}`);
    expect(complaints).toEqual([]);
  },
  patience,
);

it('purges only when the name was typed, and those that expired with a word', async () => {
  const list = folders();
  const desk = new FixtureDesk({ snapshot: withTrash(list) });
  const [address = ''] = addresses(list);
  const { page, complaints } = await openWindow(`#/purge/${address}`, desk);
  await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
  const button = page.getByRole('button', { name: /^Delete .* for good/ });
  const isOff = async (): Promise<boolean> => (await button.getAttribute('aria-disabled')) === 'true';
  expect(await isOff()).toBe(true);
  await page.getByLabel('Type its name').fill('old-shop.example.org');
  await waitFor('the button', async () => !(await isOff()));
  await page.getByLabel('Type its name').fill('old-shop');
  await waitFor('the button', isOff);
  await page.getByLabel('Type its name').fill('old-shop.example.org');
  await waitFor('the button', async () => !(await isOff()));
  await button.click();
  await waitFor('the run', () => desk.asked.some((each) => each.name === 'run.start'));
  expect(desk.asked.find((each) => each.name === 'run.start')?.input).toMatchObject({
    approval: { accept: ['purge:old-shop.example.org'] },
    intent: { kind: 'purge-trash', folders: [{ trashName: list[0]?.name, node: 'hera-1' }] },
  });

  await page.evaluate(() => {
    window.location.hash = '#/trash';
  });
  await page.getByRole('button', { name: 'Purge the expired (3)…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Purge 3 folders from the trash' }).waitFor();
  await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
  await page.getByLabel('Type the word').fill('purge');
  await waitFor('the button', async () => !(await isOff()));
  expect(complaints).toEqual([]);
});

it('says when it is empty, and how long it keeps what is removed', async () => {
  const desk = new FixtureDesk();
  const { page, complaints } = await openWindow('#/trash', desk);
  await page.getByRole('heading', { name: 'The trash is empty' }).waitFor();
  await expectAccessible(page, 'an empty trash');
  await page.evaluate(() => {
    window.location.hash = '#/settings';
  });
  await page.getByLabel('Days in the trash').fill('0');
  await page.getByText('A whole number of days from 1 to 3650.').waitFor();
  await page.getByLabel('Days in the trash').fill('30');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  expect(desk.state.settings).toEqual({ theme: 'light', refreshSeconds: 10, trashDays: 30 });
  await page.evaluate(() => {
    window.location.hash = '#/review/remove/dev1.example.org';
  });
  await page.getByLabel('Into the trash, kept 30 days').waitFor();
  await page.getByLabel('Delete its files for good').check();
  expect(await page.getByRole('table', { name: 'Files that are concerned' }).textContent()).toMatch(
    /Deleted.*\/dev1\.example\.org\/sda/,
  );
  await expectAccessible(page, 'remove for good');
  // only the typed name is the consent
  expect(await page.getByRole('checkbox', { name: /Deleted for good/ }).count()).toBe(0);
  await page.getByLabel('Type its name').fill('dev1.example.org');
  await waitFor('the plan with the name', () =>
    JSON.stringify(desk.asked.findLast((each) => each.name === 'plan.make')).includes(
      '"accept":["purge:dev1.example.org"]',
    ),
  );
  expect(complaints).toEqual([]);
});
