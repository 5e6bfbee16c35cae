/** Where everything begins: practice is preselected, so that Enter alone shows a working cluster. */
import { Button } from '@patternfly/react-core';
import { type FormEvent, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { useApp, useCall, useDesk } from '../../desk/desk-context.tsx';
import { runStateWords, waitingRuns } from '../../model/run-words.ts';
import { RouteLink, useNavigator } from '../../navigation/navigator.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { count } from '../../parts/format.ts';
import { Kbd } from '../../parts/kbd.tsx';
import { Mark, Spinner, VerdictSign } from '../../parts/signs.tsx';
import { PracticeLabel } from '../../shell/top-bar.tsx';
import { useKeys } from '../../shell/use-keys.ts';
import './first-run.css';
import { KnownClusters } from './known-clusters.tsx';
import { PracticePicture } from './practice-picture.tsx';

type Way = 'practice' | 'connect' | 'offline';
const ways: readonly Way[] = ['practice', 'connect', 'offline'];

const Choice = ({
  way,
  chosen,
  title,
  number,
  onChoose,
  children,
}: {
  way: Way;
  chosen: boolean;
  title: string;
  number: string;
  onChoose: (way: Way) => void;
  children: ReactNode;
}) => (
  <label className="vb-choice">
    <input type="radio" name="way" value={way} checked={chosen} onChange={() => onChoose(way)} />
    <span className="vb-grow">
      <span className="vb-choice-title">
        {title} <Kbd>{number}</Kbd>
      </span>
      <span className="vb-choice-text">{children}</span>
    </span>
  </label>
);

const Steps = ({ steps }: { steps: readonly ReactNode[] }) => (
  <ol className="vb-first-steps">
    {steps.map((step, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a fixed list
      <li key={index}>{step}</li>
    ))}
  </ol>
);

/** Runs that were cut off come before any cluster: they hold locks. */
const WaitingRuns = () => {
  const { runs, snapshot } = useApp();
  const waiting = waitingRuns(runs, snapshot);
  if (waiting.length === 0) return null;
  return (
    <section className="vb-note vb-note-warning" aria-label="Runs that wait for you">
      <VerdictSign verdict="warning" />
      <div className="vb-stack">
        {waiting.slice(0, 3).map((run) => (
          <p key={run.id}>
            <RouteLink to={{ view: 'run', run: run.id }}>{run.title}</RouteLink> on {run.cluster}:{' '}
            {runStateWords[run.state]}
          </p>
        ))}
        {waiting.length > 3 && <RouteLink to={{ view: 'runs' }}>and {waiting.length - 3} more</RouteLink>}
      </div>
    </section>
  );
};

export const FirstRunView = () => {
  const app = useApp();
  const desk = useDesk();
  const { go } = useNavigator();
  const [way, setWay] = useState<Way>('practice');
  const [hosts, setHosts] = useState<readonly string[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const practice = useCall('practice.open');
  const started = app.clusters.some((each) => each.kind === 'practice');
  const known = app.clusters.filter((each) => each.kind === 'real');

  /** the one cluster that this workstation knows */
  const only = known.length === 1 ? known[0] : undefined;
  const openKnown = useCall('cluster.open');
  useEffect(() => {
    void desk.call('ssh.hosts', {}).then((answer) => answer.ok && setHosts(answer.value));
  }, [desk]);
  useKeys(
    useCallback((key) => {
      const chosen = ways[Number(key) - 1];
      if (chosen) setWay(chosen);
      // Enter works at once, before anything has the focus; a focused control keeps it for itself
      const free = !document.activeElement?.matches('a, button, input, summary');
      if (key === 'Enter' && free) form.current?.requestSubmit();
      return chosen !== undefined || (key === 'Enter' && free);
    }, []),
  );

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (way === 'connect') go({ view: 'connect' });
    if (way === 'offline' && only && !openKnown.busy)
      void openKnown.send({ name: only.name }).then((opened) => opened && go({ view: 'overview' }));
    if (way === 'practice' && !practice.busy)
      void practice.send({}).then((opened) => opened && go({ view: 'overview' }));
  };

  return (
    <form ref={form} className="vb-first" onSubmit={submit} aria-labelledby="first-title">
      <div className="vb-first-inner">
        <div className="vb-first-left">
          <h1 id="first-title" tabIndex={-1}>
            Which cluster shall it be?
          </h1>
          <p className="vb-first-lead">
            VBDesk works over SSH with what your Xen nodes already have. It installs nothing on them, and
            shows every command before it runs.
          </p>
          <WaitingRuns />
          <KnownClusters clusters={known} />
          <fieldset className="vb-choices">
            <legend className="vb-hidden">Which cluster</legend>
            <Choice
              way="practice"
              chosen={way === 'practice'}
              title="Practice cluster"
              number="1"
              onChoose={setWay}
            >
              Three nodes on this computer with a stand-in for Xen. Create, fail over, pull a plug: nothing
              outside is touched.
            </Choice>
            <Choice
              way="connect"
              chosen={way === 'connect'}
              title="Connect a cluster"
              number="2"
              onChoose={setWay}
            >
              Name your nodes, check their host keys. Reads first; changes nothing until you review a plan.
              {hosts.length > 0 && (
                <span className="vb-choice-note">
                  <Mark mark="folder" /> Your SSH configuration knows{' '}
                  <code>{hosts.slice(0, 6).join(' ')}</code>
                  {hosts.length > 6 && ' …'}
                </span>
              )}
            </Choice>
            <Choice
              way="offline"
              chosen={way === 'offline'}
              title="Work offline"
              number="3"
              onChoose={setWay}
            >
              Look at what was last known of a cluster, open a draft, and prepare changes without any
              connection.
            </Choice>
          </fieldset>
        </div>
        <section className="vb-first-card" aria-label="What happens">
          {way === 'practice' && (
            <>
              <div className="vb-row">
                <h2>Practice cluster</h2>
                <PracticeLabel />
                <span className="vb-grow" />
                <span className="vb-subtle">{started ? 'it runs' : 'ready in a few seconds'}</span>
              </div>
              <PracticePicture />
              <Steps
                steps={[
                  'Three SSH servers start on this computer’s loopback address; their commands run in a real shell over real folders.',
                  'Three small instances are created by the plans that you will use yourself, each with a node to fail over to.',
                  <span key="label">
                    Everything is labelled <strong>practice</strong>. It keeps its state until you start it
                    over (under Nodes).
                  </span>,
                ]}
              />
              <FailureNote failure={practice.failure} what="The practice cluster did not start." />
              <div className="vb-row">
                <Button type="submit" size="lg" isDisabled={practice.busy}>
                  {practice.busy
                    ? 'Starting…'
                    : started
                      ? 'Open the practice cluster'
                      : 'Start the practice cluster'}
                </Button>
                {practice.busy ? (
                  <Spinner label="starting" />
                ) : (
                  <span className="vb-subtle">
                    or press <Kbd>Enter</Kbd>
                  </span>
                )}
              </div>
            </>
          )}
          {way === 'connect' && (
            <>
              <h2>Connect a cluster</h2>
              <Steps
                steps={[
                  'You name the nodes. Your SSH configuration, agent and keys are used as they are.',
                  'Each node is looked at once. An unknown host key is shown with its fingerprint; a changed one is refused.',
                  'You see the plan: one small file on each node that says who is in the cluster, and the storage directory. Only then anything is written.',
                ]}
              />
              <div className="vb-row">
                <Button type="submit" size="lg">
                  Name the nodes…
                </Button>
                <span className="vb-subtle">
                  or press <Kbd>Enter</Kbd>
                </span>
              </div>
            </>
          )}
          {way === 'offline' && (
            <>
              <h2>Work offline</h2>
              <p>
                A cluster that this workstation knows opens with its last snapshot at once. While its nodes do
                not answer, everything is shown as it was, with its age, and every dialog can be used.
              </p>
              {only ? (
                <div className="vb-row">
                  <Button type="submit" size="lg" isDisabled={openKnown.busy}>
                    Show {only.name} as it was
                  </Button>
                  <span className="vb-subtle">
                    or press <Kbd>Enter</Kbd>
                  </span>
                </div>
              ) : known.length > 0 ? (
                <p>Open it under “{count(known.length, 'known cluster')}”, on the left.</p>
              ) : (
                <p>
                  <strong>There is none yet:</strong> connect a cluster once, then its last state can be
                  looked at offline.
                </p>
              )}
              <FailureNote failure={openKnown.failure} what="It could not be opened." />
              <p className="vb-note vb-note-plain">
                <Mark mark="clock" />
                <span>
                  What you change then goes into a <RouteLink to={{ view: 'drafts' }}>draft</RouteLink>: a
                  file that is read by others and applied once the nodes answer. Ganeti&rsquo;s{' '}
                  <code>config.data</code> is read in the window of a cluster: Instances, Import from Ganeti.
                </span>
              </p>
            </>
          )}
        </section>
      </div>
    </form>
  );
};
