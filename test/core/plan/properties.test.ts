import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  deriveInstances,
  findInstances,
  orphanFolders,
  unmanagedDomains,
} from '../../../core/cluster/instances.ts';
import { snapshot as snapshotSchema } from '../../../core/cluster/snapshot.ts';
import { afterPlan } from '../../../core/draft/after.ts';
import { readinessOf } from '../../../core/failover/readiness.ts';
import { isLook } from '../../../core/plan/action.ts';
import { type Approval, type Intent, intent as intentSchema } from '../../../core/plan/intent.ts';
import { locksHeldAt } from '../../../core/plan/locks.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons, type Plan, plan, type Step } from '../../../core/plan/plan.ts';
import { revertOf } from '../../../core/plan/revert.ts';
import { compareParts } from '../../../core/plan/run-difference.ts';
import { partOf, runPart } from '../../../core/plan/run-part.ts';
import { sha256 } from '../../../core/plan/sha256.ts';
import { arbitrarySnapshot } from '../../support/arbitrary-snapshot.ts';
import {
  configOf,
  gib,
  localDirectory,
  recordOf,
  sharedDirectory,
  soundCluster,
  testContext,
  uuidOf,
} from '../../support/snapshot-builder.ts';
import { createIntent, runOf } from './support.ts';

const name = fc.constantFrom('web1', 'web2', 'web3', uuidOf('web1'), '../x');
const node = fc.constantFrom('node1', 'node2', 'node3', 'node9');
const seconds = fc.constantFrom(0, 1, 120);
const disk = fc.constantFrom(0, 1, 2, 25);
const driver = fc.constantFrom('loop' as const, 'blktap' as const, 'ublkback' as const);

const imagePath = fc.constantFrom(
  `${sharedDirectory}/web1/sda`,
  `${sharedDirectory}/web2/sda`,
  `${localDirectory}/web2/sdb`,
  `${localDirectory}/new/disk.img`,
  `${sharedDirectory}/web1/instance.json`,
  `${sharedDirectory}/x`,
  '/etc/passwd',
  'x',
);

const intents: Record<Intent['kind'], fc.Arbitrary<Intent>> = {
  create: fc
    .record({
      name: fc.constantFrom('web2', 'web7', 'a;b'),
      primary: node,
      secondary: fc.option(node),
      storageDirectory: fc.constantFrom(sharedDirectory, localDirectory, '/etc', 'x'),
      driver: fc.constantFrom('loop', 'blktap', 'ublkback' as const),
      disks: fc.array(
        fc.record({
          size: fc.constantFrom(gib, 512, 0, 1e30, 513),
          type: fc.constantFrom('raw', 'qcow2' as const),
          mode: fc.constantFrom('rw', 'ro' as const),
        }),
        { maxLength: 3 },
      ),
      start: fc.boolean(),
      reuse: fc.boolean(),
    })
    .map((change) => createIntent(change as Parameters<typeof createIntent>[0])),
  adopt: fc
    .tuple(
      fc.constantFrom('web1', 'web8', 'a;b'),
      node,
      fc.uniqueArray(
        fc.constantFrom(
          `${sharedDirectory}/web1`,
          `${sharedDirectory}/orphan`,
          `${sharedDirectory}/orphan/sda`,
          `${sharedDirectory}/web2/sda`,
          `${localDirectory}/web2/sda`,
          '/etc/passwd',
          'x',
        ),
        { minLength: 1, maxLength: 3 },
      ),
      fc.option(driver),
      fc.boolean(),
    )
    .map(([called, primary, paths, by, start]) => ({
      kind: 'adopt',
      name: called,
      primary,
      secondary: null,
      paths,
      driver: by,
      guest: {},
      nics: null,
      start,
    })),
  'cluster-init': fc
    .tuple(fc.constantFrom('test', 'second', ''), fc.subarray(soundCluster().cluster.nodes))
    .map(([called, nodes]) => ({
      kind: 'cluster-init',
      name: called,
      nodes,
      storageDirectories: [sharedDirectory],
      hostKeys: 'strict',
    })),
  'copy-image': fc.tuple(node, imagePath, node, imagePath).map(([source, path, target, to]) => ({
    kind: 'copy-image',
    from: { node: source, path },
    to: { node: target, path: to },
  })),
  configure: fc
    .tuple(name, fc.constantFrom('web1', 'web2'), fc.constantFrom(128, 512, 0, -1), fc.boolean(), fc.string())
    .map(([instance, called, memory, current, rest]) => {
      const from = current ? configOf(recordOf(called)) : null;
      const text = `${(from ?? '').replace(/^memory.*$/m, `memory = ${memory}`)}${rest}`;
      return { kind: 'configure', instance, text, from };
    }),
  'compare-images': fc.oneof(
    name.map((instance): Intent => ({ kind: 'compare-images', subject: { of: 'instance', instance } })),
    imagePath.map((path): Intent => ({ kind: 'compare-images', subject: { of: 'path', path } })),
  ),
  'cluster-modify': fc
    .option(
      fc.constantFrom('/srv/golden', `${sharedDirectory}/templates`, `${sharedDirectory}/web1`, '/etc', 'x'),
    )
    .map((templateDirectory) => ({ kind: 'cluster-modify', templateDirectory })),
  'convert-file': fc
    .tuple(
      node,
      imagePath,
      fc.constantFrom('raw' as const, 'qcow2' as const),
      fc.option(imagePath),
      fc.boolean(),
    )
    .map(([on, path, type, target, isVhd]) => ({
      kind: 'convert-file',
      node: on,
      path,
      type,
      ...(target !== null && { target }),
      ...(isVhd && { from: 'vhd' as const }),
    })),
  'remove-image': fc
    .tuple(node, fc.oneof(imagePath, fc.constantFrom(`${sharedDirectory}/web1`, '/etc')))
    .map(([on, path]): Intent => ({ kind: 'remove-image', node: on, path })),
  rename: fc
    .tuple(name, fc.constantFrom('web1', 'web2', 'web7', 'a;b'), fc.boolean())
    .map(([instance, called, os]) => ({
      kind: 'rename',
      instance,
      name: called,
      ...(os ? { osRename: true as const } : {}),
    })),
  'os-export': fc
    .tuple(name, disk, fc.oneof(imagePath, fc.constantFrom('/srv/backup/web1', '/etc/x', '/x')))
    .map(([instance, index, output]) => ({ kind: 'os-export', instance, disk: index, output })),
  start: name.map((instance) => ({ kind: 'start', instance })),
  stop: fc.tuple(name, seconds, fc.constantFrom('force' as const, 'leave' as const)).map(
    ([instance, timeoutSeconds, after]): Intent =>
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      ({ kind: 'stop', instance, timeoutSeconds, then: after }),
  ),
  reboot: name.map((instance) => ({ kind: 'reboot', instance, timeoutSeconds: 60 })),
  remove: fc
    .tuple(name, fc.boolean(), seconds)
    .map(([instance, purge, timeoutSeconds]) => ({ kind: 'remove', instance, purge, timeoutSeconds })),
  restore: fc
    .constantFrom(`web1.${uuidOf('web1').slice(0, 8)}.20261125T120000Z`, 'x', '')
    .map((trashName) => ({ kind: 'restore', storageDirectory: sharedDirectory, trashName })),
  'purge-trash': fc
    .array(
      fc.record(
        {
          storageDirectory: fc.constantFrom(sharedDirectory, '/etc'),
          trashName: fc.constantFrom(`web1.${uuidOf('web1').slice(0, 8)}.20261125T120000Z`, '../etc', ''),
          node,
        },
        { requiredKeys: ['storageDirectory', 'trashName'] },
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((folders) => ({ kind: 'purge-trash', folders })),
  failover: fc
    .tuple(name, fc.option(node), seconds)
    .map(([instance, target, timeoutSeconds]) => ({ kind: 'failover', instance, target, timeoutSeconds })),
  migrate: fc
    .tuple(name, fc.option(node), fc.boolean())
    .map(([instance, target, cleanup]) => ({ kind: 'migrate', instance, target, cleanup })),
  claim: fc
    .tuple(
      name,
      node,
      fc.constantFrom('moved' as const, 'cloned' as const),
      fc.constantFrom(sharedDirectory, localDirectory),
    )
    .map(([instance, primary, as, where]) => ({
      kind: 'claim',
      instance,
      path: `${where}/web1`,
      as,
      primary,
    })),
  clone: fc
    .tuple(
      name,
      fc.constantFrom('web2', 'web8', '../x'),
      fc.option(node),
      fc.option(fc.constantFrom(sharedDirectory, localDirectory, '/etc')),
    )
    .map(([instance, called, on, storageDirectory]) => ({
      kind: 'clone',
      instance,
      name: called,
      node: on,
      storageDirectory,
    })),
  move: fc
    .tuple(
      name,
      fc.option(node),
      fc.option(fc.constantFrom(sharedDirectory, localDirectory)),
      fc.boolean(),
      seconds,
    )
    .map(([instance, on, storageDirectory, removeSource, timeoutSeconds]) => ({
      kind: 'move',
      instance,
      node: on,
      storageDirectory,
      removeSource,
      timeoutSeconds,
    })),
  replicate: fc
    .tuple(name, fc.option(node))
    .map(([instance, on]) => ({ kind: 'replicate', instance, node: on })),
  discard: fc
    .tuple(name, node, fc.constantFrom(sharedDirectory, localDirectory))
    .map(([instance, on, where]) => ({ kind: 'discard', instance, node: on, path: `${where}/web1` })),
  unlock: fc
    .constantFrom('web1', 'web2')
    .map((each) => ({ kind: 'unlock', path: `${sharedDirectory}/${each}`, run: 'otherrun' })),
  grow: fc
    .tuple(name, disk, fc.constantFrom(gib, 4 * gib, 0, 513, 1e30), fc.boolean())
    .map(([instance, index, size, by]) => ({ kind: 'grow', instance, disk: index, size, by })),
  convert: fc
    .tuple(name, disk, fc.constantFrom('raw' as const, 'qcow2' as const), driver)
    .map(([instance, index, to, by]) => ({ kind: 'convert', instance, disk: index, to, driver: by })),
  snapshot: fc
    .tuple(
      name,
      disk,
      fc.constantFrom('create' as const, 'revert' as const, 'delete' as const),
      fc.constantFrom('before', '17', '-x', ''),
    )
    .map(([instance, index, change, tag]) => ({ kind: 'snapshot', instance, disk: index, change, tag })),
  'disk-add': fc
    .tuple(
      name,
      fc.constantFrom<Extract<Intent, { kind: 'disk-add' }>['source']>(
        { from: 'new', size: gib, type: 'raw', allocation: 'full', base: null },
        { from: 'new', size: null, type: 'qcow2', allocation: 'sparse', base: `${sharedDirectory}/web2/sda` },
        { from: 'file', file: 'sdc' },
        { from: 'file', file: 'sda' },
        { from: 'import', path: `${sharedDirectory}/web3/sda`, type: 'qcow2' },
      ),
      fc.constantFrom('xvdq', 'xvda', 'x', 'sdb1'),
      driver,
    )
    .map(([instance, source, vdev, by]) => ({
      kind: 'disk-add',
      instance,
      source,
      vdev,
      mode: 'rw',
      driver: by,
    })),
  'disk-remove': fc
    .tuple(name, disk, fc.boolean())
    .map(([instance, index, purge]) => ({ kind: 'disk-remove', instance, disk: index, purge })),
  release: fc
    .tuple(name, fc.constantFrom('sda.before-r1', 'sda', '../x'))
    .map(([instance, file]) => ({ kind: 'release', instance, file })),
};
const approval: fc.Arbitrary<Approval> = fc.constantFrom<Approval>(
  { accept: [], vouched: [] },
  {
    accept: [
      'overcommit',
      'delete:sda.before-r1',
      'delete:sda',
      'lose-current-state',
      'older-xen',
      'break-lock',
      'purge:web1',
      'purge:2-folders',
      'remove:web1',
      'remove:sda',
      'vouch-down:node1',
      'replica-age',
      'record-lost',
    ],
    vouched: ['node1', 'node2', 'node3'].map((each) => ({ node: each, how: 'fenced' })),
  },
);

const everyPlan = fc
  .tuple(arbitrarySnapshot, fc.oneof(...Object.values(intents)), approval)
  .map(([snapshot, intent, approved]) => ({
    snapshot,
    intent,
    approved,
    made: makePlan(snapshot, intent, approved, testContext()),
  }));

const hold = (
  check: (input: {
    made: Plan;
    snapshot: ReturnType<typeof soundCluster>;
    intent: Intent;
    approved: Approval;
  }) => void,
): void => fc.assert(fc.property(everyPlan, check), { numRuns: 400 });

const isChange = (step: Step): boolean => !isLook(step.action);
const seenNodes = (snapshot: ReturnType<typeof soundCluster>): string[] =>
  snapshot.nodes.filter((each) => each.trouble === null && each.facts !== null).map((each) => each.name);
/**
 * They have no undo of their own: what is given back is not taken again; what was copied onto a replica, which is reopened
 * before, stays for the next copy.
 */
const harmless = new Set(['unlock', 'copy-image', 'accept-copy', 'write-replica']);
/** A copy into a new folder is taken back like anything else. */
const mustGoBack = (made: Plan, step: Step): boolean =>
  !harmless.has(step.action.do) ||
  (/^(copy-image|accept-copy|write-replica)$/.test(step.action.do) &&
    !made.steps.some((each) => each.action.do === 'reopen-replica'));

describe('any plan for any snapshot', () => {
  test('leaves a snapshot behind that can be planned on, no lock of its own in it, and what it was made of as it was', () => {
    hold(({ made, snapshot }) => {
      const before = JSON.stringify(snapshot);
      const after = afterPlan(snapshot, made);
      expect(snapshotSchema.parse(after)).toEqual(after);
      expect(JSON.stringify(snapshot)).toBe(before);
      expect(
        after.nodes.flatMap((node) =>
          (node.facts?.folders ?? []).filter(({ lock }) => lock?.ok && lock.lock.run === made.run),
        ),
      ).toEqual([]);
      expect(() => deriveInstances(after)).not.toThrow();
    });
  });

  test('is made without an error, and is sound by its schema', () => {
    hold(({ made }) => {
      expect(plan.safeParse(made).error).toBeUndefined();
      expect(made.steps.map((each) => each.id)).toEqual(made.steps.map((_, index) => String(index + 1)));
    });
  });

  test('is the same when it is made again', () => {
    hold(({ made, snapshot, intent, approved }) => {
      expect(makePlan(structuredClone(snapshot), intent, approved, testContext())).toEqual(made);
    });
  });

  test('works only on nodes that answer', () => {
    hold(({ made, snapshot }) => {
      const seen = new Set(seenNodes(snapshot));
      for (const step of made.steps) {
        for (const each of [step, ...step.undo]) expect(each.nodes.every((on) => seen.has(on))).toBe(true);
        if (isChange(step)) expect(step.nodes).toHaveLength(1);
      }
    });
  });

  test('changes nothing without a lock, and gives every lock back', () => {
    hold(({ made, intent }) => {
      if (['cluster-init', 'cluster-modify', 'unlock'].includes(intent.kind)) return;
      const first = made.steps.findIndex(isChange);
      if (first < 0) return;
      expect(['lock', 'make-folder']).toContain(made.steps[first]?.action.do);
      expect(locksHeldAt(made, made.steps.length)).toEqual([]);
      const lastChange = made.steps.findLast(isChange);
      expect(['unlock', 'purge-folder']).toContain(lastChange?.action.do);
      // a note of the removal lies outside the folder, on nodes that may not see it
      // and where the folder of a copy is locked, none was before
      for (const [index, step] of made.steps.entries())
        if (index > first && isChange(step) && !/tombstone|^(lock|make-folder)$/.test(step.action.do))
          expect(locksHeldAt(made, index)).not.toEqual([]);
    });
  });

  test('can be taken back step by step until it is committed', () => {
    hold(({ made }) => {
      for (const step of made.steps) {
        if (step.commit) return;
        if (isChange(step) && mustGoBack(made, step)) expect(step.undo).not.toEqual([]);
      }
    });
  });

  test('starts nothing without a verdict of every node that answers, after the lock', () => {
    hold(({ made, snapshot }) => {
      const at = made.steps.findIndex((each) => each.action.do === 'start-domain');
      if (at < 0) return;
      const lockAt = made.steps.findIndex(isChange);
      const looked = made.steps.slice(lockAt, at).filter((each) => each.action.do === 'verdict');
      expect(looked.some((each) => seenNodes(snapshot).every((on) => each.nodes.includes(on)))).toBe(true);
    });
  });

  test('never lets a copy out of sight: no record goes, nothing is discarded before every image was accepted', () => {
    hold(({ made }) => {
      const at = (names: RegExp): number => made.steps.findIndex((each) => names.test(each.action.do));
      const copies = made.steps.filter((each) => each.action.do === 'copy-image').length;
      if (copies === 0) return;
      const accepted = made.steps.filter((each) => each.action.do === 'accept-copy');
      expect(accepted).toHaveLength(copies);
      const gone = at(/^(move-folder|demote-record)$/);
      if (gone >= 0) {
        // the target was named in the record before; this is the write that takes the source's word away
        const released = made.steps.findIndex(
          ({ action }) => action.do === 'write-record' && action.record.primary === null,
        );
        expect(released).toBeGreaterThan(-1);
        expect(released).toBeLessThan(gone);
        expect(made.steps.findLastIndex((each) => each.action.do === 'accept-copy')).toBeLessThan(released);
      }
    });
  });

  test('lets a guest run only right after a verdict on every other node that answers, so that a late resume asks again', () => {
    hold(({ made, snapshot }) => {
      for (const [at, step] of made.steps.entries()) {
        if (!['start-domain', 'unpause-domain', 'migrate-domain'].includes(step.action.do)) continue;
        const changeBefore = made.steps.slice(0, at).findLastIndex(isChange);
        const looked = made.steps
          .slice(changeBefore + 1, at)
          .flatMap((each) => (each.action.do === 'verdict' ? each.nodes : []));
        const others = seenNodes(snapshot).filter((on) => !step.nodes.includes(on));
        expect(looked).toEqual(expect.arrayContaining(others));
        if (step.action.do === 'start-domain') expect(looked).toEqual(expect.arrayContaining(step.nodes));
      }
    });
  });

  test('changes no image without a look at every node that answers, after the lock', () => {
    hold(({ made, snapshot }) => {
      const changes = ['grow-image', 'rename-image', 'make-snapshot', 'drop-snapshot', 'revert-snapshot'];
      const at = made.steps.findIndex((each) => changes.includes(each.action.do));
      const changing = made.steps[at]?.action;
      if (!changing) return;
      const lockAt = made.steps.findIndex(isChange);
      const looks = made.steps.slice(lockAt, at);
      const nodesOf = (what: string): string[] =>
        looks.filter((each) => each.action.do === what).flatMap((each) => each.nodes);
      // only a raw image gets longer under its guest, which must run then, and nowhere else
      const runsOn = nodesOf('check-running');
      expect(runsOn).toHaveLength(changing.do === 'grow-image' && changing.running ? 1 : 0);
      const stoppedOn = nodesOf('verdict');
      for (const node of seenNodes(snapshot)) expect([...stoppedOn, ...runsOn]).toContain(node);
    });
  });

  test('starts a guest again only right after a verdict on every other node that answers, whichever step is taken back', () => {
    hold(({ made, snapshot }) => {
      for (const { undo } of made.steps)
        for (const [at, { action, nodes }] of undo.entries()) {
          if (action.do !== 'put-back') continue;
          const others = seenNodes(snapshot).filter((on) => !nodes.includes(on));
          const before = undo[at - 1];
          if (others.length > 0) expect(before?.action.do).toBe('verdict');
          expect(before?.nodes ?? []).toEqual(expect.arrayContaining(others));
        }
    });
  });

  test('starts a guest only from the xen.cfg that was reviewed', () => {
    hold(({ made, snapshot }) => {
      const written = made.steps.flatMap(({ action }) =>
        action.do === 'write-file' ? [[action.path, sha256(action.content)]] : [],
      );
      const shown = (on: string | undefined, path: string): string[] =>
        (snapshot.nodes.find((each) => each.name === on)?.facts?.folders ?? []).flatMap((each) =>
          `${each.path}/xen.cfg` === path && each.config !== null ? [sha256(each.config)] : [],
        );
      for (const { action, nodes } of made.steps.flatMap((step) => [step, ...step.undo])) {
        if (action.do !== 'start-domain' && action.do !== 'put-back' && action.do !== 'check-config')
          continue;
        const known = [
          ...written.flatMap(([path, sum]) => (path === action.config ? [sum] : [])),
          ...shown(nodes[0], action.config),
        ];
        if (action.configSum !== null) expect(known).toContain(action.configSum);
        // where nothing stands against the plan, the text is known
        else if (action.do !== 'put-back') expect(openReasons(made)).not.toEqual([]);
      }
    });
  });

  test('lets a failover commit exactly once, with the record', () => {
    hold(({ made, intent }) => {
      if ((intent.kind !== 'failover' && intent.kind !== 'move') || made.steps.length === 0) return;
      expect(made.steps.filter((each) => each.commit).map((each) => each.action.do)).toEqual([
        'write-record',
      ]);
    });
  });

  test('purges from the trash only what a record names there, with the consent', () => {
    hold(({ made, intent, approved }) => {
      if (intent.kind !== 'purge-trash') return;
      for (const { action } of made.steps)
        if (action.do === 'purge-folder') {
          expect(action).toMatchObject({ files: ['sda'], keep: ['notes'] });
          if (openReasons(made).length === 0) expect(approved.accept).toContain('purge:web1');
        }
    });
  });

  test('that may run has steps, and one that may not says why', () => {
    hold(({ made, intent }) => {
      const said = JSON.stringify([intent, made.reasons]);
      if (made.steps.length === 0) expect(openReasons(made), said).not.toEqual([]);
      for (const each of made.reasons) expect(each.text, said).not.toBe('');
    });
  });

  test('is taken back, once it is done, by an intent of which a plan can be made, or says why not', () => {
    hold(({ made, snapshot, approved }) => {
      const whole = runOf(made, made.steps.length);
      const found = revertOf({ ...whole, state: 'done', endedAt: 1 }, snapshot);
      if (!found.may) {
        expect(found.why.length).toBeGreaterThan(0);
        return;
      }
      expect(intentSchema.parse(found.intent)).toEqual(found.intent);
      // what is done again is never what was done, and nothing is deleted for good by going back
      expect(found.intent).not.toEqual(made.intent);
      if ('purge' in found.intent) expect(found.intent.purge).toBe(false);
      makePlan(snapshot, found.intent, approved, testContext('another'));
    });
  });

  test('touches what can be kept of it, and is no different from itself', () => {
    hold(({ made, snapshot }) => {
      const part = partOf(snapshot, made);
      expect(runPart.parse(JSON.parse(JSON.stringify(part)))).toEqual(part);
      expect(compareParts(part, part).rows).toEqual([]);
    });
  });

  test('never starts what runs on another node', () => {
    hold(({ made, snapshot, intent }) => {
      if (intent.kind !== 'start' && intent.kind !== 'failover') return;
      const [view] = findInstances(snapshot, intent.instance);
      if (!view) return;
      const elsewhere = view.domains.some(
        (each) => each.seen && (intent.kind === 'start' || each.node !== view.primary),
      );
      if (elsewhere) expect(openReasons(made)).not.toEqual([]);
    });
  });

  test('never acts against a silent primary without a word for it', () => {
    hold(({ made, snapshot, intent }) => {
      if (intent.kind !== 'failover' && intent.kind !== 'remove' && intent.kind !== 'start') return;
      const [view] = findInstances(snapshot, intent.instance);
      if (!view || view.primary === null || seenNodes(snapshot).includes(view.primary)) return;
      const word = made.approval.vouched.some((each) => each.node === view.primary);
      if (!word && snapshot.nodes.some((each) => each.name === view.primary))
        expect(openReasons(made)).not.toEqual([]);
    });
  });

  test('never starts while a silent node may hold a replica that nobody vouched for', () => {
    hold(({ made, snapshot, intent }) => {
      if (intent.kind !== 'start' && intent.kind !== 'failover' && intent.kind !== 'move') return;
      const [view] = findInstances(snapshot, intent.instance);
      const seen = seenNodes(snapshot);
      const holders = [
        ...(view?.record.replicaNodes ?? []),
        ...(view?.replicas ?? []).map((each) => each.node),
      ];
      const unvouched = snapshot.nodes.filter(
        ({ name: each }) =>
          holders.includes(each) &&
          !seen.includes(each) &&
          !made.approval.vouched.some((word) => word.node === each),
      );
      if (unvouched.length > 0) expect(openReasons(made)).not.toEqual([]);
    });
  });
});

test('views of any snapshot are made without an error', () => {
  fc.assert(
    fc.property(arbitrarySnapshot, (snapshot) => {
      const views = deriveInstances(snapshot);
      unmanagedDomains(snapshot);
      orphanFolders(snapshot);
      for (const view of views)
        for (const target of ['node1', 'node3', 'x']) readinessOf(view, target, snapshot);
    }),
    { numRuns: 300 },
  );
});
