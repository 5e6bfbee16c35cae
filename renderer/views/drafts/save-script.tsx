/** The draft as a shell script for people without VBDesk: looked at, copied, saved. */
import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core';
import { useState } from 'react';
import { useCall } from '../../desk/desk-context.tsx';
import { draftName } from '../../model/draft-words.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';

export const SaveScript = ({ path }: { path: string }) => {
  const script = useCall('draft.script');
  const [text, setText] = useState<string | null>(null);
  const name = `${draftName(path)}.sh`;
  const close = () => {
    setText(null);
    script.dismiss();
  };
  return (
    <>
      <Button
        variant="secondary"
        isAriaDisabled={script.busy}
        onClick={() => !script.busy && void script.send({ path }).then((made) => made && setText(made.text))}
      >
        {script.busy ? 'Writing the script…' : 'Save as script…'}
      </Button>
      {(text !== null || script.failure) && (
        <Modal isOpen onClose={close} variant="large" aria-labelledby="script-title">
          <ModalHeader
            title="The draft as a shell script"
            labelId="script-title"
            description="One section a node; it does the same without VBDesk, its checks included."
          />
          <ModalBody>
            <FailureNote failure={script.failure} what="No script could be written." />
            {text !== null && (
              <ScrollRegion className="vb-script" label="Script">
                <pre className="vb-code">{text}</pre>
              </ScrollRegion>
            )}
          </ModalBody>
          <ModalFooter>
            {text !== null && (
              <>
                <a
                  className="pf-v6-c-button pf-m-primary"
                  download={name}
                  href={`data:text/x-shellscript;charset=utf-8,${encodeURIComponent(text)}`}
                >
                  Save {name}
                </a>
                <CopyButton text={text} />
              </>
            )}
            <Button variant="link" onClick={close}>
              Close
            </Button>
          </ModalFooter>
        </Modal>
      )}
    </>
  );
};
