import { FormSelect, FormSelectOption } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import { findInstances, type InstanceView } from '../../../core/cluster/instances.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useDrafting } from '../../draft/drafting.tsx';
import { troubleWords } from '../../model/node-words.ts';
import { RouteLink, useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { MissingInstance } from '../../parts/missing.tsx';
import { Mark, VerdictSign } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';
import { CopyWay } from '../../plan/copy-way.tsx';
import { useReview } from '../../plan/use-review.ts';
import { WhatIsCopied } from '../copy/what-is-copied.tsx';
import '../create/create.css';
import { Timeout } from '../review/choices.tsx';
import { secondsOf } from '../review/intents.ts';
import { LockLine } from '../review/lock-line.tsx';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';
import { SameFiles } from './same-files.tsx';
import { candidatesOf, useTargetVerdicts } from './targets.ts';

/** The same move with the guest running, or with a restart. */
const OtherWay = ({ handle, instance, live }: { handle: string; instance: InstanceView; live: boolean }) => {
  if (live)
    return (
      <p className="vb-subtle">
        The guest runs on while its memory is copied.{' '}
        <RouteLink to={{ view: 'failover', instance: handle }}>Fail it over instead…</RouteLink> (it is shut
        down and started there)
      </p>
    );
  return instance.status === 'running' ? (
    <p className="vb-subtle">
      The guest is shut down here and started there.{' '}
      <RouteLink to={{ view: 'failover', instance: handle, live: true }}>Migrate it live instead…</RouteLink>
    </p>
  ) : null;
};

const Failover = ({
  handle,
  instance,
  live,
}: {
  handle: string;
  instance: InstanceView;
  /** migrated while it runs */
  live: boolean;
}) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const now = useNow();
  const candidates = useMemo(() => candidatesOf(snapshot, instance), [snapshot, instance]);
  const edited = useDrafting().editing?.intent;
  const [target, setTarget] = useState(
    () =>
      ((edited?.kind === 'failover' || edited?.kind === 'migrate') && edited.target) ||
      (instance.secondary ?? candidates.shown[0] ?? ''),
  );
  const [timeout, setTimeoutText] = useState(
    edited?.kind === 'failover' ? String(edited.timeoutSeconds) : '120',
  );
  const seconds = secondsOf(timeout);
  const [lent, setLent] = useState(false);
  const intent = useMemo(() => {
    if (target === '') return null;
    if (live) return { kind: 'migrate' as const, instance: handle, target };
    return seconds === null
      ? null
      : {
          kind: 'failover' as const,
          instance: handle,
          target,
          timeoutSeconds: seconds,
          ...(lent && { forwardAgent: true as const }),
        };
  }, [handle, target, seconds, live, lent]);
  const review = useReview(intent, { wait: 200, fresh: true, subject: target });
  const verdicts = useTargetVerdicts(handle, instance, candidates.shown, live, review.view !== null);
  const source = snapshot.nodes.find((node) => node.name === instance.primary);
  const silent = source?.trouble && !live ? troubleWords(source, now) : null;
  // it answers, but no node shows its folder any more
  const lost = !live && !silent && !instance.folders.some((each) => each.current && each.seen);
  const commit = review.view?.plan.steps.find((step) => step.commit);
  // the target does not show the folder: its images are copied there, or a replica is gone on from
  const copied = !live && !instance.folders.some((each) => each.current && each.node === target);

  return (
    <PlanReview
      subject={target}
      title={
        live
          ? 'Migrate live to another node'
          : silent
            ? 'Fail over from a node that does not answer'
            : 'Fail over to another node'
      }
      crumb={{ text: instance.name, href: formatRoute({ view: 'instance', instance: handle }) }}
      review={review}
      action={
        live
          ? `Migrate ${instance.name}`
          : silent
            ? `Start ${instance.name} on ${target}`
            : `Fail over ${instance.name}`
      }
      onCancel={() => go({ view: 'instance', instance: handle })}
      note={
        silent && (
          <span className="vb-row">
            <Mark mark="plug" />
            <span>
              {instance.primary} <strong>{silent}</strong>
            </span>
          </span>
        )
      }
      choices={
        <>
          <LockLine handle={handle} instance={instance} />
          <fieldset className="vb-radios">
            <legend>
              From {instance.primary ?? 'no node'} to{' '}
              {candidates.shown.length === 0 && 'nowhere: there is no other node'}
            </legend>
            <div className="vb-targets">
              {candidates.shown.map((node) => {
                const verdict = verdicts.get(node);
                return (
                  <label key={node} className="vb-target">
                    <input
                      type="radio"
                      name="target"
                      checked={target === node}
                      onChange={() => setTarget(node)}
                    />
                    <strong>{node}</strong>
                    <VerdictSign verdict={verdict?.verdict ?? 'unknown'} />
                    <span>
                      {node === instance.secondary && <span className="vb-subtle">secondary · </span>}
                      {verdict?.text ?? 'looking…'}
                    </span>
                  </label>
                );
              })}
              {candidates.others.length > 0 && (
                <FormSelect
                  aria-label="Another target"
                  value={candidates.others.includes(target) ? target : ''}
                  onChange={(_, node) => node !== '' && setTarget(node)}
                >
                  <FormSelectOption value="" label={`one of ${candidates.others.length} others…`} />
                  {candidates.others.map((node) => (
                    <FormSelectOption key={node} value={node} label={node} />
                  ))}
                </FormSelect>
              )}
            </div>
          </fieldset>
          {!edited && <OtherWay handle={handle} instance={instance} live={live} />}
          {!live && !silent && instance.status !== 'stopped' && (
            <Timeout
              value={timeout}
              onChange={setTimeoutText}
              help="The guest is asked to shut down and has so long for it; then its domain is destroyed."
            />
          )}
          {copied ? (
            <>
              <WhatIsCopied
                instance={instance}
                target={target}
                from={silent !== null || lost ? 'replica' : 'source'}
              />
              <CopyWay view={review.view} forwardAgent={lent} onForwardAgent={setLent} />
            </>
          ) : (
            <SameFiles instance={instance} target={target} snapshot={snapshot} />
          )}
        </>
      }
      notice={
        live ? (
          <>
            <strong>The migration itself{commit && `, step ${commit.id},`} is the point of no return.</strong>{' '}
            When it is known not to have happened, {instance.name} runs on on {instance.primary} and what
            arrived on {target} is ended. A migration that broke half-way is looked at on both nodes first.
          </>
        ) : silent ? (
          <>
            <strong>Undo here means: {instance.name} stays stopped.</strong> It is never started on{' '}
            {instance.primary} by this run.
          </>
        ) : (
          <>
            <strong>If a step fails before {commit ? `step ${commit.id}` : 'the point of no return'}</strong>,
            all steps before it are undone in reverse
            {instance.status === 'running' && ` and ${instance.name} runs on ${instance.primary} again`}. If
            this app or the connection dies, the step that has begun ends by itself, nothing further begins,
            and you are asked when you return.
          </>
        )
      }
    />
  );
};

export const FailoverView = ({ handle, live }: { handle: string; live: boolean }) => {
  const found = findInstances(useSnapshot(), handle);
  const [instance] = found;
  if (!instance || found.length > 1) return <MissingInstance handle={handle} several={found.length > 1} />;
  return <Failover handle={handle} instance={instance} live={live} />;
};
