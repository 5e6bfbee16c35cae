/** Rename: folder, record and xen.cfg of a stopped instance get another name. Its uuid, its cards and its images stay. */

import type { InstanceRecord } from '../../cluster/record.ts';
import { listText } from '../../cluster/status.ts';
import { baseName } from '../../storage/paths.ts';
import { claimedConfig } from '../adopt/claimed-config.ts';
import { nameIsFree, nameIsValid } from '../checks/names.ts';
import { noNeighbours } from '../checks/neighbours.ts';
import { chooseOsScript } from '../checks/os-script.ts';
import { nothingBuildsOn } from '../checks/overlays.ts';
import {
  addNoOverlays,
  addOpening,
  type DiskWork,
  draftOf,
  imagesAreSound,
  openDiskWork,
} from '../disk/disk-work.ts';
import { renameEquivalent } from '../equivalent.ts';
import type { RenameIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { disksAt, nextRecord, recordFile, replicaHolders, vouchingsAfter } from '../records.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import { configPath } from '../subject.ts';
import { addConfigCheck, addConfigWrite, addRecordWrite } from '../write-steps.ts';
import { addOsScript } from './os.ts';

/** What lies elsewhere, or names the folder otherwise than as the place of a disk, would not follow. */
const whatDoesNotFollow = (work: DiskWork, config: string): Reason[] => {
  const { view, node } = work;
  const outside = view.disks.filter((each) => each.path !== `${view.folder}/${baseName(each.path)}`);
  return [
    ...(outside.length > 0
      ? [
          blocks(
            'outside',
            'Images elsewhere',
            `${listText(outside.map((each) => each.path))} ${outside.length === 1 ? 'does' : 'do'} not lie in ${view.folder}, whose lock would not guard ${outside.length === 1 ? 'it' : 'them'}.`,
            { node },
          ),
        ]
      : []),
    ...([config, JSON.stringify(work.record.guest)].some(
      (text) => text.includes(`${view.folder}/`) || text.includes(`${view.folder}"`),
    )
      ? [
          blocks(
            'config-folder',
            'Xen configuration',
            `xen.cfg names ${view.folder} elsewhere than in its disks (a kernel, a CD image, a comment), which would lead nowhere once the folder has another name. Take that out of it first: vbdesk instance config edit ${view.name}.`,
            { node },
          ),
        ]
      : []),
  ];
};

/** A copy that goes by the old name would be none of the new one: also one that a node does not show, since its storage is away. */
const noReplicas = ({ view }: DiskWork): Reason[] =>
  replicaHolders(view).map((node) => {
    const shown = view.replicas.find((each) => each.node === node);
    const text = shown
      ? `${shown.folder} on ${node} is a replica of ${view.name}, under that name. Discard it first, and replicate anew afterwards: vbdesk instance discard ${view.name} -n ${node}.`
      : `By the record of ${view.name} ${node} holds a replica of it under that name, which can't be seen now: ${node} or its storage is away. Bring it back, then discard the replica: vbdesk instance discard ${view.name} -n ${node}. If somebody removed it by hand, replicate to ${node} once more and discard that.`;
    return blocks('replica', `Replica on ${node}`, text, { node });
  });

const renamed = (scene: Scene, work: DiskWork, name: string, folder: string): InstanceRecord =>
  nextRecord(
    scene,
    work.record,
    {
      name,
      disks: disksAt(work.record, folder),
      place: { ...work.record.place, path: folder },
      vouchings: vouchingsAfter(scene, work.record, work.vouched),
    },
    'rename',
  );

export const planRename = (scene: Scene, intent: RenameIntent): Draft => {
  const { name } = intent;
  const title = (old: string): string => `Rename ${old} to ${name}`;
  const valid = nameIsValid(name);
  const opened = openDiskWork(scene, intent.instance, {
    title,
    running: (old) =>
      `Its domain, its folder and its disks go by that name while it runs, so it is renamed while it is stopped: shut ${old} down first.`,
  });
  if (!opened.ok) {
    opened.draft.reasons.push(...valid);
    return opened.draft;
  }
  const { work } = opened;
  const { view, record, node, sight } = work;
  const { run } = scene.context;
  const reasons: Reason[] = [...opened.reasons, ...valid, ...imagesAreSound(work), ...noReplicas(work)];
  const draft: Draft = {
    ...draftOf(work, title(view.name), reasons),
    equivalent: valid.length === 0 ? renameEquivalent(view.name, name) : null,
  };
  if (valid.length > 0) return draft;
  if (name === view.name) {
    reasons.push(blocks('same-name', 'Name', `It is called ${name} already.`, { field: 'name' }));
    return draft;
  }
  const from = view.folder;
  const to = `${view.storage}/${name}`;
  const moves = from !== to;
  const files = sight.folder.files.map((each) => each.name);
  reasons.push(...nameIsFree(scene, name, from));
  if (moves)
    reasons.push(
      ...noNeighbours(
        scene,
        sight,
        view.disks.map((each) => baseName(each.path)),
        'It would get another path with the folder: move it out of there first.',
      ),
      ...nothingBuildsOn(scene, sight, files, 'renamed'),
    );
  const next = renamed(scene, work, name, to);
  const before = sight.folder.config;
  // that it is missing is said by the checks of the record
  if (before === null) return draft;
  const after = claimedConfig(before, record, next);
  if (after === null) {
    reasons.push(
      blocks(
        'config',
        'Xen configuration',
        `xen.cfg does not attach each disk of the record under its path, so it can't follow. Both must agree before ${view.name} is renamed.`,
        { node },
      ),
    );
    return draft;
  }
  if (moves) reasons.push(...whatDoesNotFollow(work, after));
  const all = record.disks.map((_, index) => index);
  const chosen = intent.osRename ? chooseOsScript(scene, node, record, 'rename', all) : null;
  reasons.push(
    ...(chosen?.reasons ?? [
      passed(
        'guest-name',
        'In the guest',
        `What the guest itself keeps of its name (host name, addresses) stays as it is${record.os.includes(':') || record.os === 'none' ? '' : ', unless the script rename of its OS definition is run as well (--os-rename)'}.`,
      ),
    ]),
  );
  if (chosen !== null && chosen.script === null) return draft;
  if (chosen?.script)
    reasons.push(
      warning(
        'os-rename',
        'In the guest',
        `What ${chosen.script.definition.path}/rename writes into the images is not taken back if it fails: the system in them may then go by the new name, the old one, or partly by both. Where that matters, make a snapshot or a clone first.`,
        { node },
      ),
    );

  const list = makeStepList();
  addOpening(list, scene, work, `rename ${view.name} to ${name}`);
  if (moves) {
    addNoOverlays(
      list,
      scene,
      work,
      sight.folder.files.filter((each) => each.kind === 'file').map((each) => `${from}/${each.name}`),
    );
    const move = { do: 'move-folder', expectInode: sight.folder.inode, run } as const;
    list.add(
      node,
      'Give the folder its new name',
      { ...move, from, to },
      { undo: [undoOf(node, 'Give the folder its name back', { ...move, from: to, to: from })] },
    );
  }
  const path = configPath(to);
  addConfigWrite(list, node, { path, before, after });
  addConfigCheck(list, node, path, after);
  addRecordWrite(list, scene, { node, folder: to }, { record, next, label: 'rename' });
  list.add(node, 'Compare the images with the new record', {
    do: 'verify-files',
    folder: to,
    recordId: next.id,
    disks: next.disks,
  });
  if (chosen?.script)
    addOsScript(list, scene, next, {
      node,
      title: `Let ${record.os} rename the system in the images`,
      script: { name: 'rename' },
      os: chosen.script,
      disks: all,
      more: { OLD_INSTANCE_NAME: view.name },
    });
  addUnlock(list, scene, node, to, true);
  return {
    ...draft,
    steps: list.steps,
    files: [{ path, before, after }, recordFile(to, record, next)],
  };
};
