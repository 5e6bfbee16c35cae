/** A command that changes one instance: the nodes are asked, the instance is found, and what is made of it is carried out. */
import type { InstanceView } from '../../core/cluster/instances.ts';
import type { Snapshot } from '../../core/cluster/snapshot.ts';
import type { Intent } from '../../core/plan/intent.ts';
import type { CommandContext } from './context.ts';
import { perform } from './perform.ts';
import { knownInstance, lookToChange } from './resolve.ts';

/** @throws CliError when there is no such cluster, node or instance, before anything is planned */
export const changeInstance = async (
  context: CommandContext,
  name: string,
  intentOf: (view: InstanceView, snapshot: Snapshot) => Intent,
): Promise<void> => {
  const { cluster, snapshot } = await lookToChange(context);
  await perform(context, cluster, intentOf(knownInstance(snapshot, name), snapshot), false);
};
