/** `vbdesk import ganeti`: what a config.data says, and its instances adopted where their files are. */
import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Cluster } from '../../core/cluster/schema.ts';
import type { PlanView } from '../../core/contract.ts';
import { type GanetiCluster, readConfigData } from '../../core/ganeti/config-data.ts';
import { GANETI_GOES_ON, type ImportEntry, importEntries } from '../../core/ganeti/import.ts';
import { nodesFor, storageProblem } from '../../core/ganeti/import-place.ts';
import type { AdoptIntent, Approval } from '../../core/plan/intent.ts';
import { openReasons, vouchCode } from '../../core/plan/plan.ts';
import { exitCodeOf, type Run } from '../../core/plan/run.ts';
import { planWithoutSecrets } from '../../core/plan/secrets.ts';
import { shown } from '../../core/storage/checked.ts';
import { MEBIBYTE } from '../../core/storage/sizes.ts';
import { CliError, exitCodes, usageError } from './cli-error.ts';
import { type Action, collect } from './command.ts';
import type { CommandContext } from './context.ts';
import { runDocument, tellEnd } from './follow.ts';
import { type GuestOptions, guestOf } from './guest-options.ts';
import {
  acceptOptionFor,
  asksTogether,
  consentsFor,
  readAccepted,
  type Unclear,
  unclearText,
} from './import-accept.ts';
import { chooseEntries, parseNodes, placeEntry } from './import-choice.ts';
import { addAdoptions } from './import-draft.ts';
import { approvalOf, perform } from './perform.ts';
import { planText, reasonLine } from './plan-text.ts';
import { lookToChange } from './resolve.ts';
import { indented, shortBytes, shortMebibytes, table } from './table.ts';

type ImportOptions = GuestOptions & {
  instance?: string[];
  all?: boolean;
  node?: string[];
  acceptAll?: string[];
};
type Planned = { entry: ImportEntry; intent: AdoptIntent; view: PlanView; approval: Approval };

const maximumBytes = 256 << 20;

const readCluster = async (context: CommandContext, file: string): Promise<GanetiCluster> => {
  const text = await (async () => {
    if ((await stat(file)).size > maximumBytes) throw new Error('it has more than 256 MiB');
    return readFile(file, 'utf8');
  })().catch((error: unknown) => {
    throw usageError(
      `${shown(file)} can't be read: ${error instanceof Error ? error.message : String(error)}. On Ganeti's master it is /var/lib/ganeti/config.data.`,
      'bad-input',
    );
  });
  const read = readConfigData(text);
  if (!read.ok) throw usageError(`${file}: ${read.message}`, 'bad-input');
  for (const problem of read.cluster.problems) context.say(problem);
  return read.cluster;
};

/** Each thing that is said, once, with all of whom it is said. */
const notesOf = (entries: readonly ImportEntry[]): string => {
  const said = new Map<string, string[]>();
  for (const { notes, instance } of entries)
    for (const note of notes) said.set(note, [...(said.get(note) ?? []), instance.name]);
  return [...said].map(([note, names]) => `${note}\n  ${names.join(', ')}`).join('\n');
};

const tellNotes = (context: CommandContext, chosen: readonly ImportEntry[]): void => {
  const notes = notesOf(chosen.filter((each) => each.verdict === 'comes'));
  if (notes !== '') context.note(`What does not come along, or is to be known:\n${indented(notes)}`);
};

const disksText = ({ instance: { disks } }: ImportEntry): string =>
  disks
    .map(
      (each) =>
        `${each.driver === null ? '' : `${each.driver} `}${shortBytes((each.sizeMib ?? 0) * MEBIBYTE)}`,
    )
    .join(', ');

/** An entry, and what the cluster that is meant says of it, where one is. */
type Row = {
  entry: ImportEntry;
  node: string | null;
  verdict: ImportEntry['verdict'] | 'not-seen';
  why: string[];
};

const rowOf = (entry: ImportEntry, node: string | null, cluster: Cluster | undefined): Row => {
  const hidden = entry.verdict === 'comes' && cluster ? storageProblem(entry, cluster) : null;
  return hidden === null
    ? { entry, node, verdict: entry.verdict, why: entry.why }
    : { entry, node, verdict: 'not-seen', why: [hidden] };
};

const happens = ({ entry, node, verdict, why }: Row): string =>
  verdict === 'comes' ? `adopted in ${entry.folder}${node === null ? '' : ` on ${node}`}` : why.join(' ');

const entryDocument = ({ entry, node, verdict, why }: Row) => ({
  name: entry.instance.name,
  template: entry.instance.template,
  ganetiNode: entry.instance.node,
  node,
  adminState: entry.instance.adminState,
  verdict,
  why,
  notes: entry.notes,
  disks: entry.disks.map((disk, index) => ({ path: entry.paths[index] ?? null, ...disk })),
  guest: entry.guest,
  nics: entry.nics,
  os: entry.os,
});

/** The cluster that is meant, where one is: nobody is asked, so that this works without any connection. */
const knownCluster = async (context: CommandContext): Promise<Cluster | undefined> => {
  const clusters = await context.call('cluster.list', {});
  const name = context.options.cluster ?? process.env.VBDESK_CLUSTER;
  if (name) return clusters.find((each) => each.name === name);
  return clusters.length === 1 ? clusters[0] : undefined;
};

const list = async (
  context: CommandContext,
  cluster: GanetiCluster,
  entries: readonly ImportEntry[],
  options: ImportOptions,
): Promise<void> => {
  const given = parseNodes(options.node ?? [], cluster);
  const here = await knownCluster(context);
  const found = nodesFor(cluster.nodes, here?.nodes ?? []);
  const nodeOf = ({ instance: { node } }: ImportEntry): string | null =>
    node === null ? null : (given.get(node)?.primary ?? found.get(node) ?? null);
  const listed = entries.map((entry) => rowOf(entry, nodeOf(entry), here));
  const rows = listed.map(({ entry, ...row }) => [
    entry.instance.name,
    entry.instance.template,
    entry.instance.node ?? '',
    entry.guest.memoryMib === undefined ? '' : shortMebibytes(entry.guest.memoryMib),
    disksText(entry),
    happens({ entry, ...row }),
  ]);
  const coming = listed.filter((each) => each.verdict === 'comes').length;
  const notes = notesOf(entries);
  context.result(
    {
      cluster: { name: cluster.name, version: cluster.version, nodes: cluster.nodes },
      problems: cluster.problems,
      instances: listed.map(entryDocument),
    },
    [
      `${cluster.name}, written by Ganeti ${cluster.version}: ${coming} of ${entries.length} instances can come.`,
      table(
        ['NAME', 'TEMPLATE', 'NODE', 'MEMORY', 'DISKS', 'WHAT WOULD HAPPEN'].map((title) => ({ title })),
        rows,
      ),
      ...(notes === '' ? [] : [`What does not come along, or is to be known:\n${indented(notes)}`]),
    ].join('\n\n'),
  );
  context.say(GANETI_GOES_ON);
};

/** Every reason against any of them; one that can't be planned at all has its own. */
const refuse = (
  context: CommandContext,
  planned: readonly Planned[],
  unplanned: readonly { name: string; why: string[] }[],
  unclear: readonly Unclear[],
): CliError => {
  const paint = context.style('say');
  const open = planned.filter(({ view }) => openReasons(view.plan).length > 0);
  const parts = [
    ...unplanned.map(({ name, why }) => `${name} can't be adopted:\n${indented(why.join('\n'))}`),
    ...open.map(({ entry, view: { plan } }) => {
      const { name } = entry.instance;
      const lines = openReasons(plan).map((each) =>
        reasonLine(
          each,
          plan.approval,
          paint,
          planned.length === 1 ? undefined : (acceptOptionFor(name, each) ?? undefined),
        ),
      );
      return `${plan.title}\n${indented(lines.join('\n'))}`;
    }),
  ];
  const unsaid = asksTogether(open.map(({ view }) => view.plan)).filter(
    ({ code }) => !unclear.some((each) => each.code === code),
  );
  parts.push(
    ...unclear.map(unclearText),
    ...unsaid.map(
      ({ code, count }) =>
        `${count} of them ask for ${code}: agree to each as said above, or to all of them with --accept-all ${code}.`,
    ),
  );
  return new CliError(
    exitCodes.refused,
    'refused',
    `${parts.join('\n')}\nNothing was done: ${unplanned.length + open.length} of ${planned.length + unplanned.length} can't be adopted like this. Leave them out, or see to what stands against them.`,
    {
      extra: {
        refused: [
          ...unplanned.map(({ name, why }) => ({ name, why })),
          ...open.map(({ entry, view }) => ({ name: entry.instance.name, reasons: view.plan.reasons })),
        ],
      },
    },
  );
};

/** A plan that stands; what is only a consent is asked for when its turn comes, where somebody can be asked. */
const mayGoOn = (context: CommandContext, { view }: Planned): boolean => {
  const open = openReasons(view.plan);
  const canAsk = context.terminal.isInteractive && !context.yes && !context.dryRun;
  return open.length === 0 || (canAsk && open.every((each) => each.severity === 'consent'));
};

const runAll = async (
  context: CommandContext,
  cluster: string,
  planned: readonly Planned[],
): Promise<void> => {
  const runs: Run[] = [];
  for (const [index, { entry, intent, approval }] of planned.entries()) {
    const tell = (_context: CommandContext, run: Run): void => {
      // one JSON document for all of them
      if (!context.json || exitCodeOf(run) !== 0) tellEnd(context, run);
      runs.push(run);
    };
    try {
      await perform(context, cluster, intent, true, tell, approval);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      const names = (from: readonly Planned[]) => from.map((each) => each.entry.instance.name);
      const before = names(planned.slice(0, index));
      const after = names(planned.slice(index + 1));
      throw new CliError(
        error.exitCode,
        error.code,
        [
          error.message,
          `That was ${entry.instance.name}, ${index + 1} of ${planned.length}.`,
          ...(before.length > 0 ? [`Adopted before it, and so it stays: ${before.join(', ')}.`] : []),
          ...(after.length > 0 ? [`Not begun: ${after.join(', ')}.`] : []),
        ].join('\n'),
        { extra: { ...error.extra, adopted: before, notBegun: after }, abrupt: error.abrupt },
      );
    }
  }
  if (context.json) context.result({ runs: runs.map(runDocument) }, '');
};

/**
 * Plans those afresh to which consents are given.
 * @returns codes that were said of one instance and asked for by several
 */
const giveConsents = async (
  context: CommandContext,
  cluster: string,
  planned: Planned[],
  all: readonly string[],
): Promise<Unclear[]> => {
  const plans = planned.map(({ entry, view }) => ({ name: entry.instance.name, plan: view.plan }));
  const accepted = readAccepted(
    context.accept,
    all,
    plans.map((each) => each.name),
  );
  const { given, unclear, needless } = consentsFor(accepted, plans);
  for (const option of needless) context.say(`Nothing in these plans asks for ${option}.`);
  const asked = new Set(plans.flatMap(({ plan }) => plan.reasons.map((each) => each.code)));
  for (const node of context.confirmDown)
    if (!asked.has(vouchCode(node))) context.say(`Nothing in these plans asks for --confirm-down ${node}.`);
  for (const [index, each] of planned.entries()) {
    const accept = given.get(each.entry.instance.name) ?? [];
    if (accept.length === 0) continue;
    const approval = { ...each.approval, accept };
    const view = await context.call('plan.make', { cluster, intent: each.intent, approval, fresh: false });
    planned[index] = { ...each, approval, view };
  }
  return unclear;
};

const importGaneti = async (
  context: CommandContext,
  file: string,
  names: string[],
  options: ImportOptions,
): Promise<void> => {
  const ganeti = await readCluster(context, file);
  const entries = importEntries(ganeti);
  const chosen = chooseEntries(entries, [...names, ...(options.instance ?? [])], options.all === true);
  if (chosen.length === 0) {
    if (context.options.draft !== undefined)
      throw usageError(
        `Nothing was added to ${context.options.draft}: ${options.all === true ? 'none of its instances can come.' : 'say which instances, by name, with --instance or with --all.'}`,
        'bad-input',
      );
    if (options.all === true) context.note('None of its instances can come.');
    return list(context, ganeti, entries, options);
  }
  const said = guestOf(context, options);
  const given = parseNodes(options.node ?? [], ganeti);
  const { cluster, snapshot } = await lookToChange(context);
  if (context.options.draft !== undefined) {
    const placed = chosen.map((entry) => ({
      name: entry.instance.name,
      ...placeEntry(entry, ganeti, snapshot, given, said),
    }));
    tellNotes(context, chosen);
    await addAdoptions(context, context.options.draft, placed, options.acceptAll ?? []);
    context.say(GANETI_GOES_ON);
    return;
  }
  const planned: Planned[] = [];
  const unplanned: { name: string; why: string[] }[] = [];
  const { vouched } = approvalOf(context);
  // files to boot from are looked for when they are first heard of
  const asked = new Set<string>();
  for (const entry of chosen) {
    const { intent, why } = placeEntry(entry, ganeti, snapshot, given, said);
    if (!intent) {
      unplanned.push({ name: entry.instance.name, why });
      continue;
    }
    const { kernel, ramdisk, bootloader } = intent.guest;
    const files = JSON.stringify([kernel, ramdisk, bootloader]);
    const approval = { accept: [], vouched };
    const view = await context.call('plan.make', { cluster, intent, approval, fresh: !asked.has(files) });
    asked.add(files);
    planned.push({ entry, intent, view, approval });
  }
  const unclear = await giveConsents(context, cluster, planned, options.acceptAll ?? []);
  tellNotes(context, chosen);
  const mayAll = unplanned.length === 0 && planned.every((each) => mayGoOn(context, each));
  if (context.dryRun && (mayAll || !context.json))
    context.result(
      {
        instances: planned.map(({ entry, view }) => ({
          name: entry.instance.name,
          runnable: openReasons(view.plan).length === 0,
          plan: planWithoutSecrets(view.plan),
          texts: view.texts,
        })),
      },
      planned
        .map(({ view }) => planText(view, context.style('out'), { files: true, passed: true }))
        .join('\n\n'),
    );
  if (!mayAll) throw refuse(context, planned, unplanned, unclear);
  if (context.dryRun) return;
  context.say(GANETI_GOES_ON);
  await runAll(context, cluster, planned);
};

const importHelp = `
FILE is /var/lib/ganeti/config.data of Ganeti's master (2.0 to 3.x), copied to this workstation. Without a name, --instance or --all it is
only read: a list of the instances, what would become of each, and what of it would not come along. No node is asked for that.

Instances on files (file, sharedfile) are adopted where their images are: nothing is copied, moved, written to or started. Memory,
processors, kernel, boot loader, devices, drivers and cards come from the file, its defaults filled in. Each has a plan of its own; if
anything stands against one of them, none is begun. ${GANETI_GOES_ON}

A consent is given to one instance: --accept NAME:CODE. --accept CODE does where one alone asks for it, and --accept-all CODE agrees for all
of them. --confirm-down NODE counts for all, as a node is down for all.

With --draft FILE each becomes a change of the draft, by what the nodes showed last: none has to be reachable, or ever to have been.
Whether the images are there and are what the file says is then looked at by vbdesk draft plan and before the draft is applied.

A node is known by its name, its address or the first part of its name; else it is said with --node.

Examples:
  vbdesk import ganeti config.data
  vbdesk import ganeti config.data web1.example.org --dry-run
  vbdesk import ganeti config.data web1.example.org web2.example.org --accept web1.example.org:ganeti-starts
  vbdesk import ganeti config.data --all --node gnt1.example.org=node1:node2 -H bootloader=pygrub --yes
  vbdesk import ganeti config.data --all --draft friday.vbdesk.yaml --accept web1.example.org:ganeti-starts
`;

export const addImportCommands = (program: Command, action: Action): void => {
  program
    .command('import')
    .description('instances of another manager')
    .command('ganeti <config.data> [name...]')
    .description("list a Ganeti cluster's instances, and adopt those on files where they are")
    .option(
      '--instance <name>',
      'adopt this one, as a name does that stands alone (may be repeated)',
      collect,
    )
    .option('--all', 'adopt all that can come')
    .option('--node <ganeti-node=node[:secondary]>', 'which node is which (may be repeated)', collect)
    .option(
      '--accept-all <code>',
      'give the consent with this code for every one of them that asks for it (may be repeated)',
      collect,
    )
    .option('-B, --backend-parameters <parameters>', 'memory=512M,vcpus=1; else as the file says')
    .option('-H, --hypervisor-parameters <parameters>', 'type=pv,kernel=FILE,…; else as the file says')
    .addHelpText('after', importHelp)
    .action(action(importGaneti));
};
