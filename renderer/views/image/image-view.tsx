/** One image, copied to another place or converted: a small form, and beside it the plan that it comes to. */
import { Button, Checkbox, FormSelect, FormSelectOption, Radio, TextInput } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import { type ImageRow, imagesOf } from '../../../core/cluster/images.ts';
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import { FILE_TYPE_ENTRIES } from '../../../core/storage/file-types.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { fileName, openWords, ownerWord } from '../../model/image-rows.ts';
import { useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute, type ImageTask } from '../../navigation/route.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { bytesOf, shortBytes } from '../../parts/format.ts';
import { Names } from '../../parts/names.tsx';
import { Facts, Section, ViewHead } from '../../parts/page.tsx';
import { CopyWay } from '../../plan/copy-way.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';
import {
  directoriesOn,
  foldersOn,
  type ImageForm,
  imageIntent,
  initialImageForm,
  withType,
} from './image-form.ts';

type Errors = ReadonlyMap<string, string>;

const WhatIsRead = ({ row, node }: { row: ImageRow; node: string }) => {
  const figures = row.virtualSize === null ? null : bytesOf(row.allocated, row.virtualSize);
  return (
    <Section title="The image">
      <Facts
        facts={[
          { name: 'Path', value: <code className="vb-break">{row.path}</code> },
          {
            name: 'Seen by',
            value: (
              <>
                <Names names={row.storage.nodes} />; read on {node}
              </>
            ),
          },
          { name: 'Type', value: row.type ?? 'not known' },
          {
            name: 'On disk',
            value: figures
              ? `${figures.part} of ${figures.whole} virtual`
              : `${shortBytes(row.allocated)}; its virtual size is not known`,
          },
          { name: 'Owner', value: row.owner.kind === 'orphan' ? 'none' : ownerWord(row) },
          { name: 'Open in', value: openWords(row).full },
        ]}
      />
    </Section>
  );
};

const PlaceFields = ({
  task,
  snapshot,
  form,
  errors,
  onChange,
}: {
  task: ImageTask;
  snapshot: Snapshot;
  form: ImageForm;
  errors: Errors;
  onChange: (part: Partial<ImageForm>) => void;
}) => {
  const directories = [...new Set([form.directory, ...directoriesOn(snapshot, form.node)])];
  return (
    <>
      {task === 'copy' && (
        <FieldRow label="To the node" field="node" errors={errors}>
          <FormSelect
            {...controlProps('node', errors)}
            value={form.node}
            onChange={(_, node) => {
              const there = directoriesOn(snapshot, node);
              onChange({
                node,
                directory: there.includes(form.directory) ? form.directory : (there[0] ?? form.directory),
              });
            }}
          >
            {snapshot.nodes.map((each) => (
              <FormSelectOption
                key={each.name}
                value={each.name}
                label={each.trouble ? `${each.name}  ·  does not answer` : each.name}
              />
            ))}
          </FormSelect>
        </FieldRow>
      )}
      <FieldRow label="Storage directory" field="directory" errors={errors}>
        <FormSelect
          {...controlProps('directory', errors)}
          value={form.directory}
          onChange={(_, directory) => onChange({ directory })}
        >
          {directories.map((each) => (
            <FormSelectOption key={each} value={each} label={each} />
          ))}
        </FormSelect>
      </FieldRow>
      <datalist id="image-folders">
        {foldersOn(snapshot, form.node, form.directory).map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <FieldRow label="Folder" field="folder" errors={errors} help="One that is not there is made.">
        <TextInput
          {...controlProps('folder', errors)}
          className="vb-mono-input"
          list="image-folders"
          spellCheck={false}
          value={form.folder}
          onChange={(_, folder) => onChange({ folder })}
        />
      </FieldRow>
      <FieldRow label="File name" field="to" errors={errors} help="A file of that name is never replaced.">
        <TextInput
          {...controlProps('to', errors)}
          className="vb-mono-input"
          spellCheck={false}
          value={form.name}
          onChange={(_, name) => onChange({ name })}
        />
      </FieldRow>
    </>
  );
};

const TypeFields = ({
  row,
  form,
  onForm,
}: {
  row: ImageRow;
  form: ImageForm;
  onForm: (form: ImageForm) => void;
}) => (
  <>
    <fieldset className="vb-radios">
      <legend>From {row.type ?? 'its type'} to</legend>
      {(['raw', 'qcow2'] as const).map((type) => (
        <Radio
          key={type}
          id={`to-${type}`}
          name="to"
          label={type}
          description={`${FILE_TYPE_ENTRIES[type].advantages[1] ?? ''}. ${FILE_TYPE_ENTRIES[type].disadvantages[0] ?? ''}.`}
          isChecked={form.type === type}
          onChange={() => onForm(withType(form, row, type))}
        />
      ))}
    </fieldset>
    {row.type === 'raw' && (
      <Checkbox
        id="is-vhd"
        label="Read it as a VHD of fixed size"
        description="Such a file looks like a raw image: its mark is in the last sector, and is looked for there."
        isChecked={form.isVhd}
        onChange={(_, isVhd) => onForm({ ...form, isVhd })}
      />
    )}
  </>
);

const Way = ({ row, target }: { row: ImageRow; target: string }) => (
  <p className="vb-subtle">
    Only what is stored travels; holes stay holes.{' '}
    {row.storage.nodes.includes(target) && `${target} sees the image itself and copies it there.`}
  </p>
);

const Image = ({ task, row, node }: { task: ImageTask; row: ImageRow; node: string }) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const [form, setForm] = useState(() => initialImageForm(task, snapshot, row, node));
  const intent = useMemo(
    () => imageIntent(task, { node, path: row.path }, form),
    [task, node, row.path, form],
  );
  const review = useReview(intent, { wait: 250, fresh: true, subject: `${form.node} ${form.directory}` });
  const errors = new Map<string, string>();
  if (form.folder.trim() === '') errors.set('folder', 'An image lies in a folder of a storage directory.');
  if (form.name.trim() === '') errors.set('to', 'It needs a name.');
  for (const reason of intent ? (review.view?.plan.reasons ?? []) : [])
    if (reason.severity === 'blocks' && reason.field === 'to' && !errors.has('to'))
      errors.set('to', reason.text);
  const change = (part: Partial<ImageForm>) => setForm((old) => ({ ...old, ...part }));
  return (
    <PlanReview
      title={`${task === 'copy' ? 'Copy' : 'Convert'} ${fileName(row)}`}
      crumb={{ text: 'Images', href: formatRoute({ view: 'images' }) }}
      review={review}
      subject={form.node}
      action={task === 'copy' ? `Copy ${row.name} to ${form.node}` : `Convert ${row.name} to ${form.type}`}
      onCancel={() => go({ view: 'images' })}
      hide={(reason) => reason.severity === 'blocks' && reason.text === errors.get('to')}
      choices={
        <>
          <WhatIsRead row={row} node={node} />
          {task === 'convert' && <TypeFields row={row} form={form} onForm={setForm} />}
          <PlaceFields task={task} snapshot={snapshot} form={form} errors={errors} onChange={change} />
          {task === 'copy' && <Way row={row} target={form.node} />}
          {task === 'copy' && (
            <CopyWay
              view={review.view}
              forwardAgent={form.forwardAgent}
              onForwardAgent={(forwardAgent) => change({ forwardAgent })}
            />
          )}
        </>
      }
      notice={
        <>
          <strong>{row.name} is only read, and stays as it is.</strong>{' '}
          {task === 'copy'
            ? 'The copy is compared by its content before it gets its name; one that is cut off goes on where it was.'
            : 'What is made of it is compared with it before it gets its name. An image that names files outside of the storage directories is not opened.'}
        </>
      }
    />
  );
};

/** @param node the node on which it is read */
export const ImageView = ({ task, node, path }: { task: ImageTask; node: string; path: string }) => {
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const row = imagesOf(snapshot).find((each) => each.path === path && each.storage.nodes.includes(node));
  if (row) return <Image task={task} row={row} node={node} />;
  return (
    <>
      <ViewHead title={path} crumb={{ text: 'Images', href: formatRoute({ view: 'images' }) }} />
      <div className="vb-empty">
        <h2>There is no such image</h2>
        <p>
          {node} shows no file <code className="vb-break">{path}</code>. It may have been moved or removed.
        </p>
        <Button onClick={() => go({ view: 'images' })}>All images</Button>
      </div>
    </>
  );
};
