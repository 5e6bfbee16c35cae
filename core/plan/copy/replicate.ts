/** Replicate: a verified copy of a stopped instance on a node that does not see its files; it can't start there. */
import { cutOffTextOf } from '../../cluster/hand-over-text.ts';
import { copyPlace, imagesCanBeCopied } from '../checks/copy.ts';
import { nothingRuns } from '../checks/domains.ts';
import { sameXen } from '../checks/failover.ts';
import { folderOn } from '../checks/images.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { lockIsFree, recordMayStart } from '../checks/record.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import { folderName } from '../hand-over/move.ts';
import type { ReplicateIntent } from '../intent.ts';
import { knowing, nextRecord, recordFile, replicaHolders, replicaNodesAfter } from '../records.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList } from '../step-list.ts';
import { findSubject, identityOf } from '../subject.ts';
import { addRecordWrite } from '../write-steps.ts';
import {
  addConfig,
  addCopies,
  addPlace,
  addReopening,
  addUnchanged,
  configAt,
  replicaOf,
  replicaText,
} from './copying.ts';

export const planReplicate = (scene: Scene, intent: ReplicateIntent): Draft => {
  const found = findSubject(scene, intent.instance);
  if (!found.ok)
    return {
      title: `Replicate ${intent.instance}`,
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  const { record, folder, name } = view;
  const source = record.primary;
  const node = intent.node ?? record.secondary;
  const draft: Draft = {
    title: `Replicate ${name}${node === null ? '' : ` to ${node}`}`,
    subject: { kind: 'instance', name, uuid: view.uuid },
    reasons: [],
    equivalent: null,
  };
  if (source === null || node === null) {
    draft.reasons.push(
      source === null
        ? blocks('hand-over', 'Primary', cutOffTextOf(view))
        : blocks(
            'no-target',
            'Target',
            `${name} has no secondary: name the node that shall hold the replica.`,
            {
              field: 'node',
            },
          ),
    );
    return draft;
  }
  const suspects = suspectsOf(scene, view, source).filter((each) => each.node !== node);
  const copying = copyPlace(scene, view, { node, directory: view.storage, name: folderName(view) });
  draft.reasons.push(
    ...clusterChecks(scene),
    ...mustAnswer(scene, source, 'Primary'),
    ...nodeCanWork(scene, source),
    ...(folderOn(view, source)
      ? []
      : [blocks('no-folder', 'Folder', `${source} does not show the folder ${folder}.`, { node: source })]),
    ...(node === source
      ? [
          blocks(
            'same-node',
            'Target',
            `${node} is the primary of ${name}: a replica lies on another node.`,
            { field: 'node' },
          ),
        ]
      : []),
    ...recordMayStart(view),
    ...lockIsFree(scene, view),
    ...imagesCanBeCopied(view, source),
    ...copying.reasons,
    // xen.cfg goes along as it is
    ...sameXen(scene, source, node).filter((each) => each.severity === 'blocks'),
    ...(view.status === 'running'
      ? [
          blocks(
            'running',
            'State',
            `${name} runs on ${source}: what a running guest writes can't be copied at one moment. Stop it, replicate it, start it again; a failover copies by itself, and only what differs from the replica.`,
            { node: source },
          ),
        ]
      : nothingRuns(scene, view)),
    ...vouchChecks(scene, view, suspects).filter((each) => each.node !== source),
    ...(record.secondary !== null && record.secondary !== node
      ? [
          warning(
            'other-secondary',
            'Secondary',
            `The secondary of ${name} is ${record.secondary}: a failover to ${node} has to name it.`,
            { node },
          ),
        ]
      : []),
    passed(
      'replica-safe',
      'What it is',
      `The copy holds replica.json and no record, so nothing can start it; only a failover of ${name} to ${node} makes it the instance.`,
    ),
  );
  draft.effects = {
    newBytes: copying.place?.replica ? 0 : record.disks.reduce((sum, each) => sum + each.size, 0),
  };
  const { place } = copying;
  if (!place || node === source || !scene.lookup.byName.get(source)?.seen || !folderOn(view, source))
    return draft;
  const written = configAt(scene, view, { ...record, primary: node }, place);
  if (!written.ok) {
    draft.reasons.push(...written.reasons);
    return draft;
  }
  const title = `replicate ${name} to ${node}`;
  const nodes = [source, node];
  const list = makeStepList();
  addLock(list, scene, { node: source, folder, title, nodes });
  addPlace(list, scene, place, { title, nodes });
  const files: NonNullable<Draft['files']> = [];
  let current = record;
  // before there is anything on that node: one that holds a replica and is silent later has to be asked for
  if (record.secondary === null || record.replicaNodes?.includes(node) !== true) {
    const becomes = record.secondary === null ? 'is its secondary and ' : '';
    current = nextRecord(
      scene,
      record,
      {
        secondary: record.secondary ?? node,
        replicaNodes: replicaNodesAfter(view, { added: [node] }),
      },
      'secondary',
    );
    addRecordWrite(
      list,
      scene,
      { node: source, folder, title: `Record that ${node} ${becomes}holds a replica` },
      { record: knowing(record, replicaHolders(view)), next: current, label: 'secondary' },
    );
    files.push({ node: source, ...recordFile(folder, record, current) });
  }
  addConfig(list, place, written.config);
  list.add(
    scene.lookup.seen.map((each) => each.name),
    `Make sure that ${name} runs nowhere`,
    { do: 'verdict', ...identityOf(record) },
  );
  list.add(source, `Compare the images on ${source} with the record`, {
    do: 'verify-files',
    folder,
    recordId: current.id,
    disks: record.disks,
  });
  addReopening(list, scene, place, record);
  addCopies(list, record, source, place);
  addUnchanged(list, scene, record, source);
  const replica = replicaOf(scene, current, { source, folder: place.folder }, 'made');
  list.add(
    node,
    `Describe the replica on ${node}`,
    {
      do: 'write-replica',
      folder: place.folder,
      replica,
      expectCopy: place.replica?.replica.copy ?? null,
    },
    { commit: true },
  );
  addUnlock(list, scene, node, place.folder, false);
  addUnlock(list, scene, source, folder, false);
  if (written.config.file) files.push(written.config.file);
  files.push({
    node,
    path: `${place.folder}/replica.json`,
    before: place.replica ? replicaText(place.replica.replica) : null,
    after: replicaText(replica),
  });
  return { ...draft, steps: list.steps, files };
};
