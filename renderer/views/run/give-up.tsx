import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useState } from 'react';
import type { Run } from '../../../core/plan/run.ts';
import { useCall } from '../../desk/desk-context.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';

/** Closes a run that can neither go on nor be taken back; first it is looked at whether that is so, and said what stays. */
export const GiveUp = ({ run, isDisabled }: { run: Run; isDisabled: boolean }) => {
  const [text, setText] = useState<string | null>(null);
  const giveUp = useCall('run.giveUp');
  const close = () => {
    setText(null);
    giveUp.dismiss();
  };
  return (
    <>
      <Button
        variant="link"
        isDisabled={isDisabled || giveUp.busy}
        onClick={() =>
          void giveUp.send({ run: run.id, accepted: false }).then((answer) => answer && setText(answer.text))
        }
      >
        Give it up…
      </Button>
      {(text !== null || giveUp.failure !== null) && (
        <Modal isOpen onClose={close} variant="small" aria-labelledby="give-up-title">
          <ModalHeader title="Give this run up" labelId="give-up-title" />
          <ModalBody>
            <div className="vb-stack">
              {text !== null && <p className="vb-break">{text}</p>}
              <FailureNote failure={giveUp.failure} onClose={giveUp.dismiss} what="It was not given up." />
            </div>
          </ModalBody>
          <ModalFooter>
            <Button onClick={close}>Leave it open</Button>
            {text !== null && (
              <Button
                variant="secondary"
                isDanger
                isDisabled={giveUp.busy}
                onClick={() =>
                  void giveUp.send({ run: run.id, accepted: true }).then((answer) => answer && close())
                }
              >
                Leave it half-way for good
              </Button>
            )}
          </ModalFooter>
        </Modal>
      )}
    </>
  );
};
