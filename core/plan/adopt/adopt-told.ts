/** What another manager (Ganeti) says of images that are adopted, against what they are. */
import type { FolderSight } from '../../cluster/lookup.ts';
import type { ImageFacts } from '../../cluster/snapshot.ts';
import { formatBytes } from '../../storage/sizes.ts';
import type { TakenImage } from '../checks/taken-images.ts';
import type { AdoptIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { blocks, consent, warning } from '../scene.ts';

const field = 'paths';

/** Each image is told of once. */
export const toldCount = ({ disks }: AdoptIntent, chosen: number): Reason[] =>
  disks === undefined || chosen === 0 || disks.length === chosen
    ? []
    : [
        blocks(
          'disk-count',
          'Images',
          `${disks.length} disks are told of, but ${chosen} images are chosen: each image is one disk.`,
          { field },
        ),
      ];

/** Of one image; `image` is null when it can't be taken anyway. */
export const toldReasons = (
  told: NonNullable<AdoptIntent['disks']>[number],
  sight: FolderSight,
  file: ImageFacts,
  index: number,
  image: TakenImage | null,
): Reason[] => {
  const about = { node: sight.node, field };
  const path = `${sight.folder.path}/${file.name}`;
  if (file.type !== null && file.type !== told.type)
    return [
      blocks(
        'format',
        `Disk ${index}`,
        `${path} was attached as ${told.type}, and its header says ${file.type}: a guest can write any header into a raw disk, so one of them is wrong. Look into it on the node (qemu-img info) before it is adopted.`,
        about,
      ),
    ];
  return image && told.size !== undefined && told.size !== image.size
    ? [
        warning(
          'size-told',
          `Size of disk ${index}`,
          `${path} has ${formatBytes(image.size)} (${image.size} bytes), not ${formatBytes(told.size)} (${told.size} bytes) as is said of it: it is taken as it is.`,
          about,
        ),
      ]
    : [];
};

/** Who else would start it: Ganeti's watcher, which learns of no record here and writes /etc/xen/NAME anew each time. */
export const ganetiReasons = ({ name, ganetiStarts }: AdoptIntent): Reason[] =>
  ganetiStarts === undefined
    ? []
    : [
        consent(
          'ganeti-starts',
          'Ganeti starts it',
          `Ganeti wants ${name} up. As long as its daemons run, its watcher starts ${name} ${ganetiStarts.node === null ? '' : `on ${ganetiStarts.node} `}within minutes whenever it is down there (while VBDesk has it stopped, or runs it on another node), and two guests would write to the same images. Let Ganeti stop it and leave it alone first, on its master: gnt-instance shutdown ${name}, then gnt-instance modify --offline ${name}; and read config.data afresh. Accept this only where Ganeti runs no more on any node of its cluster.`,
          { field: 'paths' },
        ),
      ];
