/** A folder of which a person says what it is: offered where the command line allows it, with the node that holds it. */
import { expect, it } from 'vitest';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const dev = 'dev1.example.org';
const world = (): Snapshot => makeSnapshot(Date.now(), { silentFor: null });

const folderOf = (snapshot: Snapshot, name: string) => {
  for (const { name: node, facts } of snapshot.nodes)
    for (const folder of facts?.folders ?? [])
      if (folder.name === name && folder.record?.ok) return { node, folder, record: folder.record.record };
  throw new Error(`no ${name}`);
};
const lastClaim = ({ desk }: Opened): Intent | undefined =>
  desk.asked
    .flatMap((each) => (each.name === 'plan.make' ? [(each.input as { intent: Intent }).intent] : []))
    .findLast((each) => each.kind === 'claim');

it('one that was removed and is there again: it lies in its place, and is the instance from now on', async () => {
  const snapshot = world();
  const { record, folder } = folderOf(snapshot, dev);
  for (const { facts } of snapshot.nodes) facts?.tombstones.push(record.uuid);
  const opened = await openWindow(`#/instances/${dev}`, new FixtureDesk({ open: 'hera', snapshot }));
  const { page } = opened;
  const told = page.locator('.vb-note').filter({ hasText: 'It was removed' });
  await told.getByRole('link', { name: 'Claim its folder…' }).click();
  await page.getByRole('heading', { level: 1, name: `Moved or cloned: ${dev}` }).waitFor();
  await page.getByText('It lies where its record says. It is').waitFor();
  expect(await page.getByLabel('the instance, from now on').isChecked()).toBe(true);
  await page.getByText('Take the note on').first().waitFor();
  expect(lastClaim(opened)).toMatchObject({ as: 'moved', path: folder.path, primary: record.primary });
  await expectAccessible(page, 'a claim of a folder in its place');
  const run = page.getByRole('button', { name: `Let ${folder.path} be ${dev}` });
  await waitFor('a plan that can run', async () => (await run.getAttribute('aria-disabled')) !== 'true');
  await run.click();
  await waitFor('its run', () => opened.desk.runs.size === 1);
  expect(opened.complaints).toEqual([]);
});

it('a copy of a local folder on another node is a clone there, not where its record says', async () => {
  const snapshot = world();
  const local = snapshot.nodes.flatMap(({ name: node, facts }) =>
    (facts?.folders ?? []).flatMap((folder) =>
      folder.path.startsWith('/srv/local/') && folder.record?.ok ? [{ node, folder }] : [],
    ),
  )[0];
  if (!local) throw new Error('no local instance');
  const other = snapshot.nodes.find((each) => each.name !== local.node);
  other?.facts?.folders.push({ ...local.folder, inode: 99_001, device: 41 });
  const { name, path } = local.folder;
  const opened = await openWindow(`#/instances/${name}`, new FixtureDesk({ open: 'hera', snapshot }));
  const { page } = opened;
  await page.locator('.vb-note').getByRole('link', { name: 'Moved or cloned…' }).click();
  await waitFor('the plan', () => lastClaim(opened) !== undefined);
  expect(lastClaim(opened)).toMatchObject({ as: 'cloned', path, primary: other?.name });
  expect(await page.getByLabel('Primary').inputValue()).toBe(other?.name);
  expect(opened.complaints).toEqual([]);
});

it('one that is as it should be offers nothing of that', async () => {
  const { page } = await openWindow(
    `#/instances/${dev}`,
    new FixtureDesk({ open: 'hera', snapshot: world() }),
  );
  await page.getByRole('button', { name: /^Remove/ }).waitFor();
  expect(await page.getByRole('button', { name: /Claim its folder|Moved or cloned/ }).count()).toBe(0);
});
