/** What a draft knows of its instances once one of its own runs has changed them: that change is not somebody else's. */
import { findInstances } from '../cluster/instances.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import type { Plan } from '../plan/plan.ts';
import { baseInstanceOf, lastAnswer } from './base.ts';
import type { Base } from './draft.ts';

const configOf = (snapshot: Snapshot, uuid: string): string | null =>
  findInstances(snapshot, uuid)[0]?.folders.find((each) => each.current)?.folder.config ?? null;

const isThere = (snapshot: Snapshot, uuid: string | null): boolean =>
  uuid !== null && findInstances(snapshot, uuid).length > 0;

/**
 * The base with those instances as they are now whose record this very run wrote last, and whose xen.cfg is as it left it. All
 * others stay as they were known, so that whatever somebody else did meanwhile is shown before anything is written over it.
 * @param before the nodes as the plan was made of them; null where that is not known any more (a run that was resumed)
 * @param after the nodes once the run was done, or taken back
 */
export const baseAfterRun = (
  base: Base | null,
  plan: Pick<Plan, 'steps' | 'intent' | 'subject'>,
  before: Snapshot | null,
  after: Snapshot,
): Base | null => {
  const actions = plan.steps.flatMap((step) => [step.action, ...step.undo.map(({ action }) => action)]);
  const records = actions.flatMap((action) => (action.do === 'write-record' ? [action.record] : []));
  const configs = actions.flatMap((action) => (action.do === 'write-file' ? [action.content] : []));
  const written = new Set(records.map((each) => each.id));
  const instances = { ...base?.instances };
  let changed = false;
  for (const uuid of new Set(records.map((each) => each.uuid))) {
    const [view, ...more] = findInstances(after, uuid);
    if (!view || more.length > 0 || !written.has(view.record.id)) continue;
    const now = configOf(after, uuid);
    const isOwn =
      before === null || (now !== null && configs.includes(now)) || configOf(before, uuid) === now;
    if (!isOwn) continue;
    for (const [name, known] of Object.entries(instances))
      if (known.uuid === view.uuid && name !== view.name) delete instances[name];
    instances[view.name] = baseInstanceOf(view);
    changed = true;
  }
  if (plan.intent.kind === 'remove' && plan.subject.kind === 'instance' && !isThere(after, plan.subject.uuid))
    for (const [name, { uuid }] of Object.entries(instances))
      if (uuid === plan.subject.uuid) {
        delete instances[name];
        changed = true;
      }
  if (!changed) return base;
  return { at: base?.at ?? lastAnswer(after) ?? 0, instances };
};
