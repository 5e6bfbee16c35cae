/** Runs that can neither go on nor be taken back are closed; all others are not. */
import { expect, test } from 'vitest';
import type { LockContent } from '../../../core/cluster/record.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { type GivingUp, giveUpOf } from '../../../core/plan/give-up.ts';
import type { Run } from '../../../core/plan/run.ts';
import {
  changeFolder,
  sharedDirectory,
  silent,
  soundCluster,
  uuidOf,
  withFacts,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { planned, runOf } from './support.ts';

const whole = withInstance(soundCluster(), 'web1');
const folder = `${sharedDirectory}/web1`;
const plan = planned(whole, { kind: 'start', instance: 'web1' });
const lockStep = plan.steps.findIndex(({ action }) => action.do === 'lock');
const commit = plan.steps.findIndex((each) => each.commit);

const lockOf = (run: string): LockContent => ({
  ...{ run, user: 'ann', workstation: 'desk', title: 'start web1', at: '' },
  ...{ nodes: ['node1'], place: folder },
});
const lockedBy = (run: string): Snapshot =>
  changeFolder(whole, folder, () => ({ lock: { ok: true, lock: lockOf(run) } }));
const whyOf = (found: GivingUp): string => (found.mayBe ? `may be given up: ${found.text}` : found.why);
const stuck = (done: number, change: Partial<Run> = {}): Run => ({
  ...runOf(plan, done),
  state: 'stuck',
  ...change,
});

test('a run whose lock was broken may be given up, and what stays is said', () => {
  const run = stuck(lockStep + 1, { holds: [{ subject: 'Record', text: 'primary node1, generation 1' }] });
  const text = whyOf(giveUpOf(run, whole));
  expect(text).toMatch(/^may be given up: None of the locks of the run \w+ is its own any more/);
  expect(text).toContain('What it left stays as it is, unless somebody changed it since: Record: primary');
  // somebody else has locked it since, and a run that was being taken back is no other thing
  expect(giveUpOf(run, lockedBy('another')).mayBe).toBe(true);
  expect(giveUpOf({ ...run, direction: 'undo' }, whole).mayBe).toBe(true);
});

test('one that still holds its lock, or may, is not', () => {
  const run = stuck(lockStep + 1);
  expect(whyOf(giveUpOf(run, lockedBy(run.id)))).toMatch(
    /holds its lock: .*web1 on node1.* can still be resumed/,
  );
  expect(whyOf(giveUpOf(run, silent(whole, 'node1')))).toMatch(
    /node1, on which it locked .* does not answer/,
  );
  const hangs = withFacts(whole, 'node1', ({ storages }) => ({
    storages: storages.map((each) => ({ ...each, state: 'not-answering' as const })),
  }));
  expect(whyOf(giveUpOf(run, hangs))).toMatch(/the storage of .*web1 can't be read on node1/);
  const unread = changeFolder(whole, folder, () => ({ lock: { ok: false, error: 'empty' } }));
  expect(whyOf(giveUpOf(run, unread))).toMatch(/the lock in .*web1 can't be read/);
  // it lies in the trash, with the folder
  const name = `web1.${uuidOf('web1').slice(0, 8)}.20261125T120000Z`;
  const inTrash = withFacts(whole, 'node1', ({ storages }) => ({
    storages: storages.map((each) =>
      each.path === sharedDirectory
        ? {
            ...each,
            trash: [name],
            trashFolders: [
              {
                name,
                record: null,
                lock: { ok: true as const, lock: lockOf(run.id) },
                allocated: 0,
                files: [],
              },
            ],
          }
        : each,
    ),
  }));
  expect(whyOf(giveUpOf(run, inTrash))).toMatch(/holds its lock: .*\.trash/);
});

test('nor one that has no lock yet, may be about to get it, is at work, or has ended', () => {
  expect(whyOf(giveUpOf(stuck(lockStep), whole))).toMatch(/taken no lock yet/);
  const asked = stuck(lockStep);
  const entry = asked.steps[lockStep];
  if (!entry) throw new Error('no lock');
  entry.state = 'unknown';
  expect(whyOf(giveUpOf(asked, whole))).toMatch(/whether .* was done on node1 is not known/);
  expect(whyOf(giveUpOf(stuck(lockStep + 1, { state: 'running' }), whole))).toMatch(/is at work/);
  for (const state of ['done', 'undone', 'given-up'] as const)
    expect(whyOf(giveUpOf(stuck(lockStep + 1, { state }), whole))).toMatch(/has ended/);
});

test('one from which somebody went on may be given up with its lock, which then stays', () => {
  expect(commit).toBeGreaterThan(lockStep);
  const run = stuck(commit, {});
  const entry = run.steps[commit];
  if (!entry) throw new Error('no point of no return');
  entry.state = 'unknown';
  const removed = withFacts(lockedBy(run.id), 'node3', () => ({ tombstones: [uuidOf('web1')] }));
  const text = whyOf(giveUpOf(run, removed));
  expect(text).toMatch(/^may be given up: web1 was removed since/);
  expect(text).toMatch(/Its locks stay until they are broken .*web1 on node1/);
});
