/**
 * A draft's whole way in the window, over the real main side and the practice cluster: prepared while the network is cut, edited by
 * hand, rebased on what others did meanwhile, applied, killed in the middle, and gone on with.
 */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import { deriveInstances } from '../../core/cluster/instances.ts';
import type { Draft } from '../../core/draft/draft.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { type AppDesk, createDesk } from '../../main/desk/desk.ts';
import { makeTemporaryDirectory } from '../support/temporary-directory.ts';
import { waitFor } from '../support/wait-for.ts';
import { windowTests } from './support.ts';

const openWindow = windowTests();
const patience = 900_000;
const nodes = ['node1', 'node2', 'node3'];

let desk: AppDesk | null = null;
let leave: () => void = () => undefined;
afterEach(async () => {
  // ends the guests as well
  await desk?.call('practice.reset', {});
  await desk?.close();
  desk = null;
  leave();
});

const plug = async (plugged: boolean): Promise<void> => {
  for (const node of nodes) await desk?.call('practice.plug', { node, plugged });
};

/** As somebody else would do it, from another workstation. */
const doIt = async (intent: Intent): Promise<void> => {
  if (!desk) throw new Error('There is no desk.');
  const ask = { cluster: 'practice', intent, approval: { accept: [], vouched: [] } };
  const made = await desk.call('plan.make', { ...ask, fresh: true });
  if (!made.ok) throw new Error(made.error.message);
  const consents = made.value.plan.reasons.filter((each) => each.severity === 'consent');
  const approval = { accept: consents.map((each) => each.code), vouched: [] };
  const again = await desk.call('plan.make', { ...ask, approval, fresh: false });
  if (!again.ok) throw new Error(again.error.message);
  const { plan, fingerprint } = again.value;
  const begun = await desk.call('run.start', { ...ask, approval, run: plan.run, fingerprint });
  if (!begun.ok || begun.value.outcome !== 'started')
    throw new Error(begun.ok ? `${plan.title}: changed` : begun.error.message);
  await desk.ended(plan.run);
};

const byHand = `
  # the rest was written in an editor
  - do: failover
    instance: web1
  - do: shutdown
    instance: web1
  - do: rename
    instance: web1
    name: web9
  - do: startup
    instance: web9
  - do: shutdown
    instance: beta
  - do: reboot
    instance: gamma
  - do: clone
    instance: alpha
    name: alpha2
  - do: startup
    instance: alpha
`;

const changesOf = (page: Page): Locator =>
  page.getByRole('list', { name: 'Changes in order' }).locator('> li');

const draftOf = async (path: string): Promise<Draft> => {
  const read = await desk?.call('draft.read', { path });
  if (!read?.ok || !read.value.draft) throw new Error('The draft can’t be read.');
  return read.value.draft;
};

/** Presses a button that is there once for each of several changes, until there is none any more. */
const pressAll = async (page: Page, name: string): Promise<void> => {
  const button = page.getByRole('button', { name }).first();
  await waitFor(
    `nothing to press that is called ${name}`,
    async () => {
      if (await page.getByText('being planned…', { exact: true }).isVisible()) return false;
      if (!(await button.isVisible())) return true;
      // it goes away by itself when the change is planned anew
      await button.click({ timeout: 2000 }).catch(() => undefined);
      return false;
    },
    120_000,
  );
};

it(
  'ten changes that build on each other: offline, by hand, rebased, applied, killed, gone on with',
  async () => {
    const place = makeTemporaryDirectory('draft-walk');
    leave = () => place.remove();
    desk = await createDesk({ configDirectory: place.path });
    await desk.preparePractice();
    await desk.call('practice.open', {});
    const { page, served, complaints } = await openWindow('#/instances', {
      dispatch: (name, input) => desk?.dispatch(name, input),
      onEvent: (listener) => desk?.onEvent(listener) ?? (() => undefined),
    });
    await page.getByRole('link', { name: 'gamma', exact: true }).waitFor();

    // the network is cut: two changes in the window, eight by hand
    await plug(false);
    await page.getByRole('region', { name: 'Working offline' }).waitFor();
    const add = page.getByRole('button', { name: 'Add to draft' });
    const addIt = async () => {
      await waitFor('the plan', async () => (await add.getAttribute('aria-disabled')) !== 'true');
      await add.click();
      await page.getByRole('button', { name: 'Edit YAML' }).waitFor();
    };
    await page.keyboard.press('c');
    await page.getByLabel('Name', { exact: true }).fill('web1');
    await page.getByRole('button', { name: 'Review for the draft' }).click();
    await addIt();
    await page.getByRole('button', { name: 'Add a change…' }).click();
    await page.getByRole('link', { name: 'alpha', exact: true }).click();
    await page.getByRole('button', { name: 'Stop…' }).click();
    await addIt();
    await waitFor('two changes', async () => (await changesOf(page).count()) === 2);
    const [summary] = await desk.call('draft.list', {}).then((each) => (each.ok ? each.value : []));
    const path = summary?.path ?? '';
    await page.getByRole('button', { name: 'Edit YAML' }).click();
    const text = await readFile(path, 'utf8');
    await page.getByRole('textbox', { name: /^The text of/ }).fill(`${text.trimEnd()}\n${byHand}`);
    await page.getByRole('status').getByText('it reads well').waitFor();
    await page.getByRole('button', { name: 'Save the file' }).click();
    await waitFor('ten changes', async () => (await changesOf(page).count()) === 10);
    // all are planned upon each other: the instance that is not there yet is renamed and started
    await page.getByRole('button', { name: 'I have read them all' }).click();
    await waitFor(
      'ten that are as they were read',
      async () => (await changesOf(page).getByText('unchanged', { exact: true }).count()) === 10,
      60_000,
    );
    await page.getByText('No node answers. It is applied once they do.', { exact: true }).waitFor();
    expect(await readFile(path, 'utf8')).toContain('# the rest was written in an editor');

    // meanwhile others were at work
    await plug(true);
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    await doIt({ kind: 'stop', instance: 'beta', timeoutSeconds: 30, then: 'force' });
    await doIt({ kind: 'failover', instance: 'alpha', target: 'node2', timeoutSeconds: 30 });
    await doIt({ kind: 'remove', instance: 'gamma', purge: false, timeoutSeconds: 30 });
    await page.getByRole('region', { name: 'Working offline' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Plan afresh' }).click();
    const row = (title: RegExp) => changesOf(page).filter({ hasText: title });
    await row(/(Stop|Shut down) beta|Stop beta/)
      .getByText('already done')
      .waitFor();
    await row(/[Rr]eboot gamma/)
      .getByText('not possible')
      .waitFor();
    await row(/Stop alpha/)
      .getByText('changed', { exact: true })
      .waitFor();
    await row(/Create web1/)
      .getByText('unchanged', { exact: true })
      .waitFor();
    await pressAll(page, 'I have read the difference');
    await page.getByRole('heading', { name: '8 of 10 chosen' }).waitFor();

    // applied, and VBDesk is killed in the middle
    const apply = page.getByRole('button', { name: /^Apply 8 changes/ });
    await waitFor('the button', async () => (await apply.getAttribute('aria-disabled')) !== 'true');
    await apply.click();
    await waitFor(
      'a change in the middle',
      async () => {
        const state = await desk?.call('state.get', {});
        const applying = state?.ok ? state.value.applying : null;
        const now = applying?.changes.find((each) => each.id === applying.change);
        return (applying?.done ?? 0) >= 1 && now?.run != null;
      },
      120_000,
    );
    served.cut();
    await desk.close();
    desk = await createDesk({ configDirectory: place.path });
    await desk.call('practice.open', {});
    served.resume();
    await page.getByText(/^all 3/).waitFor();
    const goOn = page.locator('button:not([aria-disabled="true"])', {
      hasText: 'Go on where it was cut off',
    });
    const goingOn = async () => {
      const state = await desk?.call('state.get', {});
      return state?.ok && state.value.applying !== null;
    };
    await waitFor(
      'it to go on',
      async () => {
        if (await goingOn()) return true;
        // while it is planned anew, as nodes answer one after the other, the button waits
        await goOn.click({ timeout: 2000 }).catch(() => undefined);
        return goingOn();
      },
      120_000,
    );
    const applied = await waitFor(
      'it to come to rest',
      async () => {
        const state = await desk?.call('state.get', {});
        return state?.ok && state.value.applying?.over ? state.value.applying : null;
      },
      420_000,
    );
    expect(applied.changes.filter((each) => !['done', 'done-already'].includes(each.state))).toEqual([]);
    expect((await draftOf(path)).changes.filter((each) => each.applied?.outcome === 'done').length).toBe(9);
    await waitFor(
      'nine that say so',
      async () => (await changesOf(page).getByText('applied', { exact: true }).count()) === 9,
    );
    expect((await draftOf(path)).changes.find((each) => each.applied === null)?.intent).toMatchObject({
      instance: 'gamma',
    });
    const seen = await desk.call('cluster.refresh', { name: 'practice' });
    const found = new Map(
      (seen.ok ? deriveInstances(seen.value) : []).map((each) => [each.name, each.status]),
    );
    expect(Object.fromEntries(found)).toEqual({
      alpha: 'running',
      alpha2: 'stopped',
      beta: 'stopped',
      web9: 'running',
    });
    expect(complaints).toEqual([]);
  },
  patience,
);
