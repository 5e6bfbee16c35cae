/** Clone: the images of a stopped instance, copied and verified, become an instance of its own. The source stays as it is. */
import type { InstanceView } from '../../cluster/instances.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import { copyPlace, imagesCanBeCopied } from '../checks/copy.ts';
import { takeMac, usedMacs } from '../checks/disks.ts';
import { nothingRuns } from '../checks/domains.ts';
import { sameXen } from '../checks/failover.ts';
import { folderOn } from '../checks/images.ts';
import { nameIsFree, nameIsValid } from '../checks/names.ts';
import { clusterChecks, nodeCanWork } from '../checks/nodes.ts';
import { lockIsFree, recordMayStart } from '../checks/record.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import type { CloneIntent } from '../intent.ts';
import { uuidFrom } from '../random.ts';
import { disksAt, firstRecord, recordFile } from '../records.ts';
import { blocks, idOf, passed, type Scene } from '../scene.ts';
import { sha256 } from '../sha256.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import { configPath, findSubject, identityOf, workingNode } from '../subject.ts';
import { addConfig, addCopies, addPlace, addUnchanged, configAt } from './copying.ts';

/** A node that sees the source reads it itself; else its primary does. */
const readingNode = (scene: Scene, view: InstanceView, node: string | null): string | null => {
  const own = node === null ? null : folderOn(view, node);
  return own?.matchesPlace && scene.lookup.byName.get(own.node)?.seen ? own.node : workingNode(view);
};

const recordOfClone = (
  scene: Scene,
  view: InstanceView,
  at: { name: string; node: string; folder: string; storageId: string },
): InstanceRecord => {
  const { record } = view;
  const taken = new Set(usedMacs(scene).keys());
  return firstRecord(scene, {
    uuid: uuidFrom(idOf(scene, 'uuid')),
    name: at.name,
    primary: at.node,
    secondary: record.secondary === at.node ? record.primary : record.secondary,
    adminState: 'down',
    os: record.os,
    guest: record.guest,
    disks: disksAt(record, at.folder),
    nics: record.nics.map((nic, index) => ({ ...nic, mac: takeMac(scene, `clone ${index}`, taken) })),
    place: { storage: at.storageId, path: at.folder, inode: 0 },
  });
};

export const planClone = (scene: Scene, intent: CloneIntent): Draft => {
  const { name } = intent;
  const title = `Clone ${intent.instance} as ${name}`;
  const found = findSubject(scene, intent.instance);
  if (!found.ok)
    return {
      title,
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  const { record, folder } = view;
  const source = readingNode(scene, view, intent.node);
  const node = intent.node ?? source ?? '';
  const draft: Draft = {
    title: `Clone ${view.name} as ${name}`,
    // the run is found at the instance that it reads and locks
    subject: { kind: 'instance', name: view.name, uuid: view.uuid },
    reasons: [],
    equivalent: null,
  };
  const sound = nameIsValid(name).length === 0;
  const copying = sound
    ? copyPlace(scene, view, { node, directory: intent.storageDirectory ?? view.storage, name })
    : { reasons: [], place: null };
  const suspects = suspectsOf(scene, view);
  draft.reasons.push(
    ...clusterChecks(scene),
    ...nameIsValid(name),
    ...(sound ? nameIsFree(scene, name) : []),
    ...(source === null
      ? [
          blocks(
            'no-folder',
            'Folder',
            `No node that answers shows the folder ${folder} where its record was written.`,
          ),
        ]
      : nodeCanWork(scene, source)),
    ...recordMayStart(view),
    ...lockIsFree(scene, view),
    ...imagesCanBeCopied(view, source ?? ''),
    ...copying.reasons,
    // xen.cfg goes along as it is
    ...sameXen(scene, source ?? '', node).filter((each) => each.severity === 'blocks'),
    ...(view.status === 'running'
      ? [
          blocks(
            'running',
            'State',
            `${view.statusText} What a running guest writes can't be copied at one moment: stop ${view.name} first.`,
          ),
        ]
      : nothingRuns(scene, view)),
    ...vouchChecks(scene, view, suspects),
    passed(
      'identity',
      'Identity',
      `${name} gets a uuid and MAC addresses of its own. What the guest itself keeps (host name, addresses, machine-id, SSH host keys) is as in ${view.name}: change it before both are on one network.`,
    ),
  );
  draft.effects = { newBytes: record.disks.reduce((sum, each) => sum + each.size, 0) };
  const { place } = copying;
  if (source === null || !place) return draft;
  const next = recordOfClone(scene, view, { name, node, folder: place.folder, storageId: place.storageId });
  const written = configAt(scene, view, next, place);
  if (!written.ok) {
    draft.reasons.push(...written.reasons);
    return draft;
  }
  const lock = { title: `clone ${view.name} as ${name}`, nodes: [source, node] };
  const list = makeStepList();
  addLock(list, scene, { node: source, folder, ...lock });
  list.add(
    scene.lookup.seen.map((each) => each.name),
    `Make sure that ${view.name} runs nowhere`,
    { do: 'verdict', ...identityOf(record) },
  );
  list.add(source, `Compare the images on ${source} with the record`, {
    do: 'verify-files',
    folder,
    recordId: record.id,
    disks: record.disks,
  });
  addPlace(list, scene, place, lock);
  addCopies(list, record, source, place);
  addConfig(list, place, written.config);
  list.add(node, 'Let the toolstack check it', {
    do: 'check-config',
    config: configPath(place.folder),
    configSum: sha256(written.config.text),
  });
  addUnchanged(list, scene, record, source);
  list.add(
    node,
    `Write the record of ${name}`,
    { do: 'write-record', folder: place.folder, record: next, expectId: null },
    {
      undo: [undoOf(node, 'Remove the record', { do: 'remove-file', path: `${place.folder}/instance.json` })],
    },
  );
  addUnlock(list, scene, source, folder, false);
  addUnlock(list, scene, node, place.folder, true);
  return {
    ...draft,
    steps: list.steps,
    files: [
      ...(written.config.file ? [written.config.file] : []),
      { node, ...recordFile(place.folder, null, next) },
    ],
  };
};
