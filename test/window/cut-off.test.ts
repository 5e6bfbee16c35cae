/** The window over the real main side, with the network cut: the cluster as it was last, and a draft that becomes a file. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type AppDesk, createDesk } from '../../main/desk/desk.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();
const hour = 3_600_000;

let desk: AppDesk | null = null;
let place: TemporaryDirectory | null = null;
afterEach(async () => {
  await desk?.close();
  place?.remove();
  desk = null;
});

/** A workstation that knew the made-up cluster three hours ago; nothing listens where its nodes were. */
const workstation = async (): Promise<{ desk: AppDesk; directory: string }> => {
  place = makeTemporaryDirectory('cut-off');
  const directory = place.path;
  const then = makeSnapshot(Date.now() - 3 * hour, { silentFor: null });
  const cluster = {
    ...then.cluster,
    // port 1 of the loopback address refuses at once
    nodes: then.cluster.nodes.map(({ name }) => ({
      name,
      target: { host: '127.0.0.1', port: 1, user: 'nobody' },
    })),
  };
  for (const [folder, content] of [
    ['clusters', cluster],
    ['snapshots', { ...then, cluster }],
  ] as const) {
    await mkdir(path.join(directory, folder), { recursive: true });
    await writeFile(path.join(directory, folder, 'hera.json'), JSON.stringify(content));
  }
  desk = await createDesk({ configDirectory: directory });
  return { desk, directory };
};

it('opens on the last snapshot, drafts changes that build on each other, and keeps them in a file', async () => {
  const real = await workstation();
  const { page, complaints } = await openWindow('', {
    dispatch: (name, input) => real.desk.dispatch(name, input),
    onEvent: (listener) => real.desk.onEvent(listener),
  });
  await page.getByRole('button', { name: 'Open hera' }).click();
  const banner = page.getByRole('region', { name: 'Working offline' });
  await banner.getByText('3 h ago').waitFor();
  await expectAccessible(page, 'offline');

  await page.keyboard.press('c');
  await page.getByLabel('Name', { exact: true }).fill('web2.example.org');
  await page.getByRole('button', { name: 'Review for the draft' }).click();
  const add = page.getByRole('button', { name: 'Add to draft' });
  const addIt = async () => {
    await waitFor('the plan', async () => (await add.getAttribute('aria-disabled')) !== 'true');
    await add.click();
  };
  await add.waitFor();
  await addIt();
  const changes = page.getByRole('list', { name: 'Changes in order' });
  await changes.getByText(/Create web2\.example\.org/).waitFor();

  // the new instance is there for what comes next, though no node has it
  await page.getByRole('button', { name: 'Add a change…' }).click();
  await page.getByRole('link', { name: 'web2.example.org' }).click();
  await page.getByRole('button', { name: 'Fail over…' }).click();
  await addIt();
  await changes.getByText(/Fail over web2\.example\.org/).waitFor();
  await waitFor('both planned', async () => (await changes.getByText('unchanged').count()) === 2);
  await changes.getByRole('button', { name: /Create web2/ }).click();
  await changes
    .getByText(/3 h ago/)
    .first()
    .waitFor();
  await expectAccessible(page, 'a draft, offline');

  const [file] = await real.desk.call('draft.list', {}).then((answer) => (answer.ok ? answer.value : []));
  const text = await readFile(file?.path ?? '', 'utf8');
  expect(text).toContain('do: add');
  expect(text).toContain('do: failover');
  expect(complaints).toEqual([]);
});
