/** What a config.data says, as rows, and the intents of those that were chosen. Pure. */
import type { Cluster } from '../../../core/cluster/schema.ts';
import { type GanetiCluster, readConfigData } from '../../../core/ganeti/config-data.ts';
import { type ImportEntry, importEntries, importIntent } from '../../../core/ganeti/import.ts';
import { nodesFor, storageProblem } from '../../../core/ganeti/import-place.ts';
import type { AdoptIntent } from '../../../core/plan/intent.ts';

/** A file that was read, and what was chosen of it. */
export type Imported = {
  file: string;
  ganeti: GanetiCluster;
  entries: ImportEntry[];
  /** by Ganeti's name of a node; empty: not known yet */
  nodes: ReadonlyMap<string, string>;
  chosen: ReadonlySet<string>;
};

export type ImportRow = {
  entry: ImportEntry;
  name: string;
  /** where it would be; null: its node is not known here */
  node: string | null;
  /** what keeps it from being chosen, each a sentence */
  why: string[];
};

export const readImported = (
  file: string,
  text: string,
  cluster: Cluster,
): { ok: true; imported: Imported } | { ok: false; message: string } => {
  const read = readConfigData(text);
  if (!read.ok) return read;
  const ganeti = read.cluster;
  return {
    ok: true,
    imported: {
      file,
      ganeti,
      entries: importEntries(ganeti),
      nodes: new Map([...nodesFor(ganeti.nodes, cluster.nodes)].map(([name, node]) => [name, node ?? ''])),
      chosen: new Set(),
    },
  };
};

/** Those that can come before those that can't, each by name. */
export const importRows = ({ entries, nodes }: Imported, cluster: Cluster): ImportRow[] => {
  const rows = entries.map((entry): ImportRow => {
    const from = entry.instance.node;
    const node = from === null ? null : nodes.get(from) || null;
    const why = [...entry.why];
    if (entry.verdict === 'comes') {
      if (node === null && from !== null) why.push(`Which node ${from} is has to be said above.`);
      const storage = storageProblem(entry, cluster);
      if (storage !== null) why.push(storage);
    }
    return { entry, name: entry.instance.name, node, why };
  });
  return [...rows.filter((row) => row.why.length === 0), ...rows.filter((row) => row.why.length > 0)];
};

export type ImportItem = { name: string; intent: AdoptIntent };

export const itemsOf = (rows: readonly ImportRow[], chosen: ReadonlySet<string>): ImportItem[] =>
  rows.flatMap(({ entry, name, node, why }) =>
    chosen.has(name) && node !== null && why.length === 0
      ? [{ name, intent: importIntent(entry, { primary: node, secondary: null }) }]
      : [],
  );
