import { describe, expect, it, test } from 'vitest';
import { deriveInstances } from '../../core/cluster/instances.ts';
import { summaryOf } from '../../core/plan/run.ts';
import { filterRows, rowsOf, sortRows, totalsOf } from '../../renderer/model/instance-rows.ts';
import { actionsOf } from '../../renderer/model/instance-words.ts';
import { waitingRuns } from '../../renderer/model/run-words.ts';
import { formatRoute, parseRoute, type Route } from '../../renderer/navigation/route.ts';
import { ago, bytesOf, clock, memory, percent, shortBytes, span } from '../../renderer/parts/format.ts';
import { planDifference } from '../../renderer/plan/plan-difference.ts';
import { textDifference } from '../../renderer/plan/text-difference.ts';
import { connectIntent, newClusterForm } from '../../renderer/views/connect/connect-form.ts';
import { allErrors, initialForm, intentOf } from '../../renderer/views/create/create-form.ts';
import { poolsOf, racksOf } from '../../renderer/views/overview/overview-model.ts';
import { lockedFolder, lockedRun, lockSubject } from '../../renderer/views/review/intents.ts';
import { cancelImpossible, downTime, pictureOf, wordsOf } from '../../renderer/views/run/run-model.ts';
import { noApproval, planFor } from '../window/fixture/plans.ts';
import { makeRun } from '../window/fixture/runs.ts';
import { makeSnapshot } from '../window/fixture/world.ts';

const now = 1_795_600_000_000;
const snapshot = makeSnapshot(now);
const failover = planFor(
  { kind: 'failover', instance: 'web1.example.org', target: 'hera-3', timeoutSeconds: 60 },
  noApproval,
  snapshot,
  'run1',
);

test('a lock that its instance does not speak of is found by its node and path, and so is its run', () => {
  const held = snapshot.nodes
    .flatMap(({ name, trouble, facts }) =>
      trouble ? [] : (facts?.folders ?? []).map((folder) => ({ node: name, ...folder })),
    )
    .find((each) => each.lock?.ok);
  if (!held?.lock?.ok) throw new Error('nothing is locked');
  const { node, path } = held;
  const subject = lockSubject({ node, folder: path });
  expect(lockedFolder(subject)).toEqual({ node, path });
  expect(lockedFolder(path)).toEqual({ node: null, path });
  expect(lockedFolder('web1.example.org')).toBeNull();
  expect(lockedRun(snapshot, path, node)).toBe(held.lock.lock.run);
  expect(lockedRun(snapshot, path, null)).toBe(held.lock.lock.run);
  expect(lockedRun(snapshot, path, 'another')).toBeNull();
});

describe('addresses', () => {
  it('come back as they were written, whatever the name', () => {
    const routes: Route[] = [
      { view: 'overview' },
      { view: 'instance', instance: 'a/b #?.org' },
      { view: 'review', kind: 'restore', subject: '/srv/x/web1' },
      { view: 'run', run: 'abc' },
      { view: 'images' },
      { view: 'images', only: 'orphans' },
      { view: 'trash' },
      { view: 'image', task: 'convert', node: 'node1', path: '/srv/x/a b/#1' },
      { view: 'create' },
      { view: 'templates' },
      { view: 'create', from: { node: 'node1', image: '/srv/x/a%/sda' } },
      { view: 'remove-image', node: 'node1', path: '/srv/x/old images/a #1' },
      { view: 'purge', folders: ['node1:/srv/x/.trash/a b.#', 'node2:/srv/y/.trash/%'] },
      { view: 'failover', instance: 'web1' },
      { view: 'copy', kind: 'move', instance: 'a/b #?.org' },
      { view: 'adopt', node: 'node1', paths: ['/srv/x/a b/sda', '/srv/x/c%/#1'] },
      { view: 'drafts' },
      { view: 'draft', path: '/home/mara/a b/relieve#2.vbdesk.yaml' },
      { view: 'draft', path: '/home/mara/relieve.vbdesk.yaml', as: 'text' },
      { view: 'draft-change', path: '/home/mara/relieve.vbdesk.yaml', change: 'c1' },
    ];
    for (const route of routes) expect(parseRoute(formatRoute(route))).toEqual(route);
    expect(parseRoute('#/nonsense/%E0%A4%A')).toEqual({ view: 'overview' });
    expect(parseRoute('#/purge')).toEqual({ view: 'trash' });
    expect(parseRoute('#/review/explode/web1')).toEqual({ view: 'instances' });
  });
});

describe('figures', () => {
  it('are short, with their unit', () => {
    expect(shortBytes(0)).toBe('0 B');
    expect(shortBytes(6.14 * 1024 ** 3)).toBe('6.1 GiB');
    expect(bytesOf(219 * 1024 ** 3, 420 * 1024 ** 3)).toEqual({ part: '219', whole: '420 GiB' });
    expect(bytesOf(4096, 5 * 1024 ** 3).part).toBe('4.0 KiB');
    const words = (part: number, whole: number) => {
      const said = bytesOf(part, whole);
      return `${said.part} of ${said.whole}`;
    };
    const mib = 1024 ** 2;
    // never as if it were nothing
    expect(words(40 * 1024, 64 * mib)).toBe('40.0 KiB of 64 MiB');
    expect(words(0.7 * mib, 64 * mib)).toBe('0.7 of 64 MiB');
    expect(words(0, 64 * mib)).toBe('0 of 64 MiB');
    expect(words(64 * mib, 64 * mib)).toBe('64 of 64 MiB');
    expect(words(1.5 * mib, 64.5 * mib)).toBe('1.5 of 64.5 MiB');
    expect(words(50 * mib, 1024 * mib)).toBe('50.0 MiB of 1 GiB');
    expect(words(1024 ** 4, 2 * 1024 ** 4)).toBe('1 of 2 TiB');
    expect(shortBytes(1024 * mib - 1)).toBe('1.0 GiB');
    expect([0, 0.001, 0.37, 0.999, 1].map(percent)).toEqual(['0', '<1', '37', '>99', '100']);
    expect(memory(512)).toBe('512 MiB');
    expect(span(400_000)).toBe('6 min 40 s');
    expect(ago(now - 500, now)).toBe('just now');
    expect(clock(3_850_000)).toBe('1:04:10');
  });
});

describe('rows of instances', () => {
  const rows = rowsOf(snapshot, []);
  it('are filtered, sorted and summed up', () => {
    expect(filterRows(rows, 'all', 'hera-4 not seen').map((row) => row.instance.name)).toEqual([
      'backup1.example.org',
      'log1.example.org',
    ]);
    expect(filterRows(rows, 'problems', '').map((row) => row.instance.name)).toEqual(['wiki1.example.org']);
    expect(sortRows(rows, { key: 'memory', down: true })[0]?.instance.name).toBe('db1.example.org');
    expect(totalsOf(rows)).toMatchObject({ memoryMib: 57_344 });
  });
  it('offer every action, the impossible ones with their reason, the dangerous one last', () => {
    const dev = deriveInstances(snapshot).find((each) => each.name === 'dev1.example.org');
    if (!dev) throw new Error('the fixture lacks dev1');
    const actions = actionsOf(dev, dev.name, null);
    expect(actions.map((each) => [each.id, each.impossible === null])).toEqual([
      ['start', true],
      ['failover', true],
      ['migrate', false],
      ['stop', false],
      ['reboot', false],
      ['remove', true],
    ]);
    expect(actions.at(-1)?.danger).toBe(true);
  });
  it('lie in racks and pools', () => {
    const racks = racksOf(snapshot, rows);
    expect(racks.map((rack) => rack.chips.length + rack.stopped.length)).toEqual([4, 4, 4, 2]);
    const [pool] = poolsOf(snapshot, rows);
    expect(pool?.nodes).toEqual(['hera-1', 'hera-2', 'hera-3', 'hera-4']);
    expect(pool?.folders).toHaveLength(11);
  });
});

describe('the form of a new instance', () => {
  it('becomes an intent, exact to the byte', () => {
    const form = { ...initialForm(snapshot), name: ' new1 ' };
    const { intent, errors } = intentOf(form);
    expect(errors.size).toBe(0);
    expect(intent).toMatchObject({
      name: 'new1',
      disks: [{ size: 5 * 1024 ** 3 }],
      guest: { memoryMib: 512 },
    });
  });
  it('says what is wrong under the field, its own words before the planner’s', () => {
    const form = initialForm(snapshot);
    const broken = {
      ...form,
      name: 'x',
      vcpus: '0',
      disks: form.disks.map((disk) => ({ ...disk, size: '1e30' })),
    };
    const { intent, errors } = intentOf(broken);
    expect(intent).toBeNull();
    expect([...errors.keys()]).toEqual(['guest.vcpus', 'disks.0.size']);
    const all = allErrors(errors, [
      { code: 'a', severity: 'blocks', title: '', text: 'planner', field: 'disks.0.size' },
      { code: 'b', severity: 'blocks', title: '', text: 'taken', field: 'name' },
      { code: 'c', severity: 'passed', title: '', text: 'fine', field: 'driver' },
    ]);
    expect(all.get('name')).toBe('taken');
    expect(all.get('disks.0.size')).not.toBe('planner');
    expect(all.has('driver')).toBe(false);
  });
});

describe('the form of a cluster', () => {
  it('refuses a missing name, hostile hosts, twins and forbidden directories', () => {
    const form = newClusterForm();
    const { intent, errors } = connectIntent(
      {
        ...form,
        storage: '/etc',
        nodes: [
          { key: 1, name: 'a', host: 'one; rm -rf /', port: '70000', user: '' },
          { key: 2, name: 'a', host: 'two', port: '', user: '' },
        ],
      },
      [],
    );
    expect(intent).toBeNull();
    expect([...errors.keys()].sort()).toEqual(['name', 'nodes', 'nodes.0.host', 'nodes.0.port', 'storage']);
  });
  it('puts new nodes after the known ones', () => {
    const { intent } = connectIntent(
      {
        ...newClusterForm(),
        name: 'hera',
        nodes: [{ key: 1, name: '', host: 'new1.example.org', port: '2222', user: 'root' }],
      },
      snapshot.cluster.nodes,
    );
    expect(intent?.nodes.at(-1)).toEqual({
      name: 'new1',
      target: { host: 'new1.example.org', port: 2222, user: 'root' },
    });
    expect(intent?.nodes).toHaveLength(5);
  });
});

describe('differences', () => {
  it('of texts keep what is the same', () => {
    expect(textDifference('a\nb\nc\n', 'a\nx\nc\n')).toEqual([
      { kind: 'same', text: 'a' },
      { kind: 'gone', text: 'b' },
      { kind: 'new', text: 'x' },
      { kind: 'same', text: 'c' },
    ]);
  });
  it('of plans mark what is new and name what is gone', () => {
    const [first, ...rest] = failover.plan.steps;
    const after = {
      ...failover,
      plan: {
        ...failover.plan,
        steps: [...rest, { ...rest[0], id: '99', title: 'Something else' }] as typeof failover.plan.steps,
        reasons: [{ code: 'x', severity: 'consent' as const, title: 'New', text: 'new' }],
      },
    };
    const difference = planDifference(failover, after);
    expect([...difference.newSteps]).toEqual(['99']);
    expect(difference.goneSteps).toEqual([first?.title]);
    expect(difference.newReasons.size).toBe(1);
    expect(difference.goneReasons).toHaveLength(failover.plan.reasons.length);
    expect(planDifference(failover, failover).newSteps.size).toBe(0);
  });
});

describe('a run', () => {
  const commit = failover.plan.steps.findIndex((step) => step.commit);
  const running = makeRun(failover, { at: now, done: 5 });
  it('is drawn in lanes, with the time in which the guest is down', () => {
    const picture = pictureOf(running);
    expect(picture.lanes.slice(0, 2)).toEqual(['hera-1', 'hera-3']);
    expect(picture.rows).toHaveLength(failover.plan.steps.length);
    expect(picture.rows.filter((row) => row.down).length).toBeGreaterThan(2);
    expect(downTime(running, now + 60_000)).toMatchObject({ ms: expect.any(Number), until: 'now' });
    expect(downTime({ ...running, state: 'cut-off' }, now)?.until).toBe('not-known');
    expect(wordsOf(running).title).toBe(`Step 6 of ${failover.plan.steps.length}`);
  });
  it('can be cancelled before the commit point only', () => {
    expect(cancelImpossible(running)).toBeNull();
    expect(cancelImpossible(makeRun(failover, { at: now, done: commit + 1 }))).toContain(
      'point of no return',
    );
    expect(cancelImpossible({ ...running, cancelRequested: true })).not.toBeNull();
  });
  it('shows its undo after the failed step, and what was never begun', () => {
    const failed = makeRun(failover, { at: now, done: 5, failed: true, state: 'undone' });
    const picture = pictureOf(failed);
    expect(picture.rows.map((row) => row.kind)).toContain('turn');
    expect(picture.neverBegun).toHaveLength(failover.plan.steps.length - 6);
    expect(wordsOf(failed).title).toBe('Failed at step 6, all undone');
  });
});

describe('runs that wait for a person', () => {
  const run = {
    ...summaryOf(makeRun(failover, { id: 'one', at: now - 60_000, done: 4, state: 'cut-off' })),
    cluster: snapshot.cluster.name,
  };
  const all = { ...snapshot, nodes: snapshot.nodes.map((node) => ({ ...node, trouble: null })) };
  it('are those that stopped half-way, whatever cluster is open', () => {
    expect(waitingRuns([run, { ...run, state: 'done' }], null)).toEqual([run]);
    expect(waitingRuns([{ ...run, cluster: 'other' }], all)).toHaveLength(1);
  });
  it('are settled once their lock is gone and every node was seen', () => {
    expect(waitingRuns([run], snapshot)).toHaveLength(1);
    expect(waitingRuns([run], all)).toEqual([]);
    const owner = all.nodes.flatMap((node) => node.facts?.folders ?? []).find((each) => each.lock?.ok);
    const id = owner?.lock?.ok ? owner.lock.lock.run : '';
    expect(waitingRuns([{ ...run, id }], all)).toHaveLength(1);
  });
});
