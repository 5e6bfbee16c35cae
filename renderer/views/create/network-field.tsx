import { Button, TextInput } from '@patternfly/react-core';
import { controlProps, FieldError } from '../../parts/field.tsx';
import type { NicForm } from './create-form.ts';

export const NetworkField = ({
  nics,
  bridges,
  errors,
  onChange,
}: {
  nics: readonly NicForm[];
  /** bridges of the primary, for suggestions */
  bridges: readonly string[];
  errors: ReadonlyMap<string, string>;
  onChange: (nics: NicForm[]) => void;
}) => {
  const set = (index: number, change: Partial<NicForm>) =>
    onChange(nics.map((nic, at) => (at === index ? { ...nic, ...change } : nic)));
  return (
    <div className="vb-field">
      <span className="vb-field-label" id="nics-label">
        Network
      </span>
      <div className="vb-field-body">
        <datalist id="bridges">
          {bridges.map((bridge) => (
            <option key={bridge} value={bridge} />
          ))}
        </datalist>
        <ul className="vb-lines" aria-labelledby="nics-label">
          {nics.map((nic, index) => (
            <li key={nic.key}>
              <div className="vb-nic-line">
                <TextInput
                  {...controlProps(`nics.${index}.bridge`, errors)}
                  aria-label={`Bridge of interface ${index}`}
                  placeholder="bridge, such as xenbr0"
                  list="bridges"
                  value={nic.bridge}
                  onChange={(_, bridge) => set(index, { bridge })}
                />
                <TextInput
                  {...controlProps(`nics.${index}.mac`, errors)}
                  className="vb-mono-input"
                  aria-label={`MAC address of interface ${index}`}
                  placeholder="MAC: a new one"
                  value={nic.mac}
                  onChange={(_, mac) => set(index, { mac })}
                />
                <Button
                  variant="link"
                  aria-label={`Remove interface ${index}`}
                  onClick={() => onChange(nics.filter((_, at) => at !== index))}
                >
                  Remove
                </Button>
              </div>
              <FieldError field={`nics.${index}.bridge`} errors={errors} />
              <FieldError field={`nics.${index}.mac`} errors={errors} />
              <FieldError field={`nics.${index}`} errors={errors} />
            </li>
          ))}
        </ul>
        <div className="vb-row">
          <Button
            variant="link"
            isInline
            isDisabled={nics.length >= 8}
            onClick={() =>
              onChange([
                ...nics,
                { key: Math.max(0, ...nics.map((nic) => nic.key)) + 1, bridge: bridges[0] ?? '', mac: '' },
              ])
            }
          >
            Add interface
          </Button>
          <span className="vb-subtle">
            {bridges.length === 0
              ? 'The primary shows no bridge.'
              : nics.length === 0
                ? 'No network.'
                : `Bridges there: ${bridges.join(', ')}`}
          </span>
        </div>
      </div>
    </div>
  );
};
