/** Disks change while their guest is stopped, and nothing else has them open. */
import type { InstanceView } from '../../cluster/instances.ts';
import type { Reason } from '../reason.ts';
import type { Scene } from '../scene.ts';
import { nothingRuns } from './domains.ts';

/** @param why a sentence: why a guest that runs is in the way, and what to do */
export const isStopped = (scene: Scene, view: InstanceView, why: string): Reason[] =>
  nothingRuns(scene, view).map((each) =>
    each.code === 'running' && each.severity === 'blocks'
      ? { ...each, text: `${view.name} runs on ${each.node ?? 'a node'}. ${why}` }
      : each,
  );
