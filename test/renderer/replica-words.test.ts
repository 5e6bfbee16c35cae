/** What dialogs, pages and tables say of a target without shared storage: the same of the same. */
import { describe, expect, test } from 'vitest';
import { findInstances } from '../../core/cluster/instances.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { onlyWhileText } from '../../core/failover/readiness.ts';
import { replicaWords } from '../../renderer/model/copy-words.ts';
import { readinessOn, verdictOf } from '../../renderer/model/readiness.ts';
import { planned } from '../core/plan/support.ts';
import {
  folderOf,
  localDirectory,
  recordOf,
  soundCluster,
  takenAt,
  withFolder,
  withLocalInstance,
} from '../support/snapshot-builder.ts';

const folder = `${localDirectory}/web1`;
const alone = withLocalInstance(soundCluster(), 'web1', 'node1');
const record = recordOf('web1', {}, localDirectory);
const replicated = withFolder(
  alone,
  ['node2'],
  folderOf(record, {
    record: null,
    replica: true,
    replicaRecord: {
      ok: true,
      replica: {
        version: 1,
        copy: 'c',
        source: 'node1',
        record: { ...record, id: 'earlier' },
        disks: [],
        when: new Date(takenAt - 3_600_000).toISOString(),
        written: { by: 'a@b', run: 'r' },
      },
    },
  }),
);
const view = (snapshot: Snapshot) => {
  const [found] = findInstances(snapshot, 'web1');
  if (!found) throw new Error('no web1');
  return found;
};
const inDialog = (snapshot: Snapshot, target: string) =>
  verdictOf(
    planned(snapshot, { kind: 'failover', instance: 'web1', target, timeoutSeconds: 60 }),
    onlyWhileText(view(snapshot), target, snapshot),
  );

describe('a target of a failover', () => {
  test.each([
    ['holds no replica', alone, 'node2'],
    ['is a third node', replicated, 'node3'],
  ])('that %s is called the same in the dialog and on the page', (_title, snapshot, target) => {
    const page = readinessOn(snapshot, view(snapshot), target);
    expect(page).toMatchObject({ verdict: 'warning', target });
    expect(page.text).toMatch(/^only while node1 answers: .* holds no replica$/);
    expect(inDialog(snapshot, target)).toEqual({ verdict: page.verdict, text: page.text });
  });
  test('with a replica is ready in both', () => {
    expect(readinessOn(replicated, view(replicated), 'node2').verdict).toBe('ready');
    expect(inDialog(replicated, 'node2').verdict).toBe('ready');
  });
});

describe('what is copied', () => {
  test('a clone is made whole, whatever replica there is', () => {
    const words = replicaWords(view(replicated), 'node2', 'clone', folder);
    expect(words).toEqual({ ready: true, text: expect.stringMatching(/^A clone .*copied whole\.$/) });
    expect(words.text).not.toContain('replica');
  });
  test('only a replica in the very folder is brought up to date', () => {
    expect(replicaWords(view(replicated), 'node2', 'source', folder).text).toMatch(
      /replica that is 60 min old/,
    );
    expect(replicaWords(view(replicated), 'node2', 'source', '/srv/other/web1')).toMatchObject({
      ready: false,
      text: expect.stringContaining('every image is copied whole'),
    });
    expect(replicaWords(view(alone), 'node2', 'replica', folder).text).toMatch(/nothing to go on from/);
  });
});
