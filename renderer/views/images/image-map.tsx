/** The map: how the storages are filled, by folder and image. It shares the selection with the table. */
import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { ImageRow, StorageRow } from '../../../core/cluster/images.ts';
import {
  type ImageMap,
  imageMap,
  type MapBox,
  type MapStorage,
  type Measure,
} from '../../model/image-map.ts';
import { fileName, type InstanceIn, ownerWord } from '../../model/image-rows.ts';
import { signOf, wordOf } from '../../model/instance-words.ts';
import { type Direction, neighbourOf } from '../../model/treemap.ts';
import { bytesOf, count, shortBytes, span } from '../../parts/format.ts';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Mark, StateSign, VerdictSign } from '../../parts/signs.tsx';
import { Disks } from './storage-sign.tsx';

const place = ({ x, y, width, height }: { x: number; y: number; width: number; height: number }) => ({
  left: x,
  top: y,
  width,
  height,
});

const kindNotes: Partial<Record<MapBox['kind'], string>> = {
  orphan: 'orphan: no record',
  replica: 'replica',
  kept: 'kept',
  unrecorded: 'beside an instance',
  partial: 'unfinished copy',
  trash: 'removed, can be restored',
};

/** `609 of 620 GiB`, in words that say which is which. */
const boxWords = (box: MapBox): string => {
  const { part, whole } = bytesOf(box.allocated, box.promised);
  return `${part} of ${whole}`;
};

const titleOf = (box: MapBox): string =>
  [
    `${box.title}: ${shortBytes(box.allocated)} on disk, ${shortBytes(box.promised)} virtual`,
    kindNotes[box.kind] ?? '',
    ...(box.kind === 'more' ? [] : box.parts)
      .slice(0, 12)
      .map(({ row }) => `${fileName(row)}: ${ownerWord(row)}, ${shortBytes(row.allocated)} on disk`),
  ]
    .filter(Boolean)
    .join('\n');

const BoxSign = ({ box, instance }: { box: MapBox; instance: InstanceIn | null }) => {
  if (box.kind === 'instance' && instance) {
    const { status } = instance.instance;
    return <StateSign state={signOf(status)} />;
  }
  return box.kind === 'more' ? null : <Mark mark="folder" />;
};

const Box = ({
  box,
  origin,
  instance,
  selected,
  isCurrent,
  onSelect,
  onFocus,
}: {
  box: MapBox;
  /** the corner of the storage's frame: boxes are placed from there */
  origin: { x: number; y: number };
  instance: InstanceIn | null;
  selected: ReadonlySet<string>;
  isCurrent: boolean;
  onSelect: () => void;
  onFocus: () => void;
}) => {
  const { rect } = box;
  const status = instance && box.kind === 'instance' ? `${wordOf(instance.instance.status)}, ` : '';
  const note = kindNotes[box.kind];
  const hasName = rect.width >= 44 && rect.height >= 18;
  const hasLines = rect.width >= 96;
  return (
    <button
      type="button"
      className={`vb-map-box vb-map-${box.kind}`}
      style={place({ ...rect, x: rect.x - origin.x, y: rect.y - origin.y })}
      data-box={box.key}
      title={titleOf(box)}
      aria-pressed={box.rows.every((row) => selected.has(row.key))}
      tabIndex={isCurrent ? 0 : -1}
      onClick={onSelect}
      onFocus={onFocus}
    >
      {box.parts.map(({ row, rect: part, share }) => (
        <span
          key={row.key}
          className={selected.has(row.key) ? 'vb-map-part vb-map-chosen' : 'vb-map-part'}
          style={place(part)}
        >
          <span className="vb-map-fill" style={{ height: `${100 * share}%` }} />
        </span>
      ))}
      <span className={hasName ? 'vb-map-text' : 'vb-hidden'}>
        <span className="vb-map-name">
          <BoxSign box={box} instance={instance} />
          <strong>{box.title}</strong>
        </span>{' '}
        <span className={hasLines && rect.height >= 36 ? '' : 'vb-hidden'}>{boxWords(box)}</span>{' '}
        {note && <span className={hasLines && rect.height >= 52 ? '' : 'vb-hidden'}>{note}</span>}
        <span className="vb-hidden">
          on disk of virtual size, {status}
          {count(box.rows.length, 'image')}
        </span>
      </span>
    </button>
  );
};

const stateWords = {
  missing: 'the directory is not there',
  'not-a-directory': 'is no directory',
  symlink: 'is a symbolic link, which is not followed',
  'not-answering': 'does not answer',
} as const;

/** What stands above a storage's boxes. */
const headOf = (storage: StorageRow): string =>
  storage.state === 'ok'
    ? `${shortBytes(storage.allocated)} on disk, ${
        storage.promised > storage.capacity
          ? `${shortBytes(storage.promised)} promised of ${shortBytes(storage.capacity)}`
          : `holds ${shortBytes(storage.capacity)}`
      }`
    : stateWords[storage.state];

const StorageBox = ({
  placed,
  name,
  silentFor,
  instanceOf,
  ...box
}: {
  placed: MapStorage;
  name: string;
  /** ms since a node told of it; null: one tells now */
  silentFor: number | null;
  instanceOf: (row: ImageRow) => InstanceIn | null;
  selected: ReadonlySet<string>;
  current: string | null;
  onSelect: (box: MapBox) => void;
  onFocus: (box: MapBox) => void;
}) => {
  const { storage, frame, boxes } = placed;
  const over =
    storage.overcommitBytes > 0 ? `promises ${shortBytes(storage.overcommitBytes)} more than it holds` : null;
  const words = headOf(storage);
  const silent = silentFor === null ? null : `not seen for ${span(silentFor)}`;
  const title = [
    `${name}: ${storage.path} on ${storage.nodes.join(', ')}`,
    `${words}, ${shortBytes(storage.free)} free, ${storage.filesystem}`,
    over,
    silent,
    storage.remark,
  ]
    .filter(Boolean)
    .join('\n');
  return (
    <section
      className={`vb-map-storage${storage.seen ? '' : ' vb-map-unseen'}`}
      style={place(frame)}
      aria-label={`Storage ${name}`}
    >
      <div className="vb-map-head" title={title}>
        <Disks shared={storage.shared} />
        <h2>{name}</h2>
        <span className="vb-subtle vb-map-figures">{words}</span>
        {(over || silent || storage.remark) && (
          <span className="vb-map-warning">
            {silent && !over ? <StateSign state="not-seen" /> : <VerdictSign verdict="warning" />}
            <span className="vb-map-figures">
              {[over, silent, storage.remark].filter(Boolean).join('; ')}
            </span>
          </span>
        )}
      </div>
      {boxes.map((each) => (
        <Box
          key={each.key}
          box={each}
          origin={frame}
          instance={each.rows[0] ? instanceOf(each.rows[0]) : null}
          selected={box.selected}
          isCurrent={box.current === each.key}
          onSelect={() => box.onSelect(each)}
          onFocus={() => box.onFocus(each)}
        />
      ))}
      {boxes.length === 0 && <p className="vb-map-none vb-subtle">no images</p>}
    </section>
  );
};

const directions: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

/** The width and height that an element has now. */
const useSize = () => {
  const element = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const measured = element.current;
    if (!measured) return undefined;
    const measure = () => setSize({ width: measured.clientWidth, height: measured.clientHeight });
    // drawn at once, not after a moment without boxes
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(measured);
    return () => observer.disconnect();
  }, []);
  return { element, size };
};

export const MapOfImages = ({
  rows,
  storages,
  names,
  measure,
  silence,
  selected,
  instanceOf,
  takesFocus,
  onSelect,
  onOpen,
}: {
  rows: readonly ImageRow[];
  storages: readonly StorageRow[];
  names: ReadonlyMap<string, string>;
  measure: Measure;
  /** ms since a node was seen; null: it answers */
  silence: (node: string) => number | null;
  selected: ReadonlySet<string>;
  instanceOf: (row: ImageRow) => InstanceIn | null;
  /** it was called for by its key: the focus goes to it */
  takesFocus: boolean;
  onSelect: (rows: readonly ImageRow[], on: boolean) => void;
  onOpen: (row: ImageRow) => void;
}) => {
  const { element, size } = useSize();
  const [focused, setFocused] = useState<string | null>(null);
  const map: ImageMap = useMemo(
    () => imageMap(rows, storages, measure, size),
    [rows, storages, measure, size],
  );
  const boxes = useMemo(() => map.storages.flatMap((each) => each.boxes), [map]);
  const current = boxes.some((each) => each.key === focused) ? focused : (boxes[0]?.key ?? null);

  const isDrawn = size.width > 0;
  useEffect(() => {
    if (takesFocus && isDrawn)
      element.current?.querySelector<HTMLElement>('[data-box][tabindex="0"]')?.focus();
  }, [takesFocus, isDrawn, element]);

  const onKeyDown = (event: KeyboardEvent) => {
    const key =
      event.target instanceof HTMLElement
        ? event.target.closest<HTMLElement>('[data-box]')?.dataset.box
        : null;
    const at = boxes.findIndex((each) => each.key === key);
    const box = boxes[at];
    if (!box) return;
    const direction = directions[event.key];
    if (direction) {
      const next = neighbourOf(
        boxes.map((each) => each.rect),
        at,
        direction,
      );
      const target = next === null ? null : boxes[next]?.key;
      if (target) {
        const buttons = element.current?.querySelectorAll<HTMLElement>('[data-box]') ?? [];
        [...buttons].find((each) => each.dataset.box === target)?.focus();
      }
      event.preventDefault();
    } else if (event.key === 'Enter') {
      const [first] = box.parts;
      // many small folders in one box have no part to open: they are selected
      if (!first) return;
      onOpen(first.row);
      event.preventDefault();
    }
  };

  return (
    <ScrollRegion className="vb-map" label="Map of the storages" onKeyDown={onKeyDown}>
      <div className="vb-map-measure" ref={element}>
        {isDrawn && (
          <div className="vb-map-canvas" style={{ width: map.width, height: map.height }}>
            {map.storages.map((placed) => (
              <StorageBox
                key={placed.storage.key}
                placed={placed}
                name={names.get(placed.storage.key) ?? placed.storage.path}
                silentFor={placed.storage.seen ? null : silence(placed.storage.node)}
                instanceOf={instanceOf}
                selected={selected}
                current={current}
                onSelect={(box) => onSelect(box.rows, !box.rows.every((row) => selected.has(row.key)))}
                onFocus={(box) => setFocused(box.key)}
              />
            ))}
          </div>
        )}
      </div>
    </ScrollRegion>
  );
};

export const MapLegend = ({ measure }: { measure: Measure }) => (
  <ul className="vb-map-legend" aria-label="Legend">
    <li>
      <span className="vb-map-key vb-map-key-filled" aria-hidden="true" /> on disk
    </li>
    {measure === 'virtual' && (
      <li>
        <span className="vb-map-key" aria-hidden="true" /> promised, not written yet
      </li>
    )}
    <li>
      <span className="vb-map-key vb-map-key-orphan" aria-hidden="true" /> orphan: images without a record
    </li>
    <li className="vb-map-legend-long">each box is a folder, each part of it one image</li>
  </ul>
);
