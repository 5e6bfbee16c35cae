/** What holds an instance or a copy of it, and the way to it: above a plan that can't run before the lock is gone. */
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { locksOfInstance } from '../../../core/cluster/seen-locks.ts';
import { useApp, useSnapshot } from '../../desk/desk-context.tsx';
import { activityOf } from '../../model/instance-words.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { lockTime } from '../../parts/format.ts';
import { Mark } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';
import { lockSubject } from './intents.ts';

/** A run in one of them can be gone on with, or taken back. */
const openStates: readonly string[] = ['running', 'cut-off', 'stuck', 'unknown'];

/** @param besides the lock of the folder that counts is told elsewhere: only those of its other folders */
export const LockLine = ({
  handle,
  instance,
  besides = false,
}: {
  handle: string;
  instance: InstanceView;
  besides?: boolean;
}) => {
  const { runs } = useApp();
  const snapshot = useSnapshot();
  const now = useNow(5000);
  const activity = activityOf(runs, instance, snapshot.cluster.name);
  return locksOfInstance(snapshot, instance).map(({ node, folder, content: lock }) => {
    const isMain = node === instance.lock?.node && folder === instance.lock.folder;
    if (!lock || (isMain && besides)) return null;
    const run = isMain
      ? activity?.run
      : runs.find((each) => each.id === lock.run && openStates.includes(each.state));
    return (
      <div className="vb-note vb-note-info" key={`${node} ${folder}`}>
        <Mark mark={run ? 'lock' : 'stale-lock'} />
        <span className="vb-break">
          <strong>{isMain ? `${instance.name} is locked.` : `${folder} on ${node} is locked.`}</strong> “
          {lock.title}”, by {lock.user} on {lock.workstation}, {lockTime(lock.at, now)}.{' '}
          {run ? (
            <RouteLink to={{ view: 'run', run: run.id }}>Open that run</RouteLink>
          ) : (
            <RouteLink
              to={{
                view: 'review',
                kind: 'unlock',
                subject: isMain ? handle : lockSubject({ node, folder }),
              }}
            >
              Break lock…
            </RouteLink>
          )}
        </span>
      </div>
    );
  });
};
