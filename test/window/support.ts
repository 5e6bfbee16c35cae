/** One browser for a file of window tests, one build for all of them; each test gets a desk and a page of its own. */
import AxeBuilder from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { type DeskBehind, type ServedWindow, serveWindow } from './fixture/served-window.ts';

type Size = { width: number; height: number };
export type Opened<Desk = FixtureDesk> = {
  page: Page;
  desk: Desk;
  served: ServedWindow;
  complaints: string[];
};

export const windowTests = () => {
  let browser: Browser;
  const open: Opened<DeskBehind>[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) {
      await each.page.context().close();
      await each.served.close();
    }
  });
  afterAll(async () => {
    await browser?.close();
  });
  /** Opens the window at an address such as `#/instances`; waits for its heading. */
  const openWith = async <Desk extends DeskBehind>(
    address: string,
    desk: Desk,
    size = { width: 1280, height: 800 },
  ): Promise<Opened<Desk>> => {
    const served = await serveWindow(inject('windowBuild'), desk);
    const context = await browser.newContext({ viewport: size, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(45_000);
    const complaints: string[] = [];
    page.on('console', (message) => {
      // the browser itself says that a socket could not be opened; the tests cut it on purpose
      if (['error', 'warning'].includes(message.type()) && !message.text().includes('WebSocket'))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    const opened = { page, desk, served, complaints };
    open.push(opened);
    await page.goto(served.url + address);
    await page.getByRole('heading', { level: 1 }).waitFor();
    return opened;
  };
  function openWindow(address: string, desk?: FixtureDesk, size?: Size): Promise<Opened>;
  function openWindow<Desk extends DeskBehind>(
    address: string,
    desk: Desk,
    size?: Size,
  ): Promise<Opened<Desk>>;
  function openWindow(
    address: string,
    desk: DeskBehind = new FixtureDesk(),
    size?: Size,
  ): Promise<Opened<DeskBehind>> {
    return openWith(address, desk, size);
  }
  return openWindow;
};

/** No serious or moderate violation of accessibility; `where` stands in the message. */
export const expectAccessible = async (page: Page, where: string): Promise<void> => {
  const isDark = await page.evaluate(() => document.documentElement.classList.contains('pf-v6-theme-dark'));
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] });
  // Dark is one class on html: the elements are the same, only their colours differ.
  if (isDark) axe.withRules(['color-contrast']);
  const { violations } = await axe.analyze();
  const found = violations
    .filter((each) => each.impact !== 'minor')
    .map(
      (each) =>
        `${each.id}: ${each.nodes.map((node) => `${node.target.join(' ')} (${node.failureSummary ?? ''})`).join(' | ')}`,
    );
  expect(found, where).toEqual([]);
};
