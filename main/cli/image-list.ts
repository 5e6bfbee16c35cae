/** `vbdesk image list|info`: every image file of the cluster, and what qemu-img says of one. */
import type { Command } from 'commander';
import { type ImageRow, imagesOf, type StorageRow, storagesOf } from '../../core/cluster/images.ts';
import { listText } from '../../core/cluster/status.ts';
import type { ImageInfo } from '../../core/contract.ts';
import { shown } from '../../core/storage/checked.ts';
import { formatBytes } from '../../core/storage/sizes.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { imageCommand } from './image-command.ts';
import { chooseCluster, knownNode, lookAt, mustHaveAnswered, noteSilentNodes } from './resolve.ts';
import { pairs, shortBytes, table, timeText } from './table.ts';

/** Whose it is, in a few words. */
const ownerText = ({ owner }: ImageRow): string => {
  switch (owner.kind) {
    case 'instance':
      return `${owner.name} disk ${owner.disk}`;
    case 'orphan':
      return 'orphan';
    case 'replica':
      return `replica of ${owner.name}${owner.when === null ? '' : ` as of ${timeText(Date.parse(owner.when))}`}`;
    case 'kept':
      return `kept for ${owner.instance}`;
    case 'partial':
      return 'unfinished copy';
    case 'unrecorded':
      return `no disk of ${owner.name}`;
    case 'trash':
      return 'in the trash';
  }
};

const openText = ({ openBy, openUnknown }: ImageRow): string =>
  [
    ...openBy.map(({ node, by }) => `${by} on ${node}`),
    ...(openUnknown.length === 0 ? [] : [`unknown on ${openUnknown.join(', ')}`]),
  ].join('; ');

const imageDocument = ({ storage, ...row }: ImageRow) => ({
  ...row,
  storage: { id: storage.id, path: storage.path, shared: storage.shared, nodes: storage.nodes },
});

const storageText = (row: StorageRow): string => {
  const where = `${row.path} (${row.shared ? 'shared by ' : ''}${listText(row.nodes)})`;
  if (row.state !== 'ok') return `${where}: ${row.state.replaceAll('-', ' ')}`;
  return [
    `${where}: ${shortBytes(row.used)} of ${shortBytes(row.capacity)} used, ${shortBytes(row.free)} free;`,
    `images take ${shortBytes(row.allocated)}, guests were promised ${shortBytes(row.promised)}.`,
    ...(row.seen ? [] : [`As ${row.node}, which does not answer, told it last.`]),
    ...(row.overcommitBytes === 0
      ? []
      : [`Over-committed: ${shortBytes(row.overcommitBytes)} of what guests may still write have no space.`]),
    ...(row.remark === null ? [] : [row.remark]),
  ].join(' ');
};

const listImages = async (
  context: CommandContext,
  options: { node?: string; orphans?: boolean },
): Promise<void> => {
  const cluster = await chooseCluster(context);
  const snapshot = await lookAt(context, cluster);
  mustHaveAnswered(snapshot);
  noteSilentNodes(context, snapshot);
  const node = options.node === undefined ? null : knownNode(snapshot, options.node);
  const isWanted = (nodes: readonly string[]): boolean => node === null || nodes.includes(node);
  const rows = imagesOf(snapshot).filter(
    (row) =>
      isWanted(row.storage.nodes) &&
      (options.orphans === true ? row.owner.kind === 'orphan' : row.owner.kind !== 'trash'),
  );
  const storages = storagesOf(snapshot).filter((each) => isWanted(each.nodes));
  const remarks = rows.flatMap((row) => (row.remark === null ? [] : [`${row.path}: ${row.remark}`]));
  context.result(
    { images: rows.map(imageDocument), storages },
    [
      rows.length === 0
        ? options.orphans === true
          ? 'No image file is without an owner.'
          : 'There are no image files.'
        : table(
            [
              { title: 'PATH' },
              { title: 'NODES' },
              { title: 'TYPE' },
              { title: 'VIRTUAL', right: true },
              { title: 'ALLOCATED', right: true },
              { title: 'OWNER' },
              { title: 'OPEN' },
            ],
            rows.map((row) => [
              row.path,
              row.storage.nodes.join(','),
              row.type ?? '',
              row.virtualSize === null ? '' : shortBytes(row.virtualSize),
              shortBytes(row.allocated),
              ownerText(row),
              openText(row),
            ]),
          ),
      ...(remarks.length === 0 ? [] : ['', ...remarks]),
      '',
      ...storages.map(storageText),
    ].join('\n'),
  );
};

const infoText = (info: ImageInfo): string =>
  [
    ...info.chain.map((each, index) =>
      pairs([
        [index === 0 ? 'Image' : 'Builds on', each.path],
        ['Type', each.format],
        ['Virtual size', formatBytes(each.virtualSize)],
        ['Allocated', formatBytes(each.allocated)],
        ...(each.clusterSize === null ? [] : [['Clusters of', formatBytes(each.clusterSize)] as const]),
        ...(each.backing === null
          ? []
          : [
              [
                'Base in its header',
                `${each.backing}${each.backingFormat === null ? '' : ` (${each.backingFormat})`}`,
              ] as const,
            ]),
        ...(each.snapshots.length === 0
          ? []
          : [
              [
                'Snapshots',
                each.snapshots.map((one) => `${one.tag}, ${timeText(one.at)}`).join('\n'),
              ] as const,
            ]),
        ...(each.encrypted ? [['Encrypted', 'yes'] as const] : []),
        ...(each.dirty ? [['Marked as', 'not closed properly'] as const] : []),
        ...(each.corrupt ? [['Marked as', 'corrupt'] as const] : []),
      ]),
    ),
    ...(info.problem === null ? [] : [info.problem]),
    `As ${info.node} told it.`,
  ].join('\n\n');

const showInfo = async (context: CommandContext, path: string, options: { node?: string }): Promise<void> => {
  const cluster = await chooseCluster(context);
  const snapshot = await lookAt(context, cluster);
  const answering = snapshot.nodes.filter((each) => each.trouble === null).map((each) => each.name);
  const rows = imagesOf(snapshot).filter((each) => each.path === path);
  const shows = rows.flatMap((row) => row.storage.nodes.filter((each) => answering.includes(each)));
  if (options.node === undefined && rows.length > 1)
    throw usageError(
      `${shown(path)} is on several nodes, and not the same file: ${rows.map((row) => row.storage.nodes.join(', ')).join('; ')}. Say which with -n NODE.`,
    );
  const node = options.node === undefined ? shows[0] : knownNode(snapshot, options.node);
  if (node === undefined)
    throw usageError(
      rows.length === 0
        ? `No node that answers lists ${shown(path)}. vbdesk image list shows what there is; -n NODE asks a node for a file that is not listed.`
        : `None of the nodes that have ${shown(path)} answers: ${listText(rows.flatMap((row) => row.storage.nodes))}.`,
    );
  const info = await context.call('image.info', { cluster, node, path });
  context.result(info, infoText(info));
};

const listHelp = `
TYPE is what the header says, VIRTUAL what a guest sees, ALLOCATED what the file takes. Storage that several nodes share is listed once.
"unknown on NODE": that node may have it open, but can't be asked now. --json tells all, those in the trash left out.

Examples:
  vbdesk image list --node node1
  vbdesk image list --orphans
`;

const infoHelp = `
The image and all on which it builds, as qemu-img on the node tells it, also while a guest uses it. Only below the storage directories.

Example:
  vbdesk image info /srv/ganeti/file-storage/web1.example.org/sda
`;

export const addImageList = (program: Command, action: Action): void => {
  const image = imageCommand(program);
  image
    .command('list')
    .description('every image file, whose it is and what has it open; and the space of the storage')
    .option('-n, --node <node>', 'only those that this node sees')
    .option('--orphans', 'only those that no instance owns')
    .addHelpText('after', listHelp)
    .action(action(listImages));
  image
    .command('info <path>')
    .description('what qemu-img says of an image and its bases')
    .option('-n, --node <node>', 'the node that is asked; else one that shows it')
    .addHelpText('after', infoHelp)
    .action(action(showInfo));
};
