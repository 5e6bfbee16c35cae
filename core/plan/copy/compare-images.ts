/** Compare: what is in the images of an instance, or of one path, on every node that has them. Reads everything, changes nothing. */
import { imageAt } from '../../cluster/backing.ts';
import { storageOf } from '../../cluster/lookup.ts';
import { listText } from '../../cluster/status.ts';
import { validateImagePath } from '../../storage/paths.ts';
import { formatBytes } from '../../storage/sizes.ts';
import { clusterChecks } from '../checks/nodes.ts';
import { nobodyUses } from '../checks/users.ts';
import type { CompareImagesIntent } from '../image-intents.ts';
import type { Reason } from '../reason.ts';
import { blocks, passed, type Scene, warning } from '../scene.ts';
import { type Draft, makeStepList } from '../step-list.ts';
import { findSubject } from '../subject.ts';

/** A place where copies of the images lie, and the nodes that see it: it is read through the first of them. */
export type ComparedPlace = { nodes: string[]; folder: string };

/** Folders at these paths, each once, whichever nodes show it. */
const placesOf = (scene: Scene, folders: ReadonlySet<string>): ComparedPlace[] => {
  const found = new Map<string, ComparedPlace>();
  for (const view of scene.lookup.seen)
    for (const folder of view.facts?.folders ?? []) {
      if (!folders.has(folder.path)) continue;
      const id = storageOf(view, folder.storage)?.id ?? `${view.name}:${folder.storage}`;
      const key = `${id} ${folder.inode}`;
      const known = found.get(key);
      if (known) known.nodes.push(view.name);
      else found.set(key, { nodes: [view.name], folder: folder.path });
    }
  return [...found.values()];
};

const wanted = (
  scene: Scene,
  { subject }: CompareImagesIntent,
):
  | { ok: true; title: string; subject: Draft['subject']; folders: Set<string>; names: string[] }
  | { ok: false; title: string; subject: Draft['subject']; reasons: Reason[] } => {
  if (subject.of === 'path') {
    const { path } = subject;
    const at = path.lastIndexOf('/');
    const said = {
      title: `Compare ${path} between the nodes`,
      subject: { kind: 'instance' as const, name: path.slice(0, at).split('/').at(-1) || path, uuid: null },
    };
    const checked = validateImagePath(path, scene.snapshot.cluster.storageDirectories);
    if (!checked.ok)
      return { ok: false, ...said, reasons: [blocks('path', 'Image', checked.message, { field: 'path' })] };
    return { ok: true, ...said, folders: new Set([path.slice(0, at)]), names: [path.slice(at + 1)] };
  }
  const found = findSubject(scene, subject.instance);
  if (!found.ok)
    return {
      ok: false,
      title: `Compare the images of ${subject.instance}`,
      subject: { kind: 'instance', name: subject.instance, uuid: null },
      reasons: found.reasons,
    };
  const { view } = found;
  return {
    ok: true,
    title: `Compare the images of ${view.name} between the nodes`,
    subject: { kind: 'instance', name: view.name, uuid: view.uuid },
    folders: new Set([
      ...view.folders.map((each) => each.folder.path),
      ...view.replicas.map((each) => each.folder),
    ]),
    names: view.disks.map((each) => each.path.slice(each.path.lastIndexOf('/') + 1)),
  };
};

export const planCompareImages = (scene: Scene, intent: CompareImagesIntent): Draft => {
  const asked = wanted(scene, intent);
  const { title, subject } = asked;
  if (!asked.ok) return { title, subject, reasons: asked.reasons };
  const places = placesOf(scene, asked.folders);
  const reasons: Reason[] = [...clusterChecks(scene)];
  const list = makeStepList();
  if (asked.names.length === 0)
    reasons.push(blocks('no-image', 'Images', `${subject.name} has no disk that could be compared.`));
  if (places.length === 0)
    reasons.push(
      blocks('no-folder', 'Images', `No node that answers has ${listText([...asked.folders])}.`, {
        field: 'path',
      }),
    );
  const silent = scene.lookup.unseen.map((each) => each.name);
  if (silent.length > 0)
    reasons.push(
      warning('silent', 'Nodes', `Not answering, so nothing is said about them: ${listText(silent)}.`),
    );
  let bytes = 0;
  for (const { nodes, folder } of places) {
    const [node = ''] = nodes;
    const view = scene.lookup.byName.get(node);
    const paths = asked.names.map((name) => `${folder}/${name}`);
    for (const path of paths) {
      const sight = imageAt(view, path);
      if (!sight) continue;
      bytes += sight.file.allocated;
      reasons.push(
        ...nobodyUses(
          scene,
          { node, path },
          {
            code: 'in-use',
            title: 'Images',
            why: ": what is written to can't be compared at one moment.",
          },
        ),
      );
    }
    if (nodes.length > 1)
      reasons.push(
        passed(
          'shared',
          'Shared',
          `${listText(nodes)} show the very same folder ${folder}: it is read once, on ${node}.`,
        ),
      );
    list.add(node, `Read the images in ${folder} on ${node}`, {
      do: 'hash-images',
      images: paths,
      ...(nodes.length > 1 ? { alsoOn: nodes.slice(1) } : {}),
    });
  }
  if (bytes > 0)
    reasons.push(passed('bytes', 'Reading', `${formatBytes(bytes)} are read, each on its node.`));
  return { title, subject, reasons, steps: list.steps };
};
