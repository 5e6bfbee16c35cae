/** Signs and words of an instance's state, and what may be done with it now, each with its reason when it may not. */

import { claimableFolders } from '../../core/cluster/claimable.ts';
import type { InstanceStatus, InstanceView } from '../../core/cluster/instances.ts';
import type { RunSummary } from '../../core/plan/run.ts';
import type { ReviewKind, Route } from '../navigation/route.ts';
import type { InstanceSign } from '../parts/signs.tsx';
import { runStateWords } from './run-words.ts';

const signs: Record<InstanceStatus, InstanceSign> = {
  running: 'running',
  stopped: 'stopped',
  paused: 'paused',
  crashed: 'crashed',
  'not-seen': 'not-seen',
  'wrong-node': 'emergency',
  'running-twice': 'emergency',
  unknown: 'unknown',
};
const words: Record<InstanceStatus, string> = {
  running: 'running',
  stopped: 'stopped',
  paused: 'paused',
  crashed: 'crashed',
  'not-seen': 'not seen',
  'wrong-node': 'on a wrong node',
  'running-twice': 'runs twice',
  unknown: 'unknown',
};

export const signOf = (status: InstanceStatus): InstanceSign => signs[status];
export const wordOf = (status: InstanceStatus): string => words[status];

export type Activity = { run: RunSummary; text: string };

/** The run that works on an instance now, or that stopped half-way and still holds its lock. */
export const activityOf = (
  runs: readonly RunSummary[],
  instance: InstanceView,
  cluster: string,
): Activity | null => {
  const holder = instance.lock?.content?.run;
  const run = runs.find(
    (each) =>
      each.cluster === cluster &&
      each.subject === instance.name &&
      (each.state === 'running' ||
        (each.id === holder && ['cut-off', 'stuck', 'unknown'].includes(each.state))),
  );
  if (!run) return null;
  const step = `${Math.min(run.stepsDone + 1, run.stepsTotal)} of ${run.stepsTotal}`;
  return {
    run,
    text:
      run.state === 'running'
        ? `${run.direction === 'undo' ? 'undo, ' : ''}step ${step}`
        : runStateWords[run.state],
  };
};

/** The sign beside its name: what is done with it now, else what it is. */
export const signWith = (instance: InstanceView, activity: Activity | null): InstanceSign =>
  activity?.run.state === 'running' ? 'operation' : signOf(instance.status);

export type InstanceAction = {
  id:
    | 'start'
    | 'failover'
    | 'migrate'
    | 'stop'
    | 'reboot'
    | 'cleanup'
    | 'unlock'
    | 'claim'
    | 'remove'
    | 'clone'
    | 'move'
    | 'replicate'
    | 'rename';
  label: string;
  route: Route;
  key: string | null;
  danger: boolean;
  /** why it can't be done now; null when it can be planned */
  impossible: string | null;
};

/** How each instance is named in addresses and intents, by uuid: by its name, unless two bear it. */
export const handlesOf = (all: readonly InstanceView[]): ReadonlyMap<string, string> => {
  const bearers = new Map<string, number>();
  for (const each of all) bearers.set(each.name, (bearers.get(each.name) ?? 0) + 1);
  return new Map(all.map((each) => [each.uuid, (bearers.get(each.name) ?? 0) > 1 ? each.uuid : each.name]));
};

const hasDomain = (instance: InstanceView): boolean =>
  instance.status === 'running' || instance.status === 'paused' || instance.status === 'crashed';

const startable = (instance: InstanceView): string | null => {
  switch (instance.status) {
    case 'stopped':
      return null;
    case 'running':
    case 'paused':
      return `It is ${wordOf(instance.status)} already.`;
    case 'crashed':
      return 'Its crashed domain is still there: stop it first.';
    case 'not-seen':
      return `${instance.statusText} To start it on another node, fail it over.`;
    case 'wrong-node':
    case 'running-twice':
    case 'unknown':
      return instance.statusText;
  }
};

const stoppable = (instance: InstanceView): string | null => {
  if (hasDomain(instance) || instance.status === 'wrong-node' || instance.status === 'running-twice')
    return null;
  return instance.status === 'stopped' ? 'It is stopped already.' : instance.statusText;
};

const migratable = (instance: InstanceView): string | null => {
  if (instance.status === 'running') return null;
  return instance.status === 'stopped'
    ? 'Only a running instance can migrate live. It is stopped: fail it over instead.'
    : `Only a running instance can migrate live. ${instance.statusText}`;
};

/** Every action on an instance, in order, the dangerous one last. What is impossible stays, with its reason. */
export const actionsOf = (
  instance: InstanceView,
  handle: string,
  activity: Activity | null,
): InstanceAction[] => {
  const busy = activity
    ? activity.run.state === 'running'
      ? `A run works on it: ${activity.run.title} (${activity.text}).`
      : `${activity.run.title}: ${activity.text}. Resume or undo that run first.`
    : null;
  const problem = (...codes: string[]) => instance.problems.some((each) => codes.includes(each.code));
  const review = (kind: Exclude<ReviewKind, 'restore'>): Route => ({
    view: 'review',
    kind,
    subject: handle,
  });
  const actions: InstanceAction[] = [
    {
      id: 'start',
      label: 'Start…',
      route: review('start'),
      key: null,
      danger: false,
      impossible: busy ?? startable(instance),
    },
    {
      id: 'failover',
      label: 'Fail over…',
      route: { view: 'failover', instance: handle },
      key: 'F',
      danger: false,
      impossible: busy,
    },
    {
      id: 'migrate',
      label: 'Migrate live…',
      route: { view: 'failover', instance: handle, live: true },
      key: null,
      danger: false,
      impossible: busy ?? migratable(instance),
    },
    {
      id: 'stop',
      label: 'Stop…',
      route: review('stop'),
      key: 'S',
      danger: false,
      impossible: busy ?? stoppable(instance),
    },
    {
      id: 'reboot',
      label: 'Reboot…',
      route: review('reboot'),
      key: null,
      danger: false,
      impossible:
        busy ??
        (instance.status === 'running' ? null : `Only a running instance can reboot. ${instance.statusText}`),
    },
  ];
  if (
    problem('migration-leftover') ||
    instance.status === 'wrong-node' ||
    (instance.record.next !== undefined && instance.primary !== null)
  )
    actions.push({
      id: 'cleanup',
      label: 'Clean up after a migration…',
      route: review('cleanup'),
      key: null,
      danger: false,
      impossible: busy,
    });
  if (instance.lock)
    actions.push({
      id: 'unlock',
      label: 'Break lock…',
      route: review('unlock'),
      key: null,
      danger: false,
      impossible:
        (activity?.run.state === 'running' ? busy : null) ??
        (instance.lock.content
          ? null
          : `The lock can't be read, so it is not known whose it is: look at ${instance.lock.folder}/.lock on a node.`),
    });
  if (claimableFolders(instance).length > 0)
    actions.push({
      id: 'claim',
      label: problem('place', 'copy') ? 'Moved or cloned…' : 'Claim its folder…',
      route: review('claim'),
      key: null,
      danger: false,
      impossible: busy,
    });
  actions.push({
    id: 'remove',
    label: 'Remove…',
    route: review('remove'),
    key: null,
    danger: true,
    impossible: busy,
  });
  return actions;
};
