/** A plan: what an intent comes to on the cluster as it is now. Data only: shown, saved, compared and executed alike. */
import { z } from 'zod';
import { action } from './action.ts';
import { approval, intent } from './intent.ts';
import { reason } from './reason.ts';

export const undoStep = z.strictObject({ nodes: z.array(z.string()).min(1), title: z.string(), action });
export type UndoStep = z.infer<typeof undoStep>;

export const step = z.strictObject({
  /** "1", "2", … in order; names the job on the node */
  id: z.string(),
  /** exactly one for a change; one or more for a look, asked at the same time */
  nodes: z.array(z.string()).min(1),
  title: z.string(),
  action,
  /**
   * What takes this step back, in the order given; empty when it changes nothing or lies behind the commit point. Of a commit step:
   * what takes back what it left when it failed; without one, a failure that may have changed something leaves no way back.
   */
  undo: z.array(undoStep),
  /** the run only goes forward once this step has begun */
  commit: z.boolean(),
  /** the guest is down from this step on ("down"), or up again after it ("up") */
  guest: z.enum(['down', 'up']).nullable(),
});
export type Step = z.infer<typeof step>;

export const plan = z.strictObject({
  version: z.literal(1),
  /** id of the run that this plan would be; random, [a-z0-9]{16} */
  run: z.string(),
  cluster: z.string(),
  intent,
  approval,
  title: z.string(),
  subject: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('instance'), name: z.string(), uuid: z.string().nullable() }),
    z.strictObject({ kind: z.literal('cluster'), name: z.string() }),
  ]),
  /** all of them, blocks first, then consents, warnings, passed */
  reasons: z.array(reason),
  steps: z.array(step),
  /** folders whose lock the run holds, and the node through which it was taken */
  locks: z.array(z.strictObject({ node: z.string(), folder: z.string() })),
  effects: z.strictObject({
    /** bytes that are promised anew (virtual size) on the storage */
    newBytes: z.number(),
    /** memory taken (+) or given back (-) on a node, MiB */
    memory: z.array(z.strictObject({ node: z.string(), mib: z.number() })),
    /** seconds that a running guest is down, an estimate; null when none is */
    downSeconds: z.number().nullable(),
  }),
  /** files that it writes, to be shown: text before (null = new) and after */
  files: z.array(
    z.strictObject({
      /** named where several nodes may each have one of that path */
      node: z.string().optional(),
      path: z.string(),
      before: z.string().nullable(),
      after: z.string(),
    }),
  ),
  /** the same in Ganeti's words; null where there is none */
  equivalent: z.string().nullable(),
});
export type Plan = z.infer<typeof plan>;

/** "/srv/x/web1/instance.json on node2": no other file of the plan is called so. */
export const fileLabel = (file: Pick<Plan['files'][number], 'node' | 'path'>): string =>
  file.node === undefined ? file.path : `${file.path} on ${file.node}`;

/** Code of the consent that a node which does not answer is down; only words for that node give it (`approval.vouched`). */
export const vouchCode = (node: string): string => `vouch-down:${node}`;

/** True when the approval gives this consent. A plain accept never stands for a word on a silent node. */
export const isGiven = (value: Plan['approval'], code: string): boolean =>
  code.startsWith('vouch-down:')
    ? value.vouched.some((each) => vouchCode(each.node) === code && each.how.trim() !== '')
    : value.accept.includes(code);

/** Blocks, and consents that were not given: while there is one, the plan does not run. */
export const openReasons = (value: Plan) =>
  value.reasons.filter(
    (each) =>
      each.severity === 'blocks' || (each.severity === 'consent' && !isGiven(value.approval, each.code)),
  );

/** What a planner gets beside the snapshot and the intent: everything that is not a fact of the nodes. */
export type PlanContext = {
  /** workstation clock, ms */
  now: number;
  /** user@workstation */
  who: string;
  /** the run's id */
  run: string;
  /** A random-looking string of hex digits, the same for the same label: seeded once for each plan, so that a plan made afresh
   * from unchanged facts is the same plan. */
  random: (label: string) => string;
  /** runs of this workstation that rest on the word that nodes are down which answer now */
  returned?: readonly RunOnWord[];
};

/** An unfinished run, as plans for its instance tell it. */
export type RunOnWord = { run: string; uuid: string | null; name: string; stops: boolean; text: string };
