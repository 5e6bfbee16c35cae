import { type KeyboardEvent, useRef } from 'react';
import type { NodeSnapshot } from '../../../core/cluster/snapshot.ts';
import { type InstanceRow, type Sort, type SortKey, totalsOf } from '../../model/instance-rows.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { Bar } from '../../parts/bar.tsx';
import { bytesOf, count, memory } from '../../parts/format.ts';
import { Mark, StateSign, VerdictSign } from '../../parts/signs.tsx';

const columns: readonly { key: SortKey | null; label: string; className?: string }[] = [
  { key: 'name', label: 'Name' },
  { key: 'state', label: 'State' },
  { key: 'primary', label: 'Primary' },
  { key: 'secondary', label: 'Secondary' },
  { key: 'memory', label: 'Memory', className: 'vb-right' },
  { key: null, label: 'vCPU', className: 'vb-right' },
  { key: 'disk', label: 'On disk, of virtual size' },
  { key: null, label: 'Disks', className: 'vb-right vb-col-disks' },
  { key: null, label: 'Storage', className: 'vb-col-wide' },
  { key: 'readiness', label: 'Failover' },
];

const NodeCell = ({ name, troubled }: { name: string | null; troubled: ReadonlySet<string> }) =>
  name === null ? (
    <span className="vb-subtle">none</span>
  ) : (
    <span className="vb-nowrap">
      {name} {troubled.has(name) && <Mark mark="plug" label="does not answer" />}
    </span>
  );

const storageName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const DiskCell = ({ row }: { row: InstanceRow }) => {
  if (row.onDisk === null) return <span className="vb-subtle">not known</span>;
  const figures = bytesOf(row.onDisk, row.virtual);
  return (
    <span className="vb-disk-cell">
      <Bar segments={[{ value: row.onDisk, kind: 'filled' }]} whole={row.virtual} dotted />
      <span>
        {figures.part} <span className="vb-subtle">of</span> {figures.whole}
      </span>
    </span>
  );
};

const Row = ({
  row,
  selected,
  onSelect,
  troubled,
}: {
  row: InstanceRow;
  selected: boolean;
  onSelect: (on: boolean) => void;
  troubled: ReadonlySet<string>;
}) => {
  const { instance } = row;
  return (
    <tr className={selected ? 'vb-selected' : ''} data-handle={row.handle}>
      <td>
        <input
          type="checkbox"
          checked={selected}
          aria-label={`Select ${instance.name}`}
          onChange={(event) => onSelect(event.target.checked)}
        />
      </td>
      <th scope="row">
        <RouteLink to={{ view: 'instance', instance: row.handle }} className="vb-name">
          {instance.name}
        </RouteLink>{' '}
        {instance.lock && <Mark mark={row.activity ? 'lock' : 'stale-lock'} label="locked" />}
        {instance.problems.length > 0 && (
          <Mark mark="drift" label={instance.problems.map((each) => each.text).join(' ')} />
        )}
      </th>
      <td title={instance.statusText}>
        <StateSign state={row.sign} /> {row.state}
      </td>
      <td>
        <NodeCell name={instance.primary} troubled={troubled} />
      </td>
      <td>
        <NodeCell name={instance.secondary} troubled={troubled} />
      </td>
      <td className="vb-right">{memory(row.memoryMib)}</td>
      <td className="vb-right">{row.vcpus}</td>
      <td>
        <DiskCell row={row} />
      </td>
      <td className="vb-right vb-col-disks">{instance.disks.length}</td>
      <td className="vb-col-wide" title={instance.storage}>
        {storageName(instance.storage)} <span className="vb-subtle vb-drivers">{row.drivers}</span>
      </td>
      <td className="vb-readiness">
        <VerdictSign verdict={row.readiness.verdict} />{' '}
        <span title={row.readiness.text}>{row.readiness.text}</span>
      </td>
    </tr>
  );
};

export const InstanceTable = ({
  rows,
  total,
  nodes,
  selected,
  onSelect,
  sort,
  onSort,
}: {
  rows: readonly InstanceRow[];
  /** rows of which these are the shown ones */
  total: readonly InstanceRow[];
  nodes: readonly NodeSnapshot[];
  selected: ReadonlySet<string>;
  onSelect: (handle: string, on: boolean) => void;
  sort: Sort;
  onSort: (key: SortKey) => void;
}) => {
  const table = useRef<HTMLTableElement>(null);
  const troubled = new Set(nodes.filter((node) => node.trouble).map((node) => node.name));
  const sums = totalsOf(total);
  const size = bytesOf(sums.onDisk, sums.virtual);

  const onKeyDown = (event: KeyboardEvent<HTMLTableElement>) => {
    const line = event.target instanceof HTMLElement ? event.target.closest('tr') : null;
    const handle = line?.dataset.handle;
    if (handle === undefined) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const lines = [...(table.current?.querySelectorAll('tbody tr') ?? [])];
      const next = lines[lines.indexOf(line as Element) + (event.key === 'ArrowDown' ? 1 : -1)];
      next?.querySelector<HTMLElement>('.vb-name')?.focus();
      event.preventDefault();
    } else if (event.key === ' ' && event.target instanceof HTMLAnchorElement) {
      onSelect(handle, !selected.has(handle));
      event.preventDefault();
    }
  };

  return (
    <table className="vb-table vb-instances" ref={table} onKeyDown={onKeyDown} aria-label="Instances">
      <thead>
        <tr>
          <th scope="col">
            <span className="vb-hidden">Select</span>
          </th>
          {columns.map((column) => {
            const active = column.key === sort.key;
            return (
              <th
                key={column.label}
                scope="col"
                className={column.className ?? ''}
                {...(active
                  ? { 'aria-sort': sort.down ? ('descending' as const) : ('ascending' as const) }
                  : {})}
              >
                {column.key ? (
                  <button type="button" className="vb-sort" onClick={() => column.key && onSort(column.key)}>
                    {column.label} {active && <span aria-hidden="true">{sort.down ? '▾' : '▴'}</span>}
                  </button>
                ) : (
                  column.label
                )}
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row
            key={row.instance.uuid}
            row={row}
            selected={selected.has(row.handle)}
            onSelect={(on) => onSelect(row.handle, on)}
            troubled={troubled}
          />
        ))}
      </tbody>
      <tfoot>
        <tr>
          <td />
          <th scope="row">{count(total.length, 'instance')}</th>
          <td colSpan={3}>{sums.states}</td>
          <td className="vb-right">{memory(sums.memoryMib)}</td>
          <td className="vb-right">{sums.vcpus}</td>
          <td>
            <span className="vb-disk-cell">
              <Bar segments={[{ value: sums.onDisk, kind: 'filled' }]} whole={sums.virtual} dotted />
              <span>
                {size.part} of {size.whole}
              </span>
            </span>
          </td>
          <td className="vb-right vb-col-disks">{sums.disks}</td>
          <td className="vb-col-wide" />
          <td>
            {sums.ready} of {total.length} can fail over
          </td>
        </tr>
      </tfoot>
    </table>
  );
};
