/** One storage directory as the probe saw it: its facts, and the folders in it. */
import { z } from 'zod';
import { instanceRecord, lockContent } from '../../core/cluster/record.ts';
import { removedImages, removedImagesFile } from '../../core/cluster/removed-images.ts';
import { replicaRecord } from '../../core/cluster/replica.ts';
import { templateDirectory, trashDirectory } from '../../core/cluster/schema.ts';
import type { FolderFacts, ImageFacts, StorageFacts, TrashFacts } from '../../core/cluster/snapshot.ts';
import { SNIFF_BYTES } from '../../core/storage/file-types.ts';
import { FOOTER_BYTES, LONGER_BYTES, type Logical, readImageHeader } from './image-header.ts';
import { type Entry, readDump, readListing } from './probe-dump.ts';
import { inodesOf, type Sections } from './probe-sections.ts';

/** Bytes of a record, a lock or a configuration that the probe reads; a longer file is told as a problem. */
const textLimit = 262144;
/** A smaller file holds no image. */
const smallestImage = 512;

const ownFile = /^(instance\.json|replica\.json|removed\.json|xen\.cfg|\.lock(\..*)?|\.tmp\..*|\.made\..*)$/s;

const reasonOf = (error: unknown): string => {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
};

/** A text of a folder, or the reason why it can't be had; null when there is none. */
type Text = { ok: true; text: string } | { ok: false; error: string } | null;

/** JSON from a file of a node: parsed and checked, or the reason why not. */
const understood = <T>(text: Text, schema: z.ZodType<T>): { value: T } | { error: string } | null => {
  if (text === null) return null;
  if (!text.ok) return { error: text.error };
  try {
    return { value: schema.parse(JSON.parse(text.text)) };
  } catch (error) {
    return { error: reasonOf(error) };
  }
};

const stateOf = (word: string): StorageFacts['state'] => {
  switch (word) {
    case 'ok':
    case 'missing':
    case 'not-a-directory':
    case 'symlink':
      return word;
    default:
      return 'not-answering';
  }
};

const kindOf = (letter: string): ImageFacts['kind'] => {
  if (letter === 'f') return 'file';
  return letter === 'l' ? 'symlink' : 'other';
};

type Heads = {
  /** the first bytes of a file; more of them where its header goes on */
  of: (path: string) => Buffer | undefined;
  /** the last bytes of a file whose length is odd for a raw disk */
  tailOf: (path: string) => Buffer | undefined;
  logical: Logical;
};

const imageOf = (entry: Entry, name: string, heads: Heads): ImageFacts => {
  const head = entry.kind === 'f' && entry.size >= smallestImage ? heads.of(entry.path) : undefined;
  const { type, ...more } = readImageHeader(head, heads.logical, heads.tailOf(entry.path));
  return {
    name,
    size: entry.size,
    allocated: entry.allocated,
    ...(entry.kind === 'f' ? { links: entry.links } : {}),
    modified: entry.modified,
    inode: entry.inode,
    device: entry.device,
    type,
    kind: kindOf(entry.kind),
    ...more,
  };
};

type FolderInput = {
  storage: string;
  entry: Entry;
  files: Map<string, Entry>;
  texts: Map<string, Buffer>;
  heads: Heads;
};

/** The text of a file in the folder at `path` (relative to the storage directory). */
const textIn = (
  path: string,
  files: ReadonlyMap<string, Entry>,
  texts: ReadonlyMap<string, Buffer>,
  name: string,
): Text => {
  const file = files.get(name);
  if (!file) return null;
  if (file.kind !== 'f') return { ok: false, error: `${name} is not a regular file.` };
  if (file.size > textLimit) return { ok: false, error: `${name} is longer than ${textLimit} bytes.` };
  if (file.size === 0) return { ok: true, text: '' };
  const bytes = texts.get(`${path}/${name}`);
  if (!bytes) return { ok: false, error: `${name} could not be read, or changed while it was read.` };
  return { ok: true, text: bytes.toString('utf8') };
};

const recordAndLock = (text: (name: string) => Text): Pick<FolderFacts, 'record' | 'lock'> => {
  const record = understood(text('instance.json'), instanceRecord);
  const lock = understood(text('.lock'), lockContent);
  return {
    record: record && ('value' in record ? { ok: true, record: record.value } : { ok: false, ...record }),
    lock: lock && ('value' in lock ? { ok: true, lock: lock.value } : { ok: false, ...lock }),
  };
};

const replicaIn = (text: (name: string) => Text): Pick<FolderFacts, 'replicaRecord'> => {
  const replica = understood(text('replica.json'), replicaRecord);
  return (
    (replica && {
      replicaRecord:
        'value' in replica
          ? { ok: true as const, replica: replica.value }
          : { ok: false as const, ...replica },
    }) ??
    {}
  );
};

const noteIn = (text: (name: string) => Text): Pick<TrashFacts, 'removedImages'> => {
  const note = understood(text(removedImagesFile), removedImages);
  if (note === null) return {};
  return {
    removedImages:
      'value' in note ? { ok: true as const, note: note.value } : { ok: false as const, ...note },
  };
};

const readFolder = ({ storage, entry, files, texts, heads }: FolderInput): FolderFacts => {
  const text = (name: string): Text => textIn(entry.path, files, texts, name);
  const config = text('xen.cfg');
  return {
    storage,
    path: `${storage}/${entry.path}`,
    name: entry.path,
    inode: entry.inode,
    device: entry.device,
    ...recordAndLock(text),
    config: config?.ok ? config.text : null,
    replica: files.has('replica.json'),
    ...replicaIn(text),
    files: [...files]
      .filter(([name]) => !ownFile.test(name))
      .map(([name, file]) => imageOf(file, name, heads)),
  };
};

/** Facts of the storage directory with this number, and its folders. Whatever could not be understood is added to `problems`. */
export const readStorage = (
  sections: Sections,
  path: string,
  number: number,
  problems: string[],
  logical: Logical,
): { facts: StorageFacts; folders: FolderFacts[] } => {
  const [word = '', device = '', sizes = '', filesystem = '', id = ''] = sections
    .text(`state ${number}`)
    .split('\n');
  const [block = 0, total = 0, available = 0, freeInodes = 0, inodes = 0] = sizes.split(' ').map(Number);
  // findmnt tells the options as well; stat, where there is no findmnt, only a name
  const mounted = /^(\S+)\s+(r[ow](?:,\S*)?)$/.exec(filesystem.trim());
  const state = stateOf(word);
  const entries = readListing(sections.bytes(`list ${number}`));
  const complaint = sections.text(`complaints ${number}`).trim();
  if (complaint !== '') problems.push(`${path}: ${complaint.slice(0, 1000)}`);

  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const isBroken = (name: string) => /[\n\uFFFD]/.test(name);
  const texts = readDump(sections.bytes(`text ${number}`), (name) => byPath.get(name)?.size ?? null);
  const heads = readDump(sections.bytes(`magic ${number}`), (name) =>
    byPath.has(name) ? SNIFF_BYTES : null,
  );
  const longer = readDump(sections.bytes(`longer ${number}`), (name) => {
    const entry = byPath.get(name);
    return entry ? Math.min(entry.size, LONGER_BYTES) : null;
  });
  const tails = readDump(sections.bytes(`tail ${number}`), (name) =>
    byPath.has(name) ? FOOTER_BYTES : null,
  );
  const images: Heads = {
    logical,
    of: (name) => longer.contents.get(name) ?? heads.contents.get(name),
    tailOf: (name) => tails.contents.get(name),
  };
  for (const name of texts.changed) problems.push(`${path}/${name} changed while it was read.`);

  const folders = new Map<string, { entry: Entry; files: Map<string, Entry> }>();
  const trash: string[] = [];
  const trashFiles = new Map<string, Map<string, Entry>>();
  const loose: ImageFacts[] = [];
  const templates: ImageFacts[] = [];
  const isFolder = (name: string) => !name.startsWith('.') && name !== 'lost+found';
  for (const entry of entries)
    if (entry.kind === 'd' && !entry.path.includes('/') && isFolder(entry.path)) {
      if (isBroken(entry.path))
        problems.push(
          `${path} holds a folder with a name that can't be shown: ${JSON.stringify(entry.path)}.`,
        );
      else folders.set(entry.path, { entry, files: new Map() });
    } else if (/^[fl]$/.test(entry.kind) && /^[^./][^/]*$/.test(entry.path) && !ownFile.test(entry.path)) {
      if (isBroken(entry.path))
        problems.push(`${path} holds a file with a name that can't be shown: ${JSON.stringify(entry.path)}.`);
      else loose.push(imageOf(entry, entry.path, images));
    }
  for (const entry of entries) {
    const at = entry.path.indexOf('/');
    if (at < 0) continue;
    const [folder, name] = [entry.path.slice(0, at), entry.path.slice(at + 1)];
    if (folder === trashDirectory) {
      const slash = name.indexOf('/');
      if (slash >= 0) {
        const inTrash = name.slice(0, slash);
        const known = trashFiles.get(inTrash) ?? new Map<string, Entry>();
        trashFiles.set(inTrash, known.set(name.slice(slash + 1), entry));
      } else if (entry.kind === 'd') trash.push(name);
      continue;
    }
    if (folder === templateDirectory) {
      if (/^[fl]$/.test(entry.kind) && !name.startsWith('.') && !isBroken(name))
        templates.push(imageOf(entry, name, images));
      continue;
    }
    if (isBroken(name))
      problems.push(
        `${path}/${folder} holds a file with a name that can't be shown: ${JSON.stringify(name)}.`,
      );
    else folders.get(folder)?.files.set(name, entry);
  }
  const trashFolders: TrashFacts[] = trash.flatMap((name) => {
    const files = trashFiles.get(name);
    if (!files) return [];
    const text = (file: string): Text => textIn(`${trashDirectory}/${name}`, files, texts.contents, file);
    const kept = [...files].flatMap(([file, entry]) => {
      if (entry.kind !== 'f' || ownFile.test(file) || isBroken(file)) return [];
      const { size, allocated, modified, type, backing } = imageOf(entry, file, images);
      return [{ name: file, size, allocated, modified, type, ...(backing !== undefined && { backing }) }];
    });
    const allocated = [...files.values()].reduce((sum, each) => sum + each.allocated, 0);
    return [{ name, ...recordAndLock(text), ...replicaIn(text), ...noteIn(text), allocated, files: kept }];
  });
  return {
    facts: {
      path,
      id: state === 'ok' && id.trim() !== '' ? id.trim() : null,
      state,
      device: Number(device),
      filesystem: mounted?.[1] ?? filesystem.trim(),
      ...(mounted ? { mountOptions: mounted[2] } : {}),
      totalBytes: block * total,
      freeBytes: block * available,
      freeInodes: inodesOf(freeInodes, inodes),
      trash,
      trashFolders,
      files: loose,
      templates,
    },
    folders: [...folders.values()].map(({ entry, files }) =>
      readFolder({ storage: path, entry, files, texts: texts.contents, heads: images }),
    ),
  };
};
