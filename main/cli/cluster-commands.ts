/** `vbdesk cluster …` */
import type { Command } from 'commander';
import { deriveInstances } from '../../core/cluster/instances.ts';
import { templateDirectory } from '../../core/cluster/schema.ts';
import { exitCodes, usageError } from './cli-error.ts';
import { type InitOptions, initCluster } from './cluster-init.ts';
import { readiness, readinessHelp, whatIfHelp, whatIfLost } from './cluster-readiness.ts';
import { type Action, collect } from './command.ts';
import type { CommandContext } from './context.ts';
import { addressOf } from './host-keys.ts';
import { perform } from './perform.ts';
import { chooseCluster, lookAt, mustHaveAnswered, noteSilentNodes, practiceCluster } from './resolve.ts';
import { pairs, shortBytes, shortMebibytes, table } from './table.ts';
import { verify } from './verify.ts';

const list = async (context: CommandContext): Promise<void> => {
  const clusters = await context.call('cluster.list', {});
  if (clusters.length === 0)
    context.note(
      'No cluster yet. Found one with: vbdesk cluster init NAME --node HOST …; or try the practice cluster: --cluster practice',
    );
  context.result(
    clusters.map(({ name, uuid, kind, nodes, storageDirectories, hostKeys }) => ({
      name,
      uuid,
      kind,
      nodes: nodes.map((node) => ({ name: node.name, address: addressOf(node.target) })),
      storageDirectories,
      hostKeys,
    })),
    clusters.length === 0
      ? ''
      : table(
          [{ title: 'CLUSTER' }, { title: 'NODES' }, { title: 'STORAGE DIRECTORIES' }],
          clusters.map(({ name, nodes, storageDirectories }) => [
            name,
            nodes.map((node) => node.name).join(', '),
            storageDirectories.join(', '),
          ]),
        ),
  );
};

const info = async (context: CommandContext, given: string | undefined): Promise<void> => {
  const name = await chooseCluster(context, given);
  const snapshot = await lookAt(context, name);
  const { cluster } = snapshot;
  const instances = deriveInstances(snapshot);
  const answering = snapshot.nodes.filter((node) => node.trouble === null);
  const storages = cluster.storageDirectories.map((path) => ({
    path,
    nodes: snapshot.nodes.flatMap((node) => {
      const found = node.facts?.storages.find((each) => each.path === path);
      return found ? [{ node: node.name, answers: node.trouble === null, ...found }] : [];
    }),
  }));
  const memory = answering.reduce(
    (sum, { facts }) => ({
      total: sum.total + (facts?.totalMemoryMib ?? 0),
      free: sum.free + (facts?.freeMemoryMib ?? 0) + (facts?.reclaimableMib ?? 0),
    }),
    { total: 0, free: 0 },
  );
  const running = instances.filter((each) => each.status === 'running').length;
  noteSilentNodes(context, snapshot);
  const storageText = storages
    .map(({ path, nodes }) =>
      [
        path,
        ...nodes.map(
          ({ node, state, freeBytes, totalBytes, filesystem, id }) =>
            `  ${node}: ${state === 'ok' ? `${shortBytes(freeBytes)} of ${shortBytes(totalBytes)} free, ${filesystem}, storage ${id ?? 'without an id'}` : state}`,
        ),
      ].join('\n'),
    )
    .join('\n');
  context.result(
    {
      name: cluster.name,
      uuid: cluster.uuid,
      kind: cluster.kind,
      hostKeys: cluster.hostKeys,
      templateDirectory: cluster.templateDirectory ?? null,
      nodes: snapshot.nodes.map((node) => ({
        name: node.name,
        address: addressOf(cluster.nodes.find((each) => each.name === node.name)?.target ?? { host: '' }),
        answers: node.trouble === null,
        trouble: node.trouble,
      })),
      storages,
      memoryMib: memory,
      instances: { total: instances.length, running },
    },
    pairs([
      ['Cluster', cluster.name + (cluster.kind === 'practice' ? ' (practice: on this computer only)' : '')],
      ['UUID', cluster.uuid],
      ['Host keys', cluster.hostKeys],
      [
        'Nodes',
        snapshot.nodes
          .map((node) => {
            const target = cluster.nodes.find((each) => each.name === node.name)?.target;
            return `${node.name} (${target ? addressOf(target) : 'no address'})${node.trouble ? ` does not answer: ${node.trouble.kind}` : ''}`;
          })
          .join('\n'),
      ],
      ['Memory', `${shortMebibytes(memory.free)} of ${shortMebibytes(memory.total)} free`],
      ['Instances', `${instances.length}, ${running} of them running`],
      ['Storage', storageText],
      ['Templates', cluster.templateDirectory ?? `${templateDirectory} of each storage directory`],
    ]),
  );
  mustHaveAnswered(snapshot);
};

/** The word by which `--template-dir` goes back to the directories in the storage. */
const ownDirectories = 'default';

const modify = async (
  context: CommandContext,
  given: string | undefined,
  options: { templateDir?: string },
): Promise<void> => {
  const { templateDir } = options;
  if (templateDir === undefined)
    throw usageError(`What shall change? Say --template-dir DIRECTORY, or --template-dir ${ownDirectories}.`);
  const name = await chooseCluster(context, given);
  await lookAt(context, name);
  await perform(
    context,
    name,
    { kind: 'cluster-modify', templateDirectory: templateDir === ownDirectories ? null : templateDir },
    false,
  );
};

const forget = async (context: CommandContext, given: string | undefined): Promise<void> => {
  const name = await chooseCluster(context, given);
  if (name === practiceCluster)
    throw usageError(
      'The practice cluster is always there. `vbdesk practice reset` makes it anew.',
      'practice',
    );
  if (context.dryRun) {
    context.result(
      { wouldForget: name },
      `Would forget ${name} on this workstation; its nodes stay as they are.`,
    );
    return;
  }
  await context.confirm(
    `Forget ${name}? Its nodes stay as they are; only this workstation's file about it goes.`,
    `forgetting ${name}`,
  );
  await context.call('cluster.forget', {
    name,
    abandon: context.accept.flatMap((code) => (code.startsWith('abandon:') ? [code.slice(8)] : [])),
  });
  context.result({ forgotten: name }, `Forgot ${name}; its nodes stay as they are.`);
};

const initHelp = `
A node is [NAME=][USER@]HOST[:PORT]; HOST may be an alias of ~/.ssh/config. The name is what VBDesk calls it; without one it is
HOST. Founding a cluster writes who is in it to /var/lib/vbdesk on every node and gives each storage directory an id; what
lies there already stays. Founding a known cluster again, with more nodes or directories, adds them.

Examples:
  vbdesk cluster init prod --node node1=root@10.0.0.1 --node node2=root@10.0.0.2
  vbdesk cluster init lab --node xen1:2201 --node xen2:2202 --ssh-user admin --identity ~/.ssh/lab \\
      --storage-dir /srv/images --host-keys accept-new
`;

const modifyHelp = `
Every node is told; one that does not answer learns of it when it returns. The directory is one on each node, such as a mounted
one, or a folder of a storage directory, into which vbdesk image copy and image convert can put images.

Examples:
  vbdesk cluster modify prod --template-dir /srv/ganeti/file-storage/templates
  vbdesk cluster modify --template-dir ${ownDirectories}
`;

export const addClusterCommands = (program: Command, action: Action): void => {
  const cluster = program.command('cluster').description('clusters that this workstation knows');
  cluster
    .command('init <name>')
    .description('found a cluster of these nodes, or add nodes and directories to it')
    .option('--node <node>', '[NAME=][USER@]HOST[:PORT] (may be repeated)', collect)
    .option(
      '--storage-dir <directory>',
      'directory on the nodes for instance folders (may be repeated)',
      collect,
    )
    .option('--ssh-user <user>', 'login name where a node names none')
    .option('--identity <file>', 'private key to log in with (may be repeated)', collect)
    .option(
      '--host-keys <mode>',
      'unknown host keys: strict (refuse), ask (on a terminal), accept-new (trust at first sight)',
      'ask',
    )
    .addHelpText('after', initHelp)
    .action(
      action((context: CommandContext, name: string, options: InitOptions) =>
        initCluster(context, name, options),
      ),
    );
  cluster
    .command('modify [name]')
    .description('change a setting that all its nodes and workstations share')
    .option(
      '--template-dir <directory>',
      `where golden images lie, on every node; ${ownDirectories}: ${templateDirectory} of each storage directory`,
    )
    .addHelpText('after', modifyHelp)
    .action(action(modify));
  cluster.command('list').description('the known clusters').action(action(list));
  cluster.command('info [name]').description('one cluster: nodes, storage, memory').action(action(info));
  cluster
    .command('verify [name]')
    .description('everything that is not as it should be; exit code 1 when there is something')
    .action(
      action(async (context: CommandContext, given: string | undefined) => {
        const isFine = await verify(context, await chooseCluster(context, given));
        if (!isFine) context.exitCode = exitCodes.failed;
      }),
    );
  cluster
    .command('readiness')
    .description('would every instance survive the loss of its node; exit code 1 when one would not')
    .addHelpText('after', readinessHelp)
    .action(action(readiness));
  cluster
    .command('what-if <node...>')
    .description('where everything would go if these nodes were lost; exit code 1 when something stays down')
    .addHelpText('after', whatIfHelp)
    .action(action(whatIfLost));
  cluster
    .command('forget [name]')
    .description("forget this workstation's file about a cluster; nodes are not touched")
    .action(action(forget));
};
