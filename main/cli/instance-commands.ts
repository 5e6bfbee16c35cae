/** `vbdesk instance …` */
import type { Command } from 'commander';
import { deriveInstances } from '../../core/cluster/instances.ts';
import { changeInstance } from './change-instance.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { type AgentOptions, addAgentOption, lending } from './copy-way.ts';
import { addInstanceAdd } from './instance-add.ts';
import { addInstanceAdopt } from './instance-adopt.ts';
import { addInstanceConfigCommands } from './instance-config.ts';
import { addCopyCommands } from './instance-copy.ts';
import { addInstanceDiskCommands } from './instance-disks.ts';
import { addLibvirtCommand } from './instance-libvirt.ts';
import { addNameCommands } from './instance-rename.ts';
import { addRepairCommands } from './instance-repair.ts';
import { instanceDocument, instancePage, instanceTable } from './instance-text.ts';
import {
  chooseCluster,
  knownInstance,
  knownNode,
  lookAt,
  mustHaveAnswered,
  noteSilentNodes,
} from './resolve.ts';
import { secondsOf } from './seconds.ts';

const list = async (context: CommandContext): Promise<void> => {
  const snapshot = await lookAt(context, await chooseCluster(context));
  const views = deriveInstances(snapshot);
  noteSilentNodes(context, snapshot);
  mustHaveAnswered(snapshot);
  if (views.length === 0) context.note(`${snapshot.cluster.name} has no instances.`);
  context.result(views.map(instanceDocument), views.length === 0 ? '' : instanceTable(views));
};

const info = async (context: CommandContext, name: string): Promise<void> => {
  const snapshot = await lookAt(context, await chooseCluster(context));
  noteSilentNodes(context, snapshot);
  const view = knownInstance(snapshot, name);
  context.result({ instance: instanceDocument(view) }, instancePage(view));
};

type TimeOptions = { timeout?: string; shutdownTimeout?: string };

const defaultTimeout = '120';
const timeoutOf = (options: TimeOptions, least = 0): number =>
  options.timeout === undefined
    ? secondsOf('--shutdown-timeout', options.shutdownTimeout ?? defaultTimeout, least)
    : secondsOf('--timeout', options.timeout, least);

const withTimeout = (command: Command, text: string): Command =>
  command
    .option('--timeout <seconds>', `${text} (default: ${defaultTimeout})`)
    .option('--shutdown-timeout <seconds>', "Ganeti's word for --timeout");

export const addInstanceCommands = (program: Command, action: Action): void => {
  const instance = program.command('instance').description('instances: virtual machines and their disks');
  addInstanceAdd(instance, action);
  instance.command('list').description('every instance: state, nodes, memory, disks').action(action(list));
  instance.command('info <name>').description('one instance, by name or uuid').action(action(info));
  instance
    .command('startup <name>')
    .alias('start')
    .description('start it on its primary node')
    .action(
      action((context: CommandContext, name: string) =>
        changeInstance(context, name, (view) => ({ kind: 'start', instance: view.uuid })),
      ),
    );
  withTimeout(
    instance
      .command('shutdown <name>')
      .alias('stop')
      .description('ask the guest to shut down; when the time is up, end it'),
    'how long the guest may take; 0 ends it at once',
  )
    .option('--force', 'end it when the time is up (this is what happens without any option)')
    .option('--no-force', 'let it run on when the time is up, and report')
    .addHelpText(
      'after',
      `
Examples:
  vbdesk instance shutdown web1.example.org --timeout 300
  vbdesk instance shutdown web1.example.org --no-force
`,
    )
    .action(
      action((context: CommandContext, name: string, options: TimeOptions & { force?: boolean }) => {
        const timeoutSeconds = timeoutOf(options);
        if (timeoutSeconds === 0 && options.force === false)
          throw usageError('--timeout 0 ends the guest at once, which --no-force forbids.', 'bad-input');
        return changeInstance(context, name, (view) => ({
          kind: 'stop',
          instance: view.uuid,
          timeoutSeconds,
          then: options.force === false ? 'leave' : 'force',
        }));
      }),
    );
  withTimeout(
    instance.command('reboot <name>').description('let the guest restart, on its node'),
    'how long its new domain may take to appear',
  ).action(
    action((context: CommandContext, name: string, options: TimeOptions) => {
      const timeoutSeconds = timeoutOf(options, 1);
      return changeInstance(context, name, (view) => ({
        kind: 'reboot',
        instance: view.uuid,
        timeoutSeconds,
      }));
    }),
  );
  withTimeout(
    addAgentOption(
      instance
        .command('failover <name>')
        .description('stop it on its primary node, check the files on the target, start it there')
        .option('-n, --target-node <node>', 'where to; else its secondary node'),
    ),
    'how long the guest may take to shut down; 0 ends it at once',
  )
    .addHelpText(
      'after',
      `
When the primary does not answer, somebody has to vouch that it is down: two guests on the same images destroy them.

Examples:
  vbdesk instance failover web1.example.org --dry-run
  vbdesk instance failover web1.example.org -n node3
  vbdesk instance failover web1.example.org --confirm-down node1 --because 'I pulled its plug'
`,
    )
    .action(
      action(
        (
          context: CommandContext,
          name: string,
          options: TimeOptions & AgentOptions & { targetNode?: string },
        ) => {
          const timeoutSeconds = timeoutOf(options);
          return changeInstance(context, name, (view, snapshot) => ({
            kind: 'failover',
            instance: view.uuid,
            target: options.targetNode === undefined ? null : knownNode(snapshot, options.targetNode),
            timeoutSeconds,
            ...lending(options),
          }));
        },
      ),
    );
  instance
    .command('migrate <name>')
    .description('move it to another node while it runs; only where both nodes see the very same files')
    .option('-n, --target-node <node>', 'where to; else its secondary node')
    .option('--cleanup', 'move nothing: end what a broken migration left, and record where it runs')
    .addHelpText(
      'after',
      `
The nodes must reach each other by SSH as root, by key. What can't be migrated can be failed over.

Examples:
  vbdesk instance migrate web1.example.org --dry-run
  vbdesk instance migrate web1.example.org -n node3
  vbdesk instance migrate web1.example.org --cleanup
`,
    )
    .action(
      action((context: CommandContext, name: string, options: { targetNode?: string; cleanup?: boolean }) => {
        const cleanup = options.cleanup === true;
        if (cleanup && options.targetNode !== undefined)
          throw usageError('--cleanup moves nothing, so it takes no --target-node.', 'bad-input');
        return changeInstance(context, name, (view, snapshot) => ({
          kind: 'migrate',
          instance: view.uuid,
          target: options.targetNode === undefined ? null : knownNode(snapshot, options.targetNode),
          ...(cleanup ? { cleanup } : {}),
        }));
      }),
    );
  withTimeout(
    instance
      .command('remove <name>')
      .description('stop it and move its folder into .trash, from where `instance restore` takes it back')
      .option('--purge', 'delete exactly the files that its record names; they can not be restored'),
    'how long the guest may take to shut down; 0 ends it at once',
  )
    .addHelpText(
      'after',
      `
What is deleted for good is typed once more by the name of the instance: with --accept purge:NAME, or when it is asked for.

Examples:
  vbdesk instance remove web1.example.org
  vbdesk instance remove web1.example.org --purge --accept purge:web1.example.org
`,
    )
    .action(
      action((context: CommandContext, name: string, options: TimeOptions & { purge?: boolean }) => {
        const timeoutSeconds = timeoutOf(options);
        return changeInstance(context, name, (view) => ({
          kind: 'remove',
          instance: view.uuid,
          purge: options.purge === true,
          timeoutSeconds,
        }));
      }),
    );
  addCopyCommands(instance, action);
  addNameCommands(instance, action);
  addInstanceAdopt(instance, action);
  addInstanceConfigCommands(instance, action);
  addLibvirtCommand(instance, action);
  addInstanceDiskCommands(instance, action);
  addRepairCommands(instance, action);
};
