import type { RunSummary } from '../../../core/plan/run.ts';
import { useApp } from '../../desk/desk-context.tsx';
import { runStateWords } from '../../model/run-words.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { ago, took } from '../../parts/format.ts';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Mark, Spinner, StateSign, VerdictSign } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';

export const RunSign = ({ state }: { state: RunSummary['state'] }) => {
  switch (state) {
    case 'running':
      return <Spinner />;
    case 'done':
      return <Mark mark="check" />;
    case 'undone':
      return <Mark mark="undo" />;
    case 'stuck':
      return <StateSign state="crashed" />;
    case 'cut-off':
    case 'given-up':
      return <VerdictSign verdict="warning" />;
    case 'unknown':
      return <VerdictSign verdict="unknown" />;
  }
};

export const RunTable = ({ runs, short = false }: { runs: readonly RunSummary[]; short?: boolean }) => {
  const now = useNow(5000);
  return (
    <table className="vb-table" aria-label="Runs">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">State</th>
          <th scope="col" className="vb-right">
            Steps
          </th>
          <th scope="col">Started</th>
          <th scope="col" className="vb-right">
            Took
          </th>
          {!short && <th scope="col">By</th>}
          {!short && <th scope="col">Cluster</th>}
          {!short && <th scope="col">What happened</th>}
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <th scope="row">
              <RouteLink to={{ view: 'run', run: run.id }}>{run.title}</RouteLink>
            </th>
            <td>
              <RunSign state={run.state} /> {runStateWords[run.state]}
            </td>
            <td className="vb-right">
              {run.stepsDone} of {run.stepsTotal}
            </td>
            <td>{ago(run.startedAt, now)}</td>
            <td className="vb-right">{run.endedAt === null ? '' : took(run.endedAt - run.startedAt)}</td>
            {!short && <td>{run.who}</td>}
            {!short && <td>{run.cluster}</td>}
            {!short && <td className="vb-wrap vb-break">{run.problem || (run.current ?? '')}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
};

export const RunsView = () => {
  const { runs } = useApp();
  return (
    <>
      <ViewHead title="Runs" note="everything that was done from this workstation, newest first" />
      <ScrollRegion className="vb-scroll" label="Runs">
        {runs.length === 0 ? (
          <div className="vb-empty">
            <h2>No run yet</h2>
            <p>Every change to a node is a run: planned, reviewed, then recorded here with its output.</p>
          </div>
        ) : (
          <RunTable runs={runs} />
        )}
      </ScrollRegion>
    </>
  );
};
