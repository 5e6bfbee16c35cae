/** Ganeti in the window: a cluster's config.data, and a command that is pasted. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { readConfigData } from '../../core/ganeti/config-data.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const text = readFileSync(path.resolve(import.meta.dirname, '../fixtures/ganeti/config-3.0.2.json'), 'utf8')
  .replaceAll('node1.gnt.lab', 'hera-1.gnt.lab')
  .replaceAll('"br0"', '"br-lan"')
  .replaceAll('/boot/vmlinuz-3-xenU', '/boot/vmlinuz-6.1-xenU');
const data = { name: 'config.data', mimeType: 'application/json', buffer: Buffer.from(text) };
const names = ['inst101.gnt.lab', 'inst102.gnt.lab'];

/** A desk whose nodes all answer, with the folders of both instances as Ganeti left them. */
const withFolders = (): FixtureDesk => {
  const snapshot = makeSnapshot(Date.now(), { silentFor: null });
  const read = readConfigData(text);
  if (!read.ok) throw new Error(read.message);
  for (const [place, { name, disks }] of read.cluster.instances
    .filter((each) => names.includes(each.name))
    .entries())
    for (const node of snapshot.nodes) {
      const [like] = node.facts?.folders ?? [];
      const [image] = like?.files ?? [];
      if (!like || !image) continue;
      node.facts?.folders.push({
        ...like,
        storage: '/srv/ganeti/file-storage',
        path: `/srv/ganeti/file-storage/${name}`,
        name,
        inode: 88_000 + place,
        record: null,
        lock: null,
        config: null,
        replica: false,
        files: disks.map((disk, index) => ({
          ...image,
          name: path.basename(disk.path ?? ''),
          size: (disk.sizeMib ?? 0) * 1024 ** 2,
          allocated: 4096,
          type: 'raw',
          inode: 89_000 + place * 10 + index,
        })),
      });
    }
  return new FixtureDesk({ open: 'hera', snapshot });
};

const planned = ({ desk }: Opened): Intent[] =>
  desk.asked.flatMap((each) =>
    each.name === 'plan.make' ? [(each.input as { intent: Intent }).intent] : [],
  );

/** Ganeti wants them up: each is looked at, and accepted, by itself. */
const acceptEach = async (page: Opened['page'], of: readonly string[]): Promise<void> => {
  for (const name of of) {
    await page.getByRole('button', { name, exact: true }).click();
    const reasons = page.getByRole('region', { name: `Reasons of ${name}` });
    await reasons.getByText(`gnt-instance modify --offline ${name}`).waitFor();
    const box = reasons.getByRole('checkbox');
    expect(await box.isChecked()).toBe(false);
    await box.check();
  }
};

it('config.data is read here; what would happen is shown; the chosen are adopted one after the other', async () => {
  const opened = await openWindow('#/instances', withFolders());
  const { page, desk } = opened;
  await page.getByRole('button', { name: 'Import from Ganeti…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Import from Ganeti' }).waitFor();
  await page
    .getByLabel('config.data')
    .setInputFiles({ ...data, name: 'other.json', buffer: Buffer.from('{"version": 3') });
  await page.getByText('other.json: This is no config.data of Ganeti').waitFor();
  await page.getByRole('button', { name: 'Paste its text instead…' }).click();
  await page.getByLabel('Text of config.data').fill('{"version": 3');
  await page.getByRole('button', { name: 'Read it' }).click();
  await page.getByText('The pasted text: This is no config.data of Ganeti').waitFor();
  await expectAccessible(page, 'import of a text');
  await page.getByLabel('Text of config.data').fill(text);
  await page.getByRole('button', { name: 'Read it' }).click();
  await page.getByText('can be adopted on hera-1').first().waitFor();
  await page.getByLabel('config.data').setInputFiles(data);
  const table = page.getByRole('table', { name: 'Instances of Ganeti' });
  const row = (name: string) => table.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
  await row('inst005.gnt.lab').getByText('inst005.gnt.lab has no disks.').waitFor();
  await row('inst011.gnt.lab').getByText('--storage-dir /srv/ganeti/file-storage/sub/dir').waitFor();
  await row('inst003.gnt.lab').getByText('Which node node2.gnt.lab is has to be said').waitFor();
  await page.getByLabel('node2.gnt.lab').selectOption('hera-2');
  await row('inst003.gnt.lab').getByText('can be adopted on hera-2').waitFor();
  await expectAccessible(page, 'import');
  for (const name of names) await page.getByLabel(name, { exact: true }).check();
  await page.getByRole('button', { name: 'Review 2 plans' }).click();
  await page.getByRole('heading', { level: 1, name: 'Adopt 2 instances of Ganeti' }).waitFor();
  const adopt = page.getByRole('button', { name: /^Adopt 2 instances/ });
  await page.getByText('Something stands against 2 of 2.').first().waitFor();
  // what is accepted of the first is not accepted of the second, whose reasons nobody has seen
  await acceptEach(page, names.slice(0, 1));
  await page.getByText('Something stands against 1 of 2.').first().waitFor();
  await acceptEach(page, names.slice(1));
  await waitFor('two plans that can run', async () => (await adopt.getAttribute('aria-disabled')) !== 'true');
  expect(
    planned(opened)
      .slice(0, 2)
      .map((each) => (each.kind === 'adopt' ? [each.name, each.disks?.length] : [])),
  ).toEqual([
    ['inst101.gnt.lab', 2],
    ['inst102.gnt.lab', 1],
  ]);
  await page.getByText('No image is written to, copied or moved.').waitFor();
  await expectAccessible(page, 'review of an import');
  await adopt.click();
  const started = (): number => desk.asked.filter((each) => each.name === 'run.start').length;
  for (const [index, name] of names.entries()) {
    await page.getByRole('row').filter({ hasText: name }).getByText('being adopted').waitFor();
    await waitFor('its run', () => desk.runs.size === index + 1);
    // the second waits for the first
    expect(started()).toBe(index + 1);
    const run = [...desk.runs.values()].at(-1);
    if (run) desk.addRun({ ...run, state: 'done', endedAt: Date.now() });
    await page.getByRole('row').filter({ hasText: name }).getByText('adopted', { exact: true }).waitFor();
  }
  await page.getByText('All are adopted.').first().waitFor();
  expect(opened.complaints).toEqual([]);
});

it('one that can not be adopted keeps all from being begun; a run that does not end well keeps the next', async () => {
  const desk = withFolders();
  const opened = await openWindow('#/import', desk);
  const { page } = opened;
  await page.getByLabel('config.data').setInputFiles(data);
  for (const name of [...names, 'inst033.gnt.lab']) await page.getByLabel(name, { exact: true }).check();
  await page.getByRole('button', { name: 'Review 3 plans' }).click();
  await acceptEach(page, names);
  await page.getByText('Something stands against 1 of 3.').first().waitFor();
  await page.getByRole('button', { name: 'inst033.gnt.lab' }).click();
  await page.getByText('shows no folder and no image').first().waitFor();
  await page.getByRole('button', { name: /^Adopt 3 instances/ }).click({ force: true });
  expect(desk.asked.some((each) => each.name === 'run.start')).toBe(false);
  await page.getByRole('button', { name: 'Back to the list' }).click();
  await page.getByLabel('inst033.gnt.lab', { exact: true }).uncheck();
  await page.getByRole('button', { name: 'Review 2 plans' }).click();
  const adopt = page.getByRole('button', { name: /^Adopt 2 instances/ });
  await acceptEach(page, names);
  await waitFor('two plans that can run', async () => (await adopt.getAttribute('aria-disabled')) !== 'true');
  await adopt.click();
  await waitFor('the first run', () => desk.runs.size === 1);
  const [run] = desk.runs.values();
  if (run) desk.addRun({ ...run, state: 'undone', endedAt: Date.now() });
  await page.getByRole('link', { name: 'its run did not end well' }).waitFor();
  await page.getByText('0 of 2 adopted; the rest was not begun.').first().waitFor();
  expect(desk.asked.filter((each) => each.name === 'run.start')).toHaveLength(1);
  expect(opened.complaints).toEqual([]);
});

it('the page is left while the first runs: what was not begun is told when it is opened again', async () => {
  const desk = withFolders();
  const opened = await openWindow('#/import', desk);
  const { page } = opened;
  await page.getByLabel('config.data').setInputFiles(data);
  for (const name of names) await page.getByLabel(name, { exact: true }).check();
  await page.getByRole('button', { name: 'Review 2 plans' }).click();
  await acceptEach(page, names);
  const adopt = page.getByRole('button', { name: /^Adopt 2 instances/ });
  await waitFor('two plans that can run', async () => (await adopt.getAttribute('aria-disabled')) !== 'true');
  await adopt.click();
  await waitFor('the first run', () => desk.runs.size === 1);
  await page.getByText('as long as this page stays open').first().waitFor();
  await page.getByRole('link', { name: 'Instances' }).first().click();
  await page.getByRole('button', { name: 'Import from Ganeti…' }).click();
  const told = page.getByRole('region', { name: 'What was not begun' });
  await told.getByText(/adopted 0, begun 1 \(inst101\.gnt\.lab.*not begun 1 \(inst102\.gnt\.lab\)/).waitFor();
  expect(desk.asked.filter((each) => each.name === 'run.start')).toHaveLength(1);
  expect(opened.complaints).toEqual([]);
});

it('a pasted gnt-instance command fills in the form, and says what of it has no effect', async () => {
  const opened = await openWindow('#/create');
  const { page } = opened;
  await page.getByRole('button', { name: 'Paste a gnt-instance command…' }).click();
  const field = page.getByLabel('gnt-instance command');
  await field.fill('gnt-instance add -t drbd --disk 0:size=5G -n hera-1 -o none web9.example.org');
  await page.getByRole('button', { name: 'Fill in the form' }).click();
  await page.getByText('the disks of a drbd instance are no files').waitFor();
  await field.fill(
    'gnt-instance add -t file --file-driver blktap --disk 0:size=7G -n hera-2:hera-1 -o none -B memory=768M ' +
      '-H xen-pvm:kernel_path=/boot/vmlinuz-6.1-xenU,cpu_mask=1 --tags one web9.example.org',
  );
  await page.getByRole('button', { name: 'Fill in the form' }).click();
  await page.getByText('instances have no tags here').waitFor();
  await page.getByText('-H cpu_mask').waitFor();
  await expectAccessible(page, 'create with a pasted command');
  expect(await page.getByLabel('Name').inputValue()).toBe('web9.example.org');
  await waitFor('the plan of it', () => {
    const last = planned(opened).at(-1);
    return last?.kind === 'create' && last.primary === 'hera-2' && last.driver === 'blktap';
  });
  expect(planned(opened).at(-1)).toMatchObject({
    disks: [{ size: 7 * 1024 ** 3 }],
    guest: { memoryMib: 768 },
    nics: [],
  });
  expect(opened.complaints).toEqual([]);
});
