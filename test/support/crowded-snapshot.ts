/** Clusters as chance makes them that are sound but tight: little memory, bridges and storage that not every node has. */
import fc from 'fast-check';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import {
  domainOf,
  folderOf,
  localDirectory,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  takenAt,
  withDomain,
  withFacts,
  withFolder,
} from './snapshot-builder.ts';

const nodes = ['node1', 'node2', 'node3', 'node4', 'node5'];
const node = fc.constantFrom(...nodes);

const machine = fc.record({
  freeMemoryMib: fc.nat({ max: 6 }).map((each) => each * 1024),
  reclaimableMib: fc.constantFrom(0, 0, 512),
  bridges: fc.constantFrom(['xenbr0'], ['xenbr0'], ['xenbr0', 'xenbr1']),
  boots: fc.constantFrom(true, true, true, false),
  xen: fc.constantFrom('4.17.5', '4.17.5', '4.14.3'),
  answers: fc.constantFrom(true, true, true, true, true, true, false),
});

const guest = fc.record({
  primary: node,
  secondary: fc.option(node),
  memoryMib: fc.constantFrom(512, 1024, 2048, 4096),
  bridge: fc.constantFrom('xenbr0', 'xenbr0', 'xenbr1'),
  runs: fc.boolean(),
  /** on shared storage; else on its primary's own, with a replica there or nowhere */
  shared: fc.constantFrom(true, true, true, false),
  replica: fc.option(node),
  /** nodes that see its shared folder besides the primary */
  seers: fc.subarray(nodes),
});

const withGuest = (
  snapshot: Snapshot,
  name: string,
  {
    primary,
    secondary,
    memoryMib,
    bridge,
    runs,
    shared,
    replica,
    seers,
  }: typeof guest extends fc.Arbitrary<infer T> ? T : never,
): Snapshot => {
  const directory = shared ? sharedDirectory : localDirectory;
  const plain = recordOf(name, {}, directory);
  const record = {
    ...plain,
    primary,
    secondary: secondary === primary ? null : secondary,
    adminState: runs ? ('up' as const) : ('down' as const),
    guest: { ...plain.guest, memoryMib },
    nics: plain.nics.map((each) => ({ ...each, bridge })),
    place: shared ? plain.place : { ...plain.place, storage: `local-${primary}` },
    ...(replica !== null && !shared && replica !== primary && { replicaNodes: [replica] }),
  };
  let made = withFolder(snapshot, shared ? [...new Set([primary, ...seers])] : [primary], folderOf(record));
  if (runs) made = withDomain(made, primary, domainOf(name, { uuid: record.uuid, memoryMib }));
  if (!shared && replica !== null && replica !== primary)
    made = withFolder(
      made,
      [replica],
      folderOf(record, {
        record: null,
        replica: true,
        inode: 17,
        replicaRecord: {
          ok: true,
          replica: {
            version: 1,
            copy: 'acopy',
            source: primary,
            record,
            disks: record.disks.map((disk, index) => ({
              file: index === 0 ? 'sda' : 'sdb',
              type: disk.logical_id[1],
              size: disk.size,
              content: null,
            })),
            when: new Date(takenAt - 60_000).toISOString(),
            written: { by: 'someone', run: 'earlier' },
          },
        },
      }),
    );
  return made;
};

/** Five nodes with four to twelve instances. */
export const crowdedSnapshot: fc.Arbitrary<Snapshot> = fc
  .tuple(
    fc.tuple(machine, machine, machine, machine, machine),
    fc.array(guest, { minLength: 4, maxLength: 12 }),
  )
  .map(([machines, guests]) => {
    let made = soundCluster(nodes);
    for (const [index, { boots, answers: _, ...facts }] of machines.entries())
      made = withFacts(made, nodes[index] ?? '', () => ({
        ...facts,
        bridges: [...facts.bridges],
        bootFiles: [{ path: '/boot/vmlinuz', exists: boots }],
      }));
    for (const [index, each] of guests.entries()) made = withGuest(made, `vm${index}`, each);
    for (const [index, { answers }] of machines.entries())
      if (!answers) made = silent(made, nodes[index] ?? '');
    return made;
  });
