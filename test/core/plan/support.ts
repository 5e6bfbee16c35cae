/** Plans made in tests, and what is asked of them. */
import type { Snapshot } from '../../../core/cluster/snapshot.ts';
import type { Approval, CreateIntent, Intent } from '../../../core/plan/intent.ts';
import { makePlan } from '../../../core/plan/make.ts';
import { openReasons, type Plan, plan } from '../../../core/plan/plan.ts';
import type { Reason } from '../../../core/plan/reason.ts';
import type { Run } from '../../../core/plan/run.ts';
import { gib, nobody, sharedDirectory, testContext } from '../../support/snapshot-builder.ts';

/** Checked by the schema, since plans are kept in files. */
export const planned = (snapshot: Snapshot, intent: Intent, approval: Approval = nobody): Plan =>
  plan.parse(makePlan(snapshot, intent, approval, testContext()));

export const reasonsBy = (made: Plan, severity: Reason['severity']): string[] =>
  made.reasons.filter((each) => each.severity === severity).map((each) => each.code);

export const textOf = (made: Plan, code: string): string =>
  made.reasons
    .filter((each) => each.code === code)
    .map((each) => each.text)
    .join('\n');

export const isOpen = (made: Plan): boolean => openReasons(made).length > 0;

/** "lock node1", "verdict node1,node2": the order of a plan. */
export const orderOf = (made: Plan): string[] =>
  made.steps.map((each) => `${each.action.do} ${each.nodes.join(',')}${each.commit ? ' !' : ''}`);

export const undoOrderOf = (made: Plan): string[] =>
  made.steps
    .toReversed()
    .flatMap((each) => each.undo.map((undo) => `${undo.action.do} ${undo.nodes.join(',')}`));

export const createIntent = (change: Partial<CreateIntent> = {}): CreateIntent => ({
  kind: 'create',
  name: 'web2.example.org',
  primary: 'node1',
  secondary: 'node2',
  storageDirectory: sharedDirectory,
  driver: 'loop',
  reuse: false,
  disks: [
    { size: 5 * gib, type: 'raw', mode: 'rw' },
    { size: 10 * gib, type: 'raw', mode: 'rw' },
  ],
  guest: { type: 'pv', memoryMib: 512, vcpus: 1, kernel: '/boot/vmlinuz' },
  nics: [{ bridge: 'xenbr0', mac: null }],
  os: 'none',
  start: true,
  ...change,
});

/** The run of a plan, cut off when this many steps were done. */
export const runOf = (made: Plan, done: number): Run => ({
  version: 1,
  id: made.run,
  cluster: made.cluster,
  title: made.title,
  who: 'alice@desk',
  startedAt: 0,
  endedAt: null,
  plan: made,
  steps: made.steps.map(({ id, title, nodes }, at) => ({
    id,
    title,
    nodes,
    state: at < done ? ('done' as const) : ('waiting' as const),
    job: '',
    startedAt: null,
    endedAt: null,
    output: '',
    exitCode: null,
    changed: false,
    message: '',
  })),
  undo: [],
  direction: 'forward',
  state: 'cut-off',
  cancelRequested: false,
  problem: '',
  holds: [],
});
