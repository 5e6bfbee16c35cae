/** The question that stops a connection: a passphrase or a password. It is sent once and kept nowhere. */
import {
  Button,
  Form,
  FormGroup,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  TextInput,
} from '@patternfly/react-core';
import { type FormEvent, useState } from 'react';
import type { AppState } from '../../core/contract.ts';
import { useCall } from '../desk/desk-context.tsx';
import { FailureNote } from '../parts/failure-note.tsx';
import { VerdictSign } from '../parts/signs.tsx';

type Prompt = NonNullable<AppState['prompt']>;

export const PromptDialog = ({
  prompt,
  again,
  onAnswer,
}: {
  prompt: Prompt;
  /** the same question was answered a moment ago */
  again: boolean;
  onAnswer: (given: boolean) => void;
}) => {
  const [answer, setAnswer] = useState('');
  const call = useCall('prompt.answer');
  const send = (value: string | null) => {
    onAnswer(value !== null);
    void call.send({ id: prompt.id, answer: value });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(answer);
  };
  const word = prompt.kind === 'passphrase' ? 'Passphrase' : 'Password';
  return (
    <Modal
      isOpen
      onClose={() => send(null)}
      variant="small"
      aria-labelledby="prompt-title"
      elementToFocus="#prompt-answer"
    >
      <ModalHeader title={`${word} wanted`} labelId="prompt-title" />
      <ModalBody>
        <Form id="prompt-form" onSubmit={submit}>
          <p className="vb-prewrap">{prompt.text}</p>
          <FormGroup label={word} fieldId="prompt-answer">
            <TextInput
              id="prompt-answer"
              type="password"
              autoComplete="off"
              value={answer}
              onChange={(_, value) => setAnswer(value)}
            />
          </FormGroup>
          {again && (
            <p className="vb-note vb-note-warning" role="alert">
              <VerdictSign verdict="warning" />
              It is asked for once more: the last answer did not fit, or another connection needs it.
            </p>
          )}
          <p className="vb-subtle">It is written nowhere. Without it the node stays unconnected.</p>
          <FailureNote failure={call.failure} />
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="prompt-form" isDisabled={call.busy}>
          Connect
        </Button>
        <Button variant="link" onClick={() => send(null)}>
          Not now
        </Button>
      </ModalFooter>
    </Modal>
  );
};
