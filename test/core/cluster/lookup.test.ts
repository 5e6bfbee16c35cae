/** The walk over a snapshot: sights of one folder are gathered, whatever order nodes list them in and whichever of them differ. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FolderSight, lookupOf } from '../../../core/cluster/lookup.ts';
import type { FolderFacts, Snapshot } from '../../../core/cluster/snapshot.ts';
import {
  folderOf,
  localDirectory,
  recordOf,
  sharedDirectory,
  soundCluster,
  withFacts,
} from '../../support/snapshot-builder.ts';

const nodes = ['node1', 'node2', 'node3', 'node4'];
const records = ['web1', 'web2', 'web3', 'web4', 'web5'].map((name) => recordOf(name));
const plain = records.map((record) => folderOf(record));

/** As one node shows it: of most it shows what all show. */
const folder: fc.Arbitrary<FolderFacts> = fc
  .tuple(
    fc.nat(plain.length - 1),
    fc.oneof(
      { weight: 12, arbitrary: fc.constant('same') },
      { weight: 5, arbitrary: fc.constantFrom('inode', 'uuid', 'upper', 'none', 'local') },
    ),
  )
  .map(([index, change]) => {
    const [found, record] = [plain[index], records[index]];
    if (!found || !record) throw new Error('no such folder');
    const { uuid } = record;
    if (change === 'inode') return { ...found, inode: found.inode + 1 };
    if (change === 'uuid')
      return {
        ...found,
        record: { ok: true as const, record: { ...record, uuid: uuid.replace(/^./, 'e') } },
      };
    if (change === 'upper')
      return { ...found, record: { ok: true as const, record: { ...record, uuid: uuid.toUpperCase() } } };
    if (change === 'none') return { ...found, record: null };
    if (change === 'local') return { ...found, storage: localDirectory };
    return { ...found, storage: sharedDirectory };
  });

const snapshots: fc.Arbitrary<Snapshot> = fc
  .array(fc.array(folder, { maxLength: 8 }), { minLength: nodes.length, maxLength: nodes.length })
  .map((lists) =>
    nodes.reduce(
      (snapshot, node, index) => withFacts(snapshot, node, () => ({ folders: lists[index] ?? [] })),
      soundCluster(nodes),
    ),
  );

const gathered = (
  snapshot: Snapshot,
  nameOf: (folder: FolderFacts) => string | null,
): Map<string, FolderSight[]> => {
  const found = new Map<string, FolderSight[]>();
  for (const { name: node, facts } of snapshot.nodes)
    for (const each of facts?.folders ?? []) {
      const at = nameOf(each);
      const storageId = facts?.storages.find(({ path }) => path === each.storage)?.id ?? null;
      if (at === null) continue;
      const recordId = each.record?.ok ? each.record.record.id : null;
      const key = `${storageId} ${each.inode}`;
      const sight = { node, seen: true, folder: each, storageId, key, recordId };
      found.set(at, [...(found.get(at) ?? []), sight]);
    }
  return found;
};

test('every sight is where its name and its uuid say, in the order of the nodes', () => {
  fc.assert(
    fc.property(snapshots, (snapshot) => {
      const lookup = lookupOf(snapshot);
      expect(lookup.foldersByName).toEqual(gathered(snapshot, (each) => each.name));
      expect(lookup.recorded).toEqual(
        gathered(snapshot, (each) => (each.record?.ok ? each.record.record.uuid.toLowerCase() : null)),
      );
      expect(lookup.unrecorded.map((each) => each.folder)).toEqual(
        snapshot.nodes.flatMap(({ facts }) => facts?.folders.filter((each) => each.record === null) ?? []),
      );
    }),
  );
});
