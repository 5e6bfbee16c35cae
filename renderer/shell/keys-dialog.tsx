import { Modal, ModalBody, ModalHeader } from '@patternfly/react-core';
import { Kbd } from '../parts/kbd.tsx';

const keys: readonly { keys: readonly string[]; what: string }[] = [
  { keys: ['Ctrl', 'K'], what: 'find anything, or run any action' },
  { keys: ['?'], what: 'these keys' },
  { keys: ['1', '–', '6'], what: 'Overview, Instances, Images, Drafts, Runs, Nodes' },
  { keys: ['/'], what: 'filter the table' },
  { keys: ['↑', '↓'], what: 'move in a table, or between chips' },
  { keys: ['Space'], what: 'select the row' },
  { keys: ['Enter'], what: 'open the row' },
  { keys: ['C'], what: 'create an instance' },
  { keys: ['F'], what: 'fail over the selected instance' },
  { keys: ['S'], what: 'stop the selected instance' },
  { keys: ['A'], what: 'adopt the selected images' },
  { keys: ['T'], what: 'images: the table alone, or the map above it' },
  { keys: ['F8'], what: 'next error of a form' },
  { keys: ['Alt', '↑', '↓'], what: 'in a draft: move the change' },
  { keys: ['Ctrl', 'Enter'], what: 'run the reviewed plan, or put it into the draft' },
  { keys: ['Esc'], what: 'back' },
];

export const KeysDialog = ({ onClose }: { onClose: () => void }) => (
  <Modal isOpen onClose={onClose} variant="small" aria-labelledby="keys-title">
    <ModalHeader title="Keys" labelId="keys-title" />
    <ModalBody>
      <dl className="vb-keys">
        {keys.map((entry) => (
          <div key={entry.what}>
            <dt>
              {entry.keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dt>
            <dd>{entry.what}</dd>
          </div>
        ))}
      </dl>
    </ModalBody>
  </Modal>
);
