/** Ctrl+K: every action, view, instance and node, by typing a few letters. */
import { Modal, ModalBody } from '@patternfly/react-core';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { Kbd } from '../parts/kbd.tsx';
import { type Command, findCommands } from './commands.ts';

export const Palette = ({
  commands,
  onClose,
  onRun,
}: {
  commands: readonly Command[];
  onClose: () => void;
  onRun: (command: Command) => void;
}) => {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const found = useMemo(() => findCommands(commands, text).slice(0, 60), [commands, text]);
  const current = Math.min(at, Math.max(0, found.length - 1));

  useEffect(() => {
    list.current?.querySelector(`#palette-${current}`)?.scrollIntoView({ block: 'nearest' });
  }, [current]);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setAt((current + step + found.length) % found.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const command = found[current];
      if (command && command.impossible === null) onRun(command);
    }
  };

  return (
    <Modal
      isOpen
      onClose={onClose}
      variant="medium"
      aria-label="Find anything or run a command"
      position="top"
      elementToFocus="#palette-input"
      className="vb-palette"
    >
      <ModalBody>
        <input
          id="palette-input"
          className="vb-palette-input"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={found.length > 0 ? `palette-${current}` : undefined}
          aria-label="Find anything or run a command"
          placeholder="An instance, a node, or what you want to do"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div id="palette-list" role="listbox" aria-label="Results" className="vb-palette-list" ref={list}>
          {found.map((command, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the input's, which keeps the focus
            <div
              key={command.id}
              id={`palette-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === current}
              aria-disabled={command.impossible !== null}
              className={index === current ? 'vb-palette-option vb-palette-current' : 'vb-palette-option'}
              onClick={() => command.impossible === null && onRun(command)}
              onMouseMove={() => setAt(index)}
            >
              <span className="vb-palette-group">{command.group}</span>
              <span className="vb-grow">
                <strong>{command.title}</strong>
                <span className="vb-subtle"> {command.impossible ?? command.note}</span>
              </span>
              {command.key && <Kbd>{command.key}</Kbd>}
            </div>
          ))}
        </div>
        {found.length === 0 && <p className="vb-subtle vb-palette-none">Nothing is called that here.</p>}
      </ModalBody>
    </Modal>
  );
};
