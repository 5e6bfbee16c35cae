import { progressText } from '../../../core/plan/progress-text.ts';
import type { Run } from '../../../core/plan/run.ts';
import { Bar } from '../../parts/bar.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { StateSign, VerdictSign } from '../../parts/signs.tsx';
import { knownState } from './run-model.ts';

const undoOf = (id: string): { step: string; index: number } | null => {
  const match = /^u(.+)\.(\d+)$/.exec(id);
  return match?.[1] !== undefined && match[2] !== undefined
    ? { step: match[1], index: Number(match[2]) }
    : null;
};

/** The output of one step, what it does, and what is done when it fails. */
export const StepPanel = ({ run, id }: { run: Run; id: string }) => {
  const step = [...run.steps, ...run.undo].find((each) => each.id === id);
  const undo = undoOf(id);
  const planned = run.plan.steps.find((each) => each.id === (undo?.step ?? id));
  const action = undo ? planned?.undo[undo.index - 1]?.action : planned?.action;
  if (!step) return null;
  const state = knownState(run, step);
  return (
    <>
      <div className="vb-step-panel-head">
        {state === 'failed' && <StateSign state="crashed" />}
        {state === 'unknown' && <VerdictSign verdict="unknown" />}
        <h2>
          {undo ? 'Undo' : 'Step'} {undo ? undo.step : step.id}: {step.title}
        </h2>
        {step.nodes.map((node) => (
          <span key={node} className="vb-tag vb-tag-solid">
            {node}
          </span>
        ))}
      </div>
      {step.message && (
        <p
          className={
            state === 'failed'
              ? 'vb-note vb-note-danger'
              : state === 'unknown'
                ? 'vb-note vb-note-warning'
                : ''
          }
        >
          <span className="vb-prewrap">{step.message}</span>
        </p>
      )}
      {step.progress && state === 'running' && (
        <>
          <Bar
            segments={[{ value: step.progress.done, kind: 'operation' }]}
            whole={Math.max(1, step.progress.total)}
          />
          <p>{progressText(step.progress)}</p>
        </>
      )}
      <div className="vb-row">
        <span className="vb-subtle vb-grow">
          {state === 'running' ? 'Output so far' : 'Output'}
          {step.exitCode !== null && `, exit code ${step.exitCode}`}
        </span>
        {step.output !== '' && <CopyButton text={step.output} />}
      </div>
      <ScrollRegion className="vb-output" label="Output of the step">
        <pre className="vb-code">
          {step.output === ''
            ? step.state === 'waiting'
              ? 'not begun'
              : state === 'running'
                ? 'nothing yet'
                : state === 'unknown'
                  ? 'not fetched yet'
                  : state === 'skipped'
                    ? 'there was nothing to do'
                    : 'it printed nothing'
            : step.output}
        </pre>
      </ScrollRegion>
      {planned && !undo && planned.undo.length > 0 && (
        <>
          <span className="vb-subtle">If a later step fails, this one is taken back by</span>
          <ul className="vb-undo-list">
            {planned.undo.map((each) => (
              <li key={each.title}>
                {each.title}{' '}
                {!each.nodes.every((node) => each.title.includes(node)) && (
                  <span className="vb-subtle">on {each.nodes.join(', ')}</span>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {action && (
        <details>
          <summary>What it does, as data</summary>
          <pre className="vb-code">{JSON.stringify(action, null, 2)}</pre>
        </details>
      )}
      {step.job !== '' && step.startedAt !== null && run.state !== 'done' && run.state !== 'undone' && (
        <p className="vb-subtle vb-break">
          Its job on {step.nodes.join(', ')}:{' '}
          <code>/var/lib/vbdesk/jobs/{step.job.includes('/') ? step.job : `${run.id}/${step.job}`}/</code>
        </p>
      )}
    </>
  );
};
