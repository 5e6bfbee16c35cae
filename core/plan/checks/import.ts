/** An image of whatever type that a disk becomes a converted copy of. It is only read, and stays as it is. */
import { virtualSizeOf } from '../../cluster/backing.ts';
import { sightAt } from '../../cluster/file-at.ts';
import type { FileType } from '../../cluster/record.ts';
import type { ImageFacts } from '../../cluster/snapshot.ts';
import { recordsNaming } from '../../cluster/users.ts';
import { isPartialName } from '../../storage/kept-names.ts';
import { validateImagePath } from '../../storage/paths.ts';
import { formatBytes, SECTOR_BYTES } from '../../storage/sizes.ts';
import { needsQemuImg } from '../disk/disk-work.ts';
import type { CreateIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene } from '../scene.ts';
import { sizeOfFile } from './added-file.ts';
import { byItsFooter } from './fixed-vhd.ts';
import { placeIsUnlocked } from './image-place.ts';
import { chainReasons } from './overlays.ts';
import { basesAreNoDisks, basesOf, basesUnwritten, silentMayWriteBases } from './source-bases.ts';
import { typeByName, typeIsTold } from './told-type.ts';
import { nobodyUses, silentMayUse } from './users.ts';

/** Whether the probe tells what a guest sees of the image at this path. */
const headerTells = (scene: Scene, node: string, path: string): boolean => {
  const sight = sightAt(scene.lookup.byName.get(node), path);
  return sight !== null && virtualSizeOf(byItsFooter(sight.file)) !== null;
};

/**
 * `size`: bytes that a guest sees of it. `folder`: where it lies and is locked while it is read; null beside the folders. `bases`:
 * what it builds on
 */
export type ImportChoice = {
  path: string;
  type: FileType;
  size: number;
  folder: string | null;
  bases: string[];
};

/**
 * @param said bytes that somebody says a guest sees of it
 * @param field of the form that names it
 * @param besides nodes for which somebody's word is asked already
 */
export const chooseImport = (
  scene: Scene,
  node: string,
  { path, said }: { path: string; said: number | undefined },
  field: string,
  besides: readonly string[] = [],
): { image: ImportChoice | null; reasons: Reason[] } => {
  const about = { node, field };
  const refuse = (code: string, text: string): { image: null; reasons: Reason[] } => ({
    image: null,
    reasons: [blocks(code, 'Image', text, about)],
  });
  const checked = validateImagePath(path, scene.snapshot.cluster.storageDirectories);
  if (!checked.ok) return refuse('import-path', checked.message);
  const host = scene.lookup.byName.get(node);
  const sight = sightAt(host, path);
  if (!sight) return refuse('no-image', `${node} shows no image ${path}.`);
  const reasons: Reason[] = [...needsQemuImg(scene, node, 'converts images')];
  const block = (code: string, text: string) => reasons.push(blocks(code, 'Image', text, about));
  for (const owner of recordsNaming(scene.lookup, node, path))
    block(
      'is-disk',
      `${path} is disk ${owner.disk} of ${owner.record.name}, which may write to it while it is copied: clone that instance instead.`,
    );
  // a raw file that ends within a sector is filled up to the next one
  const told = byItsFooter(sight.file);
  const file: ImageFacts =
    told.type === 'raw' ? { ...told, size: Math.ceil(told.size / SECTOR_BYTES) * SECTOR_BYTES } : told;
  if (isPartialName(file.name)) block('partial', `${path} is a copy that was not finished.`);
  const { size, problem } = sizeOfFile(path, file, said);
  if (problem !== null) block(problem.code, problem.text);
  const used = { node, path };
  const source = { node, folder: { path: sight.directory }, file };
  reasons.push(
    ...typeIsTold(path, file, typeByName(file.name), {
      ...about,
      ifWrong: `It is not copied. If you know that it is ${file.type}, give it another name on the node first.`,
    }),
    ...chainReasons(scene, source, path, field),
    ...basesAreNoDisks(scene, source, field),
    ...basesUnwritten(scene, source, field),
    // a file beside the folders has no folder that could be locked: it is only read, and looked at that nobody has it open
    ...(sight.folder === null
      ? []
      : placeIsUnlocked(
          scene,
          { node, path, storage: sight.folder.storage, folder: sight.directory, name: file.name },
          field,
        )),
    ...nobodyUses(scene, used, { code: 'open', title: 'Image', field, why: '.' }),
  );
  if (file.type === null || size === null || reasons.some((each) => each.severity === 'blocks'))
    return { image: null, reasons };
  return {
    image: {
      path,
      type: file.type,
      size,
      folder: sight.folder === null ? null : sight.directory,
      bases: basesOf(scene, source),
    },
    reasons: [
      ...reasons,
      ...silentMayUse(
        scene,
        used,
        'What it writes while the file is read would be missing from the copy.',
        besides,
      ),
      ...silentMayWriteBases(scene, source, besides),
      passed(
        'import',
        'Image',
        `${path} (${file.type}, ${formatBytes(size)}) stays as it is; its copy is compared with it.`,
        about,
      ),
    ],
  };
};

/** The image of which a disk shall be a converted copy, and what stands against it. Its own size is what a guest sees of it. */
export const importOf = (
  scene: Scene,
  intent: CreateIntent,
  index: number,
): { image: ImportChoice | null; reasons: Reason[] } => {
  const disk = intent.disks[index];
  if (disk?.import === undefined) return { image: null, reasons: [] };
  const field = `disks.${index}.import`;
  const { image, reasons } = chooseImport(
    scene,
    intent.primary,
    // where the header tells the size, a larger one is what it grows to afterwards
    {
      path: disk.import,
      said: headerTells(scene, intent.primary, disk.import) ? undefined : disk.size || undefined,
    },
    field,
  );
  return {
    image,
    reasons: reasons.map((each) =>
      each.code === 'size-unknown' ? { ...each, field: `disks.${index}.size` } : each,
    ),
  };
};

/** The disks of an intent, a copy of an image of which no size was said with that of the image. */
export const withImportSizes = (scene: Scene, intent: CreateIntent): CreateIntent => ({
  ...intent,
  disks: intent.disks.map((disk, index) =>
    disk.import === undefined || disk.size !== 0
      ? disk
      : { ...disk, size: importOf(scene, intent, index).image?.size ?? 0 },
  ),
});

/** What stands against a disk that shall be a copy of an image. */
export const importProblems = (scene: Scene, intent: CreateIntent, index: number): Reason[] => {
  const disk = intent.disks[index];
  if (!disk) return [];
  const { image, reasons } = importOf(scene, intent, index);
  const against = reasons.filter((each) => each.severity === 'blocks');
  const block = (code: string, text: string, part: string) =>
    against.push(blocks(code, `Disk ${index}`, text, { field: `disks.${index}.${part}` }));
  if (disk.base !== undefined)
    block('import-base', `Disk ${index} is either a copy of an image or a linked clone, not both.`, 'base');
  if (disk.allocation === 'full')
    block('allocation', 'A converted copy is sparse: leave the allocation out.', 'allocation');
  if (image && disk.size < image.size)
    block(
      'disk-size',
      `${image.path} has ${formatBytes(image.size)}, which do not fit into ${formatBytes(disk.size)}. Make disk ${index} at least that large, or leave its size out.`,
      'size',
    );
  return against;
};
