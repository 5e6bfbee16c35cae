/** What can be done about one sentence of drift. */
import type { InstanceProblem, InstanceView } from '../../../core/cluster/instance-view.ts';
import { isConfigDrift, type Side, sidesFor } from '../../../core/plan/instance/sides.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import type { InstanceAction } from '../../model/instance-words.ts';
import { RouteLink } from '../../navigation/navigator.tsx';

const sideLabels: Record<Side, string> = {
  file: "Take xen.cfg's…",
  record: "Take the record's…",
  running: 'Keep what it runs with…',
};

/** Which of record, xen.cfg and running guest counts: each with its plan; or both merged by hand. */
export const Sides = ({
  handle,
  instance,
  problem,
  stop,
}: {
  handle: string;
  instance: InstanceView;
  problem: InstanceProblem;
  /** what a running guest has otherwise goes with its next start */
  stop: InstanceAction | undefined;
}) => {
  const snapshot = useSnapshot();
  if (!isConfigDrift(problem) && problem.code !== 'running-guest') return null;
  return (
    <span className="vb-sides">
      {sidesFor(snapshot, instance, problem).map((take) => (
        <RouteLink key={take} to={{ view: 'config', instance: handle, take }} className="vb-nowrap">
          {sideLabels[take]}
        </RouteLink>
      ))}
      {problem.code === 'running-guest' && problem.part !== 'disk-types' && stop && (
        <RouteLink to={stop.route} className="vb-nowrap">
          Take the record&rsquo;s: {stop.label}
        </RouteLink>
      )}
      <RouteLink to={{ view: 'config', instance: handle }} className="vb-nowrap">
        Merge…
      </RouteLink>
    </span>
  );
};
