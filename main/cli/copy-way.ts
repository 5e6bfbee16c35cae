/** How the bytes of a copy from node to node would travel, said before it is made; and the option that lends the agent for it. */
import type { Command } from 'commander';
import type { PlanView } from '../../core/contract.ts';
import { copiesBetween } from '../../core/plan/copy/agent.ts';
import type { CommandContext } from './context.ts';

export type AgentOptions = { forwardAgent?: boolean };

/** What a person said about the agent, as a part of an intent. */
export const lending = ({ forwardAgent }: AgentOptions): { forwardAgent?: true } =>
  forwardAgent === true ? { forwardAgent: true } : {};

export const addAgentOption = (command: Command): Command =>
  command.option(
    '--forward-agent',
    'lend your SSH agent to the node that is read, for this copy only: root there can use it meanwhile',
  );

/** Said of a plan that is read before it runs; where nothing is copied between nodes, nothing is said. */
export const tellWays = async (context: CommandContext, cluster: string, view: PlanView): Promise<void> => {
  for (const pair of copiesBetween(view.plan.steps)) {
    const way = await context.call('copy.way', { cluster, ...pair });
    context.note(`The bytes go ${way.text}`);
    if (!way.straight && way.agent && !pair.forwardAgent)
      context.note(
        `To let ${pair.from} log in on ${pair.to} with the keys of your SSH agent for this copy: --forward-agent. Root on ${pair.from} can use the agent meanwhile.`,
      );
  }
};
