/** Create: a folder, its images, its configuration, its record, and then the first start. */

import { storageOf } from '../../cluster/lookup.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import { imageName } from '../../storage/image-names.ts';
import { planReuse } from '../adopt/reuse.ts';
import { bootFilesExist, bridgesExist, memoryIsFree } from '../checks/capacity.ts';
import { baseOf, disksAreSound, makeCards, vdevOf, withBaseSizes } from '../checks/disks.ts';
import { importOf, withImportSizes } from '../checks/import.ts';
import { nameIsFree, nameIsValid } from '../checks/names.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { chooseOs, importReasons } from '../checks/os.ts';
import { bootIsSaid, secondaryFits } from '../checks/placing.ts';
import { spaceIsFree, storageIsAllowed, storageIsReady } from '../checks/storage.ts';
import { addUnwritten } from '../checks/users.ts';
import { addImport } from '../disk/import.ts';
import { createEquivalent } from '../equivalent.ts';
import type { CreateIntent } from '../intent.ts';
import { uuidFrom } from '../random.ts';
import type { Reason } from '../reason.ts';
import { firstRecord } from '../records.ts';
import { idOf, type Scene } from '../scene.ts';
import { addLock, addUnlock, type Draft, lockText, makeStepList, undoOf } from '../step-list.ts';
import { addNewInstance, configOfRecord } from './new-instance.ts';
import { addOsCreate, addOsImports, copyTemplate, withTemplateSize } from './os.ts';

/** Longest name of a sound path is far below; what is longer never becomes part of a step. */
const soundName = (name: string): boolean => nameIsValid(name).length === 0;

/** Everything that stands for or against it. */
const reasonsOf = (scene: Scene, intent: CreateIntent, os: readonly Reason[]): Reason[] => {
  const { primary, storageDirectory } = intent;
  const bytes = intent.disks.reduce((sum, each) => sum + each.size, 0);
  return [
    ...clusterChecks(scene),
    ...nameIsValid(intent.name),
    ...(soundName(intent.name) ? nameIsFree(scene, intent.name) : []),
    ...mustAnswer(scene, primary, 'Primary', 'primary'),
    ...nodeCanWork(scene, primary),
    ...secondaryFits(scene, intent),
    ...storageIsAllowed(scene, storageDirectory),
    ...storageIsReady(scene, primary, storageDirectory),
    ...disksAreSound(scene, intent),
    ...spaceIsFree(scene, primary, storageDirectory, bytes),
    ...(intent.start ? memoryIsFree(scene, primary, intent.guest.memoryMib) : []),
    ...bridgesExist(scene, primary, intent.nics),
    ...bootFilesExist(scene, primary, intent.guest),
    ...bootIsSaid(intent.guest),
    ...intent.disks.flatMap((_, index) =>
      importOf(scene, intent, index).reasons.filter((each) => each.severity !== 'blocks'),
    ),
    ...os,
  ];
};

export const planCreate = (scene: Scene, given: CreateIntent): Draft => {
  if (given.reuse) {
    const draft = planReuse(scene, given);
    draft.reasons.push(...importReasons(given));
    return draft;
  }
  const intent = withTemplateSize(scene, withImportSizes(scene, withBaseSizes(scene, given)));
  const os = chooseOs(scene, intent);
  const { name, primary, storageDirectory } = intent;
  const folder = `${storageDirectory}/${name}`;
  const uuid = uuidFrom(idOf(scene, 'uuid'));
  const cards = makeCards(scene, intent.nics);
  const reasons = [...reasonsOf(scene, intent, os.reasons), ...cards.reasons];
  const view = scene.lookup.byName.get(primary);
  const draft: Draft = {
    title: `Create ${name}`,
    subject: { kind: 'instance', name, uuid },
    reasons,
    effects: {
      newBytes: intent.disks.reduce((sum, each) => sum + each.size, 0),
      memory: intent.start ? [{ node: primary, mib: intent.guest.memoryMib }] : [],
    },
    equivalent: soundName(name) ? createEquivalent(intent) : null,
  };
  const pathIsSound =
    soundName(name) && storageIsAllowed(scene, storageDirectory).every((each) => each.severity !== 'blocks');
  const disksFit = disksAreSound(scene, intent).every((each) => each.severity !== 'blocks');
  const osFits = os.reasons.every((each) => each.severity !== 'blocks');
  if (!pathIsSound || !disksFit || !osFits || !view?.seen || cards.reasons.length > 0) return draft;

  const disks = intent.disks.map((disk, index): InstanceRecord['disks'][number] => ({
    logical_id: [intent.driver, disk.type, `${folder}/${imageName(index)}`],
    vdev: vdevOf(disk, index),
    mode: disk.mode,
    size: disk.size,
  }));
  const record = firstRecord(scene, {
    uuid,
    name,
    primary,
    secondary: intent.secondary,
    adminState: intent.start ? 'up' : 'down',
    os: intent.os,
    guest: intent.guest,
    disks,
    nics: cards.nics,
    place: { storage: storageOf(view, storageDirectory)?.id ?? '', path: folder, inode: 0 },
  });
  const written = configOfRecord(record, view.facts?.toolstack ?? 'xl');
  if (written.reasons.length > 0) {
    reasons.push(...written.reasons);
    return draft;
  }
  const { run } = scene.context;
  const list = makeStepList();
  list.add(
    primary,
    'Make the folder, with its lock',
    { do: 'make-folder', folder, lock: lockText(scene, `create ${name}`, [primary], folder) },
    { undo: [undoOf(primary, 'Remove the folder', { do: 'drop-folder', folder, run })] },
  );
  // each once, of whichever disks they hold the images
  const sources = new Set(
    intent.disks.flatMap((_, index) => importOf(scene, intent, index).image?.folder ?? []),
  );
  for (const source of sources)
    addLock(list, scene, {
      node: primary,
      folder: source,
      title: `create ${name}`,
      nodes: [primary],
      of: 'folder',
    });
  for (const [index, disk] of intent.disks.entries()) {
    const path = `${folder}/${imageName(index)}`;
    const base = baseOf(scene, intent, disk);
    const remove = undoOf(primary, `Remove ${imageName(index)}`, { do: 'remove-file', path });
    if (index === 0 && os.choice.kind === 'template') {
      const { name: template, path: from } = os.choice.template;
      addUnwritten(list, scene, primary, from);
      list.add(
        primary,
        `Copy the template ${template} to ${imageName(index)}`,
        copyTemplate(scene, os.choice, path, disk.size),
        { undo: [remove] },
      );
      continue;
    }
    const { image } = importOf(scene, intent, index);
    if (image) {
      addImport(list, scene, { node: primary, path, type: disk.type, size: disk.size }, image);
      continue;
    }
    if (base) addUnwritten(list, scene, primary, base.path);
    list.add(
      primary,
      `Make the image ${imageName(index)}`,
      {
        do: 'create-image',
        path,
        type: disk.type,
        size: disk.size,
        ...(disk.allocation === 'full' ? { allocation: 'full' as const } : {}),
        ...(base
          ? { base: { path: base.path, type: base.type, within: scene.snapshot.cluster.storageDirectories } }
          : {}),
      },
      { undo: [remove] },
    );
  }
  const { choice } = os;
  const files = addNewInstance(
    list,
    scene,
    record,
    { node: primary, folder, before: null, after: written.text },
    () => {
      if (choice.kind !== 'definition') return;
      if (intent.osImport) addOsImports(list, scene, intent, record, choice);
      else addOsCreate(list, scene, intent, record, choice);
    },
  );
  addUnlock(list, scene, primary, folder, !intent.start);
  for (const source of sources) addUnlock(list, scene, primary, source, false);
  return {
    ...draft,
    steps: list.steps,
    files,
  };
};
