/** The setting of the template directory: shown, changed by a plan, and seen where an instance is created. */
import { expect, it } from 'vitest';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();

/** The fixture's cluster with one directory of templates, in which hera-1 shows one. */
const withGolden = (): Snapshot => {
  const snapshot = makeSnapshot(Date.now());
  snapshot.cluster.templateDirectory = '/srv/golden';
  for (const { facts } of snapshot.nodes)
    if (facts)
      facts.templates = {
        path: '/srv/golden',
        id: null,
        state: 'ok',
        files: [
          {
            name: 'debian-12.raw',
            size: 4 * 2 ** 30,
            allocated: 2 ** 30,
            modified: 1_764_000_000_000,
            inode: 99,
            device: 41,
            type: 'raw',
            kind: 'file',
          },
        ],
      };
  return snapshot;
};

it('is changed for all nodes at once, by a plan', async () => {
  const { page, desk, complaints } = await openWindow('#/settings');
  await page.getByText('.templates', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Change…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Template directory' }).waitFor();
  const button = page.getByRole('button', { name: /^Tell all nodes/ });
  expect(await button.getAttribute('aria-disabled')).toBe('true');
  await page.getByRole('radio', { name: 'in one directory' }).check();
  await page.getByText(/do not show a folder .*templates yet/).waitFor();
  await page.getByLabel('Directory', { exact: true }).fill('/etc/golden');
  await page
    .getByText(/is a directory of the system/)
    .first()
    .waitFor();
  await page.getByLabel('Directory', { exact: true }).fill('/srv/golden');
  await waitFor('a plan that can run', async () => (await button.getAttribute('aria-disabled')) !== 'true');
  await button.click();
  await page.getByRole('region', { name: 'State of the run' }).waitFor();
  expect(desk.asked.filter((each) => each.name === 'run.start').at(-1)?.input).toMatchObject({
    intent: { kind: 'cluster-modify', templateDirectory: '/srv/golden' },
  });
  expect(complaints).toEqual([]);
});

it('what lies there can be chosen for a new instance', async () => {
  const { page, complaints } = await openWindow('#/templates', new FixtureDesk({ snapshot: withGolden() }));
  await page.getByRole('table', { name: 'Templates' }).getByText('/srv/golden/debian-12.raw').waitFor();
  await page.evaluate(() => {
    window.location.hash = '#/create';
  });
  await page.getByLabel('Operating system').selectOption('template:debian-12.raw');
  await page.getByLabel('Name', { exact: true }).fill('new.example.org');
  await page.getByText('Copy the template debian-12.raw to sda').waitFor();
  expect(complaints).toEqual([]);
});

it.each(['light', 'dark'] as const)('no violation of accessibility, %s', async (theme) => {
  const desk = new FixtureDesk({
    snapshot: withGolden(),
    settings: { theme, refreshSeconds: 10, trashDays: 7 },
  });
  const { page, complaints } = await openWindow('#/templates', desk);
  await page.getByRole('table', { name: 'Templates' }).waitFor();
  await expectAccessible(page, `${theme} templates`);
  await page.evaluate(() => {
    window.location.hash = '#/settings';
  });
  await page.getByRole('heading', { name: 'Of the cluster hera' }).waitFor();
  await expectAccessible(page, `${theme} settings of a cluster`);
  expect(complaints).toEqual([]);
});
