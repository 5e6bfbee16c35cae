/** Lending the agent of this workstation to the node that a copy is read on, where a person says so for this one run. */
import type { Intent } from '../intent.ts';
import { warning } from '../scene.ts';
import type { Draft } from '../step-list.ts';

const lends = (intent: Intent): boolean => 'forwardAgent' in intent && intent.forwardAgent === true;

/** The draft with the agent lent to each copy from node to node, and what that means said; any other as it is. */
export const withLentAgent = (intent: Intent, draft: Draft): Draft => {
  if (!lends(intent)) return draft;
  const sources = new Set<string>();
  const steps = draft.steps?.map((step) => {
    const { action } = step;
    if (action.do !== 'copy-image' || action.from.node === action.to.node) return step;
    sources.add(action.from.node);
    return { ...step, action: { ...action, forwardAgent: true as const } };
  });
  if (!steps) return draft;
  const [source] = sources;
  const text =
    source === undefined
      ? 'Nothing is copied from one node to another by this, so your SSH agent is lent to nobody.'
      : `Your SSH agent is lent to ${[...sources].join(' and ')} while the copy is made: root there can log in meanwhile wherever your keys do, as you. It is taken back when the copy ends; no key leaves this workstation.`;
  return {
    ...draft,
    steps,
    reasons: [
      ...draft.reasons,
      warning('agent', 'SSH agent', text, source === undefined ? {} : { node: source }),
    ],
  };
};

/** Which pairs of nodes a plan copies between. */
export const copiesBetween = (
  steps: NonNullable<Draft['steps']>,
): { from: string; to: string; forwardAgent: boolean }[] => {
  const pairs = new Map<string, { from: string; to: string; forwardAgent: boolean }>();
  for (const { action } of steps)
    if (action.do === 'copy-image' && action.from.node !== action.to.node)
      pairs.set(`${action.from.node} ${action.to.node}`, {
        from: action.from.node,
        to: action.to.node,
        forwardAgent: action.forwardAgent === true,
      });
  return [...pairs.values()];
};
