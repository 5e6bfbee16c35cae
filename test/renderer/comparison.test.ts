import { describe, expect, it } from 'vitest';
import { findInstances, type InstanceView } from '../../core/cluster/instances.ts';
import type { ImageFacts, Snapshot } from '../../core/cluster/snapshot.ts';
import { type Run, summaryOf } from '../../core/plan/run.ts';
import { comparisonOf, lastComparison } from '../../renderer/model/comparison.ts';
import { comparisonRun, hash } from '../window/fixture/compared.ts';
import { makeSnapshotOfImages } from '../window/fixture/images.ts';

const now = 1_795_600_000_000;
const stopped = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  nodes: snapshot.nodes.map((node) => ({ ...node, facts: node.facts && { ...node.facts, open: [] } })),
});
const snapshot = stopped(makeSnapshotOfImages(now));
const instanceOf = (name: string): InstanceView => {
  const [found] = findInstances(snapshot, name);
  if (!found) throw new Error(`The fixture has no ${name}.`);
  return found;
};
const ntp = instanceOf('ntp1.example.org');
const dev = instanceOf('dev1.example.org');
const statesOf = (instance: InstanceView, hashOf?: Parameters<typeof comparisonRun>[3]) =>
  Object.fromEntries(
    comparisonOf(
      snapshot,
      instance,
      hashOf ? comparisonRun(snapshot, instance.name, now, hashOf) : null,
    ).rows[0]?.cells.map((each) => [each.node, each.state]) ?? [],
  );

/** The first image of ntp1 on one node, changed or (null) gone. */
const changed = (node: string, change: (file: ImageFacts) => ImageFacts | null): Snapshot => ({
  ...snapshot,
  nodes: snapshot.nodes.map((each) =>
    each.name !== node || !each.facts
      ? each
      : {
          ...each,
          facts: {
            ...each.facts,
            folders: each.facts.folders.map((folder) =>
              !folder.path.endsWith(`/${ntp.name}`)
                ? folder
                : {
                    ...folder,
                    files: folder.files.flatMap((file) =>
                      file.name === 'sda' ? (change(file) ?? []) : [file],
                    ),
                  },
            ),
          },
        },
  ),
});
const cellsIn = (from: Snapshot, run: Run) =>
  Object.fromEntries(
    comparisonOf(from, ntp, run).rows[0]?.cells.map((each) => [each.node, each.state]) ?? [],
  );

describe('images on the nodes', () => {
  it('before anything was compared: what the nodes show, and no word about content', () => {
    expect(statesOf(dev)).toEqual({
      'hera-1': 'shared',
      'hera-2': 'shared',
      'hera-3': 'reference',
      'hera-4': 'unknown',
    });
    expect(statesOf(ntp)).toEqual({
      'hera-1': 'reference',
      'hera-2': 'copy',
      'hera-3': 'none',
      'hera-4': 'unknown',
    });
    expect(comparisonOf(snapshot, ntp, null)).toMatchObject({ provedAt: null, writtenSince: [] });
  });

  it('by content afterwards: same, differs, missing; what is not the same place is no reference', () => {
    const of = (there: string | null) => statesOf(ntp, (node) => (node === 'hera-1' ? hash('a') : there));
    expect(of(hash('a'))).toMatchObject({ 'hera-1': 'reference', 'hera-2': 'same', 'hera-4': 'unknown' });
    expect(of(hash('b'))).toMatchObject({ 'hera-1': 'reference', 'hera-2': 'differs' });
    expect(of(null)).toMatchObject({ 'hera-1': 'reference', 'hera-2': 'copy' });
    // the primary has lost it: the copy that is left is what others are held against
    const lost = changed('hera-1', () => null);
    const run = comparisonRun(lost, ntp.name, now, (node) => (node === 'hera-1' ? null : hash('a')));
    expect(cellsIn(lost, run)).toMatchObject({ 'hera-1': 'missing', 'hera-2': 'reference' });
  });

  it('a word about content counts only while the file is the one that was read', () => {
    const run = comparisonRun(snapshot, ntp.name, now, () => hash('a'));
    expect(cellsIn(snapshot, run)).toMatchObject({ 'hera-1': 'reference', 'hera-2': 'same' });
    expect(comparisonOf(snapshot, ntp, run).writtenSince).toEqual([]);
    expect(
      cellsIn(
        changed('hera-2', () => null),
        run,
      ),
    ).toMatchObject({ 'hera-2': 'missing' });
    // whatever the workstation's clock says
    for (const change of [{ modified: 5 }, { inode: 5 }, { size: 512 }]) {
      const there = changed('hera-2', (file) => ({ ...file, ...change }));
      expect(cellsIn(there, run)).toMatchObject({ 'hera-1': 'reference', 'hera-2': 'copy' });
      expect(comparisonOf(there, ntp, run).writtenSince).toEqual(['sda']);
      // what it was held against changed
      expect(
        cellsIn(
          changed('hera-1', (file) => ({ ...file, ...change })),
          run,
        ),
      ).toMatchObject({
        'hera-1': 'reference',
        'hera-2': 'copy',
      });
    }
  });

  it('storage that is shared is one file, read once', () => {
    expect(statesOf(dev, () => hash('a'))).toMatchObject({
      'hera-1': 'shared',
      'hera-2': 'shared',
      'hera-3': 'reference',
    });
  });

  it('says what was written to since, and takes no comparison of another instance of that name', () => {
    const early = comparisonRun(snapshot, ntp.name, 1_000, () => hash('a'));
    const written = changed('hera-1', (file) => ({ ...file, modified: file.modified + 1 }));
    expect(comparisonOf(written, ntp, early).writtenSince).toEqual(['sda']);
    expect(comparisonOf(snapshot, { ...ntp, uuid: dev.uuid }, early).provedAt).toBe(null);
  });

  it('the last one is the newest that came to its end, on this cluster', () => {
    const [old, young] = [now - 9_000_000, now].map((at) =>
      comparisonRun(snapshot, ntp.name, at, () => hash('a')),
    );
    if (!old || !young) throw new Error('two runs');
    const runs = [{ ...young, state: 'undone' as const }, young, old].map((each) => summaryOf(each));
    expect(lastComparison(runs, 'hera', ntp)?.startedAt).toBe(now);
    expect(lastComparison(runs, 'atlas', ntp)).toBe(null);
    expect(lastComparison(runs, 'hera', dev)).toBe(null);
  });
});
