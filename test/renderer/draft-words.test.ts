import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../core/draft/draft.ts';
import type { PlannedChange } from '../../core/draft/draft-plan.ts';
import {
  costWords,
  countStates,
  draftName,
  isChoosable,
  isUnread,
  memoryAfter,
  movedBefore,
  nameToType,
  openConsents,
  stateOf,
  totalOf,
} from '../../renderer/model/draft-words.ts';

const change = (more: Partial<Change> = {}): Change => ({
  id: 'c1',
  intent: { kind: 'start', instance: 'web1' },
  accept: [],
  note: null,
  reviewed: ['node1: Start it'],
  applied: null,
  ...more,
});

const planned = (
  outcome: PlannedChange['outcome'],
  cost: Partial<PlannedChange['cost']> = {},
): PlannedChange => ({
  id: 'c1',
  outcome,
  view: null,
  difference: [],
  reasons: [],
  unknown: [],
  cost: { copiedBytes: 0, newBytes: 0, memory: [], down: [], consents: [], ...cost },
});

const applied = (outcome: NonNullable<Change['applied']>['outcome']) => ({ run: 'r1', at: 1, outcome });

describe('what may be chosen', () => {
  it('is what does what somebody has read, and nothing else', () => {
    expect(isChoosable(change(), planned('unchanged'))).toBe(true);
    for (const outcome of ['changed', 'impossible', 'done-already'] as const)
      expect(isChoosable(change(), planned(outcome))).toBe(false);
    expect(isChoosable(change(), undefined)).toBe(false);
    expect(isChoosable(change({ reviewed: null }), planned('unchanged'))).toBe(false);
    expect(isUnread(change({ reviewed: null }), planned('unchanged'))).toBe(true);
  });

  it('never is what was applied, or is being applied; what failed may be tried again', () => {
    expect(isChoosable(change({ applied: applied('done') }), planned('unchanged'))).toBe(false);
    expect(isChoosable(change({ applied: applied('started') }), planned('unchanged'))).toBe(false);
    for (const outcome of ['undone', 'failed', 'unknown'] as const) {
      expect(isChoosable(change({ applied: applied(outcome) }), planned('unchanged'))).toBe(true);
      expect(isChoosable(change({ applied: applied(outcome) }), planned('changed'))).toBe(false);
    }
  });
});

it('a mark that it was applied comes before what the plan says', () => {
  expect(stateOf(change({ applied: applied('done') }), planned('impossible'))).toBe('applied');
  expect(stateOf(change({ applied: applied('started') }), planned('done-already'))).toBe('started');
  expect(stateOf(change({ applied: applied('undone') }), planned('done-already'))).toBe('done-already');
  expect(stateOf(change(), undefined)).toBe('planning');
  expect(countStates(['changed', 'unchanged', 'changed'])).toEqual([
    { state: 'unchanged', amount: 1 },
    { state: 'changed', amount: 2 },
  ]);
});

it('is named by its file', () => {
  expect(draftName('/home/mara/drafts/relieve-hera-2.vbdesk.yaml')).toBe('relieve-hera-2');
  expect(draftName('C:\\drafts\\a.yml')).toBe('a');
  expect(draftName('.vbdesk.yaml')).toBe('.vbdesk');
  expect(draftName('plain')).toBe('plain');
});

it('what is lost for good is typed, every other consent is a tick', () => {
  expect(nameToType('purge:web1.example.org')).toBe('web1.example.org');
  expect(nameToType('discard:web1@node2')).toBe('web1');
  expect(nameToType('remove:sda')).toBe('sda');
  expect(nameToType('older-xen')).toBeNull();
  expect(
    openConsents(
      planned('unchanged', {
        consents: [
          { code: 'a', title: 'A', text: '', given: true },
          { code: 'b', title: 'B', text: '', given: false },
        ],
      }),
    ).map((each) => each.code),
  ).toEqual(['b']);
});

it('a move is told by the change that it then stands before', () => {
  const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(ids, fc.nat(), fc.constantFrom(-1 as const, 1 as const), (list, seed, by) => {
      const at = seed % list.length;
      const id = list[at] ?? '';
      const before = movedBefore(list, id, by);
      const to = at + by;
      if (to < 0 || to >= list.length) {
        expect(before).toBeUndefined();
        return;
      }
      const rest = list.filter((each) => each !== id);
      const place = before === null || before === undefined ? rest.length : rest.indexOf(before);
      expect(rest.toSpliced(place, 0, id).indexOf(id)).toBe(to);
    }),
  );
});

it('costs are added up: bytes, downtime of each instance, memory of each node', () => {
  const GIB = 2 ** 30;
  const total = totalOf([
    planned('unchanged', {
      copiedBytes: GIB,
      down: [{ instance: 'web1', seconds: 30 }],
      memory: [
        { node: 'node1', mib: -1024 },
        { node: 'node2', mib: 1024 },
      ],
    }),
    planned('unchanged', {
      newBytes: 2 * GIB,
      down: [
        { instance: 'web1', seconds: 5 },
        { instance: 'db1', seconds: 600 },
      ],
      memory: [{ node: 'node2', mib: 512 }],
      consents: [{ code: 'a', title: 'A', text: '', given: true }],
    }),
  ]);
  expect(total.down).toEqual([
    { instance: 'db1', seconds: 600 },
    { instance: 'web1', seconds: 35 },
  ]);
  expect([...total.memory]).toEqual([
    ['node1', -1024],
    ['node2', 1536],
  ]);
  expect(total).toMatchObject({ copiedBytes: GIB, newBytes: 2 * GIB, consentsGiven: 1, consentsAsked: 1 });
  expect(costWords(planned('unchanged').cost)).toBe('no downtime');
  expect(
    costWords(planned('unchanged', { copiedBytes: GIB, down: [{ instance: 'web1', seconds: 90 }] }).cost),
  ).toBe('copies 1.0 GiB, down about 1 min 30 s');
  expect(memoryAfter(1024, 2048)).toEqual({ text: '1.0 GiB short', short: true });
  expect(memoryAfter(2048, -1024)).toEqual({ text: '3.0 GiB', short: false });
});
