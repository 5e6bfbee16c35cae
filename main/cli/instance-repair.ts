/** `vbdesk instance restore|claim|unlock`: what puts an instance right again. */
import type { Command } from 'commander';
import { findInstances, orphanFolders } from '../../core/cluster/instances.ts';
import { lookupOf } from '../../core/cluster/lookup.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { trashOf } from '../../core/cluster/trash.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { perform } from './perform.ts';
import { chooseCluster, knownInstance, knownNode, lookAt, lookToChange } from './resolve.ts';
import { calledInTrash, listTrash, restoreFromTrash } from './trash-commands.ts';

type ClaimOptions = { path?: string; as: string; node?: string };

const claim = async (context: CommandContext, name: string, options: ClaimOptions): Promise<void> => {
  if (options.as !== 'moved' && options.as !== 'cloned')
    throw usageError(`--as is moved or cloned, not ${shown(options.as)}.`, 'bad-input');
  const { as } = options;
  const cluster = await chooseCluster(context);
  const snapshot = await lookAt(context, cluster);
  const view = knownInstance(snapshot, name);
  const elsewhere = view.folders.filter((each) => !each.matchesPlace);
  const paths = [...new Set(elsewhere.map((each) => each.folder.path))];
  const path = options.path ?? (paths.length === 1 ? paths[0] : undefined);
  if (path === undefined)
    throw usageError(
      paths.length === 0
        ? `Every folder of ${view.name} is where its record was written: nothing has to be claimed.`
        : `Which folder? --path is one of ${paths.join(', ')}.`,
      'bad-input',
    );
  const holders = elsewhere.filter((each) => each.folder.path === path).map((each) => each.node);
  const primary =
    options.node ?? (view.primary !== null && holders.includes(view.primary) ? view.primary : holders[0]);
  if (primary === undefined)
    throw usageError(`No node shows ${shown(path)}. Name the node with -n.`, 'bad-input');
  await perform(
    context,
    cluster,
    { kind: 'claim', instance: view.uuid, path, as, primary: knownNode(snapshot, primary) },
    false,
  );
};

/** The folder that is meant, and the run that holds it. */
const lockOf = (snapshot: Snapshot, name: string): { path: string; run: string } => {
  if (findInstances(snapshot, name).length > 0) {
    const view = knownInstance(snapshot, name);
    if (!view.lock) throw usageError(`${view.name} is not locked.`, 'not-locked');
    if (!view.lock.content)
      throw usageError(
        `The lock of ${view.name} can't be read (${view.lock.error ?? ''}): look at ${view.lock.folder}/.lock on ${view.lock.node}.`,
        'not-locked',
      );
    return { path: view.lock.folder, run: view.lock.content.run };
  }
  // a creation that was cut off has a folder and a lock, but no record yet
  const orphan = orphanFolders(snapshot).find((each) => each.name === name || each.path === name);
  const sight = lookupOf(snapshot).unrecorded.find((each) => each.seen && each.folder.path === orphan?.path);
  if (sight?.folder.lock?.ok) return { path: sight.folder.path, run: sight.folder.lock.lock.run };
  // and a removal that was cut off behind its rename holds its lock inside the trash
  const removed = calledInTrash(trashOf(snapshot, true), name);
  const [held, ...more] = removed.flatMap(({ path, lock }) => (lock ? [{ path, lock }] : []));
  if (held && more.length > 0)
    throw usageError(
      `Several are locked in the trash: ${[held, ...more].map((each) => each.path).join(', ')}. Name one by its path.`,
      'ambiguous-instance',
    );
  if (held?.lock.ok) return { path: held.path, run: held.lock.lock.run };
  if (held && !held.lock.ok)
    throw usageError(
      `The lock of ${held.path} can't be read (${held.lock.error}): look at it on a node.`,
      'not-locked',
    );
  if (removed.length === 0) knownInstance(snapshot, name);
  throw usageError(`${shown(name)} is not locked.`, 'not-locked');
};

const unlock = async (context: CommandContext, name: string): Promise<void> => {
  const { cluster, snapshot } = await lookToChange(context);
  await perform(context, cluster, { kind: 'unlock', ...lockOf(snapshot, name) }, false);
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
    .description("break the lock of a run that has died; that run's jobs are looked for first")
    .action(action(unlock));
};
