import { Button } from '@patternfly/react-core';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Failure, Output } from '../../../core/contract.ts';
import type { RunSummary } from '../../../core/plan/run.ts';
import { useApp, useDesk } from '../../desk/desk-context.tsx';
import { runStateWords } from '../../model/run-words.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ago, count, took } from '../../parts/format.ts';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Mark, Spinner, StateSign, VerdictSign } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';
import { useKeys } from '../../shell/use-keys.ts';
import { nothingWanted, queryOf, RunsSearch, type Wanted, WordsField } from './runs-search.tsx';
import './runs.css';

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

export const RunTable = ({
  runs,
  short = false,
  lines,
}: {
  runs: readonly RunSummary[];
  short?: boolean;
  /** where a word that was looked for stands, by the run's id */
  lines?: ReadonlyMap<string, string>;
}) => {
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
            {!short && (
              <td className="vb-wrap vb-break">
                {lines?.has(run.id) && <span className="vb-runs-line">{lines.get(run.id)}</span>}
                {run.problem || (run.current ?? '')}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
};

/** Ms of quiet before what is typed is looked for. */
const quietMs = 200;

type FoundRuns = Output<'run.search'>;

/** What is looked for, found among all runs of this workstation: a state has only the newest, and no output. */
const useFound = (wanted: Wanted): { found: FoundRuns | null; failure: Failure | null; asks: boolean } => {
  const desk = useDesk();
  const { runs } = useApp();
  const [answer, setAnswer] = useState<{ of: string; found: FoundRuns | null; failure: Failure | null }>();
  // the same for the same words and days, whatever the clock says
  const of = JSON.stringify(queryOf(wanted, 0));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that changed may fit now; `of` holds what is wanted
  useEffect(() => {
    const query = queryOf(wanted, Date.now());
    if (query === null) return undefined;
    let current = true;
    const timer = setTimeout(() => {
      void desk.call('run.search', query).then((result) => {
        if (!current) return;
        setAnswer(
          result.ok ? { of, found: result.value, failure: null } : { of, found: null, failure: result.error },
        );
      });
    }, quietMs);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [desk, of, runs]);
  const asks = of !== 'null';
  return asks
    ? { found: answer?.found ?? null, failure: answer?.failure ?? null, asks }
    : { found: null, failure: null, asks };
};

export const RunsView = () => {
  const { runs, snapshot } = useApp();
  const [wanted, setWanted] = useState(nothingWanted);
  const words = useRef<HTMLInputElement>(null);
  const { found, failure, asks } = useFound(wanted);
  const want = useCallback((part: Partial<Wanted>) => setWanted((old) => ({ ...old, ...part })), []);
  useKeys(
    useCallback((key: string) => {
      if (key !== '/') return false;
      words.current?.focus();
      return true;
    }, []),
  );
  const listed = asks ? (found?.found.map((each) => each.run) ?? []) : runs;
  const lines = useMemo(
    () => new Map(found?.found.flatMap(({ run, line }) => (line === undefined ? [] : [[run.id, line]]))),
    [found],
  );
  return (
    <>
      <ViewHead title="Runs" note="everything that was done from this workstation, newest first">
        <WordsField wanted={wanted} onWanted={want} ref={words} />
        {asks && (
          <span className="vb-head-end" role="status">
            {found === null
              ? 'looking…'
              : found.total > found.found.length
                ? `${count(found.total, 'run')}, the newest ${found.found.length} shown`
                : count(found.total, 'run')}
          </span>
        )}
      </ViewHead>
      <RunsSearch wanted={wanted} nodes={snapshot?.nodes.map((each) => each.name) ?? []} onWanted={want} />
      <FailureNote failure={failure} what="The runs could not be searched." />
      <ScrollRegion className="vb-scroll" label="Runs">
        {listed.length > 0 ? (
          <RunTable runs={listed} lines={lines} />
        ) : asks ? (
          found !== null && (
            <div className="vb-empty" role="status">
              <p>No run of this workstation is like that.</p>
              <Button variant="secondary" onClick={() => setWanted(nothingWanted)}>
                Show all
              </Button>
            </div>
          )
        ) : (
          <div className="vb-empty">
            <h2>No run yet</h2>
            <p>Every change to a node is a run: planned, reviewed, then recorded here with its output.</p>
          </div>
        )}
      </ScrollRegion>
    </>
  );
};
