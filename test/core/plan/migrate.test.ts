/** Live migration: what stands against it, what it does in which order, and what is written when. */

import { describe, expect, test } from 'vitest';
import { findInstances } from '../../../core/cluster/instances.ts';
import { makePlan } from '../../../core/plan/make.ts';
import type { Plan } from '../../../core/plan/plan.ts';
import { seededRandom } from '../../../core/plan/random.ts';
import {
  disk,
  domain,
  mounted,
  nobody,
  now,
  open,
  planOf,
  said,
  snapshotOf,
  uuid,
  type World,
} from './migrate-world.ts';

describe('the steps', () => {
  const plan = planOf({});

  test('prove everything, migrate, look, hand over', () => {
    expect(open(plan)).toEqual([]);
    expect(plan.steps.map((each) => [each.action.do, each.nodes.join(' '), each.commit])).toEqual([
      ['lock', 'node1', false],
      ['prove-shared', 'node1 node2', false],
      ['verify-files', 'node2', false],
      ['verdict', 'node2 node3', false],
      ['check-running', 'node1', false],
      ['check-ssh', 'node1', false],
      ['write-record', 'node1', false],
      ['verdict', 'node2 node3', false],
      ['check-running', 'node1', false],
      ['migrate-domain', 'node1', true],
      ['check-running', 'node2', false],
      ['write-record', 'node2', false],
      ['verdict', 'node1 node3', false],
      ['unlock', 'node1', false],
    ]);
    expect(plan.effects.downSeconds).toBeNull();
    expect(plan.effects.memory).toEqual([
      { node: 'node2', mib: 512 },
      { node: 'node1', mib: -512 },
    ]);
    expect(plan.equivalent).toBe('gnt-instance migrate web1');
  });

  test('the record names both nodes while it may run on either, then the target alone', () => {
    const written = plan.steps.flatMap(({ action }) => (action.do === 'write-record' ? [action] : []));
    expect(written[0]).toMatchObject({
      expectId: 'aaaa1111',
      record: { primary: 'node1', next: 'node2', generation: 4 },
    });
    expect(written[1]).toMatchObject({
      expectId: written[0]?.record.id,
      record: { primary: 'node2', secondary: 'node1', generation: 5, formerPrimaries: ['node1'] },
    });
    expect(written[1]?.record).not.toHaveProperty('next');
    expect(plan.steps[6]?.undo.map((each) => [each.action.do, each.nodes])).toEqual([
      ['end-leftovers', ['node2']],
      ['write-record', ['node1']],
    ]);
    expect(plan.steps[6]?.undo[1]?.action).not.toHaveProperty('record.next');
  });

  test('the target is known by its boot id, whatever name leads to it', () => {
    const way = { addresses: ['node2', '10.0.0.2'], bootId: 'boot of node2' };
    expect(plan.steps[5]?.action).toEqual({ do: 'check-ssh', ...way });
    expect(plan.steps[9]?.action).toMatchObject(way);
    // a name of this very machine leads nowhere
    const odd = planOf({ node2: { hostname: 'localhost' } });
    expect(odd.steps[5]?.action).toMatchObject({ addresses: ['node2', '10.0.0.2'] });
    expect(planOf({ node2: { hostname: '-oProxyCommand=x' } }).steps[5]?.action).toMatchObject({
      addresses: ['node2', '10.0.0.2'],
    });
  });
});

describe('refused', () => {
  test.each<[string, World, string]>([
    ['it does not run', { node1: { domains: [] } }, 'not-running'],
    ['it is paused', { node1: { domains: [domain({ state: 'paused', flags: '--p---' })] } }, 'not-running'],
    ['it runs under another name', { node1: { domains: [domain({ name: 'other' })] } }, 'domain-name'],
    [
      'an old leftover on the target',
      { node2: { domains: [domain({ name: 'web1--incoming', state: 'paused' })] } },
      'migration-leftover',
    ],
    [
      'an old leftover on the source',
      { node1: { domains: [domain({ name: 'web1--migratedaway', state: 'shutdown' })] } },
      'migration-leftover',
    ],
    [
      'its name is taken there',
      { node2: { domains: [domain({ uuid: uuid.replace('18', '19') })] } },
      'name-in-use',
    ],
    ['a loop device on 9p', { record: disk('loop', 'raw') }, 'loop-cached'],
    ['two versions further', { node2: { xen: '4.19.0' } }, 'xen-version'],
    ['an older version', { node2: { xen: '4.16.2' } }, 'xen-version'],
    ['no room', { node2: { freeMemoryMib: 100 } }, 'memory'],
    ['xm', { node1: { toolstack: 'xm' } }, 'toolstack'],
    ['another folder there', { node2: { folders: [] } }, 'no-folder'],
    ['the target is silent', { silent: ['node2'] }, 'not-answering'],
    ['the source is silent', { silent: ['node1'] }, 'not-answering'],
    ['it would be restored at boot', { node3: { saves: ['web1'] } }, 'save-file'],
  ])('%s', (_title, world, code) => {
    expect(open(planOf(world))).toContain(`blocks ${code}`);
  });

  test('with the failover that is possible instead, and without one that is not', () => {
    const looped = planOf({ record: disk('loop', 'raw') });
    expect(said(looped, 'loop-cached')).toContain('Fail the instance over instead');
    expect(said(looped, 'failover-instead')).toContain('web1 can be failed over to node2');
    expect(said(planOf({ node2: { folders: [] } }), 'failover-instead')).toBe('');
    expect(said(planOf({}), 'failover-instead')).toBe('');
  });

  test('no target, or the primary itself', () => {
    expect(open(planOf({ record: { secondary: null } }))).toEqual(['blocks no-target']);
    expect(open(planOf({}, { target: 'node1' }))).toEqual(['blocks same-node']);
    expect(planOf({}, { target: 'node3' }).steps[9]?.action).toMatchObject({ bootId: 'boot of node3' });
  });
});

describe('consents and warnings', () => {
  test.each<[string, World, string[]]>([
    ['a CPU without a feature', { node2: { cpuFeatures: '078bf3fd:c0982200' } }, ['consent cpu-features']],
    [
      'a CPU with more',
      { node2: { cpuFeatures: '078bf3ff:c0982201', cpuModel: 'Another' } },
      ['consent cpu-model'],
    ],
    ['a CPU that nothing is known of', { node2: { cpuFeatures: '' } }, ['consent cpu-unknown']],
    ['Xen that does not tell its version', { node1: { xen: '' } }, ['consent xen-unknown']],
    ['the next version of Xen', { node2: { xen: '4.18.1' } }, []],
    [
      'QEMU on a caching file system',
      { node1: mounted('nfs4', 'rw,hard'), node2: mounted('nfs4', 'rw,hard') },
      ['consent cached-writes'],
    ],
    ['one node that caches', { node2: mounted('9p', 'rw,cache=loose') }, ['consent cached-writes']],
    [
      'a loop device on a cluster file system',
      { record: disk('loop', 'raw'), node1: mounted('ocfs2', 'rw'), node2: mounted('ocfs2', 'rw') },
      [],
    ],
    ['no kernel there', { node2: { bootFiles: [{ path: '/boot/vmlinuz', exists: false }] } }, []],
    ['a silent node that never held it', { silent: ['node3'] }, []],
    [
      'a silent node to which a migration was begun',
      { silent: ['node3'], record: { next: 'node3' } },
      ['consent vouch-down:node3'],
    ],
  ])('%s', (_title, world, wanted) => {
    expect(open(planOf(world))).toEqual(wanted);
  });

  test('are told', () => {
    expect(said(planOf({}), 'qcow-tables')).toContain('keeps parts of the tables');
    expect(said(planOf({ record: disk('blktap', 'raw') }), 'qcow-tables')).toBe('');
    expect(
      said(planOf({ node2: { bootFiles: [{ path: '/boot/vmlinuz', exists: false }] } }), 'boot-file'),
    ).toContain('would not come back from a reboot');
  });

  test('the word on a silent node is kept', () => {
    const approval = { accept: [], vouched: [{ node: 'node3', how: 'its plug is pulled' }] };
    const plan = planOf({ silent: ['node3'], record: { next: 'node3' } }, { approval });
    expect(open(plan)).toEqual([]);
    expect(plan.steps[11]?.action).toMatchObject({
      record: { vouchings: [{ node: 'node3', how: 'its plug is pulled' }] },
    });
  });
});

describe('cleaning up', () => {
  const leftover = domain({ name: 'web1--migratedaway', state: 'shutdown', flags: '---ss-' });

  test('ends what is left and writes down where it runs', () => {
    const plan = planOf(
      { record: { next: 'node2' }, node1: { domains: [leftover] }, node2: { domains: [domain()] } },
      { cleanup: true },
    );
    expect(open(plan)).toEqual([]);
    expect(plan.steps.map((each) => [each.action.do, each.nodes.join(' ')])).toEqual([
      ['lock', 'node2'],
      ['check-running', 'node2'],
      ['end-leftovers', 'node1'],
      ['verdict', 'node1 node3'],
      ['check-running', 'node2'],
      ['write-record', 'node2'],
      ['unlock', 'node2'],
    ]);
    expect(plan.steps[5]?.action).toMatchObject({
      record: { primary: 'node2', secondary: 'node1', generation: 5 },
    });
    expect(plan.steps[5]?.action).not.toHaveProperty('record.next');
  });

  test('only clears what was begun, when it runs where it ran', () => {
    const plan = planOf({ record: { next: 'node2' } }, { cleanup: true });
    expect(open(plan)).toEqual([]);
    expect(plan.steps.map((each) => each.action.do)).not.toContain('end-leftovers');
    expect(plan.steps.at(-2)?.action).toMatchObject({ record: { primary: 'node1', generation: 4 } });
  });

  test('one that was cut off is shown, and settled also when it runs nowhere by now', () => {
    const world: World = { record: { next: 'node2' }, node1: { domains: [] } };
    const shown = (each: World) =>
      findInstances(snapshotOf(each), 'web1')[0]?.problems.flatMap(({ code, text }) =>
        code === 'migration-cut-off' ? [text] : [],
      );
    expect(shown(world)).toEqual([expect.stringContaining('vbdesk instance migrate web1 --cleanup')]);
    expect(shown({})).toEqual([]);
    const plan = planOf(world, { cleanup: true });
    expect(open(plan)).toEqual([]);
    expect(plan.steps.map((each) => [each.action.do, each.nodes.join(' ')])).toEqual([
      ['lock', 'node1'],
      ['verdict', 'node1 node2 node3'],
      ['write-record', 'node1'],
      ['unlock', 'node1'],
    ]);
    expect(plan.steps[2]?.action).toMatchObject({ record: { primary: 'node1', generation: 4 } });
    expect(plan.steps[2]?.action).not.toHaveProperty('record.next');
    expect(open(planOf({ ...world, silent: ['node2'] }, { cleanup: true }))).toEqual([
      'consent vouch-down:node2',
    ]);
    // what is alive there without a domain is not settled
    const monitors = [{ pid: 7, name: 'web1' }];
    expect(open(planOf({ ...world, node2: { monitors } }, { cleanup: true }))).toEqual(['blocks monitor']);
  });

  test.each<[string, World, string]>([
    ['nothing to clean up', {}, 'blocks nothing-left'],
    ['it runs nowhere', { node1: { domains: [leftover] } }, 'blocks runs-nowhere'],
    ['it runs twice', { node2: { domains: [domain()] } }, 'blocks running-twice'],
    [
      'a leftover that runs',
      { node2: { domains: [domain({ name: 'web1--incoming' })] } },
      'blocks migration-leftover',
    ],
    [
      'a silent node that may have it',
      { silent: ['node2'], record: { next: 'node2' } },
      'consent vouch-down:node2',
    ],
  ])('%s', (_title, world, wanted) => {
    expect(open(planOf(world, { cleanup: true }))).toContain(wanted);
  });
});

describe('what was begun', () => {
  const start = (world: World): Plan =>
    makePlan(snapshotOf(world), { kind: 'start', instance: 'web1' }, nobody, {
      now,
      who: 'ann@desk',
      run: 'abcdefghijklmnop',
      random: seededRandom('seed'),
    });

  test('makes the target a node that must be seen before a start', () => {
    const stopped = { node1: { domains: [] } };
    expect(open(start({ ...stopped, silent: ['node2'] }))).toEqual([]);
    expect(open(start({ ...stopped, silent: ['node2'], record: { next: 'node2' } }))).toEqual([
      'consent vouch-down:node2',
    ]);
    expect(open(start({ ...stopped, record: { next: 'node2' } }))).toEqual([]);
  });

  test('is settled by a failover', () => {
    const plan = makePlan(
      snapshotOf({ record: { next: 'node2' } }),
      { kind: 'failover', instance: 'web1', target: 'node3', timeoutSeconds: 60 },
      nobody,
      { now, who: 'ann@desk', run: 'abcdefghijklmnop', random: seededRandom('seed') },
    );
    const written = plan.steps.find(({ action }) => action.do === 'write-record')?.action;
    expect(written).toMatchObject({ record: { primary: 'node3' } });
    expect(written).not.toHaveProperty('record.next');
  });
});
