/** xen.cfg in the window: a form and the text, both of one tree; mistakes at their place; saved only as a reviewed plan. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { guests } from './fixture/guests.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const route = '#/config/mail1.example.org';

const parts = ({ page }: Opened) => ({
  text: page.locator('.cm-content'),
  lines: async () => (await page.locator('.cm-line').allTextContents()).join('\n'),
  memory: page.getByLabel('Memory', { exact: true }),
  review: page.getByRole('button', { name: 'Review the plan…' }),
});

it('form and text are two sides of one text; only what was changed changes, and it is planned', async () => {
  const opened = await openWindow('#/instances/mail1.example.org');
  const { page } = opened;
  await page.getByRole('link', { name: 'Edit…' }).click();
  const { text, lines, memory, review } = parts(opened);
  await page.getByText('takes effect at its next start').waitFor();
  await page.getByText('Nothing is changed yet.').waitFor();
  const before = await lines();
  await memory.fill('3000');
  await waitFor('the text follows', async () => (await lines()).includes('memory = 3000'));
  expect(await lines()).toBe(before.replace('memory = 4096', 'memory = 3000'));

  await text.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('# mine');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('vnc = 1');
  await page.getByLabel('Device of disk 1').fill('xvdq');
  await waitFor('the disk follows', async () => (await lines()).includes('vdev=xvdq'));
  await page.getByLabel('Device of disk 1').fill('xvdb');
  await page.getByText('Changes', { exact: true }).click();
  await page.locator('.cm-deletedChunk').last().waitFor();
  await expectAccessible(page, 'the configuration with its changes');

  await review.click();
  await page.getByRole('heading', { name: 'Save the configuration' }).waitFor();
  await page.getByText('It will have memory 3000 MiB (was 4096 MiB).').waitFor();
  await page.getByText('gnt-instance modify -B memory=3000 mail1.example.org').waitFor();
  await page.getByRole('button', { name: 'Back to the text' }).click();
  await waitFor('the text is as it was left', async () => (await lines()).startsWith('# mine'));
});

it('a mistake is marked where it stands, and nothing can be saved until it is mended', async () => {
  const opened = await openWindow(route);
  const { page } = opened;
  const { text, review } = parts(opened);
  await text.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('extra = "');
  await page
    .getByText(/Line 18, column \d+:/)
    .first()
    .waitFor();
  await page.locator('.cm-lint-marker-error').waitFor();
  await page.getByText('The fields come back once the marked place is mended.').waitFor();
  expect(await review.getAttribute('aria-disabled')).toBe('true');
  await page.keyboard.type('quiet"');
  await page.getByLabel('Arguments').waitFor();
  expect(await page.getByLabel('Arguments').inputValue()).toBe('quiet');
  expect(await review.getAttribute('aria-disabled')).not.toBe('true');
});

it('what somebody changes on the node meanwhile is shown and never overwritten unseen', async () => {
  const desk = new FixtureDesk();
  const opened = await openWindow(route, desk);
  const { page } = opened;
  const { lines, memory } = parts(opened);
  await memory.fill('3000');
  const changed = makeSnapshot(Date.now(), {
    guests: guests.map((each) =>
      each.name === 'mail1.example.org' ? { ...each, configEdited: true } : each,
    ),
  });
  desk.change({ snapshot: changed });
  await page.getByText('Somebody changed xen.cfg on the node since you opened it.').waitFor();
  expect(await memory.inputValue()).toBe('3000');
  await page.getByRole('button', { name: 'Show mine against it' }).click();
  await page.locator('.cm-deletedChunk').last().waitFor();
  await page.getByLabel('Device of disk 0').waitFor();
  expect(await lines()).toContain('memory = 3000');
});

it('the screen is a field like the others; what is hardly meant is marked and can be saved', async () => {
  const opened = await openWindow(route);
  const { page } = opened;
  const { text, lines, review } = parts(opened);
  await page.getByLabel('Screen', { exact: true }).selectOption('vnc');
  await waitFor('the text follows', async () => (await lines()).includes('vnclisten=127.0.0.1'));
  await page.getByLabel('Display number of VNC').fill('7');
  await waitFor('the display follows', async () => (await lines()).includes('vncdisplay=7'));
  await page.getByText(/At the next start these differ: vfb\./).waitFor();
  await page.getByText('Takes effect at the next start.', { exact: true }).waitFor();
  expect(await page.getByLabel('Serial console').count()).toBe(0);
  await page.getByLabel('Type', { exact: true }).selectOption('hvm');
  await page.getByLabel('Serial console').fill('pty');
  await page.getByLabel('Boot order').fill('dc');
  await waitFor('the text follows', async () => /serial = "pty"\n*boot = "dc"/.test(await lines()));
  await text.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('extra = "a"');
  await page.keyboard.press('Enter');
  await page.keyboard.type('extra = "b"');
  await page.locator('.cm-lint-marker-warning').waitFor();
  expect(await review.getAttribute('aria-disabled')).not.toBe('true');
  await page.keyboard.press('Enter');
  await page.keyboard.type('vif = [ "rate=fast" ]');
  await page
    .getByText(/"fast" is no rate/)
    .first()
    .waitFor();
  expect(await review.getAttribute('aria-disabled')).toBe('true');
});

it("an instance's page shows libvirt's XML and gives it as a file", async () => {
  const opened = await openWindow('#/instances/mail1.example.org');
  const { page } = opened;
  await page.getByRole('tab', { name: 'libvirt XML' }).click();
  await page.getByText("<domain type='xen'>").waitFor();
  await expectAccessible(page, "libvirt's XML");
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Save as a file' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('mail1.example.org.xml');
  const file = await download.path();
  expect(readFileSync(file, 'utf8')).toContain('<name>mail1.example.org</name>');
});
