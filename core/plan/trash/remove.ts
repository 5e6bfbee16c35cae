/** Remove: one rename into `.trash`; purging deletes exactly the recorded files. */

import type { InstanceView } from '../../cluster/instances.ts';
import { trashDirectory } from '../../cluster/schema.ts';
import { listText } from '../../cluster/status.ts';
import { baseName } from '../../storage/paths.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { restartsBehindOurBack } from '../checks/domains.ts';
import { folderOn } from '../checks/images.ts';
import { noNeighbours } from '../checks/neighbours.ts';
import { clusterChecks, nodeCanWork, troubleOf } from '../checks/nodes.ts';
import { nothingBuildsOn, readyDirectories } from '../checks/overlays.ts';
import { lockIsFree, recordMayChange } from '../checks/record.ts';
import { noTrashBuildsOn } from '../checks/trash.ts';
import { suspectsOf, vouchChecks } from '../checks/vouching.ts';
import { removeEquivalent } from '../equivalent.ts';
import { addStopping, holdersOf, memoryOn } from '../instance/stopping.ts';
import type { Reason } from '../reason.ts';
import { replicaHolders } from '../records.ts';
import { blocks, consent, isoOf, passed, type Scene, warning } from '../scene.ts';
import { addLock, addUnlock, type Draft, makeStepList, undoOf } from '../step-list.ts';
import { findSubject, identityOf, workingNode } from '../subject.ts';
import { purgeCode } from './purge-trash.ts';

/** NAME.UUID8.TIME, so that several removed ones of a name lie beside each other. */
export const trashName = (view: Pick<InstanceView, 'name' | 'uuid'>, at: string): string =>
  `${view.name}.${view.uuid.slice(0, 8)}.${at.replaceAll(/[-:]|\.\d+/g, '')}`;

/** What is lost, by path and bytes: shown before anybody types the name. */
const whatGoes = (view: InstanceView, purge: boolean, trash: string): Reason => {
  const files = view.disks.map(
    (each) => `${each.path} (${formatBytes(each.size)}, ${formatBytes(each.allocated ?? 0)} on disk)`,
  );
  const list = files.length > 0 ? files.join(', ') : 'no images';
  return purge
    ? consent(
        purgeCode([{ called: view.name }]),
        'Deleted for good',
        `${list}, xen.cfg and the record. This can't be taken back.`,
      )
    : passed(
        'into-trash',
        'Into the trash',
        `${view.folder} becomes ${trash}: ${list}. It can be restored from there.`,
      );
};

export const planRemove = (
  scene: Scene,
  intent: { instance: string; purge: boolean; timeoutSeconds: number },
): Draft => {
  const found = findSubject(scene, intent.instance);
  if (!found.ok)
    return {
      title: `Remove ${intent.instance}`,
      subject: { kind: 'instance', name: intent.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  const { folder, name, primary } = view;
  const at = isoOf(scene.context.now);
  const trash = `${view.storage}/${trashDirectory}/${trashName(view, at)}`;
  const held = holdersOf(view);
  const node = workingNode(view);
  const suspects = suspectsOf(scene, view);
  const sight = node === null ? null : folderOn(view, node);
  const strangers =
    sight?.folder.files
      .map((each) => each.name)
      .filter((each) => !view.disks.some((disk) => disk.path === `${folder}/${each}`)) ?? [];
  const outside = view.disks.filter(
    (each) => !each.path.startsWith(`${folder}/`) || each.path.slice(folder.length + 1).includes('/'),
  );
  const reasons: Reason[] = [
    ...clusterChecks(scene),
    ...recordMayChange(view),
    ...lockIsFree(scene, view),
    ...(node === null
      ? [
          blocks(
            'no-folder',
            'Folder',
            `No node that answers shows the folder ${folder} where its record was written.`,
          ),
        ]
      : nodeCanWork(scene, node)),
    ...(primary !== null && scene.lookup.byName.get(primary)?.seen !== true
      ? [
          warning('primary-unseen', 'Primary', `${primary} can't be asked: ${troubleOf(scene, primary)}.`, {
            node: primary,
          }),
        ]
      : []),
    ...restartsBehindOurBack(scene, name),
    ...vouchChecks(scene, view, suspects),
    ...(sight === null
      ? []
      : noNeighbours(
          scene,
          sight,
          view.disks.map((each) => baseName(each.path)),
          'It would go with the folder: move it out of there first.',
        )),
    ...(intent.purge && strangers.length > 0
      ? [
          blocks(
            'strangers',
            'Other files',
            `${folder} holds what the record does not name: ${strangers.join(', ')}. Move it away first (vbdesk image release deletes what a conversion or the removal of a disk kept), or remove without purging.`,
          ),
        ]
      : []),
    ...(intent.purge && outside.length > 0
      ? [
          blocks(
            'outside',
            'Images elsewhere',
            `${outside.map((each) => each.path).join(', ')} does not lie in ${folder}: purging deletes files of the folder only.`,
          ),
        ]
      : []),
    ...(sight === null
      ? []
      : nothingBuildsOn(
          scene,
          sight,
          sight.folder.files.map((each) => each.name),
          intent.purge ? 'deleted' : 'moved into the trash',
          (path) => path.startsWith(`${folder}/`),
        )),
    ...(sight !== null && intent.purge
      ? noTrashBuildsOn(
          scene,
          sight.node,
          sight.folder.files.map((each) => `${folder}/${each.name}`),
        )
      : []),
    held.length > 0
      ? passed('state', 'State', `${view.statusText} It is stopped first.`)
      : passed('state', 'State', view.statusText),
    whatGoes(view, intent.purge, trash),
    ...(replicaHolders(view).length === 0
      ? []
      : [
          warning(
            'replicas-stay',
            'Replicas',
            `${listText(replicaHolders(view))} may hold a replica of ${name}, which stays: nothing starts from it once ${name} is removed. Discard it there if it is not needed any more.`,
          ),
        ]),
  ];
  const draft: Draft = {
    title: `Remove ${name}${intent.purge ? ' and delete its images' : ''}`,
    subject: { kind: 'instance', name, uuid: view.uuid },
    reasons,
    equivalent: removeEquivalent(name, intent.timeoutSeconds),
    effects: { memory: held.map((each) => ({ node: each.node, mib: -memoryOn(view, each.node) })) },
  };
  if (node === null || sight === null) return draft;
  const guest = identityOf(view.record);
  const { run } = scene.context;
  const seen = scene.lookup.seen.map((each) => each.name);
  const list = makeStepList();
  addLock(list, scene, {
    node,
    folder,
    title: `remove ${name}`,
    // each of them gets a note that it is removed
    nodes: seen,
  });
  for (const each of held)
    addStopping(list, scene, view, {
      held: each,
      timeoutSeconds: intent.timeoutSeconds,
      // biome-ignore lint/suspicious/noThenProperty: a word of the intent, never a function
      then: 'force',
      undo: each.node !== primary ? 'never' : each.alive ? 'revive' : 'leave',
    });
  list.add(seen, `Make sure that ${name} runs nowhere`, { do: 'verdict', ...guest });
  if (intent.purge && guest.images.length > 0)
    list.add(node, 'Make sure that no other image builds on them', {
      do: 'check-no-overlays',
      images: guest.images,
      directories: readyDirectories(scene, node),
    });
  for (const each of seen)
    list.add(
      each,
      `Note on ${each} that it was removed`,
      { do: 'write-tombstone', uuid: view.uuid, name, at },
      { undo: [undoOf(each, `Take the note on ${each} back`, { do: 'remove-tombstone', uuid: view.uuid })] },
    );
  // the notes took their time, and a run that was cut off among them goes on much later: looks are repeated only next to a change
  list.add(seen, `Make sure that ${name} still runs nowhere`, { do: 'verdict', ...guest });
  list.add(
    node,
    'Move the folder into the trash',
    { do: 'move-folder', from: folder, to: trash, expectInode: sight.folder.inode },
    { commit: true },
  );
  if (intent.purge) {
    const files = view.disks
      .map((each) => each.path.slice(folder.length + 1))
      .filter((each) => sight.folder.files.some((file) => file.name === each));
    // whoever has an image open has it open under any name; what is deleted here does not come back
    list.add(seen, `Make sure that nothing has the images of ${name} open`, {
      do: 'verdict',
      ...guest,
      images: files.map((each) => `${trash}/${each}`),
    });
    list.add(node, 'Delete the recorded files', { do: 'purge-folder', folder: trash, files, run });
  } else addUnlock(list, scene, node, trash, false);
  return { ...draft, steps: list.steps };
};
