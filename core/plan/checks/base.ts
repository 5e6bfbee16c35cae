/** The base of a linked clone: an image below a storage directory that nobody writes to, and no instance's disk. */
import { imageAt, virtualSizeOf } from '../../cluster/backing.ts';
import { recordsNaming } from '../../cluster/users.ts';
import { parseKeptName } from '../../storage/kept-names.ts';
import { validateImagePath } from '../../storage/paths.ts';
import { formatBytes } from '../../storage/sizes.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { fixedVhdText } from './fixed-vhd.ts';
import { chainReasons } from './overlays.ts';
import { nobodyUses, silentMayUse } from './users.ts';

/** `size`: bytes that a guest sees of it; null where the probe does not tell. */
export type BaseChoice = { path: string; type: 'raw' | 'qcow2'; size: number | null };

/**
 * @param type of the clone
 * @param field of the form that names the base
 * @param vouched silent nodes for which somebody's word is asked already
 */
export const chooseBase = (
  scene: Scene,
  node: string,
  path: string,
  type: 'raw' | 'qcow2',
  field: string,
  vouched: readonly string[] = [],
): { base: BaseChoice | null; reasons: Reason[] } => {
  const about = { node, field };
  const title = 'Base image';
  const refuse = (code: string, text: string): { base: null; reasons: Reason[] } => ({
    base: null,
    reasons: [blocks(code, title, text, about)],
  });
  const checked = validateImagePath(path, scene.snapshot.cluster.storageDirectories);
  if (!checked.ok) return refuse('base-path', checked.message);
  const view = scene.lookup.byName.get(node);
  const image = imageAt(view, path);
  if (!image)
    return refuse(
      'no-base',
      `${node} shows no image ${path}. A base lies in a folder of a storage directory, such as ${scene.snapshot.cluster.storageDirectories[0] ?? ''}/templates/debian.qcow2.`,
    );
  const { file } = image;
  const reasons: Reason[] = [];
  const block = (code: string, text: string) => reasons.push(blocks(code, title, text, about));
  if (type !== 'qcow2')
    block('base-type', 'A linked clone is a qcow2 image: a raw one holds all of its data itself.');
  for (const owner of recordsNaming(scene.lookup, node, path))
    block(
      'base-is-disk',
      `${path} is disk ${owner.disk} of ${owner.record.name}, which writes to it. Copy it into a folder of its own, and build on the copy.`,
    );
  if (parseKeptName(file.name) !== null)
    block('base-is-kept', `${path} is kept only until somebody lets it go, so nothing is built on it.`);
  if (file.kind !== 'file') block('not-a-file', `${path} is not a regular file but a ${file.kind}.`);
  reasons.push(
    ...nobodyUses(
      scene,
      { node, path },
      { code: 'base-open', title, field, why: ' and may write to it.', writers: true },
    ),
  );
  if (file.type !== 'raw' && file.type !== 'qcow2')
    block(
      'base-type',
      `${path} is ${file.type ?? 'of no known type'}; a clone builds on raw and qcow2 images. Import it as a disk instead, which converts it.`,
    );
  if (file.fixedVhd !== undefined)
    block('base-type', `${fixedVhdText(path)} Import it as a disk instead, which converts it.`);
  if (reasons.length > 0 || (file.type !== 'raw' && file.type !== 'qcow2')) return { base: null, reasons };
  // the whole of it: a base of the base is read as well
  const below = chainReasons(scene, image, path, field).filter((each) => each.severity !== 'passed');
  if (below.some((each) => each.severity === 'blocks')) return { base: null, reasons: below };
  const size = virtualSizeOf(file);
  return {
    base: { path, type: file.type, size },
    reasons: [
      ...silentMayUse(
        scene,
        { node, path },
        'If a guest there writes to it, everything that builds on it is lost.',
        vouched,
      ),
      passed(
        'base',
        title,
        `${path} (${file.type}${size === null ? '' : `, ${formatBytes(size)}`}) is no instance's disk.`,
        about,
      ),
      warning(
        'base-stays',
        title,
        `The clone can't be read without ${path}, which must never change or move from now on. It has to be marked as read-only (chmod a-w), and every node that is to run the instance must see it.`,
        about,
      ),
      ...below,
    ],
  };
};
