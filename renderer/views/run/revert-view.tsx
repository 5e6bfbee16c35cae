/** Undo of a run that is done, as the review of a plan like any other: it does the opposite, on the nodes as they are now. */
import { useCallback, useEffect, useState } from 'react';
import type { Failure, Output } from '../../../core/contract.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { useDesk } from '../../desk/desk-context.tsx';
import { useRun } from '../../desk/use-run.ts';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { FailureNote } from '../../parts/failure-note.tsx';
import { VerdictSign } from '../../parts/signs.tsx';
import { useReview } from '../../plan/use-review.ts';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';

const dangerous: ReadonlySet<Intent['kind']> = new Set(['remove', 'discard', 'stop', 'snapshot']);

export const RevertView = ({ id }: { id: string }) => {
  const desk = useDesk();
  const { go } = useNavigator();
  const { run, failure: missing } = useRun(id);
  const [found, setFound] = useState<Output<'run.revert'> | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    let current = true;
    void desk.call('run.revert', { run: id, fresh: true }).then((answer) => {
      if (!current) return;
      if (answer.ok) setFound(answer.value);
      else setFailure(answer.error);
    });
    return () => {
      current = false;
    };
  }, [desk, id]);
  const intent = found?.intent ?? null;
  // its nodes were asked a moment ago
  const review = useReview(intent, { wait: 0, fresh: false, ...(run ? { cluster: run.cluster } : {}) });
  const back = useCallback(() => go({ view: 'run', run: id }), [go, id]);
  const notes = found?.may ? found.notes : [];
  const against = found?.may === false && intent === null ? found.why : [];
  const title = run?.title ?? 'the run';
  return (
    <PlanReview
      title={`Undo: ${title}`}
      crumb={{ text: title, href: formatRoute({ view: 'run', run: id }) }}
      review={review}
      action={review.view?.plan.title ?? 'Undo'}
      danger={intent !== null && dangerous.has(intent.kind)}
      locked={
        against.length > 0
          ? 'It can’t be undone.'
          : found === null && failure === null
            ? 'The nodes are being read…'
            : null
      }
      onCancel={back}
      choices={
        <>
          <FailureNote failure={missing ?? failure} what="It is not known whether it can be undone." />
          {against.map((text) => (
            <p key={text} className="vb-row vb-break">
              <VerdictSign verdict="not" /> <span>{text}</span>
            </p>
          ))}
          {notes.map((text) => (
            <p key={text} className="vb-row vb-break">
              <VerdictSign verdict="warning" /> <span>{text}</span>
            </p>
          ))}
        </>
      }
      notice={
        <>
          <strong>This is a run of its own</strong> that does the opposite of the other one, with every check,
          on the nodes as they are now. It can be cancelled, and undone, like any other.
        </>
      }
    />
  );
};
