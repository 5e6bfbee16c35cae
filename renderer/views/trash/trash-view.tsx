/** The trash: removed instances, until somebody restores or purges them. */
import { Button } from '@patternfly/react-core';
import { useApp, useSnapshot } from '../../desk/desk-context.tsx';
import { RouteLink, useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { ago, count, shortBytes, span, timeOfDay } from '../../parts/format.ts';
import { Names } from '../../parts/names.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { VerdictSign } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';
import { type TrashRow, trashRows } from './trash-rows.ts';
import './trash.css';

const NotKnown = () => <span className="vb-subtle">not known</span>;

const Bytes = ({ bytes }: { bytes: number | null }) => (bytes === null ? <NotKnown /> : shortBytes(bytes));

/** What keeps it from being restored or purged as it is; else until when it is kept. */
const Kept = ({ row: { each, expires, expired }, now }: { row: TrashRow; now: number }) => {
  if (each.lock)
    return (
      <span className="vb-row">
        <VerdictSign verdict="warning" />
        <span>
          {each.lock.ok
            ? `locked by the run ${each.lock.lock.run} of ${each.lock.lock.user}: ${each.lock.lock.title}`
            : `locked, and the lock can't be read: ${each.lock.error}`}
        </span>
      </span>
    );
  if (each.record?.ok === false)
    return (
      <span className="vb-row">
        <VerdictSign verdict="not" />
        <span>its record can't be read: {each.record.error}</span>
      </span>
    );
  if (expires === null) return <NotKnown />;
  return expired ? (
    <span className="vb-row">
      <VerdictSign verdict="warning" />
      <span>expired {ago(expires, now)}</span>
    </span>
  ) : (
    <>for another {span(expires - now)}</>
  );
};

const Row = ({ row, now }: { row: TrashRow; now: number }) => {
  const { each } = row;
  const { called } = each;
  return (
    <tr>
      <th scope="row" className="vb-trash-name">
        {called} {each.replica !== null && each.record === null && <span className="vb-tag">replica</span>}
        <code className="vb-break">{each.path}</code>
        <span className="vb-subtle">
          {each.images?.ok ? (
            <>
              an image that nobody owned, from <code>{each.images.note.from}</code>
            </>
          ) : (
            <>uuid {each.uuid === null ? 'not known' : <code>{each.uuid}</code>}</>
          )}
          , {row.seen ? 'on' : 'last seen on'} <Names names={each.nodes} />
        </span>
      </th>
      <td>
        {each.removedAt === null ? (
          <NotKnown />
        ) : (
          <>
            {ago(each.removedAt, now)}
            <br />
            <span className="vb-subtle">{timeOfDay(each.removedAt, now)}</span>
          </>
        )}
      </td>
      <td>{row.by ?? <NotKnown />}</td>
      <td className="vb-right">
        <Bytes bytes={each.allocated} />
      </td>
      <td className="vb-right">
        <Bytes bytes={each.promised} />
      </td>
      <td className="vb-wrap vb-break">
        <Kept row={row} now={now} />
      </td>
      <td>
        {each.lock === null ? (
          <span className="vb-row">
            <RouteLink to={{ view: 'review', kind: 'restore', subject: `${each.storage}/${each.name}` }}>
              Restore<span className="vb-hidden"> {called}</span>…
            </RouteLink>
            <RouteLink to={{ view: 'purge', folders: [row.key] }}>
              Purge<span className="vb-hidden"> {called}</span>…
            </RouteLink>
          </span>
        ) : (
          each.lock.ok && (
            <RouteLink to={{ view: 'review', kind: 'unlock', subject: each.path }}>Break its lock…</RouteLink>
          )
        )}
      </td>
    </tr>
  );
};

export const TrashView = () => {
  const { settings, runs } = useApp();
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const now = useNow(30_000);
  const rows = trashRows(snapshot, settings.trashDays, runs, now);
  const expired = rows.filter((row) => row.expired && row.seen && row.each.lock === null);
  const total = rows.reduce((sum, row) => sum + (row.each.allocated ?? 0), 0);
  return (
    <>
      <ViewHead
        title="Trash"
        crumb={{ text: 'Instances', href: formatRoute({ view: 'instances' }) }}
        note={`kept ${count(settings.trashDays, 'day')}, then marked as expired; nothing deletes itself`}
      >
        {expired.length > 0 && (
          <span className="vb-head-end">
            <Button
              variant="secondary"
              isDanger
              onClick={() => go({ view: 'purge', folders: expired.map((row) => row.key) })}
            >
              Purge the expired ({expired.length})…
            </Button>
          </span>
        )}
      </ViewHead>
      <ScrollRegion className="vb-scroll" label="Trash">
        {rows.length === 0 ? (
          <div className="vb-empty">
            <h2>The trash is empty</h2>
            <p>
              A removed instance waits here: its folder, with all that lies in it, moves into{' '}
              <code>.trash</code> of its storage directory, and can be restored.
            </p>
          </div>
        ) : (
          <table className="vb-table" aria-label="Trash">
            <thead>
              <tr>
                <th scope="col">Instance</th>
                <th scope="col">Removed</th>
                <th scope="col">By</th>
                <th scope="col" className="vb-right">
                  On disk
                </th>
                <th scope="col" className="vb-right">
                  Promised
                </th>
                <th scope="col">Kept</th>
                <th scope="col">What to do</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.key} row={row} now={now} />
              ))}
            </tbody>
            <tfoot>
              <tr>
                <td colSpan={3}>{count(rows.length, 'folder')}</td>
                <td className="vb-right">{shortBytes(total)}</td>
                <td colSpan={3} />
              </tr>
            </tfoot>
          </table>
        )}
      </ScrollRegion>
    </>
  );
};
