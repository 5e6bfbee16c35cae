/** Which folder the words of `instance unlock` and `instance claim` mean, by what the nodes show. */
import { describe, expect, test } from 'vitest';
import type { LockContent } from '../../core/cluster/record.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { makePlan } from '../../core/plan/make.ts';
import { claimMeant, lockMeant } from '../../main/cli/meant.ts';
import {
  changeFolder,
  folderOf,
  localDirectory,
  nobody,
  recordOf,
  silent,
  soundCluster,
  takenAt,
  testContext,
  withFacts,
  withFolder,
  withLocalInstance,
} from '../support/snapshot-builder.ts';

const path = `${localDirectory}/web1`;
const record = recordOf('web1', {}, localDirectory);

describe('a claim', () => {
  const web1 = withLocalInstance(soundCluster(), 'web1', 'node1');
  const removed = withFacts(web1, 'node3', () => ({ tombstones: [record.uuid] }));
  const copy = folderOf(record, { inode: 4711 });
  const here = { instance: record.uuid, path, primary: 'node1' };

  test('of an instance with a note of removal is of its only folder, as its own text says', () => {
    expect(claimMeant(removed, 'web1', {})).toEqual(here);
    const made = makePlan(removed, { kind: 'start', instance: 'web1' }, nobody, testContext());
    expect(made.reasons.find((each) => each.code === 'removed')?.text).toContain(
      `vbdesk instance claim web1 --as moved --path ${path} -n node1`,
    );
  });
  test('of a folder that is named, whatever its record says of its place', () => {
    expect(claimMeant(web1, 'web1', { path })).toEqual(here);
    expect(claimMeant(web1, 'web1', { path, node: 'node2' })).toEqual({ ...here, primary: 'node2' });
    expect(() => claimMeant(web1, 'web1', { path: '/srv/local/no' })).toThrow(/No node shows/);
  });
  test('is never of a folder in its place while another one is not', () => {
    expect(() => claimMeant(web1, 'web1', {})).toThrow(/nothing has to be claimed/);
    const copied = withFolder(web1, ['node2'], copy);
    for (const given of [{}, { path }])
      expect(claimMeant(copied, 'web1', given)).toEqual({ ...here, primary: 'node2' });
    expect(() => claimMeant(withFolder(copied, ['node3'], copy), 'web1', {})).toThrow(
      /node2, node3 each have .* name one with -n/,
    );
  });
  test('needs a node that answers', () => {
    expect(() => claimMeant(silent(removed, 'node1'), 'web1', {})).toThrow(/No node that answers shows/);
  });
});

describe('a lock', () => {
  const lockOf = (run: string): { ok: true; lock: LockContent } => ({
    ok: true,
    lock: {
      ...{ run, user: 'bob', workstation: 'desk2', title: 'fail over web1', at: '' },
      ...{ nodes: ['node1', 'node2'], place: path },
    },
  });
  const replica = {
    version: 1 as const,
    copy: 'thecopy',
    source: 'node1',
    record,
    disks: [],
    when: new Date(takenAt).toISOString(),
    written: { by: 'alice@desk', run: 'earlier' },
  };
  /** web1 on node1's own storage, its copy at the same path on node2; null: not locked. */
  const locked = (first: string | null, second: string | null): Snapshot =>
    withFolder(
      changeFolder(withLocalInstance(soundCluster(), 'web1', 'node1'), path, () => ({
        lock: first === null ? null : lockOf(first),
      })),
      ['node2'],
      folderOf(record, {
        record: null,
        replica: true,
        replicaRecord: { ok: true, replica },
        inode: 4711,
        lock: second === null ? null : lockOf(second),
      }),
    );
  test('of the copy alone is found by the name of the instance, by its node and by its path', () => {
    const snapshot = locked(null, 'r2');
    const found = { node: 'node2', path, run: 'r2' };
    for (const word of ['web1', path])
      for (const node of [undefined, 'node2']) expect(lockMeant(snapshot, word, node)).toEqual(found);
    expect(() => lockMeant(snapshot, 'web1', 'node1')).toThrow('web1 is not locked on node1');
  });
  test('of the folder that counts is first, and that of the copy can be named', () => {
    const snapshot = locked('r1', 'r2');
    expect(lockMeant(snapshot, 'web1', undefined)).toMatchObject({ node: 'node1', run: 'r1' });
    expect(lockMeant(snapshot, 'web1', 'node2')).toMatchObject({ node: 'node2', run: 'r2' });
    expect(() => lockMeant(snapshot, path, undefined)).toThrow(/Several runs hold .*-n NODE/);
    expect(lockMeant(snapshot, path, 'node2')).toMatchObject({ node: 'node2', run: 'r2' });
  });
  test('of a copy that was begun, beside which nothing lies yet', () => {
    const begun = changeFolder(
      locked(null, 'r2'),
      path,
      () => ({ replica: false, replicaRecord: undefined }),
      ['node2'],
    );
    expect(lockMeant(begun, 'web1', undefined)).toMatchObject({ node: 'node2', run: 'r2' });
  });
  test('that is not there, or can not be read, is told', () => {
    expect(() => lockMeant(locked(null, null), 'web1', undefined)).toThrow('web1 is not locked.');
    expect(() => lockMeant(locked(null, null), path, undefined)).toThrow('is not locked.');
    expect(() => lockMeant(locked(null, null), '/srv/local/no', undefined)).toThrow(/no instance/);
    const unread = changeFolder(locked(null, null), path, () => ({ lock: { ok: false, error: 'no JSON' } }), [
      'node2',
    ]);
    for (const word of ['web1', path])
      expect(() => lockMeant(unread, word, undefined)).toThrow(/can't be read \(no JSON\).*node2/);
  });
});
