/** A run that rests on words for silent nodes: one of them may answer again, and have started the instance since. */
import type { DomainFacts, Snapshot } from '../cluster/snapshot.ts';
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

type Holder = { name: string; tool: string; domains: DomainFacts[] };

/**
 * How its domains on a node are ended. No plan does that: the run holds the lock of the instance, and only this run may go on with
 * it. An id may be another domain's by the time that somebody types it, so the uuid is compared first.
 */
const endingThere = ({ name, tool, domains }: Holder, uuid: string | undefined): string => {
  const own = domains.filter((each) => each.uuid !== null).map((each) => each.domid);
  const nameless = domains.filter((each) => each.uuid === null).map((each) => each.domid);
  return [
    ...own.map(
      (id) =>
        `On ${name}, see that domain ${id} still has the uuid ${uuid ?? ''} (${tool} list -v), then end it: ${tool} shutdown ${id}; where that does not, ${tool} destroy ${id}.`,
    ),
    ...nameless.map(
      (id) =>
        `On ${name}, domain ${id} shows no uuid, as one does that is about to be gone: wait until ${tool} list -v does not show it any more, or see there whose it is and end it (${tool} destroy ${id}).`,
    ),
  ].join(' ');
};

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
  const holders = back.flatMap(({ name, facts }) => {
    const domains = (facts?.domains ?? []).filter(
      (each) => each.uuid === null || each.uuid.toLowerCase() === uuid,
    );
    return domains.length > 0 ? [{ name, tool: facts?.toolstack ?? 'xl', domains }] : [];
  });
  const running = holders.map((each) => each.name);
  return running.length > 0
    ? say(
        running,
        true,
        `${answer(running)} and ${running.length === 1 ? 'has' : 'have'} a domain of ${subject.name}, or one without a uuid, and this run rests on ${word(running)}. Nothing more is started.`,
        `${holders.map((each) => endingThere(each, uuid)).join(' ')} Then resume the run: vbdesk run resume ${run.id}`,
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
