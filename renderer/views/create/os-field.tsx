/** What is put on the new disks: nothing, a template that the primary has, or one of its OS definitions. */
import { FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { definitionOn, namesOfDefinition, templatesOn } from '../../../core/cluster/operating-systems.ts';
import type { NodeFacts, OsDefinition } from '../../../core/cluster/snapshot.ts';
import { parseOsName, TEMPLATE_PREFIX } from '../../../core/ganeti/os-name.ts';
import { imageName } from '../../../core/storage/image-names.ts';
import { formatSizeArgument, parseSize } from '../../../core/storage/sizes.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { shortBytes } from '../../parts/format.ts';
import { type CreateForm, isSecretParameter } from './create-form.ts';

type Choice = { os: string; label: string };

const choicesOf = (facts: NodeFacts | null, form: CreateForm): Choice[] => [
  {
    os: 'none',
    label:
      form.disks[0]?.image == null ? 'none: the disks are empty' : 'none: disk 0 holds what its image holds',
  },
  ...templatesOn({ facts }, form.storageDirectory).map((each) => ({
    os: `${TEMPLATE_PREFIX}${each.name}`,
    label: `template ${each.name} (${each.type}, ${shortBytes(each.size)})`,
  })),
  ...(facts?.osDefinitions ?? []).flatMap((each) =>
    namesOfDefinition(each).map((os) => ({ os, label: `${os} (OS definition)` })),
  ),
];

const chosenDefinition = (facts: NodeFacts | null, os: string): OsDefinition | null => {
  const parsed = parseOsName(os);
  return parsed.ok && parsed.os.kind === 'definition' ? definitionOn({ facts }, parsed.os.name) : null;
};

/** The form with this operating system: disk 0 as its template is, and large enough for it. */
const withOs = (form: CreateForm, facts: NodeFacts | null, os: string): Partial<CreateForm> => {
  const template = templatesOn({ facts }, form.storageDirectory).find(
    (each) => `${TEMPLATE_PREFIX}${each.name}` === os,
  );
  const change: Partial<CreateForm> = { os, osParameters: {}, osImport: false };
  if (template)
    change.disks = form.disks.map((disk, index) => {
      if (index > 0) return disk;
      const size = parseSize(disk.size);
      const isSmall = !size.ok || size.bytes < template.size;
      return {
        ...disk,
        type: template.type,
        allocation: 'sparse',
        base: '',
        image: null,
        size: isSmall ? formatSizeArgument(template.size) : disk.size,
      };
    });
  return change;
};

const helpOf = (form: CreateForm, definition: OsDefinition | null, node: string): string | undefined => {
  if (definition && form.osImport)
    return `${definition.path}/import runs on ${node} as root for each file, with the disks attached to it; nothing else is installed.`;
  if (definition)
    return `${definition.path}/create runs on ${node} as root, with the disks attached to it; what it prints is shown with the run.`;
  return form.os.startsWith(TEMPLATE_PREFIX)
    ? 'Disk 0 becomes a copy, which is compared with the template. Further disks are empty.'
    : undefined;
};

/** Its script create, or import with a file for each disk. */
const OsImport = ({
  form,
  errors,
  onChange,
}: {
  form: CreateForm;
  errors: ReadonlyMap<string, string>;
  onChange: (change: Partial<CreateForm>) => void;
}) => (
  <>
    <FieldRow
      label="Content"
      field="osImport"
      errors={errors}
      {...(form.osImport && {
        help: 'Files that its export script made, as on the page of an instance; they stay as they are. A disk without one stays empty.',
      })}
    >
      <FormSelect
        {...controlProps('osImport', errors)}
        value={form.osImport ? 'import' : 'create'}
        onChange={(_, way) => onChange({ osImport: way === 'import' })}
      >
        <FormSelectOption value="create" label="installed anew" />
        <FormSelectOption value="import" label="imported from files on the primary" />
      </FormSelect>
    </FieldRow>
    {form.osImport &&
      form.disks.map((disk, index) => (
        <FieldRow key={disk.key} label={`File for ${imageName(index)}`} field={`disks.${index}.osFile`}>
          <TextInput
            {...controlProps(`disks.${index}.osFile`)}
            className="vb-mono-input"
            spellCheck={false}
            placeholder={index === 0 ? '/srv/backup/web1.dump' : 'none: it stays empty'}
            value={disk.osFile}
            onChange={(_, osFile) =>
              onChange({ disks: form.disks.map((each, at) => (at === index ? { ...each, osFile } : each)) })
            }
          />
        </FieldRow>
      ))}
  </>
);

export const OsField = ({
  form,
  facts,
  errors,
  onChange,
}: {
  form: CreateForm;
  /** of the primary */
  facts: NodeFacts | null;
  errors: ReadonlyMap<string, string>;
  onChange: (change: Partial<CreateForm>) => void;
}) => {
  const choices = choicesOf(facts, form);
  const definition = chosenDefinition(facts, form.os);
  return (
    <>
      <FieldRow
        label="Operating system"
        field="os"
        errors={errors}
        help={helpOf(form, definition, form.primary)}
      >
        <FormSelect
          {...controlProps('os', errors)}
          value={form.os}
          onChange={(_, os) => onChange(withOs(form, facts, os))}
        >
          {choices.map((each) => (
            <FormSelectOption key={each.os} value={each.os} label={each.label} />
          ))}
          {!choices.some((each) => each.os === form.os) && (
            <FormSelectOption value={form.os} label={`${form.os} (not on ${form.primary})`} />
          )}
        </FormSelect>
      </FieldRow>
      {definition && (form.osImport || definition.scripts.includes('import')) && (
        <OsImport form={form} errors={errors} onChange={onChange} />
      )}
      {definition?.parameters.map(({ name, text }) => (
        <FieldRow key={name} label={name} field={`osParameters.${name}`} errors={errors} help={text}>
          <TextInput
            {...controlProps(`osParameters.${name}`, errors)}
            className="vb-mono-input"
            type={isSecretParameter(name) ? 'password' : 'text'}
            autoComplete="off"
            value={form.osParameters[name] ?? ''}
            onChange={(_, value) => onChange({ osParameters: { ...form.osParameters, [name]: value } })}
          />
        </FieldRow>
      ))}
    </>
  );
};
