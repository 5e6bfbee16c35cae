/** Secrets of an OS script: handed over when its step is sent, and kept nowhere else. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Plan } from '../../../core/plan/plan.ts';
import { secretText } from '../../../main/node/actions/os.ts';
import { createIntent } from '../../core/plan/support.ts';
import {
  folder,
  freshRun,
  type House,
  lost,
  makeFolder,
  makeHouse,
  makeImage,
  planOf,
  unlock,
} from './support.ts';

const secret = `hunter2's $(x)`;
const definition = '/srv/ganeti/os/keeper';
let house: House;
let id: string;

beforeAll(async () => {
  house = await makeHouse(['node1']);
  mkdirSync(house.at(definition), { recursive: true });
  writeFileSync(house.at(`${definition}/ganeti_api_version`), '20\n');
  writeFileSync(
    house.at(`${definition}/create`),
    '#!/bin/sh\necho "${#OSP_PASSWORD} letters"; [ -z "$OSP_FAIL" ] || exit 1\n',
    { mode: 0o755 },
  );
});
afterAll(() => house.close());
beforeEach(() => {
  id = freshRun();
  house.line.rule = (_call, send) => send();
  for (const name of [folder, '/var/lib/vbdesk/jobs'])
    rmSync(house.at(name), { recursive: true, force: true });
});

const planWith = (environment: Record<string, string> = {}): Plan => ({
  ...planOf(id, [
    makeFolder(id),
    makeImage(),
    {
      action: {
        do: 'run-os-create',
        folder,
        images: [{ path: `${folder}/sda`, size: 1 << 20 }],
        definition,
        api: 20,
        verify: false,
        environment: { OS_API_VERSION: '20', ...environment },
        secret: ['OSP_PASSWORD'],
      },
      undo: [{ do: 'detach-images', folder, images: [`${folder}/sda`] }],
    },
    unlock(id),
  ]),
  intent: createIntent({ os: 'keeper', osSecrets: { password: secret } }),
});
/** Files in which the value, or the line that carries it, stands. */
const keepers = (...places: string[]): string[] => {
  const found: string[] = [];
  for (const text of [secret, "'hunter2'"])
    try {
      found.push(
        ...execFileSync('grep', ['-rlF', text, ...places], { encoding: 'utf8' })
          .trim()
          .split('\n'),
      );
    } catch {
      // nothing of it
    }
  return found;
};

test('it reaches the script, and lies in no journal and no job', async () => {
  const given = house.engine();
  const kept: string[][] = [];
  house.line.rule = async (call, send) => {
    const result = await send();
    if (call.kind === 'launch')
      kept.push(keepers(given.journal.directory, house.at('/var/lib/vbdesk'), house.at('/run')));
    return result;
  };
  await given.engine.start(planWith(), 'ann@desk');
  await given.engine.ended(id);
  const run = await given.journal.read(id);
  expect(run).toMatchObject({ state: 'done', plan: { intent: { osSecrets: { password: '(hidden)' } } } });
  expect(run?.steps[2]?.output).toContain(`${secret.length} letters`);
  expect(kept).toEqual([[], [], [], []]);
  expect(given.seen.filter((each) => JSON.stringify(each).includes('hunter2'))).toEqual([]);
  expect(readdirSync(house.at('/run')).filter((name) => name.includes('secret'))).toEqual([]);
});

test('one that fails leaves nothing of it either', async () => {
  const given = house.engine();
  await given.engine.start(planWith({ OSP_FAIL: 'yes' }), 'ann@desk');
  await given.engine.ended(id);
  expect(await given.journal.read(id)).toMatchObject({ state: 'undone' });
  expect(keepers(given.journal.directory, house.at('/var/lib/vbdesk'), house.at('/run'))).toEqual([]);
});

test('a VBDesk that begins anew does not know it: the run is taken back, and says why', async () => {
  const given = house.engine({ patienceMs: 0 });
  // the line is lost before the step is sent
  house.line.rule = (call, send) => (call.job === '3' ? Promise.reject(lost()) : send());
  await given.engine.start(planWith(), 'ann@desk');
  await given.engine.ended(id);
  expect(await given.journal.read(id)).toMatchObject({ state: 'unknown' });
  house.line.rule = (_call, send) => send();
  const later = house.engine({ journal: house.afterCrash(given.journal) });
  await later.engine.resume(id, 'onward');
  await later.engine.ended(id);
  const run = await later.journal.read(id);
  expect(run?.state).toBe('undone');
  expect(run?.problem).toContain('were known only to the VBDesk that began this run, which has ended');
  expect(house.there(folder)).toBe(false);
});

test('the text that carries it is what sh reads it back from', () => {
  const action = planWith().steps[2]?.action;
  expect(action?.do === 'run-os-create' && secretText(action, { OSP_PASSWORD: secret })).toBe(
    `export OSP_PASSWORD='hunter2'\\''s $(x)'\n`,
  );
});
