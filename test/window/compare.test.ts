/** What an instance's images are on the nodes: shown with the age of the proof, and proved again. */
import { expect, it } from 'vitest';
import { comparisonRun, hash } from './fixture/compared.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshotOfImages } from './fixture/images.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();

/** ntp1, whose images lie on hera-1 and as a replica on hera-2, stopped. */
const deskOfNtp = (theme: 'light' | 'dark' = 'light'): FixtureDesk => {
  const snapshot = makeSnapshotOfImages(Date.now());
  for (const node of snapshot.nodes) {
    if (!node.facts) continue;
    node.facts.open = [];
    node.facts.domains = node.facts.domains.filter((each) => !each.name.startsWith('ntp1'));
    for (const { record } of node.facts.folders)
      if (record?.ok && record.record.name.startsWith('ntp1')) record.record.adminState = 'down';
  }
  return new FixtureDesk({ snapshot, settings: { theme, refreshSeconds: 10, trashDays: 7 } });
};

it('the instance page says what its images are on each node, since when, and proves it again', async () => {
  const desk = deskOfNtp();
  const { snapshot } = desk.state;
  if (!snapshot) throw new Error('No cluster is open.');
  const { page, complaints } = await openWindow('#/instances/ntp1.example.org', desk);
  const table = page.getByRole('table', { name: 'Images on the nodes' });
  const line = (node: string) => table.getByRole('row').filter({ hasText: node });
  await line('hera-2').getByText('whether it is equal was not proved').waitFor();
  await page.getByText('Nothing of it lies on hera-3.').waitFor();
  await page.getByText('Not known of hera-4, which does not answer.').waitFor();

  desk.addRun(
    comparisonRun(snapshot, 'ntp1.example.org', Date.now() - 1_800_000, (node) =>
      hash(node === 'hera-1' ? 'a' : 'b'),
    ),
  );
  await line('hera-2').getByText('differs').waitFor();
  await page.getByRole('link', { name: /^proved \d+ min ago/ }).waitFor();
  desk.addRun(comparisonRun(snapshot, 'ntp1.example.org', Date.now() - 60_000, () => hash('a')));
  await line('hera-2').getByText('equal by its content').waitFor();

  await page.getByRole('button', { name: /^Prove again/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Compare the images of ntp1.example.org' }).waitFor();
  await page.getByText('Nothing is changed.').waitFor();
  await page.getByText('the nodes are only read').waitFor();
  await expectAccessible(page, 'the review of a comparison');
  await page.getByRole('button', { name: 'Compare the images of ntp1.example.org' }).click();
  await page.getByRole('region', { name: 'State of the run' }).waitFor();
  expect(desk.asked.filter((each) => each.name === 'run.start').at(-1)?.input).toMatchObject({
    intent: { kind: 'compare-images', subject: { of: 'instance', instance: 'ntp1.example.org' } },
  });
  expect(complaints).toEqual([]);
});

it('a guest that runs is in its way, which the button says', async () => {
  const { page } = await openWindow('#/instances/web1.example.org', new FixtureDesk());
  const button = page.getByRole('button', { name: /^Compare…/ });
  expect(await button.getAttribute('aria-disabled')).toBe('true');
  await page
    .getByText("images that are written to can't be compared at one moment")
    .waitFor({ state: 'attached' });
});

it.each(['light', 'dark'] as const)('no violation of accessibility, %s', async (theme) => {
  const { page, complaints } = await openWindow('#/instances/ntp1.example.org', deskOfNtp(theme));
  await page.getByRole('table', { name: 'Images on the nodes' }).waitFor();
  await expectAccessible(page, `${theme} images on the nodes`);
  expect(complaints).toEqual([]);
});
