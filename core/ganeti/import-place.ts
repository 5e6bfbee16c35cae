/** Which node of a cluster is which of Ganeti's, and whether the cluster looks where the images lie. */
import type { ClusterNode } from '../cluster/schema.ts';
import type { GanetiNode } from './config-data.ts';
import type { ImportEntry } from './import.ts';

const shortName = (name: string): string => name.split('.')[0] ?? name;

/** The one that fits, where exactly one does. */
const only = (nodes: readonly ClusterNode[]): string | null =>
  nodes.length === 1 ? (nodes[0]?.name ?? null) : null;

/**
 * By name, else by address, else by the first part of the name; null where nothing fits, or more than one does.
 * @param nodes those of the cluster
 */
export const nodeFor = (
  node: GanetiNode,
  nodes: readonly ClusterNode[],
  all: readonly GanetiNode[],
): string | null => {
  const same = only(nodes.filter((each) => each.name === node.name));
  if (same !== null) return same;
  const hosts = [node.name, ...node.addresses];
  // an address without a port: several nodes may answer on one, each on its own port
  const byAddress = only(nodes.filter(({ target }) => hosts.includes(target.host)));
  if (byAddress !== null) return byAddress;
  const short = shortName(node.name);
  if (all.filter((each) => shortName(each.name) === short).length > 1) return null;
  return only(nodes.filter((each) => shortName(each.name) === short));
};

/** Every node of Ganeti's, in its order. */
export const nodesFor = (
  all: readonly GanetiNode[],
  nodes: readonly ClusterNode[],
): ReadonlyMap<string, string | null> => new Map(all.map((each) => [each.name, nodeFor(each, nodes, all)]));

/** Why the cluster can't see the images; null when it looks there. Folders are looked for directly below storage directories. */
export const storageProblem = (
  { folder }: Pick<ImportEntry, 'folder'>,
  cluster: { name: string; storageDirectories: readonly string[] },
): string | null => {
  const above = folder.slice(0, folder.lastIndexOf('/'));
  if (cluster.storageDirectories.includes(above)) return null;
  return `${folder} does not lie directly below a storage directory of ${cluster.name} (${cluster.storageDirectories.join(', ')}): ${above} has to be one, which is said when the cluster is made (vbdesk cluster init … --storage-dir ${above}).`;
};
