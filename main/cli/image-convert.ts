/** `vbdesk image convert`: an instance's disk in its place, or any other image into a file of its own. */
import type { Command } from 'commander';
import { imagesOf } from '../../core/cluster/images.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { listText } from '../../core/cluster/status.ts';
import { shown } from '../../core/storage/checked.ts';
import { FILE_DRIVERS } from '../../core/storage/drivers.ts';
import { changeInstance } from './change-instance.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { diskIndex, oneOf } from './disk-words.ts';
import { imageCommand } from './image-command.ts';
import { perform } from './perform.ts';
import { chooseCluster, knownNode, lookAt } from './resolve.ts';

type Options = { to: string; driver?: string; node?: string; target?: string; from?: string };

/** The node that was named, or one that shows the file, where that can only be this one. */
const nodeOf = (snapshot: Snapshot, path: string, given: string | undefined): string => {
  if (given !== undefined) return knownNode(snapshot, given);
  const rows = imagesOf(snapshot).filter((each) => each.path === path);
  const [row] = rows;
  const answering = new Set(snapshot.nodes.flatMap((each) => (each.trouble === null ? [each.name] : [])));
  const node = row?.storage.nodes.find((each) => answering.has(each));
  if (rows.length === 1 && node !== undefined) return node;
  throw usageError(
    rows.length > 1
      ? `${shown(path)} is on several nodes, and not the same file: ${rows.map((each) => each.storage.nodes.join(', ')).join('; ')}. Say which with -n NODE.`
      : row === undefined
        ? `No node that answers lists ${shown(path)}. vbdesk image list shows what there is; -n NODE asks a node for a file that is not listed.`
        : `None of the nodes that have ${shown(path)} answers: ${listText([...row.storage.nodes])}.`,
  );
};

const convertFile = async (context: CommandContext, path: string, options: Options): Promise<void> => {
  const type = oneOf('--to', options.to, ['raw', 'qcow2']);
  const from = options.from === undefined ? undefined : oneOf('--from', options.from, ['vhd']);
  const cluster = await chooseCluster(context);
  const snapshot = await lookAt(context, cluster);
  await perform(
    context,
    cluster,
    {
      kind: 'convert-file',
      node: nodeOf(snapshot, path, options.node),
      path,
      type,
      ...(options.target === undefined ? {} : { target: options.target }),
      ...(from === undefined ? {} : { from }),
    },
    false,
  );
};

const convertDisk = (
  context: CommandContext,
  name: string,
  disk: string,
  options: Options,
): Promise<void> => {
  const to = oneOf('--to', options.to, ['raw', 'qcow2']);
  const driver = options.driver === undefined ? undefined : oneOf('--driver', options.driver, FILE_DRIVERS);
  return changeInstance(context, name, (view) => ({
    kind: 'convert',
    instance: view.uuid,
    disk: diskIndex(view, disk),
    to,
    ...(driver === undefined ? {} : { driver }),
  }));
};

const convert = (
  context: CommandContext,
  given: string,
  disk: string | undefined,
  options: Options,
): Promise<void> => {
  const isFile = given.startsWith('/');
  const others = isFile
    ? [disk === undefined ? '' : 'a disk', options.driver === undefined ? '' : '--driver']
    : (['node', 'target', 'from'] as const).map((key) => (options[key] === undefined ? '' : `--${key}`));
  const wrong = others.filter((each) => each !== '');
  if (wrong.length > 0)
    throw usageError(
      `${wrong.join(' and ')} ${wrong.length === 1 ? 'is' : 'are'} said ${isFile ? "of an instance's disk, not of a path" : "of a path, not of an instance's disk"}.`,
    );
  if (isFile) return convertFile(context, given, options);
  if (disk === undefined)
    throw usageError(
      `Which disk of ${shown(given)}? Say its number or device: vbdesk image convert ${given} 0 --to raw.`,
    );
  return convertDisk(context, given, disk, options);
};

const convertHelp = `
A disk is converted in its place: the copy is compared with it and gets its name, the old file stays beside it as sda.before-RUN.
Any other image below a storage directory (raw, qcow, qcow2, vmdk, vhd, vdi, vhdx) becomes a new file beside it, such as
appliance.raw of appliance.vmdk, or where --target says; the image itself is only read and stays. What names files outside of
the storage directories is never opened.

Examples:
  vbdesk image convert web1.example.org 0 --to qcow2 --driver blktap
  vbdesk image convert /srv/ganeti/file-storage/import/appliance.vmdk --to raw
  vbdesk image convert /srv/ganeti/file-storage/import/fixed.vhd --from vhd --to qcow2 -n node1 \\
      --target /srv/ganeti/file-storage/templates/appliance.qcow2
`;

export const addImageConvert = (program: Command, action: Action): void => {
  imageCommand(program)
    .command('convert <instance|path> [disk]')
    .description('make it another file type; the copy is compared, and the old file kept')
    .requiredOption('--to <type>', 'raw or qcow2')
    .option('--driver <driver>', `of a disk: ${FILE_DRIVERS.join(', ')}; else the one that it has`)
    .option('-n, --node <node>', 'of a path: the node on which it lies')
    .option('--target <path>', 'of a path: where the new image shall lie, on the same node')
    .option('--from <type>', 'of a path: vhd, for a VHD of fixed size, which has no header')
    .addHelpText('after', convertHelp)
    .action(action(convert));
};
