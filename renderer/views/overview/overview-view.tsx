import { Button } from '@patternfly/react-core';
import PlusIcon from '@patternfly/react-icons/dist/esm/icons/plus-icon';
import { type KeyboardEvent, useMemo, useSyncExternalStore } from 'react';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { lastAnswer } from '../../../core/draft/base.ts';
import { useApp, useSnapshot } from '../../desk/desk-context.tsx';
import { type InstanceRow, rowsOf, totalsOf } from '../../model/instance-rows.ts';
import { answering, noneAnswers } from '../../model/node-words.ts';
import { waitingRuns } from '../../model/run-words.ts';
import { RouteLink, useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { Bar } from '../../parts/bar.tsx';
import { ago, bytesOf, count, shortBytes } from '../../parts/format.ts';
import { Names } from '../../parts/names.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Mark, Spinner, StateSign, VerdictSign } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';
import { type Attention, attentionOf, type Pool, poolsOf, racksOf } from './overview-model.ts';
import './overview.css';
import { Rack } from './rack.tsx';

/** px of the tallest rack: what the window leaves beside the bars, the pools and the legend. */
const rackHeightFor = (windowHeight: number): number => Math.min(560, Math.max(230, windowHeight - 470));
const watchSize = (listener: () => void) => {
  window.addEventListener('resize', listener);
  return () => window.removeEventListener('resize', listener);
};

const AttentionMark = ({ mark }: { mark: Attention['mark'] }) =>
  mark === 'warning' || mark === 'not' ? <VerdictSign verdict={mark} /> : <Mark mark={mark} />;

const AttentionLine = ({ items }: { items: readonly Attention[] }) =>
  items.length > 0 && (
    <nav className="vb-attention" aria-label="To look at">
      <strong>{items.length} to look at</strong>
      {items.slice(0, 5).map((item) => (
        <RouteLink key={item.key} to={item.route}>
          <AttentionMark mark={item.mark} /> <span className="vb-attention-text">{item.text}</span>
        </RouteLink>
      ))}
      {items.length > 5 && <RouteLink to={{ view: 'instances' }}>and {items.length - 5} more</RouteLink>}
    </nav>
  );

const PoolBox = ({ pool }: { pool: Pool }) => {
  const { facts } = pool;
  const used = facts.totalBytes - facts.freeBytes;
  const whole = Math.max(facts.totalBytes, pool.promised);
  const size = bytesOf(used, facts.totalBytes);
  const over = pool.promised > facts.totalBytes;
  return (
    <section className="vb-pool" aria-label={`Shared storage ${facts.path}`}>
      <div className="vb-pool-boxes" aria-hidden="true" hidden={pool.folders.length === 0}>
        {pool.folders.map(({ row, virtual, onDisk }) => (
          <a
            key={row.instance.uuid}
            href={formatRoute({ view: 'instance', instance: row.handle })}
            tabIndex={-1}
            className="vb-pool-box"
            style={{ width: `${(100 * virtual) / whole}%` }}
            title={`${row.instance.name}: ${shortBytes(onDisk)} on disk of ${shortBytes(virtual)}`}
          >
            <span>{row.instance.name.split('.')[0]}</span>
            <span
              className="vb-chip-base"
              style={{ width: `${virtual > 0 ? (100 * onDisk) / virtual : 0}%` }}
            />
          </a>
        ))}
        {over && <span className="vb-pool-mark" style={{ left: `${(100 * facts.totalBytes) / whole}%` }} />}
      </div>
      <Bar segments={[{ value: used, kind: 'filled' }]} whole={facts.totalBytes} />
      <div className="vb-pool-words">
        <Mark mark="folder" />
        <strong>{facts.path}</strong>
        <span className="vb-subtle">
          {facts.filesystem} · shared by <Names names={pool.nodes} />
        </span>
        <span className="vb-grow" />
        <span>
          <b>{size.part}</b> of {size.whole} used ·{' '}
          {over && <VerdictSign verdict="warning" label="more than it holds:" />} {shortBytes(pool.promised)}{' '}
          promised to {count(pool.folders.length, 'instance')}
        </span>
      </div>
    </section>
  );
};

const Legend = () => (
  <ul className="vb-legend" aria-label="Legend">
    <li>
      <StateSign state="running" /> running
    </li>
    <li>
      <StateSign state="stopped" /> stopped
    </li>
    <li>
      <StateSign state="not-seen" /> not seen
    </li>
    <li>
      <StateSign state="operation" /> operation
    </li>
    <li>
      <VerdictSign verdict="ready" /> ready to fail over
    </li>
    <li>
      <VerdictSign verdict="consent" /> with consent
    </li>
    <li>
      <VerdictSign verdict="not" /> not ready
    </li>
    <li>
      <VerdictSign verdict="unknown" /> unknown
    </li>
    <li>
      <Mark mark="drift" /> not as its record says
    </li>
    <li>height is memory; base line is bytes on disk of virtual size</li>
  </ul>
);

/** Arrow keys: up and down within a rack, left and right between racks. */
const moveBetweenChips = (event: KeyboardEvent) => {
  if (!event.key.startsWith('Arrow') || !(event.target instanceof HTMLElement)) return;
  const chips = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-chip]')];
  const now = chips.indexOf(event.target);
  const current = chips[now];
  if (!current) return;
  const rackOf = (chip: HTMLElement | undefined) => chip?.dataset.chip?.replace(/:\d+$/, '');
  const racks = [...new Set(chips.map(rackOf))];
  let next: HTMLElement | undefined;
  if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
    const candidate = chips[now + (event.key === 'ArrowDown' ? 1 : -1)];
    if (rackOf(candidate) === rackOf(current)) next = candidate;
  } else {
    const rack = racks[racks.indexOf(rackOf(current)) + (event.key === 'ArrowRight' ? 1 : -1)];
    next = chips.find((chip) => rackOf(chip) === rack);
  }
  if (next) {
    next.focus();
    event.preventDefault();
  }
};

/** Nobody was asked yet. That nobody answers is said above every view. */
const BeingRead = ({ snapshot, now }: { snapshot: Snapshot; now: number }) => {
  const last = lastAnswer(snapshot);
  return (
    <div className="vb-note vb-note-plain" role="status">
      <Spinner />
      <span>
        <strong>The nodes are being read.</strong>{' '}
        {last !== null && <>This is how it was {ago(last, now)}.</>} Each appears when it has answered.
      </span>
    </div>
  );
};

const survivors = (rows: readonly InstanceRow[]) => totalsOf(rows).ready;

export const OverviewView = () => {
  const app = useApp();
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const now = useNow(1000);
  const rows = useMemo(() => rowsOf(snapshot, app.runs), [snapshot, app.runs]);
  const racks = useMemo(() => racksOf(snapshot, rows), [snapshot, rows]);
  const pools = useMemo(() => poolsOf(snapshot, rows), [snapshot, rows]);
  const halfWay = waitingRuns(app.runs, snapshot);
  const waiting = app.runs.filter(
    (run) => run.cluster === app.open && (run.returned !== undefined || halfWay.includes(run)),
  );
  const attention = attentionOf(snapshot, rows, pools, waiting, now);
  const rackHeight = rackHeightFor(useSyncExternalStore(watchSize, () => window.innerHeight));
  const largest = Math.max(1, ...racks.map((rack) => rack.facts?.totalMemoryMib ?? 0));
  const seen = answering(snapshot);
  const making = app.runs.filter((run) => run.cluster === app.open && run.state === 'running');
  return (
    <>
      <ViewHead
        title="Overview"
        note={
          rows.length > 0 && (
            <>
              <strong className="vb-strong">
                {survivors(rows)} of {rows.length}
              </strong>{' '}
              can fail over
            </>
          )
        }
      >
        <span className="vb-head-end">
          <Button icon={<PlusIcon />} onClick={() => go({ view: 'create' })}>
            Create instance
          </Button>
        </span>
      </ViewHead>
      <AttentionLine items={attention} />
      <ScrollRegion className="vb-scroll vb-overview" label="Nodes and storage" onKeyDown={moveBetweenChips}>
        {seen === 0 && !noneAnswers(snapshot) && <BeingRead snapshot={snapshot} now={now} />}
        {rows.length === 0 && making.length > 0 && (
          <div className="vb-note vb-note-plain" role="status">
            <Spinner />
            <span>
              <strong>The first instances are being made:</strong>{' '}
              {making.map((run, index) => (
                <span key={run.id}>
                  {index > 0 && ', '}
                  <RouteLink to={{ view: 'run', run: run.id }}>{run.title}</RouteLink>
                </span>
              ))}
            </span>
          </div>
        )}
        <div className="vb-racks">
          {racks.map((rack) => (
            <Rack
              key={rack.node.name}
              rack={rack}
              scale={rackHeight / largest}
              height={rackHeight}
              now={now}
            />
          ))}
        </div>
        {pools.map((pool) => (
          <PoolBox key={pool.id} pool={pool} />
        ))}
        {rows.length === 0 && seen > 0 && making.length === 0 && (
          <div className="vb-empty vb-overview-empty">
            <h2>No instances yet</h2>
            <p>
              {count(seen, 'node answers', 'nodes answer')}. Create one, or look under Instances at what lies
              in the storage directories.
            </p>
            <Button onClick={() => go({ view: 'create' })}>Create instance</Button>
            <Button variant="link" onClick={() => go({ view: 'import' })}>
              Import from Ganeti…
            </Button>
          </div>
        )}
        <Legend />
      </ScrollRegion>
    </>
  );
};
