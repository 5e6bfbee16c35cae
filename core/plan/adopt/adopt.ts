/** Adopt: images that no instance owns become one. A folder stays where it is; chosen files that lie in several are renamed into one. */
import { storageOf } from '../../cluster/lookup.ts';
import type { GuestSettings, InstanceRecord } from '../../cluster/record.ts';
import type { Dialect } from '../../storage/drivers.ts';
import { diskLetters, imageName } from '../../storage/image-names.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { driverOf } from '../../xen/disk-spec.ts';
import { bootsBeyond } from '../../xen/reaching.ts';
import { bootFilesExist, bridgesExist, memoryIsFree } from '../checks/capacity.ts';
import { makeCards, vdevProblems } from '../checks/disks.ts';
import { nameIsFree, nameIsValid } from '../checks/names.ts';
import { noNeighbours } from '../checks/neighbours.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from '../checks/nodes.ts';
import { otherConfigs } from '../checks/other-configs.ts';
import { bootIsSaid, secondaryFits } from '../checks/placing.ts';
import { storageIsAllowed, storageIsReady } from '../checks/storage.ts';
import { nameIsNobodys, runsElsewhere, silentUsers } from '../checks/taken-folder.ts';
import { type OpenOn, type TakenImage, takeImage } from '../checks/taken-images.ts';
import { adoptEquivalent } from '../equivalent.ts';
import { configOfRecord } from '../instance/new-instance.ts';
import type { AdoptIntent } from '../intent.ts';
import { uuidFrom } from '../random.ts';
import type { Reason } from '../reason.ts';
import { firstRecord } from '../records.ts';
import { blocks, consent, idOf, passed, type Scene, warning } from '../scene.ts';
import type { Draft } from '../step-list.ts';
import { configDisk, type FoundConfig, keptText, readFoundConfig, typeByConfig } from './adopt-config.ts';
import { type Choice, choose, folderInPlace, isFolder } from './adopt-images.ts';
import { ganetiReasons, toldCount, toldReasons } from './adopt-told.ts';
import { adoptedText, findHandMade } from './hand-made.ts';
import { stepsOfTaking } from './taking.ts';

const field = 'paths';

type Disk = {
  image: TakenImage | null;
  driver: InstanceRecord['disks'][number]['logical_id'][0];
  vdev: string;
  mode: 'rw' | 'ro';
};

const disksOf = (
  scene: Scene,
  intent: AdoptIntent,
  choice: Choice,
  config: FoundConfig | null,
  dialect: Dialect,
  openOn: OpenOn | null,
): { disks: Disk[]; reasons: Reason[] } => {
  const reasons: Reason[] = [];
  const disks = choice.chosen.map(({ sight, file }, index): Disk => {
    const path = `${sight.folder.path}/${file.name}`;
    const told = intent.disks?.[index];
    const said = told ? null : configDisk(config, path);
    const otherFormat = said !== null && file.type !== null && said.format !== file.type;
    const bySaid = told?.driver ?? (said && !otherFormat ? driverOf(said) : null);
    const driver = intent.driver ?? bySaid ?? (file.type === 'raw' || file.type === null ? 'loop' : 'blktap');
    const mode = told?.mode ?? said?.access ?? 'rw';
    const taken = takeImage(scene, sight, file, {
      dialect,
      driver,
      mode,
      told: told ? null : typeByConfig(config, path),
      isRaw: told?.type === 'raw',
      field,
      openOn,
    });
    reasons.push(...taken.reasons);
    if (taken.image)
      reasons.push(
        passed(
          'found',
          `Disk ${index}`,
          `${taken.image.path} is ${taken.image.type} and has ${formatBytes(taken.image.size)}${taken.image.base === null ? '' : `, on ${taken.image.base}`}: taken as it is.`,
          { node: sight.node, field },
        ),
      );
    if (told) reasons.push(...toldReasons(told, sight, file, index, taken.image));
    return { image: taken.image, driver, vdev: told?.vdev ?? said?.vdev ?? `xvd${diskLetters(index)}`, mode };
  });
  return { disks, reasons };
};

/** What was said, else what xen.cfg says, else what everybody gets. */
const guestFor = (intent: AdoptIntent, config: FoundConfig | null): GuestSettings => {
  const { kernel, ramdisk, bootloader, ...rest } = config?.guest ?? {};
  const boots =
    intent.guest.kernel === undefined && intent.guest.bootloader === undefined
      ? {
          ...(kernel !== undefined && { kernel }),
          ...(ramdisk !== undefined && { ramdisk }),
          ...(bootloader !== undefined && { bootloader }),
        }
      : {};
  const { type, memoryMib, vcpus } = { type: 'pv', memoryMib: 512, vcpus: 1 } as const;
  return {
    ...rest,
    ...boots,
    ...intent.guest,
    type: intent.guest.type ?? rest.type ?? type,
    memoryMib: intent.guest.memoryMib ?? rest.memoryMib ?? memoryMib,
    vcpus: intent.guest.vcpus ?? rest.vcpus ?? vcpus,
  };
};

const guestReasons = (guest: GuestSettings, intent: AdoptIntent, config: FoundConfig | null): Reason[] => {
  const missing = (['memoryMib', 'vcpus'] as const).filter(
    (each) => intent.guest[each] === undefined && config?.guest[each] === undefined,
  );
  return missing.length === 0
    ? []
    : [
        warning(
          'guest-default',
          'Guest',
          `Nothing says how the guest was set up${config ? '' : ' (there is no xen.cfg beside its images)'}: it gets ${guest.memoryMib} MiB and ${guest.vcpus === 1 ? 'one processor' : `${guest.vcpus} processors`}. Say it with -B memory=…,vcpus=…, if that is not enough.`,
          { field: 'guest.memoryMib' },
        ),
      ];
};

/** What xen.cfg beside the images says that it boots, where nobody said it again: whoever made the images may have written that. */
const bootReasons = ({ guest: said }: AdoptIntent, guest: GuestSettings): Reason[] =>
  bootsBeyond({
    kernel: said.kernel === undefined ? guest.kernel : undefined,
    ramdisk: said.ramdisk === undefined ? guest.ramdisk : undefined,
    bootloader: said.bootloader === undefined ? guest.bootloader : undefined,
  }).map((each) =>
    consent(
      'boots-beyond',
      'What it boots',
      `${each.text} Only the xen.cfg beside the images says so, and whoever made them may have written that.`,
      { field: 'guest.kernel' },
    ),
  );

/** The uuid that the guest had, where xen.cfg knows it and nobody else has it: so its domain would be known again. */
const uuidFor = (scene: Scene, config: FoundConfig | null): string => {
  const said = config?.read?.uuid;
  const isFree =
    said !== undefined &&
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(said) &&
    !scene.lookup.recorded.has(said) &&
    !scene.lookup.tombstones.has(said) &&
    !scene.lookup.replicas.has(said);
  return isFree ? said : uuidFrom(idOf(scene, 'uuid'));
};

export const planAdopt = (scene: Scene, intent: AdoptIntent): Draft => {
  const { name, primary } = intent;
  const view = scene.lookup.byName.get(primary);
  const dialect: Dialect = view?.facts?.toolstack ?? 'xl';
  const choice = choose(scene, intent);
  const [source] = choice.sources;
  const inPlace = folderInPlace(choice) !== null;
  const storage = source?.folder.storage ?? '';
  const folder = inPlace && source ? source.folder.path : `${storage}/${name}`;
  const before = inPlace ? (source?.folder.config ?? null) : null;
  const handMade = findHandMade(scene, intent);
  const config = handMade ? handMade.config : before === null ? null : readFoundConfig(before);
  const runs = handMade?.domain ?? null;
  const uuid = runs?.domain.uuid?.toLowerCase() ?? uuidFor(scene, config);
  const guest = guestFor(intent, config);
  const openOn = runs && { node: primary, isHvm: (runs.domain.config?.type ?? guest.type) === 'hvm' };
  const { disks, reasons: aboutDisks } = disksOf(scene, intent, choice, config, dialect, openOn);
  const saidCards = config?.read?.nics ?? [];
  // a card without an address in the text has one in the domain that runs, and keeps it
  const has = runs?.domain.config?.nics ?? [];
  const nics =
    intent.nics ??
    saidCards.map(({ nic }, index) => ({
      bridge: nic.bridge ?? view?.facts?.bridges[0] ?? 'xenbr0',
      mac: nic.mac?.toLowerCase() ?? (has.length === saidCards.length ? has[index]?.mac : null) ?? null,
    }));
  const cards = makeCards(scene, nics);
  const valid = nameIsValid(name);
  const storageId = storageOf(view, storage)?.id ?? null;
  const silent = silentUsers(scene, storageId, intent.secondary);
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...valid,
    ...(valid.length === 0
      ? [
          ...nameIsNobodys(scene, name, 'name').filter(() => source?.folder.record?.ok !== true),
          ...nameIsFree(
            scene,
            name,
            inPlace ? folder : null,
            handMade && {
              node: primary,
              domid: runs?.domain.domid ?? null,
              aside: handMade.aside.map((each) => each.from),
            },
          ),
        ]
      : []),
    ...mustAnswer(scene, primary, 'Primary', 'primary'),
    ...nodeCanWork(scene, primary),
    ...(source
      ? [
          ...secondaryFits(scene, { primary, secondary: intent.secondary, storageDirectory: storage }),
          ...storageIsAllowed(scene, storage),
          ...storageIsReady(scene, primary, storage),
        ]
      : []),
    ...(handMade?.reasons ?? []),
    ...(inPlace && source
      ? noNeighbours(
          scene,
          source,
          choice.chosen.map((each) => each.file.name),
          'The folder would become that of one instance, and be moved or removed with it. Put the images of each guest into a folder of their own while it is stopped.',
          handMade?.aside.map((each) => each.from),
        )
      : []),
    ...(handMade ? [] : bootReasons(intent, guest)),
    ...choice.reasons,
    ...toldCount(intent, choice.chosen.length),
    ...ganetiReasons(intent),
    ...(runs !== null && !inPlace && choice.sources.length > 0
      ? [
          blocks(
            'running',
            'Images',
            'Its images do not lie in one folder of their own, and are renamed into one only while nobody has them open: shut it down first.',
            { node: primary, field },
          ),
        ]
      : []),
    ...aboutDisks,
    ...vdevProblems({
      disks: disks.map(({ image, vdev, mode }) => ({ size: image?.size ?? 0, type: 'raw', vdev, mode })),
      guest,
    }),
    ...runsElsewhere(scene, uuid).filter((each) => runs === null || each.node !== primary),
    ...otherConfigs(
      scene,
      {
        node: primary,
        paths: choice.chosen.map((each) => `${each.sight.folder.path}/${each.file.name}`),
        uuid: config?.read?.uuid ?? null,
        folder: inPlace ? folder : null,
      },
      handMade?.aside.map((each) => each.from),
    ),
    ...silent.reasons,
    ...guestReasons(guest, intent, config),
    ...(intent.start ? memoryIsFree(scene, primary, guest.memoryMib) : []),
    ...bridgesExist(scene, primary, nics),
    ...bootFilesExist(scene, primary, guest),
    ...bootIsSaid(guest),
    ...cards.reasons,
  ];
  const draft: Draft = {
    title:
      inPlace && source ? `Adopt ${folder} as ${name}` : `Adopt ${choice.chosen.length} images as ${name}`,
    subject: { kind: 'instance', name, uuid },
    reasons,
    effects: { memory: intent.start ? [{ node: primary, mib: guest.memoryMib }] : [] },
  };
  const images = disks.flatMap(({ image }) => (image ? [image] : []));
  if (
    !source ||
    !view?.seen ||
    valid.length > 0 ||
    images.length === 0 ||
    images.length !== disks.length ||
    [...choice.reasons, ...cards.reasons].some((each) => each.severity === 'blocks')
  )
    return draft;
  const record = firstRecord(scene, {
    uuid,
    name,
    primary,
    secondary: intent.secondary,
    adminState: intent.start || runs !== null ? 'up' : 'down',
    os: intent.os ?? 'none',
    guest,
    disks: disks.map(({ driver, vdev, mode }, index) => {
      const image = images[index];
      return {
        logical_id: [
          driver,
          image?.type ?? 'raw',
          inPlace ? (image?.path ?? '') : `${folder}/${imageName(index)}`,
        ],
        vdev,
        mode,
        size: image?.size ?? 0,
      };
    }),
    nics: cards.nics,
    // the inode of a new folder is known when it is made
    place: { storage: storageId ?? '', path: folder, inode: inPlace ? source.folder.inode : 0 },
    vouchings: silent.vouched,
  });
  const written = configOfRecord(record, dialect);
  if (written.reasons.length > 0) {
    reasons.push(...written.reasons);
    return draft;
  }
  const given = Object.keys(intent.guest).length > 0 || intent.nics !== null;
  const kept = handMade ? null : config ? keptText(config, record, given) : null;
  const adopted = handMade ? adoptedText(handMade.config.text, record) : null;
  if (adopted)
    for (const problem of adopted.problems)
      reasons.push(blocks('config', 'Configuration', problem, { field: 'config' }));
  if (handMade && before !== null && before !== adopted?.text)
    reasons.push(
      warning(
        'config-there',
        'xen.cfg',
        `The xen.cfg that lies beside the images gives way to ${intent.config ?? 'what the running domain tells'}.`,
        { node: primary },
      ),
    );
  if (kept)
    reasons.push(
      kept.text === null
        ? warning(
            'config-there',
            'xen.cfg',
            `The xen.cfg beside the images is written anew. ${kept.differences.join(' ')}`,
            { node: primary },
          )
        : passed(
            'config-there',
            'xen.cfg',
            'The xen.cfg beside the images attaches exactly these: it stays, with the name and the uuid of the record.',
            { node: primary },
          ),
    );
  return {
    ...draft,
    equivalent: adoptEquivalent(record, intent.start),
    ...stepsOfTaking(scene, {
      title: `adopt ${name}`,
      place: { node: primary, folder, before, after: adopted?.text ?? kept?.text ?? written.text },
      aside: handMade?.aside ?? [],
      runs: runs !== null,
      record,
      images,
      folders: choice.sources.filter(isFolder).map((each) => ({
        path: each.folder.path,
        known: each.folder.files.map((file) => file.name),
      })),
    }),
  };
};
