/** Undo of a finished run: the opposite intent makes an ordinary plan, and a change since stands against it. */
import { describe, expect, test } from 'vitest';
import type { InstanceRecord } from '../../../core/cluster/record.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { type Revert, revertOf } from '../../../core/plan/revert.ts';
import type { Run } from '../../../core/plan/run.ts';
import {
  changeFolder,
  domainOf,
  folderOf,
  gib,
  recordOf,
  sharedDirectory,
  soundCluster,
  uuidOf,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { createIntent, isOpen, planned, runOf } from './support.ts';

const folder = `${sharedDirectory}/web1`;
const stopped = withInstance(soundCluster(), 'web1');
const running = withInstance(soundCluster(), 'web1', {}, 'node1');

const done = (made: Plan): Run => ({ ...runOf(made, made.steps.length), state: 'done', endedAt: 1 });
const ran = (snapshot: Snapshot, intent: Intent): Run => done(planned(snapshot, intent));

/** The last record that the run wrote. */
const writtenBy = (run: Run): InstanceRecord => {
  const records = run.plan.steps.flatMap(({ action }) =>
    action.do === 'write-record' ? [action.record] : [],
  );
  const last = records.at(-1);
  if (!last) throw new Error('the plan writes no record');
  return last;
};

/** The cluster with an instance whose record is this one, as all nodes show it. */
const having = (record: InstanceRecord, runsOn: string | null = null): Snapshot => {
  const base = soundCluster();
  const placed = withFolder(
    base,
    base.nodes.map((each) => each.name),
    folderOf(record),
  );
  return runsOn === null ? placed : withDomain(placed, runsOn, domainOf(record.name, { uuid: record.uuid }));
};

const intentOf = (found: Revert): Intent => {
  if (!found.may) throw new Error(found.why.join(' '));
  return found.intent;
};
const whyOf = (found: Revert): string =>
  found.may ? `may be: ${JSON.stringify(found.intent)}` : found.why.join(' ');

/** The plan of the opposite, which must have nothing against it. */
const planBack = (run: Run, now: Snapshot): Plan => {
  const made = planned(now, intentOf(revertOf(run, now)));
  expect(
    made.reasons.filter((each) => each.severity === 'blocks'),
    made.title,
  ).toEqual([]);
  return made;
};

describe('the opposite of a run that was done', () => {
  test('a start is taken back by a shutdown that never forces, a stop by a start', () => {
    const started = ran(stopped, { kind: 'start', instance: 'web1' });
    expect(intentOf(revertOf(started, having(writtenBy(started), 'node1')))).toEqual({
      kind: 'stop',
      instance: uuidOf('web1'),
      timeoutSeconds: 120,
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      then: 'leave',
    });
    expect(planBack(started, having(writtenBy(started), 'node1')).title).toContain('web1');
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    const stop = ran(running, { kind: 'stop', instance: 'web1', timeoutSeconds: 60, then: 'force' });
    const back = planBack(stop, having(writtenBy(stop)));
    expect(back.intent).toEqual({ kind: 'start', instance: uuidOf('web1') });
    expect(isOpen(back)).toBe(false);
  });

  test('a failover goes back to where it came from, and that plan in turn goes forward again', () => {
    const over = ran(running, { kind: 'failover', instance: 'web1', target: null, timeoutSeconds: 60 });
    const there = writtenBy(over);
    expect(there.primary).toBe('node2');
    const back = planBack(over, having(there, 'node2'));
    expect(back.intent).toMatchObject({ kind: 'failover', target: 'node1' });
    const home = writtenBy(done(back));
    expect(home.primary).toBe('node1');
    expect(planBack(done(back), having(home, 'node1')).intent).toMatchObject({ target: 'node2' });
  });

  test('a configuration gets its former text, word for word, and only while it is the one that the run wrote', () => {
    const before = folderOf(recordOf('web1')).config ?? '';
    const text = `${before}# mine\n`;
    const run = ran(stopped, { kind: 'configure', instance: 'web1', text, from: before });
    const now = changeFolder(stopped, folder, () => ({ config: text }));
    expect(planBack(run, now).files[0]).toMatchObject({ before: text, after: before });
    const edited = changeFolder(stopped, folder, () => ({ config: `${text}# somebody else's\n` }));
    const against = planned(edited, intentOf(revertOf(run, edited)));
    expect(against.reasons.map((each) => each.code)).toContain('edited-meanwhile');
  });

  test('a rename is taken back by the former name', () => {
    const run = ran(stopped, { kind: 'rename', instance: 'web1', name: 'www' });
    const back = planBack(run, having(writtenBy(run)));
    expect(back.title).toBe('Rename www to web1');
  });

  test('a removal is restored while it lies in the trash, and what was created goes there', () => {
    const gone = ran(stopped, { kind: 'remove', instance: 'web1', purge: false, timeoutSeconds: 60 });
    const to = gone.plan.steps.flatMap(({ action }) => (action.do === 'move-folder' ? [action.to] : []))[0];
    const name = to?.split('/').at(-1) ?? '';
    const inTrash = soundCluster().nodes.reduce(
      (made, node) =>
        withFacts(made, node.name, (facts) => ({
          storages: facts.storages.map((each) =>
            each.path === sharedDirectory
              ? {
                  ...each,
                  trash: [name],
                  trashFolders: [{ name, record: { ok: true, record: recordOf('web1') }, lock: null }],
                }
              : each,
          ),
        })),
      soundCluster(),
    );
    expect(planBack(gone, inTrash).intent).toEqual({
      ...{ kind: 'restore', storageDirectory: sharedDirectory, trashName: name },
    });
    expect(whyOf(revertOf(gone, soundCluster()))).toMatch(/restored or deleted since/);

    const made = ran(soundCluster(), createIntent({ start: false }));
    const back = planBack(made, having({ ...writtenBy(made), primary: 'node1' }));
    expect(back.intent).toMatchObject({ kind: 'remove', purge: false });
  });

  test('a disk that was added is taken out and kept; one that was taken out is added again', () => {
    const added = ran(stopped, {
      kind: 'disk-add',
      instance: 'web1',
      source: { from: 'new', size: gib, type: 'raw', allocation: 'sparse', base: null },
      mode: 'rw',
    });
    const out = planBack(added, having(writtenBy(added)));
    expect(out.intent).toMatchObject({ kind: 'disk-remove', disk: 2, purge: false });

    const taken = ran(stopped, { kind: 'disk-remove', instance: 'web1', disk: 1, purge: false });
    const kept = taken.plan.steps.flatMap(({ action }) =>
      action.do === 'rename-image' ? [action.to.split('/').at(-1) ?? ''] : [],
    )[0];
    if (kept === undefined) throw new Error('nothing is kept');
    const now = changeFolder(having(writtenBy(taken)), folder, (each) => ({
      files: each.files.flatMap((file) => [file, { ...file, name: kept, inode: file.inode + 7 }]),
    }));
    const back = planBack(taken, now);
    expect(back.intent).toMatchObject({
      ...{ kind: 'disk-add', source: { from: 'file', file: kept } },
      ...{ vdev: 'xvdb', mode: 'rw', driver: 'loop' },
    });
  });
});

describe('what is not taken back says why', () => {
  test('somebody changed the instance since: who, when, by which run', () => {
    const run = ran(stopped, { kind: 'rename', instance: 'web1', name: 'www' });
    const now = having({
      ...writtenBy(run),
      id: 'another',
      generation: 4,
      written: { by: 'bob@desk2', at: '2026-11-26T10:00:00.000Z', run: 'laterrun' },
    });
    expect(whyOf(revertOf(run, now))).toBe(
      'www was changed since: its record was written on 2026-11-26T10:00:00.000Z by bob@desk2 (run laterrun, generation 1 -> 4). Taking this run back would pass over that. Take that back first, or do by itself what you want.',
    );
    expect(whyOf(revertOf(run, soundCluster()))).toMatch(/No node that answers shows the record of www/);
  });

  test('there is no way back, or nothing to take back', () => {
    const grown = ran(stopped, { kind: 'grow', instance: 'web1', disk: 0, size: 2 * gib, by: false });
    expect(whyOf(revertOf(grown, stopped))).toMatch(/never made smaller/);
    const purged = ran(stopped, { kind: 'remove', instance: 'web1', purge: true, timeoutSeconds: 0 });
    expect(whyOf(revertOf(purged, soundCluster()))).toMatch(/deleted for good/);
    const start = ran(stopped, { kind: 'start', instance: 'web1' });
    expect(whyOf(revertOf({ ...start, state: 'undone' }, stopped))).toMatch(/nothing of it stands/);
    expect(whyOf(revertOf({ ...start, state: 'cut-off' }, stopped))).toContain(`vbdesk run undo ${start.id}`);
    expect(whyOf(revertOf({ ...start, state: 'given-up' }, stopped))).toMatch(/given up half-way/);
  });

  test('a run that founded the cluster, or moved nothing, leaves no opposite', () => {
    const compared = ran(stopped, {
      kind: 'compare-images',
      subject: { of: 'instance', instance: 'web1' },
    });
    expect(whyOf(revertOf(compared, stopped))).toBe('It changed nothing.');
  });
});
