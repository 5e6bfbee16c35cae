/** A word that has to be typed before a button can be used. */
import { TextInput } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { controlProps, FieldRow } from './field.tsx';

export const isTyped = (value: string, name: string): boolean => value.trim() === name;

export const TypedName = ({
  label = 'Type its name',
  name,
  why = null,
  value,
  onChange,
}: {
  label?: string;
  name: string;
  /** ends the sentence "Type NAME to unlock the button" */
  why?: ReactNode;
  value: string;
  onChange: (value: string) => void;
}) => (
  <FieldRow
    label={label}
    field="typed"
    help={
      isTyped(value, name) ? (
        'It matches.'
      ) : (
        <>
          Type <code>{name}</code> to unlock the button{why === null ? '.' : <>: {why}</>}
        </>
      )
    }
  >
    <TextInput
      {...controlProps('typed')}
      className="vb-mono-input"
      autoComplete="off"
      spellCheck={false}
      value={value}
      onChange={(_, typed) => onChange(typed)}
    />
  </FieldRow>
);
