/** The map of images: storages side by side, in each a box a folder, in each box a part an image. Pure. */
import type { ImageRow, StorageRow } from '../../core/cluster/images.ts';
import { promisedOf } from './image-rows.ts';
import { type Rect, slice, squarify } from './treemap.ts';

export type Measure = 'virtual' | 'disk';

type MapPart = { row: ImageRow; rect: Rect; share: number };
export type MapKind = ImageRow['owner']['kind'] | 'more';
export type MapBox = {
  key: string;
  title: string;
  kind: MapKind;
  rows: readonly ImageRow[];
  allocated: number;
  promised: number;
  rect: Rect;
  parts: MapPart[];
};
export type MapStorage = { storage: StorageRow; frame: Rect; boxes: MapBox[] };
export type ImageMap = { width: number; height: number; storages: MapStorage[] };

/** Height of the line above a storage's boxes, and what is between its frame and them. */
export const mapHead = 22;
const inset = 3;
const gap = 10;
const columnWidth = 170;
const storageHeight = 58;
/** boxes below this many square pixels are drawn together */
const smallest = 260;

const amountOf = (row: ImageRow, measure: Measure): number =>
  measure === 'virtual' ? promisedOf(row) : row.allocated;
const amount = (rows: readonly ImageRow[], measure: Measure): number =>
  rows.reduce((sum, row) => sum + amountOf(row, measure), 0);

/** In this order: what a folder is, when it holds several kinds. */
const ranks: readonly ImageRow['owner']['kind'][] = [
  'instance',
  'replica',
  'orphan',
  'kept',
  'unrecorded',
  'partial',
  'trash',
];

type Folder = Omit<MapBox, 'rect' | 'parts'>;

const foldersOf = (rows: readonly ImageRow[]): Folder[] =>
  [...Map.groupBy(rows, (row) => (row.owner.kind === 'trash' ? 'trash' : `at ${row.folder}`))].map(
    ([key, own]) => {
      const kind = ranks.find((each) => own.some((row) => row.owner.kind === each)) ?? 'orphan';
      const [first] = own;
      return {
        key: `${first?.storage.key ?? ''} ${key}`,
        title: kind === 'trash' ? 'trash' : first?.folderName || 'beside the folders',
        kind,
        rows: own,
        allocated: amount(own, 'disk'),
        promised: amount(own, 'virtual'),
      };
    },
  );

/** Folders that would be too small to see are one box; orphans always stand alone. */
const merged = (folders: readonly Folder[], measure: Measure, area: number): Folder[] => {
  const whole = folders.reduce((sum, each) => sum + amount(each.rows, measure), 0);
  const isSmall = (each: Folder) =>
    each.kind !== 'orphan' && (amount(each.rows, measure) / Math.max(1, whole)) * area < smallest;
  const small = folders.filter(isSmall);
  const [first] = small;
  if (!first || small.length < 2) return [...folders];
  const rows = small.flatMap((each) => each.rows);
  return [
    ...folders.filter((each) => !isSmall(each)),
    {
      key: `${first.rows[0]?.storage.key ?? ''} more`,
      title: `${small.length} more`,
      kind: 'more',
      rows,
      allocated: amount(rows, 'disk'),
      promised: amount(rows, 'virtual'),
    },
  ];
};

const boxesIn = (rows: readonly ImageRow[], frame: Rect, measure: Measure): MapBox[] => {
  const within = {
    x: frame.x + inset,
    y: frame.y + mapHead,
    width: Math.max(0, frame.width - 2 * inset),
    height: Math.max(0, frame.height - mapHead - inset),
  };
  const folders = merged(foldersOf(rows), measure, within.width * within.height);
  // an image without a byte on disk is still there
  const least = Math.max(1, amount(rows, measure) / 2000);
  const rects = squarify(
    folders.map((each) => Math.max(least, amount(each.rows, measure))),
    within,
  );
  return folders.map((folder, index) => {
    const rect = rects[index] ?? { ...within, width: 0, height: 0 };
    const inOrder =
      folder.kind === 'more'
        ? []
        : folder.rows.toSorted((a, b) => amountOf(b, measure) - amountOf(a, measure));
    const parts = slice(
      inOrder.map((row) => Math.max(1, amountOf(row, measure))),
      { x: 0, y: 0, width: rect.width, height: rect.height },
    );
    return {
      ...folder,
      rect,
      parts: inOrder.flatMap((row, number) => {
        const part = parts[number];
        const share = measure === 'disk' ? 1 : Math.min(1, row.allocated / Math.max(1, promisedOf(row)));
        return part ? [{ row, rect: part, share }] : [];
      }),
    };
  });
};

/** Storages in columns: a large one stands alone, small ones above each other. Widths as what is in them, none below the least. */
const columnsOf = (
  storages: readonly { storage: StorageRow; value: number }[],
  height: number,
): { storage: StorageRow; value: number }[][] => {
  const whole = storages.reduce((sum, each) => sum + each.value, 0);
  const most = Math.max(1, Math.floor((height + gap) / (storageHeight + gap)));
  const large = storages.filter((each) => whole > 0 && each.value / whole >= 0.15);
  const small = storages.filter((each) => !large.includes(each));
  const stacks: { storage: StorageRow; value: number }[][] = [];
  for (let at = 0; at < small.length; at += most) stacks.push(small.slice(at, at + most));
  const hasShared = (column: { storage: StorageRow }[]) => column.some(({ storage }) => storage.shared);
  return [...large.map((each) => [each]), ...stacks].toSorted(
    (a, b) => Number(hasShared(b)) - Number(hasShared(a)),
  );
};

/** Lengths that add up to the whole: as the values, but none below the least. */
const lengthsOf = (values: readonly number[], whole: number, least: number): number[] => {
  let fixed = new Set<number>();
  for (;;) {
    const rest = whole - fixed.size * least;
    const total = values.reduce((sum, value, index) => (fixed.has(index) ? sum : sum + value), 0);
    const lengths = values.map((value, index) =>
      fixed.has(index) ? least : total === 0 ? rest / (values.length - fixed.size) : (rest * value) / total,
    );
    const short = lengths.flatMap((length, index) => (length < least && !fixed.has(index) ? [index] : []));
    if (short.length === 0 || fixed.size + short.length >= values.length)
      return short.length === 0 ? lengths : values.map(() => whole / values.length);
    fixed = new Set([...fixed, ...short]);
  }
};

/** What the shared storages get at least beside others; and of the window, where those take more room than there is. */
const sharedWidth = 240;
const sharedShare = 0.55;

/** Widths of the columns, of which the first `shared` hold shared storages. */
const widthsOf = (values: readonly number[], shared: number, width: number): number[] => {
  const free = width - Math.max(0, values.length - 1) * gap;
  const others = (values.length - shared) * columnWidth;
  if (shared === 0 || shared === values.length || others <= free - sharedWidth)
    return lengthsOf(values, Math.max(free, values.length * columnWidth), columnWidth);
  // one that is large among those of the nodes is not squeezed by it: what is wider than the window scrolls
  return [
    ...lengthsOf(
      values.slice(0, shared),
      Math.max(free * sharedShare, free - others, shared * columnWidth),
      columnWidth,
    ),
    ...values.slice(shared).map(() => columnWidth),
  ];
};

/** Wider than `width` only where so many storages do not find room otherwise. */
export const imageMap = (
  rows: readonly ImageRow[],
  storages: readonly StorageRow[],
  measure: Measure,
  size: { width: number; height: number },
): ImageMap => {
  const inStorage = Map.groupBy(rows, (row) => row.storage.key);
  const valued = storages
    .map((storage) => ({ storage, value: amount(inStorage.get(storage.key) ?? [], measure) }))
    .toSorted((a, b) => Number(b.storage.shared) - Number(a.storage.shared) || b.value - a.value);
  const columns = columnsOf(valued, size.height);
  const widths = widthsOf(
    columns.map((column) => column.reduce((sum, each) => sum + each.value, 0)),
    columns.filter((column) => column.some(({ storage }) => storage.shared)).length,
    size.width,
  );
  let x = 0;
  const placed: MapStorage[] = [];
  for (const [index, column] of columns.entries()) {
    const heights = lengthsOf(
      column.map((each) => each.value),
      size.height - (column.length - 1) * gap,
      storageHeight,
    );
    let y = 0;
    for (const [number, { storage }] of column.entries()) {
      const frame = { x, y, width: widths[index] ?? columnWidth, height: heights[number] ?? storageHeight };
      placed.push({ storage, frame, boxes: boxesIn(inStorage.get(storage.key) ?? [], frame, measure) });
      y += frame.height + gap;
    }
    x += (widths[index] ?? columnWidth) + gap;
  }
  return { width: Math.max(0, x - gap), height: size.height, storages: placed };
};
