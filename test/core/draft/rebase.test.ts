import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findInstances } from '../../../core/cluster/instances.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { trashOf } from '../../../core/cluster/trash.ts';
import { afterPlan } from '../../../core/draft/after.ts';
import { baseOf, instancesOf } from '../../../core/draft/base.ts';
import { baseAfterRun } from '../../../core/draft/base-after-run.ts';
import type { Change, Draft } from '../../../core/draft/draft.ts';
import { draftPlan } from '../../../core/draft/draft-plan.ts';
import { type Planner, type Rebased, rebase } from '../../../core/draft/rebase.ts';
import {
  differenceForPeople,
  differenceOf,
  titlesForPeople,
  titlesOf,
  withConsents,
} from '../../../core/draft/titles.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { seededRandom } from '../../../core/plan/random.ts';
import {
  gib,
  localDirectory,
  sharedDirectory,
  silent,
  soundCluster,
  takenAt,
  withInstance,
  withLocalInstance,
} from '../../support/snapshot-builder.ts';
import { createIntent } from '../plan/support.ts';
import { planOf } from './chain.ts';

let runs = 0;
/** Another run and another chance each time, as in the application. */
const planner: Planner = (snapshot, { intent, accept }) => {
  runs += 1;
  const run = `r${String(runs).padStart(15, '0')}`.replaceAll(
    /\d/g,
    (digit) => 'abcdefghij'[Number(digit)] ?? 'a',
  );
  const plan = makePlan(
    snapshot,
    intent,
    { accept, vouched: [] },
    { now: takenAt + runs * 60_000, who: 'alice@desk', run, random: seededRandom(run) },
  );
  return { plan, fingerprint: run, texts: [] };
};
const changeOf = (intent: Intent, index: number, more: Partial<Change> = {}): Change => ({
  ...{ id: `c${index + 1}`, intent, accept: [], note: null, reviewed: null, applied: null },
  ...more,
});
const draftOf = (snapshot: Snapshot, ...intents: Intent[]): Draft => ({
  cluster: 'test',
  base: baseOf(snapshot, intents.flatMap(instancesOf)),
  changes: intents.map((intent, index) => changeOf(intent, index)),
});
const rebased = (snapshot: Snapshot, draft: Draft): Rebased => {
  const made = rebase(snapshot, draft, planner);
  // it goes over the boundary to the window
  expect(draftPlan.parse(JSON.parse(JSON.stringify(made.plan)))).toEqual(
    JSON.parse(JSON.stringify(made.plan)),
  );
  return made;
};
/** As when somebody has read all of it: its steps are kept. */
const reviewed = (snapshot: Snapshot, draft: Draft): Draft => {
  const { plan } = rebased(snapshot, draft);
  return {
    ...draft,
    changes: draft.changes.map((change) => {
      const view = plan.changes.find((each) => each.id === change.id)?.view;
      return { ...change, reviewed: view ? titlesOf(view.plan) : null };
    }),
  };
};
const outcomes = ({ plan }: Rebased): string[] => plan.changes.map((each) => each.outcome);
const done = (snapshot: Snapshot, intent: Intent): Snapshot =>
  afterPlan(snapshot, planOf(snapshot, intent, 20));

const seconds = { timeoutSeconds: 120 };
const start = (instance: string): Intent => ({ kind: 'start', instance });
// biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
const stop = (instance: string): Intent => ({ kind: 'stop', instance, ...seconds, then: 'force' });
const failover = (instance: string, target: string | null): Intent => ({
  ...{ kind: 'failover', instance, target },
  ...seconds,
});
const remove = (instance: string): Intent => ({ kind: 'remove', instance, purge: false, ...seconds });
const grow = (instance: string, size: number): Intent => ({
  ...{ kind: 'grow', instance, disk: 0, size, by: false },
});
const clone = (instance: string, name: string): Intent => ({
  ...{ kind: 'clone', instance, name },
  ...{ node: null, storageDirectory: null },
});
const rename = (instance: string, name: string): Intent => ({ kind: 'rename', instance, name });
const create = (name: string, change: Parameters<typeof createIntent>[0] = {}): Intent =>
  createIntent({ name, start: false, ...change });

const cluster = soundCluster();
const world = withInstance(withInstance(withInstance(cluster, 'web1'), 'web2'), 'web3');
const ten: Intent[] = [
  create('new1'),
  start('new1'),
  failover('new1', 'node2'),
  stop('new1'),
  grow('new1', 8 * gib),
  clone('new1', 'new2'),
  rename('new2', 'new3'),
  start('new3'),
  failover('new3', 'node3'),
  remove('new1'),
];

describe('ten changes, each of which rests on those before it', () => {
  test('come to what was reviewed, however often they are planned', () => {
    const draft = reviewed(cluster, draftOf(cluster, ...ten));
    const again = rebased(cluster, draft);
    expect(outcomes(again)).toEqual(ten.map(() => 'unchanged'));
    expect(again.plan.changes.flatMap((each) => each.reasons)).toEqual([]);
    expect(again.plan.changes.flatMap((each) => each.difference.filter(({ sign }) => sign !== ' '))).toEqual(
      [],
    );
    expect(again.plan.changes.every((each) => each.difference.length > 0)).toBe(true);
    expect(findInstances(again.after, 'new3')[0]).toMatchObject({ status: 'running', primary: 'node3' });
    expect(findInstances(again.after, 'new1')).toEqual([]);
  });

  test('are planned without a connection as well, with the age of what they rest on', () => {
    const dark = ['node1', 'node2', 'node3'].reduce((made, node) => silent(made, node), cluster);
    const { plan } = rebased(dark, draftOf(cluster, ...ten));
    expect([plan.offline, plan.at]).toEqual([true, takenAt - 300_000]);
    expect(plan.changes.map((each) => each.outcome)).toEqual(ten.map(() => 'unchanged'));
    expect(plan.changes[0]?.unknown).toEqual([
      `Free space in ${sharedDirectory} on node1 was 500 GiB, 5 min ago.`,
    ]);
    expect(plan.changes[1]?.unknown).toEqual(['Free memory of node1 was 4 GiB, 5 min ago.']);
    // and the plans themselves are whole
    expect(plan.changes.every((each) => (each.view?.plan.steps.length ?? 0) > 0)).toBe(true);
  });

  test('cost what they copy, promise, take and interrupt', () => {
    const { plan } = rebased(cluster, draftOf(cluster, ...ten));
    const { cost } = plan;
    expect(cost.newBytes).toBe(5 * gib + 10 * gib + 3 * gib + 18 * gib);
    expect(cost.nodes).toEqual([
      { node: 'node1', freeMib: 4096, freeMibAfter: 4096 },
      { node: 'node2', freeMib: 4096, freeMibAfter: 4096 },
      { node: 'node3', freeMib: 4096, freeMibAfter: 4096 - 512 },
    ]);
    expect(cost.down.map((each) => each.instance)).toEqual(['new1', 'new3']);
    expect(cost.storage.filter((each) => each.path === sharedDirectory)).toMatchObject([
      { nodes: ['node1', 'node2', 'node3'], freeBytes: 500 * gib },
    ]);
    expect(cost.storage.length).toBe(4);
    expect(plan.changes[1]?.cost.memory).toEqual([{ node: 'node1', mib: 512 }]);
    expect(plan.changes[2]?.cost.memory).toEqual([
      { node: 'node1', mib: -512 },
      { node: 'node2', mib: 512 },
    ]);
  });
});

describe('a cluster that has changed meanwhile', () => {
  test('each change is as reviewed, another one, impossible, or done already', () => {
    const draft = reviewed(
      world,
      draftOf(
        world,
        start('web1'),
        failover('web2', 'node2'),
        grow('web3', 2 * gib),
        create('web4'),
        remove('web3'),
      ),
    );
    expect(outcomes(rebased(world, draft))).toEqual([
      ...['unchanged', 'unchanged', 'unchanged', 'unchanged', 'unchanged'],
    ]);
    const changed = [
      start('web1'),
      start('web2'),
      create('web4', { primary: 'node3' }),
      grow('web3', 2 * gib),
    ].reduce(done, world);
    const now = rebased(changed, draft);
    expect(outcomes(now)).toEqual(['done-already', 'changed', 'done-already', 'impossible', 'changed']);
    const [first, second, third, fourth, fifth] = now.plan.changes;
    expect(first).toMatchObject({ view: null, reasons: ['web1 runs already.'] });
    // it has to be stopped first by now
    expect(second?.difference.filter(({ sign }) => sign === '+').map((each) => each.text)).toContain(
      'node1: Shut web2 down on node1, for at most 120 s',
    );
    expect(second?.difference.some(({ sign }) => sign === ' ')).toBe(true);
    expect(second?.reasons).toEqual([
      expect.stringMatching(
        /^web2 was changed since this was drafted \(generation 1 as before; its record was last written by alice@desk at /,
      ),
    ]);
    expect(third?.reasons).toEqual(['Disk 0 of web3 has that size already.']);
    expect(fourth?.reasons.length).toBeGreaterThan(1);
    expect(fourth?.reasons.join()).toContain('web4 exists already');
    // its steps are what was reviewed, but somebody else was there: that is not passed over
    expect(fifth?.difference.every(({ sign }) => sign === ' ')).toBe(true);
    expect(fifth?.reasons.join()).toContain('web3 was changed since');
  });

  test('another instance under the old name is told', () => {
    const draft = draftOf(world, start('web1'));
    const made = rebased([remove('web1'), create('web1')].reduce(done, world), draft);
    expect(outcomes(made)).toEqual(['changed']);
    expect(made.plan.changes[0]?.reasons.join()).toContain('another instance than the one');
  });

  test('an instance that was renamed is not found, and it is said how it is called now', () => {
    const draft = draftOf(world, start('web1'), rename('web1', 'www'));
    const made = rebased(done(world, rename('web1', 'www')), draft);
    expect(outcomes(made)).toEqual(['impossible', 'done-already']);
    expect(made.plan.changes[0]?.reasons.join()).toContain('web1 is called www now');
  });

  test('a handed over instance shows the generations', () => {
    const draft = reviewed(world, draftOf(world, start('web1')));
    const made = rebased(done(world, failover('web1', 'node2')), draft);
    expect(outcomes(made)).toEqual(['changed']);
    expect(made.plan.changes[0]?.reasons.join()).toContain('generation 1 -> 2');
  });

  test('what the draft itself did is no news', () => {
    const draft = reviewed(world, draftOf(world, failover('web1', 'node2'), start('web1')));
    const made = planOf(world, failover('web1', 'node2'), 3);
    const applied = { run: made.run, at: takenAt, outcome: 'done' as const };
    const then = afterPlan(world, made);
    const half: Draft = {
      ...draft,
      base: baseAfterRun(draft.base, made, world, then),
      changes: draft.changes.map((each) => (each.id === 'c1' ? { ...each, applied } : each)),
    };
    expect(outcomes(rebased(then, half))).toEqual(['done-already', 'unchanged']);
    // but what came after it is
    const later = rebased(done(then, grow('web1', 2 * gib)), half);
    expect(outcomes(later)).toEqual(['done-already', 'changed']);
    // so is a configuration that was edited by hand, though the draft's own run was the last to write the record
    const configured = structuredClone(then);
    for (const { facts } of configured.nodes)
      for (const folder of facts?.folders ?? [])
        if (folder.name === 'web1' && folder.config !== null) folder.config += 'memory = 9999\n';
    const byHand = rebased(configured, half);
    expect(outcomes(byHand)).toEqual(['done-already', 'changed']);
    expect(byHand.plan.changes[1]?.reasons.join()).toContain('web1 was changed since');
    // and a mark that was written into the file by hand hides nobody's run
    const forged: Draft = { ...draft, changes: half.changes };
    expect(outcomes(rebased(then, forged))).toEqual(['done-already', 'changed']);
  });

  test.each(['create', 'restore'] as const)(
    "somebody else's instance of the name that a %s was to make is never grown or purged",
    (kind) => {
      const purge: Intent = { kind: 'remove', instance: 'tmp1', purge: true, ...seconds };
      const removed = [create('tmp1'), remove('tmp1')].reduce(done, cluster);
      const from = kind === 'create' ? cluster : removed;
      const make: Intent =
        kind === 'create'
          ? create('tmp1')
          : {
              ...{ kind: 'restore', storageDirectory: sharedDirectory },
              trashName: trashOf(removed)[0]?.name ?? '',
            };
      const draft = reviewed(from, draftOf(from, make, grow('tmp1', 8 * gib), purge));
      expect(outcomes(rebased(from, draft))).toEqual(['unchanged', 'unchanged', 'unchanged']);
      const made = rebased(done(from, make), draft);
      expect(outcomes(made)).toEqual(['impossible', 'changed', 'changed']);
      for (const each of made.plan.changes.slice(1))
        expect(each.reasons.join()).toContain('made by somebody else');
    },
  );

  test('what its own run made is done, and known to the changes after it', () => {
    const draft = reviewed(cluster, draftOf(cluster, create('tmp1'), grow('tmp1', 8 * gib)));
    const made = planOf(cluster, create('tmp1'), 3);
    const then = afterPlan(cluster, made);
    const [first, second] = draft.changes;
    if (!first || !second) throw new Error('two changes');
    const applied = { run: made.run, at: takenAt, outcome: 'started' as const };
    const base = baseAfterRun(draft.base, made, cluster, then);
    const half: Draft = { ...draft, base, changes: [{ ...first, applied }, second] };
    expect(outcomes(rebased(then, half))).toEqual(['done-already', 'unchanged']);
  });

  test('a reviewed draft that knows no instance passes over none', () => {
    const draft: Draft = { ...reviewed(world, draftOf(world, start('web1'))), base: null };
    const made = rebased(world, draft);
    expect(outcomes(made)).toEqual(['changed']);
    expect(made.plan.changes[0]?.reasons.join()).toContain('not an instance that this draft knows');
  });

  test('of a run that was begun it is said that it has to be seen to', () => {
    const applied = { run: 'abcabcabcabcabca', at: takenAt, outcome: 'started' as const };
    const draft: Draft = {
      ...draftOf(world, start('web1')),
      changes: [changeOf(start('web1'), 0, { applied })],
    };
    const made = rebased(world, draft);
    expect(outcomes(made)).toEqual(['changed']);
    expect(made.plan.changes[0]?.reasons.join()).toContain('has not come to an end');
  });

  test('removed and purged already, and a copy that lies there already', () => {
    const local = withLocalInstance(world, 'app', 'node1', { secondary: 'node2' });
    const draft = draftOf(
      local,
      remove('web1'),
      { kind: 'replicate', instance: 'app', node: 'node2' },
      { kind: 'discard', instance: 'app', node: 'node3', path: `${localDirectory}/app` },
    );
    const changed = [remove('web1'), { kind: 'replicate' as const, instance: 'app', node: 'node2' }].reduce(
      done,
      local,
    );
    expect(outcomes(rebased(changed, draft))).toEqual(['done-already', 'done-already', 'done-already']);
  });
});

describe('what can not be', () => {
  test('of what is too little by figures of long ago, their age is told', () => {
    const dark = ['node1', 'node2', 'node3'].reduce((made, node) => silent(made, node), cluster);
    const guest = { type: 'pv' as const, memoryMib: 9000, vcpus: 1, kernel: '/boot/vmlinuz' };
    const { plan } = rebased(dark, draftOf(dark, create('new1', { guest, start: true })));
    expect(plan.changes[0]).toMatchObject({ outcome: 'impossible' });
    expect(plan.changes[0]?.unknown).toContain('Free memory of node1 was 4 GiB, 5 min ago.');
  });

  test('every reason is told, and what comes after it and speaks of the same is told as well', () => {
    const draft = draftOf(
      world,
      create('new1', { primary: 'node9', storageDirectory: '/etc' }),
      start('new1'),
      start('web1'),
    );
    const { plan } = rebased(world, draft);
    expect(plan.changes.map((each) => each.outcome)).toEqual(['impossible', 'impossible', 'unchanged']);
    expect(plan.changes[0]?.reasons.length).toBeGreaterThan(1);
    expect(plan.changes[1]?.unknown).toEqual([
      "c1, which comes before it, can't be: this is planned as if it were not there.",
    ]);
    expect(plan.changes[0]?.cost.newBytes).toBe(0);
  });

  test('a consent is asked for, and once it is given it is told that it was', () => {
    const purge: Intent = { kind: 'remove', instance: 'web1', purge: true, ...seconds };
    const asked = rebased(world, draftOf(world, purge)).plan.changes[0];
    expect(asked).toMatchObject({ outcome: 'unchanged', cost: { consents: [{ given: false }] } });
    const code = asked?.cost.consents[0]?.code ?? '';
    const given: Draft = { ...draftOf(world, purge), changes: [changeOf(purge, 0, { accept: [code] })] };
    expect(rebased(world, given).plan.cost.consents).toMatchObject([{ code, given: true }]);
  });

  test('a consent is part of what was reviewed', () => {
    const purge: Intent = { kind: 'remove', instance: 'web1', purge: true, ...seconds };
    const draft = reviewed(world, draftOf(world, purge));
    const code = rebased(world, draft).plan.changes[0]?.cost.consents[0]?.code ?? '';
    const lines = draft.changes[0]?.reviewed ?? [];
    expect(lines).toContain(`consent: ${code}, not given`);
    const withFirst = (more: Partial<Change>): Draft => ({
      ...draft,
      changes: draft.changes.map((each) => ({ ...each, ...more })),
    });
    // written into the file by hand
    expect(outcomes(rebased(world, withFirst({ accept: [code] })))).toEqual(['changed']);
    // given with the plan in view
    expect(
      outcomes(rebased(world, withFirst({ accept: [code], reviewed: withConsents(lines, [code]) }))),
    ).toEqual(['unchanged']);
    // one that the reviewed plan did not ask for is not passed over because the file holds it
    const before = lines.filter((each) => !each.startsWith('consent: '));
    expect(
      outcomes(rebased(world, withFirst({ accept: [code], reviewed: withConsents(before, [code]) }))),
    ).toEqual(['changed']);
  });

  test('while some nodes answer, the silence of another is a reason', () => {
    const made = rebased(silent(world, 'node2'), draftOf(world, failover('web1', 'node2')));
    expect(made.plan.offline).toBe(false);
    expect(outcomes(made)).toEqual(['impossible']);
  });

  test('while none answers, a node that never did is unknown, and no reason', () => {
    const dark = ['node1', 'node3'].reduce(
      (made, node) => silent(made, node),
      silent(world, 'node2', 'unreachable', 'never'),
    );
    const { plan } = rebased(
      dark,
      draftOf(world, failover('web1', 'node2'), create('new1', { primary: 'node2', secondary: null })),
    );
    expect(plan.changes.map((each) => each.outcome)).toEqual(['unchanged', 'unchanged']);
    expect(plan.changes[0]?.unknown.join('\n')).toContain("node2 can't be worked on");
    expect(plan.cost.consents).toEqual([]);
    // but what stands against it whoever answers still does
    const twice = rebased(dark, draftOf(world, create('web1'))).plan.changes[0];
    expect(twice?.outcome).toBe('impossible');
  });

  test('nobody has ever answered: nothing is known, and that is said', () => {
    const never = ['node1', 'node2', 'node3'].reduce(
      (made, node) => silent(made, node, 'unreachable', 'never'),
      cluster,
    );
    const { plan } = rebased(never, draftOf(never, create('new1')));
    expect([plan.at, plan.offline]).toEqual([null, true]);
    expect(plan.changes[0]?.unknown.length).toBeGreaterThan(0);
  });
});

test('what an effect leaves open is said by the change that works there', () => {
  const convert: Intent = { kind: 'convert', instance: 'web1', disk: 0, to: 'qcow2', driver: 'blktap' };
  const { plan } = rebased(world, draftOf(world, convert, clone('web1', 'copy'), start('web2')));
  expect(plan.changes.map((each) => each.outcome)).toEqual(['unchanged', 'unchanged', 'unchanged']);
  expect(plan.changes[1]?.unknown.join()).toContain(
    `After c1: How many bytes ${sharedDirectory}/web1/sda takes`,
  );
  expect(plan.changes[2]?.unknown).toEqual([]);
});

test('the names of files that are kept do not count as a difference', () => {
  const draft = reviewed(
    world,
    draftOf(
      world,
      { kind: 'disk-remove', instance: 'web1', disk: 1, purge: false },
      { kind: 'convert', instance: 'web1', disk: 0, to: 'qcow2', driver: 'blktap' },
    ),
  );
  expect(draft.changes[0]?.reviewed?.join('\n')).toContain('sdb.removed-RUN');
  expect(outcomes(rebased(world, draft))).toEqual(['unchanged', 'unchanged']);
});

test('a difference holds every line of both, in their order', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, now) => {
      const made = differenceOf(before, now);
      expect(made.filter(({ sign }) => sign !== '+').map((each) => each.text)).toEqual(before);
      expect(made.filter(({ sign }) => sign !== '-').map((each) => each.text)).toEqual(now);
      if (before.join() === now.join()) expect(made.every(({ sign }) => sign === ' ')).toBe(true);
    }),
  );
});

test('people are told that the words were edited, and are not shown what only a program can compare', () => {
  const snapshot = withInstance(soundCluster(), 'web1');
  const stop = (timeoutSeconds: number): Intent => ({
    // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
    ...{ kind: 'stop', instance: 'web1', timeoutSeconds, then: 'force' },
  });
  const read = titlesOf(planOf(snapshot, stop(60), 1));
  const same = differenceForPeople(differenceOf(read, read));
  expect(same.edited).toBe(null);
  expect(same.lines.map(({ text }) => text)).toEqual(titlesForPeople(read));
  const edited = differenceForPeople(differenceOf(read, titlesOf(planOf(snapshot, stop(61), 2))));
  expect(edited.edited).toBe('Its words were edited since.');
  expect(JSON.stringify(edited)).not.toContain('words of this change');
  const steps = titlesForPeople(read);
  expect(steps.length).toBe(read.length - 1);
  const other = differenceForPeople(differenceOf(['node9: Lock the instance', ...read.slice(1)], read));
  expect(other.edited).toBe(null);
  expect(other.lines.slice(0, 2).map(({ sign }) => sign)).toEqual(['-', '+']);
});
