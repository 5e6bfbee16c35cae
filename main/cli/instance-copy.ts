/** `vbdesk instance clone|move|replicate|discard`: what copies an instance's images, and what lets a copy go. */
import type { Command } from 'commander';
import { findInstances } from '../../core/cluster/instances.ts';
import { lookupOf } from '../../core/cluster/lookup.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { shown } from '../../core/storage/checked.ts';
import { changeInstance } from './change-instance.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { type AgentOptions, addAgentOption, lending } from './copy-way.ts';
import { perform } from './perform.ts';
import { knownInstance, knownNode, lookToChange } from './resolve.ts';
import { secondsOf } from './seconds.ts';

type PlaceOptions = AgentOptions & { node?: string; path?: string };
const nodeOf = (snapshot: Snapshot, { node }: PlaceOptions): string | null =>
  node === undefined ? null : knownNode(snapshot, node);

const clone = (
  context: CommandContext,
  name: string,
  newName: string,
  options: PlaceOptions,
): Promise<void> =>
  changeInstance(context, name, (view, snapshot) => ({
    kind: 'clone',
    instance: view.uuid,
    name: newName,
    node: nodeOf(snapshot, options),
    storageDirectory: options.path ?? null,
    ...lending(options),
  }));

type MoveOptions = PlaceOptions & { removeSource?: boolean; timeout?: string; shutdownTimeout?: string };

const move = (context: CommandContext, name: string, options: MoveOptions): Promise<void> => {
  if (options.node === undefined && options.path === undefined)
    throw usageError('Where to? Name a node with -n, a storage directory with --path, or both.', 'bad-input');
  const timeoutSeconds =
    options.timeout === undefined
      ? secondsOf('--shutdown-timeout', options.shutdownTimeout ?? '120', 0)
      : secondsOf('--timeout', options.timeout, 0);
  return changeInstance(context, name, (view, snapshot) => ({
    kind: 'move',
    instance: view.uuid,
    node: nodeOf(snapshot, options),
    storageDirectory: options.path ?? null,
    removeSource: options.removeSource === true,
    timeoutSeconds,
    ...lending(options),
  }));
};

const replicate = (context: CommandContext, name: string, options: PlaceOptions): Promise<void> =>
  changeInstance(context, name, (view, snapshot) => ({
    kind: 'replicate',
    instance: view.uuid,
    node: nodeOf(snapshot, options),
    ...lending(options),
  }));

type Found = { node: string; path: string };

/** Replicas and other states of an instance; also of one that nothing but replicas is left of. */
const discardable = (snapshot: Snapshot, name: string): { instance: string; all: Found[] } => {
  if (findInstances(snapshot, name).length === 0) {
    const left = [...lookupOf(snapshot).replicas.values()].flat().filter(({ folder }) => {
      const record = folder.replicaRecord?.ok ? folder.replicaRecord.replica.record : null;
      return record?.name === name || record?.uuid === name;
    });
    if (left.length > 0)
      return {
        instance: name,
        all: left.map((each) => ({ node: each.node, path: each.folder.path })),
      };
  }
  const view = knownInstance(snapshot, name);
  return {
    instance: view.uuid,
    all: [
      ...view.replicas.map((each) => ({ node: each.node, path: each.folder })),
      ...view.folders
        // of two histories either may be chosen
        .filter((each) => !each.current || view.problems.some((problem) => problem.code === 'fork'))
        .map((each) => ({ node: each.node, path: each.folder.path })),
    ],
  };
};

const discard = async (context: CommandContext, name: string, options: PlaceOptions): Promise<void> => {
  const { cluster, snapshot } = await lookToChange(context);
  const node = nodeOf(snapshot, options);
  const { instance, all } = discardable(snapshot, name);
  const told = (list: readonly Found[]): string =>
    list.map((each) => `${shown(each.path)} on ${each.node}`).join(', ');
  const [only, ...more] = all.filter(
    (each) =>
      (node === null || each.node === node) && (options.path === undefined || each.path === options.path),
  );
  if (!only)
    throw usageError(
      all.length === 0
        ? `No node shows a replica or another state of ${shown(name)}.`
        : `There is none like that; there ${all.length === 1 ? 'is' : 'are'} ${told(all)}.`,
      'bad-input',
    );
  if (more.length > 0)
    throw usageError(`Which? Name it with -n and --path: ${told([only, ...more])}.`, 'bad-input');
  await perform(context, cluster, { kind: 'discard', instance, ...only }, false);
};

export const addCopyCommands = (instance: Command, action: Action): void => {
  addAgentOption(
    instance
      .command('clone <name> <new-name>')
      .description('copy the images of a stopped instance into one of its own: new uuid, new MAC addresses')
      .option('-n, --node <node>', 'the primary node of the clone; else where its source is read')
      .option('--path <directory>', 'the storage directory of the clone; else that of its source')
      .addHelpText(
        'after',
        `
Holes stay holes; every image is compared by its content before it gets its name. The source is locked meanwhile, and stays
as it is. The clone is not started: what its guest keeps inside (host name, addresses) is still that of the source.

Examples:
  vbdesk instance clone web1.example.org web2.example.org
  vbdesk instance clone web1.example.org web2.example.org -n node2 --path /srv/local
`,
      )
      .action(action(clone)),
  );
  addAgentOption(
    instance
      .command('move <name>')
      .description('move it to another storage directory, or to a node that does not see the same files')
      .option('-n, --node <node>', 'where to; else it stays on its node')
      .option('--path <directory>', 'into this storage directory; else the one of the same path')
      .option('--remove-source', 'when the target is proved, what is left goes into the trash')
      .option('--timeout <seconds>', 'how long the guest may take to shut down (default: 120)')
      .option('--shutdown-timeout <seconds>', "Ganeti's word for --timeout")
      .addHelpText(
        'after',
        `
A running guest is stopped, its images are copied and compared, and it is started at its new place. Until it is handed over
a failure brings it back where it was. What is left at the old place stays as a replica, unless --remove-source is given.

Examples:
  vbdesk instance move web1.example.org -n node2 --dry-run
  vbdesk instance move web1.example.org --path /srv/fast --remove-source
`,
      )
      .action(action(move)),
  );
  addAgentOption(
    instance
      .command('replicate <name>')
      .description('copy a stopped instance to a node that does not see its files, for a later failover')
      .option('-n, --node <node>', 'where to; else its secondary node')
      .addHelpText(
        'after',
        `
A replica can't be started; only a failover makes it the instance. Once more: only what differs is copied.

Examples:
  vbdesk instance replicate web1.example.org
  vbdesk instance failover web1.example.org --accept replica-age --confirm-down node1 --because 'I pulled its plug'
`,
      )
      .action(action(replicate)),
  );
  instance
    .command('discard <name>')
    .description('move a replica, an older state or another branch of it into the trash')
    .option('-n, --node <node>', 'the node on which it lies, where there are several')
    .option('--path <folder>', 'its folder, where there are several')
    .action(action(discard));
};
