/** The steps of a plan: node, what it does, the command, how it is taken back, and where the point of no return is. */
import type { PlanView } from '../../core/contract.ts';
import { isLook } from '../../core/plan/action.ts';
import type { Step } from '../../core/plan/plan.ts';
import { Words } from '../parts/words.tsx';
import type { PlanDifference } from './plan-difference.ts';

const undoWords = (step: Step, behindCommit: boolean): string => {
  if (step.commit) return 'point of no return';
  if (step.undo.length > 0) return `undo: ${step.undo.map((each) => each.title).join(', ')}`;
  if (isLook(step.action)) return 'changes nothing';
  return behindCommit ? 'only forward from here' : 'not taken back';
};

const NodeTags = ({ nodes, solid }: { nodes: readonly string[]; solid: boolean }) => (
  <span className="vb-row-wrap vb-node-tags">
    {nodes.length > 3 ? (
      <span className="vb-tag" title={nodes.join(', ')}>
        {nodes.length} nodes
        <span className="vb-hidden">: {nodes.join(', ')}</span>
      </span>
    ) : (
      nodes.map((node) => (
        <span key={node} className={solid ? 'vb-tag vb-tag-solid' : 'vb-tag'}>
          {node}
        </span>
      ))
    )}
  </span>
);

export const StepList = ({ view, difference }: { view: PlanView; difference: PlanDifference | null }) => {
  const commitAt = view.plan.steps.findIndex((step) => step.commit);
  return (
    <>
      <ol className="vb-steps">
        {view.plan.steps.map((step, index) => {
          const text = view.texts.find((each) => each.id === step.id);
          const isNew = difference?.newSteps.has(step.id) ?? false;
          return (
            <li key={step.id} className={isNew ? 'vb-step vb-step-new' : 'vb-step'}>
              <span className="vb-step-number">{step.id}</span>
              <div className="vb-grow">
                <div className="vb-step-head">
                  <NodeTags nodes={step.nodes} solid={!isLook(step.action)} />
                  <strong>{step.title}</strong>
                  {isNew && <span className="vb-new">changed</span>}
                  <span className={step.commit ? 'vb-step-undo vb-step-commit' : 'vb-step-undo'}>
                    {undoWords(step, commitAt >= 0 && index > commitAt)}
                  </span>
                </div>
                {text && (
                  <details className="vb-step-more">
                    <summary>
                      <code>
                        <Words text={text.command} />
                      </code>
                      <span className="vb-hidden">
                        , the exact script{text.undo.length > 0 && ' and undo'}
                      </span>
                    </summary>
                    <pre className="vb-code">{text.script}</pre>
                    {text.undo.map((undo) => (
                      <pre key={undo} className="vb-code vb-undo-code">
                        {undo}
                      </pre>
                    ))}
                  </details>
                )}
              </div>
            </li>
          );
        })}
      </ol>
      {difference && difference.goneSteps.length > 0 && (
        <p className="vb-subtle">
          No longer part of it: <del>{difference.goneSteps.join(', ')}</del>
        </p>
      )}
    </>
  );
};
