/** The snapshots that are in a qcow2 disk, and what is to be done: make one, go back to one, delete one. */
import { Radio, TextInput } from '@patternfly/react-core';
import { useEffect, useState } from 'react';
import type { DiskSnapshot, Failure } from '../../../core/contract.ts';
import { useApp, useDesk } from '../../desk/desk-context.tsx';
import { FailureNote } from '../../parts/failure-note.tsx';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { Spinner } from '../../parts/signs.tsx';
import type { FieldsProps } from './disk-fields.tsx';

type Read = { found: DiskSnapshot[] | null; failure: Failure | null };

/** Read once on the node when the form opens, and again with each new snapshot of the cluster. */
const useSnapshotsOf = (handle: string, index: number, readable: boolean): Read => {
  const desk = useDesk();
  const { open, snapshot } = useApp();
  const [read, setRead] = useState<Read>({ found: null, failure: null });
  const takenAt = snapshot?.takenAt;
  useEffect(() => {
    let current = true;
    void takenAt;
    if (readable)
      void desk
        .call('disk.snapshots', { cluster: open ?? '', instance: handle, disk: index })
        .then((answer) => {
          if (!current) return;
          setRead(
            answer.ok ? { found: answer.value, failure: null } : { found: null, failure: answer.error },
          );
        });
    return () => {
      current = false;
    };
  }, [desk, open, handle, index, readable, takenAt]);
  return read;
};

const changes = [
  { change: 'create', label: 'Make one', description: 'Keeps the disk as it is now under a tag.' },
  {
    change: 'revert',
    label: 'Go back to one',
    description: 'The disk becomes what it was then; what was written since is lost.',
  },
  {
    change: 'delete',
    label: 'Delete one',
    description: 'The disk stays as it is now; what only the snapshot holds is lost.',
  },
] as const;

export const SnapshotFields = ({
  handle,
  index,
  form,
  errors,
  onChange,
  readable,
}: FieldsProps & { handle: string; index: number; readable: boolean }) => {
  const { found, failure } = useSnapshotsOf(handle, index, readable);
  const choosing = form.change !== 'create';
  return (
    <>
      <FailureNote failure={failure} what="The snapshots that are in it could not be read." />
      {readable && found === null && failure === null && (
        <p className="vb-row" role="status">
          <Spinner /> reading the snapshots that are in it…
        </p>
      )}
      {found !== null && (
        <table className="vb-table" aria-label="Snapshots in it">
          <thead>
            <tr>
              {choosing && <th scope="col">Which</th>}
              <th scope="col">Tag</th>
              <th scope="col">Made</th>
            </tr>
          </thead>
          <tbody>
            {found.map((each) => (
              <tr key={each.tag}>
                {choosing && (
                  <td>
                    <input
                      type="radio"
                      name="snapshot"
                      aria-label={each.tag}
                      checked={form.tag === each.tag}
                      onChange={() => onChange({ tag: each.tag })}
                    />
                  </td>
                )}
                <td>
                  <code>{each.tag}</code>
                </td>
                <td>{new Date(each.at).toLocaleString()}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found?.length === 0 && <p className="vb-subtle">There is none in it.</p>}
      <fieldset className="vb-radios">
        <legend>What shall be done</legend>
        {changes.map(({ change, label, description }) => (
          <Radio
            key={change}
            id={`change-${change}`}
            name="change"
            label={label}
            description={description}
            isChecked={form.change === change}
            onChange={() => onChange({ change, tag: '' })}
          />
        ))}
      </fieldset>
      {!choosing && (
        <FieldRow label="Tag" field="tag" errors={errors}>
          <TextInput
            {...controlProps('tag', errors)}
            placeholder="before-upgrade"
            spellCheck={false}
            value={form.tag}
            onChange={(_, tag) => onChange({ tag })}
          />
        </FieldRow>
      )}
    </>
  );
};
