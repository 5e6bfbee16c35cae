import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';

/** Says what starting the practice cluster over throws away. */
export const StartOverDialog = ({
  instances,
  onClose,
  onStartOver,
}: {
  instances: readonly string[];
  onClose: () => void;
  onStartOver: () => void;
}) => (
  <Modal isOpen onClose={onClose} variant="small" aria-labelledby="start-over-title">
    <ModalHeader title="Start the practice cluster over" labelId="start-over-title" />
    <ModalBody>
      <div className="vb-stack">
        <p>
          {instances.length === 0
            ? 'The three practice nodes are deleted with all that lies on them.'
            : `The three practice nodes are deleted with all that lies on them: ${instances.slice(0, 12).join(', ')}${instances.length > 12 ? ` and ${instances.length - 12} more` : ''}. Guests that run there end.`}
        </p>
        <p>Then it is as it was on the first day. Other clusters are not touched.</p>
      </div>
    </ModalBody>
    <ModalFooter>
      <Button onClick={onClose}>Keep it as it is</Button>
      <Button variant="secondary" isDanger onClick={onStartOver}>
        Start over
      </Button>
    </ModalFooter>
  </Modal>
);
