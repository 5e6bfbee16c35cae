/** Where record, xen.cfg and the running guest disagree: one of them is taken, and what that comes to is a plan. */
import { useMemo, useState } from 'react';
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { isConfigDrift, isGuestDrift, type Side, settleFor } from '../../../core/plan/instance/sides.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { RouteLink, useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { Mark, VerdictSign } from '../../parts/signs.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { LockLine } from '../review/lock-line.tsx';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';

const words: Record<Side, { action: string; effect: string }> = {
  file: { action: "Take xen.cfg's", effect: 'xen.cfg counts: it stays as it is, and the record follows it.' },
  record: {
    action: "Take the record's",
    effect: 'The record counts: xen.cfg follows it. Keys that VBDesk does not know and comments stay.',
  },
  running: {
    action: 'Keep what it runs with',
    effect:
      'The running guest counts: record and xen.cfg follow its memory, processors and network cards, so that it has them after a restart as well.',
  },
};

export const TakeView = ({
  handle,
  instance,
  side,
}: {
  handle: string;
  instance: InstanceView;
  side: Side;
}) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  // What was on the nodes when the page was opened: what somebody writes there afterwards is never taken unseen.
  const [settled] = useState(() => settleFor(snapshot, instance, side));
  const [problems] = useState(() =>
    instance.problems.filter((each) => (side === 'running' ? isGuestDrift(each) : isConfigDrift(each))),
  );
  const intent = useMemo(
    () => (settled.ok ? { ...settled.intent, instance: handle } : null),
    [settled, handle],
  );
  const review = useReview(intent, { wait: 0, fresh: true });
  const { action, effect } = words[side];
  return (
    <PlanReview
      title={`${action}: ${instance.name}`}
      crumb={{ text: instance.name, href: formatRoute({ view: 'instance', instance: handle }) }}
      review={review}
      action={action}
      locked={settled.ok ? null : 'That side can’t be taken.'}
      onCancel={() => go({ view: 'instance', instance: handle })}
      choices={
        <>
          <p className="vb-state-line">{instance.statusText}</p>
          <LockLine handle={handle} instance={instance} />
          {!settled.ok && (
            <div className="vb-note vb-note-danger" role="alert">
              <VerdictSign verdict="not" />
              <span className="vb-break">{settled.message}</span>
            </div>
          )}
          <p>
            {effect}
            {problems.length > 1 && ' All of these are settled with it:'}
          </p>
          {problems.length > 0 && (
            <ul className="vb-todo" aria-label="What disagrees">
              {problems.map((each) => (
                <li key={each.text}>
                  <Mark mark="drift" />
                  <span className="vb-break">{each.text}</span>
                </li>
              ))}
            </ul>
          )}
          <p>
            Neither as a whole?{' '}
            <RouteLink to={{ view: 'config', instance: handle }}>Merge in the configuration…</RouteLink>
          </p>
        </>
      }
      notice={
        <>
          <strong>If a step fails</strong>, for example because the toolstack does not take the text, what was
          there is written back.
        </>
      }
    />
  );
};
