import { expect, it } from 'vitest';
import type { ReplicaRecord } from '../../core/cluster/replica.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { waitFor } from '../support/wait-for.ts';
import { FixtureDesk } from './fixture/desk.ts';
import { makeSnapshot } from './fixture/world.ts';
import { expectAccessible, windowTests } from './support.ts';

const openWindow = windowTests();

/** The fixture, with a replica of one instance of local storage on another node. */
const withReplica = (): { snapshot: Snapshot; name: string; source: string; target: string } => {
  const now = Date.now();
  const snapshot = makeSnapshot(now);
  for (const { name: source, facts, trouble } of snapshot.nodes)
    for (const folder of facts?.folders ?? []) {
      if (trouble || !folder.path.startsWith('/srv/local/') || !folder.record?.ok) continue;
      const { record } = folder.record;
      const target = snapshot.nodes.find((each) => each.trouble === null && each.name !== source)?.name;
      if (target === undefined || record.primary !== source) continue;
      const replica: ReplicaRecord = {
        version: 1,
        copy: 'acopy',
        source,
        record: { ...record, id: 'an-earlier-one' },
        disks: record.disks.map((disk) => ({
          file: disk.logical_id[2].slice(disk.logical_id[2].lastIndexOf('/') + 1),
          type: disk.logical_id[1],
          size: disk.size,
          content: null,
        })),
        when: new Date(now - 3 * 3_600_000).toISOString(),
        written: { by: 'mara@adm1', run: 'earlier' },
      };
      const nodes = snapshot.nodes.map((each) =>
        each.name === target && each.facts
          ? {
              ...each,
              facts: {
                ...each.facts,
                folders: [
                  ...each.facts.folders,
                  { ...folder, record: null, replica: true, replicaRecord: { ok: true as const, replica } },
                ],
              },
            }
          : each,
      );
      return { snapshot: { ...snapshot, nodes }, name: record.name, source, target };
    }
  throw new Error('the fixture has no instance on local storage');
};

it('leads to the lock of a replica, which its instance does not hold', async () => {
  const { snapshot, name, target } = withReplica();
  const folder = snapshot.nodes.find((each) => each.name === target)?.facts?.folders.at(-1);
  if (!folder) throw new Error('no replica');
  folder.lock = {
    ok: true,
    lock: {
      ...{ run: 'cccccccccccccccc', user: 'bob', workstation: 'desk2', title: `fail over ${name}` },
      ...{ nodes: [target], place: folder.path, at: new Date().toISOString() },
    },
  };
  const { page } = await openWindow(`#/instances/${name}`, new FixtureDesk({ snapshot }));
  await page.getByText(`${folder.path} on ${target} is locked.`).waitFor();
  await page.getByRole('link', { name: 'Break lock…' }).click();
  await page.getByRole('heading', { name: `Break the lock of ${folder.name} on ${target}` }).waitFor();
  await page
    .getByText(/bob@desk2 locked .*run cccccccccccccccc/)
    .first()
    .waitFor();
});

it('shows a replica with its age on the page of its instance, and in a failover what is copied', async () => {
  const { snapshot, name, target } = withReplica();
  const { page, complaints } = await openWindow(`#/instances/${name}`, new FixtureDesk({ snapshot }));
  const replicas = page.getByRole('table', { name: 'Replicas' });
  await replicas.waitFor();
  expect(await replicas.textContent()).toMatch(new RegExp(`${target}.*3 h old.*it may have run since`));
  await expectAccessible(page, 'replicas');
  await page.evaluate((hash) => {
    window.location.hash = hash;
  }, `#/failover/${name}`);
  await page.getByRole('radio', { name: new RegExp(target) }).check();
  await page.getByRole('heading', { name: 'What is copied' }).waitFor();
  await page
    .getByText(/holds a replica that is 3 h old/)
    .first()
    .waitFor();
  await expectAccessible(page, 'failover with a copy');
  expect(complaints).toEqual([]);
});

it('plans a clone, a move, a replica and a rename as they are filled in', async () => {
  const { snapshot, name } = withReplica();
  const { page, desk, complaints } = await openWindow(`#/instances/${name}`, new FixtureDesk({ snapshot }));
  await page.getByRole('button', { name: /^Move/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Move to another place' }).waitFor();
  await page.getByRole('checkbox', { name: /into the trash/ }).check();
  await waitFor('a plan with the source removed', () =>
    desk.asked.some(
      (each) => each.name === 'plan.make' && JSON.stringify(each.input).includes('"removeSource":true'),
    ),
  );
  await expectAccessible(page, 'move');
  for (const [kind, title] of [
    ['clone', 'Clone'],
    ['replicate', 'Replicate to another node'],
    ['rename', 'Rename'],
  ] as const) {
    await page.evaluate((hash) => {
      window.location.hash = hash;
    }, `#/copy/${kind}/${name}`);
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await expectAccessible(page, kind);
  }
  await page.evaluate((hash) => {
    window.location.hash = hash;
  }, `#/copy/clone/${name}`);
  await page.getByLabel('Name of the clone').fill('twin.example.org');
  await waitFor('a plan of the clone', () =>
    desk.asked.some(
      (each) => each.name === 'plan.make' && JSON.stringify(each.input).includes('"name":"twin.example.org"'),
    ),
  );
  await page.evaluate((hash) => {
    window.location.hash = hash;
  }, `#/copy/rename/${name}`);
  await page.getByLabel('New name').fill('www.example.org');
  await waitFor('a plan of the rename', () =>
    desk.asked.some(
      (each) =>
        each.name === 'plan.make' &&
        /"kind":"rename".*"name":"www.example.org"/.test(JSON.stringify(each.input)),
    ),
  );
  await page.getByText(`Rename ${name}`).first().waitFor();
  expect(complaints).toEqual([]);
});

it('discards a replica only when its name was typed', async () => {
  const { snapshot, name } = withReplica();
  const { page, complaints } = await openWindow(`#/copy/discard/${name}`, new FixtureDesk({ snapshot }));
  await page.getByRole('tab', { name: /^Plan, \d+ steps?/ }).waitFor();
  const button = page.getByRole('button', { name: /^Discard it/ });
  expect(await button.getAttribute('aria-disabled')).toBe('true');
  await page.getByLabel('Type its name').fill(name);
  await waitFor('the button', async () => (await button.getAttribute('aria-disabled')) !== 'true');
  await page.getByLabel('Type its name').fill('something');
  await waitFor('the button', async () => (await button.getAttribute('aria-disabled')) === 'true');
  expect(complaints).toEqual([]);
});

it('says how the bytes travel, and offers the agent where the nodes do not trust each other', async () => {
  const { snapshot, name, target } = withReplica();
  const { page, desk, complaints } = await openWindow(
    `#/copy/replicate/${name}`,
    new FixtureDesk({ snapshot }),
  );
  await page.getByText(`does not reach ${target} by ssh: Permission denied`).waitFor();
  const agent = page.getByRole('checkbox', { name: 'Use my SSH agent for this copy' });
  expect(await agent.isChecked()).toBe(false);
  expect(JSON.stringify(desk.asked)).not.toContain('"forwardAgent":true');
  await expectAccessible(page, 'the agent is offered');
  await agent.check();
  await page.getByText(new RegExp(`The bytes go straight from .* to ${target}`)).waitFor();
  await page
    .getByText(/Your SSH agent is lent to .* while the copy is made/)
    .first()
    .waitFor();
  await agent.uncheck();
  await page.getByText(`does not reach ${target} by ssh: Permission denied`).waitFor();
  expect(complaints).toEqual([]);
});
