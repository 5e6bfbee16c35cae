/** One relation of two records for folders and replicas alike. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { relationOf } from '../../../core/cluster/gone-on.ts';
import { type History, historyOf } from '../../../core/cluster/history.ts';
import { deriveInstances } from '../../../core/cluster/instances.ts';
import type { InstanceRecord } from '../../../core/cluster/record.ts';
import {
  folderOf,
  localDirectory,
  recordOf,
  soundCluster,
  withFolder,
} from '../../support/snapshot-builder.ts';

const at = (id: string, ancestors: string[], generation = 1): InstanceRecord =>
  recordOf('web1', { id, ancestors, generation });

const rows: [string, InstanceRecord, InstanceRecord, History][] = [
  ['one write', at('a', []), at('a', []), 'same'],
  ['a former state', at('a', []), at('c', ['b', 'a']), 'before'],
  ['a later state', at('c', ['b', 'a']), at('a', []), 'after'],
  ['another branch', at('b', ['a']), at('c', ['a']), 'aside'],
  ['nothing in common', at('b', ['x']), at('c', ['a']), 'unknown'],
];

describe('the history of two records', () => {
  test.each(rows)('%s', (_, one, other, history) => {
    expect(historyOf(one, other)).toBe(history);
    // where the ids tell, a replica and a folder are told the same
    if (history !== 'unknown') expect(relationOf(one, other)).toBe(history === 'same' ? 'before' : history);
  });

  test('is the other way round for the other one', () => {
    const turned: Record<History, History> = {
      ...{ same: 'same', before: 'after', after: 'before', aside: 'aside', unknown: 'unknown' },
    };
    const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 4 });
    const record = fc.record({ id: fc.constantFrom('p', 'q', 'r'), ancestors: ids });
    fc.assert(
      fc.property(record, record, (one, other) => {
        expect(historyOf(other, one)).toBe(turned[historyOf(one, other)]);
      }),
    );
  });

  test('of two folders that have no id in common none is older: a person chooses', () => {
    const folder = `${localDirectory}/web1`;
    const on = (node: string, record: Partial<InstanceRecord>) => {
      const place = { storage: `local-${node}`, path: folder, inode: 90 };
      return folderOf(recordOf('web1', { ...record, place }, localDirectory), { inode: 90 });
    };
    const two = (other: Partial<InstanceRecord>) => {
      const one = withFolder(soundCluster(), ['node1'], on('node1', { id: 'b', ancestors: ['a'] }));
      const [view] = deriveInstances(withFolder(one, ['node2'], on('node2', other)));
      return view?.problems.map(({ code }) => code) ?? [];
    };
    expect(two({ id: 'z', ancestors: ['y'], generation: 3 })).toContain('fork');
    expect(two({ id: 'c', ancestors: ['b', 'a'], generation: 3 })).toContain('superseded');
    expect(two({ id: 'c', ancestors: ['b', 'a'], generation: 3 })).not.toContain('fork');
  });
});
