/** A further disk of an instance: a new one, a file that lies in its folder already, or a converted copy of another image. */
import type { FileType, InstanceRecord } from '../../cluster/record.ts';
import { listText } from '../../cluster/status.ts';
import { recordsNaming } from '../../cluster/users.ts';
import { checkDriver } from '../../storage/drivers.ts';
import { diskLetters, imageName, MAXIMUM_DISKS } from '../../storage/image-names.ts';
import { isPartialName, partialName } from '../../storage/kept-names.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { parseVdev, VDEV_RULE } from '../../xen/vdev.ts';
import type { Action } from '../action.ts';
import { sizeOfFile } from '../checks/added-file.ts';
import { type BaseChoice, chooseBase } from '../checks/base.ts';
import { fixedVhdText, isFixedVhd } from '../checks/fixed-vhd.ts';
import { chooseImport } from '../checks/import.ts';
import { otherConfigs } from '../checks/other-configs.ts';
import { chainReasons, nothingBuildsOn } from '../checks/overlays.ts';
import { sizeProblem } from '../checks/size.ts';
import { addUnwrittenBases } from '../checks/source-bases.ts';
import { spaceIsFree } from '../checks/storage.ts';
import { typeByName, typeIsTold } from '../checks/told-type.ts';
import { addUnused, addUnwritten, nobodyUses, silentMayUse, vouchedIn } from '../checks/users.ts';
import type { DiskAddIntent } from '../disk-intents.ts';
import { diskAddEquivalent } from '../equivalent.ts';
import type { Reason } from '../reason.ts';
import { blocks, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList, type StepList, undoOf } from '../step-list.ts';
import {
  addEdit,
  addNoOverlays,
  addOpening,
  addProof,
  addVerdict,
  type DiskWork,
  draftOf,
  editDisks,
  imagesAreSound,
  needsQemuImg,
  openDiskWork,
} from './disk-work.ts';

/** The next number of which neither a file nor a disk of the record has the name. */
export const freeImageName = (work: DiskWork): string => {
  const taken = new Set(work.sight.folder.files.map((each) => each.name));
  for (const { path } of work.view.disks) taken.add(path.slice(path.lastIndexOf('/') + 1));
  let index = 0;
  while (taken.has(imageName(index))) index += 1;
  return imageName(index);
};

/** The next letter that no disk has, on whatever bus: to a guest, hda and xvda may be the same disk. */
export const freeVdev = (record: InstanceRecord): string => {
  const taken = new Set(record.disks.map((each) => parseVdev(each.vdev)?.disk));
  let index = 0;
  while (taken.has(index)) index += 1;
  return `xvd${diskLetters(index)}`;
};

const vdevProblems = (record: InstanceRecord, vdev: string): string[] => {
  const parsed = parseVdev(vdev);
  if (parsed === null) return [`${JSON.stringify(vdev)} is no virtual device. ${VDEV_RULE}`];
  const problems: string[] = [];
  for (const [index, disk] of record.disks.entries()) {
    const other = parseVdev(disk.vdev);
    if (disk.vdev === vdev) problems.push(`Disk ${index} is ${vdev} already.`);
    else if (
      other?.bus === parsed.bus &&
      other.disk === parsed.disk &&
      (other.partition === null) !== (parsed.partition === null)
    )
      problems.push(`Disk ${index} is ${disk.vdev}: a guest sees either the whole device or its partitions.`);
  }
  if (parsed.partition !== null && record.guest.type === 'hvm')
    problems.push(`${vdev} is a partition; HVM guests take whole disks, such as xvda.`);
  return problems;
};

/** Where the disk comes from: its type and size, the steps that bring the file to its name, and what stands against it. */
type Source = {
  reasons: Reason[];
  made: { type: FileType; size: number; newBytes: number } | null;
  steps: (list: StepList, path: string) => void;
  /** a further folder that the steps lock */
  alsoLocked?: string | null;
};

const nothing = (reasons: Reason[]): Source => ({ reasons, made: null, steps: () => undefined });

const newImage = (
  scene: Scene,
  work: DiskWork,
  opened: readonly Reason[],
  source: Extract<DiskAddIntent['source'], { from: 'new' }>,
): Source => {
  const { node } = work;
  const { type, allocation } = source;
  const about = { node, field: 'size' };
  const reasons: Reason[] = [];
  let base: BaseChoice | null = null;
  if (source.base !== null) {
    const chosen = chooseBase(scene, node, source.base, type, 'base', vouchedIn(opened));
    reasons.push(...chosen.reasons);
    base = chosen.base;
    if (base === null) return nothing(reasons);
  }
  const size = source.size ?? base?.size ?? null;
  if (size === null)
    return nothing([
      ...reasons,
      blocks(
        'disk-size',
        'Size',
        base === null
          ? 'How large shall it be? Allowed are sizes such as 512M or 5G.'
          : `The size of ${base.path} is not known here: say how large the clone shall be, at least as large as that.`,
        about,
      ),
    ]);
  const problem = sizeProblem(size);
  if (problem !== null)
    reasons.push(blocks('disk-size', 'Size', `${problem} Allowed are sizes such as 512M or 5G.`, about));
  if (base?.size !== null && base?.size !== undefined && size < base.size)
    reasons.push(
      blocks(
        'disk-size',
        'Size',
        `${base.path} has ${formatBytes(base.size)}; a clone of it can't be smaller.`,
        about,
      ),
    );
  if (type === 'qcow2') {
    reasons.push(...needsQemuImg(scene, node, 'makes qcow2 images'));
    if (allocation === 'full')
      reasons.push(
        blocks(
          'allocation',
          'Allocation',
          'Only a raw image is allocated in full; qcow2 grows as it is written.',
          {
            node,
            field: 'allocation',
          },
        ),
      );
  }
  if (problem !== null || (type === 'qcow2' && allocation === 'full')) return nothing(reasons);
  const action = (path: string): Action => ({
    do: 'create-image',
    path,
    type,
    size,
    ...(allocation === 'full' ? { allocation } : {}),
    ...(base
      ? { base: { path: base.path, type: base.type, within: scene.snapshot.cluster.storageDirectories } }
      : {}),
  });
  return {
    reasons,
    made: { type, size, newBytes: size },
    steps: (list, path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (base) addUnwritten(list, scene, node, base.path);
      list.add(node, `Make the image ${name}`, action(path), {
        undo: [undoOf(node, `Remove ${name}`, { do: 'remove-file', path })],
      });
    },
  };
};

const fileInFolder = (
  scene: Scene,
  work: DiskWork,
  opened: readonly Reason[],
  { file: name, size: said }: Extract<DiskAddIntent['source'], { from: 'file' }>,
): Source => {
  const { node, sight, view } = work;
  const { folder } = sight;
  const about = { node, field: 'file' };
  const path = `${folder.path}/${name}`;
  const file = folder.files.find((each) => each.name === name);
  if (!file) {
    const others = folder.files
      .map((each) => each.name)
      .filter((each) => !view.disks.some((disk) => disk.path === `${folder.path}/${each}`));
    return nothing([
      blocks(
        'no-file',
        'File',
        `${folder.path} holds no file ${name}. ${others.length > 0 ? `Beside its disks there are ${listText(others)}.` : 'There is nothing but its disks.'}`,
        about,
      ),
    ]);
  }
  const reasons: Reason[] = [];
  const block = (code: string, text: string) => reasons.push(blocks(code, 'File', text, about));
  for (const owner of recordsNaming(scene.lookup, node, path))
    block('is-disk', `${path} is a disk of ${owner.record.name} already.`);
  if (isPartialName(name)) block('partial', `${path} is a copy that was not finished.`);
  const { size, problem } = sizeOfFile(path, file, said);
  if (problem !== null) block(problem.code, problem.text);
  if (isFixedVhd(file)) block('fixed-vhd', `${fixedVhdText(path)} Add it with import=, not file=.`);
  const used = { node, path };
  reasons.push(
    ...nobodyUses(scene, used, { code: 'open', title: 'File', field: 'file', why: '.' }),
    ...nothingBuildsOn(scene, sight, [name], 'a disk that is written to'),
    ...typeIsTold(path, file, typeByName(name), {
      ...about,
      ifWrong: `It is not added. If you know that it is ${file.type}, give it another name on the node first.`,
    }),
    ...chainReasons(scene, { node, folder, file }, name, 'file'),
  );
  if (file.type === null || size === null || reasons.some((each) => each.severity === 'blocks'))
    return nothing(reasons);
  reasons.push(
    ...silentMayUse(
      scene,
      used,
      'If it does, two guests would write to it and destroy it.',
      vouchedIn(opened),
    ),
    ...otherConfigs(scene, { node, paths: [path], uuid: null, folder: folder.path }),
  );
  return {
    reasons,
    made: { type: file.type, size, newBytes: 0 },
    steps: (list, to) => {
      addUnused(list, scene, node, [path], `Make sure that nobody has ${name} open`);
      addNoOverlays(list, scene, work, [path]);
      if (to !== path)
        list.add(
          node,
          `${name} becomes ${to.slice(to.lastIndexOf('/') + 1)}`,
          { do: 'rename-image', from: path, to },
          { undo: [undoOf(node, `It is ${name} again`, { do: 'rename-image', from: to, to: path })] },
        );
    },
  };
};

const importedImage = (
  scene: Scene,
  work: DiskWork,
  opened: readonly Reason[],
  source: Extract<DiskAddIntent['source'], { from: 'import' }>,
): Source => {
  const { node, view } = work;
  const { run } = scene.context;
  const { image, reasons } = chooseImport(
    scene,
    node,
    { path: source.path, said: source.size },
    'path',
    vouchedIn(opened),
  );
  if (image === null) return nothing(reasons);
  const { type, size } = image;
  const locks = image.folder === view.folder ? null : image.folder;
  return {
    reasons,
    alsoLocked: locks,
    made: { type: source.type, size, newBytes: size },
    steps: (list, path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const unused = `Make sure that nobody has ${source.path} open`;
      if (locks !== null)
        addLock(list, scene, {
          node,
          folder: locks,
          title: `import ${source.path} to ${view.name}`,
          nodes: [node],
          of: 'folder',
        });
      addUnused(list, scene, node, [source.path], unused);
      addUnwrittenBases(list, scene, node, image.bases);
      const partial = `${view.folder}/${partialName(name, run)}`;
      list.add(
        node,
        `Make a ${source.type} copy of ${source.path}, and compare it`,
        {
          do: 'convert-image',
          from: { path: source.path, type },
          to: { path: partial, type: source.type },
          size,
          within: scene.snapshot.cluster.storageDirectories,
        },
        { undo: [undoOf(node, 'Remove the copy', { do: 'remove-file', path: partial })] },
      );
      // the copy may have taken hours
      addVerdict(list, scene, work);
      addUnused(list, scene, node, [source.path], unused);
      addUnwrittenBases(list, scene, node, image.bases);
      list.add(
        node,
        `The copy becomes ${name}`,
        { do: 'rename-image', from: partial, to: path },
        {
          undo: [
            undoOf(node, 'Give the copy its former name', { do: 'rename-image', from: path, to: partial }),
          ],
        },
      );
    },
  };
};

export const planDiskAdd = (scene: Scene, intent: DiskAddIntent): Draft => {
  const title = (name: string): string => `Add a disk to ${name}`;
  const opened = openDiskWork(scene, intent.instance, {
    title,
    running: (name) =>
      `Disks are added while the guest is stopped: what is plugged into a running one is not in its record and would be gone, or another one, at its next start. Shut ${name} down first.`,
  });
  if (!opened.ok) return opened.draft;
  const { work } = opened;
  const { node, view, record, sight, dialect } = work;
  const { source, mode } = intent;
  const reasons: Reason[] = [...opened.reasons, ...imagesAreSound(work)];
  const name = freeImageName(work);
  const path = `${view.folder}/${name}`;
  const vdev = intent.vdev ?? freeVdev(record);
  if (view.disks.length >= MAXIMUM_DISKS)
    reasons.push(
      blocks(
        'disks',
        'Disks',
        `${view.name} has ${view.disks.length} disks, and ${MAXIMUM_DISKS} are allowed.`,
        {
          node,
        },
      ),
    );
  for (const problem of vdevProblems(record, vdev))
    reasons.push(blocks('vdev', 'Device', problem, { field: 'vdev' }));
  const from =
    source.from === 'new'
      ? newImage(scene, work, opened.reasons, source)
      : source.from === 'file'
        ? fileInFolder(scene, work, opened.reasons, source)
        : importedImage(scene, work, opened.reasons, source);
  reasons.push(...from.reasons);
  const { made } = from;
  const draft: Draft = {
    ...draftOf(work, title(view.name), reasons),
    effects: { newBytes: made?.newBytes ?? 0 },
    equivalent:
      made && source.from === 'new' && source.base === null && made.type === 'raw'
        ? diskAddEquivalent(view.name, made.size, mode)
        : null,
  };
  if (made === null) return draft;
  const driver = intent.driver ?? view.disks[0]?.driver ?? (made.type === 'raw' ? 'loop' : 'blktap');
  const served = checkDriver(driver, made.type, dialect);
  if (!served.ok) reasons.push(blocks('driver', 'Driver', served.message, { node, field: 'driver' }));
  if (made.newBytes > 0) reasons.push(...spaceIsFree(scene, node, view.storage, made.newBytes));
  if (sight.folder.files.length > 0 && source.from === 'new' && source.allocation === 'full')
    reasons.push(
      warning(
        'full',
        'Allocation',
        `${formatBytes(made.size)} are taken at once. Where the file system can't reserve them, zeros are written, which takes as long as writing does.`,
        { node, field: 'allocation' },
      ),
    );
  if (!served.ok || vdevProblems(record, vdev).length > 0) return draft;
  const { edit, reasons: wrong } = editDisks(work, null, {
    logical_id: [driver, made.type, path],
    vdev,
    mode,
    size: made.size,
  });
  reasons.push(...wrong);
  if (edit === null || view.disks.length >= MAXIMUM_DISKS) return draft;
  const list = makeStepList();
  addOpening(list, scene, work, `add ${name} to ${view.name}`);
  from.steps(list, path);
  // who might still have it as a disk of a guest is asked for again at a start, until it was seen
  const vouched =
    source.from === 'file' ? [...new Set([...work.vouched, ...vouchedIn(reasons)])] : work.vouched;
  const { record: next, files } = addEdit(list, scene, { ...work, vouched }, edit);
  addProof(list, work, next);
  addUnlock(list, scene, node, view.folder, true);
  if (from.alsoLocked) addUnlock(list, scene, node, from.alsoLocked, false);
  return {
    ...draft,
    title: `Add ${name} (${formatBytes(made.size)}, ${vdev}) to ${view.name}`,
    steps: list.steps,
    files,
  };
};
