/** What became different between the plan that was reviewed and the one made afresh. */
import type { PlanView } from '../../core/contract.ts';
import { fileLabel } from '../../core/plan/plan.ts';
import type { Reason } from '../../core/plan/reason.ts';

export type PlanDifference = {
  /** reasons that are new or say something else, by `reasonKey` */
  newReasons: ReadonlySet<string>;
  goneReasons: readonly Reason[];
  /** ids of steps of the new plan that are new or do something else */
  newSteps: ReadonlySet<string>;
  /** titles of steps that are no more */
  goneSteps: readonly string[];
  /** paths of files whose new text differs */
  newFiles: ReadonlySet<string>;
};

/** One reason is the same when it says the same. */
export const reasonKey = (reason: Reason): string =>
  [reason.severity, reason.code, reason.node ?? '', reason.field ?? '', reason.text].join('\n');

const stepKey = (view: PlanView, index: number): string => {
  const step = view.plan.steps[index];
  if (!step) return '';
  const text = view.texts.find((each) => each.id === step.id);
  return [step.nodes.join(' '), step.title, text?.script ?? '', step.commit].join('\n');
};

export const planDifference = (before: PlanView, after: PlanView): PlanDifference => {
  const oldReasons = new Set(before.plan.reasons.map(reasonKey));
  const nowReasons = new Set(after.plan.reasons.map(reasonKey));
  const oldSteps = new Set(before.plan.steps.map((_, index) => stepKey(before, index)));
  const nowSteps = new Set(after.plan.steps.map((_, index) => stepKey(after, index)));
  const oldFiles = new Map(before.plan.files.map((file) => [fileLabel(file), file]));
  return {
    newReasons: new Set([...nowReasons].filter((key) => !oldReasons.has(key))),
    goneReasons: before.plan.reasons.filter((reason) => !nowReasons.has(reasonKey(reason))),
    newSteps: new Set(
      after.plan.steps.filter((_, index) => !oldSteps.has(stepKey(after, index))).map((step) => step.id),
    ),
    goneSteps: before.plan.steps
      .filter((_, index) => !nowSteps.has(stepKey(before, index)))
      .map((step) => step.title),
    newFiles: new Set(
      after.plan.files
        .filter((file) => {
          const old = oldFiles.get(fileLabel(file));
          return !old || old.before !== file.before || old.after !== file.after;
        })
        .map(fileLabel),
    ),
  };
};
