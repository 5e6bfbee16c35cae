/** An image of whatever type that a disk becomes a converted copy of. It is only read, and stays as it is. */
import { ownerOf, virtualSizeOf } from '../../cluster/backing.ts';
import { fileAt } from '../../cluster/file-at.ts';
import { imagesOf } from '../../cluster/images.ts';
import { openersOf } from '../../cluster/lookup.ts';
import type { FileType } from '../../cluster/record.ts';
import type { ImageFacts } from '../../cluster/snapshot.ts';
import { listText } from '../../cluster/status.ts';
import { isPartialName } from '../../storage/kept-names.ts';
import { validateImagePath } from '../../storage/paths.ts';
import { formatBytes, SECTOR_BYTES } from '../../storage/sizes.ts';
import { needsQemuImg } from '../disk-work.ts';
import type { CreateIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene } from '../scene.ts';
import { sizeProblem } from './size.ts';

/** Nodes that answer and see the very storage in which the file lies, that node among them. */
export const seersOf = (scene: Scene, node: string, path: string): string[] => {
  const row = imagesOf(scene.snapshot).find(
    (each) => each.path === path && each.storage.nodes.includes(node),
  );
  const nodes = new Set(row ? row.storage.nodes : [node]);
  return scene.lookup.seen.map((each) => each.name).filter((each) => nodes.has(each));
};

/** What has the file open on any of these nodes: "loop0 on node1". */
export const usersOf = (scene: Scene, nodes: readonly string[], file: ImageFacts): string[] =>
  nodes.flatMap((each) => openersOf(scene.lookup, each, file).map((by) => `${by} on ${each}`));

/** What a guest sees of a file: by the probe, else as it was said; and what stands against that. */
export const sizeOfFile = (
  path: string,
  file: ImageFacts,
  said: number | undefined,
): { size: number; problem: null } | { size: null; problem: { code: string; text: string } } => {
  const wrong = (code: string, text: string) => ({ size: null, problem: { code, text } });
  if (file.kind !== 'file') return wrong('not-a-file', `${path} is not a regular file but a ${file.kind}.`);
  if (file.type === null) return wrong('unreadable', `${path} could not be read.`);
  const known = virtualSizeOf(file);
  if (known !== null && said !== undefined && said !== known)
    return wrong('size-differs', `A guest sees ${formatBytes(known)} of ${path}, not ${formatBytes(said)}.`);
  const size = known ?? said ?? null;
  if (size === null)
    return wrong(
      'size-unknown',
      `The size that a guest sees of ${path} (${file.type}) is not known here: say it, as in size=10G (qemu-img info ${path} on the node tells it). It is held against the image.`,
    );
  const problem = sizeProblem(size);
  return problem === null ? { size, problem } : wrong('disk-size', `${path}: ${problem}`);
};

/** Whether the probe tells what a guest sees of the image at this path. */
const headerTells = (scene: Scene, node: string, path: string): boolean => {
  const sight = fileAt(scene.lookup.byName.get(node), path);
  return sight !== null && virtualSizeOf(sight.file) !== null;
};

/** `size`: bytes that a guest sees of it. */
export type ImportChoice = { path: string; type: FileType; size: number };

/**
 * @param said bytes that somebody says a guest sees of it
 * @param field of the form that names it
 */
export const chooseImport = (
  scene: Scene,
  node: string,
  { path, said }: { path: string; said: number | undefined },
  field: string,
): { image: ImportChoice | null; reasons: Reason[] } => {
  const about = { node, field };
  const refuse = (code: string, text: string): { image: null; reasons: Reason[] } => ({
    image: null,
    reasons: [blocks(code, 'Image', text, about)],
  });
  const checked = validateImagePath(path, scene.snapshot.cluster.storageDirectories);
  if (!checked.ok) return refuse('import-path', checked.message);
  const host = scene.lookup.byName.get(node);
  const sight = fileAt(host, path);
  if (!sight) return refuse('no-image', `${node} shows no image ${path}.`);
  const reasons: Reason[] = [...needsQemuImg(scene, node, 'converts images')];
  const block = (code: string, text: string) => reasons.push(blocks(code, 'Image', text, about));
  const owner = ownerOf(host, path);
  if (owner)
    block(
      'is-disk',
      `${path} is disk ${owner.disk} of ${owner.name}, which may write to it while it is copied: clone that instance instead.`,
    );
  // a raw file that ends within a sector is filled up to the next one
  const file: ImageFacts =
    sight.file.type === 'raw'
      ? { ...sight.file, size: Math.ceil(sight.file.size / SECTOR_BYTES) * SECTOR_BYTES }
      : sight.file;
  if (isPartialName(file.name)) block('partial', `${path} is a copy that was not finished.`);
  const { size, problem } = sizeOfFile(path, file, said);
  if (problem !== null) block(problem.code, problem.text);
  const users = usersOf(scene, seersOf(scene, node, path), file);
  if (users.length > 0) block('open', `${path} is open: ${listText(users)}.`);
  if (file.type === null || size === null || reasons.some((each) => each.severity === 'blocks'))
    return { image: null, reasons };
  return {
    image: { path, type: file.type, size },
    reasons: [
      ...reasons,
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
