/** From the names that a person types to clusters, nodes and instances; what is not known comes with a suggestion. */
import { deriveInstances, findInstances, type InstanceView } from '../../core/cluster/instances.ts';
import { lookupOf } from '../../core/cluster/lookup.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { shown } from '../../core/storage/checked.ts';
import { CliError, exitCodes, usageError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { clusterOfDraft, lookByDraft } from './drafting.ts';
import { askForHostKeys } from './host-keys.ts';
import { hintOf } from './suggest.ts';

export const practiceCluster = 'practice';

/** The cluster that a command is about: named, or from $VBDESK_CLUSTER, or the only one that is known. */
export const chooseCluster = async (context: CommandContext, given?: string): Promise<string> => {
  const { cluster, draft } = context.options;
  if (draft !== undefined) {
    const named = await clusterOfDraft(context, draft);
    if (given === undefined || given === named) return named;
    throw usageError(`${draft} is a draft of the cluster ${named}, not of ${given}.`);
  }
  if (given !== undefined && cluster !== undefined && given !== cluster)
    throw usageError(`${shown(given)} and --cluster ${shown(cluster)} contradict each other.`);
  const named = given ?? cluster ?? (process.env.VBDESK_CLUSTER || undefined);
  if (named === practiceCluster) return named;
  const names = (await context.call('cluster.list', {})).map((each) => each.name);
  if (named !== undefined) {
    if (names.includes(named)) return named;
    throw usageError(
      `This workstation knows no cluster ${shown(named)}. ${hintOf(named, [...names, practiceCluster], '')}`,
      'unknown-cluster',
    );
  }
  const [only, ...more] = names;
  if (only === undefined)
    throw usageError(
      'This workstation knows no cluster yet. Found one with: vbdesk cluster init NAME --node HOST …; or try the practice cluster: --cluster practice',
      'no-cluster',
    );
  if (more.length > 0)
    throw usageError(
      `Which cluster? This workstation knows ${names.join(', ')}. Name one with --cluster, or in $VBDESK_CLUSTER.`,
      'no-cluster',
    );
  return only;
};

/** Starts the practice cluster; a new one is filled first, which is told. */
const preparePractice = async (context: CommandContext): Promise<void> => {
  const desk = await context.desk();
  const told = new Set<string>();
  const stop = desk.onEvent((value) => {
    if (value.event !== 'run' || value.run.cluster !== practiceCluster || told.has(value.run.id)) return;
    if (told.size === 0) context.note('The practice cluster is new; its examples are made first:');
    told.add(value.run.id);
    context.note(`  ${value.run.title}`);
  });
  try {
    await desk.preparePractice();
  } finally {
    stop();
  }
};

/** What every node of a cluster says now. On a terminal, unknown host keys are asked about where the cluster says so. */
export const lookAt = async (context: CommandContext, cluster: string): Promise<Snapshot> => {
  if (cluster === practiceCluster) await preparePractice(context);
  const { draft } = context.options;
  // the practice cluster is always there, and remembers nothing of its own
  if (draft !== undefined) return lookByDraft(context, draft, cluster === practiceCluster);
  const snapshot = await context.call('cluster.refresh', { name: cluster });
  const unknown = snapshot.nodes.flatMap((node) => {
    const target = snapshot.cluster.nodes.find((each) => each.name === node.name)?.target;
    return node.trouble?.kind === 'host-key-unknown' && node.trouble.hostKey && target
      ? [{ name: node.name, target, hostKey: node.trouble.hostKey }]
      : [];
  });
  if (unknown.length === 0 || snapshot.cluster.hostKeys !== 'ask' || !context.terminal.isInteractive)
    return snapshot;
  return (await askForHostKeys(context, unknown))
    ? context.call('cluster.refresh', { name: cluster })
    : snapshot;
};

/** The cluster that is to be changed and what its nodes say; a mistyped `--confirm-down` is found before anything is planned. */
export const lookToChange = async (
  context: CommandContext,
): Promise<{ cluster: string; snapshot: Snapshot }> => {
  const cluster = await chooseCluster(context);
  const snapshot = await lookAt(context, cluster);
  for (const node of context.confirmDown) knownNode(snapshot, node);
  return { cluster, snapshot };
};

/** Says which nodes do not answer, so that what is shown is not taken for the whole truth. */
export const noteSilentNodes = (context: CommandContext, snapshot: Snapshot): void => {
  for (const node of snapshot.nodes)
    if (node.trouble) context.say(`${node.name} does not answer: ${node.trouble.message}`);
};

/** Fails when no node answers at all: then nothing that is shown is of now. */
export const mustHaveAnswered = (snapshot: Snapshot): void => {
  if (snapshot.nodes.some((node) => node.trouble === null)) return;
  throw new CliError(
    exitCodes.failed,
    'no-node-answers',
    `No node of ${snapshot.cluster.name} answers:\n${snapshot.nodes.map((node) => `  ${node.trouble?.message ?? node.name}`).join('\n')}`,
  );
};

/** A node's name that is in the cluster. */
export const knownNode = (snapshot: Snapshot, name: string): string => {
  const names = lookupOf(snapshot).nodes.map((each) => each.name);
  if (names.includes(name)) return name;
  throw usageError(
    `${shown(name)} is not a node of ${snapshot.cluster.name}. ${hintOf(name, names, '')}`,
    'unknown-node',
  );
};

const isSilent = (snapshot: Snapshot): boolean => snapshot.nodes.some((node) => node.trouble !== null);

/** The one instance with this name or uuid. */
export const knownInstance = (snapshot: Snapshot, nameOrUuid: string): InstanceView => {
  const found = findInstances(snapshot, nameOrUuid);
  const [view] = found;
  if (view && found.length === 1) return view;
  if (view)
    throw usageError(
      `${found.length} instances are called ${shown(nameOrUuid)}. Name one by its uuid: ${found.map((each) => each.uuid).join(', ')}.`,
      'ambiguous-instance',
    );
  const names = [...new Set(deriveInstances(snapshot).map((each) => each.name))];
  const silent = isSilent(snapshot) ? ' Nodes that do not answer may hold more.' : '';
  throw usageError(
    `${snapshot.cluster.name} has no instance ${shown(nameOrUuid)}. ${hintOf(nameOrUuid, names, 'It has none at all.')}${silent}`,
    'unknown-instance',
  );
};
