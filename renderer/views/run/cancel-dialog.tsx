import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import type { Run } from '../../../core/plan/run.ts';

/** Says what cancelling means for this run: which steps are taken back, and that the running one is waited for. */
export const CancelDialog = ({
  run,
  onClose,
  onCancel,
}: {
  run: Run;
  onClose: () => void;
  onCancel: () => void;
}) => {
  const current = run.steps.find((step) => step.state === 'running');
  const taken = run.plan.steps
    .filter((_, index) => run.steps[index]?.state === 'done' || run.steps[index]?.state === 'running')
    .flatMap((step) => step.undo.map((undo) => ({ id: step.id, title: undo.title, nodes: undo.nodes })))
    .reverse();
  return (
    <Modal isOpen onClose={onClose} variant="small" aria-labelledby="cancel-title">
      <ModalHeader title="Cancel and undo" labelId="cancel-title" />
      <ModalBody>
        <div className="vb-stack">
          <p>
            {current
              ? `Step ${current.id}, “${current.title}”, can't be stopped half-way: it is waited for. Then `
              : 'At the next step '}
            {taken.length === 0
              ? 'the run ends; nothing has to be taken back.'
              : 'this is taken back, in this order:'}
          </p>
          {taken.length > 0 && (
            <ol className="vb-cancel-list">
              {taken.map((undo) => (
                <li key={`${undo.id} ${undo.title}`}>
                  {undo.title}{' '}
                  {!undo.nodes.every((node) => undo.title.includes(node)) && (
                    <span className="vb-subtle">on {undo.nodes.join(', ')}</span>
                  )}
                </li>
              ))}
            </ol>
          )}
        </div>
      </ModalBody>
      <ModalFooter>
        <Button onClick={onClose}>Let it run</Button>
        <Button variant="secondary" isDanger onClick={onCancel}>
          Cancel and undo
        </Button>
      </ModalFooter>
    </Modal>
  );
};
