/** `vbdesk image copy`: one image to another folder or node. */
import type { Command } from 'commander';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { type AgentOptions, addAgentOption, lending } from './copy-way.ts';
import { imageCommand } from './image-command.ts';
import { perform } from './perform.ts';
import { knownNode, lookToChange } from './resolve.ts';

/** NODE:PATH. A node's name holds no colon, a path begins with a slash. */
export const nodeAndPath = (given: string): { node: string; path: string } => {
  const [, node = '', path = ''] = /^([^:/]+):(\/.*)$/s.exec(given) ?? [];
  if (node === '')
    throw usageError(
      `${shown(given)} is not NODE:PATH, such as node1:/srv/ganeti/file-storage/web1/sda.`,
      'bad-input',
    );
  return { node, path };
};

const placed = (snapshot: Snapshot, given: string): { node: string; path: string } => {
  const { node, path } = nodeAndPath(given);
  return { node: knownNode(snapshot, node), path };
};

const copy = async (
  context: CommandContext,
  from: string,
  to: string,
  options: AgentOptions,
): Promise<void> => {
  // what can't be understood needs no node to say so
  nodeAndPath(from);
  nodeAndPath(to);
  const { cluster, snapshot } = await lookToChange(context);
  await perform(
    context,
    cluster,
    { kind: 'copy-image', from: placed(snapshot, from), to: placed(snapshot, to), ...lending(options) },
    false,
  );
};

const copyHelp = `
Both lie in a folder of a storage directory. The source is not in use, and the target does not exist. Only what is stored travels,
holes stay holes; straight from node to node where root of the one logs in on the other by key, with those of your SSH agent where
--forward-agent lends it for this copy; else through this workstation.
It is copied to TARGET.partial.RUN, read again on the target and compared, and only then gets its name. A copy that was cut off
goes on where it was: vbdesk run resume RUN.

Example:
  vbdesk image copy node1:/srv/ganeti/file-storage/web1/sda node2:/srv/ganeti/file-storage/templates/debian.img
`;

export const addImageCopy = (program: Command, action: Action): void => {
  const command = imageCommand(program)
    .command('copy <source> <target>')
    .usage('[options] NODE:PATH NODE:PATH')
    .description('copy an image that nobody uses, sparse and compared, to another folder or node')
    .addHelpText('after', copyHelp)
    .action(action(copy));
  addAgentOption(command);
};
