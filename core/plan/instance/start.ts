/** Start: where the record says, once nothing of it runs anywhere. */
import type { InstanceView } from '../../cluster/instances.ts';
import { canCarry } from '../checks/capacity.ts';
import { nothingRuns } from '../checks/domains.ts';
import { configSumOn, imagesOn } from '../checks/images.ts';
import { clusterChecks, mustAnswer, nodeCanWork, troubleOf } from '../checks/nodes.ts';
import { chainsMayStart } from '../checks/overlays.ts';
import { lockIsFree, recordMayStart } from '../checks/record.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import { startEquivalent } from '../equivalent.ts';
import type { Reason } from '../reason.ts';
import { nextRecord, recordFile, vouchingsAfter } from '../records.ts';
import { blocks, type Scene } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import { configPath, findSubject, identityOf } from '../subject.ts';
import { addRecordWrite } from '../write-steps.ts';

const primaryAnswers = (scene: Scene, view: InstanceView, primary: string): Reason[] => {
  const answers = mustAnswer(scene, primary, 'Primary');
  if (!answers.some((each) => each.code === 'not-answering')) return answers;
  return [
    blocks(
      'not-answering',
      'Primary',
      `Only ${primary} may start ${view.name}, and it can't be worked on: ${troubleOf(scene, primary)}. Fail the instance over to another node instead.`,
      { node: primary },
    ),
  ];
};

/** Steps of a start on `node`, whose record is `view.record`. */
const stepsOf = (
  scene: Scene,
  view: InstanceView,
  node: string,
  vouched: string[],
): Pick<Draft, 'steps' | 'files'> => {
  const { record, folder } = view;
  const guest = identityOf(record);
  const list = makeStepList();
  const seen = scene.lookup.seen.map((each) => each.name);
  addLock(list, scene, { node, folder, title: `start ${view.name}`, nodes: [node] });
  const files: Draft['files'] = [];
  let recordId = record.id;
  // a start that leaves the record as it is would make what a replica holds look like the newest state; a replica need not be seen
  if (record.adminState !== 'up' || vouched.length > 0 || !view.shared || view.replicas.length > 0) {
    const vouchings = vouchingsAfter(scene, record, vouched);
    const next = nextRecord(scene, record, { adminState: 'up', vouchings }, 'up');
    recordId = next.id;
    addRecordWrite(
      list,
      scene,
      { node, folder, title: 'Record that it shall run' },
      { record, next, label: 'up' },
    );
    files.push(recordFile(folder, record, next));
  }
  // just before the start, with no change between: a run that is resumed, perhaps days later, looks again at all of it
  list.add(seen, `Make sure that ${view.name} runs nowhere`, { do: 'verdict', ...guest });
  list.add(node, 'Compare the images with the record', {
    do: 'verify-files',
    folder,
    recordId,
    disks: record.disks,
    within: scene.snapshot.cluster.storageDirectories,
  });
  const config = { config: configPath(folder), configSum: configSumOn(view, node) };
  list.add(node, 'Let the toolstack check xen.cfg', { do: 'check-config', ...config });
  // from the moment when it runs somebody may use it: a start that fails is taken back, and nothing after it
  list.add(
    node,
    `Start ${view.name} on ${node}`,
    { do: 'start-domain', ...guest, ...config, paused: false },
    {
      undo: [undoOf(node, `End what the start left on ${node}`, { do: 'end-domain', ...guest })],
      commit: true,
      guest: 'up',
    },
  );
  addUnlock(list, scene, node, folder, false);
  return { steps: list.steps, files };
};

export const planStart = (scene: Scene, intent: { instance: string }): Draft => {
  const found = findSubject(scene, intent.instance);
  const title = (name: string): string => `Start ${name}`;
  if (!found.ok)
    return {
      title: title(intent.instance),
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  const { primary } = view;
  const suspects = suspectsOf(scene, view, primary);
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...recordMayStart(view),
    ...lockIsFree(scene, view),
    ...(primary === null
      ? []
      : [
          ...primaryAnswers(scene, view, primary),
          ...nodeCanWork(scene, primary),
          ...imagesOn(view, primary),
          ...chainsMayStart(scene, view, primary),
          ...canCarry(scene, primary, view.record),
        ]),
    ...nothingRuns(scene, view),
    ...vouchChecks(scene, view, suspects).filter((each) => each.node !== primary),
  ];
  const runnable = primary !== null && scene.lookup.byName.get(primary)?.seen === true;
  return {
    title: title(view.name),
    subject: { kind: 'instance', name: view.name, uuid: view.uuid },
    reasons,
    ...(runnable
      ? stepsOf(
          scene,
          view,
          primary,
          suspects.map((each) => each.node),
        )
      : {}),
    effects: { memory: primary === null ? [] : [{ node: primary, mib: view.record.guest.memoryMib }] },
    equivalent: startEquivalent(view.name),
  };
};
