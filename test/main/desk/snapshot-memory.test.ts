import { expect, it } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { SnapshotMemory } from '../../../main/desk/snapshot-memory.ts';
import { waitFor } from '../../support/wait-for.ts';

const snapshot = (name: string, takenAt: number): Snapshot => ({
  cluster: {
    version: 1,
    name,
    uuid: '6f0dc5a4-27b1-4f0e-9d7e-5f3f0c1d2e4b',
    kind: 'real',
    nodes: [{ name: 'node1', target: { host: '127.0.0.1' } }],
    storageDirectories: ['/srv/ganeti/file-storage'],
    hostKeys: 'strict',
  },
  takenAt,
  nodes: [],
});

it('writes the first snapshot at once, then seldom, and the newest of each cluster at the end', async () => {
  const written: string[] = [];
  const memory = new SnapshotMemory(async ({ cluster, takenAt }) => {
    written.push(`${cluster.name} ${takenAt}`);
  });
  memory.keep(snapshot('hera', 1));
  await waitFor('the first write', () => written.length > 0);
  for (const takenAt of [2, 3]) memory.keep(snapshot('hera', takenAt));
  memory.keep(snapshot('zeus', 4));
  memory.keep(snapshot('gone', 5));
  await memory.forget('gone');
  expect(written).toEqual(['hera 1']);
  await memory.flush();
  expect(written).toEqual(['hera 1', 'hera 3', 'zeus 4']);
});

it('goes on after a write that failed', async () => {
  let writes = 0;
  const memory = new SnapshotMemory(async () => {
    writes += 1;
    if (writes === 1) throw new Error('the disk is full');
  });
  memory.keep(snapshot('hera', 1));
  await memory.flush();
  memory.keep(snapshot('hera', 2));
  await memory.flush();
  expect(writes).toBe(2);
});
