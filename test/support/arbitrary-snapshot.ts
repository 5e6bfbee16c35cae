/** Snapshots as chance makes them: a sound cluster with a dozen things gone wrong at once, some of them nonsense. */
import fc from 'fast-check';
import type { ReplicaRecord } from '../../core/cluster/replica.ts';
import type { NodeTrouble, Snapshot } from '../../core/cluster/snapshot.ts';
import {
  changeFolder,
  domainOf,
  folderOf,
  localDirectory,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  takenAt,
  uuidOf,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
  withLocalInstance,
} from './snapshot-builder.ts';

type Change = (snapshot: Snapshot) => Snapshot;

const node = fc.constantFrom('node1', 'node2', 'node3');
const anyNode = fc.constantFrom('node1', 'node2', 'node3', 'node9', '');
const instance = fc.constantFrom('web1', 'web2');
const path = (name: string): string => `${sharedDirectory}/${name}`;
const text = fc.oneof(
  fc.constantFrom('', '\n', '$(x)', "'", '/', '..', 'web1'),
  fc.string({ maxLength: 12 }),
);
const odd = fc.oneof(fc.constantFrom(0, -1, 1, 1e9, 1e18, 0.5), fc.integer());

const state = fc.constantFrom('running', 'paused', 'shutdown', 'crashed', 'dying', 'unknown' as const);
const trouble = fc.constantFrom<NodeTrouble['kind']>(
  'unreachable',
  'host-key-changed',
  'auth-refused',
  'sudo-refused',
  'timeout',
  'other',
);

const record = fc.record(
  {
    primary: fc.option(anyNode),
    secondary: fc.option(anyNode),
    generation: fc.integer({ min: 1, max: 99 }),
    formerPrimaries: fc.uniqueArray(anyNode, { maxLength: 3 }),
    replicaNodes: fc.uniqueArray(anyNode, { maxLength: 3 }),
    adminState: fc.constantFrom('up' as const, 'down' as const),
    ancestors: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    vouchings: fc.array(
      fc.record({
        node: anyNode,
        who: text,
        how: text,
        when: fc.constantFrom('', 'x', new Date(takenAt).toISOString()),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(node, trouble, fc.constantFrom('known' as const, 'never' as const)).map(
    ([which, kind, last]): Change =>
      (snapshot) =>
        silent(snapshot, which, kind, last),
  ),
  fc.tuple(instance, record, fc.option(node)).map(
    ([name, changes, runs]): Change =>
      (snapshot) =>
        withInstance(snapshot, name, changes, runs),
  ),
  fc.tuple(node, instance, state, fc.constantFrom('', '--incoming', '--migratedaway', 'x'), fc.boolean()).map(
    ([which, name, how, suffix, known]): Change =>
      (snapshot) =>
        withDomain(
          snapshot,
          which,
          domainOf(name + suffix, { state: how, uuid: known ? uuidOf(name) : null }),
        ),
  ),
  fc.tuple(node, instance, record, fc.integer({ min: 1, max: 3 })).map(
    ([which, name, changes, inode]): Change =>
      (snapshot) =>
        withFolder(
          snapshot,
          [which],
          folderOf(recordOf(name, changes), {
            path: `${localDirectory}/${name}`,
            storage: localDirectory,
            inode,
          }),
        ),
  ),
  fc.tuple(node, instance, record).map(
    ([which, name, changes]): Change =>
      (snapshot) =>
        withLocalInstance(snapshot, name, which, changes),
  ),
  fc.tuple(node, instance, record, text, fc.boolean()).map(
    ([which, name, changes, when, whole]): Change =>
      (snapshot) => {
        const copied = recordOf(name, changes, localDirectory);
        const replica: ReplicaRecord = {
          version: 1,
          copy: 'acopy',
          source: 'node1',
          record: copied,
          disks: copied.disks.map((disk, index) => ({
            file: index === 0 ? 'sda' : 'sdb',
            type: disk.logical_id[1],
            size: disk.size,
            content: null,
          })),
          when: when === '' ? new Date(takenAt - 60_000).toISOString() : when,
          written: { by: 'someone', run: 'earlier' },
        };
        return withFolder(
          snapshot,
          [which],
          folderOf(copied, {
            record: null,
            replica: true,
            replicaRecord: { ok: true, replica },
            ...(whole ? {} : { files: [] }),
          }),
        );
      },
  ),
  fc.tuple(instance, node, odd, fc.constantFrom('raw' as const, 'qcow2' as const, null)).map(
    ([name, which, size, type]): Change =>
      (snapshot) =>
        changeFolder(
          snapshot,
          path(name),
          (folder) => ({ files: folder.files.map((file) => ({ ...file, size, type })) }),
          [which],
        ),
  ),
  fc.tuple(instance, fc.option(text), fc.boolean()).map(
    ([name, config, replica]): Change =>
      (snapshot) =>
        changeFolder(snapshot, path(name), () => ({ config, replica })),
  ),
  fc.tuple(instance, text).map(
    ([name, error]): Change =>
      (snapshot) =>
        changeFolder(snapshot, path(name), () => ({ lock: { ok: false, error } })),
  ),
  fc.tuple(instance, fc.array(anyNode, { maxLength: 3 }), text).map(
    ([name, nodes, user]): Change =>
      (snapshot) =>
        changeFolder(snapshot, path(name), () => ({
          lock: {
            ok: true,
            lock: { run: 'otherrun', user, workstation: 'w', title: 't', nodes, place: '', at: user },
          },
        })),
  ),
  fc.tuple(instance, text).map(
    ([name, error]): Change =>
      (snapshot) =>
        changeFolder(snapshot, path(name), () => ({ record: { ok: false, error } }), ['node2']),
  ),
  fc.tuple(node, odd, odd, fc.constantFrom('xl' as const, 'xm' as const, null), text).map(
    ([which, memory, inodes, toolstack, xen]): Change =>
      (snapshot) =>
        withFacts(snapshot, which, () => ({
          freeMemoryMib: memory,
          jobSpace: { bytes: 1e9, inodes },
          toolstack,
          xen,
        })),
  ),
  fc.tuple(node, fc.array(fc.oneof(text, instance), { maxLength: 3 }), instance, fc.boolean()).map(
    ([which, names, name, removed]): Change =>
      (snapshot) =>
        withFacts(snapshot, which, () => ({
          saves: names,
          autostarts: names,
          monitors: names.map((each, pid) => ({ name: each, pid })),
          tombstones: removed ? [uuidOf(name), 'no uuid'] : [],
        })),
  ),
  fc
    .tuple(node, fc.constantFrom('ok', 'missing', 'symlink', 'not-answering' as const), odd, fc.option(text))
    .map(
      ([which, how, free, id]): Change =>
        (snapshot) =>
          withFacts(snapshot, which, (facts) => ({
            storages: facts.storages.map((each) => ({
              ...each,
              state: how as 'ok',
              freeBytes: free,
              id,
              trash: [`web1.${uuidOf('web1').slice(0, 8)}.20261125T120000Z`, 'x'],
              trashFolders: [
                {
                  name: `web1.${uuidOf('web1').slice(0, 8)}.20261125T120000Z`,
                  record: { ok: true as const, record: recordOf('web1') },
                  lock: null,
                  allocated: 8192,
                  files: ['sda', 'notes'].map((name) => ({ name, size: 512, allocated: 4096, modified: 0 })),
                },
              ],
            })),
          })),
    ),
  fc.tuple(node, node).map(
    ([one, other]): Change =>
      (snapshot) =>
        withFacts(snapshot, one, () => ({ bootId: `boot-${other}` })),
  ),
);

/** web1 on shared storage, running or not, and up to eight changes. */
export const arbitrarySnapshot: fc.Arbitrary<Snapshot> = fc
  .tuple(fc.option(node), fc.array(change, { maxLength: 8 }))
  .map(([runs, changes]) =>
    changes.reduce((snapshot, each) => each(snapshot), withInstance(soundCluster(), 'web1', {}, runs)),
  );
