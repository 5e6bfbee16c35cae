/** What does not agree about an instance, on its page: each sentence with the sides that can be taken, each with its plan. */
import { expect, it } from 'vitest';
import type { Intent } from '../../core/plan/intent.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const dev = 'dev1.example.org';
const mail = 'mail1.example.org';

const lastIntent = ({ desk }: Opened): Intent | undefined =>
  desk.asked
    .flatMap((each) => (each.name === 'plan.make' ? [(each.input as { intent: Intent }).intent] : []))
    .at(-1);

/** The fixture's desk with another xen.cfg of dev1, which is stopped. */
const withConfig = (edit: (text: string) => string): FixtureDesk => {
  const snapshot = makeSnapshot(Date.now(), { silentFor: null });
  for (const node of snapshot.nodes)
    for (const folder of node.facts?.folders ?? [])
      if (folder.name === dev) folder.config = edit(folder.config ?? '');
  return new FixtureDesk({ open: 'hera', snapshot });
};

it("a device edited by hand: xen.cfg's side is the record's to follow, the record's side is written into xen.cfg", async () => {
  const opened = await openWindow(
    `#/instances/${dev}`,
    withConfig((text) => text.replace('vdev=xvda', 'vdev=xvdq')),
  );
  const { page, desk } = opened;
  await page.getByText('the record says device xvda, xen.cfg says xvdq').waitFor();
  await expectAccessible(page, 'an instance with drift');
  await page.getByRole('link', { name: "Take the record's…" }).click();
  await page.getByRole('heading', { level: 1, name: `Take the record's: ${dev}` }).waitFor();
  await page.getByText('The record counts: xen.cfg follows it.').waitFor();
  await waitFor('its plan', () => {
    const intent = lastIntent(opened);
    return intent?.kind === 'configure' && intent.text.includes('vdev=xvda');
  });
  await expectAccessible(page, 'a side taken');
  await page.goBack();
  await page.getByRole('link', { name: "Take xen.cfg's…" }).click();
  await page.getByText('it stays as it is, and the record follows it').waitFor();
  await waitFor('the other plan', () => {
    const intent = lastIntent(opened);
    return intent?.kind === 'configure' && intent.text === intent.from && intent.text.includes('vdev=xvdq');
  });
  const run = page.getByRole('button', { name: /^Take xen\.cfg's/ });
  await waitFor('a plan that can run', async () => (await run.getAttribute('aria-disabled')) !== 'true');
  await run.click();
  await waitFor('its run', () => desk.runs.size === 1);
  expect(opened.complaints).toEqual([]);
});

it('a disk that xen.cfg attaches besides: only the record can be taken, or both merged', async () => {
  const opened = await openWindow(
    `#/instances/${dev}`,
    withConfig((text) => text.replace('disk = [', 'disk = [\n  "file:/srv/other.img,xvdx,w",')),
  );
  const { page } = opened;
  await page.getByText('xen.cfg attaches /srv/other.img as xvdx').first().waitFor();
  expect(await page.getByRole('link', { name: "Take xen.cfg's…" }).count()).toBe(0);
  await page.getByRole('link', { name: 'Merge…' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Configuration' }).waitFor();
  // an address that somebody kept says why it is none any more
  await page.goto(page.url().replace(/#.*/, `#/config/${dev}/file`));
  await page.getByText('name, uuid and images of an instance never change by its xen.cfg').waitFor();
  const run = page.getByRole('button', { name: /^Take xen\.cfg's/ });
  expect(await run.getAttribute('aria-disabled')).toBe('true');
  expect(opened.complaints).toEqual([]);
});

it('a card plugged into a running guest is kept, or gone once it was stopped', async () => {
  const snapshot = makeSnapshot(Date.now(), { silentFor: null });
  const facts = snapshot.nodes.find((each) => each.name === 'hera-1')?.facts;
  const record = facts?.folders
    .flatMap((each) => (each.name === mail && each.record?.ok ? [each.record.record] : []))
    .at(0);
  const domain = facts?.domains.find((each) => each.name === mail);
  if (!record || !domain) throw new Error(`no ${mail}`);
  domain.config = {
    ...{ type: 'pv', vcpus: record.guest.vcpus, memoryMib: record.guest.memoryMib },
    disks: record.disks.map(({ logical_id: [, , path], vdev, mode }) => ({
      ...{ path, vdev, readwrite: mode === 'rw', cdrom: false },
    })),
    nics: [...record.nics, { mac: '00:16:3e:0a:0b:0c', bridge: 'br-mail' }],
    ...{ onPoweroff: 'destroy', onReboot: 'restart', onCrash: 'destroy', devices: [], settings: [] },
  };
  const opened = await openWindow(`#/instances/${mail}`, new FixtureDesk({ open: 'hera', snapshot }));
  const { page } = opened;
  await page.getByText('has the network card 00:16:3e:0a:0b:0c on br-mail').waitFor();
  await page.getByRole('link', { name: 'Take the record’s: Stop…' }).waitFor();
  await page.getByRole('link', { name: 'Keep what it runs with…' }).click();
  await page.getByRole('heading', { level: 1, name: `Keep what it runs with: ${mail}` }).waitFor();
  await page.getByText('It will have network cards').waitFor();
  const intent = lastIntent(opened);
  expect(intent?.kind === 'configure' ? intent.text : '').toContain('mac=00:16:3e:0a:0b:0c');
  expect(opened.complaints).toEqual([]);
});
