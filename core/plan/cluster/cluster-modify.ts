/** Cluster modify: a setting that all nodes and workstations share, written into the membership file of every node. */
import type { Membership } from '../../cluster/schema.ts';
import { templateDirectory as inStorage } from '../../cluster/schema.ts';
import { listText } from '../../cluster/status.ts';
import { validateStorageDirectory } from '../../storage/paths.ts';
import { clusterChecks, nodeCanWork } from '../checks/nodes.ts';
import type { ClusterModifyIntent } from '../intent.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { type Draft, makeStepList } from '../step-list.ts';
import { addMembership } from './membership.ts';

const field = 'templateDirectory';

const directoryIsSound = (scene: Scene, directory: string): Reason[] => {
  const title = 'Template directory';
  const checked = validateStorageDirectory(directory);
  if (!checked.ok) return [blocks('template-path', title, checked.message, { field })];
  if (checked.value !== directory)
    return [blocks('template-path', title, `Write it as ${checked.value}.`, { field })];
  const reasons: Reason[] = [];
  const storage = scene.snapshot.cluster.storageDirectories.find((each) => directory.startsWith(`${each}/`));
  const own = storage === undefined ? '' : (directory.slice(storage.length + 1).split('/')[0] ?? '');
  if (own.startsWith('.') && directory !== `${storage}/${inStorage}`)
    reasons.push(
      blocks('template-path', title, `${directory} lies in ${own}, a folder of VBDesk itself.`, { field }),
    );
  const owner = scene.lookup.nodes
    .flatMap((each) => each.facts?.folders ?? [])
    .find((each) => each.path === directory && (each.record !== null || each.replica));
  if (owner)
    reasons.push(
      blocks(
        'template-owned',
        title,
        `${directory} is the folder of an instance${owner.record?.ok ? `, ${owner.record.record.name}` : ''}: its disks change, and are no templates.`,
        { field },
      ),
    );
  return reasons;
};

/** Which nodes show it already is known only for a folder of a storage directory; any other is looked at once it is set. */
const directoryIsThere = (scene: Scene, directory: string): Reason[] => {
  const storage = scene.snapshot.cluster.storageDirectories.find((each) => directory.startsWith(`${each}/`));
  if (storage === undefined || directory.slice(storage.length + 1).includes('/')) return [];
  const without = scene.lookup.seen
    .filter(({ facts }) => !facts?.folders.some((each) => each.path === directory))
    .map((each) => each.name);
  return without.length === 0
    ? []
    : [
        warning(
          'template-missing',
          'Template directory',
          `${listText(without)} ${without.length === 1 ? 'does' : 'do'} not show a folder ${directory} yet: there are no templates there until it is made.`,
          { field },
        ),
      ];
};

export const planClusterModify = (scene: Scene, intent: ClusterModifyIntent): Draft => {
  const { cluster } = scene.snapshot;
  const { templateDirectory } = intent;
  const { templateDirectory: former, ...rest } = cluster;
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...scene.lookup.seen.flatMap((each) => nodeCanWork(scene, each.name, false)),
    ...(templateDirectory === null ? [] : directoryIsSound(scene, templateDirectory)),
  ];
  const words = templateDirectory ?? `${inStorage} of each storage directory`;
  const draft: Draft = {
    title: `Look for templates in ${words}`,
    subject: { kind: 'cluster', name: cluster.name },
    reasons,
  };
  if ((former ?? null) === templateDirectory)
    reasons.push(
      blocks('no-change', 'Template directory', `Templates are looked for in ${words} already.`, { field }),
    );
  const { seen, unseen } = scene.lookup;
  if (seen.length === 0) reasons.push(blocks('no-node', 'Nodes', 'No node answers that could be told.'));
  if (reasons.some((each) => each.severity === 'blocks')) return draft;
  if (unseen.length > 0)
    reasons.push(
      warning(
        'silent',
        'Nodes',
        `Not answering: ${listText(unseen.map((each) => each.name))}. What the others know is newer, and counts when they return.`,
      ),
    );
  if (templateDirectory !== null) reasons.push(...directoryIsThere(scene, templateDirectory));
  reasons.push(
    passed(
      'templates',
      'Template directory',
      `What lies in the former one stays as it is: ${former ?? inStorage}.`,
      {
        field,
      },
    ),
  );
  const files = seen.flatMap(({ facts }) =>
    facts?.membership && facts.membership.uuid === cluster.uuid ? [facts.membership] : [],
  );
  const newest = files.reduce<Membership | null>(
    (best, file) => (best && best.generation >= file.generation ? best : file),
    null,
  );
  const { templateDirectory: _, ...known } = newest ?? {
    version: 1 as const,
    cluster: cluster.name,
    uuid: cluster.uuid,
    generation: 0,
    nodes: rest.nodes.map(({ name, target }) => ({
      name,
      host: target.host,
      ...(target.port === undefined ? {} : { port: target.port }),
    })),
    storageDirectories: rest.storageDirectories,
  };
  const membership: Membership = {
    ...known,
    generation: known.generation + 1,
    ...(templateDirectory !== null && { templateDirectory }),
  };
  const list = makeStepList();
  for (const { name } of seen) addMembership(list, scene, name, membership);
  return { ...draft, steps: list.steps };
};
