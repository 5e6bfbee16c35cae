/**
 * Live migration: the running guest moves to another node that sees the very same files.
 *
 * Who may run it, and when the record says so. In a failover the record changes hands while the guest stands still, so RELEASE and
 * ACQUIRE are one rename, and the guest goes on afterwards (SAFETY "Handing over"). `xl migrate` lets the guest go on by
 * itself, between its two ends; no write of ours fits in between. Neither order of one write and one migration is safe: with
 * the record first, a migration that fails leaves a guest running where it may not; with the record last, a workstation that
 * dies in between leaves a record which lets the source start a second one, should the target not be seen then, and the lock
 * have been broken. So it is written twice. Before the migration: `next` = target, which takes nothing from the source (the
 * guest does run there), but makes the target one more node that must be seen, or vouched down, before anything is started.
 * Afterwards, once the guest is seen on the target and gone from the source: primary = target, generation + 1, no `next`.
 *
 * The migration itself is the point of no return. When it is known not to have happened (the guest still runs on the source
 * under its own name, for xl renames it before it lets the target go), the run goes back: leftovers on the target are ended, the
 * record says again what it said.
 */
import { cutOffTextOf } from '../../cluster/hand-over-text.ts';
import type { InstanceView } from '../../cluster/instances.ts';
import { nothingRuns } from '../checks/domains.ts';
import { folderOn, sameFilesOn } from '../checks/images.ts';
import {
  addressesOf,
  canReceive,
  cpuFits,
  disksMayMove,
  hasAddress,
  runsOnItsPrimary,
  xenFits,
} from '../checks/migration.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { chainsMayStart } from '../checks/overlays.ts';
import { lockIsFree, recordMayStart } from '../checks/record.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import { migrateEquivalent } from '../equivalent.ts';
import { memoryOn } from '../instance/stopping.ts';
import type { MigrateIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { formerRecord, nextRecord, primariesAfter, recordFile, vouchingsAfter } from '../records.ts';
import { blocks, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import { findSubject, identityOf } from '../subject.ts';
import { planFailover } from './failover.ts';
import { planMigrateCleanup } from './migrate-cleanup.ts';

type Move = { source: string; target: string; suspects: string[] };

const stepsOf = (scene: Scene, view: InstanceView, move: Move): Pick<Draft, 'steps' | 'files'> => {
  const { source, target } = move;
  const { record, folder, name } = view;
  const guest = identityOf(record);
  const seen = scene.lookup.seen.map((each) => each.name);
  const way = {
    addresses: addressesOf(scene, target),
    bootId: scene.lookup.byName.get(target)?.facts?.bootId ?? '',
  };
  const list = makeStepList();
  addLock(list, scene, {
    node: source,
    folder,
    title: `migrate ${name} to ${target}`,
    nodes: [source, target],
  });
  list.add([source, target], `Prove that ${source} and ${target} see the same storage`, {
    do: 'prove-shared',
    directory: view.storage,
  });
  // opened on the source, where the guest runs; on the target nothing may have them open
  list.add(target, `Compare the images on ${target} with the record`, {
    do: 'verify-files',
    folder,
    recordId: record.id,
    disks: record.disks,
    within: scene.snapshot.cluster.storageDirectories,
  });
  list.add(
    seen.filter((each) => each !== source),
    `Make sure that ${name} runs on ${source} alone`,
    { do: 'verdict', ...guest },
  );
  list.add(source, `Make sure that ${name} runs on ${source}`, { do: 'check-running', ...guest });
  list.add(source, `Let ${source} reach ${target} by SSH, as ${way.addresses.join(' or ')}`, {
    do: 'check-ssh',
    ...way,
  });
  const begun = nextRecord(
    scene,
    record,
    { next: target, vouchings: vouchingsAfter(scene, record, move.suspects) },
    'begun',
  );
  list.add(
    source,
    `Record that ${target} may run it as well, until the outcome is known`,
    { do: 'write-record', folder, record: begun, expectId: record.id },
    {
      undo: [
        undoOf(target, `End what arrived of ${name} on ${target}, if anything did`, {
          do: 'end-leftovers',
          ...guest,
        }),
        undoOf(source, 'Record what was before', {
          do: 'write-record',
          folder,
          record: formerRecord(scene, record, begun, 'begun'),
          expectId: begun.id,
        }),
      ],
    },
  );
  // looked at again right before it, with no change between: so a run that is resumed, perhaps days later, does so as well
  list.add(
    seen.filter((each) => each !== source),
    `Make sure that ${name} still runs on ${source} alone`,
    { do: 'verdict', ...guest },
  );
  list.add(source, `Make sure that ${name} still runs on ${source}`, { do: 'check-running', ...guest });
  list.add(
    source,
    `Migrate ${name} from ${source} to ${target} while it runs`,
    { do: 'migrate-domain', ...guest, ...way },
    { commit: true },
  );
  list.add(target, `Make sure that ${name} runs on ${target}`, { do: 'check-running', ...guest });
  const arrived = nextRecord(
    scene,
    begun,
    {
      primary: target,
      secondary: source,
      generation: record.generation + 1,
      formerPrimaries: primariesAfter(record, source, target),
    },
    'arrived',
  );
  list.add(target, `Hand over: from here on only ${target} may start ${name}`, {
    do: 'write-record',
    folder,
    record: arrived,
    expectId: begun.id,
  });
  list.add(
    seen.filter((each) => each !== target),
    `Make sure that ${name} runs on ${target} alone`,
    { do: 'verdict', ...guest },
  );
  addUnlock(list, scene, source, folder, false);
  return { steps: list.steps, files: [recordFile(folder, record, arrived)] };
};

/** When it can't be migrated but can be failed over, that is said. */
const failoverInstead = (
  scene: Scene,
  view: InstanceView,
  target: string,
  reasons: readonly Reason[],
): Reason[] => {
  const blocked = (each: Reason): boolean => each.severity === 'blocks';
  if (!reasons.some(blocked)) return [];
  const other = planFailover(scene, { kind: 'failover', instance: view.uuid, target, timeoutSeconds: 120 });
  if (other.reasons.some(blocked)) return [];
  const down = other.effects?.downSeconds ?? null;
  return [
    warning(
      'failover-instead',
      'What can be done instead',
      `${view.name} can be failed over to ${target}: ${down === null ? 'it starts there' : `its guest shuts down and starts there, which takes about ${down} s`}.`,
      { node: target },
    ),
  ];
};

export const planMigrate = (scene: Scene, intent: MigrateIntent): Draft => {
  const found = findSubject(scene, intent.instance);
  if (!found.ok)
    return {
      title: `Migrate ${intent.instance}`,
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  if (intent.cleanup === true) return planMigrateCleanup(scene, view);
  const { record } = view;
  const source = record.primary;
  const target = intent.target ?? record.secondary;
  const draft: Draft = {
    title: target === null ? `Migrate ${view.name}` : `Migrate ${view.name} to ${target}`,
    subject: { kind: 'instance', name: view.name, uuid: view.uuid },
    equivalent: migrateEquivalent(view.name, intent.target),
    reasons: clusterChecks(scene),
  };
  if (target === null || source === null || target === source) {
    draft.reasons.push(
      target === null
        ? blocks('no-target', 'Target', `${view.name} has no secondary node: name the node to migrate to.`, {
            field: 'target',
          })
        : source === null
          ? blocks('hand-over', 'Primary', cutOffTextOf(view))
          : blocks('same-node', 'Target', `${target} is the primary of ${view.name} already.`, {
              node: target,
              field: 'target',
            }),
    );
    return draft;
  }
  const seen = (node: string): boolean => scene.lookup.byName.get(node)?.seen === true;
  const suspects = suspectsOf(scene, view, source).filter((each) => each.node !== target);
  const mib = Math.max(record.guest.memoryMib, memoryOn(view, source));
  const reasons: Reason[] = [
    ...mustAnswer(scene, target, 'Target', 'target'),
    ...mustAnswer(scene, source, 'Primary'),
    ...(seen(source) ? [...nodeCanWork(scene, source), ...runsOnItsPrimary(view, source)] : []),
    ...recordMayStart(view),
    ...lockIsFree(scene, view),
    ...(seen(target)
      ? [
          ...nodeCanWork(scene, target),
          ...sameFilesOn(scene, view, target),
          ...chainsMayStart(scene, view, target),
          ...canReceive(scene, view, target, mib),
        ]
      : []),
    ...disksMayMove(scene, view, source, target),
    ...xenFits(scene, source, target),
    ...cpuFits(scene, source, target),
    ...(seen(target) ? hasAddress(scene, source, target) : []),
    ...nothingRuns(scene, view, source),
    ...vouchChecks(scene, view, suspects).filter((each) => each.node !== source && each.node !== target),
  ];
  draft.reasons.push(...reasons, ...failoverInstead(scene, view, target, reasons));
  draft.effects = {
    memory: [
      { node: target, mib },
      { node: source, mib: -memoryOn(view, source) },
    ],
  };
  if (!seen(source) || !seen(target) || !folderOn(view, source) || !folderOn(view, target)) return draft;
  if (addressesOf(scene, target).length === 0) return draft;
  return {
    ...draft,
    ...stepsOf(scene, view, { source, target, suspects: suspects.map((each) => each.node) }),
  };
};
