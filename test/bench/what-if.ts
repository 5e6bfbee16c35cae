/** What if a node is lost, and the derivation beside it: nothing is asked of any node, so only this machine counts. */
import { deriveInstances } from '../../core/cluster/instances.ts';
import { lookupOf } from '../../core/cluster/lookup.ts';
import type { FolderFacts, Snapshot } from '../../core/cluster/snapshot.ts';
import { readinessRow } from '../../core/failover/matrix.ts';
import { clusterScore } from '../../core/failover/survival.ts';
import { whatIf } from '../../core/failover/what-if.ts';
import { domainOf, folderOf, recordOf, sharedDirectory, soundCluster } from '../support/snapshot-builder.ts';
import { median, milliseconds, table } from './table.ts';

/** How far a question may take, ms. */
export const whatIfTarget = 100;

/**
 * Every instance runs on its node, and `pools` shared storages are each seen by as many nodes. What the nodes say is read anew for
 * each, as it comes from the wire: no two of them share an object.
 */
const clusterOf = (nodes: number, instances: number, pools: number): Snapshot => {
  const names = Array.from({ length: nodes }, (_, index) => `node${index + 1}`);
  const size = nodes / pools;
  const folders: FolderFacts[] = [];
  for (let index = 0; index < instances; index += 1) {
    const at = index % nodes;
    const pool = Math.floor(at / size);
    const record = recordOf(`vm${index}`, {
      primary: names[at] ?? '',
      secondary: names[pool * size + ((at + 1) % size)] ?? null,
      adminState: 'up',
    });
    folders.push(folderOf({ ...record, place: { ...record.place, storage: `pool${pool}` } }));
  }
  const texts = folders.map((each) => JSON.stringify(each));
  const empty = soundCluster(names);
  return {
    ...empty,
    nodes: empty.nodes.map((node, at) => {
      const pool = Math.floor(at / size);
      if (node.facts === null) return node;
      const mine = texts.flatMap((text, index) =>
        Math.floor((index % nodes) / size) === pool ? [JSON.parse(text) as FolderFacts] : [],
      );
      const guests = folders.filter((_, index) => index % nodes === at);
      return {
        ...node,
        facts: {
          ...node.facts,
          // enough for all of one lost node's guests wherever they go, and not for two nodes' on one
          freeMemoryMib: Math.ceil((instances / nodes) * 512 * 1.5),
          storages: node.facts.storages.map((each) =>
            each.path === sharedDirectory ? { ...each, id: `pool${pool}` } : each,
          ),
          folders: mine,
          domains: [...node.facts.domains, ...guests.map((each) => domainOf(each.name))],
        },
      };
    }),
  };
};

const timed = <T>(work: () => T): [number, T] => {
  const began = performance.now();
  const made = work();
  return [performance.now() - began, made];
};

const rowOf = (label: string, nodes: number, instances: number, pools: number): string[] => {
  const snapshot = clusterOf(nodes, instances, pools);
  const [walk] = timed(() => lookupOf(snapshot));
  const [first, views] = timed(() => deriveInstances(snapshot));
  if (views.length !== instances) throw new Error(`${instances} instances were made, ${views.length} found`);
  // the next refresh: the texts of the configurations are the same ones
  const next = { ...snapshot };
  const [refreshed] = timed(() => deriveInstances(next));
  const [scoring, score] = timed(() => clusterScore(next));
  if (score.survive !== instances) throw new Error(`not every instance survives: ${score.text}`);
  const questions = snapshot.nodes.slice(0, 20).map(({ name }, index) => {
    const lost = index % 2 === 0 ? [name] : [name, snapshot.nodes[(index + 5) % nodes]?.name ?? name];
    const [took, made] = timed(() => whatIf(next, lost));
    if (made.fates.length !== (instances / nodes) * lost.length) throw new Error('an instance has no fate');
    return took;
  });
  const [row] = timed(() => views.slice(0, 50).map((each) => readinessRow(each, snapshot)));
  return [
    label,
    String(instances),
    milliseconds(walk + first),
    milliseconds(refreshed),
    milliseconds(scoring),
    milliseconds(median(questions)),
    milliseconds(Math.max(...questions)),
    milliseconds(row),
  ];
};

export const benchWhatIf = (sizes: { nodes: number; instances: number }): string => {
  const { nodes, instances } = sizes;
  return table(
    ['cluster', 'instances', 'derived first', 'again', 'score', 'what if', 'slowest', '50 rows'],
    [
      rowOf(`${nodes} nodes, ten share each`, nodes, instances, nodes / 10),
      rowOf(`${nodes} nodes, sharing all`, nodes, instances, 1),
    ],
  );
};
