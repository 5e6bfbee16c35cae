/** Which silent nodes have to be vouched down before a start, and which not. */
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import {
  changeFolder,
  domainOf,
  recordOf,
  sharedDirectory,
  silent,
  soundCluster,
  takenAt,
  withDomain,
  withFacts,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { isOpen, planned, reasonsBy, textOf } from './support.ts';

const folder = `${sharedDirectory}/web1`;
const stopped = withInstance(soundCluster(), 'web1');
const start = (snapshot: Snapshot, vouched: string[] = [], accept: string[] = []): Plan =>
  planned(
    snapshot,
    { kind: 'start', instance: 'web1' },
    { accept, vouched: vouched.map((node) => ({ node, how: 'I pulled its plug' })) },
  );
const recordsOf = (made: Plan) =>
  made.steps.flatMap((each) => (each.action.do === 'write-record' ? [each.action.record] : []));

describe('start with silent nodes', () => {
  const vouchings = [
    { node: 'node2', who: 'a@b', how: 'x', when: new Date(takenAt - 100_000).toISOString() },
  ];
  const taken = { primary: 'node1', secondary: 'node2', formerPrimaries: ['node2'] };
  const needs: [string, Snapshot, string[]][] = [
    ['shared storage, a node that never held it', silent(stopped, 'node3'), []],
    ['shared storage, its secondary', silent(stopped, 'node2'), []],
    ['shared storage, a former primary', silent(withInstance(soundCluster(), 'web1', taken), 'node2'), []],
    [
      'a former primary that was only vouched down, and showed the record of before last',
      silent(
        changeFolder(
          withInstance(soundCluster(), 'web1', { ...taken, ancestors: ['b'], vouchings }),
          folder,
          () => ({ record: { ok: true, record: recordOf('web1', { id: 'b' }) } }),
          ['node2'],
        ),
        'node2',
      ),
      ['vouch-down:node2'],
    ],
    [
      'one that was vouched down once more since it showed the first word',
      silent(
        changeFolder(
          withInstance(soundCluster(), 'web1', {
            ...taken,
            ancestors: ['b'],
            vouchings: [...vouchings, ...vouchings],
          }),
          folder,
          () => ({ record: { ok: true, record: recordOf('web1', { ...taken, id: 'b', vouchings }) } }),
          ['node2'],
        ),
        'node2',
      ),
      ['vouch-down:node2'],
    ],
    [
      'one that did not show the folder last',
      silent(
        withFacts(withInstance(soundCluster(), 'web1', { ...taken, vouchings }), 'node2', () => ({
          folders: [],
        })),
        'node2',
      ),
      ['vouch-down:node2'],
    ],
    [
      'one that showed the record with the word on it, and no domain',
      silent(withInstance(soundCluster(), 'web1', { ...taken, vouchings }), 'node2'),
      [],
    ],
    [
      'one whose address led to another machine then',
      silent(
        withFacts(withInstance(soundCluster(), 'web1', { ...taken, vouchings }), 'node2', () => ({
          bootId: 'boot-node1',
        })),
        'node2',
      ),
      ['vouch-down:node2'],
    ],
    [
      'one that showed the record with the word on it, and of which more was recorded since',
      silent(
        changeFolder(
          withInstance(soundCluster(), 'web1', {
            ...taken,
            ancestors: ['b'],
            vouchings: [...vouchings, ...vouchings.map((each) => ({ ...each, node: 'node3' }))],
          }),
          folder,
          () => ({ record: { ok: true, record: recordOf('web1', { ...taken, id: 'b', vouchings }) } }),
          ['node2'],
        ),
        'node2',
      ),
      [],
    ],
    [
      'one that showed the record with the word on it, and the domain',
      silent(
        withDomain(withInstance(soundCluster(), 'web1', { ...taken, vouchings }), 'node2', domainOf('web1')),
        'node2',
      ),
      ['vouch-down:node2'],
    ],
    [
      'and never seen from here',
      silent(withInstance(soundCluster(), 'web1', { ...taken, vouchings }), 'node2', 'unreachable', 'never'),
      ['vouch-down:node2'],
    ],
    [
      'a node that showed the domain last',
      silent(withDomain(stopped, 'node3', domainOf('web1')), 'node3'),
      ['vouch-down:node3'],
    ],
    [
      'a node that restores it at boot',
      silent(
        withFacts(stopped, 'node3', () => ({ saves: ['web1'] })),
        'node3',
      ),
      ['vouch-down:node3'],
    ],
    [
      'local storage, a node that never held it',
      silent(withLocalInstance(soundCluster(), 'web1', 'node1'), 'node3'),
      [],
    ],
    [
      'local storage, its secondary',
      silent(withLocalInstance(soundCluster(), 'web1', 'node1'), 'node2'),
      ['vouch-down:node2'],
    ],
    [
      'local storage, a former primary',
      silent(withLocalInstance(soundCluster(), 'web1', 'node1', { formerPrimaries: ['node3'] }), 'node3'),
      ['vouch-down:node3'],
    ],
  ];
  test.each(needs)('%s', (_title, snapshot, codes) => {
    const made = start(snapshot);
    expect(reasonsBy(made, 'consent')).toEqual(codes);
    expect(reasonsBy(made, 'blocks')).toEqual([]);
  });

  test.each([0, takenAt - 900_000, takenAt + 900_000])(
    'no clock says whether a node was seen since: the word was given at %s',
    (given) => {
      const word = { node: 'node2', who: 'a@b', how: 'x', when: new Date(given).toISOString() };
      const now = withInstance(soundCluster(), 'web1', { ...taken, ancestors: ['b'], vouchings: [word] });
      const before = changeFolder(
        now,
        folder,
        () => ({ record: { ok: true, record: recordOf('web1', { id: 'b' }) } }),
        ['node2'],
      );
      expect(reasonsBy(start(silent(before, 'node2')), 'consent')).toEqual(['vouch-down:node2']);
      expect(reasonsBy(start(silent(now, 'node2')), 'consent')).toEqual([]);
    },
  );

  test('however many words there are, the last one on a node is not forgotten', () => {
    const word = { who: 'a@b', how: 'x', when: '' };
    const vouchings = [
      { ...word, node: 'node2' },
      ...Array.from({ length: 199 }, () => ({ ...word, node: 'node9' })),
    ];
    const snapshot = silent(
      withDomain(withInstance(soundCluster(), 'web1', { vouchings }), 'node3', domainOf('web1')),
      'node3',
    );
    const kept = recordsOf(start(snapshot, ['node3']))[0]?.vouchings ?? [];
    expect(kept).toHaveLength(200);
    expect([kept[0], kept.at(-1)]).toMatchObject([{ node: 'node2' }, { node: 'node3' }]);
  });

  test('only words for that very node are enough, and they are kept in the record', () => {
    const snapshot = silent(withDomain(stopped, 'node3', domainOf('web1')), 'node3');
    expect(isOpen(start(snapshot))).toBe(true);
    expect(isOpen(start(snapshot, [], ['vouch-down:node3']))).toBe(true);
    expect(isOpen(start(snapshot, ['node2']))).toBe(true);
    const made = start(snapshot, ['node3']);
    expect(isOpen(made)).toBe(false);
    expect(recordsOf(made)[0]?.vouchings).toEqual([
      { node: 'node3', who: 'alice@desk', how: 'I pulled its plug', when: new Date(takenAt).toISOString() },
    ]);
  });

  test('a node that only a membership file names is not forgotten', () => {
    const snapshot = withFacts(stopped, 'node1', (facts) => ({
      membership: facts.membership && {
        ...facts.membership,
        generation: 9,
        nodes: [...facts.membership.nodes, { name: 'node4', host: 'n4' }],
      },
    }));
    expect(textOf(start(snapshot), 'not-looked-at')).toMatch(/node4 .*a membership file names it/);
  });
});
