/** The guest's screen by VNC and its serial port, as fields. */
import { FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { FieldRow, fieldId } from '../../parts/field.tsx';
import type { ConfigForm, Effects } from './config-form.ts';

type Vnc = ConfigForm['vnc'];
const onlyHere = '127.0.0.1';

/** Words that say a guest's screen, whatever its type. */
const screenKeys = ['vfb', 'vnc', 'vnclisten', 'vncdisplay'];

export const ScreenFields = ({
  form,
  effects,
  onSet,
}: {
  form: ConfigForm;
  effects: Effects;
  onSet: (vnc: Vnc) => void;
}) => {
  const { vnc } = form;
  const effect = screenKeys.map((key) => effects.get(key)).find((each) => each !== undefined);
  return (
    <div className="vb-field">
      <label htmlFor={fieldId('screen')}>Screen</label>
      <div className="vb-field-body">
        <div className="vb-field-controls">
          <FormSelect
            id={fieldId('screen')}
            value={vnc === null ? 'none' : 'vnc'}
            onChange={(_, chosen) => onSet(chosen === 'vnc' ? { listen: onlyHere, display: null } : null)}
          >
            <FormSelectOption value="none" label="none" />
            <FormSelectOption value="vnc" label="VNC" />
          </FormSelect>
        </div>
        {vnc !== null && (
          <div className="vb-nic-line">
            <TextInput
              className="vb-mono-input"
              aria-label="Address on which VNC listens"
              placeholder={onlyHere}
              value={vnc.listen ?? ''}
              onChange={(_, listen) => onSet({ ...vnc, listen: listen === '' ? null : listen })}
            />
            <TextInput
              className="vb-mono-input"
              aria-label="Display number of VNC"
              placeholder="display"
              value={vnc.display === null ? '' : String(vnc.display)}
              onChange={(_, display) => {
                if (/^[0-9]{0,5}$/.test(display))
                  onSet({ ...vnc, display: display === '' ? null : Number(display) });
              }}
            />
          </div>
        )}
        {effect !== undefined && <div className="vb-field-help">{effect}</div>}
      </div>
    </div>
  );
};

/** Only HVM guests have serial ports of their own; the console of the others is always there. */
export const SerialField = ({
  form,
  effects,
  onSet,
}: {
  form: ConfigForm;
  effects: Effects;
  onSet: (first: string) => void;
}) => {
  const [first = '', ...others] = form.serial;
  if (form.values.type !== 'hvm' && first === '') return null;
  const notes = [
    ...(others.length > 0 ? [`Further ports: ${others.join('; ')}.`] : []),
    ...(effects.has('serial') ? [effects.get('serial')] : []),
  ];
  return (
    <FieldRow label="Serial console" field="serial" help={notes.join(' ')}>
      <TextInput
        id={fieldId('serial')}
        className="vb-mono-input"
        value={first}
        placeholder="none, or pty"
        onChange={(_, value) => onSet(value)}
      />
    </FieldRow>
  );
};
