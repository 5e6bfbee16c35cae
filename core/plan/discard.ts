/** Discard: a folder that does not count (a replica, an older state, the other side of a fork) goes into the trash. */
import { trashDirectory } from '../cluster/schema.ts';
import { clusterChecks, mustAnswer, nodeCanWork } from './checks/nodes.ts';
import type { DiscardIntent } from './intent.ts';
import { trashName } from './remove.ts';
import { blocks, consent, isoOf, type Scene } from './scene.ts';
import { addLock, addUnlock, type Draft, makeStepList } from './step-list.ts';
import { findSubject, identityOf } from './subject.ts';

/** The code holds the name, so that giving it means typing it. */
export const discardCode = (name: string, node: string): string => `discard:${name}@${node}`;

export const planDiscard = (scene: Scene, intent: DiscardIntent): Draft => {
  const { node, path: folder } = intent;
  const title = `Discard ${folder} on ${node}`;
  const found = findSubject(scene, intent.instance);
  if (!found.ok)
    return {
      title,
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  const draft: Draft = {
    title,
    subject: { kind: 'instance', name: view.name, uuid: view.uuid },
    reasons: [
      ...clusterChecks(scene),
      ...mustAnswer(scene, node, 'Node', 'node'),
      ...nodeCanWork(scene, node),
    ],
    equivalent: null,
  };
  const here = (each: { node: string; seen: boolean }): boolean => each.node === node && each.seen;
  const current = view.folders.find((each) => here(each) && each.current && each.folder.path === folder);
  const other = view.folders.find((each) => here(each) && !each.current && each.folder.path === folder);
  const replica = view.replicas.find((each) => here(each) && each.folder === folder);
  if (current || (!other && !replica)) {
    draft.reasons.push(
      blocks(
        'not-discardable',
        'Folder',
        current
          ? `${folder} on ${node} is the folder of ${view.name} that counts: use remove for the instance itself.`
          : `${node} shows no replica and no other state of ${view.name} in ${folder}.`,
        { node, field: 'path' },
      ),
    );
    return draft;
  }
  const inode = other?.folder.inode ?? replica?.inode ?? 0;
  const sight = scene.lookup.byName.get(node)?.facts?.folders.find((each) => each.path === folder);
  if (sight?.lock)
    draft.reasons.push(
      blocks('locked', 'Lock', `${folder} on ${node} is locked: wait for that run, or break its lock.`, {
        node,
      }),
    );
  const record = other?.folder.record?.ok ? other.folder.record.record : null;
  const fork = record !== null && !view.record.ancestors.includes(record.id) && record.id !== view.record.id;
  if (view.domains.some((each) => each.seen && each.node === node && view.primary !== node))
    draft.reasons.push(
      blocks('running', 'State', `${node} runs a domain of ${view.name}: stop it there first.`, { node }),
    );
  draft.reasons.push(
    consent(
      discardCode(view.name, node),
      fork ? 'Another branch' : replica ? 'A replica' : 'An older state',
      fork
        ? `${folder} on ${node} holds another history of ${view.name} (generation ${record.generation}, written ${record.written.at}): what was written there is nowhere else. It goes into the trash, from where it can be restored until it is purged.`
        : `${folder} on ${node} goes into the trash, from where it can be restored until it is purged. ${view.name} itself stays as it is.`,
      { node },
    ),
  );
  const trash = `${folder.slice(0, folder.lastIndexOf('/'))}/${trashDirectory}/${trashName(view, isoOf(scene.context.now))}`;
  const guest = identityOf(view.record);
  const images = (sight?.files ?? []).map((each) => `${folder}/${each.name}`);
  const list = makeStepList();
  addLock(list, scene, { node, folder, title: `discard ${folder}`, nodes: [node] });
  list.add(node, `Make sure that nothing on ${node} uses it`, {
    do: 'verify-files',
    folder,
    recordId: record?.id ?? null,
    disks: [],
  });
  // on its own node the instance may run from its own folder
  if (view.primary !== node)
    list.add(node, `Make sure that ${view.name} does not run on ${node}`, {
      do: 'verdict',
      ...guest,
      images,
    });
  list.add(
    node,
    'Move it into the trash',
    { do: 'move-folder', from: folder, to: trash, expectInode: inode },
    { commit: true },
  );
  addUnlock(list, scene, node, trash, false);
  return { ...draft, steps: list.steps };
};
