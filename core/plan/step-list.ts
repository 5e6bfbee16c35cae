/** Builds the ordered steps of a plan and assembles the whole. */
import type { LockContent } from '../cluster/record.ts';
import { type Action, isLook } from './action.ts';
import type { Approval, Intent } from './intent.ts';
import { type Plan, type Step, type UndoStep, vouchCode } from './plan.ts';
import type { Reason } from './reason.ts';
import { blocks, isoOf, type Scene, warning, whoOf } from './scene.ts';

type Extra = { undo?: UndoStep[]; commit?: boolean; guest?: 'down' | 'up' };

export type StepList = {
  steps: Step[];
  add: (nodes: string | readonly string[], title: string, action: Action, extra?: Extra) => void;
};

export const makeStepList = (): StepList => {
  const steps: Step[] = [];
  return {
    steps,
    add: (nodes, title, action, extra = {}) => {
      const named = typeof nodes === 'string' ? [nodes] : [...nodes];
      // a look that no node could answer says nothing
      if (named.length === 0) return;
      steps.push({
        id: String(steps.length + 1),
        nodes: named,
        title,
        action,
        undo: extra.undo ?? [],
        commit: extra.commit ?? false,
        guest: extra.guest ?? null,
      });
    },
  };
};

export const undoOf = (nodes: string | readonly string[], title: string, action: Action): UndoStep => ({
  nodes: typeof nodes === 'string' ? [nodes] : [...nodes],
  title,
  action,
});

/** What a lock of this run says. `nodes` are those on which the run may have jobs. */
export const lockText = (
  scene: Scene,
  title: string,
  nodes: readonly string[],
  folder: string,
): LockContent => ({
  run: scene.context.run,
  ...whoOf(scene.context.who),
  title,
  nodes: [...new Set(nodes)],
  place: folder,
  at: isoOf(scene.context.now),
});

/** Takes the lock of a folder; its undo gives it back. `of`: whose it is, for the step's title. */
export const addLock = (
  list: StepList,
  scene: Scene,
  lock: { node: string; folder: string; title: string; nodes: readonly string[]; of?: 'folder' },
): void => {
  const { node, folder } = lock;
  list.add(
    node,
    `Lock the ${lock.of ?? 'instance'}`,
    { do: 'lock', folder, lock: lockText(scene, lock.title, lock.nodes, folder) },
    {
      undo: [undoOf(node, 'Give the lock back', { do: 'unlock', folder, run: scene.context.run })],
    },
  );
};

/** Gives the lock back. `commit` where nothing before it is the point of no return: what was done stays done. */
export const addUnlock = (
  list: StepList,
  scene: Scene,
  node: string,
  folder: string,
  commit: boolean,
): void => list.add(node, 'Give the lock back', { do: 'unlock', folder, run: scene.context.run }, { commit });

const order: Record<Reason['severity'], number> = { blocks: 0, consent: 1, warning: 2, passed: 3 };

const question = ' Say how you know that it is down.';

/** One word on a silent node answers all for which it is asked, so it is asked for once, with every reason. */
const askedOnce = (reasons: readonly Reason[]): Reason[] => {
  const asked = Map.groupBy(
    reasons.filter((each) => each.severity === 'consent' && each.code.startsWith(vouchCode(''))),
    (each) => each.code,
  );
  return reasons.flatMap((each) => {
    const same = each.severity === 'consent' ? asked.get(each.code) : undefined;
    if (same === undefined || same.length < 2) return [each];
    if (same[0] !== each) return [];
    const texts = new Set(same.map(({ text }) => text.replace(question, '')));
    return [{ ...each, text: `${[...texts].join(' ')}${question}` }];
  });
};

/** Blocks first, then consents, warnings, passed; what is said twice is said once. */
export const sortReasons = (reasons: readonly Reason[]): Reason[] => {
  const seen = new Set<string>();
  return askedOnce(reasons)
    .filter((each) => {
      const key = JSON.stringify([each.severity, each.code, each.node, each.field, each.text]);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .sort((a, b) => order[a.severity] - order[b.severity]);
};

/** A planner's result before it is a plan. */
export type Draft = {
  title: string;
  subject: Plan['subject'];
  reasons: Reason[];
  steps?: Step[];
  effects?: Partial<Plan['effects']>;
  files?: Plan['files'];
  equivalent?: string | null;
};

const locksOf = (steps: readonly Step[]): Plan['locks'] =>
  steps.flatMap((step) => {
    const { action } = step;
    const [node] = step.nodes;
    return node !== undefined && !isLook(action) && (action.do === 'lock' || action.do === 'make-folder')
      ? [{ node, folder: action.folder }]
      : [];
  });

/** What ends, looks or gives back is what the run's own sentence asks for; nothing else is done while it stands. */
const allowedMeanwhile = (intent: Intent): boolean =>
  ['stop', 'unlock', 'discard', 'compare-images', 'copy-image'].includes(intent.kind) ||
  (intent.kind === 'migrate' && intent.cleanup === true);

/** A run on somebody's word whose node answers: said in every plan for the same instance. */
const runsOnWord = (scene: Scene, intent: Intent, { subject }: Draft): Reason[] =>
  (scene.context.returned ?? []).flatMap(({ run, uuid, name, stops, text }) =>
    subject.kind === 'instance' &&
    (subject.uuid === null ? [uuid, name].includes(subject.name) : subject.uuid === uuid)
      ? [
          (stops && !allowedMeanwhile(intent) ? blocks : warning)(
            'vouched-node-answers',
            "A run on somebody's word",
            `Run ${run}: ${text}`,
          ),
        ]
      : [],
  );

/** Words on nodes for which nothing here asks are not rested on: such a node may well answer, which would take the run back. */
const neededOf = (approval: Approval, reasons: readonly Reason[]): Approval => {
  const asked = new Set(reasons.flatMap((each) => (each.severity === 'consent' ? [each.code] : [])));
  return { ...approval, vouched: approval.vouched.filter((each) => asked.has(vouchCode(each.node))) };
};

export const finishPlan = (scene: Scene, intent: Intent, approval: Approval, draft: Draft): Plan => {
  const steps = draft.steps ?? [];
  const reasons = sortReasons([...draft.reasons, ...runsOnWord(scene, intent, draft)]);
  return {
    version: 1,
    run: scene.context.run,
    cluster: scene.snapshot.cluster.name,
    intent,
    approval: neededOf(approval, reasons),
    title: draft.title,
    subject: draft.subject,
    reasons,
    steps,
    locks: locksOf(steps),
    effects: {
      newBytes: draft.effects?.newBytes ?? 0,
      memory: draft.effects?.memory ?? [],
      downSeconds: draft.effects?.downSeconds ?? null,
    },
    files: draft.files ?? [],
    equivalent: draft.equivalent ?? null,
  };
};
