/**
 * Every call and event between a window (or the CLI) and the main side. One literal; handlers, preload and clients are
 * derived from it. A call never throws across the boundary: it answers `{ ok: true, value }` or `{ ok: false, error }`.
 */
import { z } from 'zod';
import { cluster, hostKeyMode, nodeTarget } from './cluster/schema.ts';
import { nodeFacts, nodeTrouble, snapshot } from './cluster/snapshot.ts';
import { applying } from './draft/applying.ts';
import { draftCalls } from './draft/calls.ts';
import { changeId, draftSummary } from './draft/draft.ts';
import { approval, intent } from './plan/intent.ts';
import { planView } from './plan/plan-view.ts';
import { run, runSummary } from './plan/run.ts';
import { differenceRow } from './plan/run-difference.ts';
import { runQuery } from './plan/run-search.ts';

export type { PlanView } from './plan/plan-view.ts';
export { planView };

const name = z.string().min(1).max(63);
const runId = z.string().min(1).max(64);

export const settings = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  refreshSeconds: z.number().int().min(2).max(3600),
  /** days after which what lies in the trash is marked as expired; nothing ever deletes itself */
  trashDays: z.number().int().min(1).max(3650).default(7),
});
export type Settings = z.infer<typeof settings>;

export const clusterSummary = z.strictObject({
  name: z.string(),
  kind: cluster.shape.kind,
  nodes: z.number(),
});

/** All that a window shows, but for plans and whole runs, which it asks for. */
export const appState = z.strictObject({
  revision: z.number(),
  version: z.string(),
  settings,
  clusters: z.array(clusterSummary),
  /** the open cluster's name; null on the first page */
  open: z.string().nullable(),
  snapshot: snapshot.nullable(),
  refreshing: z.boolean(),
  /** newest first, at most 200 */
  runs: z.array(runSummary),
  /** unplugged nodes of the practice cluster */
  unplugged: z.array(z.string()),
  /** drafts that are opened on this workstation */
  drafts: z.array(draftSummary),
  /** the draft that is being applied, or was the last to be; null when none was since VBDesk started */
  applying: applying.nullable(),
  /** a question that stops a connection: passphrase or password */
  prompt: z
    .strictObject({ id: z.string(), kind: z.enum(['passphrase', 'password']), text: z.string() })
    .nullable(),
});
export type AppState = z.infer<typeof appState>;

/** A snapshot inside a qcow2 image; `at` by the clock of the node that made it, ms. */
export const diskSnapshot = z.strictObject({ tag: z.string(), at: z.number() });
export type DiskSnapshot = z.infer<typeof diskSnapshot>;

/** One image of a chain: what `qemu-img info` says of it. Sizes in bytes. */
export const imageInfoPart = z.strictObject({
  path: z.string(),
  /** as it was opened, in qemu-img's words: raw, qcow2, vmdk, vpc, … */
  format: z.string(),
  virtualSize: z.number(),
  allocated: z.number(),
  clusterSize: z.number().nullable(),
  /** name of its base as the header has it, and the base's format */
  backing: z.string().nullable(),
  backingFormat: z.string().nullable(),
  encrypted: z.boolean(),
  /** marked as not closed properly; as corrupt */
  dirty: z.boolean(),
  corrupt: z.boolean(),
  snapshots: z.array(diskSnapshot),
});
/** An image and all on which it builds, the base of all last. */
export const imageInfo = z.strictObject({
  node: z.string(),
  chain: z.array(imageInfoPart).min(1),
  /** why the chain is not whole here, a sentence; null when it is */
  problem: z.string().nullable(),
});
export type ImageInfo = z.infer<typeof imageInfo>;

const nothing = z.strictObject({});
const planRequest = z.strictObject({ cluster: name, intent, approval });

export const wayOfCopy = z.strictObject({
  /** not through the workstation */
  straight: z.boolean(),
  /** "straight from node1 to node2", or the other way and why */
  text: z.string(),
  /** this workstation has an agent that could be lent to the node that is read */
  agent: z.boolean(),
});
export type WayOfCopy = z.infer<typeof wayOfCopy>;

export const calls = {
  'state.get': { input: nothing, output: appState },
  'settings.set': { input: settings, output: settings },
  'cluster.list': { input: nothing, output: z.array(cluster) },
  /** opens a known cluster: it is probed, and again every refreshSeconds */
  'cluster.open': { input: z.strictObject({ name }), output: cluster },
  'cluster.close': { input: nothing, output: nothing },
  /** one probe of every node, now; answers when all have answered or failed */
  'cluster.refresh': { input: z.strictObject({ name }), output: snapshot },
  /** forgets the workstation's file about it; nodes are not touched */
  /** refused while a run on it has not come to an end; `abandon`: runs that are given up, but for those that are at work now */
  'cluster.forget': {
    input: z.strictObject({ name, abandon: z.array(z.string().max(64)).max(1000).optional() }),
    output: nothing,
  },
  /** looks at one address before it belongs to any cluster: host key, login, facts */
  'node.look': {
    input: z.strictObject({ target: nodeTarget, hostKeys: hostKeyMode }),
    output: z.strictObject({ trouble: nodeTrouble.nullable(), facts: nodeFacts.nullable() }),
  },
  /** writes the host key line that `node.look` or a snapshot's trouble showed to the app's known_hosts */
  'node.trust': {
    input: z.strictObject({ target: nodeTarget, line: z.string().max(16384) }),
    output: nothing,
  },
  /** host names in the user's OpenSSH configuration */
  'ssh.hosts': { input: nothing, output: z.array(z.string()) },
  'prompt.answer': {
    input: z.strictObject({ id: z.string(), answer: z.string().max(4096).nullable() }),
    output: nothing,
  },
  /** `fresh: true` probes first; a window that types asks with the snapshot it has */
  'plan.make': {
    input: planRequest.extend({
      fresh: z.boolean(),
      /** for a draft: on what the nodes showed last, as though they still did. It is never run as it is */
      lastSeen: z.literal(true).optional(),
      /** … and as the changes of this draft leave them: those before one of them, or all */
      upon: z.strictObject({ path: z.string().min(1).max(4096), before: changeId.nullable() }).optional(),
    }),
    output: planView,
  },
  /**
   * Makes the plan afresh from a fresh probe; runs it only when it is still the reviewed one. `unreviewed`: nobody has read it since
   * it was made, a moment ago, so the probe that it was made of is as fresh as another one would be.
   */
  'run.start': {
    input: planRequest.extend({
      run: runId,
      fingerprint: z.string(),
      unreviewed: z.literal(true).optional(),
    }),
    output: z.discriminatedUnion('outcome', [
      z.strictObject({ outcome: z.literal('started'), run: runId }),
      z.strictObject({ outcome: z.literal('changed'), view: planView }),
    ]),
  },
  /** the snapshots in an instance's qcow2 disk, read now on a node that shows it */
  'disk.snapshots': {
    input: z.strictObject({ cluster: name, instance: z.string().max(255), disk: z.number().int().min(0) }),
    output: z.array(diskSnapshot),
  },
  /** what qemu-img says of an image file below the cluster's storage directories, read now on this node */
  'image.info': {
    input: z.strictObject({ cluster: name, node: name, path: z.string().min(1).max(4096) }),
    output: imageInfo,
  },
  /** how the bytes of a copy between two nodes would travel; asks both, and copies nothing */
  'copy.way': {
    input: z.strictObject({ cluster: name, from: name, to: name, forwardAgent: z.boolean() }),
    output: wayOfCopy,
  },
  'run.get': { input: z.strictObject({ run: runId }), output: run },
  /** newest first, at most 500 of `total`; `line`: where the first word of the text stands, if not in the title */
  'run.search': {
    input: runQuery,
    output: z.strictObject({
      total: z.number(),
      found: z.array(z.strictObject({ run: runSummary, line: z.string().optional() })),
    }),
  },
  /** what the run touches, as it was before it, as it left it, and as it is now (its nodes are asked): every fact that is another */
  'run.compare': {
    input: z.strictObject({
      run: runId,
      from: z.enum(['before', 'after']),
      to: z.enum(['after', 'now']),
    }),
    output: z.strictObject({
      /** workstation clock, ms */
      from: z.strictObject({ what: z.enum(['before', 'after']), at: z.number() }),
      to: z.strictObject({ what: z.enum(['after', 'now']), at: z.number() }),
      rows: z.array(differenceRow),
      unknown: z.array(z.string()),
    }),
  },
  /**
   * What would take a run back that is done: an intent, for which a plan is made and reviewed like any other; or every reason why
   * there is none. `intent` beside reasons: its plan tells more.
   */
  'run.revert': {
    input: z.strictObject({ run: runId, fresh: z.boolean() }),
    output: z.discriminatedUnion('may', [
      z.strictObject({ may: z.literal(true), intent, title: z.string(), notes: z.array(z.string()) }),
      z.strictObject({ may: z.literal(false), intent: intent.nullable(), why: z.array(z.string()) }),
    ]),
  },
  'run.cancel': { input: z.strictObject({ run: runId }), output: nothing },
  'run.resume': { input: z.strictObject({ run: runId }), output: nothing },
  'run.undo': { input: z.strictObject({ run: runId }), output: nothing },
  /** closes a run that can neither go on nor be taken back; `accepted` false only asks what that means */
  'run.giveUp': {
    input: z.strictObject({ run: runId, accepted: z.boolean() }),
    output: z.strictObject({ givenUp: z.boolean(), text: z.string() }),
  },
  ...draftCalls,
  /** any plan as a commented shell script, for people without VBDesk */
  'plan.script': { input: planRequest, output: z.strictObject({ text: z.string() }) },
  'practice.open': { input: nothing, output: cluster },
  'practice.plug': { input: z.strictObject({ node: name, plugged: z.boolean() }), output: nothing },
  'practice.reset': { input: nothing, output: nothing },
} as const satisfies Record<string, { input: z.ZodType; output: z.ZodType }>;

export type CallName = keyof typeof calls;
export type Input<K extends CallName> = z.infer<(typeof calls)[K]['input']>;
export type Output<K extends CallName> = z.infer<(typeof calls)[K]['output']>;

export const failure = z.strictObject({
  /** kebab-case, stable */
  code: z.string(),
  /** a whole sentence or several, with what to do next */
  message: z.string(),
  node: z.string().optional(),
  details: z.string().optional(),
});
export type Failure = z.infer<typeof failure>;
export type Result<T> = { ok: true; value: T } | { ok: false; error: Failure };

/** Events: parts of the state that changed, under the revision that they lead to. A gap means: ask `state.get` again. */
export const event = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('state'),
    revision: z.number(),
    changed: appState.omit({ revision: true }).partial(),
  }),
  /** one run as it is now, sent while it works */
  z.strictObject({ event: z.literal('run'), run }),
]);
export type AppEvent = z.infer<typeof event>;

/** What a window or the CLI holds: typed calls and events, whatever lies between. */
export type Desk = {
  call<K extends CallName>(name: K, input: Input<K>): Promise<Result<Output<K>>>;
  onEvent(listener: (value: AppEvent) => void): () => void;
};
