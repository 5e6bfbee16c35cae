import type { InstanceRow } from '../../model/instance-rows.ts';
import { troubleMark, troubleWords, usedMemory } from '../../model/node-words.ts';
import { formatRoute } from '../../navigation/route.ts';
import { Bar } from '../../parts/bar.tsx';
import { bytesOf, count, memory, memoryOf } from '../../parts/format.ts';
import { Mark, Spinner, StateSign, VerdictSign } from '../../parts/signs.tsx';
import type { Rack as RackData } from './overview-model.ts';

/** Chips are never drawn smaller than their text; past so many the rest is one line. */
const smallest = 21;
const mostChips = 16;

const short = (name: string): string => name.split('.')[0] ?? name;

export const Chip = ({ row, height, at }: { row: InstanceRow; height: number; at: string }) => {
  const { instance } = row;
  const figures = row.onDisk === null ? null : bytesOf(row.onDisk, row.virtual);
  const classes = [
    'vb-chip',
    row.sign === 'not-seen' ? 'vb-chip-ghost' : '',
    row.sign === 'operation' ? 'vb-chip-operation' : '',
    row.sign === 'emergency' || row.sign === 'crashed' ? 'vb-chip-bad' : '',
  ].join(' ');
  return (
    <a
      href={formatRoute({ view: 'instance', instance: row.handle })}
      className={classes}
      style={{ height }}
      data-chip={at}
      title={`${instance.name}: ${instance.statusText} Failover: ${row.readiness.text}.`}
    >
      <span className="vb-chip-line">
        <StateSign state={row.sign} label={row.state} />
        <strong>{short(instance.name)}</strong>
        {instance.lock && <Mark mark={row.activity ? 'lock' : 'stale-lock'} label="locked" />}
        {instance.problems.length > 0 && <Mark mark="drift" label="has problems" />}
        <span className="vb-chip-memory">{memory(row.memoryMib)}</span>
        <VerdictSign verdict={row.readiness.verdict} label={`failover ${row.readiness.text}`} />
      </span>
      {height >= 39 && (
        <span className="vb-chip-sub">
          {row.activity?.run.state === 'running'
            ? row.state
            : figures && `${figures.part} of ${figures.whole}`}
          {height >= 56 && ` · ${row.vcpus} vCPU`}
        </span>
      )}
      {row.onDisk !== null && (
        <span
          className="vb-chip-base"
          style={{ width: `${row.virtual > 0 ? (100 * row.onDisk) / row.virtual : 0}%` }}
        />
      )}
    </a>
  );
};

export const Rack = ({
  rack,
  scale,
  height,
  now,
}: {
  rack: RackData;
  /** px for one MiB */
  scale: number;
  /** px of the tallest rack */
  height: number;
  now: number;
}) => {
  const { node, facts, chips } = rack;
  const words = troubleWords(node, now);
  const used = facts ? usedMemory(facts) : 0;
  const figures = facts ? memoryOf(used, facts.totalMemoryMib) : null;
  const fitted = facts ? Math.max(90, Math.round(facts.totalMemoryMib * scale)) : height;
  const shown = chips.slice(0, mostChips);
  const rest = chips.slice(mostChips);
  return (
    <section className="vb-rack-column" aria-label={node.name}>
      <div className="vb-rack-head">
        <h2>{node.name}</h2>
        {node.trouble?.kind === 'not-asked' ? (
          <span className="vb-row vb-subtle">
            <Spinner /> {words}
          </span>
        ) : node.trouble ? (
          <span className="vb-rack-trouble">
            <Mark mark={troubleMark(node.trouble.kind)} />
            <strong>{words}</strong>
          </span>
        ) : (
          <span className="vb-subtle">{facts ? count(facts.cpus, 'CPU') : 'being read'}</span>
        )}
      </div>
      {facts && figures && (
        <>
          <div className="vb-rack-figures">
            <span>
              <span className="vb-rack-label">Memory </span>
              <b>{figures.part}</b> of {figures.whole}
            </span>
            <span>
              free <b>{memory(facts.freeMemoryMib)}</b>
            </span>
          </div>
          <Bar
            segments={[
              { value: used, kind: 'filled' },
              { value: facts.reclaimableMib, kind: 'promised' },
            ]}
            whole={facts.totalMemoryMib}
          />
        </>
      )}
      <div className="vb-rack-space" style={{ minHeight: height }}>
        <div className={node.trouble ? 'vb-rack vb-rack-unseen' : 'vb-rack'} style={{ minHeight: fitted }}>
          {facts && chips.length === 0 && (
            <p className="vb-rack-empty">
              {node.trouble ? 'no instance ran here then' : 'no instance runs here'}
            </p>
          )}
          {rest.length > 0 && (
            <a href={formatRoute({ view: 'instances' })} className="vb-chip vb-chip-more">
              and {rest.length} more
            </a>
          )}
          {shown.map((row, index) => (
            <Chip
              key={row.instance.uuid}
              row={row}
              height={Math.max(smallest, Math.round(row.memoryMib * scale))}
              at={`${node.name}:${index}`}
            />
          ))}
          {rack.dom0Mib > 0 && (
            <div className="vb-dom0" style={{ height: Math.max(18, Math.round(rack.dom0Mib * scale)) }}>
              <span>Domain-0</span>
              <span>{memory(rack.dom0Mib)}</span>
            </div>
          )}
        </div>
      </div>
      <div className="vb-rack-foot">
        {rack.stopped.length === 0 ? (
          <span className="vb-subtle">{facts ? 'none stopped' : 'nothing known yet'}</span>
        ) : (
          rack.stopped.slice(0, 6).map((row, index) => (
            <a
              key={row.instance.uuid}
              href={formatRoute({ view: 'instance', instance: row.handle })}
              className="vb-stopped"
              data-chip={`${node.name}:${shown.length + index}`}
              title={row.instance.statusText}
            >
              <StateSign state={row.sign} label={row.state} /> <strong>{short(row.instance.name)}</strong>
              {row.instance.problems.length > 0 && <Mark mark="drift" label="has problems" />}
            </a>
          ))
        )}
        {rack.stopped.length > 6 && (
          <a href={formatRoute({ view: 'instances' })}>and {rack.stopped.length - 6} more</a>
        )}
      </div>
      {rack.local.map((storage) => {
        const taken = storage.totalBytes - storage.freeBytes;
        const size = bytesOf(taken, storage.totalBytes);
        return (
          <div key={storage.path} className="vb-rack-foot vb-rack-local">
            <span className="vb-row">
              <Mark mark="folder" />
              <span className="vb-grow vb-ellipsis" title={storage.path}>
                {storage.path}
              </span>
              {storage.state === 'ok' ? `${size.part} of ${size.whole}` : storage.state.replaceAll('-', ' ')}
            </span>
            {storage.state === 'ok' && (
              <Bar segments={[{ value: taken, kind: 'filled' }]} whole={storage.totalBytes} />
            )}
          </div>
        );
      })}
    </section>
  );
};
