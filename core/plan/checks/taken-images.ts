/** May a file that is there become an instance's disk, as it is. Every reason against it, not only the first. */
import {
  backingIsKnown,
  backingOf,
  basePathOf,
  overlaysOn,
  overlayWords,
  virtualSizeOf,
} from '../../cluster/backing.ts';
import type { FolderSight } from '../../cluster/lookup.ts';
import type { FileDriver, FileType } from '../../cluster/record.ts';
import type { ImageFacts } from '../../cluster/snapshot.ts';
import { listText } from '../../cluster/status.ts';
import { recordsNaming, usersOf } from '../../cluster/users.ts';
import { checkDriver, type Dialect } from '../../storage/drivers.ts';
import { isPartialName, parseKeptName } from '../../storage/kept-names.ts';
import { validateImagePath } from '../../storage/paths.ts';
import { SECTOR_BYTES } from '../../storage/sizes.ts';
import type { Reason } from '../reason.ts';
import { blocks, type Scene, warning } from '../scene.ts';
import { chooseBase } from './base.ts';
import { fixedVhdText } from './fixed-vhd.ts';
import { sizeProblem } from './size.ts';
import { type ToldType, typeIsTold } from './told-type.ts';
import { nobodyUses } from './users.ts';

/** An image that is there, with what a record says of it. */
export type TakenImage = {
  /** where it lies now */
  path: string;
  /** what the file system says of it, to be found again on the node just before */
  file: Pick<ImageFacts, 'name' | 'size' | 'inode' | 'device'>;
  type: FileType;
  /** bytes that a guest sees */
  size: number;
  base: string | null;
  /** xen.cfg, a name or another manager says of its type what its header says */
  isTold: boolean;
};

/** The same folder, as every node that answers shows it, the given one first. */
export const sightsOf = (scene: Scene, sight: FolderSight): FolderSight[] => {
  const { lookup } = scene;
  const all = [...lookup.unrecorded, ...[...lookup.recorded.values()].flat()];
  return [
    sight,
    ...all.filter(
      (each) =>
        each.seen &&
        each.node !== sight.node &&
        // by its place as well: not every file system gives a folder the same number on every node
        (each.key === sight.key ||
          (sight.storageId !== null &&
            each.storageId === sight.storageId &&
            each.folder.name === sight.folder.name)),
    ),
  ];
};

/** Every record on any node that names this very file. */
export const ownerReasons = (scene: Scene, node: string, path: string, field: string): Reason[] =>
  recordsNaming(scene.lookup, node, path).map(({ record, disk, folder, linkedAs }) =>
    blocks(
      linkedAs === undefined ? 'owned' : 'hard-link',
      'Owner',
      linkedAs === undefined
        ? `${path} is disk ${disk} of ${record.name}, whose record lies in ${folder}: one image belongs to one instance. Clone that instance, or remove the disk from it first.`
        : `${path} is a second name (a hard link) of ${linkedAs}, disk ${disk} of ${record.name}: both are one file, and one image belongs to one instance. ${copyInstead(path)}`,
      { node, field },
    ),
  );

/** What to do about a file with several names, which is right in a backup and wrong in an instance. */
export const copyInstead = (path: string): string =>
  `Where it shall be an image of its own, make a copy of it under this name while nothing has it open: cp --sparse=always ${path} ${path}.copy, then mv ${path}.copy ${path}.`;

/** A file with a second name could be written to by that: an image has one. */
export const oneName = (path: string, file: ImageFacts, about: { node: string; field: string }): Reason[] =>
  (file.links ?? 1) > 1
    ? [
        blocks(
          'hard-link',
          'Hard link',
          `${path} has ${file.links} names (hard links, as backups and cp -al make them): what is written by one of them changes the others. ${copyInstead(path)}`,
          about,
        ),
      ]
    : [];

const baseReasons = (
  scene: Scene,
  sight: FolderSight,
  file: ImageFacts,
  field: string,
): { base: string | null; reasons: Reason[] } => {
  const path = `${sight.folder.path}/${file.name}`;
  const about = { node: sight.node, field };
  const named = backingOf(file);
  const base = basePathOf(sight.folder, file);
  if (base === null)
    return {
      base,
      reasons:
        named === null
          ? backingIsKnown(file)
            ? []
            : [
                warning(
                  'base-unknown',
                  'Base image',
                  `Whether ${path} builds on another image was not told: the node looks before anything is changed, and the run ends there if it does.`,
                  about,
                ),
              ]
          : [
              blocks(
                'base-path',
                'Base image',
                `${path} builds on ${JSON.stringify(named.slice(0, 200))}, which is no file below a storage directory: what it leads to can't be checked.`,
                about,
              ),
            ],
    };
  const chosen = chooseBase(scene, sight.node, base, 'qcow2', field);
  return {
    base,
    reasons: chosen.reasons
      .filter((each) => each.severity !== 'passed')
      .map((each) =>
        each.severity === 'consent' ? each : { ...each, text: `${path} builds on ${base}. ${each.text}` },
      ),
  };
};

export type TakeOptions = {
  dialect: Dialect;
  driver: FileDriver;
  mode: 'rw' | 'ro';
  /** what a xen.cfg beside it says of its type */
  told: ToldType | null;
  /** another manager recorded it as raw: what its guest wrote at its end is the guest's */
  isRaw?: boolean;
  field: string;
  /** the node on which its own guest has it open */
  openOn?: OpenOn | null;
};

export type OpenOn = { node: string; isHvm: boolean };

/** One loop device and one QEMU: both ways to the disk of an HVM guest, which boots by the emulated one. */
const isHvmPair = (by: readonly string[]): boolean =>
  by.length === 2 &&
  ['loop', 'qemu'].every((kind) => by.filter((each) => each.startsWith(kind)).length === 1);

/**
 * A running guest has its image open once: by one loop device, or in QEMU; an HVM guest may have it by both. What goes beyond is
 * somebody else's. Programs don't count: they tell only on the node what they do with a file, and the guest of a practice node is one.
 */
const onlyItsGuest = (scene: Scene, { node, isHvm }: OpenOn, path: string, field: string): Reason[] =>
  usersOf(scene.lookup, node, path)
    .filter((each) => each.node === node)
    .flatMap(({ by: all }) => {
      const by = all.filter((each) => !each.startsWith('process'));
      return by.length > 1 && !(isHvm && isHvmPair(by))
        ? [
            blocks(
              'image-open',
              'In use',
              `${listText(by)} on ${node} have ${path} open, and its guest needs only ${isHvm ? 'one loop device and one QEMU' : 'one of them'}: something else uses it as well. Find out which of them are its guest's (they go when it is shut down) and end only the others; if that can't be told, shut the guest down and adopt it then.`,
              { node, field },
            ),
          ]
        : [];
    });

/** @returns the image where it can be taken; the reasons in any case */
export const takeImage = (
  scene: Scene,
  sight: FolderSight,
  file: ImageFacts,
  { dialect, driver, mode, told, isRaw = false, field, openOn = null }: TakeOptions,
): { image: TakenImage | null; reasons: Reason[] } => {
  const path = `${sight.folder.path}/${file.name}`;
  const about = { node: sight.node, field };
  const reasons: Reason[] = [];
  const block = (code: string, title: string, text: string) => reasons.push(blocks(code, title, text, about));
  const allowed = validateImagePath(path, scene.snapshot.cluster.storageDirectories);
  if (!allowed.ok) block('image-path', 'Path', allowed.message);
  if (parseKeptName(file.name) !== null)
    block(
      'kept',
      'Kept file',
      `${path} is kept beside the images only until somebody lets it go: rename it first if it shall be a disk.`,
    );
  if (isPartialName(file.name))
    block('partial', 'Unfinished copy', `${path} is a copy that was not finished: what it lacks is zeros.`);
  if (file.kind === 'symlink')
    block(
      'symlink',
      'Symbolic link',
      `${path} is a symbolic link: an image is never used through one, since it could lead anywhere. Put the file itself there.`,
    );
  else if (file.kind !== 'file') block('not-a-file', 'File', `${path} is not a regular file.`);
  if (file.kind !== 'file') return { image: null, reasons };
  reasons.push(
    ...nobodyUses(
      scene,
      { node: sight.node, path },
      {
        code: 'image-open',
        title: 'In use',
        field,
        why: ': nothing may use an image but its own guest. Stop what uses it first.',
      },
    ).filter((each) => each.code !== 'image-open' || openOn === null || each.node !== openOn.node),
    ...(openOn === null ? [] : onlyItsGuest(scene, openOn, path, field)),
    ...ownerReasons(scene, sight.node, path, field),
    ...oneName(path, file, about),
  );
  if (file.size < SECTOR_BYTES)
    block('image-size', 'Size', `${path} has ${file.size} bytes: a disk holds at least one sector.`);
  else if (file.type === null)
    block(
      'image-type',
      'Type',
      `The type of ${path} is not known: it could not be read, or is one that no disk can have. What is known of it, vbdesk image info tells.`,
    );
  else if (file.fixedVhd !== undefined && told?.type !== 'raw' && !isRaw)
    block(
      'image-type',
      'Type',
      `${fixedVhdText(path)} Bring it in as a converted copy: vbdesk instance disk add INSTANCE import=${path}.`,
    );
  else {
    const served = checkDriver(driver, file.type, dialect);
    if (!served.ok) block('image-type', 'Type', `${path} is ${file.type} by its header. ${served.message}`);
  }
  const size = virtualSizeOf(file);
  if (file.type === 'raw' && file.size >= SECTOR_BYTES && file.size % SECTOR_BYTES !== 0)
    block(
      'image-size',
      'Size',
      `${path} is raw and has ${file.size} bytes, which is not a multiple of ${SECTOR_BYTES}: a guest would lose its end. It is never cut or filled up here; see to it on the node.`,
    );
  else if (file.type !== null && size === null)
    block(
      'image-size',
      'Size',
      `How large ${path} (${file.type}) is for a guest is not known. Look at the node again, or bring it in as a converted copy of the size that you say: vbdesk instance disk add INSTANCE import=${path},size=….`,
    );
  else if (size !== null && file.size >= SECTOR_BYTES) {
    const problem = sizeProblem(size);
    if (problem !== null) block('image-size', 'Size', `${path}: ${problem}`);
  }
  reasons.push(
    ...typeIsTold(path, file, told, {
      ...about,
      nodeLooks: true,
      ifWrong: 'Put right (or take away) what xen.cfg says of it, then take it.',
    }),
  );
  const { base, reasons: aboutBase } = baseReasons(scene, sight, file, field);
  reasons.push(...aboutBase);
  const overlays = overlaysOn(scene.snapshot, { node: sight.node, folder: sight.folder, file, path }).filter(
    (each) => !each.doubted,
  );
  if (mode === 'rw' && overlays.length > 0)
    block(
      'base-in-use',
      'Linked clones',
      `${listText(overlays.map(overlayWords))} ${overlays.length === 1 ? 'builds' : 'build'} on ${path}, so no guest may write to it. Attach it read-only, or copy it.`,
    );
  if (reasons.some((each) => each.severity === 'blocks') || file.type === null || size === null)
    return { image: null, reasons };
  const isTold = isRaw || told !== null;
  return { image: { path, file, type: file.type, size, base, isTold }, reasons };
};
