/**
 * Which changes of a draft rest on which earlier ones: when one of those fails, they are not done either. Told by what each touches.
 * Whoever is not sure is dependent: a change that could have been done waits for a person, one that should not have been is not done.
 */
import type { InstanceView } from '../cluster/instances.ts';
import { templateDirectory, trashDirectory } from '../cluster/schema.ts';
import type { Intent } from '../plan/intent.ts';
import { baseName, isBelow } from '../storage/paths.ts';
import type { Change } from './draft.ts';

/** An instance that is there: its uuid and its folders are other words for it. */
export type KnownInstance = { name: string; uuid: string; folders: readonly string[] };

export const knownInstancesOf = (views: readonly InstanceView[]): KnownInstance[] =>
  views.map(({ name, uuid, folders }) => ({
    name,
    uuid,
    folders: [...new Set(folders.map(({ folder }) => folder.path))],
  }));

type Things = { instances: string[]; paths: string[] };
/** What a change writes to, and what it only reads. `everything`: settings of the cluster, on which all rests. */
type Touched = { writes: Things; reads: Things; everything?: true };

const nothing: Things = { instances: [], paths: [] };
const touched = (writes: Partial<Things>, reads: Partial<Things> = {}): Touched => ({
  writes: { ...nothing, ...writes },
  reads: { ...nothing, ...reads },
});

/** Files that are named: not null, not left out, and nothing on the workstation. */
const named = (...paths: (string | null | undefined)[]): string[] =>
  paths.filter((path): path is string => path?.startsWith('/') === true);

/** `template:FILE`: wherever templates lie, it is known by its base name. */
const templateOf = (os: string): string[] =>
  os.startsWith('template:') ? [`/${templateDirectory}/${os.slice('template:'.length)}`] : [];

/** The folder in which it comes to lie, where that is said. */
const folderIn = (directory: string | null, name: string): string[] =>
  named(directory === null ? null : `${directory}/${name}`);

/** NAME.UUID8.TIME: which of its dots end the name is not known, so each may. */
const namesInTrash = (trashName: string): string[] =>
  trashName.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'));

const ofTrash = (folders: readonly { storageDirectory: string; trashName: string }[]): Touched =>
  touched({
    instances: folders.flatMap(({ trashName }) => namesInTrash(trashName)),
    paths: folders.map((each) => `${each.storageDirectory}/${trashDirectory}/${each.trashName}`),
  });

const touchedBy = (intent: Intent): Touched => {
  switch (intent.kind) {
    case 'cluster-init':
    case 'cluster-modify':
      return { ...touched({}), everything: true };
    case 'create':
      return touched(
        { instances: [intent.name], paths: folderIn(intent.storageDirectory, intent.name) },
        {
          paths: [
            ...named(...intent.disks.flatMap((disk) => [disk.base, disk.import])),
            ...named(...(intent.osImport ?? []).map((each) => each.file)),
            ...templateOf(intent.os),
          ],
        },
      );
    case 'adopt':
      return touched({ instances: [intent.name], paths: named(...intent.paths, intent.config) });
    case 'clone':
      return touched(
        { instances: [intent.name], paths: folderIn(intent.storageDirectory, intent.name) },
        { instances: [intent.instance] },
      );
    case 'rename':
      return touched({ instances: [intent.instance, intent.name] });
    case 'move':
      return touched({
        instances: [intent.instance],
        paths: folderIn(intent.storageDirectory, intent.instance),
      });
    case 'claim':
    case 'discard':
      return touched({ instances: [intent.instance], paths: named(intent.path) });
    case 'disk-add': {
      const { source } = intent;
      return touched(
        { instances: [intent.instance] },
        {
          paths: named(
            source.from === 'new' ? source.base : source.from === 'import' ? source.path : undefined,
          ),
        },
      );
    }
    case 'os-export':
      return touched({ instances: [intent.instance], paths: named(intent.output) });
    case 'configure':
    case 'start':
    case 'stop':
    case 'reboot':
    case 'remove':
    case 'failover':
    case 'migrate':
    case 'replicate':
    case 'grow':
    case 'convert':
    case 'snapshot':
    case 'disk-remove':
    case 'release':
      return touched({ instances: [intent.instance] });
    case 'restore':
      return ofTrash([intent]);
    case 'purge-trash':
      return ofTrash(intent.folders);
    case 'unlock':
    case 'remove-image':
      return touched({ paths: named(intent.path) });
    case 'copy-image':
      return touched({ paths: named(intent.to.path) }, { paths: named(intent.from.path) });
    case 'compare-images':
      return touched(
        {},
        intent.subject.of === 'instance'
          ? { instances: [intent.subject.instance] }
          : { paths: named(intent.subject.path) },
      );
    case 'convert-file':
      return touched(
        // without a target the new image lies beside the old one, under an ending of its own
        { paths: named(intent.target ?? intent.path.replace(/\.[^./]*$/, '')) },
        { paths: named(intent.path) },
      );
  }
};

const isTemplate = (path: string): boolean => path.startsWith(`/${templateDirectory}/`);

/** One is the other, or holds it; beside a file the same name with an ending counts as well. */
const meets = (a: string, b: string): boolean =>
  a === b ||
  isBelow(a, b) ||
  isBelow(b, a) ||
  a.startsWith(`${b}.`) ||
  b.startsWith(`${a}.`) ||
  (isTemplate(a) !== isTemplate(b) && baseName(a) === baseName(b));

/** Under every word that is known for them: an instance's name and uuid, and its folders as paths. */
const spread = (things: Things, known: readonly KnownInstance[]): Things => {
  const instances = new Set(things.instances.map((each) => each.toLowerCase()));
  const paths = new Set(things.paths);
  for (const { name, uuid, folders } of known) {
    const words = [name.toLowerCase(), uuid.toLowerCase()];
    const isMeant =
      words.some((each) => instances.has(each)) ||
      folders.some((folder) => things.paths.some((path) => path === folder || isBelow(path, folder)));
    if (!isMeant) continue;
    for (const each of words) instances.add(each);
    for (const folder of folders) paths.add(folder);
  }
  return { instances: [...instances], paths: [...paths] };
};

const overlap = (a: Things, b: Things): boolean =>
  a.instances.some((each) => b.instances.includes(each)) ||
  a.paths.some((each) => b.paths.some((path) => meets(each, path)));

/**
 * For each change the ids of those before it on which it rests, directly or through others.
 * @param known instances that are there now
 */
export const dependencies = (
  changes: readonly Pick<Change, 'id' | 'intent'>[],
  known: readonly KnownInstance[],
): Map<string, Set<string>> => {
  // an instance that the draft makes has a folder as well, by which a later change may name its images
  const made = changes.flatMap(({ intent }): KnownInstance[] =>
    intent.kind === 'create' || (intent.kind === 'clone' && intent.storageDirectory !== null)
      ? [
          {
            name: intent.name,
            uuid: intent.name,
            folders: folderIn(intent.storageDirectory, intent.name),
          },
        ]
      : [],
  );
  const all = changes.map(({ id, intent }) => {
    const { writes, reads, everything = false } = touchedBy(intent);
    const words = [...known, ...made];
    return { id, writes: spread(writes, words), reads: spread(reads, words), everything };
  });
  const found = new Map<string, Set<string>>();
  for (const [index, change] of all.entries()) {
    const on = new Set<string>();
    for (const earlier of all.slice(0, index)) {
      const rests =
        change.everything ||
        earlier.everything ||
        overlap(earlier.writes, change.writes) ||
        overlap(earlier.writes, change.reads) ||
        // what should have been read first may be gone afterwards
        overlap(earlier.reads, change.writes);
      if (!rests) continue;
      on.add(earlier.id);
      for (const each of found.get(earlier.id) ?? []) on.add(each);
    }
    found.set(change.id, on);
  }
  return found;
};
