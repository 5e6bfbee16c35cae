/** Plans for review: made by the pure planners, shown with their shell text, known again by their fingerprint. */
import { createHash, randomBytes } from 'node:crypto';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { PlanView } from '../../core/contract.ts';
import type { Approval, Intent } from '../../core/plan/intent.ts';
import { makePlan } from '../../core/plan/make.ts';
import { openReasons, type Plan, type RunOnWord } from '../../core/plan/plan.ts';
import { seededRandom } from '../../core/plan/random.ts';
import { renderAction } from '../node/actions/index.ts';

/** What makes a plan the same one when it is made again: its chance and its clock. */
type Origin = { seed: string; now: number; who: string };

/** How many reviewed plans are remembered; an older one is simply shown again before it runs. */
const remembered = 500;

const letters = 'abcdefghijklmnopqrstuvwxyz234567';

const newRunId = (): string => [...randomBytes(16)].map((byte) => letters[byte & 31]).join('');

/** Over what is done and what stands open; figures that change by themselves (free memory) do not count. */
const fingerprintOf = (plan: Plan): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        plan.intent,
        plan.steps,
        plan.locks,
        plan.files,
        openReasons(plan).map(({ code, severity }) => [code, severity]),
      ]),
    )
    .digest('hex');

export class Plans {
  readonly #origins = new Map<string, Origin>();

  /** `run` of an earlier plan makes it again; without it, a new one. */
  make(
    snapshot: Snapshot,
    intent: Intent,
    approval: Approval,
    { who, run, returned = [] }: { who: string; run?: string | undefined; returned?: RunOnWord[] },
  ): PlanView {
    const id = run ?? newRunId();
    const origin = this.#origins.get(id) ?? { seed: randomBytes(32).toString('hex'), now: Date.now(), who };
    this.#origins.set(id, origin);
    for (const oldest of this.#origins.keys()) {
      if (this.#origins.size <= remembered) break;
      this.#origins.delete(oldest);
    }
    const plan = makePlan(snapshot, intent, approval, {
      now: origin.now,
      who: origin.who,
      run: id,
      random: seededRandom(origin.seed),
      returned,
    });
    const toolstack = (node: string | undefined) =>
      snapshot.nodes.find((each) => each.name === node)?.facts?.toolstack ?? 'xl';
    return {
      plan,
      fingerprint: fingerprintOf(plan),
      texts: plan.steps.map((step) => {
        const rendered = renderAction(step.action, toolstack(step.nodes[0]));
        return {
          id: step.id,
          command: rendered.summary,
          script: rendered.act,
          undo: step.undo.map(
            (undo) =>
              `${undo.nodes.join(', ')}: ${renderAction(undo.action, toolstack(undo.nodes[0])).summary}`,
          ),
        };
      }),
    };
  }
}
