/** The last act of a hand-over: the paused guest runs, once it is sure again that it runs nowhere else. */
import type { Scene } from '../scene.ts';
import type { StepList } from '../step-list.ts';
import type { Identity } from '../subject.ts';

/**
 * A run that is cut off before it may be resumed much later. With no change between look and unpause, the look is repeated
 * then, and the guest stays paused while it runs, or may run, anywhere else.
 */
export const addLetRun = (
  list: StepList,
  scene: Scene,
  target: string,
  guest: Identity,
  /** a node that was looked at by itself just before */
  besides: string | null = null,
): void => {
  list.add(
    scene.lookup.seen.map((each) => each.name).filter((each) => each !== target && each !== besides),
    `Make sure that ${guest.name} runs nowhere but on ${target}`,
    { do: 'verdict', ...guest },
  );
  list.add(target, `Let ${guest.name} run`, { do: 'unpause-domain', ...guest }, { guest: 'up' });
};
