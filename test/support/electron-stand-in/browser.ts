import { type BrowserContext, chromium } from 'playwright-core';
import { browserVariable } from './browser-variable.ts';

/**
 * Chromium belongs to the test that launched the app, not to this process: so the app may be killed at any moment, and
 * nothing is left over.
 */
const address = process.env[browserVariable];
if (!address) throw new Error(`${browserVariable} is not set: the stand-in is started by launchApp.`);
const browser = await chromium.connectOverCDP(address);
const [context] = browser.contexts();
if (!context) throw new Error(`Chromium at ${address} has no window to put pages in.`);

export const browserContext: BrowserContext = context;
