/** Create: a folder, its images, its configuration, its record, and then the first start. */

import { storageOf } from '../cluster/lookup.ts';
import type { InstanceRecord } from '../cluster/record.ts';
import { imageName } from '../storage/image-names.ts';
import { writeInstanceConfig } from '../xen/instance-config.ts';
import { bootFilesExist, bridgesExist, memoryIsFree } from './checks/capacity.ts';
import { disksAreSound, makeCards, vdevOf } from './checks/disks.ts';
import { nameIsFree, nameIsValid } from './checks/names.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from './checks/nodes.ts';
import { spaceIsFree, storageIsAllowed, storageIsReady } from './checks/storage.ts';
import { createEquivalent } from './equivalent.ts';
import type { CreateIntent } from './intent.ts';
import { uuidFrom } from './random.ts';
import type { Reason } from './reason.ts';
import { recordFile } from './records.ts';
import { blocks, idOf, isoOf, passed, type Scene, warning } from './scene.ts';
import { sha256 } from './sha256.ts';
import { addUnlock, type Draft, lockText, makeStepList, undoOf } from './step-list.ts';
import { configPath, identityOf } from './subject.ts';

/** Longest name of a sound path is far below; what is longer never becomes part of a step. */
const soundName = (name: string): boolean => nameIsValid(name).length === 0;

const secondaryFits = (scene: Scene, intent: CreateIntent): Reason[] => {
  const { primary, secondary, storageDirectory } = intent;
  if (secondary === null)
    return [
      warning(
        'no-secondary',
        'Secondary',
        'There is no secondary: a failover will have to name its target.',
        { field: 'secondary' },
      ),
    ];
  if (secondary === primary)
    return [
      blocks('same-node', 'Secondary', `${secondary} is the primary already: choose another node, or none.`, {
        field: 'secondary',
      }),
    ];
  const view = scene.lookup.byName.get(secondary);
  if (!view) return mustAnswer(scene, secondary, 'Secondary', 'secondary');
  if (!view.facts)
    return [
      warning(
        'secondary-unseen',
        'Secondary',
        `${secondary} was never seen, so whether it can take the instance over is not known.`,
        { node: secondary, field: 'secondary' },
      ),
    ];
  const here = storageOf(scene.lookup.byName.get(primary), storageDirectory);
  const there = storageOf(view, storageDirectory);
  return here?.id && there?.id === here.id
    ? [
        passed('secondary', 'Secondary', `${secondary} sees the same storage as ${primary}.`, {
          node: secondary,
        }),
      ]
    : [
        warning(
          'secondary-storage',
          'Secondary',
          `${secondary} does not see ${storageDirectory} of ${primary}, so a failover needs a copy of the images.`,
          { node: secondary, field: 'secondary' },
        ),
      ];
};

/** Everything that stands for or against it. */
const reasonsOf = (scene: Scene, intent: CreateIntent): Reason[] => {
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
    ...(intent.guest.type !== 'hvm' && !intent.guest.kernel && !intent.guest.bootloader
      ? [
          blocks(
            'no-boot',
            'Boot',
            `A ${intent.guest.type} guest needs a kernel, or a bootloader such as pygrub: -H kernel=/boot/vmlinuz-… or -H bootloader=pygrub.`,
            { field: 'guest.kernel' },
          ),
        ]
      : []),
    ...(intent.os !== 'none'
      ? [
          blocks(
            'os',
            'Operating system',
            `There is no OS definition ${intent.os}: OS scripts come with a later version. Use -o none, and install the guest yourself.`,
            { field: 'os' },
          ),
        ]
      : []),
    ...(intent.reuse
      ? [
          blocks(
            'reuse',
            'Reuse',
            'Taking over image files that are there already comes with a later version. Nothing was changed.',
            { field: 'reuse' },
          ),
        ]
      : []),
  ];
};

export const planCreate = (scene: Scene, intent: CreateIntent): Draft => {
  const { name, primary, storageDirectory } = intent;
  const folder = `${storageDirectory}/${name}`;
  const uuid = uuidFrom(idOf(scene, 'uuid'));
  const cards = makeCards(scene, intent.nics);
  const reasons = [...reasonsOf(scene, intent), ...cards.reasons];
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
  if (!pathIsSound || !disksFit || !view?.seen || cards.reasons.length > 0) return draft;

  const disks = intent.disks.map((disk, index): InstanceRecord['disks'][number] => ({
    logical_id: [intent.driver, disk.type, `${folder}/${imageName(index)}`],
    vdev: vdevOf(disk, index),
    mode: disk.mode,
    size: disk.size,
  }));
  const record: InstanceRecord = {
    version: 1,
    uuid,
    name,
    id: idOf(scene, 'record'),
    ancestors: [],
    generation: 1,
    primary,
    secondary: intent.secondary,
    formerPrimaries: [],
    adminState: intent.start ? 'up' : 'down',
    os: intent.os,
    guest: intent.guest,
    disks,
    nics: cards.nics,
    // the folder's inode is known when it is made
    place: { storage: storageOf(view, storageDirectory)?.id ?? '', path: folder, inode: 0 },
    vouchings: [],
    created: isoOf(scene.context.now),
    written: { by: scene.context.who, at: isoOf(scene.context.now), run: scene.context.run },
  };
  const written = writeInstanceConfig(
    {
      ...intent.guest,
      name,
      uuid,
      disks: disks.map(({ logical_id: [driver, fileType, path], vdev, mode }) => ({
        driver,
        fileType,
        path,
        vdev,
        mode,
      })),
      nics: cards.nics,
    },
    view.facts?.toolstack ?? 'xl',
  );
  if (!written.ok) {
    reasons.push(
      ...written.problems.map((problem) =>
        blocks('config', 'Xen configuration', problem, { field: 'guest' }),
      ),
    );
    return draft;
  }
  const guest = identityOf(record);
  const config = configPath(folder);
  const { run } = scene.context;
  const list = makeStepList();
  list.add(
    primary,
    'Make the folder, with its lock',
    { do: 'make-folder', folder, lock: lockText(scene, `create ${name}`, [primary], folder) },
    { undo: [undoOf(primary, 'Remove the folder', { do: 'drop-folder', folder, run })] },
  );
  for (const [index, disk] of intent.disks.entries()) {
    const path = `${folder}/${imageName(index)}`;
    list.add(
      primary,
      `Make the image ${imageName(index)}`,
      { do: 'create-image', path, type: disk.type, size: disk.size },
      { undo: [undoOf(primary, `Remove ${imageName(index)}`, { do: 'remove-file', path })] },
    );
  }
  list.add(
    primary,
    'Write the Xen configuration',
    { do: 'write-file', path: config, content: written.text, expect: 'absent' },
    { undo: [undoOf(primary, 'Remove xen.cfg', { do: 'remove-file', path: config })] },
  );
  const configSum = sha256(written.text);
  list.add(primary, 'Let the toolstack check it', { do: 'check-config', config, configSum });
  list.add(
    primary,
    'Write the record',
    { do: 'write-record', folder, record, expectId: null },
    { undo: [undoOf(primary, 'Remove the record', { do: 'remove-file', path: `${folder}/instance.json` })] },
  );
  if (intent.start) {
    list.add(
      scene.lookup.seen.map((each) => each.name),
      `Make sure that ${name} runs nowhere`,
      { do: 'verdict', ...guest },
    );
    // from the moment when it runs somebody may use it: a start that fails is taken back with all the rest, and nothing after it
    list.add(
      primary,
      `Start ${name} on ${primary}`,
      { do: 'start-domain', ...guest, config, configSum, paused: false },
      {
        undo: [undoOf(primary, `End what the start left on ${primary}`, { do: 'end-domain', ...guest })],
        commit: true,
        guest: 'up',
      },
    );
  }
  addUnlock(list, scene, primary, folder, !intent.start);
  return {
    ...draft,
    steps: list.steps,
    files: [{ path: config, before: null, after: written.text }, recordFile(folder, null, record)],
  };
};
