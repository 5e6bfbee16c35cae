/** Snapshots inside a qcow2 image: made, reverted to, deleted, while the guest is stopped. */
import { validateSnapshotTag } from '../../storage/snapshot-tags.ts';
import { nothingBuildsOn } from '../checks/overlays.ts';
import type { SnapshotIntent } from '../disk-intents.ts';
import type { Reason } from '../reason.ts';
import { nextRecord } from '../records.ts';
import { blocks, consent, type Scene, warning } from '../scene.ts';
import { addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import { addRecordWrite } from '../write-steps.ts';
import {
  addNoOverlays,
  addOpening,
  addProof,
  draftOf,
  findDisk,
  imagesAreSound,
  needsQemuImg,
  openDiskWork,
} from './disk-work.ts';

const titles: Record<SnapshotIntent['change'], (tag: string, where: string) => string> = {
  create: (tag, where) => `Make the snapshot ${tag} of ${where}`,
  revert: (tag, where) => `Take ${where} back to the snapshot ${tag}`,
  delete: (tag, where) => `Delete the snapshot ${tag} of ${where}`,
};
const done: Record<SnapshotIntent['change'], string> = {
  create: 'changed',
  revert: 'taken back',
  delete: 'changed',
};

export const planSnapshot = (scene: Scene, intent: SnapshotIntent): Draft => {
  const { change, tag } = intent;
  const title = (name: string): string => titles[change](tag, `disk ${intent.disk} of ${name}`);
  const opened = openDiskWork(scene, intent.instance, {
    title,
    running: (name) =>
      `QEMU has the image open, and a second program that writes to it would destroy it. Shut ${name} down first.`,
  });
  if (!opened.ok) return opened.draft;
  const { work } = opened;
  const { node, view, sight } = work;
  const reasons: Reason[] = [...opened.reasons];
  const checked = validateSnapshotTag(tag);
  if (!checked.ok) reasons.push(blocks('tag', 'Tag', checked.message, { field: 'tag' }));
  const found = findDisk(work, intent.disk);
  reasons.push(...found.reasons);
  const draft = draftOf(work, title(view.name), reasons);
  if (found.disk === null) return draft;
  const { disk, name } = found;
  const about = { node, field: 'tag' };
  if (disk.type !== 'qcow2')
    reasons.push(
      blocks(
        'type',
        'Type',
        `${disk.path} is ${disk.type}, and only qcow2 images hold snapshots. Convert it first: vbdesk image convert ${view.name} ${disk.index} --to qcow2.`,
        { node, field: 'disk' },
      ),
    );
  reasons.push(
    ...needsQemuImg(scene, node, 'keeps snapshots'),
    ...imagesAreSound(work),
    ...nothingBuildsOn(scene, sight, [name], done[change]),
  );
  if (change === 'revert')
    reasons.push(
      consent(
        'lose-current-state',
        'What is lost',
        `Everything that was written to ${disk.path} since ${tag} was made is lost for good. To keep it, make a snapshot of it first.`,
        about,
      ),
    );
  if (change === 'delete')
    reasons.push(
      warning(
        'no-way-back',
        'What is lost',
        `What only ${tag} holds of ${disk.path} is lost for good; the disk as it is now stays.`,
        about,
      ),
    );
  if (!checked.ok || disk.type !== 'qcow2') return draft;
  const image = { path: disk.path, tag, within: scene.snapshot.cluster.storageDirectories };
  const list = makeStepList();
  let proved = work.record;
  addOpening(list, scene, work, `${change} snapshot ${tag} of ${view.name}`);
  addNoOverlays(list, scene, work, [disk.path]);
  if (change === 'create')
    list.add(
      node,
      `Make the snapshot ${tag}`,
      { do: 'make-snapshot', ...image },
      { undo: [undoOf(node, `Delete the snapshot ${tag}`, { do: 'drop-snapshot', ...image, own: true })] },
    );
  else if (change === 'revert') {
    // another state than the one that a replica may hold, so another record
    const next = nextRecord(scene, work.record, {}, 'reverted');
    addRecordWrite(
      list,
      scene,
      { node, folder: view.folder, title: 'Record that its state is another one' },
      { record: work.record, next, label: 'reverted' },
    );
    proved = next;
    list.add(
      node,
      `Take ${name} back to ${tag}`,
      { do: 'revert-snapshot', ...image, size: disk.size },
      { commit: true },
    );
  } else
    list.add(
      node,
      `Delete the snapshot ${tag}`,
      { do: 'drop-snapshot', ...image, own: false },
      { commit: true },
    );
  addProof(list, work, proved);
  addUnlock(list, scene, node, view.folder, change === 'create');
  return { ...draft, steps: list.steps };
};
