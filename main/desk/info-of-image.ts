/** Asks a node what qemu-img says of an image file. */
import { imagesOf } from '../../core/cluster/images.ts';
import { recordedType } from '../../core/cluster/recorded-type.ts';
import type { ImageInfo } from '../../core/contract.ts';
import { validateImagePath } from '../../core/storage/paths.ts';
import { imageInfoScript, readImageInfo } from '../node/image-info.ts';
import type { ClusterSession } from './cluster-session.ts';
import { DeskError } from './dispatch.ts';

export const infoOfImage = async (
  session: ClusterSession,
  node: string,
  path: string,
): Promise<ImageInfo> => {
  const snapshot = session.hasAnswered() ? session.snapshot() : await session.refresh();
  if (!snapshot.cluster.nodes.some((each) => each.name === node))
    throw new DeskError('bad-input', `${session.cluster.name} has no node ${node}.`);
  const checked = validateImagePath(path, snapshot.cluster.storageDirectories);
  if (!checked.ok) throw new DeskError('bad-input', checked.message, node);
  const row = imagesOf(snapshot).find((each) => each.path === path && each.storage.nodes.includes(node));
  const recorded = row ? recordedType(snapshot, node, row) : null;
  const loose = snapshot.cluster.storageDirectories.includes(path.slice(0, path.lastIndexOf('/')));
  const result = await session
    .shells(node)
    .run(imageInfoScript(checked.value, recorded, loose, snapshot.cluster.storageDirectories), {
      timeoutMs: 90_000,
    });
  if (result.code !== 0)
    throw new DeskError(
      'image-info',
      `${node}: ${result.stderr.toString().trim() || `exit code ${result.code}`}`,
      node,
    );
  return readImageInfo(result.stdout.toString(), node, snapshot.cluster.storageDirectories);
};
