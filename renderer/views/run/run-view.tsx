import { Button, Tooltip } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import { findInstances } from '../../../core/cluster/instances.ts';
import { isEnded, type Run } from '../../../core/plan/run.ts';
import { useApp, useCall } from '../../desk/desk-context.tsx';
import { useRun } from '../../desk/use-run.ts';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { Bar } from '../../parts/bar.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ago, clock, span, timeOfDay } from '../../parts/format.ts';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Mark, Spinner, StateSign, VerdictSign } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';
import { CancelDialog } from './cancel-dialog.tsx';
import { GiveUp } from './give-up.tsx';
import { RunLanes } from './run-lanes.tsx';
import { cancelImpossible, defaultStep, downTime, isHalfWay, type RunWords, wordsOf } from './run-model.ts';
import './run.css';
import { StepPanel } from './step-panel.tsx';
import { UndoButton } from './undo-button.tsx';
import { WhatChanged } from './what-changed.tsx';

const HeadSign = ({ words, run }: { words: RunWords; run: Run }) => {
  if (run.state === 'running') return <Spinner />;
  if (words.tone === 'success') return <VerdictSign verdict="ready" />;
  if (run.state === 'undone') return <Mark mark="undo" />;
  return words.tone === 'danger' ? <StateSign state="crashed" /> : <VerdictSign verdict="warning" />;
};

const Progress = ({ run }: { run: Run }) => {
  const total = run.steps.length;
  const done = run.steps.filter((step) => step.state === 'done' || step.state === 'skipped').length;
  const commit = run.plan.steps.findIndex((step) => step.commit);
  return (
    <div className="vb-progress">
      <div className="vb-progress-bar">
        <Bar segments={[{ value: done, kind: 'operation' }]} whole={total} />
        {commit >= 0 && <span className="vb-commit-mark" style={{ left: `${(100 * commit) / total}%` }} />}
      </div>
      <span className="vb-subtle">
        {done} of {total} done
        {commit >= 0 && <span>point of no return: step {run.plan.steps[commit]?.id}</span>}
      </span>
    </div>
  );
};

const Figure = ({ name, value }: { name: string; value: string }) => (
  <div className="vb-figure">
    <span className="vb-subtle">{name}</span>
    <strong>{value}</strong>
  </div>
);

const downNames = {
  now: 'Guest down for',
  up: 'Guest was down for',
  'not-known': 'Guest may be down for',
} as const;

const RunHead = ({ run, now }: { run: Run; now: number }) => {
  const { go } = useNavigator();
  const [asking, setAsking] = useState(false);
  const cancel = useCall('run.cancel');
  const resume = useCall('run.resume');
  const undo = useCall('run.undo');
  const openCluster = useCall('cluster.open');
  const app = useApp();
  const isThere =
    run.plan.subject.kind === 'instance' &&
    app.snapshot !== null &&
    app.open === run.cluster &&
    findInstances(app.snapshot, run.plan.subject.name).length > 0;
  const words = wordsOf(run);
  const returned = app.runs.find((each) => each.id === run.id)?.returned;
  const impossible = cancelImpossible(run);
  const down = downTime(run, now);
  const waits = isHalfWay(run);
  const cancelButton = (
    <Button
      variant="secondary"
      isDanger
      isAriaDisabled={impossible !== null || cancel.busy}
      onClick={() => impossible === null && setAsking(true)}
    >
      Cancel and undo…
      {impossible !== null && <span className="vb-hidden"> Not possible: {impossible}</span>}
    </Button>
  );
  return (
    <>
      <section className={`vb-run-head vb-run-${words.tone}`} aria-label="State of the run">
        <HeadSign words={words} run={run} />
        <div className="vb-run-words" aria-live="polite">
          <h2>{words.title}</h2>
          {words.note && <p className="vb-prewrap vb-break">{words.note}</p>}
          {returned && <p className="vb-prewrap vb-break">{returned}</p>}
        </div>
        {!waits ? (
          <Figure
            name={run.endedAt === null ? 'Elapsed' : 'Took'}
            value={clock((run.endedAt ?? now) - run.startedAt)}
          />
        ) : (
          <Figure name="Began" value={ago(run.startedAt, now)} />
        )}
        {down !== null && (
          <Figure
            name={downNames[down.until]}
            value={`${clock(down.ms)}${run.plan.effects.downSeconds === null || down.until === 'not-known' ? '' : ` of about ${clock(run.plan.effects.downSeconds * 1000)}`}`}
          />
        )}
        {run.state === 'running' && <Progress run={run} />}
        <span className="vb-run-buttons">
          {run.state === 'running' &&
            (impossible === null ? cancelButton : <Tooltip content={impossible}>{cancelButton}</Tooltip>)}
          {waits && (
            <>
              <Button isDisabled={resume.busy || undo.busy} onClick={() => void resume.send({ run: run.id })}>
                Look and resume
              </Button>
              <Button
                variant="secondary"
                isDisabled={resume.busy || undo.busy}
                onClick={() => void undo.send({ run: run.id })}
              >
                Undo it
              </Button>
              <GiveUp run={run} isDisabled={resume.busy || undo.busy} />
            </>
          )}
          {run.state === 'done' && run.plan.subject.kind === 'cluster' && (
            <Button
              isDisabled={openCluster.busy}
              onClick={() => {
                const name = run.plan.subject.name;
                void openCluster.send({ name }).then((opened) => opened && go({ view: 'overview' }));
              }}
            >
              Open {run.plan.subject.name}
            </Button>
          )}
          {run.state === 'done' && <UndoButton run={run} />}
          {isEnded(run) && isThere && (
            <Button
              variant="secondary"
              onClick={() => go({ view: 'instance', instance: run.plan.subject.name })}
            >
              Open {run.plan.subject.name}
            </Button>
          )}
        </span>
      </section>
      <FailureNote
        failure={openCluster.failure}
        onClose={openCluster.dismiss}
        what="The cluster could not be opened."
      />
      <FailureNote failure={cancel.failure} onClose={cancel.dismiss} what="Cancelling failed." />
      <FailureNote failure={resume.failure} onClose={resume.dismiss} what="It could not be resumed." />
      <FailureNote failure={undo.failure} onClose={undo.dismiss} what="It could not be undone." />
      {asking && (
        <CancelDialog
          run={run}
          onClose={() => setAsking(false)}
          onCancel={() => {
            setAsking(false);
            void cancel.send({ run: run.id });
          }}
        />
      )}
    </>
  );
};

const Holds = ({ run }: { run: Run }) => (
  <section className="vb-holds" aria-label="What holds now">
    <h2>What holds now</h2>
    {run.holds.length === 0 ? (
      <p className="vb-subtle">
        {[...run.steps, ...run.undo].some((step) => step.changed)
          ? 'What was changed stands in the steps above.'
          : `Nothing was changed${run.state === 'running' ? ' yet' : ''}.`}
      </p>
    ) : (
      <dl>
        {run.holds.map((hold) => (
          <div key={hold.subject}>
            <dt className="vb-break">{hold.subject}</dt>
            <dd className="vb-break">{hold.text}</dd>
          </div>
        ))}
      </dl>
    )}
  </section>
);

const Loaded = ({ run }: { run: Run }) => {
  const now = useNow(500);
  const [chosen, setChosen] = useState<string | null>(null);
  const selected = chosen ?? defaultStep(run);
  const { snapshot } = useApp();
  const silent = useMemo(
    () =>
      new Set(
        snapshot?.cluster.name === run.cluster
          ? snapshot.nodes.flatMap((node) =>
              node.trouble && node.trouble.kind !== 'not-asked' ? [node.name] : [],
            )
          : [],
      ),
    [snapshot, run.cluster],
  );
  return (
    <>
      <ViewHead title={run.title} crumb={{ text: 'Runs', href: formatRoute({ view: 'runs' }) }}>
        <span className="vb-head-end vb-nowrap">
          {run.who} · {run.cluster} · started {timeOfDay(run.startedAt, now)}
          {run.endedAt !== null && !isHalfWay(run) && ` · ended ${timeOfDay(run.endedAt, now)}`}
        </span>
      </ViewHead>
      <RunHead run={run} now={now} />
      <div className="vb-run-split">
        <ScrollRegion className="vb-run-left" label="Steps">
          <RunLanes run={run} now={now} silent={silent} selected={selected} onSelect={setChosen} />
          <p className="vb-subtle vb-lanes-foot">
            {run.plan.effects.downSeconds !== null &&
              'The bracket marks the time in which the guest is down. '}
            A step runs on its node as a detached job: closing this window or losing the connection does not
            stop it.
          </p>
          <Holds run={run} />
          {run.endedAt !== null && run.state !== 'running' && <WhatChanged run={run} now={now} />}
        </ScrollRegion>
        <section className="vb-step-panel" aria-label="The chosen step">
          {selected && <StepPanel run={run} id={selected} />}
          {chosen !== null && run.state === 'running' && (
            <Button variant="link" isInline onClick={() => setChosen(null)}>
              Follow the running step
            </Button>
          )}
        </section>
      </div>
    </>
  );
};

export const RunView = ({ id }: { id: string }) => {
  const app = useApp();
  const { run, failure } = useRun(id);
  const summary = app.runs.find((each) => each.id === id);
  if (run) return <Loaded run={run} />;
  return (
    <>
      <ViewHead title="Run" crumb={{ text: 'Runs', href: formatRoute({ view: 'runs' }) }} />
      <div className="vb-empty">
        {failure ? (
          <FailureNote failure={failure} what="The run can't be shown." />
        ) : (
          <p className="vb-row">
            <Spinner /> Reading the run…
          </p>
        )}
        {summary && (
          <p>
            {summary.title}, {span(Date.now() - summary.startedAt)} ago
          </p>
        )}
      </div>
    </>
  );
};
