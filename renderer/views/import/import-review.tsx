/** The plans of all that were chosen: each can be read, and they run one after the other. */
import { Button } from '@patternfly/react-core';
import { useState } from 'react';
import { openReasons } from '../../../core/plan/plan.ts';
import type { Reason } from '../../../core/plan/reason.ts';
import { RouteLink } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { FailureNote } from '../../parts/failure-note.tsx';
import { count } from '../../parts/format.ts';
import { ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Spinner, VerdictSign } from '../../parts/signs.tsx';
import { PlanPane } from '../../plan/plan-pane.tsx';
import { ReasonLists } from '../../plan/reason-lists.tsx';
import { VouchPanel } from '../../plan/vouch-panel.tsx';
import '../review/review.css';
import type { ImportItem } from './import-rows.ts';
import { type ImportPlans, type ItemState, useImportPlans } from './use-import-plans.ts';

const isVouching = (reason: Reason): boolean => reason.code.startsWith('vouch-down:');

const State = ({ state: { view, failure, progress } }: { state: ItemState }) => {
  const run = view?.plan.run;
  switch (progress) {
    case 'running':
      return (
        <span className="vb-row">
          <Spinner /> being adopted
        </span>
      );
    case 'adopted':
      return (
        <span className="vb-row">
          <VerdictSign verdict="ready" /> adopted
        </span>
      );
    case 'ended':
      return (
        <span className="vb-row">
          <VerdictSign verdict="not" />{' '}
          {run !== undefined && <RouteLink to={{ view: 'run', run }}>its run did not end well</RouteLink>}
        </span>
      );
    case 'changed':
      return (
        <span className="vb-row">
          <VerdictSign verdict="warning" /> not begun: its plan is another one by now
        </span>
      );
    case 'failed':
      return (
        <span className="vb-row">
          <VerdictSign verdict="not" /> not begun
        </span>
      );
    case 'waiting':
      return <span className="vb-subtle">waits</span>;
    case 'planned': {
      if (failure)
        return (
          <span className="vb-row">
            <VerdictSign verdict="not" /> no plan could be made
          </span>
        );
      if (!view)
        return (
          <span className="vb-row">
            <Spinner /> is planned
          </span>
        );
      const open = openReasons(view.plan);
      const blocks = open.filter((each) => each.severity === 'blocks').length;
      return (
        <span className="vb-row">
          <VerdictSign verdict={blocks > 0 ? 'not' : open.length > 0 ? 'consent' : 'ready'} />
          {blocks > 0
            ? count(blocks, 'reason blocks it', 'reasons block it')
            : open.length > 0
              ? 'needs your consent'
              : 'can be adopted'}
        </span>
      );
    }
  }
};

/** Why they can't run now; null when they can. */
const waitsFor = ({ items, making, open, ready, running }: ImportPlans): string | null => {
  if (running) return 'They run, one after the other, as long as this page stays open.';
  if (items.some((each) => each.progress !== 'planned')) {
    const adopted = items.filter((each) => each.progress === 'adopted').length;
    return adopted === items.length
      ? 'All are adopted.'
      : `${adopted} of ${items.length} adopted; the rest was not begun.`;
  }
  if (making) return 'The plans are being made…';
  if (open > 0) return `Something stands against ${open} of ${items.length}.`;
  return ready ? null : 'The plans are being made…';
};

export const ImportReview = ({ items, onBack }: { items: readonly ImportItem[]; onBack: () => void }) => {
  const plans = useImportPlans(items);
  const [shown, setShown] = useState(0);
  const current = plans.items[shown];
  const waiting = waitsFor(plans);
  const vouching = new Map<string, Reason>();
  for (const { view } of plans.items)
    for (const reason of view?.plan.reasons ?? []) if (isVouching(reason)) vouching.set(reason.code, reason);
  const begun = plans.items.some((each) => each.progress !== 'planned');
  return (
    <>
      <ViewHead
        title={`Adopt ${count(items.length, 'instance')} of Ganeti's`}
        crumb={{ text: 'Instances', href: formatRoute({ view: 'instances' }) }}
        {...(vouching.size > 0 ? { tone: 'danger' as const } : {})}
      />
      <div className="vb-split">
        <div>
          <ScrollRegion className="vb-review-left" label="Plans and reasons">
            <table className="vb-table" aria-label="Instances to adopt">
              <thead>
                <tr>
                  <th scope="col">Instance</th>
                  <th scope="col">On</th>
                  <th scope="col">State</th>
                </tr>
              </thead>
              <tbody>
                {plans.items.map((each, index) => (
                  <tr key={each.item.name}>
                    <th scope="row">
                      <Button
                        variant="link"
                        isInline
                        aria-pressed={index === shown}
                        onClick={() => setShown(index)}
                      >
                        {each.item.name}
                      </Button>
                    </th>
                    <td>{each.item.intent.primary}</td>
                    <td>
                      <State state={each} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {vouching.size > 0 && !begun && (
              <VouchPanel reasons={[...vouching.values()]} vouched={plans.vouched} onVouch={plans.vouch} />
            )}
            <FailureNote failure={current?.failure ?? null} what={`${current?.item.name ?? ''}:`} />
            {current?.view && (
              <section className="vb-stack" aria-label={`Reasons of ${current.item.name}`}>
                <ReasonLists
                  plan={current.view.plan}
                  accepted={current.approval.accept}
                  onAccept={(code, given) => plans.accept(shown, code, given)}
                  hide={isVouching}
                />
              </section>
            )}
          </ScrollRegion>
          <div className="vb-actions">
            <Button
              variant={vouching.size > 0 ? 'danger' : 'primary'}
              isAriaDisabled={waiting !== null}
              onClick={plans.start}
            >
              {`Adopt ${count(items.length, 'instance')}`}
              {waiting !== null && <span className="vb-hidden"> Not possible: {waiting}</span>}
            </Button>
            <Button variant="link" isAriaDisabled={plans.running} onClick={() => plans.running || onBack()}>
              Back to the list
            </Button>
            <span className="vb-actions-end" role="status">
              {waiting ?? 'nothing stands against any of them'}
            </span>
          </div>
        </div>
        <section aria-label="Plan and files">
          <PlanPane
            view={current?.view ?? null}
            aside={current?.item.name}
            notice={
              <>
                <strong>No image is written to, copied or moved.</strong> Each is a run of its own: what was
                adopted before one that fails stays adopted.
              </>
            }
          />
        </section>
      </div>
    </>
  );
};
