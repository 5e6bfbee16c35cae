import { Button, Checkbox, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { useCallback, useMemo, useRef, useState } from 'react';
import type { CreateIntent } from '../../../core/plan/intent.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useDrafting, useLeave } from '../../draft/drafting.tsx';
import { availableMemory } from '../../model/node-words.ts';
import { formatRoute } from '../../navigation/route.ts';
import { FailureNote } from '../../parts/failure-note.tsx';
import { controlProps, FieldRow, fieldId } from '../../parts/field.tsx';
import { count, memory } from '../../parts/format.ts';
import { Kbd } from '../../parts/kbd.tsx';
import { Names } from '../../parts/names.tsx';
import { ViewHead } from '../../parts/page.tsx';
import { Mark, Spinner, VerdictSign } from '../../parts/signs.tsx';
import { PlanPane } from '../../plan/plan-pane.tsx';
import { useReview } from '../../plan/use-review.ts';
import { useKeys } from '../../shell/use-keys.ts';
import { PlanReview } from '../review/plan-review.tsx';
import { BootFields } from './boot-fields.tsx';
import './create.css';
import { allErrors, bootFilesOf, type CreateForm, importable, initialForm, intentOf } from './create-form.ts';
import { DiskRows } from './disk-rows.tsx';
import { DriverField } from './driver-field.tsx';
import { formOfCreate } from './form-of-create.ts';
import { NetworkField } from './network-field.tsx';
import { OsField } from './os-field.tsx';
import { PasteCommand } from './paste-command.tsx';
import { ReuseField } from './reuse-field.tsx';
import { WhatItTakes } from './what-it-takes.tsx';

/** The last look before it is made: planned on freshly read nodes. */
const CreateReview = ({ intent, onBack }: { intent: CreateIntent; onBack: () => void }) => {
  const review = useReview(intent, { wait: 0, fresh: true });
  return (
    <PlanReview
      title={`Create ${intent.name}`}
      crumb={{ text: 'Instances', href: formatRoute({ view: 'instances' }) }}
      review={review}
      action={`Create ${intent.name}`}
      cancel="Back to the form"
      onCancel={onBack}
    />
  );
};

const typeWords: readonly { value: CreateForm['type']; label: string }[] = [
  { value: 'pv', label: 'PV' },
  { value: 'pvh', label: 'PVH' },
  { value: 'hvm', label: 'HVM' },
];

/** @param from an image that disk 0 shall be a converted copy of */
export const CreateView = ({ from }: { from: { node: string; image: string } | null }) => {
  const snapshot = useSnapshot();
  const drafting = useDrafting();
  const edited = drafting.editing?.intent;
  const [form, setForm] = useState(() =>
    edited?.kind === 'create' ? formOfCreate(edited) : initialForm(snapshot, from),
  );
  const leave = useLeave({ view: 'instances' });
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [reviewed, setReviewed] = useState<CreateIntent | null>(null);
  const formElement = useRef<HTMLFormElement>(null);

  const { intent, errors: own } = useMemo(() => intentOf(form), [form]);
  const review = useReview(reviewed ? null : intent, { wait: 250, fresh: false });
  const reasons = intent && review.view ? review.view.plan.reasons : [];
  const errors = allErrors(own, reasons);
  const blocks = reasons.filter((each) => each.severity === 'blocks' && each.field === undefined);
  const toFix = errors.size + blocks.length;
  // A field that nobody has filled in yet is not called wrong; it counts among the things to fix.
  const shown = new Map(
    [...errors].filter(([field]) => field !== 'name' || touched.has('name') || form.name !== ''),
  );

  const change = useCallback((part: Partial<CreateForm>) => setForm((old) => ({ ...old, ...part })), []);
  const touch = useCallback((field: string) => setTouched((old) => new Set(old).add(field)), []);

  const nextError = useCallback(() => {
    const fields = [...(formElement.current?.querySelectorAll<HTMLElement>('input, select') ?? [])];
    const wrong = fields.filter((field) => [...errors.keys()].some((name) => field.id === fieldId(name)));
    if (errors.has('name')) touch('name');
    const at = wrong.indexOf(document.activeElement as HTMLElement);
    wrong[(at + 1) % Math.max(1, wrong.length)]?.focus();
  }, [errors, touch]);
  useKeys(
    useCallback(
      (key) => {
        if (key === 'F8') nextError();
        // Escape leads out of an untouched form only, and from the review back to the form.
        if (key === 'Escape' && reviewed) setReviewed(null);
        return key === 'F8' || (key === 'Escape' && (reviewed !== null || form.name !== ''));
      },
      [nextError, reviewed, form.name],
    ),
  );

  if (reviewed) return <CreateReview intent={reviewed} onBack={() => setReviewed(null)} />;

  const nodes = snapshot.nodes;
  const facts = nodes.find((node) => node.name === form.primary)?.facts ?? null;
  const seers = nodes.filter((node) =>
    node.facts?.storages.some((each) => each.path === form.storageDirectory && each.state === 'ok'),
  );
  const nodeOption = (name: string) => {
    const node = nodes.find((each) => each.name === name);
    const free = node?.facts ? `${memory(availableMemory(node.facts))} free` : 'not seen';
    return `${name}  ·  ${node?.trouble ? 'does not answer' : free}`;
  };
  const ready = toFix === 0 && intent !== null;

  return (
    <>
      <ViewHead
        title="Create instance"
        crumb={{ text: 'Instances', href: formatRoute({ view: 'instances' }) }}
      />
      <div className="vb-split">
        <div>
          <form
            className="vb-scroll vb-form"
            aria-label="Create instance"
            ref={formElement}
            onSubmit={(event) => {
              event.preventDefault();
              if (ready) setReviewed(intent);
              else nextError();
            }}
            id="create-form"
            onKeyDown={(event) => {
              if (event.key !== 'F8') return;
              event.preventDefault();
              nextError();
            }}
          >
            <PasteCommand form={form} onForm={setForm} />
            <FieldRow label="Name" field="name" errors={shown}>
              <TextInput
                {...controlProps('name', shown)}
                placeholder="web1.example.org"
                autoComplete="off"
                spellCheck={false}
                value={form.name}
                onChange={(_, name) => change({ name })}
                onBlur={() => form.name !== '' && touch('name')}
              />
              {form.name !== '' && !errors.has('name') && review.view && !review.making && (
                <span className="vb-nowrap vb-row">
                  <VerdictSign verdict="ready" /> free
                </span>
              )}
            </FieldRow>
            <FieldRow label="Primary" field="primary" errors={shown} also={['secondary']}>
              <FormSelect
                {...controlProps('primary', shown)}
                value={form.primary}
                onChange={(_, primary) => change({ primary })}
              >
                {nodes.map((node) => (
                  <FormSelectOption key={node.name} value={node.name} label={nodeOption(node.name)} />
                ))}
              </FormSelect>
              <label htmlFor={fieldId('secondary')}>Secondary</label>
              <FormSelect
                {...controlProps('secondary', shown)}
                value={form.secondary}
                onChange={(_, secondary) => change({ secondary })}
              >
                <FormSelectOption value="" label="none" />
                {nodes
                  .filter((node) => node.name !== form.primary)
                  .map((node) => (
                    <FormSelectOption key={node.name} value={node.name} label={nodeOption(node.name)} />
                  ))}
              </FormSelect>
            </FieldRow>
            <FieldRow
              label="Memory"
              field="guest.memoryMib"
              errors={shown}
              also={['guest.vcpus', 'guest.type']}
            >
              <TextInput
                {...controlProps('guest.memoryMib', shown)}
                value={form.memory}
                onChange={(_, value) => change({ memory: value })}
              />
              <label htmlFor={fieldId('guest.vcpus')}>vCPU</label>
              <TextInput
                {...controlProps('guest.vcpus', shown)}
                inputMode="numeric"
                value={form.vcpus}
                onChange={(_, vcpus) => change({ vcpus })}
              />
              <label htmlFor={fieldId('guest.type')}>Type</label>
              <FormSelect
                {...controlProps('guest.type', shown)}
                value={form.type}
                onChange={(_, value) => {
                  const type = typeWords.find((each) => each.value === value)?.value;
                  if (type) change({ type, ...(type === 'hvm' ? { boot: 'firmware' } : {}) });
                }}
              >
                {typeWords.map((each) => (
                  <FormSelectOption key={each.value} value={each.value} label={each.label} />
                ))}
              </FormSelect>
            </FieldRow>
            <FieldRow
              label="Storage"
              field="storageDirectory"
              errors={shown}
              help={
                <span className="vb-row">
                  <Mark mark="folder" />
                  {seers.length === 0 ? (
                    'No node shows this directory.'
                  ) : (
                    <span>
                      There on <Names names={seers.map((node) => node.name)} />. The instance gets a folder of
                      its name in it.
                    </span>
                  )}
                </span>
              }
            >
              <FormSelect
                {...controlProps('storageDirectory', shown)}
                value={form.storageDirectory}
                onChange={(_, storageDirectory) => change({ storageDirectory })}
              >
                {snapshot.cluster.storageDirectories.map((path) => (
                  <FormSelectOption key={path} value={path} label={path} />
                ))}
              </FormSelect>
            </FieldRow>
            <hr />
            {form.reuse ? (
              <ReuseField
                facts={facts}
                node={form.primary}
                path={form.name.trim() === '' ? null : `${form.storageDirectory}/${form.name.trim()}`}
                reasons={reasons.filter((each) => each.field === 'reuse')}
              />
            ) : (
              <DiskRows
                disks={form.disks}
                images={importable(snapshot, form.primary)}
                errors={shown}
                onChange={(disks) => change({ disks })}
                onTouch={touch}
              />
            )}
            <div className="vb-field">
              <span />
              <Checkbox
                id="reuse-files"
                label="Reuse files that are there"
                description="Images in the instance's folder are taken as they are: never cut, formatted or written to."
                isChecked={form.reuse}
                onChange={(_, reuse) => change({ reuse })}
              />
            </div>
            {!form.reuse && <OsField form={form} facts={facts} errors={shown} onChange={change} />}
            <hr />
            <DriverField driver={form.driver} errors={shown} onChange={(driver) => change({ driver })} />
            <NetworkField
              nics={form.nics}
              bridges={facts?.bridges ?? []}
              errors={shown}
              onChange={(nics) => change({ nics })}
            />
            <BootFields
              form={form}
              errors={shown}
              files={bootFilesOf(snapshot, form.primary)}
              onChange={change}
              onTouch={touch}
            />
            {facts && (
              <>
                <hr />
                <WhatItTakes
                  facts={facts}
                  node={form.primary}
                  memoryMib={intent?.guest.memoryMib ?? 0}
                  storage={form.storageDirectory}
                  plan={intent ? (review.view?.plan ?? null) : null}
                />
              </>
            )}
          </form>
          <div className="vb-actions">
            <Button type="submit" form="create-form" isAriaDisabled={!ready}>
              {drafting.on ? 'Review for the draft' : 'Review and create'}
              {!ready && (
                <span className="vb-hidden"> Not possible yet: {count(toFix, 'thing')} to fix.</span>
              )}
            </Button>
            <Button variant="link" onClick={leave}>
              Cancel
            </Button>
            <span className="vb-actions-end" role="status">
              {toFix > 0 ? (
                <>
                  <VerdictSign verdict={shown.size + blocks.length > 0 ? 'not' : 'unknown'} />
                  <strong>{count(toFix, 'thing')} to fix</strong>
                  {errors.size > 0 && (
                    <>
                      <Button variant="link" isInline onClick={nextError}>
                        go to it
                      </Button>
                      <Kbd>F8</Kbd>
                    </>
                  )}
                </>
              ) : (
                <span className="vb-row">
                  <VerdictSign verdict="ready" /> nothing to fix
                </span>
              )}
            </span>
          </div>
        </div>
        <section aria-label="Plan and files">
          <PlanPane
            view={intent ? review.view : null}
            aside={
              review.making ? (
                <>
                  <Spinner /> planning…
                </>
              ) : (
                'changes as you type'
              )
            }
            above={
              <>
                <FailureNote failure={review.failure} what="No plan could be made." />
                {blocks.map((each) => (
                  <div key={`${each.code} ${each.text}`} className="vb-note vb-note-danger">
                    <VerdictSign verdict="not" />
                    <div>
                      <strong>{each.title}.</strong> {each.text}
                    </div>
                  </div>
                ))}
                {reasons
                  .filter((each) => each.severity === 'consent' || each.severity === 'warning')
                  .map((each) => (
                    <div key={`${each.code} ${each.text}`} className="vb-note vb-note-warning">
                      <VerdictSign verdict={each.severity === 'consent' ? 'consent' : 'warning'} />
                      <div>
                        <strong>
                          {each.severity === 'consent' ? `Needs your consent: ${each.title}` : each.title}.
                        </strong>{' '}
                        {each.text}
                      </div>
                    </div>
                  ))}
              </>
            }
          />
          {!review.view && review.failure && (
            <div className="vb-pad">
              <FailureNote failure={review.failure} what="No plan could be made." />
            </div>
          )}
          {!intent && (
            <ul className="vb-pad vb-todo">
              {[...errors].map(([field, text]) => (
                <li key={field}>
                  <VerdictSign verdict={field === 'name' && form.name === '' ? 'unknown' : 'not'} />
                  <span>{text}</span>
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
    </>
  );
};
