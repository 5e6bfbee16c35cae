/** Nodes: do they answer, are they whose we think, can jobs run there. */
import type { NodeView } from '../../cluster/lookup.ts';
import { lastSeenText, listText } from '../../cluster/status.ts';
import { formatBytes } from '../../storage/sizes.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';

/** What jobs and locks can't do without; whatever else a step needs is POSIX. */
export const neededCommands: readonly string[] = ['flock', 'setsid', 'realpath', 'truncate'];

const leastBytes = 4 * 1024 * 1024;
const leastInodes = 100;

/** Why a node does not count as seen, as the end of a sentence. */
export const troubleOf = (scene: Scene, node: string): string => {
  const view = scene.lookup.byName.get(node);
  if (!view?.snapshot)
    return 'a membership file names it, but this workstation does not know where it answers';
  const last = lastSeenText(scene.lookup, node);
  const { trouble } = view.snapshot;
  switch (trouble?.kind) {
    case undefined:
    case 'not-asked':
      return `it has not been asked yet; ${last}`;
    case 'host-key-changed':
      return `a machine answers there, but with another host key than before, so nothing was sent; ${last}`;
    case 'host-key-unknown':
      return `its host key is not trusted yet, so nothing was sent; ${last}`;
    case 'auth-refused':
      return `a machine answers there, but refuses the login, so it may well be alive; ${last}`;
    case 'sudo-refused':
      return `it answers, but refuses sudo, so it is alive and can't be looked at; ${last}`;
    case 'same-machine':
      return `it is the same machine as another node; ${last}`;
    case 'unreachable':
    case 'timeout':
    case 'other':
      return `it does not answer (${trouble?.message ?? 'no reason given'}); ${last}`;
  }
};

/** Blocks unless the node is in the cluster and answers. */
export const mustAnswer = (scene: Scene, node: string, role: string, field?: string): Reason[] => {
  const about = { node, ...(field !== undefined && { field }) };
  const view = scene.lookup.byName.get(node);
  if (!view)
    return [
      blocks(
        'no-node',
        role,
        `${node === '' ? 'No node' : node} is not a node of this cluster; it has ${listText(scene.lookup.nodes.map((each) => each.name))}.`,
        about,
      ),
    ];
  if (!view.seen)
    return [blocks('not-answering', role, `${node} can't be worked on: ${troubleOf(scene, node)}.`, about)];
  return [passed('answers', role, `${node} answers.`, about)];
};

/** Toolstack, commands and room for jobs of one node that answers. */
export const nodeCanWork = (scene: Scene, node: string, needsXen = true): Reason[] => {
  const view = scene.lookup.byName.get(node);
  if (!view?.seen || view.facts === null) return [];
  const { facts } = view;
  const reasons: Reason[] = [];
  if (needsXen && facts.toolstack === null)
    reasons.push(
      blocks(
        'no-toolstack',
        'Xen',
        `${node} has neither xl nor xm: it is no Xen host, or Xen is not running.`,
        {
          node,
        },
      ),
    );
  const missing = neededCommands.filter((each) => !facts.commands.includes(each));
  if (missing.length > 0)
    reasons.push(
      blocks(
        'missing-commands',
        'Commands',
        `${node} lacks ${listText(missing)}: install coreutils and util-linux there.`,
        { node },
      ),
    );
  const { bytes, inodes } = facts.jobSpace;
  if (bytes < leastBytes || (inodes > 0 && inodes < leastInodes))
    reasons.push(
      blocks(
        'job-space',
        'Room for jobs',
        `/var/lib/vbdesk on ${node} has ${formatBytes(Math.max(0, Math.floor(bytes)))} and ${inodes} inodes left; jobs need ${formatBytes(leastBytes)} and ${leastInodes}. Make room there.`,
        { node },
      ),
    );
  // some filesystems (btrfs) have no fixed number of inodes and say 0
  else if (inodes <= 0)
    reasons.push(
      warning('job-inodes', 'Room for jobs', `${node} does not say how many inodes are free for jobs.`, {
        node,
      }),
    );
  if (reasons.length === 0)
    reasons.push(
      passed('node-works', 'Node', `${node} has what jobs need (${facts.xen || 'Xen'}).`, { node }),
    );
  return reasons;
};

/** Two addresses with one boot id are one machine. */
export const sameMachine = (scene: Scene): Reason[] => {
  const byBoot = new Map<string, NodeView[]>();
  for (const view of scene.lookup.seen) {
    const id = view.facts?.bootId ?? '';
    if (id === '') continue;
    byBoot.set(id, [...(byBoot.get(id) ?? []), view]);
  }
  return [...byBoot.values()]
    .filter((views) => views.length > 1)
    .map((views) =>
      blocks(
        'same-machine',
        'One machine twice',
        `${listText(views.map((each) => each.name))} are one machine (same boot id): take all but one address out.`,
        { field: 'nodes' },
      ),
    );
};

/** A node that belongs to another cluster is none of ours. */
export const otherClusters = (scene: Scene): Reason[] =>
  scene.lookup.seen.flatMap(({ name, facts }) => {
    const found = facts?.membership;
    return found && found.uuid !== scene.snapshot.cluster.uuid
      ? [
          blocks(
            'other-cluster',
            'Another cluster',
            `${name} belongs to the cluster ${found.cluster} (uuid ${found.uuid}, in /var/lib/vbdesk/cluster.json): nothing is done there.`,
            { node: name },
          ),
        ]
      : [];
  });

/** What holds for every intent: which nodes are looked at, and that they are different machines of this cluster. */
export const clusterChecks = (scene: Scene): Reason[] => {
  const { seen, nodes } = scene.lookup;
  const reasons = [...sameMachine(scene), ...otherClusters(scene)];
  if (seen.length === nodes.length)
    reasons.push(
      passed(
        'all-seen',
        'Nodes',
        `All ${nodes.length} nodes of the cluster answer (${listText(seen.map((each) => each.name))}).`,
      ),
    );
  return reasons;
};
