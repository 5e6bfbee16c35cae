/** Disks change while their guest is stopped, and nothing else has them open. */
import type { InstanceView } from '../../cluster/instances.ts';
import type { Reason } from '../reason.ts';
import type { Scene } from '../scene.ts';
import { nothingRuns } from './domains.ts';

/**
 * @param why a sentence: why a guest that runs is in the way, and what to do
 * @param besides the node on which it may run
 */
export const isStopped = (
  scene: Scene,
  view: InstanceView,
  why: string,
  besides: string | null = null,
): Reason[] =>
  nothingRuns(scene, view, besides).map((each) =>
    each.code === 'running' && each.severity === 'blocks'
      ? { ...each, text: `${view.name} runs on ${each.node ?? 'a node'}. ${why}` }
      : each,
  );
