/** Convert: a proved copy in another type takes the image's place; the old file is kept beside it until somebody lets it go. */
import { basePathOf } from '../../cluster/backing.ts';
import { storageOf } from '../../cluster/lookup.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import { checkDriver } from '../../storage/drivers.ts';
import { keptName, partialName } from '../../storage/kept-names.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { nothingBuildsOn } from '../checks/overlays.ts';
import { addUnwrittenBases, basesOf, basesUnwritten } from '../checks/source-bases.ts';
import { spaceIsFree } from '../checks/storage.ts';
import type { ConvertIntent } from '../disk-intents.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import {
  addEdit,
  addNoOverlays,
  addOpening,
  addProof,
  addVerdict,
  draftOf,
  editDisks,
  findDisk,
  imagesAreSound,
  needsQemuImg,
  openDiskWork,
} from './disk-work.ts';

export const planConvert = (scene: Scene, intent: ConvertIntent): Draft => {
  const title = (name: string): string => `Convert disk ${intent.disk} of ${name} to ${intent.to}`;
  const opened = openDiskWork(scene, intent.instance, {
    title,
    running: (name) =>
      `What it writes while the copy is made would be missing from it. Shut ${name} down first.`,
  });
  if (!opened.ok) return opened.draft;
  const { work } = opened;
  const { node, view, sight, dialect } = work;
  const { folder } = view;
  const { run } = scene.context;
  const reasons: Reason[] = [...opened.reasons];
  const draft = (more: Partial<Draft> = {}): Draft => ({
    ...draftOf(work, title(view.name), reasons),
    ...more,
  });
  const found = findDisk(work, intent.disk);
  reasons.push(...found.reasons);
  if (found.disk === null) return draft();
  const { disk, name } = found;
  const file = sight.folder.files.find((each) => each.name === name);
  const driver = intent.driver ?? disk.driver;
  const about = { node, field: 'to' };
  if (disk.type === intent.to)
    reasons.push(
      blocks('same-type', 'Type', `Disk ${disk.index} (${disk.path}) is ${intent.to} already.`, about),
    );
  const served = checkDriver(driver, intent.to, dialect);
  if (!served.ok) reasons.push(blocks('driver', 'Driver', served.message, { node, field: 'driver' }));
  reasons.push(
    ...needsQemuImg(scene, node, 'converts images'),
    ...imagesAreSound(work),
    ...nothingBuildsOn(scene, sight, [name], 'converted in place'),
  );
  const free = storageOf(scene.lookup.byName.get(node), view.storage)?.freeBytes ?? null;
  if (free !== null && disk.allocated !== null && disk.allocated > free)
    reasons.push(
      blocks(
        'no-room',
        'Room',
        `The copy takes about ${formatBytes(disk.allocated)}, as much as ${disk.path} does; ${view.storage} on ${node} has ${formatBytes(Math.max(0, Math.floor(free)))} free, and the old file is kept as well.`,
        about,
      ),
    );
  else reasons.push(...spaceIsFree(scene, node, view.storage, disk.size));
  const source = file ? { node, folder: sight.folder, file } : null;
  if (source) reasons.push(...basesUnwritten(scene, source));
  const bases = source ? basesOf(scene, source) : [];
  const base = file ? basePathOf(sight.folder, file) : null;
  if (base !== null)
    reasons.push(
      passed(
        'whole',
        'Linked clone',
        `${disk.path} builds on ${base}; the copy holds everything and needs that no more.`,
        about,
      ),
    );
  const kept = keptName(name, 'before', run, disk.type);
  reasons.push(
    passed(
      'kept',
      'The old file',
      `${disk.path} becomes ${kept} beside it (${formatBytes(disk.allocated ?? 0)} on disk) and stays until you let it go: vbdesk image release ${view.name} ${kept}.`,
      about,
    ),
  );
  if (disk.type === 'qcow2')
    reasons.push(
      warning(
        'snapshots-stay',
        'Snapshots',
        `Snapshots in ${disk.path}, if there are any, are not carried over: they stay in the file that is kept.`,
        about,
      ),
    );
  const next: InstanceRecord['disks'][number] = {
    logical_id: [driver, intent.to, disk.path],
    vdev: disk.vdev,
    mode: disk.mode,
    size: disk.size,
  };
  const { edit, reasons: wrong } = served.ok ? editDisks(work, disk.path, next) : { edit: null, reasons: [] };
  reasons.push(...wrong);
  const converting = draft({ effects: { newBytes: disk.size } });
  if (edit === null || disk.type === intent.to) return converting;
  const partial = `${folder}/${partialName(name, run)}`;
  const keptPath = `${folder}/${kept}`;
  const list = makeStepList();
  addOpening(list, scene, work, `convert ${name} of ${view.name}`);
  addNoOverlays(list, scene, work, [disk.path]);
  addUnwrittenBases(list, scene, node, bases);
  list.add(
    node,
    `Make the ${intent.to} copy, and compare it with ${name}`,
    {
      do: 'convert-image',
      from: { path: disk.path, type: disk.type },
      to: { path: partial, type: intent.to },
      size: disk.size,
      within: scene.snapshot.cluster.storageDirectories,
    },
    { undo: [undoOf(node, 'Remove the copy', { do: 'remove-file', path: partial })] },
  );
  // the copy may have taken hours
  addVerdict(list, scene, work);
  addUnwrittenBases(list, scene, node, bases);
  list.add(
    node,
    `Keep the old file as ${kept}`,
    { do: 'rename-image', from: disk.path, to: keptPath },
    {
      undo: [
        undoOf(node, `Give ${name} its name back`, { do: 'rename-image', from: keptPath, to: disk.path }),
      ],
    },
  );
  list.add(
    node,
    `The copy becomes ${name}`,
    { do: 'rename-image', from: partial, to: disk.path },
    {
      undo: [
        undoOf(node, `The copy is ${partialName(name, run)} again`, {
          do: 'rename-image',
          from: disk.path,
          to: partial,
        }),
      ],
    },
  );
  const { record, files } = addEdit(list, scene, work, edit);
  addProof(list, work, record);
  addUnlock(list, scene, node, folder, true);
  return { ...converting, steps: list.steps, files };
};
