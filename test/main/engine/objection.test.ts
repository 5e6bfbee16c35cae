/** A node that was vouched down answers while the run is at work: asked before the point of no return and before a guest runs. */
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Run } from '../../../core/plan/run.ts';
import { Engine } from '../../../main/engine/engine.ts';
import {
  folder,
  freshRun,
  type House,
  makeFolder,
  makeHouse,
  planOf,
  statesOf,
  undoOf,
  unlock,
  uuid,
  write,
} from './support.ts';

let house: House;
let id: string;

beforeAll(async () => {
  house = await makeHouse(['node1']);
});
afterAll(() => house.close());
beforeEach(() => {
  id = freshRun();
  house.line.calls.length = 0;
});
afterEach(() => rmSync(house.at(folder), { recursive: true, force: true }));

const said = 'node9 answers again, and this run rests on the word that it is down.';

/** @param against what is said at each time that is asked; the last one from then on */
const walk = async (
  steps: Parameters<typeof planOf>[1],
  against: (string | null)[],
  vouched = [{ node: 'node9', how: 'its plug is out' }],
): Promise<{ run: Run; asked: number }> => {
  const { journal } = house.engine();
  let asked = 0;
  const engine = new Engine({
    journal,
    access: async () => ({ shells: house.line.shells, toolstack: () => 'xl' }),
    onChange: () => undefined,
    objection: async () => against[Math.min(asked++, against.length - 1)] ?? null,
    patienceMs: 60_000,
  });
  await engine.start({ ...planOf(id, steps), approval: { accept: [], vouched } }, 'ann@desk');
  await engine.ended(id);
  const run = await journal.read(id);
  if (!run) throw new Error('the journal has lost the run');
  return { run, asked };
};

test('before the point of no return everything is taken back, and the step was never sent', async () => {
  const { run, asked } = await walk([makeFolder(id), { ...write(), commit: true }, unlock(id)], [said]);
  expect(asked).toBe(1);
  expect(run).toMatchObject({ state: 'undone' });
  expect(run.problem).toContain(said);
  expect(statesOf(run)).toEqual(['done', 'failed', 'skipped']);
  expect(undoOf(run)).toEqual(['u1.1 done']);
  expect(house.there(folder)).toBe(false);
  expect(house.line.launches).toEqual(['node1:1', 'node1:u1.1']);
});

test('behind it the guest is not let run, and a person is asked', async () => {
  const guest = { uuid, name: 'web1', images: [] };
  const { run, asked } = await walk(
    [makeFolder(id), { ...write(), commit: true }, { action: { do: 'unpause-domain', ...guest } }],
    [null, said],
  );
  expect(asked).toBe(2);
  expect(run).toMatchObject({ state: 'stuck', problem: said });
  expect(statesOf(run)).toEqual(['done', 'done', 'waiting']);
  expect(house.line.launches).toEqual(['node1:1', 'node1:2']);
});

test('a run on nobody’s word asks nobody', async () => {
  const { run, asked } = await walk([makeFolder(id), { ...write(), commit: true }, unlock(id)], [said], []);
  expect(asked).toBe(0);
  expect(run.state).toBe('done');
});

test('a run that was given up is closed for good: nothing is done any more, and nobody resumes it', async () => {
  const guest = { uuid, name: 'web1', images: [] };
  const steps = [
    makeFolder(id),
    { ...write(), commit: true },
    { action: { do: 'unpause-domain' as const, ...guest } },
  ];
  const { journal } = house.engine();
  const engine = new Engine({
    journal,
    access: async () => ({ shells: house.line.shells, toolstack: () => 'xl' }),
    onChange: () => undefined,
    objection: async (run) => (run.steps[1]?.state === 'done' ? said : null),
    patienceMs: 60_000,
  });
  const vouched = [{ node: 'node9', how: 'its plug is out' }];
  await engine.start({ ...planOf(id, steps), approval: { accept: [], vouched } }, 'ann@desk');
  await engine.ended(id);
  const sent = house.line.calls.length;
  await engine.giveUp(id, 'bob@desk');
  expect(await journal.read(id)).toMatchObject({
    state: 'given-up',
    problem: `Given up by bob@desk: what it had done stays as it is.\n${said}`,
  });
  await expect(engine.resume(id, 'onward')).rejects.toThrow(/has ended/);
  await expect(engine.giveUp(id, 'bob@desk')).rejects.toThrow(/has ended/);
  // but for the line in the node's system log
  expect(house.line.calls.slice(sent).map(({ kind }) => kind)).toEqual(['look']);
  // another process may read it as closed as well: nobody owns it
  expect(await journal.ownedElsewhere(id)).toBe(false);
});
