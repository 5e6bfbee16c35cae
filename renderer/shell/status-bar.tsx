import { useApp, useDeskState } from '../desk/desk-context.tsx';
import { RouteLink } from '../navigation/navigator.tsx';
import { Bar } from '../parts/bar.tsx';
import { ago, clock } from '../parts/format.ts';
import { Kbd } from '../parts/kbd.tsx';
import { Mark, VerdictSign } from '../parts/signs.tsx';
import { useNow } from '../parts/use-now.ts';

export const StatusBar = ({ onKeys }: { onKeys: () => void }) => {
  const app = useApp();
  const { connection } = useDeskState();
  const now = useNow();
  const active = app.runs.filter((run) => run.state === 'running');
  const [run] = active;
  const asked = app.snapshot?.nodes.some((node) => node.trouble?.kind !== 'not-asked') ?? false;
  const practice = app.clusters.some((each) => each.name === app.open && each.kind === 'practice');
  return (
    <footer className="vb-status">
      {app.snapshot ? (
        <span>
          {asked ? `Nodes asked ${ago(app.snapshot.takenAt, now)}` : 'Nodes not asked yet'}
          {app.refreshing ? ' · asking…' : ` · every ${app.settings.refreshSeconds} s`}
        </span>
      ) : (
        <span>
          VBDesk {app.version} · {app.open ? 'waiting for the first answer' : 'no cluster open'}
        </span>
      )}
      {practice && <span>practice cluster: nothing outside of this computer is touched</span>}
      {run ? (
        <RouteLink to={{ view: 'run', run: run.id }}>
          <Mark mark="lock" />
          <b>{run.title}</b>
          <Bar segments={[{ value: run.stepsDone, kind: 'operation' }]} whole={run.stepsTotal} />
          step {Math.min(run.stepsDone + 1, run.stepsTotal)} of {run.stepsTotal} ·{' '}
          {clock(now - run.startedAt)} · by {run.who}
          {active.length > 1 && ` · and ${active.length - 1} more`}
        </RouteLink>
      ) : (
        app.open && (
          <span>
            <Mark mark="check" />
            no run in progress
          </span>
        )
      )}
      {connection !== 'open' && (
        <span>
          <VerdictSign verdict="not" />
          not connected
        </span>
      )}
      <button type="button" className="vb-status-end" onClick={onKeys}>
        <Kbd>?</Kbd> keys
      </button>
    </footer>
  );
};
