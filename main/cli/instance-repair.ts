/** `vbdesk instance restore|claim|unlock`: what puts an instance right again. */
import type { Command } from 'commander';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { claimMeant, lockMeant } from './meant.ts';
import { perform } from './perform.ts';
import { chooseCluster, knownNode, lookAt, lookToChange } from './resolve.ts';
import { listTrash, restoreFromTrash } from './trash-commands.ts';

type ClaimOptions = { path?: string; as: string; node?: string };

const claim = async (context: CommandContext, name: string, options: ClaimOptions): Promise<void> => {
  if (options.as !== 'moved' && options.as !== 'cloned')
    throw usageError(`--as is moved or cloned, not ${shown(options.as)}.`, 'bad-input');
  const { as } = options;
  const cluster = await chooseCluster(context);
  const snapshot = await lookAt(context, cluster);
  const meant = claimMeant(snapshot, name, options);
  await perform(context, cluster, { kind: 'claim', as, ...meant }, false);
};

const unlock = async (context: CommandContext, name: string, options: { node?: string }): Promise<void> => {
  const { cluster, snapshot } = await lookToChange(context);
  const node = options.node === undefined ? undefined : knownNode(snapshot, options.node);
  await perform(context, cluster, { kind: 'unlock', ...lockMeant(snapshot, name, node) }, false);
};

export const addRepairCommands = (instance: Command, action: Action): void => {
  instance
    .command('trash')
    .description('removed instances that can be restored')
    .action(action((context: CommandContext) => listTrash(context, {})));
  instance
    .command('restore <name>')
    .description('take a removed instance back out of the trash, by its name or its name there')
    .option('--storage-dir <directory>', 'the storage directory in whose trash it lies')
    .action(action(restoreFromTrash));
  instance
    .command('claim <name>')
    .description('say of a folder that is not where its record says whether it was moved or is a clone')
    .requiredOption(
      '--as <what>',
      'moved: the same instance; cloned: another one, which gets a new uuid and new MAC addresses',
    )
    .option('--path <folder>', 'the folder, where there are several')
    .option('-n, --node <node>', 'its primary node from now on')
    .action(action(claim));
  instance
    .command('unlock <name>')
    .description(
      "break the locks of a run that has died, by the instance's name or a folder's path; that run's jobs are looked for first",
    )
    .option('-n, --node <node>', 'whose folder is meant, where nodes have one of their own there')
    .action(action(unlock));
};
