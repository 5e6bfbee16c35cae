/** Guests made by hand in the window: listed with what keeps them, adopted by their file or by what their domain tells. */
import { expect, it } from 'vitest';
import type { GuestConfig } from '../../core/cluster/snapshot.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, type Opened, windowTests } from './support.ts';

const openWindow = windowTests();
const storage = '/srv/ganeti/file-storage';
const uuid = 'aaaaaaaa-0000-4000-8000-00000000000a';

const configOf = (name: string, change: Partial<GuestConfig> = {}): GuestConfig => ({
  path: `/etc/xen/${name}.cfg`,
  atBoot: false,
  leadsTo: null,
  names: [name],
  uuids: [],
  files: [{ path: `${storage}/${name}/root.img`, id: null }],
  text: `# by hand\nname = '${name}'\nkernel = '/boot/vmlinuz-6.1-xenU'\nmemory = 256\nvcpus = 1\ndisk = [ 'file:${storage}/${name}/root.img,xvda,w' ]\n`,
  ...change,
});

/** hera-1 has a guest that is stopped, one that runs and has no file, and a file that can't be read. */
const withGuests = (): FixtureDesk => {
  const snapshot = makeSnapshot(Date.now(), { silentFor: null });
  for (const node of snapshot.nodes)
    for (const [index, name] of ['stopped1', 'lost1'].entries()) {
      const [like] = node.facts?.folders ?? [];
      const [image] = like?.files ?? [];
      if (!like || !image) continue;
      node.facts?.folders.push({
        ...like,
        storage,
        path: `${storage}/${name}`,
        name,
        inode: 77_000 + index,
        record: null,
        lock: null,
        config: null,
        replica: false,
        files: [
          { ...image, name: 'root.img', size: 2 ** 30, allocated: 4096, type: 'raw', inode: 77_100 + index },
        ],
      });
    }
  const [first] = snapshot.nodes;
  if (!first?.facts) throw new Error('no node');
  first.facts.guestConfigs = [
    configOf('stopped1'),
    configOf('bad1', { text: 'memory = = 1\n' }),
    configOf('boot1', { path: '/etc/xen/auto/boot1.cfg', atBoot: true }),
  ];
  first.facts.domains.push({
    ...{ name: 'lost1', domid: 91, uuid, memoryMib: 300, vcpus: 1, state: 'running', flags: '-b----' },
    cpuSeconds: 5,
    config: {
      ...{ type: 'pv', vcpus: 1, maxVcpus: 1, memoryMib: 300, maxMemoryMib: 300 },
      kernel: '/boot/vmlinuz-6.1-xenU',
      disks: [{ path: `${storage}/lost1/root.img`, vdev: 'xvda', readwrite: true, cdrom: false }],
      nics: [{ mac: '00:16:3e:0a:0b:0c', bridge: 'br-lan' }],
      ...{ onPoweroff: 'destroy', onReboot: 'restart', onCrash: 'destroy', devices: [], settings: [] },
    },
  });
  return new FixtureDesk({ open: 'hera', snapshot });
};

const lastIntent = ({ desk }: Opened): Intent | undefined =>
  desk.asked
    .flatMap((each) => (each.name === 'plan.make' ? [(each.input as { intent: Intent }).intent] : []))
    .at(-1);

it('are listed, with what keeps those that can not be adopted; a stopped one is adopted by its file', async () => {
  const opened = await openWindow('#/instances', withGuests());
  const { page, desk } = opened;
  const row = (name: string) =>
    page.getByRole('listitem').filter({ has: page.getByText(name, { exact: true }) });
  await row('lost1').getByText('no configuration of it was found').waitFor();
  await row('bad1').getByText("It can't be read at line 1").waitFor();
  await row('boot1').getByText('It lies in /etc/xen/auto').waitFor();
  expect(await row('bad1').getByRole('link', { name: /Adopt/ }).count()).toBe(0);
  await expectAccessible(page, 'instances with guests made by hand');
  await row('stopped1').getByRole('link', { name: 'Adopt… stopped1' }).click();
  await page.getByRole('heading', { level: 1, name: 'Adopt stopped1 on hera-1' }).waitFor();
  await page.getByText('is set aside under another name').waitFor();
  const adopt = page.getByRole('button', { name: /^Adopt as stopped1/ });
  await waitFor('a plan that can run', async () => (await adopt.getAttribute('aria-disabled')) !== 'true');
  expect(lastIntent(opened)).toMatchObject({
    kind: 'adopt',
    name: 'stopped1',
    config: '/etc/xen/stopped1.cfg',
    paths: [`${storage}/stopped1/root.img`],
    start: false,
  });
  await expectAccessible(page, 'adopt a guest by its file');
  await adopt.click();
  await waitFor('its run', () => desk.runs.size === 1);
  expect(opened.complaints).toEqual([]);
});

it('one that runs without a file is adopted by what its domain tells, once that is accepted', async () => {
  const opened = await openWindow(`#/adopt-guest/hera-1/${uuid}`, withGuests());
  const { page, desk } = opened;
  await page.getByRole('heading', { level: 1, name: 'Adopt lost1 on hera-1' }).waitFor();
  await page.getByText('xen.cfg is written from what the running domain tells').first().waitFor();
  expect(lastIntent(opened)).toMatchObject({ kind: 'adopt', name: 'lost1', domain: uuid, start: false });
  expect(await page.getByLabel('Start when adopted').count()).toBe(0);
  const adopt = page.getByRole('button', { name: /^Adopt as lost1/ });
  expect(await adopt.getAttribute('aria-disabled')).toBe('true');
  await expectAccessible(page, 'adopt a running guest');
  await page
    .getByRole('checkbox', { name: /Configuration|accept|xen\.cfg/i })
    .first()
    .check();
  await waitFor('a plan that can run', async () => (await adopt.getAttribute('aria-disabled')) !== 'true');
  await adopt.click();
  await waitFor('its run', () => desk.runs.size === 1);
  expect(opened.complaints).toEqual([]);
});

it('one that is gone says so', async () => {
  const { page } = await openWindow('#/adopt-guest/hera-1/%2Fetc%2Fxen%2Fnobody.cfg', withGuests());
  await page.getByRole('heading', { level: 1, name: 'No guest to adopt' }).waitFor();
});
