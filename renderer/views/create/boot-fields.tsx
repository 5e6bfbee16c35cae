import { Checkbox, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import type { BootWay, CreateForm } from './create-form.ts';

const ways: readonly { way: BootWay; label: string }[] = [
  { way: 'kernel', label: 'kernel file on the node' },
  { way: 'bootloader', label: 'boot loader reads the disk (pygrub)' },
  { way: 'firmware', label: 'firmware (HVM only)' },
];

const texts: readonly { field: 'kernel' | 'ramdisk' | 'root' | 'extra'; label: string; hint: string }[] = [
  { field: 'kernel', label: 'Kernel', hint: '/boot/vmlinuz-…' },
  { field: 'ramdisk', label: 'Ramdisk', hint: 'none' },
  { field: 'root', label: 'Root device', hint: '/dev/xvda, if the kernel needs it' },
  { field: 'extra', label: 'Kernel arguments', hint: 'such as console=hvc0' },
];

export const BootFields = ({
  form,
  errors,
  files,
  onChange,
  onTouch,
}: {
  form: CreateForm;
  errors: ReadonlyMap<string, string>;
  /** boot files that the primary has */
  files: readonly string[];
  onChange: (change: Partial<CreateForm>) => void;
  onTouch: (field: string) => void;
}) => (
  <>
    <datalist id="boot-files">
      {files.map((file) => (
        <option key={file} value={file} />
      ))}
    </datalist>
    <FieldRow
      label="Boot"
      field="boot"
      errors={errors}
      also={['guest']}
      help={
        form.start &&
        form.boot === 'bootloader' &&
        !form.reuse &&
        form.os === 'none' &&
        form.disks[0]?.image == null
          ? 'New images are empty: a boot loader finds nothing to boot on them yet.'
          : undefined
      }
    >
      <FormSelect
        {...controlProps('boot', errors)}
        value={form.boot}
        onChange={(_, value) => {
          const way = ways.find((each) => each.way === value)?.way;
          if (way) onChange({ boot: way });
        }}
      >
        {ways.map((each) => (
          <FormSelectOption key={each.way} value={each.way} label={each.label} />
        ))}
      </FormSelect>
      <Checkbox
        id="field-start"
        label="Start when created"
        isChecked={form.start}
        onChange={(_, start) => onChange({ start })}
      />
    </FieldRow>
    {form.boot === 'kernel' &&
      texts.map(({ field, label, hint }) => (
        <FieldRow key={field} label={label} field={`guest.${field}`} errors={errors}>
          <TextInput
            {...controlProps(`guest.${field}`, errors)}
            className="vb-mono-input"
            placeholder={hint}
            value={form[field]}
            {...(field === 'kernel' || field === 'ramdisk' ? { list: 'boot-files' } : {})}
            onChange={(_, value) => {
              onTouch(`guest.${field}`);
              onChange({ [field]: value });
            }}
          />
        </FieldRow>
      ))}
    {form.boot === 'bootloader' && (
      <FieldRow label="Boot loader" field="guest.bootloader" errors={errors}>
        <TextInput
          {...controlProps('guest.bootloader', errors)}
          className="vb-mono-input"
          value={form.bootloader}
          onChange={(_, bootloader) => onChange({ bootloader })}
        />
      </FieldRow>
    )}
    {form.boot === 'firmware' && (
      <FieldRow label="Boot order" field="guest.boot" errors={errors} help="c: disk, d: CD, n: network">
        <TextInput
          {...controlProps('guest.boot', errors)}
          className="vb-mono-input"
          value={form.bootOrder}
          onChange={(_, bootOrder) => onChange({ bootOrder })}
        />
      </FieldRow>
    )}
  </>
);
