/** Cluster init: storage directories with their ids, and the membership file on every node. No volume group is asked for. */

import { storageOf } from '../../cluster/lookup.ts';
import type { Membership } from '../../cluster/schema.ts';
import { listText } from '../../cluster/status.ts';
import { validateClusterName, validateNodeName } from '../../storage/names.ts';
import { validateStorageDirectory } from '../../storage/paths.ts';
import { mustAnswer, nodeCanWork, sameMachine } from '../checks/nodes.ts';
import { clusterInitEquivalent } from '../equivalent.ts';
import type { ClusterInitIntent } from '../intent.ts';
import { uuidFrom } from '../random.ts';
import type { Reason } from '../reason.ts';
import { blocks, idOf, passed, type Scene, warning } from '../scene.ts';
import { type Draft, makeStepList, undoOf } from '../step-list.ts';
import { addMembership } from './membership.ts';

const repeated = (items: readonly string[]): string[] => [
  ...new Set(items.filter((each, index) => items.indexOf(each) !== index)),
];

const wordsAreSound = (intent: ClusterInitIntent): Reason[] => {
  const reasons: Reason[] = [];
  const name = validateClusterName(intent.name);
  if (!name.ok) reasons.push(blocks('cluster-name', 'Name', name.message, { field: 'name' }));
  for (const [index, node] of intent.nodes.entries()) {
    const checked = validateNodeName(node.name);
    if (!checked.ok)
      reasons.push(blocks('node-name', 'Node', checked.message, { field: `nodes.${index}.name` }));
  }
  for (const node of repeated(intent.nodes.map((each) => each.name)))
    reasons.push(
      blocks('node-twice', 'Node', `${node} is named twice: every node has a name of its own.`, {
        field: 'nodes',
      }),
    );
  if (intent.nodes.length === 0)
    reasons.push(blocks('no-nodes', 'Nodes', 'A cluster has at least one node.', { field: 'nodes' }));
  if (intent.storageDirectories.length === 0)
    reasons.push(
      blocks('no-storage', 'Storage directory', 'At least one storage directory is needed.', {
        field: 'storageDirectories',
      }),
    );
  for (const [index, directory] of intent.storageDirectories.entries()) {
    const checked = validateStorageDirectory(directory);
    if (!checked.ok)
      reasons.push(
        blocks('storage-path', 'Storage directory', checked.message, {
          field: `storageDirectories.${index}`,
        }),
      );
  }
  for (const directory of repeated(intent.storageDirectories))
    reasons.push(
      blocks('storage-twice', 'Storage directory', `${directory} is named twice.`, {
        field: 'storageDirectories',
      }),
    );
  return reasons;
};

const storageOfNode = (scene: Scene, node: string, directory: string): Reason[] => {
  const facts = storageOf(scene.lookup.byName.get(node), directory);
  const about = { node, field: 'storageDirectories' };
  switch (facts?.state) {
    case 'ok':
      return [passed('storage', `Storage of ${node}`, `${directory} is there (${facts.filesystem}).`, about)];
    case 'symlink':
      return [
        blocks(
          'storage',
          `Storage of ${node}`,
          `${directory} on ${node} is reached through a symbolic link; name the real directory.`,
          about,
        ),
      ];
    case 'not-a-directory':
      return [blocks('storage', `Storage of ${node}`, `${directory} on ${node} is not a directory.`, about)];
    case 'not-answering':
      return [
        blocks(
          'storage',
          `Storage of ${node}`,
          `${directory} on ${node} does not answer: the storage hangs.`,
          about,
        ),
      ];
    case 'missing':
    case undefined:
      return [
        warning(
          'storage-made',
          `Storage of ${node}`,
          `${directory} does not exist on ${node} and will be made. If it should be a mounted storage, mount it first.`,
          about,
        ),
      ];
  }
};

/** The cluster that the nodes know already under this name; a node of another cluster blocks. */
const knownCluster = (
  scene: Scene,
  intent: ClusterInitIntent,
): { known: Membership | null; reasons: Reason[] } => {
  const files = scene.lookup.seen.flatMap(({ name, facts }) =>
    facts?.membership ? [{ node: name, file: facts.membership }] : [],
  );
  const ours = files.filter((each) => each.file.cluster === intent.name);
  const uuids = [...new Set(ours.map((each) => each.file.uuid))];
  const reasons = files
    .filter((each) => each.file.cluster !== intent.name)
    .map((each) =>
      blocks(
        'other-cluster',
        'Another cluster',
        `${each.node} belongs to the cluster ${each.file.cluster}: a node is in one cluster. Take it out there first, or use that name.`,
        { node: each.node },
      ),
    );
  if (uuids.length > 1)
    reasons.push(
      blocks(
        'two-clusters',
        'Two clusters',
        `The nodes know different clusters called ${intent.name} (${listText(uuids)}).`,
      ),
    );
  const known = ours.reduce<Membership | null>(
    (best, { file }) => (best && best.generation >= file.generation ? best : file),
    null,
  );
  if (known)
    for (const member of known.nodes)
      if (!intent.nodes.some((each) => each.name === member.name))
        reasons.push(
          blocks(
            'node-missing',
            'Node',
            `${member.name} (${member.host}) is in the cluster ${intent.name} already and must be named too: "all nodes" has to mean all of them.`,
            { field: 'nodes' },
          ),
        );
  return { known, reasons };
};

export const planClusterInit = (scene: Scene, intent: ClusterInitIntent): Draft => {
  const { known, reasons: others } = knownCluster(scene, intent);
  const words = wordsAreSound(intent);
  const added = intent.nodes
    .map((each) => each.name)
    .filter((each) => !known?.nodes.some((member) => member.name === each));
  const reasons: Reason[] = [
    ...words,
    ...sameMachine(scene),
    ...others,
    ...intent.nodes.flatMap((node) => [
      ...mustAnswer(scene, node.name, `Node ${node.name}`, 'nodes'),
      ...nodeCanWork(scene, node.name),
      ...(scene.lookup.byName.get(node.name)?.seen
        ? intent.storageDirectories.flatMap((directory) => storageOfNode(scene, node.name, directory))
        : []),
    ]),
  ];
  const draft: Draft = {
    title: !known
      ? `Found the cluster ${intent.name}`
      : added.length > 0
        ? `Add ${listText(added)} to the cluster ${intent.name}`
        : `Write the cluster ${intent.name} anew`,
    subject: { kind: 'cluster', name: intent.name },
    reasons,
    equivalent: clusterInitEquivalent(intent),
  };
  if (words.length > 0) return draft;
  const membership: Membership = {
    version: 1,
    cluster: intent.name,
    uuid: known?.uuid ?? uuidFrom(idOf(scene, 'cluster')),
    generation: (known?.generation ?? 0) + 1,
    nodes: intent.nodes.map(({ name, target }) => ({
      name,
      host: target.host,
      ...(target.port === undefined ? {} : { port: target.port }),
    })),
    storageDirectories: [...new Set([...intent.storageDirectories, ...(known?.storageDirectories ?? [])])],
    ...(known?.templateDirectory !== undefined && { templateDirectory: known.templateDirectory }),
  };
  const storageId = (node: string, directory: string): string => idOf(scene, `storage ${directory} ${node}`);
  const list = makeStepList();
  for (const node of intent.nodes) {
    const view = scene.lookup.byName.get(node.name);
    if (!view?.seen) continue;
    for (const directory of membership.storageDirectories)
      if (!storageOf(view, directory)?.id)
        list.add(
          node.name,
          `Make ${directory} ready on ${node.name}`,
          { do: 'make-storage', path: directory, id: storageId(node.name, directory) },
          {
            undo: [
              undoOf(node.name, `Take the id of ${directory} on ${node.name} back`, {
                do: 'remove-storage-id',
                path: directory,
                id: storageId(node.name, directory),
              }),
            ],
          },
        );
  }
  for (const node of intent.nodes)
    if (scene.lookup.byName.get(node.name)?.seen) addMembership(list, scene, node.name, membership);
  return { ...draft, steps: list.steps };
};
