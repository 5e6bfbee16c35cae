import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();

it('offers the plan under review as a script to be run by hand, and saves it as a file', async () => {
  const instance = 'dev1.example.org';
  const desk = new FixtureDesk();
  const { page, complaints } = await openWindow(`#/review/start/${instance}`, desk);
  await page.getByRole('tab', { name: 'Shell script' }).click();
  await expectAccessible(page, 'the script of a plan');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as script' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(`start-${instance}.sh`);
  expect(readFileSync(await download.path(), 'utf8')).toBe('#!/bin/sh\n# start\n');
  await page.getByText(`Saved as start-${instance}.sh`).waitFor();

  desk.failing.set('plan.script', { code: 'refused', message: 'node2 did not answer.' });
  await page.getByRole('button', { name: 'Copy as script' }).click();
  await page.getByText('node2 did not answer.').waitFor();
  await page.getByRole('button', { name: 'Copy as script' }).click();
  const asked = await waitFor('the script is asked for again', async () => {
    const calls = desk.asked.filter(({ name }) => name === 'plan.script');
    return calls.length === 3 && calls;
  });
  expect(asked.at(-1)?.input).toMatchObject({ cluster: 'hera', intent: { kind: 'start', instance } });
  expect(complaints).toEqual([]);
});
