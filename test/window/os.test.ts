/** The operating system of a new instance, chosen in the window from what its primary has. */
import { expect, it } from 'vitest';
import type { Intent } from '../../core/plan/intent.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot, sharedDirectory } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const gib = 1024 ** 3;

const lastCreate = ({ desk }: Opened) =>
  desk.asked
    .flatMap((each) => (each.name === 'plan.make' ? [(each.input as { intent: Intent }).intent] : []))
    .flatMap((each) => (each.kind === 'create' ? [each] : []))
    .at(-1);

/** The fixture's cluster, where one node has two templates and an OS definition. */
const withSystems = (node: string): FixtureDesk => {
  const snapshot = makeSnapshot(Date.now());
  const facts = snapshot.nodes.find((each) => each.name === node)?.facts;
  const storage = facts?.storages.find((each) => each.path === sharedDirectory);
  if (!facts || !storage) throw new Error(`${node} shows no ${sharedDirectory}`);
  const image = { allocated: 4096, modified: 0, inode: 70, device: 40, kind: 'file' as const };
  storage.templates = [
    { ...image, name: 'debian.raw', size: 8 * gib, type: 'raw' },
    { ...image, name: 'alpine.qcow2', size: 9000, type: 'qcow2', virtualSize: gib, backing: null },
  ];
  facts.commands.push('losetup');
  facts.osDefinitions = [
    {
      name: 'debootstrap',
      path: '/usr/share/ganeti/os/debootstrap',
      apiVersions: [20],
      variants: ['stable', 'testing'],
      parameters: [
        { name: 'suite', text: 'Which suite is installed' },
        { name: 'root-password', text: 'Password of root' },
      ],
      scripts: ['create', 'verify', 'import', 'export'],
    },
  ];
  return new FixtureDesk({ open: 'hera', snapshot });
};

it('a template makes disk 0 as it is; too small a disk is told under its size', async () => {
  const opened = await openWindow('#/create', withSystems('hera-2'));
  const { page } = opened;
  await page.getByLabel('Name').fill('web9.example.org');
  await page.getByLabel('Primary').selectOption('hera-2');
  const os = page.getByLabel('Operating system');
  expect(await os.locator('option').allTextContents()).toEqual([
    'none: the disks are empty',
    'template debian.raw (raw, 8.0 GiB)',
    'template alpine.qcow2 (qcow2, 1.0 GiB)',
    'debootstrap+stable (OS definition)',
    'debootstrap+testing (OS definition)',
  ]);
  await os.selectOption('template:debian.raw');
  // the disk was smaller
  await waitFor('the size', async () => (await page.getByLabel('Size of disk 0').inputValue()) === '8G');
  await page.getByText('Copy the template debian.raw to sda').waitFor();
  expect(lastCreate(opened)).toMatchObject({
    os: 'template:debian.raw',
    disks: [{ size: 8 * gib, type: 'raw' }],
  });
  await page.getByLabel('Size of disk 0').fill('2G');
  await page.getByText('do not fit on disk 0 with 2 GiB').first().waitFor();
  await os.selectOption('template:alpine.qcow2');
  await waitFor('the type', () => lastCreate(opened)?.disks[0]?.type === 'qcow2');
  expect(lastCreate(opened)?.disks[0]).toMatchObject({ size: 2 * gib });
  expect(opened.complaints).toEqual([]);
});

it('an OS definition asks for its parameters; one that the node lacks is told', async () => {
  const opened = await openWindow('#/create', withSystems('hera-2'));
  const { page } = opened;
  await page.getByLabel('Name').fill('web9.example.org');
  await page.getByLabel('Primary').selectOption('hera-2');
  const os = page.getByLabel('Operating system');
  await os.selectOption('debootstrap+testing');
  await page.getByText('/usr/share/ganeti/os/debootstrap/create runs on hera-2 as root').waitFor();
  await page.getByLabel('suite').fill('trixie');
  const password = page.getByLabel('root-password');
  expect(await password.getAttribute('type')).toBe('password');
  await password.fill('hunter2');
  await waitFor('the parameters', () => lastCreate(opened)?.osSecrets !== undefined);
  expect(lastCreate(opened)).toMatchObject({
    os: 'debootstrap+testing',
    osParameters: { suite: 'trixie' },
    osSecrets: { 'root-password': 'hunter2' },
  });
  await page.getByText('Install debootstrap+testing').first().waitFor();
  await expectAccessible(page, 'create with an OS definition');
  await page.getByLabel('Primary').selectOption('hera-1');
  await page
    .getByText(/hera-1 (has no OS definition debootstrap|does not tell which OS definitions)/)
    .first()
    .waitFor();
  expect(await os.locator('option').allTextContents()).toContain('debootstrap+testing (not on hera-1)');
  await os.selectOption('none');
  await waitFor('no parameters', () => lastCreate(opened)?.os === 'none');
  expect(lastCreate(opened)?.osParameters).toBeUndefined();
  expect(await page.getByLabel('suite').count()).toBe(0);
  expect(opened.complaints).toEqual([]);
});

it('an OS definition imports files instead, each to its disk', async () => {
  const opened = await openWindow('#/create', withSystems('hera-2'));
  const { page } = opened;
  await page.getByLabel('Name').fill('web9.example.org');
  await page.getByLabel('Primary').selectOption('hera-2');
  await page.getByLabel('Operating system').selectOption('debootstrap+stable');
  await page.getByLabel('Content', { exact: true }).selectOption('import');
  await page.getByText('Name the file that is written to a disk').first().waitFor();
  await page.getByRole('button', { name: 'Add disk' }).click();
  await page.getByLabel('File for sdb').fill('backup/web1.dump');
  await page.getByText('"backup/web1.dump"').first().waitFor();
  await page.getByLabel('File for sdb').fill('/srv/backup/web1.dump');
  await page.getByText('Import /srv/backup/web1.dump to disk 1').first().waitFor();
  expect(lastCreate(opened)).toMatchObject({
    os: 'debootstrap+stable',
    osImport: [{ disk: 1, file: '/srv/backup/web1.dump' }],
  });
  await expectAccessible(page, 'create by an import script');
  await page.getByLabel('Content', { exact: true }).selectOption('create');
  await page.getByText('Install debootstrap+stable').first().waitFor();
  expect(lastCreate(opened)?.osImport).toBeUndefined();
  expect(opened.complaints).toEqual([]);
});

it('a disk of a stopped instance is exported by the OS definition that made it', async () => {
  const dev = 'dev1.example.org';
  const desk = withSystems('hera-2');
  const { snapshot } = desk.state;
  if (!snapshot) throw new Error('no snapshot');
  // whichever node it is on
  const definitions = snapshot.nodes.flatMap((node) => node.facts?.osDefinitions ?? []);
  for (const { facts } of snapshot.nodes) {
    if (!facts) continue;
    facts.osDefinitions = definitions;
    if (!facts.commands.includes('losetup')) facts.commands.push('losetup');
    for (const folder of facts.folders)
      if (folder.name === dev && folder.record?.ok) folder.record.record.os = 'debootstrap+stable';
  }
  const opened = await openWindow(`#/instances/${dev}`, desk);
  const { page } = opened;
  await page.getByRole('button', { name: 'Actions of xvda' }).click();
  await page.getByRole('menuitem', { name: 'Export by its OS…' }).click();
  await page.getByRole('heading', { level: 1, name: 'Export sda' }).waitFor();
  await page.getByText('Name the file that it is written to').waitFor();
  const run = page.getByRole('button', { name: /^Export sda/ });
  await page.getByLabel('File', { exact: true }).fill(`${sharedDirectory}/dump`);
  await page.getByText('would pass for an image').first().waitFor();
  expect(await run.getAttribute('aria-disabled')).toBe('true');
  await page.getByLabel('File', { exact: true }).fill('/srv/backup/dev1.dump');
  await page.getByText('Let debootstrap+stable export disk 0').first().waitFor();
  await expectAccessible(page, 'export');
  await waitFor('a plan that can run', async () => (await run.getAttribute('aria-disabled')) !== 'true');
  expect(opened.desk.asked.findLast((each) => each.name === 'plan.make')?.input).toMatchObject({
    intent: { kind: 'os-export', disk: 0, output: '/srv/backup/dev1.dump' },
  });
  await run.click();
  await waitFor('its run', () => opened.desk.runs.size === 1);
  expect(opened.complaints).toEqual([]);
});

it('a disk that no OS definition made offers no export', async () => {
  const { page } = await openWindow('#/instances/dev1.example.org');
  await page.getByRole('button', { name: 'Actions of xvda' }).click();
  await page.getByRole('menuitem', { name: 'Grow…' }).waitFor();
  expect(await page.getByRole('menuitem', { name: 'Export by its OS…' }).count()).toBe(0);
});
