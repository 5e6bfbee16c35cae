/** The images of an instance on each node: whether they are the same file, the same content, other content, or not there. Pure. */

import type { InstanceView } from '../../core/cluster/instances.ts';
import { lookupOf } from '../../core/cluster/lookup.ts';
import type { FolderFacts, Snapshot } from '../../core/cluster/snapshot.ts';
import {
  type ComparedFile,
  comparedAt,
  comparedIn,
  type Since,
  sinceRead,
} from '../../core/plan/copy/compared.ts';
import type { Run, RunSummary } from '../../core/plan/run.ts';
import { baseName } from '../../core/storage/paths.ts';

/**
 * reference: the file with which the others are compared; shared: the very same file; same, differs: another file, by its content;
 * copy: another file, whose content nobody compared; missing: no such file where the others are; none: nothing of the instance is
 * there; unknown: the node does not answer.
 */
export type CellState = 'reference' | 'shared' | 'same' | 'differs' | 'copy' | 'missing' | 'none' | 'unknown';

export type ComparisonCell = { node: string; state: CellState };
export type ComparisonRow = { name: string; cells: ComparisonCell[] };
export type Comparison = {
  nodes: string[];
  rows: ComparisonRow[];
  /** workstation clock, ms, of the last comparison; null: there was none */
  provedAt: number | null;
  /** images that were written to, or appeared, since then */
  writtenSince: string[];
};

/** The newest comparison of this instance that came to its end, from the newest ones of its name. */
export const lastComparison = (
  runs: readonly RunSummary[],
  cluster: string,
  instance: Pick<InstanceView, 'name'>,
): RunSummary | null =>
  runs.find(
    (run) =>
      run.kind === 'compare-images' &&
      run.cluster === cluster &&
      run.subject === instance.name &&
      run.state === 'done',
  ) ?? null;

type Sight = { key: string; folder: FolderFacts };

/** What each node shows of the instance, without reading an image. */
const sightsOf = (snapshot: Snapshot, instance: InstanceView): Map<string, Sight> => {
  const paths = new Set([
    ...instance.folders.map((each) => each.folder.path),
    ...instance.replicas.map((each) => each.folder),
  ]);
  const found = new Map<string, Sight>();
  for (const { name, facts } of lookupOf(snapshot).nodes)
    for (const folder of facts?.folders ?? []) {
      if (!paths.has(folder.path)) continue;
      const id = facts?.storages.find((each) => each.path === folder.storage)?.id ?? null;
      // a node that shows two of them shows the one that counts first
      if (folder.path === instance.folder || !found.has(name))
        found.set(name, { key: `${id ?? `${name}:${folder.storage}`} ${folder.inode}`, folder });
    }
  return found;
};

/** The node whose files the others are held against: the primary, else the first that shows the folder that counts. */
const referenceNode = (instance: InstanceView, sights: ReadonlyMap<string, Sight>): string | null => {
  const { primary } = instance;
  if (primary !== null && sights.has(primary)) return primary;
  return instance.folders.find((each) => each.current)?.node ?? [...sights.keys()][0] ?? null;
};

/** By what was read: `files` are those of one image. `counts`: whether the node still shows what was read there. */
const proved = (
  node: string,
  files: readonly ComparedFile[],
  reference: string | null,
  counts: (node: string, file: ComparedFile) => boolean,
): CellState | null => {
  const own = files.find((each) => each.nodes.includes(node));
  if (!own || own.hash === null || !counts(node, own)) return null;
  const other = files.find((each) => reference !== null && each.nodes.includes(reference));
  // what the others were held against was written to since: then nothing is known of them
  if (other && reference !== null && !counts(reference, other)) return null;
  const against = other?.hash
    ? other
    : files.find((each) => each.hash !== null && each.nodes.some((on) => counts(on, each)));
  if (own === against) return node === (other?.hash ? reference : own.nodes[0]) ? 'reference' : 'shared';
  return own.hash === against?.hash ? 'same' : 'differs';
};

/** @param run the last comparison, whole; null: there was none */
export const comparisonOf = (snapshot: Snapshot, instance: InstanceView, run: Run | null): Comparison => {
  const lookup = lookupOf(snapshot);
  const sights = sightsOf(snapshot, instance);
  const reference = referenceNode(instance, sights);
  const mine = run?.plan.subject.kind === 'instance' && run.plan.subject.uuid === instance.uuid ? run : null;
  const compared = new Map((mine ? comparedIn(mine) : []).map((each) => [each.name, each.files]));
  const provedAt = mine ? comparedAt(mine) : null;
  const nodes = lookup.nodes.map((each) => each.name);
  const since = (node: string, file: ComparedFile): Since => sinceRead(lookup, node, file, provedAt);
  const counts = (node: string, file: ComparedFile): boolean => since(node, file) === 'as-read';
  const stateOf = (node: string, name: string): CellState => {
    const seen = lookup.byName.get(node)?.seen === true;
    if (!seen) return 'unknown';
    const known = proved(node, compared.get(name) ?? [], reference, counts);
    if (known !== null) return known;
    const sight = sights.get(node);
    if (!sight) return 'none';
    if (!sight.folder.files.some((each) => each.name === name)) return 'missing';
    if (node === reference) return 'reference';
    return sight.key === (reference === null ? null : sights.get(reference)?.key) ? 'shared' : 'copy';
  };
  const names = instance.disks.map((each) => baseName(each.path));
  const isNewer = (name: string): boolean => {
    if (provedAt === null) return false;
    const files = compared.get(name) ?? [];
    const read = (node: string, path: string): boolean =>
      files.some((each) => each.path === path && each.nodes.includes(node));
    return (
      files.some((file) => file.nodes.some((node) => since(node, file) === 'changed')) ||
      [...sights].some(([node, { folder }]) =>
        folder.files.some((file) => file.name === name && !read(node, `${folder.path}/${name}`)),
      )
    );
  };
  return {
    nodes,
    rows: names.map((name) => ({ name, cells: nodes.map((node) => ({ node, state: stateOf(node, name) })) })),
    provedAt,
    writtenSince: names.filter(isNewer),
  };
};
