/** Create with the images that lie in the instance's folder already: taken as they are, or not at all. */
import { storageOf } from '../../cluster/lookup.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import type { FolderFacts } from '../../cluster/snapshot.ts';
import { type CollectedImages, collectImages, MAXIMUM_DISKS } from '../../storage/image-names.ts';
import { formatBytes, SECTOR_BYTES } from '../../storage/sizes.ts';
import { compareDisks } from '../../xen/compare-disks.ts';
import { diskFacts } from '../../xen/disk-writer.ts';
import { bootFilesExist, bridgesExist, memoryIsFree } from '../checks/capacity.ts';
import { makeCards, vdevOf, vdevProblems } from '../checks/disks.ts';
import { nameIsFree, nameIsValid } from '../checks/names.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { otherConfigs } from '../checks/other-configs.ts';
import { bootIsSaid, secondaryFits } from '../checks/placing.ts';
import { storageIsAllowed, storageIsReady } from '../checks/storage.ts';
import { folderMayBeTaken, folderSight, nameIsNobodys, silentUsers } from '../checks/taken-folder.ts';
import { type TakenImage, takeImage } from '../checks/taken-images.ts';
import { createEquivalent } from '../equivalent.ts';
import { configOfRecord } from '../instance/new-instance.ts';
import type { CreateIntent } from '../intent.ts';
import { uuidFrom } from '../random.ts';
import type { Reason } from '../reason.ts';
import { firstRecord } from '../records.ts';
import { blocks, idOf, passed, type Scene, warning } from '../scene.ts';
import type { Draft } from '../step-list.ts';
import { readFoundConfig, typeByConfig } from './adopt-config.ts';
import { stepsOfTaking } from './taking.ts';

const field = 'reuse';

/** Names that are an image's, and everything that stands against the others. */
const namesReasons = (node: string, folder: FolderFacts, collected: CollectedImages): Reason[] => {
  const about = { node, field };
  const reasons = collected.problems.map(({ code, message }) =>
    blocks(
      code === 'none' ? 'no-images' : code === 'gap' ? 'image-gap' : 'image-ambiguous',
      'Reuse',
      `${folder.path}: ${message}`,
      about,
    ),
  );
  for (const name of collected.others) {
    const file = folder.files.find((each) => each.name === name);
    const small = file?.kind === 'file' && file.size < SECTOR_BYTES;
    reasons.push(
      small
        ? warning(
            'other-file',
            'Reuse',
            `${folder.path}/${name} is too small for an image and is left as it is.`,
            about,
          )
        : blocks(
            'image-name',
            'Reuse',
            `${folder.path}/${name} is not named like an image: sda, sdb and so on, or disk0, or <uuid>.file.disk0 as Ganeti names them. Rename it, move it elsewhere, or adopt the images one by one.`,
            about,
          ),
    );
  }
  if (collected.disks.length > MAXIMUM_DISKS)
    reasons.push(
      blocks(
        'disks',
        'Reuse',
        `${folder.path} holds ${collected.disks.length} images: at most ${MAXIMUM_DISKS} are allowed.`,
        about,
      ),
    );
  return reasons;
};

/** What was said of the disks must be what was found. */
const saidReasons = (intent: CreateIntent, found: readonly (TakenImage | null)[]): Reason[] => {
  const { disks } = intent;
  if (disks.length === 0) return [];
  const reasons: Reason[] = [];
  if (disks.length !== found.length)
    reasons.push(
      blocks(
        'disk-count',
        'Reuse',
        `${disks.length === 1 ? 'One disk is' : `${disks.length} disks are`} said, but there ${found.length === 1 ? 'is one image' : `are ${found.length} images`}: leave the disks out, or say as many.`,
        { field: 'disks' },
      ),
    );
  for (const [index, disk] of disks.entries()) {
    const image = found[index];
    if (image && disk.size !== 0 && disk.size !== image.size)
      reasons.push(
        blocks(
          'disk-size',
          `Size of disk ${index}`,
          `Disk ${index} is said to have ${formatBytes(disk.size)} (${disk.size} bytes), but ${image.path} has ${formatBytes(image.size)} (${image.size} bytes): nothing is resized. Leave the size out, and grow the disk later.`,
          { field: `disks.${index}.size` },
        ),
      );
    if (disk.base !== undefined || disk.import !== undefined || disk.allocation !== undefined)
      reasons.push(
        blocks(
          'disk-new',
          `Disk ${index}`,
          `${disk.import !== undefined ? 'An image to import' : disk.base === undefined ? 'How much is allocated' : 'A base'} is said of new images only; disk ${index} is there already.`,
          { field: `disks.${index}.size` },
        ),
      );
  }
  return reasons;
};

export type Found = {
  folder: FolderFacts | null;
  /** in the order of the disks; null for one that can't be taken */
  images: (TakenImage | null)[];
  reasons: Reason[];
};

/** What lies in DIR/NAME, and whether it can be taken. */
export const findImages = (scene: Scene, intent: CreateIntent): Found => {
  const { primary, name, storageDirectory } = intent;
  const path = `${storageDirectory}/${name}`;
  const node = scene.lookup.byName.get(primary);
  const sight = folderSight(scene, primary, path);
  if (!node?.facts) return { folder: null, images: [], reasons: [] };
  if (!sight)
    return {
      folder: null,
      images: [],
      reasons: [
        blocks(
          'no-images',
          'Reuse',
          `${primary} shows no folder ${path}, so there is nothing to reuse (what only a symbolic link leads to does not count). Put the images there as sda, sdb and so on, or leave reuse out to make new ones.`,
          { node: primary, field },
        ),
      ],
    };
  const { folder } = sight;
  const collected = collectImages(folder.files.map((each) => each.name));
  const reasons = [...folderMayBeTaken(scene, sight, field), ...namesReasons(primary, folder, collected)];
  const dialect = node.facts.toolstack ?? 'xl';
  const config = folder.config === null ? null : readFoundConfig(folder.config);
  // also those of a number that two files claim: each of their own faults is said
  const images = folder.files
    .filter((each) => !collected.others.includes(each.name))
    .map((file) => {
      const index = collected.disks.find((each) => each.name === file.name)?.index ?? -1;
      const mode = intent.disks[index]?.mode ?? 'rw';
      const taken = takeImage(scene, sight, file, {
        dialect,
        driver: intent.driver,
        mode,
        told: typeByConfig(config, `${path}/${file.name}`),
        field,
      });
      reasons.push(...taken.reasons);
      return { index, image: taken.image };
    })
    .filter((each) => each.index >= 0)
    .sort((a, b) => a.index - b.index)
    .map((each) => each.image);
  return { folder, images, reasons: [...reasons, ...saidReasons(intent, images)] };
};

const foundReasons = ({ images }: Found, node: string): Reason[] =>
  images.flatMap((image, index) =>
    image === null
      ? []
      : [
          passed(
            'found',
            `Disk ${index}`,
            `${image.path} is ${image.type} and has ${formatBytes(image.size)}${image.base === null ? '' : `, on ${image.base}`}: taken as it is.`,
            { node, field },
          ),
        ],
  );

const configReasons = (record: InstanceRecord, text: string | null, node: string): Reason[] => {
  if (text === null) return [];
  const facts = record.disks.map(diskFacts);
  const differences = compareDisks(facts, text).map((each) => each.message);
  return [
    warning(
      'config-there',
      'xen.cfg',
      `The folder holds a xen.cfg, which is written anew. ${differences.length === 0 ? 'Its disks are the same.' : differences.join(' ')} To keep what it says of the guest, adopt the folder instead.`,
      { node },
    ),
  ];
};

export const planReuse = (scene: Scene, intent: CreateIntent): Draft => {
  const { name, primary, storageDirectory } = intent;
  const folder = `${storageDirectory}/${name}`;
  const uuid = uuidFrom(idOf(scene, 'uuid'));
  const valid = nameIsValid(name);
  const directory = storageIsAllowed(scene, storageDirectory);
  const isSound = [...valid, ...directory].every((each) => each.severity !== 'blocks');
  const found: Found = isSound ? findImages(scene, intent) : { folder: null, images: [], reasons: [] };
  const cards = makeCards(scene, intent.nics);
  const view = scene.lookup.byName.get(primary);
  const storageId = storageOf(view, storageDirectory)?.id ?? null;
  const silent = silentUsers(scene, storageId, intent.secondary);
  const disks = found.images.map((image, index): CreateIntent['disks'][number] => ({
    size: image?.size ?? 0,
    type: 'raw',
    mode: intent.disks[index]?.mode ?? 'rw',
    ...(intent.disks[index]?.vdev === undefined ? {} : { vdev: intent.disks[index].vdev }),
  }));
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...valid,
    ...(valid.length === 0
      ? [
          ...nameIsNobodys(scene, name, 'name').filter(() => found.folder?.record?.ok !== true),
          ...nameIsFree(scene, name, folder),
        ]
      : []),
    ...mustAnswer(scene, primary, 'Primary', 'primary'),
    ...nodeCanWork(scene, primary),
    ...secondaryFits(scene, intent),
    ...directory,
    ...storageIsReady(scene, primary, storageDirectory),
    ...found.reasons,
    ...foundReasons(found, primary),
    ...vdevProblems({ disks, guest: intent.guest }),
    ...silent.reasons,
    ...otherConfigs(scene, {
      node: primary,
      paths: found.images.flatMap((each) => (each ? [each.path] : [])),
      uuid: null,
      folder,
    }),
    ...(intent.start ? memoryIsFree(scene, primary, intent.guest.memoryMib) : []),
    ...bridgesExist(scene, primary, intent.nics),
    ...bootFilesExist(scene, primary, intent.guest),
    ...bootIsSaid(intent.guest),
    ...(intent.os === 'none'
      ? []
      : [
          warning(
            'os',
            'Operating system',
            `Nothing of ${intent.os} is run: the images are taken as they are. The name is kept in the record.`,
            { field: 'os' },
          ),
        ]),
    ...cards.reasons,
  ];
  const draft: Draft = {
    title: `Create ${name} with the images that are there`,
    subject: { kind: 'instance', name, uuid },
    reasons,
    effects: { memory: intent.start ? [{ node: primary, mib: intent.guest.memoryMib }] : [] },
    equivalent: valid.length === 0 ? createEquivalent(intent) : null,
  };
  const images = found.images.filter((each) => each !== null);
  if (
    found.folder === null ||
    !view?.seen ||
    images.length === 0 ||
    images.length !== found.images.length ||
    [...found.reasons, ...cards.reasons].some((each) => each.severity === 'blocks')
  )
    return draft;
  const record = firstRecord(scene, {
    uuid,
    name,
    primary,
    secondary: intent.secondary,
    adminState: intent.start ? 'up' : 'down',
    os: intent.os,
    guest: intent.guest,
    disks: images.map((image, index) => ({
      logical_id: [intent.driver, image.type, image.path],
      vdev: vdevOf(disks[index] ?? { size: image.size, type: 'raw', mode: 'rw' }, index),
      mode: disks[index]?.mode ?? 'rw',
      size: image.size,
    })),
    nics: cards.nics,
    place: { storage: storageId ?? '', path: folder, inode: found.folder.inode },
    vouchings: silent.vouched,
  });
  const written = configOfRecord(record, view.facts?.toolstack ?? 'xl');
  if (written.reasons.length > 0) {
    reasons.push(...written.reasons);
    return draft;
  }
  reasons.push(...configReasons(record, found.folder.config, primary));
  return {
    ...draft,
    ...stepsOfTaking(scene, {
      title: `create ${name}`,
      place: { node: primary, folder, before: found.folder.config, after: written.text },
      record,
      images,
      folders: [{ path: folder, known: found.folder.files.map((each) => each.name) }],
    }),
  };
};
