/** What is done to one disk: a small form, and beside it the plan that it comes to. */
import { useMemo, useState } from 'react';
import { findInstances, type InstanceView } from '../../../core/cluster/instances.ts';
import { deleteCode } from '../../../core/plan/disk/disk-remove.ts';
import { useSnapshot } from '../../desk/desk-context.tsx';
import { useNavigator } from '../../navigation/navigator.tsx';
import { type DiskTask, formatRoute } from '../../navigation/route.ts';
import { MissingInstance } from '../../parts/missing.tsx';
import { isTyped, TypedName } from '../../parts/typed-name.tsx';
import { useReview } from '../../plan/use-review.ts';
import '../create/create.css';
import { LockLine } from '../review/lock-line.tsx';
import { PlanReview } from '../review/plan-review.tsx';
import '../review/review.css';
import { AddFields } from './add-fields.tsx';
import { ConvertFields, ExportFields, GrowFields, RemoveFields } from './disk-fields.tsx';
import { type DiskForm, initialForm, intentOf } from './disk-form.ts';
import { SnapshotFields } from './snapshot-fields.tsx';

type Words = { title: string; action: string };

const wordsOf = (task: DiskTask, form: DiskForm, what: string): Words => {
  switch (task) {
    case 'grow':
      return { title: `Grow ${what}`, action: `Grow ${what}` };
    case 'convert':
      return { title: `Convert ${what}`, action: `Convert ${what} to ${form.type}` };
    case 'snapshots':
      return {
        title: `Snapshots of ${what}`,
        action: { create: 'Make the snapshot', revert: 'Go back to it', delete: 'Delete the snapshot' }[
          form.change
        ],
      };
    case 'export':
      return { title: `Export ${what}`, action: `Export ${what}` };
    case 'remove':
      return { title: `Take ${what} out`, action: form.purge ? `Delete ${what}` : `Take ${what} out` };
    case 'release':
      return { title: `Let ${what} go`, action: `Delete ${what}` };
    case 'add':
      return { title: 'Add a disk', action: 'Add the disk' };
  }
};

const DiskWork = ({
  handle,
  instance,
  task,
  item,
}: {
  handle: string;
  instance: InstanceView;
  task: DiskTask;
  item: string;
}) => {
  const { go } = useNavigator();
  const [form, setForm] = useState(() => initialForm(task, instance, item));
  const [typed, setTyped] = useState('');
  const change = (part: Partial<DiskForm>) => {
    setForm((old) => ({ ...old, ...part }));
    // typed for one choice, it is not typed for the other
    if (part.purge !== undefined) setTyped('');
  };
  const { intent, errors } = useMemo(() => intentOf(task, handle, item, form), [task, handle, item, form]);
  const subject = `${form.change} ${form.tag} ${form.purge}`;
  const review = useReview(intent, { wait: 300, fresh: true, subject });
  const disk = task === 'add' || task === 'release' ? undefined : instance.disks[Number(item)];
  const what = disk ? disk.path.slice(disk.path.lastIndexOf('/') + 1) : item;
  const deletes = task === 'release' || (task === 'remove' && form.purge);
  const code = deletes ? deleteCode(what) : null;
  const lost = review.view?.plan.reasons.find((reason) => reason.code === code);
  const words = wordsOf(task, form, what);
  const commit = review.view?.plan.steps.find((step) => step.commit && step.action.do !== 'unlock');
  return (
    <PlanReview
      title={words.title}
      crumb={{ text: instance.name, href: formatRoute({ view: 'instance', instance: handle }) }}
      review={review}
      subject={subject}
      action={words.action}
      danger={deletes || (task === 'snapshots' && form.change !== 'create')}
      locked={
        code === null || lost === undefined || isTyped(typed, what) ? null : 'Its name is not typed yet.'
      }
      hide={(reason) => reason.code === code}
      onCancel={() => go({ view: 'instance', instance: handle })}
      choices={
        <>
          <p className="vb-state-line">{instance.statusText}</p>
          <LockLine handle={handle} instance={instance} />
          {task === 'grow' && <GrowFields form={form} errors={errors} disk={disk} onChange={change} />}
          {task === 'convert' && <ConvertFields form={form} errors={errors} disk={disk} onChange={change} />}
          {task === 'snapshots' && (
            <SnapshotFields
              handle={handle}
              index={Number(item)}
              form={form}
              errors={errors}
              onChange={change}
              readable={disk?.type === 'qcow2'}
            />
          )}
          {task === 'export' && (
            <ExportFields form={form} errors={errors} instance={instance} disk={disk} onChange={change} />
          )}
          {task === 'remove' && <RemoveFields form={form} disk={disk} onChange={change} />}
          {code !== null && lost !== undefined && (
            <>
              <p>{lost.text}</p>
              <TypedName
                name={what}
                why="nothing brings it back."
                value={typed}
                onChange={(value) => {
                  setTyped(value);
                  review.accept(code, isTyped(value, what));
                }}
              />
            </>
          )}
          {task === 'add' && <AddFields form={form} errors={errors} instance={instance} onChange={change} />}
        </>
      }
      notice={
        commit ? (
          <>
            <strong>Step {commit.id} is the point of no return.</strong> What fails before it is taken back in
            reverse; after it the run only goes forward.
          </>
        ) : (
          <>
            <strong>If a step fails</strong>, the steps before it are undone in reverse, and the disks are
            what they were.
          </>
        )
      }
    />
  );
};

/** @param item the disk's number; the name of a file where one is let go or added; else empty */
export const DiskView = ({ handle, task, item }: { handle: string; task: DiskTask; item: string }) => {
  const found = findInstances(useSnapshot(), handle);
  const [instance] = found;
  if (!instance || found.length > 1) return <MissingInstance handle={handle} several={found.length > 1} />;
  return <DiskWork handle={handle} instance={instance} task={task} item={item} />;
};
