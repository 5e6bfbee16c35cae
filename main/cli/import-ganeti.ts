/** `vbdesk import ganeti`: what would become of the instances of a Ganeti cluster, and the adoption of chosen ones. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { type GanetiCluster, readConfigData } from '../../core/ganeti/config-data.ts';
import { GANETI_GOES_ON, type ImportEntry, importEntries, importIntent } from '../../core/ganeti/import.ts';
import { nodesFor } from '../../core/ganeti/import-nodes.ts';
import { shown } from '../../core/storage/checked.ts';
import { formatBytes, formatMebibytes } from '../../core/storage/sizes.ts';
import { usageError } from './cli-error.ts';
import { type Action, collect } from './command.ts';
import type { CommandContext } from './context.ts';
import { type GuestOptions, guestOf } from './guest-options.ts';
import { perform } from './perform.ts';
import { knownNode, lookToChange } from './resolve.ts';
import { table } from './table.ts';

type Options = GuestOptions & { all?: boolean; node?: string[] };
type Nodes = ReadonlyMap<string, string | null>;

const readCluster = async (file: string): Promise<GanetiCluster> => {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw usageError(
      `${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
      'bad-input',
    );
  });
  const read = readConfigData(text);
  if (!read.ok) throw usageError(`${file}: ${read.message}`, 'bad-input');
  return read.cluster;
};

/** Which node is which: by name or address, unless somebody said it. */
const nodesOf = (ganeti: GanetiCluster, snapshot: Snapshot, said: readonly string[]): Nodes => {
  const nodes = new Map(nodesFor(ganeti.nodes, snapshot.cluster.nodes));
  for (const each of said) {
    const [theirs = '', ours = '', ...rest] = each.split('=');
    if (theirs === '' || ours === '' || rest.length > 0)
      throw usageError(`--node takes GANETI-NODE=NODE, not ${shown(each)}.`, 'bad-input');
    if (!nodes.has(theirs))
      throw usageError(
        `Ganeti has no node ${shown(theirs)}. There are: ${[...nodes.keys()].join(', ')}.`,
        'bad-input',
      );
    nodes.set(theirs, knownNode(snapshot, ours));
  }
  return nodes;
};

const verdictText = ({ verdict, why }: ImportEntry): string =>
  verdict === 'comes' ? 'can be adopted' : why.join(' ');

const documentOf = (entry: ImportEntry, nodes: Nodes) => ({
  name: entry.instance.name,
  verdict: entry.verdict,
  why: entry.why,
  notes: entry.notes,
  ganetiNode: entry.instance.node,
  node: entry.instance.node === null ? null : (nodes.get(entry.instance.node) ?? null),
  folder: entry.folder,
  disks: entry.disks.map((disk, index) => ({ path: entry.paths[index] ?? null, ...disk })),
  guest: entry.guest,
  nics: entry.nics,
});

const list = (context: CommandContext, entries: readonly ImportEntry[], nodes: Nodes): void => {
  const memory = ({ guest }: ImportEntry): string =>
    guest.memoryMib === undefined ? '' : formatMebibytes(guest.memoryMib);
  const disks = (entry: ImportEntry): string =>
    entry.disks
      .map(({ driver, size }) => `${driver} ${size === undefined ? '?' : formatBytes(size)}`)
      .join(', ');
  const rows = entries.map((entry) => [
    entry.instance.name,
    entry.instance.node === null ? '' : (nodes.get(entry.instance.node) ?? `${entry.instance.node} (?)`),
    memory(entry),
    disks(entry),
    verdictText(entry),
  ]);
  const notes = entries.flatMap(({ instance, notes: said }) =>
    said.map((each) => `  ${instance.name}: ${each}`),
  );
  context.result(
    { instances: entries.map((each) => documentOf(each, nodes)) },
    [
      table(
        ['Instance', 'Node', 'Memory', 'Disks', 'What becomes of it'].map((title) => ({ title })),
        rows,
      ),
      ...(notes.length > 0 ? ['', 'What does not come along as it is:', ...notes] : []),
    ].join('\n'),
  );
};

const chosenOf = (entries: readonly ImportEntry[], names: readonly string[], all: boolean): ImportEntry[] => {
  if (all) return entries.filter((each) => each.verdict === 'comes');
  return names.map((name) => {
    const found = entries.find((each) => each.instance.name === name);
    if (!found)
      throw usageError(
        `There is no instance ${shown(name)} in it. There are: ${entries.map((each) => each.instance.name).join(', ')}.`,
        'unknown-instance',
      );
    if (found.verdict !== 'comes')
      throw usageError(`${name} can't be adopted: ${found.why.join(' ')}`, 'bad-input');
    return found;
  });
};

const importGaneti = async (
  context: CommandContext,
  file: string,
  names: string[],
  options: Options,
): Promise<void> => {
  const ganeti = await readCluster(file);
  for (const problem of ganeti.problems) context.say(problem);
  const entries = importEntries(ganeti);
  const { cluster, snapshot } = await lookToChange(context);
  const nodes = nodesOf(ganeti, snapshot, options.node ?? []);
  if (names.length === 0 && options.all !== true) {
    list(context, entries, nodes);
    context.note(GANETI_GOES_ON);
    return;
  }
  const chosen = chosenOf(entries, names, options.all === true);
  if (chosen.length === 0) throw usageError('None of its instances can be adopted.', 'bad-input');
  const said = guestOf(context, options);
  context.note(GANETI_GOES_ON);
  for (const entry of chosen) {
    const theirs = entry.instance.node ?? '';
    const primary = nodes.get(theirs) ?? null;
    if (primary === null)
      throw usageError(
        `Which node is ${shown(theirs)}, on which ${entry.instance.name} lies? Say it with --node ${theirs}=NODE.`,
        'bad-input',
      );
    for (const note of entry.notes) context.note(`${entry.instance.name}: ${note}`);
    await perform(context, cluster, importIntent(entry, { primary, secondary: null }, said), true);
    if (context.exitCode !== 0) return;
  }
};

export const addImportCommands = (program: Command, action: Action): void => {
  program
    .command('import')
    .description('instances of another manager become instances where their images are')
    .command('ganeti <config.data> [name...]')
    .description('read the config.data of a Ganeti cluster; with names, adopt these instances')
    .option('--all', 'adopt every instance whose disks are files')
    .option('--node <ganeti-node=node>', 'which node of this cluster it is (may be repeated)', collect)
    .option(
      '-H, --hypervisor-parameters <parameters>',
      'how they boot here: kernel=FILE,… or bootloader=pygrub',
    )
    .addHelpText(
      'after',
      `
Without names it lists every instance with what would become of it, and changes nothing. Every version of config.data from 2.0 on is
read. No image is moved or written to; each instance is a plan of its own, and has to be stopped.

Example:
  vbdesk import ganeti /var/lib/ganeti/config.data web1.example.org --node node1.example.org=node1
`,
    )
    .action(action(importGaneti));
};
