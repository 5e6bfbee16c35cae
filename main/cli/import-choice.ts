/** Which of Ganeti's instances are meant, on which nodes, and what stands against each before anything is planned. */
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { GanetiCluster } from '../../core/ganeti/config-data.ts';
import { type ImportEntry, importIntent } from '../../core/ganeti/import.ts';
import { nodesFor, storageProblem } from '../../core/ganeti/import-place.ts';
import type { AdoptIntent } from '../../core/plan/intent.ts';
import { shown } from '../../core/storage/checked.ts';
import { usageError } from './cli-error.ts';
import { knownNode } from './resolve.ts';
import { hintOf } from './suggest.ts';

/** A node of Ganeti's, and what it is here. */
export type GivenNodes = ReadonlyMap<string, { primary: string; secondary: string | null }>;

/** Reads `GANETI-NODE=NODE[:SECONDARY]`, each given once. */
export const parseNodes = (given: readonly string[], cluster: GanetiCluster): GivenNodes => {
  const nodes = new Map<string, { primary: string; secondary: string | null }>();
  const names = cluster.nodes.map((each) => each.name);
  for (const text of given) {
    const [, name, primary, secondary] = /^([^=]+)=([^:]+)(?::([^:]+))?$/.exec(text) ?? [];
    if (name === undefined || primary === undefined)
      throw usageError(
        `--node is GANETI-NODE=NODE or GANETI-NODE=NODE:SECONDARY, not ${shown(text)}.`,
        'bad-input',
      );
    if (!names.includes(name))
      throw usageError(
        `${shown(name)} is not a node in this config.data. ${hintOf(name, names, 'It has none.')}`,
        'unknown-node',
      );
    if (nodes.has(name)) throw usageError(`--node ${name} is given twice.`, 'bad-input');
    nodes.set(name, { primary, secondary: secondary ?? null });
  }
  return nodes;
};

/** The entries with these names, each once, in the order of the file; all that can come where `all` is said. */
export const chooseEntries = (
  entries: readonly ImportEntry[],
  names: readonly string[],
  all: boolean,
): ImportEntry[] => {
  if (all) {
    if (names.length > 0) throw usageError('--all and names contradict each other.', 'bad-input');
    return entries.filter((each) => each.verdict === 'comes');
  }
  const known = entries.map((each) => each.instance.name);
  const missing = names.filter((each) => !known.includes(each));
  if (missing.length > 0)
    throw usageError(
      missing
        .map(
          (each) =>
            `This config.data has no instance ${shown(each)}. ${hintOf(each, known, 'It has none at all.')}`,
        )
        .join('\n'),
      'unknown-instance',
    );
  return entries.filter((each) => names.includes(each.instance.name));
};

/** @returns the intent, or why none can be made, each a sentence */
export const placeEntry = (
  entry: ImportEntry,
  ganeti: GanetiCluster,
  snapshot: Snapshot,
  given: GivenNodes,
  said: AdoptIntent['guest'],
): { intent: AdoptIntent; why: [] } | { intent: null; why: string[] } => {
  const why = [...entry.why];
  const { cluster } = snapshot;
  const from = entry.instance.node;
  const named = from === null ? undefined : given.get(from);
  const primary =
    named?.primary ?? (from === null ? null : nodesFor(ganeti.nodes, cluster.nodes).get(from)) ?? null;
  if (named) {
    knownNode(snapshot, named.primary);
    if (named.secondary !== null) knownNode(snapshot, named.secondary);
  }
  if (primary === null && from !== null)
    why.push(
      `Which node of ${cluster.name} is ${from}? None has its name or its address: say --node ${from}=NODE (${cluster.nodes.map((each) => each.name).join(', ')}).`,
    );
  const storage = entry.verdict === 'comes' ? storageProblem(entry, cluster) : null;
  if (storage !== null) why.push(storage);
  return why.length > 0 || primary === null
    ? { intent: null, why }
    : { intent: importIntent(entry, { primary, secondary: named?.secondary ?? null }, said), why: [] };
};
