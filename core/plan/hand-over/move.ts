/** Move: to another storage directory or to a node that does not see the same files. */
import { cutOffTextOf } from '../../cluster/hand-over-text.ts';
import type { InstanceView } from '../../cluster/instances.ts';
import { canCarry } from '../checks/capacity.ts';
import { copyPlace, imagesCanBeCopied } from '../checks/copy.ts';
import { nothingRuns } from '../checks/domains.ts';
import { sameXen } from '../checks/failover.ts';
import { folderOn } from '../checks/images.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { lockIsFree, recordMayStart } from '../checks/record.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import { moveEquivalent } from '../equivalent.ts';
import { holdersOf, memoryOn } from '../instance/stopping.ts';
import type { MoveIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene } from '../scene.ts';
import type { Draft } from '../step-list.ts';
import { findSubject } from '../subject.ts';
import { handOverSteps } from './hand-over.ts';

/** Seconds that a copy of so many bytes takes, a careful guess. */
export const copySeconds = (view: InstanceView): number =>
  Math.ceil(view.disks.reduce((sum, each) => sum + (each.allocated ?? 0), 0) / 50_000_000);

export const folderName = (view: InstanceView): string => view.folder.slice(view.folder.lastIndexOf('/') + 1);

const whatStays = (view: InstanceView, source: string, removeSource: boolean): Reason =>
  removeSource
    ? passed(
        'source-goes',
        'What is left',
        `When the target was proved and has the record, ${view.folder} on ${source} goes into the trash, from where it can be purged.`,
      )
    : passed(
        'source-stays',
        'What is left',
        `${view.folder} on ${source} stays as a replica: it keeps its bytes, and can't be started.`,
      );

export const planMove = (scene: Scene, intent: MoveIntent): Draft => {
  const found = findSubject(scene, intent.instance);
  if (!found.ok)
    return {
      title: `Move ${intent.instance}`,
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  const { record } = view;
  const source = record.primary;
  const node = intent.node ?? source;
  const directory = intent.storageDirectory ?? view.storage;
  const draft: Draft = {
    title: `Move ${view.name} to ${node === source ? directory : `${node ?? '?'}${directory === view.storage ? '' : `, ${directory}`}`}`,
    subject: { kind: 'instance', name: view.name, uuid: view.uuid },
    reasons: [],
    equivalent: moveEquivalent(view.name, intent.node, intent.timeoutSeconds),
  };
  if (source === null || node === null) {
    draft.reasons.push(blocks('hand-over', 'Primary', cutOffTextOf(view)));
    return draft;
  }
  const held = holdersOf(view).filter((each) => each.node === source);
  const shallRun = record.adminState === 'up' || held.length > 0;
  const suspects = suspectsOf(scene, view, source).filter((each) => each.node !== node);
  const copying = copyPlace(scene, view, { node, directory, name: folderName(view) });
  draft.reasons.push(
    ...clusterChecks(scene),
    ...mustAnswer(scene, source, 'Primary'),
    ...nodeCanWork(scene, source),
    ...(folderOn(view, source)
      ? []
      : [
          blocks('no-folder', 'Folder', `${source} does not show the folder ${view.folder}.`, {
            node: source,
          }),
        ]),
    ...recordMayStart(view),
    ...lockIsFree(scene, view),
    ...imagesCanBeCopied(view, source),
    ...copying.reasons,
    ...(shallRun && node !== source ? canCarry(scene, node, record) : []),
    ...(node !== source && scene.lookup.byName.get(node)?.seen ? sameXen(scene, source, node) : []),
    ...nothingRuns(scene, view, source),
    ...vouchChecks(scene, view, suspects).filter((each) => each.node !== source),
    ...(['running', 'stopped'].includes(view.status)
      ? [
          passed(
            'state',
            'State',
            held.length > 0 ? `${view.statusText} It is stopped while it is copied.` : view.statusText,
          ),
        ]
      : [blocks('state', 'State', `${view.statusText} Stop it first; then it can be moved.`)]),
    whatStays(view, source, intent.removeSource),
  );
  draft.effects = {
    newBytes: copying.place?.replica ? 0 : record.disks.reduce((sum, each) => sum + each.size, 0),
    memory:
      shallRun && node !== source
        ? [
            { node, mib: record.guest.memoryMib },
            ...(held.length > 0 ? [{ node: source, mib: -memoryOn(view, source) }] : []),
          ]
        : [],
    downSeconds: held.length > 0 ? 35 + copySeconds(view) : null,
  };
  const { place } = copying;
  if (!place || !scene.lookup.byName.get(source)?.seen || !folderOn(view, source)) return draft;
  const replicaStays = node !== source && !intent.removeSource;
  const made = handOverSteps(scene, view, {
    source,
    place,
    held: held[0] ?? null,
    shallRun,
    vouched: suspects.map((each) => each.node),
    timeoutSeconds: intent.timeoutSeconds,
    secondary:
      record.secondary === node || record.secondary === null
        ? replicaStays
          ? source
          : null
        : record.secondary,
    removeSource: intent.removeSource,
    title: `move ${view.name} to ${place.folder} on ${node}`,
  });
  if (!made.ok) {
    draft.reasons.push(...made.reasons);
    return draft;
  }
  return { ...draft, steps: made.steps, files: made.files ?? [] };
};
