/** The trash: what is known of it, restore and purge, and every sentence that stands against them. */
import { describe, expect, test } from 'vitest';
import type { InstanceRecord, LockContent } from '../../../core/cluster/record.ts';
import type { ReplicaRecord } from '../../../core/cluster/replica.ts';
import type { Snapshot, TrashFacts } from '../../../core/cluster/snapshot.ts';
import {
  expiresAt,
  isExpired,
  readTrashName,
  removedBy,
  trashContents,
  trashOf,
} from '../../../core/cluster/trash.ts';
import type { Approval, Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { overtakenText } from '../../../core/plan/overtaken.ts';
import { openReasons, type Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  domainOf,
  folderOf,
  gib,
  localDirectory,
  nobody,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  takenAt,
  testContext,
  uuidOf,
  withDomain,
  withFacts,
  withFolder,
  withInstance,
} from '../../support/snapshot-builder.ts';
import { runOf } from './support.ts';

const nameOf = (instance: string, time = '20261125T120000Z'): string =>
  `${instance}.${uuidOf(instance).slice(0, 8)}.${time}`;
const trashName = nameOf('web1');
const trashPath = `${sharedDirectory}/.trash/${trashName}`;
const everyNode = ['node1', 'node2', 'node3'];
const fileOf = (name: string, size = gib) => ({ name, size, allocated: 4096, modified: takenAt });

const factsOf = (instance: string, change: Partial<TrashFacts> = {}): TrashFacts => ({
  name: nameOf(instance),
  record: { ok: true, record: recordOf(instance) },
  lock: null,
  allocated: 12_288,
  files: [fileOf('sda'), fileOf('sdb', 2 * gib)],
  ...change,
});

const withTrash = (
  snapshot: Snapshot,
  folders: readonly TrashFacts[],
  nodes: readonly string[] = everyNode,
  directory = sharedDirectory,
): Snapshot =>
  nodes.reduce(
    (made, node) =>
      withFacts(made, node, (facts) => ({
        storages: facts.storages.map((each) =>
          each.path === directory
            ? { ...each, trash: folders.map(({ name }) => name), trashFolders: [...folders] }
            : each,
        ),
        tombstones: [uuidOf('web1')],
      })),
    snapshot,
  );
const removed = (change: Partial<TrashFacts> = {}, snapshot = soundCluster()): Snapshot =>
  withTrash(snapshot, [factsOf('web1', change)]);

const planned = (snapshot: Snapshot, intent: Intent, approval: Approval = nobody): Plan =>
  makePlan(snapshot, intent, approval, testContext());
const purge = (
  snapshot: Snapshot,
  names: readonly string[] = [trashName],
  approval: Approval = nobody,
  storageDirectory = sharedDirectory,
): Plan =>
  planned(
    snapshot,
    { kind: 'purge-trash', folders: names.map((each) => ({ storageDirectory, trashName: each })) },
    approval,
  );
const restore = (snapshot: Snapshot, name = trashName): Plan =>
  planned(snapshot, { kind: 'restore', storageDirectory: sharedDirectory, trashName: name });
const accepted: Approval = {
  accept: ['purge:web1', 'purge:web2', 'purge:2-folders', 'purge:3-folders'],
  vouched: [],
};
const blocksOf = (made: Plan): string[] =>
  made.reasons.flatMap((each) => (each.severity === 'blocks' ? [each.text] : []));
const textOf = (made: Plan, code: string): string =>
  made.reasons
    .filter((each) => each.code === code)
    .map((each) => each.text)
    .join('\n');
const orderOf = (made: Plan): string[] =>
  made.steps.map((each) => `${each.action.do} ${each.nodes.join(',')}${each.commit ? ' !' : ''}`);
const purged = (made: Plan) =>
  made.steps.flatMap(({ action }) => (action.do === 'purge-folder' ? [action] : []));

const lock: LockContent = {
  ...{ run: 'otherrun', user: 'bob', workstation: 'desk2', title: 'remove web1', at: '' },
  ...{ nodes: ['node1'], place: `${sharedDirectory}/web1` },
};
const replicaOf = (record: InstanceRecord): ReplicaRecord => ({
  version: 1,
  copy: 'acopy',
  source: 'node2',
  record,
  disks: [{ file: 'sda', type: 'raw', size: gib, content: null }],
  when: '2026-11-20T08:00:00.000Z',
  written: { by: 'root@desk', run: 'earlier' },
});

describe('what lies in the trash', () => {
  test('its name tells of whom and since when, its record what was promised', () => {
    expect(readTrashName('a.b.0f3a9c1d.20260131T120000Z')).toEqual({
      instance: 'a.b',
      uuid8: '0f3a9c1d',
      at: Date.parse('2026-01-31T12:00:00Z'),
    });
    for (const name of ['web1', 'web1.0f3a9c1d.2026', 'web1.0f3a9c1d.20261331T120000Z', '../x'])
      expect(readTrashName(name)).toBeNull();
    const [each, ...more] = trashOf(removed());
    expect(more).toEqual([]);
    expect(each).toMatchObject({
      path: trashPath,
      nodes: everyNode,
      instance: 'web1',
      uuid: uuidOf('web1'),
      removedAt: Date.parse('2026-11-25T12:00:00Z'),
      allocated: 12_288,
      promised: 3 * gib,
    });
  });

  test('what an older version remembered is not known, not nothing', () => {
    const [each] = trashOf(withTrash(soundCluster(), [{ name: trashName, record: null, lock: null }]));
    expect(each).toMatchObject({
      files: null,
      allocated: null,
      promised: null,
      uuid: null,
      instance: 'web1',
    });
  });

  test('it expires after the days of the setting, and never where its age is not known', () => {
    const each = { removedAt: takenAt };
    expect(expiresAt(each, 7)).toBe(takenAt + 7 * 86_400_000);
    expect(isExpired(each, 7, takenAt + 7 * 86_400_000 - 1)).toBe(false);
    expect(isExpired(each, 7, takenAt + 7 * 86_400_000)).toBe(true);
    expect(isExpired({ removedAt: null }, 1, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  test('who removed it: the lock tells, or a run of this workstation', () => {
    const [each] = trashOf(removed());
    const [locked] = trashOf(removed({ lock: { ok: true, lock } }));
    if (!each || !locked) throw new Error('nothing there');
    const run = { title: 'Remove web1', subject: 'web1', startedAt: takenAt + 5000, who: 'ann@desk1' };
    expect(removedBy(each, [run])).toBe('ann@desk1');
    expect(removedBy(locked, [run])).toBe('bob@desk2');
    for (const other of [
      { ...run, title: 'Start web1' },
      { ...run, subject: 'web2' },
      { ...run, startedAt: takenAt - 5000 },
      { ...run, startedAt: takenAt + 86_400_000 },
    ])
      expect(removedBy(each, [other])).toBeNull();
  });

  test('files that lay elsewhere are no files of the folder', () => {
    const record = recordOf('web1');
    const disks = [...record.disks, { ...record.disks[0], logical_id: ['loop', 'raw', '/srv/base/sda'] }];
    const [each] = trashOf(
      removed({
        record: { ok: true, record: { ...record, disks: disks as InstanceRecord['disks'] } },
        files: [fileOf('sda'), fileOf('sdb'), fileOf('notes')],
      }),
    );
    const contents = each && trashContents(each);
    expect(contents?.named.map((file) => file.name)).toEqual(['sda', 'sdb']);
    expect(contents?.others.map((file) => file.name)).toEqual(['notes']);
    expect(contents?.outside).toEqual(['/srv/base/sda']);
  });
});

describe('purge', () => {
  test('deletes exactly the recorded files, after the lock and a look at every node', () => {
    const asked = purge(removed());
    expect(openReasons(asked).map((each) => each.code)).toEqual(['purge:web1']);
    expect(textOf(asked, 'purge:web1')).toBe(
      `${trashPath}/sda (1 GiB, 4 KiB on disk), ${trashPath}/sdb (2 GiB, 4 KiB on disk), record, xen.cfg and lock of ${trashPath}, then the folder: 8 KiB on disk. This can't be taken back.`,
    );
    const made = purge(removed(), [trashName], accepted);
    expect(openReasons(made)).toEqual([]);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'verdict node1,node2,node3',
      'check-no-overlays node1',
      'purge-folder node1 !',
    ]);
    expect(made.steps[1]?.action).toMatchObject({
      uuid: uuidOf('web1'),
      images: [`${trashPath}/sda`, `${trashPath}/sdb`],
    });
    expect(made.steps[2]?.action).toMatchObject({ directories: [sharedDirectory, localDirectory] });
    expect(purged(made)).toEqual([
      { do: 'purge-folder', folder: trashPath, files: ['sda', 'sdb'], run: 'run0000000000000' },
    ]);
    // the note of the removal stays
    expect(made.steps.some((each) => each.action.do === 'remove-tombstone')).toBe(false);
  });

  test('what the record does not name is kept and named, and so is the folder', () => {
    const made = purge(removed({ files: [fileOf('sda'), fileOf('sda.before-r1')] }), [trashName], accepted);
    expect(openReasons(made)).toEqual([]);
    expect(textOf(made, 'kept-files')).toBe(
      `The record does not name ${trashPath}/sda.before-r1 (1 GiB, 4 KiB on disk): it is kept, and so is the folder.`,
    );
    expect(textOf(made, 'purge:web1')).not.toMatch(/then the folder/);
    expect(purged(made)).toMatchObject([{ files: ['sda'], keep: ['sda.before-r1'] }]);
  });

  test('several at once: all are locked and looked at before the first is deleted; one named twice counts once', () => {
    const snapshot = withTrash(soundCluster(), [factsOf('web1'), factsOf('web2')]);
    const made = purge(snapshot, [trashName, nameOf('web2'), trashName], accepted);
    expect(openReasons(made)).toEqual([]);
    expect(orderOf(made)).toEqual([
      'lock node1',
      'lock node1',
      'verdict node1,node2,node3',
      'verdict node1,node2,node3',
      'check-no-overlays node1',
      'check-no-overlays node1',
      'purge-folder node1 !',
      'purge-folder node1',
    ]);
    expect(made.subject).toEqual({ kind: 'cluster', name: 'test' });
  });

  describe('an image in the trash on which another one builds', () => {
    const overlay = (backing: string, type: 'qcow2' | 'raw' = 'qcow2'): TrashFacts =>
      factsOf('web2', {
        record: {
          ok: true,
          record: recordOf('web2', {
            disks: [
              {
                logical_id: [type === 'raw' ? 'loop' : 'blktap', type, `${sharedDirectory}/web2/sda`],
                ...{ vdev: 'xvda', mode: 'rw', size: gib },
              },
            ],
          }),
        },
        files: [{ ...fileOf('sda'), type: 'qcow2', backing }],
      });
    const both = (backing: string, type: 'qcow2' | 'raw' = 'qcow2') =>
      withTrash(soundCluster(), [factsOf('web1'), overlay(backing, type)]);
    const trashed = `${sharedDirectory}/.trash/${nameOf('web2')}/sda, which was a disk of web2 and lies in the trash,`;

    test.each([
      ['where it lay', `${sharedDirectory}/web1/sda`],
      ['beside where the other one lay', '../web1/sda'],
      ['where it lies', `${trashPath}/sda`],
    ])('is not deleted: named by %s', (_, backing) => {
      const made = purge(both(backing), [trashName], accepted);
      expect(textOf(made, 'base-in-use')).toContain(
        `${trashed} builds on an image in ${trashPath}, so that can't be deleted`,
      );
      // what builds on it goes first, or with it
      expect(openReasons(purge(both(backing), [nameOf('web2')], accepted))).toEqual([]);
      const together = purge(both(backing), [trashName, nameOf('web2')], accepted);
      expect(openReasons(together)).toEqual([]);
      expect(
        together.steps.flatMap(({ action }) => (action.do === 'check-no-overlays' ? [action.besides] : [])),
      ).toEqual([
        [`${sharedDirectory}/.trash/${nameOf('web2')}/sda`],
        [`${trashPath}/sda`, `${trashPath}/sdb`],
      ]);
    });

    test('counts also when its record says raw: what is deleted is gone, should that be wrong', () => {
      const made = purge(both(`${sharedDirectory}/web1/sda`, 'raw'), [trashName], accepted);
      expect(textOf(made, 'base-in-use')).toContain(trashed);
    });

    test('an instance is not deleted either while one in the trash builds on it', () => {
      const snapshot = withTrash(withInstance(soundCluster(), 'web1'), [overlay('../web1/sda')]);
      const remove = (all: boolean): Plan =>
        planned(snapshot, { kind: 'remove', instance: 'web1', purge: all, timeoutSeconds: 0 });
      expect(textOf(remove(true), 'base-in-use')).toContain(
        `${trashed} builds on ${sharedDirectory}/web1/sda`,
      );
      expect(textOf(remove(false), 'base-in-use')).toBe('');
    });

    test('what is restored without its base says so, and where that is', () => {
      const made = restore(both('../web1/sda'), nameOf('web2'));
      expect(blocksOf(made)).toEqual([]);
      expect(textOf(made, 'base-missing')).toBe(
        `sda builds on ${sharedDirectory}/web1/sda, which node1 does not show: without it the disk can't be read.`,
      );
      expect(textOf(made, 'base-in-trash')).toContain(
        `lies in the trash as ${trashName}: restore that as well`,
      );
      const gone = restore(withTrash(soundCluster(), [overlay('../web1/sda')]), nameOf('web2'));
      expect(textOf(gone, 'base-missing')).toContain('which node1 does not show');
      expect(textOf(gone, 'base-in-trash')).toBe('');
      const other = withTrash(withInstance(soundCluster(), 'web1'), [overlay('../web1/sda')]);
      const onDisk = restore(other, nameOf('web2'));
      expect(textOf(onDisk, 'base-missing')).toBe('');
      expect(textOf(onDisk, 'base-is-disk')).toContain('is disk 0 of web1: if that was written to since');
      expect(
        textOf(restore(withTrash(soundCluster(), [overlay('/etc/shadow')]), nameOf('web2')), 'base-outside'),
      ).toContain('takes data from /etc/shadow');
    });
  });

  test('a discarded replica goes by its replica.json, also while its instance runs', () => {
    const record = recordOf('web1');
    const made = purge(
      removed(
        { record: null, replicaRecord: { ok: true, replica: replicaOf(record) } },
        withInstance(soundCluster(), 'web1', {}, 'node2'),
      ),
      [trashName],
      accepted,
    );
    expect(openReasons(made)).toEqual([]);
    expect(orderOf(made)[1]).toBe('check-unused node1,node2,node3');
    expect(purged(made)).toMatchObject([{ files: ['sda'], keep: ['sdb'] }]);
  });

  test('another instance of that name that runs does not stand in the way', () => {
    const other = withInstance(soundCluster(), 'web1', { uuid: uuidOf('other') }, 'node3');
    const made = purge(removed({}, other), [trashName], accepted);
    expect(openReasons(made)).toEqual([]);
    expect(orderOf(made)[1]).toBe('check-unused node1,node2,node3');
  });

  test('an empty folder goes', () => {
    const made = purge(
      withTrash(soundCluster(), [factsOf('web1', { record: null, files: [] })]),
      [trashName],
      accepted,
    );
    expect(openReasons(made)).toEqual([]);
    expect(orderOf(made)).toEqual(['lock node1', 'purge-folder node1 !']);
  });

  test('each node has a folder of its own: the node is named', () => {
    const local = ['node1', 'node2'].reduce(
      (made, node) => withTrash(made, [factsOf('web1')], [node], localDirectory),
      soundCluster(),
    );
    expect(blocksOf(purge(local, [trashName], accepted, localDirectory))).toEqual([
      `node1 and node2 each have a folder of their own called ${localDirectory}/.trash/${trashName}: say whose is meant.`,
    ]);
    const folders = [{ storageDirectory: localDirectory, trashName, node: 'node2' }];
    const made = planned(local, { kind: 'purge-trash', folders }, accepted);
    expect(openReasons(made)).toEqual([]);
    expect(orderOf(made).at(-1)).toBe('purge-folder node2 !');
  });

  const overlay = (base: string): Snapshot => {
    const record = recordOf('web2');
    const folder = folderOf(record);
    return withFolder(
      soundCluster(),
      everyNode,
      folderOf(record, {
        files: folder.files.map((file) => ({ ...file, type: 'qcow2' as const, backing: base })),
      }),
    );
  };

  test.each<[string, Snapshot, string]>([
    [
      'it is not there',
      soundCluster(),
      `No node that answers has ${trashName} in the trash of ${sharedDirectory}.`,
    ],
    [
      'its name is another',
      withTrash(soundCluster(), [factsOf('web2')]),
      `No node that answers has ${trashName} in the trash of ${sharedDirectory}; there are ${nameOf('web2')}.`,
    ],
    [
      'it is locked',
      removed({ lock: { ok: true, lock } }),
      `${trashPath} is locked by the run otherrun of bob@desk2 (remove web1). Resume that run, or break its lock once it is known that it has ended.`,
    ],
    [
      'it has a lock that can not be read',
      removed({ lock: { ok: false, error: 'no JSON' } }),
      `${trashPath} is locked, and its lock can't be read: no JSON. Resume that run, or break its lock once it is known that it has ended.`,
    ],
    [
      'it has a record that can not be read',
      removed({ record: { ok: false, error: 'It is cut off.' } }),
      `The record in ${trashPath} can't be read: It is cut off. Which files belong to it is not known, so none is deleted. Look at ${trashPath} on node1.`,
    ],
    [
      'it has a replica.json that can not be read',
      removed({ record: null, replicaRecord: { ok: false, error: 'It is cut off.' } }),
      `The record in ${trashPath} can't be read: It is cut off. Which files belong to it is not known, so none is deleted. Look at ${trashPath} on node1.`,
    ],
    [
      'it has no record',
      removed({ record: null, files: [fileOf('sda')] }),
      `${trashPath} holds no record, so nothing says which files belong to it, and none is deleted: sda (1 GiB, 4 KiB on disk). Restore it, or look at it on node1 and delete them there.`,
    ],
    [
      'its guest runs',
      withDomain(removed(), 'node2', domainOf('web1')),
      `node2 has the domain web1 (domain 7) of web1, whose folder is ${trashPath}: it may be running from these images. End it first.`,
    ],
    [
      'another image builds on it where it lies',
      removed({}, overlay(`${trashPath}/sda`)),
      `disk 0 of web2 (${sharedDirectory}/web2/sda) and disk 1 of web2 (${sharedDirectory}/web2/sdb) build on an image in ${trashPath}, so that can't be deleted: what is built on it would be lost. Restore it, and convert those images first, which makes them whole.`,
    ],
    [
      'another image builds on it where it lay',
      removed(
        {},
        changeFolder(overlay(`../web1/sda`), `${sharedDirectory}/web2`, (each) => ({
          files: each.files.slice(0, 1),
        })),
      ),
      `disk 0 of web2 (${sharedDirectory}/web2/sda) builds on an image in ${trashPath}, so that can't be deleted: what is built on it would be lost. Restore it, and convert that image first, which makes it whole.`,
    ],
  ])('is refused: %s', (_title, snapshot, sentence) => {
    const made = purge(snapshot, [trashName], accepted);
    expect(blocksOf(made)).toEqual([sentence]);
  });

  test('one that lay elsewhere is not touched, and said', () => {
    const record = recordOf('web1');
    const disks = record.disks.map((disk, index) =>
      index === 0
        ? disk
        : { ...disk, logical_id: ['loop', 'raw', '/srv/base/sdb'] as typeof disk.logical_id },
    );
    const made = purge(
      removed({ record: { ok: true, record: { ...record, disks } }, files: [fileOf('sda')] }),
      [trashName],
      accepted,
    );
    expect(openReasons(made)).toEqual([]);
    expect(textOf(made, 'outside')).toBe('/srv/base/sdb did not lie in the folder, and is not touched.');
  });

  test('no directory of the cluster, no way out of the trash', () => {
    expect(blocksOf(purge(removed(), [trashName], accepted, '/srv/other'))[0]).toMatch(
      /^\/srv\/other is not a storage directory of the cluster/,
    );
    expect(blocksOf(purge(removed(), ['../web1'], accepted))[0]).toMatch(
      /^No node that answers has \.\.\/web1/,
    );
  });

  test('a silent node that sees the storage must be vouched down, another one not', () => {
    const quiet = silent(removed(), 'node3');
    const made = purge(quiet, [trashName], accepted);
    expect(openReasons(made).map((each) => each.code)).toEqual(['vouch-down:node3']);
    expect(textOf(made, 'vouch-down:node3')).toBe(
      `node3 may see ${sharedDirectory}, and it does not answer (no route to host); last seen 5 min ago: whether it has an image of ${trashPath} open can't be told. Say how you know that it is down.`,
    );
    const given = purge(quiet, [trashName], {
      accept: ['purge:web1'],
      vouched: [{ node: 'node3', how: 'unplugged' }],
    });
    expect(openReasons(given)).toEqual([]);
    expect(orderOf(given)[1]).toBe('verdict node1,node2');
    const elsewhere = silent(
      withTrash(soundCluster(), [factsOf('web1')], ['node1'], localDirectory),
      'node3',
    );
    expect(openReasons(purge(elsewhere, [trashName], accepted, localDirectory))).toEqual([]);
  });
});

describe('the name is typed', () => {
  const given = (made: (approval: Approval) => Plan, ...accept: string[]): string[] =>
    openReasons(made({ accept, vouched: [] })).map((each) => each.code);

  test('the code of one holds its name; that of several, how many they are', () => {
    const one = (approval: Approval) => purge(removed(), [trashName], approval);
    expect(given(one, 'purge')).toEqual(['purge:web1']);
    expect(given(one, 'purge:web2')).toEqual(['purge:web1']);
    expect(given(one, 'purge:web1')).toEqual([]);
    const both = (approval: Approval) =>
      purge(
        withTrash(soundCluster(), [factsOf('web1'), factsOf('web2')]),
        [trashName, nameOf('web2')],
        approval,
      );
    // a list that grew since it was read is another one
    expect(given(both, 'purge:web1', 'purge:3-folders')).toEqual(['purge:2-folders', 'purge:2-folders']);
    expect(given(both, 'purge:2-folders')).toEqual([]);
  });
});

describe('restore', () => {
  test('brings a whole one back', () => {
    const made = restore(removed());
    expect(openReasons(made)).toEqual([]);
    expect(orderOf(made)).toContain('move-folder node1 !');
  });

  const elsewhere = recordOf('web9', { uuid: uuidOf('web1') });
  test.each<[string, Snapshot, string]>([
    [
      'the name is taken by an instance',
      withInstance(removed(), 'web1', { uuid: uuidOf('other') }),
      `web1 exists already: its record lies in ${sharedDirectory}/web1.`,
    ],
    [
      'the name is taken by a folder',
      withFolder(removed(), ['node2'], folderOf(recordOf('web1'), { record: null, config: null })),
      `The folder ${sharedDirectory}/web1 exists on node2.`,
    ],
    [
      'the name is taken by a domain',
      withDomain(removed(), 'node2', domainOf('web1', { uuid: uuidOf('other') })),
      'node2 has a domain called web1.',
    ],
    [
      'its uuid lives elsewhere',
      withFolder(removed(), everyNode, folderOf(elsewhere)),
      `${sharedDirectory}/web9 on node1, node2 and node3 is the instance with the uuid ${uuidOf('web1')} already: restored, it would be there twice. Discard or remove that one first.`,
    ],
    [
      'its uuid runs',
      withDomain(removed(), 'node3', domainOf('web9', { uuid: uuidOf('web1') })),
      `node3 has the domain web9 (domain 7) with the uuid ${uuidOf('web1')}: end it before its folder comes back.`,
    ],
    [
      'it is locked',
      removed({ lock: { ok: true, lock } }),
      `${trashPath} is locked by the run otherrun of bob@desk2 (remove web1). Resume that run, or break its lock once it is known that it has ended.`,
    ],
    [
      'its record can not be read',
      removed({ record: { ok: false, error: 'It is cut off.' } }),
      `The record in ${trashPath} can't be read: It is cut off. What it would be once it is restored is not known, so it stays where it is. Look at ${trashPath}/instance.json on node1.`,
    ],
    [
      'its name is no name of a removed instance',
      withTrash(soundCluster(), [factsOf('web1', { name: 'x' })]),
      `${trashName} is not the name of a removed instance: these look like web1.0f3a9c1d.20260131T120000Z.`.replace(
        trashName,
        'x',
      ),
    ],
    [
      'it is not there',
      soundCluster(),
      `No node that answers has ${trashName} in the trash of ${sharedDirectory}.`,
    ],
  ])('is refused: %s', (title, snapshot, sentence) => {
    const made = restore(snapshot, title.startsWith('its name is no') ? 'x' : trashName);
    expect(blocksOf(made)).toContain(sentence);
  });

  test('a replica comes back beside its instance, whose removal it does not forget', () => {
    const replica = replicaOf(recordOf('web1'));
    const facts = factsOf('web1', { record: null, replicaRecord: { ok: true, replica } });
    const local = (snapshot: Snapshot): Snapshot => withTrash(snapshot, [facts], ['node2'], localDirectory);
    const bring = (snapshot: Snapshot): Plan =>
      planned(snapshot, { kind: 'restore', storageDirectory: localDirectory, trashName });
    const made = bring(local(withInstance(soundCluster(), 'web1', {}, 'node1')));
    expect(openReasons(made)).toEqual([]);
    // the record names the node first, so that one which is silent later is asked for
    expect(orderOf(made)).toEqual([
      'lock node1',
      'write-record node1',
      'lock node2',
      'move-folder node2 !',
      'unlock node2',
      'unlock node1',
    ]);
    const named = withInstance(soundCluster(), 'web1', { replicaNodes: ['node2'] }, 'node1');
    expect(orderOf(bring(local(named)))).toEqual(['lock node2', 'move-folder node2 !', 'unlock node2']);
    const place = `${localDirectory}/web1`;
    const taken = withFolder(local(soundCluster()), ['node2'], {
      ...folderOf(recordOf('web1'), { record: null, config: null }),
      path: place,
      storage: localDirectory,
    });
    expect(blocksOf(bring(taken))).toEqual([`The folder ${place} exists on node2.`]);
  });
});

describe('the note of the removal, which stays for good', () => {
  const cutOffAtItsCommit = (made: Plan) => {
    const at = made.steps.findIndex((each) => each.commit);
    const run = runOf(made, at);
    const entry = run.steps[at];
    if (!entry) throw new Error('no point of no return');
    entry.state = 'running';
    return run;
  };

  test('does not keep a purge that was cut off from going on', () => {
    const made = purge(removed(), [trashName], accepted);
    expect(openReasons(made)).toEqual([]);
    expect(made.subject).toMatchObject({ uuid: uuidOf('web1') });
    expect(overtakenText(cutOffAtItsCommit(made), removed())).toBeNull();
  });

  test('nor what breaks the lock of a removal', () => {
    const locked = removed({ lock: { ok: true, lock } });
    const made = planned(
      locked,
      { kind: 'unlock', path: trashPath, run: 'otherrun' },
      { accept: ['break-lock'], vouched: [] },
    );
    expect(openReasons(made)).toEqual([]);
    expect(made.subject).toMatchObject({ uuid: uuidOf('web1') });
    expect(overtakenText(cutOffAtItsCommit(made), locked)).toBeNull();
  });
});
