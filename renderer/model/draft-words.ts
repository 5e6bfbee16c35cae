/** Words and figures of a draft and of what its changes come to. Pure. */
import type { ApplyingChange } from '../../core/draft/applying.ts';
import type { Change } from '../../core/draft/draft.ts';
import { draftEnding } from '../../core/draft/draft.ts';
import type { ChangeCost, PlannedChange } from '../../core/draft/draft-plan.ts';
import type { Intent } from '../../core/plan/intent.ts';
import { count, memory, shortBytes, span } from '../parts/format.ts';
import type { MarkName, VerdictSignName } from '../parts/signs.tsx';

/** Of its file: "relieve-hera-2". */
export const draftName = (path: string): string => {
  const file = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  for (const ending of [draftEnding, '.yaml', '.yml'])
    if (file.endsWith(ending) && file.length > ending.length) return file.slice(0, -ending.length);
  return file;
};

/** What a change is now. `applied` and the rest of it are told by its mark, not by the plan. */
export type ChangeState =
  | PlannedChange['outcome']
  /** it was applied */
  | 'applied'
  /** its run is at work, or was cut off */
  | 'started'
  /** it is being applied now */
  | 'running'
  /** it was chosen, and its turn has not come */
  | 'waiting'
  /** it was tried and did not come to its end as it should */
  | 'failed'
  /** it is being planned */
  | 'planning';

/** @param progress of it, while its draft is being applied */
export const stateOf = (
  change: Change,
  planned: PlannedChange | undefined,
  progress?: ApplyingChange,
): ChangeState => {
  if (progress?.state === 'running' || progress?.state === 'waiting') return progress.state;
  switch (change.applied?.outcome) {
    case 'done':
      return 'applied';
    case 'started':
      return 'started';
    case 'failed':
    case 'unknown':
    case 'undone':
      // tried again it is planned like any other; what became of it is told beside
      return planned?.outcome === 'done-already' ? 'done-already' : 'failed';
    case undefined:
      return planned?.outcome ?? 'planning';
  }
};

export const stateWords: Record<ChangeState, string> = {
  unchanged: 'unchanged',
  changed: 'changed',
  impossible: 'not possible',
  'done-already': 'already done',
  applied: 'applied',
  started: 'begun',
  running: 'running',
  waiting: 'waits its turn',
  failed: 'did not succeed',
  planning: 'being planned',
};

export const stateSigns: Record<
  ChangeState,
  { verdict: VerdictSignName } | { mark: MarkName } | { spinner: true }
> = {
  unchanged: { verdict: 'ready' },
  changed: { verdict: 'warning' },
  impossible: { verdict: 'not' },
  'done-already': { mark: 'check' },
  applied: { mark: 'check' },
  started: { mark: 'lock' },
  running: { spinner: true },
  waiting: { mark: 'clock' },
  failed: { verdict: 'warning' },
  planning: { spinner: true },
};

/** What became of it when it was applied, a sentence; null: it never was. */
export const appliedWords = (change: Change): string | null => {
  switch (change.applied?.outcome) {
    case undefined:
      return null;
    case 'done':
      return 'It was applied.';
    case 'started':
      return 'Its run was begun and has not come to its end: go on with it, or take it back, before anything else.';
    case 'undone':
      return 'It was applied, failed or was cancelled, and was taken back.';
    case 'failed':
      return 'It was applied and needs a person: its run says what holds now.';
    case 'unknown':
      return 'It was applied, and its outcome is not known: look at its run.';
  }
};

/** Its plan was never read: what it would do is new to everybody. */
export const isUnread = (change: Change, planned: PlannedChange | undefined): boolean =>
  change.reviewed === null && planned?.outcome === 'unchanged';

/** It may run: it does what was read, or it is tried once more. */
export const isChoosable = (change: Change, planned: PlannedChange | undefined): boolean => {
  const state = stateOf(change, planned);
  return (
    (state === 'unchanged' || state === 'failed') &&
    planned?.outcome === 'unchanged' &&
    change.reviewed !== null
  );
};

/** Consents that the plan asks for and nobody gave. */
export const openConsents = (planned: PlannedChange | undefined) =>
  planned?.cost.consents.filter((each) => !each.given) ?? [];

/** A consent that takes the name of what is lost, typed; null: a tick does. */
export const nameToType = (code: string): string | null => {
  const match = /^(?:purge|discard|remove):(.+?)(?:@.*)?$/.exec(code);
  return match?.[1] ?? null;
};

/** How many of each state, in the order in which they are told. */
export const countStates = (states: readonly ChangeState[]): { state: ChangeState; amount: number }[] => {
  const order: ChangeState[] = [
    'unchanged',
    'changed',
    'impossible',
    'done-already',
    'applied',
    'running',
    'waiting',
    'started',
    'failed',
    'planning',
  ];
  return order
    .map((state) => ({ state, amount: states.filter((each) => each === state).length }))
    .filter(({ amount }) => amount > 0);
};

const about = (seconds: number): string => `about ${span(seconds * 1000)}`;

/** What a change costs, in a few words: "copies 195 GiB, down about 31 min". */
export const costWords = (cost: ChangeCost): string => {
  const parts = [
    ...(cost.copiedBytes > 0 ? [`copies ${shortBytes(cost.copiedBytes)}`] : []),
    ...(cost.newBytes > 0 ? [`${shortBytes(cost.newBytes)} promised`] : []),
  ];
  const down = cost.down.reduce((sum, each) => sum + each.seconds, 0);
  parts.push(down > 0 ? `down ${about(down)}` : 'no downtime');
  return parts.join(', ');
};

export type Total = {
  copiedBytes: number;
  newBytes: number;
  /** of each instance once, the longest first */
  down: { instance: string; seconds: number }[];
  consentsGiven: number;
  consentsAsked: number;
  /** memory taken (+) or given back on each node, MiB */
  memory: ReadonlyMap<string, number>;
};

/** What these changes cost together. */
export const totalOf = (changes: readonly PlannedChange[]): Total => {
  const down = new Map<string, number>();
  const taken = new Map<string, number>();
  const all = changes.map((each) => each.cost);
  for (const cost of all) {
    for (const { instance, seconds } of cost.down) down.set(instance, (down.get(instance) ?? 0) + seconds);
    for (const { node, mib } of cost.memory) taken.set(node, (taken.get(node) ?? 0) + mib);
  }
  const consents = all.flatMap((cost) => cost.consents);
  return {
    copiedBytes: all.reduce((sum, each) => sum + each.copiedBytes, 0),
    newBytes: all.reduce((sum, each) => sum + each.newBytes, 0),
    down: [...down]
      .map(([instance, seconds]) => ({ instance, seconds }))
      .sort((a, b) => b.seconds - a.seconds),
    consentsGiven: consents.filter((each) => each.given).length,
    consentsAsked: consents.length,
    memory: taken,
  };
};

/** The id before which a change stands once it has moved by so many places; undefined: it can't. */
export const movedBefore = (ids: readonly string[], id: string, by: -1 | 1): string | null | undefined => {
  const at = ids.indexOf(id);
  const to = at + by;
  if (at < 0 || to < 0 || to >= ids.length) return undefined;
  return by < 0 ? ids[to] : (ids[to + 1] ?? null);
};

const place = (node: string | null, storage: string | null): string =>
  [node === null ? '' : ` to ${node}`, storage === null ? '' : `, ${storage}`].join('');

/** A change in words while there is no plan of it. */
export const intentTitle = (intent: Intent): string => {
  switch (intent.kind) {
    case 'create':
      return `Create ${intent.name} on ${intent.primary}${intent.reuse ? ', reuse its files' : ''}`;
    case 'adopt':
      return `Adopt ${intent.name} on ${intent.primary}`;
    case 'start':
      return `Start ${intent.instance}`;
    case 'stop':
      return `Stop ${intent.instance}`;
    case 'reboot':
      return `Reboot ${intent.instance}`;
    case 'remove':
      return `Remove ${intent.instance}${intent.purge ? ' for good' : ''}`;
    case 'failover':
      return `Fail over ${intent.instance}${place(intent.target, null)}`;
    case 'migrate':
      return intent.cleanup
        ? `Clean up after a migration of ${intent.instance}`
        : `Migrate ${intent.instance}${place(intent.target, null)}`;
    case 'configure':
      return `Configure ${intent.instance}`;
    case 'clone':
      return `Clone ${intent.instance} as ${intent.name}`;
    case 'rename':
      return `Rename ${intent.instance} to ${intent.name}`;
    case 'move':
      return `Move ${intent.instance}${place(intent.node, intent.storageDirectory)}`;
    case 'replicate':
      return `Replicate ${intent.instance}${place(intent.node, null)}`;
    case 'restore':
      return `Restore ${intent.trashName}`;
    case 'purge-trash':
      return `Delete ${count(intent.folders.length, 'folder')} from the trash`;
    case 'cluster-init':
      return `Make ${intent.name} a cluster`;
    default: {
      const words = intent.kind.replaceAll('-', ' ');
      const whose = 'instance' in intent ? ` of ${intent.instance}` : '';
      return `${words.charAt(0).toUpperCase()}${words.slice(1)}${whose}`;
    }
  }
};

/** Memory that is free on a node afterwards, and how that is said. */
export const memoryAfter = (freeMib: number, taken: number): { text: string; short: boolean } => {
  const after = freeMib - taken;
  return after < 0 ? { text: `${memory(-after)} short`, short: true } : { text: memory(after), short: false };
};
