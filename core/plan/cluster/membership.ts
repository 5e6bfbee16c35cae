/** The step that tells a node who is in its cluster, and what all nodes share. */
import type { Membership } from '../../cluster/schema.ts';
import type { Scene } from '../scene.ts';
import { type StepList, undoOf } from '../step-list.ts';

/** Its undo writes what was before, as something newer still: a generation is never given twice. */
export const addMembership = (list: StepList, scene: Scene, node: string, membership: Membership): void => {
  const former = scene.lookup.byName.get(node)?.facts?.membership ?? null;
  const back: Membership | null = former ? { ...former, generation: membership.generation + 1 } : null;
  list.add(
    node,
    `Write who is in the cluster on ${node}`,
    { do: 'write-membership', membership, replaces: former },
    {
      undo: [
        back
          ? undoOf(node, `Write on ${node} what was before`, {
              do: 'write-membership',
              membership: back,
              replaces: membership,
            })
          : undoOf(node, `Take back who is in the cluster on ${node}`, {
              do: 'remove-membership',
              membership,
            }),
      ],
    },
  );
};
