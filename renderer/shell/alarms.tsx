/** What stands above every view until it is resolved: a lost connection, and instances that run twice. */
import { deriveInstances } from '../../core/cluster/instances.ts';
import { useApp, useDeskState } from '../desk/desk-context.tsx';
import { handlesOf } from '../model/instance-words.ts';
import { RouteLink } from '../navigation/navigator.tsx';
import { Spinner, StateSign } from '../parts/signs.tsx';

const ConnectionLost = () => {
  const { connection, problem } = useDeskState();
  if (connection === 'lost')
    return (
      <div className="vb-alarm-line vb-alarm-lost" role="alert">
        <Spinner />
        <span>
          <strong>The connection to the app is lost.</strong> What you see is as it was then. A step that has
          begun goes on by itself on its node; the window tries to connect again.
        </span>
      </div>
    );
  if (problem)
    return (
      <div className="vb-alarm-line vb-alarm-lost" role="alert">
        <StateSign state="crashed" />
        <span>
          <strong>The app can&rsquo;t tell its state.</strong> {problem}
        </span>
      </div>
    );
  return null;
};

const Emergencies = () => {
  const { snapshot } = useApp();
  if (!snapshot) return null;
  const all = deriveInstances(snapshot);
  const handles = handlesOf(all);
  const twice = all.filter((each) => each.status === 'running-twice');
  return twice.map((instance) => {
    const nodes = instance.domains.filter((each) => each.seen).map((each) => each.node);
    return (
      <div key={instance.uuid} className="vb-emergency" role="alert">
        <h2>
          <StateSign state="emergency" />
          {instance.name} runs twice: {nodes.join(' and ')}
        </h2>
        <div>
          <p>
            {instance.statusText} Both write to the same images, and each minute makes it worse.{' '}
            {instance.primary ? (
              <>
                The record gives it to <strong>{instance.primary}</strong>.
              </>
            ) : (
              'The record names no primary.'
            )}
          </p>
          <RouteLink
            to={{ view: 'instance', instance: handles.get(instance.uuid) ?? instance.uuid }}
            className="pf-v6-c-button pf-m-secondary"
          >
            Open {instance.name}
          </RouteLink>
          <RouteLink
            to={{ view: 'review', kind: 'stop', subject: handles.get(instance.uuid) ?? instance.uuid }}
            className="pf-v6-c-button pf-m-danger"
          >
            Review: stop {instance.name}…
          </RouteLink>
        </div>
      </div>
    );
  });
};

export const Alarms = () => {
  const { app } = useDeskState();
  return (
    <div className="vb-alarm">
      <ConnectionLost />
      {app && <Emergencies />}
    </div>
  );
};
