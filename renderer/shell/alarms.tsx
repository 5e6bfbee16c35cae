/** What stands above every view until it is resolved: a lost connection, and instances that run twice. */
import { Button } from '@patternfly/react-core';
import { deriveInstances } from '../../core/cluster/instances.ts';
import { useApp, useCall, useDeskState } from '../desk/desk-context.tsx';
import { useDrafting } from '../draft/drafting.tsx';
import { draftName } from '../model/draft-words.ts';
import { handlesOf } from '../model/instance-words.ts';
import { RouteLink } from '../navigation/navigator.tsx';
import { FailureNote } from '../parts/failure-note.tsx';
import { ago, timeOfDay } from '../parts/format.ts';
import { Mark, Spinner, StateSign, VerdictSign } from '../parts/signs.tsx';
import { useNow } from '../parts/use-now.ts';

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

/** No node answers: what is shown, how old it is, and what can be done all the same. */
const Offline = () => {
  const { open, refreshing, snapshot } = useApp();
  const { offline, seenAt, work } = useDrafting();
  const refresh = useCall('cluster.refresh');
  const now = useNow(1000);
  if (!offline || open === null) return null;
  const busy = refresh.busy || refreshing;
  return (
    <section className="vb-alarm-line vb-offline" aria-label="Working offline">
      <Mark mark="plug" />
      <span className="vb-grow">
        <strong>
          {(snapshot?.nodes.length ?? 0) > 1 ? 'No node answers.' : 'The node does not answer.'}
        </strong>{' '}
        {seenAt === null ? (
          <>None of {open} was ever seen from here, so nothing is known of it.</>
        ) : (
          <>
            This is {open} as it was <strong>{ago(seenAt, now)}</strong> ({timeOfDay(seenAt, now)}). What you
            change goes into {work === null ? 'a draft' : `the draft ${draftName(work)}`}; nothing is run.
          </>
        )}{' '}
        <RouteLink to={{ view: 'nodes' }}>Why, node by node</RouteLink>
        <FailureNote failure={refresh.failure} onClose={refresh.dismiss} />
      </span>
      <Button
        variant="secondary"
        isAriaDisabled={busy}
        onClick={() => !busy && void refresh.send({ name: open })}
      >
        {busy ? 'Asking the nodes…' : 'Try again'}
      </Button>
    </section>
  );
};

/** A draft is worked in: what is shown is not how it is. */
const InDraft = () => {
  const { open } = useApp();
  const { work, upon, failure, leave } = useDrafting();
  if (work === null || open === null) return null;
  return (
    <section className="vb-alarm-line vb-in-draft" aria-label="Working in a draft">
      <StateSign state="operation" />
      <span className="vb-grow">
        <strong>You work in the draft {draftName(work)}.</strong>{' '}
        {failure ? (
          <>
            <VerdictSign verdict="warning" /> Its effect can&rsquo;t be shown: {failure.message}
          </>
        ) : upon === null ? (
          'Its effect is being worked out…'
        ) : (
          <>{open} is shown as its changes would leave it. What you change is added to it; nothing is run.</>
        )}
      </span>
      <RouteLink to={{ view: 'draft', path: work }} className="pf-v6-c-button pf-m-secondary">
        Open the draft
      </RouteLink>
      <Button variant="link" onClick={leave}>
        Leave the draft
      </Button>
    </section>
  );
};

export const Alarms = () => {
  const { app } = useDeskState();
  return (
    <div className="vb-alarm">
      <ConnectionLost />
      {app && <Emergencies />}
      {app && <Offline />}
      {app && <InDraft />}
    </div>
  );
};
