/** Review of a plan for one instance: start, stop, reboot, remove, claim, unlock; and of a restore from the trash. */
import { useCallback, useMemo, useState } from 'react';
import { findInstances, type InstanceView } from '../../../core/cluster/instances.ts';
import { purgeCode } from '../../../core/plan/trash/purge-trash.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useDrafting } from '../../draft/drafting.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute, type ReviewKind } from '../../navigation/route.ts';
import { MissingInstance } from '../../parts/missing.tsx';
import { isTyped, TypedName } from '../../parts/typed-name.tsx';
import { useReview } from '../../plan/use-review.ts';
import { ChoicesFor } from './choices.tsx';
import { type Choices, initialChoices, lockedFolder, lockedRun, reviewIntent } from './intents.ts';
import { LockLine } from './lock-line.tsx';
import { PlanReview } from './plan-review.tsx';
import '../create/create.css';
import './review.css';

const verbs: Record<ReviewKind, string> = {
  start: 'Start',
  stop: 'Stop',
  reboot: 'Reboot',
  remove: 'Remove',
  cleanup: 'Clean up after a migration of',
  claim: 'Moved or cloned:',
  compare: 'Compare the images of',
  unlock: 'Break the lock of',
  restore: 'Restore',
};

const claimWords = ({ as, path }: Choices, instance: InstanceView): string =>
  as === 'moved'
    ? instance.folders.some((each) => each.folder.path === path && !each.matchesPlace)
      ? `Record the new place of ${instance.name}`
      : `Let ${path} be ${instance.name}`
    : `Make ${path.slice(path.lastIndexOf('/') + 1)} an instance`;

const InstanceReview = ({
  kind,
  handle,
  instance,
}: {
  kind: Exclude<ReviewKind, 'restore'>;
  handle: string;
  instance: InstanceView;
}) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const edited = useDrafting().editing?.intent;
  const [choices, setChoices] = useState(() => initialChoices(instance, edited));
  const [typed, setTyped] = useState('');
  const intent = useMemo(
    () => reviewIntent(kind, handle, instance, choices),
    [kind, handle, instance, choices],
  );
  const subject = [choices.then, choices.purge, choices.as, choices.path, choices.primary].join(' ');
  const review = useReview(intent, { wait: 200, fresh: true, subject });
  const cancel = useCallback(() => go({ view: 'instance', instance: handle }), [go, handle]);
  const dangerous =
    kind === 'remove' ||
    kind === 'unlock' ||
    (kind === 'stop' && (choices.then === 'force' || choices.timeout.trim() === '0'));
  const deletes = kind === 'remove' && choices.purge;
  const code = purgeCode([{ called: instance.name }]);
  const named = kind !== 'remove' || isTyped(typed, instance.name);
  return (
    <PlanReview
      title={`${verbs[kind]} ${instance.name}`}
      crumb={{ text: instance.name, href: formatRoute({ view: 'instance', instance: handle }) }}
      review={review}
      subject={subject}
      action={kind === 'claim' ? claimWords(choices, instance) : `${verbs[kind]} ${instance.name}`}
      danger={dangerous}
      hide={(reason) => reason.code === code}
      locked={named ? null : 'The name of the instance is not typed yet.'}
      onCancel={cancel}
      choices={
        <>
          <p className="vb-state-line">{instance.statusText}</p>
          {kind !== 'unlock' && kind !== 'compare' && <LockLine handle={handle} instance={instance} />}
          <ChoicesFor
            kind={kind}
            instance={instance}
            nodes={snapshot.nodes.map((node) => node.name)}
            choices={choices}
            onChange={(part) => {
              setChoices((old) => ({ ...old, ...part }));
              // typed for one choice, it is not typed for the other
              if (part.purge !== undefined) setTyped('');
            }}
          />
          {kind === 'remove' && (
            <TypedName
              name={instance.name}
              why={deletes ? 'nothing brings these files back.' : null}
              value={typed}
              onChange={(value) => {
                setTyped(value);
                if (deletes) review.accept(code, isTyped(value, instance.name));
              }}
            />
          )}
        </>
      }
      notice={
        kind === 'compare' ? (
          <>
            <strong>Nothing is changed.</strong> Every image is read where it lies, only what is stored of it.
            What is found stands on the page of {instance.name} afterwards.
          </>
        ) : (
          <>
            <strong>If a step fails</strong>, the steps before it are undone in reverse, unless the point of
            no return was passed. If this app or the connection dies, the step that has begun ends by itself,
            nothing further begins, and you are asked when you return.
          </>
        )
      }
    />
  );
};

const RestoreReview = ({ path }: { path: string }) => {
  const { go } = useNavigator();
  const at = path.lastIndexOf('/');
  const intent = useMemo(
    () => ({ kind: 'restore' as const, storageDirectory: path.slice(0, at), trashName: path.slice(at + 1) }),
    [path, at],
  );
  const review = useReview(intent, { wait: 0, fresh: true });
  return (
    <PlanReview
      title={`Restore ${path.slice(at + 1)}`}
      crumb={{ text: 'Trash', href: formatRoute({ view: 'trash' }) }}
      review={review}
      action="Restore"
      onCancel={() => go({ view: 'trash' })}
    />
  );
};

/** The lock of a folder that is not an instance's own: a copy, one that no instance owns, or in the trash. */
const FolderUnlockReview = ({ path, node }: { path: string; node: string | null }) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const run = lockedRun(snapshot, path, node);
  const intent = useMemo(
    () => (run === null ? null : { kind: 'unlock' as const, path, run, ...(node !== null && { node }) }),
    [path, run, node],
  );
  const review = useReview(intent, { wait: 0, fresh: true });
  return (
    <PlanReview
      title={`Break the lock of ${path.slice(path.lastIndexOf('/') + 1)}${node === null ? '' : ` on ${node}`}`}
      crumb={{ text: 'Instances', href: formatRoute({ view: 'instances' }) }}
      review={review}
      action="Break the lock"
      danger
      locked={run === null ? 'It is not locked, or its lock can’t be read.' : null}
      onCancel={() => go({ view: 'instances' })}
    />
  );
};

export const ReviewView = ({ kind, subject }: { kind: ReviewKind; subject: string }) => {
  const snapshot = useSnapshot();
  if (kind === 'restore') return <RestoreReview path={subject} />;
  const folder = kind === 'unlock' ? lockedFolder(subject) : null;
  if (folder) return <FolderUnlockReview {...folder} />;
  const found = findInstances(snapshot, subject);
  const [instance] = found;
  if (!instance || found.length > 1) return <MissingInstance handle={subject} several={found.length > 1} />;
  return <InstanceReview kind={kind} handle={subject} instance={instance} />;
};
