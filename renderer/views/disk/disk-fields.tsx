/** Fields of the smaller forms: grow, convert, take out. */
import { Radio, TextInput } from '@patternfly/react-core';
import type { InstanceDisk, InstanceView } from '../../../core/cluster/instances.ts';
import { FILE_TYPE_ENTRIES } from '../../../core/storage/file-types.ts';
import { formatBytes } from '../../../core/storage/sizes.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { shortBytes } from '../../parts/format.ts';
import { DriverField } from '../create/driver-field.tsx';
import { type DiskForm, driverFor, type FieldErrors } from './disk-form.ts';

export type FieldsProps = {
  form: DiskForm;
  errors: FieldErrors;
  onChange: (part: Partial<DiskForm>) => void;
};

export const GrowFields = ({
  form,
  errors,
  onChange,
  disk,
}: FieldsProps & { disk: InstanceDisk | undefined }) => (
  <FieldRow
    label="Size"
    field="size"
    errors={errors}
    help={`It has ${disk ? formatBytes(disk.size) : 'no size'}. +5G is so much more, 20G is what it shall have. It is never made smaller.`}
  >
    <TextInput
      {...controlProps('size', errors)}
      value={form.size}
      onChange={(_, size) => onChange({ size })}
    />
  </FieldRow>
);

export const TypeRadios = ({
  legend,
  name,
  form,
  onChange,
}: {
  legend: string;
  name: string;
  form: DiskForm;
  onChange: (part: Partial<DiskForm>) => void;
}) => (
  <fieldset className="vb-radios">
    <legend>{legend}</legend>
    {(['raw', 'qcow2'] as const).map((type) => (
      <Radio
        key={type}
        id={`${name}-${type}`}
        name={name}
        label={type}
        description={`${FILE_TYPE_ENTRIES[type].advantages[1] ?? ''}. ${FILE_TYPE_ENTRIES[type].disadvantages[0] ?? ''}.`}
        isChecked={form.type === type}
        onChange={() => onChange({ type, driver: driverFor(type, form.driver) })}
      />
    ))}
  </fieldset>
);

export const ConvertFields = ({
  form,
  errors,
  onChange,
  disk,
}: FieldsProps & { disk: InstanceDisk | undefined }) => (
  <>
    <TypeRadios legend={`From ${disk?.type ?? 'its type'} to`} name="to" form={form} onChange={onChange} />
    <DriverField driver={form.driver} errors={errors} onChange={(driver) => onChange({ driver })} />
    <p className="vb-subtle">
      A copy is made and compared with the image; then they change names. The old file stays beside it until
      you let it go.
    </p>
  </>
);

export const ExportFields = ({
  form,
  errors,
  onChange,
  instance,
  disk,
}: FieldsProps & { instance: InstanceView; disk: InstanceDisk | undefined }) => {
  const disks = disk === undefined ? 'the disk' : disk.path.slice(disk.path.lastIndexOf('/') + 1);
  return (
    <>
      <FieldRow
        label="File"
        field="output"
        errors={errors}
        help={`A path on ${instance.primary ?? 'its node'} that does not exist yet, in a directory that does; not below a storage directory.`}
      >
        <TextInput
          {...controlProps('output', errors)}
          className="vb-mono-input"
          spellCheck={false}
          placeholder={`/srv/backup/${instance.name}-${disks}.dump`}
          value={form.output}
          onChange={(_, output) => onChange({ output })}
        />
      </FieldRow>
      <p className="vb-subtle">
        {instance.record.os} writes what it makes of the disk, often a dump of its file system, not an image:
        only its own import script reads it, when an instance is created.
      </p>
    </>
  );
};

export const RemoveFields = ({
  form,
  onChange,
  disk,
}: Omit<FieldsProps, 'errors'> & { disk: InstanceDisk | undefined }) => (
  <fieldset className="vb-radios">
    <legend>What becomes of its file</legend>
    <Radio
      id="purge-no"
      name="purge"
      label="Keep it beside the others, under another name"
      description={`It can be added again; the ${shortBytes(disk?.allocated ?? 0)} stay on the storage.`}
      isChecked={!form.purge}
      onChange={() => onChange({ purge: false })}
    />
    <Radio
      id="purge-yes"
      name="purge"
      label="Delete it for good"
      description={`${disk?.path ?? 'The file'}, ${shortBytes(disk?.allocated ?? 0)} on disk. Nothing brings it back.`}
      isChecked={form.purge}
      onChange={() => onChange({ purge: true })}
    />
  </fieldset>
);
