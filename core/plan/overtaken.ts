/** A run behind its point of no return that somebody else went on from: what it would still do belongs to a state that is over. */
import type { Snapshot } from '../cluster/snapshot.ts';
import { listText } from '../cluster/status.ts';
import type { Action } from './action.ts';
import { isCommitted, type Run } from './run.ts';

/** What would bring a removed instance back, or write into what somebody made of it since. */
const bringsBack: ReadonlySet<Action['do']> = new Set([
  'write-record',
  'write-replica',
  'demote-record',
  'start-domain',
  'unpause-domain',
  'reboot-domain',
  'migrate-domain',
  'put-back',
  'move-folder',
  'rename-image',
  'take-image',
  'set-aside',
]);

/** What ends something or clears it away is as right after the removal as before it. */
const endsOnly: ReadonlySet<string> = new Set(['purge-trash', 'unlock', 'stop', 'discard']);

/** Whether a step that is still ahead of it would bring a removed instance back. */
const wouldBringBack = (run: Run): boolean =>
  !endsOnly.has(run.plan.intent.kind) &&
  run.plan.steps.some(({ action }, index) => run.steps[index]?.state !== 'done' && bringsBack.has(action.do));

/** Why it may not go on, sentences; null when nobody wrote a record on top of one of its own. */
export const overtakenText = (run: Run, snapshot: Snapshot): string | null => {
  if (run.direction !== 'forward' || !isCommitted(run)) return null;
  const written = run.plan.steps
    .flatMap((step) => [step.action, ...step.undo.map((undo) => undo.action)])
    .flatMap((action) => (action.do === 'write-record' ? [action.record] : []));
  const own = new Set(written.map((each) => each.id));
  // a copy that somebody made an instance of its own goes on from the same record, and is none of this run's business
  const about = new Set(written.map((each) => each.uuid.toLowerCase()));
  const { subject } = run.plan;
  const uuid = subject.kind === 'instance' ? subject.uuid?.toLowerCase() : undefined;
  const isAboutNotes = run.plan.steps.some(({ action }) => /-tombstone$/.test(action.do));
  const removedOn = snapshot.nodes
    .filter(({ facts }) => facts?.tombstones.some((each) => each.toLowerCase() === uuid))
    .map((each) => each.name);
  if (removedOn.length > 0 && !isAboutNotes && wouldBringBack(run))
    return `${subject.name} was removed since (so says ${listText(removedOn)}), and this run would go on with it. Nothing more is done. Where locks of this run are left, break them (vbdesk instance unlock, with the folder's path); what it had copied can be discarded. Then close it: vbdesk run give-up ${run.id}`;
  for (const { name, facts } of snapshot.nodes)
    for (const folder of facts?.folders ?? []) {
      const record = folder.record?.ok ? folder.record.record : null;
      if (record === null || !about.has(record.uuid.toLowerCase())) continue;
      if (own.has(record.id) || !record.ancestors.some((each) => own.has(each))) continue;
      return `${folder.path} on ${name} holds a record of ${record.name} that ${record.written.by} wrote after this run's (run ${record.written.run}, generation ${record.generation}, primary ${record.primary ?? 'none'}): somebody went on without this run, and what it would still do could start ${record.name} a second time. Nothing more is done. Look at ${record.name}; where locks of this run are left, break them (vbdesk instance unlock ${record.name}). Then close it: vbdesk run give-up ${run.id}`;
    }
  return null;
};
