/** Images that no instance owns become one: what was found, what is said of the guest, the plan beside it. */
import { Checkbox, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import type { Reason } from '../../../core/plan/reason.ts';
import { FILE_DRIVERS } from '../../../core/storage/drivers.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { controlProps, FieldRow, fieldId } from '../../parts/field.tsx';
import { FoundImages } from '../../parts/found-images.tsx';
import { Section } from '../../parts/page.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { PlanReview } from '../review/plan-review.tsx';
import { type AdoptForm, adoptIntentOf, filesOf, foldersOf, initialAdoptForm } from './adopt-form.ts';

type FieldsProps = {
  form: AdoptForm;
  errors: ReadonlyMap<string, string>;
  change: (part: Partial<AdoptForm>) => void;
};

const asConfig = 'as xen.cfg says';

const PlaceFields = ({ form, errors, change }: FieldsProps) => {
  const nodes = useSnapshot().nodes.map((each) => each.name);
  return (
    <>
      <FieldRow label="Name" field="name" errors={errors} help="The folder keeps its own name.">
        <TextInput
          {...controlProps('name', errors)}
          value={form.name}
          autoComplete="off"
          spellCheck={false}
          onChange={(_, name) => change({ name })}
        />
      </FieldRow>
      <FieldRow label="Primary" field="primary" errors={errors} also={['secondary']}>
        <FormSelect
          {...controlProps('primary', errors)}
          value={form.primary}
          onChange={(_, primary) => change({ primary })}
        >
          {nodes.map((each) => (
            <FormSelectOption key={each} value={each} label={each} />
          ))}
        </FormSelect>
        <label htmlFor={fieldId('secondary')}>Secondary</label>
        <FormSelect
          {...controlProps('secondary', errors)}
          value={form.secondary}
          onChange={(_, secondary) => change({ secondary })}
        >
          <FormSelectOption value="" label="none" />
          {nodes
            .filter((each) => each !== form.primary)
            .map((each) => (
              <FormSelectOption key={each} value={each} label={each} />
            ))}
        </FormSelect>
      </FieldRow>
    </>
  );
};

const types = ['', 'pv', 'pvh', 'hvm'] as const;
const ways = [
  { way: 'config', label: asConfig },
  { way: 'kernel', label: 'kernel file on the node' },
  { way: 'bootloader', label: 'boot loader reads the disk (pygrub)' },
  { way: 'firmware', label: 'firmware (HVM only)' },
] as const;

const GuestFields = ({ form, errors, change, hasConfig }: FieldsProps & { hasConfig: boolean }) => {
  const bridges = useSnapshot().nodes.find((each) => each.name === form.primary)?.facts?.bridges ?? [];
  const otherwise = hasConfig ? asConfig : '';
  return (
    <>
      <FieldRow label="Memory" field="guest.memoryMib" errors={errors} also={['guest.vcpus', 'guest.type']}>
        <TextInput
          {...controlProps('guest.memoryMib', errors)}
          value={form.memory}
          placeholder={otherwise}
          onChange={(_, memory) => change({ memory })}
        />
        <label htmlFor={fieldId('guest.vcpus')}>vCPU</label>
        <TextInput
          {...controlProps('guest.vcpus', errors)}
          inputMode="numeric"
          value={form.vcpus}
          placeholder={otherwise}
          onChange={(_, vcpus) => change({ vcpus })}
        />
        <label htmlFor={fieldId('guest.type')}>Type</label>
        <FormSelect
          {...controlProps('guest.type', errors)}
          value={form.type}
          onChange={(_, value) => {
            const type = types.find((each) => each === value);
            if (type !== undefined) change({ type });
          }}
        >
          {types.map((each) => (
            <FormSelectOption
              key={each}
              value={each}
              label={each === '' ? otherwise || 'PV' : each.toUpperCase()}
            />
          ))}
        </FormSelect>
      </FieldRow>
      <FieldRow label="Boot" field="boot" errors={errors}>
        <FormSelect
          {...controlProps('boot', errors)}
          value={form.boot}
          onChange={(_, value) => {
            const boot = ways.find((each) => each.way === value)?.way;
            if (boot) change({ boot });
          }}
        >
          {ways
            .filter((each) => hasConfig || each.way !== 'config')
            .map((each) => (
              <FormSelectOption key={each.way} value={each.way} label={each.label} />
            ))}
        </FormSelect>
      </FieldRow>
      {form.boot === 'kernel' &&
        (['kernel', 'ramdisk', 'root'] as const).map((field) => (
          <FieldRow
            key={field}
            label={{ kernel: 'Kernel', ramdisk: 'Ramdisk', root: 'Root device' }[field]}
            field={`guest.${field}`}
            errors={errors}
          >
            <TextInput
              {...controlProps(`guest.${field}`, errors)}
              className="vb-mono-input"
              value={form[field]}
              onChange={(_, value) => change({ [field]: value })}
            />
          </FieldRow>
        ))}
      <FieldRow label="Network" field="nics" errors={errors} also={['nics.0.bridge', 'nics.0.mac']}>
        <FormSelect
          {...controlProps('nics', errors)}
          value={form.network}
          onChange={(_, network) => change({ network })}
        >
          {hasConfig && <FormSelectOption value="config" label={asConfig} />}
          <FormSelectOption value="" label="none" />
          {bridges.map((each) => (
            <FormSelectOption key={each} value={each} label={`one card on ${each}`} />
          ))}
        </FormSelect>
        <label htmlFor={fieldId('driver')}>Driver</label>
        <FormSelect
          {...controlProps('driver', errors)}
          value={form.driver}
          onChange={(_, value) => change({ driver: FILE_DRIVERS.find((each) => each === value) ?? '' })}
        >
          <FormSelectOption value="" label={otherwise || 'what serves the type'} />
          {FILE_DRIVERS.map((each) => (
            <FormSelectOption key={each} value={each} label={each} />
          ))}
        </FormSelect>
      </FieldRow>
      <Checkbox
        id="field-start"
        label="Start when adopted"
        isChecked={form.start}
        onChange={(_, start) => change({ start })}
      />
    </>
  );
};

/** Said beside the images or under a field already. */
const isShown = (reason: Reason): boolean =>
  reason.field === 'paths' && (reason.severity === 'blocks' || reason.severity === 'warning');

export const AdoptView = ({ node, paths }: { node: string; paths: readonly string[] }) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const [form, setForm] = useState(() => initialAdoptForm(snapshot, node, paths));
  const { intent, errors: own } = useMemo(() => adoptIntentOf(form, paths), [form, paths]);
  const review = useReview(intent, { wait: 250, fresh: true, subject: form.primary });
  const reasons = intent && review.view ? review.view.plan.reasons : [];
  const errors = new Map(own);
  for (const each of reasons)
    if (each.severity === 'blocks' && each.field !== undefined && !errors.has(each.field))
      errors.set(each.field, each.text);
  const files = filesOf(snapshot, form.primary, paths);
  const folders = foldersOf(snapshot, form.primary, paths);
  const hasConfig = folders.length === 1 && folders[0]?.config !== null;
  const change = (part: Partial<AdoptForm>) => setForm((old) => ({ ...old, ...part }));
  const fields = { form, errors, change };
  const cancel = () => go({ view: 'instances' });
  return (
    <PlanReview
      title={paths.length === 1 ? `Adopt ${paths[0] ?? ''}` : `Adopt ${paths.length} images`}
      crumb={{ text: 'Instances', href: formatRoute({ view: 'instances' }) }}
      subject={form.primary}
      review={review}
      action={form.name.trim() === '' ? 'Adopt' : `Adopt as ${form.name.trim()}`}
      onCancel={cancel}
      hide={isShown}
      choices={
        <div className="vb-form">
          <Section title="Images" note="they are taken as they are">
            <FoundImages
              label="Images to adopt"
              files={files}
              reasons={reasons.filter((each) => each.field === 'paths')}
            />
            {files.length === 0 && reasons.length === 0 && (
              <p className="vb-subtle">
                {form.primary} does not show <code className="vb-break">{paths.join(', ')}</code>.
              </p>
            )}
          </Section>
          <PlaceFields {...fields} />
          <GuestFields {...fields} hasConfig={hasConfig} />
        </div>
      }
      notice={
        <>
          <strong>No image is written to, copied or resized.</strong>{' '}
          {folders.length > 1 || folders.some((each) => each.path === each.storage)
            ? 'They are renamed into one folder of their own; if a step fails they are renamed back.'
            : 'They stay where they are; if a step fails, only what was written beside them is taken back.'}
        </>
      }
    />
  );
};
