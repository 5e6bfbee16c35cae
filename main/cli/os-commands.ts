/** `vbdesk os list|info`: what can be put on a new disk, and where. */
import type { Command } from 'commander';
import { operatingSystemsOf } from '../../core/cluster/operating-systems.ts';
import { listText } from '../../core/cluster/status.ts';
import { OS_API_VERSIONS } from '../../core/ganeti/os-environment.ts';
import { parseOsName } from '../../core/ganeti/os-name.ts';
import { shown } from '../../core/storage/checked.ts';
import { formatBytes } from '../../core/storage/sizes.ts';
import { usageError } from './cli-error.ts';
import type { Action } from './command.ts';
import type { CommandContext } from './context.ts';
import { chooseCluster, knownNode, lookAt, mustHaveAnswered, noteSilentNodes } from './resolve.ts';
import { pairs, shortBytes, table } from './table.ts';

type Systems = ReturnType<typeof operatingSystemsOf>;

const lookForSystems = async (context: CommandContext, node?: string): Promise<Systems> => {
  const snapshot = await lookAt(context, await chooseCluster(context));
  mustHaveAnswered(snapshot);
  noteSilentNodes(context, snapshot);
  const only = node === undefined ? null : knownNode(snapshot, node);
  const { templates, definitions } = operatingSystemsOf(snapshot);
  const isThere = ({ nodes }: { nodes: readonly string[] }): boolean => only === null || nodes.includes(only);
  return { templates: templates.filter(isThere), definitions: definitions.filter(isThere) };
};

/** Why it can't be used, in a few words; nothing when it can. */
const remarkOf = ({ apiVersions, scripts }: Systems['definitions'][number]): string => {
  if (!OS_API_VERSIONS.some((each) => apiVersions.includes(each)))
    return `not usable: version ${listText(apiVersions.map(String))} of the OS interface`;
  return scripts.includes('create') ? '' : 'not usable: no executable create';
};

const list = async (context: CommandContext, options: { node?: string }): Promise<void> => {
  const systems = await lookForSystems(context, options.node);
  const { templates, definitions } = systems;
  const rows = [
    ...templates.map((row) => [
      row.os,
      `${row.type} image, ${shortBytes(row.size)}, ${shortBytes(row.allocated)} allocated`,
      row.nodes.join(','),
      row.path,
    ]),
    ...definitions.flatMap((row) =>
      row.names.map((name) => [
        name,
        ['OS definition', remarkOf(row)].filter((each) => each !== '').join(', '),
        row.nodes.join(','),
        row.path,
      ]),
    ),
  ];
  context.result(
    systems,
    rows.length === 0
      ? 'There is no template image and no OS definition. vbdesk os list --help says where they are looked for.'
      : table([{ title: 'OS' }, { title: 'WHAT' }, { title: 'NODES' }, { title: 'PATH' }], rows),
  );
};

const info = async (context: CommandContext, name: string, options: { node?: string }): Promise<void> => {
  const parsed = parseOsName(name);
  if (!parsed.ok) throw usageError(parsed.message, 'bad-input');
  const systems = await lookForSystems(context, options.node);
  const wanted = parsed.os.kind === 'none' ? '' : parsed.os.name;
  const templates =
    parsed.os.kind === 'template' ? systems.templates.filter((each) => each.name === wanted) : [];
  const definitions =
    parsed.os.kind === 'definition' ? systems.definitions.filter((each) => each.name === wanted) : [];
  if (templates.length + definitions.length === 0)
    throw usageError(`No node that answers shows ${shown(name)}. vbdesk os list shows what there is.`);
  context.result(
    { templates, definitions },
    [
      ...templates.map((row) =>
        pairs([
          ['Template', row.name],
          ['Path', row.path],
          ['Nodes', row.nodes.join(', ')],
          ['Type', row.type],
          ['Size', formatBytes(row.size)],
          ['Allocated', formatBytes(row.allocated)],
        ]),
      ),
      ...definitions.map((row) =>
        pairs([
          ['OS definition', row.name],
          ['Path', row.path],
          ['Nodes', row.nodes.join(', ')],
          ['OS interface', row.apiVersions.join(', ')],
          ['Say with -o', row.names.join('\n')],
          [
            'Parameters',
            row.parameters.length === 0
              ? 'none'
              : row.parameters.map((each) => `${each.name}: ${each.text}`).join('\n'),
          ],
          ['Scripts', row.scripts.length === 0 ? 'none' : row.scripts.join(', ')],
          ...(remarkOf(row) === '' ? [] : [['Remark', remarkOf(row)] as const]),
        ]),
      ),
    ].join('\n\n'),
  );
};

const listHelp = `
Templates are raw or qcow2 images in the directory .templates of a storage directory, or in the one that the cluster names
(vbdesk cluster modify --template-dir). OS definitions are those of Ganeti, in
/srv/ganeti/os, /usr/local/lib/ganeti/os, /usr/lib/ganeti/os and /usr/share/ganeti/os of a node; versions 20 and 15 of the OS interface.
What stands under OS is said with -o of vbdesk instance add. Of the scripts, create is run, and verify before it.

Example:
  vbdesk os list --node node1
`;

export const addOsCommands = (program: Command, action: Action): void => {
  const os = program.command('os').description('what can be put on a new disk: templates and OS definitions');
  os.command('list')
    .description('every template image and OS definition, and the nodes that have it')
    .option('-n, --node <node>', 'only those of this node')
    .addHelpText('after', listHelp)
    .action(action(list));
  os.command('info <name>')
    .description('one of them: variants, parameters, scripts')
    .option('-n, --node <node>', 'only as this node has it')
    .addHelpText('after', '\nExample:\n  vbdesk os info debootstrap\n')
    .action(action(info));
};
