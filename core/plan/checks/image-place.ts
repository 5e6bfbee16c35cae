/** Where one image lies or shall lie: DIRECTORY/FOLDER/FILE, in no folder and under no name of VBDesk's own. */
import { recordsNaming } from '../../cluster/users.ts';
import { validateImagePath } from '../../storage/paths.ts';
import type { Reason } from '../reason.ts';
import { blocks, type Scene } from '../scene.ts';

export type ImagePlace = { node: string; path: string; storage: string; folder: string; name: string };

/** DIRECTORY/FOLDER/FILE, below a storage directory of the cluster. */
export const imagePlace = (
  scene: Scene,
  { node, path }: { node: string; path: string },
  side: { field: string; title: string },
): { reasons: Reason[]; place: ImagePlace | null } => {
  const { storageDirectories } = scene.snapshot.cluster;
  const block = (text: string) => ({
    reasons: [blocks('path', side.title, text, { node, field: side.field })],
    place: null,
  });
  const checked = validateImagePath(path, storageDirectories);
  if (!checked.ok) return block(checked.message);
  const storage = storageDirectories.find((each) => checked.value.startsWith(`${each}/`)) ?? '';
  const [folder = '', name = '', ...more] = checked.value.slice(storage.length + 1).split('/');
  if (storage === '' || folder === '' || name === '' || more.length > 0)
    return block(
      `${path} does not lie in a folder of a storage directory: DIRECTORY/FOLDER/FILE is what an image is called.`,
    );
  if (folder.startsWith('.'))
    return block(`${path}: ${folder} is a folder of VBDesk itself, in which nothing is copied.`);
  if (name.startsWith('.') || /^(instance|replica)\.json$|^xen\.cfg$/.test(name) || name.includes('.partial'))
    return block(`${path}: ${name} is a name that VBDesk itself uses, and no image's.`);
  return {
    reasons: [],
    place: { node, path: checked.value, storage, folder: `${storage}/${folder}`, name },
  };
};

const folderAt = (scene: Scene, { node, folder }: ImagePlace) =>
  scene.lookup.byName.get(node)?.facts?.folders.find((each) => each.path === folder);

export const placeIsUnlocked = (scene: Scene, place: ImagePlace, field: string): Reason[] => {
  const { node, folder } = place;
  const found = folderAt(scene, place);
  return found?.lock
    ? [
        blocks(
          'locked',
          'Lock',
          `${folder} on ${node} is locked${found.lock.ok ? ` (${found.lock.lock.title}, run ${found.lock.lock.run})` : ''}: wait for the run that works in it, resume it, or break its lock.`,
          { node, field },
        ),
      ]
    : [];
};

/** A record that names the place makes whatever comes to lie there its instance's disk, unasked. */
const isNoDisk = (scene: Scene, { node, path }: ImagePlace): Reason[] =>
  recordsNaming(scene.lookup, node, path).map(({ record, disk }) =>
    blocks(
      'place-of-disk',
      'Target',
      `${path} is the place of disk ${disk} of ${record.name}, whose file is missing: what is put there would become its disk, unasked. Choose another name, or take that disk out of ${record.name} first (vbdesk instance disk remove).`,
      { node, field: 'to' },
    ),
  );

/** Whether its folder is there already, and what is in the way of a new file of that name. */
export const placeIsFree = (scene: Scene, place: ImagePlace): { reasons: Reason[]; exists: boolean } => {
  const { node, path, folder, name } = place;
  const about = { node, field: 'to' };
  const found = folderAt(scene, place);
  if (!found) return { exists: false, reasons: isNoDisk(scene, place) };
  const taken = found.files.some((each) => each.name === name);
  const reasons: Reason[] = taken ? [] : isNoDisk(scene, place);
  if (taken)
    reasons.push(
      blocks(
        'exists',
        'Target',
        `${path} exists on ${node} and is left as it is: choose another name.`,
        about,
      ),
    );
  if (found.replica && found.record === null)
    reasons.push(
      blocks(
        'replica',
        'Target',
        `${folder} on ${node} is a replica, into which nothing else is copied.`,
        about,
      ),
    );
  return { exists: true, reasons };
};
