/**
 * The newcomer's walk: the served window over the real main side, its practice cluster, real SSH. One page, one story; each
 * test goes on where the one before it stopped.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AppDesk, createDesk } from '../../main/desk/desk.ts';
import { serve } from '../../main/serve.ts';
import { launchChromium } from '../support/chromium.ts';

let directory: string;
let desk: AppDesk;
let served: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'vbdesk-walk-'));
  desk = await createDesk({ configDirectory: directory });
  served = await serve({ desk, port: 0 });
  browser = await launchChromium();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
  // ends the guests as well
  await desk?.call('practice.reset', {});
  await desk?.close();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await page.screenshot({ path: `test-results/walk ${task.name}.png` });
  expect(complaints.splice(0)).toEqual([]);
});

const main = (): Locator => page.getByRole('main');
const openInstance = async (name: string): Promise<void> => {
  await page.keyboard.press('2');
  await main().getByRole('link', { name, exact: true }).first().click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
};
const runEnds = async (words: RegExp = /^Done, /): Promise<void> => {
  await page.getByRole('heading', { level: 2, name: words }).waitFor();
};
/** The primary as the record on the shared storage says. */
const record = z.object({
  primary: z.string(),
  generation: z.number(),
  vouchings: z.array(z.object({ node: z.string() })),
});
const recordOf = (name: string): z.infer<typeof record> =>
  record.parse(
    JSON.parse(
      readFileSync(
        path.join(directory, 'practice/node1/srv/ganeti/file-storage', name, 'instance.json'),
        'utf8',
      ),
    ),
  );
/** How often the guest booted, by what it wrote to its own disk. */
const bootsOf = (name: string): number => {
  const block = Buffer.alloc(512);
  const image = openSync(path.join(directory, 'practice/node1/srv/ganeti/file-storage', name, 'sda'), 'r');
  try {
    readSync(image, block, 0, 512, 8 * 512);
  } finally {
    closeSync(image);
  }
  return Number.parseInt(block.toString(), 10);
};

describe('a newcomer', () => {
  test('starts the practice cluster and sees it work', async () => {
    await page.goto(served.url);
    expect(page.url()).not.toContain('token');
    await page.getByRole('button', { name: 'Start the practice cluster' }).click();
    for (const name of ['alpha', 'beta', 'gamma']) await main().getByText(name).first().waitFor();
    await page.getByText('no run in progress').waitFor();
    await page.getByText('practice', { exact: true }).last().waitFor();
  });

  test('creates an instance on two image files, reviewing the plan', async () => {
    await page.keyboard.press('c');
    await page.getByRole('textbox', { name: 'Name' }).fill('-bad name');
    await main()
      .getByText(/letters/)
      .first()
      .waitFor();
    await page.getByRole('textbox', { name: 'Name' }).fill('web1');
    await page.getByRole('combobox', { name: 'Primary' }).selectOption('node1');
    await page.getByRole('combobox', { name: 'Secondary' }).selectOption('node2');
    await page.getByRole('button', { name: 'Add disk' }).click();
    await page.getByRole('textbox', { name: 'Size of disk 1' }).fill('10G');
    await main()
      .getByText(/gnt-instance add -t file:.*--disk 1:size=10G/)
      .waitFor();
    await page.getByRole('tab', { name: 'xen.cfg' }).click();
    await main().getByText('target=/srv/ganeti/file-storage/web1/sdb').waitFor();
    await page.getByRole('button', { name: 'Review and create' }).click();
    await page.getByRole('button', { name: 'Create web1' }).click();
    await runEnds();
    expect(recordOf('web1')).toMatchObject({ primary: 'node1', generation: 1 });
    await openInstance('web1');
    await main().getByText('Running on node1').waitFor();
  });

  test('fails it over, and its data is there on the other node', async () => {
    await expect.poll(() => bootsOf('web1'), { timeout: 60_000 }).toBe(1);
    await page.keyboard.press('f');
    await page.getByRole('radio', { name: /^node2 secondary/ }).check();
    await page.getByRole('button', { name: 'Fail over web1' }).click();
    await runEnds();
    expect(recordOf('web1')).toMatchObject({ primary: 'node2', generation: 2 });
    await openInstance('web1');
    await main().getByText('Running on node2').waitFor();
    await expect.poll(() => bootsOf('web1'), { timeout: 60_000 }).toBe(2);
  });

  test('stops and starts it', async () => {
    await page.keyboard.press('s');
    await page.getByRole('button', { name: 'Stop web1' }).click();
    await runEnds();
    await openInstance('web1');
    await main()
      .getByText(/^Stopped/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: /^Start…/ }).click();
    await page.getByRole('button', { name: 'Start web1' }).click();
    await runEnds();
  });

  test('removes it after typing its name', async () => {
    await openInstance('web1');
    await page.getByRole('button', { name: 'Remove…' }).click();
    const remove = page.getByRole('button', { name: /^Remove web1/ });
    await remove.waitFor();
    expect(await remove.isDisabled()).toBe(true);
    await page.getByRole('textbox', { name: 'Type its name' }).fill('web1');
    await page.getByRole('button', { name: 'Remove web1', exact: true }).click();
    await runEnds();
    await page.keyboard.press('2');
    await main().getByRole('link', { name: 'alpha', exact: true }).waitFor();
    await main().getByRole('link', { name: 'web1', exact: true }).first().waitFor({ state: 'detached' });
  });

  test('pulls a plug, vouches for the dead node, and has its guest back elsewhere', async () => {
    await page.keyboard.press('6');
    await page.getByRole('button', { name: 'Pull the plug of node1' }).click();
    await page.getByText('2 of 3 nodes answer').waitFor();
    await openInstance('alpha');
    await page.keyboard.press('f');
    const go = page.getByRole('button', { name: /alpha on node2/ }).last();
    await main()
      .getByText(/node1 may be alive/)
      .first()
      .waitFor();
    await page.getByRole('textbox', { name: /How do you know/ }).fill('I pulled its plug');
    await page.getByRole('textbox', { name: /node1 is down/ }).fill('node1 is down');
    await go.click();
    await runEnds();
    expect(recordOf('alpha')).toMatchObject({ primary: 'node2', vouchings: [{ node: 'node1' }] });
    await openInstance('alpha');
    await main().getByText('Running on node2').waitFor();
    await page.keyboard.press('6');
    await page.getByRole('button', { name: /^Put the plug/ }).click();
    await page.getByText('all 3 nodes answer').waitFor();
  });

  test('meets no barrier in any of these views, light or dark', async () => {
    for (const theme of ['dark', 'light'] as const) {
      await desk.call('settings.set', { theme, refreshSeconds: 10, trashDays: 7 });
      await page.waitForFunction(
        (dark) => document.documentElement.classList.contains('pf-v6-theme-dark') === dark,
        theme === 'dark',
      );
      for (const key of ['1', '2', '3', '4', 'c']) {
        await page.keyboard.press(key);
        await page.getByRole('heading', { level: 1 }).waitFor();
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${theme} ${key} ${id}: ${nodes[0]?.html}`)).toEqual([]);
        await page.keyboard.press('Escape');
      }
    }
  }, 240_000);
});
