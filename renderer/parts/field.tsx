/** One line of a form: label, control, and under it what is wrong or what helps. */
import type { ReactNode } from 'react';
import { VerdictSign } from './signs.tsx';

export const fieldId = (field: string): string => `field-${field.replaceAll('.', '-')}`;
export const errorId = (field: string): string => `${fieldId(field)}-error`;

const noErrors: ReadonlyMap<string, string> = new Map();

/** Spread on a control: its id, and the error that describes it. */
export const controlProps = (field: string, errors: ReadonlyMap<string, string> = noErrors) => {
  const wrong = errors.has(field);
  return {
    id: fieldId(field),
    validated: wrong ? ('error' as const) : ('default' as const),
    'aria-invalid': wrong,
    ...(wrong ? { 'aria-describedby': errorId(field) } : {}),
  };
};

export const FieldError = ({ field, errors }: { field: string; errors: ReadonlyMap<string, string> }) => {
  const text = errors.get(field);
  return text === undefined ? null : (
    <div className="vb-field-error" id={errorId(field)}>
      <VerdictSign verdict="not" />
      <span className="vb-break">{text}</span>
    </div>
  );
};

export const FieldRow = ({
  label,
  field,
  children,
  help,
  errors = noErrors,
  also = [],
}: {
  label: string;
  /** the field that the label is of */
  field: string;
  children: ReactNode;
  help?: ReactNode;
  errors?: ReadonlyMap<string, string>;
  /** further fields on this line, whose errors stand under it too */
  also?: readonly string[];
}) => (
  <div className="vb-field">
    <label htmlFor={fieldId(field)}>{label}</label>
    <div className="vb-field-body">
      <div className="vb-field-controls">{children}</div>
      {[field, ...also].map((each) => (
        <FieldError key={each} field={each} errors={errors} />
      ))}
      {help && <div className="vb-field-help">{help}</div>}
    </div>
  </div>
);
