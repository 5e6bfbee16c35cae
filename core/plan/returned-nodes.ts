/** A run that rests on words for silent nodes: one of them may answer again, and have started the instance since. */
import type { Snapshot } from '../cluster/snapshot.ts';
import { listText } from '../cluster/status.ts';
import type { Step } from './plan.ts';
import { isCommitted, isEnded, type Run } from './run.ts';

export type Returned = {
  nodes: string[];
  /** the run may not go on while this is so */
  stops: boolean;
  /** what is so, a sentence or two */
  why: string;
  /** the same, with what to do */
  text: string;
};

const answer = (names: readonly string[]): string =>
  `${listText(names)} ${names.length === 1 ? 'answers' : 'answer'} again`;
const word = (names: readonly string[]): string =>
  `the word that ${names.length === 1 ? 'it is' : 'they are'} down`;

/**
 * Of a run that has not come to its end. Its plan asks only the nodes that answered when it was made, so nobody else would notice.
 * @returns null while none of them answers
 */
export const returnedNodesOf = (run: Run, snapshot: Snapshot): Returned | null => {
  if (run.direction !== 'forward' || isEnded(run)) return null;
  const vouched = new Set(run.plan.approval.vouched.map((each) => each.node));
  const back = snapshot.nodes.filter((each) => vouched.has(each.name) && each.trouble === null);
  if (back.length === 0) return null;
  const nodes = back.map((each) => each.name);
  const say = (named: string[], stops: boolean, why: string, then: string): Returned => ({
    nodes: named,
    stops,
    why,
    text: `${why} ${then}`,
  });
  if (!isCommitted(run))
    return say(
      nodes,
      true,
      `${answer(nodes)}, and this run rests on ${word(nodes)}: the instance may have been started there since.`,
      `${run.state === 'running' ? 'Cancel' : 'Undo'} this run, then make the plan anew.`,
    );
  const { subject } = run.plan;
  const uuid = subject.kind === 'instance' ? subject.uuid?.toLowerCase() : undefined;
  const running = back
    .filter((each) =>
      each.facts?.domains.some((domain) => domain.uuid === null || domain.uuid.toLowerCase() === uuid),
    )
    .map((each) => each.name);
  return running.length > 0
    ? say(
        running,
        true,
        `${answer(running)} and ${running.length === 1 ? 'has' : 'have'} a domain of ${subject.name}, or one without a uuid, and this run rests on ${word(running)}. Nothing more is started.`,
        'End that domain there (vbdesk instance shutdown does it, by its uuid), then resume the run.',
      )
    : say(
        nodes,
        false,
        `${answer(nodes)} and ${nodes.length === 1 ? 'has' : 'have'} no domain of ${subject.name}: this run, which rests on ${word(nodes)}, may go on.`,
        run.state === 'running' ? 'Nothing has to be done.' : 'Resume it before anything is done there.',
      );
};

/** What lets a guest run, or can't be taken back: before it those nodes are asked once more. */
export const restsOnWord = (run: Run, step: Step): boolean =>
  run.plan.approval.vouched.length > 0 &&
  (step.commit ||
    step.action.do === 'unpause-domain' ||
    (step.action.do === 'start-domain' && !step.action.paused));
