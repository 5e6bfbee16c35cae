/** Grow: an image gets longer, never shorter; what lies in it is the guest's business. */
import { virtualSizeOf } from '../../cluster/backing.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { parseVdev } from '../../xen/vdev.ts';
import { nothingBuildsOn } from '../checks/overlays.ts';
import { sizeProblem } from '../checks/size.ts';
import { spaceIsFree } from '../checks/storage.ts';
import type { GrowIntent } from '../disk-intents.ts';
import { growEquivalent } from '../equivalent.ts';
import type { Reason } from '../reason.ts';
import { blocks, type Scene, warning } from '../scene.ts';
import { addUnlock, type Draft, makeStepList } from '../step-list.ts';
import {
  addEdit,
  addNoOverlays,
  addOpening,
  addOpeningWhileRunning,
  draftOf,
  findDisk,
  imagesAreSound,
  needsQemuImg,
  openDiskWork,
} from './disk-work.ts';

/** What is to be done in the guest, which sees a larger device and nothing else. */
const guestWork = (vdev: string, runs: boolean): string => {
  const when = runs
    ? 'It runs on with the size that it saw at its start, and sees the new one after its next start or reboot. Then, in the guest'
    : 'In the guest, after its start';
  return parseVdev(vdev)?.partition === null
    ? `${when}: enlarge the partition (growpart /dev/${vdev} 1), then the file system (resize2fs /dev/${vdev}1 for ext4, xfs_growfs for XFS). Until then it does not use the new space.`
    : `${when}: enlarge the file system (resize2fs /dev/${vdev} for ext4, xfs_growfs for XFS). Until then it does not use the new space.`;
};

export const planGrow = (scene: Scene, intent: GrowIntent): Draft => {
  const title = (name: string): string => `Grow disk ${intent.disk} of ${name}`;
  const opened = openDiskWork(scene, intent.instance, {
    title,
    running: (name) =>
      `A qcow2 image is grown while its guest is stopped: QEMU has it open, and a second program that writes to it would destroy it. Shut ${name} down first.`,
    // a raw file gets longer behind the end that the guest knows, which changes nothing for it until it is started anew
    mayRun: (view) => view.disks[intent.disk]?.type === 'raw',
  });
  if (!opened.ok) return opened.draft;
  const { work } = opened;
  const { node, view, sight, record } = work;
  const reasons: Reason[] = [...opened.reasons];
  const draft = (more: Partial<Draft> = {}): Draft => ({
    ...draftOf(work, title(view.name), reasons),
    ...more,
  });
  const found = findDisk(work, intent.disk);
  if (found.disk === null) {
    reasons.push(...found.reasons);
    return draft();
  }
  const { disk, name } = found;
  const file = sight.folder.files.find((each) => each.name === name);
  const about = { node, field: 'size' };
  const { type } = disk;
  // an image may be larger than its record since somebody made it so by hand: then the record follows
  const has = (file === undefined ? null : virtualSizeOf(file)) ?? disk.size;
  const longer = file?.kind === 'file' && file.type === type && has > disk.size;
  const to = intent.by ? has + intent.size : intent.size;
  reasons.push(...imagesAreSound(work, longer ? disk.index : null));
  if (type !== 'raw' && type !== 'qcow2')
    reasons.push(
      blocks(
        'type',
        'Type',
        `A ${type} image can't be grown. Convert it to raw or qcow2 first: vbdesk image convert ${view.name} ${disk.index} --to raw.`,
        { node, field: 'disk' },
      ),
    );
  if (type === 'qcow2') reasons.push(...needsQemuImg(scene, node, 'resizes qcow2 images'));
  const problem = sizeProblem(to);
  if (intent.size <= 0)
    reasons.push(
      blocks(
        'disk-size',
        'Size',
        'A disk grows by more than nothing. Allowed are sizes such as 10G or +512M.',
        about,
      ),
    );
  else if (problem !== null)
    reasons.push(blocks('disk-size', 'Size', `${problem} Allowed are sizes such as 10G or +512M.`, about));
  else if (to < has)
    reasons.push(
      blocks(
        'shrink',
        'Size',
        `Disk ${disk.index} has ${formatBytes(has)}, and a disk is never made smaller: what lies behind its new end would be lost, and from outside nobody can tell what does. Add a smaller disk, copy in the guest, and take this one out.`,
        about,
      ),
    );
  else if (to === has && !longer)
    reasons.push(blocks('same-size', 'Size', `Disk ${disk.index} has ${formatBytes(has)} already.`, about));
  reasons.push(
    ...nothingBuildsOn(scene, sight, [name], 'grown'),
    ...spaceIsFree(scene, node, view.storage, Math.max(0, to - has)),
  );
  const growing = draft({
    title: `Grow disk ${disk.index} of ${view.name} to ${problem === null ? formatBytes(to) : 'another size'}`,
    effects: { newBytes: Math.max(0, to - has) },
    equivalent: problem === null && to > has ? growEquivalent(view.name, disk.index, to - has) : null,
  });
  if (
    (type !== 'raw' && type !== 'qcow2') ||
    problem !== null ||
    to < has ||
    intent.size <= 0 ||
    (to === has && !longer)
  )
    return growing;
  if (longer)
    reasons.push(
      warning(
        'longer',
        'Record',
        `${disk.path} has ${formatBytes(has)} already, its record says ${formatBytes(disk.size)}: the record follows.`,
        about,
      ),
    );
  reasons.push(
    warning('guest-work', 'In the guest', guestWork(disk.vdev, work.runs), about),
    ...(to > has
      ? [
          warning(
            'no-way-back',
            'No way back',
            `Once the image has been made larger it is never made smaller again: a guest may have written to the new space.`,
            about,
          ),
        ]
      : []),
  );
  const disks = record.disks.map((each, index) => (index === disk.index ? { ...each, size: to } : each));
  const present = record.disks.map((each, index) => (index === disk.index ? { ...each, size: has } : each));
  const list = makeStepList();
  if (work.runs) addOpeningWhileRunning(list, scene, work, `grow ${name} of ${view.name}`);
  else addOpening(list, scene, work, `grow ${name} of ${view.name}`, present);
  addNoOverlays(list, scene, work, [disk.path]);
  // the record first: a grow that is refused leaves it as it was, and one that is done has its record
  const { files } = addEdit(list, scene, work, { disks, config: null });
  if (to > has)
    list.add(
      node,
      `Grow ${name} to ${formatBytes(to)}`,
      {
        do: 'grow-image',
        path: disk.path,
        type,
        from: has,
        to,
        ...(work.runs ? { running: true as const } : {}),
        within: scene.snapshot.cluster.storageDirectories,
      },
      { commit: true },
    );
  addUnlock(list, scene, node, view.folder, to === has);
  return { ...growing, steps: list.steps, files };
};
