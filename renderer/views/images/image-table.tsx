/** Every image file in a line, by what it is: orphans first. */
import { type KeyboardEvent, useRef } from 'react';
import type { ImageRow } from '../../../core/cluster/images.ts';
import {
  age,
  fileName,
  type ImageGroup,
  type ImageSort,
  type ImageSortKey,
  type InstanceIn,
  instanceNameOf,
  openWords,
  ownerWord,
  shareOnDisk,
  sortWords,
} from '../../model/image-rows.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { Bar } from '../../parts/bar.tsx';
import { count, percent, shortBytes } from '../../parts/format.ts';
import { Mark, StateSign } from '../../parts/signs.tsx';

const columns: readonly { key: ImageSortKey | null; label: string; className: string }[] = [
  { key: 'file', label: 'File', className: 'vb-col-file' },
  { key: 'type', label: 'Type', className: '' },
  { key: 'virtual', label: 'Virtual', className: 'vb-right' },
  { key: 'disk', label: 'On disk', className: 'vb-right' },
  { key: 'sparse', label: 'Sparse', className: '' },
  { key: 'owner', label: 'Owner', className: 'vb-col-owner' },
  { key: 'storage', label: 'Storage', className: 'vb-col-storage' },
  { key: 'open', label: 'Open in', className: 'vb-col-open' },
  { key: 'modified', label: 'Modified', className: 'vb-col-modified' },
  { key: null, label: 'Remark', className: 'vb-col-remark' },
];

const Sparse = ({ row }: { row: ImageRow }) => {
  const share = shareOnDisk(row);
  if (share === null) return <span className="vb-subtle">not known</span>;
  return (
    <span className="vb-sparse">
      <Bar segments={[{ value: share, kind: 'filled' }]} whole={1} dotted />
      <span>{percent(share)} %</span>
    </span>
  );
};

const Owner = ({ row, found }: { row: ImageRow; found: InstanceIn | null }) => {
  const { owner } = row;
  const name = instanceNameOf(row);
  if (owner.kind === 'orphan')
    return (
      <>
        <Mark mark="folder" /> orphan
      </>
    );
  if (name === null || !found) return ownerWord(row);
  const before = { instance: '', replica: 'replica of ', unrecorded: 'beside ', kept: 'kept, was of ' };
  return (
    <>
      {owner.kind in before && before[owner.kind as keyof typeof before]}
      <RouteLink to={{ view: 'instance', instance: found.handle }}>{name}</RouteLink>
    </>
  );
};

const Open = ({ row }: { row: ImageRow }) => {
  const words = openWords(row);
  if (words.known) return words.text === 'nobody' ? <span className="vb-subtle">nobody</span> : words.text;
  return (
    <>
      <StateSign state="unknown" /> {words.text}
    </>
  );
};

/** What is odd, and how long ago the row was true where nobody tells now. */
const remarkOf = (row: ImageRow, silent: string | null): string =>
  [silent, row.remark].filter(Boolean).join(' ');

const Row = ({
  row,
  group,
  isSelected,
  isOpen,
  now,
  name,
  silent,
  found,
  onSelect,
  onOpen,
}: {
  row: ImageRow;
  group: string;
  isSelected: boolean;
  isOpen: boolean;
  now: number;
  name: string;
  /** that nobody tells of it now; null: somebody does */
  silent: string | null;
  found: InstanceIn | null;
  onSelect: (on: boolean) => void;
  onOpen: () => void;
}) => {
  const remark = remarkOf(row, silent);
  return (
    <tr className={isSelected ? 'vb-selected' : ''} data-image={row.key} data-group={group}>
      <td>
        <input
          type="checkbox"
          checked={isSelected}
          aria-label={`Select ${fileName(row)}`}
          onChange={(event) => onSelect(event.target.checked)}
        />
      </td>
      <th scope="row" className="vb-col-file">
        <button
          type="button"
          className="vb-image-name"
          title={row.path}
          aria-label={fileName(row)}
          aria-expanded={isOpen}
          onClick={onOpen}
        >
          {row.folderName !== '' && <span className="vb-image-folder">{row.folderName}</span>}
          <span className="vb-image-file">
            {row.folderName !== '' && '/'}
            {row.name}
          </span>
        </button>
      </th>
      <td>{row.type ?? <span className="vb-subtle">not known</span>}</td>
      <td className="vb-right">
        {row.virtualSize === null ? (
          <span className="vb-subtle">not known</span>
        ) : (
          shortBytes(row.virtualSize)
        )}
      </td>
      <td className="vb-right">{shortBytes(row.allocated)}</td>
      <td>
        <Sparse row={row} />
      </td>
      <td className="vb-col-owner" title={ownerWord(row)}>
        <Owner row={row} found={found} />
      </td>
      <td className="vb-col-storage" title={row.storage.path}>
        {name}
      </td>
      <td className="vb-col-open" title={openWords(row).full}>
        <Open row={row} />
      </td>
      <td className="vb-col-modified vb-subtle" title={new Date(row.modified).toLocaleString('en')}>
        {age(row.modified, now)}
      </td>
      <td className="vb-col-remark vb-subtle" title={remark}>
        {remark}
      </td>
    </tr>
  );
};

export const ImageTable = ({
  groups,
  selected,
  opened,
  now,
  names,
  silentOf,
  instanceOf,
  sort,
  onSort,
  onSelect,
  onOpen,
}: {
  groups: readonly (ImageGroup & { total: number })[];
  selected: ReadonlySet<string>;
  /** key of the image whose details are shown */
  opened: string | null;
  now: number;
  names: ReadonlyMap<string, string>;
  silentOf: (row: ImageRow) => string | null;
  instanceOf: (row: ImageRow) => InstanceIn | null;
  sort: ImageSort;
  onSort: (key: ImageSortKey) => void;
  onSelect: (rows: readonly ImageRow[], on: boolean) => void;
  onOpen: (row: ImageRow) => void;
}) => {
  const table = useRef<HTMLTableElement>(null);
  const all = groups.flatMap((each) => each.rows);
  const allSelected = all.length > 0 && all.every((row) => selected.has(row.key));
  const someSelected = all.some((row) => selected.has(row.key));

  const onKeyDown = (event: KeyboardEvent<HTMLTableElement>) => {
    const line =
      event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('tr[data-image]') : null;
    const row = all.find((each) => each.key === line?.dataset.image);
    if (!line || !row) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const lines = [...(table.current?.querySelectorAll<HTMLElement>('tr[data-image]') ?? [])];
      const next = lines[lines.indexOf(line) + (event.key === 'ArrowDown' ? 1 : -1)];
      next?.querySelector<HTMLElement>('.vb-image-name')?.focus();
      event.preventDefault();
    } else if (event.key === ' ' && event.target instanceof HTMLButtonElement) {
      onSelect([row], !selected.has(row.key));
      event.preventDefault();
    }
  };

  return (
    <table className="vb-table vb-images" ref={table} onKeyDown={onKeyDown} aria-label="Images">
      <thead>
        <tr>
          <th scope="col">
            <input
              type="checkbox"
              aria-label="Select all that are shown"
              checked={allSelected}
              ref={(box) => {
                if (box) box.indeterminate = someSelected && !allSelected;
              }}
              onChange={(event) => onSelect(all, event.target.checked)}
            />
          </th>
          {columns.map(({ key, label, className }) => {
            const active = key === sort.key;
            return (
              <th
                key={label}
                scope="col"
                className={className}
                {...(active
                  ? { 'aria-sort': sort.down ? ('descending' as const) : ('ascending' as const) }
                  : {})}
              >
                {key ? (
                  <button type="button" className="vb-sort" onClick={() => onSort(key)}>
                    {label} {active && <span aria-hidden="true">{sort.down ? '▾' : '▴'}</span>}
                  </button>
                ) : (
                  label
                )}
              </th>
            );
          })}
        </tr>
      </thead>
      {groups.map((group) => (
        <tbody key={group.key}>
          <tr className="vb-image-group">
            <th scope="rowgroup" colSpan={columns.length + 1}>
              {group.title}{' '}
              <span>
                {count(group.total, 'image')}, {shortBytes(group.allocated)} on disk
                {group.total > 1 && `, ${sortWords(sort)}`}
              </span>
            </th>
          </tr>
          {group.rows.map((row) => (
            <Row
              key={row.key}
              row={row}
              group={group.key}
              isSelected={selected.has(row.key)}
              isOpen={opened === row.key}
              now={now}
              name={names.get(row.storage.key) ?? row.storage.path}
              silent={silentOf(row)}
              found={instanceOf(row)}
              onSelect={(on) => onSelect([row], on)}
              onOpen={() => onOpen(row)}
            />
          ))}
        </tbody>
      ))}
    </table>
  );
};
