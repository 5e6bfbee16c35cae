/** What holds an instance, and the way to it: above a plan that can't run before the lock is gone. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { useApp, useSnapshot } from '../../desk/desk-context.tsx';
import { activityOf } from '../../model/instance-words.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { lockTime } from '../../parts/format.ts';
import { Mark } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';

export const LockLine = ({ handle, instance }: { handle: string; instance: InstanceView }) => {
  const { runs } = useApp();
  const snapshot = useSnapshot();
  const now = useNow(5000);
  const lock = instance.lock?.content;
  if (!lock) return null;
  const activity = activityOf(runs, instance, snapshot.cluster.name);
  return (
    <div className="vb-note vb-note-info">
      <Mark mark={activity ? 'lock' : 'stale-lock'} />
      <span className="vb-break">
        <strong>{instance.name} is locked.</strong> “{lock.title}”, by {lock.user} on {lock.workstation},{' '}
        {lockTime(lock.at, now)}.{' '}
        {activity ? (
          <RouteLink to={{ view: 'run', run: activity.run.id }}>Open that run</RouteLink>
        ) : (
          <RouteLink to={{ view: 'review', kind: 'unlock', subject: handle }}>Break lock…</RouteLink>
        )}
      </span>
    </div>
  );
};
