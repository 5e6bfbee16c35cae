/** All reasons of a plan: blocks first, then consents with their ticks, warnings, and what passed. */
import { Checkbox } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import type { Plan } from '../../core/plan/plan.ts';
import type { Reason } from '../../core/plan/reason.ts';
import { VerdictSign } from '../parts/signs.tsx';
import { type PlanDifference, reasonKey } from './plan-difference.ts';

const groups = [
  { severity: 'blocks', sign: 'not', title: 'Blocks' },
  { severity: 'consent', sign: 'consent', title: 'Needs your consent' },
  { severity: 'warning', sign: 'warning', title: 'Warnings' },
  { severity: 'passed', sign: 'ready', title: 'Passed' },
] as const;

const idOf = (prefix: string, reason: Reason, index: number) => `${prefix}-${reason.code}-${index}`;

const Row = ({ reason, isNew, children }: { reason: Reason; isNew: boolean; children: ReactNode }) => (
  <li className={`vb-reason vb-reason-${reason.severity}`}>
    {children}
    <span className="vb-reason-text vb-break">
      {isNew && <span className="vb-new">new</span>}
      {reason.text}
    </span>
  </li>
);

export const ReasonLists = ({
  plan,
  accepted,
  onAccept,
  difference = null,
  hide,
}: {
  plan: Plan;
  accepted: readonly string[];
  onAccept: (code: string, given: boolean) => void;
  difference?: PlanDifference | null;
  /** reasons that are shown elsewhere on the page */
  hide?: (reason: Reason) => boolean;
}) => (
  <>
    {groups.map((group) => {
      const reasons = plan.reasons.filter((each) => each.severity === group.severity && !hide?.(each));
      if (reasons.length === 0) return null;
      return (
        <section key={group.severity} className="vb-reasons" aria-label={group.title}>
          <div className="vb-section-head">
            <VerdictSign verdict={group.sign} />
            <h2 className="vb-reasons-title">{group.title}</h2>
            <span className="vb-subtle">{reasons.length}</span>
          </div>
          <ul>
            {reasons.map((reason, index) => {
              const id = idOf(group.severity, reason, index);
              const isNew = difference?.newReasons.has(reasonKey(reason)) ?? false;
              return (
                <Row key={id} reason={reason} isNew={isNew}>
                  {group.severity === 'consent' ? (
                    <Checkbox
                      id={id}
                      label={reason.title}
                      isChecked={accepted.includes(reason.code)}
                      onChange={(_, given) => onAccept(reason.code, given)}
                    />
                  ) : (
                    <span className="vb-reason-title">
                      <VerdictSign verdict={group.sign} />
                      <span>{reason.title}</span>
                    </span>
                  )}
                </Row>
              );
            })}
          </ul>
        </section>
      );
    })}
    {difference && difference.goneReasons.length > 0 && (
      <section className="vb-reasons" aria-label="No longer so">
        <h2 className="vb-reasons-title">No longer so</h2>
        <ul>
          {difference.goneReasons.map((reason) => (
            <li key={reasonKey(reason)} className="vb-reason vb-reason-gone">
              <span className="vb-reason-title">
                <del>{reason.title}</del>
              </span>
              <span className="vb-reason-text">
                <del>{reason.text}</del>
              </span>
            </li>
          ))}
        </ul>
      </section>
    )}
  </>
);
