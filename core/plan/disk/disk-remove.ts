/** A disk is taken out of an instance: its file is kept beside the others, or deleted; and kept files are let go. */
import { listText } from '../../cluster/status.ts';
import { keptName, parseKeptName } from '../../storage/kept-names.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { folderOn } from '../checks/images.ts';
import { clusterChecks, nodeCanWork } from '../checks/nodes.ts';
import { nothingBuildsOn, readyDirectories } from '../checks/overlays.ts';
import { lockIsFree, recordMayChange } from '../checks/record.ts';
import { noTrashBuildsOn } from '../checks/trash.ts';
import { addUnused, nobodyUses, silentMayUse } from '../checks/users.ts';
import type { DiskRemoveIntent, ReleaseIntent } from '../disk-intents.ts';
import { diskRemoveEquivalent } from '../equivalent.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import { findSubject, workingNode } from '../subject.ts';
import {
  addEdit,
  addNoOverlays,
  addOpening,
  draftOf,
  editDisks,
  findDisk,
  openDiskWork,
} from './disk-work.ts';

/** The code holds the name, so that giving it means typing it. */
export const deleteCode = (file: string): string => `delete:${file}`;

export const planDiskRemove = (scene: Scene, intent: DiskRemoveIntent): Draft => {
  const title = (name: string): string => `Take disk ${intent.disk} out of ${name}`;
  const opened = openDiskWork(scene, intent.instance, {
    title,
    running: (name) =>
      `A disk is taken out while the guest is stopped: pulling it from under a mounted file system loses what was not written yet. Shut ${name} down first.`,
  });
  if (!opened.ok) return opened.draft;
  const { work } = opened;
  const { node, view, sight } = work;
  const { run } = scene.context;
  const reasons: Reason[] = [...opened.reasons];
  const found = findDisk(work, intent.disk);
  reasons.push(...found.reasons);
  const draft: Draft = {
    ...draftOf(work, `${title(view.name)}${intent.purge ? ' and delete its image' : ''}`, reasons),
    equivalent: diskRemoveEquivalent(view.name, intent.disk),
  };
  if (found.disk === null) return draft;
  const { disk, name } = found;
  const about = { node, field: 'disk' };
  if (view.disks.length === 1)
    reasons.push(
      blocks(
        'last-disk',
        'Disks',
        `${disk.path} is the only disk of ${view.name}, and an instance has at least one. Add another first, or remove the instance.`,
        about,
      ),
    );
  if (disk.index === 0)
    reasons.push(
      warning(
        'first-disk',
        'Disks',
        `Disk 0 (${disk.vdev}) is the one that a guest usually boots from. The others keep their devices: ${listText(view.disks.slice(1).map((each) => each.vdev))}.`,
        about,
      ),
    );
  reasons.push(
    ...nothingBuildsOn(scene, sight, [name], 'taken out'),
    ...(intent.purge ? noTrashBuildsOn(scene, node, [disk.path]) : []),
  );
  const exists = sight.folder.files.some((each) => each.name === name);
  const bytes = `${formatBytes(disk.size)}, ${formatBytes(disk.allocated ?? 0)} on disk`;
  const kept = keptName(name, 'removed', run, disk.type);
  if (!exists)
    reasons.push(
      warning('image-gone', 'Image', `${disk.path} is not there any more; only the record is mended.`, about),
    );
  else
    reasons.push(
      intent.purge
        ? consent(
            deleteCode(name),
            'Deleted for good',
            `${disk.path} (${bytes}) is deleted. This can't be taken back.`,
            about,
          )
        : passed(
            'kept',
            'The file',
            `${disk.path} becomes ${kept} beside the others (${bytes}). It can be added again: vbdesk instance disk add ${view.name} file=${kept}; or let go: vbdesk image release ${view.name} ${kept}.`,
            about,
          ),
    );
  const { edit, reasons: wrong } = editDisks(work, disk.path, null);
  reasons.push(...wrong);
  if (edit === null || view.disks.length === 1) return draft;
  const list = makeStepList();
  // the file that goes need not be sound, the others are not touched
  addOpening(list, scene, work, `take ${name} out of ${view.name}`, []);
  if (exists) addNoOverlays(list, scene, work, [disk.path]);
  const { files } = addEdit(list, scene, work, edit);
  const keptPath = `${view.folder}/${kept}`;
  if (exists)
    list.add(
      node,
      `Keep the file as ${kept}`,
      { do: 'rename-image', from: disk.path, to: keptPath },
      intent.purge
        ? { commit: true }
        : {
            undo: [
              undoOf(node, `Give ${name} its name back`, {
                do: 'rename-image',
                from: keptPath,
                to: disk.path,
              }),
            ],
          },
    );
  if (exists && intent.purge) list.add(node, `Delete ${name}`, { do: 'delete-kept', path: keptPath });
  addUnlock(list, scene, node, view.folder, !(exists && intent.purge));
  return { ...draft, steps: list.steps, files };
};

export const planRelease = (scene: Scene, intent: ReleaseIntent): Draft => {
  const found = findSubject(scene, intent.instance);
  const title = (name: string): string => `Let ${intent.file} of ${name} go`;
  if (!found.ok)
    return {
      title: title(intent.instance),
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: [...clusterChecks(scene), ...found.reasons],
    };
  const { view } = found;
  const node = workingNode(view);
  const sight = node === null ? null : folderOn(view, node);
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...recordMayChange(view),
    ...lockIsFree(scene, view),
    ...(node === null ? [] : nodeCanWork(scene, node)),
  ];
  const draft: Draft = {
    title: title(view.name),
    subject: { kind: 'instance', name: view.name, uuid: view.uuid },
    reasons,
  };
  if (node === null || sight === null) {
    reasons.push(
      blocks(
        'no-folder',
        'Folder',
        `No node that answers shows the folder ${view.folder} where its record was written.`,
      ),
    );
    return draft;
  }
  const about = { node, field: 'file' };
  const path = `${view.folder}/${intent.file}`;
  const file = sight.folder.files.find((each) => each.name === intent.file);
  const kept = sight.folder.files
    .filter((each) => parseKeptName(each.name) !== null)
    .map((each) => each.name);
  const there = kept.length > 0 ? `There are ${listText(kept)}.` : 'There is none.';
  if (parseKeptName(intent.file) === null)
    reasons.push(
      blocks(
        'not-kept',
        'File',
        `${intent.file} is no file that a conversion or the removal of a disk kept, such as sda.before-…, so it is not deleted. ${there}`,
        about,
      ),
    );
  else if (!file)
    reasons.push(blocks('no-file', 'File', `${view.folder} holds no file ${intent.file}. ${there}`, about));
  else {
    if (view.record.disks.some((each) => each.logical_id[2] === path))
      reasons.push(blocks('is-disk', 'File', `${path} is a disk of ${view.name}.`, about));
    reasons.push(
      ...nothingBuildsOn(scene, sight, [intent.file], 'deleted'),
      ...noTrashBuildsOn(scene, node, [path]),
      consent(
        deleteCode(intent.file),
        'Deleted for good',
        `${path} (${formatBytes(file.size)}, ${formatBytes(file.allocated)} on disk) is deleted. This can't be taken back.`,
        about,
      ),
    );
  }
  reasons.push(
    ...nobodyUses(scene, { node, path }, { code: 'open', title: 'File', field: 'file', why: '.' }),
    ...silentMayUse(scene, { node, path }, 'If it does, what it works on is gone.'),
  );
  if (!file || reasons.some((each) => each.severity === 'blocks')) return draft;
  const list = makeStepList();
  addLock(list, scene, { node, folder: view.folder, title: `let ${intent.file} go`, nodes: [node] });
  addUnused(list, scene, node, [path], 'Make sure that nobody has it open');
  list.add(node, 'Make sure that no other image builds on it', {
    do: 'check-no-overlays',
    images: [path],
    directories: readyDirectories(scene, node),
  });
  list.add(node, `Delete ${intent.file}`, { do: 'delete-kept', path }, { commit: true });
  addUnlock(list, scene, node, view.folder, false);
  return { ...draft, steps: list.steps };
};
