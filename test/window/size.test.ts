import { expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeManySnapshot } from './fixture/many.ts';
import { windowTests } from './support.ts';

const openWindow = windowTests();

const patience = 300_000;

it.each([
  { nodes: 5, guests: 30 },
  { nodes: 100, guests: 300 },
])(
  '$nodes nodes with $guests instances are shown, found and failed over, long names and all',
  async (amount) => {
    const desk = new FixtureDesk({ snapshot: makeManySnapshot(Date.now(), amount) });
    const { page, complaints } = await openWindow('#/overview', desk);
    await page.getByRole('region', { name: `hera-${amount.nodes}`, exact: true }).waitFor();
    await page.keyboard.press('2');
    await page.getByRole('heading', { level: 1, name: 'Instances' }).waitFor();
    const readiness = page.getByRole('columnheader', { name: 'Failover' });
    const box = await readiness.boundingBox();
    expect((box?.x ?? 2000) + (box?.width ?? 0)).toBeLessThanOrEqual(1281);
    await page.keyboard.press('/');
    await page.keyboard.type('accounting-department-0014');
    await waitFor('one row', async () => (await page.locator('tbody tr').count()) === 1);
    await page.getByRole('link', { name: /accounting-department-0014/ }).click();
    await page.getByRole('heading', { level: 1, name: /^application-server/ }).waitFor();
    await page.keyboard.press('f');
    await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
    if (amount.nodes > 7) await page.getByLabel('Another target').selectOption('hera-77');
    expect(complaints).toEqual([]);
  },
  patience,
);
