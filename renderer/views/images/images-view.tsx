/** Every image file of the cluster: the map of the storages, the table below it, and one image looked into. */
import { Button, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { useCallback, useMemo, useRef, useState } from 'react';
import { type ImageRow, imagesOf, storagesOf } from '../../../core/cluster/images.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { adoptAction, imageActions } from '../../model/image-actions.ts';
import type { Measure } from '../../model/image-map.ts';
import {
  filterImages,
  groupImages,
  type ImageFilter,
  type ImageSort,
  type ImageSortKey,
  imageFilters,
  instancesIn,
  startsDown,
  storageNames,
} from '../../model/image-rows.ts';
import { useNavigator } from '../../navigation/navigator.tsx';
import { FilterField } from '../../parts/filter-field.tsx';
import { span } from '../../parts/format.ts';
import { Kbd } from '../../parts/kbd.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { useNow } from '../../parts/use-now.ts';
import { useKeys } from '../../shell/use-keys.ts';
import { MapLegend, MapOfImages } from './image-map.tsx';
import { ImageTable } from './image-table.tsx';
import './images.css';
import { LookInside } from './look-inside.tsx';
import { NoImages, NotSeen } from './not-seen.tsx';
import { SelectionBar } from './selection-bar.tsx';

/** Rows drawn at once; thousands would make each refresh slow. */
const shownAtOnce = 400;

/** The first rows of the groups, so many in all. */
const upTo = <T extends { rows: readonly ImageRow[] }>(groups: readonly T[], limit: number) => {
  let left = limit;
  return groups.flatMap((group) => {
    const rows = group.rows.slice(0, left);
    left -= rows.length;
    return rows.length === 0 ? [] : [{ ...group, rows, total: group.rows.length }];
  });
};

const measures: readonly { key: Measure; label: string }[] = [
  { key: 'virtual', label: 'virtual size' },
  { key: 'disk', label: 'bytes on disk' },
];

/** @param only which images are shown at first */
export const ImagesView = ({ only }: { only: ImageFilter }) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const now = useNow(10_000);
  const [text, setText] = useState('');
  const [filter, setFilter] = useState<ImageFilter>(only);
  const [measure, setMeasure] = useState<Measure>('virtual');
  const [hasMap, setHasMap] = useState(true);
  /** the key that shows it was pressed */
  const [wantsMap, setWantsMap] = useState(false);
  const [sort, setSort] = useState<ImageSort>({ key: 'disk', down: true });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [opened, setOpened] = useState<string | null>(null);
  const [limit, setLimit] = useState(shownAtOnce);
  const search = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const opener = useRef<Element | null>(null);

  const rows = imagesOf(snapshot);
  const storages = storagesOf(snapshot);
  const names = useMemo(() => storageNames(storages), [storages]);
  const instanceOf = useMemo(() => instancesIn(snapshot), [snapshot]);
  const found = useMemo(() => filterImages(rows, filter, text, names), [rows, filter, text, names]);
  const groups = useMemo(() => groupImages(found, sort, names), [found, sort, names]);
  const shown = upTo(groups, limit);
  // what a filter hides is not acted on
  const chosen = found.filter((row) => selected.has(row.key));
  const looked = rows.find((row) => row.key === opened) ?? null;

  const silence = useCallback(
    (name: string): number | null => {
      const node = snapshot.nodes.find((each) => each.name === name);
      return node?.trouble && node.seenAt !== null ? Math.max(0, now - node.seenAt) : null;
    },
    [snapshot, now],
  );
  const seenStorages = new Map(storages.map((each) => [each.key, each]));
  const silentOf = (row: ImageRow): string | null => {
    const storage = seenStorages.get(row.storage.key);
    if (!storage || storage.seen) return null;
    const ms = silence(storage.node);
    return ms === null ? `${storage.node} does not answer.` : `${storage.node} not seen for ${span(ms)}.`;
  };

  const select = useCallback((which: readonly ImageRow[], on: boolean) => {
    setSelected((old) => {
      const next = new Set(old);
      for (const { key } of which)
        if (on) next.add(key);
        else next.delete(key);
      return next;
    });
  }, []);
  const look = (row: ImageRow) => {
    opener.current = document.activeElement;
    setOpened((old) => (old === row.key ? null : row.key));
  };
  const closeLook = useCallback(() => {
    setOpened(null);
    requestAnimationFrame(() => opener.current instanceof HTMLElement && opener.current.focus());
  }, []);
  const sortBy = (key: ImageSortKey) =>
    setSort((old) => ({ key, down: old.key === key ? !old.down : startsDown.has(key) }));
  const showAll = () => {
    setText('');
    setFilter('all');
  };
  const toggleMap = useCallback(() => {
    setHasMap(!hasMap);
    setWantsMap(!hasMap);
    if (hasMap) body.current?.querySelector<HTMLElement>('.vb-image-name')?.focus();
  }, [hasMap]);

  useKeys(
    useCallback(
      (key) => {
        if (key === '/') {
          search.current?.focus();
          return true;
        }
        if (key === 't') {
          toggleMap();
          return true;
        }
        if (key === 'Escape') {
          if (opened !== null) closeLook();
          else if (selected.size > 0) setSelected(new Set());
          else return false;
          return true;
        }
        if (key !== 'a') return false;
        const focused = document.activeElement?.closest('tr')?.dataset.image;
        const row = rows.find((each) => each.key === focused);
        const which = chosen.length > 0 || !row ? chosen : [row];
        const adopt = adoptAction(which, rows);
        if (adopt.impossible === null) go(adopt.route);
        return which.length > 0;
      },
      [opened, closeLook, toggleMap, selected, rows, chosen, go],
    ),
  );

  const counts = useMemo(
    () => new Map(imageFilters.map(({ key }) => [key, filterImages(rows, key, '', new Map()).length])),
    [rows],
  );

  return (
    <>
      <ViewHead title="Images">
        <FilterField label="file, owner, type" text={text} onText={setText} ref={search} />
        <ToggleGroup aria-label="Which images" isCompact>
          {imageFilters.map(({ key, label }) => (
            <ToggleGroupItem
              key={key}
              text={`${label} ${(counts.get(key) ?? 0).toLocaleString('en')}`}
              buttonId={`images-${key}`}
              isSelected={filter === key}
              onChange={() => setFilter(key)}
            />
          ))}
        </ToggleGroup>
        {hasMap && rows.length > 0 && (
          <span className="vb-row vb-measure">
            <span className="vb-subtle vb-measure-label" id="measure-label">
              Area shows
            </span>
            <ToggleGroup aria-labelledby="measure-label" isCompact>
              {measures.map(({ key, label }) => (
                <ToggleGroupItem
                  key={key}
                  text={label}
                  buttonId={`measure-${key}`}
                  isSelected={measure === key}
                  onChange={() => setMeasure(key)}
                />
              ))}
            </ToggleGroup>
          </span>
        )}
      </ViewHead>
      <div className="vb-images-body" ref={body}>
        <div className="vb-images-main">
          <NotSeen nodes={snapshot.nodes} now={now} />
          {rows.length === 0 ? (
            <NoImages storages={storages} names={names} />
          ) : (
            <>
              {hasMap && (
                <MapOfImages
                  rows={found}
                  storages={storages}
                  names={names}
                  measure={measure}
                  silence={silence}
                  selected={selected}
                  instanceOf={instanceOf}
                  takesFocus={wantsMap}
                  onSelect={select}
                  onOpen={look}
                />
              )}
              <div className="vb-map-below">
                {hasMap && <MapLegend measure={measure} />}
                <button type="button" className="vb-map-toggle" onClick={toggleMap}>
                  <Kbd>T</Kbd> {hasMap ? 'table alone' : 'map of the storages'}
                </button>
              </div>
              <ScrollRegion className="vb-scroll vb-images-table" label="Table of images">
                {found.length === 0 ? (
                  <div className="vb-empty" role="status">
                    <p>No image matches the filter.</p>
                    <Button variant="secondary" onClick={showAll}>
                      Show all {rows.length.toLocaleString('en')}
                    </Button>
                  </div>
                ) : (
                  <ImageTable
                    groups={shown}
                    selected={selected}
                    opened={looked?.key ?? null}
                    now={now}
                    names={names}
                    silentOf={silentOf}
                    instanceOf={instanceOf}
                    sort={sort}
                    onSort={sortBy}
                    onSelect={select}
                    onOpen={look}
                  />
                )}
                {found.length > limit && (
                  <div className="vb-pad">
                    <Button variant="secondary" onClick={() => setLimit(found.length)}>
                      Show all {found.length.toLocaleString('en')}
                    </Button>
                  </div>
                )}
              </ScrollRegion>
            </>
          )}
        </div>
        {looked && (
          <LookInside
            key={looked.key}
            row={looked}
            snapshot={snapshot}
            storageName={names.get(looked.storage.key) ?? looked.storage.path}
            found={instanceOf(looked)}
            now={now}
            onClose={closeLook}
          />
        )}
      </div>
      {rows.length > 0 && (
        <SelectionBar selected={chosen} actions={imageActions(chosen, rows, instanceOf)} onLook={look} />
      )}
    </>
  );
};
