import { describe, expect, it } from 'vitest';
import { FixtureDesk } from './fixture/desk.ts';
import { guests } from './fixture/guests.ts';
import { noApproval, planFor } from './fixture/plans.ts';
import { makeRun } from './fixture/runs.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();

/** One test looks at many views; a machine that is five times slower than ours must have the time for it. */
const patience = 300_000;

const addresses = [
  '#/overview',
  '#/instances',
  '#/instances/wiki1.example.org',
  '#/create',
  '#/failover/mail1.example.org',
  '#/failover/log1.example.org',
  '#/review/start/dev1.example.org',
  '#/review/stop/mail1.example.org',
  '#/review/remove/mail1.example.org',
  '#/review/unlock/git1.example.org',
  '#/config/mail1.example.org',
  '#/copy/clone/dev1.example.org',
  '#/copy/move/mail1.example.org',
  '#/copy/replicate/dev1.example.org',
  '#/image/copy/hera-1/%2Fsrv%2Fganeti%2Ffile-storage%2Fold-erp.example.org%2Fsda',
  '#/image/convert/hera-1/%2Fsrv%2Fganeti%2Ffile-storage%2Fold-erp.example.org%2Fsda',
  '#/create/hera-1/%2Fsrv%2Fganeti%2Ffile-storage%2Fold-erp.example.org%2Fsda',
  '#/trash',
  '#/images',
  '#/drafts',
  '#/runs',
  '#/runs/running',
  '#/runs/undone',
  '#/nodes',
  '#/add-node',
  '#/connect',
  '#/settings',
  '#/templates',
];

const busyDesk = (): FixtureDesk => {
  const desk = new FixtureDesk();
  const snapshot = makeSnapshot(Date.now());
  const view = planFor(
    { kind: 'failover', instance: 'web1.example.org', target: 'hera-3', timeoutSeconds: 60 },
    noApproval,
    snapshot,
    'run1',
  );
  desk.addRun(makeRun(view, { id: 'running', at: Date.now() - 20_000, done: 5 }));
  desk.addRun(
    makeRun(view, { id: 'undone', at: Date.now() - 900_000, done: 5, failed: true, state: 'undone' }),
  );
  return desk;
};

describe.each(['light', 'dark'] as const)('no violation of accessibility, %s', (theme) => {
  it(
    'in any view of an open cluster',
    async () => {
      const desk = busyDesk();
      desk.state = { ...desk.state, settings: { ...desk.state.settings, theme } };
      const { page, complaints } = await openWindow('#/overview', desk);
      for (const address of addresses) {
        await page.evaluate((hash) => {
          window.location.hash = hash;
        }, address);
        await page.getByRole('heading', { level: 1 }).waitFor();
        if (address.includes('review') || address.includes('failover'))
          await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
        await expectAccessible(page, `${theme} ${address}`);
      }
      expect(complaints).toEqual([]);
    },
    patience,
  );

  it(
    'on the first page, in the dialogs and in the emergency',
    async () => {
      const first = await openWindow(
        '',
        new FixtureDesk({
          open: null,
          snapshot: null,
          settings: { theme, refreshSeconds: 10, trashDays: 7 },
        }),
      );
      for (const key of ['1', '2', '3']) {
        await first.page.keyboard.press(key);
        await expectAccessible(first.page, `${theme} first page, ${key}`);
      }
      const twice = guests.map((each) =>
        each.name.startsWith('log1') ? { ...each, domainsOn: ['hera-3', 'hera-4'] } : each,
      );
      const { page, desk, complaints } = await openWindow(
        '#/overview',
        new FixtureDesk({
          snapshot: makeSnapshot(Date.now(), { silentFor: null, guests: twice }),
          settings: { theme, refreshSeconds: 10, trashDays: 7 },
        }),
      );
      await page.getByRole('alert').getByText('log1.example.org runs twice: hera-3 and hera-4').waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill('mail');
      await expectAccessible(page, `${theme} palette`);
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.getByRole('dialog').getByText('run the reviewed plan').waitFor();
      await expectAccessible(page, `${theme} keys`);
      await page.keyboard.press('Escape');
      desk.change({ prompt: { id: 'p1', kind: 'passphrase', text: 'Passphrase of the key id_ed25519' } });
      await page.getByLabel('Passphrase', { exact: true }).waitFor();
      await expectAccessible(page, `${theme} prompt`);
      expect(complaints).toEqual([]);
    },
    patience,
  );
});

it.each([
  { width: 1024, height: 700 },
  { width: 1920, height: 1080 },
])(
  'nothing is wider than the window at $width x $height',
  async (size) => {
    const { page } = await openWindow('#/overview', busyDesk(), size);
    for (const address of addresses) {
      await page.evaluate((hash) => {
        window.location.hash = hash;
      }, address);
      await page.getByRole('heading', { level: 1 }).waitFor();
      const wide = await page.evaluate(() =>
        [...document.querySelectorAll('main button, main input, main select, main h1')]
          .filter((each) => each.getBoundingClientRect().width > 0 && each.closest('[hidden]') === null)
          .filter((each) => each.getBoundingClientRect().right > window.innerWidth + 1)
          .map((each) => each.outerHTML.slice(0, 120)),
      );
      expect(wide, address).toEqual([]);
    }
  },
  patience,
);
