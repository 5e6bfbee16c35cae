import { expect, test } from 'vitest';
import { findInstances } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { type Readiness, readinessOf } from '../../../core/failover/readiness.ts';
import {
  changeFolder,
  silent,
  soundCluster,
  withFacts,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';

const running = withInstance(soundCluster(), 'web1', {}, 'node1');
const readiness = (snapshot: Snapshot, target = 'node2'): Readiness => {
  const [view] = findInstances(snapshot, 'web1');
  if (!view) throw new Error('no web1');
  return readinessOf(view, target, snapshot);
};

const rows: [string, Snapshot, string, Readiness['verdict'], RegExp][] = [
  ['all is well', running, 'node2', 'ready', /^ready$/],
  ['a third node', running, 'node3', 'ready', /^ready$/],
  [
    'too little memory',
    withFacts(running, 'node2', () => ({ freeMemoryMib: 0, reclaimableMib: 10 })),
    'node2',
    'not',
    /^not: node2 is 502 MiB short$/,
  ],
  [
    'files elsewhere',
    withLocalInstance(soundCluster(), 'web1', 'node1'),
    'node2',
    'warning',
    /^only while node1 answers: its images are copied then, for node2 holds no replica$/,
  ],
  [
    'an image that is missing everywhere',
    changeFolder(running, '/srv/ganeti/file-storage/web1', () => ({ files: [] })),
    'node2',
    'not',
    /^not: Disk 0: .* missing/,
  ],
  ['a silent target', silent(running, 'node2'), 'node2', 'unknown', /^unknown: node2 does not answer$/],
  ['a silent primary', silent(running, 'node1'), 'node2', 'consent', /^consent: node1 may be alive$/],
  ['its own primary', running, 'node1', 'not', /primary of web1 already/],
  ['no such node', running, 'node9', 'not', /node9 is not a node/],
  [
    'a cut-off hand-over',
    withInstance(soundCluster(), 'web1', { primary: null }),
    'node2',
    'not',
    /hand-over was cut off/,
  ],
];

test.each(rows)('%s', (_title, snapshot, target, verdict, text) => {
  const said = readiness(snapshot, target);
  expect(said.verdict).toBe(verdict);
  expect(said.text).toMatch(text);
  expect(said.reasons).not.toEqual([]);
});
