import { useCallback } from 'react';
import { findInstances, type InstanceView as Instance } from '../../../core/cluster/instances.ts';
import { parseOsName } from '../../../core/ganeti/os-name.ts';
import { useApp, useSnapshot } from '../../desk/desk-context.tsx';
import { useDrafting } from '../../draft/drafting.tsx';
import { useActionsOf } from '../../draft/use-actions.ts';
import { activityOf, type InstanceAction, signWith } from '../../model/instance-words.ts';
import { readinessOn, targetsOf } from '../../model/readiness.ts';
import { RouteLink, useNavigator } from '../../navigation/navigator.tsx';
import { formatRoute } from '../../navigation/route.ts';
import { ActionButton } from '../../parts/action-button.tsx';
import { Bar } from '../../parts/bar.tsx';
import { bytesOf, lockTime, memory, shortBytes } from '../../parts/format.ts';
import { MissingInstance } from '../../parts/missing.tsx';
import { Names } from '../../parts/names.tsx';
import { Facts, Section, ViewHead } from '../../parts/page.tsx';
import { ScrollRegion } from '../../parts/scroll-region.tsx';
import { Mark, Spinner, StateSign, VerdictSign } from '../../parts/signs.tsx';
import { useNow } from '../../parts/use-now.ts';
import { useKeys } from '../../shell/use-keys.ts';
import { DiskMenu } from '../disk/disk-menu.tsx';
import { FilesBeside } from '../disk/files-beside.tsx';
import { LockLine } from '../review/lock-line.tsx';
import { RunTable } from '../runs/runs-view.tsx';
import { ComparedFiles } from './compared-files.tsx';
import { ConfigTabs } from './config-tabs.tsx';
import './instance.css';
import { Replicas } from './replicas.tsx';
import { Sides } from './sides.tsx';

const isOfDefinition = (os: string): boolean => {
  const parsed = parseOsName(os);
  return parsed.ok && parsed.os.kind === 'definition';
};

const Disks = ({ handle, instance }: { handle: string; instance: Instance }) => (
  <Section
    title="Disks"
    note={<RouteLink to={{ view: 'disk', instance: handle, task: 'add', item: '' }}>Add disk…</RouteLink>}
  >
    <table className="vb-table" aria-label="Disks">
      <thead>
        <tr>
          <th scope="col">Guest device</th>
          <th scope="col">File</th>
          <th scope="col">Type</th>
          <th scope="col">Driver</th>
          <th scope="col">On disk, of virtual size</th>
          <th scope="col">Access</th>
          <th scope="col">
            <span className="vb-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {instance.disks.map((disk) => {
          const figures = bytesOf(disk.allocated ?? 0, disk.size);
          return (
            <tr key={disk.path}>
              <th scope="row">{disk.vdev}</th>
              <td className="vb-wrap vb-break">
                <code>{disk.path}</code>
                {disk.problem && (
                  <div className="vb-row">
                    <Mark mark="drift" /> {disk.problem}
                  </div>
                )}
              </td>
              <td>
                {disk.type}
                {disk.foundType !== null &&
                  disk.foundType !== disk.type &&
                  ` (its header says ${disk.foundType})`}
              </td>
              <td>{disk.driver}</td>
              <td>
                {disk.allocated === null ? (
                  <>not known, of {shortBytes(disk.size)}</>
                ) : (
                  <span className="vb-disk-cell">
                    <Bar segments={[{ value: disk.allocated, kind: 'filled' }]} whole={disk.size} dotted />
                    <span>
                      {figures.part} of {figures.whole}
                    </span>
                  </span>
                )}
              </td>
              <td>{disk.mode === 'rw' ? 'read, write' : 'read only'}</td>
              <td>
                <DiskMenu
                  handle={handle}
                  index={disk.index}
                  name={disk.vdev}
                  exports={isOfDefinition(instance.record.os)}
                />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
    {instance.disks.length === 0 && <p className="vb-subtle">It has no disk.</p>}
    <FilesBeside handle={handle} instance={instance} />
  </Section>
);

const bootWords = (guest: Instance['record']['guest']): string => {
  if (guest.kernel) return `${guest.kernel}${guest.ramdisk ? `, ${guest.ramdisk}` : ''}`;
  return guest.bootloader
    ? `boot loader ${guest.bootloader}`
    : `firmware, order ${guest.boot ?? 'as Xen has it'}`;
};

const domainWords = (instance: Instance, silent: readonly string[]): string => {
  const seen = instance.domains.filter((each) => each.seen);
  if (seen.length > 0)
    return seen
      .map(
        ({ node, domain }) => `id ${domain.domid} on ${node}, ${Math.round(domain.cpuSeconds)} s of CPU time`,
      )
      .join('; ');
  return silent.length === 0 ? 'none' : `none seen; not known of ${silent.join(', ')}`;
};

const FactList = ({ instance }: { instance: Instance }) => {
  const snapshot = useSnapshot();
  const { record } = instance;
  const silent = snapshot.nodes.flatMap((node) => (node.trouble ? [node.name] : []));
  const seers = [...new Set(instance.folders.filter((each) => each.current).map((each) => each.node))];
  return (
    <Section title="Facts">
      <Facts
        facts={[
          { name: 'Primary', value: instance.primary ?? 'none: a hand-over was cut off' },
          { name: 'Secondary', value: instance.secondary ?? 'none' },
          { name: 'Memory', value: `${memory(record.guest.memoryMib)} · ${record.guest.vcpus} vCPU` },
          { name: 'Type', value: record.guest.type.toUpperCase() },
          { name: 'Boots', value: <code className="vb-break">{bootWords(record.guest)}</code> },
          {
            name: 'Network',
            value:
              record.nics.length === 0
                ? 'none'
                : record.nics.map((nic) => (
                    <div key={nic.mac}>
                      {nic.bridge} · <code>{nic.mac}</code>
                    </div>
                  )),
          },
          {
            name: 'Domain',
            value: domainWords(instance, silent),
          },
          {
            name: 'Folder',
            value: <code className="vb-break">{instance.folder}</code>,
          },
          {
            name: 'Files',
            value: (
              <>
                on <Names names={seers} />
              </>
            ),
          },
          { name: 'Admin state', value: record.adminState },
          { name: 'uuid', value: <code>{instance.uuid}</code> },
          {
            name: 'Record',
            value: `generation ${record.generation}, written by ${record.written.by}`,
          },
          ...(record.vouchings.length > 0
            ? [
                {
                  name: 'Vouched',
                  value: record.vouchings.map((each) => (
                    <div key={each.when}>
                      {each.node} down: {each.who}, “{each.how}”
                    </div>
                  )),
                },
              ]
            : []),
        ]}
      />
    </Section>
  );
};

/** What mends a problem, where a plan can. */
const cures: Record<string, InstanceAction['id']> = {
  'admin-up': 'start',
  'admin-down': 'stop',
  place: 'claim',
  copy: 'claim',
  removed: 'claim',
  'record-unseen': 'claim',
  'migration-leftover': 'cleanup',
  'hand-over': 'failover',
};

const Problems = ({
  instance,
  handle,
  actions,
}: {
  instance: Instance;
  handle: string;
  actions: readonly InstanceAction[];
}) =>
  instance.problems.length > 0 && (
    <Section title="Not as it should be" note={String(instance.problems.length)}>
      {instance.problems.map((problem) => (
        <div key={`${problem.code} ${problem.text}`} className="vb-note vb-note-warning">
          <Mark mark="drift" />
          <span className="vb-break vb-grow">{problem.text}</span>
          {actions
            .filter((each) => each.id === cures[problem.code] && each.impossible === null)
            .map((each) => (
              <RouteLink key={each.id} to={each.route} className="vb-nowrap">
                {each.label}
              </RouteLink>
            ))}
          <Sides
            handle={handle}
            instance={instance}
            problem={problem}
            stop={actions.find((each) => each.id === 'stop' && each.impossible === null)}
          />
        </div>
      ))}
    </Section>
  );

const WhereItCouldRun = ({ instance }: { instance: Instance }) => {
  const snapshot = useSnapshot();
  const targets = targetsOf(snapshot, instance).slice(0, 5);
  return (
    <Section title="Where it could run">
      {targets.length === 0 && <p className="vb-subtle">There is no other node.</p>}
      <ul className="vb-where">
        {targets.map((target) => {
          const words = readinessOn(snapshot, instance, target);
          return (
            <li key={target}>
              <strong>{target}</strong>
              <VerdictSign verdict={words.verdict} />
              <span className="vb-break">
                {words.text}
                {target === instance.secondary && <span className="vb-subtle"> · secondary</span>}
              </span>
            </li>
          );
        })}
      </ul>
    </Section>
  );
};

const Page = ({ handle, instance }: { handle: string; instance: Instance }) => {
  const app = useApp();
  const snapshot = useSnapshot();
  const { go } = useNavigator();
  const activity = activityOf(app.runs, instance, snapshot.cluster.name);
  const drafting = useDrafting();
  const actions = useActionsOf()(instance, handle, activity);
  const runs = app.runs
    .filter((run) => run.subject === instance.name && run.cluster === app.open)
    .slice(0, 6);
  const now = useNow(5000);
  const best = actions.find((each) => each.impossible === null && !each.danger);
  useKeys(
    useCallback(
      (key) => {
        const id = key === 'f' ? 'failover' : key === 's' ? 'stop' : null;
        const action = actions.find((each) => each.id === id);
        if (action && action.impossible === null) go(action.route);
        return action !== undefined;
      },
      [actions, go],
    ),
  );
  return (
    <>
      <ViewHead title={instance.name} crumb={{ text: 'Instances', href: formatRoute({ view: 'instances' }) }}>
        <span className="vb-head-note vb-row">
          <StateSign state={signWith(instance, activity)} />
          {instance.statusText}
        </span>
      </ViewHead>
      {activity && (
        <div className="vb-alarm-line vb-activity">
          {activity.run.state === 'running' ? <Spinner /> : <VerdictSign verdict="warning" />}
          <span>
            <RouteLink to={{ view: 'run', run: activity.run.id }}>{activity.run.title}</RouteLink>:{' '}
            {activity.text}
          </span>
        </div>
      )}
      <section className="vb-page-actions" aria-label="Actions">
        {drafting.on && <span className="vb-subtle">Draft:</span>}
        {actions.map((action) => (
          <ActionButton key={action.id} action={action} primary={action === best} />
        ))}
      </section>
      <ScrollRegion className="vb-scroll vb-instance" label="About it">
        <div className="vb-instance-main">
          <Problems instance={instance} handle={handle} actions={actions} />
          <Disks handle={handle} instance={instance} />
          <Replicas instance={instance} handle={handle} />
          <ComparedFiles
            instance={instance}
            handle={handle}
            busy={activity ? `A run concerns it: ${activity.run.title} (${activity.text}).` : null}
          />
          <ConfigTabs instance={instance} handle={handle} />
          <Section title="Recent runs">
            {runs.length === 0 ? (
              <p className="vb-subtle">No run of this workstation concerned it.</p>
            ) : (
              <RunTable runs={runs} short />
            )}
          </Section>
        </div>
        <aside className="vb-instance-side" aria-label="Facts">
          <WhereItCouldRun instance={instance} />
          <FactList instance={instance} />
          {instance.lock && (
            <Section title="Lock">
              <div className="vb-note vb-note-info">
                <Mark mark={activity ? 'lock' : 'stale-lock'} />
                <div className="vb-break">
                  {instance.lock.content
                    ? `“${instance.lock.content.title}”, by ${instance.lock.content.user} on ${instance.lock.content.workstation}, ${lockTime(instance.lock.content.at, now)}. `
                    : `It can't be read: ${instance.lock.error ?? ''} `}
                  {activity ? (
                    <RouteLink to={{ view: 'run', run: activity.run.id }}>Open the run</RouteLink>
                  ) : (
                    instance.lock.content && (
                      <RouteLink to={{ view: 'review', kind: 'unlock', subject: handle }}>
                        Break lock…
                      </RouteLink>
                    )
                  )}
                </div>
              </div>
            </Section>
          )}
          <LockLine handle={handle} instance={instance} besides />
        </aside>
      </ScrollRegion>
    </>
  );
};

export const InstanceView = ({ handle }: { handle: string }) => {
  const snapshot = useSnapshot();
  const found = findInstances(snapshot, handle);
  const [instance] = found;
  if (!instance || found.length > 1) return <MissingInstance handle={handle} several={found.length > 1} />;
  return <Page handle={handle} instance={instance} />;
};
