/** The configuration of an instance: a form and the text, both of one tree; then the plan that saves it. */
import { Button, Switch } from '@patternfly/react-core';
import { useCallback, useMemo, useState } from 'react';
import { compareGuest, withGuest } from '../../../core/cluster/guest-config.ts';
import { findInstances, type InstanceView } from '../../../core/cluster/instances.ts';
import type { Side } from '../../../core/plan/instance/sides.ts';
import type { Intent } from '../../../core/plan/intent.ts';
import { workingFolder } from '../../../core/plan/subject.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useDrafting, useLeave } from '../../draft/drafting.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { count } from '../../parts/format.ts';
import { MissingInstance } from '../../parts/missing.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Mark, VerdictSign } from '../../parts/signs.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { LockLine } from '../review/lock-line.tsx';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';
import './config.css';
import {
  type Effects,
  effectsOf,
  formOf,
  marksOf,
  withCards,
  withDisk,
  withField,
  withSerial,
  withVnc,
} from './config-form.ts';
import { CardFields, DiskFields, GuestFields } from './guest-fields.tsx';
import { ScreenFields, SerialField } from './screen-fields.tsx';
import { TakeView } from './take-view.tsx';
import { TextEditor, xlLanguage } from './text-editor.tsx';

const noEffects: Effects = new Map();
const runsNow = (instance: InstanceView): boolean => instance.domains.some((each) => each.seen);

const Review = ({
  handle,
  instance,
  intent,
  onBack,
}: {
  handle: string;
  instance: InstanceView;
  intent: Intent;
  onBack: () => void;
}) => {
  const review = useReview(intent, { wait: 0, fresh: true });
  return (
    <PlanReview
      title="Save the configuration"
      crumb={{ text: instance.name, href: formatRoute({ view: 'instance', instance: handle }) }}
      review={review}
      action="Save it"
      cancel="Back to the text"
      onCancel={onBack}
      choices={
        <>
          <p className="vb-state-line">{instance.statusText}</p>
          <LockLine handle={handle} instance={instance} />
        </>
      }
      notice={
        <>
          <strong>If a step fails</strong>, for example because the toolstack does not take the text, what was
          there is written back.
        </>
      }
    />
  );
};

/** Which side counts where record and xen.cfg disagree; one sentence each, and what can be done about it. */
const Disagreement = ({
  instance,
  text,
  base,
  onText,
}: {
  instance: InstanceView;
  text: string;
  /** as it lies on the node: what somebody edits here is no disagreement */
  base: string;
  onText: (text: string) => void;
}) => {
  const differences = compareGuest(instance.record, text);
  if (differences.length === 0 || compareGuest(instance.record, base).length === 0) return null;
  const ours = withGuest(text, instance.record);
  return (
    <div className="vb-note vb-note-warning" role="status">
      <Mark mark="drift" />
      <div className="vb-grow">
        {differences.map(({ key, what, record, config }) => (
          <div key={key} className="vb-break">
            {what}: <strong>{config ?? 'not said'}</strong> here, {record ?? 'nothing'} in the record.
          </div>
        ))}
        <div className="vb-subtle">Saving makes the record follow this text.</div>
      </div>
      {ours.ok && (
        <Button variant="link" isInline onClick={() => onText(ours.text)}>
          Take the record's
        </Button>
      )}
    </div>
  );
};

const Editor = ({ handle, instance }: { handle: string; instance: InstanceView }) => {
  const leave = useLeave({ view: 'instance', instance: handle });
  // what a silent node showed last is shown as well; the plan then says that it does not answer
  const sight = workingFolder(instance) ?? instance.folders.find((each) => each.current);
  const present = sight?.folder.config ?? null;
  const [base, setBase] = useState(present);
  const edited = useDrafting().editing;
  const [text, setText] = useState(
    edited?.intent.kind === 'configure' ? edited.intent.text : (present ?? ''),
  );
  const [changes, setChanges] = useState(edited !== null);
  const [reviewing, setReviewing] = useState(false);
  const form = useMemo(() => formOf(text), [text]);
  const marks = useMemo(() => marksOf(text), [text]);
  const effects = useMemo(() => effectsOf(base ?? '', text), [base, text]);
  const notes = runsNow(instance) ? effects.notes : noEffects;
  const mistakes = marks.filter((each) => each.severity === 'error');
  const differs = text !== (base ?? '') || compareGuest(instance.record, text).length > 0;
  const moved = present !== base;
  const back = useCallback(() => setReviewing(false), []);
  const intent = useMemo<Intent>(
    () => ({ kind: 'configure', instance: handle, text, from: base }),
    [handle, text, base],
  );
  if (reviewing) return <Review handle={handle} instance={instance} intent={intent} onBack={back} />;
  const waiting =
    mistakes.length > 0
      ? `${count(mistakes.length, 'mistake has', 'mistakes have')} to be mended first.`
      : differs
        ? null
        : 'Nothing is changed yet.';
  return (
    <>
      <ViewHead
        title="Configuration"
        crumb={{ text: instance.name, href: formatRoute({ view: 'instance', instance: handle }) }}
        note={<code className="vb-break">{instance.folder}/xen.cfg</code>}
      />
      {moved && (
        <div className="vb-note vb-note-warning vb-config-note" role="alert">
          <VerdictSign verdict="warning" />
          <span className="vb-grow">
            Somebody changed xen.cfg on the node since you opened it. Nothing of it is overwritten unseen.
          </span>
          <Button
            variant="link"
            isInline
            onClick={() => {
              setBase(present);
              setChanges(true);
            }}
          >
            Show mine against it
          </Button>
          <Button
            variant="link"
            isInline
            onClick={() => {
              setBase(present);
              setText(present ?? '');
            }}
          >
            Take it, drop mine
          </Button>
        </div>
      )}
      <div className="vb-split">
        <div>
          <ScrollRegion className="vb-review-left vb-config-form" label="The configuration as a form">
            <div className="vb-form">
              {runsNow(instance) && (
                <p className="vb-state-line">
                  {instance.name} runs on as it was started: all of this takes effect at its next start.
                  {effects.later.length > 0 &&
                    ` At the next start these differ: ${effects.later.join(', ')}.`}
                  {effects.live.length > 0 &&
                    ` Saving changes nothing in the running guest. By hand, xl could change at once: ${effects.live.join(', ')}.`}
                </p>
              )}
              <Disagreement instance={instance} text={text} base={base ?? ''} onText={setText} />
              {form === null ? (
                <p className="vb-subtle">
                  The text can't be read as it is. The fields come back once the marked place is mended.
                </p>
              ) : (
                <>
                  <GuestFields
                    form={form}
                    effects={notes}
                    onSet={(key, value) => setText(withField(text, key, value))}
                  />
                  <ScreenFields form={form} effects={notes} onSet={(vnc) => setText(withVnc(text, vnc))} />
                  <SerialField
                    form={form}
                    effects={notes}
                    onSet={(first) => setText(withSerial(text, first))}
                  />
                  <hr />
                  <DiskFields
                    form={form}
                    handle={handle}
                    onSet={(index, change) => setText(withDisk(text, index, change))}
                  />
                  <CardFields form={form} onSet={(cards) => setText(withCards(text, cards))} />
                </>
              )}
            </div>
          </ScrollRegion>
          <div className="vb-actions">
            <Button isAriaDisabled={waiting !== null} onClick={() => waiting === null && setReviewing(true)}>
              Review the plan…
            </Button>
            <Button variant="link" onClick={leave}>
              Cancel
            </Button>
            <span className="vb-actions-end" role="status">
              {waiting ?? 'Nothing is written before the plan was reviewed.'}
            </span>
          </div>
        </div>
        <section className="vb-config-text" aria-label="The configuration as text">
          <div className="vb-row vb-config-bar">
            <strong>xen.cfg</strong>
            <span className="vb-subtle vb-grow">
              {marks.length > 0
                ? (mistakes[0] ?? marks[0])?.text
                : 'Comments and keys that VBDesk does not know stay as they are.'}
            </span>
            <Switch
              id="config-changes"
              label="Changes"
              isChecked={changes}
              onChange={(_, shown) => setChanges(shown)}
            />
          </div>
          <TextEditor
            text={text}
            original={changes ? (base ?? '') : null}
            label={`xen.cfg of ${instance.name}`}
            language={xlLanguage}
            marksOf={marksOf}
            onChange={setText}
          />
        </section>
      </div>
    </>
  );
};

/** @param take the side that counts where they disagree; null: it is edited */
export const ConfigView = ({ handle, take }: { handle: string; take: Side | null }) => {
  const found = findInstances(useSnapshot(), handle);
  const [instance] = found;
  if (!instance || found.length > 1) return <MissingInstance handle={handle} several={found.length > 1} />;
  return take === null ? (
    <Editor handle={handle} instance={instance} />
  ) : (
    <TakeView handle={handle} instance={instance} side={take} />
  );
};
