/** Rows of the table of images: how they are named, filtered, grouped and sorted. Pure. */
import type { ImageRow, ImageStorage } from '../../core/cluster/images.ts';
import { deriveInstances, type InstanceView } from '../../core/cluster/instances.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import { span } from '../parts/format.ts';
import { handlesOf } from './instance-words.ts';

/** Bytes that a guest may fill: the virtual size, or what the file pretends to be where that is not known. */
export const promisedOf = (row: ImageRow): number => row.virtualSize ?? row.size;

/** Share of the virtual size that is on disk, 0 to 1; null where the virtual size is not known, or nothing. */
export const shareOnDisk = (row: ImageRow): number | null =>
  row.virtualSize === null || row.virtualSize === 0 ? null : row.allocated / row.virtualSize;

const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1) || path;

/** A short name for each storage directory, by its key: no two the same. */
export const storageNames = (storages: readonly ImageStorage[]): ReadonlyMap<string, string> => {
  const short = (each: ImageStorage) =>
    each.shared ? baseOf(each.path) : `${baseOf(each.path)}, ${each.nodes[0] ?? ''}`;
  const bearers = Map.groupBy(storages, short);
  return new Map(
    storages.map((each) => {
      const name = short(each);
      if (bearers.get(name)?.length === 1) return [each.key, name];
      return [
        each.key,
        each.shared ? `${each.path} (${each.id ?? each.key})` : `${each.path}, ${each.nodes[0] ?? ''}`,
      ];
    }),
  );
};

/** `old-erp/sda`, or `sda` for a file that lies in no folder. */
export const fileName = (row: ImageRow): string =>
  row.folderName === '' ? row.name : `${row.folderName}/${row.name}`;

/** The word of the owner's column; the name of an instance stands as a link there. */
export const ownerWord = ({ owner }: ImageRow): string => {
  switch (owner.kind) {
    case 'instance':
      return owner.name;
    case 'orphan':
      return 'orphan';
    case 'replica':
      return `replica of ${owner.name}`;
    case 'kept':
      return `kept, was of ${owner.instance}`;
    case 'partial':
      return 'unfinished copy';
    case 'unrecorded':
      return `beside ${owner.name}`;
    case 'trash':
      return 'in trash';
  }
};

/** Name of the instance that has to do with it; null: none. */
export const instanceNameOf = ({ owner }: ImageRow): string | null => {
  switch (owner.kind) {
    case 'instance':
    case 'replica':
    case 'unrecorded':
      return owner.name;
    case 'kept':
      return owner.instance;
    default:
      return null;
  }
};

export type InstanceIn = { instance: InstanceView; handle: string };

/** The instance that an image has to do with, as it is called in addresses; null where that is not clear. */
export const instancesIn = (snapshot: Snapshot): ((row: ImageRow) => InstanceIn | null) => {
  const all = deriveInstances(snapshot);
  const handles = handlesOf(all);
  const byUuid = new Map(all.map((each) => [each.uuid, each]));
  const byName = Map.groupBy(all, (each) => each.name);
  return (row) => {
    const { owner } = row;
    const named = byName.get(instanceNameOf(row) ?? '') ?? [];
    const instance =
      owner.kind === 'instance'
        ? byUuid.get(owner.uuid)
        : named.length === 1
          ? named[0]
          : named.find((each) => each.folder === row.folder);
    return instance ? { instance, handle: handles.get(instance.uuid) ?? instance.uuid } : null;
  };
};

/** `loop0, hera-2`; nobody; or that it is not known. */
export const openWords = (row: ImageRow): { text: string; known: boolean; full: string } => {
  const seen = row.openBy.map((each) => `${each.by}, ${each.node}`);
  const silent = row.openUnknown;
  if (silent.length === 0) {
    const text = seen.length === 0 ? 'nobody' : seen.join('; ');
    return { text, known: true, full: text };
  }
  const who =
    silent.length > 3 ? `${silent.slice(0, 3).join(', ')} and ${silent.length - 3} more` : silent.join(', ');
  const rest = `${who} ${silent.length === 1 ? 'does' : 'do'} not tell`;
  return seen.length === 0
    ? { text: 'not known', known: false, full: `Nobody on the nodes that answer; ${rest}.` }
    : { text: seen.join('; '), known: false, full: `${seen.join('; ')}; ${rest}.` };
};

const day = 86_400_000;
/** How long ago: as `ago`, but in years from one on. */
export const age = (then: number, now: number): string => {
  if (then > now + 60_000) return 'in the future';
  const ms = Math.max(0, now - then);
  if (ms < 2000) return 'now';
  return ms >= 365 * day ? `${Math.floor(ms / (365 * day))} y ago` : `${span(ms)} ago`;
};

export type ImageFilter = 'all' | 'orphans' | 'open' | 'qcow2' | 'replicas';
export const imageFilters: readonly { key: ImageFilter; label: string }[] = [
  { key: 'all', label: 'All' },
  { key: 'orphans', label: 'Orphans' },
  { key: 'open', label: 'Open' },
  { key: 'qcow2', label: 'qcow2' },
  { key: 'replicas', label: 'Replicas' },
];

const inFilter: Record<ImageFilter, (row: ImageRow) => boolean> = {
  all: () => true,
  orphans: (row) => row.owner.kind === 'orphan',
  open: (row) => row.openBy.length > 0,
  qcow2: (row) => row.type === 'qcow2',
  replicas: (row) => row.owner.kind === 'replica',
};

/** Every word must occur in the path, type, owner, storage, what has it open, or the remark. */
export const filterImages = (
  rows: readonly ImageRow[],
  filter: ImageFilter,
  text: string,
  names: ReadonlyMap<string, string>,
): ImageRow[] => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = rows.filter(inFilter[filter]);
  if (words.length === 0) return chosen;
  return chosen.filter((row) => {
    const hay = [
      row.path,
      row.type ?? '',
      ownerWord(row),
      names.get(row.storage.key) ?? '',
      openWords(row).full,
      row.remark ?? '',
      row.backing ?? '',
    ]
      .join(' ')
      .toLowerCase();
    return words.every((word) => hay.includes(word));
  });
};

export type ImageSortKey =
  | 'file'
  | 'type'
  | 'virtual'
  | 'disk'
  | 'sparse'
  | 'owner'
  | 'storage'
  | 'open'
  | 'modified';
export type ImageSort = { key: ImageSortKey; down: boolean };
/** Amounts begin with the most, words with the first. */
export const startsDown: ReadonlySet<ImageSortKey> = new Set(['virtual', 'disk', 'sparse', 'modified']);

const sortValue = (row: ImageRow, key: ImageSortKey, names: ReadonlyMap<string, string>): string | number => {
  switch (key) {
    case 'file':
      return fileName(row);
    case 'type':
      return row.type ?? '';
    case 'virtual':
      return row.virtualSize ?? -1;
    case 'disk':
      return row.allocated;
    case 'sparse':
      return shareOnDisk(row) ?? -1;
    case 'owner':
      return ownerWord(row);
    case 'storage':
      return names.get(row.storage.key) ?? '';
    case 'open':
      return openWords(row).text;
    case 'modified':
      return row.modified;
  }
};

const inWords: Record<ImageSortKey, (down: boolean) => string> = {
  file: () => 'by file',
  type: () => 'by type',
  virtual: (down) => (down ? 'largest first' : 'smallest first'),
  disk: (down) => (down ? 'most bytes on disk first' : 'fewest bytes on disk first'),
  sparse: (down) => (down ? 'fullest first' : 'emptiest first'),
  owner: () => 'by owner',
  storage: () => 'by storage',
  open: () => 'by what has them open',
  modified: (down) => (down ? 'last written first' : 'oldest first'),
};

export const sortWords = ({ key, down }: ImageSort): string => inWords[key](down);

const collator = new Intl.Collator('en', { numeric: true });

const sortImages = (
  rows: readonly ImageRow[],
  sort: ImageSort,
  names: ReadonlyMap<string, string>,
): ImageRow[] =>
  rows
    .map((row) => ({ row, value: sortValue(row, sort.key, names) }))
    .sort((a, b) => {
      const order =
        typeof a.value === 'number' && typeof b.value === 'number'
          ? a.value - b.value
          : collator.compare(String(a.value), String(b.value));
      return (sort.down ? -order : order) || collator.compare(a.row.path, b.row.path);
    })
    .map((each) => each.row);

export type ImageGroup = { key: string; title: string; rows: ImageRow[]; allocated: number };

const groups: readonly { key: string; title: string; kinds: readonly ImageRow['owner']['kind'][] }[] = [
  { key: 'orphans', title: 'Orphans', kinds: ['orphan'] },
  { key: 'owned', title: 'Owned', kinds: ['instance'] },
  { key: 'replicas', title: 'Replicas', kinds: ['replica'] },
  { key: 'kept', title: 'Kept and left over', kinds: ['kept', 'unrecorded', 'partial'] },
  { key: 'trash', title: 'In trash', kinds: ['trash'] },
];

/** The groups that have rows, each sorted. */
export const groupImages = (
  rows: readonly ImageRow[],
  sort: ImageSort,
  names: ReadonlyMap<string, string>,
): ImageGroup[] =>
  groups
    .map(({ key, title, kinds }) => {
      const own = sortImages(
        rows.filter((row) => kinds.includes(row.owner.kind)),
        sort,
        names,
      );
      return { key, title, rows: own, allocated: own.reduce((sum, row) => sum + row.allocated, 0) };
    })
    .filter((group) => group.rows.length > 0);

/** What the chosen images come to. */
export const imageSums = (
  rows: readonly ImageRow[],
): { virtual: number; allocated: number; guessed: boolean } => ({
  virtual: rows.reduce((sum, row) => sum + (row.virtualSize ?? 0), 0),
  allocated: rows.reduce((sum, row) => sum + row.allocated, 0),
  guessed: rows.some((row) => row.virtualSize === null),
});
