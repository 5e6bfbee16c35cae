import { progressText } from '../../../core/plan/progress-text.ts';
import type { Run, RunStep } from '../../../core/plan/run.ts';
import { clock, took } from '../../parts/format.ts';
import { Mark, Spinner, StateSign, VerdictSign } from '../../parts/signs.tsx';
import { knownState, pictureOf, type RunRow } from './run-model.ts';

const stateWords: Record<RunStep['state'], string> = {
  waiting: 'waiting',
  running: 'running',
  done: 'done',
  failed: 'failed',
  unknown: 'outcome unknown',
  skipped: 'skipped',
};

const StepSign = ({ row, state }: { row: RunRow; state: RunStep['state'] }) => {
  switch (state) {
    case 'running':
      return <StateSign state="operation" />;
    case 'done':
      return row.kind === 'undo' ? <Mark mark="undo" /> : <Mark mark="check" />;
    case 'failed':
      return <StateSign state="crashed" />;
    case 'unknown':
      return <VerdictSign verdict="unknown" />;
    case 'skipped':
      return <VerdictSign verdict="ready" />;
    case 'waiting':
      return <span className="vb-sign-space" />;
  }
};

const noteOf = (row: RunRow, state: RunStep['state'], silent: ReadonlySet<string>): string => {
  const { step, planned } = row;
  if (step && state === 'running') {
    const unseen = step.nodes.filter((node) => silent.has(node));
    return unseen.length > 0
      ? `${unseen.join(', ')} does not answer: asked again and again`
      : step.progress
        ? progressText(step.progress)
        : `running on ${step.nodes.join(', ')}`;
  }
  if (step && state === 'failed') return step.exitCode === null ? 'failed' : `exit code ${step.exitCode}`;
  if (state === 'unknown') return 'begun; outcome not known';
  if (state === 'skipped') return 'nothing to do';
  return planned?.commit ? 'point of no return' : '';
};

const Took = ({ step, state, now }: { step: RunStep | null; state: RunStep['state']; now: number }) => {
  if (!step || step.startedAt === null || state === 'unknown') return null;
  return state === 'running' || step.endedAt === null ? (
    <b>{clock(now - step.startedAt)}</b>
  ) : (
    took(step.endedAt - step.startedAt)
  );
};

export const RunLanes = ({
  run,
  now,
  silent,
  selected,
  onSelect,
}: {
  run: Run;
  now: number;
  /** nodes that do not answer now */
  silent: ReadonlySet<string>;
  selected: string | null;
  onSelect: (id: string) => void;
}) => {
  const picture = pictureOf(run);
  // A node that is only looked at together with others needs no width of its own.
  const busy = new Set(
    picture.rows.filter((row) => row.lanes[0] === row.lanes[1]).map((row) => row.lanes[0]),
  );
  const widths = picture.lanes.map((_, index) =>
    busy.has(index) ? 'minmax(150px, 1fr)' : 'minmax(64px, 0.3fr)',
  );
  const columns = `16px 52px ${widths.join(' ')} 60px`;
  return (
    <div className="vb-lanes">
      <div className="vb-lanes-head" style={{ gridTemplateColumns: columns }} aria-hidden="true">
        <span />
        <span className="vb-right">at</span>
        {picture.lanes.map((node) => (
          <strong key={node}>{node}</strong>
        ))}
        <span className="vb-right">took</span>
      </div>
      <ol className="vb-lane-rows">
        {picture.rows.map((row, index) => {
          const before = picture.rows[index - 1]?.down ?? false;
          const after = picture.rows[index + 1]?.down ?? false;
          const bracket = row.down
            ? `vb-bracket${before ? '' : ' vb-bracket-top'}${after ? '' : ' vb-bracket-bottom'}`
            : '';
          if (row.kind === 'turn' || !(row.step ?? row.planned))
            return (
              <li key="turn" className="vb-lane-turn" style={{ gridTemplateColumns: columns }}>
                <span className={bracket} />
                <span style={{ gridColumn: '2 / -1' }}>
                  <Mark mark="undo" /> undone in reverse from here
                </span>
              </li>
            );
          const id = row.step?.id ?? row.planned?.id ?? '';
          const state = row.step ? knownState(run, row.step) : 'waiting';
          const note = noteOf(row, state, silent);
          const [first, last] = row.lanes;
          const nodes = row.step?.nodes ?? row.planned?.nodes ?? [];
          return (
            <li key={id} className="vb-lane-row" style={{ gridTemplateColumns: columns }}>
              <span className={bracket} />
              <span className="vb-right vb-subtle">
                {row.step && row.step.startedAt !== null ? clock(row.step.startedAt - run.startedAt) : ''}
              </span>
              <button
                type="button"
                className={`vb-lane-step vb-lane-${row.kind} vb-lane-${state}`}
                style={{ gridColumn: `${first + 3} / ${last + 4}` }}
                aria-pressed={selected === id}
                onClick={() => onSelect(id)}
              >
                <StepSign row={row} state={state} />
                {row.kind === 'step' && <span className="vb-lane-number">{id}</span>}
                <span className="vb-lane-body">
                  <span className="vb-lane-title">
                    {row.kind === 'undo' && 'Undo: '}
                    {row.step?.title ?? row.planned?.title}
                  </span>
                  <span className="vb-hidden">
                    , {nodes.join(', ')}, {stateWords[state]}
                  </span>
                  {note !== '' && (
                    <span className="vb-lane-note">
                      {note}
                      {state === 'running' && <Spinner />}
                    </span>
                  )}
                </span>
              </button>
              <span className="vb-right" style={{ gridColumn: '-2 / -1' }}>
                <Took step={row.step} state={state} now={now} />
              </span>
            </li>
          );
        })}
      </ol>
      {picture.neverBegun.length > 0 && (
        <p className="vb-subtle vb-lanes-foot">
          {picture.neverBegun.length === 1
            ? `Step ${picture.neverBegun[0]} was never begun.`
            : `Steps ${picture.neverBegun[0]} to ${picture.neverBegun.at(-1)} were never begun.`}
        </p>
      )}
    </div>
  );
};
