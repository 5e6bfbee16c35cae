/**
 * A hand-over that was cut off after RELEASE, finished from any workstation: the record names no primary, and its `next` node
 * holds the very copy that the run proved before it released. Behind the commit point there is only forward.
 */
import { cutOffTextOf, wayBackText } from '../../cluster/hand-over-text.ts';
import type { InstanceReplica, InstanceView } from '../../cluster/instances.ts';
import { storageOf } from '../../cluster/lookup.ts';
import { nothingRuns } from '../checks/domains.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import { disksAt, nextRecord, recordFile, vouchingsAfter } from '../records.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList } from '../step-list.ts';
import { identityOf } from '../subject.ts';
import { addContents, contentReasons } from './take-over.ts';

/** The copy of the very run that released: its record is the one before, and nobody could write since. */
const provedCopy = (view: InstanceView): InstanceReplica | null =>
  view.replicas.find(
    (each) =>
      each.node === view.record.next &&
      each.replica.written.run === view.record.written.run &&
      each.replica.record.id === view.record.ancestors[0],
  ) ?? null;

/** For an instance whose record names no primary. */
export const planFinishHandOver = (scene: Scene, view: InstanceView, draft: Draft): Draft => {
  const { record, name } = view;
  const target = record.next;
  const replica = provedCopy(view);
  const cutOff = (text: string): Draft => ({
    ...draft,
    reasons: [...draft.reasons, blocks('hand-over', 'Primary', text)],
  });
  if (target === undefined || !replica)
    return cutOff(
      `${target === undefined ? '' : `${target}, which was to have ${name}, shows no copy of the run that released it. `}${cutOffTextOf(view)}`,
    );
  const sight = scene.lookup.byName.get(target)?.facts?.folders.find((each) => each.path === replica.folder);
  const storage = storageOf(scene.lookup.byName.get(target), replica.storage);
  const suspects = suspectsOf(scene, view).filter((each) => each.node !== target);
  const locked = [sight?.lock, view.lock].some((each) => each !== null && each !== undefined);
  const reasons = [
    ...draft.reasons,
    ...clusterChecks(scene),
    ...mustAnswer(scene, target, 'Target'),
    ...(scene.lookup.byName.get(target)?.seen
      ? []
      : [
          warning(
            'target-lost',
            'Hand-over',
            `${name} was released to ${target}, which does not answer: wait for it. ${wayBackText(view)}`,
            { node: target },
          ),
        ]),
    ...nodeCanWork(scene, target),
    ...(locked
      ? [
          blocks(
            'locked',
            'Lock',
            `The run ${record.written.run} that hands ${name} over still holds its locks: resume it where it was begun. Only when that workstation is lost, break the locks; then this goes on in its place.`,
          ),
        ]
      : []),
    ...(replica.problem === null
      ? [
          passed(
            'hand-over',
            'Hand-over',
            `It was released to ${target}, after every image had been copied and compared there: only the record of ${target} is missing.`,
            { node: target },
          ),
          ...contentReasons(replica),
        ]
      : [
          blocks('replica-broken', `Copy on ${target}`, `${replica.problem} ${wayBackText(view)}`, {
            node: target,
          }),
        ]),
    ...nothingRuns(scene, view),
    ...vouchChecks(scene, view, suspects),
  ];
  if (!scene.lookup.byName.get(target)?.seen || !storage?.id || replica.problem !== null)
    return { ...draft, reasons };
  const { folder } = replica;
  const next = nextRecord(
    scene,
    record,
    {
      primary: target,
      disks: disksAt(record, folder),
      place: { storage: storage.id, path: folder, inode: replica.inode },
      vouchings: vouchingsAfter(
        scene,
        record,
        suspects.map((each) => each.node),
      ),
    },
    'acquire',
  );
  const list = makeStepList();
  addLock(list, scene, { node: target, folder, title: `finish the hand-over of ${name}`, nodes: [target] });
  list.add(
    scene.lookup.seen.map((each) => each.name),
    `Make sure that ${name} runs nowhere`,
    { do: 'verdict', ...identityOf(next) },
  );
  list.add(target, `Look at the copies on ${target}`, {
    do: 'verify-files',
    folder,
    recordId: null,
    disks: next.disks,
  });
  addContents(list, replica);
  list.add(
    target,
    `Acquire: primary ${target}, generation ${next.generation}`,
    { do: 'write-record', folder, record: next, expectId: null },
    { commit: true },
  );
  list.add(target, `It is no replica any more on ${target}`, {
    do: 'drop-replica',
    folder,
    recordId: next.id,
  });
  addUnlock(list, scene, target, folder, false);
  return { ...draft, reasons, steps: list.steps, files: [recordFile(folder, null, next)] };
};
