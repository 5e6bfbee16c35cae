import { Button, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import PlusIcon from '@patternfly/react-icons/dist/esm/icons/plus-icon';
import { useCallback, useMemo, useRef, useState } from 'react';
import { orphanFolders } from '../../../core/cluster/instances.ts';
import { trashOf } from '../../../core/cluster/trash.ts';
import { guestsByHand } from '../../../core/plan/adopt/guests-by-hand.ts';
import { useApp, useSnapshot } from '../../desk/desk-context.tsx';
import { useActionsOf } from '../../draft/use-actions.ts';
import {
  filterRows,
  type RowFilter,
  rowsOf,
  type Sort,
  type SortKey,
  sortRows,
} from '../../model/instance-rows.ts';
import { availableMemory } from '../../model/node-words.ts';
import { useNavigator } from '../../navigation/navigator.tsx';
import { FilterField } from '../../parts/filter-field.tsx';
import { count, memory } from '../../parts/format.ts';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { useKeys } from '../../shell/use-keys.ts';
import './instances.css';
import { InstanceTable } from './instance-table.tsx';
import { Leftovers } from './leftovers.tsx';
import { SelectionBar } from './selection-bar.tsx';

const filters: readonly { key: RowFilter; label: string; always?: boolean }[] = [
  { key: 'all', label: 'All', always: true },
  { key: 'running', label: 'Running', always: true },
  { key: 'stopped', label: 'Stopped', always: true },
  { key: 'not-seen', label: 'Not seen' },
  { key: 'not-ready', label: 'Not ready' },
  { key: 'problems', label: 'Problems' },
];

/** Rows drawn at once; thousands would make each refresh slow. */
const shownAtOnce = 400;

export const InstancesView = () => {
  const app = useApp();
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const actionsOf = useActionsOf();
  const [text, setText] = useState('');
  const [filter, setFilter] = useState<RowFilter>('all');
  const [sort, setSort] = useState<Sort>({ key: 'name', down: false });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [limit, setLimit] = useState(shownAtOnce);
  const search = useRef<HTMLInputElement>(null);

  const rows = useMemo(() => rowsOf(snapshot, app.runs), [snapshot, app.runs]);
  const found = useMemo(() => sortRows(filterRows(rows, filter, text), sort), [rows, filter, text, sort]);
  const chosen = rows.filter((row) => selected.has(row.handle));

  const select = useCallback((handle: string, on: boolean) => {
    setSelected((old) => {
      const next = new Set(old);
      if (on) next.add(handle);
      else next.delete(handle);
      return next;
    });
  }, []);
  const sortBy = (key: SortKey) =>
    setSort((old) => ({ key, down: old.key === key ? !old.down : key === 'memory' || key === 'disk' }));

  useKeys(
    useCallback(
      (key) => {
        if (key === '/') {
          search.current?.focus();
          return true;
        }
        if (key === 'Escape' && selected.size > 0) {
          setSelected(new Set());
          return true;
        }
        const id = key === 'f' ? 'failover' : key === 's' ? 'stop' : null;
        if (!id) return false;
        const focused = document.activeElement?.closest('tr')?.dataset.handle;
        const row = chosen.length === 1 ? chosen[0] : rows.find((each) => each.handle === focused);
        const action =
          row && actionsOf(row.instance, row.handle, row.activity).find((each) => each.id === id);
        if (action && action.impossible === null) go(action.route);
        return action !== undefined;
      },
      [chosen, rows, go, selected, actionsOf],
    ),
  );

  const orphans = orphanFolders(snapshot);
  const byHand = guestsByHand(snapshot);
  const create = (
    <Button icon={<PlusIcon />} onClick={() => go({ view: 'create' })}>
      Create instance
    </Button>
  );

  return (
    <>
      <ViewHead title="Instances">
        <FilterField label="name, node, state" text={text} onText={setText} ref={search} />
        <ToggleGroup aria-label="Which instances" isCompact className="vb-wide-only">
          {filters.map((each) => {
            const amount = filterRows(rows, each.key, '').length;
            if (amount === 0 && !each.always && filter !== each.key) return null;
            return (
              <ToggleGroupItem
                key={each.key}
                text={`${each.label} ${amount}`}
                buttonId={`filter-${each.key}`}
                isSelected={filter === each.key}
                onChange={() => setFilter(each.key)}
              />
            );
          })}
        </ToggleGroup>
        <span className="vb-head-end">
          <Button variant="link" onClick={() => go({ view: 'import' })}>
            Import from Ganeti…
          </Button>
          {create}
        </span>
      </ViewHead>
      <ScrollRegion className="vb-scroll" label="Table of instances">
        {rows.length === 0 ? (
          <div className="vb-empty">
            <h2>No instances yet</h2>
            <p>
              {count(snapshot.nodes.filter((node) => node.facts).length, 'node')} answer with{' '}
              {memory(
                snapshot.nodes.reduce((sum, node) => sum + (node.facts ? availableMemory(node.facts) : 0), 0),
              )}{' '}
              of memory free.{' '}
              {orphans.length > 0 && `${count(orphans.length, 'folder')} with files belong to nobody.`}
            </p>
            {create}
          </div>
        ) : (
          <InstanceTable
            rows={found.slice(0, limit)}
            total={found}
            nodes={snapshot.nodes}
            selected={selected}
            onSelect={select}
            sort={sort}
            onSort={sortBy}
          />
        )}
        {rows.length > 0 && found.length === 0 && (
          <div className="vb-empty" role="status">
            <p>No instance matches the filter.</p>
            <Button
              variant="secondary"
              onClick={() => {
                setText('');
                setFilter('all');
              }}
            >
              Show all {rows.length}
            </Button>
          </div>
        )}
        {found.length > limit && (
          <div className="vb-pad">
            <Button variant="secondary" onClick={() => setLimit(found.length)}>
              Show all {found.length.toLocaleString('en')}
            </Button>
          </div>
        )}
        <Leftovers orphans={orphans} byHand={byHand} removed={trashOf(snapshot)} />
      </ScrollRegion>
      {rows.length > 0 && <SelectionBar selected={chosen} />}
    </>
  );
};
