/** Clone, move, replicate, rename, discard: one form, the plan beside it. */
import { Checkbox, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { type ReactNode, useMemo, useState } from 'react';
import { findInstances, type InstanceView } from '../../../core/cluster/instances.ts';
import { parseOsName } from '../../../core/ganeti/os-name.ts';
import { discardCode } from '../../../core/plan/copy/discard.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useDrafting } from '../../draft/drafting.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { type CopyKind, formatRoute } from '../../navigation/route.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { MissingInstance } from '../../parts/missing.tsx';
import { CopyWay } from '../../plan/copy-way.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { Timeout } from '../review/choices.tsx';
import { LockLine } from '../review/lock-line.tsx';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';
import { type CopyForm, copyIntent, directoriesOf, discardables, initialCopyForm } from './copy-form.ts';
import { WhatIsCopied } from './what-is-copied.tsx';

const titles: Record<CopyKind, string> = {
  clone: 'Clone',
  move: 'Move to another place',
  replicate: 'Replicate to another node',
  rename: 'Rename',
  discard: 'Discard a copy',
};

const noErrors: ReadonlyMap<string, string> = new Map();

type FieldsProps = {
  kind: CopyKind;
  instance: InstanceView;
  form: CopyForm;
  errors: ReadonlyMap<string, string>;
  change: (part: Partial<CopyForm>) => void;
};

const Select = ({
  label,
  field,
  value,
  options,
  help,
  onChange,
}: {
  label: string;
  field: string;
  value: string;
  options: readonly { value: string; label: string }[];
  help?: string;
  onChange: (value: string) => void;
}) => (
  <FieldRow label={label} field={field} errors={noErrors} help={help}>
    <FormSelect {...controlProps(field, noErrors)} value={value} onChange={(_, next) => onChange(next)}>
      {options.map((each) => (
        <FormSelectOption key={each.value} value={each.value} label={each.label} />
      ))}
    </FormSelect>
  </FieldRow>
);

const PlaceFields = ({ kind, instance, form, errors, change }: FieldsProps) => {
  const snapshot = useSnapshot();
  const nodes = snapshot.nodes.map((each) => each.name);
  const role = (node: string): string =>
    node === instance.primary ? ' (its primary)' : node === instance.secondary ? ' (its secondary)' : '';
  return (
    <>
      {kind === 'clone' && (
        <FieldRow
          label="Name of the clone"
          field="name"
          errors={errors}
          help="It gets a uuid and MAC addresses of its own."
        >
          <TextInput
            {...controlProps('name', errors)}
            value={form.name}
            placeholder="as its guest shall be called"
            onChange={(_, name) => change({ name })}
          />
        </FieldRow>
      )}
      <Select
        label={kind === 'clone' ? 'Node of the clone' : 'To the node'}
        field="node"
        value={form.node}
        options={nodes
          .filter((each) => kind !== 'replicate' || each !== instance.primary)
          .map((each) => ({ value: each, label: `${each}${role(each)}` }))}
        onChange={(node) => change({ node })}
      />
      {kind !== 'replicate' && (
        <Select
          label="Storage directory"
          field="directory"
          value={form.directory}
          options={[...new Set([form.directory, ...directoriesOf(snapshot, form.node)])].map((each) => ({
            value: each,
            label: each,
          }))}
          onChange={(directory) => change({ directory })}
        />
      )}
      {kind === 'move' && (
        <>
          {instance.status === 'running' && (
            <Timeout
              value={form.timeout}
              onChange={(timeout) => change({ timeout })}
              help="It runs: the guest is asked to shut down, and destroyed after that time. It is started at its new place."
            />
          )}
          <Checkbox
            id="remove-source"
            label="When the target is proved, move what is left into the trash"
            description="Else it stays as a replica: it keeps its bytes, and can't be started."
            isChecked={form.removeSource}
            onChange={(_, removeSource) => change({ removeSource })}
          />
        </>
      )}
    </>
  );
};

const RenameFields = ({ instance, form, errors, change }: FieldsProps) => {
  const parsed = parseOsName(instance.record.os);
  return (
    <>
      <FieldRow
        label="New name"
        field="name"
        errors={errors}
        help="Its folder, its record and its xen.cfg get it. Its uuid, its network cards and its images stay."
      >
        <TextInput
          {...controlProps('name', errors)}
          value={form.name}
          placeholder={instance.name}
          onChange={(_, name) => change({ name })}
        />
      </FieldRow>
      {parsed.ok && parsed.os.kind === 'definition' && (
        <Checkbox
          id="os-rename"
          label={`Let the script rename of ${parsed.os.name} tell the system in the images as well`}
          description="Else the host name that the guest itself keeps stays as it is."
          isChecked={form.osRename}
          onChange={(_, osRename) => change({ osRename })}
        />
      )}
    </>
  );
};

const DiscardFields = ({ instance, form, change }: FieldsProps) => (
  <>
    <Select
      label="What goes"
      field="discarded"
      value={form.discarded}
      options={discardables(instance).map((each) => ({
        value: each.key,
        label: `${each.what === 'replica' ? 'the replica' : 'another state'} in ${each.path} on ${each.node}`,
      }))}
      help={`${instance.name} itself stays as it is.`}
      onChange={(discarded) => change({ discarded, typed: '' })}
    />
    <FieldRow
      label="Type its name"
      field="typed"
      errors={noErrors}
      help={`To discard it, type ${instance.name}.`}
    >
      <TextInput
        {...controlProps('typed', noErrors)}
        value={form.typed}
        autoComplete="off"
        onChange={(_, typed) => change({ typed })}
      />
    </FieldRow>
  </>
);

const buttonOf = (kind: CopyKind, name: string, form: CopyForm): string => {
  switch (kind) {
    case 'clone':
      return `Clone ${name}`;
    case 'move':
      return `Move ${name}`;
    case 'replicate':
      return `Replicate ${name} to ${form.node}`;
    case 'rename':
      return `Rename ${name}`;
    case 'discard':
      return 'Discard it';
  }
};

const noticeOf = (kind: CopyKind, instance: InstanceView, commit: string | undefined): ReactNode => {
  switch (kind) {
    case 'clone':
      return (
        <>
          <strong>{instance.name} is only read, and stays as it is.</strong> If a step fails, what was copied
          is removed again.
        </>
      );
    case 'move':
      return (
        <>
          <strong>If a step fails before {commit ? `step ${commit}` : 'the hand-over'}</strong>, what was
          copied is removed again{instance.status === 'running' && ` and ${instance.name} runs where it was`}.
          From there on the run only goes forward.
        </>
      );
    case 'replicate':
      return (
        <>
          <strong>Nothing can start from the copy.</strong> A copy that is cut off goes on the next time.
        </>
      );
    case 'rename':
      return (
        <>
          <strong>If a step fails, it has its old name again.</strong> No image is copied, and none is changed
          but by the script of its OS definition, where that is run.
        </>
      );
    case 'discard':
      return <strong>One rename: it can be restored from the trash until that is purged.</strong>;
  }
};

const Copy = ({ kind, handle, instance }: { kind: CopyKind; handle: string; instance: InstanceView }) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const edited = useDrafting().editing?.intent;
  const [form, setForm] = useState(() => initialCopyForm(kind, snapshot, instance, edited));
  const intent = useMemo(() => copyIntent(kind, handle, instance, form), [kind, handle, instance, form]);
  const chosen = discardables(instance).find((each) => each.key === form.discarded);
  const code = chosen ? discardCode(instance.name, chosen.node) : '';
  const review = useReview(intent, { wait: 200, fresh: true, subject: `${form.node} ${form.discarded}` });
  const change = (part: Partial<CopyForm>) => {
    setForm((old) => ({ ...old, ...part }));
    if (part.typed !== undefined) review.accept(code, part.typed.trim() === instance.name);
  };
  const reasons = review.view?.plan.reasons ?? [];
  const errors = new Map(
    form.name === ''
      ? []
      : reasons
          .filter((each) => each.severity === 'blocks' && each.field === 'name')
          .map((each): [string, string] => ['name', each.text]),
  );
  const commit = review.view?.plan.steps.find((step) => step.commit)?.id;
  const fields = { kind, instance, form, errors, change };
  return (
    <PlanReview
      subject={form.node}
      title={titles[kind]}
      crumb={{ text: instance.name, href: formatRoute({ view: 'instance', instance: handle }) }}
      review={review}
      action={buttonOf(kind, instance.name, form)}
      danger={kind === 'discard'}
      onCancel={() => go({ view: 'instance', instance: handle })}
      hide={(reason) => reason.code === code}
      choices={
        <>
          <LockLine handle={handle} instance={instance} />
          {kind === 'discard' ? (
            <DiscardFields {...fields} />
          ) : kind === 'rename' ? (
            <RenameFields {...fields} />
          ) : (
            <PlaceFields {...fields} />
          )}
          {kind !== 'discard' && kind !== 'rename' && (
            <WhatIsCopied
              instance={instance}
              target={form.node}
              from={kind === 'clone' ? 'clone' : 'source'}
              directory={kind === 'move' ? form.directory : instance.storage}
            />
          )}
          {kind !== 'discard' && kind !== 'rename' && (
            <CopyWay
              view={review.view}
              forwardAgent={form.forwardAgent}
              onForwardAgent={(forwardAgent) => change({ forwardAgent })}
            />
          )}
          {kind === 'discard' && reasons.find((each) => each.code === code)?.text}
        </>
      }
      notice={noticeOf(kind, instance, commit)}
    />
  );
};

export const CopyView = ({ kind, handle }: { kind: CopyKind; handle: string }) => {
  const found = findInstances(useSnapshot(), handle);
  const [instance] = found;
  if (!instance || found.length > 1) return <MissingInstance handle={handle} several={found.length > 1} />;
  return <Copy kind={kind} handle={handle} instance={instance} />;
};
