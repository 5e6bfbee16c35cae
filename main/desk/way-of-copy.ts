/** Looks how the bytes of a copy between two nodes would travel. Nothing is copied. */
import type { WayOfCopy } from '../../core/contract.ts';
import { type Command, Travel } from '../engine/travel.ts';
import { prelude } from '../node/prelude.ts';
import type { ClusterSession } from './cluster-session.ts';
import type { Connections } from './connections.ts';
import { DeskError } from './dispatch.ts';

const commandMs = 60_000;

/** @param connections who knows the agent that this workstation could lend to a node */
export const wayOfCopy = async (
  session: ClusterSession,
  { from, to, forwardAgent }: { from: string; to: string; forwardAgent: boolean },
  connections: Pick<Connections, 'agentFor'>,
): Promise<WayOfCopy> => {
  for (const node of [from, to])
    if (!session.cluster.nodes.some((each) => each.name === node))
      throw new DeskError('bad-input', `${session.cluster.name} has no node ${node}.`);
  const source = session.cluster.nodes.find((each) => each.name === from);
  const command: Command = async (node, script, options = {}) => {
    const result = await session
      .shells(node)
      .run(`${prelude}\n${script}`, { timeoutMs: commandMs, maxBytes: 1 << 20, ...options });
    if (result.code !== 0)
      throw new Error(
        result.stderr.toString().trim() || result.stdout.toString().trim() || `exit code ${result.code}`,
      );
    return result.stdout.toString();
  };
  const travel = new Travel({
    from: { node: from },
    to: { node: to },
    ...(forwardAgent && { forwardAgent: true as const }),
  });
  await travel.find(command);
  return {
    straight: travel.way?.kind !== 'workstation',
    text: travel.told(),
    agent:
      source !== undefined &&
      session.cluster.kind !== 'practice' &&
      (await connections.agentFor(from, source.target)) !== null,
  };
};
