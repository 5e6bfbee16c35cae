/** A gnt-instance command that somebody has at hand fills in the form. */
import { Button, TextArea } from '@patternfly/react-core';
import { useId, useState } from 'react';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { Mark, VerdictSign } from '../../parts/signs.tsx';
import type { CreateForm } from './create-form.ts';
import { type Pasted, pasteCommand } from './paste-form.ts';

/** What of it has no effect, each option with why. Stays until the next command, or until it is put away. */
const WhatOfIt = ({ pasted, onClose }: { pasted: Pasted; onClose: () => void }) =>
  pasted.ok && pasted.ignored.length === 0 ? null : (
    <div className={`vb-note ${pasted.ok ? 'vb-note-warning' : 'vb-note-danger'}`} role="status">
      <VerdictSign verdict={pasted.ok ? 'warning' : 'not'} />
      <div className="vb-grow">
        {!pasted.ok && (
          <>
            <strong>The command was not taken.</strong>
            <ul className="vb-todo">
              {pasted.problems.map((each) => (
                <li key={each}>{each}</li>
              ))}
            </ul>
          </>
        )}
        {pasted.ignored.length > 0 && (
          <>
            <strong>Without effect here:</strong>
            <ul className="vb-todo">
              {pasted.ignored.map(({ option, reason }) => (
                <li key={`${option} ${reason}`}>
                  <code className="vb-break">{option}</code>: {reason}
                </li>
              ))}
            </ul>
          </>
        )}
        {pasted.ok && (
          <Button variant="link" isInline onClick={onClose}>
            Put away
          </Button>
        )}
      </div>
    </div>
  );

export const PasteCommand = ({ form, onForm }: { form: CreateForm; onForm: (form: CreateForm) => void }) => {
  const snapshot = useSnapshot();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [pasted, setPasted] = useState<Pasted | null>(null);
  const id = useId();
  const take = () => {
    const result = pasteCommand(text, snapshot, form);
    setPasted(result);
    if (!result.ok) return;
    onForm(result.form);
    setOpen(false);
  };
  return (
    <>
      {open ? (
        <section className="vb-stack" aria-label="A command">
          <label htmlFor={id}>
            <strong>gnt-instance command</strong>
          </label>
          <TextArea
            id={id}
            className="vb-mono-input"
            autoFocus
            rows={4}
            spellCheck={false}
            placeholder="gnt-instance add -t file --disk 0:size=5G -n node1 -o debian-etch web1.example.org"
            value={text}
            onChange={(_, value) => setText(value)}
          />
          <div className="vb-row">
            <Button variant="secondary" isAriaDisabled={text.trim() === ''} onClick={take}>
              Fill in the form
            </Button>
            <Button
              variant="link"
              onClick={() => {
                setOpen(false);
                setPasted(null);
              }}
            >
              Cancel
            </Button>
            <span className="vb-subtle">
              <Mark mark="undo" /> what is in the form now is replaced
            </span>
          </div>
        </section>
      ) : (
        <div>
          <Button variant="link" isInline onClick={() => setOpen(true)}>
            Paste a gnt-instance command…
          </Button>
        </div>
      )}
      {pasted && <WhatOfIt pasted={pasted} onClose={() => setPasted(null)} />}
    </>
  );
};
