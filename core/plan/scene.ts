/** What every planner and check looks at, and how a reason is said. */
import type { Lookup } from '../cluster/lookup.ts';
import { lookupOf } from '../cluster/lookup.ts';
import type { Snapshot } from '../cluster/snapshot.ts';
import type { Approval } from './intent.ts';
import type { PlanContext } from './plan.ts';
import type { Reason } from './reason.ts';

export type Scene = {
  snapshot: Snapshot;
  lookup: Lookup;
  approval: Approval;
  context: PlanContext;
};

export const makeScene = (snapshot: Snapshot, approval: Approval, context: PlanContext): Scene => ({
  snapshot,
  lookup: lookupOf(snapshot),
  approval,
  context,
});

type About = { node?: string; field?: string };
type Say = (code: string, title: string, text: string, about?: About) => Reason;

const say =
  (severity: Reason['severity']): Say =>
  (code, title, text, about = {}) => ({ code, severity, title, text, ...about });

export const blocks = say('blocks');
export const consent = say('consent');
export const warning = say('warning');
export const passed = say('passed');

/** ISO 8601 of a time in ms; the epoch for a number that is no time. */
export const isoOf = (ms: number): string => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
};

/** An id for records, storages and the like: 32 hex digits for a label. */
export const idOf = (scene: Scene, label: string): string => scene.context.random(label);

/** user and workstation of "user@workstation". */
export const whoOf = (who: string): { user: string; workstation: string } => {
  const at = who.lastIndexOf('@');
  return at < 0
    ? { user: who, workstation: 'unknown' }
    : { user: who.slice(0, at), workstation: who.slice(at + 1) };
};
