/** `vbdesk node …` */
import type { Command } from 'commander';
import { addNodes, type LoginOptions } from './cluster-init.ts';
import { type Action, collect } from './command.ts';
import type { CommandContext } from './context.ts';
import { addressOf } from './host-keys.ts';
import { chooseCluster, lookAt, mustHaveAnswered } from './resolve.ts';
import { shortMebibytes, table } from './table.ts';

const list = async (context: CommandContext): Promise<void> => {
  const snapshot = await lookAt(context, await chooseCluster(context));
  const nodes = snapshot.nodes.map(({ name, trouble, seenAt, facts }) => {
    const target = snapshot.cluster.nodes.find((each) => each.name === name)?.target;
    const free = facts ? facts.freeMemoryMib + facts.reclaimableMib : null;
    return {
      name,
      address: target ? addressOf(target) : null,
      answers: trouble === null,
      trouble,
      seenAt,
      hostname: facts?.hostname ?? null,
      xen: facts?.xen ?? null,
      toolstack: facts?.toolstack ?? null,
      kernel: facts?.kernel ?? null,
      cpus: facts?.cpus ?? null,
      memoryMib: facts ? { total: facts.totalMemoryMib, free } : null,
      domains: facts ? facts.domains.filter((each) => each.domid !== 0).length : null,
      bridges: facts?.bridges ?? [],
    };
  });
  context.result(
    nodes,
    table(
      [
        { title: 'NODE' },
        { title: 'ADDRESS' },
        { title: 'STATE' },
        { title: 'XEN' },
        { title: 'CPUS', right: true },
        { title: 'MEMORY', right: true },
        { title: 'FREE', right: true },
        { title: 'DOMAINS', right: true },
        { title: 'BRIDGES' },
      ],
      nodes.map((node) => [
        node.name,
        node.address ?? '',
        node.answers ? 'answers' : (node.trouble?.kind ?? 'unknown'),
        node.xen ?? '',
        node.cpus?.toString() ?? '',
        node.memoryMib ? shortMebibytes(node.memoryMib.total) : '',
        node.memoryMib?.free == null ? '' : shortMebibytes(node.memoryMib.free),
        node.domains?.toString() ?? '',
        node.bridges.join(', '),
      ]),
    ),
  );
  if (!context.json) for (const { trouble } of nodes) if (trouble) context.say(trouble.message);
  mustHaveAnswered(snapshot);
};

export const addNodeCommands = (program: Command, action: Action): void => {
  const node = program.command('node').description("a cluster's nodes");
  node.command('list').description('every node: does it answer, Xen, memory, domains').action(action(list));
  node
    .command('add <node...>')
    .description('take nodes into the cluster; every node of it is told')
    .option(
      '--ssh-user <user>',
      "login name where a node names none (default: as for the cluster's first node)",
    )
    .option(
      '--identity <file>',
      "private key to log in with, may be repeated (default: as for the cluster's first node)",
      collect,
    )
    .addHelpText(
      'after',
      `
A node is [NAME=][USER@]HOST[:PORT], as for cluster init. Every node of the cluster has to answer. Its storage directories are made
on the new node where they are not there, so mount shared storage first.

Examples:
  vbdesk node add node3=10.0.0.3 --cluster prod
  vbdesk node add node3=root@10.0.0.3:2222 --cluster prod --dry-run
`,
    )
    .action(
      action((context: CommandContext, added: string[], options: LoginOptions) =>
        addNodes(context, added, options),
      ),
    );
};
