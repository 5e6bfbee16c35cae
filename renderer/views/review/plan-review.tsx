/** The page on which a plan is read before it runs: all reasons left, all steps right, one button that runs it. */

import { Button } from '@patternfly/react-core';
import { type ReactNode, useCallback } from 'react';
import type { Reason } from '../../../core/plan/reason.ts';
import { DraftButton } from '../../draft/draft-button.tsx';
import { useDrafting } from '../../draft/drafting.tsx';
import { useDraftSave } from '../../draft/use-draft-save.ts';
import { draftName } from '../../model/draft-words.ts';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ago, count } from '../../parts/format.ts';
import { Kbd } from '../../parts/kbd.tsx';
import { type Crumb, ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Mark, Spinner, VerdictSign } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';
import { PlanPane } from '../../plan/plan-pane.tsx';
import { ReasonLists } from '../../plan/reason-lists.tsx';
import type { Review } from '../../plan/use-review.ts';
import { VouchPanel } from '../../plan/vouch-panel.tsx';
import { useControlKey } from '../../shell/use-keys.ts';

/** Why the plan can't run now; null when it can. */
const waitsFor = (review: Review, locked: string | null): string | null => {
  if (review.starting) return 'It is being planned afresh and started…';
  if (!review.asked) return locked ?? 'Something above is missing or wrong.';
  if (review.failure && !review.view) return 'There is no plan.';
  if (!review.view || review.making) return 'The plan is being made…';
  const blocks = review.view.plan.reasons.filter((each) => each.severity === 'blocks').length;
  if (blocks > 0) return `${count(blocks, 'reason blocks', 'reasons block')} it.`;
  // typing may be how a consent is given
  if (locked) return locked;
  if (review.open > 0) return `${count(review.open, 'consent is', 'consents are')} not given yet.`;
  return review.ready ? null : 'The plan is being made…';
};

/** Why it can't go into a draft yet. What blocks it or waits for a word may be settled by the time it is applied. */
const draftWaitsFor = (review: Review): string | null => {
  if (!review.asked) return 'Something above is missing or wrong.';
  return review.making || (!review.current && !review.failure) ? 'The plan is being made…' : null;
};

/** What the draft will say of it. */
const draftWords = (review: Review): string => {
  const blocks = review.view?.plan.reasons.filter((each) => each.severity === 'blocks').length ?? 0;
  if (blocks > 0) return `${count(blocks, 'reason blocks', 'reasons block')} it so far`;
  return review.open > 0 ? `${count(review.open, 'consent')} open` : 'nothing is run';
};

const Changed = () => (
  <div className="vb-note vb-note-info vb-changed" role="alert">
    <VerdictSign verdict="warning" />
    <div>
      <strong>Nothing was run: the plan is no longer the one you reviewed.</strong> The nodes were read again
      and something has changed since. What is new or different is marked. Read it, then run it.
    </div>
  </div>
);

export const PlanReview = ({
  title,
  crumb,
  review,
  subject = '',
  action,
  danger = false,
  locked = null,
  cancel,
  onCancel,
  choices,
  notice,
  hide,
  note,
}: {
  title: string;
  crumb: Crumb;
  review: Review;
  /** as given to the review: words for a silent node are typed anew when it changes */
  subject?: string;
  /** on the button: "Fail over web1" */
  action: string;
  danger?: boolean;
  /** a further thing that must be done first: "Type the name." */
  locked?: string | null;
  cancel?: string;
  onCancel: () => void;
  /** above the reasons: targets, timeouts */
  choices?: ReactNode;
  notice?: ReactNode;
  hide?: (reason: Reason) => boolean;
  /** right in the head */
  note?: ReactNode;
}) => {
  const { offline, seenAt, editing, work } = useDrafting();
  const now = useNow(60_000);
  const { go } = useNavigator();
  const own = cancel === undefined;
  const leave = () => (own && editing && work !== null ? go({ view: 'draft', path: work }) : onCancel());
  const drafts = useDraftSave(review);
  const draftWaiting = draftWaitsFor(review);
  const onlyDrafts = review.drafts;
  const waiting = onlyDrafts ? draftWaiting : waitsFor(review, locked);
  const { start } = review;
  const { save } = drafts;
  const run = useCallback(() => {
    if (waiting !== null) return;
    if (onlyDrafts) save();
    else start();
  }, [waiting, start, onlyDrafts, save]);
  useControlKey('Enter', run);
  const words = review.view?.plan.reasons.filter((each) => each.code.startsWith('vouch-down:')) ?? [];
  // a word that stands for a silent node is given when the plan runs, never in advance
  const vouching = onlyDrafts ? [] : words;
  const given = review.view
    ? review.view.plan.reasons.filter(
        (each) => each.severity === 'consent' && review.approval.accept.includes(each.code),
      ).length
    : 0;
  const isDanger = danger || vouching.length > 0;
  const draftButton = drafts.possible && (
    <DraftButton save={drafts} primary={onlyDrafts} waiting={draftWaiting} />
  );
  const runButton = !onlyDrafts && (
    <Button variant={isDanger ? 'danger' : 'primary'} isAriaDisabled={waiting !== null} onClick={run}>
      {action}
      {waiting !== null && <span className="vb-hidden"> Not possible yet: {waiting}</span>}
    </Button>
  );
  const cancelButton = (
    <Button variant={isDanger && !onlyDrafts ? 'primary' : 'link'} onClick={leave}>
      {cancel ?? 'Cancel'}
    </Button>
  );
  const hidden = (reason: Reason) => reason.code.startsWith('vouch-down:') || (hide?.(reason) ?? false);
  return (
    <>
      <ViewHead
        title={title}
        crumb={
          editing && work !== null
            ? { text: draftName(work), href: formatRoute({ view: 'draft', path: work }) }
            : crumb
        }
        {...(vouching.length > 0 ? { tone: 'danger' as const } : {})}
      >
        <span className="vb-head-end">
          {note}
          {review.making ? (
            <span className="vb-row">
              <Spinner /> {onlyDrafts ? 'planning…' : 'reading the nodes…'}
            </span>
          ) : (
            review.view && (
              <span>
                {onlyDrafts
                  ? offline
                    ? 'planned on what the nodes showed last'
                    : 'planned on what the draft makes of the cluster'
                  : 'all nodes are read again before the first step'}
              </span>
            )
          )}
        </span>
      </ViewHead>
      <div className="vb-split">
        <div>
          <ScrollRegion className="vb-review-left" label="Reasons">
            {review.difference && <Changed />}
            {onlyDrafts && offline && (
              <p className="vb-note vb-note-plain">
                <Mark mark="clock" />
                <span>
                  No node was asked for this. What is said of them is what they showed{' '}
                  {seenAt === null ? 'last' : ago(seenAt, now)}; it is planned afresh before it runs.
                </span>
              </p>
            )}
            {choices}
            <FailureNote failure={review.failure} what="No plan could be made." />
            {onlyDrafts &&
              words.map((each) => (
                <p key={each.code} className="vb-note vb-note-plain">
                  {each.title}: that is asked when the draft is applied.
                </p>
              ))}
            {vouching.length > 0 && (
              <VouchPanel
                key={subject}
                reasons={vouching}
                vouched={review.approval.vouched}
                onVouch={review.vouch}
              />
            )}
            {review.asked && review.view && (
              <ReasonLists
                plan={review.view.plan}
                accepted={review.approval.accept}
                onAccept={review.accept}
                difference={review.difference}
                hide={hidden}
              />
            )}
            {review.asked && !review.view && !review.failure && (
              <p className="vb-row" role="status">
                <Spinner />{' '}
                {onlyDrafts ? 'The plan is being made…' : 'All nodes are being read, and the plan is made…'}
              </p>
            )}
          </ScrollRegion>
          <FailureNote failure={review.startFailure} what="It was not started." />
          <FailureNote failure={drafts.failure} what="It did not go into the draft." />
          <div className="vb-actions">
            {isDanger && !onlyDrafts ? (
              <>
                {cancelButton}
                {draftButton}
                {runButton}
              </>
            ) : (
              <>
                {runButton}
                {draftButton}
                {cancelButton}
              </>
            )}
            <span className="vb-actions-end" role="status">
              {waiting ? (
                <>
                  {review.starting || review.making ? <Spinner /> : <VerdictSign verdict="unknown" />}
                  {waiting}
                </>
              ) : onlyDrafts ? (
                <>
                  {draftWords(review)} <Kbd>Ctrl</Kbd>
                  <Kbd>Enter</Kbd> {drafts.editing === null ? 'add' : 'save'}
                </>
              ) : (
                <>
                  {given > 0 && `${count(given, 'consent')} given`}
                  <Kbd>Ctrl</Kbd>
                  <Kbd>Enter</Kbd> run
                </>
              )}
            </span>
          </div>
        </div>
        <section aria-label="Plan and files">
          <PlanPane view={review.view} difference={review.difference} notice={notice} />
        </section>
      </div>
    </>
  );
};
