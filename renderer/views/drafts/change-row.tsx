/** One change of a draft: what it is now, and opened, all that is known of it. */
import { Button, Checkbox } from '@patternfly/react-core';
import AngleDownIcon from '@patternfly/react-icons/dist/esm/icons/angle-down-icon';
import AngleRightIcon from '@patternfly/react-icons/dist/esm/icons/angle-right-icon';
import ArrowDownIcon from '@patternfly/react-icons/dist/esm/icons/arrow-down-icon';
import ArrowUpIcon from '@patternfly/react-icons/dist/esm/icons/arrow-up-icon';
import GripIcon from '@patternfly/react-icons/dist/esm/icons/grip-vertical-icon';
import { type DragEvent, type KeyboardEvent, useState } from 'react';
import type { ApplyingChange } from '../../../core/draft/applying.ts';
import type { Change } from '../../../core/draft/draft.ts';
import type { PlannedChange } from '../../../core/draft/draft-plan.ts';
import { differenceForPeople } from '../../../core/draft/titles.ts';
import {
  appliedWords,
  type ChangeState,
  costWords,
  intentTitle,
  isUnread,
  nameToType,
  openConsents,
  stateSigns,
  stateWords,
} from '../../model/draft-words.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { count } from '../../parts/format.ts';
import { Mark, Spinner, VerdictSign } from '../../parts/signs.tsx';
import { isTyped, TypedName } from '../../parts/typed-name.tsx';
import { StepList } from '../../plan/step-list.tsx';

export const StateSignOf = ({ state }: { state: ChangeState }) => {
  const sign = stateSigns[state];
  if ('spinner' in sign) return <Spinner />;
  return 'mark' in sign ? <Mark mark={sign.mark} /> : <VerdictSign verdict={sign.verdict} />;
};

export type ChangeActs = {
  choose: (chosen: boolean) => void;
  toggle: () => void;
  move: (by: -1 | 1) => void;
  /** another change was dropped on this one */
  dropHere: (id: string) => void;
  accept: (code: string, given: boolean) => void;
  read: () => void;
  /** what became of it when it was applied does not matter any more */
  settle: () => void;
  duplicate: () => void;
  remove: () => void;
};

const Consent = ({
  consent,
  prefix,
  onAccept,
}: {
  consent: PlannedChange['cost']['consents'][number];
  prefix: string;
  onAccept: (given: boolean) => void;
}) => {
  const name = nameToType(consent.code);
  const [typed, setTyped] = useState(consent.given && name !== null ? name : '');
  if (name === null)
    return (
      <Checkbox
        id={`${prefix}-${consent.code}`}
        label={consent.title}
        description={consent.text}
        isChecked={consent.given}
        onChange={(_, given) => onAccept(given)}
      />
    );
  return (
    <>
      <p>
        <strong>{consent.title}.</strong> {consent.text}
      </p>
      <TypedName
        label={`Type ${name}`}
        name={name}
        value={typed}
        onChange={(value) => {
          setTyped(value);
          if (isTyped(value, name) !== consent.given) onAccept(isTyped(value, name));
        }}
      />
    </>
  );
};

const Difference = ({ planned }: { planned: PlannedChange }) => {
  const { edited, lines } = differenceForPeople(planned.difference);
  const note = edited !== null && <p>{edited}</p>;
  if (lines.every((each) => each.sign === ' ')) return note || null;
  return (
    <>
      {note}
      <p>The plan is not the one that was read. What it would do differently:</p>
      <pre className="vb-code">
        {lines.map((line, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a line has no other identity than its place
            key={index}
            className={`vb-line vb-line-${line.sign === '+' ? 'new' : line.sign === '-' ? 'gone' : 'same'}`}
          >
            {line.sign} {line.text}
            {'\n'}
          </span>
        ))}
      </pre>
    </>
  );
};

const Details = ({
  change,
  planned,
  progress,
  state,
  path,
  acts,
}: {
  change: Change;
  planned: PlannedChange | undefined;
  progress: ApplyingChange | undefined;
  state: ChangeState;
  path: string;
  acts: ChangeActs;
}) => {
  const applied = appliedWords(change);
  const named = change.applied?.run ?? progress?.run ?? null;
  // what was found done was marked without a run
  const run = named === 'none' ? null : named;
  const consents = planned?.cost.consents ?? [];
  return (
    <div className="vb-change-more">
      {change.note !== null && <p className="vb-prewrap">“{change.note}”</p>}
      {(applied !== null || run !== null) && (
        <p>
          {applied} {run !== null && <RouteLink to={{ view: 'run', run }}>Open its run</RouteLink>}
        </p>
      )}
      {progress !== undefined && progress.text !== '' && state !== 'applied' && (
        <p className="vb-change-line">
          <VerdictSign verdict="warning" />
          <span className="vb-prewrap">{progress.text}</span>
        </p>
      )}
      {state !== 'applied' &&
        planned?.reasons.map((text) => (
          <p key={text} className="vb-change-line">
            <VerdictSign verdict={planned.outcome === 'impossible' ? 'not' : 'warning'} />
            <span className="vb-break">{text}</span>
          </p>
        ))}
      {state !== 'applied' && planned && <Difference planned={planned} />}
      {planned?.outcome === 'changed' && state !== 'applied' && state !== 'started' && (
        <div className="vb-row">
          <Button variant="secondary" onClick={acts.read}>
            I have read the difference
          </Button>
          <span className="vb-subtle">the draft then holds the plan as it is now, and it can be chosen</span>
        </div>
      )}
      {isUnread(change, planned) && (
        <div className="vb-row">
          <Button variant="secondary" onClick={acts.read}>
            I have read its plan
          </Button>
          <span className="vb-subtle">nobody has yet; then it can be chosen</span>
        </div>
      )}
      {state !== 'applied' &&
        planned?.unknown.map((text) => (
          <p key={text} className="vb-change-line">
            <VerdictSign verdict="unknown" label="Not known:" />
            <span className="vb-break">{text}</span>
          </p>
        ))}
      {state !== 'applied' && state !== 'done-already' && consents.length > 0 && (
        <fieldset className="vb-change-consents">
          <legend>Needs your consent</legend>
          {consents.map((each) => (
            <Consent
              key={each.code}
              consent={each}
              prefix={change.id}
              onAccept={(given) => acts.accept(each.code, given)}
            />
          ))}
        </fieldset>
      )}
      {state === 'done-already' && (
        <p className="vb-subtle">It will be marked as applied, and nothing is run for it.</p>
      )}
      {planned?.view && planned.view.plan.steps.length > 0 && state !== 'applied' && (
        <details className="vb-change-plan" open={isUnread(change, planned)}>
          <summary>Show the plan, {count(planned.view.plan.steps.length, 'step')}</summary>
          <StepList view={planned.view} difference={null} />
        </details>
      )}
      <div className="vb-row-wrap">
        {state !== 'applied' && state !== 'started' && (
          <RouteLink
            to={{ view: 'draft-change', path, change: change.id }}
            className="pf-v6-c-button pf-m-secondary"
          >
            Edit…
          </RouteLink>
        )}
        {state === 'failed' && (
          <Button variant="link" onClick={acts.settle}>
            Settled: plan it anew
          </Button>
        )}
        <Button variant="link" onClick={acts.duplicate}>
          Duplicate
        </Button>
        <Button variant="link" onClick={acts.remove} isAriaDisabled={state === 'started'}>
          Take it out
        </Button>
      </div>
    </div>
  );
};

export const ChangeRow = ({
  change,
  planned,
  progress,
  state,
  number,
  last,
  chosen,
  choosable,
  open,
  path,
  acts,
}: {
  change: Change;
  planned: PlannedChange | undefined;
  /** of it, when the draft is being applied or was last */
  progress: ApplyingChange | undefined;
  state: ChangeState;
  /** its place, from 1 */
  number: number;
  last: boolean;
  chosen: boolean;
  choosable: boolean;
  open: boolean;
  path: string;
  acts: ChangeActs;
}) => {
  const [over, setOver] = useState(false);
  const title = planned?.view?.plan.title ?? intentTitle(change.intent);
  const waiting = openConsents(planned).length;
  const titleId = `change-${change.id}`;
  const quiet = state === 'applied' || state === 'done-already';
  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    acts.move(event.key === 'ArrowUp' ? -1 : 1);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const id = event.dataTransfer.getData('text/plain');
    if (id !== '' && id !== change.id) acts.dropHere(id);
  };
  return (
    <li
      className={over ? 'vb-change vb-change-over' : 'vb-change'}
      data-change={change.id}
      aria-labelledby={titleId}
      onKeyDown={onKeyDown}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <div className="vb-change-head">
        <span
          className="vb-change-grip"
          draggable
          aria-hidden="true"
          title="Drag it to another place"
          onDragStart={(event) => event.dataTransfer.setData('text/plain', change.id)}
        >
          <GripIcon />
        </span>
        <input
          type="checkbox"
          aria-label={`Choose ${number}, ${title}`}
          checked={chosen}
          disabled={!choosable}
          onChange={(event) => acts.choose(event.target.checked)}
        />
        <span className="vb-change-number">{number}</span>
        <span className="vb-change-state">
          <StateSignOf state={state} />
          {isUnread(change, planned) && state === 'unchanged' ? 'not read yet' : stateWords[state]}
        </span>
        <button
          type="button"
          id={titleId}
          className={quiet ? 'vb-change-title vb-subtle' : 'vb-change-title'}
          aria-expanded={open}
          onClick={acts.toggle}
        >
          {title}
        </button>
        <span className="vb-change-cost">
          {waiting > 0 && !quiet && `${count(waiting, 'consent')} open · `}
          {state === 'applied' || state === 'done-already'
            ? 'nothing to do'
            : planned && planned.outcome !== 'impossible'
              ? costWords(planned.cost)
              : ''}
        </span>
        <span className="vb-change-moves">
          <Button
            variant="plain"
            size="sm"
            icon={<ArrowUpIcon />}
            aria-label={`Move ${number} up`}
            isDisabled={number === 1}
            onClick={() => acts.move(-1)}
          />
          <Button
            variant="plain"
            size="sm"
            icon={<ArrowDownIcon />}
            aria-label={`Move ${number} down`}
            isDisabled={last}
            onClick={() => acts.move(1)}
          />
        </span>
        <span className="vb-change-arrow" aria-hidden="true">
          {open ? <AngleDownIcon /> : <AngleRightIcon />}
        </span>
      </div>
      {open && (
        <Details
          change={change}
          planned={planned}
          progress={progress}
          state={state}
          path={path}
          acts={acts}
        />
      )}
    </li>
  );
};
