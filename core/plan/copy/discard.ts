/** Discard: a folder that does not count (a replica, an older state, the other side of a fork) goes into the trash. */
import { branchNodes, relationOf, strayReplicas } from '../../cluster/gone-on.ts';
import { claimCommand } from '../../cluster/hand-over-text.ts';
import type { InstanceFolder, InstanceReplica, InstanceView } from '../../cluster/instances.ts';
import { recordOf } from '../../cluster/lookup.ts';
import type { InstanceRecord } from '../../cluster/record.ts';
import { trashDirectory } from '../../cluster/schema.ts';
import { listText } from '../../cluster/status.ts';
import { clusterChecks, mustAnswer, nodeCanWork, troubleOf } from '../checks/nodes.ts';
import { addUnused, nobodyUses } from '../checks/users.ts';
import type { DiscardIntent } from '../intent.ts';
import { vouchCode } from '../plan.ts';
import type { Reason } from '../reason.ts';
import { nextRecord, recordFile, replicaNodesAfter, vouchingsAfter } from '../records.ts';
import { blocks, consent, isoOf, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList } from '../step-list.ts';
import { findSubject, workingNode } from '../subject.ts';
import { trashName } from '../trash/remove.ts';
import { addRecordWrite } from '../write-steps.ts';

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
  /** nodes that may run the branch of which it tells: the record learns them before it goes */
  news?: string[];
  /** nothing else warns of that branch, so it stays until the record can name them */
  alone?: boolean;
  /** the record names the node as one that may hold a copy, and nothing is left there once it has gone: then it is taken out */
  forgets?: boolean;
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
const branchThatCounts = (
  scene: Scene,
  view: InstanceView,
  current: InstanceFolder,
  node: string,
): Looked => ({
  folder: {
    name: view.name,
    uuid: view.uuid,
    inode: current.folder.inode,
    recordId: view.record.id,
    besides: false,
  },
  reasons: [
    ...branchSilent(scene, view, node, view.record),
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

/** A folder with an older record, which would count again if this replica were gone. */
const overtakenBy = (view: InstanceView, replica: InstanceReplica): InstanceFolder | null =>
  view.folders.find((each) => {
    const record = recordOf(each);
    return !each.current && record !== null && relationOf(replica.replica.record, record) === 'after';
  }) ?? null;

/** Nodes of another branch that the record would not have asked for while they are silent. */
const unknownTo = ({ record, primary, shared }: InstanceView, other: InstanceRecord): string[] => {
  const known = [primary, ...(record.replicaNodes ?? []), ...(shared ? [] : record.formerPrimaries)];
  return branchNodes(other).filter((each) => !known.includes(each));
};

/** Nodes that may run a branch and can't be looked at: once what tells of it is gone, nobody is warned any more. */
const branchSilent = (scene: Scene, view: InstanceView, node: string, record: InstanceRecord): Reason[] =>
  branchNodes(record).flatMap((each) =>
    each === node ||
    (each === view.primary && record !== view.record) ||
    scene.lookup.byName.get(each)?.seen !== false
      ? []
      : [
          consent(
            vouchCode(each),
            `${each} may be alive`,
            `What goes is of a branch of ${view.name} that ${each} may run: ${troubleOf(scene, each)}. Say how you know that it is down, since nothing else may warn of it later.`,
            { node: each },
          ),
        ],
  );

const folderOf = (scene: Scene, intent: DiscardIntent, view: InstanceView): Looked => {
  const { node, path: folder } = intent;
  const here = (each: { node: string; seen: boolean }): boolean => each.node === node && each.seen;
  const current = view.folders.find((each) => here(each) && each.current && each.folder.path === folder);
  const other = view.folders.find((each) => here(each) && !each.current && each.folder.path === folder);
  const replica = view.replicas.find((each) => here(each) && each.folder === folder);
  // nodes that read one folder differently are a fork as well, but there is only one branch to keep then
  const fork =
    view.problems.some((each) => each.code === 'fork') &&
    (view.folders.some((each) => !each.current) || strayReplicas(view.record, view.replicas).length > 0);
  if (current && fork) return branchThatCounts(scene, view, current, node);
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
  const written = other?.folder.record?.ok ? other.folder.record.record : null;
  const stray = replica ? strayReplicas(view.record, [replica])[0] : undefined;
  const overtaken = replica ? overtakenBy(view, replica) : null;
  if (overtaken !== null)
    return {
      folder: null,
      reasons: [
        blocks(
          'counts',
          'Folder',
          `This replica is of a later state of ${view.name} than ${overtaken.folder.path} on ${overtaken.node}, and tells who may run it: without it, that older state would start as if it were the last. If the older one shall be ${view.name} all the same, claim it first (${claimCommand(view.name, { node: overtaken.node, folder: overtaken.folder.path })}); else discard the older one.`,
          { node, field: 'path' },
        ),
      ],
    };
  const record = stray?.replica.record ?? written;
  const branch =
    stray !== undefined ||
    (record !== null && !view.record.ancestors.includes(record.id) && record.id !== view.record.id);
  const runsHere = view.domains.some((each) => here(each)) && view.primary !== node;
  const left =
    view.replicas.some((each) => each !== replica && each.node === node) ||
    view.folders.some((each) => each.node === node && each.folder.path !== folder);
  // what it told of who may run its branch is kept in the record; a replica that stays on that node keeps the node named
  const news = branch && record !== null ? unknownTo(view, record) : [];
  const named = news.length > 0 ? replicaNodesAfter(view, { added: news }) : (view.record.replicaNodes ?? []);
  return {
    folder: {
      name: view.name,
      uuid: view.uuid,
      inode: other?.folder.inode ?? replica?.inode ?? 0,
      recordId: written?.id ?? null,
      besides: view.primary === node,
      ...(news.length > 0 && { news }),
      ...(!left && named.includes(node) && { forgets: true }),
      ...(stray && { alone: true }),
    },
    reasons: [
      ...(branch && record !== null ? branchSilent(scene, view, node, record) : []),
      ...(runsHere
        ? [
            blocks('running', 'State', `${node} runs a domain of ${view.name}: stop it there first.`, {
              node,
            }),
          ]
        : []),
      consent(
        discardCode(view.name, node),
        branch ? 'Another branch' : replica ? 'A replica' : 'An older state',
        branch && record !== null
          ? `${folder} on ${node} holds another history of ${view.name} (generation ${record.generation}, written ${record.written.at}): what was written there is nowhere else. It goes into the trash, from where it can be restored until it is purged.`
          : `${folder} on ${node} goes into the trash, from where it can be restored until it is purged. ${view.folders.some((each) => each.current) ? `${view.name} itself stays as it is.` : `No node that answers shows ${view.name} itself: this replica may be all that is left of it.`}`,
        { node },
      ),
    ],
  };
};

type Renaming = {
  reasons: Reason[];
  at: {
    node: string;
    folder: string;
    record: InstanceRecord;
    /** it learns nodes that what goes told of, so this is written before; null when there are none */
    learnt: InstanceRecord | null;
    /** a record that names too many may be written afterwards; null when it goes on naming the node */
    forgotten: InstanceRecord | null;
  } | null;
};

/**
 * The record afterwards. Where it can't be written now, it goes on naming the node, which is asked for once too often; what only
 * the replica of another branch tells must be written, or that is not discarded.
 */
const renaming = (scene: Scene, view: InstanceView, target: Folder, node: string): Renaming => {
  const { news = [], alone = false, forgets = false } = target;
  const { record, folder, replicas } = view;
  if (news.length === 0 && !forgets) return { reasons: [], at: null };
  const at = workingNode(view);
  const others = view.folders.some((each) => !each.current && each.folder.inode !== target.inode);
  const stands = view.problems.some(({ code }) => code === 'place' || (code === 'fork' && others));
  const why =
    at === null
      ? 'no node that answers shows it'
      : view.lock !== null
        ? 'a run works on the instance'
        : stands
          ? 'which folder counts is not resolved'
          : null;
  if (why === null && at !== null) {
    const vouched = scene.approval.vouched.map((each) => each.node);
    const write = (before: InstanceRecord, replicaNodes: string[], label: string): InstanceRecord =>
      nextRecord(scene, before, { replicaNodes, vouchings: vouchingsAfter(scene, record, vouched) }, label);
    const learnt =
      news.length > 0 ? write(record, replicaNodesAfter(view, { added: news }), 'holders') : null;
    const known = { record: learnt ?? record, replicas };
    const forgotten = forgets
      ? write(known.record, replicaNodesAfter(known, { gone: node }), 'holders left')
      : null;
    return { reasons: nodeCanWork(scene, at), at: { node: at, folder, record, learnt, forgotten } };
  }
  return {
    at: null,
    reasons: [
      alone && news.length > 0
        ? blocks(
            'record-away',
            'Record',
            `The record of ${view.name} can't be written now (${why ?? ''}). Only this replica tells who may run the branch that it is of, so it stays until the record can name them.`,
          )
        : warning(
            'record-stays',
            'Record',
            news.length === 0
              ? `The record of ${view.name} can't be written now (${why ?? ''}): it goes on naming ${node} as a node that holds, or held, a copy or another state of it, so ${node} has to be vouched for whenever it does not answer.`
              : `The record of ${view.name} can't be written now (${why ?? ''}): it does not learn that ${listText(news)} may run the other branch. Make sure of that before it is started.`,
            { node },
          ),
    ],
  };
};

export const planDiscard = (scene: Scene, intent: DiscardIntent): Draft => {
  const { node, path: folder } = intent;
  const title = `Discard ${folder} on ${node}`;
  const found = findSubject(scene, intent.instance);
  const looked = found.ok ? folderOf(scene, intent, found.view) : leftReplica(scene, intent);
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
      blocks(
        'locked',
        'Lock',
        `${folder} on ${node} is locked: wait for that run, or break its lock (vbdesk instance unlock ${folder} -n ${node}).`,
        {
          node,
        },
      ),
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
  const naming = found.ok ? renaming(scene, found.view, target, node) : null;
  draft.reasons.push(...(naming?.reasons ?? []));
  const list = makeStepList();
  const locked = `discard ${folder}`;
  if (naming?.at)
    addLock(list, scene, {
      node: naming.at.node,
      folder: naming.at.folder,
      title: locked,
      nodes: [naming.at.node, node],
    });
  addLock(list, scene, { node, folder, title: locked, nodes: [node] });
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
  if (naming?.at?.learnt) {
    const { node: keeper, folder: kept, record, learnt } = naming.at;
    addRecordWrite(
      list,
      scene,
      { node: keeper, folder: kept, title: 'Record which nodes may hold a copy' },
      { record, next: learnt, label: 'holders' },
    );
  }
  list.add(
    node,
    'Move it into the trash',
    { do: 'move-folder', from: folder, to: trash, expectInode: target.inode },
    { commit: true },
  );
  addUnlock(list, scene, node, trash, false);
  if (naming?.at) {
    const { node: keeper, folder: kept, record, learnt, forgotten } = naming.at;
    if (forgotten)
      list.add(keeper, 'Record which nodes hold a copy now', {
        do: 'write-record',
        folder: kept,
        record: forgotten,
        expectId: (learnt ?? record).id,
      });
    addUnlock(list, scene, keeper, kept, false);
    draft.files = [{ node: keeper, ...recordFile(kept, record, forgotten ?? learnt ?? record) }];
  }
  return { ...draft, steps: list.steps };
};
