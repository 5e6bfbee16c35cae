/** A further disk: where it comes from, and as what the guest sees it. */
import { FormSelect, FormSelectOption, Radio, TextInput } from '@patternfly/react-core';
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { layoutOfVdev } from '../../../core/xen/vdev.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { shortBytes } from '../../parts/format.ts';
import { DriverField } from '../create/driver-field.tsx';
import { type FieldsProps, TypeRadios } from './disk-fields.tsx';
import { type AddFrom, driverFor, filesBeside } from './disk-form.ts';

/** What the image has to hold as this device. */
const deviceHelp = (vdev: string): string => {
  const layout = layoutOfVdev(vdev.trim());
  return layout === null
    ? 'Empty: the next device that is free. xvdc is a whole disk, xvdc1 a bare file system.'
    : `The guest sees the image as ${layout}.`;
};

const sources: { from: AddFrom; label: string; description: string }[] = [
  {
    from: 'new',
    label: 'A new image',
    description: 'Empty; takes space as it is written, or all of it at once.',
  },
  {
    from: 'base',
    label: 'A linked clone of a base image',
    description: 'qcow2: holds only what differs from an image that is marked read-only.',
  },
  {
    from: 'file',
    label: 'A file in its folder',
    description: 'Such as a disk that was taken out. Taken as it is.',
  },
  {
    from: 'import',
    label: 'A copy of another image, converted',
    description: 'vmdk, vhd, vdi, qcow2 or raw, below a storage directory. The image itself stays as it is.',
  },
];

const sizeHelp: Record<AddFrom, string> = {
  new: 'Such as 512M or 5G.',
  base: 'Empty: that of the base.',
  file: 'Empty: what its header says. It is never made larger or smaller here.',
  import: 'Empty: what its header says. It is never made larger or smaller here.',
};

export const AddFields = ({ form, errors, onChange, instance }: FieldsProps & { instance: InstanceView }) => {
  const beside = filesBeside(instance);
  const needsPath = form.from === 'base' || form.from === 'import';
  return (
    <>
      <fieldset className="vb-radios">
        <legend>Where it comes from</legend>
        {sources.map(({ from, label, description }) => (
          <Radio
            key={from}
            id={`from-${from}`}
            name="from"
            label={label}
            description={description}
            isChecked={form.from === from}
            onChange={() =>
              onChange({
                from,
                size: from === 'new' ? '5G' : '',
                driver: driverFor(from === 'base' ? 'qcow2' : form.type, form.driver),
              })
            }
          />
        ))}
      </fieldset>
      {form.from === 'file' && (
        <FieldRow label="File" field="file" errors={errors}>
          <FormSelect
            {...controlProps('file', errors)}
            value={form.file}
            onChange={(_, file) => onChange({ file })}
          >
            <FormSelectOption value="" label={beside.length > 0 ? 'choose one…' : 'there is none'} />
            {beside.map((each) => (
              <FormSelectOption
                key={each.name}
                value={each.name}
                label={`${each.name}, ${shortBytes(each.size)}`}
              />
            ))}
          </FormSelect>
        </FieldRow>
      )}
      {needsPath && (
        <FieldRow
          label={form.from === 'base' ? 'Base' : 'Image'}
          field="path"
          errors={errors}
          help={`Its path on the node, such as ${instance.storage}/templates/debian.qcow2.`}
        >
          <TextInput
            {...controlProps('path', errors)}
            className="vb-mono-input"
            spellCheck={false}
            value={form.path}
            onChange={(_, path) => onChange({ path })}
          />
        </FieldRow>
      )}
      <FieldRow label="Size" field="size" errors={errors} help={sizeHelp[form.from]}>
        <TextInput
          {...controlProps('size', errors)}
          value={form.size}
          onChange={(_, size) => onChange({ size })}
        />
      </FieldRow>
      {(form.from === 'new' || form.from === 'import') && (
        <TypeRadios legend="File type" name="type" form={form} onChange={onChange} />
      )}
      {form.from === 'new' && form.type === 'raw' && (
        <fieldset className="vb-radios">
          <legend>Space</legend>
          <Radio
            id="allocation-sparse"
            name="allocation"
            label="Sparse"
            description="Takes what is written; guests get write errors when the storage is full."
            isChecked={form.allocation === 'sparse'}
            onChange={() => onChange({ allocation: 'sparse' })}
          />
          <Radio
            id="allocation-full"
            name="allocation"
            label="Fully allocated"
            description="All of it is taken now, so that it can't run out later."
            isChecked={form.allocation === 'full'}
            onChange={() => onChange({ allocation: 'full' })}
          />
        </fieldset>
      )}
      <DriverField driver={form.driver} errors={errors} onChange={(driver) => onChange({ driver })} />
      <FieldRow label="In the guest" field="vdev" errors={errors} help={deviceHelp(form.vdev)}>
        <TextInput
          {...controlProps('vdev', errors)}
          placeholder="next free"
          value={form.vdev}
          onChange={(_, vdev) => onChange({ vdev })}
        />
        <FormSelect
          id="add-mode"
          aria-label="Access"
          value={form.mode}
          onChange={(_, mode) => onChange({ mode: mode === 'ro' ? 'ro' : 'rw' })}
        >
          <FormSelectOption value="rw" label="read, write" />
          <FormSelectOption value="ro" label="read only" />
        </FormSelect>
      </FieldRow>
    </>
  );
};
