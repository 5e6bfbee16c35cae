import { FormSelect, FormSelectOption, Radio, TextInput } from '@patternfly/react-core';
import type { InstanceView } from '../../../core/cluster/instances.ts';
import { useApp } from '../../desk/desk-context.tsx';
import type { ReviewKind } from '../../navigation/route.ts';
import { controlProps, FieldRow } from '../../parts/field.tsx';
import { count, lockTime, shortBytes } from '../../parts/format.ts';
import { type Choices, claimablePaths, claimOf, secondsOf } from './intents.ts';

type Props = {
  choices: Choices;
  onChange: (part: Partial<Choices>) => void;
};

export const Timeout = ({
  value,
  onChange,
  help,
}: {
  value: string;
  onChange: (timeout: string) => void;
  help: string;
}) => {
  const errors = new Map(
    secondsOf(value) === null ? [['timeout', 'A whole number of seconds from 0 to 86400.']] : [],
  );
  return (
    <FieldRow label="Time to shut down" field="timeout" errors={errors} help={help}>
      <span className="vb-short-field">
        <TextInput
          {...controlProps('timeout', errors)}
          inputMode="numeric"
          value={value}
          onChange={(_, text) => onChange(text)}
        />
      </span>
      seconds
    </FieldRow>
  );
};

const StopChoices = ({ choices, onChange }: Props) => (
  <>
    <Timeout
      value={choices.timeout}
      onChange={(timeout) => onChange({ timeout })}
      help="The guest is asked to shut down and has so long for it. 0: it is not asked."
    />
    <fieldset className="vb-radios">
      <legend>If it still runs then</legend>
      <Radio
        id="then-leave"
        name="then"
        label="Leave it running"
        description="Nothing is destroyed: the run ends as failed and says so."
        isChecked={choices.then === 'leave'}
        onChange={() => onChange({ then: 'leave' })}
      />
      <Radio
        id="then-force"
        name="then"
        label="Destroy its domain"
        description="Like pulling its power cord: what the guest has not written is lost."
        isChecked={choices.then === 'force'}
        onChange={() => onChange({ then: 'force' })}
      />
    </fieldset>
  </>
);

const RemoveChoices = ({ choices, onChange, instance }: Props & { instance: InstanceView }) => {
  const { trashDays } = useApp().settings;
  const onDisk = instance.disks.reduce((sum, disk) => sum + (disk.allocated ?? 0), 0);
  return (
    <>
      <fieldset className="vb-radios">
        <legend>What becomes of its files</legend>
        <Radio
          id="purge-no"
          name="purge"
          label={`Into the trash, kept ${count(trashDays, 'day')}`}
          description={`One rename into ${instance.storage}/.trash. It can be restored; the ${shortBytes(onDisk)} stay on the storage until somebody purges them. Nothing deletes itself.`}
          isChecked={!choices.purge}
          onChange={() => onChange({ purge: false })}
        />
        <Radio
          id="purge-yes"
          name="purge"
          label="Delete its files for good"
          description={`Exactly the recorded files, ${shortBytes(onDisk)} on disk. Nothing brings them back.`}
          isChecked={choices.purge}
          onChange={() => onChange({ purge: true })}
        />
      </fieldset>
      {instance.status !== 'stopped' && (
        <Timeout
          value={choices.timeout}
          onChange={(timeout) => onChange({ timeout })}
          help="It runs: the guest is asked to shut down, and destroyed after that time."
        />
      )}
      <table className="vb-table" aria-label="Files that are concerned">
        <thead>
          <tr>
            <th scope="col">{choices.purge ? 'Deleted' : 'Moved'}</th>
            <th scope="col" className="vb-right">
              Virtual
            </th>
            <th scope="col" className="vb-right">
              On disk
            </th>
          </tr>
        </thead>
        <tbody>
          {instance.disks.map((disk) => (
            <tr key={disk.path}>
              <td className="vb-wrap vb-break">
                <code>{disk.path}</code>
              </td>
              <td className="vb-right">{shortBytes(disk.size)}</td>
              <td className="vb-right">
                {disk.allocated === null ? 'not known' : shortBytes(disk.allocated)}
              </td>
            </tr>
          ))}
          <tr>
            <td className="vb-wrap vb-break">
              <code>{instance.folder}/</code>{' '}
              {choices.purge
                ? 'instance.json, xen.cfg, then the folder'
                : 'the folder, with all that lies in it'}
            </td>
            <td />
            <td />
          </tr>
        </tbody>
      </table>
    </>
  );
};

const isMisplaced = (instance: InstanceView, path: string): boolean =>
  instance.folders.some((each) => each.folder.path === path && !each.matchesPlace);

const ClaimChoices = ({
  choices,
  onChange,
  instance,
  nodes,
}: Props & { instance: InstanceView; nodes: readonly string[] }) => (
  <>
    <FieldRow label="Folder" field="path" errors={new Map()}>
      <FormSelect
        {...controlProps('path', new Map())}
        value={choices.path}
        onChange={(_, path) => onChange(claimOf(instance, path))}
      >
        {[...new Set([...claimablePaths(instance), choices.path])].map((path) => (
          <FormSelectOption key={path} value={path} label={path} />
        ))}
      </FormSelect>
    </FieldRow>
    <fieldset className="vb-radios">
      <legend>
        {isMisplaced(instance, choices.path)
          ? `Its record names another place, ${instance.record.place.path}. The folder was`
          : 'It lies where its record says. It is'}
      </legend>
      <Radio
        id="as-moved"
        name="as"
        label={isMisplaced(instance, choices.path) ? 'moved' : 'the instance, from now on'}
        description={`It is ${instance.name} itself: uuid and MAC addresses stay.`}
        isChecked={choices.as === 'moved'}
        onChange={() => onChange({ as: 'moved' })}
      />
      <Radio
        id="as-cloned"
        name="as"
        label={isMisplaced(instance, choices.path) ? 'cloned' : 'a clone of it'}
        description="It becomes an instance of its own, called like its folder, with a new uuid and new MAC addresses."
        isChecked={choices.as === 'cloned'}
        onChange={() => onChange({ as: 'cloned' })}
      />
    </fieldset>
    <FieldRow label="Primary" field="primary" errors={new Map()}>
      <FormSelect
        {...controlProps('primary', new Map())}
        value={choices.primary}
        onChange={(_, primary) => onChange({ primary })}
      >
        <FormSelectOption value="" label="choose a node" />
        {nodes.map((node) => (
          <FormSelectOption key={node} value={node} label={node} />
        ))}
      </FormSelect>
    </FieldRow>
  </>
);

const LockFacts = ({ instance }: { instance: InstanceView }) => {
  const lock = instance.lock?.content;
  if (!lock)
    return (
      <p className="vb-note vb-note-danger">
        {instance.lock
          ? `The lock can't be read, so it is not known whose it is: ${instance.lock.error ?? ''} Look at ${instance.lock.folder}/.lock on a node.`
          : 'It is not locked: there is nothing to break.'}
      </p>
    );
  return (
    <p>
      The lock is of the run <code>{lock.run}</code>, “{lock.title}”, by {lock.user} on {lock.workstation},{' '}
      {lockTime(lock.at, Date.now())}. It concerns {lock.nodes.join(', ')}. Break it only when that run will
      not go on: a job that wakes up later finds its lock gone and does nothing.
    </p>
  );
};

export const ChoicesFor = ({
  kind,
  instance,
  nodes,
  choices,
  onChange,
}: Props & { kind: ReviewKind; instance: InstanceView; nodes: readonly string[] }) => {
  switch (kind) {
    case 'stop':
      return <StopChoices choices={choices} onChange={onChange} />;
    case 'reboot':
      return (
        <Timeout
          value={choices.timeout}
          onChange={(timeout) => onChange({ timeout })}
          help="The guest is asked to reboot and has so long to come back."
        />
      );
    case 'remove':
      return <RemoveChoices choices={choices} onChange={onChange} instance={instance} />;
    case 'claim':
      return <ClaimChoices choices={choices} onChange={onChange} instance={instance} nodes={nodes} />;
    case 'unlock':
      return <LockFacts instance={instance} />;
    case 'cleanup':
      return (
        <p>
          Nothing is moved or stopped: what a broken migration left is ended, and the record says where the
          guest runs.
        </p>
      );
    case 'start':
    case 'compare':
    case 'restore':
      return null;
  }
};
