/** Discard: a folder that does not count (a replica, an older state, the other side of a fork) goes into the trash. */
import type { InstanceFolder, InstanceView } from '../cluster/instances.ts';
import { trashDirectory } from '../cluster/schema.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from './checks/nodes.ts';
import { addUnused, nobodyUses } from './checks/users.ts';
import type { DiscardIntent } from './intent.ts';
import type { Reason } from './reason.ts';
import { trashName } from './remove.ts';
import { blocks, consent, isoOf, type Scene } from './scene.ts';
import { addLock, addUnlock, type Draft, makeStepList } from './step-list.ts';
import { findSubject } from './subject.ts';

/** The code holds the name, so that giving it means typing it. */
export const discardCode = (name: string, node: string): string => `discard:${name}@${node}`;

type Folder = {
  /** what the trash is named after, and what must not run from it */
  name: string;
  uuid: string;
  inode: number;
  /** id of its record, null for a replica */
  recordId: string | null;
  /** the instance runs on that node from another folder, so only this folder can be looked at */
  besides: boolean;
};
type Looked = { reasons: Reason[]; folder: Folder | null };

/** A replica whose instance no node knows any more. */
const leftReplica = (scene: Scene, intent: DiscardIntent): Looked => {
  const sight = [...scene.lookup.replicas.values()]
    .flat()
    .find((each) => each.node === intent.node && each.folder.path === intent.path);
  const found = sight?.folder.replicaRecord;
  const nothing = { reasons: [], folder: null };
  if (!sight || !found?.ok) return nothing;
  const { name, uuid } = found.replica.record;
  if (intent.instance !== name && intent.instance !== uuid) return nothing;
  return {
    folder: { name, uuid, inode: sight.folder.inode, recordId: null, besides: false },
    reasons: [
      consent(
        discardCode(name, intent.node),
        'A replica without its instance',
        `No node that answers has a record of ${name}: this replica may be all that is left of it. It goes into the trash, from where it can be restored until it is purged.`,
        { node: intent.node },
      ),
    ],
  };
};

/** Of two histories a person may choose the one that counts less by its generation; the guest must not run then. */
const branchThatCounts = (view: InstanceView, current: InstanceFolder, node: string): Looked => ({
  folder: {
    name: view.name,
    uuid: view.uuid,
    inode: current.folder.inode,
    recordId: view.record.id,
    besides: false,
  },
  reasons: [
    ...view.domains
      .filter((each) => each.seen)
      .map((each) =>
        blocks('running', 'State', `${view.name} runs on ${each.node}: stop it before a branch is chosen.`, {
          node: each.node,
        }),
      ),
    consent(
      discardCode(view.name, node),
      'The newer branch',
      `${current.folder.path} on ${node} holds the history of ${view.name} that was handed over last (generation ${view.record.generation}, written ${view.record.written.at}). When it goes into the trash, the other one is ${view.name}; what was written here is nowhere else.`,
      { node },
    ),
  ],
});

const folderOf = (intent: DiscardIntent, view: InstanceView): Looked => {
  const { node, path: folder } = intent;
  const here = (each: { node: string; seen: boolean }): boolean => each.node === node && each.seen;
  const current = view.folders.find((each) => here(each) && each.current && each.folder.path === folder);
  const other = view.folders.find((each) => here(each) && !each.current && each.folder.path === folder);
  const replica = view.replicas.find((each) => here(each) && each.folder === folder);
  // nodes that read one folder differently are a fork as well, but there is only one branch to keep then
  const fork =
    view.problems.some((each) => each.code === 'fork') && view.folders.some((each) => !each.current);
  if (current && fork) return branchThatCounts(view, current, node);
  if (current || (!other && !replica))
    return {
      folder: null,
      reasons: [
        blocks(
          'not-discardable',
          'Folder',
          current
            ? `${folder} on ${node} is the folder of ${view.name} that counts: use remove for the instance itself.`
            : `${node} shows no replica and no other state of ${view.name} in ${folder}.`,
          { node, field: 'path' },
        ),
      ],
    };
  const record = other?.folder.record?.ok ? other.folder.record.record : null;
  const branch =
    record !== null && !view.record.ancestors.includes(record.id) && record.id !== view.record.id;
  const stray = view.domains.some((each) => here(each)) && view.primary !== node;
  return {
    folder: {
      name: view.name,
      uuid: view.uuid,
      inode: other?.folder.inode ?? replica?.inode ?? 0,
      recordId: record?.id ?? null,
      besides: view.primary === node,
    },
    reasons: [
      ...(stray
        ? [
            blocks('running', 'State', `${node} runs a domain of ${view.name}: stop it there first.`, {
              node,
            }),
          ]
        : []),
      consent(
        discardCode(view.name, node),
        branch ? 'Another branch' : replica ? 'A replica' : 'An older state',
        branch
          ? `${folder} on ${node} holds another history of ${view.name} (generation ${record.generation}, written ${record.written.at}): what was written there is nowhere else. It goes into the trash, from where it can be restored until it is purged.`
          : `${folder} on ${node} goes into the trash, from where it can be restored until it is purged. ${view.name} itself stays as it is.`,
        { node },
      ),
    ],
  };
};

export const planDiscard = (scene: Scene, intent: DiscardIntent): Draft => {
  const { node, path: folder } = intent;
  const title = `Discard ${folder} on ${node}`;
  const found = findSubject(scene, intent.instance);
  const looked = found.ok ? folderOf(intent, found.view) : leftReplica(scene, intent);
  const target = looked.folder;
  const draft: Draft = {
    title,
    subject: {
      kind: 'instance',
      name: found.ok ? found.view.name : intent.instance,
      uuid: found.ok ? found.view.uuid : null,
    },
    reasons: [
      ...clusterChecks(scene),
      ...mustAnswer(scene, node, 'Node', 'node'),
      ...nodeCanWork(scene, node),
      ...looked.reasons,
      ...(found.ok || target ? [] : found.reasons),
    ],
    equivalent: null,
  };
  if (target === null || !scene.lookup.byName.get(node)?.seen) return draft;
  const sight = scene.lookup.byName.get(node)?.facts?.folders.find((each) => each.path === folder);
  if (sight?.lock)
    draft.reasons.push(
      blocks('locked', 'Lock', `${folder} on ${node} is locked: wait for that run, or break its lock.`, {
        node,
      }),
    );
  for (const file of sight?.files ?? [])
    draft.reasons.push(
      ...nobodyUses(
        scene,
        { node, path: `${folder}/${file.name}` },
        { code: 'open', title: 'In use', why: ', so it stays. Stop what uses it first.' },
      ),
    );
  const trash = `${folder.slice(0, folder.lastIndexOf('/'))}/${trashDirectory}/${trashName(target, isoOf(scene.context.now))}`;
  const list = makeStepList();
  addLock(list, scene, { node, folder, title: `discard ${folder}`, nodes: [node] });
  list.add(node, 'Look at the folder', {
    do: 'verify-files',
    folder,
    recordId: target.recordId,
    disks: [],
  });
  const files = (sight?.files ?? []).map((each) => `${folder}/${each.name}`);
  if (files.length > 0)
    addUnused(list, scene, node, files, 'Make sure that nobody on any node has them open');
  if (!target.besides)
    list.add(node, `Make sure that nothing on ${node} runs from it`, {
      do: 'verdict',
      uuid: target.uuid,
      name: target.name,
      images: files,
    });
  list.add(
    node,
    'Move it into the trash',
    { do: 'move-folder', from: folder, to: trash, expectInode: target.inode },
    { commit: true },
  );
  addUnlock(list, scene, node, trash, false);
  return { ...draft, steps: list.steps };
};
