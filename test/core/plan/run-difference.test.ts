/** What a run changed, by two looks at what it touches: kept small, and told fact by fact. */
import { expect, test } from 'vitest';
import { compareParts, sentenceOf } from '../../../core/plan/run-difference.ts';
import { partOf, runPart } from '../../../core/plan/run-part.ts';
import {
  changeFolder,
  domainOf,
  folderOf,
  gib,
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
} from '../../support/snapshot-builder.ts';
import { planned } from './support.ts';

const folder = `${sharedDirectory}/web1`;
const before = withInstance(withInstance(soundCluster(), 'web1'), 'db1', {}, 'node2');
const plan = planned(before, { kind: 'failover', instance: 'web1', target: 'node2', timeoutSeconds: 60 });

test('only what the run touches is kept, and it survives being written down', () => {
  const part = partOf(before, plan);
  expect(part.nodes.map((each) => each.folders.map(({ path }) => path))).toEqual([
    [folder],
    [folder],
    [folder],
  ]);
  // the other guest, and Domain-0, are none of its business
  expect(part.nodes.flatMap((each) => each.domains)).toEqual([]);
  expect(runPart.parse(JSON.parse(JSON.stringify(part)))).toEqual(part);
  const many = Array.from({ length: 300 }, (_, index) => `other${index}`).reduce(
    (made, name) => withInstance(made, name),
    before,
  );
  expect(JSON.stringify(partOf(many, plan)).length).toBe(JSON.stringify(part).length);
});

test('the same look twice is no difference', () => {
  expect(compareParts(partOf(before, plan), partOf(before, plan))).toEqual({ rows: [], unknown: [] });
});

test('facts that are others are told once for all nodes that show them', () => {
  const record = recordOf('web1', { primary: 'node2', generation: 2, id: 'other', adminState: 'up' });
  const moved = withDomain(
    changeFolder(before, folder, (each) => ({
      record: { ok: true as const, record },
      config: `${each.config}# new\n`,
      files: each.files.map((file) => (file.name === 'sda' ? { ...file, size: 2 * gib } : file)),
    })),
    'node2',
    domainOf('web1', { uuid: uuidOf('web1') }),
  );
  const { rows, unknown } = compareParts(partOf(before, plan), partOf(moved, plan));
  expect(unknown).toEqual([]);
  expect(rows.map(sentenceOf)).toEqual([
    `${folder} on node1, node2 and node3: primary node1 -> node2.`,
    `${folder} on node1, node2 and node3: generation 1 -> 2.`,
    `${folder} on node1, node2 and node3: shall run no -> yes.`,
    `${folder} on node1, node2 and node3: xen.cfg is another text.`,
    `${folder} on node1, node2 and node3: image sda raw, 1 GiB -> raw, 2 GiB.`,
    'web1 on node2: domain running, number 7, 512 MiB, 1 processor is new.',
  ]);
});

test('a folder that is gone takes what its record said with it; its files are named', () => {
  const remove = planned(before, { kind: 'remove', instance: 'web1', purge: false, timeoutSeconds: 0 });
  const to = remove.steps.flatMap(({ action }) => (action.do === 'move-folder' ? [action.to] : []))[0] ?? '';
  const name = to.split('/').at(-1) ?? '';
  const gone = ['node1', 'node2', 'node3'].reduce(
    (made, node) =>
      withFacts(made, node, (facts) => ({
        folders: facts.folders.filter((each) => each.path !== folder),
        tombstones: [uuidOf('web1')],
        storages: facts.storages.map((each) =>
          each.path === sharedDirectory ? { ...each, trash: [name] } : each,
        ),
      })),
    before,
  );
  const everywhere = ' on node1, node2 and node3';
  expect(compareParts(partOf(before, remove), partOf(gone, remove)).rows.map(sentenceOf)).toEqual([
    `${folder}${everywhere}: folder is gone.`,
    `${folder}${everywhere}: image sda raw, 1 GiB is gone.`,
    `${folder}${everywhere}: image sdb raw, 2 GiB is gone.`,
    `${to}${everywhere}: in the trash is new.`,
    `${uuidOf('web1')}${everywhere}: noted as removed yes is new.`,
  ]);
});

test('of a node that did not answer, or only long before, nothing is concluded', () => {
  const away = silent(before, 'node3');
  expect(compareParts(partOf(before, plan), partOf(away, plan))).toEqual({
    rows: [],
    unknown: ['node3 was not seen after, so what changed there is not known.'],
  });
  const old = compareParts(partOf(before, plan), partOf(before, plan, takenAt + 1));
  expect(old.rows).toEqual([]);
  expect(old.unknown).toHaveLength(3);
  // it had shown the folder before it fell silent: that it is gone must not be read from its silence
  const nothing = withFolder(soundCluster(), ['node1'], folderOf(recordOf('web1')));
  expect(compareParts(partOf(silent(nothing, 'node1'), plan), partOf(nothing, plan)).rows).toEqual([]);
});
