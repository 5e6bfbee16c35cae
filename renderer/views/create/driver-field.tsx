import { FormSelect, FormSelectOption } from '@patternfly/react-core';
import type { FileDriver } from '../../../core/cluster/record.ts';
import { DRIVER_ENTRIES, FILE_DRIVERS } from '../../../core/storage/drivers.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';

const isDriver = (text: string): text is FileDriver => FILE_DRIVERS.some((driver) => driver === text);

/** The file driver, with what speaks for and against it, as the design document has it. */
export const DriverField = ({
  driver,
  errors,
  onChange,
}: {
  driver: FileDriver;
  errors: ReadonlyMap<string, string>;
  onChange: (driver: FileDriver) => void;
}) => {
  const entry = DRIVER_ENTRIES[driver];
  return (
    <FieldRow
      label="Driver"
      field="driver"
      errors={errors}
      help={
        <>
          <p>{entry.unavailable ?? entry.today}</p>
          <details>
            <summary>What speaks for and against {entry.name}</summary>
            <div className="vb-driver-help">
              <div>
                <h3>For</h3>
                <ul>
                  {entry.advantages.map((text) => (
                    <li key={text}>{text}</li>
                  ))}
                </ul>
              </div>
              <div>
                <h3>Against</h3>
                <ul>
                  {entry.disadvantages.map((text) => (
                    <li key={text}>{text}</li>
                  ))}
                </ul>
              </div>
              <div>
                <h3>A node needs</h3>
                <ul>
                  {entry.needs.map((text) => (
                    <li key={text}>{text}</li>
                  ))}
                </ul>
              </div>
            </div>
          </details>
        </>
      }
    >
      <FormSelect
        {...controlProps('driver', errors)}
        value={driver}
        onChange={(_, value) => isDriver(value) && onChange(value)}
      >
        {FILE_DRIVERS.map((each) => (
          <FormSelectOption
            key={each}
            value={each}
            label={`${each}: ${DRIVER_ENTRIES[each].title}${DRIVER_ENTRIES[each].unavailable ? ' (not available)' : ''}`}
          />
        ))}
      </FormSelect>
    </FieldRow>
  );
};
