/** Right of a draft: what is chosen, what it costs, and the button that applies it. */
import { Button, Radio } from '@patternfly/react-core';
import { useState } from 'react';
import { type Applying, type ApplyingChange, isDone } from '../../../core/draft/applying.ts';
import type { Change } from '../../../core/draft/draft.ts';
import type { DraftPlan, PlannedChange } from '../../../core/draft/draft-plan.ts';
import { useApp, useCall } from '../../desk/desk-context.tsx';
import { useDrafting } from '../../draft/drafting.tsx';
import type { OpenedDraft } from '../../draft/use-draft.ts';
import {
  type ChangeState,
  draftName,
  intentTitle,
  openConsents,
  stateWords,
} from '../../model/draft-words.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { Bar } from '../../parts/bar.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { count } from '../../parts/format.ts';
import { Spinner, VerdictSign } from '../../parts/signs.tsx';
import { CostPanel } from './cost-panel.tsx';

export type Entry = {
  change: Change;
  planned: PlannedChange | undefined;
  progress: ApplyingChange | undefined;
  state: ChangeState;
  choosable: boolean;
  chosen: boolean;
};

/** Why nothing can be applied now; null when it can. */
const waitsFor = (
  { planned, planning, plan }: OpenedDraft,
  offline: boolean,
  isOpen: boolean,
  entries: readonly Entry[],
): string | null => {
  if (offline) return 'No node answers. It is applied once they do.';
  if (!isOpen) return 'Open its cluster first.';
  if (planning || !planned || !plan) return 'It is being planned…';
  if (plan.offline) return 'No node has answered yet.';
  const chosen = entries.filter((each) => each.chosen);
  if (chosen.length === 0) return 'Nothing is chosen.';
  const open = chosen.reduce((sum, each) => sum + openConsents(each.planned).length, 0);
  return open > 0 ? `${count(open, 'consent is', 'consents are')} not given yet.` : null;
};

const leftWords = (entries: readonly Entry[]): string => {
  const amount = (state: ChangeState) => entries.filter((each) => each.state === state).length;
  const unread = entries.filter(
    (each) => each.state === 'unchanged' && !each.choosable && each.planned !== undefined,
  ).length;
  const parts = [
    [
      amount('changed'),
      'for you to read its difference',
      'for you to read their differences',
      'wait',
    ] as const,
    [unread, 'for you to read its plan', 'for you to read their plans', 'wait'] as const,
  ]
    .filter(([number]) => number > 0)
    .map(([number, one, many]) => `${number} ${number === 1 ? `waits ${one}` : `wait ${many}`}`);
  const impossible = amount('impossible');
  if (impossible > 0) parts.push(`${impossible} ${impossible === 1 ? 'is' : 'are'} not possible`);
  const done = amount('done-already') + amount('applied');
  if (done > 0) parts.push(`${done} ${done === 1 ? 'is' : 'are'} done`);
  return parts.join(', ');
};

/** How far it is, and how it went. */
const Progress = ({ applying, onStop }: { applying: Applying; onStop: () => void }) => {
  const { runs } = useApp();
  const now = applying.changes.find((each) => each.id === applying.change);
  const run = runs.find((each) => each.id === now?.run);
  const left = applying.changes.filter((each) => !isDone(each));
  const words = `${applying.done} of ${applying.total} done`;
  return (
    <section
      className={applying.over && left.length > 0 ? 'vb-note vb-note-warning' : 'vb-note vb-note-info'}
      aria-label="Progress"
    >
      {!applying.over ? (
        <Spinner />
      ) : left.length > 0 ? (
        <VerdictSign verdict="warning" />
      ) : (
        <VerdictSign verdict="ready" />
      )}
      <div className="vb-stack vb-grow">
        <p role="status">
          <strong>{applying.over ? `Applied: ${words}.` : `${words}.`}</strong>{' '}
          {applying.stopping && !applying.over && 'It stops: nothing further is begun. '}
          {!applying.over && now && (
            <>
              Now:{' '}
              {now.run === null ? (
                now.title
              ) : (
                <RouteLink to={{ view: 'run', run: now.run }}>{now.title}</RouteLink>
              )}
              {run && `, step ${Math.min(run.stepsDone + 1, run.stepsTotal)} of ${run.stepsTotal}`}
            </>
          )}
        </p>
        <Bar segments={[{ value: applying.done, kind: 'operation' }]} whole={applying.total} />
        {applying.over &&
          left.map((each) => (
            <p key={each.id} className="vb-break">
              <strong>{each.title}:</strong> {each.text === '' ? 'its turn never came.' : each.text}
            </p>
          ))}
        {!applying.over && (
          <Button variant="secondary" isAriaDisabled={applying.stopping} onClick={onStop}>
            Stop
          </Button>
        )}
      </div>
    </section>
  );
};

export const ApplyPanel = ({
  path,
  cluster,
  draft,
  entries,
  applying,
  alone,
}: {
  path: string;
  cluster: string;
  draft: OpenedDraft;
  entries: readonly Entry[];
  /** this draft is being applied, or was last */
  applying: Applying | null;
  /** what the chosen ones come to without the others; null: as they come to with them */
  alone: DraftPlan | null;
}) => {
  const app = useApp();
  const { offline } = useDrafting();
  const [onFailure, setOnFailure] = useState<'stop' | 'independent'>('stop');
  const [changed, setChanged] = useState(false);
  const apply = useCall('draft.apply');
  const stop = useCall('draft.applyCancel');
  const openCluster = useCall('cluster.open');
  const isOpen = app.open === cluster;
  const chosen = entries.filter((each) => each.chosen);
  // begun, and nobody works on it any more: it comes first, then what was chosen
  const begun = entries.filter(
    (each) =>
      (each.state === 'started' || each.change.applied?.outcome === 'unknown') &&
      !app.runs.some((run) => run.id === each.change.applied?.run && run.state === 'running'),
  );
  const cutOff = begun.length > 0;
  const inOrder = (which: (entry: Entry) => boolean) => entries.filter(which).map((each) => each.change.id);
  // what is done already is marked as applied on the way, and nothing is run for it
  const meant = (each: Entry) => each.chosen || each.state === 'done-already';
  const elsewhere = app.applying !== null && !app.applying.over;
  const waiting = elsewhere
    ? applying
      ? 'It is being applied.'
      : `Another draft is being applied: ${draftName(app.applying?.path ?? '')}.`
    : waitsFor(draft, offline && isOpen, isOpen, entries);
  const send = async (only: string[] | null) => {
    if (!draft.file || apply.busy) return;
    setChanged(false);
    const answer = await apply.send({ path, from: draft.file.sha256, only, onFailure });
    if (answer?.outcome === 'changed') {
      setChanged(true);
      draft.planAfresh();
    }
  };
  const stranded = chosen.flatMap(({ change }) => {
    const without = alone?.changes.find((each) => each.id === change.id);
    return without && without.outcome !== 'unchanged' ? [{ change, without }] : [];
  });
  // what else is chosen goes on with it, so it has to be known what that is
  const mayGoOn = draft.planned && draft.plan?.offline === false && isOpen && !apply.busy;
  const left = leftWords(entries);
  return (
    <aside className="vb-draft-side" aria-label="Apply">
      <div className="vb-draft-side-scroll">
        <h2 className="vb-draft-chosen">
          {chosen.length} of {entries.length} chosen
        </h2>
        {left !== '' && <p className="vb-subtle">{left}</p>}
        {applying && <Progress applying={applying} onStop={() => void stop.send({ path })} />}
        <FailureNote failure={stop.failure} onClose={stop.dismiss} />
        {stranded.length > 0 && (
          <div className="vb-note vb-note-warning" role="status">
            <VerdictSign verdict="warning" />
            <div className="vb-stack">
              <strong>Without those that are left out:</strong>
              {stranded.map(({ change, without }) => (
                <p key={change.id} className="vb-break">
                  {intentTitle(change.intent)}: {stateWords[without.outcome]}. {without.reasons.join(' ')}
                </p>
              ))}
            </div>
          </div>
        )}
        {draft.plan && (
          <CostPanel
            plan={alone ?? draft.plan}
            chosen={chosen.flatMap(
              ({ change, planned }) => alone?.changes.find(({ id }) => id === change.id) ?? planned ?? [],
            )}
          />
        )}
      </div>
      <div className="vb-draft-apply">
        {changed && (
          <p className="vb-note vb-note-warning" role="alert">
            <VerdictSign verdict="warning" />
            <span>
              <strong>Nothing was run:</strong> planned afresh, it is no longer what you saw. Read what is
              different, then apply it.
            </span>
          </p>
        )}
        <FailureNote failure={apply.failure} onClose={apply.dismiss} what="It was not applied." />
        <FailureNote failure={openCluster.failure} onClose={openCluster.dismiss} />
        <Radio
          id="failure-stop"
          name="failure"
          label="Stop at the first failure"
          isChecked={onFailure === 'stop'}
          onChange={() => setOnFailure('stop')}
        />
        <Radio
          id="failure-independent"
          name="failure"
          label="Go on with changes that do not depend on it"
          isChecked={onFailure === 'independent'}
          onChange={() => setOnFailure('independent')}
        />
        <div className="vb-row-wrap">
          {cutOff && !elsewhere && (
            <Button
              isAriaDisabled={!mayGoOn}
              onClick={() => mayGoOn && void send(inOrder((each) => meant(each) || begun.includes(each)))}
            >
              Go on where it was cut off
            </Button>
          )}
          <Button
            variant={cutOff ? 'secondary' : 'primary'}
            isAriaDisabled={waiting !== null || apply.busy}
            onClick={() => waiting === null && void send(inOrder(meant))}
          >
            {apply.busy ? 'Planning afresh…' : `Apply ${count(chosen.length, 'change')}`}
            {waiting !== null && <span className="vb-hidden"> Not possible yet: {waiting}</span>}
          </Button>
          {!isOpen && (
            <Button variant="secondary" onClick={() => void openCluster.send({ name: cluster })}>
              Open {cluster}
            </Button>
          )}
        </div>
        <p className="vb-subtle" role="status">
          {waiting ?? 'Every change is planned afresh before it runs; one that differs stops.'}
        </p>
      </div>
    </aside>
  );
};
