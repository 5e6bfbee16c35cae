/** `vbdesk image remove`: an image that no instance owns, or a folder of them, goes into the trash. */
import type { Command } from 'commander';
import { imagesOf } from '../../core/cluster/images.ts';
import { lookupOf } from '../../core/cluster/lookup.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { listText } from '../../core/cluster/status.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { imageCommand } from './image-command.ts';
import { perform } from './perform.ts';
import { knownNode, lookToChange } from './resolve.ts';

/** A node that answers and sees the only file or folder of this path. */
const nodeOf = (snapshot: Snapshot, path: string): string => {
  const { seen, nodes } = lookupOf(snapshot);
  const storages = new Map(
    imagesOf(snapshot)
      .filter((row) => row.path === path || row.folder === path)
      .map((row) => [row.storage.key, row.storage]),
  );
  const holders =
    storages.size > 0
      ? [...storages.values()].map((storage) => storage.nodes)
      : // a folder without a file is in no list of images
        seen
          .filter((each) => each.facts?.folders.some((folder) => folder.path === path))
          .map((each) => [each.name]);
  if (holders.length > 1)
    throw usageError(
      `${listText(holders.map((each) => listText(each)))} each have their own ${path}: say with -n whose is meant.`,
      'bad-input',
    );
  const answering = new Set(seen.map((each) => each.name));
  return holders[0]?.find((each) => answering.has(each)) ?? seen[0]?.name ?? nodes[0]?.name ?? '';
};

const remove = async (context: CommandContext, given: string, options: { node?: string }): Promise<void> => {
  const path = given.length > 1 ? given.replace(/\/+$/, '') : given;
  if (!path.startsWith('/'))
    throw usageError(
      `${shown(given)} is no absolute path: name the image or the folder as it lies on the node.`,
      'bad-input',
    );
  const { cluster, snapshot } = await lookToChange(context);
  const node = options.node === undefined ? nodeOf(snapshot, path) : knownNode(snapshot, options.node);
  await perform(context, cluster, { kind: 'remove-image', node, path }, false);
};

const removeHelp = `
PATH is an image that no instance owns, or a folder of them (orphans in vbdesk image list). It goes into the trash of its storage
directory, from where vbdesk trash restore brings it back and vbdesk trash purge deletes it for good. Refused while anything on any
node has it open, or while another image builds on it. The name is typed once more: with --accept remove:NAME, or when it is asked.

Examples:
  vbdesk image remove /srv/ganeti/file-storage/old.example.org --dry-run
  vbdesk image remove /srv/ganeti/file-storage/in/root.img -n node1 --accept remove:root.img
`;

export const addImageRemove = (program: Command, action: Action): void => {
  imageCommand(program)
    .command('remove <path>')
    .description('move an image that no instance owns, or a folder of them, into the trash')
    .option('-n, --node <node>', 'the node, where several have one of that path')
    .addHelpText('after', removeHelp)
    .action(action(remove));
};
